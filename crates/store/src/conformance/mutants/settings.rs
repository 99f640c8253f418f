//! Faults with settings.

use async_trait::async_trait;
use protocol::settings::SessionSettings;
use uuid::Uuid;

use super::{Mutant, Mutation, accept};
use crate::{AuditEntry, SettingsStore, StoreError};

#[async_trait]
impl SettingsStore for Mutant {
    async fn session_settings(&self, organization_id: Uuid) -> Result<SessionSettings, StoreError> {
        let mut found = self.store.session_settings(organization_id).await?;
        if self.is(Mutation::DefaultsOfItsOwn) && found == SessionSettings::default() {
            found.session_max_hours += 1;
        }
        if self.is(Mutation::LockForgotten) {
            found.lock_after_minutes = None;
        }
        Ok(found)
    }

    async fn put_session_settings(
        &self,
        organization_id: Uuid,
        settings: SessionSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        if self.is(Mutation::SettingsOfAll) {
            for other in self
                .organizations_seen()
                .into_iter()
                .filter(|id| *id != organization_id)
            {
                let entry = AuditEntry {
                    id: Uuid::now_v7(),
                    ..audit.clone()
                };
                self.store.put_session_settings(other, settings, entry).await?;
            }
        }
        let outcome = self
            .store
            .put_session_settings(organization_id, settings, audit)
            .await;
        accept(outcome, self.is(Mutation::SettingsOfNobodyAccepted), ())
    }
}
