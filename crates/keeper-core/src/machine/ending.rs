//! Ends: warnings before them, a verdict believed, signing out.

use super::state::{Cycle, Stage, Wants};
use super::{Keeper, Step};
use crate::{
    AccessGrant, Decision, EndReason, Farewell, Fingerprint, Grant, Intent, Journal, Moment, Notice, Output,
    RefreshCall, SessionRecord, SetAside,
};

/// The access token of a session that is not in force yet.
pub(super) fn entered_with(grant: &Grant, sent: Moment) -> AccessGrant {
    AccessGrant {
        serial: 0,
        token: grant.access_token.clone(),
        expires: sent + grant.expires_in,
    }
}

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

    /// What ends this session on the server, also once its access token is dead.
    pub(super) fn farewell(
        &mut self,
        record: &SessionRecord,
        access: Option<AccessGrant>,
        begun: Option<Intent>,
        step: &mut Step<'_>,
    ) -> Farewell {
        let fingerprint = Fingerprint::of(&record.refresh_token);
        let begun = begun.filter(|intent| intent.fingerprint == fingerprint);
        let (renewed_as, must_rotate) = match &self.stage {
            Stage::Live(live) => (
                live.renewal.filter(|(token, _)| *token == fingerprint),
                live.must_rotate,
            ),
            Stage::Blank | Stage::Restoring { .. } | Stage::Entering { .. } | Stage::Over { .. } => {
                (None, false)
            }
        };
        let attempt = begun
            .map(|intent| intent.attempt)
            .or(renewed_as.map(|(_, attempt)| attempt))
            .unwrap_or_else(|| step.entropy.attempt_id());
        let renewal = RefreshCall {
            call: self.call_id(),
            refresh_token: record.refresh_token.clone(),
            attempt,
            rotate: begun.is_some() || must_rotate || !self.capabilities.renews_without_rotation,
            last_input_age: None,
            key: record.bound_to,
        };
        Farewell { access, renewal }
    }

    /// Nothing that is still under way can bring the session back: its answers no longer have anybody to go to.
    pub(super) fn sign_out(&mut self, step: &mut Step<'_>) {
        let left = match &mut self.stage {
            Stage::Live(live) => Some((live.record.clone(), live.access.take().or(live.held.take()))),
            Stage::Entering { record, grant, sent } => {
                Some((record.clone(), Some(entered_with(grant, *sent))))
            }
            Stage::Restoring { .. } | Stage::Over { .. } => None,
            Stage::Blank => return,
        };
        step.put(Output::HandOut(None));
        let fingerprint = match left {
            Some((record, access)) => {
                let farewell = self.farewell(&record, access, self.journal.intent, step);
                step.put(Output::SendLogout(farewell));
                Fingerprint::of(&record.refresh_token)
            }
            None => self
                .journal
                .set_aside
                .map_or(Fingerprint::from_bytes([0; 16]), |aside| aside.fingerprint),
        };
        self.end_replaced(step);
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
