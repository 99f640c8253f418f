//! The course of an impersonation: from when on it is near its end, and which warning is due, decided from its deadlines.

use serde::{Deserialize, Serialize};

use crate::{Moment, Span};

/// The share of its time, in thousandths, after which an impersonation is near its end.
pub const NEAR_PERMILLE: u64 = 750;

/// How an impersonation came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum ImpersonationEnd {
    /// Whoever began it stopped it.
    Stopped,
    /// A super admin stopped it.
    Forced,
    /// Its time was over.
    Expired,
    /// Something that it hung on ended: the session behind it, an account, or the right to it.
    Ended,
}

/// A warning ahead of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndWarning {
    /// 15 minutes are left, or fewer.
    FifteenMinutes,
    /// 2 minutes are left, or fewer.
    TwoMinutes,
}

impl EndWarning {
    const ALL: [Self; 2] = [Self::TwoMinutes, Self::FifteenMinutes];

    /// How long before the end it is due.
    pub const fn ahead(self) -> Span {
        match self {
            Self::FifteenMinutes => Span::from_secs(15 * 60),
            Self::TwoMinutes => Span::from_secs(2 * 60),
        }
    }
}

/// One impersonation from its beginning to its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImpersonationCourse {
    begun: Moment,
    ends: Moment,
    warned: Option<EndWarning>,
}

impl ImpersonationCourse {
    /// One that began and will end at these moments.
    pub const fn new(begun: Moment, ends: Moment) -> Self {
        Self {
            begun,
            ends,
            warned: None,
        }
    }

    /// When it began.
    pub const fn begun(&self) -> Moment {
        self.begun
    }

    /// When it ends, whatever happens.
    pub const fn ends(&self) -> Moment {
        self.ends
    }

    /// From when on it is near its end.
    pub fn near(&self) -> Moment {
        self.begun + self.ends.since(self.begun).permille(NEAR_PERMILLE)
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: Moment) -> bool {
        now >= self.ends
    }

    /// The warning that is due and was not given yet. Of those that a sleep has skipped only the most urgent counts; one
    /// that was due before the beginning is never given.
    pub fn warn(&mut self, now: Moment) -> Option<EndWarning> {
        if self.is_over(now) {
            return None;
        }
        let due = EndWarning::ALL.into_iter().find(|warning| {
            let at = self.ends - warning.ahead();
            at > self.begun && now >= at
        })?;
        if self.warned >= Some(due) {
            return None;
        }
        self.warned = Some(due);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{EndWarning, ImpersonationCourse};
    use crate::{Moment, Span};

    const BEGUN: Moment = Moment::from_ms(5_000);

    fn lasting(minutes: u64) -> ImpersonationCourse {
        ImpersonationCourse::new(BEGUN, BEGUN + Span::from_secs(minutes * 60))
    }

    fn minute(minute: u64) -> Moment {
        BEGUN + Span::from_secs(minute * 60)
    }

    #[test]
    fn it_is_near_its_end_after_three_quarters() {
        assert_eq!(lasting(120).near(), minute(90));
    }

    #[test]
    fn each_warning_comes_once_at_its_minute() {
        let mut course = lasting(120);
        let warned: Vec<_> = (0..=121)
            .filter_map(|at| Some((at, course.warn(minute(at))?)))
            .collect();
        assert_eq!(
            warned,
            [(105, EndWarning::FifteenMinutes), (118, EndWarning::TwoMinutes)]
        );
    }

    #[test]
    fn after_a_sleep_only_the_most_urgent_is_given() {
        let mut course = lasting(120);
        assert_eq!(course.warn(minute(119)), Some(EndWarning::TwoMinutes));
        assert_eq!(course.warn(minute(119)), None);
    }

    #[test]
    fn nothing_is_warned_of_once_it_is_over_nor_of_what_was_due_before_it_began() {
        assert_eq!(lasting(120).warn(minute(120)), None);
        let mut short = lasting(10);
        assert_eq!(short.warn(minute(1)), None);
        assert_eq!(short.warn(minute(8)), Some(EndWarning::TwoMinutes));
        assert_eq!(lasting(1).warn(minute(0)), None);
    }

    proptest! {
        #[test]
        fn however_the_looks_fall_each_warning_is_given_at_most_once_and_in_time(
            minutes in 0_u64..200,
            mut looks in prop::collection::vec(0_u64..13_000, 0..60),
        ) {
            looks.sort_unstable();
            let mut course = lasting(minutes);
            let mut given = Vec::new();
            for look in looks {
                let now = BEGUN + Span::from_secs(look);
                if let Some(warning) = course.warn(now) {
                    let left = course.ends().since(now);
                    prop_assert!(left > Span::ZERO && left <= warning.ahead());
                    prop_assert!(given.last().is_none_or(|last| *last < warning));
                    given.push(warning);
                }
            }
        }
    }
}
