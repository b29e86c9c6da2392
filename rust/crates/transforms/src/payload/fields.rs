//! The documented fields of a source's items.

use arrow_schema::{DataType, TimeUnit};
use hashbrown::HashMap;

use super::columns::{Column, Plain, Texts};

/// The most fields that an item can have: one bit each.
pub const MOST_FIELDS: usize = 128;

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A time stamp in seconds.
    Stamp,
    /// A date.
    Date,
    /// A text.
    Text,
    /// A small whole number.
    Int8,
    /// A whole number.
    Int64,
    /// A number.
    Number,
    /// Known, and not stored.
    Ignored,
}

impl FieldKind {
    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "stamp" => Self::Stamp,
            "date" => Self::Date,
            "text" => Self::Text,
            "int8" => Self::Int8,
            "int64" => Self::Int64,
            "number" => Self::Number,
            "ignored" => Self::Ignored,
            _ => return None,
        })
    }

    /// An empty column of the kind; None where nothing is stored.
    pub(super) fn column(self) -> Option<Column> {
        Some(match self {
            Self::Stamp => Column::Stamp(Plain::default()),
            Self::Date => Column::Date(Plain::default()),
            Self::Text => Column::Text(Texts::default()),
            Self::Int8 => Column::Int8(Plain::default()),
            Self::Int64 => Column::Int64(Plain::default()),
            Self::Number => Column::Number(Plain::default()),
            Self::Ignored => return None,
        })
    }

    /// The type of the column.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Stamp => DataType::Timestamp(TimeUnit::Second, None),
            Self::Date => DataType::Date32,
            Self::Text => DataType::Utf8,
            Self::Int8 => DataType::Int8,
            Self::Int64 => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Ignored => DataType::Null,
        }
    }
}

/// A documented field of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub kind: FieldKind,
    /// Whether every item must have it.
    pub required: bool,
    /// Whether it is of one hour of the day; an item must have one of these, where there are any.
    pub hour: bool,
    /// Whether it may come as a text.
    pub as_text: bool,
    /// Whether it may come as a number.
    pub as_number: bool,
}

/// One set of fields, a bit each.
pub(super) type Set = u128;

/// The set of one field.
pub(super) fn only(field: usize) -> Set {
    1 << (field % MOST_FIELDS)
}

/// The fields in a set, in order.
pub(super) fn members(mut set: Set) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let field = (set != 0).then(|| set.trailing_zeros() as usize)?;
        set &= set - 1;
        Some(field)
    })
}

/// The fields, found by name.
pub(super) struct Fields<'f> {
    pub(super) all: &'f [Field],
    pub(super) required: Set,
    /// Stored, and not required.
    pub(super) optional: Set,
    /// Those of single hours.
    pub(super) hours: Set,
    /// Those of which the name is the same in JSON and XML, whatever the rules for escapes.
    plain: Set,
    index: HashMap<&'f str, usize>,
    /// For each field the one that followed it last; one more for the first of an item.
    followers: Vec<usize>,
    before: usize,
}

impl<'f> Fields<'f> {
    pub(super) fn new(all: &'f [Field]) -> Self {
        let set = |wanted: &dyn Fn(&Field) -> bool| {
            let found = all.iter().enumerate().filter(|(_, field)| wanted(field));
            found.fold(0, |set, (field, _)| set | only(field))
        };
        let is_plain = |field: &Field| {
            field.name.starts_with(|c: char| c.is_ascii_alphabetic())
                && field.name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        Self {
            all,
            required: set(&|field| field.required),
            optional: set(&|field| !field.required && field.kind != FieldKind::Ignored),
            hours: set(&|field| field.hour),
            plain: set(&is_plain),
            index: all.iter().enumerate().map(|(at, field)| (field.name.as_str(), at)).collect(),
            followers: (1..=all.len()).chain([0]).collect(),
            before: all.len(),
        }
    }

    /// Begins a new item.
    pub(super) fn restart(&mut self) {
        self.before = self.all.len();
    }

    /// The field that probably comes next: the one that followed the one before in the last item.
    pub(super) fn guess(&self) -> Option<(usize, &'f str)> {
        let guess = *self.followers.get(self.before)?;
        self.all
            .get(guess)
            .filter(|_| self.plain & only(guess) != 0)
            .map(|field| (guess, field.name.as_str()))
    }

    /// Notes that a field came next.
    pub(super) fn pass(&mut self, field: usize) {
        self.before = field;
    }

    /// The field of a name, noted as having come next.
    pub(super) fn find(&mut self, name: &str) -> Option<usize> {
        let found = *self.index.get(name)?;
        if let Some(follower) = self.followers.get_mut(self.before) {
            *follower = found;
        }
        self.before = found;
        Some(found)
    }

    /// The name of a field.
    pub(super) fn name(&self, field: usize) -> &'f str {
        self.all.get(field).map_or("", |field| &field.name)
    }
}
