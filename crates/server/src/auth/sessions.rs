//! The caller's own sessions: seeing them and closing the others.

use axum::extract::{Path, State};
use protocol::ErrorCode;
use protocol::session::{Revoked, SessionList, SessionSummary};
use store::Identity;
use store::rotation::over;
use store::session::RevokeReason;
use uuid::Uuid;

use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::lifetimes::{idle_expires_at, idle_timeout_ms};
use crate::server::Server;
use crate::user_agent::application;

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
        .filter(|identity| {
            let idle = idle_timeout_ms(identity.idle_timeout_ms(), &server.options.testing);
            over(&identity.session, idle, caller.now).is_none()
        })
        .filter_map(|identity| summary(&server, identity, own.id))
        .collect();
    Ok(axum::Json(SessionList { sessions }))
}

/// Closes another of the caller's sessions.
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
    let id = id.parse::<Uuid>().map_err(|_| not_found())?;
    let own = &caller.identity.session;
    if id == own.id {
        return Err(Failure::new(ErrorCode::CannotRevokeCurrentSession));
    }
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

/// Closes all of the caller's other sessions.
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

fn summary(server: &Server, identity: Identity, current: Uuid) -> Option<SessionSummary> {
    let role = identity.role?;
    let idle_ms = idle_timeout_ms(identity.idle_timeout_ms(), &server.options.testing);
    let session = identity.session;
    Some(SessionSummary {
        is_current: session.id == current,
        session_id: session.id,
        organization_id: session.organization_id,
        organization_name: identity.organization_name,
        organization_role: role,
        ip_address: session.origin.ip_address,
        application: application(&session.origin.user_agent),
        user_agent: session.origin.user_agent,
        site_name: identity.site_name,
        idle_expires_at: idle_expires_at(session.device_kind, session.last_input_at, idle_ms).map(wire_time),
        is_bound: session.device_key.is_some(),
        device_name: session.device_name,
        device_kind: session.device_kind,
        created_at: wire_time(session.created_at),
        last_used_at: wire_time(session.last_used_at),
        expires_at: wire_time(session.expires_at),
    })
}
