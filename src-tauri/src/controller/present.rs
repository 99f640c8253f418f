//! Makes the one view from everything the controller holds, and shows it on every surface when it has changed.

use std::sync::Arc;

use keeper_core::{Banner, Connection, Persistence, SessionPhase, Severity};

use super::Controller;
use super::closing::Close;
use super::request::Reply;
use crate::embedded_server::Accounts;
use crate::notice_words::tooltip;
use crate::view::{
    AppView, ChangesView, DeviceSettings, Millis, OperatorView, Phase, ServerView, SessionView, WorkView,
};

/// The view before anything is known.
pub(super) fn first_view(settings: &DeviceSettings, since_ms: Millis) -> AppView {
    AppView {
        revision: 0,
        session: SessionView {
            phase: Phase::Starting,
            banner: Banner::Hidden,
            severity: Severity::Hidden,
            since_ms,
            connection: Connection::Unknown,
            next_attempt_ms: None,
            attempting: false,
            access_end_ms: None,
            idle_end_ms: None,
            absolute_end_ms: None,
            persistence: Persistence::Durable,
        },
        operator: None,
        server: settings.server.clone(),
        work: WorkView::default(),
        settings: settings.clone(),
        fault: None,
        first_operator_needed: false,
        notices: Vec::new(),
        changes: ChangesView::default(),
        impersonation: None,
        impersonation_over: None,
        close_asked: false,
    }
}

impl Controller {
    /// The view as it is now, under this revision.
    pub(super) fn look(&self, revision: u32) -> AppView {
        AppView {
            revision,
            session: self.session_view(),
            operator: self.operator_view(),
            server: self.settings.server.clone(),
            work: WorkView {
                waiting: self.work.counts().waiting,
                refused: self.work.counts().refused,
                parked: self.work.counts().parked,
                saved_at_ms: self.work.saved_at(),
                fault: self.work.fault(),
            },
            settings: self.settings.clone(),
            fault: self.session.fault.clone().or_else(|| self.settings_fault.clone()),
            first_operator_needed: self.settings.server == ServerView::ThisDevice
                && self.session.accounts == Accounts::None,
            notices: self.session.notices.clone(),
            changes: self.session.changes,
            impersonation: self.impersonation_view(),
            impersonation_over: self.session.impersonation_over.clone(),
            close_asked: self.close == Close::Asked,
        }
    }

    fn session_view(&self) -> SessionView {
        let snapshot = &self.session.snapshot;
        let millis = |moment| self.offset.millis(moment);
        SessionView {
            phase: match snapshot.phase {
                SessionPhase::Restoring => Phase::Starting,
                SessionPhase::SignedOut => Phase::SignedOut,
                SessionPhase::SignedIn => Phase::SignedIn,
                SessionPhase::Ended => Phase::Ended,
            },
            banner: snapshot.banner,
            severity: snapshot.severity,
            since_ms: millis(snapshot.since),
            connection: snapshot.connection,
            next_attempt_ms: snapshot.next_attempt.map(millis),
            attempting: snapshot.attempting,
            access_end_ms: snapshot.access_end.map(millis),
            idle_end_ms: snapshot.idle_end.map(millis),
            absolute_end_ms: snapshot.absolute_end.map(millis),
            persistence: snapshot.persistence,
        }
    }

    fn operator_view(&self) -> Option<OperatorView> {
        let username = self.session.snapshot.operator.clone()?;
        if let Some(me) = self.session.known() {
            return Some(OperatorView {
                username,
                ..OperatorView::of(me)
            });
        }
        let kept = self.work.owner().and_then(|owner| owner.organization_id());
        Some(OperatorView {
            display_name: username.clone(),
            username,
            organization_id: kept.map(|id| id.to_string()),
            organization_name: None,
            site_name: None,
            role: None,
            is_super_admin: false,
            organizations: 0,
            must_change_password: false,
        })
    }

    /// Shows the view everywhere, if anything in it has changed.
    pub(super) fn publish(&self) {
        let before = Arc::clone(&self.view.borrow());
        let mut view = self.look(before.revision);
        if view == *before {
            return;
        }
        view.revision = before.revision.wrapping_add(1);
        let view = Arc::new(view);
        self.view.send_replace(Arc::clone(&view));
        let Some(surfaces) = &self.surfaces else { return };
        surfaces.window.tell(&view);
        let (session, language) = (&view.session, view.settings.language);
        let said = |view: &AppView| {
            (
                view.session.severity,
                tooltip(&view.session, view.settings.language),
            )
        };
        if said(&view) != said(&before) || view.settings.language != before.settings.language {
            surfaces
                .tray
                .show(self.tray_severity(session), tooltip(session, language), language);
        }
    }

    fn tray_severity(&self, session: &SessionView) -> Severity {
        if self.work.fault().is_some() {
            session.severity.max(Severity::Warning)
        } else {
            session.severity
        }
    }

    /// Answers with the newest view, after showing it.
    pub(super) fn reply_with_view(&self, reply: Reply<AppView>) {
        self.publish();
        let _ = reply.send(Ok(self.view.borrow().as_ref().clone()));
    }

    pub(super) fn look_at_the_clock(&mut self) {
        if self.offset.follow(self.clock.as_ref()) {
            tracing::info!("this device's clock was set; the times on the screen follow");
            self.publish();
        }
    }
}
