//! Signing out.

use axum::extract::State;
use protocol::session::Revoked;
use store::session::RevokeReason;

use crate::caller::Newcomer;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::server::Server;

/// Ends this session: its refresh and access tokens are both dead.
#[utoipa::path(
    post,
    path = "/auth/logout",
    tag = "auth",
    responses((status = 200, description = "Signed out", body = Revoked))
)]
pub(super) async fn logout(
    State(server): State<Server>,
    Newcomer(caller): Newcomer,
) -> Result<axum::Json<Revoked>, Failure> {
    let session = &caller.identity.session;
    let audit = caller.audit("session.signed_out").target("session", session.id);
    let ended = server
        .store
        .revoke_session(session.id, None, None, RevokeReason::SignedOut, caller.now, audit)
        .await?;
    tracing::info!(user = %session.user_id, session = %session.id, "signed out");
    Ok(axum::Json(Revoked {
        revoked: u32::from(ended),
    }))
}
