//! Many who refresh at once share statements: few are needed, nobody pays for another's session, and each has an answer
//! of their own.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails")]

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use scene::{BEGUN, entry, open, open_with, people, presented, session};
use sqlx_core::connection::Connection as _;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_postgres::{PgConnection, Postgres as Engine};
use store::{RotationOutcome, Sessions as _, Store as _, StoreError};
use store_postgres::{Options, PostgresStore};
use uuid::Uuid;
use vigie_tests::{Disk, Postgres};

mod scene;

const AT_ONCE: usize = 64;
const SOON: Duration = Duration::from_secs(4);

async fn sessions(store: &PostgresStore) -> Vec<Uuid> {
    let people = people(store).await;
    let mut ids = Vec::new();
    for _ in 0..AT_ONCE {
        ids.push(session(store, people).await.id);
    }
    ids
}

async fn beside(server: &Postgres) -> PgConnection {
    PgConnection::connect(&server.url("vigie")).await.unwrap()
}

/// The number of the next transaction that changes something.
async fn next_transaction(connection: &mut PgConnection) -> i64 {
    query_scalar::<Engine, i64>("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        .fetch_one(connection)
        .await
        .unwrap()
}

fn attempt(n: usize) -> [u8; 16] {
    [u8::try_from(n % 255).unwrap() + 1; 16]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_that_come_at_once_are_few_statements_and_each_has_its_own_answer() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let store = open(&server).await.unwrap();
    let ids = sessions(&store).await;
    let mut connection = beside(&server).await;
    let before = next_transaction(&mut connection).await;
    let rounds = 20;
    for generation in 0..rounds {
        let uses = ids.iter().enumerate().map(|(n, id)| {
            let mut presented = presented(*id, generation, attempt(n));
            presented.origin.user_agent = format!("till {n}, round {generation}");
            presented.now = BEGUN + 1 + i64::from(generation);
            store.rotate(presented, entry("test"))
        });
        for (n, outcome) in join_all(uses).await.into_iter().enumerate() {
            let Ok(RotationOutcome::Rotated(row)) = outcome else {
                panic!("{outcome:?}")
            };
            assert_eq!((row.id, row.generation), (ids[n], generation + 1));
            assert_eq!(row.attempts.last(), Some(&(generation, attempt(n))));
            assert_eq!(row.origin.user_agent, format!("till {n}, round {generation}"));
            assert_eq!(row.rotated_at, BEGUN + 1 + i64::from(generation));
        }
        let found = join_all(ids.iter().map(|id| store.identity(*id))).await;
        for (id, found) in ids.iter().zip(found) {
            let row = found.unwrap().unwrap().session;
            assert_eq!((row.id, row.generation), (*id, generation + 1));
        }
    }
    let transactions = next_transaction(&mut connection).await - before;
    let rotations = i64::try_from(AT_ONCE).unwrap() * i64::from(rounds);
    assert!(
        transactions * 4 <= rotations,
        "{transactions} transactions for {rotations} rotations"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_somebody_holds_holds_nobody_else_up() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let store = Arc::new(open(&server).await.unwrap());
    let ids = sessions(&store).await;
    let mut connection = beside(&server).await;
    let mut holding = connection.begin().await.unwrap();
    query("UPDATE sessions SET device_name = 'held' WHERE id = $1")
        .bind(ids[0])
        .execute(&mut *holding)
        .await
        .unwrap();
    let held = tokio::spawn({
        let (store, id) = (Arc::clone(&store), ids[0]);
        async move { store.rotate(presented(id, 0, attempt(0)), entry("test")).await }
    });
    let others = ids[1..]
        .iter()
        .map(|id| store.rotate(presented(*id, 0, attempt(1)), entry("test")));
    let outcomes = tokio::time::timeout(SOON, join_all(others)).await.unwrap();
    for outcome in outcomes {
        assert!(matches!(outcome, Ok(RotationOutcome::Rotated(_))), "{outcome:?}");
    }
    assert!(!held.is_finished());
    holding.commit().await.unwrap();
    let outcome = held.await.unwrap();
    assert!(
        matches!(&outcome, Ok(RotationOutcome::Rotated(row)) if row.device_name == "held" && row.generation == 1),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_session_cannot_do_fails_no_other() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let store = open(&server).await.unwrap();
    let ids = sessions(&store).await;
    // As far as a generation goes: one more, and the statement breaks the table's rule.
    let mut last = presented(ids[7], u32::MAX, attempt(0));
    last.rotate = false;
    let forwarded = store.rotate(last, entry("test")).await;
    assert!(
        matches!(forwarded, Ok(RotationOutcome::FastForwarded(_))),
        "{forwarded:?}"
    );
    let uses = ids.iter().enumerate().map(|(n, id)| {
        let generation = if n == 7 { u32::MAX } else { 0 };
        store.rotate(presented(*id, generation, attempt(n + 1)), entry("test"))
    });
    for (n, outcome) in join_all(uses).await.into_iter().enumerate() {
        if n == 7 {
            assert!(matches!(outcome, Err(StoreError::Failed(_))), "{outcome:?}");
        } else {
            assert!(matches!(outcome, Ok(RotationOutcome::Rotated(_))), "{outcome:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_take_the_same_sessions_never_wait_in_a_circle() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other) = join(open(&server), open(&server)).await;
    let (one, other) = (one.unwrap(), other.unwrap());
    let ids = sessions(&one).await;
    for generation in 0..60 {
        let there = ids
            .iter()
            .map(|id| one.rotate(presented(*id, generation, attempt(1)), entry("test")));
        let back = ids
            .iter()
            .rev()
            .map(|id| other.rotate(presented(*id, generation, attempt(1)), entry("test")));
        let (mut there, back) = join(join_all(there), join_all(back)).await;
        there.reverse();
        for both in there.into_iter().zip(back) {
            assert!(
                matches!(
                    both,
                    (Ok(RotationOutcome::Rotated(_)), Ok(RotationOutcome::Replayed(_)))
                        | (Ok(RotationOutcome::Replayed(_)), Ok(RotationOutcome::Rotated(_)))
                ),
                "{both:?}"
            );
        }
    }
    // Counted once a connection has nothing to do, or ends.
    one.close().await;
    other.close().await;
    let circles =
        query_scalar::<Engine, i64>("SELECT deadlocks FROM pg_stat_database WHERE datname = 'vigie'")
            .fetch_one(&mut beside(&server).await)
            .await
            .unwrap();
    assert_eq!(circles, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_takes_nobody_along_and_closing_waits_for_the_rest() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let store = Arc::new(open(&server).await.unwrap());
    let ids = sessions(&store).await;
    let mut going = Vec::new();
    let mut staying = Vec::new();
    for (n, id) in ids.iter().copied().enumerate() {
        let store = Arc::clone(&store);
        let task =
            tokio::spawn(async move { store.rotate(presented(id, 0, attempt(n)), entry("test")).await });
        if n % 2 == 0 {
            going.push(task);
        } else {
            staying.push(task);
        }
    }
    tokio::task::yield_now().await;
    going.iter().for_each(tokio::task::JoinHandle::abort);
    store.close().await;
    for task in staying {
        let outcome = task.await.unwrap();
        assert!(
            matches!(
                outcome,
                // Who came after the store was closed was not let in.
                Ok(RotationOutcome::Rotated(_)) | Err(StoreError::Unavailable(_))
            ),
            "{outcome:?}"
        );
    }
    let store = open(&server).await.unwrap();
    for (n, id) in ids.iter().enumerate() {
        let outcome = store
            .rotate(presented(*id, 0, attempt(n)), entry("test"))
            .await
            .unwrap();
        assert!(
            matches!(
                outcome,
                RotationOutcome::Rotated(_) | RotationOutcome::Replayed(_)
            ),
            "{outcome:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_in_line_before_a_server_that_hangs_is_not_held_up_for_longer() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let options = Options {
        acquire_most: Duration::from_millis(500),
        call_most: Duration::from_secs(1),
        ..Options::default()
    };
    let store = open_with(&server, options).await.unwrap();
    let ids = sessions(&store).await;
    // More than all statements under way can take along.
    let many: Vec<_> = ids.iter().cycle().take(AT_ONCE * 10).collect();
    server.freeze().unwrap();
    let uses = many.iter().map(|id| async {
        let call = store.rotate(presented(**id, 0, attempt(1)), entry("test"));
        tokio::time::timeout(SOON, call).await.unwrap()
    });
    for outcome in join_all(uses).await {
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }
    server.thaw().unwrap();
    let again = async {
        while store.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again)
        .await
        .unwrap();
    for id in ids {
        let outcome = store.rotate(presented(id, 0, attempt(1)), entry("test")).await;
        assert!(
            matches!(
                outcome,
                Ok(RotationOutcome::Rotated(_) | RotationOutcome::Replayed(_))
            ),
            "{outcome:?}"
        );
    }
}
