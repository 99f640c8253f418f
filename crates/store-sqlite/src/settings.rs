//! The lifetimes of an organisation's sessions.

use async_trait::async_trait;
use protocol::settings::SessionSettings;
use rusqlite::{OptionalExtension, params};
use store::{AuditEntry, SettingsStore, StoreError};
use uuid::Uuid;

use crate::writer::Shape;
use crate::{SqliteStore, audit, directory};

const READ: &str = "SELECT token_expiration_minutes, activity_threshold_minutes, idle_timeout_minutes,
        session_max_hours, lock_after_minutes
    FROM session_settings WHERE organization_id = ?";

const PUT: &str = "INSERT OR REPLACE INTO session_settings (organization_id, token_expiration_minutes,
        activity_threshold_minutes, idle_timeout_minutes, session_max_hours, lock_after_minutes)
    VALUES (?, ?, ?, ?, ?, ?)";

#[async_trait]
impl SettingsStore for SqliteStore {
    async fn session_settings(&self, organization_id: Uuid) -> Result<SessionSettings, StoreError> {
        self.readers
            .look_up(move |connection| {
                let found = connection
                    .prepare_cached(READ)?
                    .query_row([organization_id], |row| {
                        Ok(SessionSettings {
                            token_expiration_minutes: row.get(0)?,
                            activity_threshold_minutes: row.get(1)?,
                            idle_timeout_minutes: row.get(2)?,
                            session_max_hours: row.get(3)?,
                            lock_after_minutes: row.get(4)?,
                        })
                    })
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
            .write(Shape::Several, move |connection| {
                directory::known_organization(connection, organization_id)?;
                connection.prepare_cached(PUT)?.execute(params![
                    organization_id,
                    settings.token_expiration_minutes,
                    settings.activity_threshold_minutes,
                    settings.idle_timeout_minutes,
                    settings.session_max_hours,
                    settings.lock_after_minutes,
                ])?;
                Ok(audit::add(connection, &audit)?)
            })
            .await
    }
}
