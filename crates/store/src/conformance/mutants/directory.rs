//! Faults with organisations, sites and users.

use async_trait::async_trait;
use protocol::auth::OrganizationRole;
use uuid::Uuid;

use super::{Mutant, Mutation, Opening, accept};
use crate::session::RevokeReason;
use crate::{
    AuditEntry, Directory, Millis, NewOrganization, NewSite, NewTill, NewUser, Organization, Site,
    StoreError, Till, User, UserFilter, UserListing,
};

fn another(entry: &AuditEntry) -> AuditEntry {
    AuditEntry {
        id: Uuid::now_v7(),
        ..entry.clone()
    }
}

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
            _ => self.is(Mutation::ForeignSiteAccepted),
        };
        accept(outcome, mistaken, ())
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        let mut found = self.store.user_by_name(username).await?;
        if self.is(Mutation::MembershipSiteForgotten) {
            for membership in found.iter_mut().flat_map(|user| &mut user.memberships) {
                membership.site = None;
            }
        }
        Ok(found)
    }

    async fn user(&self, id: Uuid) -> Result<Option<User>, StoreError> {
        self.store.user(id).await
    }

    async fn users(
        &self,
        filter: UserFilter,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<UserListing>, StoreError> {
        let mut found = self.store.users(filter.clone(), after.clone(), limit).await?;
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
        let outcome = self.store.disable_user(user_id, now, audit).await?;
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
        self.store.rename_organization(id, name, audit).await
    }

    async fn rename_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.store
            .rename_site(organization_id, site_id, name, audit)
            .await
    }

    async fn archive_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.store
            .archive_site(organization_id, site_id, now, audit)
            .await
    }

    async fn restore_site(
        &self,
        organization_id: Uuid,
        site_id: Uuid,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.store.restore_site(organization_id, site_id, audit).await
    }

    async fn add_till(&self, new: NewTill, audit: AuditEntry) -> Result<(), StoreError> {
        self.store.add_till(new, audit).await
    }

    async fn tills(&self, organization_id: Uuid) -> Result<Vec<Till>, StoreError> {
        self.store.tills(organization_id).await
    }

    async fn rename_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.store
            .rename_till(organization_id, till_id, name, audit)
            .await
    }

    async fn archive_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.store
            .archive_till(organization_id, till_id, now, audit)
            .await
    }

    async fn restore_till(
        &self,
        organization_id: Uuid,
        till_id: Uuid,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.store.restore_till(organization_id, till_id, audit).await
    }

    async fn rename_user(
        &self,
        user_id: Uuid,
        display_name: String,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.store.rename_user(user_id, display_name, audit).await
    }

    async fn enable_user(&self, user_id: Uuid, audit: AuditEntry) -> Result<bool, StoreError> {
        self.store.enable_user(user_id, audit).await
    }

    async fn set_super_admin(
        &self,
        user_id: Uuid,
        super_admin: bool,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.store.set_super_admin(user_id, super_admin, audit).await
    }

    async fn put_membership(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        role: OrganizationRole,
        site_id: Option<Uuid>,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        self.store
            .put_membership(user_id, organization_id, role, site_id, audit)
            .await
    }

    async fn remove_membership(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<u32>, StoreError> {
        self.store
            .remove_membership(user_id, organization_id, now, audit)
            .await
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
