//! One row per station and step of the grid.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::LargeStringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, RecordBatch, RecordBatchOptions,
    UInt32Array, downcast_primitive_array,
};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use arrow_select::take::take;

use crate::calendar::{format_stamp, ticks_per_second};
use crate::error::{Error, Result, RowErrorKind};
use crate::keys::{KeyColumns, Keys};
use crate::memory::{bytes_of, require_memory};
use crate::numbers::to_float64;
use crate::parallel;
use crate::stations::decode_dictionary;
use crate::texts::{Texts, of_text_type};

/// The most rows a result may have.
pub const MOST_ROWS: u64 = 1 << 29;

/// How new stamps are written beside texts, unless the caller says it.
pub const STAMP_FORM: &str = "YYYY-MM-DD hh:mm:ss";

/// How to complete.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The key columns of the frame.
    pub keys: KeyColumns<'a>,
    /// The step of the grid; it divides a day.
    pub step_seconds: i64,
    /// The most seconds without rows that get some; None for any.
    pub max_gap_seconds: Option<i64>,
    /// How new stamps are written where the stamps are texts: `STAMP_FORM` in any order, with any other characters.
    pub stamp_form: &'a str,
    /// Columns that inserted rows take over from the row before; None for those that are constant
    /// within the station.
    pub carry: Option<&'a [String]>,
}

impl<'a> Options<'a> {
    /// A row per hour, however many are absent; of the other columns those are carried that are constant.
    pub const fn hourly(keys: KeyColumns<'a>) -> Self {
        Self {
            keys,
            step_seconds: 3_600,
            max_gap_seconds: None,
            stamp_form: STAMP_FORM,
            carry: None,
        }
    }
}

/// Hours without rows that are too many to get some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// The station.
    pub station: String,
    /// Its last stamp before.
    pub before: String,
    /// Its first stamp after.
    pub after: String,
}

/// Bytes per row of the following.
const BYTES_OF_GRID: usize = 24;

/// Where each row of the result comes from.
struct Grid {
    /// The input row that stands there, or, where none does, the last one before it.
    source: ScalarBuffer<u32>,
    /// Which rows are not new.
    present: BooleanBuffer,
    /// The instants.
    instants: Vec<i64>,
    /// The stamps as the station's clock shows them.
    wall_clock: Vec<i64>,
    /// For each station, its rows in the result.
    blocks: Vec<Range<usize>>,
    absences: Vec<Absence>,
}

/// Inserts the absent rows and tells where there are too many; the wall-clock column, where there is one, is left out
/// of the result.
///
/// # Errors
///
/// Where a key is missing or cannot be read, stamps lie between the steps of the grid, two different rows share station
/// and stamp, or the result would be out of proportion to the frame.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// # use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray};
/// use station_hours::KeyColumns;
/// use station_hours::complete_hours::{Options, complete_hours};
///
/// let times = StringArray::from(vec!["2024-01-01 00:00", "2024-01-01 03:00"]);
/// let frame = RecordBatch::try_from_iter([
///     ("station", Arc::new(StringArray::from(vec!["Seoul", "Seoul"])) as ArrayRef),
///     ("time", Arc::new(times) as ArrayRef),
///     ("temperature", Arc::new(Float64Array::from(vec![1.5, 2.5])) as ArrayRef),
/// ])?;
/// let keys = KeyColumns::new("station", "time");
///
/// let (completed, absences) = complete_hours(&frame, Options::hourly(keys))?;
/// assert_eq!(completed.num_rows(), 4);
/// assert!(completed.column(2).is_null(1));
///
/// let at_most_an_hour = Options { max_gap_seconds: Some(3_600), ..Options::hourly(keys) };
/// let (completed, absences) = complete_hours(&frame, at_most_an_hour)?;
/// assert_eq!((completed.num_rows(), absences.len()), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn complete_hours(
    frame: &RecordBatch,
    options: Options<'_>,
) -> Result<(RecordBatch, Vec<Absence>)> {
    let keys = Keys::read(frame, options.keys)?;
    require_on_grid(&keys, options)?;
    let rows = distinct_rows(frame, &keys, options.keys)?;
    let grid = lay_grid(&keys, &rows, options.step_seconds, options.max_gap_seconds)?;
    let any_inserted = grid.present.count_set_bits() < grid.source.len();

    let everywhere = UInt32Array::new(grid.source.clone(), None);
    let observed =
        UInt32Array::new(grid.source.clone(), Some(NullBuffer::new(grid.present.clone())));
    let kept = |fields: &Field| Some(fields.name().as_str()) != options.keys.wall_clock;
    let schema = frame.schema();
    let columns: Vec<(usize, &Arc<Field>)> =
        schema.fields().iter().enumerate().filter(|(_, field)| kept(field)).collect();
    let bytes: usize = columns.iter().map(|(index, _)| bytes_of(frame.column(*index))).sum();
    require_memory(bytes.saturating_mul(grid.source.len()) / frame.num_rows().max(1))?;
    let size = grid.source.len() * columns.len();
    let arrays = parallel::map(size, columns.iter().collect(), |(index, field)| {
        let array = frame.column(*index);
        if field.name() == options.keys.date {
            return stamps(array, &everywhere, &grid, keys.unit, options.stamp_form);
        }
        let carried = match options.carry {
            _ if !any_inserted || field.name() == options.keys.station => true,
            Some(carry) => carry.contains(field.name()),
            None => {
                let carried = constant_stations(array, &keys)?;
                return Ok(take(array, &rows_or_missing(&grid, &carried), None)?);
            }
        };
        let rows = if carried { &everywhere } else { &observed };
        Ok(take(array, rows, None)?)
    });
    let arrays = arrays.into_iter().collect::<Result<Vec<_>>>()?;
    let fields: Vec<_> = columns
        .iter()
        .zip(&arrays)
        .map(|((_, field), array)| {
            field.as_ref().clone().with_nullable(field.is_nullable() || array.null_count() > 0)
        })
        .collect();
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    let options = RecordBatchOptions::new().with_row_count(Some(grid.source.len()));
    let completed = RecordBatch::try_new_with_options(Arc::new(schema), arrays, &options)?;
    Ok((completed, grid.absences))
}

fn require_on_grid(keys: &Keys, options: Options<'_>) -> Result<()> {
    let step = options.step_seconds * ticks_per_second(keys.unit);
    let mut off = Vec::new();
    for block in &keys.blocks {
        let first = keys.instants.get(block.start).copied().unwrap_or_default();
        let mut on_grid = false;
        let mut before = None;
        for row in block.clone() {
            let stamp = keys.wall_clock[row];
            // Most stamps are a step after one that was looked at: only the others need a division.
            if before.is_none_or(|before: i64| stamp.wrapping_sub(before) != step) {
                on_grid = stamp % step == 0;
            }
            before = Some(stamp);
            // A change of the zone's offset can part two stamps by less than a step.
            let parted = options.keys.wall_clock.is_some()
                && (i128::from(keys.instants[row]) - i128::from(first)) % i128::from(step) != 0;
            if !on_grid || parted {
                off.push(row);
            }
        }
    }
    keys.rows_error(RowErrorKind::OffGrid, off, options.keys)
}

/// Each station's rows in time order, identical ones collapsed into the first; different ones are an error.
fn distinct_rows(
    frame: &RecordBatch,
    keys: &Keys,
    columns: KeyColumns<'_>,
) -> Result<Vec<Vec<Range<usize>>>> {
    if !keys.has_repeats {
        return Ok(keys.blocks.iter().map(|block| vec![block.clone()]).collect());
    }
    let comparators = frame
        .schema()
        .fields()
        .iter()
        .zip(frame.columns())
        .filter(|(field, _)| {
            field.name() != columns.date && Some(field.name().as_str()) != columns.wall_clock
        })
        .map(|(_, array)| same_value(array))
        .collect::<Result<Vec<_>>>()?;
    let mut distinct = Vec::with_capacity(keys.blocks.len());
    let mut conflicting = Vec::new();
    for block in &keys.blocks {
        let mut rows: Vec<Range<usize>> = Vec::new();
        let mut row = block.start;
        while row < block.end {
            let group = keys.instants[row..block.end]
                .iter()
                .take_while(|&&instant| instant == keys.instants[row])
                .count();
            let first = keys.frame_row(row);
            let same = |other: usize| comparators.iter().all(|same| same(first, other));
            if !(row + 1..row + group).all(|other| same(keys.frame_row(other))) {
                conflicting.extend(row..row + group);
            }
            match rows.last_mut() {
                Some(last) if last.end == row => last.end += 1,
                _ => rows.push(row..row + 1),
            }
            row += group;
        }
        distinct.push(rows);
    }
    keys.rows_error(RowErrorKind::Conflict, conflicting, columns)?;
    Ok(distinct)
}

/// Rows of which each is a step after the one before, and how many are inserted behind the last.
struct Run {
    rows: Range<usize>,
    absent: u64,
}

fn lay_grid(
    keys: &Keys,
    distinct: &[Vec<Range<usize>>],
    step_seconds: i64,
    max_gap_seconds: Option<i64>,
) -> Result<Grid> {
    let step = step_seconds * ticks_per_second(keys.unit);
    let most_steps = max_gap_seconds
        .map_or(u64::MAX, |seconds| (seconds / step_seconds).unsigned_abs().saturating_add(1));
    let mut runs: Vec<Run> = Vec::new();
    let mut blocks = Vec::with_capacity(distinct.len());
    let mut absences = Vec::new();
    let mut total = 0u64;
    for (station, ranges) in distinct.iter().enumerate() {
        let (begin, first_run) = (total, runs.len());
        for range in ranges {
            let mut row = range.start;
            while row < range.end {
                if let Some(before) = runs[first_run..].last_mut() {
                    let last = before.rows.end - 1;
                    let steps =
                        keys.instants[row].abs_diff(keys.instants[last]) / step.unsigned_abs();
                    if steps <= most_steps {
                        before.absent = steps - 1;
                        total = total.saturating_add(before.absent);
                    } else {
                        absences.push(Absence {
                            station: keys.names[station].to_string(),
                            before: format_stamp(keys.wall_clock[last], keys.unit),
                            after: format_stamp(keys.wall_clock[row], keys.unit),
                        });
                    }
                }
                let follows = |pair: &&[i64]| pair[1].wrapping_sub(pair[0]) == step;
                let later = keys.instants[row..range.end].windows(2).take_while(follows).count();
                runs.push(Run { rows: row..row + 1 + later, absent: 0 });
                row += 1 + later;
                total = total.saturating_add(1 + later as u64);
            }
        }
        if total > begin {
            blocks.push(begin as usize..total as usize);
        }
    }
    if total > MOST_ROWS {
        return Err(Error::TooManyRows(total));
    }
    let total = total as usize;
    require_memory(total * BYTES_OF_GRID)?;
    let mut source = Vec::with_capacity(total);
    let mut present = BooleanBufferBuilder::new(total);
    let mut instants = Vec::with_capacity(total);
    let mut wall_clock = Vec::with_capacity(total);
    for Run { rows, absent } in runs {
        // The caller has checked that rows fit.
        match &keys.order {
            Some(order) => source.extend_from_slice(&order[rows.clone()]),
            None => source.extend(rows.start as u32..rows.end as u32),
        }
        present.append_n(rows.len(), true);
        instants.extend_from_slice(&keys.instants[rows.clone()]);
        wall_clock.extend_from_slice(&keys.wall_clock[rows.clone()]);

        let (last, absent) = (rows.end - 1, absent as usize);
        source.extend(std::iter::repeat_n(keys.frame_row(last) as u32, absent));
        present.append_n(absent, false);
        let later = |ticks: i64| (1..=absent as i64).map(move |steps| ticks + steps * step);
        instants.extend(later(keys.instants[last]));
        wall_clock.extend(later(keys.wall_clock[last]));
    }
    Ok(Grid {
        source: source.into(),
        present: present.finish(),
        instants,
        wall_clock,
        blocks,
        absences,
    })
}

/// The source rows, missing where a row is new and its station does not carry the column.
fn rows_or_missing(grid: &Grid, carried: &[bool]) -> UInt32Array {
    let mut present = BooleanBufferBuilder::new(grid.source.len());
    for (block, &carried) in grid.blocks.iter().zip(carried) {
        if carried {
            present.append_n(block.len(), true);
        } else {
            present.append_buffer(&grid.present.slice(block.start, block.len()));
        }
    }
    UInt32Array::new(grid.source.clone(), Some(NullBuffer::new(present.finish())))
}

fn constant_stations(array: &ArrayRef, keys: &Keys) -> Result<Vec<bool>> {
    let same = same_value(array)?;
    let constant = |block: &Range<usize>| {
        let first = keys.frame_row(block.start);
        block.clone().all(|row| same(first, keys.frame_row(row)))
    };
    Ok(keys.blocks.iter().map(constant).collect())
}

type SameValue = Box<dyn Fn(usize, usize) -> bool + Send + Sync>;

macro_rules! same_in {
    ($values:expr) => {{
        let values = $values.clone();
        if values.null_count() == 0 {
            Box::new(move |left, right| values.value(left) == values.value(right)) as SameValue
        } else {
            Box::new(move |left, right| match (values.is_valid(left), values.is_valid(right)) {
                (true, true) => values.value(left) == values.value(right),
                (left, right) => left == right,
            })
        }
    }};
}

/// Whether two rows of a column hold the same value; missing ones, null or NaN, are the same.
fn same_value(array: &ArrayRef) -> Result<SameValue> {
    let floats = array.data_type().is_floating().then(|| to_float64(array)).flatten();
    if let Some(values) = floats {
        return Ok(Box::new(move |left, right| {
            let value = |row: usize| {
                values.is_valid(row).then(|| values.value(row)).filter(|value| !value.is_nan())
            };
            value(left) == value(right)
        }));
    }
    Ok(downcast_primitive_array!(
        array => same_in!(array),
        DataType::Null => Box::new(|_, _| true),
        DataType::Boolean => same_in!(array.as_boolean()),
        DataType::Utf8 => same_in!(array.as_string::<i32>()),
        DataType::LargeUtf8 => same_in!(array.as_string::<i64>()),
        DataType::Utf8View => same_in!(array.as_string_view()),
        DataType::Binary => same_in!(array.as_binary::<i32>()),
        DataType::LargeBinary => same_in!(array.as_binary::<i64>()),
        DataType::BinaryView => same_in!(array.as_binary_view()),
        DataType::FixedSizeBinary(_) => same_in!(array.as_fixed_size_binary()),
        DataType::Dictionary(_, values) if !values.is_nested() => same_value(&decode_dictionary(array)?)?,
        _ => {
            let data = array.to_data();
            Box::new(move |left, right| data.slice(left, 1) == data.slice(right, 1))
        }
    ))
}

/// The stamps of the result in the type of the input; new texts in a form.
fn stamps(
    array: &ArrayRef,
    everywhere: &UInt32Array,
    grid: &Grid,
    unit: TimeUnit,
    form: &str,
) -> Result<ArrayRef> {
    if let DataType::Timestamp(_, zone) = array.data_type() {
        let instants = grid.instants.clone();
        let zone = zone.clone();
        return Ok(match unit {
            TimeUnit::Second => timestamps::<TimestampSecondType>(instants, zone),
            TimeUnit::Millisecond => timestamps::<TimestampMillisecondType>(instants, zone),
            TimeUnit::Microsecond => timestamps::<TimestampMicrosecondType>(instants, zone),
            TimeUnit::Nanosecond => timestamps::<TimestampNanosecondType>(instants, zone),
        });
    }
    let decoded = decode_dictionary(array)?;
    let Some(texts) = Texts::of(&decoded) else { return Ok(take(array, everywhere, None)?) };
    let mut result =
        LargeStringBuilder::with_capacity(grid.source.len(), grid.source.len() * form.len());
    for (row, &source) in grid.source.iter().enumerate() {
        if grid.present.value(row) {
            result.append_option(texts.get(source as usize));
        } else {
            result.append_value(in_form(grid.wall_clock[row], unit, form));
        }
    }
    of_text_type(result.finish(), array.data_type())
}

fn timestamps<T>(instants: Vec<i64>, zone: Option<Arc<str>>) -> ArrayRef
where
    T: arrow_array::types::ArrowTimestampType + ArrowPrimitiveType<Native = i64>,
{
    Arc::new(PrimitiveArray::<T>::new(instants.into(), None).with_timezone_opt(zone))
}

/// A stamp in a form.
fn in_form(ticks: i64, unit: TimeUnit, form: &str) -> String {
    let full = format_stamp(ticks, unit);
    let parts = [
        ("YYYY", 0..4),
        ("MM", 5..7),
        ("DD", 8..10),
        ("hh", 11..13),
        ("mm", 14..16),
        ("ss", 17..19),
    ];
    parts
        .into_iter()
        .fold(form.to_owned(), |text, (letters, place)| text.replace(letters, &full[place]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Float64Array, Int64Array, StringArray};

    const KEYS: KeyColumns<'_> = KeyColumns::new("stnNm", "tm");
    const HOURLY: Options<'_> = Options::hourly(KEYS);

    fn frame(rows: &[(&str, &str, i64, Option<f64>)]) -> Result<RecordBatch> {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("stnNm", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0)))),
            ("tm", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.1)))),
            ("stnId", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.2)))),
            ("ta", Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.3)))),
        ];
        Ok(RecordBatch::try_from_iter(columns)?)
    }

    #[test]
    fn absent_hours_are_inserted_with_the_stations_constants() -> Result<()> {
        let input = frame(&[
            ("b", "2024-01-01T02:00", 7, Some(2.0)),
            ("a", "2024-01-01T05:00", 8, None),
            ("b", "2023-12-31T23:00", 7, Some(1.0)),
        ])?;
        let expected = frame(&[
            ("b", "2023-12-31T23:00", 7, Some(1.0)),
            ("b", "2024-01-01T00:00", 7, None),
            ("b", "2024-01-01T01:00", 7, None),
            ("b", "2024-01-01T02:00", 7, Some(2.0)),
            ("a", "2024-01-01T05:00", 8, None),
        ])?;
        let with_t = Options { stamp_form: "YYYY-MM-DDThh:mm", ..HOURLY };
        assert_eq!(complete_hours(&input, with_t)?.0.columns(), expected.columns());
        Ok(())
    }

    #[test]
    fn identical_rows_collapse_and_different_ones_are_named() -> Result<()> {
        let row = ("a", "202401010000", 7, Some(1.0));
        assert_eq!(complete_hours(&frame(&[row, row])?, HOURLY)?.0.num_rows(), 1);
        let conflict = frame(&[row, ("a", "2024-01-01 00:00", 7, Some(2.0))])?;
        let Err(Error::Rows(error)) = complete_hours(&conflict, HOURLY) else {
            panic!("the rows differ")
        };
        assert_eq!((error.kind, error.rows), (RowErrorKind::Conflict, vec![0, 1]));
        Ok(())
    }

    #[test]
    fn a_long_absence_gets_no_rows_and_is_told() -> Result<()> {
        let input = frame(&[
            ("a", "2024-01-01 00:00", 7, Some(1.0)),
            ("a", "2024-01-01 03:00", 7, Some(2.0)),
            ("a", "2050-01-01 00:00", 7, Some(3.0)),
        ])?;
        let two_hours = Options { max_gap_seconds: Some(2 * 3_600), ..HOURLY };
        let (completed, absences) = complete_hours(&input, two_hours)?;
        assert_eq!(completed.num_rows(), 5);
        let expected = Absence {
            station: "a".to_owned(),
            before: "2024-01-01 03:00:00".to_owned(),
            after: "2050-01-01 00:00:00".to_owned(),
        };
        assert_eq!(absences, [expected]);
        let (completed, absences) =
            complete_hours(&input, Options { max_gap_seconds: Some(2 * 3_600 - 1), ..HOURLY })?;
        assert_eq!((completed.num_rows(), absences.len()), (3, 2));
        Ok(())
    }

    #[test]
    fn a_stamp_between_two_steps_is_an_error() -> Result<()> {
        let input = frame(&[("a", "2024-01-01 12:07", 7, None)])?;
        assert!(
            matches!(complete_hours(&input, HOURLY), Err(Error::Rows(e)) if e.kind == RowErrorKind::OffGrid)
        );
        Ok(())
    }

    #[test]
    fn inserted_texts_have_the_form_that_is_asked_for() -> Result<()> {
        let input =
            frame(&[("a", "2024-01-01T00:00", 7, None), ("a", "2024-01-01T00:01", 7, None)])?;
        for (stamp_form, inserted) in [
            (STAMP_FORM, "2024-01-01 00:00:30"),
            ("YYYY/MM/DDThh:mm:ss.0", "2024/01/01T00:00:30.0"),
            ("YYYYMMDDhhmmss", "20240101000030"),
        ] {
            let half_minutes = Options { step_seconds: 30, stamp_form, ..HOURLY };
            let (completed, _) = complete_hours(&input, half_minutes)?;
            assert_eq!(completed.column(1).as_string::<i32>().value(1), inserted);
        }
        Ok(())
    }

    #[test]
    fn a_span_beyond_memory_is_refused() -> Result<()> {
        let input =
            frame(&[("a", "0001-01-01 00:00", 7, None), ("a", "9999-01-01 00:00", 7, None)])?;
        let every_second = Options { step_seconds: 1, ..HOURLY };
        assert!(matches!(complete_hours(&input, every_second), Err(Error::TooManyRows(_))));
        Ok(())
    }
}
