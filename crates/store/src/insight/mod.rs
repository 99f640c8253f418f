//! What happened to sessions: every refresh, sign-in and end, their sums by the minute and the hour, and counters that
//! only grow.

use std::net::IpAddr;

use async_trait::async_trait;
use protocol::auth::{DeviceKind, OrganizationRole};
use protocol::insight::{ClientReport, ErrorsBy};
use uuid::Uuid;

use crate::{Millis, StoreError};

pub mod bounds;
pub mod ending;
pub mod packs;
pub mod sums;

pub use ending::EndedSession;
pub use packs::EventPack;
pub use sums::BatchSums;

/// Milliseconds of a minute.
pub const MINUTE_MS: Millis = 60_000;

/// Minutes of an hour.
pub const HOUR_MINUTES: i64 = 60;

/// Milliseconds of a day.
pub const DAY_MS: Millis = 24 * 60 * MINUTE_MS;

/// For how long sums by the minute and the hour are kept, in milliseconds: the longest range that can be asked for, and a day.
pub const SUMS_KEPT_MS: Millis = 31 * DAY_MS;

/// For how long a batch is known again, in milliseconds; nobody repeats one for longer.
pub const BATCHES_KEPT_MS: Millis = DAY_MS;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A session was to be renewed.
    Refresh,
    /// Somebody signed in, or tried to.
    Login,
    /// A session ended.
    End,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Refresh, Self::Login, Self::End];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Login => "login",
            Self::End => "end",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventOutcome {
    /// It happened as wanted. Ends always do.
    Success,
    /// It was refused, or failed.
    Failure,
    /// A refresh with something that is no token of this server.
    Rejected,
}

impl EventOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Success, Self::Failure, Self::Rejected];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Rejected => "rejected",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// The kind of program that called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientKind {
    /// The desktop app.
    App,
    /// A browser.
    Browser,
    /// Anything else.
    Other,
}

impl ClientKind {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Browser => "browser",
            Self::Other => "other",
        }
    }

    /// By the first product of a `User-Agent` header.
    pub fn of(user_agent: &str) -> Self {
        let product = user_agent.trim_start().split(['/', ' ']).next().unwrap_or("");
        if product.eq_ignore_ascii_case("vigie") {
            Self::App
        } else if product.eq_ignore_ascii_case("mozilla") {
            Self::Browser
        } else {
            Self::Other
        }
    }
}

/// The network of an address, /24 of IPv4 and /48 of IPv6, as `192.0.2.0/24`; a word that is no address stays as it is.
pub fn network_of(ip_address: &str) -> String {
    match ip_address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
        Err(_) => ip_address.to_owned(),
    }
}

/// Whether an event is kept for itself, or counts in the sums alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keeping {
    /// By itself, in a pack.
    Row,
    /// In the sums alone: one of very many of the same kind, by whoever has no token and no account.
    SumsAlone,
}

/// One refresh, sign-in or end. It holds no token, and no name that somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionEvent {
    /// When.
    pub at: Millis,
    /// What.
    pub kind: EventKind,
    /// What it came to.
    pub outcome: EventOutcome,
    /// Why: a `RefreshFailure`, a `LoginFailure` or an `EndReason` as text; empty where it came to what was wanted.
    pub reason: &'static str,
    /// Whose session, if known.
    pub user_id: Option<Uuid>,
    /// In which organisation, if known.
    pub organization_id: Option<Uuid>,
    /// At which site, if at one.
    pub site_id: Option<Uuid>,
    /// Which session, if known.
    pub session_id: Option<Uuid>,
    /// From where.
    pub ip_address: String,
    /// The network of that address; see [`network_of`].
    pub network: String,
    /// What the device calls itself; empty where that is not known.
    pub device_name: String,
    /// What the device is, if known.
    pub device_kind: Option<DeviceKind>,
    /// The kind of program.
    pub client_kind: ClientKind,
    /// How long the server took to answer a refresh, in microseconds.
    pub latency_us: Option<u32>,
    /// How long a session lasted that ended, in seconds.
    pub duration_seconds: Option<u32>,
    /// Whether it is kept for itself.
    pub keeping: Keeping,
}

/// What a device counted by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceReport {
    /// When it was handed over.
    pub at: Millis,
    /// The organisation that its session works in.
    pub organization_id: Uuid,
    /// The session's site.
    pub site_id: Option<Uuid>,
    /// What it calls itself.
    pub device_name: String,
    /// What it counted.
    pub counted: ClientReport,
}

/// Events and reports that are written together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventBatch {
    /// A new id. A batch that is added again, because nobody knows whether it was, counts once.
    pub id: Uuid,
    /// When it was put together.
    pub at: Millis,
    /// The events.
    pub events: Vec<SessionEvent>,
    /// The reports.
    pub reports: Vec<DeviceReport>,
}

/// So many events have kind, outcome and reason in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSum {
    /// What happened.
    pub kind: EventKind,
    /// What it came to.
    pub outcome: EventOutcome,
    /// Why; empty where it came to what was wanted.
    pub reason: String,
    /// How often.
    pub events: u64,
}

/// Sums of one step of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSum {
    /// When the step begins.
    pub at: Millis,
    /// What happened in it.
    pub sum: EventSum,
}

/// So many refreshes of one step of time took about as long as each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepLatency {
    /// When the step begins.
    pub at: Millis,
    /// The bucket: an index into [`bounds::LATENCY_US`], or one beyond.
    pub bucket: usize,
    /// How many.
    pub events: u64,
}

/// A range of time, step by step; what did not happen is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// What happened, by step.
    pub sums: Vec<StepSum>,
    /// How long refreshes took, by step.
    pub latency: Vec<StepLatency>,
}

/// Failures that have something in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureSum {
    /// What: a network, a reason, or the 32 digits of an id; empty where that is not known.
    pub key: String,
    /// Refreshes that failed.
    pub refreshes: u64,
    /// Sign-ins that were denied.
    pub logins: u64,
    /// The most frequent reason.
    pub reason: String,
    /// The minute of the latest, in milliseconds since 1970.
    pub last_at: Millis,
}

/// Where a page of failures ended: the next one begins after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureKey {
    /// Refreshes and sign-ins of the last one together.
    pub events: u64,
    /// Its key.
    pub key: String,
}

/// Which failures are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureQuery {
    /// Of this organisation; `None`: of all, and of none.
    pub organization_id: Option<Uuid>,
    /// From this moment on, to the minute.
    pub from: Millis,
    /// Up to this moment, to the minute, without it.
    pub to: Millis,
    /// What they are put together by.
    pub by: ErrorsBy,
    /// Only refreshes, or only sign-ins.
    pub kind: Option<EventKind>,
    /// After which.
    pub after: Option<FailureKey>,
    /// At most so many.
    pub limit: u32,
}

/// Counts that only grow, of one kind of event in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalEvents {
    /// The organisation, if known.
    pub organization_id: Option<Uuid>,
    /// The site, if one.
    pub site_id: Option<Uuid>,
    /// What, and how often since the database was made.
    pub sum: EventSum,
}

/// How a measure is distributed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many fell into each bucket, the last one without a bound: one more than there are bounds.
    pub counts: Vec<u64>,
    /// All values together, in the unit of the bounds.
    pub sum: u64,
}

/// Everything that only grows, of the whole database, whichever process counted it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events.
    pub events: Vec<TotalEvents>,
    /// How long refreshes took, in microseconds, in buckets of [`bounds::LATENCY_US`].
    pub latency: Histogram,
    /// How long sessions lasted that ended, in seconds, in buckets of [`bounds::DURATION_SECONDS`].
    pub duration: Histogram,
}

/// What is so now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionGauges {
    /// Sessions that live.
    pub active_sessions: u32,
    /// Users who have a role and whose accounts are not disabled, for each role that somebody has.
    pub users_by_role: Vec<(OrganizationRole, u32)>,
}

/// One device by its own count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSum {
    /// Its organisation.
    pub organization_id: Uuid,
    /// Its site.
    pub site_id: Option<Uuid>,
    /// What it calls itself.
    pub device_name: String,
    /// All that it counted.
    pub counted: ClientReport,
    /// The minute of its last report, in milliseconds since 1970.
    pub last_at: Millis,
}

/// What happened to sessions.
///
/// A range of time from `from` to `to` means every minute that it touches; where both fall on hours and are a day apart
/// at least, the sums of the hours are read.
#[async_trait]
pub trait Insight {
    /// Keeps a batch: its events, what they add to the sums and to the counters, all in one transaction. Returns whether it
    /// was new: a batch known by its id changes nothing.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn add_events(&self, batch: EventBatch) -> Result<bool, StoreError>;

    /// Takes note of sessions that have ended and were not noted yet, at most `limit`: those that were closed or reached
    /// their absolute end by now, and of the desks named those that nobody touched for too long. Each becomes one event
    /// of kind [`EventKind::End`], at the moment of its end, in the same transaction; whichever of several processes
    /// notes it, it is noted once. Returns how many.
    ///
    /// A desk that nobody touched for too long is noted when it is named here, which is when its client was told, or at
    /// its absolute end: until then the client may still say that its operator was at work.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn note_ended_sessions(
        &self,
        told_idle: Vec<Uuid>,
        now: Millis,
        limit: u32,
    ) -> Result<u32, StoreError>;

    /// What happened from `from` to `to`, in one organisation or everywhere.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn event_window(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
    ) -> Result<Vec<EventSum>, StoreError>;

    /// The same in steps of `step_minutes`, which begin at multiples of it since 1970, with how long refreshes took.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn event_steps(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
        step_minutes: u32,
    ) -> Result<Steps, StoreError>;

    /// Failed refreshes and denied sign-ins, put together, the most frequent first and then by key.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn failure_sums(&self, asked: FailureQuery) -> Result<Vec<FailureSum>, StoreError>;

    /// All that only grows.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn event_totals(&self) -> Result<Totals, StoreError>;

    /// What is so now, in one organisation or everywhere.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn session_gauges(
        &self,
        organization_id: Option<Uuid>,
        now: Millis,
    ) -> Result<SessionGauges, StoreError>;

    /// Devices that were cut off, met faults or showed a warning by their own count, the one longest without service
    /// first, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn suffering_devices(
        &self,
        organization_id: Option<Uuid>,
        from: Millis,
        to: Millis,
        limit: u32,
    ) -> Result<Vec<DeviceSum>, StoreError>;

    /// Deletes single events of the whole minutes before this moment, the oldest first, in packs until about `limit` are
    /// gone: of one organisation, or of none. Returns how many; fewer than `limit` means that no more are left.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn purge_events(
        &self,
        organization_id: Option<Uuid>,
        before: Millis,
        limit: u32,
    ) -> Result<u32, StoreError>;

    /// Deletes sums from before this moment and batches forgotten by then, at most `limit` of each; counters stay. Returns
    /// how many rows.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn purge_sums(&self, now: Millis, limit: u32) -> Result<u32, StoreError>;
}

/// The minutes that a range of time touches, and whether sums of hours give the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first minute since 1970, or the first hour's first one.
    pub from_minute: i64,
    /// The minute after the last.
    pub to_minute: i64,
    /// What is read.
    pub grain: Grain,
}

/// Which sums are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Those of minutes.
    Minute,
    /// Those of hours.
    Hour,
}

impl Span {
    /// From the first moment up to the second, without it.
    pub const fn of(from: Millis, to: Millis) -> Self {
        let from_minute = from.div_euclid(MINUTE_MS);
        let last_minute = to.saturating_sub(1).div_euclid(MINUTE_MS);
        let to_minute = last_minute.saturating_add(1);
        let on_hours = from_minute.rem_euclid(HOUR_MINUTES) == 0 && to_minute.rem_euclid(HOUR_MINUTES) == 0;
        let is_long = to_minute.saturating_sub(from_minute) >= 24 * HOUR_MINUTES;
        Self {
            from_minute,
            to_minute,
            grain: if on_hours && is_long {
                Grain::Hour
            } else {
                Grain::Minute
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientKind, DAY_MS, EventKind, EventOutcome, Grain, MINUTE_MS, Span, network_of};

    #[test]
    fn addresses_are_put_together_by_network() {
        for (address, network) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:12:3456::9", "2001:db8:12::/48"),
            ("::1", "::/48"),
            ("local", "local"),
            ("", ""),
        ] {
            assert_eq!(network_of(address), network, "{address}");
        }
    }

    #[test]
    fn programs_are_told_apart() {
        for (user_agent, kind) in [
            ("vigie/0.1.0", ClientKind::App),
            ("Vigie/0.2.0 (Linux)", ClientKind::App),
            ("Mozilla/5.0 (X11; Linux x86_64)", ClientKind::Browser),
            ("curl/8.5.0", ClientKind::Other),
            ("vigiesque/1", ClientKind::Other),
            ("", ClientKind::Other),
        ] {
            assert_eq!(ClientKind::of(user_agent), kind, "{user_agent}");
        }
    }

    #[test]
    fn words_read_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
        }
        for outcome in EventOutcome::ALL {
            assert_eq!(EventOutcome::parse(outcome.as_str()), Some(outcome));
        }
        assert_eq!(EventKind::parse("other"), None);
    }

    #[test]
    fn whole_hours_of_a_day_and_more_are_read_from_the_sums_of_hours() {
        let day = 20_000 * DAY_MS;
        let grain = |from, to| Span::of(from, to).grain;
        assert_eq!(grain(day, day + DAY_MS), Grain::Hour);
        assert_eq!(grain(day, day + DAY_MS - 1), Grain::Hour, "the same minutes");
        assert_eq!(grain(day, day + DAY_MS - MINUTE_MS), Grain::Minute);
        assert_eq!(grain(day + MINUTE_MS, day + MINUTE_MS + DAY_MS), Grain::Minute);
        assert_eq!(grain(day, day + DAY_MS / 2), Grain::Minute);
    }

    #[test]
    fn a_range_is_every_minute_that_it_touches() {
        let span = Span::of(MINUTE_MS * 5 + 1, MINUTE_MS * 7 + 1);
        assert_eq!((span.from_minute, span.to_minute), (5, 8));
        let whole = Span::of(MINUTE_MS * 5, MINUTE_MS * 7);
        assert_eq!((whole.from_minute, whole.to_minute), (5, 7));
    }
}
