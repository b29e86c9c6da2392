//! Hourly weather of which some rows are absent.

use arrow_array::RecordBatch;
use transforms::complete_hours::{self as kernel, Options, STAMP_FORM};
use transforms::parallel::with_threads;

use super::Random;
use super::impute::{self, KEYS};

/// One row of so many is absent.
const ROWS_PER_ABSENT_ROW: usize = 50;

/// Inserts the absent rows; the station's number is constant and therefore carried.
pub fn complete_hours(frame: &RecordBatch, threads: usize) -> RecordBatch {
    let options = Options {
        keys: KEYS,
        step_seconds: 3_600,
        max_gap_seconds: None,
        stamp_form: STAMP_FORM,
        carry: None,
    };
    with_threads(Some(threads), || kernel::complete_hours(frame, options).map(|(table, _)| table))
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
