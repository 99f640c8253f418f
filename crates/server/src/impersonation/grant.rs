//! The access tokens of an impersonation, given out through the session that it was begun from.

use axum::extract::{Path, State};
use protocol::ErrorCode;
use protocol::auth::OrganizationRole;
use protocol::impersonation::{ImpersonationGrant, ImpersonationParty};
use protocol::settings::SessionSettings;
use store::{Identity, Impersonator, Millis, SessionRow};
use uuid::Uuid;

use super::address::allowed;
use crate::access_token::{Actor, Subject};
use crate::caller::{Caller, live};
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::lifetimes::{access_seconds, refresh_in_seconds, seconds_until};
use crate::server::Server;

/// Another access token for an impersonation, asked for with the token of the session that it was begun from.
#[utoipa::path(
    post,
    path = "/impersonations/{id}/token",
    tag = "impersonation",
    params(("id" = Uuid, Path, description = "The impersonation's session")),
    responses((status = 200, description = "An access token for the impersonation", body = ImpersonationGrant))
)]
pub(super) async fn token(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<axum::Json<ImpersonationGrant>, Failure> {
    caller.stands_above()?;
    let identity = of_caller(&server, &caller, &text).await?;
    let role = live(&server, &identity, caller.now)?;
    let settings = server.store.impersonation_settings().await?;
    allowed(&settings.allowed_networks, &caller.client)?;
    let granted = Granted {
        role,
        settings: &identity.settings,
        user: ImpersonationParty {
            user_id: identity.session.user_id,
            username: identity.username,
            display_name: identity.display_name,
        },
        organization_name: identity.organization_name,
        session: &identity.session,
    };
    grant(&server, granted, caller.now).map(axum::Json)
}

/// The impersonation that hangs on the caller's own session.
async fn of_caller(server: &Server, caller: &Caller, text: &str) -> Result<Identity, Failure> {
    let own = Impersonator {
        user_id: caller.identity.session.user_id,
        session_id: caller.identity.session.id,
    };
    let identity = named(server, text).await?;
    if identity.session.impersonator == Some(own) {
        Ok(identity)
    } else {
        Err(not_found())
    }
}

/// The impersonation that a path names, over or not.
///
/// # Errors
/// [`ErrorCode::ImpersonationNotFound`]
pub(super) async fn named(server: &Server, text: &str) -> Result<Identity, Failure> {
    let id: Uuid = text.parse().map_err(|_| not_found())?;
    let found = server.store.identity(id).await?;
    found
        .filter(|identity| identity.session.impersonator.is_some())
        .ok_or_else(not_found)
}

pub(super) fn not_found() -> Failure {
    Failure::new(ErrorCode::ImpersonationNotFound)
}

/// What a grant is made of. All of it is at hand before an impersonation begins: an answer that needed the store once more
/// could leave one behind that nobody was told of.
pub(super) struct Granted<'a> {
    pub(super) session: &'a SessionRow,
    pub(super) role: OrganizationRole,
    pub(super) settings: &'a SessionSettings,
    pub(super) user: ImpersonationParty,
    pub(super) organization_name: String,
}

/// An access token that lives as long as the settings say and never beyond the impersonation.
///
/// # Errors
/// Where it cannot be signed.
pub(super) fn grant(
    server: &Server,
    granted: Granted<'_>,
    now: Millis,
) -> Result<ImpersonationGrant, Failure> {
    let Granted {
        session,
        role,
        settings,
        user,
        organization_name,
    } = granted;
    let by = session.impersonator.ok_or_else(not_found)?;
    let subject = Subject {
        user_id: session.user_id,
        session_id: session.id,
        organization_id: session.organization_id,
        role,
        actor: Some(Actor {
            sub: by.user_id,
            sid: by.session_id,
        }),
    };
    let expires_in = access_seconds(settings, &server.options.testing, session, now);
    let access_token = server
        .access_tokens
        .sign(subject, now, expires_in)
        .map_err(|fault| Failure::internal(&fault))?;
    Ok(ImpersonationGrant {
        session_id: session.id,
        access_token,
        token_type: "Bearer".to_owned(),
        expires_in,
        refresh_in: refresh_in_seconds(expires_in),
        user,
        organization_id: session.organization_id,
        organization_name,
        started_at: wire_time(session.created_at),
        expires_at: wire_time(session.expires_at),
        absolute_expires_in: seconds_until(session.expires_at, now),
        server_time: wire_time(now),
    })
}
