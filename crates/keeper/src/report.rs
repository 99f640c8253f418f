//! What this device counts of its own states and hands over with the next ping, so that a till that suffers shows even where
//! the server answers well. Nothing is decided by it.

use keeper_core::{Connection, Moment, SessionPhase, SessionSnapshot, Severity, Span, Trouble};
use protocol::insight::ClientReport;

/// A gap between two looks that is longer than this was slept through, and belongs to no state.
const LONGEST_LOOK: Span = Span::from_secs(10);
const SECONDS_MOST: u32 = 86_400;
const TIMES_MOST: u32 = 100_000;

/// How the session fares from the device's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fare {
    /// Nobody is signed in; nothing is counted.
    Away,
    Well,
    Offline,
    ServerAtFault,
}

impl Fare {
    fn of(snapshot: &SessionSnapshot) -> Self {
        match (snapshot.phase, snapshot.connection) {
            (SessionPhase::Restoring | SessionPhase::SignedOut | SessionPhase::Ended, _) => Self::Away,
            (SessionPhase::SignedIn, Connection::Unknown | Connection::Online) => Self::Well,
            (SessionPhase::SignedIn, Connection::Lost { trouble }) => match trouble {
                Trouble::Offline => Self::Offline,
                Trouble::ServerDown | Trouble::Malformed | Trouble::NotTheServer | Trouble::Certificate => {
                    Self::ServerAtFault
                }
                Trouble::RateLimited => Self::Well,
            },
        }
    }
}

/// What was counted since the last report that was delivered.
#[derive(Debug)]
pub(crate) struct Counts {
    fare: Fare,
    looked: Moment,
    is_incident: bool,
    refreshes_known: u32,
    observed_ms: u64,
    offline_ms: u64,
    server_fault_ms: u64,
    refreshes: u32,
    incidents: u32,
    /// Whether the report before came to nothing, and may be why.
    was_refused: bool,
}

impl Counts {
    pub(crate) fn new(now: Moment) -> Self {
        Self {
            fare: Fare::Away,
            looked: now,
            is_incident: false,
            refreshes_known: 0,
            observed_ms: 0,
            offline_ms: 0,
            server_fault_ms: 0,
            refreshes: 0,
            incidents: 0,
            was_refused: false,
        }
    }

    /// Time has passed in the state that was seen last.
    pub(crate) fn look(&mut self, now: Moment) {
        let passed = now.since(self.looked);
        self.looked = now;
        if passed > LONGEST_LOOK {
            return;
        }
        let ms = passed.as_ms();
        match self.fare {
            Fare::Away => return,
            Fare::Well => {}
            Fare::Offline => self.offline_ms += ms,
            Fare::ServerAtFault => self.server_fault_ms += ms,
        }
        self.observed_ms += ms;
    }

    /// The session is seen in another state.
    pub(crate) fn see(&mut self, snapshot: &SessionSnapshot, now: Moment) {
        self.look(now);
        self.fare = Fare::of(snapshot);
        let is_incident = self.fare != Fare::Away
            && match snapshot.severity {
                Severity::Hidden | Severity::Info => false,
                Severity::Warning | Severity::Error => true,
            };
        if is_incident && !self.is_incident {
            self.incidents = self.incidents.saturating_add(1);
        }
        self.is_incident = is_incident;
        self.refreshes = self
            .refreshes
            .saturating_add(snapshot.refreshes.saturating_sub(self.refreshes_known));
        self.refreshes_known = snapshot.refreshes;
    }

    /// What to tell with the ping that leaves now. Nothing where the ping before failed with a report, so that a server which
    /// does not take reports still hears of the operator's input.
    pub(crate) fn take(&mut self, now: Moment) -> Option<ClientReport> {
        self.look(now);
        if std::mem::take(&mut self.was_refused) {
            return None;
        }
        let observed = whole_seconds(&mut self.observed_ms);
        let offline = whole_seconds(&mut self.offline_ms);
        let server_fault = whole_seconds(&mut self.server_fault_ms);
        let report = ClientReport {
            observed_seconds: observed,
            offline_seconds: offline.min(observed),
            server_fault_seconds: server_fault.min(observed.saturating_sub(offline)),
            refreshes: std::mem::take(&mut self.refreshes).min(TIMES_MOST),
            incidents: std::mem::take(&mut self.incidents).min(TIMES_MOST),
        };
        Some(report)
    }

    /// The ping came to nothing: what it told is told again with a later one. Where the server had it and only its answer was
    /// lost, it is told twice.
    pub(crate) fn give_back(&mut self, report: &ClientReport) {
        self.observed_ms += ms_of(report.observed_seconds);
        self.offline_ms += ms_of(report.offline_seconds);
        self.server_fault_ms += ms_of(report.server_fault_seconds);
        self.refreshes = self.refreshes.saturating_add(report.refreshes);
        self.incidents = self.incidents.saturating_add(report.incidents);
        self.was_refused = true;
    }
}

fn ms_of(seconds: u32) -> u64 {
    u64::from(seconds) * 1_000
}

/// Takes the whole seconds out, a day at most: what is more is given up, for a report tells of a day.
fn whole_seconds(ms: &mut u64) -> u32 {
    let seconds = *ms / 1_000;
    *ms %= 1_000;
    u32::try_from(seconds).unwrap_or(SECONDS_MOST).min(SECONDS_MOST)
}

#[cfg(test)]
mod tests {
    use keeper_core::{Banner, Connection, Moment, SessionPhase, SessionSnapshot, Severity, Trouble};
    use protocol::insight::ClientReport;

    use super::Counts;

    fn at(seconds: u64) -> Moment {
        Moment::from_ms(seconds * 1_000)
    }

    fn seen(connection: Connection, severity: Severity, refreshes: u32) -> SessionSnapshot {
        SessionSnapshot {
            phase: SessionPhase::SignedIn,
            connection,
            severity,
            banner: Banner::Hidden,
            refreshes,
            ..SessionSnapshot::signed_out(at(0))
        }
    }

    const LOST: Connection = Connection::Lost {
        trouble: Trouble::Offline,
    };
    const DOWN: Connection = Connection::Lost {
        trouble: Trouble::ServerDown,
    };

    /// Looks every second, as the driver does.
    fn pass(counts: &mut Counts, from: u64, to: u64) {
        for second in from..=to {
            counts.look(at(second));
        }
    }

    fn report(
        observed: u32,
        offline: u32,
        fault: u32,
        refreshes: u32,
        incidents: u32,
    ) -> Option<ClientReport> {
        Some(ClientReport {
            observed_seconds: observed,
            offline_seconds: offline,
            server_fault_seconds: fault,
            refreshes,
            incidents,
        })
    }

    #[test]
    fn seconds_go_to_the_state_they_were_spent_in() {
        let mut counts = Counts::new(at(0));
        pass(&mut counts, 0, 50);
        counts.see(&seen(Connection::Online, Severity::Hidden, 1), at(50));
        pass(&mut counts, 50, 60);
        counts.see(&seen(LOST, Severity::Warning, 1), at(60));
        pass(&mut counts, 60, 85);
        counts.see(&seen(LOST, Severity::Error, 1), at(85));
        counts.see(&seen(DOWN, Severity::Warning, 1), at(85));
        pass(&mut counts, 85, 90);
        counts.see(&seen(Connection::Online, Severity::Hidden, 3), at(90));
        pass(&mut counts, 90, 100);

        assert_eq!(counts.take(at(100)), report(50, 25, 5, 3, 1));
        assert_eq!(counts.take(at(100)), report(0, 0, 0, 0, 0));
    }

    #[test]
    fn nothing_is_counted_while_nobody_is_signed_in() {
        let mut counts = Counts::new(at(0));
        let ended = SessionSnapshot {
            phase: SessionPhase::Ended,
            ..seen(LOST, Severity::Error, 0)
        };
        counts.see(&ended, at(1));
        pass(&mut counts, 1, 30);
        assert_eq!(counts.take(at(30)), report(0, 0, 0, 0, 0));
    }

    #[test]
    fn a_night_asleep_is_no_night_offline() {
        let mut counts = Counts::new(at(0));
        counts.see(&seen(LOST, Severity::Warning, 0), at(0));
        pass(&mut counts, 0, 5);
        counts.look(at(28_805));
        pass(&mut counts, 28_805, 28_808);
        assert_eq!(counts.take(at(28_808)), report(8, 8, 0, 0, 1));
    }

    #[test]
    fn a_report_that_was_not_delivered_is_added_to_a_later_one() {
        let mut counts = Counts::new(at(0));
        counts.see(&seen(LOST, Severity::Warning, 2), at(0));
        pass(&mut counts, 0, 10);
        let lost = counts.take(at(10)).unwrap();
        counts.give_back(&lost);
        pass(&mut counts, 10, 15);

        assert_eq!(counts.take(at(15)), None, "the next ping goes without a report");
        pass(&mut counts, 15, 20);
        assert_eq!(counts.take(at(20)), report(20, 20, 0, 2, 1));
    }

    #[test]
    fn a_report_stays_within_its_bounds() {
        let mut counts = Counts::new(at(0));
        let full = report(86_400, 86_400, 86_400, 100_000, 100_000).unwrap();
        for _ in 0..3 {
            counts.give_back(&full);
        }
        counts.take(at(0));
        assert_eq!(counts.take(at(0)), report(86_400, 86_400, 0, 100_000, 100_000));
    }

    #[test]
    fn the_parts_are_never_more_than_the_whole() {
        let mut counts = Counts::new(at(0));
        for (ms, connection) in [
            (0, LOST),
            (700, DOWN),
            (1_400, LOST),
            (2_100, DOWN),
            (2_800, DOWN),
        ] {
            counts.see(&seen(connection, Severity::Warning, 0), Moment::from_ms(ms));
        }
        let told = counts.take(at(3)).unwrap();
        assert!(told.offline_seconds + told.server_fault_seconds <= told.observed_seconds);
    }
}
