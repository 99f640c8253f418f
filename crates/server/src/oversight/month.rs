//! Months as a zone's calendar has them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use store::Millis;
use thiserror::Error;

/// The years that reports are made of.
const YEARS: std::ops::RangeInclusive<i32> = 2_000..=9_998;

/// Why something is no month.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("bad_month: `{0}` is no month; one is written as 2026-10")]
pub struct MonthError(String);

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i32,
    /// From 1.
    number: u32,
}

impl Month {
    /// The month that this moment lies in.
    pub(super) fn at(at: Millis, zone: Tz) -> Self {
        let day = DateTime::from_timestamp_millis(at)
            .unwrap_or_default()
            .with_timezone(&zone)
            .date_naive();
        Self {
            year: day.year(),
            number: day.month(),
        }
    }

    /// The one before.
    pub(super) const fn previous(self) -> Self {
        match self.number {
            1 => Self {
                year: self.year - 1,
                number: 12,
            },
            number => Self {
                year: self.year,
                number: number - 1,
            },
        }
    }

    /// The one after.
    pub(super) const fn next(self) -> Self {
        match self.number {
            12 => Self {
                year: self.year + 1,
                number: 1,
            },
            number => Self {
                year: self.year,
                number: number + 1,
            },
        }
    }

    /// The year.
    pub(super) const fn year(self) -> i32 {
        self.year
    }

    /// Its number in the year, from 1.
    pub(super) const fn number(self) -> u32 {
        self.number
    }

    /// Its first moment, and the first one after it.
    pub(super) fn span(self, zone: Tz) -> (Millis, Millis) {
        (self.begins(zone), self.next().begins(zone))
    }

    /// How many days it has.
    pub(super) fn days(self) -> usize {
        let days = self.next().first_day() - self.first_day();
        usize::try_from(days.num_days()).unwrap_or(31)
    }

    fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.number, 1).unwrap_or_default()
    }

    /// Midnight on the first; where the clocks skip it, the first moment after.
    fn begins(self, zone: Tz) -> Millis {
        let midnight = self.first_day().and_time(NaiveTime::MIN);
        let at = (0..=24)
            .filter_map(|hours| midnight.checked_add_signed(Duration::hours(hours)))
            .find_map(|wall| zone.from_local_datetime(&wall).earliest());
        at.map_or_else(
            || midnight.and_utc().timestamp_millis(),
            |at| at.timestamp_millis(),
        )
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.number)
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let refused = || MonthError(text.chars().take(20).filter(|c| !c.is_control()).collect());
        let (year, number) = text.split_once('-').ok_or_else(refused)?;
        let is_plain = |part: &str, digits| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        if !is_plain(year, 4) || !is_plain(number, 2) {
            return Err(refused());
        }
        let month = Self {
            year: year.parse().map_err(|_| refused())?,
            number: number.parse().map_err(|_| refused())?,
        };
        if YEARS.contains(&month.year) && (1..=12).contains(&month.number) {
            Ok(month)
        } else {
            Err(refused())
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use chrono_tz::Tz;

    use super::Month;

    fn at(text: &str) -> i64 {
        text.parse::<DateTime<chrono::Utc>>().unwrap().timestamp_millis()
    }

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_reads_back_and_nothing_else_is_read() {
        assert_eq!(month("2026-10").to_string(), "2026-10");
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "26-10",
            "2026-1",
            "1999-01",
            "+026-10",
            "2026-10-01",
        ] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }

    #[test]
    fn months_follow_each_other_over_the_year() {
        assert_eq!(month("2026-12").next(), month("2027-01"));
        assert_eq!(month("2027-01").previous(), month("2026-12"));
        let days: Vec<_> = ["2026-02", "2028-02", "2026-04", "2026-12"]
            .map(|text| month(text).days())
            .into();
        assert_eq!(days, [28, 29, 30, 31]);
    }

    #[test]
    fn a_month_begins_at_midnight_on_the_wall() {
        let paris = Tz::Europe__Paris;
        let (from, to) = month("2026-10").span(paris);
        // Summer time at its beginning, winter time at its end.
        assert_eq!(
            (from, to),
            (at("2026-09-30T22:00:00Z"), at("2026-10-31T23:00:00Z"))
        );
        assert_eq!(Month::at(from, paris), month("2026-10"));
        assert_eq!(Month::at(from - 1, paris), month("2026-09"));
        assert_eq!(Month::at(to - 1, paris), month("2026-10"));
        assert_eq!(Month::at(to, paris), month("2026-11"));
    }

    #[test]
    fn a_midnight_that_the_clocks_skip_is_no_hole() {
        // In Amman the clocks went from 00:00 to 01:00 on the first of April 2022.
        let amman = Tz::Asia__Amman;
        for text in ["2002-04", "2022-04"] {
            let (from, _) = month(text).span(amman);
            assert_eq!(Month::at(from, amman), month(text));
            assert_eq!(Month::at(from - 1, amman), month(text).previous());
        }
    }
}
