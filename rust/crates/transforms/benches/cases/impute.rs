//! Hourly weather, station by station, 5 % of it missing in gaps of 1 to 6 hours.

use std::f64::consts::TAU;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, LargeStringArray, RecordBatch,
    TimestampMicrosecondArray,
};
use arrow_schema::TimeUnit;
use arrow_select::filter::filter_record_batch;
use station_hours::impute::climatology::{self, Climatology};
use station_hours::impute::gaps::{self, Gap, Gaps};
use station_hours::impute::{self as kernel, Imputed, Options, spline};
use station_hours::parallel::with_threads;
use station_hours::{KeyColumns, format_stamp};

use super::{FIRST_STAMP, HOUR, Random};

pub const KEYS: KeyColumns<'_> = KeyColumns::new("stnNm", "tm");
const HOURS_OF_YEAR: f64 = 8_766.0;
const MAX_SPLINE_GAP: usize = 3;
const LONGEST_GAP: usize = 6;
/// So that gaps of 3.5 hours on average make 5 %.
const MOST_HOURS_BETWEEN_GAPS: usize = 132;

/// Fills temperature and humidity.
pub fn impute(frame: &RecordBatch, history: Option<&RecordBatch>, threads: usize) -> Imputed {
    let columns = ["ta".to_owned(), "hm".to_owned()];
    let options = Options::new(&columns, KEYS);
    let history = history.map(|past| (past, KEYS));
    with_threads(Some(threads), || kernel::impute(frame, history, options))
        .expect("the frame is in order")
}

/// A frame of so many rows.
pub fn frame(rows: usize) -> RecordBatch {
    let stations = (rows / 10_000).clamp(3, 25);
    let random = &mut Random(2_018);
    let (mut names, mut numbers, mut stamps) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ta, mut hm) = (Vec::new(), Vec::new());
    for station in 0..stations {
        let hours = rows * (station + 1) / stations - rows * station / stations;
        names.extend(std::iter::repeat_n(format!("지점{}", 101 + station), hours));
        numbers.extend(std::iter::repeat_n(101 + station as i64, hours));
        stamps.extend(hourly(hours));
        ta.extend(with_gaps(weather(hours, [12.0, 14.0, 4.0, 1.2], random), random));
        hm.extend(with_gaps(weather(hours, [62.0, 0.0, 15.0, 6.0], random), random));
    }
    let columns: [(&str, ArrayRef); 5] = [
        ("stnNm", Arc::new(LargeStringArray::from(names))),
        ("stnId", Arc::new(Int64Array::from(numbers))),
        ("tm", Arc::new(TimestampMicrosecondArray::from(stamps))),
        ("ta", Arc::new(Float64Array::from(ta))),
        ("hm", Arc::new(Float64Array::from(hm))),
    ];
    RecordBatch::try_from_iter(columns).expect("the columns are of one length")
}

/// The frame with its stamps as texts.
pub fn with_text_stamps(frame: &RecordBatch) -> RecordBatch {
    let texts = stamps(frame).iter().map(|&stamp| format_stamp(stamp, TimeUnit::Microsecond));
    let texts: ArrayRef = Arc::new(LargeStringArray::from_iter_values(texts));
    let schema = frame.schema();
    let columns = schema.fields().iter().zip(frame.columns()).map(|(field, column)| {
        (field.name(), if field.name() == KEYS.date { texts.clone() } else { column.clone() })
    });
    RecordBatch::try_from_iter(columns).expect("the columns are of one length")
}

/// The frame without its last days, and those days.
pub fn past_and_last_days(frame: &RecordBatch, days: i64) -> (RecordBatch, RecordBatch) {
    let last = stamps(frame).iter().max().copied().unwrap_or_default();
    let is_past = |&stamp: &i64| stamp <= last - days * 24 * HOUR;
    let part = |past| filtered(frame, stamps(frame).iter().map(|stamp| is_past(stamp) == past));
    (part(true), part(false))
}

/// The rows for which a condition holds.
pub fn filtered(frame: &RecordBatch, kept: impl Iterator<Item = bool>) -> RecordBatch {
    filter_record_batch(frame, &BooleanArray::from_iter(kept.map(Some)))
        .expect("there is a condition for each row")
}

fn stamps(frame: &RecordBatch) -> &[i64] {
    frame[KEYS.date].as_primitive::<TimestampMicrosecondType>().values()
}

/// One station's temperature.
pub struct Series {
    stamps: Vec<i64>,
    values: Vec<f64>,
    gaps: Vec<Gap>,
}

impl Series {
    /// A series of so many hours.
    pub fn new(hours: usize) -> Self {
        let random = &mut Random(2_018);
        let values = with_gaps(weather(hours, [12.0, 14.0, 4.0, 1.2], random), random);
        Self { stamps: hourly(hours).collect(), gaps: gaps::find_gaps(&values).gaps, values }
    }

    pub fn find_gaps(&self) -> Gaps {
        gaps::find_gaps(&self.values)
    }

    /// Fills the short gaps.
    pub fn spline(&self) -> Vec<f64> {
        let inside = |gap: &Gap| gap.start > 0 && gap.stop < self.values.len();
        let short = |gap: &Gap| gap.len() <= MAX_SPLINE_GAP && inside(gap);
        let chosen: Vec<usize> =
            (0..self.gaps.len()).filter(|&position| short(&self.gaps[position])).collect();
        let mut filled = Vec::new();
        spline::fill(&self.values, &self.gaps, &chosen, |_, fills| filled.extend(fills));
        filled
    }

    /// Fills the long gaps.
    pub fn climatology(&self) -> Vec<f64> {
        let long = self.gaps.iter().filter(|gap| gap.len() > MAX_SPLINE_GAP);
        let questions = long.clone().map(|gap| gap.len()).sum();
        let own = climatology::Series { stamps: &self.stamps, values: &self.values, step: HOUR };
        let no_past = climatology::Series { stamps: &[], values: &[], step: 0 };
        let climatology = Climatology::new([own, no_past], HOUR, questions, false);
        let mut means = vec![0.0; questions];
        let mut left = means.as_mut_slice();
        for gap in long {
            let (places, rest) = left.split_at_mut(gap.len());
            climatology.means(&self.stamps[gap.start..gap.stop], places);
            left = rest;
        }
        means
    }
}

fn hourly(hours: usize) -> impl Iterator<Item = i64> {
    (0..hours as i64).map(|hour| FIRST_STAMP + hour * HOUR)
}

/// Values with one decimal: a mean, a swing over the year, one over the day, and noise in which each hour
/// resembles the one before it.
fn weather(hours: usize, [mean, yearly, daily, spread]: [f64; 4], random: &mut Random) -> Vec<f64> {
    let mut noise = 0.0;
    let value = |hour: usize| {
        noise = 0.9 * noise + spread * (2.0 * random.share() - 1.0);
        let cycle = |period: f64| (TAU * hour as f64 / period).cos();
        let value = mean - yearly * cycle(HOURS_OF_YEAR) - daily * cycle(24.0) + noise;
        (value * 10.0).round() / 10.0
    };
    (0..hours).map(value).collect()
}

fn with_gaps(mut values: Vec<f64>, random: &mut Random) -> Vec<f64> {
    let mut left = values.as_mut_slice();
    while let Some((_, rest)) = left.split_at_mut_checked(1 + random.below(MOST_HOURS_BETWEEN_GAPS))
    {
        let gap = rest.len().min(1 + random.below(LONGEST_GAP));
        let (gap, rest) = rest.split_at_mut(gap);
        gap.fill(f64::NAN);
        left = rest;
    }
    values
}
