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
use crate::texts::trimmed;

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
        DataType::Utf8 => parse(column.as_string::<i32>().iter(), name, frame),
        DataType::LargeUtf8 => parse(column.as_string::<i64>().iter(), name, frame),
        DataType::Utf8View => parse(column.as_string_view().iter(), name, frame),
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

/// A too large value in its shortest form.
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

fn parse<'a>(
    texts: impl Iterator<Item = Option<&'a str>> + Clone,
    name: &str,
    frame: &'static str,
) -> Result<Numbers> {
    let mut tally = Tally::default();
    let values = texts.clone().map(|text| text.map_or(f64::NAN, |text| tally.read(text))).collect();
    if tally.decimal_commas {
        require_one_meaning(texts.enumerate(), name, frame)?;
    }
    Ok(Numbers { values, coerced: tally.coerced })
}

/// What was met in texts that are read as numbers.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How many were none.
    pub(crate) coerced: u64,
    /// Whether there was a comma before decimals.
    pub(crate) decimal_commas: bool,
}

impl Tally {
    /// The number that a text is, NaN where it is none.
    #[inline]
    pub(crate) fn read(&mut self, text: &str) -> f64 {
        match read_number(text) {
            Some((value, comma)) => {
                self.decimal_commas |= comma == Comma::BeforeDecimals;
                value
            }
            None => {
                self.coerced += 1;
                f64::NAN
            }
        }
    }
}

/// What commas in a number mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comma {
    /// There is none.
    Absent,
    /// They part thousands.
    BetweenThousands,
    /// It stands before the decimals.
    BeforeDecimals,
}

/// Raises where some texts have a comma before the decimals, and others a point, or commas between thousands.
pub(crate) fn require_one_meaning<'a>(
    texts: impl Iterator<Item = (usize, Option<&'a str>)>,
    name: &str,
    frame: &'static str,
) -> Result<()> {
    let (mut decimal, mut other) = (None, None);
    for (row, text) in texts {
        let Some(text) = text else { continue };
        match read_number(text) {
            Some((_, Comma::BeforeDecimals)) => decimal = decimal.or(Some((row, text))),
            Some((_, comma)) if comma == Comma::BetweenThousands || text.contains(['.', '．']) => {
                other = other.or(Some((row, text)));
            }
            _ => {}
        }
        if let (Some(decimal), Some(other)) = (decimal, other) {
            let mut offending = Offending::new(RowErrorKind::Commas);
            for (row, text) in [decimal.min(other), decimal.max(other)] {
                offending.push(row, || Some(text.to_owned()));
            }
            return offending.into_result(name, frame);
        }
    }
    Ok(())
}

/// A number as people and programs write it, and what its comma means: a plain one (`parse_number`), or one with any
/// blanks around it, full-width digits, commas between thousands, a decimal comma, a minus sign behind it or
/// parentheses in place of one.
pub(crate) fn read_number(text: &str) -> Option<(f64, Comma)> {
    if let Some(value) = parse_number(text) {
        return Some((value, Comma::Absent));
    }
    let text: String = trimmed(text).chars().map(narrow).collect();
    let (negative, unsigned) = match text.as_bytes() {
        [b'(', .., b')'] => (true, text[1..text.len() - 1].trim_matches(' ')),
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        [.., b'-'] => (true, text[..text.len() - 1].trim_end_matches(' ')),
        _ => (false, text.as_str()),
    };
    let (plain, comma) = without_commas(unsigned)?;
    let value = parse_number(&plain)?;
    Some((if negative { -value } else { value }, comma))
}

/// The character of ASCII that another one stands for.
fn narrow(character: char) -> char {
    match character {
        '\u{2212}' => '-',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        _ => character,
    }
}

/// A number without a sign as `parse_number` reads it, and what its comma meant; None for what is no number.
fn without_commas(unsigned: &str) -> Option<(String, Comma)> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let grouped = |text: &str, by: char| {
        let mut groups = text.split(by);
        groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && digits(first))
            && groups.all(|group| group.len() == 3 && digits(group))
    };
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    if !unsigned.contains(',') {
        return Some((unsigned.to_owned(), Comma::Absent));
    }
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if grouped(whole, ',') && digits(fraction) && !whole.starts_with('0') {
        return Some((unsigned.replace(',', ""), Comma::BetweenThousands));
    }
    let (whole, fraction) = unsigned.split_once(',')?;
    let valid = (digits(whole) || grouped(whole, '.')) && digits(fraction) && !fraction.is_empty();
    valid.then(|| (format!("{}.{fraction}", whole.replace('.', "")), Comma::BeforeDecimals))
}

/// A plain decimal number with optional sign, fraction and exponent, ASCII blanks around it allowed; the words
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
    fn numbers_are_read_as_people_write_them() {
        for (text, number) in [
            ("0", Some(0.0)),
            ("-0", Some(-0.0)),
            ("\u{a0}893\u{3000}", Some(893.0)),
            ("1,234,567.8", Some(1_234_567.8)),
            ("-1,234", Some(-1_234.0)),
            ("+1,234.", Some(1_234.0)),
            ("1,23", Some(1.23)),
            ("0,123", Some(0.123)),
            ("1234,567", Some(1_234.567)),
            ("1.234,5", Some(1_234.5)),
            ("12-", Some(-12.0)),
            ("(1,234.5)", Some(-1_234.5)),
            ("( 0 )", Some(-0.0)),
            ("\u{2212}3.5", Some(-3.5)),
            ("１２．５", Some(12.5)),
            ("－１，２３４", Some(-1_234.0)),
            ("9007199254740993", Some(9_007_199_254_740_992.0)),
            ("0.1234567890123456789", Some(0.123_456_789_012_345_68)),
            ("", None),
            ("-", None),
            (".", None),
            ("-.", None),
            ("()", None),
            ("(-5)", None),
            ("-5-", None),
            ("--5", None),
            ("- 5", None),
            ("…", None),
            (",123", None),
            ("1,", None),
            ("1,234,", None),
            ("1,234e3", None),
            ("1.23,4", None),
            ("1,23,456", None),
            ("12 345", None),
            ("12.5 kWh", None),
            ("점검", None),
            ("nan", None),
        ] {
            let value = read_number(text).map(|(value, _)| value.to_bits());
            assert_eq!(value, number.map(f64::to_bits), "{text:?}");
        }
    }

    #[test]
    fn a_comma_has_one_meaning_in_a_column() {
        let read = |texts: &[&str]| {
            let column: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
            read_numbers(&column, "ta", "the frame")
        };
        assert!(read(&["1,5", "2", "1.234,5"]).is_ok());
        assert!(read(&["1,500", "2.5"]).is_ok());
        for texts in [["7", "1,5", "2.5"], ["1,234", "-", "1,5"]] {
            let Err(Error::Rows(error)) = read(&texts) else { panic!("{texts:?} are ambiguous") };
            assert_eq!((error.kind, error.count), (RowErrorKind::Commas, 2));
        }
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
