//! Ends: warnings before them, a verdict believed, signing out.

use super::state::{Cycle, Stage, Wants};
use super::{Keeper, Step};
use crate::{Decision, EndReason, Fingerprint, Journal, Notice, Output, SetAside};

impl Keeper {
    /// Under the lock: the session is over. Its record stays where it is, marked as refused.
    pub(super) fn over(&mut self, reason: EndReason, step: &mut Step<'_>) {
        let Stage::Live(live) = &self.stage else {
            self.release(step);
            return;
        };
        let fingerprint = Fingerprint::of(&live.record.refresh_token);
        let ended = Stage::Over {
            session_id: live.record.session_id.clone(),
            generation: live.record.generation,
            reason,
        };
        step.put(Output::HandOut(None));
        step.put(Output::Record(Decision::Ended { reason }));
        if reason == EndReason::SignedOut {
            self.stage = Stage::Blank;
        } else {
            step.put(Output::Notify(Notice::SessionClosed { reason }));
            self.stage = ended;
        }
        self.quiet();
        let journal = Journal {
            set_aside: Some(SetAside { fingerprint, reason }),
            ..self.journal.clone()
        };
        self.journal = journal.clone();
        step.put(Output::WriteJournal(journal));
        self.cycle = Cycle::Closing;
    }

    fn quiet(&mut self) {
        self.timers.clear();
        self.wants = Wants {
            leave: self.wants.leave,
            enter: self.wants.enter,
            ..Wants::default()
        };
        self.link = super::state::Link::default();
        self.ping_out = None;
        self.refreshing_shown = false;
    }

    /// Nothing that is still under way can bring the session back: its answers no longer have anybody to go to.
    pub(super) fn sign_out(&mut self, step: &mut Step<'_>) {
        let (fingerprint, access) = match &mut self.stage {
            Stage::Live(live) => (
                Fingerprint::of(&live.record.refresh_token),
                live.access.take().or(live.held.take()),
            ),
            Stage::Entering { record, .. } => (Fingerprint::of(&record.refresh_token), None),
            Stage::Restoring { .. } | Stage::Over { .. } => {
                let unknown = Fingerprint::from_bytes([0; 16]);
                (
                    self.journal.set_aside.map_or(unknown, |aside| aside.fingerprint),
                    None,
                )
            }
            Stage::Blank => return,
        };
        step.put(Output::HandOut(None));
        step.put(Output::SendLogout { access });
        if let Some(replaced) = self.replaced.take() {
            let access = Some(replaced);
            step.put(Output::SendLogout { access });
        }
        step.put(Output::Record(Decision::Ended {
            reason: EndReason::SignedOut,
        }));
        self.stage = Stage::Blank;
        self.wants = Wants {
            leave: Some(fingerprint),
            ..Wants::default()
        };
        self.quiet();
        if self.cycle == Cycle::Waiting {
            self.cycle = Cycle::Idle;
        }
        if self.cycle.is_sending() {
            self.leave_or_enter(step);
        }
    }

    pub(super) fn idle_warning(&mut self, step: &mut Step<'_>) {
        if let Stage::Live(live) = &mut self.stage {
            live.idle_near = true;
            step.put(Output::Notify(Notice::EndNear));
        }
    }

    pub(super) fn absolute_warning(&mut self, step: &mut Step<'_>) {
        if let Stage::Live(live) = &mut self.stage {
            live.absolute_near = true;
            step.put(Output::Notify(Notice::EndNear));
        }
    }
}
