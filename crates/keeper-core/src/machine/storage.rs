//! Lock, keychain and journal: what is read before a token is spent and written before it is used.

use super::ending::entered_with;
use super::state::{Cycle, Live, Stage};
use super::{Keeper, Step};
use crate::timer::Timer;
use crate::{
    AccessGrant, Decision, EndReason, Fingerprint, Grant, Head, Intent, Journal, Moment, Output,
    SessionRecord, Span, StoreRead, VaultFault,
};

impl Keeper {
    /// Begins what is wanted, if nothing is under way.
    pub(super) fn go_on(&mut self, step: &mut Step<'_>) {
        if !matches!(self.stage, Stage::Live(_)) {
            self.wants.refresh = false;
        }
        if self.cycle == Cycle::Idle && self.wants.any() {
            self.cycle = Cycle::Locking;
            self.timers.set(
                Timer::LockWait,
                step.now + self.knobs.lock_wait + Span::from_secs(1),
            );
            step.put(Output::AcquireLock {
                wait: self.knobs.lock_wait,
            });
        }
    }

    pub(super) fn lock_held(&mut self, step: &mut Step<'_>) {
        if self.cycle != Cycle::Locking {
            step.put(Output::ReleaseLock);
            return;
        }
        self.timers.stop(Timer::LockWait);
        if !self.leave_or_enter(step) {
            if self.wants.any() {
                self.cycle = Cycle::Reading;
                step.put(Output::ReadStore);
            } else {
                self.release(step);
            }
        }
    }

    pub(super) fn lock_busy(&mut self, step: &mut Step<'_>) {
        if self.cycle != Cycle::Locking {
            return;
        }
        self.timers.stop(Timer::LockWait);
        self.cycle = Cycle::Idle;
        step.put(Output::Record(Decision::LockBusy));
        let urgent = self.wants.leave.is_some() || self.wants.enter || self.wants.read;
        if urgent {
            // What is wanted stays wanted; the timer only spaces the tries.
            self.timers
                .set(Timer::VaultRetry, step.now + self.knobs.vault_retry);
            self.cycle = Cycle::Waiting;
        }
        if std::mem::take(&mut self.wants.refresh) {
            let pause = self.pause(1, step);
            self.timers.set(Timer::Refresh, step.now + pause);
        }
    }

    /// The pause before storage is tried again has passed.
    pub(super) fn storage_again(&mut self) {
        if self.cycle == Cycle::Waiting {
            self.cycle = Cycle::Idle;
        }
        match &self.stage {
            Stage::Restoring { .. } => self.wants.read = true,
            Stage::Live(live) if !live.durable || live.vault_fault.is_some() => self.wants.read = true,
            Stage::Blank | Stage::Entering { .. } | Stage::Live(_) | Stage::Over { .. } => {}
        }
    }

    pub(super) fn release(&mut self, step: &mut Step<'_>) {
        self.cycle = Cycle::Idle;
        self.refreshing_shown = false;
        self.timers.stop(Timer::ShowRefreshing);
        self.timers.stop(Timer::CallLimit);
        step.put(Output::ReleaseLock);
    }

    fn write_journal(&mut self, journal: Journal, step: &mut Step<'_>) {
        self.journal = journal.clone();
        step.put(Output::WriteJournal(journal));
    }

    /// Under the lock: does what must come before anything else. Returns whether it did.
    pub(super) fn leave_or_enter(&mut self, step: &mut Step<'_>) -> bool {
        if let Some(fingerprint) = self.wants.leave.take() {
            step.put(Output::DeleteVault);
            let set_aside = Some(crate::SetAside {
                fingerprint,
                reason: EndReason::SignedOut,
            });
            self.write_journal(
                Journal {
                    head: None,
                    intent: None,
                    set_aside,
                },
                step,
            );
            self.cycle = Cycle::Closing;
            return true;
        }
        if std::mem::take(&mut self.wants.enter)
            && let Stage::Entering { record, .. } = &self.stage
        {
            step.put(Output::WriteVault(record.clone()));
            self.cycle = Cycle::Persisting;
            return true;
        }
        false
    }

    pub(super) fn store_read(&mut self, read: StoreRead, step: &mut Step<'_>) {
        match self.cycle {
            Cycle::Reading => {
                if self.leave_or_enter(step) {
                    return;
                }
                self.wants.read = false;
                match self.stage {
                    Stage::Restoring { .. } => self.restore(read, step),
                    Stage::Live(_) => self.decide(read, step),
                    Stage::Blank | Stage::Entering { .. } | Stage::Over { .. } => self.release(step),
                }
            }
            Cycle::Questioning { reason, plan } => {
                if !self.leave_or_enter(step) {
                    self.believe(reason, plan, read, step);
                }
            }
            Cycle::Idle
            | Cycle::Waiting
            | Cycle::Locking
            | Cycle::Intending(_)
            | Cycle::Sending { .. }
            | Cycle::Persisting
            | Cycle::Closing => {}
        }
    }

    fn restore(&mut self, read: StoreRead, step: &mut Step<'_>) {
        match &read.record {
            Err(fault) => {
                let tries = match self.stage {
                    Stage::Restoring { tries, .. } => tries,
                    Stage::Blank | Stage::Entering { .. } | Stage::Live(_) | Stage::Over { .. } => 0,
                };
                step.put(Output::Record(Decision::VaultFailed { fault: *fault }));
                self.stage = Stage::Restoring {
                    fault: Some(*fault),
                    tries: tries.saturating_add(1),
                };
                let pause = self.knobs.vault_retry.doubled(tries, self.knobs.vault_retry_cap);
                self.timers.set(Timer::VaultRetry, step.now + pause);
                self.release(step);
            }
            Ok(Some(record)) if self.is_ours(record) => {
                let fingerprint = Fingerprint::of(&record.refresh_token);
                let aside = read.journal.as_ref().and_then(|journal| journal.set_aside);
                match aside.filter(|aside| aside.fingerprint == fingerprint) {
                    Some(aside) if aside.reason == EndReason::SignedOut => {
                        self.stage = Stage::Blank;
                        step.put(Output::DeleteVault);
                        self.release(step);
                    }
                    Some(aside) => {
                        self.stage = Stage::Over {
                            session_id: record.session_id.clone(),
                            generation: record.generation,
                            reason: aside.reason,
                        };
                        self.release(step);
                    }
                    None => {
                        step.put(Output::Record(Decision::Restored {
                            generation: record.generation,
                        }));
                        self.stage = Stage::Live(Live {
                            durable: true,
                            stored_once: true,
                            ..Live::of(record.clone())
                        });
                        self.wants.refresh = true;
                        self.heartbeat_now(step);
                        self.decide(read, step);
                    }
                }
            }
            Ok(_) => {
                self.stage = Stage::Blank;
                self.release(step);
            }
        }
    }

    pub(super) fn is_ours(&self, record: &SessionRecord) -> bool {
        record.server == self.slot.server && record.operator == self.slot.operator
    }

    /// Under the lock, with the store just read: catch up with it, make the record durable, then refresh if wanted.
    fn decide(&mut self, read: StoreRead, step: &mut Step<'_>) {
        let Some(standing) = self.catch_up(&read, step) else {
            return;
        };
        self.journal = read.journal.clone().unwrap_or_default();
        match standing {
            Standing::Newest { write: true } => {
                if let Stage::Live(live) = &self.stage {
                    step.put(Output::WriteVault(live.record.clone()));
                    self.cycle = Cycle::Persisting;
                }
            }
            Standing::Newest { write: false } if self.wants.refresh => {
                self.wants.refresh = false;
                self.plan(read.journal.is_some(), step);
            }
            Standing::Newest { write: false } => self.release(step),
            Standing::Behind => {
                self.wants.refresh = false;
                self.failed_softly(None, None, step);
            }
        }
    }

    /// Compares what is in memory with what was read. `None`: the session ended over it.
    fn catch_up(&mut self, read: &StoreRead, step: &mut Step<'_>) -> Option<Standing> {
        let ours = |record: &SessionRecord| self.is_ours(record);
        let found = match &read.record {
            Ok(Some(record)) if ours(record) => Ok(Some(record.clone())),
            Ok(Some(_)) => Err(VaultFault::Failed),
            Ok(None) => Ok(None),
            Err(fault) => Err(*fault),
        };
        let Stage::Live(live) = &mut self.stage else {
            return None;
        };
        let mine = Fingerprint::of(&live.record.refresh_token);
        let ahead = read
            .journal
            .as_ref()
            .and_then(|journal| journal.head)
            .is_some_and(|head| {
                head.fingerprint != mine && head.generation >= live.record.generation && live.durable
            });
        let signed_out = read
            .journal
            .as_ref()
            .and_then(|journal| journal.set_aside)
            .is_some_and(|aside| aside.fingerprint == mine && aside.reason == EndReason::SignedOut);
        match found {
            Ok(Some(record)) => {
                let same_session = record.session_id == live.record.session_id;
                let newer = if same_session {
                    record.generation > live.record.generation
                        || (record.generation == live.record.generation
                            && record.refresh_token != live.record.refresh_token)
                } else {
                    live.durable
                };
                if newer {
                    self.adopt(record, step);
                    Some(Standing::Newest { write: false })
                } else if record == live.record {
                    self.now_durable(step);
                    Some(Standing::Newest { write: false })
                } else {
                    live.durable = false;
                    if !same_session {
                        let begun = read.journal.as_ref().and_then(|journal| journal.intent);
                        self.replace(&record, None, begun, step);
                    }
                    Some(Standing::Newest { write: true })
                }
            }
            Ok(None) if signed_out => {
                self.over(EndReason::SignedOut, step);
                None
            }
            Ok(None) => {
                if ahead {
                    live.vault_fault = None;
                    return Some(Standing::Behind);
                }
                live.durable = false;
                Some(Standing::Newest { write: true })
            }
            Err(fault) => {
                step.put(Output::Record(Decision::VaultFailed { fault }));
                live.vault_fault = Some(fault);
                live.vault_tries = live.vault_tries.saturating_add(1);
                let pause = self
                    .knobs
                    .vault_retry
                    .doubled(live.vault_tries, self.knobs.vault_retry_cap);
                self.timers.set(Timer::VaultRetry, step.now + pause);
                Some(if ahead {
                    Standing::Behind
                } else {
                    Standing::Newest { write: false }
                })
            }
        }
    }

    /// Another process of this device rotated, or signed in anew: its record is the session now.
    pub(super) fn adopt(&mut self, record: SessionRecord, step: &mut Step<'_>) {
        let Stage::Live(live) = &mut self.stage else {
            return;
        };
        step.put(Output::Record(Decision::Adopted {
            generation: record.generation,
        }));
        if record.session_id == live.record.session_id {
            live.record = record;
            live.durable = true;
            live.stored_once = true;
            self.now_durable(step);
        } else {
            let access = live.access.is_some();
            *live = Live {
                durable: true,
                stored_once: true,
                ..Live::of(record)
            };
            if access {
                step.put(Output::HandOut(None));
            }
            self.wants.refresh = true;
        }
    }

    /// The keychain holds the record: what waited for that may be handed out.
    fn now_durable(&mut self, step: &mut Step<'_>) {
        if let Stage::Live(live) = &mut self.stage {
            live.durable = true;
            live.stored_once = true;
            live.vault_fault = None;
            live.vault_tries = 0;
            self.timers.stop(Timer::VaultRetry);
        }
        self.end_replaced(step);
        self.hand_out_held(step);
    }

    /// A new sign-in takes the place of this session.
    fn replace(
        &mut self,
        record: &SessionRecord,
        access: Option<AccessGrant>,
        begun: Option<Intent>,
        step: &mut Step<'_>,
    ) {
        if self.replaced.iter().all(|(id, _)| *id != record.session_id) {
            let farewell = self.farewell(record, access, begun, step);
            self.replaced.push((record.session_id.clone(), farewell));
        }
    }

    /// Nothing on this device leads back any more to the sessions that the operator signed in over.
    pub(super) fn end_replaced(&mut self, step: &mut Step<'_>) {
        for (_, farewell) in std::mem::take(&mut self.replaced) {
            step.put(Output::SendLogout(farewell));
        }
    }

    fn hand_out_held(&mut self, step: &mut Step<'_>) {
        if let Stage::Live(live) = &mut self.stage
            && let Some(grant) = live.held.take()
        {
            let later = live
                .access
                .as_ref()
                .is_none_or(|current| current.expires <= grant.expires);
            if later && step.now < grant.expires {
                self.timers.set(Timer::AccessEnd, grant.expires);
                live.access = Some(grant.clone());
                step.put(Output::HandOut(Some(grant)));
            }
        }
    }

    /// Takes a new access token in. It is handed out now if nothing stands in the way.
    pub(super) fn take_access(&mut self, grant: &Grant, sent: Moment, hold: bool, step: &mut Step<'_>) {
        self.serials += 1;
        let serial = self.serials;
        if let Stage::Live(live) = &mut self.stage {
            live.granted = Some((sent, grant.expires_in));
            live.held = Some(AccessGrant {
                serial,
                token: grant.access_token.clone(),
                expires: sent + grant.expires_in,
            });
        }
        if !hold {
            self.hand_out_held(step);
        }
    }

    pub(super) fn signed_in(
        &mut self,
        record: SessionRecord,
        grant: Grant,
        sent: Moment,
        step: &mut Step<'_>,
    ) {
        if !self.is_ours(&record) {
            return;
        }
        let before = match &mut self.stage {
            Stage::Live(live) => {
                step.put(Output::HandOut(None));
                Some((live.record.clone(), live.access.take().or(live.held.take())))
            }
            Stage::Entering { record, grant, sent } => {
                Some((record.clone(), Some(entered_with(grant, *sent))))
            }
            Stage::Blank | Stage::Restoring { .. } | Stage::Over { .. } => None,
        };
        if let Some((before, access)) = before.filter(|(before, _)| before.session_id != record.session_id) {
            self.replace(&before, access, self.journal.intent, step);
        }
        self.timers.clear();
        self.hints.begin_anew();
        self.wants = super::state::Wants {
            leave: self.wants.leave.take(),
            enter: true,
            ..Default::default()
        };
        self.stage = Stage::Entering { record, grant, sent };
        if self.cycle == Cycle::Waiting {
            self.cycle = Cycle::Idle;
        }
        if self.cycle == Cycle::Locking {
            self.timers.set(
                Timer::LockWait,
                step.now + self.knobs.lock_wait + Span::from_secs(1),
            );
        }
        if self.cycle.is_sending() {
            self.leave_or_enter(step);
        }
    }

    pub(super) fn vault_written(&mut self, result: Result<(), VaultFault>, step: &mut Step<'_>) {
        if self.cycle != Cycle::Persisting {
            return;
        }
        if let Err(fault) = result {
            step.put(Output::Record(Decision::VaultFailed { fault }));
        }
        let entering = match &self.stage {
            Stage::Entering { record, grant, sent } => Some((record.clone(), grant.clone(), *sent)),
            Stage::Blank | Stage::Restoring { .. } | Stage::Live(_) | Stage::Over { .. } => None,
        };
        if let Some((record, grant, sent)) = entering {
            if self.wants.enter {
                // The write that was under way belonged to the session before.
                self.leave_or_enter(step);
                return;
            }
            self.enter(record, &grant, sent, result, step);
            return;
        }
        if self.leave_or_enter(step) {
            return;
        }
        let Stage::Live(live) = &mut self.stage else {
            self.release(step);
            return;
        };
        match result {
            Ok(()) => {
                let fingerprint = Fingerprint::of(&live.record.refresh_token);
                let head = Some(Head {
                    generation: live.record.generation,
                    fingerprint,
                });
                self.now_durable(step);
                // An intent for this very token is a rotation whose answer has not come: it must be repeated, not forgotten.
                let intent = self
                    .journal
                    .intent
                    .filter(|intent| intent.fingerprint == fingerprint);
                self.write_journal(
                    Journal {
                        head,
                        intent,
                        set_aside: None,
                    },
                    step,
                );
                self.cycle = Cycle::Closing;
            }
            Err(fault) => {
                live.vault_fault = Some(fault);
                let pause = self
                    .knobs
                    .vault_retry
                    .doubled(live.vault_tries, self.knobs.vault_retry_cap);
                live.vault_tries = live.vault_tries.saturating_add(1);
                // A server that repeats no answer has spent the stored token for good: nothing is lost by using this one.
                let nothing_to_protect = !live.stored_once || !self.capabilities.repeats_answers;
                let stuck = !live.has_access(step.now);
                self.timers.set(Timer::VaultRetry, step.now + pause);
                if nothing_to_protect {
                    self.hand_out_held(step);
                } else if stuck {
                    self.wants.refresh = true;
                }
                self.release(step);
            }
        }
    }

    fn enter(
        &mut self,
        record: SessionRecord,
        grant: &Grant,
        sent: Moment,
        result: Result<(), VaultFault>,
        step: &mut Step<'_>,
    ) {
        let fingerprint = Fingerprint::of(&record.refresh_token);
        let head = Some(Head {
            generation: record.generation,
            fingerprint,
        });
        let stored = result.is_ok();
        self.stage = Stage::Live(Live {
            durable: stored,
            stored_once: stored,
            vault_fault: result.err(),
            ..Live::of(record)
        });
        if stored {
            self.end_replaced(step);
        } else {
            self.timers
                .set(Timer::VaultRetry, step.now + self.knobs.vault_retry);
        }
        self.link = super::state::Link {
            state: crate::Connection::Online,
            ..Default::default()
        };
        self.last_input = Some(step.now);
        self.last_ping = Some(step.now);
        self.clock_ahead_ms = grant.clock_ahead_ms;
        self.take_deadlines(grant.deadlines, sent, step);
        self.take_access(grant, sent, false, step);
        self.schedule(grant, sent, step);
        self.timers
            .set(Timer::Heartbeat, step.now + self.knobs.heartbeat_busy);
        self.write_journal(
            Journal {
                head,
                intent: None,
                set_aside: None,
            },
            step,
        );
        self.cycle = Cycle::Closing;
    }

    pub(super) fn journal_written(&mut self, durable: bool, step: &mut Step<'_>) {
        match self.cycle {
            Cycle::Intending(plan) => {
                if self.leave_or_enter(step) {
                    return;
                }
                if durable {
                    self.dispatch(plan, step);
                } else {
                    step.put(Output::Record(Decision::JournalFailed));
                    self.journal.intent = None;
                    if self.capabilities.renews_without_rotation {
                        self.dispatch(
                            super::state::Plan {
                                rotate: false,
                                ..plan
                            },
                            step,
                        );
                    } else {
                        self.failed_softly(None, None, step);
                    }
                }
            }
            Cycle::Closing => {
                if !durable {
                    step.put(Output::Record(Decision::JournalFailed));
                }
                if !self.leave_or_enter(step) {
                    self.release(step);
                }
            }
            Cycle::Idle
            | Cycle::Waiting
            | Cycle::Locking
            | Cycle::Reading
            | Cycle::Sending { .. }
            | Cycle::Persisting
            | Cycle::Questioning { .. } => {}
        }
    }
}

/// How the token in memory stands against the store.
enum Standing {
    /// It is the newest there is, and is to be written or not.
    Newest { write: bool },
    /// Another process went ahead, and its token cannot be read just now.
    Behind,
}
