//! What the server lets be known while it is listened to: each word of it is a reason to ask, and only the answer counts.

use super::state::Stage;
use super::{Keeper, Step};
use crate::timer::Timer;
use crate::{CallId, Hint, Moment, Output, Span};

/// When each kind of hint last led to a refresh: whoever floods this device with hints gets a few refreshes for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Hints {
    session_ended: Option<Moment>,
    organization_changed: Option<Moment>,
    settings_changed: Option<Moment>,
    /// When this device itself last changed what its access token says.
    superseded: Option<Moment>,
    /// Calls up to this one left before that: their answers may still say what was so then.
    outdated: Option<CallId>,
}

impl Hints {
    /// Another session begins: hints of the one before do not hold back those of this one.
    pub(super) fn begin_anew(&mut self) {
        self.session_ended = None;
        self.organization_changed = None;
        self.settings_changed = None;
    }
}

impl Keeper {
    pub(super) fn hinted(&mut self, hint: &Hint, step: &mut Step<'_>) {
        let Stage::Live(live) = &self.stage else { return };
        let (last, spread) = match hint {
            Hint::SessionEnded { session_id } if *session_id != live.record.session_id => return,
            Hint::SessionEnded { .. } => (&mut self.hints.session_ended, Span::ZERO),
            Hint::OrganizationChanged
                if self
                    .hints
                    .superseded
                    .is_some_and(|at| step.now.since(at) < self.knobs.hint_spacing) =>
            {
                // The echo of this device's own act.
                return;
            }
            Hint::OrganizationChanged => (&mut self.hints.organization_changed, Span::ZERO),
            // Every till of the organisation hears this at once.
            Hint::SettingsChanged => (&mut self.hints.settings_changed, self.knobs.return_jitter),
        };
        let earliest = last.map_or(step.now, |last| last + self.knobs.hint_spacing);
        if earliest > step.now && last.is_some_and(|last| last > step.now) {
            return;
        }
        let at = (step.now + step.entropy.up_to(spread)).max(earliest);
        *last = Some(at);
        let sooner = self.timers.get(Timer::Hint).map_or(at, |set| set.min(at));
        self.timers.set(Timer::Hint, sooner);
    }

    pub(super) fn follow_hint(&mut self, step: &mut Step<'_>) {
        let Stage::Live(live) = &self.stage else { return };
        if live.failures > 0 {
            // The next try of the refresh that is failing tells as much.
            return;
        }
        if self.cycle.is_sending() {
            // That one may have left before the change.
            self.timers.set(Timer::Hint, step.now + self.knobs.backoff_base);
        } else {
            self.wants.refresh = true;
        }
    }

    pub(super) fn access_superseded(&mut self, step: &mut Step<'_>) {
        let Stage::Live(live) = &mut self.stage else {
            return;
        };
        live.held = None;
        if live.access.take().is_some() {
            step.put(Output::HandOut(None));
        }
        self.timers.stop(Timer::AccessEnd);
        self.hints.superseded = Some(step.now);
        self.hints.outdated = Some(CallId(self.calls));
        // A refresh under way is followed by another one; one that is failing is tried again anyway.
        if live.failures == 0 && !self.cycle.is_sending() {
            self.wants.refresh = true;
        }
    }

    /// Whether the answer to this call may say what was so before the session moved.
    pub(super) fn is_outdated(&self, call: CallId) -> bool {
        self.hints.outdated.is_some_and(|outdated| call <= outdated)
    }
}
