//! Faults with the oversight of impersonations.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Mutant, Mutation};
use crate::{
    LongImpersonation, Millis, NewOversightLetter, Oversight, OversightLetter, Settled, StoreError,
    UserFilter,
};

#[async_trait]
impl Oversight for Mutant {
    async fn overseers(&self) -> Result<Vec<String>, StoreError> {
        if self.is(Mutation::EverybodyOversees) {
            let everywhere = UserFilter {
                organization_id: None,
                search: None,
            };
            let found = self.store.users(everywhere, None, 100).await?;
            return Ok(found.into_iter().map(|user| user.username).collect());
        }
        let mut found = self.store.overseers().await?;
        if self.is(Mutation::OverseersUnordered) {
            found.reverse();
        }
        Ok(found)
    }

    async fn untold_impersonations(
        &self,
        mut now: Millis,
        mut limit: u32,
    ) -> Result<Vec<LongImpersonation>, StoreError> {
        if self.is(Mutation::LongFoundTooEarly) {
            now = now.saturating_add(1);
        }
        if self.is(Mutation::LongLimitIgnored) {
            limit = u32::MAX;
        }
        let mut found = self.store.untold_impersonations(now, limit).await?;
        if self.is(Mutation::LongUnordered) {
            found.reverse();
        }
        if self.is(Mutation::EndedLongForgotten) {
            found.retain(|one| one.revoked_at.is_none());
        }
        Ok(found)
    }

    async fn impersonations_of(&self, session_ids: Vec<Uuid>) -> Result<Vec<LongImpersonation>, StoreError> {
        let mut found = self.store.impersonations_of(session_ids).await?;
        if self.is(Mutation::LongEndForgotten) {
            for one in &mut found {
                one.revoked_at = None;
            }
        }
        Ok(found)
    }

    async fn tell_of_impersonations(
        &self,
        session_ids: Vec<Uuid>,
        mut letters: Vec<NewOversightLetter>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        if self.is(Mutation::OversightLettersForgotten) {
            letters.clear();
        }
        if self.is(Mutation::ToldInPart) {
            let mut told = false;
            for id in session_ids {
                told |= self
                    .store
                    .tell_of_impersonations(vec![id], letters.clone(), now)
                    .await?;
            }
            return Ok(told);
        }
        let told = self
            .store
            .tell_of_impersonations(session_ids, letters, now)
            .await?;
        Ok(told || self.is(Mutation::LongToldAgain))
    }

    async fn newest_told_month(&self) -> Result<Option<String>, StoreError> {
        if self.is(Mutation::ToldMonthForgotten) {
            return Ok(None);
        }
        self.store.newest_told_month().await
    }

    async fn tell_of_month(
        &self,
        month: String,
        letters: Vec<NewOversightLetter>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let told = self.store.tell_of_month(month, letters, now).await?;
        Ok(told || self.is(Mutation::MonthToldAgain))
    }

    async fn claim_letters(
        &self,
        claim: Uuid,
        now: Millis,
        mut lease_ms: Millis,
        mut limit: u32,
    ) -> Result<Vec<OversightLetter>, StoreError> {
        if self.is(Mutation::LetterClaimedByAll) {
            lease_ms = 0;
        }
        if self.is(Mutation::LetterClaimedForEver) {
            lease_ms *= 1_000;
        }
        if self.is(Mutation::LetterLimitIgnored) {
            limit = u32::MAX;
        }
        let found = self.store.claim_letters(claim, now, lease_ms, limit).await?;
        if !found.is_empty() {
            self.seen().claim = Some(claim);
        }
        Ok(found)
    }

    async fn settle_letter(
        &self,
        id: Uuid,
        mut claim: Uuid,
        mut settled: Settled,
    ) -> Result<bool, StoreError> {
        if self.is(Mutation::LetterSettledByAnybody)
            && let Some(holds) = self.seen().claim
        {
            claim = holds;
        }
        if self.is(Mutation::LateLettersGivenUp) && matches!(settled, Settled::Again { .. }) {
            settled = Settled::GivenUp;
        }
        self.store.settle_letter(id, claim, settled).await
    }

    async fn purge_letters(&self, mut made_before: Millis, mut limit: u32) -> Result<u32, StoreError> {
        if self.is(Mutation::LettersPurgedTooEarly) {
            made_before = Millis::MAX;
        }
        if self.is(Mutation::LetterPurgeLimitIgnored) {
            limit = u32::MAX;
        }
        self.store.purge_letters(made_before, limit).await
    }
}
