//! Faults with security notices.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Mutant, Mutation, accept};
use crate::{Millis, NewNotice, Notice, NoticeKind, Notices, StoreError};

#[async_trait]
impl Notices for Mutant {
    async fn security_notices(
        &self,
        user_id: Uuid,
        unseen_only: bool,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        let unseen_only = unseen_only && !self.is(Mutation::SeenStillListed);
        let limit = if self.is(Mutation::NoticeLimitIgnored) {
            u32::MAX
        } else {
            limit
        };
        let mut found = self.store.security_notices(user_id, unseen_only, limit).await?;
        if self.is(Mutation::NoticesOfAll) {
            let members = self.seen().members.clone();
            for (_, other) in members.into_iter().filter(|(_, member)| *member != user_id) {
                found.extend(self.store.security_notices(other, unseen_only, limit).await?);
            }
        }
        if self.is(Mutation::NoticesOldestFirst) {
            found.reverse();
        }
        if self.is(Mutation::NewPlaceWithoutNotice) {
            found.retain(|notice| notice.kind != NoticeKind::NewDevice);
        }
        if self.is(Mutation::OthersUntold) {
            found.retain(|notice| notice.kind != NoticeKind::ImpersonationStarted);
        }
        let seen_at = self.seen().seen_at;
        for notice in &mut found {
            if self.is(Mutation::NoticeDetailForgotten) {
                notice.detail.device_name.clear();
            }
            if self.is(Mutation::SeenAnew) && notice.seen_at.is_some() {
                notice.seen_at = seen_at;
            }
        }
        Ok(found)
    }

    async fn add_notice(&self, new: NewNotice) -> Result<(), StoreError> {
        let outcome = self.store.add_notice(new).await;
        accept(outcome, self.is(Mutation::NoticeOfNobody), ())
    }

    async fn mark_notice_seen(
        &self,
        user_id: Uuid,
        notice_id: Uuid,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.seen().seen_at = Some(now);
        let mut marked = self.store.mark_notice_seen(user_id, notice_id, now).await?;
        if self.is(Mutation::SeenByAnybody) {
            let members = self.seen().members.clone();
            for (_, other) in members {
                marked |= self.store.mark_notice_seen(other, notice_id, now).await?;
            }
        }
        Ok(marked)
    }
}
