//! The hour columns of a wide table as numbers.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array};
use arrow_schema::DataType;

use crate::error::{Error, Offending, Result, RowErrorKind};
use crate::numbers::{LARGEST_VALUE, parse_number, shown};
use crate::texts::{Texts, trimmed};

/// A column of numbers or of texts that hold numbers.
#[derive(Clone, Copy)]
pub enum Cells<'a> {
    /// Numbers without nulls.
    Plain(&'a [f64]),
    /// Numbers and nulls.
    Numbers(&'a Float64Array),
    /// Texts.
    Texts(Texts<'a>),
}

impl<'a> Cells<'a> {
    /// The cells of a column.
    pub fn of(column: &'a ArrayRef, name: &str, frame: &'static str) -> Result<Self> {
        if let Some(texts) = Texts::of(column) {
            return Ok(Self::Texts(texts));
        }
        if column.data_type() != &DataType::Float64 {
            return Err(Error::ColumnType {
                column: name.to_owned(),
                frame,
                found: column.data_type().to_string(),
                wanted: "a number",
            });
        }
        let numbers = column.as_primitive::<Float64Type>();
        Ok(if numbers.null_count() == 0 {
            Self::Plain(numbers.values())
        } else {
            Self::Numbers(numbers)
        })
    }

    /// The number in a row, NaN where there is none, and whether a text there is no number.
    #[inline]
    pub fn get(&self, row: usize) -> (f64, bool) {
        match self {
            Self::Plain(values) => (values[row], false),
            Self::Numbers(values) => {
                (if values.is_valid(row) { values.value(row) } else { f64::NAN }, false)
            }
            Self::Texts(texts) => match texts.get(row) {
                None => (f64::NAN, false),
                Some(text) => parse_cell(text).map_or((f64::NAN, true), |value| (value, false)),
            },
        }
    }

    /// The numbers of some rows, NaN where there is none, and how many texts there are no numbers. `place` is
    /// where they go, if they do not lie in memory one after the other already.
    pub fn read<'p>(&self, rows: &[u32], place: &'p mut [f64]) -> (&'p [f64], u64)
    where
        'a: 'p,
    {
        if let (Self::Plain(values), Some(rows)) = (self, consecutive(rows)) {
            return (&values[rows], 0);
        }
        let mut coerced = 0;
        for (place, &row) in place.iter_mut().zip(rows) {
            let (value, is_no_number) = self.get(row as usize);
            *place = value;
            coerced += u64::from(is_no_number);
        }
        (&place[..rows.len()], coerced)
    }

    /// Raises where a value of these rows is infinite or too large.
    pub fn require_finite(&self, rows: &[u32], name: &str, frame: &'static str) -> Result<()> {
        let mut offending = Offending::new(RowErrorKind::Infinite);
        for &row in rows {
            let (value, _) = self.get(row as usize);
            if value.abs() > LARGEST_VALUE {
                offending.push(row as usize, || Some(shown(value)));
            }
        }
        offending.into_result(name, frame)
    }
}

/// The range that rising positions fill, where they fill one.
fn consecutive(rows: &[u32]) -> Option<Range<usize>> {
    let (first, last) = (*rows.first()? as usize, *rows.last()? as usize);
    (last + 1 - first == rows.len()).then_some(first..last + 1)
}

/// A number with blanks around it and thousands separators, or None.
fn parse_cell(text: &str) -> Option<f64> {
    let text = trimmed(text);
    parse_number(text).or_else(|| parse_number(&ungrouped(text)?))
}

/// A text like 1,234,567.8 without its separators, None where they do not part thousands.
fn ungrouped(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut groups = whole.split(',');
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next()?;
    let valid = matches!(first.len(), 1..=3)
        && digits(first)
        && digits(fraction)
        && groups.all(|group| group.len() == 3 && digits(group));
    valid.then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_numbers_or_missing() {
        for (text, number) in [
            ("0", Some(0.0)),
            ("-0", Some(-0.0)),
            (" 893 ", Some(893.0)),
            ("1,234,567.8", Some(1_234_567.8)),
            ("-1,234", Some(-1_234.0)),
            ("+1,234.", Some(1_234.0)),
            (".6", Some(0.6)),
            ("5.", Some(5.0)),
            ("-.8", Some(-0.8)),
            ("1e3", Some(1000.0)),
            ("9007199254740993", Some(9_007_199_254_740_992.0)),
            ("0.1234567890123456789", Some(0.123_456_789_012_345_68)),
            ("", None),
            ("-", None),
            (".", None),
            ("-.", None),
            ("…", None),
            ("1,23", None),
            ("1234,567", None),
            (",123", None),
            ("1,234,", None),
            ("1,234e3", None),
            ("12 345", None),
            ("점검", None),
            ("nan", None),
        ] {
            assert_eq!(parse_cell(text).map(f64::to_bits), number.map(f64::to_bits), "{text:?}");
        }
    }
}
