//! The conformance suite on PostgreSQL, on a server of its own for each test.

#![expect(clippy::expect_used, reason = "a test that cannot set its scene fails")]

use std::sync::Arc;

use async_trait::async_trait;
use store::conformance::Engine;
use store::{Store, StoreError};
use store_postgres::{Options, PostgresStore};
use vigie_tests::{Disk, Postgres};

struct Server {
    running: Postgres,
}

impl Server {
    fn new() -> Self {
        Self {
            running: Postgres::start(Disk::NotWaited).expect("a PostgreSQL server"),
        }
    }
}

#[async_trait]
impl Engine for Server {
    async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        let address = self.running.url("vigie").parse().expect("an address");
        Ok(Arc::new(PostgresStore::open(&address, Options::default()).await?))
    }
}

store::conformance_suite!(Server::new());
