//! The connection: heartbeats, cuts and returns, and the operator's presence.

use super::state::{Cycle, Stage};
use super::{Keeper, Step};
use crate::timer::Timer;
use crate::{CallId, Connection, Deadlines, Notice, Output, Span, Trouble};

impl Keeper {
    fn heartbeat_pause(&self, step: &Step<'_>) -> Span {
        let troubled = match &self.stage {
            Stage::Live(live) => live.failures > 0,
            Stage::Blank | Stage::Restoring { .. } | Stage::Entering { .. } | Stage::Over { .. } => false,
        };
        if self.link.lost().is_some() {
            self.knobs.heartbeat_lost
        } else if troubled || self.in_use(step.now) {
            self.knobs.heartbeat_busy
        } else {
            self.knobs.heartbeat_calm
        }
    }

    /// A heartbeat at once, unless one is out already.
    pub(super) fn heartbeat_now(&mut self, step: &mut Step<'_>) {
        if self.link.out.is_none() {
            self.send_heartbeat(step);
        }
    }

    pub(super) fn send_heartbeat(&mut self, step: &mut Step<'_>) {
        if !matches!(self.stage, Stage::Live(_)) || self.link.out.is_some() {
            return;
        }
        let call = self.call_id();
        self.link.out = Some((call, step.now));
        step.put(Output::SendHeartbeat { call });
        self.timers
            .set(Timer::HeartbeatLimit, step.now + self.knobs.heartbeat_limit);
        let pause = self.heartbeat_pause(step);
        self.timers.set(Timer::Heartbeat, step.now + pause);
    }

    pub(super) fn heartbeat_answered(
        &mut self,
        call: CallId,
        reached: Result<(), Trouble>,
        step: &mut Step<'_>,
    ) {
        if self.link.out.is_none_or(|(expected, _)| expected != call) {
            return;
        }
        self.heartbeat_settled(reached, step);
    }

    pub(super) fn heartbeat_overdue(&mut self, step: &mut Step<'_>) {
        if self.link.out.is_some() {
            self.heartbeat_settled(Err(Trouble::Offline), step);
        }
    }

    fn heartbeat_settled(&mut self, reached: Result<(), Trouble>, step: &mut Step<'_>) {
        let asked = self.link.out.take().map(|(_, at)| at);
        self.timers.stop(Timer::HeartbeatLimit);
        match reached {
            Ok(()) | Err(Trouble::RateLimited) => {
                let back = self.link.lost();
                self.link_answers(step);
                if let Some(trouble) = back {
                    self.connection_back(trouble, step);
                    // A refresh sent into the cut hangs in a dead connection; the same attempt again costs nothing.
                    if let Cycle::Sending { sent, .. } = self.cycle
                        && asked.is_some_and(|asked| sent < asked)
                        && self.capabilities.repeats_answers
                    {
                        self.release(step);
                    }
                }
            }
            Err(trouble) => self.link_fails(trouble, step),
        }
        self.link.retrying = self.link.retrying && self.cycle != Cycle::Idle;
    }

    /// The server answered something of its own.
    pub(super) fn link_answers(&mut self, step: &mut Step<'_>) {
        self.link.state = Connection::Online;
        self.timers.stop(Timer::NotifyCut);
        if std::mem::take(&mut self.link.notified) {
            step.put(Output::Notify(Notice::ConnectionBack));
        }
    }

    fn link_fails(&mut self, trouble: Trouble, step: &mut Step<'_>) {
        if !matches!(self.stage, Stage::Live(_)) {
            return;
        }
        if self.link.lost().is_none() {
            self.timers
                .set(Timer::NotifyCut, step.now + self.knobs.cut_notified_after);
            let next = step.now + self.knobs.heartbeat_lost;
            let sooner = self.timers.get(Timer::Heartbeat).map_or(next, |at| at.min(next));
            self.timers.set(Timer::Heartbeat, sooner);
        }
        self.link.state = Connection::Lost { trouble };
    }

    pub(super) fn notify_cut(&mut self, step: &mut Step<'_>) {
        if let Some(trouble) = self.link.lost() {
            self.link.notified = true;
            step.put(Output::Notify(Notice::ConnectionLost { trouble }));
        }
    }

    fn connection_back(&mut self, trouble: Trouble, step: &mut Step<'_>) {
        let in_use = self.in_use(step.now);
        let Stage::Live(live) = &mut self.stage else {
            return;
        };
        let due = live.failures > 0
            || !live.has_access(step.now)
            || self.timers.get(Timer::Refresh).is_none_or(|at| at <= step.now);
        live.failures = 0;
        live.trouble = None;
        if !due {
            return;
        }
        let spread = match (in_use, trouble) {
            _ if self.link.retrying => Span::ZERO,
            (true, _) => self.knobs.return_jitter_in_use,
            (false, Trouble::Offline) => self.knobs.return_jitter,
            (
                false,
                Trouble::ServerDown
                | Trouble::NotTheServer
                | Trouble::Certificate
                | Trouble::RateLimited
                | Trouble::Malformed,
            ) => self.knobs.recovery_spread,
        };
        self.timers
            .set(Timer::Refresh, step.now + step.entropy.up_to(spread));
    }

    /// A caller's own request tells as much as a heartbeat where it succeeds; where it fails it is a reason to ask.
    pub(super) fn reached(&mut self, reached: Result<(), Trouble>, step: &mut Step<'_>) {
        match reached {
            Ok(()) if self.link.lost().is_none() => {
                self.link.state = Connection::Online;
                if matches!(self.stage, Stage::Live(_)) && self.link.out.is_none() {
                    let pause = self.heartbeat_pause(step);
                    self.timers.set(Timer::Heartbeat, step.now + pause);
                }
            }
            Ok(()) | Err(_) => self.heartbeat_now(step),
        }
    }

    pub(super) fn woke(&mut self, step: &mut Step<'_>) {
        if let Stage::Live(live) = &mut self.stage {
            live.failures = 0;
            let due = self.timers.get(Timer::Refresh).is_none_or(|at| at <= step.now);
            if (due || !live.has_access(step.now)) && self.cycle == Cycle::Idle {
                let spread = self.knobs.return_jitter;
                self.timers
                    .set(Timer::Refresh, step.now + step.entropy.up_to(spread));
            }
            self.heartbeat_now(step);
        }
    }

    pub(super) fn retry(&mut self, step: &mut Step<'_>) {
        match &mut self.stage {
            Stage::Live(live) => {
                self.link.retrying = true;
                let ailing = live.failures > 0 || live.fault.is_some() || !live.has_access(step.now);
                live.failures = 0;
                if ailing && self.link.lost().is_none() {
                    self.wants.refresh = true;
                }
                if !live.durable || live.vault_fault.is_some() {
                    self.wants.read = true;
                }
                if self.cycle == Cycle::Waiting {
                    self.cycle = Cycle::Idle;
                }
                self.heartbeat_now(step);
            }
            Stage::Restoring { .. } => {
                self.wants.read = true;
                if self.cycle == Cycle::Waiting {
                    self.cycle = Cycle::Idle;
                }
            }
            Stage::Blank | Stage::Entering { .. } | Stage::Over { .. } => {}
        }
    }

    pub(super) fn operator_input(&mut self, step: &mut Step<'_>) {
        self.last_input = Some(step.now);
        if !matches!(self.stage, Stage::Live(_)) {
            return;
        }
        let busy = step.now + self.heartbeat_pause(step);
        if self.timers.get(Timer::Heartbeat).is_none_or(|at| at > busy) {
            self.timers.set(Timer::Heartbeat, busy);
        }
        self.ping_if_due(step);
    }

    pub(super) fn ping_if_due(&mut self, step: &mut Step<'_>) {
        let Stage::Live(live) = &self.stage else { return };
        let Some(input) = self.last_input else { return };
        if self
            .ping_out
            .is_some_and(|(_, at)| step.now.since(at) < self.knobs.call_limit)
            || self.link.lost().is_some()
        {
            return;
        }
        if self.last_ping.is_some_and(|at| at >= input) {
            return;
        }
        let next = self.last_ping.map_or(step.now, |at| at + self.knobs.ping_spacing);
        if next > step.now && !live.idle_near {
            self.timers.set(Timer::Ping, next);
            return;
        }
        if !live.has_access(step.now) {
            return;
        }
        let call = self.call_id();
        self.ping_out = Some((call, step.now));
        self.last_ping = Some(step.now);
        step.put(Output::SendPing {
            call,
            last_input_age: step.now.since(input),
        });
    }

    pub(super) fn ping_answered(
        &mut self,
        call: CallId,
        answer: Result<Deadlines, Trouble>,
        step: &mut Step<'_>,
    ) {
        let Some((expected, sent)) = self.ping_out else {
            return;
        };
        if expected != call {
            return;
        }
        self.ping_out = None;
        match answer {
            Ok(deadlines) => {
                self.take_deadlines(deadlines, sent, step);
                self.reached(Ok(()), step);
            }
            Err(trouble) => {
                self.last_ping = None;
                self.timers.set(Timer::Ping, step.now + self.knobs.ping_spacing);
                self.reached(Err(trouble), step);
            }
        }
    }
}
