//! PostgreSQL killed or silent in the middle of work: what it answered is there afterwards, what it could not answer is
//! said to be unavailable and is never a verdict on a session, and the store finds its way back by itself.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot set its scene fails"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use scene::{BEGUN, entry, open, open_with, organization, people, presented, session};
use store::{
    AuditLog as _, Directory as _, Origin, RotationOutcome, Sessions as _, Store as _, StoreError, Touch,
};
use store_postgres::{Options, PostgresStore};
use uuid::Uuid;
use vigie_tests::{Disk, Postgres};

mod scene;

const SESSIONS: usize = 32;

/// A client of one session as the keeper is one: it repeats an attempt until it hears what became of it.
async fn rotate_until(store: Arc<PostgresStore>, session_id: Uuid, told: Arc<Told>) -> (Uuid, u32) {
    let mut generation = 0;
    let mut attempt = *Uuid::new_v4().as_bytes();
    while !told.enough.load(Ordering::SeqCst) {
        match store
            .rotate(presented(session_id, generation, attempt), entry("test"))
            .await
        {
            Ok(RotationOutcome::Rotated(row) | RotationOutcome::Replayed(row)) => {
                assert_eq!(row.generation, generation + 1);
                generation = row.generation;
                attempt = *Uuid::new_v4().as_bytes();
                told.answered.fetch_add(1, Ordering::SeqCst);
            }
            Err(StoreError::Unavailable(_)) => {
                told.unavailable.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => panic!("a rotation gave {other:?}"),
        }
    }
    (session_id, generation)
}

#[derive(Default)]
struct Told {
    enough: AtomicBool,
    answered: AtomicU64,
    unavailable: AtomicU64,
}

impl Told {
    async fn more_answers(&self, more: u64) {
        let wanted = self.answered.load(Ordering::SeqCst) + more;
        let reached = async {
            while self.answered.load(Ordering::SeqCst) < wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(90), reached)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_rotation_outlives_kills_and_no_session_ends() {
    let mut server = Postgres::start(Disk::Waited).unwrap();
    let store = Arc::new(open(&server).await.unwrap());
    let people = people(&store).await;
    let told = Arc::new(Told::default());
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..SESSIONS {
        let id = session(&store, people).await.id;
        clients.spawn(rotate_until(Arc::clone(&store), id, Arc::clone(&told)));
    }
    for _ in 0..3 {
        told.more_answers(500).await;
        server.kill().unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.start_again().unwrap();
    }
    told.more_answers(500).await;
    told.enough.store(true, Ordering::SeqCst);
    let heard: HashMap<_, _> = clients.join_all().await.into_iter().collect();
    assert_eq!(heard.len(), SESSIONS);
    assert!(
        told.unavailable.load(Ordering::SeqCst) > 0,
        "nobody noticed the kills"
    );
    for (id, generation) in heard {
        let row = store.identity(id).await.unwrap().unwrap().session;
        assert_eq!(row.revoked, None);
        // One rotation may have been kept whose answer never came.
        assert!(
            (generation..=generation + 1).contains(&row.generation),
            "{generation} was answered, {} is kept",
            row.generation
        );
    }
    let rows = store.audit_rows(None, 10_000).await.unwrap();
    let sequences: Vec<_> = rows.iter().rev().map(|row| row.sequence).collect();
    assert_eq!(sequences, (1..=rows.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_says_unavailable_while_there_is_no_server() {
    let mut server = Postgres::start(Disk::NotWaited).unwrap();
    let options = Options {
        acquire_most: Duration::from_millis(500),
        ..Options::default()
    };
    let store = open_with(&server, options.clone()).await.unwrap();
    let people = people(&store).await;
    let id = session(&store, people).await.id;
    server.kill().unwrap();
    let touch = Touch {
        session_id: id,
        at: BEGUN,
        origin: Origin {
            ip_address: String::new(),
            user_agent: String::new(),
        },
    };
    // The first of each may still find a connection of the pool, which is dead.
    for _ in 0..2 {
        unavailable(store.ping().await);
        unavailable(store.identity(id).await);
        unavailable(store.rotate(presented(id, 0, [1; 16]), entry("test")).await);
        unavailable(store.note_input(id, 0, BEGUN).await);
        unavailable(store.touch_sessions(vec![touch.clone()]).await);
        unavailable(store.live_sessions(people.user_id, BEGUN).await);
        unavailable(store.user_by_name("anna").await.map(drop));
        unavailable(
            store
                .begin_session(scene::new_session(people), entry("test"))
                .await,
        );
        unavailable(store.add_organization(organization("late"), entry("test")).await);
    }
    unavailable(open_with(&server, options).await.map(drop));
    server.start_again().unwrap();
    let back = async {
        while store.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), back).await.unwrap();
    let row = store.identity(id).await.unwrap().unwrap().session;
    assert_eq!((row.generation, row.revoked), (0, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_holds_a_call_up_no_longer_than_it_may() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let options = Options {
        acquire_most: Duration::from_millis(500),
        call_most: Duration::from_secs(1),
        ..Options::default()
    };
    let store = open_with(&server, options).await.unwrap();
    let people = people(&store).await;
    let id = session(&store, people).await.id;
    server.freeze().unwrap();
    for _ in 0..2 {
        let call = store.rotate(presented(id, 0, [1; 16]), entry("test"));
        let outcome = tokio::time::timeout(Duration::from_secs(4), call).await.unwrap();
        unavailable(outcome);
    }
    server.thaw().unwrap();
    let again = async {
        loop {
            match store.rotate(presented(id, 0, [1; 16]), entry("test")).await {
                Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                outcome => break outcome.unwrap(),
            }
        }
    };
    // The call that nobody answered may have been done all the same.
    let outcome = tokio::time::timeout(Duration::from_secs(10), again)
        .await
        .unwrap();
    assert!(
        matches!(&outcome, RotationOutcome::Rotated(row) | RotationOutcome::Replayed(row) if row.generation == 1),
        "{outcome:?}"
    );
}

fn unavailable<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
}
