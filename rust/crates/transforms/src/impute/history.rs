//! Rows of other times that take part in the climatology and the means.

use std::ops::Range;

use arrow_array::RecordBatch;
use hashbrown::HashMap;

use super::climatology::Series;
use crate::calendar::ticks_per_second;
use crate::error::{Error, Result};
use crate::keys::{KeyColumns, Keys, column, uniform_step};
use crate::numbers::{read_numbers, require_finite};

/// Observed values of other times, station by station of the frame, and those of other stations.
#[derive(Debug, Default)]
pub struct History {
    /// For each station of the frame, its stamps in time order.
    stamps: Vec<Vec<i64>>,
    /// For each station of the frame, the ticks between its stamps; 0 where they differ.
    steps: Vec<i64>,
    /// For each column, for each station of the frame, its values.
    values: Vec<Vec<Vec<f64>>>,
    /// For each column, the values of stations that the frame does not have.
    elsewhere: Vec<Vec<f64>>,
}

impl History {
    /// A station's past of one column.
    pub fn series(&self, column: usize, station: usize) -> Series<'_> {
        match (self.stamps.get(station), self.values.get(column)) {
            (Some(stamps), Some(values)) => {
                Series { stamps, values: &values[station], step: self.steps[station] }
            }
            _ => Series { stamps: &[], values: &[], step: 0 },
        }
    }

    /// All values of one column.
    pub fn all_values(&self, column: usize) -> impl Iterator<Item = &[f64]> {
        let stations = self.values.get(column).into_iter().flatten().map(Vec::as_slice);
        stations.chain(self.elsewhere.get(column).map(Vec::as_slice))
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
            let numbers = read_numbers(column(batch, name, columns.frame)?, name, columns.frame)?;
            require_finite(&numbers.values, name, columns.frame)?;
            Ok(numbers.values)
        })
        .collect::<Result<Vec<_>>>()?;
    past.require_unique(columns)?;

    let stations: HashMap<_, usize> =
        keys.names.iter().enumerate().map(|(station, name)| (name, station)).collect();
    let mut history = History {
        stamps: vec![Vec::new(); keys.names.len()],
        steps: vec![0; keys.names.len()],
        values: vec![vec![Vec::new(); keys.names.len()]; names.len()],
        elsewhere: vec![Vec::new(); names.len()],
    };
    for (name, block) in past.names.iter().zip(&past.blocks) {
        match stations.get(name) {
            None => {
                for (values, column) in history.elsewhere.iter_mut().zip(&numbers) {
                    values.extend(block.clone().map(|row| column[past.frame_row(row)]));
                }
            }
            Some(&station) => {
                let present = keys.blocks[station].clone();
                let rows = rows_elsewhen(&past, block.clone(), keys, present);
                let stamps = rows.iter().map(|&row| in_unit_of(keys, &past, past.wall_clock[row]));
                history.stamps[station] =
                    stamps.collect::<Option<_>>().ok_or_else(|| Error::ColumnType {
                        column: columns.date.to_owned(),
                        frame: columns.frame,
                        found: format!("{:?}", past.unit),
                        wanted: "held in the finer unit of the frame's stamps",
                    })?;
                history.steps[station] = uniform_step(&history.stamps[station]);
                for (values, column) in history.values.iter_mut().zip(&numbers) {
                    values[station] = rows.iter().map(|&row| column[past.frame_row(row)]).collect();
                }
            }
        }
    }
    Ok(history)
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
