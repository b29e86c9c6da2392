//! Members of the envelope: noted as they come, looked up when all of it is known.

use super::body::{Body, Malformed, Value, skip, skip_elements, skip_members};
use super::shown::Fault;
use crate::texts::trimmed;

/// A member that is looked up.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    pub(super) times: u8,
    kind: &'static str,
    /// A text, or a number as it is written.
    text: Option<String>,
    truth: Option<bool>,
}

impl Lookup {
    /// Reads a member; whether its members are to be read next.
    pub(super) fn open<B: Body>(&mut self, body: &mut B) -> Result<bool, Malformed> {
        self.times = self.times.saturating_add(1);
        if self.times > 1 {
            return skip(body).map(|()| false);
        }
        let value = body.value()?;
        self.kind = value.kind();
        match value {
            Value::Object => return Ok(true),
            Value::Array => skip_elements(body)?,
            Value::Text(text) | Value::Number(text) => self.text = Some(trimmed(text).to_owned()),
            Value::Bool(truth) => self.truth = Some(truth),
            Value::Null => {}
        }
        Ok(false)
    }

    /// Reads a member of which no members are wanted.
    pub(super) fn read<B: Body>(&mut self, body: &mut B) -> Result<(), Malformed> {
        if self.open(body)? { skip_members(body) } else { Ok(()) }
    }

    /// Requires that it does not stand twice.
    pub(super) fn once(&self, place: impl FnOnce() -> String) -> Result<(), Fault> {
        if self.times > 1 { Err(Fault::new("occurs more than once", place())) } else { Ok(()) }
    }

    fn is_null(&self) -> bool {
        self.kind == Value::Null.kind()
    }

    /// Requires that it is an object.
    pub(super) fn require_object(&self, place: impl FnOnce() -> String) -> Result<(), Fault> {
        if self.kind == Value::Object.kind() {
            return Ok(());
        }
        Err(Fault::new(format!("{} where an object is expected", self.kind), place()))
    }

    /// Whether the object is there; null is as absent.
    pub(super) fn object(&self, place: impl Fn() -> String) -> Result<bool, Fault> {
        self.once(&place)?;
        if self.times == 0 || self.is_null() {
            return Ok(false);
        }
        self.require_object(place).map(|()| true)
    }

    /// The number or text that is there; null and blanks are as absent.
    pub(super) fn scalar(&self, place: impl Fn() -> String) -> Result<Option<&str>, Fault> {
        self.once(&place)?;
        match &self.text {
            Some(text) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            None if self.times == 0 || self.is_null() => Ok(None),
            None => {
                let problem = format!("{} where a number or text is expected", self.kind);
                Err(Fault::new(problem, place()))
            }
        }
    }

    /// The count that it is, if it is one.
    pub(super) fn count(&self) -> Option<i64> {
        const MOST_DIGITS: usize = 18;
        let text = self.text.as_deref().filter(|text| is_digits(text))?;
        let digits = text.trim_start_matches('0');
        if digits.is_empty() {
            return Some(0);
        }
        if digits.len() > MOST_DIGITS { None } else { digits.parse().ok() }
    }

    /// The truth value that it is, if it is one.
    pub(super) fn boolean(&self) -> Option<bool> {
        if self.truth.is_some() {
            return self.truth;
        }
        let text = self.text.as_deref()?;
        match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A code as it is given on: numbers with at least two digits.
pub(super) fn canonical(code: &str) -> String {
    if is_digits(code) { format!("{:0>2}", code.trim_start_matches('0')) } else { code.to_owned() }
}
