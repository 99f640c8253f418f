//! The organisation's session settings and the device's own.

use protocol::settings::SessionSettings;
use tauri::State;

use crate::administration::lifetimes;
use crate::controller::{ControllerHandle, Request};
use crate::view::{AppView, DeviceSettings, ServerView, UiError};

/// The lifetimes of the organisation's sessions.
#[tauri::command]
#[specta::specta]
pub async fn session_settings(app: State<'_, ControllerHandle>) -> Result<SessionSettings, UiError> {
    lifetimes::read(&app.client().await?).await
}

/// Changes them; administrators only.
#[tauri::command]
#[specta::specta]
pub async fn put_session_settings(
    app: State<'_, ControllerHandle>,
    settings: SessionSettings,
) -> Result<SessionSettings, UiError> {
    lifetimes::put(&app.client().await?, &settings).await
}

/// Changes the device's settings. Language and colours at once; the server only where no unsent work is left behind.
#[tauri::command]
#[specta::specta]
pub async fn device_settings_put(
    app: State<'_, ControllerHandle>,
    settings: DeviceSettings,
) -> Result<AppView, UiError> {
    app.ask(|reply| Request::PutDeviceSettings {
        settings: Box::new(settings),
        reply,
    })
    .await
}

/// Says whether a Vigie server answers at this address.
#[tauri::command]
#[specta::specta]
pub async fn test_server(
    app: State<'_, ControllerHandle>,
    server: ServerView,
    ca_file: Option<String>,
) -> Result<(), UiError> {
    app.ask(|reply| Request::TestServer {
        server,
        ca_file,
        reply,
    })
    .await
}
