//! Faults with sessions, except for their rotation.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Mutant, Mutation, Opening};
use crate::session::RevokeReason;
use crate::{
    AuditEntry, Identity, Millis, NewSession, Presented, RotationOutcome, SessionRow, Sessions, StoreError,
};

impl Mutant {
    /// A row as this mutant would read it.
    fn misread(&self, row: &mut SessionRow) {
        let forgotten = match row.revoked {
            Some((_, RevokeReason::AccountDisabled)) => self.is(Mutation::DisabledKeepsSessions),
            Some((_, RevokeReason::SignedOut)) => self.is(Mutation::EndForgotten),
            Some((_, RevokeReason::RefreshReused)) => {
                self.is(Mutation::ReuseForgottenByRestart) && self.opening == Opening::Later
            }
            Some((_, RevokeReason::ByOwner | RevokeReason::ByAdministrator)) | None => false,
        };
        if forgotten {
            row.revoked = None;
        }
        if self.is(Mutation::DeviceNameForgotten) {
            row.device_name.clear();
        }
    }

    async fn also_ended(&self) -> Result<Vec<Identity>, StoreError> {
        let ids = self.seen().sessions.clone();
        let mut found = Vec::new();
        for id in ids.into_iter().rev() {
            found.extend(self.store.identity(id).await?);
        }
        Ok(found)
    }
}

fn another(entry: &AuditEntry) -> AuditEntry {
    AuditEntry {
        id: Uuid::now_v7(),
        ..entry.clone()
    }
}

fn as_if_begun(new: &NewSession) -> SessionRow {
    SessionRow {
        id: new.id,
        user_id: new.user_id,
        organization_id: new.organization_id,
        site_id: new.site_id,
        device_kind: new.device_kind,
        device_name: new.device_name.clone(),
        generation: 0,
        attempts: Vec::new(),
        created_at: new.now,
        last_used_at: new.now,
        last_input_at: new.now,
        rotated_at: new.now,
        expires_at: new.expires_at,
        revoked: None,
        origin: new.origin.clone(),
    }
}

#[async_trait]
impl Sessions for Mutant {
    async fn begin_session(&self, new: NewSession, audit: AuditEntry) -> Result<SessionRow, StoreError> {
        self.seen().sessions.push(new.id);
        let asked = as_if_begun(&new);
        match self.store.begin_session(new, audit).await {
            Err(StoreError::UnknownReference("user")) if self.is(Mutation::DisabledBegins) => Ok(asked),
            Err(StoreError::UnknownReference(_)) if self.is(Mutation::OutsiderBegins) => Ok(asked),
            outcome => outcome,
        }
    }

    async fn identity(&self, session_id: Uuid) -> Result<Option<Identity>, StoreError> {
        let mut found = self.store.identity(session_id).await?;
        if let Some(identity) = &mut found {
            self.misread(&mut identity.session);
            if self.is(Mutation::RoleForgotten) {
                identity.role = None;
            }
            if self.is(Mutation::IdleTimeOfTheDefaults) {
                identity.idle_timeout_ms = 480 * 60_000;
            }
        }
        Ok(found)
    }

    async fn rotate(&self, presented: Presented, audit: AuditEntry) -> Result<RotationOutcome, StoreError> {
        self.rotate_with_fault(presented, audit).await
    }

    async fn note_input(
        &self,
        session_id: Uuid,
        input_age_ms: Millis,
        now: Millis,
    ) -> Result<Option<SessionRow>, StoreError> {
        let mut noted = self.store.note_input(session_id, input_age_ms, now).await?;
        if let Some(row) = &mut noted
            && self.is(Mutation::InputMovesBack)
        {
            row.last_input_at = now - input_age_ms;
        }
        if noted.is_none() && self.is(Mutation::InputWakes) {
            return Ok(self
                .store
                .identity(session_id)
                .await?
                .map(|identity| identity.session));
        }
        Ok(noted)
    }

    async fn live_sessions(&self, user_id: Uuid, now: Millis) -> Result<Vec<Identity>, StoreError> {
        if self.is(Mutation::EndedStillListed) {
            return self.also_ended().await;
        }
        if self.is(Mutation::LiveOfAllUsers) {
            return self.store.all_live_sessions(None, now, u32::MAX).await;
        }
        let mut found = self.store.live_sessions(user_id, now).await?;
        if self.is(Mutation::LiveUnordered) {
            found.reverse();
        }
        Ok(found)
    }

    async fn all_live_sessions(
        &self,
        organization_id: Option<Uuid>,
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Identity>, StoreError> {
        let whose = if self.is(Mutation::LiveOfAllOrganizations) {
            None
        } else {
            organization_id
        };
        let most = if self.is(Mutation::LiveLimitIgnored) {
            u32::MAX
        } else {
            limit
        };
        self.store.all_live_sessions(whose, now, most).await
    }

    async fn revoke_session(
        &self,
        session_id: Uuid,
        owner: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let again = another(&audit);
        let owner = if self.is(Mutation::AnyoneEnds) {
            None
        } else {
            owner
        };
        let ended = self
            .store
            .revoke_session(session_id, owner, reason, now, audit)
            .await?;
        if !ended && self.is(Mutation::NothingDoneAudited) {
            self.store.audit(again).await?;
        }
        let known = self.seen().sessions.contains(&session_id);
        Ok(ended || (known && (self.is(Mutation::EndedTwice) || self.is(Mutation::ExpiredEnded))))
    }

    async fn revoke_others(
        &self,
        user_id: Uuid,
        keep: Uuid,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        if self.is(Mutation::KeptOneEndedToo) {
            self.store
                .revoke_session(keep, None, reason, now, another(&audit))
                .await?;
        }
        if self.is(Mutation::OthersOfAllEnded) {
            for other in self.store.all_live_sessions(None, now, u32::MAX).await? {
                if other.session.user_id != user_id {
                    self.store
                        .revoke_session(other.session.id, None, reason, now, another(&audit))
                        .await?;
                }
            }
        }
        self.store.revoke_others(user_id, keep, reason, now, audit).await
    }
}
