//! Signing in, staying signed in, signing out.

use protocol::Secret;
use tauri::State;

use crate::controller::{ControllerHandle, FirstAccount, Request, Unsent};
use crate::view::{AppView, RetryOutcome, UiError};

/// The view as it is now. Subscribe to the event first, then ask.
#[tauri::command]
#[specta::specta]
pub fn app_view(app: State<'_, ControllerHandle>) -> AppView {
    app.view()
}

/// Signs in at the configured server; over the work when a session has ended under it.
#[tauri::command]
#[specta::specta]
pub async fn sign_in(
    app: State<'_, ControllerHandle>,
    username: String,
    password: String,
) -> Result<AppView, UiError> {
    let password = Secret::new(password);
    app.ask(|reply| Request::SignIn {
        username,
        password,
        reply,
    })
    .await
}

/// Tries to reach the server now and says what came of it.
#[tauri::command]
#[specta::specta]
pub async fn retry(app: State<'_, ControllerHandle>) -> Result<RetryOutcome, UiError> {
    app.ask(Request::Retry).await
}

/// Signs out on this device. With unsent work it answers `work_unsent`, unless told to leave that work here.
#[tauri::command]
#[specta::specta]
pub async fn sign_out(app: State<'_, ControllerHandle>, leave_unsent: bool) -> Result<AppView, UiError> {
    let unsent = if leave_unsent {
        Unsent::Leave
    } else {
        Unsent::Guard
    };
    app.ask(|reply| Request::SignOut { unsent, reply }).await
}

/// The operator touched the device: real input. At most once in 5 s.
#[tauri::command]
#[specta::specta]
pub fn operator_input(app: State<'_, ControllerHandle>) {
    app.tell(Request::OperatorInput);
}

/// Makes the first account of the server inside the app, as its owner, and signs in with it.
#[tauri::command]
#[specta::specta]
pub async fn first_operator(
    app: State<'_, ControllerHandle>,
    organization_name: String,
    username: String,
    display_name: String,
    password: String,
) -> Result<AppView, UiError> {
    let account = FirstAccount {
        organization_name,
        username,
        display_name,
        password: Secret::new(password),
    };
    app.ask(|reply| Request::FirstOperator { account, reply }).await
}
