//! The lifetimes of an organisation's sessions, as stored.

use async_trait::async_trait;
use protocol::settings::SessionSettings;
use uuid::Uuid;

use crate::{AuditEntry, StoreError};

/// Reading and writing an organisation's settings.
#[async_trait]
pub trait SettingsStore {
    /// The settings; the defaults where none were ever put.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn session_settings(&self, organization_id: Uuid) -> Result<SessionSettings, StoreError>;

    /// Puts settings that were checked before.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where the organisation does not exist.
    async fn put_session_settings(
        &self,
        organization_id: Uuid,
        settings: SessionSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError>;
}
