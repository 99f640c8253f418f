//! One open stream: it hears every change of the store and passes on those that are its session's.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::Stream;
use protocol::ErrorCode;
use protocol::event::{EventName, NoticeAdded, SessionEnded};
use protocol::notice::NoticeKind;
use serde::Serialize;
use store::rotation::Over;
use store::{Change, SessionRow};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::Sleep;

use super::streams::Place;
use crate::background::told;
use crate::caller::{Caller, code_for, live};
use crate::server::Server;

/// Notices told again to whoever may have missed some.
const NOTICES_TOLD_AGAIN: u32 = 20;

/// A listener for one session.
pub(super) struct Listening {
    server: Server,
    session: SessionRow,
    /// Whether the caller administers the organisation, and so sees its alerts.
    administers: bool,
    /// Whether the caller stands above all organisations, and so sees impersonations.
    stands_above: bool,
    changes: Receiver<Change>,
    waiting: VecDeque<Event>,
    is_over: bool,
    token_ends: Pin<Box<Sleep>>,
    ending: watch::Receiver<bool>,
    _place: Place,
}

impl Listening {
    pub(super) fn new(
        server: Server,
        caller: &Caller,
        session: SessionRow,
        changes: Receiver<Change>,
        place: Place,
    ) -> Self {
        let left_ms = caller.token_ends_at.saturating_sub(server.now()).max(0);
        Self {
            server,
            session,
            administers: caller.administers().is_ok(),
            stands_above: caller.stands_above().is_ok(),
            changes,
            // The answer's first bytes leave at once, whatever stands between.
            waiting: VecDeque::from([Event::default().comment("listening")]),
            is_over: false,
            token_ends: Box::pin(tokio::time::sleep(Duration::from_millis(left_ms.unsigned_abs()))),
            ending: place.ending(),
            _place: place,
        }
    }

    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        futures_util::stream::unfold(self, |mut listening| async move {
            let event = listening.next().await?;
            Some((Ok(event), listening))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            let heard = tokio::select! {
                biased;
                () = told(&mut self.ending) => return None,
                heard = self.changes.recv() => Some(heard),
                () = &mut self.token_ends => None,
            };
            match heard {
                Some(Ok(change)) => self.hear(&change),
                Some(Err(RecvError::Lagged(_))) => self.look_again().await,
                Some(Err(RecvError::Closed)) => return None,
                None => {
                    self.look_once_more().await;
                    self.is_over = true;
                }
            }
        }
    }

    fn hear(&mut self, change: &Change) {
        match change {
            Change::SessionEnded {
                session_id, reason, ..
            } if *session_id == self.session.id => {
                self.ended(code_for(&self.session, Over::Revoked(*reason)));
            }
            Change::SessionMoved {
                session_id,
                organization_id,
            } if *session_id == self.session.id && *organization_id != self.session.organization_id => {
                self.moved()
            }
            Change::SettingsChanged { organization_id }
                if *organization_id == self.session.organization_id =>
            {
                self.tell(EventName::SettingsChanged, &serde_json::json!({}));
            }
            Change::CategoriesChanged { organization_id }
                if *organization_id == self.session.organization_id =>
            {
                self.tell(EventName::CategoriesChanged, &serde_json::json!({}));
            }
            Change::AlertsChanged { organization_id }
                if self.administers && *organization_id == self.session.organization_id =>
            {
                self.tell(EventName::AlertsChanged, &serde_json::json!({}));
            }
            Change::ImpersonationsChanged if self.stands_above => {
                self.tell(EventName::ImpersonationsChanged, &serde_json::json!({}));
            }
            Change::NoticeAdded {
                user_id,
                notice_id,
                kind,
            } if *user_id == self.session.user_id => self.notice(NoticeAdded {
                id: *notice_id,
                kind: on_the_wire(*kind),
            }),
            Change::SessionEnded { .. }
            | Change::SessionMoved { .. }
            | Change::SettingsChanged { .. }
            | Change::CategoriesChanged { .. }
            | Change::NoticeAdded { .. }
            | Change::ImpersonationsChanged
            | Change::AlertsChanged { .. } => {}
        }
    }

    /// After changes were missed: says whatever they may have been.
    async fn look_again(&mut self) {
        self.look_once_more().await;
        if self.is_over {
            return;
        }
        self.tell(EventName::SettingsChanged, &serde_json::json!({}));
        self.tell(EventName::CategoriesChanged, &serde_json::json!({}));
        if self.administers {
            self.tell(EventName::AlertsChanged, &serde_json::json!({}));
        }
        if self.stands_above {
            self.tell(EventName::ImpersonationsChanged, &serde_json::json!({}));
        }
        let unseen = self
            .server
            .store
            .security_notices(self.session.user_id, true, NOTICES_TOLD_AGAIN)
            .await;
        for notice in unseen.unwrap_or_default().into_iter().rev() {
            self.notice(NoticeAdded {
                id: notice.id,
                kind: on_the_wire(notice.kind),
            });
        }
    }

    /// Says whether the session has ended or moved. A store that cannot be asked says neither.
    async fn look_once_more(&mut self) {
        let Ok(found) = self.server.store.identity(self.session.id).await else {
            return;
        };
        let Some(identity) = found else {
            return self.ended(ErrorCode::LoginRequired);
        };
        if let Err(failure) = live(&self.server, &identity, self.server.now()) {
            self.ended(failure.code());
        } else if identity.session.organization_id != self.session.organization_id {
            self.moved();
        }
    }

    fn ended(&mut self, code: ErrorCode) {
        let data = SessionEnded {
            session_id: self.session.id,
            code,
        };
        self.tell(EventName::SessionEnded, &data);
        self.is_over = true;
    }

    /// The access token is that of the organisation before: the stream ends, and the client comes again with another.
    fn moved(&mut self) {
        self.tell(EventName::OrganizationChanged, &serde_json::json!({}));
        self.is_over = true;
    }

    fn notice(&mut self, data: NoticeAdded) {
        self.tell(EventName::Notice, &data);
    }

    fn tell(&mut self, name: EventName, data: &impl Serialize) {
        let name: &'static str = name.into();
        if let Ok(event) = Event::default().event(name).json_data(data) {
            self.waiting.push_back(event);
        }
    }
}

fn on_the_wire(kind: store::NoticeKind) -> NoticeKind {
    match kind {
        store::NoticeKind::NewDevice => NoticeKind::NewDevice,
        store::NoticeKind::NewNetwork => NoticeKind::NewNetwork,
        store::NoticeKind::DeviceLimit => NoticeKind::DeviceLimit,
        store::NoticeKind::PasswordChanged => NoticeKind::PasswordChanged,
        store::NoticeKind::ProofRefused => NoticeKind::ProofRefused,
        store::NoticeKind::Impersonated => NoticeKind::Impersonated,
        store::NoticeKind::ImpersonationStarted => NoticeKind::ImpersonationStarted,
    }
}
