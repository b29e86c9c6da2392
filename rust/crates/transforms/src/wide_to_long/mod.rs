//! One row per plant and day with 24 hour columns becomes one row per plant and hour.
//!
//! A published hour N ends at N:00; the long table holds either end of it. Each column of the long table is
//! made on its own, so that they can be made side by side.

mod cells;
mod days;
mod names;
mod repeat;
mod totals;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};

use crate::error::{Error, Offending, Result, RowErrorKind};
use crate::keys::column;
use crate::memory::{Places, Unwritten, bytes_of, require_memory};
use crate::numbers::{LARGEST_VALUE, Tally};
use crate::parallel;
use crate::stamps::{NOT_A_TIME, ticks_of};
use crate::stations::decode_dictionary;
use crate::texts::Texts;

use cells::Cells;
use days::{Days, read_days};
use names::{NameColumns, Plants, read_plants};
pub use repeat::TextType;
use repeat::{repeated, repeated_names};
pub use totals::Scale;

/// Hours of a day.
pub const HOURS: usize = 24;
/// Rows that one task makes: few enough to share them out evenly, many enough to be worth it.
const ROWS_PER_TASK: usize = 4 * ROWS_PER_BLOCK;
/// Rows whose cells are read together: a page of each column. A power of two would put all columns of a row in the same few
/// lines of the cache.
const ROWS_PER_BLOCK: usize = 504;

/// What the columns of a wide table mean.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The column of the day.
    pub date: &'a str,
    /// The column of the plant.
    pub plant: Option<&'a str>,
    /// The column of the unit.
    pub unit: Option<&'a str>,
    /// The name of a plant that its row does not name.
    pub plant_name: Option<&'a str>,
    /// The columns of the 24 hours, in order.
    pub hours: &'a [String],
    /// The column of the daily total.
    pub total: Option<&'a str>,
    /// The columns to repeat.
    pub keep: &'a [String],
    /// What the hours hold.
    pub energy: Energy<'a>,
    /// What the totals hold, where it is not what the hours hold.
    pub total_scale: Option<Scale>,
    /// Whether the end of an hour is stored, and not its start.
    pub label_end: bool,
    /// Whether a plant may have a day only once.
    pub unique: bool,
    /// How text is held.
    pub text_type: TextType,
    /// Which frame, for errors.
    pub frame: &'static str,
}

/// What the hours of a row hold.
#[derive(Debug, Clone, Copy)]
pub enum Energy<'a> {
    /// The same in all rows.
    Scale(Scale),
    /// What a column names, one of these units.
    Column(&'a str, &'a [(String, Scale)]),
}

/// A row whose hours do not add up to its total.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TotalMismatch {
    /// Its position in the wide table.
    pub row: usize,
    /// The sum of its hours, kWh.
    pub hours: f64,
    /// The published total, kWh.
    pub total: f64,
}

/// A long table, hour after hour of each row of the wide one.
#[derive(Debug)]
pub struct Long {
    /// The stamps, in ticks.
    pub ticks: Vec<i64>,
    /// What a tick is.
    pub unit: TimeUnit,
    /// The names of the plants.
    pub plant_name: ArrayRef,
    /// The values, kWh, NaN where one is missing.
    pub values: Vec<f64>,
    /// The repeated columns.
    pub keep: Vec<ArrayRef>,
    /// What was found.
    pub report: Report,
}

/// What was found in a wide table.
#[derive(Debug, Default)]
pub struct Report {
    /// Positions of the empty rows.
    pub rows_skipped: Vec<usize>,
    /// Texts in hour columns that are no numbers.
    pub coerced: u64,
    /// Hours without a value.
    pub missing: u64,
    /// Rows that have a total and an hour.
    pub totals_checked: u64,
    /// Those of them where the two differ.
    pub total_mismatches: Vec<TotalMismatch>,
}

/// Turns a wide table into a long one.
///
/// # Errors
///
/// Where a column is missing or of a type that it cannot have, a day is missing or cannot be read, a plant has a day twice
/// though `unique` forbids it, or a row's unit of energy is unknown.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// # use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
/// use station_hours::wide_to_long::{Energy, Options, Scale, TextType, transform_wide_to_long};
///
/// let hours: Vec<String> = (1..=24).map(|hour| format!("hour {hour}")).collect();
/// let mut columns = vec![("day", Arc::new(StringArray::from(vec!["2024-01-31"])) as ArrayRef)];
/// columns.extend(hours.iter().map(|name| (name.as_str(), Arc::new(Float64Array::from(vec![0.5])) as ArrayRef)));
/// let wide = RecordBatch::try_from_iter(columns)?;
///
/// let long = transform_wide_to_long(
///     &wide,
///     Options {
///         date: "day",
///         plant: None,
///         unit: None,
///         plant_name: Some("Jeju"),
///         hours: &hours,
///         total: None,
///         keep: &[],
///         energy: Energy::Scale(Scale { multiply: 1_000.0, divide: 1.0 }), // from MWh
///         total_scale: None,
///         label_end: false,
///         unique: true,
///         text_type: TextType::Large,
///         frame: "the frame",
///     },
/// )?;
/// assert_eq!(long.values, [500.0; 24]);
/// assert_eq!(long.ticks[1] - long.ticks[0], 3_600_000_000); // microseconds
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn transform_wide_to_long(wide: &RecordBatch, options: Options<'_>) -> Result<Long> {
    let of = |name: &str| column(wide, name, options.frame);
    if u32::try_from(wide.num_rows()).is_err() {
        return Err(Error::TooManyRows(wide.num_rows() as u64));
    }
    let hour_columns = options.hours.iter().map(|name| of(name)).collect::<Result<Vec<_>>>()?;
    let date = of(options.date)?;
    let named = |name: Option<&'_ str>| name.map(of).transpose();
    let (plant, unit, total) = (named(options.plant)?, named(options.unit)?, named(options.total)?);
    let keep = options.keep.iter().map(|name| of(name)).collect::<Result<Vec<_>>>()?;
    let energy = match options.energy {
        Energy::Scale(_) => None,
        Energy::Column(name, _) => Some(of(name)?),
    };

    let all = std::iter::once(date).chain([plant, unit, energy].into_iter().flatten());
    let all: Vec<&ArrayRef> =
        all.chain(hour_columns.iter().copied()).chain(total).chain(keep.iter().copied()).collect();
    let (rows, rows_skipped) = rows_with_content(&all, wide.num_rows())?;

    let cells = options
        .hours
        .iter()
        .zip(&hour_columns)
        .map(|(name, column)| Cells::of(column, name, options.frame))
        .collect::<Result<Vec<_>>>()?;
    let totals = match options.total.zip(total) {
        Some((name, column)) => Some(Cells::of(column, name, options.frame)?),
        None => None,
    };
    let scales = match (options.energy, energy) {
        (Energy::Column(name, units), Some(column)) => {
            row_scales(column, units, &rows, name, options.frame)
        }
        _ => Ok(Vec::new()),
    };
    let task = Task {
        rows: &rows,
        date,
        names: NameColumns {
            plant: options.plant.zip(plant),
            unit: options.unit.zip(unit),
            constant: options.plant_name,
        },
        cells: &cells,
        totals,
        scales: scales.as_deref().unwrap_or(&[]),
        options,
    };
    // Of each hour its stamp, its value and the end of the plant's name, and what is the same for all hours of a day.
    let named = options.plant_name.map_or(0, |name| name.len() * rows.len());
    let texts: usize =
        plant.into_iter().chain(unit).chain(keep.iter().copied()).map(bytes_of).sum();
    require_memory(HOURS * (rows.len() * 24 + named + texts))?;
    let mut values = Unwritten::new(rows.len() * HOURS);
    let mut keys = Ok(Keys::default());
    let parts = task.parts(&mut keys, &mut values);
    let found = parallel::map(rows.len() * HOURS, parts, |part| task.make(part));
    let Keys { days, plants } = keys?;

    let mut report = Report { rows_skipped, ..Default::default() };
    let (mut infinite, mut decimal_commas) = (false, false);
    for found in found {
        infinite |= found.infinite;
        decimal_commas |= found.hours.decimal_commas || found.totals.decimal_commas;
        report.coerced += found.hours.coerced;
        report.missing += found.missing;
        report.totals_checked += found.totals_checked;
        report.total_mismatches.extend(found.total_mismatches);
    }
    if decimal_commas {
        let named = options.hours.iter().zip(&cells).map(|(name, cells)| (name.as_str(), cells));
        for (name, cells) in named.chain(options.total.zip(totals.as_ref())) {
            cells.require_one_meaning(&rows, name, options.frame)?;
        }
    }
    // What stands in an hour is at fault before what stands in the column of units.
    if infinite || scales.is_err() {
        for (name, cells) in options.hours.iter().zip(&cells) {
            cells.require_finite(&rows, name, options.frame)?;
        }
    }
    scales?;
    if let (true, Some(totals), Some(name)) = (infinite, totals, options.total) {
        totals.require_finite(&rows, name, options.frame)?;
    }
    Ok(Long {
        ticks: ticks_of_hours(&days, options.label_end),
        unit: days.unit,
        plant_name: repeated_names(&plants, options.text_type)?,
        values: values.finish(),
        keep: keep.iter().map(|column| repeated(column, &rows)).collect::<Result<_>>()?,
        report,
    })
}

/// The stamps of the hours of some days.
fn ticks_of_hours(days: &Days, label_end: bool) -> Vec<i64> {
    let hour = days.ticks_per_hour();
    let after_midnight: [i64; HOURS] =
        std::array::from_fn(|place| (place as i64 + i64::from(label_end)) * hour);
    let mut ticks = Unwritten::new(days.ticks.len() * HOURS);
    let tasks = days.ticks.chunks(ROWS_PER_TASK);
    let pieces = ticks.pieces(tasks.clone().map(|days| days.len() * HOURS));
    parallel::map(days.ticks.len() * HOURS, tasks.zip(pieces).collect(), |(days, mut ticks)| {
        for day in days {
            ticks.extend(&after_midnight.map(|hour| day + hour));
        }
    });
    ticks.finish()
}

/// The rows with content in any of the columns, and those without.
fn rows_with_content(columns: &[&ArrayRef], rows: usize) -> Result<(Vec<u32>, Vec<usize>)> {
    let mut skipped: Option<Vec<usize>> = None;
    for column in columns {
        let column = decode_dictionary(column)?;
        let blank = blanks(&column);
        let found = match skipped {
            None => (0..rows).filter(|&row| blank(row)).collect(),
            Some(skipped) => skipped.into_iter().filter(|&row| blank(row)).collect::<Vec<_>>(),
        };
        let none_left = found.is_empty();
        skipped = Some(found);
        if none_left {
            break;
        }
    }
    let skipped = skipped.unwrap_or_default();
    // The caller has checked that rows fit.
    let mut kept = Vec::with_capacity(rows - skipped.len());
    let mut begin = 0;
    for &row in &skipped {
        kept.extend(begin..row as u32);
        begin = row as u32 + 1;
    }
    kept.extend(begin..rows as u32);
    Ok((kept, skipped))
}

/// Tells of each row of a column whether it is blank.
fn blanks(column: &ArrayRef) -> Box<dyn Fn(usize) -> bool + '_> {
    if let Some(texts) = Texts::of(column) {
        return Box::new(move |row| texts.content(row).is_none());
    }
    match column.data_type() {
        DataType::Null => Box::new(|_| true),
        DataType::Float16 => {
            let values = column.as_primitive::<Float16Type>();
            Box::new(|row| values.is_null(row) || values.value(row).is_nan())
        }
        DataType::Float32 => {
            let values = column.as_primitive::<Float32Type>();
            Box::new(|row| values.is_null(row) || values.value(row).is_nan())
        }
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>();
            Box::new(|row| values.is_null(row) || values.value(row).is_nan())
        }
        DataType::Timestamp(unit, _) => {
            let ticks = ticks_of(column, *unit);
            Box::new(move |row| column.is_null(row) || ticks[row] == NOT_A_TIME)
        }
        _ => Box::new(|row| column.is_null(row)),
    }
}

/// What each row's hours hold.
fn row_scales(
    column: &ArrayRef,
    units: &[(String, Scale)],
    rows: &[u32],
    name: &str,
    frame: &'static str,
) -> Result<Vec<Scale>> {
    let texts = Texts::of(column).ok_or_else(|| Error::ColumnType {
        column: name.to_owned(),
        frame,
        found: column.data_type().to_string(),
        wanted: "a unit of energy",
    })?;
    let mut offending = Offending::new(RowErrorKind::EnergyUnit);
    let mut scales = Vec::with_capacity(rows.len());
    for &row in rows {
        let text = texts.content(row as usize);
        match units.iter().find(|(unit, _)| text == Some(unit)) {
            Some((_, scale)) => scales.push(*scale),
            None => offending.push(row as usize, || texts.get(row as usize).map(str::to_owned)),
        }
    }
    offending.into_result(name, frame)?;
    Ok(scales)
}

/// The days and plants of the rows.
#[derive(Default)]
struct Keys {
    days: Days,
    plants: Plants,
}

/// What the parts of the long table are made from.
struct Task<'a> {
    rows: &'a [u32],
    date: &'a ArrayRef,
    names: NameColumns<'a>,
    cells: &'a [Cells<'a>],
    totals: Option<Cells<'a>>,
    /// What the hours of each row hold; empty where all rows hold the same.
    scales: &'a [Scale],
    options: Options<'a>,
}

/// A part of the work, to be done by any thread.
enum Part<'a> {
    Keys(&'a mut Result<Keys>),
    Values { first: usize, rows: &'a [u32], values: Places<'a, f64> },
}

/// What was found in some rows.
#[derive(Default)]
struct Found {
    hours: Tally,
    totals: Tally,
    missing: u64,
    infinite: bool,
    totals_checked: u64,
    total_mismatches: Vec<TotalMismatch>,
}

impl<'a> Task<'a> {
    /// The parts, the long one first.
    fn parts<'p>(&self, keys: &'p mut Result<Keys>, values: &'p mut Unwritten<f64>) -> Vec<Part<'p>>
    where
        'a: 'p,
    {
        let tasks = self.rows.chunks(ROWS_PER_TASK);
        let pieces = values.pieces(tasks.clone().map(|rows| rows.len() * HOURS));
        let tasks = tasks.zip(pieces).enumerate();
        let first = |task: usize| task * ROWS_PER_TASK;
        std::iter::once(Part::Keys(keys))
            .chain(tasks.map(|(task, (rows, values))| Part::Values {
                first: first(task),
                rows,
                values,
            }))
            .collect()
    }

    fn make(&self, part: Part<'_>) -> Found {
        let mut found = Found::default();
        match part {
            Part::Keys(keys) => *keys = self.read_keys(),
            Part::Values { mut first, rows, mut values } => {
                for rows in rows.chunks(ROWS_PER_BLOCK) {
                    self.write_values(first, rows, &mut values, &mut found);
                    first += rows.len();
                }
            }
        }
        found
    }

    fn read_keys(&self) -> Result<Keys> {
        let Options { date, frame, unique, .. } = self.options;
        let days = read_days(self.date, self.rows, date, frame)?;
        let plants = read_plants(self.names, self.rows, frame)?;
        if unique {
            plants.require_unique(&days, self.rows, date, frame)?;
        }
        Ok(Keys { days, plants })
    }

    /// Writes the values of some rows: a column is read as it lies in memory, and so is a row written.
    fn write_values(
        &self,
        first: usize,
        rows: &[u32],
        values: &mut Places<'_, f64>,
        found: &mut Found,
    ) {
        let mut place = [0.0; ROWS_PER_BLOCK];
        let mut kwh = [[0.0; ROWS_PER_BLOCK]; HOURS];
        let mut sums = [0.0; ROWS_PER_BLOCK];
        for (kwh, cells) in kwh.iter_mut().zip(self.cells) {
            let published = cells.read(rows, &mut place, &mut found.hours);
            found.infinite |= self.to_kwh(first, published, kwh);
            for (sum, kwh) in sums.iter_mut().zip(&kwh[..rows.len()]) {
                *sum += kwh;
            }
        }
        for row in (0..ROWS_PER_BLOCK).take(rows.len()) {
            let hours: [f64; HOURS] = std::array::from_fn(|hour| kwh[hour][row]);
            values.extend(&hours);
        }
        let mut observed = [HOURS as u64; ROWS_PER_BLOCK];
        if sums[..rows.len()].iter().any(|sum| sum.is_nan()) {
            (sums, observed) = sums_of_observed(&kwh);
        }
        let observed = &observed[..rows.len()];
        found.missing += (rows.len() * HOURS) as u64 - observed.iter().sum::<u64>();
        let Some(totals) = self.totals else { return };
        let published = totals.read(rows, &mut place, &mut found.totals);
        for (i, &published) in published.iter().enumerate() {
            found.infinite |= published.abs() > LARGEST_VALUE;
            if published.is_nan() || observed[i] == 0 {
                continue;
            }
            found.totals_checked += 1;
            let scale = self.scale(first + i);
            let total_scale = self.options.total_scale.unwrap_or(scale);
            let total = total_scale.to_kwh(published);
            let row = rows[i] as usize;
            let cells = self.cells.iter().map(|cells| cells.get(row, &mut Tally::default()));
            if totals::differs(sums[i], total, published, total_scale, cells, scale) {
                found.total_mismatches.push(TotalMismatch { row, hours: sums[i], total });
            }
        }
    }

    /// Brings an hour of some rows to kWh, and tells whether one is infinite or too large.
    fn to_kwh(&self, first: usize, published: &[f64], kwh: &mut [f64]) -> bool {
        // Loops that do one thing: the compiler makes several rows of them at once.
        match self.options.energy {
            // Dividing by one changes no bit, and takes as long as all the rest.
            Energy::Scale(Scale { multiply, divide: 1.0 }) => {
                for (kwh, value) in kwh.iter_mut().zip(published) {
                    *kwh = value * multiply;
                }
            }
            Energy::Scale(scale) => {
                for (kwh, &value) in kwh.iter_mut().zip(published) {
                    *kwh = scale.to_kwh(value);
                }
            }
            Energy::Column(..) => {
                for ((row, kwh), &value) in kwh.iter_mut().enumerate().zip(published) {
                    *kwh = self.scale(first + row).to_kwh(value);
                }
            }
        }
        published.iter().fold(false, |found, value| found | (value.abs() > LARGEST_VALUE))
    }

    /// What the hours of a row hold.
    fn scale(&self, place: usize) -> Scale {
        match self.options.energy {
            Energy::Scale(scale) => scale,
            Energy::Column(..) => self.scales.get(place).copied().unwrap_or(Scale::NONE),
        }
    }
}

/// The sums of the hours of each row that are there, and how many there are.
fn sums_of_observed(
    kwh: &[[f64; ROWS_PER_BLOCK]; HOURS],
) -> ([f64; ROWS_PER_BLOCK], [u64; ROWS_PER_BLOCK]) {
    let (mut sums, mut observed) = ([0.0; ROWS_PER_BLOCK], [0; ROWS_PER_BLOCK]);
    for kwh in kwh {
        for ((sum, observed), &kwh) in sums.iter_mut().zip(&mut observed).zip(kwh) {
            *sum += if kwh.is_nan() { 0.0 } else { kwh };
            *observed += u64::from(!kwh.is_nan());
        }
    }
    (sums, observed)
}
