//! Acting as somebody else, and everybody who does.

use protocol::impersonation::{ImpersonationSettings, StartImpersonationRequest};
use tauri::State;

use crate::administration::impersonation;
use crate::controller::{ControllerHandle, Request};
use crate::view::impersonation::LiveImpersonation;
use crate::view::{AppView, UiError, UiErrorCode};

/// Begins to act as somebody else. Every command works with that one's rights from then on, and nothing is kept on this
/// device, until it is stopped or over.
#[tauri::command]
#[specta::specta]
pub async fn start_impersonation(
    app: State<'_, ControllerHandle>,
    user_id: String,
    organization_id: Option<String>,
    reason: String,
) -> Result<AppView, UiError> {
    let id = |text: &str, missing: UiErrorCode| text.parse().map_err(|_| UiError::from(missing));
    let request = StartImpersonationRequest {
        user_id: id(&user_id, UiErrorCode::UserNotFound)?,
        organization_id: organization_id
            .map(|text| id(&text, UiErrorCode::OrganizationNotFound))
            .transpose()?,
        reason,
    };
    app.ask(|reply| Request::StartImpersonation {
        request: Box::new(request),
        reply,
    })
    .await
}

/// Stops an impersonation that the operator began: the one under way, or one left behind.
#[tauri::command]
#[specta::specta]
pub async fn stop_impersonation(
    app: State<'_, ControllerHandle>,
    session_id: String,
) -> Result<AppView, UiError> {
    app.ask(|reply| Request::StopImpersonation { session_id, reply })
        .await
}

/// Puts away how the last one ended.
#[tauri::command]
#[specta::specta]
pub async fn put_impersonation_end_away(app: State<'_, ControllerHandle>) -> Result<AppView, UiError> {
    app.ask(Request::PutImpersonationEndAway).await
}

/// Everybody's impersonations that last.
#[tauri::command]
#[specta::specta]
pub async fn live_impersonations(
    app: State<'_, ControllerHandle>,
) -> Result<Vec<LiveImpersonation>, UiError> {
    impersonation::live(&app.client().await?, app.wall_ms()).await
}

/// Forces anybody's to stop.
#[tauri::command]
#[specta::specta]
pub async fn force_stop_impersonation(
    app: State<'_, ControllerHandle>,
    session_id: String,
) -> Result<(), UiError> {
    impersonation::force_stop(&app.client().await?, &session_id).await
}

/// Under what conditions there are impersonations.
#[tauri::command]
#[specta::specta]
pub async fn impersonation_settings(
    app: State<'_, ControllerHandle>,
) -> Result<ImpersonationSettings, UiError> {
    impersonation::settings(&app.client().await?).await
}

/// Sets them.
#[tauri::command]
#[specta::specta]
pub async fn put_impersonation_settings(
    app: State<'_, ControllerHandle>,
    settings: ImpersonationSettings,
) -> Result<ImpersonationSettings, UiError> {
    impersonation::put_settings(&app.client().await?, &settings).await
}
