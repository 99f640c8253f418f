//! A refresh or a sign-in from its beginning to its answer, noted whichever way it comes to its end.

use std::time::Duration;

use protocol::ErrorCode;
use protocol::insight::{LoginFailure, RefreshFailure};
use store::insight::{ClientKind, EventKind, EventOutcome, Keeping, SessionEvent, network_of};
use store::{Membership, SessionRow};
use uuid::Uuid;

use crate::client::Client;
use crate::failure::Failure;
use crate::server::Server;

/// What is known of whose session it is; more and more as a call goes on.
struct Subject {
    server: Server,
    client: Client,
    begun: Duration,
    user_id: Option<Uuid>,
    organization_id: Option<Uuid>,
    site_id: Option<Uuid>,
    session_id: Option<Uuid>,
    device_name: String,
    device_kind: Option<protocol::auth::DeviceKind>,
}

impl Subject {
    fn new(server: &Server, client: &Client) -> Self {
        Self {
            server: server.clone(),
            client: client.clone(),
            begun: server.clock.monotonic(),
            user_id: None,
            organization_id: None,
            site_id: None,
            session_id: None,
            device_name: String::new(),
            device_kind: None,
        }
    }

    fn is_of(&mut self, session: &SessionRow) {
        self.user_id = Some(session.user_id);
        self.organization_id = Some(session.organization_id);
        self.site_id = session.site_id;
        self.session_id = Some(session.id);
        self.device_name.clone_from(&session.device_name);
        self.device_kind = Some(session.device_kind);
    }

    fn lasted(&self) -> Duration {
        self.server.clock.monotonic().saturating_sub(self.begun)
    }

    /// Why a call ended without an answer; `None` where its client went away.
    fn cut_short(&self) -> Option<ErrorCode> {
        if std::thread::panicking() {
            Some(ErrorCode::Internal)
        } else if self.lasted() >= self.server.options.limits.call_timeout {
            Some(ErrorCode::Timeout)
        } else {
            None
        }
    }

    fn note(&mut self, kind: EventKind, outcome: EventOutcome, reason: &'static str) {
        let origin = self.client.origin();
        let latency_us = match (kind, outcome) {
            (EventKind::Refresh, EventOutcome::Success | EventOutcome::Failure) => {
                Some(u32::try_from(self.lasted().as_micros()).unwrap_or(u32::MAX))
            }
            (EventKind::Login | EventKind::End, _) | (EventKind::Refresh, EventOutcome::Rejected) => None,
        };
        self.server.observed.note(SessionEvent {
            at: self.server.now(),
            kind,
            outcome,
            reason,
            user_id: self.user_id,
            organization_id: self.organization_id,
            site_id: self.site_id,
            session_id: self.session_id,
            network: network_of(&origin.ip_address),
            client_kind: ClientKind::of(&origin.user_agent),
            ip_address: origin.ip_address,
            device_name: std::mem::take(&mut self.device_name),
            device_kind: self.device_kind,
            latency_us,
            duration_seconds: None,
            keeping: Keeping::Row,
        });
    }
}

/// One refresh.
pub(crate) struct WatchedRefresh(Option<Subject>);

impl WatchedRefresh {
    /// It begins.
    pub(crate) fn begin(server: &Server, client: &Client) -> Self {
        Self(server.observed.is_on().then(|| Subject::new(server, client)))
    }

    /// The token is one that this server made.
    pub(crate) fn is_of_session(&mut self, session_id: Uuid) {
        if let Some(subject) = &mut self.0 {
            subject.session_id = Some(session_id);
        }
    }

    /// The session is known.
    pub(crate) fn is_of(&mut self, session: &SessionRow) {
        if let Some(subject) = &mut self.0 {
            subject.is_of(session);
        }
    }

    /// It is answered.
    pub(crate) fn end<T>(mut self, answer: &Result<T, Failure>) {
        if let Some(subject) = self.0.take() {
            note_refresh(subject, answer.as_ref().err().map(Failure::code));
        }
    }
}

impl Drop for WatchedRefresh {
    fn drop(&mut self) {
        if let Some(subject) = self.0.take()
            && let Some(code) = subject.cut_short()
        {
            note_refresh(subject, Some(code));
        }
    }
}

fn note_refresh(mut subject: Subject, failed: Option<ErrorCode>) {
    match failed {
        None => subject.note(EventKind::Refresh, EventOutcome::Success, ""),
        // The client asks once more, with the nonce from this answer.
        Some(ErrorCode::UseDpopNonce) => {}
        Some(_) if subject.session_id.is_none() => {
            subject.note(EventKind::Refresh, EventOutcome::Rejected, "");
        }
        Some(code) => {
            if code == ErrorCode::SessionIdle
                && let Some(session_id) = subject.session_id
            {
                subject.server.observed.told_idle(session_id);
            }
            let reason = refresh_failure(code);
            subject.note(EventKind::Refresh, EventOutcome::Failure, reason.as_str());
        }
    }
}

/// One sign-in.
pub(crate) struct WatchedLogin {
    subject: Option<Subject>,
    reason: Option<LoginFailure>,
}

impl WatchedLogin {
    /// It begins.
    pub(crate) fn begin(server: &Server, client: &Client) -> Self {
        Self {
            subject: server.observed.is_on().then(|| Subject::new(server, client)),
            reason: None,
        }
    }

    /// The name is a user's.
    pub(crate) fn is_of_user(&mut self, user_id: Uuid, membership: Option<&Membership>) {
        if let Some(subject) = &mut self.subject {
            subject.user_id = Some(user_id);
            subject.organization_id = membership.map(|membership| membership.organization.id);
            subject.site_id = membership.and_then(|membership| membership.site.as_ref().map(|site| site.id));
        }
    }

    /// It is denied, for more than its answer tells.
    pub(crate) const fn is_denied(&mut self, reason: LoginFailure) {
        self.reason = Some(reason);
    }

    /// There is a session.
    pub(crate) fn is_of(&mut self, session: &SessionRow) {
        if let Some(subject) = &mut self.subject {
            subject.is_of(session);
        }
    }

    /// It is answered.
    pub(crate) fn end<T>(mut self, answer: &Result<T, Failure>) {
        if let Some(subject) = self.subject.take() {
            note_login(subject, self.reason, answer.as_ref().err().map(Failure::code));
        }
    }
}

impl Drop for WatchedLogin {
    fn drop(&mut self) {
        if let Some(subject) = self.subject.take()
            && let Some(code) = subject.cut_short()
        {
            note_login(subject, self.reason, Some(code));
        }
    }
}

fn note_login(mut subject: Subject, denied: Option<LoginFailure>, failed: Option<ErrorCode>) {
    match failed {
        None => subject.note(EventKind::Login, EventOutcome::Success, ""),
        // Nobody tried to sign in yet: the call is to be made once more, or makes no sense.
        Some(ErrorCode::UseDpopNonce | ErrorCode::ValidationFailed) => {}
        Some(code) => {
            let reason = denied.unwrap_or_else(|| login_failure(code));
            subject.note(EventKind::Login, EventOutcome::Failure, reason.as_str());
        }
    }
}

const REFRESH_FAILURES: [(ErrorCode, RefreshFailure); 17] = [
    (ErrorCode::SessionRevoked, RefreshFailure::SessionClosed),
    (ErrorCode::SessionDisplaced, RefreshFailure::SessionClosed),
    (ErrorCode::PasswordChanged, RefreshFailure::SessionClosed),
    (ErrorCode::SessionSignedOut, RefreshFailure::SessionSignedOut),
    (ErrorCode::SessionIdle, RefreshFailure::SessionIdle),
    (ErrorCode::SessionEnded, RefreshFailure::SessionEnded),
    (ErrorCode::AccountDisabled, RefreshFailure::AccountDisabled),
    (ErrorCode::RefreshReused, RefreshFailure::RefreshReused),
    (ErrorCode::StaleAttempt, RefreshFailure::StaleAttempt),
    (ErrorCode::RotationRequired, RefreshFailure::RotationRequired),
    (ErrorCode::ProofRequired, RefreshFailure::ProofRefused),
    (ErrorCode::ProofInvalid, RefreshFailure::ProofRefused),
    (ErrorCode::RefreshInvalid, RefreshFailure::SessionUnknown),
    (ErrorCode::RateLimited, RefreshFailure::RateLimited),
    (ErrorCode::StoreUnavailable, RefreshFailure::Unavailable),
    (ErrorCode::ServerBusy, RefreshFailure::Unavailable),
    (ErrorCode::Timeout, RefreshFailure::Unavailable),
];

fn refresh_failure(code: ErrorCode) -> RefreshFailure {
    let found = REFRESH_FAILURES.iter().find(|(known, _)| *known == code);
    found.map_or(RefreshFailure::Internal, |(_, failure)| *failure)
}

const LOGIN_FAILURES: [(ErrorCode, LoginFailure); 8] = [
    (ErrorCode::InvalidCredentials, LoginFailure::WrongPassword),
    (ErrorCode::AccountDisabled, LoginFailure::AccountDisabled),
    (ErrorCode::RateLimited, LoginFailure::RateLimited),
    (ErrorCode::ProofRequired, LoginFailure::ProofRefused),
    (ErrorCode::ProofInvalid, LoginFailure::ProofRefused),
    (ErrorCode::StoreUnavailable, LoginFailure::Unavailable),
    (ErrorCode::ServerBusy, LoginFailure::Unavailable),
    (ErrorCode::Timeout, LoginFailure::Unavailable),
];

fn login_failure(code: ErrorCode) -> LoginFailure {
    let found = LOGIN_FAILURES.iter().find(|(known, _)| *known == code);
    found.map_or(LoginFailure::Internal, |(_, failure)| *failure)
}
