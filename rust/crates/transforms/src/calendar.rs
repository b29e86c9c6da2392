//! Days and clock times of the proleptic Gregorian calendar, by integer arithmetic.
//!
//! The algorithms are those of H. Hinnant, "chrono-compatible low-level date algorithms" (2013):
//! years begin in March, so that the leap day is the last of its year.

use arrow_schema::TimeUnit;

const SECONDS_PER_DAY: i64 = 86_400;
const DAYS_PER_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_SHIFT: i64 = 719_468;

/// A date and the hour within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalendarHour {
    /// The year.
    pub year: i64,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
    /// The hour, from 0.
    pub hour: u8,
}

/// How many (month, day, hour) there are, February 29 included, with every month of 31 days.
pub const HOURS_OF_YEAR: usize = 12 * 31 * 24;

impl CalendarHour {
    /// The calendar hour that a stamp falls into.
    pub fn from_ticks(ticks: i64, ticks_per_hour: i64) -> Self {
        let hours = ticks.div_euclid(ticks_per_hour);
        let (year, month, day) = date_from_days(hours.div_euclid(24));
        // The remainder of 24 fits.
        Self { year, month, day, hour: hours.rem_euclid(24) as u8 }
    }

    /// One number per (month, day, hour), below [`HOURS_OF_YEAR`].
    pub fn of_year(self) -> usize {
        ((self.month as usize - 1) * 31 + (self.day as usize - 1)) * 24 + self.hour as usize
    }

    /// The same month, day and hour in another year, as the ticks at which it begins; None where that
    /// year has no such day or the ticks do not fit.
    pub fn in_year(self, year: i64, ticks_per_hour: i64) -> Option<i64> {
        if self.day > days_in_month(year, self.month) {
            return None;
        }
        let days = days_from_date(year, self.month, self.day);
        (days * 24 + i64::from(self.hour)).checked_mul(ticks_per_hour)
    }
}

/// Days since 1970-01-01 of a date.
pub fn days_from_date(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT
}

/// Year, month and day of a number of days since 1970-01-01.
pub fn date_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + EPOCH_SHIFT;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    // Day and month are small by construction.
    (year, month as u8, day as u8)
}

/// How many days a month has.
pub fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Ticks per second of a unit.
pub fn ticks_per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// A stamp as `YYYY-MM-DD HH:MM:SS`, with 6 or 9 more digits where it has a fraction.
pub fn format_stamp(ticks: i64, unit: TimeUnit) -> String {
    let per_second = ticks_per_second(unit);
    let seconds = ticks.div_euclid(per_second);
    let nanoseconds = ticks.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let (year, month, day) = date_from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) =
        (second_of_day / 3_600, second_of_day / 60 % 60, second_of_day % 60);
    let fraction = match nanoseconds {
        0 => String::new(),
        n if n % 1_000 == 0 => format!(".{:06}", n / 1_000),
        n => format!(".{n:09}"),
    };
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_days() {
        assert_eq!(days_from_date(1970, 1, 1), 0);
        assert_eq!(days_from_date(2000, 2, 29), 11_016);
        assert_eq!(days_from_date(1, 1, 1), -719_162);
        assert_eq!(days_from_date(9999, 12, 31), 2_932_896);
    }

    #[test]
    fn february_29_exists_in_leap_years_only() {
        let leap_day = CalendarHour { year: 2024, month: 2, day: 29, hour: 5 };
        assert_eq!(leap_day.in_year(2023, 3_600), None);
        assert_eq!(leap_day.in_year(1900, 3_600), None);
        assert_eq!(
            leap_day.in_year(2020, 3_600).map(|ticks| CalendarHour::from_ticks(ticks, 3_600)),
            Some(CalendarHour { year: 2020, ..leap_day })
        );
    }

    #[test]
    fn fractions_are_shown_only_where_there_are_any() {
        assert_eq!(format_stamp(0, TimeUnit::Second), "1970-01-01 00:00:00");
        assert_eq!(format_stamp(-1, TimeUnit::Millisecond), "1969-12-31 23:59:59.999000");
        assert_eq!(format_stamp(1, TimeUnit::Nanosecond), "1970-01-01 00:00:00.000000001");
    }

    proptest! {
        #[test]
        fn dates_and_days_are_inverse(days in -800_000_000i64..800_000_000) {
            let (year, month, day) = date_from_days(days);
            prop_assert!(day >= 1 && day <= days_in_month(year, month));
            prop_assert_eq!(days_from_date(year, month, day), days);
        }

        #[test]
        fn an_hour_begins_at_or_before_its_stamp(ticks in any::<i32>()) {
            let ticks = i64::from(ticks);
            let hour = CalendarHour::from_ticks(ticks, 3_600);
            let begin = hour.in_year(hour.year, 3_600);
            prop_assert!(begin.is_some_and(|begin| begin <= ticks && ticks < begin + 3_600));
            prop_assert!(hour.of_year() < HOURS_OF_YEAR);
        }
    }
}
