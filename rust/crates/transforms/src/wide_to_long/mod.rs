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
use crate::memory::zeros;
use crate::numbers::LARGEST_VALUE;
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
const ROWS_PER_TASK: usize = 4_096;
/// Rows whose cells are read together: their values stay in the cache.
const ROWS_PER_BLOCK: usize = 128;

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

    let days = read_days(date, &rows, options.date, options.frame)?;
    let name_columns = NameColumns {
        plant: options.plant.zip(plant),
        unit: options.unit.zip(unit),
        constant: options.plant_name,
    };
    let plants = read_plants(name_columns, &rows, options.frame)?;
    if options.unique {
        plants.require_unique(&days, &rows, options.date, options.frame)?;
    }

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
    // What stands in an hour is at fault before what stands in the column of units.
    let task = Task {
        days: &days,
        rows: &rows,
        cells: &cells,
        totals,
        scales: scales.as_deref().unwrap_or(&[]),
        options,
    };
    let mut ticks = zeros(rows.len() * HOURS);
    let mut values = zeros(rows.len() * HOURS);
    let made =
        parallel::map(values.len(), task.parts(&plants, &keep, &mut ticks, &mut values), |part| {
            task.make(part)
        });

    let mut report = Report { rows_skipped, ..Default::default() };
    let mut columns = Vec::with_capacity(1 + keep.len());
    let mut infinite = false;
    for made in made {
        match made {
            Made::Column(column) => columns.push(column?),
            Made::Hours(found) => {
                infinite |= found.infinite;
                report.coerced += found.coerced;
                report.missing += found.missing;
                report.totals_checked += found.totals_checked;
                report.total_mismatches.extend(found.total_mismatches);
            }
        }
    }
    if infinite || scales.is_err() {
        for (name, cells) in options.hours.iter().zip(&cells) {
            cells.require_finite(&rows, name, options.frame)?;
        }
    }
    scales?;
    if let (true, Some(totals), Some(name)) = (infinite, totals, options.total) {
        totals.require_finite(&rows, name, options.frame)?;
    }
    let plant_name = columns.remove(0);
    Ok(Long { ticks, unit: days.unit, plant_name, values, keep: columns, report })
}

/// The rows with content in any of the columns, and those without.
fn rows_with_content(columns: &[&ArrayRef], rows: usize) -> Result<(Vec<u32>, Vec<usize>)> {
    let (dictionaries, plain): (Vec<&ArrayRef>, Vec<&ArrayRef>) =
        columns.iter().partition(|column| matches!(column.data_type(), DataType::Dictionary(..)));
    let empty = |row: &usize| plain.iter().all(|column| is_blank(column, *row));
    let mut skipped: Vec<usize> = (0..rows).filter(empty).collect();
    for column in dictionaries {
        if !skipped.is_empty() {
            let column = decode_dictionary(column)?;
            skipped.retain(|&row| is_blank(&column, row));
        }
    }
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

fn is_blank(column: &ArrayRef, row: usize) -> bool {
    if let Some(texts) = Texts::of(column) {
        return texts.content(row).is_none();
    }
    column.is_null(row)
        || match column.data_type() {
            DataType::Null => true,
            DataType::Float16 => column.as_primitive::<Float16Type>().value(row).is_nan(),
            DataType::Float32 => column.as_primitive::<Float32Type>().value(row).is_nan(),
            DataType::Float64 => column.as_primitive::<Float64Type>().value(row).is_nan(),
            DataType::Timestamp(unit, _) => ticks_of(column, *unit)[row] == NOT_A_TIME,
            _ => false,
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

/// What the parts of the long table are made from.
struct Task<'a> {
    days: &'a Days,
    rows: &'a [u32],
    cells: &'a [Cells<'a>],
    totals: Option<Cells<'a>>,
    /// What the hours of each row hold; empty where all rows hold the same.
    scales: &'a [Scale],
    options: Options<'a>,
}

/// A part of the long table, to be made by any thread.
enum Part<'a> {
    Names(&'a Plants),
    Kept(&'a ArrayRef),
    Hours { first: usize, ticks: &'a mut [i64], values: &'a mut [f64] },
}

enum Made {
    Column(Result<ArrayRef>),
    Hours(Found),
}

/// What was found in some rows.
#[derive(Default)]
struct Found {
    coerced: u64,
    missing: u64,
    infinite: bool,
    totals_checked: u64,
    total_mismatches: Vec<TotalMismatch>,
}

impl<'a> Task<'a> {
    /// The parts, long ones first.
    fn parts<'p>(
        &self,
        plants: &'p Plants,
        keep: &[&'p ArrayRef],
        ticks: &'p mut [i64],
        values: &'p mut [f64],
    ) -> Vec<Part<'p>> {
        let chunk = ROWS_PER_TASK * HOURS;
        let hours = ticks.chunks_mut(chunk).zip(values.chunks_mut(chunk)).enumerate();
        std::iter::once(Part::Names(plants))
            .chain(keep.iter().map(|column| Part::Kept(column)))
            .chain(hours.map(|(task, (ticks, values))| Part::Hours {
                first: task * ROWS_PER_TASK,
                ticks,
                values,
            }))
            .collect()
    }

    fn make(&self, part: Part<'_>) -> Made {
        match part {
            Part::Names(plants) => Made::Column(repeated_names(plants, self.options.text_type)),
            Part::Kept(column) => Made::Column(repeated(column, self.rows)),
            Part::Hours { first, ticks, values } => {
                self.write_ticks(first, ticks);
                let mut found = Found::default();
                for (block, values) in values.chunks_mut(ROWS_PER_BLOCK * HOURS).enumerate() {
                    self.write_values(first + block * ROWS_PER_BLOCK, values, &mut found);
                }
                Made::Hours(found)
            }
        }
    }

    fn write_ticks(&self, first: usize, ticks: &mut [i64]) {
        let hour = self.days.ticks_per_hour();
        let shift = if self.options.label_end { hour } else { 0 };
        for (day, ticks) in self.days.ticks[first..].iter().zip(ticks.chunks_exact_mut(HOURS)) {
            let mut tick = day + shift;
            for place in ticks {
                *place = tick;
                tick += hour;
            }
        }
    }

    /// Writes the values of some rows, hour after hour: a column lies in memory as it is read.
    fn write_values(&self, first: usize, values: &mut [f64], found: &mut Found) {
        let rows = &self.rows[first..first + values.len() / HOURS];
        let (mut place, mut kwh) = ([0.0; ROWS_PER_BLOCK], [0.0; ROWS_PER_BLOCK]);
        let (mut sums, mut observed) = ([0.0; ROWS_PER_BLOCK], [0u64; ROWS_PER_BLOCK]);
        let scales: [Scale; ROWS_PER_BLOCK] = std::array::from_fn(|row| self.scale(first + row));
        for (hour, cells) in self.cells.iter().enumerate() {
            let (published, coerced) = cells.read(rows, &mut place);
            found.coerced += coerced;
            // Short loops that do one thing each: the compiler makes several rows of them at once.
            for ((kwh, &value), scale) in kwh.iter_mut().zip(published).zip(&scales) {
                *kwh = scale.to_kwh(value);
            }
            let kwh = &kwh[..rows.len()];
            for ((sum, observed), &kwh) in sums.iter_mut().zip(&mut observed).zip(kwh) {
                *sum += if kwh.is_nan() { 0.0 } else { kwh };
                *observed += u64::from(!kwh.is_nan());
            }
            found.infinite |=
                published.iter().fold(false, |found, value| found | (value.abs() > LARGEST_VALUE));
            for (row, &kwh) in values.chunks_exact_mut(HOURS).zip(kwh) {
                row[hour] = kwh;
            }
        }
        let observed = &observed[..rows.len()];
        found.missing += (rows.len() * HOURS) as u64 - observed.iter().sum::<u64>();
        let Some(totals) = self.totals else { return };
        let (published, _) = totals.read(rows, &mut place);
        for (i, &published) in published.iter().enumerate() {
            found.infinite |= published.abs() > LARGEST_VALUE;
            if published.is_nan() || observed[i] == 0 {
                continue;
            }
            found.totals_checked += 1;
            let total_scale = self.options.total_scale.unwrap_or(scales[i]);
            let total = total_scale.to_kwh(published);
            let row = rows[i] as usize;
            let cells = self.cells.iter().map(|cells| cells.get(row).0);
            if totals::differs(sums[i], total, published, total_scale, cells, scales[i]) {
                found.total_mismatches.push(TotalMismatch { row, hours: sums[i], total });
            }
        }
    }

    /// What the hours of a row hold.
    fn scale(&self, place: usize) -> Scale {
        match self.options.energy {
            Energy::Scale(scale) => scale,
            Energy::Column(..) => self.scales.get(place).copied().unwrap_or(Scale::NONE),
        }
    }
}
