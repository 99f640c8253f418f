//! Refreshing: when, with which attempt, and what an answer changes.

use super::state::{Cycle, Nonce, Plan, Stage};
use super::{Keeper, Step};
use crate::timer::Timer;
use crate::{
    Answer, CallId, Deadlines, Decision, DeviceKey, EndReason, Fault, Fingerprint, Grant, Intent, Journal,
    Moment, Output, RefreshCall, Span, StoreRead, Trouble,
};

/// Refusals in a row that the store may explain away before the server is believed.
const QUESTIONS_MOST: u32 = 3;

impl Keeper {
    /// Under the lock, with the newest token in memory: choose the attempt and write the intent, or send at once.
    pub(super) fn plan(&mut self, journal_readable: bool, step: &mut Step<'_>) {
        let Stage::Live(live) = &mut self.stage else {
            self.release(step);
            return;
        };
        let fingerprint = Fingerprint::of(&live.record.refresh_token);
        let begun = self
            .journal
            .intent
            .filter(|intent| intent.fingerprint == fingerprint);
        let renewed_as = live
            .renewal
            .filter(|(token, _)| *token == fingerprint)
            .map(|(_, attempt)| attempt);
        let attempt = begun
            .map(|intent| intent.attempt)
            .or(renewed_as)
            .unwrap_or_else(|| step.entropy.attempt_id());
        live.renewal = Some((fingerprint, attempt));
        let replay = begun.is_some();
        let vault_away = !live.durable || live.vault_fault.is_some();
        if !journal_readable && live.has_access(step.now) {
            step.put(Output::Record(Decision::JournalFailed));
            self.failed_softly(None, None, step);
            return;
        }
        let renew = vault_away && self.capabilities.renews_without_rotation && !live.must_rotate;
        let would_lose_the_stored_one = vault_away && live.stored_once && self.capabilities.repeats_answers;
        if renew {
            self.dispatch(
                Plan {
                    attempt,
                    fingerprint,
                    rotate: false,
                    replay,
                    nonce: Nonce::AsKnown,
                },
                step,
            );
        } else if would_lose_the_stored_one {
            self.failed_softly(None, None, step);
        } else if replay {
            self.dispatch(
                Plan {
                    attempt,
                    fingerprint,
                    rotate: true,
                    replay,
                    nonce: Nonce::AsKnown,
                },
                step,
            );
        } else {
            let intent = Intent {
                generation: live.record.generation,
                fingerprint,
                attempt,
            };
            let journal = Journal {
                intent: Some(intent),
                ..self.journal.clone()
            };
            self.journal = journal.clone();
            step.put(Output::WriteJournal(journal));
            self.cycle = Cycle::Intending(Plan {
                attempt,
                fingerprint,
                rotate: true,
                replay,
                nonce: Nonce::AsKnown,
            });
        }
    }

    pub(super) fn dispatch(&mut self, plan: Plan, step: &mut Step<'_>) {
        let call = self.call_id();
        let last_input_age = self.last_input.map(|at| step.now.since(at));
        let Stage::Live(live) = &self.stage else {
            self.release(step);
            return;
        };
        step.put(Output::Record(Decision::RefreshSent {
            generation: live.record.generation,
            replay: plan.replay,
            rotate: plan.rotate,
        }));
        step.put(Output::SendRefresh(RefreshCall {
            call,
            refresh_token: live.record.refresh_token.clone(),
            attempt: plan.attempt,
            rotate: plan.rotate,
            last_input_age,
            key: live.record.bound_to,
        }));
        self.cycle = Cycle::Sending {
            call,
            sent: step.now,
            plan,
        };
        self.timers.stop(Timer::Refresh);
        self.timers
            .set(Timer::CallLimit, step.now + self.knobs.call_limit);
        self.timers.set(
            Timer::ShowRefreshing,
            step.now + self.knobs.refreshing_shown_after,
        );
    }

    pub(super) fn refresh_answered(&mut self, call: CallId, answer: Answer, step: &mut Step<'_>) {
        let Cycle::Sending {
            call: expected,
            sent,
            plan,
        } = self.cycle
        else {
            return;
        };
        if call != expected {
            return;
        }
        self.timers.stop(Timer::CallLimit);
        match answer {
            Answer::Granted(grant) => self.granted(&grant, (call, sent), plan, step),
            Answer::Refused(reason) => self.question(reason, plan, step),
            Answer::Stale => self.question(EndReason::Outdated, plan, step),
            Answer::RotationRequired => {
                if let Stage::Live(live) = &mut self.stage {
                    live.must_rotate = true;
                }
                self.failed_softly(None, None, step);
            }
            Answer::NonceWanted => self.nonce_wanted(plan, step),
            Answer::ProofRefused => {
                step.put(Output::Record(Decision::ProofRefused));
                step.put(Output::ReadStore);
                let reason = EndReason::KeyLost;
                self.cycle = Cycle::Questioning { reason, plan };
            }
            Answer::Transient(trouble, pause) => self.failed_softly(Some(trouble), pause, step),
            Answer::Misconfigured(fault) => {
                if let Stage::Live(live) = &mut self.stage {
                    live.fault = Some(fault);
                }
                self.failed_softly(None, Some(self.knobs.misconfigured_pause), step);
            }
        }
    }

    /// The same attempt once more and at once, with the nonce that has just come. A server that asks twice running asks
    /// for something that nobody can give.
    fn nonce_wanted(&mut self, plan: Plan, step: &mut Step<'_>) {
        match plan.nonce {
            Nonce::AsKnown => {
                step.put(Output::Record(Decision::NonceWanted));
                let nonce = Nonce::JustGiven;
                self.dispatch(Plan { nonce, ..plan }, step);
            }
            Nonce::JustGiven => self.failed_softly(Some(Trouble::ServerDown), None, step),
        }
    }

    /// The device has the key and the server does not take its proof: that says nothing of the session.
    fn proof_refused(&mut self, step: &mut Step<'_>) {
        if let Stage::Live(live) = &mut self.stage
            && (live.failures > 0 || !live.has_access(step.now))
        {
            live.fault = Some(Fault::ProofRefused);
        }
        self.failed_softly(None, None, step);
    }

    fn granted(&mut self, grant: &Grant, (call, sent): (CallId, Moment), plan: Plan, step: &mut Step<'_>) {
        let outdated = self.is_outdated(call);
        let Stage::Live(live) = &mut self.stage else {
            return;
        };
        if grant
            .session_id
            .as_ref()
            .is_some_and(|id| *id != live.record.session_id)
        {
            self.failed_softly(Some(Trouble::Malformed), None, step);
            return;
        }
        live.failures = 0;
        live.trouble = None;
        live.fault = None;
        live.must_rotate = false;
        live.questioned = 0;
        let successor = grant
            .refresh_token
            .clone()
            .filter(|token| *token != live.record.refresh_token);
        let hold = successor.is_some();
        if let Some(token) = successor {
            live.record.generation = live.record.generation.saturating_add(1);
            live.record.refresh_token = token;
            live.durable = false;
        }
        let record = live.record.clone();
        self.wants.refresh = outdated;
        self.refreshes = self.refreshes.saturating_add(1);
        self.clock_ahead_ms = grant.clock_ahead_ms.or(self.clock_ahead_ms);
        step.put(Output::Record(Decision::RefreshGranted {
            generation: record.generation,
        }));
        self.link_answers(step);
        self.take_deadlines(grant.deadlines, sent, step);
        if !outdated {
            self.take_access(grant, sent, hold, step);
        }
        self.schedule(grant, sent, step);
        if hold {
            step.put(Output::WriteVault(record));
            self.cycle = Cycle::Persisting;
        } else if plan.rotate
            && self
                .journal
                .intent
                .is_some_and(|intent| intent.fingerprint == plan.fingerprint)
        {
            // Only a rotating call's answer closes an intent: after a renewal an earlier rotation may still be on its way.
            let journal = Journal {
                intent: None,
                ..self.journal.clone()
            };
            self.journal = journal.clone();
            step.put(Output::WriteJournal(journal));
            self.cycle = Cycle::Closing;
        } else {
            self.release(step);
        }
    }

    /// When the next refresh is due.
    pub(super) fn schedule(&mut self, grant: &Grant, sent: Moment, step: &mut Step<'_>) {
        let life = grant.expires_in;
        let wished = grant
            .refresh_in
            .unwrap_or(life.permille(self.knobs.advisory_permille));
        let jitter = wished.permille(self.knobs.advisory_jitter_permille);
        let jittered = wished.less(jitter) + step.entropy.up_to(jitter + jitter);
        let latest = life.less(self.margin(life));
        let due = (sent + jittered.min(latest)).max(step.now + self.knobs.backoff_base);
        self.timers.set(Timer::Refresh, due);
    }

    /// What is left of an access token's life when a refresh becomes mandatory.
    fn margin(&self, life: Span) -> Span {
        life.permille(self.knobs.mandatory_permille)
            .min(self.knobs.mandatory_most)
    }

    /// No verdict: try again after a pause, with the same attempt.
    pub(super) fn failed_softly(
        &mut self,
        trouble: Option<Trouble>,
        wished: Option<Span>,
        step: &mut Step<'_>,
    ) {
        let failures = match &mut self.stage {
            Stage::Live(live) => {
                live.failures = live.failures.saturating_add(1);
                live.trouble = trouble;
                live.failures
            }
            Stage::Blank | Stage::Restoring { .. } | Stage::Entering { .. } | Stage::Over { .. } => 1,
        };
        if let Some(trouble) = trouble {
            step.put(Output::Record(Decision::RefreshFailed { trouble }));
        }
        let longest_wish = Span::from_secs(3_600);
        let mut pause = self
            .pause(failures, step)
            .max(wished.unwrap_or(Span::ZERO).min(longest_wish));
        if let Stage::Live(live) = &self.stage
            && let Some((granted, life)) = live.granted
            && live.has_access(step.now)
            && wished.is_none()
        {
            let spacing = self
                .knobs
                .advisory_spacing
                .min(life.permille(self.knobs.advisory_spacing_permille));
            let mandatory = granted + life.less(self.margin(life));
            if step.now < mandatory {
                pause = pause
                    .max(spacing)
                    .min(mandatory.since(step.now).max(self.knobs.backoff_base));
            }
        }
        self.timers.set(Timer::Refresh, step.now + pause);
        self.release(step);
        if trouble == Some(Trouble::Offline) {
            self.heartbeat_now(step);
        }
    }

    /// Full jitter over an exponential ceiling, with a floor so that nothing spins.
    pub(super) fn pause(&mut self, failures: u32, step: &mut Step<'_>) -> Span {
        let ceiling = self
            .knobs
            .backoff_base
            .doubled(failures.min(30), self.knobs.backoff_cap);
        let floor = self.knobs.backoff_base.permille(500);
        floor + step.entropy.up_to(ceiling.less(floor))
    }

    pub(super) fn call_overdue(&mut self, step: &mut Step<'_>) {
        if self.cycle.is_sending() {
            self.failed_softly(Some(Trouble::Offline), None, step);
        }
    }

    /// A refusal is a verdict on bytes: look whether the store holds other ones.
    fn question(&mut self, reason: EndReason, plan: Plan, step: &mut Step<'_>) {
        step.put(Output::Record(Decision::Questioned { reason }));
        step.put(Output::ReadStore);
        self.cycle = Cycle::Questioning { reason, plan };
    }

    pub(super) fn believe(&mut self, reason: EndReason, plan: Plan, read: StoreRead, step: &mut Step<'_>) {
        let (record, journal_readable, key) = (read.record, read.journal.is_some(), read.key);
        if let Some(journal) = read.journal {
            self.journal = journal;
        }
        let ours = record
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .filter(|record| self.is_ours(record))
            .cloned();
        let Stage::Live(live) = &mut self.stage else {
            self.release(step);
            return;
        };
        let newer = ours.filter(|record| {
            Fingerprint::of(&record.refresh_token) != plan.fingerprint
                && (record.session_id != live.record.session_id || record.generation > live.record.generation)
        });
        if live.questioned < QUESTIONS_MOST {
            if let Some(record) = newer {
                live.questioned += 1;
                self.adopt(record, step);
                self.wants.refresh = true;
                self.release(step);
                return;
            }
            let other_attempt = self
                .journal
                .intent
                .filter(|intent| intent.fingerprint == plan.fingerprint && intent.attempt != plan.attempt);
            if journal_readable
                && reason != EndReason::KeyLost
                && let Some(intent) = other_attempt
            {
                live.questioned += 1;
                self.dispatch(
                    Plan {
                        attempt: intent.attempt,
                        rotate: true,
                        replay: true,
                        nonce: Nonce::AsKnown,
                        ..plan
                    },
                    step,
                );
                return;
            }
        }
        if reason == EndReason::KeyLost {
            let bound_to = live.record.bound_to;
            let is_ours = |record: &crate::SessionRecord| bound_to.is_some() && record.bound_to == bound_to;
            match (record, key) {
                (Ok(Some(record)), DeviceKey::Lost) if is_ours(&record) => self.over(reason, step),
                (Ok(_) | Err(_), DeviceKey::AtHand | DeviceKey::Lost) => self.proof_refused(step),
            }
            return;
        }
        let about_the_token = match reason {
            EndReason::Invalid | EndReason::Reused | EndReason::Outdated | EndReason::AnswerLost => true,
            EndReason::Revoked
            | EndReason::Disabled
            | EndReason::Expired
            | EndReason::Idle
            | EndReason::SignedOut
            | EndReason::Displaced
            | EndReason::PasswordChanged
            | EndReason::KeyLost => false,
        };
        if let Err(fault) = record
            && about_the_token
            && live.stored_once
        {
            // The keychain may hold a newer token: not believed before it could be read.
            live.vault_fault = Some(fault);
            self.timers
                .set(Timer::VaultRetry, step.now + self.knobs.vault_retry);
            self.failed_softly(None, None, step);
            return;
        }
        let reason = if about_the_token && plan.replay && !self.capabilities.repeats_answers {
            EndReason::AnswerLost
        } else {
            reason
        };
        self.over(reason, step);
    }

    pub(super) fn access_ended(&mut self, step: &mut Step<'_>) {
        if let Stage::Live(live) = &mut self.stage {
            if live.access.take().is_some() {
                step.put(Output::HandOut(None));
            }
            if live.failures == 0 && !self.cycle.brings_access() {
                self.wants.refresh = true;
            }
        }
    }

    pub(super) fn token_wanted(&mut self, step: &mut Step<'_>) {
        if let Stage::Live(live) = &self.stage
            && !live.has_access(step.now)
            && live.failures == 0
            && !self.cycle.brings_access()
        {
            self.wants.refresh = true;
        }
    }

    /// A caller's access token was refused. Only the current one counts, and only once it has had time to be in use: a
    /// server that refuses every token must not make this spin.
    pub(super) fn request_refused(&mut self, serial: u64, step: &mut Step<'_>) {
        let quiet = self.knobs.backoff_base.doubled(1, self.knobs.backoff_cap);
        let Stage::Live(live) = &mut self.stage else {
            return;
        };
        if live.access.as_ref().is_none_or(|access| access.serial != serial) {
            return;
        }
        let fresh = live
            .granted
            .is_some_and(|(sent, life)| step.now.since(sent) < quiet.min(life.permille(500)));
        if fresh && self.refreshes > 0 {
            return;
        }
        live.access = None;
        step.put(Output::HandOut(None));
        self.wants.refresh = true;
    }

    pub(super) fn take_deadlines(&mut self, deadlines: Deadlines, sent: Moment, step: &mut Step<'_>) {
        let Stage::Live(live) = &mut self.stage else {
            return;
        };
        live.idle_end = deadlines.idle.map(|left| sent + left);
        live.idle_span = live.idle_span.max(deadlines.idle.unwrap_or(Span::ZERO));
        live.idle_near = false;
        live.absolute_end = deadlines.absolute.map(|left| sent + left);
        live.absolute_span = live.absolute_span.max(deadlines.absolute.unwrap_or(Span::ZERO));
        live.absolute_near = false;
        let idle_lead = self.knobs.idle_warning.min(live.idle_span.permille(250));
        let absolute_lead = self.knobs.absolute_warning.min(live.absolute_span.permille(100));
        let (idle_end, absolute_end) = (live.idle_end, live.absolute_end);
        for (end, lead, near, at_end) in [
            (idle_end, idle_lead, Timer::IdleWarning, Timer::IdleEnd),
            (
                absolute_end,
                absolute_lead,
                Timer::AbsoluteWarning,
                Timer::AbsoluteEnd,
            ),
        ] {
            match end {
                Some(end) => {
                    self.timers.set(near, (end - lead).max(step.now));
                    self.timers
                        .set(at_end, end.max(step.now + self.knobs.backoff_base));
                }
                None => {
                    self.timers.stop(near);
                    self.timers.stop(at_end);
                }
            }
        }
    }
}
