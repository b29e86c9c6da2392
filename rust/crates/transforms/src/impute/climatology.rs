//! Means of a station's observed values of the same month, day and hour.

use crate::calendar::{CalendarHour, HOURS_OF_YEAR};

const HOURS_PER_DAY: usize = 24;
/// Hours that can be looked up in a year while one row is added to the table of all hours.
const LOOKUPS_PER_ROW: usize = 1;

/// One station's stamps with one column's values, in time order; NaN is missing.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The stamps whose calendar fields count.
    pub stamps: &'a [i64],
    /// The values.
    pub values: &'a [f64],
    /// Ticks from each stamp to the next, where they are the same for all; else 0.
    pub step: i64,
}

/// The means of one station and column, by month, day and hour.
pub struct Climatology<'a> {
    ticks_per_hour: i64,
    source: Source<'a>,
}

enum Source<'a> {
    /// Looked up year by year, in the frame's rows and then the history's: for few missing values.
    Lookup { series: [Series<'a>; 2], years: (i64, i64) },
    /// Sum and count of every hour by [`CalendarHour::of_year`]: one pass over all rows.
    Table(Vec<(f64, u32)>),
}

impl<'a> Climatology<'a> {
    /// Prepares to answer for `questions` stamps.
    pub fn new(
        series: [Series<'a>; 2],
        ticks_per_hour: i64,
        questions: usize,
        zoned: bool,
    ) -> Self {
        let year = |stamp: &i64| CalendarHour::from_ticks(*stamp, ticks_per_hour).year;
        let years = |pick: fn(&[i64]) -> Option<&i64>| {
            series.iter().filter_map(move |one| pick(one.stamps)).map(year)
        };
        let first = years(<[i64]>::first).min().unwrap_or(0);
        let last = years(<[i64]>::last).max().unwrap_or(0);
        let rows: usize = series.iter().map(|one| one.stamps.len()).sum();
        let lookups = questions.saturating_mul((last - first + 1) as usize);
        // The stamps of a zone fall back once a year: only rising ones can be searched.
        let rising = !zoned || series.iter().all(|one| one.stamps.is_sorted());
        let source = if rising && lookups / LOOKUPS_PER_ROW < rows + HOURS_OF_YEAR {
            Source::Lookup { series, years: (first, last) }
        } else {
            Source::Table(table_of(series, ticks_per_hour))
        };
        Self { ticks_per_hour, source }
    }

    /// Writes, for each of some stamps in time order, the mean of the observed values of its month, day
    /// and hour; NaN where there are none.
    pub fn means(&self, stamps: &[i64], means: &mut [f64]) {
        let mut row = 0;
        while row < stamps.len() {
            // Hours of one day follow each other in every year, so they are looked up together.
            let first = CalendarHour::from_ticks(stamps[row], self.ticks_per_hour);
            let hours_left = HOURS_PER_DAY - 1 - first.hour as usize;
            let next_hour =
                |pair: &&[i64]| pair[0].checked_add(self.ticks_per_hour) == Some(pair[1]);
            let length =
                1 + stamps[row..].windows(2).take(hours_left).take_while(next_hour).count();
            let totals = self.totals(first, length);
            for (mean, (sum, count)) in means[row..row + length].iter_mut().zip(totals) {
                // No values give 0 / 0.
                *mean = sum / f64::from(count);
            }
            row += length;
        }
    }

    /// Sums and counts of `length` hours of a day from `first` on.
    fn totals(&self, first: CalendarHour, length: usize) -> [(f64, u32); HOURS_PER_DAY] {
        let mut totals = [(0.0, 0); HOURS_PER_DAY];
        match &self.source {
            Source::Table(hours) => {
                let begin = first.of_year();
                totals[..length].copy_from_slice(&hours[begin..begin + length]);
            }
            Source::Lookup { series, years } => {
                for one in series {
                    for year in years.0..=years.1 {
                        if let Some(begin) = first.in_year(year, self.ticks_per_hour) {
                            self.add_hours(*one, begin, &mut totals[..length]);
                        }
                    }
                }
            }
        }
        totals
    }

    /// Adds the observed values of the hours that follow `begin`.
    fn add_hours(&self, series: Series<'_>, begin: i64, totals: &mut [(f64, u32)]) {
        let Some(&origin) = series.stamps.first() else { return };
        if series.step == self.ticks_per_hour {
            // One row an hour: rows and hours count alike, and the stamps need not be read.
            let first = -((origin - begin).div_euclid(series.step));
            let skipped = (-first).max(0);
            let rows = series.values.iter().skip((first + skipped) as usize);
            for (total, &value) in totals.iter_mut().skip(skipped as usize).zip(rows) {
                add(total, value);
            }
            return;
        }
        let first = series.stamps.partition_point(|&stamp| stamp < begin);
        let (mut hour, mut hour_end) = (0, begin.saturating_add(self.ticks_per_hour));
        for (&stamp, &value) in series.stamps[first..].iter().zip(&series.values[first..]) {
            while stamp >= hour_end {
                hour += 1;
                hour_end = hour_end.saturating_add(self.ticks_per_hour);
                if hour == totals.len() {
                    return;
                }
            }
            add(&mut totals[hour], value);
        }
    }
}

fn add(total: &mut (f64, u32), value: f64) {
    if !value.is_nan() {
        total.0 += value;
        total.1 += 1;
    }
}

fn table_of(series: [Series<'_>; 2], ticks_per_hour: i64) -> Vec<(f64, u32)> {
    let mut hours = vec![(0.0, 0); HOURS_OF_YEAR];
    for one in series {
        for (&stamp, &value) in one.stamps.iter().zip(one.values) {
            add(&mut hours[CalendarHour::from_ticks(stamp, ticks_per_hour).of_year()], value);
        }
    }
    hours
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::uniform_step;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600;
    const NOTHING: Series<'_> = Series { stamps: &[], values: &[], step: 0 };

    fn series<'a>(stamps: &'a [i64], values: &'a [f64]) -> Series<'a> {
        Series { stamps, values, step: uniform_step(stamps) }
    }

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
            step in prop_oneof![Just(None), Just(Some(6)), Just(Some(1)), Just(Some(24 * 6))],
            steps in proptest::collection::vec(
                (prop_oneof![Just(1), Just(6), 1i64..40_000], -50.0f64..50.0, any::<bool>()),
                1..2_000,
            ),
            origin in prop_oneof![Just(0), Just(1_800)],
            cut in 0usize..2_000,
        ) {
            let mut stamp = 1_000_080_000 + origin;
            let (mut stamps, mut values) = (Vec::new(), Vec::new());
            for (any_step, value, missing) in steps {
                stamp += step.unwrap_or(any_step) * 600;
                stamps.push(stamp);
                values.push(if missing { f64::NAN } else { value });
            }
            let cut = cut.min(stamps.len());
            let series = [
                series(&stamps[cut..], &values[cut..]),
                series(&stamps[..cut], &values[..cut]),
            ];
            for questions in [0, usize::MAX / 1_000] {
                let climatology = Climatology::new(series, HOUR, questions, false);
                let mut means = vec![0.0; stamps.len()];
                climatology.means(&stamps, &mut means);
                for (&stamp, mean) in stamps.iter().zip(means) {
                    let expected = naive(series, stamp);
                    prop_assert_eq!(mean.is_nan(), expected.is_none());
                    prop_assert!(expected.is_none_or(|expected| (mean - expected).abs() < 1e-9));
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
        let series = [series(&days, &[1.0, 2.0]), NOTHING];
        let leap_day_2024 = crate::calendar::days_from_date(2024, 2, 29) * 86_400;
        for questions in [0, 1_000_000] {
            let mut mean = [0.0];
            Climatology::new(series, HOUR, questions, false).means(&[leap_day_2024], &mut mean);
            assert_eq!(mean, [1.0]);
        }
    }
}
