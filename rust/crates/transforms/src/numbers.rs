//! Value columns as numbers: missing is NaN.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array};
use arrow_buffer::ScalarBuffer;
use arrow_cast::cast;
use arrow_schema::DataType;

use crate::error::{Error, Offending, Result, RowErrorKind};
use crate::stations::decode_dictionary;

/// A column of numbers, NaN where a value is missing.
pub struct Numbers {
    /// The values, row by row.
    pub values: ScalarBuffer<f64>,
    /// How many texts were no number.
    pub coerced: u64,
}

/// Reads a column as numbers; a float64 column without nulls is taken as it is.
pub fn read_numbers(column: &ArrayRef, name: &str, frame: &'static str) -> Result<Numbers> {
    let column = decode_dictionary(column)?;
    match column.data_type() {
        DataType::Float64 => Ok(plain(column.as_primitive::<Float64Type>())),
        DataType::Utf8 => Ok(parse(column.as_string::<i32>().iter())),
        DataType::LargeUtf8 => Ok(parse(column.as_string::<i64>().iter())),
        DataType::Utf8View => Ok(parse(column.as_string_view().iter())),
        other if other.is_numeric() || other == &DataType::Null => {
            Ok(plain(cast(&column, &DataType::Float64)?.as_primitive::<Float64Type>()))
        }
        other => Err(Error::ColumnType {
            column: name.to_owned(),
            frame,
            found: other.to_string(),
            wanted: "a number",
        }),
    }
}

/// Two to this power times the largest value is the largest double.
const HEADROOM: f64 = (1u64 << 27) as f64;
/// Beyond it, sums of values could overflow; such a value counts as infinite.
pub const LARGEST_VALUE: f64 = f64::MAX / HEADROOM;

/// Zero for every value that counts as finite, NaN for any other.
pub fn zero_if_finite(value: f64) -> f64 {
    value * HEADROOM * 0.0
}

/// Raises where a value is plus or minus infinity, or too large.
pub fn require_finite(values: &[f64], name: &str, frame: &'static str) -> Result<()> {
    let mut offending = Offending::new(RowErrorKind::Infinite);
    for (row, value) in values.iter().enumerate().filter(|(_, value)| value.abs() > LARGEST_VALUE) {
        offending.push(row, || Some(shown(*value)));
    }
    offending.into_result(name, frame)
}

/// A too large value as Python writes it.
pub(crate) fn shown(value: f64) -> String {
    if value.is_infinite() { value.to_string() } else { format!("{value:e}").replace('e', "e+") }
}

fn plain(array: &Float64Array) -> Numbers {
    let values = match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => array.values().clone(),
        Some(_) => array.iter().map(|value| value.unwrap_or(f64::NAN)).collect(),
    };
    Numbers { values, coerced: 0 }
}

fn parse<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Numbers {
    let mut coerced = 0;
    let values = texts
        .map(|text| match text.map(parse_number) {
            Some(Some(value)) => value,
            Some(None) => {
                coerced += 1;
                f64::NAN
            }
            None => f64::NAN,
        })
        .collect();
    Numbers { values, coerced }
}

/// A decimal number with optional sign, fraction and exponent, ASCII blanks around it allowed; the words
/// that Rust reads too (`inf`, `nan`) are no numbers.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    short_decimal(text.as_bytes()).or_else(|| {
        let spelled =
            text.bytes().any(|byte| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E'));
        if spelled { None } else { text.parse().ok() }
    })
}

/// The digits that every integer below 2^53 of as many digits is exact with.
const MOST_DIGITS: usize = 15;
/// The power of ten for each number of digits behind the point: each is exact.
const POWERS_OF_TEN: [f64; MOST_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A decimal of few digits without exponent; the one division rounds correctly, as both its sides are exact.
fn short_decimal(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.len() > MOST_DIGITS {
        return None;
    }
    let mut mantissa = 0i64;
    let mut point = None;
    for (position, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            mantissa = mantissa * 10 + i64::from(digit);
        } else if *byte == b'.' && point.is_none() {
            point = Some(position);
        } else {
            return None;
        }
    }
    let behind = point.map_or(0, |point| digits.len() - point - 1);
    if digits.len() == usize::from(point.is_some()) {
        return None;
    }
    let value = mantissa as f64 / POWERS_OF_TEN.get(behind)?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use arrow_array::{Int32Array, StringArray};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_short_cut_rounds_as_the_library_does(text in r"-?[0-9]{0,9}\.?[0-9]{0,9}") {
            if let Some(short) = short_decimal(text.as_bytes()) {
                prop_assert_eq!(Some(short.to_bits()), text.parse::<f64>().ok().map(f64::to_bits));
            }
        }
    }

    #[test]
    fn texts_are_numbers_or_missing() {
        for (text, number) in [
            (".6", Some(0.6)),
            ("-.8", Some(-0.8)),
            ("+5.", Some(5.0)),
            (" 1e-3\t", Some(0.001)),
            ("", None),
            ("-", None),
            ("e5", None),
            ("nan", None),
            ("Infinity", None),
            ("1_0", None),
            ("1,000", None),
            ("0x10", None),
            ("1 2", None),
            ("１", None),
        ] {
            assert_eq!(parse_number(text), number, "{text:?}");
        }
        assert_eq!(parse_number("1e999"), Some(f64::INFINITY));
    }

    #[test]
    fn empty_texts_are_coerced_and_nulls_are_not() {
        let column: ArrayRef = Arc::new(StringArray::from(vec![Some("1"), Some(""), None]));
        let numbers = read_numbers(&column, "ta", "the frame").ok();
        assert!(numbers.is_some_and(|n| n.coerced == 1
            && n.values[0] == 1.0
            && n.values[1].is_nan()
            && n.values[2].is_nan()));
    }

    #[test]
    fn the_largest_value_is_where_the_check_turns() {
        for value in [LARGEST_VALUE, -LARGEST_VALUE, 0.0, -0.0, f64::MIN_POSITIVE] {
            assert_eq!(zero_if_finite(value), 0.0);
            assert!(require_finite(&[value], "ta", "the frame").is_ok());
        }
        for value in [LARGEST_VALUE.next_up(), f64::NEG_INFINITY] {
            assert!(zero_if_finite(value).is_nan());
            assert!(require_finite(&[value], "ta", "the frame").is_err());
        }
        assert_eq!(shown(1.7e308), "1.7e+308");
        assert_eq!(shown(f64::NEG_INFINITY), "-inf");
    }

    #[test]
    fn nulls_of_integers_are_missing() {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None]));
        let numbers = read_numbers(&column, "ta", "the frame").ok();
        assert!(numbers.is_some_and(|n| n.values[0] == 7.0 && n.values[1].is_nan()));
    }
}
