//! Value columns as numbers: missing is NaN.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Float64Array};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;
use num_traits::ToPrimitive;

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
        other => {
            to_float64(&column).map(|numbers| plain(&numbers)).ok_or_else(|| Error::ColumnType {
                column: name.to_owned(),
                frame,
                found: other.to_string(),
                wanted: "a number",
            })
        }
    }
}

/// A numeric column as float64, None for one of another type.
pub(crate) fn to_float64(column: &ArrayRef) -> Option<Float64Array> {
    Some(match column.data_type() {
        DataType::Null => Float64Array::new_null(column.len()),
        DataType::Float64 => column.as_primitive().clone(),
        DataType::Float32 => converted::<Float32Type>(column),
        DataType::Float16 => converted::<Float16Type>(column),
        DataType::Int8 => converted::<Int8Type>(column),
        DataType::Int16 => converted::<Int16Type>(column),
        DataType::Int32 => converted::<Int32Type>(column),
        DataType::Int64 => converted::<Int64Type>(column),
        DataType::UInt8 => converted::<UInt8Type>(column),
        DataType::UInt16 => converted::<UInt16Type>(column),
        DataType::UInt32 => converted::<UInt32Type>(column),
        DataType::UInt64 => converted::<UInt64Type>(column),
        DataType::Decimal32(_, scale) => scaled::<Decimal32Type>(column, *scale),
        DataType::Decimal64(_, scale) => scaled::<Decimal64Type>(column, *scale),
        DataType::Decimal128(_, scale) => scaled::<Decimal128Type>(column, *scale),
        DataType::Decimal256(_, scale) => scaled::<Decimal256Type>(column, *scale),
        _ => return None,
    })
}

fn converted<T: ArrowPrimitiveType<Native: ToPrimitive>>(column: &ArrayRef) -> Float64Array {
    column.as_primitive::<T>().unary(|value| value.to_f64().unwrap_or(f64::NAN))
}

fn scaled<T: ArrowPrimitiveType<Native: ToPrimitive>>(
    column: &ArrayRef,
    scale: i8,
) -> Float64Array {
    let divisor = 10f64.powi(scale.into());
    converted::<T>(column).unary(|value| value / divisor)
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
    short_decimal(text.as_bytes()).or_else(|| {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
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

    use arrow_array::types::ArrowPrimitiveType;
    use arrow_array::{
        Decimal128Array, Decimal256Array, Float32Array, Int32Array, PrimitiveArray, StringArray,
        UInt64Array,
    };
    use arrow_buffer::i256;
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
    fn numbers_of_every_type_are_read() -> Result<()> {
        fn with_null<T: ArrowPrimitiveType>(value: T::Native) -> PrimitiveArray<T> {
            PrimitiveArray::from_iter([Some(value), None])
        }
        let hundredths = |scaled: i128| -> Decimal128Array { with_null(scaled) };
        let columns: [(ArrayRef, f64); 5] = [
            (Arc::new(UInt64Array::from(vec![Some(u64::MAX), None])), 18_446_744_073_709_551_615.0),
            (Arc::new(Float32Array::from(vec![Some(0.1), None])), f64::from(0.1f32)),
            (Arc::new(hundredths(-1_234).with_precision_and_scale(5, 2)?), -12.34),
            (Arc::new(hundredths(12).with_precision_and_scale(5, -2)?), 1_200.0),
            (
                Arc::new(
                    Decimal256Array::from_iter([Some(i256::from_i128(125)), None])
                        .with_precision_and_scale(40, 3)?,
                ),
                0.125,
            ),
        ];
        for (column, expected) in columns {
            let read = read_numbers(&column, "ta", "the frame")?.values;
            assert!(read[0] == expected && read[1].is_nan(), "{}: {read:?}", column.data_type());
        }
        let flags: ArrayRef = Arc::new(arrow_array::BooleanArray::from(vec![true]));
        assert!(matches!(read_numbers(&flags, "ta", "the frame"), Err(Error::ColumnType { .. })));
        Ok(())
    }

    #[test]
    fn nulls_of_integers_are_missing() {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None]));
        let numbers = read_numbers(&column, "ta", "the frame").ok();
        assert!(numbers.is_some_and(|n| n.values[0] == 7.0 && n.values[1].is_nan()));
    }
}
