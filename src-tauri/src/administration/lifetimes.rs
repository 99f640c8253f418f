//! The lifetimes of the organisation's sessions.

use http::Method;
use keeper::AuthorisedClient;
use protocol::settings::SessionSettings;

use crate::api;
use crate::view::UiError;

const SETTINGS: &str = "/v1/admin/settings/session";

/// As they are.
///
/// # Errors
/// Whatever stood in the way.
pub async fn read(client: &AuthorisedClient) -> Result<SessionSettings, UiError> {
    api::call(client, Method::GET, SETTINGS).await
}

/// Changes them, and says as what they were taken.
///
/// # Errors
/// [`crate::view::UiErrorCode::SettingsIncoherent`] with the field, or whatever stood in the way.
pub async fn put(client: &AuthorisedClient, settings: &SessionSettings) -> Result<SessionSettings, UiError> {
    api::call_with(client, Method::PUT, SETTINGS, settings).await
}
