//! What is counted about the fields of items.

use hashbrown::HashMap;

use super::fields::Fields;
use super::report::{Report, Retyped};

/// What was counted about a documented field.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) coerced: u64,
    pub(super) vanished: u64,
    pub(super) retyped: Retyped,
}

/// A field that is not documented.
struct Unknown {
    name: Box<str>,
    /// Items that had it.
    count: u64,
    /// The last item that had it, from 1.
    item: u64,
}

/// The counts, and as they were before the page.
pub(super) struct Drift {
    pub(super) counts: Vec<Counts>,
    counts_before: Vec<Counts>,
    unknown: Vec<Unknown>,
    unknown_before: usize,
    /// Fields that are not documented as the page's items had them, by place.
    unknown_of_page: Vec<usize>,
    unknown_index: HashMap<Box<str>, usize>,
}

impl Drift {
    pub(super) fn new(fields: usize) -> Self {
        Self {
            counts: vec![Counts::default(); fields],
            counts_before: Vec::new(),
            unknown: Vec::new(),
            unknown_before: 0,
            unknown_of_page: Vec::new(),
            unknown_index: HashMap::new(),
        }
    }

    pub(super) fn begin_page(&mut self) {
        self.counts_before.clone_from(&self.counts);
        self.unknown_before = self.unknown.len();
        self.unknown_of_page.clear();
    }

    /// Forgets what was counted since the page began.
    pub(super) fn drop_page(&mut self) {
        self.counts.clone_from(&self.counts_before);
        for place in self.unknown_of_page.drain(..) {
            if let Some(unknown) = self.unknown.get_mut(place) {
                unknown.count -= 1;
            }
        }
        for unknown in self.unknown.drain(self.unknown_before..) {
            self.unknown_index.remove(&unknown.name);
        }
    }

    /// Counts a field that is not documented; whether the item did not have it yet.
    pub(super) fn unknown(&mut self, name: &str, item: u64) -> bool {
        let place = match self.unknown_index.get(name) {
            Some(&place) => place,
            None => {
                self.unknown_index.insert(name.into(), self.unknown.len());
                self.unknown.push(Unknown { name: name.into(), count: 0, item: 0 });
                self.unknown.len() - 1
            }
        };
        match self.unknown.get_mut(place) {
            Some(unknown) if unknown.item != item => {
                unknown.item = item;
                unknown.count += 1;
                self.unknown_of_page.push(place);
                true
            }
            _ => false,
        }
    }

    /// Counts a field that an item lacks.
    pub(super) fn vanished(&mut self, field: usize) {
        if let Some(counts) = self.counts.get_mut(field) {
            counts.vanished += 1;
        }
    }

    /// Counts a text that is no number.
    pub(super) fn coerced(&mut self, field: usize) {
        if let Some(counts) = self.counts.get_mut(field) {
            counts.coerced += 1;
        }
    }

    /// The counts of one field's kinds of value.
    pub(super) fn retyped(&mut self, field: usize, count: impl FnOnce(&mut Retyped)) {
        if let Some(counts) = self.counts.get_mut(field) {
            count(&mut counts.retyped);
        }
    }

    /// All counts above 0.
    pub(super) fn report(self, fields: &Fields<'_>) -> Report {
        let mut report = Report::default();
        for (field, counts) in fields.all.iter().zip(self.counts) {
            let name = || field.name.clone();
            if counts.coerced > 0 {
                report.coerced.push((name(), counts.coerced));
            }
            if counts.vanished > 0 {
                report.vanished.push((name(), counts.vanished));
            }
            if counts.retyped != Retyped::default() {
                report.retyped.push((name(), counts.retyped));
            }
        }
        let unknown = self.unknown.into_iter();
        report.unknown = unknown.map(|field| (field.name.into_string(), field.count)).collect();
        report
    }
}
