//! Faults with the audit log.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Mutant, Mutation};
use crate::{AuditEntry, AuditLog, AuditRow, StoreError};

#[async_trait]
impl AuditLog for Mutant {
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.store.audit(entry).await
    }

    async fn audit_rows(
        &self,
        organization_id: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let whose = if self.is(Mutation::LogOfAll) {
            None
        } else {
            organization_id
        };
        let most = if self.is(Mutation::LogLimitIgnored) {
            u32::MAX
        } else {
            limit
        };
        let mut rows = self.store.audit_rows(whose, most).await?;
        if self.is(Mutation::DeedUnaudited) {
            rows.retain(|row| row.action != "user.disabled");
        }
        if self.is(Mutation::ReuseUnaudited) {
            rows.retain(|row| row.action != "session.refresh_reused");
        }
        if self.is(Mutation::DisplacedUnaudited) {
            rows.retain(|row| row.action != "session.displaced");
        }
        if self.is(Mutation::WrongKeyUnaudited) {
            rows.retain(|row| row.action != "session.proof_refused");
        }
        if self.is(Mutation::LogOldestFirst) {
            rows.reverse();
        }
        for row in &mut rows {
            if self.is(Mutation::LogWithGaps) {
                row.sequence *= 2;
            }
            if self.is(Mutation::DetailForgotten) {
                row.detail = serde_json::json!({});
            }
        }
        Ok(rows)
    }
}
