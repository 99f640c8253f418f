//! Measures the engine without HTTP: durable refreshes per second and the time of an identity look-up.
//!
//! `refreshes [callers] [seconds] [folder]`, 64, 5 and a temporary folder by default. It prints one `name value` a line:
//! `refreshes_per_second` through the store with that many callers, `grouped_updates_per_second` by a bare loop that puts
//! that many of the same updates in each transaction, and the mean and the 99th percentile of a look-up in microseconds.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement that fails has nothing to say"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::auth::{DeviceKind, OrganizationRole};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};
use store::{
    AuditEntry, Directory, NewOrganization, NewSession, NewUser, Origin, Presented, RotationOutcome,
    Sessions, Store,
};
use store_sqlite::{Options, SqliteStore};
use uuid::Uuid;

const UPDATE: &str = "UPDATE sessions SET generation = generation + 1,
        attempts = substr(CAST(attempts || ?4 AS BLOB), -320), last_used_at = ?3, rotated_at = ?3
    WHERE id = ?1 AND generation = ?2 AND revoked_at IS NULL AND expires_at > ?3 RETURNING id, generation";

fn entry() -> AuditEntry {
    AuditEntry {
        detail: serde_json::Value::Null,
        ..AuditEntry::of("measured", 1)
    }
}

fn origin() -> Origin {
    Origin {
        ip_address: "192.0.2.1".to_owned(),
        user_agent: "Vigie/0.1 (Linux; x86_64)".to_owned(),
    }
}

async fn begin(store: &SqliteStore, sessions: usize) -> Vec<Uuid> {
    let (organization_id, user_id) = (Uuid::now_v7(), Uuid::now_v7());
    let organization = NewOrganization {
        id: organization_id,
        slug: "measured".to_owned(),
        name: "Measured".to_owned(),
    };
    store.add_organization(organization, entry()).await.unwrap();
    let user = NewUser {
        id: user_id,
        username: "measured".to_owned(),
        display_name: "Measured".to_owned(),
        password_hash: String::new(),
        one_time_password: false,
        organization_id,
        role: OrganizationRole::User,
        site_id: None,
    };
    store.add_user(user, entry()).await.unwrap();
    let mut ids = Vec::with_capacity(sessions);
    for _ in 0..sessions {
        let new = NewSession {
            id: Uuid::now_v7(),
            user_id,
            organization_id,
            site_id: None,
            device_kind: DeviceKind::Till,
            device_name: "Counter 1".to_owned(),
            origin: origin(),
            expires_at: i64::MAX,
            device_key: None,
            device_limit: None,
            place: None,
            now: 1,
        };
        ids.push(store.begin_session(new, entry()).await.unwrap().session.id);
    }
    ids
}

async fn through_the_store(store: &Arc<SqliteStore>, sessions: &[Uuid], length: Duration) -> f64 {
    let begun = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for session_id in sessions.iter().copied() {
        let store = Arc::clone(store);
        callers.spawn(async move {
            let mut generation = 0;
            while begun.elapsed() < length {
                let presented = Presented {
                    session_id,
                    generation,
                    attempt: *Uuid::now_v7().as_bytes(),
                    rotate: true,
                    input_age_ms: Some(0),
                    device_key: None,
                    origin: origin(),
                    now: 2,
                };
                let outcome = store.rotate(presented, entry()).await.unwrap();
                let RotationOutcome::Rotated(row) = outcome else {
                    panic!("a rotation gave {outcome:?}")
                };
                generation = row.generation;
            }
            generation
        });
    }
    let rotated: u32 = callers.join_all().await.into_iter().sum();
    f64::from(rotated) / begun.elapsed().as_secs_f64()
}

fn by_a_bare_loop(path: &Path, sessions: &[Uuid], length: Duration) -> f64 {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
        .unwrap();
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .unwrap();
    let mut generation = connection
        .query_row("SELECT max(generation) FROM sessions", [], |row| {
            row.get::<_, u32>(0)
        })
        .unwrap();
    connection
        .execute("UPDATE sessions SET generation = ?", [generation])
        .unwrap();
    let begun = Instant::now();
    let mut updated = 0_u32;
    while begun.elapsed() < length {
        connection
            .prepare_cached("BEGIN IMMEDIATE")
            .unwrap()
            .execute([])
            .unwrap();
        for id in sessions {
            let mut packed = [0; 20];
            packed[4..].copy_from_slice(Uuid::now_v7().as_bytes());
            let next: u32 = connection
                .prepare_cached(UPDATE)
                .unwrap()
                .query_row(params![id, generation, 3, packed], |row| row.get(1))
                .unwrap();
            updated += u32::from(next == generation + 1);
        }
        connection.prepare_cached("COMMIT").unwrap().execute([]).unwrap();
        generation += 1;
    }
    f64::from(updated) / begun.elapsed().as_secs_f64()
}

async fn look_ups(store: &SqliteStore, sessions: &[Uuid]) -> (f64, f64) {
    let mut times = Vec::new();
    for id in sessions.iter().cycle().take(50_000) {
        let begun = Instant::now();
        store.identity(*id).await.unwrap().unwrap();
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let mean = times.iter().sum::<f64>() / 50_000.0;
    (mean, times[times.len() * 99 / 100])
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let callers = arguments.next().map_or(64, |text| text.parse().unwrap());
    let length = Duration::from_secs(arguments.next().map_or(5, |text| text.parse().unwrap()));
    let temporary = tempfile::tempdir().unwrap();
    let folder = arguments
        .next()
        .map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let path = folder.join(format!("refreshes-{}.db", std::process::id()));
    let store = Arc::new(SqliteStore::open(&path, Options::default()).unwrap());
    let sessions = begin(&store, callers).await;
    println!("callers {callers}");
    println!(
        "refreshes_per_second {:.0}",
        through_the_store(&store, &sessions, length).await
    );
    let (mean, p99) = look_ups(&store, &sessions).await;
    println!("look_up_mean_us {mean:.1}");
    println!("look_up_p99_us {p99:.1}");
    store.close().await;
    if !length.is_zero() {
        println!(
            "grouped_updates_per_second {:.0}",
            by_a_bare_loop(&path, &sessions, length)
        );
    }
}
