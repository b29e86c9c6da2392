//! Rows of other times that take part in the climatology and the means.

use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_buffer::ScalarBuffer;
use hashbrown::HashMap;

use super::climatology::Series;
use crate::calendar::ticks_per_second;
use crate::error::{Error, Result};
use crate::keys::{KeyColumns, Keys, column, uniform_step};
use crate::numbers::{read_numbers, require_finite};
use crate::stations::StationName;

/// Observed values of other times, station by station.
#[derive(Debug, Default)]
pub struct History {
    /// The stations of the frame, in its order, then those that it does not have.
    pub stations: Vec<Past>,
}

/// The rows of a station that the frame does not have, in time order.
#[derive(Debug, Default)]
pub struct Past {
    /// The station, where the frame does not have it.
    pub name: Option<StationName>,
    /// The rows of the history.
    pub rows: Vec<usize>,
    /// Their instants in the unit of the frame, where these are not the stamps.
    instants: Option<Vec<i64>>,
    /// Their stamps whose calendar fields count, in the unit of the frame.
    pub stamps: Vec<i64>,
    /// Ticks from each stamp to the next, where they are the same for all; else 0.
    step: i64,
    /// For each column, its values.
    pub values: Vec<Vec<f64>>,
}

impl History {
    /// A station's past of one column.
    pub fn series(&self, column: usize, station: usize) -> Series<'_> {
        self.stations.get(station).map_or(Series { stamps: &[], values: &[], step: 0 }, |past| {
            Series { stamps: &past.stamps, values: &past.values[column], step: past.step }
        })
    }

    /// All values of one column.
    pub fn all_values(&self, column: usize) -> impl Iterator<Item = &[f64]> {
        self.stations.iter().map(move |past| past.values[column].as_slice())
    }
}

/// Reads the history without the rows whose station and stamp the frame has.
pub fn read_history(
    keys: &Keys,
    batch: &RecordBatch,
    columns: KeyColumns<'_>,
    names: &[String],
) -> Result<History> {
    let past = Keys::read(batch, columns)?;
    let numbers = names
        .iter()
        .map(|name| {
            read_numbers(column(batch, name, columns.frame)?, name, columns.frame)
                .map(|numbers| numbers.values)
        })
        .collect::<Result<Vec<_>>>()?;
    for (name, values) in names.iter().zip(&numbers) {
        require_finite(values, name, columns.frame)?;
    }
    past.require_unique(columns)?;

    let mut block_of: HashMap<_, Range<usize>> =
        past.names.iter().zip(past.blocks.iter().cloned()).collect();
    let mut stations = Vec::with_capacity(keys.names.len());
    for (name, present) in keys.names.iter().zip(&keys.blocks) {
        let block = block_of.remove(name).unwrap_or_default();
        let rows = rows_elsewhen(&past, block, keys, present.clone());
        let one = Past::read(rows, None, keys, &past, &numbers);
        stations.push(one.ok_or_else(|| Error::ColumnType {
            column: columns.date.to_owned(),
            frame: columns.frame,
            found: format!("{:?}", past.unit),
            wanted: "held in the finer unit of the frame's stamps",
        })?);
    }
    for (name, block) in past.names.iter().zip(&past.blocks) {
        if block_of.contains_key(name) {
            let rows: Vec<_> = block.clone().collect();
            let named = Some(name.clone());
            // Stamps beyond the range of the frame's unit lie on no grid of it; the values still count.
            let other = Past::read(rows.clone(), named, keys, &past, &numbers);
            stations.push(other.unwrap_or_else(|| Past::timeless(&rows, &past, &numbers)));
        }
    }
    Ok(History { stations })
}

impl Past {
    /// The instants of the rows, in the unit of the frame.
    pub fn instants(&self) -> &[i64] {
        self.instants.as_ref().unwrap_or(&self.stamps)
    }

    /// Some rows of the history; None where their stamps do not fit the unit of the frame.
    fn read(
        rows: Vec<usize>,
        name: Option<StationName>,
        keys: &Keys,
        past: &Keys,
        numbers: &[ScalarBuffer<f64>],
    ) -> Option<Self> {
        let in_unit = |ticks: &[i64]| {
            rows.iter().map(|&row| in_unit_of(keys, past, ticks[row])).collect::<Option<Vec<_>>>()
        };
        let stamps = in_unit(&past.wall_clock)?;
        let instants = if past.zoned { Some(in_unit(&past.instants)?) } else { None };
        let step = uniform_step(&stamps);
        Some(Self { name, instants, step, stamps, ..Self::timeless(&rows, past, numbers) })
    }

    fn timeless(rows: &[usize], past: &Keys, numbers: &[ScalarBuffer<f64>]) -> Self {
        let rows: Vec<_> = rows.iter().map(|&row| past.frame_row(row)).collect();
        let values = numbers.iter().map(|column| rows.iter().map(|&row| column[row]).collect());
        Self { values: values.collect(), rows, ..Self::default() }
    }
}

/// The rows of a station's past whose instants the frame does not have; both are in time order.
fn rows_elsewhen(
    past: &Keys,
    past_rows: Range<usize>,
    keys: &Keys,
    frame_rows: Range<usize>,
) -> Vec<usize> {
    let (past_ticks, ticks) = (ticks_per_second(past.unit), ticks_per_second(keys.unit));
    // Products of an instant and a unit need more than 64 bits.
    let of_past = |row: usize| i128::from(past.instants[row]) * i128::from(ticks);
    let of_frame = |row: usize| i128::from(keys.instants[row]) * i128::from(past_ticks);
    let mut frame_rows = frame_rows.peekable();
    past_rows
        .filter(|&row| {
            while frame_rows.next_if(|&other| of_frame(other) < of_past(row)).is_some() {}
            frame_rows.peek().is_none_or(|&other| of_frame(other) != of_past(row))
        })
        .collect()
}

/// A stamp of the history in the unit of the frame, rounded down; None where it does not fit.
fn in_unit_of(keys: &Keys, past: &Keys, stamp: i64) -> Option<i64> {
    let (ticks, past_ticks) = (ticks_per_second(keys.unit), ticks_per_second(past.unit));
    if ticks >= past_ticks {
        stamp.checked_mul(ticks / past_ticks)
    } else {
        Some(stamp.div_euclid(past_ticks / ticks))
    }
}
