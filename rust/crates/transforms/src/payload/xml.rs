//! XML as expat judges it, on top of quick-xml.
//!
//! quick-xml finds where markup begins and ends and matches the tags. All else that makes a document
//! well-formed is looked at here and in [`super::xml_rules`]. A document type is refused outright, so no
//! entity is ever declared or loaded.

use std::borrow::Cow;

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::body::{Body, MOST_LEVELS, Malformed, Value};
use super::text::BLANKS;
use super::xml_names::is_in_ascii_name;
use super::xml_rules::{self as rules, Rule};
use crate::texts::trimmed;

/// A piece of a document.
enum Token<'x> {
    Start { name: &'x str, is_empty: bool },
    End,
    Text(Cow<'x, str>),
    Ignored,
    DocumentEnd,
}

/// What stands where a value is expected.
#[derive(Clone, Copy)]
enum Awaited<'x> {
    /// The document, an object whose one member is the root element.
    Document,
    /// An element whose start tag was read.
    Content,
    /// An element that was read to its end.
    Leaf(&'x str),
    Nothing,
}

/// An XML document.
pub(super) struct Xml<'x> {
    text: &'x str,
    reader: Reader<&'x [u8]>,
    /// The reader stands behind markup, so that it takes whatever follows.
    behind_markup: bool,
    awaited: Awaited<'x>,
    /// A child of which the start tag was read while looking for text.
    child: Option<(&'x str, bool)>,
    /// For each element with children that is open, whether it holds text beside them.
    open: Vec<bool>,
    levels: usize,
    had_root: bool,
    had_text: bool,
    joined: String,
}

impl<'x> Xml<'x> {
    pub(super) fn new(text: &'x str) -> Result<Self, Malformed> {
        rules::check_characters(text).map_err(|what| Malformed(what.to_owned()))?;
        Ok(Self {
            text,
            reader: Reader::from_str(text),
            behind_markup: true,
            awaited: Awaited::Document,
            child: None,
            open: Vec::new(),
            levels: 0,
            had_root: false,
            had_text: false,
            joined: String::new(),
        })
    }

    fn position(&self) -> usize {
        self.text.len() - self.reader.get_ref().len()
    }

    #[cold]
    fn malformed(&self, what: impl std::fmt::Display) -> Malformed {
        Malformed::at(self.text, self.position(), what)
    }

    fn token(&mut self) -> Result<Token<'x>, Malformed> {
        let begin = self.position();
        if self.text.get(begin..).is_some_and(is_declaration) {
            return Err(
                self.malformed("a document type or another declaration, which is not accepted,")
            );
        }
        let event = self.reader.read_event().map_err(|error| self.malformed(error))?;
        self.behind_markup = !matches!(event, Event::Text(_));
        let raw = self.text.get(begin..self.position()).unwrap_or_default();
        let inner = |before: usize, behind: usize| {
            raw.get(before..raw.len().saturating_sub(behind)).unwrap_or_default()
        };
        let start = |content, is_empty| {
            rules::tag_name(content).map(|name| Token::Start { name, is_empty })
        };
        let token: Rule<Token<'x>> = match event {
            Event::Start(_) => start(inner(1, 1), false),
            Event::Empty(_) => start(inner(1, 2), true),
            Event::End(_) => Ok(Token::End),
            Event::Text(_) if self.levels == 0 => outside(raw),
            Event::Text(_) => rules::text(raw).map(Token::Text),
            Event::CData(_) | Event::GeneralRef(_) if self.levels == 0 => outside(raw),
            Event::CData(_) => Ok(Token::Text(rules::with_line_ends(inner(9, 3)))),
            Event::GeneralRef(_) => {
                rules::resolve(inner(1, 1)).map(|c| Token::Text(Cow::Owned(c.to_string())))
            }
            Event::Comment(_) => rules::check_comment(inner(4, 3)).map(|()| Token::Ignored),
            Event::Decl(_) if begin == 0 => {
                rules::check_declaration(inner(2, 2)).map(|()| Token::Ignored)
            }
            Event::Decl(_) | Event::PI(_) => {
                rules::check_instruction(inner(2, 2)).map(|()| Token::Ignored)
            }
            Event::DocType(_) => Err("a document type, which is not accepted,"),
            Event::Eof => Ok(Token::DocumentEnd),
        };
        token.map_err(|what| self.malformed(what))
    }

    /// Enters an element.
    fn enter(&mut self, is_empty: bool) -> Result<(), Malformed> {
        if self.levels >= MOST_LEVELS {
            return Err(self.malformed(format!("more than {MOST_LEVELS} levels")));
        }
        self.awaited = if is_empty {
            Awaited::Leaf("")
        } else {
            self.levels += 1;
            Awaited::Content
        };
        Ok(())
    }

    /// Takes a whole element without attributes, children and markup in its text, where one stands next, of
    /// any name or of one.
    fn plain_leaf(&mut self, wanted: Option<&str>) -> Option<&'x str> {
        if !self.behind_markup || self.levels == 0 || self.levels >= MOST_LEVELS {
            return None;
        }
        let begin = self.position();
        let bytes = self.text.as_bytes();
        let at = |place: usize, byte: u8| bytes.get(place).is_some_and(|&found| found == byte);
        let blanks = bytes.get(begin..)?.iter().take_while(|&&byte| is_blank(byte)).count();
        if !at(begin + blanks, b'<') {
            return None;
        }
        let name_begin = begin + blanks + 1;
        let name_end = match wanted {
            Some(name) if bytes.get(name_begin..)?.starts_with(name.as_bytes()) => {
                name_begin + name.len()
            }
            Some(_) => return None,
            None => name_begin + plain_name(bytes.get(name_begin..)?)?,
        };
        if !at(name_end, b'>') {
            return None;
        }
        let is_special = |byte: &u8| matches!(byte, b'<' | b'&' | b']' | b'\r');
        let text_end = name_end + 1 + bytes.get(name_end + 1..)?.iter().position(is_special)?;
        let name = self.text.get(name_begin..name_end)?;
        let behind = bytes.get(text_end..)?.strip_prefix(b"</")?.strip_prefix(name.as_bytes())?;
        *self.reader.get_mut() = behind.strip_prefix(b">")?;
        self.awaited = Awaited::Leaf(self.text.get(name_end + 1..text_end)?);
        Some(name)
    }

    /// The text of an element, or that it has children.
    fn content(&mut self) -> Result<Value<'_>, Malformed> {
        let mut only: Option<Cow<'x, str>> = None;
        loop {
            match self.token()? {
                Token::Text(piece) => match only.take() {
                    None => only = Some(piece),
                    Some(first) => only = Some(Cow::Owned(first.into_owned() + &piece)),
                },
                Token::Ignored => {}
                Token::Start { name, is_empty } => {
                    let has_text = only.is_some_and(|text| !trimmed(&text).is_empty());
                    self.open.push(has_text);
                    self.child = Some((name, is_empty));
                    return Ok(Value::Object);
                }
                Token::End => {
                    self.levels -= 1;
                    return Ok(Value::Text(match only {
                        None => "",
                        Some(Cow::Borrowed(text)) => text,
                        Some(Cow::Owned(text)) => {
                            self.joined = text;
                            &self.joined
                        }
                    }));
                }
                Token::DocumentEnd => return Err(self.malformed("an element that is not closed")),
            }
        }
    }
}

impl Body for Xml<'_> {
    const UNIQUE_MEMBERS: bool = false;

    #[inline(always)]
    fn value(&mut self) -> Result<Value<'_>, Malformed> {
        match std::mem::replace(&mut self.awaited, Awaited::Nothing) {
            Awaited::Leaf(text) => Ok(Value::Text(text)),
            Awaited::Content => self.content(),
            Awaited::Document | Awaited::Nothing => Ok(Value::Object),
        }
    }

    fn member(&mut self) -> Result<Option<&str>, Malformed> {
        if let Some((name, is_empty)) = self.child.take() {
            self.enter(is_empty)?;
            return Ok(Some(name));
        }
        if let Some(name) = self.plain_leaf(None) {
            return Ok(Some(name));
        }
        loop {
            match self.token()? {
                Token::Start { .. } if self.levels == 0 && self.had_root => {
                    return Err(self.malformed("a second root element"));
                }
                Token::Start { name, is_empty } => {
                    self.had_root = true;
                    self.enter(is_empty)?;
                    return Ok(Some(name));
                }
                Token::End => {
                    self.levels -= 1;
                    self.had_text = self.open.pop().unwrap_or_default();
                    return Ok(None);
                }
                Token::Text(text) => {
                    if let Some(has_text) = self.open.last_mut() {
                        *has_text |= !trimmed(&text).is_empty();
                    }
                }
                Token::Ignored => {}
                Token::DocumentEnd if self.levels == 0 && self.had_root => return Ok(None),
                Token::DocumentEnd => return Err(self.malformed("the document's early end")),
            }
        }
    }

    fn member_is(&mut self, name: &str) -> bool {
        self.child.is_none() && self.plain_leaf(Some(name)).is_some()
    }

    fn element(&mut self) -> Result<bool, Malformed> {
        Ok(false)
    }

    fn had_text(&self) -> bool {
        self.had_text
    }

    fn read_and_left(&self) -> (usize, usize) {
        (self.position(), self.text.len().saturating_sub(self.position()))
    }

    fn repeated(&self) -> Malformed {
        self.malformed("an element that stands twice")
    }
}

/// Whether a text begins with a declaration, which is neither a comment nor a CDATA section.
fn is_declaration(text: &str) -> bool {
    text.starts_with("<!") && !text.starts_with("<!--") && !text.starts_with("<![CDATA[")
}

/// Text outside of the root element: blanks are all there may be.
fn outside<'x>(raw: &str) -> Rule<Token<'x>> {
    if raw.trim_matches(BLANKS).is_empty() {
        Ok(Token::Ignored)
    } else {
        Err("text outside of the root element")
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The length of the ASCII name that a text begins with.
fn plain_name(text: &[u8]) -> Option<usize> {
    text.first().filter(|byte| byte.is_ascii_alphabetic())?;
    Some(text.iter().take_while(|&&byte| is_in_ascii_name(byte)).count())
}
