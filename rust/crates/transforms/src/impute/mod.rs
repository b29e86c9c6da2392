//! Gap filling: short gaps by a spline, long ones by climatology, each value with its provenance.

pub mod climatology;
pub mod gaps;
pub mod history;
pub mod spline;

use std::collections::BTreeMap;

use arrow_array::RecordBatch;

use crate::error::Result;
use crate::keys::{KeyColumns, Keys, column, in_order, split_mut};
use crate::memory::copied;
use crate::numbers::{Numbers, read_numbers, require_finite};
use crate::parallel;
use climatology::{Climatology, Series, mean_of_observed};
use gaps::{Gap, find_gaps, is_complete};
use history::{History, read_history};

/// How a value came to be; the numbers are those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Provenance {
    /// As the input had it.
    Observed = 0,
    /// The not-a-knot cubic spline.
    Spline = 1,
    /// The straight line between two neighbours.
    Linear = 2,
    /// The nearest observed value.
    Nearest = 3,
    /// The station's mean of the same month, day and hour.
    Climatology = 4,
    /// The station's mean.
    StationMean = 5,
    /// The column's mean.
    GlobalMean = 6,
    /// Still missing.
    Unfilled = 7,
}

/// How many provenance codes there are.
pub const CODES: usize = 8;

/// What to fill.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The columns to fill.
    pub columns: &'a [String],
    /// The key columns of the frame.
    pub keys: KeyColumns<'a>,
    /// The longest gap that is interpolated.
    pub max_spline_gap: usize,
}

/// A filled column, in the order of the frame's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FilledColumn {
    /// The values; NaN where none could be found.
    pub values: Vec<f64>,
    /// How each came to be.
    pub codes: Vec<u8>,
    /// What was done.
    pub report: ColumnReport,
}

/// What was done to a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnReport {
    /// Values per provenance code.
    pub codes: [u64; CODES],
    /// Gaps per length.
    pub gap_lengths: BTreeMap<usize, u64>,
    /// Texts that were no number.
    pub coerced: u64,
}

/// The filled columns of a frame.
#[derive(Debug)]
pub struct Imputed {
    /// The columns, as asked for.
    pub columns: Vec<FilledColumn>,
    /// How many stations the frame has.
    pub stations: usize,
}

/// Fills the missing values of the chosen columns.
pub fn impute(
    frame: &RecordBatch,
    history: Option<(&RecordBatch, KeyColumns<'_>)>,
    options: Options<'_>,
) -> Result<Imputed> {
    let keys = Keys::read(frame, options.keys)?;
    let label = options.keys.frame;
    let numbers = options
        .columns
        .iter()
        .map(|name| read_numbers(column(frame, name, label)?, name, label))
        .collect::<Result<Vec<_>>>()?;
    let finite = || {
        options
            .columns
            .iter()
            .zip(&numbers)
            .try_for_each(|(name, numbers)| require_finite(&numbers.values, name, label))
    };
    // An infinite value is reported before anything that is found later; looking for it costs a pass
    // over the values, so it is looked for only where something else is wrong, or where the filling met one.
    let past = match keys.require_unique(options.keys).and_then(|()| match history {
        Some((batch, columns)) => read_history(&keys, batch, columns, options.columns),
        None => Ok(History::default()),
    }) {
        Ok(past) => past,
        Err(error) => return Err(finite().err().unwrap_or(error)),
    };

    let (columns, has_infinite) = fill_columns(&keys, &numbers, &past, options.max_spline_gap);
    if has_infinite {
        finite()?;
    }
    Ok(Imputed { columns, stations: keys.names.len() })
}

/// One station's part of one column while it is filled.
struct Part<'a> {
    column: usize,
    station: usize,
    source: &'a [f64],
    values: &'a mut [f64],
    codes: &'a mut [u8],
}

/// What filling one part left behind.
#[derive(Default)]
struct Outcome {
    report: ColumnReport,
    /// Gaps of a station that has no value of its own to fill them with.
    left: Vec<Gap>,
    has_infinite: bool,
}

fn fill_columns(
    keys: &Keys,
    numbers: &[Numbers],
    past: &History,
    max_spline_gap: usize,
) -> (Vec<FilledColumn>, bool) {
    let rows = keys.instants.len();
    if numbers.iter().all(|numbers| is_complete(&numbers.values)) {
        return (numbers.iter().map(complete_column).collect(), false);
    }
    let sources: Vec<_> =
        numbers.iter().map(|numbers| in_order(&numbers.values, keys.order.as_deref())).collect();
    let size = rows * numbers.len();
    let mut values: Vec<Vec<f64>> =
        parallel::map(size, sources.iter().collect(), |source| copied(source));
    let mut codes: Vec<Vec<u8>> = numbers.iter().map(|_| vec![0; rows]).collect();

    let mut parts = Vec::with_capacity(numbers.len() * keys.blocks.len());
    for (index, (values, codes)) in values.iter_mut().zip(&mut codes).enumerate() {
        let values = split_mut(values, &keys.blocks);
        let codes = split_mut(codes, &keys.blocks);
        for (station, (values, codes)) in values.into_iter().zip(codes).enumerate() {
            let source = &sources[index][keys.blocks[station].clone()];
            parts.push(Part { column: index, station, source, values, codes });
        }
    }
    let fill = |mut part: Part<'_>| {
        let series = Series {
            stamps: &keys.wall_clock[keys.blocks[part.station].clone()],
            values: part.source,
            step: keys.steps[part.station],
        };
        let past = past.series(part.column, part.station);
        fill_part(&mut part, [series, past], keys, max_spline_gap)
    };
    let outcomes: Vec<Outcome> = parallel::map(size, parts, fill);

    let has_infinite = outcomes.iter().any(|outcome| outcome.has_infinite);
    let stations = keys.blocks.len().max(1);
    let mut filled = Vec::with_capacity(numbers.len());
    for (index, (mut values, mut codes)) in values.into_iter().zip(codes).enumerate() {
        let outcomes = outcomes.chunks(stations).nth(index).unwrap_or_default();
        let mut report = merged_report(outcomes, numbers[index].coerced);
        let left = outcomes.iter().zip(&keys.blocks).flat_map(|(outcome, block)| {
            outcome.left.iter().map(|gap| block.start + gap.start..block.start + gap.stop)
        });
        let left: Vec<_> = left.collect();
        if !left.is_empty() {
            let source = sources[index].as_ref();
            let mean = mean_of_observed(std::iter::once(source).chain(past.all_values(index)));
            let code = if mean.is_some() { Provenance::GlobalMean } else { Provenance::Unfilled };
            for gap in left {
                report.codes[code as usize] += gap.len() as u64;
                values[gap.clone()].fill(mean.unwrap_or(f64::NAN));
                codes[gap].fill(code as u8);
            }
        }
        filled.push(FilledColumn {
            values: in_frame_order(values, keys.order.as_deref()),
            codes: in_frame_order(codes, keys.order.as_deref()),
            report,
        });
    }
    (filled, has_infinite)
}

/// A column without any gap, as it came.
fn complete_column(numbers: &Numbers) -> FilledColumn {
    let rows = numbers.values.len();
    let mut report = ColumnReport { coerced: numbers.coerced, ..ColumnReport::default() };
    report.codes[Provenance::Observed as usize] = rows as u64;
    FilledColumn { values: copied(&numbers.values), codes: vec![0; rows], report }
}

/// Fills one station's part of one column from that station's own values.
fn fill_part(
    part: &mut Part<'_>,
    series: [Series<'_>; 2],
    keys: &Keys,
    max_spline_gap: usize,
) -> Outcome {
    let rows = part.source.len();
    let found = find_gaps(part.source);
    let gaps = found.gaps;
    let missing: usize = gaps.iter().map(|gap| gap.len()).sum();
    let observed = rows - missing;
    let mut outcome = Outcome { has_infinite: found.has_infinite, ..Outcome::default() };
    outcome.report.codes[Provenance::Observed as usize] = observed as u64;
    count_lengths(&gaps, &mut outcome.report.gap_lengths);

    let mut by_spline = Vec::new();
    let mut long = Vec::new();
    for (position, &gap) in gaps.iter().enumerate() {
        let at_edge = gap.start == 0 || gap.stop == rows;
        if gap.len() > max_spline_gap {
            long.push(gap);
        } else if observed == 0 {
            outcome.left.push(gap);
        } else if at_edge {
            let neighbour = if gap.start == 0 { gap.stop } else { gap.start - 1 };
            let value = part.source[neighbour];
            part.set(gap, Provenance::Nearest, &mut outcome, |_| value);
        } else if observed >= spline::FEWEST_POINTS {
            by_spline.push(position);
        } else {
            let (y0, y1) = (part.source[gap.start - 1], part.source[gap.stop]);
            let length = (gap.len() + 1) as f64;
            part.set(gap, Provenance::Linear, &mut outcome, |step| {
                y0 + (y1 - y0) * ((step + 1) as f64 / length)
            });
        }
    }
    if !by_spline.is_empty() {
        spline::fill(part.source, &gaps, &by_spline, |position, fills| {
            part.set(gaps[position], Provenance::Spline, &mut outcome, |_| {
                fills.next().unwrap_or(f64::NAN)
            });
        });
    }
    if !long.is_empty() {
        fill_long(part, series, keys, &long, &mut outcome);
    }
    outcome
}

/// Fills long gaps by climatology, else by the station's mean.
fn fill_long(
    part: &mut Part<'_>,
    series: [Series<'_>; 2],
    keys: &Keys,
    gaps: &[Gap],
    outcome: &mut Outcome,
) {
    let questions = gaps.iter().map(|gap| gap.len()).sum();
    let climatology = Climatology::new(series, keys.ticks_per_hour(), questions, keys.zoned);
    let mut station_mean = None;
    for &gap in gaps {
        climatology
            .means(&series[0].stamps[gap.start..gap.stop], &mut part.values[gap.start..gap.stop]);
        for row in gap.start..gap.stop {
            let mut code = Provenance::Climatology;
            if part.values[row].is_nan() {
                let mean = *station_mean
                    .get_or_insert_with(|| mean_of_observed(series.iter().map(|one| one.values)));
                let Some(mean) = mean else {
                    outcome.left.push(Gap { start: row, stop: row + 1 });
                    continue;
                };
                part.values[row] = mean;
                code = Provenance::StationMean;
            }
            part.codes[row] = code as u8;
            outcome.report.codes[code as usize] += 1;
        }
    }
}

impl Part<'_> {
    fn set(
        &mut self,
        gap: Gap,
        code: Provenance,
        outcome: &mut Outcome,
        mut value: impl FnMut(usize) -> f64,
    ) {
        for step in 0..gap.len() {
            self.values[gap.start + step] = value(step);
        }
        self.codes[gap.start..gap.stop].fill(code as u8);
        outcome.report.codes[code as usize] += gap.len() as u64;
    }
}

/// Gap lengths counted in a small array; longer ones in the map itself.
fn count_lengths(gaps: &[Gap], lengths: &mut BTreeMap<usize, u64>) {
    let mut short = [0u64; 32];
    for gap in gaps {
        match short.get_mut(gap.len()) {
            Some(count) => *count += 1,
            None => *lengths.entry(gap.len()).or_default() += 1,
        }
    }
    lengths.extend((1..).zip(&short[1..]).filter(|(_, count)| **count > 0).map(|(l, c)| (l, *c)));
}

fn merged_report(outcomes: &[Outcome], coerced: u64) -> ColumnReport {
    let mut merged = ColumnReport { coerced, ..ColumnReport::default() };
    for outcome in outcomes {
        for (total, count) in merged.codes.iter_mut().zip(outcome.report.codes) {
            *total += count;
        }
        for (&length, &count) in &outcome.report.gap_lengths {
            *merged.gap_lengths.entry(length).or_default() += count;
        }
    }
    merged
}

fn in_frame_order<T: Copy + Default>(values: Vec<T>, order: Option<&[u32]>) -> Vec<T> {
    let Some(order) = order else { return values };
    let mut result = vec![T::default(); values.len()];
    for (&row, value) in order.iter().zip(values) {
        result[row as usize] = value;
    }
    result
}
