//! The state machine itself: takes one input at a time and says what to do.

mod connection;
mod ending;
mod hints;
mod refresh;
mod state;
mod storage;
mod view;

use crate::{CallId, timer::Timer, timer::TimerTable};
use crate::{
    Capabilities, Entropy, Farewell, Input, Knobs, LockAnswer, Moment, OperatorAct, Output, SessionSnapshot,
    Slot,
};
use state::{Cycle, Link, Stage, Wants};

/// The keeper of one slot: one operator at one server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keeper {
    slot: Slot,
    capabilities: Capabilities,
    knobs: Knobs,
    stage: Stage,
    cycle: Cycle,
    wants: Wants,
    link: Link,
    timers: TimerTable,
    journal: crate::Journal,
    last_input: Option<Moment>,
    last_ping: Option<Moment>,
    hints: hints::Hints,
    /// Sessions that a new sign-in replaced, by their ids; they are ended once the new one is durable.
    replaced: Vec<(String, Farewell)>,
    ping_out: Option<(CallId, Moment)>,
    clock_ahead_ms: Option<i64>,
    calls: u64,
    serials: u64,
    refreshes: u32,
    refreshing_shown: bool,
    since: Moment,
    published: SessionSnapshot,
}

/// One input's surroundings: the moment, the randomness, and what is to be done.
struct Step<'a> {
    now: Moment,
    entropy: &'a mut dyn Entropy,
    out: Vec<Output>,
}

impl Step<'_> {
    fn put(&mut self, output: Output) {
        self.out.push(output);
    }
}

impl Keeper {
    /// The keeper of this slot, before [`Input::Started`] or [`Input::SignedIn`].
    pub fn new(slot: Slot, capabilities: Capabilities, knobs: Knobs, now: Moment) -> Self {
        Self {
            slot,
            capabilities,
            knobs,
            stage: Stage::Blank,
            cycle: Cycle::Idle,
            wants: Wants::default(),
            link: Link::default(),
            timers: TimerTable::default(),
            journal: crate::Journal::default(),
            last_input: None,
            last_ping: None,
            hints: hints::Hints::default(),
            replaced: Vec::new(),
            ping_out: None,
            clock_ahead_ms: None,
            calls: 0,
            serials: 0,
            refreshes: 0,
            refreshing_shown: false,
            since: now,
            published: SessionSnapshot::signed_out(now),
        }
    }

    /// Whose session this keeps.
    pub fn slot(&self) -> &Slot {
        &self.slot
    }

    /// Takes one input in and says what to do, in order.
    pub fn handle(&mut self, input: Input, now: Moment, entropy: &mut dyn Entropy) -> Vec<Output> {
        let mut step = Step {
            now,
            entropy,
            out: Vec::new(),
        };
        self.take(input, &mut step);
        self.go_on(&mut step);
        let snapshot = self.snapshot();
        if snapshot.banner != self.published.banner {
            self.since = now;
        }
        let snapshot = SessionSnapshot {
            since: self.since,
            ..snapshot
        };
        if snapshot != self.published {
            self.published = snapshot;
            step.put(Output::Publish);
        }
        step.out
    }

    /// When [`Input::TimerFired`] is wanted next.
    pub fn next_timer(&self) -> Option<Moment> {
        self.timers.next()
    }

    fn take(&mut self, input: Input, step: &mut Step<'_>) {
        match input {
            Input::Started => {
                if self.stage == Stage::Blank {
                    self.stage = Stage::Restoring {
                        fault: None,
                        tries: 0,
                    };
                    self.wants.read = true;
                }
            }
            Input::SignedIn { record, grant, sent } => self.signed_in(record, grant, sent, step),
            Input::LockAnswered(LockAnswer::Held) => self.lock_held(step),
            Input::LockAnswered(LockAnswer::Busy) => self.lock_busy(step),
            Input::StoreRead(read) => self.store_read(read, step),
            Input::JournalWritten(durable) => self.journal_written(durable, step),
            Input::VaultWritten(result) => self.vault_written(result, step),
            Input::RefreshAnswered { call, answer } => self.refresh_answered(call, answer, step),
            Input::HeartbeatAnswered { call, reached } => self.heartbeat_answered(call, reached, step),
            Input::PingAnswered { call, answer } => self.ping_answered(call, answer, step),
            Input::TimerFired => {
                while let Some(timer) = self.timers.take_due(step.now) {
                    self.fired(timer, step);
                }
            }
            Input::RequestRefused { serial } => self.request_refused(serial, step),
            Input::SessionRefused { serial, reason: _ } => self.request_refused(serial, step),
            Input::AccessSuperseded => self.access_superseded(step),
            Input::Hinted(hint) => self.hinted(&hint, step),
            Input::TokenWanted => self.token_wanted(step),
            Input::Reached(reached) => self.reached(reached, step),
            Input::LinkChanged { up: _ } => self.heartbeat_now(step),
            Input::Woke => self.woke(step),
            Input::Operator(OperatorAct::Input) => self.operator_input(step),
            Input::Operator(OperatorAct::Retry) => self.retry(step),
            Input::Operator(OperatorAct::SignOut) => self.sign_out(step),
        }
    }

    fn fired(&mut self, timer: Timer, step: &mut Step<'_>) {
        match timer {
            Timer::Refresh => self.wants.refresh = true,
            Timer::AccessEnd => self.access_ended(step),
            Timer::LockWait => self.lock_busy(step),
            Timer::CallLimit => self.call_overdue(step),
            Timer::Heartbeat => self.send_heartbeat(step),
            Timer::HeartbeatLimit => self.heartbeat_overdue(step),
            Timer::VaultRetry => self.storage_again(),
            Timer::ShowRefreshing => self.refreshing_shown = self.cycle.is_sending(),
            Timer::NotifyCut => self.notify_cut(step),
            Timer::IdleWarning => self.idle_warning(step),
            Timer::AbsoluteWarning => self.absolute_warning(step),
            Timer::IdleEnd | Timer::AbsoluteEnd => self.wants.refresh = true,
            Timer::Ping => self.ping_if_due(step),
            Timer::Hint => self.follow_hint(step),
        }
    }

    fn call_id(&mut self) -> CallId {
        self.calls += 1;
        CallId(self.calls)
    }

    fn in_use(&self, now: Moment) -> bool {
        self.last_input
            .is_some_and(|at| now.since(at) <= self.knobs.in_use)
    }
}
