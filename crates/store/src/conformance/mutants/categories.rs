//! Faults with categories.

use async_trait::async_trait;
use protocol::sale::Category;
use uuid::Uuid;

use super::{Mutant, Mutation, accept, another};
use crate::{
    AuditEntry, Categories, CategoryPatch, CategoryRow, CategoryState, Direction, Millis, NewCategory,
    StoreError,
};

impl Mutant {
    fn others(&self, organization_id: Uuid) -> Vec<Uuid> {
        let mut others = self.organizations_seen();
        others.retain(|id| *id != organization_id);
        others
    }

    /// The organisation that has this category, where one was seen that has.
    async fn owner_of(&self, id: Uuid) -> Result<Option<Uuid>, StoreError> {
        for organization_id in self.organizations_seen() {
            let all = self.store.every_category(organization_id).await?;
            if all.iter().any(|row| row.category.id == id) {
                return Ok(Some(organization_id));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl Categories for Mutant {
    async fn categories(&self, organization_id: Uuid) -> Result<Vec<Category>, StoreError> {
        let mut found = self.store.categories(organization_id).await?;
        if self.is(Mutation::ArchivedStaysOnTheTiles) {
            let all = self.store.every_category(organization_id).await?;
            found = all.into_iter().map(|row| row.category).collect();
        }
        if self.is(Mutation::CategoriesOfAll) {
            for other in self.others(organization_id) {
                found.extend(self.store.categories(other).await?);
            }
        }
        if self.is(Mutation::BarcodesLost) {
            for category in &mut found {
                category.barcodes.clear();
            }
        }
        if self.is(Mutation::CategoriesUnordered) {
            found.reverse();
        }
        Ok(found)
    }

    async fn every_category(&self, organization_id: Uuid) -> Result<Vec<CategoryRow>, StoreError> {
        let mut found = self.store.every_category(organization_id).await?;
        if self.is(Mutation::ArchivedLost) {
            found.retain(|row| row.archived_at.is_none());
        }
        Ok(found)
    }

    async fn put_category(
        &self,
        organization_id: Uuid,
        category: Category,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        let known = self.store.categories(organization_id).await?;
        if self.is(Mutation::CategoryNeverChanges) && known.iter().any(|one| one.id == category.id) {
            return Ok(());
        }
        if self.is(Mutation::CategoryChangedEverywhere) {
            for other in self.others(organization_id) {
                self.store
                    .put_category(other, category.clone(), another(&audit))
                    .await?;
            }
        }
        let outcome = self.store.put_category(organization_id, category, audit).await;
        accept(outcome, self.is(Mutation::CategoryOfNobodyAccepted), ())
    }

    async fn add_category(
        &self,
        organization_id: Uuid,
        new: NewCategory,
        audit: AuditEntry,
    ) -> Result<CategoryRow, StoreError> {
        let (asked, again) = (new.clone(), another(&audit));
        let mut outcome = self.store.add_category(organization_id, new, audit).await;
        let mistaken = match &outcome {
            Err(StoreError::NameTaken("name")) => self.is(Mutation::TakenCategoryNameAccepted),
            Err(StoreError::NameTaken("barcodes")) => self.is(Mutation::TakenBarcodeAccepted),
            Err(StoreError::NameTaken(_)) => self.is(Mutation::TakenKeyAccepted),
            Ok(_) | Err(_) => false,
        };
        if mistaken {
            let category = Category {
                id: asked.id,
                name: asked.name.clone(),
                price_cents: asked.price_cents,
                shortcut: asked.shortcut.clone(),
                position: 0,
                barcodes: asked.barcodes.clone(),
            };
            outcome = Ok(CategoryRow {
                category,
                archived_at: None,
            });
        }
        let all = self.store.every_category(organization_id).await?;
        if self.is(Mutation::ArchivedKeepsItsName)
            && all
                .iter()
                .any(|row| row.archived_at.is_some() && row.category.name == asked.name)
        {
            return Err(StoreError::NameTaken("name"));
        }
        if self.is(Mutation::NewCategoryFirst) && all.len() > 1 {
            let direction = Direction::Up;
            for _ in 1..all.len() {
                self.store
                    .move_category(organization_id, asked.id, direction, another(&again))
                    .await?;
            }
        }
        outcome
    }

    async fn change_category(
        &self,
        organization_id: Uuid,
        id: Uuid,
        patch: CategoryPatch,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<CategoryRow>, StoreError> {
        if self.is(Mutation::ArchivedForEver) && patch.state == Some(CategoryState::InUse) {
            let all = self.store.every_category(organization_id).await?;
            return match self
                .store
                .change_category(organization_id, id, patch, now, another(&audit))
                .await
            {
                Ok(row) => {
                    let again = CategoryPatch {
                        state: Some(CategoryState::Archived),
                        ..CategoryPatch::default()
                    };
                    let since = all
                        .iter()
                        .find(|row| row.category.id == id)
                        .and_then(|row| row.archived_at);
                    self.store
                        .change_category(organization_id, id, again, since.unwrap_or(now), audit)
                        .await?;
                    Ok(row)
                }
                refused => refused,
            };
        }
        let mut patch = patch;
        if self.is(Mutation::UnnamedIsLost) && patch.shortcut.is_none() {
            patch.shortcut = Some(None);
        }
        let of = match self.owner_of(id).await? {
            Some(owner) if self.is(Mutation::CategoryChangedAbroad) => owner,
            Some(_) | None => organization_id,
        };
        let outcome = self.store.change_category(of, id, patch, now, audit).await;
        match outcome {
            Err(StoreError::NameTaken(_)) if self.is(Mutation::TakenCategoryNameOnChange) => Ok(None),
            Err(StoreError::NameTaken("barcodes")) if self.is(Mutation::TakenBarcodeOnChange) => Ok(None),
            outcome => outcome,
        }
    }

    async fn move_category(
        &self,
        organization_id: Uuid,
        id: Uuid,
        direction: Direction,
        audit: AuditEntry,
    ) -> Result<Option<CategoryRow>, StoreError> {
        if self.is(Mutation::MoveForgotten) {
            let all = self.store.every_category(organization_id).await?;
            return Ok(all
                .into_iter()
                .find(|row| row.category.id == id && row.archived_at.is_none()));
        }
        let of = match self.owner_of(id).await? {
            Some(owner) if self.is(Mutation::CategoryMovedAbroad) => owner,
            Some(_) | None => organization_id,
        };
        let again = another(&audit);
        let outcome = self.store.move_category(of, id, direction, audit).await;
        if self.is(Mutation::MoveWithoutEffectAudited) {
            self.store.audit(again).await?;
        }
        outcome
    }

    async fn start_categories(
        &self,
        organization_id: Uuid,
        first: Vec<Category>,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let again = another(&audit);
        let done = self
            .store
            .start_categories(organization_id, first.clone(), audit)
            .await?;
        if !done && self.is(Mutation::StartedTwice) {
            for category in first {
                self.store
                    .put_category(organization_id, category, another(&again))
                    .await?;
            }
            return Ok(true);
        }
        Ok(done)
    }
}
