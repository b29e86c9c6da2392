//! Items as rows of typed columns.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field as ArrowField, Schema};

use super::body::{Body, Malformed, Value, skip, skip_elements, skip_members};
use super::columns::Column;
use super::drift::Drift;
use super::fields::{Field, Fields, Set, members, only};
use super::report::Report;
use super::shown::{Fault, shown};
use super::values::{date, integer};
use crate::numbers::parse_number;
use crate::stamps::StampParser;
use crate::texts::trimmed;

const NO_STAMP: &str =
    "is no time stamp (accepted: YYYY-MM-DD HH:MM[:SS], YYYY-MM-DDTHH:MM[:SS] and YYYYMMDDHHMM)";
const NO_DATE: &str = "is no date (accepted: YYYY-MM-DD and YYYYMMDD)";
const NO_INT64: &str = "is no whole number from -9223372036854775808 to 9223372036854775807";
const NO_INT8: &str = "is no whole number from -128 to 127";

/// Items of a page after which room is made for the others.
const ITEMS_TO_JUDGE_BY: usize = 128;

/// Where the items of a page stand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'e> {
    pub(super) root: &'e str,
    pub(super) body: &'e str,
    pub(super) items: &'e str,
    /// The member in which they are; empty where they are in `items` itself.
    pub(super) item: &'e str,
    /// Whether it is a list of items, and not an item itself.
    pub(super) list: bool,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { root, body, items, item, .. } = self;
        write!(f, "{root}.{body}.{items}{}{item}", if item.is_empty() { "" } else { "." })
    }
}

/// What a member of an item is.
pub(super) enum Member {
    /// A documented field.
    Known(usize),
    /// A field that is not documented.
    Unknown,
    /// A field that the item has had already.
    Repeated,
}

/// The item that is being read.
#[derive(Default)]
struct Item {
    seen: Set,
    filled: Set,
    null: Set,
    structure: Option<Fault>,
    value: Option<Fault>,
}

/// The rows read so far.
pub(super) struct Rows<'f> {
    fields: Fields<'f>,
    columns: Vec<Option<Column>>,
    stamps: StampParser,
    drift: Drift,
    rows: usize,
    /// Items begun, those of dropped pages too.
    items: u64,
    item: Item,
    place: Place<'f>,
    page_begin: usize,
    fault: Option<Fault>,
}

impl<'f> Rows<'f> {
    pub(super) fn new(fields: &'f [Field]) -> Self {
        Self {
            columns: fields.iter().map(|field| field.kind.column()).collect(),
            drift: Drift::new(fields.len()),
            fields: Fields::new(fields),
            stamps: StampParser::default(),
            rows: 0,
            items: 0,
            item: Item::default(),
            place: Place::default(),
            page_begin: 0,
            fault: None,
        }
    }

    pub(super) fn begin_page(&mut self) {
        self.page_begin = self.rows;
        self.fault = None;
        self.drift.begin_page();
    }

    /// Forgets the rows of the page.
    pub(super) fn drop_page(&mut self) {
        self.rows = self.page_begin;
        self.fault = None;
        self.drift.drop_page();
        for column in self.columns.iter_mut().flatten() {
            column.truncate(self.rows);
        }
    }

    /// Rows of the page so far.
    pub(super) fn page_rows(&self) -> usize {
        self.rows - self.page_begin
    }

    /// Says where the items that follow stand.
    pub(super) fn at(&mut self, place: Place<'f>) {
        self.place = place;
    }

    /// The first thing wrong with an item of the page.
    pub(super) fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// Makes room for the items that are still to come, judged by the length of those before: a column that grows
    /// by doubling holds up to three times its size.
    fn make_room<B: Body>(&mut self, body: &B) {
        if self.page_rows() != ITEMS_TO_JUDGE_BY {
            return;
        }
        let (read, left) = body.read_and_left();
        let expected = left / (read / ITEMS_TO_JUDGE_BY).max(1);
        // The columns never ask for more than the body has left, whatever the first items look like.
        let most = left / (self.columns.len() * size_of::<f64>()).max(1);
        let rows = most.min(expected + expected / 32);
        self.columns.iter_mut().flatten().for_each(|column| column.reserve(rows, left));
    }

    /// Reads the elements of an array as items.
    pub(super) fn read_list<B: Body>(&mut self, body: &mut B) -> Result<(), Malformed> {
        while body.element()? {
            self.read_item(body)?;
        }
        Ok(())
    }

    /// Reads the next value as an item.
    pub(super) fn read_item<B: Body>(&mut self, body: &mut B) -> Result<(), Malformed> {
        match body.value()? {
            Value::Object => {
                self.read_members(body, false)?;
                self.make_room(body);
                Ok(())
            }
            // An element that holds nothing is an item without fields where elements are all there is.
            Value::Text(text) if !B::UNIQUE_MEMBERS && trimmed(text).is_empty() => {
                self.begin_item();
                self.end_item();
                Ok(())
            }
            other => {
                self.no_item(other.kind());
                if other == Value::Array { skip_elements(body) } else { Ok(()) }
            }
        }
    }

    /// Reads the members of an object as an item.
    pub(super) fn read_members<B: Body>(
        &mut self,
        body: &mut B,
        empty_is_none: bool,
    ) -> Result<(), Malformed> {
        self.begin_item();
        let mut any = false;
        loop {
            let guess = self.fields.guess().filter(|(_, name)| body.member_is(name));
            let member = match guess {
                Some((field, name)) => {
                    self.fields.pass(field);
                    self.known(field, name)
                }
                None => match body.member()? {
                    Some(name) => self.member(name),
                    None => break,
                },
            };
            any = true;
            self.read_field(body, member)?;
        }
        if body.had_text() {
            self.item_has_text();
        }
        if any || !empty_is_none {
            self.end_item();
        }
        Ok(())
    }

    /// Begins an item.
    pub(super) fn begin_item(&mut self) {
        self.items += 1;
        self.item = Item::default();
        self.fields.restart();
    }

    /// Ends the item: its row is complete.
    pub(super) fn end_item(&mut self) {
        let absent = self.fields.optional & !self.item.seen;
        members(absent).for_each(|field| self.drift.vanished(field));
        if self.fault.is_none() {
            let fault = self.item.structure.take().or_else(|| self.item.value.take());
            self.fault = fault.or_else(|| self.incomplete());
        }
        self.rows += 1;
    }

    /// Says that the item holds text beside its members.
    pub(super) fn item_has_text(&mut self) {
        self.item.structure = Some(Fault::new("text between the elements", self.item_place()));
    }

    fn no_item(&mut self, kind: &str) {
        if self.fault.is_none() {
            let problem = format!("{kind} where an object is expected");
            self.fault = Some(Fault::new(problem, self.item_place()));
        }
        self.rows += 1;
    }

    /// What the item lacks.
    fn incomplete(&self) -> Option<Fault> {
        let item = &self.item;
        if let Some(field) = members(self.fields.required & !item.filled).next() {
            let blank = item.seen & !item.null & only(field) != 0;
            let problem = if blank { "is blank" } else { "is missing" };
            return Some(Fault::new(problem, self.field_place(self.fields.name(field))));
        }
        let hours = self.fields.hours;
        if hours == 0 || hours & item.seen != 0 {
            return None;
        }
        let first = self.fields.name(members(hours).next()?);
        let last = self.fields.name(members(hours).last()?);
        let problem = format!("has none of the fields {first} to {last}");
        Some(Fault::new(problem, self.item_place()))
    }

    /// Notes a member of the item; its value is read next.
    pub(super) fn member(&mut self, name: &str) -> Member {
        match self.fields.find(name) {
            Some(field) => self.known(field, name),
            None if self.drift.unknown(name, self.items) => Member::Unknown,
            None => self.repeated(name),
        }
    }

    fn known(&mut self, field: usize, name: &str) -> Member {
        if self.item.seen & only(field) != 0 {
            return self.repeated(name);
        }
        self.item.seen |= only(field);
        Member::Known(field)
    }

    #[cold]
    fn repeated(&mut self, name: &str) -> Member {
        if self.item.structure.is_none() {
            self.item.structure = Some(Fault::new("occurs more than once", self.field_place(name)));
        }
        Member::Repeated
    }

    /// Reads the value of a member of the item.
    pub(super) fn read_field<B: Body>(
        &mut self,
        body: &mut B,
        member: Member,
    ) -> Result<(), Malformed> {
        match member {
            Member::Known(field) => match body.value()? {
                Value::Object => {
                    self.no_scalar(field, Value::Object.kind());
                    skip_members(body)
                }
                Value::Array => {
                    self.no_scalar(field, Value::Array.kind());
                    skip_elements(body)
                }
                value => {
                    self.put(field, value);
                    Ok(())
                }
            },
            Member::Unknown => skip(body),
            Member::Repeated if B::UNIQUE_MEMBERS => Err(body.repeated()),
            Member::Repeated => skip(body),
        }
    }

    fn put(&mut self, field: usize, value: Value<'_>) {
        let Some((known, column)) = self.fields.all.get(field).zip(self.columns.get_mut(field))
        else {
            return;
        };
        let Some(column) = column else {
            return;
        };
        let text = match value {
            Value::Text(text) => {
                if !known.as_text {
                    self.drift.retyped(field, |kinds| kinds.text += 1);
                }
                trimmed(text)
            }
            Value::Number(literal) => {
                if !known.as_number {
                    self.drift.retyped(field, |kinds| kinds.number += 1);
                }
                literal
            }
            Value::Null => {
                self.drift.retyped(field, |kinds| kinds.null += 1);
                self.item.null |= only(field);
                return;
            }
            other => return self.no_scalar(field, other.kind()),
        };
        if text.is_empty() {
            return;
        }
        self.item.filled |= only(field);
        let row = self.rows;
        match column {
            Column::Number(values) => match parse_number(text) {
                Some(value) if value.is_finite() => values.put(row, value),
                Some(_) => self.wrong(field, text, "is too large for a number"),
                None => self.drift.coerced(field),
            },
            Column::Int64(values) => match integer(text) {
                Some(value) => values.put(row, value),
                None if known.required => self.wrong(field, text, NO_INT64),
                None => self.drift.coerced(field),
            },
            Column::Int8(values) => match integer(text).and_then(|value| value.try_into().ok()) {
                Some(value) => values.put(row, value),
                None if known.required => self.wrong(field, text, NO_INT8),
                None => self.drift.coerced(field),
            },
            Column::Stamp(values) => match self.stamps.parse(text.as_bytes()) {
                Some(value) => values.put(row, value),
                None => self.wrong(field, text, NO_STAMP),
            },
            Column::Date(values) => match date(text.as_bytes(), &mut self.stamps) {
                Some(value) => values.put(row, value),
                None => self.wrong(field, text, NO_DATE),
            },
            Column::Text(values) => values.put(row, text),
        }
    }

    #[cold]
    fn no_scalar(&mut self, field: usize, kind: &str) {
        let stored = self.columns.get(field).is_some_and(Option::is_some);
        if stored && self.item.value.is_none() {
            let problem = format!("{kind} where a number or text is expected");
            self.item.value = Some(Fault::new(problem, self.field_place(self.fields.name(field))));
        }
    }

    #[cold]
    fn wrong(&mut self, field: usize, text: &str, problem: &str) {
        if self.item.value.is_none() {
            let problem = format!("\"{}\" {problem}", shown(text));
            self.item.value = Some(Fault::new(problem, self.field_place(self.fields.name(field))));
        }
    }

    fn item_place(&self) -> String {
        let place = self.place;
        if place.list { format!("{place}[{}]", self.page_rows()) } else { place.to_string() }
    }

    fn field_place(&self, field: &str) -> String {
        format!("{}.{field}", self.item_place())
    }

    /// The table of all rows, and what was counted.
    pub(super) fn finish(self) -> Result<(RecordBatch, Report), ArrowError> {
        let mut fields = Vec::with_capacity(self.columns.len());
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (field, column) in self.fields.all.iter().zip(self.columns) {
            if let Some(column) = column {
                fields.push(ArrowField::new(&field.name, field.kind.data_type(), true));
                arrays.push(column.finish(self.rows)?);
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let schema = Arc::new(Schema::new(fields));
        let table = RecordBatch::try_new_with_options(schema, arrays, &options)?;
        Ok((table, self.drift.report(&self.fields)))
    }
}
