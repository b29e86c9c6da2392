//! Hourly weather of which some rows are absent.

use arrow_array::RecordBatch;
use station_hours::complete_hours::{self as kernel, Options};
use station_hours::parallel::with_threads;

use super::Random;
use super::impute::{self, KEYS};

/// One row of so many is absent.
const ROWS_PER_ABSENT_ROW: usize = 50;

/// Inserts the absent rows; the station's number is constant and therefore carried.
pub fn complete_hours(frame: &RecordBatch, threads: usize) -> RecordBatch {
    let complete = || kernel::complete_hours(frame, Options::hourly(KEYS));
    with_threads(Some(threads), || complete().map(|(table, _)| table))
        .expect("the frame is in order")
}

/// A frame of about so many rows.
pub fn frame(rows: usize) -> RecordBatch {
    let mut random = Random(2_019);
    impute::filtered(
        &impute::frame(rows),
        std::iter::repeat_with(|| random.below(ROWS_PER_ABSENT_ROW) > 0).take(rows),
    )
}
