//! What is watched in an organisation, and the one way to a mail server.

use protocol::alert::MonitoringSettings;
use serde::Serialize;
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::{MailRow, StoreError};
use uuid::Uuid;

use crate::column::{get, listed, number, number_if_any, text, unreadable};
use crate::fault::Fault;

const READ: &str = "SELECT retention_days, refresh_failure_percent, refresh_least, login_failures_of_account,
        login_failures_of_network, no_refresh_minutes, opening_hours, time_zone, recipients, language, repeat_minutes,
        webhook_url
    FROM monitoring_settings WHERE organization_id = $1";

const PUT: &str = "INSERT INTO monitoring_settings (organization_id, retention_days, refresh_failure_percent,
        refresh_least, login_failures_of_account, login_failures_of_network, no_refresh_minutes, opening_hours, time_zone,
        recipients, language, repeat_minutes, webhook_url)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (organization_id) DO UPDATE SET retention_days = $2, refresh_failure_percent = $3, refresh_least = $4,
        login_failures_of_account = $5, login_failures_of_network = $6, no_refresh_minutes = $7, opening_hours = $8,
        time_zone = $9, recipients = $10, language = $11, repeat_minutes = $12, webhook_url = $13";

const READ_MAIL: &str =
    "SELECT host, port, security, sender, recipient, username, sealed_password FROM mail_settings";

const PUT_MAIL: &str =
    "INSERT INTO mail_settings (one, host, port, security, sender, recipient, username, sealed_password)
    VALUES (1, $1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (one) DO UPDATE SET host = $1, port = $2, security = $3, sender = $4, recipient = $5, username = $6,
        sealed_password = $7";

/// The organisation's settings; the defaults where none were ever put.
pub(crate) async fn read(
    connection: &mut PgConnection,
    organization_id: Uuid,
) -> Result<MonitoringSettings, Fault> {
    let found = query(READ)
        .bind(organization_id)
        .fetch_optional(connection)
        .await?;
    match found {
        Some(row) => settings(&row),
        None => Ok(MonitoringSettings::default()),
    }
}

fn settings(row: &PgRow) -> Result<MonitoringSettings, Fault> {
    let language: &str = get(row, 9)?;
    Ok(MonitoringSettings {
        retention_days: number(row, 0)?,
        refresh_failure_percent: number(row, 1)?,
        refresh_least: number(row, 2)?,
        login_failures_of_account: number_if_any(row, 3)?,
        login_failures_of_network: number_if_any(row, 4)?,
        no_refresh_minutes: number_if_any(row, 5)?,
        opening_hours: listed(row, 6)?,
        time_zone: get(row, 7)?,
        recipients: listed(row, 8)?,
        language: language.parse().map_err(|_| unreadable("language", language))?,
        repeat_minutes: number_if_any(row, 10)?,
        webhook_url: get(row, 11)?,
    })
}

fn list<T: Serialize>(items: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(items)
        .map_err(|error| StoreError::Failed(format!("a list has no JSON form: {error}")))
}

/// Puts an organisation's settings.
pub(crate) async fn put(
    connection: &mut PgConnection,
    organization_id: Uuid,
    settings: &MonitoringSettings,
) -> Result<(), Fault> {
    query(PUT)
        .bind(organization_id)
        .bind(i64::from(settings.retention_days))
        .bind(i64::from(settings.refresh_failure_percent))
        .bind(i64::from(settings.refresh_least))
        .bind(settings.login_failures_of_account.map(i64::from))
        .bind(settings.login_failures_of_network.map(i64::from))
        .bind(settings.no_refresh_minutes.map(i64::from))
        .bind(list(&settings.opening_hours)?)
        .bind(text(&settings.time_zone))
        .bind(list(&settings.recipients)?)
        .bind(<&str>::from(settings.language))
        .bind(settings.repeat_minutes.map(i64::from))
        .bind(settings.webhook_url.as_deref().map(text))
        .execute(connection)
        .await?;
    Ok(())
}

/// The way to a mail server, if any was put.
pub(crate) async fn read_mail(connection: &mut PgConnection) -> Result<Option<MailRow>, Fault> {
    let found = query(READ_MAIL).fetch_optional(connection).await?;
    found.as_ref().map(mail).transpose()
}

fn mail(row: &PgRow) -> Result<MailRow, Fault> {
    let security: &str = get(row, 2)?;
    let port = number(row, 1)?;
    Ok(MailRow {
        host: get(row, 0)?,
        port: u16::try_from(port).map_err(|_| unreadable("port", &port.to_string()))?,
        security: security.parse().map_err(|_| unreadable("protection", security))?,
        from: get(row, 3)?,
        to: get(row, 4)?,
        username: get(row, 5)?,
        sealed_password: get(row, 6)?,
    })
}

/// Puts the way to a mail server.
pub(crate) async fn put_mail(connection: &mut PgConnection, row: &MailRow) -> Result<(), Fault> {
    query(PUT_MAIL)
        .bind(text(&row.host))
        .bind(i64::from(row.port))
        .bind(<&str>::from(row.security))
        .bind(text(&row.from))
        .bind(row.to.as_deref().map(text))
        .bind(row.username.as_deref().map(text))
        .bind(row.sealed_password.as_deref())
        .execute(connection)
        .await?;
    Ok(())
}
