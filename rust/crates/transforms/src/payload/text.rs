//! From what came to a text that is JSON or XML.

use super::Page;
use super::shown::{Fault, shown};

const BYTE_ORDER_MARK: char = '\u{feff}';
/// The blanks of JSON and of XML.
pub(super) const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Xml,
}

/// The body's text without blanks around it, and its form.
pub(super) fn decode(page: Page<'_>) -> Result<(Form, &str), Fault> {
    let text = match page {
        Page::Bytes(bytes) => std::str::from_utf8(bytes).map_err(|error| {
            let offset = error.valid_up_to();
            Fault::whole(format!("the body is no valid UTF-8: byte {offset}"))
        })?,
        Page::Text(text) => text,
        Page::LoneSurrogate => return Err(Fault::whole("the text holds a lone surrogate")),
    };
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim_matches(BLANKS);
    match text.as_bytes().first() {
        None => Err(Fault::whole("the body is empty")),
        Some(b'{') => Ok((Form::Json, text)),
        Some(b'<') if is_html(text) => Err(Fault::whole("an HTML page came instead of data")),
        Some(b'<') => Ok((Form::Xml, text)),
        Some(_) => Err(Fault::whole(format!(
            "the body is neither JSON nor XML: it begins with \"{}\"",
            shown(text)
        ))),
    }
}

/// Whether a text begins with a document type or a root element of HTML, an XML declaration before it or not.
fn is_html(text: &str) -> bool {
    let text = match strip_prefix_ignoring_case(text, "<?xml").and_then(|rest| rest.split_once('>'))
    {
        Some((_, rest)) => rest.trim_start_matches(is_space),
        None => text,
    };
    let Some(text) = text.strip_prefix('<') else {
        return false;
    };
    let text = match strip_prefix_ignoring_case(text, "!doctype") {
        Some(rest) if rest.starts_with(is_space) => rest.trim_start_matches(is_space),
        _ => text,
    };
    strip_prefix_ignoring_case(text, "html")
        .is_some_and(|rest| rest.starts_with(|c| is_space(c) || matches!(c, '>' | '/')))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_recognised_and_nothing_else_is() {
        for html in [
            "<html>",
            "<HTML lang='ko'>",
            "<html/",
            "<!DOCTYPE html>",
            "<!doctype\n HTML\n>",
            "<?xml version='1.0'?> <html >",
            "<?XML?><!DOCTYPE html PUBLIC>",
        ] {
            assert!(is_html(html), "{html}");
        }
        for other in
            ["<html", "<htmlx>", "<!DOCTYPEhtml>", "<response>", "<?xml", "<", "<!--><html>"]
        {
            assert!(!is_html(other), "{other}");
        }
    }
}
