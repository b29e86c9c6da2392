//! Columns of the long table that repeat each row of the wide one 24 times.

use std::sync::Arc;

use arrow_array::{ArrayRef, LargeStringArray, StringViewArray, UInt32Array};
use arrow_select::take::take;

use super::HOURS;
use super::names::Plants;
use crate::error::Result;
use crate::huge_pages::text_builder;

/// How the long table holds text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextType {
    /// With offsets of 64 bits, as pandas takes it over.
    Large,
    /// As views, as polars takes it over.
    View,
}

/// The rows of a column, each 24 times.
pub fn repeated(column: &ArrayRef, rows: &[u32]) -> Result<ArrayRef> {
    let each_hour: UInt32Array =
        rows.iter().flat_map(|&row| std::iter::repeat_n(row, HOURS)).collect::<Vec<_>>().into();
    Ok(take(column, &each_hour, None)?)
}

/// The name of each row's plant, 24 times.
pub fn repeated_names(plants: &Plants, text_type: TextType) -> Result<ArrayRef> {
    match text_type {
        TextType::View => {
            let names: ArrayRef = Arc::new(StringViewArray::from_iter_values(&plants.names));
            repeated(&names, &plants.of_row)
        }
        TextType::Large => Ok(Arc::new(large_names(plants)?)),
    }
}

fn large_names(plants: &Plants) -> Result<LargeStringArray> {
    // A whole day of a plant is copied at once.
    let days: Vec<LargeStringArray> = plants
        .names
        .iter()
        .map(|name| LargeStringArray::from_iter_values(std::iter::repeat_n(name, HOURS)))
        .collect();
    let bytes = plants.of_row.iter().map(|&plant| days[plant as usize].value_data().len()).sum();
    let mut builder = text_builder(plants.of_row.len() * HOURS, bytes);
    for &plant in &plants.of_row {
        builder.append_array(&days[plant as usize])?;
    }
    Ok(builder.finish())
}
