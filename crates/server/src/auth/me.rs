//! Who the caller is.

use protocol::auth::Me;

use crate::caller::Caller;

/// The caller, in the session's organisation.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, description = "The caller", body = Me)))]
pub(super) async fn me(caller: Caller) -> axum::Json<Me> {
    let identity = caller.identity;
    axum::Json(Me {
        user_id: identity.session.user_id,
        username: identity.username,
        display_name: identity.display_name,
        organization_id: identity.session.organization_id,
        organization_name: identity.organization_name,
        current_organization_role: caller.role,
        site_id: identity.session.site_id,
        site_name: identity.site_name,
    })
}
