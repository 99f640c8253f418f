//! Faults with security notices.

use async_trait::async_trait;
use uuid::Uuid;

use super::Mutant;
use crate::{Millis, NewNotice, Notice, Notices, StoreError};

#[async_trait]
impl Notices for Mutant {
    async fn security_notices(
        &self,
        user_id: Uuid,
        unseen_only: bool,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.store.security_notices(user_id, unseen_only, limit).await
    }

    async fn add_notice(&self, new: NewNotice) -> Result<(), StoreError> {
        self.store.add_notice(new).await
    }

    async fn mark_notice_seen(
        &self,
        user_id: Uuid,
        notice_id: Uuid,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.store.mark_notice_seen(user_id, notice_id, now).await
    }
}
