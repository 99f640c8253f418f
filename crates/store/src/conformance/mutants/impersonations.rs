//! Faults with impersonations.

use async_trait::async_trait;
use protocol::impersonation::ImpersonationSettings;
use uuid::Uuid;

use super::{Mutant, Mutation, another};
use crate::impersonation::LONGEST_MS;
use crate::{
    AuditEntry, BegunImpersonation, ImpersonationEnd, ImpersonationRefusal, Impersonations,
    LiveImpersonation, Millis, NewImpersonation, StoreError,
};

#[async_trait]
impl Impersonations for Mutant {
    async fn begin_impersonation(
        &self,
        new: NewImpersonation,
        audit: AuditEntry,
    ) -> Result<BegunImpersonation, StoreError> {
        let now = new.now;
        let behind = new.impersonator.session_id;
        let outcome = self.store.begin_impersonation(new, audit).await?;
        Ok(match outcome {
            BegunImpersonation::Begun(mut row) => {
                if self.is(Mutation::ImpersonationOutlastsItsSession) {
                    row.expires_at = now.saturating_add(LONGEST_MS);
                }
                BegunImpersonation::Begun(row)
            }
            BegunImpersonation::Refused(ImpersonationRefusal::NotAbove)
                if self.is(Mutation::ImpersonationFromBelow) =>
            {
                self.as_if_begun(behind).await?
            }
            BegunImpersonation::Refused(ImpersonationRefusal::UserAbove)
                if self.is(Mutation::ImpersonationOfThoseAbove) =>
            {
                self.as_if_begun(behind).await?
            }
            BegunImpersonation::Refused(
                ImpersonationRefusal::Nested | ImpersonationRefusal::AlreadyImpersonating,
            ) if self.is(Mutation::ImpersonationsNest) => self.as_if_begun(behind).await?,
            refused @ BegunImpersonation::Refused(_) => refused,
        })
    }

    async fn live_impersonations(&self, now: Millis) -> Result<Vec<LiveImpersonation>, StoreError> {
        let now = if self.is(Mutation::ImpersonationsListedForEver) {
            now.min(self.seen().first_now.unwrap_or(now))
        } else {
            now
        };
        self.seen().first_now.get_or_insert(now);
        let mut found = self.store.live_impersonations(now).await?;
        if self.is(Mutation::ImpersonationsUnordered) {
            found.reverse();
        }
        if self.is(Mutation::ImpersonationReasonForgotten) {
            for one in &mut found {
                one.reason.clear();
            }
        }
        Ok(found)
    }

    async fn end_impersonation(
        &self,
        session_id: Uuid,
        end: ImpersonationEnd,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let end = if self.is(Mutation::StoppedByAnybody) {
            ImpersonationEnd::Forced
        } else {
            end
        };
        self.store.end_impersonation(session_id, end, now, audit).await
    }

    async fn note_ended_impersonations(&self, now: Millis, limit: u32) -> Result<u32, StoreError> {
        if self.is(Mutation::IdleDeskCarriesAnImpersonation) {
            return Ok(0);
        }
        let noted = self.store.note_ended_impersonations(now, limit).await?;
        if self.is(Mutation::ImpersonationEndNotedAgain) {
            let mut seen = self.seen();
            seen.noted = seen.noted.max(noted);
            return Ok(seen.noted);
        }
        Ok(noted)
    }

    async fn impersonation_settings(&self) -> Result<ImpersonationSettings, StoreError> {
        let mut found = self.store.impersonation_settings().await?;
        if self.is(Mutation::NetworksForgotten) {
            found.allowed_networks.clear();
        }
        if self.is(Mutation::NobodyToldByDefault) && found == ImpersonationSettings::default() {
            found.tell_target = false;
        }
        Ok(found)
    }

    async fn put_impersonation_settings(
        &self,
        mut settings: ImpersonationSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        if self.is(Mutation::TargetToldAllTheSame) {
            settings.tell_target = true;
        }
        if self.is(Mutation::ImpersonationSettingsAuditedTwice) {
            self.store.audit(another(&audit)).await?;
        }
        self.store.put_impersonation_settings(settings, audit).await
    }
}

impl Mutant {
    /// Says that it began where it was refused.
    async fn as_if_begun(&self, behind: Uuid) -> Result<BegunImpersonation, StoreError> {
        let identity = self.store.identity(behind).await?;
        let unknown = BegunImpersonation::Refused(ImpersonationRefusal::ImpersonatorOver);
        Ok(identity.map_or(unknown, |identity| {
            BegunImpersonation::Begun(Box::new(identity.session))
        }))
    }
}
