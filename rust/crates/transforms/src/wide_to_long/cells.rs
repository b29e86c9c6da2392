//! The hour columns of a wide table as numbers.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array};
use arrow_schema::DataType;

use crate::error::{Error, Offending, Result, RowErrorKind};
use crate::numbers::{LARGEST_VALUE, Tally, require_one_meaning, shown};
use crate::texts::Texts;

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

    /// The number in a row, NaN where there is none.
    #[inline]
    pub fn get(&self, row: usize, tally: &mut Tally) -> f64 {
        match self {
            Self::Plain(values) => values[row],
            Self::Numbers(values) if values.is_valid(row) => values.value(row),
            Self::Numbers(_) => f64::NAN,
            Self::Texts(texts) => texts.get(row).map_or(f64::NAN, |text| tally.read(text)),
        }
    }

    /// The numbers of some rows, NaN where there is none. `place` is where they go, if they do not lie in memory
    /// one after the other already.
    pub fn read<'p>(&self, rows: &[u32], place: &'p mut [f64], tally: &mut Tally) -> &'p [f64]
    where
        'a: 'p,
    {
        if let (Self::Plain(values), Some(rows)) = (self, consecutive(rows)) {
            return &values[rows];
        }
        for (place, &row) in place.iter_mut().zip(rows) {
            *place = self.get(row as usize, tally);
        }
        &place[..rows.len()]
    }

    /// Raises where commas in these rows mean different things.
    pub fn require_one_meaning(&self, rows: &[u32], name: &str, frame: &'static str) -> Result<()> {
        let Self::Texts(texts) = self else { return Ok(()) };
        let texts = rows.iter().map(|&row| (row as usize, texts.get(row as usize)));
        require_one_meaning(texts, name, frame)
    }

    /// Raises where a value of these rows is infinite or too large.
    pub fn require_finite(&self, rows: &[u32], name: &str, frame: &'static str) -> Result<()> {
        let mut offending = Offending::new(RowErrorKind::Infinite);
        for &row in rows {
            let value = self.get(row as usize, &mut Tally::default());
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
