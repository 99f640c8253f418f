//! Opening hours on the wall of a shop, as spans of real time: days on which the clocks change have their 23 or 25 hours.

use chrono::{
    DateTime, Datelike as _, Days, Duration, LocalResult, NaiveDate, NaiveTime, TimeZone as _, Utc,
};
use chrono_tz::Tz;
use protocol::alert::OpeningHours;

/// How far back an opening is followed: longer than any time without a refresh that can be set.
const DAYS_BACK: u64 = 3;

/// Since when the shop has been open without a break, if it is open now.
pub(super) fn open_since(hours: &[OpeningHours], zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let today = now.with_timezone(&zone).date_naive();
    let first = today.checked_sub_days(Days::new(DAYS_BACK)).unwrap_or(today);
    let days = first
        .iter_days()
        .take(usize::try_from(DAYS_BACK + 2).unwrap_or(usize::MAX));
    let mut spans: Vec<_> = days
        .flat_map(|day| {
            hours
                .iter()
                .filter(move |hours| hours.weekday == day.weekday().number_from_monday())
                .filter_map(move |hours| {
                    let opens = instant(zone, day, hours.opens_minute, Doubt::First)?;
                    let closes = instant(zone, day, hours.closes_minute, Doubt::Last)?;
                    (opens < closes).then_some((opens, closes))
                })
        })
        .collect();
    spans.sort_unstable();
    let mut open: Option<(DateTime<Utc>, DateTime<Utc>)> = None;
    for (opens, closes) in spans {
        open = match open {
            Some((since, until)) if opens <= until => Some((since, until.max(closes))),
            Some((since, until)) if now < until => return (since <= now).then_some(since),
            Some(_) | None => Some((opens, closes)),
        };
    }
    open.filter(|(since, until)| (*since..*until).contains(&now))
        .map(|(since, _)| since)
}

/// Which of two instants with the same time on the wall is meant.
#[derive(Clone, Copy)]
enum Doubt {
    First,
    Last,
}

/// The instant of a time on the wall, in minutes since midnight; where the clocks skip it, the first one after.
fn instant(zone: Tz, day: NaiveDate, minute: u32, doubt: Doubt) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(NaiveTime::MIN);
    let mut wall = midnight.checked_add_signed(Duration::minutes(i64::from(minute)))?;
    // No zone ever skipped more than one day at once.
    for _ in 0..=24 * 60 {
        match zone.from_local_datetime(&wall) {
            LocalResult::Single(at) => return Some(at.to_utc()),
            LocalResult::Ambiguous(first, last) => {
                return Some(match doubt {
                    Doubt::First => first.min(last).to_utc(),
                    Doubt::Last => first.max(last).to_utc(),
                });
            }
            LocalResult::None => wall = wall.checked_add_signed(Duration::minutes(1))?,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use chrono_tz::Tz;
    use proptest::prelude::{prop_assert, proptest};
    use protocol::alert::OpeningHours;

    use super::open_since;

    fn hours(weekday: u32, opens: u32, closes: u32) -> OpeningHours {
        OpeningHours {
            weekday,
            opens_minute: opens,
            closes_minute: closes,
        }
    }

    fn minutes(hours: &[OpeningHours], zone: Tz, now: &str) -> Option<i64> {
        let now: DateTime<Utc> = now.parse().unwrap();
        open_since(hours, zone, now).map(|since| (now - since).num_minutes())
    }

    #[test]
    fn a_shop_is_open_from_its_opening_until_just_before_its_closing() {
        // 2026-11-21 is a Saturday; Paris is one hour ahead.
        let saturday = [hours(6, 9 * 60, 12 * 60), hours(6, 14 * 60, 18 * 60)];
        let open = |now| minutes(&saturday, Tz::Europe__Paris, now);
        assert_eq!(open("2026-11-21T07:59:00Z"), None);
        assert_eq!(open("2026-11-21T08:00:00Z"), Some(0));
        assert_eq!(open("2026-11-21T10:59:59Z"), Some(179));
        assert_eq!(open("2026-11-21T11:00:00Z"), None);
        assert_eq!(open("2026-11-21T13:30:00Z"), Some(30));
        assert_eq!(open("2026-11-22T09:00:00Z"), None);
        assert_eq!(open("2026-11-20T09:00:00Z"), None);
    }

    #[test]
    fn hours_that_touch_are_one_opening_even_over_midnight() {
        let night = [
            hours(5, 20 * 60, 24 * 60),
            hours(6, 0, 2 * 60),
            hours(6, 2 * 60, 3 * 60),
        ];
        // Friday the 20th from 20:00 in Tokyo, nine hours ahead.
        assert_eq!(
            minutes(&night, Tz::Asia__Tokyo, "2026-11-20T17:30:00Z"),
            Some(6 * 60 + 30)
        );
        assert_eq!(minutes(&night, Tz::Asia__Tokyo, "2026-11-20T18:00:00Z"), None);
    }

    #[test]
    fn a_day_is_as_long_as_the_clocks_make_it() {
        let sunday = [hours(7, 0, 12 * 60)];
        let paris = Tz::Europe__Paris;
        // On 2026-03-29 the clocks in Paris go from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
        assert_eq!(minutes(&sunday, paris, "2026-03-29T09:59:00Z"), Some(11 * 60 - 1));
        assert_eq!(minutes(&sunday, paris, "2026-03-29T10:00:00Z"), None);
        assert_eq!(minutes(&sunday, paris, "2026-10-25T10:59:00Z"), Some(13 * 60 - 1));
        assert_eq!(minutes(&sunday, paris, "2026-10-25T11:00:00Z"), None);
    }

    #[test]
    fn a_time_that_the_clocks_skip_or_repeat_opens_once() {
        let paris = Tz::Europe__Paris;
        let skipped = [hours(7, 2 * 60 + 30, 4 * 60)];
        assert_eq!(minutes(&skipped, paris, "2026-03-29T00:59:00Z"), None);
        assert_eq!(minutes(&skipped, paris, "2026-03-29T01:00:00Z"), Some(0));
        let repeated = [hours(7, 2 * 60 + 30, 4 * 60)];
        assert_eq!(minutes(&repeated, paris, "2026-10-25T00:30:00Z"), Some(0));
        assert_eq!(minutes(&repeated, paris, "2026-10-25T02:59:00Z"), Some(149));
        // Closed at an hour that comes twice: the second time counts.
        let early = [hours(7, 60, 2 * 60 + 30)];
        assert_eq!(minutes(&early, paris, "2026-10-25T01:29:00Z"), Some(149));
        assert_eq!(minutes(&early, paris, "2026-10-25T01:30:00Z"), None);
    }

    #[test]
    fn open_around_the_clock_is_one_opening() {
        let always: Vec<_> = (1..=7).map(|day| hours(day, 0, 1_440)).collect();
        for zone in [Tz::Europe__Paris, Tz::Pacific__Apia, Tz::America__St_Johns] {
            let open = minutes(&always, zone, "2026-10-25T01:15:00Z").unwrap();
            assert!(open >= 1_440, "{zone}: {open}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic_or_lie_in_the_future(
            at in -8_000_000_000_000_i64..8_000_000_000_000, day in 0..9_u32, opens in 0..1_500_u32, closes in 0..1_500_u32
        ) {
            let now = DateTime::from_timestamp_millis(at).unwrap();
            if let Some(since) = open_since(&[hours(day, opens, closes)], Tz::America__New_York, now) {
                prop_assert!(since <= now);
            }
        }
    }
}
