//! Looking whether something is the matter, in every organisation and in every process: whoever finds it first begins the
//! alert, and all others find that it lasts.
//!
//! An alert ends when for [`HOLDS_FOR`] looks in a row nobody found its matter: one that is at the edge, above the limit in
//! one minute and below it in the next, is one alert and two letters, not thirty. Where it cannot be counted nothing ends.

use std::collections::HashMap;
use std::time::Duration;

use protocol::alert::{AlertKind, MonitoringSettings};
use protocol::insight::{ErrorsBy, LoginFailure};
use store::insight::{EventKind, EventOutcome, EventSum, FailureQuery, FailureSum, MINUTE_MS};
use store::{Channel, Millis, Organization, Recipient, Standing, Stood, StoreError};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use super::judging::{Counted, Denied, Finding, WINDOW_MINUTES, judge, silence_to_look_for};
use crate::background::told;
use crate::clock::wire_time;
use crate::ids::new_id;
use crate::server::Server;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// After how many looks that found nothing an alert ends.
const HOLDS_FOR: u32 = 5;

/// For how long after a start silence says nothing: tills that come back after the server was away take turns.
const COMING_BACK: Duration = Duration::from_secs(5 * 60);

/// Accounts and networks that are looked at, those with the most denied sign-ins.
const MOST_DENIED: u32 = 500;

/// Looks until told to end.
pub(crate) async fn watch(server: &Server, mut ending: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(every(server));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = told(&mut ending) => return,
            _ = tick.tick() => {}
        }
        tokio::select! {
            biased;
            () = told(&mut ending) => return,
            () = look(server) => {}
        }
    }
}

fn every(server: &Server) -> Duration {
    let seconds = server.options.testing.alert_seconds;
    seconds.map_or(LOOK_EVERY, |seconds| Duration::from_secs(seconds.get().into()))
}

/// What is the same for every organisation at one look.
#[derive(Clone, Copy)]
struct Look {
    /// For how long an alert goes on that nobody finds any more.
    holds_ms: Millis,
    /// Whether this process has run for long enough to make something of silence.
    is_settled: bool,
}

/// Looks once, in every organisation, as the background does every minute.
pub async fn look(server: &Server) {
    let holds_ms = i64::try_from((every(server) * HOLDS_FOR).as_millis()).unwrap_or(i64::MAX);
    let look = Look {
        holds_ms,
        is_settled: server.clock.monotonic() >= COMING_BACK,
    };
    let organizations = match server.store.organizations().await {
        Ok(organizations) => organizations,
        Err(error) => {
            tracing::warn!(cause = %error, "it is not known whether something is the matter");
            return;
        }
    };
    // A mail server that is set and out of order is tried: the alert then says that nobody could be told.
    let has_mail = !matches!(server.outbox.way().post(server.store.as_ref()).await, Ok(None));
    for organization in organizations {
        if let Err(error) = one(server, &organization, look, has_mail).await {
            tracing::warn!(cause = %error, organization = %organization.id, "it is not known whether something is the matter");
        }
    }
}

async fn one(
    server: &Server,
    organization: &Organization,
    look: Look,
    has_mail: bool,
) -> Result<(), StoreError> {
    let store = &server.store;
    let settings = store.monitoring_settings(organization.id).await?;
    let now = server.now();
    let counted = counted(server, organization.id, &settings, look, now).await?;
    let tell = recipients(&settings, has_mail);
    let repeat_ms = settings
        .repeat_minutes
        .map(|minutes| Millis::from(minutes) * MINUTE_MS);
    let mut is_news = false;
    for finding in judge(&settings, &counted) {
        let count = match finding.kind {
            AlertKind::NoRefresh => silent_for(server, organization.id, finding.count, now).await?,
            AlertKind::RefreshFailures
            | AlertKind::LoginFailuresOfAccount
            | AlertKind::LoginFailuresOfNetwork => finding.count,
        };
        let standing = standing(organization.id, Finding { count, ..finding }, now);
        let kind = standing.kind;
        let stood = store
            .note_standing(standing, tell.clone(), repeat_ms, now)
            .await?;
        if stood == Stood::Began {
            tracing::warn!(organization = %organization.id, kind = kind.as_str(), "alert");
        }
        is_news |= stood == Stood::Began || repeat_ms.is_some();
    }
    let ended = store
        .end_alerts(organization.id, now.saturating_sub(look.holds_ms), tell, now)
        .await?;
    if ended > 0 {
        tracing::info!(organization = %organization.id, ended, "alerts are over");
    }
    if is_news || ended > 0 {
        server.alerts_to_send.notify_one();
    }
    Ok(())
}

fn standing(organization_id: Uuid, finding: Finding, now: Millis) -> Standing {
    Standing {
        id: new_id(now),
        organization_id,
        kind: finding.kind,
        subject_key: finding.subject_key,
        subject: finding.subject,
        count: finding.count,
        of: finding.of,
    }
}

/// Since the alert began silence went on.
async fn silent_for(
    server: &Server,
    organization_id: Uuid,
    minutes: u32,
    now: Millis,
) -> Result<u32, StoreError> {
    let lasting = server
        .store
        .alerts_page(organization_id, None, MOST_DENIED)
        .await?;
    let began = lasting
        .iter()
        .find(|row| row.kind == AlertKind::NoRefresh && row.ended_at.is_none());
    let since = began.map_or(0, |row| now.saturating_sub(row.began_at) / MINUTE_MS);
    Ok(minutes.saturating_add(u32::try_from(since).unwrap_or(0)))
}

fn recipients(settings: &MonitoringSettings, has_mail: bool) -> Vec<Recipient> {
    let letters = settings
        .recipients
        .iter()
        .filter(|_| has_mail)
        .map(|address| Recipient {
            channel: Channel::Mail,
            address: address.clone(),
        });
    let call = settings.webhook_url.as_ref().map(|_| Recipient {
        channel: Channel::Webhook,
        address: String::new(),
    });
    letters.chain(call).collect()
}

async fn counted(
    server: &Server,
    organization_id: Uuid,
    settings: &MonitoringSettings,
    look: Look,
    now: Millis,
) -> Result<Counted, StoreError> {
    let store = &server.store;
    let (from, to) = (window_begins(now), now.saturating_add(1));
    let sums = store.event_window(Some(organization_id), from, to).await?;
    let denied = |organization_id, by| {
        store.failure_sums(FailureQuery {
            organization_id: Some(organization_id),
            from,
            to,
            by,
            kind: Some(EventKind::Login),
            after: None,
            limit: MOST_DENIED,
        })
    };
    let accounts = match settings.login_failures_of_account {
        Some(least) => {
            let sums = denied(organization_id, ErrorsBy::User).await?;
            accounts(server, sums, least).await?
        }
        None => Vec::new(),
    };
    let networks = if settings.login_failures_of_network.is_some() {
        // A name that nobody has belongs to no organisation: all share that door.
        let own = denied(organization_id, ErrorsBy::Network).await?;
        networks(
            own.into_iter()
                .chain(denied(Uuid::nil(), ErrorsBy::Network).await?),
        )
    } else {
        Vec::new()
    };
    let lately = match silence_to_look_for(settings, wire_time(now)).filter(|_| look.is_settled) {
        Some(minutes) => {
            let since = now.saturating_sub(Millis::from(minutes) * MINUTE_MS);
            let sums = store.event_window(Some(organization_id), since, to).await?;
            Some(
                refreshes(&sums, EventOutcome::Success)
                    .saturating_add(refreshes(&sums, EventOutcome::Failure)),
            )
        }
        None => None,
    };
    Ok(Counted {
        refreshed: refreshes(&sums, EventOutcome::Success),
        failed: refreshes(&sums, EventOutcome::Failure),
        accounts,
        networks,
        lately,
    })
}

/// The first moment of the window: of its minutes the present one is the last.
fn window_begins(now: Millis) -> Millis {
    let minute = now.div_euclid(MINUTE_MS);
    (minute + 1 - Millis::from(WINDOW_MINUTES)) * MINUTE_MS
}

fn refreshes(sums: &[EventSum], outcome: EventOutcome) -> u32 {
    let all: u64 = sums
        .iter()
        .filter(|sum| sum.kind == EventKind::Refresh && sum.outcome == outcome)
        .map(|sum| sum.events)
        .sum();
    u32::try_from(all).unwrap_or(u32::MAX)
}

/// Whether the server itself could not, rather than whoever tried: nobody guesses passwords there.
fn is_the_servers(sum: &FailureSum) -> bool {
    [LoginFailure::Unavailable, LoginFailure::Internal]
        .iter()
        .any(|reason| sum.reason == reason.as_str())
}

async fn accounts(server: &Server, sums: Vec<FailureSum>, least: u32) -> Result<Vec<Denied>, StoreError> {
    let mut accounts = Vec::new();
    for sum in sums {
        let times = u32::try_from(sum.logins).unwrap_or(u32::MAX);
        let Ok(id) = sum.key.parse::<Uuid>() else { continue };
        if times < least || is_the_servers(&sum) || id.is_nil() {
            continue;
        }
        let user = server.store.user(id).await?;
        accounts.push(Denied {
            key: id.to_string(),
            name: user.map_or_else(|| id.to_string(), |user| user.username),
            times,
        });
    }
    Ok(accounts)
}

fn networks(sums: impl Iterator<Item = FailureSum>) -> Vec<Denied> {
    let mut by_network: HashMap<String, u64> = HashMap::new();
    for sum in sums.filter(|sum| !is_the_servers(sum) && !sum.key.is_empty()) {
        *by_network.entry(sum.key).or_default() += sum.logins;
    }
    let mut networks: Vec<_> = by_network
        .into_iter()
        .map(|(network, times)| Denied {
            key: network.clone(),
            name: network,
            times: u32::try_from(times).unwrap_or(u32::MAX),
        })
        .collect();
    networks.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    networks
}

#[cfg(test)]
mod tests {
    use store::insight::{FailureSum, MINUTE_MS};

    use super::{networks, window_begins};

    fn sum(key: &str, logins: u64, reason: &str) -> FailureSum {
        FailureSum {
            key: key.to_owned(),
            refreshes: 0,
            logins,
            reason: reason.to_owned(),
            last_at: 0,
        }
    }

    #[test]
    fn the_window_is_fifteen_minutes_of_which_the_present_is_the_last() {
        let minute = 29_000_000;
        for now in [minute * MINUTE_MS, minute * MINUTE_MS + 59_999] {
            assert_eq!(window_begins(now), (minute - 14) * MINUTE_MS);
        }
    }

    #[test]
    fn a_network_counts_what_was_tried_on_the_own_accounts_and_on_nobodys() {
        let found = networks(
            [
                sum("192.0.2.0/24", 3, "wrong_password"),
                sum("192.0.2.0/24", 4, "unknown_user"),
                sum("198.51.100.0/24", 9, "unavailable"),
                sum("", 9, "unknown_user"),
            ]
            .into_iter(),
        );
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].key.as_str(), found[0].times), ("192.0.2.0/24", 7));
    }
}
