//! Where values are missing.

use crate::numbers::{LARGEST_VALUE, zero_if_finite};

/// A maximal run of missing values in one series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// First missing row.
    pub start: usize,
    /// The row behind the last missing one.
    pub stop: usize,
}

impl Gap {
    /// How many values are missing.
    pub fn len(self) -> usize {
        self.stop - self.start
    }

    /// Whether nothing is missing.
    pub fn is_empty(self) -> bool {
        self.start == self.stop
    }
}

/// The gaps of a series, in time order, and whether a value is infinite.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// The gaps.
    pub gaps: Vec<Gap>,
    /// Whether any value is infinite or too large.
    pub has_infinite: bool,
}

/// Values looked at together: most chunks have no gap and are passed over at the speed of memory.
const CHUNK: usize = 16;
/// Values looked at before deciding to look further, where only "any gap at all?" is asked.
const STRETCH: usize = 4_096;

/// Finds the gaps of a series.
pub fn find_gaps(values: &[f64]) -> Gaps {
    let mut found = Gaps::default();
    let mut open: Option<usize> = None;
    for (chunk, source) in values.chunks(CHUNK).enumerate() {
        let begin = chunk * CHUNK;
        if all_finite(source) {
            if let Some(start) = open.take() {
                found.gaps.push(Gap { start, stop: begin });
            }
            continue;
        }
        for (i, value) in source.iter().enumerate() {
            found.has_infinite |= value.abs() > LARGEST_VALUE;
            match (value.is_nan(), open) {
                (true, None) => open = Some(begin + i),
                (false, Some(start)) => {
                    found.gaps.push(Gap { start, stop: begin + i });
                    open = None;
                }
                _ => {}
            }
        }
    }
    if let Some(start) = open {
        found.gaps.push(Gap { start, stop: values.len() });
    }
    found
}

/// Whether a series has nothing to fill and nothing infinite; one with early gaps is told at once.
pub fn is_complete(values: &[f64]) -> bool {
    values.chunks(STRETCH).all(all_finite)
}

fn all_finite(values: &[f64]) -> bool {
    // Four sums let the processor add side by side.
    let (fours, rest) = values.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for four in fours {
        for (sum, value) in sums.iter_mut().zip(four) {
            *sum += zero_if_finite(*value);
        }
    }
    sums.iter().sum::<f64>() == 0.0 && rest.iter().all(|value| value.abs() <= LARGEST_VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(values: &[f64]) -> Vec<Gap> {
        let missing = |row: usize| values.get(row).is_some_and(|value| value.is_nan());
        let starts =
            (0..values.len()).filter(|&row| missing(row) && (row == 0 || !missing(row - 1)));
        starts
            .map(|start| Gap { start, stop: (start..).find(|&row| !missing(row)).unwrap_or(start) })
            .collect()
    }

    proptest! {
        #[test]
        fn gaps_are_the_maximal_runs(missing in proptest::collection::vec(any::<bool>(), 0..300)) {
            let values: Vec<f64> =
                missing.iter().map(|&missing| if missing { f64::NAN } else { 1.5 }).collect();
            let found = find_gaps(&values);
            prop_assert_eq!(is_complete(&values), found.gaps.is_empty());
            prop_assert_eq!(found.gaps, naive(&values));
            prop_assert!(!found.has_infinite);
        }
    }

    #[test]
    fn infinity_is_seen_and_is_no_gap() {
        let found = find_gaps(&[1.0, f64::NEG_INFINITY, f64::NAN]);
        assert!(found.has_infinite);
        assert!(!is_complete(&[1.0, f64::INFINITY]));
        assert_eq!(found.gaps, vec![Gap { start: 2, stop: 3 }]);
    }
}
