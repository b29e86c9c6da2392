//! Stations and time stamps of a frame together: each station's rows in time order.

use std::ops::Range;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::ScalarBuffer;
use arrow_schema::TimeUnit;

use crate::calendar::{format_stamp, ticks_per_second};
use crate::error::{Error, Offending, Result, RowErrorKind};
use crate::memory::require_memory;
use crate::parallel;
use crate::stamps::read_stamps;
use crate::stations::{Run, StationName, Stations, read_stations};

/// Which columns of a frame are the keys.
#[derive(Debug, Clone, Copy)]
pub struct KeyColumns<'a> {
    /// The station column.
    pub station: &'a str,
    /// The time stamp column.
    pub date: &'a str,
    /// Where the stamps carry a zone: a column with the same stamps as naive ones of that zone.
    pub wall_clock: Option<&'a str>,
    /// What messages call the frame.
    pub frame: &'static str,
}

impl<'a> KeyColumns<'a> {
    /// The keys of a frame whose stamps carry no zone.
    pub const fn new(station: &'a str, date: &'a str) -> Self {
        Self { station, date, wall_clock: None, frame: "the frame" }
    }
}

/// The keys of a frame, station by station in time order.
#[derive(Debug)]
pub struct Keys {
    /// The stations in order of first appearance.
    pub names: Vec<StationName>,
    /// For each station, its rows in time order.
    pub blocks: Vec<Range<usize>>,
    /// For each row in time order, its row in the frame; None where that is the same.
    pub order: Option<Vec<u32>>,
    /// The instants in time order.
    pub instants: ScalarBuffer<i64>,
    /// The stamps whose calendar fields count, in time order.
    pub wall_clock: ScalarBuffer<i64>,
    /// For each station, the ticks from each wall-clock stamp to the next; 0 where they differ.
    pub steps: Vec<i64>,
    /// Whether the two differ: the stamps carry a zone.
    pub zoned: bool,
    /// The unit of both.
    pub unit: TimeUnit,
    /// Whether a station has a stamp more than once.
    pub has_repeats: bool,
}

impl Keys {
    /// Reads stations and stamps of a frame.
    pub fn read(batch: &RecordBatch, columns: KeyColumns<'_>) -> Result<Self> {
        let stamps =
            read_stamps(column(batch, columns.date, columns.frame)?, columns.date, columns.frame)?;
        let wall_clock = match columns.wall_clock {
            None => stamps.clone(),
            Some(name) => {
                let naive = read_stamps(column(batch, name, columns.frame)?, name, columns.frame)?;
                naive.in_unit(stamps.unit).ok_or_else(|| Error::ColumnType {
                    column: name.to_owned(),
                    frame: columns.frame,
                    found: format!("{:?}", naive.unit),
                    wanted: "in the unit of the stamps",
                })?
            }
        };
        let stations = read_stations(
            column(batch, columns.station, columns.frame)?,
            columns.station,
            columns.frame,
        )?;
        if u32::try_from(batch.num_rows()).is_err() {
            return Err(Error::TooManyRows(batch.num_rows() as u64));
        }
        let as_stored = blocks_as_stored(&stations, &stamps.ticks);
        let (blocks, order) = match &as_stored {
            Some(blocks) => (blocks.iter().map(|(rows, _)| rows.clone()).collect(), None),
            None => {
                // A row's place in the order of time, and its stamp there.
                require_memory(batch.num_rows() * 12)?;
                let (blocks, order) = time_order(&stations, &stamps.ticks);
                (blocks, Some(order))
            }
        };
        let instants = in_order(&stamps.ticks, order.as_deref());
        let wall_clock = match columns.wall_clock {
            None => instants.clone(),
            Some(_) => in_order(&wall_clock.ticks, order.as_deref()),
        };
        let steps = match as_stored {
            Some(blocks) if columns.wall_clock.is_none() => {
                blocks.into_iter().map(|(_, step)| step).collect()
            }
            _ => blocks.iter().map(|block| uniform_step(&wall_clock[block.clone()])).collect(),
        };
        let has_repeats = order.is_some()
            && blocks
                .iter()
                .any(|block| instants[block.clone()].windows(2).any(|pair| pair[0] == pair[1]));
        Ok(Self {
            wall_clock,
            steps,
            names: stations.names,
            zoned: columns.wall_clock.is_some(),
            blocks,
            order,
            instants,
            unit: stamps.unit,
            has_repeats,
        })
    }

    /// The frame row of a row in time order.
    pub fn frame_row(&self, row: usize) -> usize {
        self.order.as_ref().map_or(row, |order| order[row] as usize)
    }

    /// Ticks per hour of the stamps' unit.
    pub fn ticks_per_hour(&self) -> i64 {
        3_600 * ticks_per_second(self.unit)
    }

    /// Raises where a station has a stamp more than once.
    pub fn require_unique(&self, columns: KeyColumns<'_>) -> Result<()> {
        if !self.has_repeats {
            return Ok(());
        }
        let mut rows = Vec::new();
        for block in &self.blocks {
            for row in block.clone() {
                let same = |other: usize| self.instants[other] == self.instants[row];
                if (row > block.start && same(row - 1)) || (row + 1 < block.end && same(row + 1)) {
                    rows.push(row);
                }
            }
        }
        self.rows_error(RowErrorKind::Duplicate, rows, columns)
    }

    /// An error that names rows (in time order) by station and stamp, in the order of the frame.
    pub fn rows_error(
        &self,
        kind: RowErrorKind,
        mut rows: Vec<usize>,
        columns: KeyColumns<'_>,
    ) -> Result<()> {
        rows.sort_unstable_by_key(|&row| self.frame_row(row));
        let mut offending = Offending::new(kind);
        for row in rows {
            offending.push(self.frame_row(row), || {
                let station = self.blocks.iter().position(|block| block.contains(&row))?;
                let stamp = format_stamp(self.wall_clock[row], self.unit);
                Some(format!("{} {stamp}", self.names[station]))
            });
        }
        offending.into_result(columns.date, columns.frame)
    }
}

/// A column of a frame by name.
pub fn column<'a>(batch: &'a RecordBatch, name: &str, frame: &'static str) -> Result<&'a ArrayRef> {
    batch
        .column_by_name(name)
        .ok_or_else(|| Error::ColumnNotFound { column: name.to_owned(), frame })
}

/// Brings a column into time order; without an order it is in it already.
pub fn in_order<T: arrow_buffer::ArrowNativeType>(
    values: &ScalarBuffer<T>,
    order: Option<&[u32]>,
) -> ScalarBuffer<T> {
    match order {
        None => values.clone(),
        Some(order) => order.iter().map(|&row| values[row as usize]).collect(),
    }
}

/// Stamps that are compared with the next ones before it is asked whether all steps were the same.
const PAIRS: usize = 256;

/// The ticks from each stamp to the next, where they are the same and positive; else 0.
pub fn uniform_step(ticks: &[i64]) -> i64 {
    let [first, second, ..] = ticks else { return 0 };
    let step = second.wrapping_sub(*first);
    // Without a branch for each pair, so that the processor takes several at once.
    let others = |(before, after): (&[i64], &[i64])| {
        let pairs = before.iter().zip(after);
        pairs.fold(0, |others, (before, after)| others | (after.wrapping_sub(*before) ^ step))
    };
    let (before, after) = (&ticks[..ticks.len() - 1], &ticks[1..]);
    let uniform = ticks.first() < ticks.last()
        && before.chunks(PAIRS).zip(after.chunks(PAIRS)).all(|pairs| others(pairs) == 0);
    if uniform && step > 0 { step } else { 0 }
}

/// The stations' blocks with their steps, if each station stands together with rising stamps already.
fn blocks_as_stored(stations: &Stations, ticks: &[i64]) -> Option<Vec<(Range<usize>, i64)>> {
    if stations.runs.len() > stations.names.len() {
        return None;
    }
    let block_of = |run: &Run| {
        let ticks = &ticks[run.rows.clone()];
        let step = uniform_step(ticks);
        let rising = step > 0 || ticks.windows(2).all(|pair| pair[0] < pair[1]);
        rising.then(|| (run.rows.clone(), step))
    };
    parallel::map(ticks.len(), stations.runs.iter().collect(), block_of).into_iter().collect()
}

/// Gathers each station's rows and sorts them by stamp; equal stamps keep their order.
fn time_order(stations: &Stations, ticks: &[i64]) -> (Vec<Range<usize>>, Vec<u32>) {
    let mut lengths = vec![0; stations.names.len()];
    for run in &stations.runs {
        lengths[run.station] += run.rows.len();
    }
    let mut next = 0;
    let blocks: Vec<Range<usize>> = lengths
        .iter()
        .map(|length| {
            let begin = next;
            next += length;
            begin..next
        })
        .collect();
    let mut places: Vec<usize> = blocks.iter().map(|block| block.start).collect();
    let mut order = vec![0; ticks.len()];
    for run in &stations.runs {
        let place = &mut places[run.station];
        for row in run.rows.clone() {
            // The caller has checked that rows fit.
            order[*place] = row as u32;
            *place += 1;
        }
    }
    parallel::map(ticks.len(), split_mut(&mut order, &blocks), |rows| {
        if !rows.is_sorted_by_key(|&row| ticks[row as usize]) {
            rows.sort_by_key(|&row| ticks[row as usize]);
        }
    });
    (blocks, order)
}

/// Cuts a slice into the blocks that cover it.
pub fn split_mut<'a, T>(mut slice: &'a mut [T], blocks: &[Range<usize>]) -> Vec<&'a mut [T]> {
    let mut parts = Vec::with_capacity(blocks.len());
    for block in blocks {
        let (part, rest) = slice.split_at_mut(block.len());
        parts.push(part);
        slice = rest;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use arrow_array::{StringArray, TimestampSecondArray};

    const COLUMNS: KeyColumns<'_> = KeyColumns::new("stnNm", "tm");

    fn keys(rows: &[(&str, i64)]) -> Result<Keys> {
        let stations = StringArray::from_iter_values(rows.iter().map(|row| row.0));
        let stamps = TimestampSecondArray::from_iter_values(rows.iter().map(|row| row.1));
        let columns: Vec<(&str, ArrayRef)> =
            vec![("stnNm", Arc::new(stations)), ("tm", Arc::new(stamps))];
        Keys::read(&RecordBatch::try_from_iter(columns)?, COLUMNS)
    }

    #[test]
    fn rows_in_time_order_stay_where_they_are() -> Result<()> {
        let keys = keys(&[("b", 1), ("b", 2), ("a", 0)])?;
        assert_eq!((keys.blocks, keys.order), (vec![0..2, 2..3], None));
        Ok(())
    }

    #[test]
    fn interleaved_and_unsorted_rows_are_gathered() -> Result<()> {
        let keys = keys(&[("b", 2), ("a", 5), ("b", 1), ("a", 4)])?;
        assert_eq!(keys.blocks, vec![0..2, 2..4]);
        assert_eq!(keys.order, Some(vec![2, 0, 3, 1]));
        assert_eq!(keys.instants.as_ref(), [1, 2, 4, 5]);
        Ok(())
    }

    #[test]
    fn repeated_keys_name_all_their_rows_in_frame_order() -> Result<()> {
        let keys = keys(&[("a", 5), ("b", 5), ("a", 4), ("a", 5)])?;
        let Err(Error::Rows(error)) = keys.require_unique(COLUMNS) else {
            panic!("a key is repeated")
        };
        assert_eq!(error.rows, vec![0, 3]);
        assert_eq!(error.values[0].as_deref(), Some("a 1970-01-01 00:00:05"));
        Ok(())
    }

    #[test]
    fn no_rows_have_no_stations() -> Result<()> {
        assert!(keys(&[])?.names.is_empty());
        Ok(())
    }
}
