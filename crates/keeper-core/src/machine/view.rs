//! The snapshot: which truth is told, and how loudly.

use super::Keeper;
use super::state::{Cycle, Live, Stage};
use crate::timer::Timer;
use crate::{Banner, Moment, Persistence, SessionPhase, SessionSnapshot, Severity, Trouble, VaultFault};

impl Keeper {
    /// The truth at this moment.
    pub fn snapshot(&self) -> SessionSnapshot {
        let base = SessionSnapshot {
            operator: Some(self.slot.operator.clone()),
            refreshes: self.refreshes,
            ..SessionSnapshot::signed_out(self.since)
        };
        match &self.stage {
            Stage::Blank => SessionSnapshot::signed_out(self.since),
            Stage::Restoring { fault: None, .. } => SessionSnapshot {
                phase: SessionPhase::Restoring,
                ..base
            },
            Stage::Restoring {
                fault: Some(fault), ..
            } => SessionSnapshot {
                phase: SessionPhase::Restoring,
                banner: Banner::KeychainUnavailable { fault: *fault },
                severity: Severity::Warning,
                next_attempt: self.timers.get(Timer::VaultRetry),
                persistence: Persistence::MemoryOnly { fault: *fault },
                ..base
            },
            Stage::Entering { record, .. } => SessionSnapshot {
                phase: SessionPhase::Restoring,
                session_id: Some(record.session_id.clone()),
                ..base
            },
            Stage::Over {
                session_id,
                generation,
                reason,
            } => SessionSnapshot {
                phase: SessionPhase::Ended,
                banner: Banner::Ended { reason: *reason },
                severity: Severity::Error,
                session_id: Some(session_id.clone()),
                generation: *generation,
                ..base
            },
            Stage::Live(live) => {
                let (banner, severity) = self.banner(live);
                SessionSnapshot {
                    banner,
                    severity,
                    phase: SessionPhase::SignedIn,
                    operator: Some(live.record.operator.clone()),
                    session_id: Some(live.record.session_id.clone()),
                    connection: self.link.state,
                    since: self.since,
                    next_attempt: self.next_attempt(live),
                    attempting: self.attempting(live),
                    access_end: live.access.as_ref().map(|grant| grant.expires),
                    idle_end: live.idle_end,
                    absolute_end: live.absolute_end,
                    persistence: vault_trouble(live)
                        .map_or(Persistence::Durable, |fault| Persistence::MemoryOnly { fault }),
                    generation: live.record.generation,
                    refreshes: self.refreshes,
                }
            }
        }
    }

    fn attempting(&self, live: &Live) -> bool {
        let troubled = live.failures > 0 || self.link.lost().is_some();
        self.link.retrying || (troubled && self.cycle.is_sending())
    }

    fn next_attempt(&self, live: &Live) -> Option<Moment> {
        let refresh = self.timers.get(Timer::Refresh);
        let heartbeat = self.timers.get(Timer::Heartbeat);
        if self.link.lost().is_some() {
            refresh.into_iter().chain(heartbeat).min()
        } else if live.failures > 0 {
            refresh
        } else {
            vault_trouble(live).and(self.timers.get(Timer::VaultRetry))
        }
    }

    fn banner(&self, live: &Live) -> (Banner, Severity) {
        let reachable = live.access.is_some();
        let urgency = if reachable {
            Severity::Warning
        } else {
            Severity::Error
        };
        if let Some(fault) = live.fault {
            return (Banner::Misconfigured { fault }, urgency);
        }
        let persisting = live.trouble.filter(|_| !reachable || live.failures >= 2);
        if let Some(trouble) = self.link.lost().or(persisting) {
            return match trouble {
                Trouble::Offline => (Banner::Offline, urgency),
                Trouble::ServerDown
                | Trouble::NotTheServer
                | Trouble::Certificate
                | Trouble::RateLimited
                | Trouble::Malformed => (Banner::ServerDown { trouble }, urgency),
            };
        }
        if live.idle_near {
            return (Banner::IdleEndNear, Severity::Warning);
        }
        if live.absolute_near {
            return (Banner::AbsoluteEndNear, Severity::Warning);
        }
        if let Some(fault) = vault_trouble(live) {
            return (Banner::KeychainUnavailable { fault }, Severity::Warning);
        }
        if self.refreshing_shown && matches!(self.cycle, Cycle::Sending { .. }) {
            return (Banner::Refreshing, Severity::Info);
        }
        let tolerance = i64::try_from(self.knobs.clock_tolerance.as_ms()).unwrap_or(i64::MAX);
        match self.clock_ahead_ms {
            Some(ahead) if ahead.saturating_abs() > tolerance => {
                let seconds = (ahead / 1_000).clamp(i64::from(i32::MIN), i64::from(i32::MAX));
                let ahead_seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
                (Banner::ClockSuspect { ahead_seconds }, Severity::Warning)
            }
            Some(_) | None => (Banner::Hidden, Severity::Hidden),
        }
    }
}

fn vault_trouble(live: &Live) -> Option<VaultFault> {
    // Between an answer and the end of its write the token is on its way to the keychain: that is no trouble.
    live.vault_fault
        .or_else(|| (!live.durable && live.vault_tries > 0).then_some(VaultFault::Failed))
}
