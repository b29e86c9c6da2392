//! Where values are missing.

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
    /// Whether any value is plus or minus infinity.
    pub has_infinite: bool,
}

/// Values looked at together: most chunks have no gap and are passed over at the speed of memory.
const CHUNK: usize = 32;

/// Copies a series and finds its gaps in the same pass over memory.
pub fn copy_and_find_gaps(values: &[f64], copy: &mut [f64]) -> Gaps {
    let mut found = Gaps::default();
    let mut open: Option<usize> = None;
    for (chunk, (source, target)) in values.chunks(CHUNK).zip(copy.chunks_mut(CHUNK)).enumerate() {
        target.copy_from_slice(source);
        let begin = chunk * CHUNK;
        // `x - x` is 0 for every finite x and NaN otherwise.
        let all_finite = source.iter().map(|value| value - value).sum::<f64>() == 0.0;
        if all_finite {
            if let Some(start) = open.take() {
                found.gaps.push(Gap { start, stop: begin });
            }
            continue;
        }
        for (i, value) in source.iter().enumerate() {
            found.has_infinite |= value.is_infinite();
            match (value.is_nan(), open) {
                (true, None) => open = Some(begin + i),
                (false, Some(start)) => {
                    found.gaps.push(Gap {
                        start,
                        stop: begin + i,
                    });
                    open = None;
                }
                _ => {}
            }
        }
    }
    if let Some(start) = open {
        found.gaps.push(Gap {
            start,
            stop: values.len(),
        });
    }
    found
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
            .map(|start| Gap {
                start,
                stop: (start..).find(|&row| !missing(row)).unwrap_or(start),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn gaps_are_the_maximal_runs(missing in proptest::collection::vec(any::<bool>(), 0..300)) {
            let values: Vec<f64> =
                missing.iter().map(|&missing| if missing { f64::NAN } else { 1.5 }).collect();
            let mut copy = vec![0.0; values.len()];
            let found = copy_and_find_gaps(&values, &mut copy);
            prop_assert_eq!(found.gaps, naive(&values));
            prop_assert!(!found.has_infinite);
            prop_assert!(copy.iter().zip(&values).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }

    #[test]
    fn infinity_is_seen_and_is_no_gap() {
        let mut copy = [0.0; 3];
        let found = copy_and_find_gaps(&[1.0, f64::NEG_INFINITY, f64::NAN], &mut copy);
        assert!(found.has_infinite);
        assert_eq!(found.gaps, vec![Gap { start: 2, stop: 3 }]);
    }
}
