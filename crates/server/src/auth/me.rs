//! Who the caller is.

use axum::extract::State;
use protocol::auth::Me;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::server::Server;

/// The caller, in the session's organisation.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, description = "The caller", body = Me)))]
pub(super) async fn me(State(server): State<Server>, caller: Caller) -> Result<axum::Json<Me>, Failure> {
    let identity = caller.identity;
    let (settings, user) = tokio::try_join!(
        server.store.session_settings(identity.session.organization_id),
        server.store.user_by_name(&identity.username)
    )?;
    Ok(axum::Json(Me {
        user_id: identity.session.user_id,
        username: identity.username,
        display_name: identity.display_name,
        organization_id: identity.session.organization_id,
        organization_name: identity.organization_name,
        current_organization_role: caller.role,
        site_id: identity.session.site_id,
        site_name: identity.site_name,
        super_admin: false,
        must_change_password: user.as_ref().is_some_and(|user| user.one_time_password),
        lock_after_minutes: settings.lock_after_minutes,
        organizations: user.map_or(0, |user| {
            u32::try_from(user.memberships.len()).unwrap_or(u32::MAX)
        }),
    }))
}
