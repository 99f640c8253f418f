//! What was noted and is not written yet. Noting is a push into a bounded list: no call waits for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::insight::{DeviceReport, EventBatch, EventKind, EventOutcome, Keeping, SessionEvent};
use store::{Millis, new_id};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::options::Recording;

/// How many events and reports may wait, 7 MB of them. One more is counted and lost.
const MOST: usize = 16_384;

/// So many wake the writing before its time.
const PLENTY: usize = 4_096;

/// How many sessions that ended by idleness may wait; one more is noted at its absolute end.
const IDLE_MOST: usize = 10_000;

/// Between two writings, so many events of callers without token or account are kept as rows; the rest counts in sums, so that
/// a flood does not fill the disk.
const STRANGERS_MOST: usize = 100;

#[derive(Default)]
struct Waiting {
    events: Vec<SessionEvent>,
    reports: Vec<DeviceReport>,
    told_idle: Vec<Uuid>,
    strangers: usize,
}

/// The list, and how much did not fit into it.
pub(crate) struct Observed {
    recording: Recording,
    waiting: Mutex<Waiting>,
    plenty: Notify,
    dropped: AtomicU64,
}

impl Observed {
    pub(crate) fn new(recording: Recording) -> Self {
        Self {
            recording,
            waiting: Mutex::default(),
            plenty: Notify::new(),
            dropped: AtomicU64::new(0),
        }
    }

    pub(crate) const fn is_on(&self) -> bool {
        matches!(self.recording, Recording::On)
    }

    /// Notes an event, to be written within a second or so.
    pub(crate) fn note(&self, mut event: SessionEvent) {
        if !self.is_on() {
            return;
        }
        let mut waiting = self.waiting();
        if waiting.events.len() + waiting.reports.len() >= MOST {
            drop(waiting);
            self.lose(1);
            return;
        }
        if is_strangers(&event) {
            waiting.strangers += 1;
            if waiting.strangers > STRANGERS_MOST {
                event.keeping = Keeping::SumsAlone;
            }
        }
        waiting.events.push(event);
        let is_plenty = waiting.events.len() >= PLENTY;
        drop(waiting);
        if is_plenty {
            self.plenty.notify_one();
        }
    }

    /// Notes what a device counted.
    pub(crate) fn report(&self, report: DeviceReport) {
        if !self.is_on() {
            return;
        }
        let mut waiting = self.waiting();
        if waiting.events.len() + waiting.reports.len() < MOST {
            waiting.reports.push(report);
        } else {
            drop(waiting);
            self.lose(1);
        }
    }

    /// Notes that a client was told of its session's end by idleness.
    pub(crate) fn told_idle(&self, session_id: Uuid) {
        let mut waiting = self.waiting();
        if self.is_on() && waiting.told_idle.len() < IDLE_MOST {
            waiting.told_idle.push(session_id);
        }
    }

    /// Waits until there is so much that writing should not wait.
    pub(crate) async fn plenty(&self) {
        self.plenty.notified().await;
    }

    /// Takes what waits, in batches of at most `most` events.
    pub(crate) fn take(&self, most: usize, now: Millis) -> Vec<EventBatch> {
        let (mut events, mut reports) = {
            let mut waiting = self.waiting();
            waiting.strangers = 0;
            (
                std::mem::take(&mut waiting.events),
                std::mem::take(&mut waiting.reports),
            )
        };
        let mut batches = Vec::new();
        while !(events.is_empty() && reports.is_empty()) {
            let later_events = events.split_off(events.len().min(most));
            let later_reports = reports.split_off(reports.len().min(most));
            batches.push(EventBatch {
                id: new_id(now),
                at: now,
                events: std::mem::replace(&mut events, later_events),
                reports: std::mem::replace(&mut reports, later_reports),
            });
        }
        batches
    }

    /// Takes the sessions whose clients were told.
    pub(crate) fn take_told_idle(&self) -> Vec<Uuid> {
        std::mem::take(&mut self.waiting().told_idle)
    }

    /// Counts events that are lost.
    pub(crate) fn lose(&self, events: usize) {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.dropped.fetch_add(events, Ordering::Relaxed);
    }

    /// How many events and reports this process lost since it began: those that did not fit, and those that the store
    /// would not take.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether anybody at all could make any number of these.
fn is_strangers(event: &SessionEvent) -> bool {
    match (event.kind, event.outcome) {
        (_, EventOutcome::Rejected) | (EventKind::Login, EventOutcome::Failure) => event.user_id.is_none(),
        (EventKind::Refresh, EventOutcome::Failure) => event.reason == "rate_limited",
        (EventKind::Refresh | EventKind::Login | EventKind::End, EventOutcome::Success)
        | (EventKind::End, EventOutcome::Failure) => false,
    }
}

#[cfg(test)]
mod tests {
    use store::insight::{ClientKind, EventKind, EventOutcome, Keeping, SessionEvent};

    use super::{MOST, Observed, STRANGERS_MOST};
    use crate::options::Recording;

    fn event(outcome: EventOutcome) -> SessionEvent {
        SessionEvent {
            at: 5,
            kind: EventKind::Refresh,
            outcome,
            reason: "",
            user_id: None,
            organization_id: None,
            site_id: None,
            session_id: None,
            ip_address: "192.0.2.1".to_owned(),
            network: "192.0.2.0/24".to_owned(),
            device_name: String::new(),
            device_kind: None,
            client_kind: ClientKind::App,
            latency_us: None,
            duration_seconds: None,
            keeping: Keeping::Row,
        }
    }

    #[test]
    fn what_is_noted_is_taken_once_in_batches_of_their_own() {
        let observed = Observed::new(Recording::On);
        for _ in 0..25 {
            observed.note(event(EventOutcome::Success));
        }
        let batches = observed.take(10, 7);
        let sizes: Vec<_> = batches.iter().map(|batch| batch.events.len()).collect();
        assert_eq!(sizes, [10, 10, 5]);
        assert!(batches[0].id != batches[1].id && batches[1].id != batches[2].id);
        assert!(observed.take(10, 7).is_empty());
    }

    #[test]
    fn what_waits_is_bounded_and_what_is_lost_is_counted() {
        let observed = Observed::new(Recording::On);
        for _ in 0..MOST + 3 {
            observed.note(event(EventOutcome::Success));
        }
        assert_eq!(observed.dropped(), 3);
        let kept: usize = observed
            .take(MOST, 7)
            .iter()
            .map(|batch| batch.events.len())
            .sum();
        assert_eq!(kept, MOST);
    }

    #[test]
    fn a_flood_of_strangers_counts_without_rows() {
        let observed = Observed::new(Recording::On);
        for _ in 0..STRANGERS_MOST + 50 {
            observed.note(event(EventOutcome::Rejected));
        }
        observed.note(event(EventOutcome::Success));
        let rows = |observed: &Observed| {
            let batches = observed.take(MOST, 7);
            let events = batches.iter().flat_map(|batch| &batch.events);
            let (rows, all): (Vec<_>, Vec<_>) = events.partition(|event| event.keeping == Keeping::Row);
            (rows.len(), all.len())
        };
        assert_eq!(rows(&observed), (STRANGERS_MOST + 1, 50));
        observed.note(event(EventOutcome::Rejected));
        assert_eq!(rows(&observed), (1, 0), "the next writing begins anew");
    }

    #[test]
    fn nothing_is_noted_where_recording_is_off() {
        let observed = Observed::new(Recording::Off);
        observed.note(event(EventOutcome::Success));
        observed.told_idle(uuid::Uuid::nil());
        assert!(observed.take(10, 7).is_empty() && observed.take_told_idle().is_empty());
    }
}
