//! Under what conditions there are impersonations, as super admins set them for the whole server.

use axum::extract::State;
use protocol::impersonation::ImpersonationSettings;

use super::address::networks;
use crate::body::Json;
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::server::Server;

/// Under what conditions there are impersonations.
#[utoipa::path(
    get,
    path = "/admin/settings/impersonation",
    tag = "impersonation",
    responses((status = 200, description = "As they stand", body = ImpersonationSettings))
)]
pub(super) async fn get(
    State(server): State<Server>,
    caller: Caller,
) -> Result<axum::Json<ImpersonationSettings>, Failure> {
    caller.stands_above()?;
    Ok(axum::Json(server.store.impersonation_settings().await?))
}

/// Sets them. Needs the password again.
#[utoipa::path(
    put,
    path = "/admin/settings/impersonation",
    tag = "impersonation",
    request_body = ImpersonationSettings,
    responses((status = 200, description = "As they now stand", body = ImpersonationSettings))
)]
pub(super) async fn put(
    State(server): State<Server>,
    caller: Caller,
    Json(asked): Json<ImpersonationSettings>,
) -> Result<axum::Json<ImpersonationSettings>, Failure> {
    caller.stands_above()?;
    caller.confirmed()?;
    let settings = ImpersonationSettings {
        allowed_networks: networks(&asked.allowed_networks)?,
        tell_target: asked.tell_target,
    };
    let before = server.store.impersonation_settings().await?;
    let audit = caller
        .audit("settings.impersonation_changed")
        .changed(&serde_json::json!(before), &serde_json::json!(settings));
    server
        .store
        .put_impersonation_settings(settings.clone(), audit)
        .await?;
    Ok(axum::Json(settings))
}
