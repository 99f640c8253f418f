//! Alerts on sessions, whom they are told to, and the mail server they go through.

use http::Method;
use keeper::AuthorisedClient;
use protocol::Secret;
use protocol::alert::{
    AlertList, AlertTest, AlertTestAnswer, MailSettings, MailSettingsChange, MonitoringSettings,
};

use super::with_query;
use crate::api;
use crate::view::UiError;
use crate::view::alerts::NewMailSettings;

const PAGE: u32 = 20;
const MONITORING: &str = "/v1/admin/settings/monitoring";
const MAIL: &str = "/v1/admin/settings/mail";

/// A page of alerts: those that last, then the latest.
///
/// # Errors
/// Whatever stood in the way.
pub async fn list(client: &AuthorisedClient, after: Option<String>) -> Result<AlertList, UiError> {
    let path = with_query(
        "/v1/admin/alerts",
        &[("after", after), ("limit", Some(PAGE.to_string()))],
    );
    api::call(client, Method::GET, &path).await
}

/// When there is an alert, and whom it is told to.
///
/// # Errors
/// Whatever stood in the way.
pub async fn monitoring(client: &AuthorisedClient) -> Result<MonitoringSettings, UiError> {
    api::call(client, Method::GET, MONITORING).await
}

/// Changes that, and says as what it was taken.
///
/// # Errors
/// [`crate::view::UiErrorCode::ValidationFailed`] with the field, or whatever stood in the way.
pub async fn put_monitoring(
    client: &AuthorisedClient,
    settings: &MonitoringSettings,
) -> Result<MonitoringSettings, UiError> {
    api::call_with(client, Method::PUT, MONITORING, settings).await
}

/// Sends a letter or a call for a try.
///
/// # Errors
/// Whatever stood in the way of asking; what the other end said is in the answer.
pub async fn test(client: &AuthorisedClient, what: &AlertTest) -> Result<AlertTestAnswer, UiError> {
    api::call_with(client, Method::POST, "/v1/admin/alerts/test", what).await
}

/// The way to the mail server.
///
/// # Errors
/// Whatever stood in the way.
pub async fn mail(client: &AuthorisedClient) -> Result<MailSettings, UiError> {
    api::call(client, Method::GET, MAIL).await
}

/// Changes it, and says as what it was taken.
///
/// # Errors
/// [`crate::view::UiErrorCode::ValidationFailed`] with the field, or whatever stood in the way.
pub async fn put_mail(client: &AuthorisedClient, settings: NewMailSettings) -> Result<MailSettings, UiError> {
    let change = MailSettingsChange {
        host: settings.host,
        port: settings.port,
        security: settings.security,
        from: settings.from,
        to: settings.to,
        username: settings.username,
        password: settings.password.map(Secret::new),
    };
    api::call_with(client, Method::PUT, MAIL, &change).await
}
