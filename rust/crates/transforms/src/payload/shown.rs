//! What is wrong, in words, and how values are shown there.

/// Characters of a value that are shown.
const LONGEST_SHOWN: usize = 40;
/// Names that a list of names shows.
const NAMES_SHOWN: usize = 5;

/// Something wrong at a place in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong.
    pub(super) problem: String,
    /// Where, as a path of members; empty for the whole body.
    pub(super) place: String,
}

impl Fault {
    pub(super) fn new(problem: impl Into<String>, place: impl Into<String>) -> Self {
        Self { problem: problem.into(), place: place.into() }
    }

    pub(super) fn whole(problem: impl Into<String>) -> Self {
        Self::new(problem, "")
    }
}

/// The beginning of a value.
pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

/// The first few distinct names of a container.
#[derive(Debug, Default)]
pub(super) struct NameList {
    names: Vec<String>,
    more: bool,
}

impl NameList {
    pub(super) fn push(&mut self, name: &str) {
        if self.more || self.names.iter().any(|known| known == name) {
            return;
        }
        if self.names.len() == NAMES_SHOWN {
            self.more = true;
        } else {
            self.names.push(name.to_owned());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl std::fmt::Display for NameList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.names.is_empty() {
            return f.write_str("none");
        }
        let names: Vec<String> = self.names.iter().map(|name| shown(name)).collect();
        write!(f, "{}{}", names.join(", "), if self.more { ", …" } else { "" })
    }
}
