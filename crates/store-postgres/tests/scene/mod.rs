//! What the tests of this engine have in common: one organisation with one user, and sessions on it.

#![allow(dead_code, reason = "each test file takes what it needs")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails")]

use protocol::auth::{DeviceKind, OrganizationRole};
use store::{
    AuditEntry, Directory as _, NewOrganization, NewSession, NewUser, Origin, Presented, SessionRow,
    Sessions as _, StoreError,
};
use store_postgres::{Options, PostgresStore};
use uuid::Uuid;
use vigie_tests::Postgres;

/// When every story begins.
pub(crate) const BEGUN: i64 = 1_700_000_000_000;

pub(crate) fn entry(action: &'static str) -> AuditEntry {
    AuditEntry {
        ip_address: "192.0.2.1".to_owned(),
        user_agent: "test".to_owned(),
        request_id: "r".to_owned(),
        ..AuditEntry::of(action, BEGUN)
    }
}

pub(crate) fn origin() -> Origin {
    Origin {
        ip_address: "192.0.2.1".to_owned(),
        user_agent: "test".to_owned(),
    }
}

pub(crate) async fn open(server: &Postgres) -> Result<PostgresStore, StoreError> {
    open_with(server, Options::default()).await
}

pub(crate) async fn open_with(server: &Postgres, options: Options) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(&server.url("vigie").parse().unwrap(), options).await
}

/// An organisation and its one user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct People {
    pub(crate) organization_id: Uuid,
    pub(crate) user_id: Uuid,
}

pub(crate) fn organization(slug: &str) -> NewOrganization {
    NewOrganization {
        id: Uuid::now_v7(),
        slug: slug.to_owned(),
        name: slug.to_owned(),
    }
}

pub(crate) async fn people(store: &PostgresStore) -> People {
    let new = organization("quai");
    let organization_id = new.id;
    store
        .add_organization(new, entry("organization.added"))
        .await
        .unwrap();
    let user_id = Uuid::now_v7();
    let user = NewUser {
        id: user_id,
        username: "anna".to_owned(),
        display_name: "Anna".to_owned(),
        password_hash: String::new(),
        one_time_password: false,
        organization_id,
        role: OrganizationRole::Owner,
        site_id: None,
    };
    store.add_user(user, entry("user.added")).await.unwrap();
    People {
        organization_id,
        user_id,
    }
}

pub(crate) fn new_session(people: People) -> NewSession {
    NewSession {
        id: Uuid::now_v7(),
        user_id: people.user_id,
        organization_id: people.organization_id,
        site_id: None,
        device_kind: DeviceKind::Till,
        device_name: "till".to_owned(),
        origin: origin(),
        expires_at: i64::MAX,
        device_key: None,
        device_limit: None,
        place: None,
        now: BEGUN,
    }
}

pub(crate) async fn session(store: &PostgresStore, people: People) -> SessionRow {
    let begun = store
        .begin_session(new_session(people), entry("session.created"))
        .await;
    begun.unwrap().session
}

pub(crate) fn presented(session_id: Uuid, generation: u32, attempt: [u8; 16]) -> Presented {
    Presented {
        session_id,
        generation,
        attempt,
        rotate: true,
        input_age_ms: None,
        device_key: None,
        origin: origin(),
        now: BEGUN + 1,
    }
}
