//! Text columns of any Arrow type, cell by cell.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::DataType;

/// A column of text.
#[derive(Clone, Copy)]
pub enum Texts<'a> {
    /// With offsets of 32 bits.
    Utf8(&'a StringArray),
    /// With offsets of 64 bits.
    LargeUtf8(&'a LargeStringArray),
    /// As views.
    Utf8View(&'a StringViewArray),
}

impl<'a> Texts<'a> {
    /// The texts of a column, None where it is of another type.
    pub fn of(column: &'a ArrayRef) -> Option<Self> {
        match column.data_type() {
            DataType::Utf8 => Some(Self::Utf8(column.as_string())),
            DataType::LargeUtf8 => Some(Self::LargeUtf8(column.as_string())),
            DataType::Utf8View => Some(Self::Utf8View(column.as_string_view())),
            _ => None,
        }
    }

    /// The text of a row, None where it is null.
    pub fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Utf8(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::LargeUtf8(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Utf8View(texts) => texts.is_valid(row).then(|| texts.value(row)),
        }
    }

    /// The text of a row without the blanks around it, None where nothing is left.
    pub fn content(&self, row: usize) -> Option<&'a str> {
        self.get(row).and_then(content)
    }
}

/// A text without the blanks around it, None where nothing is left.
pub fn content(text: &str) -> Option<&str> {
    Some(trimmed(text)).filter(|text| !text.is_empty())
}

/// A text without the blanks around it.
pub fn trimmed(text: &str) -> &str {
    let plain = |byte: Option<&u8>| byte.is_some_and(|byte| (b'!'..=b'~').contains(byte));
    if plain(text.as_bytes().first()) && plain(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches([' ', '\t', '\r', '\n', '\u{a0}', '\u{3000}', '\u{feff}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_around_a_text_go() {
        for (text, left) in [
            ("", ""),
            (" ", ""),
            ("a", "a"),
            ("\u{feff} 1호기\u{3000}\r\n", "1호기"),
            ("a b", "a b"),
            ("\u{a0}-", "-"),
        ] {
            assert_eq!(trimmed(text), left);
        }
    }
}
