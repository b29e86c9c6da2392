//! JSON as RFC 8259 has it, on top of jiter.
//!
//! What jiter does not do is done here: names that stand twice and nesting that is too deep are refused,
//! and the integer part of a number may be of any length. Members and texts in their plainest form, which
//! are nearly all there are, are read here too, without the way through jiter.

use jiter::{Jiter, JiterError, JiterErrorType, JiterResult, JsonErrorType, Peek};

use super::body::{Body, MOST_LEVELS, Malformed, Value};

/// A JSON text.
pub(super) struct Json<'j> {
    text: &'j str,
    jiter: Jiter<'j>,
    /// Where jiter's part of the text begins.
    base: usize,
    /// How far the text was read without jiter.
    ahead: usize,
    /// A container was announced and not yet entered.
    announced: bool,
    levels: usize,
}

impl<'j> Json<'j> {
    pub(super) fn new(text: &'j str) -> Self {
        let jiter = Jiter::new(text.as_bytes());
        Self { text, jiter, base: 0, ahead: 0, announced: false, levels: 0 }
    }

    /// Requires that nothing follows the document.
    pub(super) fn finish(&mut self) -> Result<(), Malformed> {
        self.read(Jiter::finish)
    }

    fn position(&self) -> usize {
        self.ahead.max(self.base + self.jiter.current_index())
    }

    /// Jiter at the place that the text was read to.
    fn jiter(&mut self) -> &mut Jiter<'j> {
        if self.base + self.jiter.current_index() < self.ahead {
            self.base = self.ahead;
            self.jiter = Jiter::new(self.text.as_bytes().get(self.base..).unwrap_or_default());
        }
        &mut self.jiter
    }

    /// Has jiter read what stands next.
    fn read<T>(
        &mut self,
        read: impl FnOnce(&mut Jiter<'j>) -> JiterResult<T>,
    ) -> Result<T, Malformed> {
        read(self.jiter()).map_err(|error| malformed(self.text, self.base, &error))
    }

    fn announce(&mut self) -> Result<(), Malformed> {
        self.announced = true;
        self.levels += 1;
        if self.levels > MOST_LEVELS {
            let what = format!("more than {MOST_LEVELS} levels");
            return Err(Malformed::at(self.text, self.position(), what));
        }
        Ok(())
    }

    /// Takes a text without escapes, where one stands next.
    #[inline(always)]
    fn plain_text(&mut self) -> Option<&'j str> {
        let begin = blanks_end(self.text.as_bytes(), self.position());
        let rest = self.text.as_bytes().get(begin..)?.strip_prefix(b"\"")?;
        let length = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | 0..b' '))?;
        if rest.get(length) != Some(&b'"') {
            return None;
        }
        self.ahead = begin + length + 2;
        self.text.get(begin + 1..begin + 1 + length)
    }

    /// The literal of a number.
    fn number(&mut self, peek: Peek) -> Result<&'j str, Malformed> {
        let begin = self.position();
        if let Err(error) = self.jiter().known_number_bytes(peek) {
            match number_end(self.text.as_bytes(), begin) {
                Some(end) if is_long(&error) => self.ahead = end,
                _ => return Err(malformed(self.text, self.base, &error)),
            }
        }
        Ok(self.text.get(begin..self.position()).unwrap_or_default())
    }

    fn other_value(&mut self) -> Result<Value<'_>, Malformed> {
        let peek = self.read(Jiter::peek)?;
        match peek {
            Peek::String => match self.jiter.known_str() {
                Ok(text) => Ok(Value::Text(text)),
                Err(error) => Err(malformed(self.text, self.base, &error)),
            },
            Peek::Object => self.announce().map(|()| Value::Object),
            Peek::Array => self.announce().map(|()| Value::Array),
            Peek::True | Peek::False => self.read(|jiter| jiter.known_bool(peek)).map(Value::Bool),
            Peek::Null => self.read(Jiter::known_null).map(|()| Value::Null),
            number if number.is_num() => self.number(peek).map(Value::Number),
            _ => Err(Malformed::at(self.text, self.position(), "a value is expected")),
        }
    }
}

impl Body for Json<'_> {
    const UNIQUE_MEMBERS: bool = true;

    #[inline(always)]
    fn value(&mut self) -> Result<Value<'_>, Malformed> {
        match self.plain_text() {
            Some(text) => Ok(Value::Text(text)),
            None => self.other_value(),
        }
    }

    fn member(&mut self) -> Result<Option<&str>, Malformed> {
        let announced = std::mem::take(&mut self.announced);
        // Jiter is put in its place here: what it returns is part of it.
        self.jiter();
        let name = if announced { self.jiter.known_object() } else { self.jiter.next_key() };
        match name {
            Ok(Some(name)) => Ok(Some(name)),
            Ok(None) => {
                self.levels -= 1;
                Ok(None)
            }
            Err(error) => Err(malformed(self.text, self.base, &error)),
        }
    }

    #[inline]
    fn member_is(&mut self, name: &str) -> bool {
        let bytes = self.text.as_bytes();
        let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
        let begin = blanks_end(bytes, self.position());
        if !is(begin, if self.announced { b'{' } else { b',' }) {
            return false;
        }
        let quote = blanks_end(bytes, begin + 1);
        let name_end = quote + 1 + name.len();
        if !is(quote, b'"')
            || !is(name_end, b'"')
            || bytes.get(quote + 1..name_end) != Some(name.as_bytes())
        {
            return false;
        }
        let colon = blanks_end(bytes, name_end + 1);
        if !is(colon, b':') {
            return false;
        }
        self.ahead = colon + 1;
        self.announced = false;
        true
    }

    fn element(&mut self) -> Result<bool, Malformed> {
        let found = if std::mem::take(&mut self.announced) {
            self.read(Jiter::known_array)?
        } else {
            self.read(Jiter::array_step)?
        };
        if found.is_none() {
            self.levels -= 1;
        }
        Ok(found.is_some())
    }

    fn had_text(&self) -> bool {
        false
    }

    fn read_and_left(&self) -> (usize, usize) {
        (self.position(), self.text.len().saturating_sub(self.position()))
    }

    fn repeated(&self) -> Malformed {
        Malformed::at(self.text, self.position(), "a name stands twice in one object, again")
    }
}

fn malformed(text: &str, base: usize, error: &JiterError) -> Malformed {
    Malformed::at(text, base + error.index, &error.error_type)
}

fn is_long(error: &JiterError) -> bool {
    matches!(error.error_type, JiterErrorType::JsonError(JsonErrorType::NumberOutOfRange))
}

/// Where the blanks end that begin at a place, or do not.
fn blanks_end(bytes: &[u8], mut place: usize) -> usize {
    while matches!(bytes.get(place), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        place += 1;
    }
    place
}

/// Where a number of any length ends.
fn number_end(text: &[u8], begin: usize) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let is = |at: usize, bytes: &[u8]| text.get(at).is_some_and(|byte| bytes.contains(byte));
    let whole = begin + usize::from(is(begin, b"-"));
    let mut end = digits(whole);
    if end == whole || (is(whole, b"0") && end > whole + 1) {
        return None;
    }
    if is(end, b".") {
        let fraction = end + 1;
        end = digits(fraction);
        if end == fraction {
            return None;
        }
    }
    if is(end, b"eE") {
        let exponent = end + 1 + usize::from(is(end + 1, b"+-"));
        end = digits(exponent);
        if end == exponent {
            return None;
        }
    }
    Some(end)
}
