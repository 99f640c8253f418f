//! Who the caller is.

use axum::extract::State;
use protocol::auth::Me;
use protocol::impersonation::ImpersonationParty;
use store::Identity;

use crate::caller::{Newcomer, role_of};
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::server::Server;

/// The caller, in the session's organisation.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, description = "The caller", body = Me)))]
pub(super) async fn me(
    State(server): State<Server>,
    Newcomer(caller): Newcomer,
) -> Result<axum::Json<Me>, Failure> {
    let behind = caller.impersonator.map(|by| ImpersonationParty {
        user_id: by.session.user_id,
        username: by.username,
        display_name: by.display_name,
    });
    let ends_at = behind
        .as_ref()
        .map(|_| wire_time(caller.identity.session.expires_at));
    let me = me_of(&server, caller.identity).await?;
    Ok(axum::Json(Me {
        impersonator: behind,
        impersonation_ends_at: ends_at,
        ..me
    }))
}

/// Who this session is, as if nobody else acted as the user.
///
/// # Errors
/// Where the store cannot be asked.
pub(super) async fn me_of(server: &Server, identity: Identity) -> Result<Me, Failure> {
    let user = server.store.user(identity.session.user_id).await?;
    let organizations = user.map_or(0, |user| user.memberships.len());
    let role = role_of(&identity).ok_or_else(|| {
        Failure::new(protocol::ErrorCode::SessionRevoked).detail("no longer a member of the organisation")
    })?;
    Ok(Me {
        user_id: identity.session.user_id,
        username: identity.username,
        display_name: identity.display_name,
        organization_id: identity.session.organization_id,
        organization_name: identity.organization_name,
        current_organization_role: role,
        site_id: identity.session.site_id,
        site_name: identity.site_name,
        super_admin: identity.super_admin,
        must_change_password: identity.one_time_password,
        lock_after_minutes: identity.settings.lock_after_minutes,
        organizations: u32::try_from(organizations).unwrap_or(u32::MAX),
        impersonator: None,
        impersonation_ends_at: None,
    })
}
