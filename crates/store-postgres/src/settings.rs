//! The lifetimes of an organisation's sessions.

use async_trait::async_trait;
use protocol::settings::SessionSettings;
use sqlx_core::query::query;
use store::{AuditEntry, Change, SettingsStore, StoreError};
use uuid::Uuid;

use crate::work::telling;
use crate::{PostgresStore, audit, directory, session_row};

const READ: &str = "SELECT token_expiration_minutes, activity_threshold_minutes, idle_timeout_minutes,
        session_max_hours, lock_after_minutes, device_limit
    FROM session_settings WHERE organization_id = $1";

const PUT: &str = "INSERT INTO session_settings (organization_id, token_expiration_minutes,
        activity_threshold_minutes, idle_timeout_minutes, session_max_hours, lock_after_minutes, device_limit)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (organization_id) DO UPDATE SET token_expiration_minutes = $2, activity_threshold_minutes = $3,
        idle_timeout_minutes = $4, session_max_hours = $5, lock_after_minutes = $6, device_limit = $7";

#[async_trait]
impl SettingsStore for PostgresStore {
    async fn session_settings(&self, organization_id: Uuid) -> Result<SessionSettings, StoreError> {
        self.single(async |connection| {
            let found = query(READ)
                .bind(organization_id)
                .fetch_optional(connection)
                .await?;
            Ok(match found {
                Some(row) => session_row::settings(&row, 0)?,
                None => SessionSettings::default(),
            })
        })
        .await
    }

    async fn put_session_settings(
        &self,
        organization_id: Uuid,
        settings: SessionSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        telling!(self, |connection| {
            directory::known_organization(connection, organization_id).await?;
            query(PUT)
                .bind(organization_id)
                .bind(i64::from(settings.token_expiration_minutes))
                .bind(i64::from(settings.activity_threshold_minutes))
                .bind(i64::from(settings.idle_timeout_minutes))
                .bind(i64::from(settings.session_max_hours))
                .bind(settings.lock_after_minutes.map(i64::from))
                .bind(settings.device_limit.map(i64::from))
                .execute(&mut *connection)
                .await?;
            audit::add(connection, &audit).await?;
            Ok(((), vec![Change::SettingsChanged { organization_id }]))
        })
    }
}
