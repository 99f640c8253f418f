//! The lifetimes of an organisation's sessions.

use async_trait::async_trait;
use protocol::settings::SessionSettings;
use rusqlite::{OptionalExtension, params};
use store::{AuditEntry, Change, SettingsStore, StoreError};
use uuid::Uuid;

use crate::writer::Shape;
use crate::{SqliteStore, audit, directory, session_row};

const READ: &str = "SELECT token_expiration_minutes, activity_threshold_minutes, idle_timeout_minutes,
        session_max_hours, lock_after_minutes, device_limit
    FROM session_settings WHERE organization_id = ?";

const PUT: &str = "INSERT OR REPLACE INTO session_settings (organization_id, token_expiration_minutes,
        activity_threshold_minutes, idle_timeout_minutes, session_max_hours, lock_after_minutes, device_limit)
    VALUES (?, ?, ?, ?, ?, ?, ?)";

#[async_trait]
impl SettingsStore for SqliteStore {
    async fn session_settings(&self, organization_id: Uuid) -> Result<SessionSettings, StoreError> {
        self.readers
            .look_up(move |connection| {
                let found = connection
                    .prepare_cached(READ)?
                    .query_row([organization_id], |row| session_row::settings(row, 0))
                    .optional()?;
                Ok(found.unwrap_or_default())
            })
            .await
    }

    async fn put_session_settings(
        &self,
        organization_id: Uuid,
        settings: SessionSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                directory::known_organization(connection, organization_id)?;
                connection.prepare_cached(PUT)?.execute(params![
                    organization_id,
                    settings.token_expiration_minutes,
                    settings.activity_threshold_minutes,
                    settings.idle_timeout_minutes,
                    settings.session_max_hours,
                    settings.lock_after_minutes,
                    settings.device_limit,
                ])?;
                audit::add(connection, &audit)?;
                Ok(((), vec![Change::SettingsChanged { organization_id }]))
            })
            .await
    }
}
