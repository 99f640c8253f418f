//! The operator's own account: sessions, organisation, password, security notices.

use protocol::Secret;
use tauri::State;

use crate::controller::{ControllerHandle, Request};
use crate::sessions;
use crate::view::{AppView, MySession, OwnOrganization, Reauthenticated, UiError};

/// The operator's own live sessions, newest first.
#[tauri::command]
#[specta::specta]
pub async fn my_sessions(app: State<'_, ControllerHandle>) -> Result<Vec<MySession>, UiError> {
    sessions::mine(&app.client().await?).await
}

/// Ends one of them, and says how many that were.
#[tauri::command]
#[specta::specta]
pub async fn revoke_session(app: State<'_, ControllerHandle>, session_id: String) -> Result<u32, UiError> {
    sessions::revoke(&app.client().await?, &session_id).await
}

/// Ends all but this one, and says how many that were.
#[tauri::command]
#[specta::specta]
pub async fn revoke_other_sessions(app: State<'_, ControllerHandle>) -> Result<u32, UiError> {
    sessions::revoke_others(&app.client().await?).await
}

/// Gives the password again, where a call answered `reauthentication_required`.
#[tauri::command]
#[specta::specta]
pub async fn reauthenticate(
    app: State<'_, ControllerHandle>,
    password: String,
) -> Result<Reauthenticated, UiError> {
    sessions::reauthenticate(&app.client().await?, Secret::new(password)).await
}

/// Changes the password. All other sessions end.
#[tauri::command]
#[specta::specta]
pub async fn change_password(
    app: State<'_, ControllerHandle>,
    current_password: String,
    new_password: String,
) -> Result<AppView, UiError> {
    let (current, new) = (Secret::new(current_password), Secret::new(new_password));
    sessions::change_password(&app.client().await?, current, new).await?;
    app.ask(Request::LookAgain).await
}

/// The organisations the operator may work in.
#[tauri::command]
#[specta::specta]
pub async fn organizations(app: State<'_, ControllerHandle>) -> Result<Vec<OwnOrganization>, UiError> {
    sessions::organizations(&app.client().await?).await
}

/// Works in another organisation from now on. With sales still to be sent it answers `work_unsent`.
#[tauri::command]
#[specta::specta]
pub async fn switch_organization(
    app: State<'_, ControllerHandle>,
    organization_id: String,
) -> Result<AppView, UiError> {
    app.ask(|reply| Request::SwitchOrganization {
        organization_id,
        reply,
    })
    .await
}

/// Puts a security notice away.
#[tauri::command]
#[specta::specta]
pub async fn put_notice_away(app: State<'_, ControllerHandle>, id: String) -> Result<AppView, UiError> {
    app.ask(|reply| Request::PutNoticeAway { id, reply }).await
}
