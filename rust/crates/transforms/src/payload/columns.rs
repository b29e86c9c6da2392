//! Columns that grow row by row; what is not put in is missing and costs nothing.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, Float64Array, Int8Array, Int64Array, StringArray, TimestampSecondArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer};
use arrow_schema::ArrowError;

/// One column.
pub(super) enum Column {
    Number(Plain<f64>),
    Int8(Plain<i8>),
    Int64(Plain<i64>),
    Stamp(Plain<i64>),
    Date(Plain<i32>),
    Text(Texts),
}

impl Column {
    /// Drops what was put in from a row on.
    pub(super) fn truncate(&mut self, rows: usize) {
        match self {
            Self::Number(column) => column.truncate(rows),
            Self::Int8(column) => column.truncate(rows),
            Self::Int64(column) | Self::Stamp(column) => column.truncate(rows),
            Self::Date(column) => column.truncate(rows),
            Self::Text(column) => column.truncate(rows),
        }
    }

    /// Makes room for further rows, if something was put in, and for so many bytes of text at most.
    pub(super) fn reserve(&mut self, rows: usize, most_bytes: usize) {
        match self {
            Self::Number(column) => column.reserve(rows),
            Self::Int8(column) => column.reserve(rows),
            Self::Int64(column) | Self::Stamp(column) => column.reserve(rows),
            Self::Date(column) => column.reserve(rows),
            Self::Text(column) => column.reserve(rows, most_bytes),
        }
    }

    /// The column as an array.
    pub(super) fn finish(self, rows: usize) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Number(column) => {
                let (values, nulls) = column.finish(rows);
                Arc::new(Float64Array::try_new(values.into(), nulls)?)
            }
            Self::Int8(column) => {
                let (values, nulls) = column.finish(rows);
                Arc::new(Int8Array::try_new(values.into(), nulls)?)
            }
            Self::Int64(column) => {
                let (values, nulls) = column.finish(rows);
                Arc::new(Int64Array::try_new(values.into(), nulls)?)
            }
            Self::Stamp(column) => {
                let (values, nulls) = column.finish(rows);
                Arc::new(TimestampSecondArray::try_new(values.into(), nulls)?)
            }
            Self::Date(column) => {
                let (values, nulls) = column.finish(rows);
                Arc::new(Date32Array::try_new(values.into(), nulls)?)
            }
            Self::Text(column) => Arc::new(column.finish(rows)?),
        })
    }
}

/// Values of one size.
#[derive(Default)]
pub(super) struct Plain<T> {
    values: Vec<T>,
    present: Bits,
}

impl<T: Copy + Default> Plain<T> {
    /// Puts a value into a row, at or behind the last one that has one.
    pub(super) fn put(&mut self, row: usize, value: T) {
        if self.values.len() < row {
            self.values.resize(row, T::default());
        }
        self.values.push(value);
        self.present.set(row);
    }

    fn reserve(&mut self, rows: usize) {
        if !self.values.is_empty() {
            self.values.reserve(rows);
        }
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.present.truncate(rows);
    }

    fn finish(mut self, rows: usize) -> (Vec<T>, Option<NullBuffer>) {
        self.values.resize(rows, T::default());
        (self.values, self.present.finish(rows))
    }
}

/// Texts, one behind the other.
#[derive(Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<i32>,
    present: Bits,
}

impl Texts {
    /// Puts a text into a row, at or behind the last one that has one.
    pub(super) fn put(&mut self, row: usize, text: &str) {
        self.pad(row);
        self.bytes.extend_from_slice(text.as_bytes());
        // Too long for its type is found at the end, by the length of all.
        self.ends.push(self.bytes.len() as i32);
        self.present.set(row);
    }

    fn pad(&mut self, rows: usize) {
        if self.ends.len() < rows {
            self.ends.resize(rows, self.bytes.len() as i32);
        }
    }

    fn reserve(&mut self, rows: usize, most_bytes: usize) {
        if let Some(bytes) = self.bytes.len().checked_div(self.ends.len()) {
            self.ends.reserve(rows);
            self.bytes.reserve(rows.saturating_mul(bytes + 1).min(most_bytes));
        }
    }

    fn truncate(&mut self, rows: usize) {
        if self.ends.len() > rows {
            self.ends.truncate(rows);
            self.bytes.truncate(self.ends.last().map_or(0, |&end| end as usize));
        }
        self.present.truncate(rows);
    }

    fn finish(mut self, rows: usize) -> Result<StringArray, ArrowError> {
        if i32::try_from(self.bytes.len()).is_err() {
            return Err(ArrowError::OffsetOverflowError(self.bytes.len()));
        }
        self.pad(rows);
        self.ends.insert(0, 0);
        let offsets = OffsetBuffer::new(self.ends.into());
        StringArray::try_new(offsets, Buffer::from_vec(self.bytes), self.present.finish(rows))
    }
}

/// Which rows have a value.
#[derive(Default)]
struct Bits(Vec<u8>);

impl Bits {
    fn set(&mut self, row: usize) {
        if self.0.len() <= row / 8 {
            self.0.resize(row / 8 + 1, 0);
        }
        if let Some(byte) = self.0.get_mut(row / 8) {
            *byte |= 1 << (row % 8);
        }
    }

    fn truncate(&mut self, rows: usize) {
        self.0.truncate(rows.div_ceil(8));
        if !rows.is_multiple_of(8)
            && let Some(byte) = self.0.get_mut(rows / 8)
        {
            *byte &= (1 << (rows % 8)) - 1;
        }
    }

    /// None where every row has one.
    fn finish(mut self, rows: usize) -> Option<NullBuffer> {
        self.0.resize(rows.div_ceil(8), 0);
        let nulls = NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(self.0), 0, rows));
        (nulls.null_count() > 0).then_some(nulls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;

    #[test]
    fn rows_without_a_value_are_missing() {
        let mut column = Plain::default();
        for row in [1, 2, 9] {
            column.put(row, row as f64);
        }
        let array = Column::Number(column).finish(11).ok();
        let expected: Float64Array =
            (0..11).map(|row| [1, 2, 9].contains(&row).then_some(f64::from(row))).collect();
        assert!(array.is_some_and(|array| array.to_data() == expected.to_data()));
    }

    #[test]
    fn what_was_dropped_leaves_no_trace() {
        let mut texts = Texts::default();
        texts.put(0, "a");
        texts.put(3, "bc");
        let mut column = Column::Text(texts);
        column.truncate(2);
        if let Column::Text(texts) = &mut column {
            texts.put(2, "d");
        }
        let expected = StringArray::from(vec![Some("a"), None, Some("d"), None]);
        let array = column.finish(4).ok();
        assert!(array.is_some_and(|array| array.to_data() == expected.to_data()));
    }

    #[test]
    fn a_full_column_has_no_bits() {
        let mut column = Plain::default();
        (0..9).for_each(|row| column.put(row, row as i64));
        assert!(Column::Int64(column).finish(9).is_ok_and(|array| array.nulls().is_none()));
    }
}
