//! Alerts on sessions and whom they are told to.

use protocol::alert::{AlertList, AlertTest, AlertTestAnswer, MailSettings, MonitoringSettings};
use tauri::State;

use crate::administration::alerts as office;
use crate::controller::ControllerHandle;
use crate::view::UiError;
use crate::view::alerts::NewMailSettings;

/// Alerts, a page of them.
#[tauri::command]
#[specta::specta]
pub async fn alerts(app: State<'_, ControllerHandle>, after: Option<String>) -> Result<AlertList, UiError> {
    office::list(&app.client().await?, after).await
}

/// When there is an alert, and whom it is told to.
#[tauri::command]
#[specta::specta]
pub async fn monitoring_settings(app: State<'_, ControllerHandle>) -> Result<MonitoringSettings, UiError> {
    office::monitoring(&app.client().await?).await
}

/// Changes that; administrators only.
#[tauri::command]
#[specta::specta]
pub async fn put_monitoring_settings(
    app: State<'_, ControllerHandle>,
    settings: MonitoringSettings,
) -> Result<MonitoringSettings, UiError> {
    office::put_monitoring(&app.client().await?, &settings).await
}

/// Sends a letter or a call for a try, and says what came of it.
#[tauri::command]
#[specta::specta]
pub async fn test_alert(
    app: State<'_, ControllerHandle>,
    what: AlertTest,
) -> Result<AlertTestAnswer, UiError> {
    office::test(&app.client().await?, &what).await
}

/// The way to the mail server, without its password.
#[tauri::command]
#[specta::specta]
pub async fn mail_settings(app: State<'_, ControllerHandle>) -> Result<MailSettings, UiError> {
    office::mail(&app.client().await?).await
}

/// Changes it; super admins only.
#[tauri::command]
#[specta::specta]
pub async fn put_mail_settings(
    app: State<'_, ControllerHandle>,
    settings: NewMailSettings,
) -> Result<MailSettings, UiError> {
    office::put_mail(&app.client().await?, settings).await
}
