//! An organisation's session settings, for those who administer it.

use axum::extract::State;
use protocol::ErrorCode;
use protocol::settings::SessionSettings;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::Json;
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::server::Server;

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get, put))
}

/// The lifetimes of the organisation's sessions.
#[utoipa::path(
    get,
    path = "/admin/settings/session",
    tag = "admin",
    responses((status = 200, description = "As they stand", body = SessionSettings))
)]
async fn get(State(server): State<Server>, caller: Caller) -> Result<axum::Json<SessionSettings>, Failure> {
    caller.administers()?;
    Ok(axum::Json(
        server
            .store
            .session_settings(caller.identity.session.organization_id)
            .await?,
    ))
}

/// Changes the lifetimes of the organisation's sessions.
#[utoipa::path(
    put,
    path = "/admin/settings/session",
    tag = "admin",
    request_body = SessionSettings,
    responses((status = 200, description = "As they now stand", body = SessionSettings))
)]
async fn put(
    State(server): State<Server>,
    caller: Caller,
    Json(settings): Json<SessionSettings>,
) -> Result<axum::Json<SessionSettings>, Failure> {
    caller.administers()?;
    settings.check().map_err(|incoherent| {
        Failure::new(ErrorCode::SettingsIncoherent)
            .at(incoherent.field)
            .detail(incoherent.reason)
    })?;
    let organization_id = caller.identity.session.organization_id;
    let before = server.store.session_settings(organization_id).await?;
    let audit = caller
        .audit("settings.session_changed")
        .target("organization", organization_id)
        .changed(&serde_json::json!(before), &serde_json::json!(settings))
        .detail(serde_json::json!({ "before": before, "after": settings }));
    server
        .store
        .put_session_settings(organization_id, settings, audit)
        .await?;
    Ok(axum::Json(settings))
}
