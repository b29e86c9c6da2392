//! Hourly generation, a row per plant and day with 24 columns of hours and their total.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, LargeStringArray, RecordBatch};
use arrow_schema::TimeUnit;
use station_hours::format_stamp;
use station_hours::parallel::with_threads;
use station_hours::wide_to_long::{self as kernel, Energy, HOURS, Long, Options, Scale, TextType};

use super::{FIRST_STAMP, HOUR, Random};

const PLANTS: usize = 10;
/// The length of YYYY-MM-DD.
const DATE: usize = 10;

/// Makes a row per plant and hour.
pub fn transform_wide_to_long(wide: &RecordBatch, threads: usize) -> Long {
    let hours: Vec<String> = (1..=HOURS).map(hour_column).collect();
    let options = Options {
        date: "dgenYmd",
        plant: Some("ipptNam"),
        unit: Some("hogi"),
        plant_name: None,
        hours: &hours,
        total: Some("qsum"),
        keep: &[],
        energy: Energy::Scale(Scale::NONE),
        total_scale: None,
        label_end: false,
        unique: true,
        text_type: TextType::Large,
        frame: "the frame",
    };
    with_threads(Some(threads), || kernel::transform_wide_to_long(wide, options))
        .expect("the frame is in order")
}

/// A table of so many rows, plant by plant: day by day, the names of two plants could push each other out of the
/// kernel's small cache or not, depending on the hash table's seed.
pub fn table(rows: usize) -> RecordBatch {
    let random = &mut Random(2_024);
    let texts = |text: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(LargeStringArray::from_iter_values((0..rows).map(text)))
    };
    let days = rows.div_ceil(PLANTS);
    let day = |row: usize| {
        let midnight = FIRST_STAMP + (row % days * HOURS) as i64 * HOUR;
        format_stamp(midnight, TimeUnit::Microsecond)[..DATE].to_owned()
    };
    let mut columns = vec![
        ("dgenYmd".to_owned(), texts(&day)),
        ("ipptNam".to_owned(), texts(&|row| format!("풍력{}단지", row / days + 1))),
        ("hogi".to_owned(), texts(&|row| (row / days % 3 + 1).to_string())),
    ];
    let mut totals = vec![0.0; rows];
    for hour in 1..=HOURS {
        let cells: Vec<f64> = (0..rows).map(|_| thousandths(1_000.0 * random.share())).collect();
        totals.iter_mut().zip(&cells).for_each(|(total, cell)| *total += cell);
        columns.push((hour_column(hour), Arc::new(Float64Array::from(cells))));
    }
    let totals: Vec<f64> = totals.into_iter().map(thousandths).collect();
    columns.push(("qsum".to_owned(), Arc::new(Float64Array::from(totals))));
    RecordBatch::try_from_iter(columns).expect("the columns are of one length")
}

fn hour_column(hour: usize) -> String {
    format!("qhorGen{hour:02}")
}

fn thousandths(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
