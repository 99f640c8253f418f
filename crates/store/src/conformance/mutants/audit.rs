//! Faults with the audit log.

use async_trait::async_trait;
use protocol::audit::AuditResult;
use uuid::Uuid;

use super::{Mutant, Mutation};
use crate::table::Value;
use crate::{
    AuditChain, AuditEntry, AuditFilter, AuditKey, AuditLog, AuditRow, AuditSealing, Cut, Link, LinkedRow,
    Millis, NamedAuditRow, Seal, StoreError,
};

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
        if self.is(Mutation::CutUnaudited) {
            rows.retain(|row| row.action != "audit.shortened");
        }
        if self.is(Mutation::DisplacedUnaudited) {
            rows.retain(|row| row.action != "session.displaced");
        }
        if self.is(Mutation::WrongKeyUnaudited) {
            rows.retain(|row| row.action != "session.proof_refused");
        }
        if self.is(Mutation::ExpiryUnwritten) {
            rows.retain(|row| row.action != "impersonation.expired");
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
            if self.is(Mutation::ResultForgotten) {
                row.result = AuditResult::Done;
            }
            if self.is(Mutation::FieldsForgotten) {
                row.before.clear();
            }
        }
        Ok(rows)
    }

    async fn audit_page(
        &self,
        mut filter: AuditFilter,
        after: Option<AuditKey>,
        limit: u32,
    ) -> Result<Vec<NamedAuditRow>, StoreError> {
        if self.is(Mutation::AuditOfAllOrganizations) {
            filter.organization_id = None;
        }
        if self.is(Mutation::AuditActorIgnored) {
            filter.actor_user_id = None;
        }
        if self.is(Mutation::AuditResultIgnored) {
            filter.result = None;
        }
        if self.is(Mutation::AuditActionsIgnored) {
            filter.actions = None;
        }
        if self.is(Mutation::AuditEndIgnored) {
            filter.to = None;
        }
        let after = after.filter(|_| !self.is(Mutation::AuditPageBeginsAgain));
        let most = if self.is(Mutation::AuditPageLimitIgnored) {
            1_000
        } else {
            limit
        };
        let mut page = self.store.audit_page(filter, after, most).await?;
        if self.is(Mutation::TargetUnnamed) {
            page.iter_mut().for_each(|named| named.target_name = None);
        }
        Ok(page)
    }
}

#[async_trait]
impl AuditChain for Mutant {
    async fn audit_chain(&self, after: u64, limit: u32) -> Result<Vec<LinkedRow>, StoreError> {
        let mut rows = self.store.audit_chain(after, limit).await?;
        for row in &mut rows {
            if self.is(Mutation::LinksForgotten) {
                row.link = None;
            }
            if self.is(Mutation::ReasonUnchained)
                && let Some(reason) = row.row.get_mut(13)
            {
                *reason = Value::Nothing;
            }
        }
        Ok(rows)
    }

    async fn audit_seals(&self, after: u64, limit: u32) -> Result<Vec<Seal>, StoreError> {
        let after = if self.is(Mutation::SealsBeginAgain) {
            0
        } else {
            after
        };
        self.store.audit_seals(after, limit).await
    }

    async fn last_audit_seal(&self) -> Result<Option<Seal>, StoreError> {
        self.store.last_audit_seal().await
    }

    async fn audit_cuts(&self) -> Result<Vec<Cut>, StoreError> {
        self.store.audit_cuts().await
    }
}

#[async_trait]
impl AuditSealing for Mutant {
    async fn add_audit_seal(&self, seal: Seal, links: Vec<Link>) -> Result<bool, StoreError> {
        let number = seal.number;
        let added = self.store.add_audit_seal(seal, links).await?;
        Ok(added
            || (self.is(Mutation::SealedTwice) && number == 1)
            || (self.is(Mutation::SealedAnywhere) && number == 2))
    }

    async fn last_audit_seal_before(&self, sealed_before: Millis) -> Result<Option<Seal>, StoreError> {
        let found = self.store.last_audit_seal_before(sealed_before).await?;
        if self.is(Mutation::CutSealsListed) && found.is_none() {
            return self.store.last_audit_seal().await;
        }
        Ok(found)
    }

    async fn cut_audit_log(&self, cut: Cut, entry: AuditEntry) -> Result<bool, StoreError> {
        let cut_made = self.store.cut_audit_log(cut, entry).await?;
        Ok(cut_made || self.is(Mutation::CutAnywhere))
    }

    async fn purge_audit_log(&self, limit: u32) -> Result<u32, StoreError> {
        if self.is(Mutation::CutLimitIgnored) {
            return self.store.purge_audit_log(1_000).await;
        }
        let deleted = self.store.purge_audit_log(limit).await?;
        Ok(deleted + u32::from(self.is(Mutation::PurgedWithoutCut) && deleted == 0))
    }
}
