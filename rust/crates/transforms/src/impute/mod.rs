//! Gap filling by one of three methods, each value with its provenance.

#[doc(hidden)] // for the benchmarks
pub mod climatology;
mod gap_model;
#[doc(hidden)]
pub mod gaps;
mod grid;
mod history;
mod means;
mod optimal_interpolation;
#[doc(hidden)]
pub mod spline;
pub mod stored_model;

use std::collections::BTreeMap;

use arrow_array::RecordBatch;

use crate::calendar::{format_stamp, ticks_per_second};
use crate::error::Result;
use crate::keys::{KeyColumns, Keys, column, in_order, split_mut};
use crate::memory::{copied, require_memory};
use crate::numbers::{Numbers, read_numbers, require_finite};
use crate::parallel;
use climatology::{Climatology, Series};
use gap_model::StationModel;
use gaps::{Gap, find_gaps, is_complete};
use grid::Grid;
use history::{History, read_history};
use means::{compensated_mean, exact_mean};
use optimal_interpolation::{Column, Fitted};

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
    /// Predicted from the station's own values before and after the gap.
    OptimalInterpolation = 8,
    /// Predicted from these and from neighbouring stations.
    OptimalInterpolationNeighbours = 9,
    /// Predicted, the climatology being another station's.
    BorrowedClimatology = 10,
}

/// How many provenance codes there are.
pub const CODES: usize = 11;

/// Where fills come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Short gaps by a spline, long ones by the climatology of the month, day and hour.
    SplineClimatology,
    /// A straight line over the stamps.
    Linear,
    /// The best linear prediction from the gap's edges and the neighbouring stations.
    OptimalInterpolation,
}

/// What to fill.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The columns to fill.
    pub columns: &'a [String],
    /// The key columns of the frame.
    pub keys: KeyColumns<'a>,
    /// Where fills come from.
    pub method: Method,
    /// The longest gap that is interpolated by a spline.
    pub max_spline_gap: usize,
    /// The longest gap that is filled at all.
    pub max_gap: usize,
    /// For each column the smallest and the largest fill.
    pub bounds: &'a [(f64, f64)],
    /// The probability that the interval of a fill covers the true value; None for no interval.
    pub interval: Option<f64>,
    /// How many other stations take part in a fill.
    pub neighbours: usize,
    /// What optimal interpolation is to use; None to fit it on frame and history.
    pub model: Option<&'a Model>,
    /// For each column the mean of a larger table of which the frame is a part, NaN where that has no value; None where
    /// the frame is all.
    pub column_means: &'a [Option<f64>],
}

impl<'a> Options<'a> {
    /// The default method without any limits.
    pub fn new(columns: &'a [String], keys: KeyColumns<'a>) -> Self {
        Self {
            columns,
            keys,
            method: Method::SplineClimatology,
            max_spline_gap: 3,
            max_gap: usize::MAX,
            bounds: &[],
            interval: None,
            neighbours: gap_model::MOST_NEIGHBOURS,
            model: None,
            column_means: &[],
        }
    }
}

/// The models of all columns.
#[derive(Debug, Default)]
pub struct Model {
    /// For each column its stations by name.
    pub columns: Vec<Vec<StationModel>>,
    /// The step of the stamps in nanoseconds.
    pub step: i64,
}

/// A filled column, in the order of the frame's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FilledColumn {
    /// The values; NaN where none could be found.
    pub values: Vec<f64>,
    /// How each came to be.
    pub codes: Vec<u8>,
    /// The lower and the upper ends of the fills' intervals, NaN where there is none; None where none is wanted.
    pub ends: Option<[Vec<f64>; 2]>,
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
    /// Fills that lay outside the bounds.
    pub clipped: u64,
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
///
/// The history holds other times of the same columns: values are filled from it, and it is not filled itself. Its key
/// columns may have other names.
///
/// # Errors
///
/// Where a column is missing or of a type that it cannot have, a key is missing or cannot be read, a station has a stamp
/// twice, or a value is infinite.
///
/// # Examples
///
/// A week without observations, filled by the mean of the same hours a year earlier:
///
/// ```
/// # use std::sync::Arc;
/// # use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, TimestampSecondArray};
/// use station_hours::KeyColumns;
/// use station_hours::impute::{Options, Provenance, impute};
///
/// let hourly = |first: i64, value: Option<f64>| {
///     RecordBatch::try_from_iter([
///         ("station", Arc::new(Int64Array::from(vec![108; 168])) as ArrayRef),
///         ("time", Arc::new(TimestampSecondArray::from_iter_values((0..168).map(|h| first + h * 3_600))) as ArrayRef),
///         ("temperature", Arc::new(Float64Array::from(vec![value; 168])) as ArrayRef),
///     ])
/// };
/// let (january_2023, january_2024) = (1_672_531_200, 1_704_067_200);
/// let (past, frame) = (hourly(january_2023, Some(-3.5))?, hourly(january_2024, None)?);
///
/// let columns = ["temperature".to_owned()];
/// let keys = KeyColumns::new("station", "time");
/// let imputed = impute(&frame, Some((&past, keys)), Options::new(&columns, keys))?;
/// let temperature = &imputed.columns[0];
/// assert_eq!(temperature.values, [-3.5; 168]);
/// assert_eq!(temperature.report.codes[Provenance::Climatology as usize], 168);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn impute(
    frame: &RecordBatch,
    history: Option<(&RecordBatch, KeyColumns<'_>)>,
    options: Options<'_>,
) -> Result<Imputed> {
    let by_model = options.method == Method::OptimalInterpolation;
    require_memory(bytes_to_fill(frame, history, options.columns.len(), by_model))?;
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

    let grid = if by_model {
        finite()?;
        Grid::read(&keys, &past, options.model.map(|model| model.step), options.keys)?
    } else {
        None
    };
    let (columns, has_infinite) = fill_columns(&keys, &numbers, &past, grid.as_ref(), options)?;
    if has_infinite {
        finite()?;
    }
    Ok(Imputed { columns, stations: keys.names.len() })
}

/// Bytes that filling takes, beside the keys of an unsorted frame: a value and its code, and its copy in the order of
/// time; by a model its anomaly, and its interval too.
fn bytes_to_fill(
    frame: &RecordBatch,
    history: Option<(&RecordBatch, KeyColumns<'_>)>,
    columns: usize,
    by_model: bool,
) -> usize {
    let rows = frame.num_rows() + history.map_or(0, |(past, _)| past.num_rows());
    rows * columns * if by_model { 44 } else { 20 }
}

/// What a model was fitted on.
#[derive(Debug)]
pub struct Inputs {
    /// The first and the last stamp.
    pub period: [String; 2],
    /// Rows of frame and history.
    pub rows: u64,
}

/// Fits the models of the chosen columns on frame and history; None where no station has two stamps.
pub fn fit(
    frame: &RecordBatch,
    history: Option<(&RecordBatch, KeyColumns<'_>)>,
    columns: &[String],
    key_columns: KeyColumns<'_>,
    neighbours: usize,
) -> Result<Option<(Model, Inputs)>> {
    require_memory(bytes_to_fill(frame, history, columns.len(), true))?;
    let keys = Keys::read(frame, key_columns)?;
    let mut numbers = Vec::with_capacity(columns.len());
    for name in columns {
        numbers.push(read_numbers(
            column(frame, name, key_columns.frame)?,
            name,
            key_columns.frame,
        )?);
    }
    for (name, numbers) in columns.iter().zip(&numbers) {
        require_finite(&numbers.values, name, key_columns.frame)?;
    }
    keys.require_unique(key_columns)?;
    let past = match history {
        Some((batch, past_columns)) => read_history(&keys, batch, past_columns, columns)?,
        None => History::default(),
    };
    let Some(grid) = Grid::read(&keys, &past, None, key_columns)? else { return Ok(None) };
    let mut model = Model {
        columns: Vec::new(),
        step: grid.step * (1_000_000_000 / ticks_per_second(keys.unit)),
    };
    for (index, numbers) in numbers.iter().enumerate() {
        let values = in_order(&numbers.values, keys.order.as_deref());
        let column = Column { keys: &keys, past: &past, grid: &grid, values: &values, index };
        let mut fitted = column.fit(neighbours, true)?;
        fitted.fit_all_sets(values.len(), &grid);
        model.columns.push(fitted.stations.into_iter().map(|station| station.model).collect());
    }
    let stamps = || keys.wall_clock.iter().chain(past.stations.iter().flat_map(|one| &one.stamps));
    let period = [stamps().min(), stamps().max()]
        .map(|stamp| format_stamp(stamp.copied().unwrap_or_default(), keys.unit));
    Ok(Some((model, Inputs { period, rows: grid.rows })))
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
    /// Whether the report's codes are no longer those of the fills.
    recount: bool,
    /// Gaps that are too long to be filled.
    too_long: Vec<Gap>,
    /// The ends of the intervals of the station's missing rows.
    ends: Vec<[f64; 2]>,
}

fn fill_columns(
    keys: &Keys,
    numbers: &[Numbers],
    past: &History,
    grid: Option<&Grid>,
    options: Options<'_>,
) -> Result<(Vec<FilledColumn>, bool)> {
    let rows = keys.instants.len();
    if numbers.iter().all(|numbers| is_complete(&numbers.values)) {
        return Ok((numbers.iter().map(complete_column).collect(), false));
    }
    let sources: Vec<_> =
        numbers.iter().map(|numbers| in_order(&numbers.values, keys.order.as_deref())).collect();
    let size = rows * numbers.len();
    let mut values: Vec<Vec<f64>> =
        parallel::map(size, sources.iter().collect(), |source| copied(source));
    let mut codes: Vec<Vec<u8>> = numbers.iter().map(|_| vec![0; rows]).collect();

    let mut fitted: Vec<Option<Fitted>> = numbers.iter().map(|_| None).collect();
    if let Some(grid) = grid {
        for (index, values) in sources.iter().enumerate() {
            if !is_complete(values) {
                let column = Column { keys, past, grid, values, index };
                fitted[index] = Some(match options.model {
                    Some(model) => {
                        column.known(model.columns.get(index).map_or(&[], Vec::as_slice))?
                    }
                    None => column.fit(options.neighbours, false)?,
                });
            }
        }
    }

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
        match (options.method, grid, &fitted[part.column]) {
            (Method::Linear, ..) => fill_linear(&mut part, keys, options.max_gap),
            (_, Some(grid), Some(fitted)) => {
                fill_predicted(&mut part, [series, past], keys, (grid, fitted), options)
            }
            _ => fill_part(&mut part, [series, past], keys, options),
        }
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
            let mean = match options.column_means.get(index) {
                Some(&Some(mean)) => Some(mean).filter(|mean| !mean.is_nan()),
                _ => exact_mean(std::iter::once(source).chain(past.all_values(index))),
            };
            let code = if mean.is_some() { Provenance::GlobalMean } else { Provenance::Unfilled };
            for gap in left {
                report.codes[code as usize] += gap.len() as u64;
                values[gap.clone()].fill(mean.unwrap_or(f64::NAN));
                codes[gap].fill(code as u8);
            }
        }
        let mut ends = options
            .interval
            .filter(|_| fitted[index].is_some())
            .map(|_| [vec![f64::NAN; rows], vec![f64::NAN; rows]]);
        for (outcome, block) in outcomes.iter().zip(&keys.blocks) {
            if let Some([low, high]) = &mut ends {
                let missing = block.clone().filter(|&row| sources[index][row].is_nan());
                for (row, ends) in missing.zip(&outcome.ends) {
                    (low[row], high[row]) = (ends[0], ends[1]);
                }
            }
            for gap in &outcome.too_long {
                let gap = block.start + gap.start..block.start + gap.stop;
                values[gap.clone()].fill(f64::NAN);
                codes[gap.clone()].fill(Provenance::Unfilled as u8);
                for end in ends.iter_mut().flatten() {
                    end[gap.clone()].fill(f64::NAN);
                }
            }
        }
        if outcomes.iter().any(|outcome| outcome.recount) {
            report.codes = [0; CODES];
            codes.iter().for_each(|&code| report.codes[usize::from(code)] += 1);
        }
        if let Some(&bounds) = options.bounds.get(index) {
            report.clipped = clip(&mut values, &codes, ends.as_mut(), bounds);
        }
        let order = keys.order.as_deref();
        filled.push(FilledColumn {
            values: in_frame_order(values, order),
            codes: in_frame_order(codes, order),
            ends: ends.map(|ends| ends.map(|end| in_frame_order(end, order))),
            report,
        });
    }
    Ok((filled, has_infinite))
}

/// By how much of a bound a fill has to lie outside to be counted.
const ROUNDING: f64 = 1e-9;

/// Brings fills, and the ends of their intervals, within the bounds; returns how many lay outside.
fn clip(
    values: &mut [f64],
    codes: &[u8],
    ends: Option<&mut [Vec<f64>; 2]>,
    (low, high): (f64, f64),
) -> u64 {
    if (low, high) == (f64::NEG_INFINITY, f64::INFINITY) {
        return 0;
    }
    let mut clipped = 0;
    for (value, _) in values.iter_mut().zip(codes).filter(|(_, code)| **code != 0) {
        if *value < low || *value > high {
            let bound = value.max(low).min(high);
            // A mean of values at the bound may lie outside by its rounding: that is none that lay outside.
            clipped += u64::from((bound - *value).abs() > ROUNDING * bound.abs().max(1.0));
            *value = bound;
        }
    }
    for end in ends.into_iter().flatten().flatten().filter(|end| !end.is_nan()) {
        *end = end.max(low).min(high);
    }
    clipped
}

/// A column without any gap, as it came.
fn complete_column(numbers: &Numbers) -> FilledColumn {
    let rows = numbers.values.len();
    let mut report = ColumnReport { coerced: numbers.coerced, ..ColumnReport::default() };
    report.codes[Provenance::Observed as usize] = rows as u64;
    FilledColumn { values: copied(&numbers.values), codes: vec![0; rows], ends: None, report }
}

/// Fills one station's part of one column on a straight line over the stamps.
fn fill_linear(part: &mut Part<'_>, keys: &Keys, max_gap: usize) -> Outcome {
    let rows = part.source.len();
    let found = find_gaps(part.source);
    let mut outcome = Outcome { has_infinite: found.has_infinite, ..Outcome::default() };
    outcome.note_gaps(&found.gaps, rows, max_gap);
    let instants = &keys.instants[keys.blocks[part.station].clone()];
    for gap in found.gaps {
        let (y0, y1) =
            (gap.start.checked_sub(1).map(|row| part.source[row]), part.source.get(gap.stop));
        match (y0, y1) {
            (Some(y0), Some(y1)) => {
                let (begin, end) = (instants[gap.start - 1], instants[gap.stop]);
                part.set(gap, Provenance::Linear, &mut outcome, |step| {
                    let share = (instants[gap.start + step] - begin) as f64 / (end - begin) as f64;
                    y0 + (y1 - y0) * share
                });
            }
            (Some(nearest), None) | (None, Some(&nearest)) => {
                part.set(gap, Provenance::Nearest, &mut outcome, |_| nearest);
            }
            (None, None) => part.set(gap, Provenance::Unfilled, &mut outcome, |_| f64::NAN),
        }
    }
    outcome
}

/// Fills one station's part of one column by its model, and what that does not suffice for by the default method.
fn fill_predicted(
    part: &mut Part<'_>,
    series: [Series<'_>; 2],
    keys: &Keys,
    (grid, fitted): (&Grid, &Fitted),
    options: Options<'_>,
) -> Outcome {
    let missing: Vec<usize> =
        (0..part.source.len()).filter(|&row| part.source[row].is_nan()).collect();
    let position = fitted.of_frame[part.station].filter(|_| !missing.is_empty());
    let Some(position) = position else { return fill_part(part, series, keys, options) };
    let instants = &keys.instants[keys.blocks[part.station].clone()];
    let steps: Vec<usize> = missing.iter().map(|&row| grid.at(instants[row])).collect();
    let fills = fitted.fill(position, &steps, grid, options.interval);
    let mut outcome = if fills.codes.contains(&0) {
        fill_part(part, series, keys, options)
    } else {
        let mut outcome = Outcome::default();
        outcome.note_gaps(&find_gaps(part.source).gaps, part.source.len(), options.max_gap);
        outcome
    };
    let is_filled =
        |row: usize| missing.binary_search(&row).is_ok_and(|place| fills.codes[place] != 0);
    let left = std::mem::take(&mut outcome.left);
    let rows = left.into_iter().flat_map(|gap| gap.start..gap.stop);
    let left = rows.filter(|&row| !is_filled(row)).map(|row| Gap { start: row, stop: row + 1 });
    outcome.left = left.collect();
    for ((&row, &value), &code) in missing.iter().zip(&fills.values).zip(&fills.codes) {
        if code != 0 {
            part.values[row] = value;
            part.codes[row] = code;
        }
    }
    outcome.recount = true;
    outcome.ends = fills.ends;
    outcome
}

/// Fills one station's part of one column from that station's own values.
fn fill_part(
    part: &mut Part<'_>,
    series: [Series<'_>; 2],
    keys: &Keys,
    options: Options<'_>,
) -> Outcome {
    let rows = part.source.len();
    let found = find_gaps(part.source);
    let gaps = found.gaps;
    let missing: usize = gaps.iter().map(|gap| gap.len()).sum();
    let observed = rows - missing;
    let mut outcome = Outcome { has_infinite: found.has_infinite, ..Outcome::default() };
    outcome.note_gaps(&gaps, rows, options.max_gap);

    let mut by_spline = Vec::new();
    let mut long = Vec::new();
    for (position, &gap) in gaps.iter().enumerate() {
        let at_edge = gap.start == 0 || gap.stop == rows;
        if gap.len() > options.max_spline_gap {
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
                    .get_or_insert_with(|| compensated_mean(series.iter().map(|one| one.values)));
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

impl Outcome {
    /// Counts the gaps, and what is observed, and notes the gaps that are too long.
    fn note_gaps(&mut self, gaps: &[Gap], rows: usize, max_gap: usize) {
        let missing: usize = gaps.iter().map(|gap| gap.len()).sum();
        self.report.codes[Provenance::Observed as usize] = (rows - missing) as u64;
        count_lengths(gaps, &mut self.report.gap_lengths);
        self.too_long.extend(gaps.iter().filter(|gap| gap.len() > max_gap));
        self.recount |= !self.too_long.is_empty();
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
