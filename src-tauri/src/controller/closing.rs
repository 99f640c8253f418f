//! Showing the window, closing it, and putting everything away before the app ends.
//!
//! The work is on disk at any time, so closing is safe; but sales that wait would wait until the next start, and parked
//! tickets are easily forgotten, so the operator is asked first. A second wish to close while the question stands is an answer: a screen that hangs keeps
//! nobody in.

use std::sync::Arc;

use super::Controller;
use super::event::Event;
use super::request::CloseAnswer;

/// Where closing stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Close {
    /// Nobody wants to.
    #[default]
    No,
    /// The operator is being asked.
    Asked,
    /// Everything is being put away.
    Under,
}

impl Controller {
    pub(super) fn window_ready(&mut self) {
        tracing::info!("first paint");
        self.show_window();
    }

    pub(super) fn show_window(&self) {
        if let Some(surfaces) = &self.surfaces
            && self.close != Close::Under
        {
            surfaces.window.show();
        }
    }

    pub(super) fn bring_to_front(&self) {
        if let Some(surfaces) = &self.surfaces
            && self.close != Close::Under
        {
            surfaces.window.bring_to_front();
        }
    }

    pub(super) fn close_asked(&mut self) {
        match (self.close, self.work.asked_before_closing()) {
            (Close::No, Some(subject)) => {
                tracing::info!(subject, "the operator is asked before the window closes");
                self.close = Close::Asked;
                self.bring_to_front();
                self.publish();
            }
            (Close::No, None) | (Close::Asked, _) => self.put_away(),
            (Close::Under, _) => {}
        }
    }

    /// What was in the way has left meanwhile: there is nothing to ask any more, and the window stays open.
    pub(super) fn withdraw_question(&mut self) {
        if self.close == Close::Asked && self.work.asked_before_closing().is_none() {
            self.close = Close::No;
            self.publish();
        }
    }

    pub(super) fn close_answered(&mut self, answer: CloseAnswer) {
        match (self.close, answer) {
            (Close::Asked, CloseAnswer::Stay) => {
                self.close = Close::No;
                self.publish();
            }
            (Close::Asked, CloseAnswer::Close) => self.put_away(),
            (Close::No | Close::Under, CloseAnswer::Stay | CloseAnswer::Close) => {}
        }
    }

    /// Hides the window, lets the keeper and the embedded server write what is under way, and ends.
    pub(super) fn put_away(&mut self) {
        if self.close == Close::Under {
            return;
        }
        self.close = Close::Under;
        if let Some(surfaces) = &self.surfaces {
            surfaces.window.hide();
        }
        let (keeper, embedded) = (self.session.keeper.clone(), Arc::clone(self.reach.embedded()));
        let (desk, now_ms) = (self.work.desk.clone(), self.clock.wall_ms());
        let stopping = self.stopping();
        self.beside(async move {
            stopping.await;
            if let Some(keeper) = keeper {
                keeper.shutdown().await;
            }
            if let Err(fault) = desk.run(move |journal| journal.flush(now_ms)).await {
                tracing::warn!(%fault, "the work journal could not be flushed; it is complete nevertheless");
            }
            embedded.close().await;
            Event::PutAway
        });
    }
}
