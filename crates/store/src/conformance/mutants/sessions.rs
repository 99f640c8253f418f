//! Faults with sessions, except for their rotation.

use async_trait::async_trait;
use protocol::settings::SessionSettings;
use uuid::Uuid;

use super::{Mutant, Mutation, Opening, another};
use crate::session::RevokeReason;
use crate::{
    AuditEntry, BeginOutcome, Change, Identity, Millis, NewSession, PageKey, Presented, RotationOutcome,
    SessionFilter, SessionRow, Sessions, StoreError, Touch,
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
            Some((_, RevokeReason::PasswordChanged)) => self.is(Mutation::PasswordKeepsSessions),
            Some((_, RevokeReason::MembershipEnded)) => self.is(Mutation::RemovedKeepsSessions),
            Some((_, RevokeReason::ImpersonatorEnded)) => {
                self.is(Mutation::ImpersonationOutlivesItsImpersonator)
            }
            Some((_, RevokeReason::ImpersonationStopped | RevokeReason::ImpersonationForced)) => {
                self.is(Mutation::ImpersonationEndForgotten)
            }
            Some((_, RevokeReason::ByOwner | RevokeReason::ByAdministrator | RevokeReason::DeviceLimit))
            | None => false,
        };
        let outlives = self.is(Mutation::ImpersonationOutlivesItsUser) && row.impersonator.is_some();
        if forgotten || outlives {
            row.revoked = None;
        }
        if self.is(Mutation::ImpersonatorForgotten) {
            row.impersonator = None;
        }
        if self.is(Mutation::UseMovesBack) || (self.is(Mutation::EndedTouched) && row.revoked.is_some()) {
            for touch in self
                .seen()
                .touches
                .iter()
                .filter(|touch| touch.session_id == row.id)
            {
                row.last_used_at = touch.at;
                row.origin = touch.origin.clone();
            }
        }
        if self.is(Mutation::ReauthenticationForgotten) {
            row.reauthenticated_at = None;
        }
        if self.is(Mutation::DeviceNameForgotten) {
            row.device_name.clear();
        }
    }

    /// Every live session.
    pub(super) async fn everybodys(&self, now: Millis) -> Result<Vec<Identity>, StoreError> {
        self.store
            .sessions_page(SessionFilter::default(), None, u32::MAX, now)
            .await
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
        device_key: new.device_key,
        reauthenticated_at: None,
        impersonator: None,
    }
}

fn as_if_asked(new: &NewSession) -> BeginOutcome {
    BeginOutcome {
        session: as_if_begun(new),
        displaced: Vec::new(),
        new_device: false,
        new_network: false,
    }
}

#[async_trait]
impl Sessions for Mutant {
    async fn begin_session(
        &self,
        mut new: NewSession,
        audit: AuditEntry,
    ) -> Result<BeginOutcome, StoreError> {
        self.seen().sessions.push(new.id);
        let asked = as_if_asked(&new);
        let limit = new.device_limit;
        if self.is(Mutation::LimitIgnored) || self.is(Mutation::LimitEndsTheOldest) {
            new.device_limit = None;
        }
        if self.is(Mutation::LimitOneTooMany) {
            new.device_limit = limit.map(|limit| limit + 1);
        }
        let (user, now) = (new.user_id, new.now);
        let mut begun = match self.store.begin_session(new, audit.clone()).await {
            Err(StoreError::UnknownReference("user")) if self.is(Mutation::DisabledBegins) => Ok(asked),
            Err(StoreError::UnknownReference(_)) if self.is(Mutation::OutsiderBegins) => Ok(asked),
            outcome => outcome,
        }?;
        if let Some(limit) = limit
            && (self.is(Mutation::LimitEndsTheOldest) || self.is(Mutation::LimitCountsEverywhere))
        {
            let reason = RevokeReason::DeviceLimit;
            let live = self.store.live_sessions(user, now).await?;
            for surplus in live.into_iter().skip(limit as usize) {
                let id = surplus.session.id;
                self.store
                    .revoke_session(id, None, None, reason, now, another(&audit))
                    .await?;
                begun.displaced.push(id);
            }
        }
        let first = !self.seen().signed_in.contains(&user);
        self.seen().signed_in.push(user);
        begun.new_device |= first && self.is(Mutation::FirstPlaceTold);
        begun.new_network |= !first && self.is(Mutation::KnownPlaceTold);
        begun.new_device &= !self.is(Mutation::NewDeviceUntold);
        Ok(begun)
    }

    async fn identity(&self, session_id: Uuid) -> Result<Option<Identity>, StoreError> {
        let mut found = self.store.identity(session_id).await?;
        if self.is(Mutation::PurgesLive) && self.seen().purged {
            found = found.filter(|identity| identity.session.revoked.is_some());
        }
        if let Some(identity) = &mut found {
            self.misread(&mut identity.session);
            if self.is(Mutation::RoleForgotten) {
                identity.role = None;
            }
            if self.is(Mutation::IdleTimeOfTheDefaults) {
                identity.settings = SessionSettings::default();
            }
        }
        Ok(found)
    }

    async fn rotate(&self, presented: Presented, audit: AuditEntry) -> Result<RotationOutcome, StoreError> {
        self.rotate_with_fault(presented, audit).await
    }

    async fn refresh(
        &self,
        presented: Presented,
        audit: AuditEntry,
    ) -> Result<(RotationOutcome, Option<Identity>), StoreError> {
        let before = self.store.identity(presented.session_id).await?;
        let (outcome, mut identity) = self.store.refresh(presented, audit).await?;
        if self.is(Mutation::RefreshOfNobody) {
            identity = None;
        }
        if self.is(Mutation::RefreshReadTooEarly) && identity.is_some() {
            identity = before;
        }
        if let Some(identity) = &mut identity
            && self.is(Mutation::RefreshByDefaults)
        {
            identity.settings = SessionSettings::default();
        }
        Ok((outcome, identity))
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
            return self.everybodys(now).await;
        }
        let mut found = self.store.live_sessions(user_id, now).await?;
        if self.is(Mutation::LiveUnordered) {
            found.reverse();
        }
        if self.is(Mutation::ImpersonationListed) {
            for one in self.store.live_impersonations(now).await? {
                found.extend(self.store.identity(one.session_id).await?);
            }
        }
        Ok(found)
    }

    async fn sessions_page(
        &self,
        mut filter: SessionFilter,
        after: Option<PageKey>,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<Identity>, StoreError> {
        if self.is(Mutation::LiveOfAllOrganizations) {
            filter.organization_id = None;
        }
        if self.is(Mutation::UserFilterIgnored) {
            filter.user_id = None;
        }
        if self.is(Mutation::SiteFilterIgnored) {
            filter.site_id = None;
        }
        if self.is(Mutation::IdlenessIgnored) {
            filter.idle_for_ms = None;
        }
        let (address, device) = (filter.ip_address.clone(), filter.device.clone());
        if self.is(Mutation::AddressIgnored) || self.is(Mutation::AddressAnywhere) {
            filter.ip_address = None;
        }
        if self.is(Mutation::DeviceIgnored) || self.is(Mutation::DeviceMindsCapitals) {
            filter.device = None;
        }
        let most = if self.is(Mutation::LiveLimitIgnored) {
            u32::MAX
        } else {
            limit
        };
        let from = match after {
            Some(_) if self.is(Mutation::PageBeginsAgain) => None,
            Some(after) if self.is(Mutation::PageSkipsTies) => Some(PageKey {
                id: Uuid::nil(),
                ..after
            }),
            after => after,
        };
        let mut found = self.store.sessions_page(filter, from, most, now).await?;
        if self.is(Mutation::AddressAnywhere) {
            let part = address.unwrap_or_default();
            found.retain(|one| one.session.origin.ip_address.contains(&part));
        }
        if self.is(Mutation::DeviceMindsCapitals) {
            let part = device.unwrap_or_default();
            found.retain(|one| one.session.device_name.contains(&part));
        }
        if self.is(Mutation::PageSkipsOne) && after.is_some() && !found.is_empty() {
            found.remove(0);
        }
        Ok(found)
    }

    async fn touch_sessions(&self, mut touches: Vec<Touch>) -> Result<u32, StoreError> {
        self.seen().touches.extend(touches.iter().cloned());
        let asked = touches.len();
        if self.is(Mutation::FirstUseOnly) {
            touches.truncate(1);
        }
        if self.is(Mutation::UseWithoutOrigin) {
            for touch in &mut touches {
                touch.origin.user_agent.clear();
            }
        }
        let touched = self.store.touch_sessions(touches).await?;
        let few = self.is(Mutation::FirstUseOnly) && asked > 1;
        Ok(touched + u32::from(few))
    }

    async fn note_reauthentication(
        &self,
        session_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let noted = self.store.note_reauthentication(session_id, now, audit).await?;
        Ok(noted || self.is(Mutation::EndedReauthenticates))
    }

    async fn switch_organization(
        &self,
        session_id: Uuid,
        organization_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<SessionRow>, StoreError> {
        let outcome = self
            .store
            .switch_organization(session_id, organization_id, now, audit)
            .await;
        let as_if_moved = async || {
            let found = self.store.identity(session_id).await?;
            Ok(found.map(|identity| SessionRow {
                organization_id,
                ..identity.session
            }))
        };
        match outcome {
            Err(StoreError::UnknownReference(_)) if self.is(Mutation::OutsiderMoves) => as_if_moved().await,
            Ok(None) if self.is(Mutation::EndedMoves) => as_if_moved().await,
            Ok(Some(row)) if self.is(Mutation::SiteStaysBehind) => {
                Ok(Some(SessionRow { site_id: None, ..row }))
            }
            outcome => outcome,
        }
    }

    async fn revoke_session(
        &self,
        session_id: Uuid,
        owner: Option<Uuid>,
        organization_id: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let again = another(&audit);
        let organization_id = if self.is(Mutation::AnyOrganizationEnds) {
            None
        } else {
            organization_id
        };
        let owner = if self.is(Mutation::AnyoneEnds) {
            None
        } else {
            owner
        };
        let ended = self
            .store
            .revoke_session(session_id, owner, organization_id, reason, now, audit)
            .await?;
        let told = self.seen().told.clone();
        if let Some(told) = told
            && !ended
            && self.is(Mutation::NothingTold)
        {
            drop(told.send(Change::SessionEnded {
                session_id,
                user_id: owner.unwrap_or_default(),
                organization_id: organization_id.unwrap_or_default(),
                reason,
            }));
        }
        if !ended && self.is(Mutation::NothingDoneAudited) {
            self.store.audit(again).await?;
        }
        let known = self.seen().sessions.contains(&session_id);
        Ok(ended || (known && (self.is(Mutation::EndedTwice) || self.is(Mutation::ExpiredEnded))))
    }

    async fn revoke_user_sessions(
        &self,
        user_id: Uuid,
        organization_id: Option<Uuid>,
        keep: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        if self.is(Mutation::KeptOneEndedToo)
            && let Some(keep) = keep
        {
            self.store
                .revoke_session(keep, None, None, reason, now, another(&audit))
                .await?;
        }
        if self.is(Mutation::OthersOfAllEnded) {
            for other in self.everybodys(now).await? {
                if other.session.user_id != user_id {
                    self.store
                        .revoke_session(other.session.id, None, None, reason, now, another(&audit))
                        .await?;
                }
            }
        }
        let organization_id = organization_id.filter(|_| !self.is(Mutation::UserEndedEverywhere));
        self.store
            .revoke_user_sessions(user_id, organization_id, keep, reason, now, audit)
            .await
    }

    async fn revoke_organization_sessions(
        &self,
        organization_id: Uuid,
        keep: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        if self.is(Mutation::OrganizationEndsAll) {
            return self.store.revoke_all_sessions(keep, reason, now, audit).await;
        }
        let keep = keep.filter(|_| !self.is(Mutation::OrganizationEndsKeptToo));
        self.store
            .revoke_organization_sessions(organization_id, keep, reason, now, audit)
            .await
    }

    async fn revoke_all_sessions(
        &self,
        keep: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        let first = self.organizations_seen().first().copied();
        if let Some(organization) = first
            && self.is(Mutation::AllEndsOneOrganization)
        {
            return self
                .store
                .revoke_organization_sessions(organization, keep, reason, now, audit)
                .await;
        }
        let keep = keep.filter(|_| !self.is(Mutation::AllEndsKeptToo));
        self.store.revoke_all_sessions(keep, reason, now, audit).await
    }

    async fn mark_restored(&self, now: Millis, audit: AuditEntry) -> Result<u32, StoreError> {
        if self.is(Mutation::RestoreUnmarked) {
            let live = self.everybodys(now).await?.len();
            self.store.audit(audit).await?;
            return Ok(u32::try_from(live).unwrap_or(u32::MAX));
        }
        if self.is(Mutation::RestoreUnaudited) {
            let restored = AuditEntry {
                action: "nothing",
                ..audit
            };
            return self.store.mark_restored(now, restored).await;
        }
        let marked = self.store.mark_restored(now, audit).await?;
        Ok(if self.is(Mutation::RestoreMiscounted) {
            marked + 1
        } else {
            marked
        })
    }

    async fn purge_sessions(&self, ended_before: Millis, limit: u32) -> Result<u32, StoreError> {
        self.seen().purged = true;
        let limit = if self.is(Mutation::PurgeLimitIgnored) {
            u32::MAX
        } else {
            limit
        };
        let later = Millis::from(self.is(Mutation::PurgesTooEarly));
        let purged = self.store.purge_sessions(ended_before + later, limit).await?;
        Ok(purged + u32::from(self.is(Mutation::UnwrittenPurged)))
    }
}
