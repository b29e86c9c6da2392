//! Columns of the long table that repeat each row of the wide one 24 times.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, GenericStringArray, OffsetSizeTrait, StringViewArray, UInt32Array,
};
use arrow_schema::{ArrowError, DataType};
use arrow_select::take::take;

use super::HOURS;
use super::names::Plants;
use crate::error::Result;
use crate::memory::repeated_texts;

/// How the long table holds text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextType {
    /// With offsets of 64 bits, as most readers take them over.
    Large,
    /// As views, as polars takes it over.
    View,
}

/// The rows of a column, each 24 times.
pub fn repeated(column: &ArrayRef, rows: &[u32]) -> Result<ArrayRef> {
    match column.data_type() {
        DataType::Utf8 => repeated_rows::<i32>(column.as_string(), rows),
        DataType::LargeUtf8 => repeated_rows::<i64>(column.as_string(), rows),
        _ => {
            let each_hour: Vec<u32> =
                rows.iter().flat_map(|&row| std::iter::repeat_n(row, HOURS)).collect();
            Ok(take(column, &UInt32Array::from(each_hour), None)?)
        }
    }
}

/// The name of each row's plant, 24 times.
pub fn repeated_names(plants: &Plants, text_type: TextType) -> Result<ArrayRef> {
    match text_type {
        TextType::View => {
            let names: ArrayRef = Arc::new(StringViewArray::from_iter_values(&plants.names));
            repeated(&names, &plants.of_row)
        }
        TextType::Large => {
            let name = |&plant: &u32| Some(plants.names[plant as usize].as_str());
            finished(repeated_texts::<i64>(
                &plants.of_row.iter().map(name).collect::<Vec<_>>(),
                HOURS,
            ))
        }
    }
}

fn repeated_rows<O: OffsetSizeTrait>(
    texts: &GenericStringArray<O>,
    rows: &[u32],
) -> Result<ArrayRef> {
    let text = |&row: &u32| texts.is_valid(row as usize).then(|| texts.value(row as usize));
    finished(repeated_texts::<O>(&rows.iter().map(text).collect::<Vec<_>>(), HOURS))
}

fn finished<O: OffsetSizeTrait>(texts: Option<GenericStringArray<O>>) -> Result<ArrayRef> {
    let too_long = || ArrowError::OffsetOverflowError(i32::MAX as usize);
    Ok(Arc::new(texts.ok_or_else(too_long)?))
}
