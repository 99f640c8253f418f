//! The small world in which the cases take place.

use std::sync::Arc;

use protocol::auth::{DeviceKind, OrganizationRole};
use uuid::Uuid;

use super::{Engine, Violation};
use crate::{
    AuditEntry, Identity, Millis, NewOrganization, NewSession, NewSite, NewUser, Origin, Presented,
    SessionFilter, SessionRow, Store, StoreError, User, UserFilter,
};

/// When every story begins.
pub(super) const START: Millis = 1_700_000_000_000;
/// A minute.
pub(super) const MINUTE: Millis = 60_000;
/// An hour.
pub(super) const HOUR: Millis = 60 * MINUTE;
/// How long sessions last here.
pub(super) const SESSION: Millis = 720 * HOUR;

/// An audit entry with this action.
pub(super) fn entry(action: &'static str) -> AuditEntry {
    AuditEntry {
        ip_address: "192.0.2.7".to_owned(),
        user_agent: "conformance".to_owned(),
        request_id: "request".to_owned(),
        ..AuditEntry::of(action, START)
    }
}

/// Everybody in an organisation.
pub(super) fn of(organization_id: Uuid) -> UserFilter {
    UserFilter {
        organization_id: Some(organization_id),
        search: None,
    }
}

/// An origin that tells itself apart by `n`.
pub(super) fn origin(n: u8) -> Origin {
    Origin {
        ip_address: format!("192.0.2.{n}"),
        user_agent: format!("program/{n}"),
    }
}

/// Two organisations with a site and a user each, in one store.
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) quai: Uuid,
    pub(super) quai_site: Uuid,
    pub(super) anna: Uuid,
    pub(super) port: Uuid,
    pub(super) port_site: Uuid,
    pub(super) paul: Uuid,
}

impl World {
    pub(super) async fn new(engine: &dyn Engine) -> Result<Self, Violation> {
        Self::beside(engine.open().await?, "").await
    }

    /// Another such world in the same store: its names end so.
    pub(super) async fn beside(store: Arc<dyn Store>, ending: &str) -> Result<Self, Violation> {
        let name = |text: &str| format!("{text}{ending}");
        let quai = organization(&*store, &name("quai")).await?;
        let port = organization(&*store, &name("port")).await?;
        let quai_site = site(&*store, quai, "Dock").await?;
        let port_site = site(&*store, port, "Pier").await?;
        let anna = user(&*store, &name("anna"), quai, Some(quai_site)).await?;
        let paul = user(&*store, &name("paul"), port, Some(port_site)).await?;
        Ok(Self {
            store,
            quai,
            quai_site,
            anna,
            port,
            port_site,
            paul,
        })
    }

    /// Anna's session on a device of this kind, begun at `now`.
    pub(super) async fn session(&self, kind: DeviceKind, now: Millis) -> Result<SessionRow, Violation> {
        begin(&*self.store, new_session(self.anna, self.quai, kind, now)).await
    }

    /// Anna's session on a till, begun at [`START`].
    pub(super) async fn till(&self) -> Result<SessionRow, Violation> {
        self.session(DeviceKind::Till, START).await
    }

    /// Paul's session on a till, in the other organisation.
    pub(super) async fn foreign_till(&self, now: Millis) -> Result<SessionRow, Violation> {
        begin(
            &*self.store,
            new_session(self.paul, self.port, DeviceKind::Till, now),
        )
        .await
    }

    pub(super) async fn identity(&self, session: Uuid) -> Result<Identity, Violation> {
        self.store
            .identity(session)
            .await?
            .ok_or_else(|| Violation::Broken("a session that was begun is not found".to_owned()))
    }

    pub(super) async fn row(&self, session: Uuid) -> Result<SessionRow, Violation> {
        Ok(self.identity(session).await?.session)
    }

    /// Makes a user a member of an organisation, or changes the membership.
    pub(super) async fn join(
        &self,
        user: Uuid,
        organization: Uuid,
        role: OrganizationRole,
        site: Option<Uuid>,
    ) -> Result<(), Violation> {
        let audit = entry("membership.put");
        Ok(self
            .store
            .put_membership(user, organization, role, site, audit)
            .await?)
    }

    /// The user with this name.
    pub(super) async fn known(&self, username: &str) -> Result<User, Violation> {
        self.store
            .user_by_name(username)
            .await?
            .ok_or_else(|| Violation::Broken(format!("{username} is not found")))
    }

    /// The live sessions of an organisation, or of all, newest first.
    pub(super) async fn live_of(
        &self,
        organization_id: Option<Uuid>,
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Identity>, Violation> {
        let filter = SessionFilter {
            organization_id,
            ..SessionFilter::default()
        };
        Ok(self.store.sessions_page(filter, None, limit, now).await?)
    }

    /// The actions in the log of everybody, newest first.
    pub(super) async fn actions(&self) -> Result<Vec<String>, Violation> {
        Ok(self
            .store
            .audit_rows(None, 10_000)
            .await?
            .into_iter()
            .map(|row| row.action)
            .collect())
    }
}

pub(super) async fn organization(store: &dyn Store, slug: &str) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    let new = NewOrganization {
        id,
        slug: slug.to_owned(),
        name: format!("The {slug}"),
    };
    store.add_organization(new, entry("organization.added")).await?;
    Ok(id)
}

pub(super) async fn site(store: &dyn Store, organization_id: Uuid, name: &str) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    store
        .add_site(
            NewSite {
                id,
                organization_id,
                name: name.to_owned(),
            },
            entry("site.added"),
        )
        .await?;
    Ok(id)
}

pub(super) fn new_user(username: &str, organization_id: Uuid, site_id: Option<Uuid>) -> NewUser {
    NewUser {
        id: Uuid::now_v7(),
        username: username.to_owned(),
        display_name: username.to_uppercase(),
        password_hash: format!("$argon2id${username}"),
        one_time_password: true,
        organization_id,
        role: OrganizationRole::Manager,
        site_id,
    }
}

pub(super) async fn user(
    store: &dyn Store,
    username: &str,
    organization_id: Uuid,
    site_id: Option<Uuid>,
) -> Result<Uuid, StoreError> {
    let new = new_user(username, organization_id, site_id);
    let id = new.id;
    store.add_user(new, entry("user.added")).await?;
    Ok(id)
}

pub(super) fn new_session(user_id: Uuid, organization_id: Uuid, kind: DeviceKind, now: Millis) -> NewSession {
    NewSession {
        id: Uuid::now_v7(),
        user_id,
        organization_id,
        site_id: None,
        device_kind: kind,
        device_name: "Counter 1".to_owned(),
        origin: origin(1),
        expires_at: now + SESSION,
        device_key: None,
        device_limit: None,
        place: None,
        now,
    }
}

pub(super) async fn begin(store: &dyn Store, new: NewSession) -> Result<SessionRow, Violation> {
    Ok(store.begin_session(new, entry("session.created")).await?.session)
}

/// The token of this generation, presented to be spent by the attempt that `attempt` stands for, one minute after the
/// session's last use.
pub(super) fn present(row: &SessionRow, generation: u32, attempt: u8) -> Presented {
    Presented {
        session_id: row.id,
        generation,
        attempt: [attempt; 16],
        rotate: true,
        input_age_ms: None,
        device_key: None,
        origin: origin(attempt),
        now: row.last_used_at + MINUTE,
    }
}

pub(super) async fn rotate(world: &World, presented: Presented) -> Result<crate::RotationOutcome, Violation> {
    Ok(world.store.rotate(presented, entry("session.rotated")).await?)
}
