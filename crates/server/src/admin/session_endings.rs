//! Ending sessions: one, a user's, an organisation's, or all. The caller's own goes on in every case.

use axum::extract::{Path, State};
use protocol::ErrorCode;
use protocol::session::Revoked;
use store::RevokeReason;
use uuid::Uuid;

use super::fields::id;
use super::user_view::{actor, subject};
use crate::authority::{Act, Denied, Person, may, may_end_all_of};
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::server::Server;

const REASON: RevokeReason = RevokeReason::ByAdministrator;

/// Ends one session. Needs the password again.
#[utoipa::path(
    post,
    path = "/admin/sessions/{id}/revoke",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 200, description = "Ended", body = Revoked))
)]
pub(super) async fn one(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<axum::Json<Revoked>, Failure> {
    caller.administers()?;
    let not_found = || Failure::new(ErrorCode::SessionNotFound);
    let session_id = id(&text, ErrorCode::SessionNotFound)?;
    if session_id == caller.identity.session.id {
        return Err(Failure::new(ErrorCode::CannotRevokeCurrentSession));
    }
    let identity = server.store.identity(session_id).await?.ok_or_else(not_found)?;
    let session = identity.session;
    if scope(&caller).is_some_and(|organization_id| organization_id != session.organization_id) {
        return Err(not_found());
    }
    let actor = actor(&server, &caller).await?;
    if let Some(owner) = server.store.user(session.user_id).await? {
        may(
            &actor,
            caller.organization_id(),
            Act::RevokeSessions,
            &Person::of(&owner),
        )
        .map_err(|denied| match denied {
            // A super admin who visits stands on the list of sessions: that there is such a session is no secret.
            Denied::Unseen if owner.super_admin => Denied::Forbidden.into(),
            Denied::Unseen => not_found(),
            Denied::Forbidden => denied.into(),
        })?;
    }
    caller.confirmed()?;
    let audit = caller
        .audit("session.revoked")
        .organization(session.organization_id)
        .target("session", session_id);
    let ended = server
        .store
        .revoke_session(session_id, None, scope(&caller), REASON, caller.now, audit)
        .await?;
    if ended {
        Ok(axum::Json(Revoked { revoked: 1 }))
    } else {
        Err(not_found())
    }
}

/// Ends a user's sessions: those in the current organisation, or all for a super admin. Needs the password again.
#[utoipa::path(
    post,
    path = "/admin/users/{id}/revoke-sessions",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, description = "How many ended", body = Revoked))
)]
pub(super) async fn of_user(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<axum::Json<Revoked>, Failure> {
    caller.administers()?;
    let actor = actor(&server, &caller).await?;
    let user = subject(&server, &caller, &actor, &text).await?;
    may(
        &actor,
        caller.organization_id(),
        Act::RevokeSessions,
        &Person::of(&user),
    )?;
    caller.confirmed()?;
    let audit = caller.audit("user.sessions_revoked").target("user", user.id);
    let own = caller.identity.session.id;
    let revoked = server
        .store
        .revoke_user_sessions(user.id, scope(&caller), Some(own), REASON, caller.now, audit)
        .await?;
    Ok(axum::Json(Revoked { revoked }))
}

/// Ends all sessions of an organisation, as its owners may and a super admin. Needs the password again.
#[utoipa::path(
    post,
    path = "/admin/organizations/{id}/revoke-sessions",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The organisation")),
    responses((status = 200, description = "How many ended", body = Revoked))
)]
pub(super) async fn of_organization(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<axum::Json<Revoked>, Failure> {
    caller.administers()?;
    let not_found = || Failure::new(ErrorCode::OrganizationNotFound);
    let organization_id = id(&text, ErrorCode::OrganizationNotFound)?;
    if scope(&caller).is_some_and(|own| own != organization_id) {
        return Err(not_found());
    }
    let actor = actor(&server, &caller).await?;
    may_end_all_of(&actor, organization_id)?;
    let all = server.store.organizations().await?;
    if all.iter().all(|organization| organization.id != organization_id) {
        return Err(not_found());
    }
    caller.confirmed()?;
    let audit = caller
        .audit("organization.sessions_revoked")
        .organization(organization_id)
        .target("organization", organization_id);
    let own = caller.identity.session.id;
    let revoked = server
        .store
        .revoke_organization_sessions(organization_id, Some(own), REASON, caller.now, audit)
        .await?;
    tracing::warn!(organization = %organization_id, revoked, "all sessions of an organisation ended");
    Ok(axum::Json(Revoked { revoked }))
}

/// Ends all sessions of all organisations, as only a super admin may. Needs the password again.
#[utoipa::path(
    post,
    path = "/admin/sessions/revoke-all",
    tag = "admin",
    responses((status = 200, description = "How many ended", body = Revoked))
)]
pub(super) async fn all(
    State(server): State<Server>,
    caller: Caller,
) -> Result<axum::Json<Revoked>, Failure> {
    caller.stands_above()?;
    caller.confirmed()?;
    let audit = caller
        .audit("sessions.all_revoked")
        .target("user", caller.identity.session.user_id);
    let own = caller.identity.session.id;
    let revoked = server
        .store
        .revoke_all_sessions(Some(own), REASON, caller.now, audit)
        .await?;
    tracing::warn!(revoked, "all sessions of all organisations ended");
    Ok(axum::Json(Revoked { revoked }))
}

/// The organisation beyond which the caller ends nothing; none for somebody who stands above all of them.
fn scope(caller: &Caller) -> Option<Uuid> {
    (!caller.identity.super_admin).then(|| caller.organization_id())
}
