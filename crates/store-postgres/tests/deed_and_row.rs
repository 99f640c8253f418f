//! A process killed between a deed and its row in the audit log: both are there afterwards, or neither is.
//!
//! `VIGIE_KILLS` says how often, 20 times if nothing does.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails")]

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use store::Store;
use store::conformance::deeds::{self, Said, Tally};
use store_postgres::{Options, PostgresStore};
use vigie_tests::{Disk, Postgres};

const DATABASE: &str = "VIGIE_TEST_DATABASE_OF_THE_CHILD";

async fn open(url: &str) -> Arc<dyn Store> {
    let options = Options::default();
    Arc::new(PostgresStore::open(&url.parse().unwrap(), options).await.unwrap())
}

fn kills() -> u32 {
    let asked = std::env::var("VIGIE_KILLS").ok();
    asked.map_or(20, |text| text.parse().unwrap())
}

/// PostgreSQL goes on for a moment with what the killed process had asked of it; what still disagrees after that stays so.
async fn agreed(store: &dyn Store, said: &[Said]) -> Tally {
    for _ in 0..100 {
        if let Ok(tally) = deeds::agree(store, said).await {
            return tally;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    deeds::agree(store, said).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deed_and_its_row_outlive_a_kill_together_or_not_at_all() {
    if let Ok(url) = std::env::var(DATABASE) {
        return deeds::without_end(open(&url).await).await.unwrap();
    }
    let server = Postgres::start(Disk::Waited).unwrap();
    let url = server.url("vigie");
    let store = open(&url).await;
    deeds::people(Arc::clone(&store)).await.unwrap();
    let mut sum = Tally::default();
    for _ in 0..kills() {
        let said = deeds::of_a_killed_process(
            Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "a_deed_and_its_row_outlive_a_kill_together_or_not_at_all",
                    "--nocapture",
                ])
                .env(DATABASE, &url),
        )
        .unwrap();
        let tally = agreed(&*store, &said).await;
        sum.both += tally.both;
        sum.neither += tally.neither;
    }
    println!(
        "{} kills: {} deeds with their row, {} without either",
        kills(),
        sum.both,
        sum.neither
    );
    assert!(sum.both > 0 && sum.neither > 0, "{sum:?}");
}
