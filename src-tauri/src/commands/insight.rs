//! What happens to sessions, in figures.

use protocol::insight::{SessionMetrics, SufferingDevices, TopErrors};
use tauri::State;

use crate::administration::insight;
use crate::controller::ControllerHandle;
use crate::view::UiError;
use crate::view::insight::{ErrorsQuery, InsightQuery, SavedFile};

/// The figures of a range.
#[tauri::command]
#[specta::specta]
pub async fn session_metrics(
    app: State<'_, ControllerHandle>,
    query: InsightQuery,
) -> Result<SessionMetrics, UiError> {
    insight::metrics(&app.client().await?, query).await
}

/// Failures that have one thing in common, a page of them.
#[tauri::command]
#[specta::specta]
pub async fn top_errors(app: State<'_, ControllerHandle>, query: ErrorsQuery) -> Result<TopErrors, UiError> {
    insight::errors(&app.client().await?, query).await
}

/// The devices that suffered by their own count.
#[tauri::command]
#[specta::specta]
pub async fn suffering_devices(
    app: State<'_, ControllerHandle>,
    query: InsightQuery,
) -> Result<SufferingDevices, UiError> {
    insight::devices(&app.client().await?, query).await
}

/// Saves the figures as a table among the user's downloads, and says where.
#[tauri::command]
#[specta::specta]
pub async fn export_session_metrics(
    app: State<'_, ControllerHandle>,
    query: InsightQuery,
) -> Result<SavedFile, UiError> {
    insight::export(&app.client().await?, query, &app.downloads()).await
}
