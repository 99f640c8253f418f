//! Ending an impersonation before its time: by whoever began it, or by any super admin.

use axum::extract::{Path, State};
use http::StatusCode;
use protocol::ErrorCode;
use store::{Identity, ImpersonationEnd};

use super::grant::{named, not_found};
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::server::Server;

/// Stops an impersonation that the caller began, with the token of one's own session or with its own.
#[utoipa::path(
    post,
    path = "/impersonations/{id}/stop",
    tag = "impersonation",
    params(("id" = Uuid, Path, description = "The impersonation's session")),
    responses((status = 204, description = "Stopped"))
)]
pub(super) async fn stop(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<StatusCode, Failure> {
    let impersonator_user_id = match &caller.impersonator {
        None => caller.identity.session.user_id,
        Some(impersonator) => impersonator.session.user_id,
    };
    let identity = named(&server, &text).await?;
    let by = identity.session.impersonator.ok_or_else(not_found)?;
    if caller.impersonator.is_some() && identity.session.id != caller.identity.session.id {
        let audit = caller
            .audit("impersonation.refused")
            .denied()
            .target("session", identity.session.id);
        server.store.audit(audit).await?;
        return Err(Failure::new(ErrorCode::ForbiddenWhileImpersonating));
    }
    if by.user_id != impersonator_user_id {
        return Err(not_found());
    }
    let end = ImpersonationEnd::Stopped { impersonator_user_id };
    finish(&server, &caller, &identity, end).await
}

/// Stops anybody's impersonation, as only a super admin may: it is effective on its next request. Needs the password again.
#[utoipa::path(
    post,
    path = "/impersonations/{id}/force-stop",
    tag = "impersonation",
    params(("id" = Uuid, Path, description = "The impersonation's session")),
    responses((status = 204, description = "Stopped"))
)]
pub(super) async fn force_stop(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<StatusCode, Failure> {
    caller.stands_above()?;
    let identity = named(&server, &text).await?;
    caller.confirmed()?;
    finish(&server, &caller, &identity, ImpersonationEnd::Forced).await
}

async fn finish(
    server: &Server,
    caller: &Caller,
    identity: &Identity,
    end: ImpersonationEnd,
) -> Result<StatusCode, Failure> {
    let session = &identity.session;
    let action = match end {
        ImpersonationEnd::Stopped { .. } => "impersonation.stopped",
        ImpersonationEnd::Forced => "impersonation.force_stopped",
    };
    let lasted_ms = caller.now.saturating_sub(session.created_at);
    let audit = caller
        .audit(action)
        .organization(session.organization_id)
        .target("session", session.id)
        .detail(serde_json::json!({
            "impersonator_user_id": session.impersonator.map(|by| by.user_id),
            "lasted_seconds": lasted_ms / 1_000,
        }))
        .impersonated(session.user_id);
    let ended = server
        .store
        .end_impersonation(session.id, end, caller.now, audit)
        .await?;
    if ended {
        tracing::info!(session = %session.id, action, "an impersonation ended");
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(not_found())
    }
}
