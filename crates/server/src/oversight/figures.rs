//! The figures of a month: how many impersonations began in it, how long they lasted, by whom, where, when, and how they
//! ended. Pure, from what was read of each.

use std::collections::HashMap;

use chrono::{DateTime, Datelike as _, Timelike as _};
use chrono_tz::Tz;
use store::Millis;
use store::oversight::LONG_MS;
use strum::{EnumIter, IntoEnumIterator as _};
use uuid::Uuid;

use super::month::Month;

/// Administrators that are named, at most.
pub(super) const MOST_ADMINISTRATORS: usize = 5;

/// Hours of a day.
pub(super) const HOURS: usize = 24;

/// How one ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter)]
pub(super) enum Ending {
    /// By whoever began it.
    Stopped,
    /// At its deadline.
    Expired,
    /// With a session that it hung on.
    WithASession,
    /// By somebody else above all organisations.
    Forced,
    /// Not yet.
    Lasting,
    /// Nothing is known of its end.
    Unknown,
}

/// One impersonation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) organization_id: Uuid,
    pub(super) organization: String,
    pub(super) administrator_id: Uuid,
    pub(super) administrator: String,
    pub(super) started_at: Millis,
    pub(super) ending: Ending,
    /// When it ended, or until when it is counted; `None` where that is not known.
    pub(super) until: Option<Millis>,
}

/// The part of one administrator or organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) name: String,
    pub(super) count: u32,
    pub(super) total_ms: Millis,
}

/// Whether the log still has all of the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coverage {
    /// It has.
    Whole,
    /// Rows before this time were deleted by rule.
    From(Millis),
    /// The month lasts: counted is until this time.
    Until(Millis),
}

/// The figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) month: Month,
    pub(super) zone: Tz,
    pub(super) count: u32,
    pub(super) over_an_hour: u32,
    pub(super) total_ms: Millis,
    pub(super) median_ms: Option<Millis>,
    pub(super) longest_ms: Option<Millis>,
    /// Every way to end, in one order.
    pub(super) endings: Vec<(Ending, u32)>,
    /// Those who began most, most first.
    pub(super) administrators: Vec<Share>,
    pub(super) organizations: Vec<Share>,
    /// How many began on each day.
    pub(super) by_day: Vec<u32>,
    /// How many began in each hour of the day.
    pub(super) by_hour: Vec<u32>,
    pub(super) coverage: Coverage,
}

impl Figures {
    pub(super) fn of(stays: &[Stay], month: Month, zone: Tz, coverage: Coverage) -> Self {
        let mut lengths: Vec<Millis> = stays.iter().filter_map(Stay::length_ms).collect();
        lengths.sort_unstable();
        let mut by_day = vec![0; month.days()];
        let mut by_hour = vec![0; HOURS];
        for stay in stays {
            let began = DateTime::from_timestamp_millis(stay.started_at)
                .unwrap_or_default()
                .with_timezone(&zone);
            for (bars, at) in [(&mut by_day, began.day0()), (&mut by_hour, began.hour())] {
                if let Some(bar) = usize::try_from(at).ok().and_then(|at| bars.get_mut(at)) {
                    *bar += 1;
                }
            }
        }
        let mut administrators = shares(stays, |stay| (stay.administrator_id, &stay.administrator));
        administrators.truncate(MOST_ADMINISTRATORS);
        let endings = Ending::iter().map(|ending| {
            let ended = stays.iter().filter(|stay| stay.ending == ending).count();
            (ending, short(ended))
        });
        Self {
            month,
            zone,
            count: short(stays.len()),
            over_an_hour: short(lengths.iter().filter(|length| **length >= LONG_MS).count()),
            total_ms: lengths.iter().sum(),
            median_ms: median(&lengths),
            longest_ms: lengths.last().copied(),
            endings: endings.collect(),
            administrators,
            organizations: shares(stays, |stay| (stay.organization_id, &stay.organization)),
            by_day,
            by_hour,
            coverage,
        }
    }
}

impl Stay {
    /// How long it lasted, where that is known.
    fn length_ms(&self) -> Option<Millis> {
        self.until
            .map(|until| until.saturating_sub(self.started_at).max(0))
    }
}

/// By count, then by length, then by name.
fn shares<'a>(stays: &'a [Stay], of: impl Fn(&'a Stay) -> (Uuid, &'a String)) -> Vec<Share> {
    let mut by_id: HashMap<Uuid, Share> = HashMap::new();
    for stay in stays {
        let (id, name) = of(stay);
        let share = by_id.entry(id).or_insert_with(|| Share {
            name: name.clone(),
            count: 0,
            total_ms: 0,
        });
        share.count += 1;
        share.total_ms += stay.length_ms().unwrap_or(0);
    }
    let mut shares: Vec<_> = by_id.into_values().collect();
    shares.sort_unstable_by(|a, b| {
        (b.count, b.total_ms)
            .cmp(&(a.count, a.total_ms))
            .then_with(|| a.name.cmp(&b.name))
    });
    shares
}

/// The middle one, or half way between the two in the middle.
fn median(sorted: &[Millis]) -> Option<Millis> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(middle.checked_sub(1)?)?;
    Some(lower + (upper - lower) / 2)
}

fn short(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::DateTime;
    use chrono_tz::Tz;
    use uuid::Uuid;

    use super::{Coverage, Ending, Figures, Share, Stay};

    pub(in crate::oversight) fn stay(began: &str, minutes: Option<i64>, who: u128, place: u128) -> Stay {
        let started_at = began.parse::<DateTime<chrono::Utc>>().unwrap().timestamp_millis();
        Stay {
            organization_id: Uuid::from_u128(place),
            organization: format!("Maison {place}"),
            administrator_id: Uuid::from_u128(who),
            administrator: format!("admin{who}"),
            started_at,
            ending: if minutes.is_some() {
                Ending::Stopped
            } else {
                Ending::Unknown
            },
            until: minutes.map(|minutes| started_at + minutes * 60_000),
        }
    }

    fn figures(stays: &[Stay]) -> Figures {
        let month = "2026-10".parse().unwrap();
        Figures::of(stays, month, Tz::Europe__Paris, Coverage::Whole)
    }

    #[test]
    fn lengths_are_added_up_and_the_middle_one_is_found() {
        let began = "2026-10-05T08:00:00Z";
        let of = |minutes: &[i64]| {
            let stays: Vec<_> = minutes.iter().map(|m| stay(began, Some(*m), 1, 1)).collect();
            figures(&stays)
        };
        let odd = of(&[60, 5, 10]);
        assert_eq!(
            (
                odd.count,
                odd.total_ms,
                odd.median_ms,
                odd.longest_ms,
                odd.over_an_hour
            ),
            (3, 75 * 60_000, Some(10 * 60_000), Some(60 * 60_000), 1)
        );
        assert_eq!(of(&[60, 5, 10, 20]).median_ms, Some(15 * 60_000));
        let none = of(&[]);
        assert_eq!(
            (none.count, none.total_ms, none.median_ms, none.longest_ms),
            (0, 0, None, None)
        );
    }

    #[test]
    fn an_unknown_end_counts_and_has_no_length() {
        let found = figures(&[
            stay("2026-10-05T08:00:00Z", None, 1, 1),
            stay("2026-10-05T09:00:00Z", Some(30), 1, 1),
        ]);
        assert_eq!(
            (found.count, found.total_ms, found.median_ms),
            (2, 30 * 60_000, Some(30 * 60_000))
        );
        let endings: Vec<_> = found.endings.iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(endings, [&(Ending::Stopped, 1), &(Ending::Unknown, 1)]);
    }

    #[test]
    fn days_and_hours_are_those_on_the_wall() {
        let found = figures(&[
            // The first of October in Paris, an hour that the clocks repeat, and the last evening.
            stay("2026-09-30T22:00:00Z", Some(1), 1, 1),
            stay("2026-10-25T00:30:00Z", Some(1), 1, 1),
            stay("2026-10-25T01:30:00Z", Some(1), 1, 1),
            stay("2026-10-31T22:59:00Z", Some(1), 1, 1),
        ]);
        let days: Vec<_> = (1..)
            .zip(&found.by_day)
            .filter(|(_, count)| **count > 0)
            .collect();
        assert_eq!(days, [(1, &1), (25, &2), (31, &1)]);
        let hours: Vec<_> = (0..)
            .zip(&found.by_hour)
            .filter(|(_, count)| **count > 0)
            .collect();
        assert_eq!(hours, [(0, &1), (2, &2), (23, &1)]);
        assert_eq!((found.by_day.len(), found.by_hour.len()), (31, 24));
    }

    #[test]
    fn the_five_with_most_are_named() {
        let mut stays = Vec::new();
        for (who, times) in [(1, 1), (2, 3), (3, 2), (4, 2), (5, 1), (6, 1)] {
            for _ in 0..times {
                stays.push(stay(
                    "2026-10-05T08:00:00Z",
                    Some(i64::try_from(who).unwrap()),
                    who,
                    who % 2,
                ));
            }
        }
        let found = figures(&stays);
        let named: Vec<_> = found
            .administrators
            .iter()
            .map(|share| (share.name.as_str(), share.count))
            .collect();
        assert_eq!(
            named,
            [
                ("admin2", 3),
                ("admin4", 2),
                ("admin3", 2),
                ("admin6", 1),
                ("admin5", 1)
            ]
        );
        let share = |name: &str, count, minutes: i64| Share {
            name: name.to_owned(),
            count,
            total_ms: minutes * 60_000,
        };
        assert_eq!(
            found.organizations,
            [share("Maison 0", 6, 20), share("Maison 1", 4, 12)]
        );
    }
}
