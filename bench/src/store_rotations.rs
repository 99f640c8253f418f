//! The same rotations by the store itself, in the same groups and as durable, with no HTTP and no tokens around them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use protocol::auth::{DeviceKind, OrganizationRole};
use store::{
    AuditEntry, Directory as _, NewOrganization, NewSession, NewUser, Origin, Presented, RotationOutcome,
    Sessions as _,
};
use store_sqlite::{Options, SqliteStore};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uuid::Uuid;
use vigie_tests::Stopwatch;

use crate::failure::{Doing as _, Failure};

/// Any moment will do: the store takes the time that it is given.
const NOW: i64 = 1_800_000_000_000;
const YEAR_MS: i64 = 365 * 86_400 * 1_000;

/// Sessions in a store of their own.
pub(crate) struct StoreRotations {
    runtime: Runtime,
    store: Arc<SqliteStore>,
    sessions: Vec<Arc<Session>>,
}

struct Session {
    id: Uuid,
    generation: AtomicU32,
}

impl StoreRotations {
    /// Opens a new database in this folder, with the engine's default options, and begins so many sessions.
    pub(crate) fn open(folder: &Path, count: usize) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).doing("making the store's folder")?;
        let runtime = crate::refresh::runtime()?;
        let store =
            SqliteStore::open(&folder.join("vigie.db"), Options::default()).doing("opening the store")?;
        let sessions = runtime.block_on(begin(&store, count))?;
        Ok(Self {
            runtime,
            store: Arc::new(store),
            sessions,
        })
    }

    /// Lets all sessions rotate for this long, and gives how many rotations reached the disk in a second.
    pub(crate) fn rotate_for(&self, lasts: Duration) -> Result<f64, Failure> {
        self.runtime.block_on(async {
            let watch = Stopwatch::start();
            let mut running = JoinSet::new();
            for session in &self.sessions {
                let (store, session) = (Arc::clone(&self.store), Arc::clone(session));
                running.spawn(async move {
                    let mut rotations = 0_u32;
                    while watch.elapsed() < lasts {
                        rotate(&store, &session).await?;
                        rotations += 1;
                    }
                    Ok::<_, Failure>(rotations)
                });
            }
            let mut done = 0;
            while let Some(ended) = running.join_next().await {
                done += ended.doing("rotating")??;
            }
            Ok(f64::from(done) / watch.elapsed().as_secs_f64())
        })
    }
}

async fn begin(store: &SqliteStore, count: usize) -> Result<Vec<Arc<Session>>, Failure> {
    let organization_id = Uuid::now_v7();
    let organization = NewOrganization {
        id: organization_id,
        slug: "bench".to_owned(),
        name: "Bench".to_owned(),
    };
    store
        .add_organization(organization, entry("organization.added"))
        .await
        .doing("adding an organization")?;
    let user_id = Uuid::now_v7();
    let user = NewUser {
        id: user_id,
        username: "bench".to_owned(),
        display_name: "Bench".to_owned(),
        password_hash: "nobody signs in with it".to_owned(),
        one_time_password: false,
        organization_id,
        role: OrganizationRole::User,
        site_id: None,
    };
    store
        .add_user(user, entry("user.added"))
        .await
        .doing("adding a user")?;
    let mut sessions = Vec::with_capacity(count);
    for _ in 0..count {
        let new = NewSession {
            id: Uuid::now_v7(),
            user_id,
            organization_id,
            site_id: None,
            device_kind: DeviceKind::Till,
            device_name: "bench".to_owned(),
            origin: origin(),
            expires_at: NOW + YEAR_MS,
            device_key: None,
            device_limit: None,
            place: None,
            now: NOW,
        };
        let begun = store
            .begin_session(new, entry("session.created"))
            .await
            .doing("beginning a session")?;
        sessions.push(Arc::new(Session {
            id: begun.session.id,
            generation: AtomicU32::new(begun.session.generation),
        }));
    }
    Ok(sessions)
}

async fn rotate(store: &SqliteStore, session: &Session) -> Result<(), Failure> {
    let presented = Presented {
        session_id: session.id,
        generation: session.generation.load(Ordering::Relaxed),
        attempt: *Uuid::new_v4().as_bytes(),
        rotate: true,
        input_age_ms: None,
        device_key: None,
        origin: origin(),
        now: NOW,
    };
    match store
        .rotate(presented, entry("session.refreshed"))
        .await
        .doing("rotating")?
    {
        RotationOutcome::Rotated(row) => {
            session.generation.store(row.generation, Ordering::Relaxed);
            Ok(())
        }
        other @ (RotationOutcome::Replayed(_)
        | RotationOutcome::Renewed(_)
        | RotationOutcome::FastForwarded(_)
        | RotationOutcome::Reused(_)
        | RotationOutcome::Stale
        | RotationOutcome::RotationRequired
        | RotationOutcome::WrongDevice(_)
        | RotationOutcome::Over(_)
        | RotationOutcome::Unknown) => Err(Failure::found("rotating", format!("{other:?}"))),
    }
}

fn origin() -> Origin {
    Origin {
        ip_address: "127.0.0.1".to_owned(),
        user_agent: crate::signed_in::USER_AGENT.to_owned(),
    }
}

fn entry(action: &'static str) -> AuditEntry {
    AuditEntry {
        ip_address: "127.0.0.1".to_owned(),
        user_agent: crate::signed_in::USER_AGENT.to_owned(),
        request_id: "bench".to_owned(),
        ..AuditEntry::of(action, NOW)
    }
}
