//! The layouts of a list of items.

use super::body::{Body, Malformed, Members, Value, skip};
use super::rows::{Place, Rows};
use super::shown::{Fault, NameList};
use crate::texts::trimmed;

/// What is wrong with a value that is neither an object nor an array, where a list is expected.
fn no_list(value: Value<'_>, place: Place<'_>) -> Option<Fault> {
    match value {
        Value::Null => None,
        Value::Text(text) if trimmed(text).is_empty() => None,
        other => {
            let problem = format!("{} where a list of items is expected", other.kind());
            Some(Fault::new(problem, place.to_string()))
        }
    }
}

/// Reads a list of items, or one item in its place; what is wrong if it is neither.
fn read_list<'e, B: Body>(
    body: &mut B,
    rows: &mut Rows<'e>,
    place: Place<'e>,
    empty_is_none: bool,
) -> Result<Option<Fault>, Malformed> {
    rows.at(Place { list: true, ..place });
    match body.value()? {
        Value::Array => rows.read_list(body).map(|()| None),
        Value::Object => rows.read_members(body, empty_is_none).map(|()| None),
        other => Ok(no_list(other, place)),
    }
}

/// Reads the items of a body, which stand in a list or, unless this name is empty, in a member `item`.
pub(super) fn read_items<'e, B: Body>(
    body: &mut B,
    rows: &mut Rows<'e>,
    place: Place<'e>,
    item: &'e str,
) -> Result<Option<Fault>, Malformed> {
    if item.is_empty() {
        return read_list(body, rows, place, true);
    }
    match body.value()? {
        Value::Object => read_object(body, rows, place, item),
        Value::Array => {
            rows.at(Place { list: true, ..place });
            rows.read_list(body).map(|()| None)
        }
        other => Ok(no_list(other, place)),
    }
}

/// Reads an object that holds items or is one itself; what is wrong if it is neither.
fn read_object<'e, B: Body>(
    body: &mut B,
    rows: &mut Rows<'e>,
    place: Place<'e>,
    item: &'e str,
) -> Result<Option<Fault>, Malformed> {
    rows.at(place);
    rows.begin_item();
    let mut members = Members::default();
    let (mut others, mut has_item, mut fault) = (NameList::default(), false, None);
    loop {
        let found = members.next_by(body, |name| {
            let field = name != item;
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
                fault = read_list(body, rows, Place { item, ..place }, false)?;
            }
            Some(Err(_)) => {
                has_item = true;
                rows.at(Place { item, list: true, ..place });
                rows.read_item(body)?;
            }
        }
    }
    if body.had_text() {
        return Ok(Some(Fault::new("text between the elements", place.to_string())));
    }
    if has_item && !others.is_empty() {
        let problem = format!("has members beside \"{item}\": {others}");
        return Ok(Some(Fault::new(problem, place.to_string())));
    }
    if !others.is_empty() {
        rows.end_item();
    }
    Ok(fault)
}
