//! Faults with organisations, sites and users.

use async_trait::async_trait;
use protocol::auth::OrganizationRole;
use uuid::Uuid;

use super::{Mutant, Mutation, Opening, accept, another};
use crate::session::RevokeReason;
use crate::{
    AuditEntry, Directory, Millis, NewOrganization, NewSite, NewTill, NewUser, Organization, PlacedSite,
    Site, StoreError, Till, User, UserFilter, UserListing, folded,
};

#[async_trait]
impl Directory for Mutant {
    async fn add_organization(&self, new: NewOrganization, audit: AuditEntry) -> Result<(), StoreError> {
        self.seen().organizations.push(new.id);
        let outcome = self.store.add_organization(new, audit).await;
        accept(outcome, self.is(Mutation::TakenSlugAccepted), ())
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let mut found = self.store.organizations().await?;
        if self.is(Mutation::OrganizationsUnordered) {
            found.reverse();
        }
        if self.is(Mutation::RestartForgets) && self.opening == Opening::Later {
            found.clear();
        }
        Ok(found)
    }

    async fn add_site(&self, new: NewSite, audit: AuditEntry) -> Result<(), StoreError> {
        let again = another(&audit);
        if self.is(Mutation::SiteNameTakenEverywhere) {
            for organization in self.organizations_seen() {
                if self
                    .store
                    .sites(organization)
                    .await?
                    .iter()
                    .any(|site| site.name == new.name)
                {
                    return Err(StoreError::NameTaken("site"));
                }
            }
        }
        if self.is(Mutation::AnswersBeforeKeeping) {
            self.seen().writes += 1;
            if self.seen().writes % 8 == 3 {
                return Ok(());
            }
        }
        let outcome = self.store.add_site(new, audit).await;
        if self.is(Mutation::RefusalTakesAlong) {
            let along = std::mem::replace(&mut self.seen().refused, outcome.is_err());
            if along && outcome.is_ok() {
                return Err(StoreError::Failed("the group was undone".to_owned()));
            }
        }
        if self.is(Mutation::DeedAuditedTwice) && outcome.is_ok() {
            self.store.audit(again).await?;
        }
        let mistaken = match outcome {
            Err(StoreError::NameTaken(_)) => self.is(Mutation::TakenSiteNameAccepted),
            _ => self.is(Mutation::SiteOfNobodyAccepted),
        };
        accept(outcome, mistaken, ())
    }

    async fn oldest_sites(&self, limit: u32) -> Result<Vec<PlacedSite>, StoreError> {
        let limit = if self.is(Mutation::OldestSitesLimitIgnored) {
            1_000
        } else {
            limit
        };
        let mut found = self.store.oldest_sites(limit).await?;
        if self.is(Mutation::OldestSitesUnordered) {
            found.reverse();
        }
        Ok(found)
    }

    async fn sites(&self, organization_id: Uuid) -> Result<Vec<Site>, StoreError> {
        let mut found = self.store.sites(organization_id).await?;
        if self.is(Mutation::SitesOfAll) {
            for other in self
                .organizations_seen()
                .into_iter()
                .filter(|id| *id != organization_id)
            {
                found.extend(self.store.sites(other).await?);
            }
        }
        if self.is(Mutation::SitesUnordered) {
            found.reverse();
        }
        if self.is(Mutation::ArchivingUnseen) {
            for site in &mut found {
                site.archived_at = None;
            }
        }
        Ok(found)
    }

    async fn add_user(&self, new: NewUser, audit: AuditEntry) -> Result<(), StoreError> {
        self.seen().members.push((new.organization_id, new.id));
        let (again, without_site) = (
            another(&audit),
            NewUser {
                site_id: None,
                ..new.clone()
            },
        );
        let outcome = self.store.add_user(new, audit).await;
        if self.is(Mutation::RefusalAudited) && outcome.is_err() {
            self.store.audit(again).await?;
        } else if self.is(Mutation::RefusedUserHalfKept) && outcome.is_err() {
            self.store.add_user(without_site, again).await?;
        }
        let mistaken = match outcome {
            Err(StoreError::NameTaken(_)) => self.is(Mutation::TakenUsernameAccepted),
            _ => self.is(Mutation::ForeignSiteAccepted) || self.is(Mutation::ArchivedSiteTakesUsers),
        };
        accept(outcome, mistaken, ())
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        let mut found = self.store.user_by_name(username).await?;
        if let Some(user) = &mut found {
            if self.is(Mutation::SignInForgotten) {
                user.last_sign_in_at = None;
            }
            if self.is(Mutation::SuperAdminForgotten) {
                user.super_admin = false;
            }
        }
        if self.is(Mutation::MembershipSiteForgotten) {
            for membership in found.iter_mut().flat_map(|user| &mut user.memberships) {
                membership.site = None;
            }
        }
        Ok(found)
    }

    async fn user(&self, id: Uuid) -> Result<Option<User>, StoreError> {
        let mut found = self.store.user(id).await?;
        if let Some(user) = &mut found
            && self.is(Mutation::MembershipsForgottenById)
        {
            user.memberships.clear();
        }
        Ok(found)
    }

    async fn users(
        &self,
        filter: UserFilter,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<UserListing>, StoreError> {
        let search = filter.search.clone();
        let mut filter = filter;
        if self.is(Mutation::SearchIgnored)
            || self.is(Mutation::SearchMindsCapitals)
            || self.is(Mutation::SearchByUsernameOnly)
        {
            filter.search = None;
        }
        let after = after.filter(|_| !self.is(Mutation::UserPageBeginsAgain));
        let limit = if self.is(Mutation::UserLimitIgnored) {
            u32::MAX
        } else {
            limit
        };
        let mut found = self.store.users(filter.clone(), after.clone(), limit).await?;
        if let Some(text) = search {
            if self.is(Mutation::SearchMindsCapitals) {
                found.retain(|user| user.username.contains(&text) || user.display_name.contains(&text));
            }
            if self.is(Mutation::SearchByUsernameOnly) {
                found.retain(|user| folded(&user.username).contains(&folded(&text)));
            }
        }
        if self.is(Mutation::UserListedTwice) && filter.organization_id.is_none() {
            found = found.into_iter().flat_map(|user| [user.clone(), user]).collect();
        }
        for user in &mut found {
            if self.is(Mutation::ListingWithoutSite) {
                user.site = None;
            }
        }
        if self.is(Mutation::UsersOfAll) {
            for other in self
                .organizations_seen()
                .into_iter()
                .filter(|id| Some(*id) != filter.organization_id)
            {
                let others = UserFilter {
                    organization_id: Some(other),
                    ..filter.clone()
                };
                found.extend(self.store.users(others, after.clone(), limit).await?);
            }
        }
        if self.is(Mutation::UsersUnordered) {
            found.reverse();
        }
        Ok(found)
    }

    async fn disable_user(
        &self,
        user_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError> {
        let again = another(&audit);
        let outcome = match self.store.disable_user(user_id, now, audit).await {
            Err(StoreError::LastOwner) if self.is(Mutation::LastOwnerDisabled) => Some(0),
            Err(StoreError::RankLost) if self.is(Mutation::SuperAdminDisabledFromBelow) => Some(0),
            outcome => outcome?,
        };
        if self.is(Mutation::DisabledEndsOthersToo) {
            for other in self.everybodys(now).await? {
                let reason = RevokeReason::AccountDisabled;
                self.store
                    .revoke_session(other.session.id, None, None, reason, now, another(&again))
                    .await?;
            }
        }
        if self.is(Mutation::UnknownUserDisabled) {
            return Ok(Some(outcome.unwrap_or(0)));
        }
        Ok(outcome)
    }

    async fn rename_organization(
        &self,
        id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        if self.is(Mutation::OrganizationNameKept) {
            return Ok(self.organizations_seen().contains(&id));
        }
        self.store.rename_organization(id, name, audit).await
    }

    async fn rename_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let again = another(&audit);
        let done = self
            .store
            .rename_site(organization_id, site_id, name.clone(), audit)
            .await;
        if matches!(done, Ok(false)) && self.is(Mutation::SiteRenamedAbroad) {
            for organization_id in self.organizations_seen() {
                let audit = another(&again);
                if self
                    .store
                    .rename_site(organization_id, site_id, name.clone(), audit)
                    .await?
                {
                    return Ok(true);
                }
            }
        }
        accept(done, self.is(Mutation::TakenSiteRenameAccepted), true)
    }

    async fn archive_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let again = another(&audit);
        let done = self
            .store
            .archive_site(organization_id, site_id, now, audit)
            .await;
        if matches!(done, Ok(false)) && self.is(Mutation::SiteArchivedAbroad) {
            for organization_id in self.organizations_seen() {
                let audit = another(&again);
                if self
                    .store
                    .archive_site(organization_id, site_id, now, audit)
                    .await?
                {
                    return Ok(true);
                }
            }
        }
        done
    }

    async fn restore_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let done = self
            .store
            .restore_site(organization_id, site_id, another(&audit))
            .await?;
        if done && self.is(Mutation::SiteStaysArchived) {
            let now = audit.now;
            self.store
                .archive_site(organization_id, site_id, now, audit)
                .await?;
        }
        Ok(done)
    }

    async fn add_till(&self, new: NewTill, audit: AuditEntry) -> Result<(), StoreError> {
        if self.is(Mutation::ArchivedTillKeepsName) {
            let tills = self.store.tills(new.organization_id).await?;
            if tills
                .iter()
                .any(|till| till.site_id == new.site_id && till.name == new.name)
            {
                return Err(StoreError::NameTaken("till"));
            }
        }
        let outcome = self.store.add_till(new, audit).await;
        let mistaken = match outcome {
            Err(StoreError::NameTaken(_)) => self.is(Mutation::TakenTillNameAccepted),
            _ => self.is(Mutation::TillOfForeignSite) || self.is(Mutation::ArchivedSiteTakesTills),
        };
        accept(outcome, mistaken, ())
    }

    async fn tills(&self, organization_id: Uuid) -> Result<Vec<Till>, StoreError> {
        let mut found = self.store.tills(organization_id).await?;
        if self.is(Mutation::TillsOfAll) {
            for other in self
                .organizations_seen()
                .into_iter()
                .filter(|id| *id != organization_id)
            {
                found.extend(self.store.tills(other).await?);
            }
        }
        if self.is(Mutation::TillsUnordered) {
            found.reverse();
        }
        Ok(found)
    }

    async fn rename_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let again = another(&audit);
        let done = self
            .store
            .rename_till(organization_id, till_id, name.clone(), audit)
            .await;
        if matches!(done, Ok(false)) && self.is(Mutation::TillRenamedAbroad) {
            for organization_id in self.organizations_seen() {
                let audit = another(&again);
                if self
                    .store
                    .rename_till(organization_id, till_id, name.clone(), audit)
                    .await?
                {
                    return Ok(true);
                }
            }
        }
        done
    }

    async fn archive_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let again = another(&audit);
        let done = self
            .store
            .archive_till(organization_id, till_id, now, audit)
            .await;
        if matches!(done, Ok(false)) && self.is(Mutation::TillArchivedAbroad) {
            for organization_id in self.organizations_seen() {
                let audit = another(&again);
                if self
                    .store
                    .archive_till(organization_id, till_id, now, audit)
                    .await?
                {
                    return Ok(true);
                }
            }
        }
        done
    }

    async fn restore_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let outcome = self.store.restore_till(organization_id, till_id, audit).await;
        accept(outcome, self.is(Mutation::RestoredTillSharesName), true)
    }

    async fn rename_user(
        &self,
        user_id: Uuid,
        display_name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        if self.is(Mutation::DisplayNameKept) {
            return Ok(self.seen().members.iter().any(|(_, member)| *member == user_id));
        }
        let done = self.store.rename_user(user_id, display_name, audit).await?;
        Ok(done || self.is(Mutation::UnknownUserRenamed))
    }

    async fn enable_user(&self, user_id: Uuid, audit: AuditEntry) -> Result<bool, StoreError> {
        if self.is(Mutation::EnabledStaysDisabled) {
            let found = self.store.user(user_id).await?;
            return Ok(found.is_some_and(|user| user.disabled_at.is_some()));
        }
        let done = self.store.enable_user(user_id, audit).await?;
        Ok(done || self.is(Mutation::EnabledTwice))
    }

    async fn set_super_admin(
        &self,
        user_id: Uuid,
        super_admin: bool,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        if self.is(Mutation::SuperAdminForEver) && !super_admin {
            return Ok(true);
        }
        let again = another(&audit);
        match self.store.set_super_admin(user_id, super_admin, audit).await {
            Err(StoreError::RankLost) if self.is(Mutation::NamedFromBelow) => Ok(true),
            Err(StoreError::RankLost) if self.is(Mutation::NamedByTheDisabled) => {
                let actor = match again.actor_user_id {
                    Some(actor) => self.store.user(actor).await?,
                    None => None,
                };
                if actor.is_some_and(|actor| actor.super_admin) {
                    Ok(true)
                } else {
                    Err(StoreError::RankLost)
                }
            }
            outcome => outcome,
        }
    }

    async fn put_membership(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        role: OrganizationRole,
        site_id: Option<Uuid>,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        let member = self.seen().members.contains(&(organization_id, user_id));
        if self.is(Mutation::MembershipNeverChanges) && member {
            return Ok(());
        }
        let outcome = self
            .store
            .put_membership(user_id, organization_id, role, site_id, audit)
            .await;
        match outcome {
            Err(StoreError::LastOwner) if self.is(Mutation::LastOwnerDemoted) => Ok(()),
            outcome => {
                let mistaken =
                    self.is(Mutation::MembershipOfNobody) || self.is(Mutation::ArchivedSiteTakesMembers);
                accept(outcome, mistaken, ())
            }
        }
    }

    async fn remove_membership(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError> {
        let again = another(&audit);
        let outcome = self
            .store
            .remove_membership(user_id, organization_id, now, audit)
            .await;
        if self.is(Mutation::RemovedEndsEverywhere) && outcome.is_ok() {
            let reason = RevokeReason::MembershipEnded;
            self.store
                .revoke_user_sessions(user_id, None, None, reason, now, again)
                .await?;
        }
        match outcome {
            Err(StoreError::LastOwner) if self.is(Mutation::LastOwnerRemoved) => Ok(Some(0)),
            Err(StoreError::LastOwner) if self.is(Mutation::DisabledOwnerCounts) => {
                let filter = UserFilter {
                    organization_id: Some(organization_id),
                    search: None,
                };
                let members = self.store.users(filter, None, u32::MAX).await?;
                let owners = members
                    .iter()
                    .filter(|user| user.role == Some(OrganizationRole::Owner))
                    .count();
                if owners > 1 {
                    Ok(Some(0))
                } else {
                    Err(StoreError::LastOwner)
                }
            }
            outcome => outcome,
        }
    }

    async fn set_password(
        &self,
        user_id: Uuid,
        password_hash: String,
        one_time_password: bool,
        keep: Option<Uuid>,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError> {
        if self.is(Mutation::PasswordKept) {
            let known = self.seen().members.iter().any(|(_, member)| *member == user_id);
            return Ok(known.then_some(0));
        }
        let keep = keep.filter(|_| !self.is(Mutation::PasswordEndsThisToo));
        let set = self
            .store
            .set_password(user_id, password_hash, one_time_password, keep, now, audit)
            .await?;
        if self.is(Mutation::PasswordSetForUnknown) {
            return Ok(Some(set.unwrap_or(0)));
        }
        Ok(set)
    }
}
