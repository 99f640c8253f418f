//! The caller's own sessions: seeing them and closing the others.

use axum::extract::{Path, State};
use protocol::ErrorCode;
use protocol::session::{Revoked, SessionList};
use store::session::RevokeReason;
use uuid::Uuid;

use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::server::Server;
use crate::session_view::{lives, summary};

/// The caller's live sessions, newest first.
#[utoipa::path(
    get,
    path = "/auth/sessions",
    tag = "sessions",
    responses((status = 200, description = "The caller's live sessions", body = SessionList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
) -> Result<axum::Json<SessionList>, Failure> {
    let own = &caller.identity.session;
    let sessions = server
        .store
        .live_sessions(own.user_id, caller.now)
        .await?
        .into_iter()
        .filter(|identity| lives(&server, identity, caller.now))
        .filter_map(|identity| summary(&server, identity, own.id))
        .collect();
    Ok(axum::Json(SessionList { sessions }))
}

/// Closes another of the caller's sessions. Needs the password again.
#[utoipa::path(
    post,
    path = "/auth/sessions/{id}/revoke",
    tag = "sessions",
    params(("id" = Uuid, Path, description = "The session to close")),
    responses((status = 200, description = "Closed", body = Revoked))
)]
pub(super) async fn revoke(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Revoked>, Failure> {
    // An id that is none, an unknown one and somebody else's must not be told apart.
    let not_found = || Failure::new(ErrorCode::SessionNotFound);
    let id = id.parse::<Uuid>();
    let own = &caller.identity.session;
    if id.as_ref().is_ok_and(|id| *id == own.id) {
        return Err(Failure::new(ErrorCode::CannotRevokeCurrentSession));
    }
    caller.confirmed()?;
    let id = id.map_err(|_| not_found())?;
    let audit = caller.audit("session.revoked").target("session", id);
    let ended = server
        .store
        .revoke_session(
            id,
            Some(own.user_id),
            None,
            RevokeReason::ByOwner,
            caller.now,
            audit,
        )
        .await?;
    if ended {
        Ok(axum::Json(Revoked { revoked: 1 }))
    } else {
        Err(not_found())
    }
}

/// Closes all of the caller's other sessions. Needs the password again.
#[utoipa::path(
    post,
    path = "/auth/sessions/revoke-others",
    tag = "sessions",
    responses((status = 200, description = "Closed", body = Revoked))
)]
pub(super) async fn revoke_others(
    State(server): State<Server>,
    caller: Caller,
) -> Result<axum::Json<Revoked>, Failure> {
    caller.confirmed()?;
    let own = &caller.identity.session;
    let audit = caller.audit("session.others_revoked").target("user", own.user_id);
    let revoked = server
        .store
        .revoke_user_sessions(
            own.user_id,
            None,
            Some(own.id),
            RevokeReason::ByOwner,
            caller.now,
            audit,
        )
        .await?;
    Ok(axum::Json(Revoked { revoked }))
}
