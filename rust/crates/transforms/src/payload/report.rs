//! What was found while reading pages.

use super::fields::Field;

/// What a page says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageInfo {
    /// Items read from the page.
    pub items: usize,
    /// The page's number.
    pub page_no: Option<i64>,
    /// The most items that a page has.
    pub rows_per_page: Option<i64>,
    /// Items on all pages.
    pub total_count: Option<i64>,
    /// Whether the page is the last one.
    pub last: Option<bool>,
}

/// How often a field came as a kind of value that is not documented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retyped {
    /// As a text.
    pub text: u64,
    /// As a number.
    pub number: u64,
    /// As null.
    pub null: u64,
}

/// What was found while reading pages; counts of 0 are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The pages, in order.
    pub pages: Vec<PageInfo>,
    /// Texts that were no number, by field.
    pub coerced: Vec<(String, u64)>,
    /// Items that have a field that is not documented, by field.
    pub unknown: Vec<(String, u64)>,
    /// Items that lack a documented field, by field.
    pub vanished: Vec<(String, u64)>,
    /// Values of a kind that is not documented, by field.
    pub retyped: Vec<(String, Retyped)>,
}

impl Report {
    /// Adds what was found on the pages that follow.
    pub(super) fn append(&mut self, mut next: Self) {
        self.pages.append(&mut next.pages);
        add(&mut self.coerced, next.coerced, |sum, count| *sum += count);
        add(&mut self.unknown, next.unknown, |sum, count| *sum += count);
        add(&mut self.vanished, next.vanished, |sum, count| *sum += count);
        add(&mut self.retyped, next.retyped, |sum, count| {
            sum.text += count.text;
            sum.number += count.number;
            sum.null += count.null;
        });
    }

    /// The same with the documented fields in the order of their table.
    pub(super) fn in_order_of(mut self, fields: &[Field]) -> Self {
        let place = |name: &str| fields.iter().position(|field| field.name == name);
        self.coerced.sort_by_key(|(name, _)| place(name));
        self.vanished.sort_by_key(|(name, _)| place(name));
        self.retyped.sort_by_key(|(name, _)| place(name));
        self
    }
}

fn add<T: Copy>(sums: &mut Vec<(String, T)>, counts: Vec<(String, T)>, add: impl Fn(&mut T, T)) {
    if sums.is_empty() {
        *sums = counts;
        return;
    }
    let mut places: hashbrown::HashMap<String, usize> =
        sums.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
    for (name, count) in counts {
        match places.get(&name).and_then(|&place| sums.get_mut(place)) {
            Some((_, sum)) => add(sum, count),
            None => {
                places.insert(name.clone(), sums.len());
                sums.push((name, count));
            }
        }
    }
}
