//! A body as a stream of members and values, the same for JSON and XML.

use hashbrown::HashSet;

/// How deep containers may lie in one another.
pub(super) const MOST_LEVELS: usize = 64;

/// Why a body is not well-formed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

impl Malformed {
    /// What is wrong at an offset of a text.
    #[cold]
    pub(super) fn at(text: &str, offset: usize, what: impl std::fmt::Display) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        Self(format!("{what} at line {line}, column {column}"))
    }
}

/// A value; the members of an object and the elements of an array follow in the stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'v> {
    Object,
    Array,
    Text(&'v str),
    /// A number as it is written.
    Number(&'v str),
    Bool(bool),
    Null,
}

impl Value<'_> {
    /// What a value is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a boolean",
            Self::Null => "null",
        }
    }
}

/// A body that is read from its begin to its end.
///
/// After an object its members are read until there is none, after an array its elements; each member
/// and each element is followed by its value.
pub(super) trait Body {
    /// Whether a member that stands twice in one object makes the body malformed.
    const UNIQUE_MEMBERS: bool;

    /// The value that stands next.
    fn value(&mut self) -> Result<Value<'_>, Malformed>;

    /// The name of the object's next member; None at its end.
    fn member(&mut self) -> Result<Option<&str>, Malformed>;

    /// Takes the object's next member if it is of this name, which needs no escapes, and in its plain form;
    /// whether it was. What is not taken here is left to [`Body::member`].
    fn member_is(&mut self, name: &str) -> bool;

    /// Whether the array has another element.
    fn element(&mut self) -> Result<bool, Malformed>;

    /// Whether the object that ended last held text beside its members.
    fn had_text(&self) -> bool;

    /// How many bytes have been read, and how many are left.
    fn read_and_left(&self) -> (usize, usize);

    /// The error of a member that stands twice.
    fn repeated(&self) -> Malformed;
}

/// The names that an object has had so far, where they must not be repeated.
#[derive(Debug, Default)]
pub(super) struct Members(HashSet<Box<str>>);

impl Members {
    /// Which of some names the next member has, how many they are if none of them; None at the object's end.
    pub(super) fn next<B: Body>(
        &mut self,
        body: &mut B,
        names: &[&str],
    ) -> Result<Option<usize>, Malformed> {
        let position = |name: &str| names.iter().position(|known| *known == name);
        self.next_by(body, |name| position(name).unwrap_or(names.len()))
    }

    /// What is made of the next member's name; None at the object's end.
    pub(super) fn next_by<B: Body, T>(
        &mut self,
        body: &mut B,
        make: impl FnOnce(&str) -> T,
    ) -> Result<Option<T>, Malformed> {
        let Some(name) = body.member()? else {
            return Ok(None);
        };
        let made = make(name);
        let first = !B::UNIQUE_MEMBERS || self.0.insert(name.into());
        if first { Ok(Some(made)) } else { Err(body.repeated()) }
    }
}

/// Reads over the next value.
pub(super) fn skip<B: Body>(body: &mut B) -> Result<(), Malformed> {
    match body.value()? {
        Value::Object => skip_members(body),
        Value::Array => skip_elements(body),
        _ => Ok(()),
    }
}

/// Reads over the members of an object.
pub(super) fn skip_members<B: Body>(body: &mut B) -> Result<(), Malformed> {
    let mut members = Members::default();
    while members.next(body, &[])?.is_some() {
        skip(body)?;
    }
    Ok(())
}

/// Reads over the elements of an array.
pub(super) fn skip_elements<B: Body>(body: &mut B) -> Result<(), Malformed> {
    while body.element()? {
        skip(body)?;
    }
    Ok(())
}
