//! What makes XML well-formed and quick-xml does not look at; the judge of it all is expat.

use std::borrow::Cow;

use hashbrown::HashSet;

use super::text::BLANKS;
use super::xml_names::is_name;

/// What is wrong with a piece of XML.
pub(super) type Rule<T> = Result<T, &'static str>;

/// Requires that a document has no character that XML has not.
pub(super) fn check_characters(text: &str) -> Rule<()> {
    let is_control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\r' | b'\n');
    // The two characters are EF BF BE and EF BF BF. Without a way out the loop runs over many bytes at a time.
    let (controls, maybe) = text.bytes().fold((false, false), |(controls, maybe), byte| {
        (controls | is_control(byte), maybe | (byte == 0xEF))
    });
    if controls || (maybe && text.contains(['\u{fffe}', '\u{ffff}'])) {
        return Err("a character that XML does not allow");
    }
    Ok(())
}

/// The name of a start tag of which the attributes are in order.
pub(super) fn tag_name(content: &str) -> Rule<&str> {
    let end = content.find(BLANKS).unwrap_or(content.len());
    let (name, attributes) = content.split_at(end);
    if !is_name(name) {
        return Err("an element without a valid name");
    }
    check_attributes(attributes)?;
    Ok(name)
}

fn check_attributes(mut rest: &str) -> Rule<()> {
    let mut names = HashSet::new();
    loop {
        let trimmed = rest.trim_start_matches(BLANKS);
        if trimmed.is_empty() {
            return Ok(());
        }
        if trimmed.len() == rest.len() {
            return Err("no blank before an attribute");
        }
        let (name, value, behind) =
            attribute(trimmed).ok_or("an attribute that is not name=\"value\"")?;
        if value.contains('<') {
            return Err("a < in an attribute");
        }
        for reference in value.split('&').skip(1) {
            let (reference, _) =
                reference.split_once(';').ok_or("an & that begins no reference")?;
            resolve(reference)?;
        }
        if !names.insert(name) {
            return Err("an attribute that stands twice");
        }
        rest = behind;
    }
}

/// Takes an attribute's name and value off a text.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_at(text.find(|c| c == '=' || BLANKS.contains(&c))?);
    let rest = rest.trim_start_matches(BLANKS).strip_prefix('=')?.trim_start_matches(BLANKS);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, behind) = rest.get(1..)?.split_once(quote)?;
    is_name(name).then_some((name, value, behind))
}

/// The character that a reference stands for.
pub(super) fn resolve(reference: &str) -> Rule<char> {
    let number = match reference {
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "amp" => return Ok('&'),
        "apos" => return Ok('\''),
        "quot" => return Ok('"'),
        _ => reference.strip_prefix('#').ok_or("an entity that is not declared")?,
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    let code = digits.chars().try_fold(0u32, |code, digit| {
        Some(code.saturating_mul(radix).saturating_add(digit.to_digit(radix)?))
    });
    code.filter(|_| !digits.is_empty())
        .and_then(char::from_u32)
        .filter(|c| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'))
        .ok_or("a reference to a character that XML does not allow")
}

/// Text with line ends as XML has them.
pub(super) fn text(piece: &str) -> Rule<Cow<'_, str>> {
    if piece.contains("]]>") {
        return Err("]]> in text");
    }
    Ok(with_line_ends(piece))
}

/// A piece with \n for every line end.
pub(super) fn with_line_ends(piece: &str) -> Cow<'_, str> {
    if piece.contains('\r') {
        Cow::Owned(piece.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(piece)
    }
}

/// Requires that a comment holds no --.
pub(super) fn check_comment(content: &str) -> Rule<()> {
    if content.contains("--") || content.ends_with('-') { Err("-- in a comment") } else { Ok(()) }
}

/// Requires that a processing instruction has a name, which is not that of the declaration.
pub(super) fn check_instruction(content: &str) -> Rule<()> {
    let name = content.split(BLANKS).next().unwrap_or_default();
    if name.eq_ignore_ascii_case("xml") {
        return Err("an XML declaration that is not at the begin");
    }
    if is_name(name) { Ok(()) } else { Err("a processing instruction without a valid name") }
}

/// Requires that a declaration, without its brackets, has a version, and then an encoding or none, and
/// then whether the document stands alone or nothing.
pub(super) fn check_declaration(content: &str) -> Rule<()> {
    const WRONG: &str = "an XML declaration that is not in order";
    let mut rest = content.strip_prefix("xml").ok_or(WRONG)?;
    let mut expected = ["version", "encoding", "standalone"].iter();
    let mut any = false;
    loop {
        let trimmed = rest.trim_start_matches(BLANKS);
        if trimmed.is_empty() {
            return if any { Ok(()) } else { Err(WRONG) };
        }
        if trimmed.len() == rest.len() {
            return Err(WRONG);
        }
        let (name, value, behind) = attribute(trimmed).ok_or(WRONG)?;
        let known = expected.by_ref().find(|known| **known == name);
        let valid = match known {
            Some(&"version") => is_token(value),
            Some(&"encoding") => {
                is_token(value) && value.starts_with(|c: char| c.is_ascii_alphabetic())
            }
            Some(_) => matches!(value, "yes" | "no"),
            None => false,
        };
        if !valid || (!any && name != "version") {
            return Err(WRONG);
        }
        any = true;
        rest = behind;
    }
}

fn is_token(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
