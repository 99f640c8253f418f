//! Faults with sales.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Mutant, Mutation, accept};
use crate::{AuditEntry, NewSaleRow, SaleOutcome, SaleRow, Sales, StoreError};

fn as_if_kept(new: &NewSaleRow) -> SaleRow {
    SaleRow {
        id: new.id,
        organization_id: new.organization_id,
        idempotency_key: new.idempotency_key,
        operator_id: new.operator_id,
        total_cents: new.sale.total_cents,
        received_at: new.now,
    }
}

fn another(entry: &AuditEntry) -> AuditEntry {
    AuditEntry {
        id: Uuid::now_v7(),
        ..entry.clone()
    }
}

#[async_trait]
impl Sales for Mutant {
    async fn keep_sale(&self, new: NewSaleRow, audit: AuditEntry) -> Result<SaleOutcome, StoreError> {
        let (asked, again) = (new.clone(), another(&audit));
        if self.is(Mutation::KeySharedByAll) {
            let key = (new.organization_id, new.idempotency_key);
            let used = self
                .seen()
                .keys
                .iter()
                .any(|(organization, used)| *organization != key.0 && *used == key.1);
            self.seen().keys.push(key);
            if used {
                return Ok(SaleOutcome::KeyReused);
            }
        }
        if self.is(Mutation::ArchivedCategoryRefused) {
            let all = self.store.every_category(asked.organization_id).await?;
            let mut archived = all.iter().filter(|row| row.archived_at.is_some());
            let sold = |id| asked.sale.lines.iter().any(|line| line.category_id == id);
            if let Some(row) = archived.find(|row| sold(row.category.id)) {
                return Ok(SaleOutcome::CategoryUnknown(row.category.id));
            }
        }
        let outcome = self.store.keep_sale(new, audit).await;
        let mistaken = accept(
            outcome,
            self.is(Mutation::StrangerSells),
            SaleOutcome::Kept(as_if_kept(&asked)),
        )?;
        match &mistaken {
            SaleOutcome::KeptBefore(_) if self.is(Mutation::KeptAgain) => {
                let anew = NewSaleRow {
                    idempotency_key: Uuid::now_v7(),
                    ..asked
                };
                self.store.keep_sale(anew, again).await
            }
            SaleOutcome::KeptBefore(row) if self.is(Mutation::KeptBeforeCalledNew) => {
                Ok(SaleOutcome::Kept(row.clone()))
            }
            SaleOutcome::KeyReused if self.is(Mutation::AnotherBodyTaken) => {
                Ok(SaleOutcome::KeptBefore(as_if_kept(&asked)))
            }
            SaleOutcome::CategoryUnknown(_) if self.is(Mutation::ForeignCategoryTaken) => {
                Ok(SaleOutcome::Kept(as_if_kept(&asked)))
            }
            SaleOutcome::CategoryUnknown(unknown) if self.is(Mutation::RefusedSaleHalfKept) => {
                let mut half = asked;
                half.sale.lines.retain(|line| line.category_id != *unknown);
                self.store.keep_sale(half, again).await?;
                Ok(mistaken)
            }
            SaleOutcome::KeptBefore(_)
                if self.is(Mutation::KeptSaleForgottenByClosing) && asked.sale.till_day_id.is_some() =>
            {
                Ok(SaleOutcome::TillDayClosed)
            }
            SaleOutcome::TillDayClosed if self.is(Mutation::ClosedDaySells) => {
                Ok(SaleOutcome::Kept(as_if_kept(&asked)))
            }
            SaleOutcome::TillDayUnknown if self.is(Mutation::ForeignDaySells) => {
                Ok(SaleOutcome::Kept(as_if_kept(&asked)))
            }
            SaleOutcome::Kept(_)
            | SaleOutcome::KeptBefore(_)
            | SaleOutcome::KeyReused
            | SaleOutcome::CategoryUnknown(_)
            | SaleOutcome::TillDayClosed
            | SaleOutcome::TillDayUnknown => Ok(mistaken),
        }
    }

    async fn sales_of(
        &self,
        organization_id: Uuid,
        operator_id: Uuid,
        limit: u32,
    ) -> Result<Vec<SaleRow>, StoreError> {
        let mut found = self.store.sales_of(organization_id, operator_id, limit).await?;
        if self.is(Mutation::SalesOfAllOperators) {
            let members = self.seen().members.clone();
            for (_, other) in members.into_iter().filter(|(_, member)| *member != operator_id) {
                found.extend(self.store.sales_of(organization_id, other, limit).await?);
            }
        }
        if self.is(Mutation::SalesOfAllOrganizations) {
            for other in self
                .organizations_seen()
                .into_iter()
                .filter(|id| *id != organization_id)
            {
                found.extend(self.store.sales_of(other, operator_id, limit).await?);
            }
        }
        if self.is(Mutation::SalesOldestFirst) {
            found.reverse();
        }
        Ok(found)
    }
}
