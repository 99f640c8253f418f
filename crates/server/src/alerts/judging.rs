//! What is the matter, by the settings and what was counted: pure, without store or clock.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use protocol::alert::{AlertKind, MonitoringSettings};

use super::opening::open_since;

/// Over how many minutes is counted.
pub(super) const WINDOW_MINUTES: u32 = 15;

/// What was counted in the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Refreshes that brought tokens.
    pub(super) refreshed: u32,
    /// Refreshes with a token of this server that came to nothing. What is no such token is in neither number.
    pub(super) failed: u32,
    /// Denied sign-ins of accounts.
    pub(super) accounts: Vec<Denied>,
    /// Denied sign-ins from networks.
    pub(super) networks: Vec<Denied>,
    /// Refreshes of any outcome but rejected since the settings' minutes without any, where it was asked.
    pub(super) lately: Option<u32>,
}

/// How often sign-ins of one account or from one network were denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denied {
    /// The account's id or the network.
    pub(super) key: String,
    /// Its name for people.
    pub(super) name: String,
    /// How often.
    pub(super) times: u32,
}

/// Something that is the matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) kind: AlertKind,
    pub(super) subject_key: String,
    pub(super) subject: Option<String>,
    pub(super) count: u32,
    pub(super) of: Option<u32>,
}

/// Everything that is the matter.
pub(super) fn judge(settings: &MonitoringSettings, counted: &Counted) -> Vec<Finding> {
    let mut found = Vec::new();
    let refreshes = counted.refreshed.saturating_add(counted.failed);
    let is_many = refreshes >= settings.refresh_least.max(1);
    let share = u64::from(counted.failed) * 100;
    if is_many && share > u64::from(settings.refresh_failure_percent) * u64::from(refreshes) {
        found.push(Finding {
            kind: AlertKind::RefreshFailures,
            subject_key: String::new(),
            subject: None,
            count: counted.failed,
            of: Some(refreshes),
        });
    }
    let mut denied = |kind, least: Option<u32>, all: &[Denied]| {
        let Some(least) = least else { return };
        found.extend(
            all.iter()
                .filter(|one| one.times >= least.max(1))
                .map(|one| Finding {
                    kind,
                    subject_key: one.key.clone(),
                    subject: Some(one.name.clone()),
                    count: one.times,
                    of: None,
                }),
        );
    };
    denied(
        AlertKind::LoginFailuresOfAccount,
        settings.login_failures_of_account,
        &counted.accounts,
    );
    denied(
        AlertKind::LoginFailuresOfNetwork,
        settings.login_failures_of_network,
        &counted.networks,
    );
    if let (Some(minutes), Some(0)) = (settings.no_refresh_minutes, counted.lately) {
        found.push(Finding {
            kind: AlertKind::NoRefresh,
            subject_key: String::new(),
            subject: None,
            count: minutes,
            of: None,
        });
    }
    found
}

/// For how many minutes there must have been a refresh by now: where the shop has been open for that long already.
pub(super) fn silence_to_look_for(settings: &MonitoringSettings, now: DateTime<Utc>) -> Option<u32> {
    let minutes = settings.no_refresh_minutes?;
    let zone: Tz = settings.time_zone.parse().ok()?;
    let since = open_since(&settings.opening_hours, zone, now)?;
    ((now - since).num_minutes() >= i64::from(minutes)).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use protocol::alert::{AlertKind, MonitoringSettings, OpeningHours};

    use super::{Counted, Denied, judge, silence_to_look_for};

    fn kinds(settings: &MonitoringSettings, counted: &Counted) -> Vec<AlertKind> {
        judge(settings, counted)
            .into_iter()
            .map(|finding| finding.kind)
            .collect()
    }

    fn refreshes(failed: u32, of: u32) -> Counted {
        Counted {
            refreshed: of - failed,
            failed,
            ..Counted::default()
        }
    }

    #[test]
    fn more_than_five_percent_of_at_least_twenty_is_the_matter() {
        let settings = MonitoringSettings::default();
        for (failed, of, stands) in [
            (0, 0, false),
            (19, 19, false),
            (1, 20, false),
            (2, 20, true),
            (4, 100, false),
            (5, 100, false),
            (6, 100, true),
            (49, 1_000, false),
            (51, 1_000, true),
            (u32::MAX / 2, u32::MAX, true),
        ] {
            let found = kinds(&settings, &refreshes(failed, of));
            assert_eq!(found == [AlertKind::RefreshFailures], stands, "{failed} of {of}");
            assert_eq!(found.is_empty(), !stands, "{failed} of {of}");
        }
    }

    #[test]
    fn denied_sign_ins_count_by_account_and_by_network_from_the_number_that_is_set() {
        let denied = |key: &str, times| Denied {
            key: key.to_owned(),
            name: format!("the {key}"),
            times,
        };
        let counted = Counted {
            accounts: vec![denied("a", 10), denied("b", 9)],
            networks: vec![denied("n", 50), denied("m", 49)],
            ..Counted::default()
        };
        let found = judge(&MonitoringSettings::default(), &counted);
        let subjects: Vec<_> = found
            .iter()
            .map(|finding| (finding.kind, finding.subject_key.as_str(), finding.count))
            .collect();
        assert_eq!(
            subjects,
            [
                (AlertKind::LoginFailuresOfAccount, "a", 10),
                (AlertKind::LoginFailuresOfNetwork, "n", 50)
            ]
        );
        assert_eq!(found[0].subject.as_deref(), Some("the a"));
        let never = MonitoringSettings {
            login_failures_of_account: None,
            login_failures_of_network: None,
            ..MonitoringSettings::default()
        };
        assert_eq!(judge(&never, &counted), []);
    }

    #[test]
    fn silence_is_looked_for_once_the_shop_has_been_open_for_that_long() {
        let settings = MonitoringSettings {
            no_refresh_minutes: Some(30),
            opening_hours: vec![OpeningHours {
                weekday: 6,
                opens_minute: 9 * 60,
                closes_minute: 18 * 60,
            }],
            ..MonitoringSettings::default()
        };
        let asked = |now: &str| silence_to_look_for(&settings, now.parse().unwrap());
        assert_eq!(asked("2026-11-21T08:29:59Z"), None);
        assert_eq!(asked("2026-11-21T08:30:00Z"), Some(30));
        assert_eq!(asked("2026-11-21T16:59:00Z"), Some(30));
        assert_eq!(asked("2026-11-21T17:00:00Z"), None);
        let silent = |lately| Counted {
            lately,
            ..Counted::default()
        };
        assert_eq!(kinds(&settings, &silent(Some(0))), [AlertKind::NoRefresh]);
        assert_eq!(kinds(&settings, &silent(Some(1))), []);
        assert_eq!(kinds(&settings, &silent(None)), []);
    }
}
