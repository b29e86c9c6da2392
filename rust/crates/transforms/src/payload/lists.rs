//! The layouts of a list of items.

use super::body::{Body, Malformed, Members, Value, skip};
use super::rows::{Place, Rows};
use super::shown::{Fault, NameList};
use crate::texts::trimmed;

const ITEM: &str = "item";

/// What is wrong with a value that is neither an object nor an array, where a list is expected.
pub(super) fn no_list(value: Value<'_>, place: Place) -> Option<Fault> {
    match value {
        Value::Null => None,
        Value::Text(text) if trimmed(text).is_empty() => None,
        other => {
            let problem = format!("{} where a list of items is expected", other.kind());
            Some(Fault::new(problem, format!("{}{}", place.root, place.path)))
        }
    }
}

/// Reads a list of items, or one item in its place; what is wrong if it is neither.
pub(super) fn read_list<B: Body>(
    body: &mut B,
    rows: &mut Rows<'_>,
    place: Place,
    empty_is_none: bool,
) -> Result<Option<Fault>, Malformed> {
    rows.at(place);
    match body.value()? {
        Value::Array => rows.read_list(body).map(|()| None),
        Value::Object => rows.read_members(body, empty_is_none).map(|()| None),
        other => Ok(no_list(other, place)),
    }
}

/// Reads an object that holds items or is one itself; what is wrong if it is neither.
pub(super) fn read_items<B: Body>(
    body: &mut B,
    rows: &mut Rows<'_>,
    root: &'static str,
) -> Result<Option<Fault>, Malformed> {
    let own = Place { root, path: ".body.items", list: false };
    let items = Place { root, path: ".body.items.item", list: true };
    rows.at(own);
    rows.begin_item();
    let mut members = Members::default();
    let (mut others, mut has_item, mut fault) = (NameList::default(), false, None);
    loop {
        let found = members.next_by(body, |name| {
            let field = name != ITEM;
            if field {
                others.push(name);
            }
            (field && !has_item).then(|| rows.member(name)).ok_or(field)
        })?;
        match found {
            None => break,
            Some(Ok(member)) => rows.read_field(body, member)?,
            Some(Err(field)) if field || !others.is_empty() => {
                has_item |= !field;
                skip(body)?;
            }
            Some(Err(_)) if B::UNIQUE_MEMBERS => {
                has_item = true;
                fault = read_list(body, rows, items, false)?;
            }
            Some(Err(_)) => {
                has_item = true;
                rows.at(items);
                rows.read_item(body)?;
            }
        }
    }
    let place = || format!("{root}{}", own.path);
    if body.had_text() {
        return Ok(Some(Fault::new("text between the elements", place())));
    }
    if has_item && !others.is_empty() {
        let problem = format!("has members beside \"{ITEM}\": {others}");
        return Ok(Some(Fault::new(problem, place())));
    }
    if !others.is_empty() {
        rows.end_item();
    }
    Ok(fault)
}
