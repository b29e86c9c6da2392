//! The columns on a regular grid of steps, which is how optimal interpolation looks at them.

use std::ops::Range;

use hashbrown::HashMap;

use super::history::History;
use crate::calendar::{CalendarHour, format_stamp, ticks_per_second};
use crate::error::{Error, Offending, Result, RowErrorKind};
use crate::keys::{KeyColumns, Keys};

/// Hours of a day.
pub const HOURS: usize = 24;
/// Hours of a year of 366 days.
pub const SLOTS: usize = 366 * HOURS;
/// Steps that are looked at together.
pub const WORD: usize = 64;

/// How many cells a table of steps by stations may have.
const CELLS_PER_ROW: u64 = 64;
const CELLS_ALWAYS: u64 = 1 << 24;

const DAYS_BEFORE_MONTH: [usize; 12] = [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335];

/// The regular steps on which the rows of frame and history lie.
#[derive(Debug)]
pub struct Grid {
    /// The first instant.
    start: i64,
    /// Ticks from one step to the next.
    pub step: i64,
    /// For each step its hour of the year; 0 where no row stands.
    pub slot: Vec<u16>,
    /// For each step its day, counted from 1970; 0 where no row stands.
    pub day: Vec<i32>,
    /// Rows of frame and history.
    pub rows: u64,
}

impl Grid {
    /// The grid of a step in nanoseconds, by default the commonest between neighbouring rows of a station; None
    /// where there is none.
    pub fn read(
        keys: &Keys,
        past: &History,
        step: Option<i64>,
        columns: KeyColumns<'_>,
    ) -> Result<Option<Self>> {
        let per_second = ticks_per_second(keys.unit);
        let step = match step {
            Some(nanoseconds) => nanoseconds / (1_000_000_000 / per_second),
            None => commonest_step(keys, past),
        };
        let pasts = || past.stations.iter().flat_map(|one| one.instants().iter().copied());
        let (first, last) = keys
            .instants
            .iter()
            .copied()
            .chain(pasts())
            .fold((i64::MAX, i64::MIN), |(first, last), instant| {
                (first.min(instant), last.max(instant))
            });
        if step == 0 || first > last {
            return Ok(None);
        }
        let off = |instant: i64| (i128::from(instant) - i128::from(first)) % i128::from(step) != 0;
        let places = keys.blocks.iter().zip(&keys.steps).flat_map(|(block, &uniform)| {
            let begins_off = !block.is_empty() && off(keys.instants[block.start]);
            let regular = !keys.zoned && uniform > 0 && uniform % step == 0 && !begins_off;
            if regular { 0..0 } else { block.clone() }
        });
        let off_rows = places
            .filter(|&place| off(keys.instants[place]))
            .map(|place| (keys.frame_row(place), keys.wall_clock[place]));
        require_none(off_rows.collect(), keys, columns.date, columns.frame)?;
        let off_past = past.stations.iter().flat_map(|one| {
            let stamped = one.instants().iter().zip(&one.stamps).zip(&one.rows);
            let off = stamped.filter(|((instant, _), _)| off(**instant));
            off.map(|((_, stamp), row)| (*row, *stamp))
        });
        require_none(off_past.collect(), keys, columns.date, "the history")?;

        let steps = (i128::from(last) - i128::from(first)) / i128::from(step) + 1;
        let rows = (keys.instants.len() + pasts().count()) as u64;
        let steps = require_room(u64::try_from(steps).unwrap_or(u64::MAX), 1, rows)?;
        let mut grid = Self { start: first, step, slot: vec![0; steps], day: vec![0; steps], rows };
        let (per_hour, per_day) = (keys.ticks_per_hour(), keys.ticks_per_hour() * HOURS as i64);
        let mut place = |step: usize, stamp: i64| {
            let hour = CalendarHour::from_ticks(stamp, per_hour);
            let days = DAYS_BEFORE_MONTH[hour.month as usize - 1] + hour.day as usize - 1;
            // Both are small: 8,784 slots, and days of years that a stamp can name.
            grid.slot[step] = (days * HOURS + hour.hour as usize) as u16;
            grid.day[step] = stamp.div_euclid(per_day) as i32;
        };
        if keys.zoned {
            let stamps = keys.instants.iter().zip(keys.wall_clock.iter());
            let pasts =
                past.stations.iter().flat_map(|one| one.instants().iter().zip(one.stamps.iter()));
            for (&instant, &stamp) in stamps.chain(pasts) {
                place(((instant - first) / step) as usize, stamp);
            }
        } else {
            (0..steps).for_each(|at| place(at, first + at as i64 * step));
        }
        Ok(Some(grid))
    }

    /// The step of an instant.
    pub fn at(&self, instant: i64) -> usize {
        ((instant - self.start) / self.step) as usize
    }

    /// Raises where a table of all steps by so many stations would be out of proportion to the rows.
    pub fn require_room(&self, stations: usize) -> Result<()> {
        require_room(self.slot.len() as u64, stations as u64, self.rows).map(|_| ())
    }
}

fn require_room(steps: u64, stations: u64, rows: u64) -> Result<usize> {
    if steps.saturating_mul(stations) > CELLS_PER_ROW * rows + CELLS_ALWAYS {
        return Err(Error::TooSparse { steps, stations, rows });
    }
    // Bounded by the rows, which are in memory.
    Ok(steps as usize)
}

/// The commonest distance between neighbouring rows of a station, the smallest of several; 0 where there is none.
fn commonest_step(keys: &Keys, past: &History) -> i64 {
    let mut counts: HashMap<i64, u64> = HashMap::new();
    let mut count = |instants: &[i64]| {
        for pair in instants.windows(2) {
            *counts.entry(pair[1] - pair[0]).or_default() += 1;
        }
    };
    let mut uniform: HashMap<i64, u64> = HashMap::new();
    for (block, &step) in keys.blocks.iter().zip(&keys.steps) {
        if step > 0 && !keys.zoned {
            *uniform.entry(step).or_default() += block.len() as u64 - 1;
        } else {
            count(&keys.instants[block.clone()]);
        }
    }
    past.stations.iter().for_each(|one| count(one.instants()));
    for (step, more) in uniform {
        *counts.entry(step).or_default() += more;
    }
    counts
        .into_iter()
        .max_by_key(|&(step, count)| (count, std::cmp::Reverse(step)))
        .map_or(0, |(step, _)| step)
}

/// Raises where rows, with their stamps, lie off the grid.
fn require_none(
    mut rows: Vec<(usize, i64)>,
    keys: &Keys,
    column: &str,
    frame: &'static str,
) -> Result<()> {
    rows.sort_unstable();
    let mut offending = Offending::new(RowErrorKind::OffGrid);
    for (row, stamp) in rows {
        offending.push(row, || Some(format_stamp(stamp, keys.unit)));
    }
    offending.into_result(column, frame)
}

/// One station's values of one column on the grid, from the step of its first row on.
///
/// The first step is a multiple of a word's, so that words of several stations lie beside each other.
#[derive(Debug, Default)]
pub struct Series {
    /// The first step, in words.
    pub first_word: usize,
    /// The values, whole words of them; 0 where missing.
    pub values: Vec<f64>,
    /// Which are observed, a bit each.
    pub seen: Vec<u64>,
}

impl Series {
    /// Puts values, NaN for missing ones, onto the steps of their instants.
    pub fn scattered(grid: &Grid, parts: [(&[i64], &[f64]); 2]) -> Self {
        let ends = |pick: fn(&[i64]) -> Option<&i64>| {
            parts.iter().filter_map(move |(instants, _)| pick(instants)).copied()
        };
        let (Some(first), Some(last)) = (ends(<[i64]>::first).min(), ends(<[i64]>::last).max())
        else {
            return Self::default();
        };
        let first_word = grid.at(first) / WORD;
        let words = grid.at(last) / WORD + 1 - first_word;
        let mut series = Self { first_word, values: vec![0.0; words * WORD], seen: vec![0; words] };
        for (instants, values) in parts {
            let begin = instants.first().map_or(0, |&instant| grid.at(instant));
            let dense =
                instants.last().is_some_and(|&last| grid.at(last) - begin + 1 == instants.len());
            for (index, (&instant, &value)) in instants.iter().zip(values).enumerate() {
                if !value.is_nan() {
                    let at = if dense { begin + index } else { grid.at(instant) };
                    let place = at - first_word * WORD;
                    series.values[place] = value;
                    series.seen[place / WORD] |= 1 << (place % WORD);
                }
            }
        }
        series
    }

    /// The words of the grid that the series covers.
    pub fn words(&self) -> Range<usize> {
        self.first_word..self.first_word + self.seen.len()
    }

    /// Which steps of a word of the grid are observed.
    pub fn seen_in(&self, word: usize) -> u64 {
        word.checked_sub(self.first_word)
            .and_then(|word| self.seen.get(word))
            .map_or(0, |seen| *seen)
    }

    /// Whether a step is observed.
    pub fn is_seen(&self, at: usize) -> bool {
        self.seen_in(at / WORD) >> (at % WORD) & 1 == 1
    }

    /// The values of a word of the grid that the series covers.
    pub fn word(&self, word: usize) -> &[f64] {
        let place = (word - self.first_word) * WORD;
        &self.values[place..place + WORD]
    }

    /// The value of a step, where it is observed.
    pub fn get(&self, at: usize) -> Option<f64> {
        self.is_seen(at).then(|| self.value(at))
    }

    /// The value of a step, which is observed.
    pub fn value(&self, at: usize) -> f64 {
        self.values[at - self.first_word * WORD]
    }

    /// The steps and values that are observed.
    pub fn observed(&self) -> impl Iterator<Item = (usize, f64)> {
        self.seen.iter().enumerate().flat_map(move |(word, &seen)| {
            Bits(seen).map(move |bit| {
                let place = word * WORD + bit;
                (self.first_word * WORD + place, self.values[place])
            })
        })
    }

    /// How many steps are observed.
    pub fn count(&self) -> u64 {
        self.seen.iter().map(|seen| u64::from(seen.count_ones())).sum()
    }

    /// The last observed step before `at`.
    pub fn before(&self, at: usize) -> Option<usize> {
        let mut word = at / WORD;
        let mut seen = self.seen_in(word) & ((1u64 << (at % WORD)) - 1);
        let words = self.words();
        if word >= words.end {
            word = words.end;
            seen = 0;
        }
        loop {
            if seen != 0 {
                return Some(word * WORD + (WORD - 1 - seen.leading_zeros() as usize));
            }
            if word <= words.start {
                return None;
            }
            word -= 1;
            seen = self.seen_in(word);
        }
    }

    /// The first observed step after `at`.
    pub fn after(&self, at: usize) -> Option<usize> {
        let next = at + 1;
        let mut word = next / WORD;
        let mut seen = self.seen_in(word) & (!0 << (next % WORD));
        let words = self.words();
        if word < words.start {
            word = words.start;
            seen = self.seen_in(word);
        }
        loop {
            if seen != 0 {
                return Some(word * WORD + seen.trailing_zeros() as usize);
            }
            word += 1;
            if word >= words.end {
                return None;
            }
            seen = self.seen_in(word);
        }
    }
}

/// The places of the bits that are set, rising.
#[derive(Debug, Clone, Copy)]
pub struct Bits(pub u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(first_word: usize, seen: &[bool]) -> Series {
        let words = seen.len().div_ceil(WORD);
        let mut series =
            Series { first_word, values: vec![0.0; words * WORD], seen: vec![0; words] };
        for (place, _) in seen.iter().enumerate().filter(|(_, seen)| **seen) {
            series.values[place] = place as f64 + 1.0;
            series.seen[place / WORD] |= 1 << (place % WORD);
        }
        series
    }

    proptest! {
        #[test]
        fn neighbours_are_the_nearest_observed_steps(
            seen in proptest::collection::vec(proptest::bool::weighted(0.1), 1..400),
            first_word in 0usize..3,
            at in 0usize..700,
        ) {
            let series = series(first_word, &seen);
            let first = first_word * WORD;
            let observed: Vec<usize> =
                (0..seen.len()).filter(|&place| seen[place]).map(|place| first + place).collect();
            prop_assert_eq!(series.observed().map(|(at, _)| at).collect::<Vec<_>>(), observed.clone());
            prop_assert_eq!(series.count(), observed.len() as u64);
            prop_assert_eq!(series.before(at), observed.iter().copied().rfind(|&one| one < at));
            prop_assert_eq!(series.after(at), observed.iter().copied().find(|&one| one > at));
            prop_assert_eq!(series.get(at).is_some(), observed.contains(&at));
        }
    }
}
