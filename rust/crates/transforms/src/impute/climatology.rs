//! Means of a station's observed values of the same month, day and hour.

use crate::calendar::{CalendarHour, HOURS_OF_YEAR};

/// Looking an hour up in one year costs about as much as adding this many rows to the table of all hours.
const ROWS_PER_LOOKUP: usize = 2;

/// One station's stamps with one column's values, in time order; NaN is missing.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The stamps whose calendar fields count.
    pub stamps: &'a [i64],
    /// The values.
    pub values: &'a [f64],
}

/// The means of one station and column, by month, day and hour.
pub enum Climatology<'a> {
    /// Looked up year by year: right for few missing values.
    Lookup {
        /// The frame's rows, then the history's.
        series: [Series<'a>; 2],
        /// First and last year of any row.
        years: (i64, i64),
        /// Ticks per hour.
        ticks_per_hour: i64,
    },
    /// Sums and counts of every hour: one pass over all rows.
    Table {
        /// Sum and count by [`CalendarHour::of_year`].
        hours: Vec<(f64, u32)>,
        /// Ticks per hour.
        ticks_per_hour: i64,
    },
}

impl<'a> Climatology<'a> {
    /// Prepares to answer `questions` hours.
    pub fn new(series: [Series<'a>; 2], ticks_per_hour: i64, questions: usize) -> Self {
        let year = |stamp: &i64| CalendarHour::from_ticks(*stamp, ticks_per_hour).year;
        let years = |pick: fn(&[i64]) -> Option<&i64>| {
            series
                .iter()
                .filter_map(move |one| pick(one.stamps))
                .map(year)
        };
        let first = years(<[i64]>::first).min().unwrap_or(0);
        let last = years(<[i64]>::last).max().unwrap_or(0);
        let rows: usize = series.iter().map(|one| one.stamps.len()).sum();
        let lookups = questions.saturating_mul((last - first + 1) as usize);
        // The stamps of a zone fall back once a year: only rising ones can be searched.
        let rising = series.iter().all(|one| one.stamps.is_sorted());
        if rising && lookups * ROWS_PER_LOOKUP < rows + HOURS_OF_YEAR {
            return Self::Lookup {
                series,
                years: (first, last),
                ticks_per_hour,
            };
        }
        let mut hours = vec![(0.0, 0); HOURS_OF_YEAR];
        for one in series {
            for (&stamp, &value) in one.stamps.iter().zip(one.values) {
                if !value.is_nan() {
                    let (sum, count) =
                        &mut hours[CalendarHour::from_ticks(stamp, ticks_per_hour).of_year()];
                    *sum += value;
                    *count += 1;
                }
            }
        }
        Self::Table {
            hours,
            ticks_per_hour,
        }
    }

    /// The mean of the observed values of the stamp's month, day and hour; None where there are none.
    pub fn mean_at(&self, stamp: i64) -> Option<f64> {
        let (sum, count) = match self {
            Self::Table {
                hours,
                ticks_per_hour,
            } => hours[CalendarHour::from_ticks(stamp, *ticks_per_hour).of_year()],
            Self::Lookup {
                series,
                years,
                ticks_per_hour,
            } => {
                let hour = CalendarHour::from_ticks(stamp, *ticks_per_hour);
                let mut total = (0.0, 0);
                for one in series {
                    for year in years.0..=years.1 {
                        if let Some(begin) = hour.in_year(year, *ticks_per_hour) {
                            add_hour(*one, begin, *ticks_per_hour, &mut total);
                        }
                    }
                }
                total
            }
        };
        (count > 0).then(|| sum / f64::from(count))
    }
}

/// Adds the observed values of the hour that begins at `begin`.
fn add_hour(series: Series<'_>, begin: i64, ticks_per_hour: i64, total: &mut (f64, u32)) {
    let Some(first) = first_from(series.stamps, begin, ticks_per_hour) else {
        return;
    };
    for (stamp, value) in series.stamps[first..].iter().zip(&series.values[first..]) {
        if stamp - begin >= ticks_per_hour {
            break;
        }
        if !value.is_nan() {
            total.0 += value;
            total.1 += 1;
        }
    }
}

/// The first row at or after `begin`: guessed as if there were one row an hour, else searched.
fn first_from(stamps: &[i64], begin: i64, ticks_per_hour: i64) -> Option<usize> {
    let (first, last) = (*stamps.first()?, *stamps.last()?);
    if begin > last || begin <= first - ticks_per_hour {
        return None;
    }
    let guess = ((begin - first).max(0) / ticks_per_hour) as usize;
    if stamps.get(guess) == Some(&begin) && (guess == 0 || stamps[guess - 1] < begin) {
        return Some(guess);
    }
    Some(stamps.partition_point(|&stamp| stamp < begin))
}

/// The mean of observed values, with the rounding of the long sum compensated (Neumaier 1974).
pub fn mean_of_observed<'a>(parts: impl Iterator<Item = &'a [f64]>) -> Option<f64> {
    let (mut sum, mut lost, mut count) = (0.0f64, 0.0f64, 0u64);
    for value in parts.flatten().copied().filter(|value| !value.is_nan()) {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() {
            (sum - next) + value
        } else {
            (value - next) + sum
        };
        sum = next;
        count += 1;
    }
    (count > 0).then(|| (sum + lost) / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600;
    const NOTHING: Series<'_> = Series {
        stamps: &[],
        values: &[],
    };

    fn naive(series: [Series<'_>; 2], stamp: i64) -> Option<f64> {
        let hour = CalendarHour::from_ticks(stamp, HOUR).of_year();
        let same: Vec<f64> = series
            .iter()
            .flat_map(|one| one.stamps.iter().zip(one.values))
            .filter(|(stamp, value)| {
                CalendarHour::from_ticks(**stamp, HOUR).of_year() == hour && !value.is_nan()
            })
            .map(|(_, value)| *value)
            .collect();
        (!same.is_empty()).then(|| same.iter().sum::<f64>() / same.len() as f64)
    }

    proptest! {
        /// Stamps of many years, several an hour or with hours absent, and a history of its own.
        #[test]
        fn both_ways_give_the_naive_mean(
            steps in proptest::collection::vec((1i64..40_000, -50.0f64..50.0, any::<bool>()), 1..200),
            cut in 0usize..200,
        ) {
            let mut stamp = 1_000_000_000;
            let (mut stamps, mut values) = (Vec::new(), Vec::new());
            for (step, value, missing) in steps {
                stamp += step * 600;
                stamps.push(stamp);
                values.push(if missing { f64::NAN } else { value });
            }
            let cut = cut.min(stamps.len());
            let series = [
                Series { stamps: &stamps[cut..], values: &values[cut..] },
                Series { stamps: &stamps[..cut], values: &values[..cut] },
            ];
            for questions in [0, usize::MAX / 1_000] {
                let climatology = Climatology::new(series, HOUR, questions);
                for &stamp in &stamps {
                    let (mean, expected) = (climatology.mean_at(stamp), naive(series, stamp));
                    prop_assert_eq!(mean.is_some(), expected.is_some());
                    if let (Some(mean), Some(expected)) = (mean, expected) {
                        prop_assert!((mean - expected).abs() < 1e-9);
                    }
                }
            }
        }
    }

    #[test]
    fn the_leap_day_is_a_day_of_its_own() {
        let days = [
            crate::calendar::days_from_date(2020, 2, 29) * 86_400,
            crate::calendar::days_from_date(2021, 3, 1) * 86_400,
        ];
        let series = [
            Series {
                stamps: &days,
                values: &[1.0, 2.0],
            },
            NOTHING,
        ];
        let leap_day_2024 = crate::calendar::days_from_date(2024, 2, 29) * 86_400;
        for questions in [0, 1_000_000] {
            assert_eq!(
                Climatology::new(series, HOUR, questions).mean_at(leap_day_2024),
                Some(1.0)
            );
        }
    }

    #[test]
    fn a_long_sum_keeps_its_digits() {
        let values = vec![0.1; 3_000_000];
        let mean = mean_of_observed([values.as_slice()].into_iter());
        assert!(mean.is_some_and(|mean| (mean - 0.1).abs() < 1e-16));
    }
}
