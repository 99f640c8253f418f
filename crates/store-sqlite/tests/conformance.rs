//! The conformance suite on SQLite, in a database file of its own for each test.

#![expect(clippy::expect_used, reason = "a test that cannot set its scene fails")]

use std::sync::Arc;

use async_trait::async_trait;
use store::conformance::Engine;
use store::{Store, StoreError};
use store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

struct Sqlite {
    folder: TempDir,
}

impl Sqlite {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder for the database"),
        }
    }
}

#[async_trait]
impl Engine for Sqlite {
    async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        let path = self.folder.path().join("vigie.db");
        Ok(Arc::new(SqliteStore::open(&path, Options::default())?))
    }
}

store::conformance_suite!(Sqlite::new());
