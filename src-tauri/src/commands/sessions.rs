//! The operator's own sessions.

use tauri::State;

use crate::controller::{ControllerHandle, Request};
use crate::view::{MySession, UiError};

/// The operator's own live sessions, newest first.
#[tauri::command]
#[specta::specta]
pub async fn my_sessions(app: State<'_, ControllerHandle>) -> Result<Vec<MySession>, UiError> {
    app.ask(Request::MySessions).await
}

/// Ends one of them, and says how many that were.
#[tauri::command]
#[specta::specta]
pub async fn revoke_session(app: State<'_, ControllerHandle>, session_id: String) -> Result<u32, UiError> {
    app.ask(|reply| Request::RevokeSession { session_id, reply })
        .await
}

/// Ends all but this one, and says how many that were.
#[tauri::command]
#[specta::specta]
pub async fn revoke_other_sessions(app: State<'_, ControllerHandle>) -> Result<u32, UiError> {
    app.ask(Request::RevokeOtherSessions).await
}
