//! One kernel, once, on one thread: for `tests/benchmark/instructions.py` to count its instructions.
//!
//! Prints the kernels' names when none is given.
#![expect(clippy::expect_used, reason = "a kernel that fails has not been measured")]

mod cases;

use std::hint::black_box;

use cases::{complete_hours, impute, payload, wide_to_long};

const ROWS: usize = 100_000;
const DAYS_AFTER_HISTORY: i64 = 30;
const WIDE_ROWS: usize = 10_000;
const ITEMS: usize = 4_000;
const THREADS: usize = 1;
/// A block for which the allocator looks through all that is free.
const LARGE_BLOCK: usize = 1 << 16;

type Kernel = (&'static str, fn());

const KERNELS: [Kernel; 10] = [
    ("impute_gaps", || {
        let series = impute::Series::new(ROWS);
        measured(|| series.find_gaps());
    }),
    ("impute_spline", || {
        let series = impute::Series::new(ROWS);
        measured(|| series.spline());
    }),
    ("impute_climatology", || {
        let series = impute::Series::new(ROWS);
        measured(|| series.climatology());
    }),
    ("impute", || {
        let frame = impute::frame(ROWS);
        measured(|| impute::impute(&frame, None, THREADS));
    }),
    ("impute_text_stamps", || {
        let frame = impute::with_text_stamps(&impute::frame(ROWS));
        measured(|| impute::impute(&frame, None, THREADS));
    }),
    ("impute_with_history", || {
        let (past, frame) = impute::past_and_last_days(&impute::frame(ROWS), DAYS_AFTER_HISTORY);
        measured(|| impute::impute(&frame, Some(&past), THREADS));
    }),
    ("complete_hours", || {
        let frame = complete_hours::frame(ROWS);
        measured(|| complete_hours::complete_hours(&frame, THREADS));
    }),
    ("wide_to_long", || {
        let table = wide_to_long::table(WIDE_ROWS);
        measured(|| wide_to_long::transform_wide_to_long(&table, THREADS));
    }),
    ("payload_json", || {
        let (pages, fields) = (payload::json_pages(ITEMS), payload::fields());
        measured(|| payload::rows_from_pages(&pages, &fields, THREADS));
    }),
    ("payload_xml", || {
        let (pages, fields) = (payload::xml_pages(ITEMS), payload::fields());
        measured(|| payload::rows_from_pages(&pages, &fields, THREADS));
    }),
];

/// Runs a kernel after the allocator has put in order what the making of the input left behind.
fn measured<T>(kernel: impl FnOnce() -> T) -> T {
    black_box(Vec::<u8>::with_capacity(LARGE_BLOCK));
    counted(kernel)
}

/// What valgrind counts, found by its name: a kernel without the making of its input and without the end of its answer.
#[inline(never)]
fn counted<T>(kernel: impl FnOnce() -> T) -> T {
    // Without the black box the call could become a jump, behind which nobody sees this function end.
    black_box(kernel())
}

fn main() {
    // `cargo bench` adds an option of its own.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let Some(wanted) = wanted else {
        KERNELS.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let (_, kernel) =
        KERNELS.iter().find(|(name, _)| *name == wanted).expect("the kernel is one of the list");
    kernel();
}
