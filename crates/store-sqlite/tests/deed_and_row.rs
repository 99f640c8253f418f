//! A process killed between a deed and its row in the audit log: both are there afterwards, or neither is.
//!
//! `VIGIE_KILLS` says how often, 20 times if nothing does.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use store::Store;
use store::conformance::deeds::{self, Tally};
use store_sqlite::{Options, SqliteStore};

const DATABASE: &str = "VIGIE_TEST_DATABASE_OF_THE_CHILD";

fn open(path: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(path, Options::default()).unwrap())
}

fn kills() -> u32 {
    let asked = std::env::var("VIGIE_KILLS").ok();
    asked.map_or(20, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deed_and_its_row_outlive_a_kill_together_or_not_at_all() {
    if let Some(path) = std::env::var_os(DATABASE) {
        return deeds::without_end(open(Path::new(&path))).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigie.db");
    let store = open(&path);
    deeds::people(Arc::clone(&store)).await.unwrap();
    store.close().await;
    let mut sum = Tally::default();
    for _ in 0..kills() {
        let said = deeds::of_a_killed_process(
            Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "a_deed_and_its_row_outlive_a_kill_together_or_not_at_all",
                    "--nocapture",
                ])
                .env(DATABASE, &path),
        )
        .unwrap();
        let store = open(&path);
        let tally = deeds::agree(&*store, &said).await.unwrap();
        store.close().await;
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
