//! What is watched in an organisation, and the one way to a mail server.

use protocol::alert::MonitoringSettings;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use store::{MailRow, StoreError};
use uuid::Uuid;

use crate::column::{listed, unreadable};
use crate::fault::Fault;

const READ: &str = "SELECT retention_days, refresh_failure_percent, refresh_least, login_failures_of_account,
        login_failures_of_network, no_refresh_minutes, opening_hours, time_zone, recipients, language, repeat_minutes,
        webhook_url
    FROM monitoring_settings WHERE organization_id = ?";

const PUT: &str =
    "INSERT OR REPLACE INTO monitoring_settings (organization_id, retention_days, refresh_failure_percent,
        refresh_least, login_failures_of_account, login_failures_of_network, no_refresh_minutes, opening_hours, time_zone,
        recipients, language, repeat_minutes, webhook_url)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const READ_MAIL: &str =
    "SELECT host, port, security, sender, recipient, username, sealed_password FROM mail_settings";

const PUT_MAIL: &str =
    "INSERT OR REPLACE INTO mail_settings (one, host, port, security, sender, recipient, username, sealed_password)
    VALUES (1, ?, ?, ?, ?, ?, ?, ?)";

/// The organisation's settings; the defaults where none were ever put.
pub(crate) fn read(connection: &Connection, organization_id: Uuid) -> Result<MonitoringSettings, Fault> {
    let found = connection
        .prepare_cached(READ)?
        .query_row([organization_id], settings)
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn settings(row: &Row<'_>) -> rusqlite::Result<MonitoringSettings> {
    let language = row.get_ref(9)?.as_str()?;
    Ok(MonitoringSettings {
        retention_days: row.get(0)?,
        refresh_failure_percent: row.get(1)?,
        refresh_least: row.get(2)?,
        login_failures_of_account: row.get(3)?,
        login_failures_of_network: row.get(4)?,
        no_refresh_minutes: row.get(5)?,
        opening_hours: listed(row, 6)?,
        time_zone: row.get(7)?,
        recipients: listed(row, 8)?,
        language: language
            .parse()
            .map_err(|_| unreadable(9, "language", language))?,
        repeat_minutes: row.get(10)?,
        webhook_url: row.get(11)?,
    })
}

fn list<T: Serialize>(items: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(items)
        .map_err(|error| StoreError::Failed(format!("a list has no JSON form: {error}")))
}

/// Puts an organisation's settings.
pub(crate) fn put(
    connection: &Connection,
    organization_id: Uuid,
    settings: &MonitoringSettings,
) -> Result<(), Fault> {
    connection.prepare_cached(PUT)?.execute(params![
        organization_id,
        settings.retention_days,
        settings.refresh_failure_percent,
        settings.refresh_least,
        settings.login_failures_of_account,
        settings.login_failures_of_network,
        settings.no_refresh_minutes,
        list(&settings.opening_hours)?,
        settings.time_zone,
        list(&settings.recipients)?,
        <&str>::from(settings.language),
        settings.repeat_minutes,
        settings.webhook_url,
    ])?;
    Ok(())
}

/// The way to a mail server, if any was put.
pub(crate) fn read_mail(connection: &Connection) -> Result<Option<MailRow>, Fault> {
    Ok(connection
        .prepare_cached(READ_MAIL)?
        .query_row([], mail)
        .optional()?)
}

fn mail(row: &Row<'_>) -> rusqlite::Result<MailRow> {
    let security = row.get_ref(2)?.as_str()?;
    Ok(MailRow {
        host: row.get(0)?,
        port: row.get(1)?,
        security: security
            .parse()
            .map_err(|_| unreadable(2, "protection", security))?,
        from: row.get(3)?,
        to: row.get(4)?,
        username: row.get(5)?,
        sealed_password: row.get(6)?,
    })
}

/// Puts the way to a mail server.
pub(crate) fn put_mail(connection: &Connection, row: &MailRow) -> Result<(), Fault> {
    connection.prepare_cached(PUT_MAIL)?.execute(params![
        row.host,
        row.port,
        <&str>::from(row.security),
        row.from,
        row.to,
        row.username,
        row.sealed_password,
    ])?;
    Ok(())
}
