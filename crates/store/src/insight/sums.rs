//! What a batch adds to sums and counters, put together before a database sees it: a few rows instead of one per event.

use std::collections::BTreeMap;

use protocol::insight::ClientReport;
use uuid::Uuid;

use super::bounds::{DURATION_SECONDS, LATENCY_US, bucket};
use super::{DeviceReport, EventKind, EventOutcome, HOUR_MINUTES, MINUTE_MS, SessionEvent};
use crate::Millis;

/// What events are counted by; absent ids are the nil UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKey {
    /// The organisation.
    pub organization_id: Uuid,
    /// The site.
    pub site_id: Uuid,
    /// What.
    pub kind: EventKind,
    /// What it came to.
    pub outcome: EventOutcome,
    /// Why.
    pub reason: &'static str,
}

/// What failures are counted by; absent ids are the nil UUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailureBy {
    /// The organisation.
    pub organization_id: Uuid,
    /// The site.
    pub site_id: Uuid,
    /// The network.
    pub network: String,
    /// The user.
    pub user_id: Uuid,
    /// What.
    pub kind: EventKind,
    /// Why.
    pub reason: &'static str,
}

/// What a device's reports are added up by; an absent site is the nil UUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceBy {
    /// The organisation.
    pub organization_id: Uuid,
    /// The site.
    pub site_id: Uuid,
    /// What it calls itself.
    pub device_name: String,
}

/// Of failures in one stretch of time: how many, and the minute of the latest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailureCount {
    /// How many.
    pub events: u64,
    /// The minute of the latest since 1970.
    pub last_minute: i64,
}

/// A device's reports in one stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceCount {
    /// All that it counted.
    pub counted: ClientReport,
    /// The minute of the latest since 1970.
    pub last_minute: i64,
}

/// Sums by a stretch of time, which begins at this minute since 1970.
pub type ByTime<K, V> = BTreeMap<(i64, K), V>;

/// The same sums by the minute and by the hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grains<K, V> {
    /// By the minute.
    pub minutes: ByTime<K, V>,
    /// By the hour, each named by its first minute.
    pub hours: ByTime<K, V>,
}

impl<K, V> Default for Grains<K, V> {
    fn default() -> Self {
        Self {
            minutes: BTreeMap::new(),
            hours: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone, V: Default> Grains<K, V> {
    fn add(&mut self, at: Millis, key: K, add: impl Fn(&mut V, i64)) {
        let minute = at.div_euclid(MINUTE_MS);
        let hour = minute.div_euclid(HOUR_MINUTES) * HOUR_MINUTES;
        add(self.hours.entry((hour, key.clone())).or_default(), minute);
        add(self.minutes.entry((minute, key)).or_default(), minute);
    }
}

/// What a bucket of a counter grows by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BucketCount {
    /// How many fell into it.
    pub events: u64,
    /// Their values together.
    pub sum: u64,
}

/// What a batch adds. Everything is in the order of its keys, so that processes that write at once never wait in a circle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchSums {
    /// Events.
    pub events: Grains<EventKey, u64>,
    /// Failed refreshes and denied sign-ins.
    pub failures: Grains<FailureBy, FailureCount>,
    /// Refreshes by organisation and bucket of latency.
    pub latency: Grains<(Uuid, usize), u64>,
    /// What devices counted.
    pub devices: Grains<DeviceBy, DeviceCount>,
    /// Counters of events.
    pub totals: BTreeMap<EventKey, u64>,
    /// Counters of refreshes by bucket of latency; sums in microseconds.
    pub latency_totals: BTreeMap<usize, BucketCount>,
    /// Counters of ends by bucket of duration; sums in seconds.
    pub duration_totals: BTreeMap<usize, BucketCount>,
}

impl BatchSums {
    /// What these events and reports add.
    pub fn of(events: &[SessionEvent], reports: &[DeviceReport]) -> Self {
        let mut sums = Self::default();
        for event in events {
            sums.add_event(event);
        }
        for report in reports {
            sums.add_report(report);
        }
        sums
    }

    fn add_event(&mut self, event: &SessionEvent) {
        let organization_id = event.organization_id.unwrap_or_default();
        let key = EventKey {
            organization_id,
            site_id: event.site_id.unwrap_or_default(),
            kind: event.kind,
            outcome: event.outcome,
            reason: event.reason,
        };
        self.events.add(event.at, key, |sum, _| *sum += 1);
        *self.totals.entry(key).or_default() += 1;
        if event.outcome == EventOutcome::Failure {
            let by = FailureBy {
                organization_id,
                site_id: key.site_id,
                network: event.network.clone(),
                user_id: event.user_id.unwrap_or_default(),
                kind: event.kind,
                reason: event.reason,
            };
            self.failures.add(event.at, by, |sum, minute| {
                sum.events += 1;
                sum.last_minute = sum.last_minute.max(minute);
            });
        }
        if let Some(latency_us) = event.latency_us {
            let bucket = bucket(&LATENCY_US, latency_us.into());
            self.latency
                .add(event.at, (organization_id, bucket), |sum, _| *sum += 1);
            grow(&mut self.latency_totals, bucket, latency_us);
        }
        if let Some(seconds) = event.duration_seconds {
            grow(
                &mut self.duration_totals,
                bucket(&DURATION_SECONDS, seconds.into()),
                seconds,
            );
        }
    }

    fn add_report(&mut self, report: &DeviceReport) {
        let by = DeviceBy {
            organization_id: report.organization_id,
            site_id: report.site_id.unwrap_or_default(),
            device_name: report.device_name.clone(),
        };
        let new = report.counted;
        self.devices.add(report.at, by, |sum, minute| {
            let all = &mut sum.counted;
            for (all, new) in [
                (&mut all.observed_seconds, new.observed_seconds),
                (&mut all.offline_seconds, new.offline_seconds),
                (&mut all.server_fault_seconds, new.server_fault_seconds),
                (&mut all.refreshes, new.refreshes),
                (&mut all.incidents, new.incidents),
            ] {
                *all = all.saturating_add(new);
            }
            sum.last_minute = sum.last_minute.max(minute);
        });
    }
}

fn grow(counters: &mut BTreeMap<usize, BucketCount>, bucket: usize, value: u32) {
    let counter = counters.entry(bucket).or_default();
    counter.events += 1;
    counter.sum += u64::from(value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    use super::BatchSums;
    use crate::insight::{ClientKind, EventKind, EventOutcome, Keeping, MINUTE_MS, SessionEvent, network_of};

    fn event() -> impl Strategy<Value = SessionEvent> {
        (
            0..200_i64,
            0..3_usize,
            0..3_usize,
            any::<u8>(),
            any::<Option<u32>>(),
        )
            .prop_map(|(minute, kind, outcome, host, latency_us)| SessionEvent {
                at: minute * MINUTE_MS + 7,
                kind: EventKind::ALL[kind],
                outcome: EventOutcome::ALL[outcome],
                reason: "",
                user_id: None,
                organization_id: None,
                site_id: None,
                session_id: None,
                ip_address: String::new(),
                network: network_of(&format!("192.0.{host}.1")),
                device_name: String::new(),
                device_kind: None,
                client_kind: ClientKind::App,
                latency_us,
                duration_seconds: None,
                keeping: Keeping::Row,
            })
    }

    proptest! {
        #[test]
        fn minutes_hours_and_counters_add_up_to_the_same(events in proptest::collection::vec(event(), 0..100)) {
            let sums = BatchSums::of(&events, &[]);
            let all = events.len() as u64;
            prop_assert_eq!(sums.events.minutes.values().sum::<u64>(), all);
            prop_assert_eq!(sums.events.hours.values().sum::<u64>(), all);
            prop_assert_eq!(sums.totals.values().sum::<u64>(), all);
            let failed = events.iter().filter(|event| event.outcome == EventOutcome::Failure).count() as u64;
            prop_assert_eq!(sums.failures.minutes.values().map(|sum| sum.events).sum::<u64>(), failed);
            prop_assert_eq!(sums.failures.hours.values().map(|sum| sum.events).sum::<u64>(), failed);
            let timed = events.iter().filter_map(|event| event.latency_us);
            let (count, sum) = timed.fold((0, 0), |(count, sum), one| (count + 1, sum + u64::from(one)));
            prop_assert_eq!(sums.latency.minutes.values().sum::<u64>(), count);
            prop_assert_eq!(sums.latency_totals.values().map(|one| one.events).sum::<u64>(), count);
            prop_assert_eq!(sums.latency_totals.values().map(|one| one.sum).sum::<u64>(), sum);
            prop_assert_eq!(sums.events.hours.keys().all(|(hour, _)| hour % 60 == 0), true);
        }
    }
}
