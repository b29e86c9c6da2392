//! Which rows belong to which station.

use std::fmt;
use std::hash::Hash;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Int64Array, OffsetSizeTrait, StringViewArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;
use arrow_select::take::take;
use hashbrown::HashMap;
use num_traits::ToPrimitive;

use crate::error::{Error, Offending, Result, RowErrorKind};
use crate::texts::Texts;

/// Rows compared at once where a station's rows stand together.
const BLOCK: usize = 64;

/// What names a station.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StationName {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

impl fmt::Display for StationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// Rows of one station that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The station's position among the names.
    pub station: usize,
    /// The rows.
    pub rows: Range<usize>,
}

/// The stations of a frame.
#[derive(Debug, Default)]
pub struct Stations {
    /// The stations in order of first appearance.
    pub names: Vec<StationName>,
    /// The frame's rows, cut wherever the station changes.
    pub runs: Vec<Run>,
}

/// Reads a station column; a null station is an error.
pub fn read_stations(column: &ArrayRef, name: &str, frame: &'static str) -> Result<Stations> {
    require_named(column, name, frame)?;
    match column.data_type() {
        DataType::Utf8 => Ok(text_stations::<i32>(column)),
        DataType::LargeUtf8 => Ok(text_stations::<i64>(column)),
        DataType::Utf8View => {
            let texts = column.as_string_view();
            Ok(group(&ViewRows(texts), |key| StationName::Text(key.to_owned())))
        }
        DataType::Dictionary(_, _) => dictionary_stations(column, name, frame),
        _ => {
            let numbers = to_int64(column, name, frame)?;
            require_named(&numbers, name, frame)?;
            Ok(group(&NumberRows(&numbers), StationName::Number))
        }
    }
}

/// Returns a dictionary column as its plain values, any other column as it is.
pub(crate) fn decode_dictionary(column: &ArrayRef) -> Result<ArrayRef> {
    match column.as_any_dictionary_opt() {
        Some(dictionary) => Ok(take(dictionary.values(), dictionary.keys(), None)?),
        None => Ok(column.clone()),
    }
}

/// A column of integers as int64, null where a number is too large for it.
fn to_int64(column: &ArrayRef, name: &str, frame: &'static str) -> Result<Int64Array> {
    Ok(match column.data_type() {
        DataType::Int8 => converted::<Int8Type>(column),
        DataType::Int16 => converted::<Int16Type>(column),
        DataType::Int32 => converted::<Int32Type>(column),
        DataType::Int64 => column.as_primitive().clone(),
        DataType::UInt8 => converted::<UInt8Type>(column),
        DataType::UInt16 => converted::<UInt16Type>(column),
        DataType::UInt32 => converted::<UInt32Type>(column),
        DataType::UInt64 => converted::<UInt64Type>(column),
        other => {
            return Err(Error::ColumnType {
                column: name.to_owned(),
                frame,
                found: other.to_string(),
                wanted: "a station",
            });
        }
    })
}

fn converted<T: ArrowPrimitiveType<Native: ToPrimitive>>(column: &ArrayRef) -> Int64Array {
    column.as_primitive::<T>().unary_opt(|value| value.to_i64())
}

fn require_named(column: &dyn Array, name: &str, frame: &'static str) -> Result<()> {
    let mut offending = Offending::new(RowErrorKind::Station);
    if let Some(nulls) = column.logical_nulls().filter(|nulls| nulls.null_count() > 0) {
        for row in (0..column.len()).filter(|&row| nulls.is_null(row)) {
            offending.push(row, || None);
        }
    }
    offending.into_result(name, frame)
}

fn text_stations<O: OffsetSizeTrait>(column: &ArrayRef) -> Stations {
    let texts = column.as_string::<O>();
    let rows = TextRows { offsets: texts.offsets(), bytes: texts.value_data() };
    group(&rows, |key| StationName::Text(String::from_utf8_lossy(key).into_owned()))
}

/// Stations of a dictionary column: its distinct values are few, so only they are hashed.
fn dictionary_stations(column: &ArrayRef, name: &str, frame: &'static str) -> Result<Stations> {
    let dictionary = column.as_any_dictionary();
    if dictionary.values().is_empty() {
        // No row is null, so there is none.
        return Ok(Stations::default());
    }
    let values = dictionary_values(dictionary.values(), name, frame)?;
    let mut distinct = HashMap::new();
    let canonical: Vec<i64> = values
        .iter()
        .enumerate()
        .map(|(position, value)| *distinct.entry(value).or_insert(position as i64))
        .collect();
    let keys: Int64Array =
        dictionary.normalized_keys().iter().map(|&key| canonical[key]).collect::<Vec<_>>().into();
    // A key is a position in `values` by construction.
    Ok(group(&NumberRows(&keys), |key| values[key as usize].clone()))
}

/// The values of a dictionary; one that no row uses may be null.
fn dictionary_values(
    values: &ArrayRef,
    name: &str,
    frame: &'static str,
) -> Result<Vec<StationName>> {
    let nobody = || StationName::Text(String::new());
    if let Some(texts) = Texts::of(values) {
        let name =
            |row| texts.get(row).map_or_else(nobody, |text| StationName::Text(text.to_owned()));
        return Ok((0..values.len()).map(name).collect());
    }
    let numbers = to_int64(values, name, frame)?;
    Ok(numbers.iter().map(|number| number.map_or_else(nobody, StationName::Number)).collect())
}

/// A station column whose rows can be compared.
trait Rows<'a> {
    type Key: Copy + Eq + Hash;

    fn len(&self) -> usize;

    fn key(&self, row: usize) -> Self::Key;

    /// The first row from `row` on that is of another station.
    fn run_end(&self, row: usize) -> usize {
        let key = self.key(row);
        (row + 1..self.len()).find(|&next| self.key(next) != key).unwrap_or(self.len())
    }
}

struct NumberRows<'a>(&'a arrow_array::PrimitiveArray<Int64Type>);

impl Rows<'_> for NumberRows<'_> {
    type Key = i64;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> i64 {
        self.0.value(row)
    }
}

struct ViewRows<'a>(&'a StringViewArray);

impl<'a> Rows<'a> for ViewRows<'a> {
    type Key = &'a str;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> &'a str {
        self.0.value(row)
    }

    fn run_end(&self, row: usize) -> usize {
        let (view, key) = (self.0.views()[row], self.key(row));
        (row + 1..self.len())
            // Equal views name equal texts; unequal ones may still do, where the text lies elsewhere.
            .find(|&next| self.0.views()[next] != view && self.key(next) != key)
            .unwrap_or(self.len())
    }
}

struct TextRows<'a, O: OffsetSizeTrait> {
    offsets: &'a OffsetBuffer<O>,
    bytes: &'a [u8],
}

impl<'a, O: OffsetSizeTrait> Rows<'a> for TextRows<'a, O> {
    type Key = &'a [u8];

    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn key(&self, row: usize) -> &'a [u8] {
        &self.bytes[self.offsets[row].as_usize()..self.offsets[row + 1].as_usize()]
    }

    /// A run repeats its text: a block continues it if its offsets rise by the text's length and its
    /// bytes equal themselves shifted by that length.
    fn run_end(&self, row: usize) -> usize {
        let key = self.key(row);
        let mut end = row + 1;
        while end + BLOCK <= self.len() && self.key(end) == key {
            let offsets = &self.offsets[end..=end + BLOCK];
            let begin = offsets[0].as_usize();
            let even = offsets
                .iter()
                .enumerate()
                .fold(true, |even, (i, o)| even & (o.as_usize() == begin + i * key.len()));
            let bytes = BLOCK * key.len();
            if !even
                || self.bytes[begin..begin + bytes]
                    != self.bytes[begin - key.len()..begin - key.len() + bytes]
            {
                break;
            }
            end += BLOCK;
        }
        (end..self.len()).find(|&next| self.key(next) != key).unwrap_or(self.len())
    }
}

fn group<'a, R: Rows<'a>>(rows: &R, to_name: impl Fn(R::Key) -> StationName) -> Stations {
    let mut ids: HashMap<R::Key, usize> = HashMap::new();
    let mut keys: Vec<R::Key> = Vec::new();
    // Interleaved stations mostly follow each other in the same order: the successor seen last is
    // tried before the hash table.
    let mut successor: Vec<usize> = Vec::new();
    let mut previous: Option<usize> = None;
    let mut runs = Vec::new();
    let mut row = 0;
    while row < rows.len() {
        let key = rows.key(row);
        let guess = previous.map(|station| successor[station]);
        let station = match guess.filter(|&guess| keys[guess] == key) {
            Some(station) => station,
            None => *ids.entry(key).or_insert_with(|| {
                keys.push(key);
                successor.push(keys.len() - 1);
                keys.len() - 1
            }),
        };
        if let Some(previous) = previous {
            successor[previous] = station;
        }
        previous = Some(station);
        let end = rows.run_end(row);
        runs.push(Run { station, rows: row..end });
        row = end;
    }
    Stations { names: keys.into_iter().map(to_name).collect(), runs }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use arrow_array::types::Int8Type;
    use arrow_array::{DictionaryArray, Int32Array, LargeStringArray, StringArray};
    use proptest::prelude::*;

    fn stations_of(column: ArrayRef) -> Vec<(String, Range<usize>)> {
        match read_stations(&column, "stnNm", "the frame") {
            Ok(stations) => stations
                .runs
                .iter()
                .map(|run| (stations.names[run.station].to_string(), run.rows.clone()))
                .collect(),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn every_kind_of_column_gives_the_same_stations() {
        let texts = ["7", "7", "12", "7"];
        let expected =
            vec![("7".to_owned(), 0..2), ("12".to_owned(), 2..3), ("7".to_owned(), 3..4)];
        let dictionary: DictionaryArray<Int8Type> = texts.into_iter().collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(texts)),
            Arc::new(LargeStringArray::from_iter_values(texts)),
            Arc::new(StringViewArray::from_iter_values(texts)),
            Arc::new(Int32Array::from(vec![7, 7, 12, 7])),
            Arc::new(dictionary),
        ];
        for column in columns {
            assert_eq!(stations_of(column), expected);
        }
    }

    #[test]
    fn a_slice_of_a_column_has_its_own_rows() {
        let column = StringArray::from_iter_values(["a", "b", "b", "c"]);
        let slice: ArrayRef = Arc::new(column.slice(1, 2));
        assert_eq!(stations_of(slice), vec![("b".to_owned(), 0..2)]);
    }

    #[test]
    fn a_null_station_is_an_error() {
        let column: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
        let error = read_stations(&column, "stnNm", "the frame").err();
        assert!(matches!(error, Some(Error::Rows(e)) if e.rows == [1]));
    }

    proptest! {
        /// Runs of names that are prefixes of each other, of the same length, empty, longer than a block.
        #[test]
        fn runs_are_maximal(lengths in proptest::collection::vec((0usize..5, 1usize..200), 0..8)) {
            let names = ["a", "ab", "aa", "", "관측소"];
            let rows: Vec<&str> = lengths
                .iter()
                .flat_map(|&(name, length)| std::iter::repeat_n(names[name], length))
                .collect();
            let column: ArrayRef = Arc::new(LargeStringArray::from_iter_values(&rows));
            let runs = stations_of(column);
            let rebuilt: Vec<&str> = runs
                .iter()
                .flat_map(|(name, range)| std::iter::repeat_n(name.as_str(), range.len()))
                .collect();
            prop_assert_eq!(rebuilt, rows);
            prop_assert!(runs.windows(2).all(|pair| pair[0].0 != pair[1].0));
        }
    }
}
