//! Texts as whole numbers and dates, by the grammar of the other transforms.

use crate::numbers::parse_number;
use crate::stamps::StampParser;

const SECONDS_PER_DAY: i64 = 86_400;
/// The whole number that a text is; digits alone are taken exactly.
pub(super) fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    const BOUND: f64 = (1u64 << 63) as f64;
    let value = parse_number(text)?;
    // The bounds are exact, so what lies between them fits.
    (value.trunc() == value && (-BOUND..BOUND).contains(&value)).then_some(value as i64)
}

/// Days since 1970-01-01 of `YYYY-MM-DD` or `YYYYMMDD`.
pub(super) fn date(text: &[u8], parser: &mut StampParser) -> Option<i32> {
    let seconds = match text {
        [y1, y2, y3, y4, m1, m2, d1, d2] => {
            parser.date_seconds(&[*y1, *y2, *y3, *y4, b'-', *m1, *m2, b'-', *d1, *d2])
        }
        _ => parser.date_seconds(text.try_into().ok()?),
    }?;
    i32::try_from(seconds / SECONDS_PER_DAY).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbers_or_nothing() {
        for (text, value) in [
            ("0", Some(0.0)),
            (".6", Some(0.6)),
            ("-.8", Some(-0.8)),
            ("5.", Some(5.0)),
            ("+5", Some(5.0)),
            ("1018.4", Some(1018.4)),
            ("999999999999999", Some(999_999_999_999_999.0)),
            ("1e-3", Some(0.001)),
            ("", None),
            (".", None),
            ("-", None),
            ("-.", None),
            ("--1", None),
            ("1.2.3", None),
            ("1,000", None),
            ("nan", None),
            ("inf", None),
        ] {
            assert_eq!(parse_number(text), value, "{text:?}");
        }
        assert_eq!(parse_number("-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
        assert_eq!(parse_number("1e999"), Some(f64::INFINITY));
        assert_eq!(parse_number(&"9".repeat(10_000)), Some(f64::INFINITY));
    }

    #[test]
    fn whole_numbers_are_exact() {
        for (text, value) in [
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("+0108", Some(108)),
            ("108.0", Some(108)),
            ("1.08e2", Some(108)),
            ("-9223372036854775808.0", Some(i64::MIN)),
            ("9223372036854775807.0", None),
            ("1.5", None),
            ("1e999", None),
            ("", None),
            ("+", None),
        ] {
            assert_eq!(integer(text), value, "{text:?}");
        }
    }

    #[test]
    fn dates_have_two_forms() {
        let mut parser = StampParser::default();
        let mut date = |text: &str| date(text.as_bytes(), &mut parser);
        assert_eq!(date("2024-01-01"), Some(19_723));
        assert_eq!(date("20240101"), Some(19_723));
        assert_eq!(date("0001-01-01"), Some(-719_162));
        for text in
            ["", "2024-1-01", "20240230", "0000-01-01", "2024-01-01 00:00", "2024/01/01", "２０24"]
        {
            assert_eq!(date(text), None, "{text:?}");
        }
    }
}
