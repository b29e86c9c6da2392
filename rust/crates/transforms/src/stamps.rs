//! Time stamp columns as ticks of one unit.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, TimeUnit};

use crate::calendar::{days_from_date, days_in_month};
use crate::error::{Error, Offending, Result, RowErrorKind};
use crate::parallel;
use crate::stations::decode_dictionary;
use crate::texts::trimmed;

/// NaT as NumPy writes it; it reaches the kernels where a frame's memory is taken as it is.
pub(crate) const NOT_A_TIME: i64 = i64::MIN;
/// Texts that one thread parses at a time.
const ROWS_PER_TASK: usize = 16_384;

/// Time stamps, none of them null.
#[derive(Debug, Clone)]
pub struct Stamps {
    /// Ticks since 1970-01-01, row by row.
    pub ticks: ScalarBuffer<i64>,
    /// The unit of the ticks.
    pub unit: TimeUnit,
}

impl Stamps {
    /// The same stamps in a finer unit; None where one does not fit.
    pub fn in_unit(&self, unit: TimeUnit) -> Option<Self> {
        let factor =
            crate::calendar::ticks_per_second(unit) / crate::calendar::ticks_per_second(self.unit);
        if factor == 1 {
            return Some(self.clone());
        }
        let ticks =
            self.ticks.iter().map(|tick| tick.checked_mul(factor)).collect::<Option<_>>()?;
        Some(Self { ticks, unit })
    }
}

/// Reads a column of time stamps or of texts; a null or unreadable one is an error.
pub fn read_stamps(column: &ArrayRef, name: &str, frame: &'static str) -> Result<Stamps> {
    let column = decode_dictionary(column)?;
    match column.data_type() {
        DataType::Timestamp(unit, _) => {
            let ticks = ticks_of(&column, *unit);
            require_present(&column, &ticks, name, frame)?;
            Ok(Stamps { ticks, unit: *unit })
        }
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            parse_all(texts.len(), |row| texts.is_valid(row).then(|| texts.value(row)), name, frame)
        }
        DataType::LargeUtf8 => {
            let texts = column.as_string::<i64>();
            parse_all(texts.len(), |row| texts.is_valid(row).then(|| texts.value(row)), name, frame)
        }
        DataType::Utf8View => {
            let texts = column.as_string_view();
            parse_all(texts.len(), |row| texts.is_valid(row).then(|| texts.value(row)), name, frame)
        }
        other => Err(Error::ColumnType {
            column: name.to_owned(),
            frame,
            found: other.to_string(),
            wanted: "a time stamp",
        }),
    }
}

pub(crate) fn ticks_of(column: &ArrayRef, unit: TimeUnit) -> ScalarBuffer<i64> {
    match unit {
        TimeUnit::Second => column.as_primitive::<TimestampSecondType>().values().clone(),
        TimeUnit::Millisecond => column.as_primitive::<TimestampMillisecondType>().values().clone(),
        TimeUnit::Microsecond => column.as_primitive::<TimestampMicrosecondType>().values().clone(),
        TimeUnit::Nanosecond => column.as_primitive::<TimestampNanosecondType>().values().clone(),
    }
}

fn require_present(
    column: &ArrayRef,
    ticks: &[i64],
    name: &str,
    frame: &'static str,
) -> Result<()> {
    if column.null_count() == 0 && !ticks.contains(&NOT_A_TIME) {
        return Ok(());
    }
    let mut offending = Offending::new(RowErrorKind::Stamp);
    for (row, &tick) in ticks.iter().enumerate() {
        if column.is_null(row) || tick == NOT_A_TIME {
            offending.push(row, || None);
        }
    }
    offending.into_result(name, frame)
}

fn parse_all<'a>(
    rows: usize,
    text: impl Fn(usize) -> Option<&'a str> + Sync,
    name: &str,
    frame: &'static str,
) -> Result<Stamps> {
    let mut ticks = vec![NOT_A_TIME; rows];
    let tasks = ticks.chunks_mut(ROWS_PER_TASK).enumerate().collect();
    parallel::map(rows, tasks, |(task, chunk)| {
        let mut parser = StampParser::default();
        for (i, tick) in chunk.iter_mut().enumerate() {
            if let Some(seconds) = text(task * ROWS_PER_TASK + i).and_then(|text| parser.read(text))
            {
                *tick = seconds;
            }
        }
    });
    if ticks.contains(&NOT_A_TIME) {
        let mut offending = Offending::new(RowErrorKind::Stamp);
        for row in (0..rows).filter(|&row| ticks[row] == NOT_A_TIME) {
            offending.push(row, || text(row).map(str::to_owned));
        }
        offending.into_result(name, frame)?;
    }
    Ok(Stamps { ticks: ticks.into(), unit: TimeUnit::Second })
}

/// Parses stamps one after the other; the date of one is mostly that of the one before.
#[derive(Default)]
pub(crate) struct StampParser {
    date: [u8; 10],
    seconds: i64,
}

impl StampParser {
    /// Seconds since 1970-01-01 of a stamp in any of the forms that people and programs write.
    fn read(&mut self, text: &str) -> Option<i64> {
        self.parse(text.as_bytes())
            .or_else(|| self.date_and_clock(text).map(|(date, clock)| date + clock))
    }

    /// The beginning of a day, in seconds since 1970-01-01; None where the stamp is of another hour.
    pub(crate) fn midnight(&mut self, text: &str) -> Option<i64> {
        self.date_and_clock(text).filter(|&(_, clock)| clock == 0).map(|(date, _)| date)
    }

    /// Seconds since 1970-01-01 of the date, and seconds of the clock: a date alone is midnight, and 24:00 the next
    /// one.
    fn date_and_clock(&mut self, text: &str) -> Option<(i64, i64)> {
        let (date, clock) = match trimmed(text).as_bytes() {
            [y1, y2, y3, y4, mark @ (b'-' | b'/' | b'.'), rest @ ..] => {
                let ([m1, m2], rest) = one_or_two_digits(rest)?;
                let ([d1, d2], rest) = one_or_two_digits(rest.strip_prefix(&[*mark])?)?;
                let clock = if rest.is_empty() { 0 } else { marked_clock(rest)? };
                ([*y1, *y2, *y3, *y4, b'-', m1, m2, b'-', d1, d2], clock)
            }
            [y1, y2, y3, y4, m1, m2, d1, d2, rest @ ..] => {
                let clock = match *rest {
                    [] => 0,
                    [h1, h2] => clock_or_end([h1, h2, b'0', b'0'], 0)?,
                    [h1, h2, m1, m2] => clock_or_end([h1, h2, m1, m2], 0)?,
                    [h1, h2, m1, m2, s1, s2] if h1.is_ascii_digit() => {
                        clock_or_end([h1, h2, m1, m2], sixty(s1, s2)?)?
                    }
                    _ => marked_clock(rest)?,
                };
                ([*y1, *y2, *y3, *y4, b'-', *m1, *m2, b'-', *d1, *d2], clock)
            }
            _ => return None,
        };
        Some((self.date_seconds(&date)?, clock))
    }

    /// Seconds since 1970-01-01 of `YYYY-MM-DD HH:MM[:SS]`, with a blank or a T, or of `YYYYMMDDHHMM`.
    pub(crate) fn parse(&mut self, text: &[u8]) -> Option<i64> {
        if let Ok(compact) = <&[u8; 12]>::try_from(text) {
            let [y1, y2, y3, y4, m1, m2, d1, d2, clock @ ..] = compact;
            let date = [*y1, *y2, *y3, *y4, b'-', *m1, *m2, b'-', *d1, *d2];
            return Some(self.date_seconds(&date)? + clock_seconds(clock, 0)?);
        }
        let (date, rest) = text.split_first_chunk::<10>()?;
        let clock = match rest {
            [b' ' | b'T', h1, h2, b':', m1, m2] => clock_seconds(&[*h1, *h2, *m1, *m2], 0)?,
            [b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2] => {
                clock_seconds(&[*h1, *h2, *m1, *m2], sixty(*s1, *s2)?)?
            }
            _ => return None,
        };
        Some(self.date_seconds(date)? + clock)
    }

    /// Seconds since 1970-01-01 of `YYYY-MM-DD`.
    pub(crate) fn date_seconds(&mut self, date: &[u8; 10]) -> Option<i64> {
        if *date != self.date {
            let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else {
                return None;
            };
            let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
            let (month, day) = (two_digits(m1, m2)? as u8, two_digits(d1, d2)? as u8);
            let valid = year >= 1
                && (1..=12).contains(&month)
                && (1..=days_in_month(year, month)).contains(&day);
            if !valid {
                return None;
            }
            self.seconds = days_from_date(year, month, day) * 86_400;
            self.date = *date;
        }
        Some(self.seconds)
    }
}

/// The seconds of ` h:mm`, `Thh:mm`, with `:ss` and a fraction of zeros behind it or not.
fn marked_clock(text: &[u8]) -> Option<i64> {
    let clock = match text {
        [b'T', clock @ ..] => clock,
        [b' ', clock @ ..] => clock.trim_ascii_start(),
        _ => return None,
    };
    let (hour, rest) = one_or_two_digits(clock)?;
    let (minute, second, fraction) = match *rest {
        [b':', m1, m2] => ([m1, m2], 0, None),
        [b':', m1, m2, b':', s1, s2, ref fraction @ ..] => {
            ([m1, m2], sixty(s1, s2)?, Some(fraction).filter(|rest| !rest.is_empty()))
        }
        _ => return None,
    };
    let is_zero = |fraction: &[u8]| matches!(fraction, [b'.', zeros @ ..] if !zeros.is_empty() && zeros.iter().all(|&c| c == b'0'));
    if !fraction.is_none_or(is_zero) {
        return None;
    }
    clock_or_end([hour[0], hour[1], minute[0], minute[1]], second)
}

/// The seconds of a clock; 24:00 ends a day.
fn clock_or_end(clock: [u8; 4], seconds: i64) -> Option<i64> {
    if (&clock, seconds) == (b"2400", 0) {
        return Some(86_400);
    }
    clock_seconds(&clock, seconds)
}

/// A number of one or two digits as two, and what stands behind it.
fn one_or_two_digits(text: &[u8]) -> Option<([u8; 2], &[u8])> {
    match text {
        [tens, ones, rest @ ..] if tens.is_ascii_digit() && ones.is_ascii_digit() => {
            Some(([*tens, *ones], rest))
        }
        [ones, rest @ ..] if ones.is_ascii_digit() => Some(([b'0', *ones], rest)),
        _ => None,
    }
}

fn clock_seconds(clock: &[u8; 4], seconds: i64) -> Option<i64> {
    let [h1, h2, m1, m2] = *clock;
    let hours = two_digits(h1, h2).filter(|&hours| hours < 24)?;
    Some(hours * 3_600 + sixty(m1, m2)? * 60 + seconds)
}

/// Minutes or seconds.
fn sixty(tens: u8, ones: u8) -> Option<i64> {
    two_digits(tens, ones).filter(|&value| value < 60)
}

fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use arrow_array::{StringArray, TimestampSecondArray};

    #[test]
    fn all_forms_name_the_same_instant() {
        let hour = 1_704_067_200 + 3_600;
        for (text, seconds) in [
            ("2024-01-01 01:02", hour + 120),
            ("2024-01-01 01:02:00", hour + 120),
            ("2024-01-01T01:02", hour + 120),
            ("2024-01-01T01:02:00", hour + 120),
            ("202401010102", hour + 120),
            ("20240101010200", hour + 120),
            ("2024010101", hour),
            ("20240101 1:00", hour),
            ("2024-01-01 1:00", hour),
            ("2024-1-1  1:00", hour),
            ("2024/01/01 01:00", hour),
            ("2024.1.1T01:00:00.000", hour),
            ("\u{a0}2024-01-01 01:00 ", hour),
            ("2024-01-01", hour - 3_600),
            ("20240101", hour - 3_600),
            ("2023-12-31 24:00", hour - 3_600),
            ("2023123124", hour - 3_600),
            ("202312312400", hour - 3_600),
            ("2023/12/31 24:00:00.0", hour - 3_600),
        ] {
            assert_eq!(StampParser::default().read(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_stamp_is_refused() {
        for text in [
            "",
            "2024-02-30 00:00",
            "2023-02-29 00:00",
            "2024-13-01 00:00",
            "2024-01-01 24:01",
            "2024-01-01 25:00",
            "2024-01-01 00:60",
            "2024-01-01 00:00:60",
            "2024-01-01 00:00:00.5",
            "2024-01-01 00:00:00.",
            "2024-01-01 00:00.0",
            "2024-01-01 00",
            "2024-01-01 100:00",
            "2024-01-01 00:00Z",
            "2024-01/01 00:00",
            "2024-001-01 00:00",
            "0000-01-01 00:00",
            "1/1/2024 1:00",
            "24-01-01 00:00",
            "2024010",
            "202401010",
            "2024010125",
            "20240101 0102",
            "20240101T00",
            "2024-01-01x00:00",
            "2024-01-01 오전 1:00",
            "1704067200",
        ] {
            assert_eq!(StampParser::default().read(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_first_bad_rows_are_named() {
        let texts: ArrayRef =
            Arc::new(StringArray::from(vec![Some("2024-01-01 00:00"), None, Some("x")]));
        let Err(Error::Rows(error)) = read_stamps(&texts, "tm", "the frame") else {
            panic!("two rows are bad")
        };
        assert_eq!((error.rows, error.values), (vec![1, 2], vec![None, Some("x".to_owned())]));
    }

    #[test]
    fn numpy_not_a_time_counts_as_null() {
        let stamps: ArrayRef = Arc::new(TimestampSecondArray::from(vec![0, i64::MIN]));
        assert!(matches!(read_stamps(&stamps, "tm", "the frame"), Err(Error::Rows(_))));
    }
}
