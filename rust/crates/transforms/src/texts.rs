//! Text columns of any Arrow type, cell by cell.

use std::sync::Arc;

use arrow_array::builder::LargeStringDictionaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::ArrowDictionaryKeyType;
use arrow_array::{
    Array, ArrayRef, LargeStringArray, StringArray, StringViewArray, downcast_integer,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType};

use crate::error::Result;

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

/// Texts as a column of another type of text, or of a dictionary of texts.
pub fn of_text_type(texts: LargeStringArray, wanted: &DataType) -> Result<ArrayRef> {
    macro_rules! dictionary_of {
        ($key:ty, $values:expr) => {
            dictionary::<$key>(&texts, $values)
        };
    }
    match wanted {
        DataType::Utf8 => {
            let (offsets, bytes, nulls) = texts.into_parts();
            let too_long = |_| ArrowError::OffsetOverflowError(bytes.len());
            let offsets: Vec<i32> = offsets
                .iter()
                .map(|&offset| i32::try_from(offset).map_err(too_long))
                .collect::<std::result::Result<_, _>>()?;
            Ok(Arc::new(StringArray::try_new(OffsetBuffer::new(offsets.into()), bytes, nulls)?))
        }
        DataType::Utf8View => Ok(Arc::new(StringViewArray::from(&texts))),
        DataType::Dictionary(key, values) => downcast_integer! {
            key.as_ref() => (dictionary_of, values),
            _ => Err(ArrowError::CastError(format!("there is no dictionary with keys of type {key}")).into()),
        },
        _ => Ok(Arc::new(texts)),
    }
}

fn dictionary<K: ArrowDictionaryKeyType>(
    texts: &LargeStringArray,
    values: &DataType,
) -> Result<ArrayRef> {
    let mut builder = LargeStringDictionaryBuilder::<K>::new();
    for text in texts {
        match text {
            Some(text) => drop(builder.append(text)?),
            None => builder.append_null(),
        }
    }
    let dictionary = builder.finish();
    let distinct = of_text_type(dictionary.values().as_string().clone(), values)?;
    Ok(Arc::new(dictionary.with_values(distinct)))
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
    use crate::stations::decode_dictionary;

    #[test]
    fn texts_become_columns_of_every_type_of_text() -> Result<()> {
        let texts = LargeStringArray::from(vec![Some("a"), None, Some("b"), Some("a")]);
        let dictionary = |key, values| DataType::Dictionary(Box::new(key), Box::new(values));
        for wanted in [
            DataType::Utf8,
            DataType::LargeUtf8,
            DataType::Utf8View,
            dictionary(DataType::Int8, DataType::Utf8),
            dictionary(DataType::UInt64, DataType::Utf8View),
        ] {
            let column = of_text_type(texts.clone(), &wanted)?;
            assert_eq!(column.data_type(), &wanted);
            let plain = decode_dictionary(&column)?;
            let plain = Texts::of(&plain)
                .into_iter()
                .flat_map(|texts| (0..4).map(move |row| texts.get(row).map(str::to_owned)));
            assert_eq!(
                plain.collect::<Vec<_>>(),
                texts.iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
            );
        }
        let many = LargeStringArray::from_iter_values((0..200).map(|text| text.to_string()));
        assert!(of_text_type(many, &dictionary(DataType::Int8, DataType::Utf8)).is_err());
        Ok(())
    }

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
