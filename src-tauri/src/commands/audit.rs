//! Who did what to what.

use protocol::audit::AuditPage;
use tauri::State;

use crate::administration::audit as log;
use crate::controller::ControllerHandle;
use crate::view::UiError;
use crate::view::audit::{AuditFormat, AuditQuery};
use crate::view::insight::SavedFile;

/// Lines of the audit log, a page of them, newest first.
#[tauri::command]
#[specta::specta]
pub async fn audit(
    app: State<'_, ControllerHandle>,
    query: AuditQuery,
    after: Option<String>,
) -> Result<AuditPage, UiError> {
    log::page(&app.client().await?, query, after).await
}

/// Saves the lines that fit among the user's downloads, and says where.
#[tauri::command]
#[specta::specta]
pub async fn export_audit(
    app: State<'_, ControllerHandle>,
    query: AuditQuery,
    format: AuditFormat,
) -> Result<SavedFile, UiError> {
    log::export(&app.client().await?, query, format, &app.downloads()).await
}
