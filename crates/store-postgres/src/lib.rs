//! The engine for sites that outgrow one machine: several server processes over one PostgreSQL.
//!
//! Every statement is durable before it is answered (`synchronous_commit = on`), and transactions read what is committed
//! (`READ COMMITTED`): what must not change between two statements is locked by the first of them. A failure of the way
//! to the database is [`StoreError::Unavailable`](store::StoreError::Unavailable), never a verdict on a session.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx_core::pool::PoolOptions;
use sqlx_core::query::query;
use sqlx_core::row::Row as _;
use sqlx_postgres::Postgres;
use store::{Change, Store, StoreError};
use tokio::sync::broadcast;

mod address;
mod alert_messages;
mod alert_settings;
mod alerts;
mod audit;
mod audit_chain;
mod audit_page;
mod beginning;
mod categories;
mod changes;
mod column;
mod directory;
mod fault;
mod impersonations;
mod insight;
mod joint;
mod memberships;
mod migration;
mod notices;
mod oversight;
mod places;
mod revocation;
mod rotation;
mod sales;
mod session_page;
mod session_row;
mod sessions;
mod settings;
mod sites;
mod till_days;
mod transfer;
mod users;
mod work;

pub use address::{Address, AddressError};
use changes::Changes;
use fault::from_postgres;
use joint::Line;
use rotation::Spending;
pub use transfer::{EmptyDatabase, WholeDatabase, in_use};
use work::Way;

type Pool = sqlx_core::pool::Pool<Postgres>;

/// A connection that waited for longer than this is asked whether it lives before it is used.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How a database is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections at once, at most; at least 1. All server processes together must stay below the database's own
    /// `max_connections`.
    pub connections: u32,
    /// For how long to wait for a connection, a new one or one that others use.
    pub acquire_most: Duration,
    /// How long one call may take on its connection.
    pub call_most: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 20,
            acquire_most: Duration::from_secs(3),
            call_most: Duration::from_secs(10),
        }
    }
}

/// A database on a PostgreSQL server, open.
#[derive(Debug)]
pub struct PostgresStore {
    way: Way,
    changes: Changes,
    spending: Arc<Line<Spending>>,
}

impl PostgresStore {
    /// Opens the database and brings its schema up to date; several processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it cannot be reached or lets nobody in, [`StoreError::Newer`] where a newer
    /// program wrote it, [`StoreError::Damaged`] where it is another program's, [`StoreError::ReadOnly`] where it is a
    /// standby.
    pub async fn open(address: &Address, options: Options) -> Result<Self, StoreError> {
        let pool = PoolOptions::new()
            .max_connections(options.connections.max(1))
            .acquire_timeout(options.acquire_most)
            .test_before_acquire(false)
            .before_acquire(|connection, facts| {
                Box::pin(async move {
                    if facts.idle_for > TRUSTED_FOR {
                        sqlx_core::connection::Connection::ping(connection).await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(address.connecting(options.call_most));
        match prepared(&pool).await {
            Ok(()) => {}
            Err(error) => {
                pool.close().await;
                return Err(error);
            }
        }
        let changes = Changes::listen(address, &options).await?;
        let way = Way::new(pool, &options);
        Ok(Self {
            changes,
            spending: Line::new(way.clone()),
            way,
        })
    }

    /// The schema's version in this database.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn schema_version(&self) -> Result<u32, StoreError> {
        self.single(async |connection| Ok(migration::version(connection).await?))
            .await
    }
}

async fn prepared(pool: &Pool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await.map_err(|error| from_postgres(&error))?;
    let facts = query(
        "SELECT current_setting('server_encoding'), current_setting('fsync'), current_setting('full_page_writes')",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(|error| from_postgres(&error))?;
    let fact = |column: usize| facts.try_get::<String, _>(column).unwrap_or_default();
    if fact(0) != "UTF8" {
        return Err(StoreError::Failed(format!(
            "the database's encoding is {}, it must be UTF8",
            fact(0)
        )));
    }
    if fact(1) != "on" || fact(2) != "on" {
        tracing::warn!("this PostgreSQL does not wait for its disk: a loss of power loses what was answered");
    }
    migration::apply(&mut connection).await
}

#[async_trait]
impl Store for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.single(async |connection| {
            query("UPDATE probe SET written = written + 1")
                .execute(connection)
                .await?;
            Ok(())
        })
        .await
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn close(&self) {
        self.way.close(self.changes.close()).await;
    }
}

#[cfg(test)]
mod tests {
    use sqlx_core::query_as::query_as;
    use vigie_tests::{Disk, Postgres};

    use crate::fault::Fault;
    use crate::{Options, PostgresStore};

    #[tokio::test]
    async fn every_commit_waits_for_the_disk_whatever_the_database_is_set_to() {
        let server = Postgres::start(Disk::NotWaited).unwrap();
        for setting in [
            "synchronous_commit = off",
            "default_transaction_isolation = 'serializable'",
        ] {
            server
                .sql("vigie", &format!("ALTER DATABASE vigie SET {setting}"))
                .unwrap();
        }
        let address = server.url("vigie").parse().unwrap();
        let store = PostgresStore::open(&address, Options::default()).await.unwrap();
        let found: (String, String) = store
            .single(async |connection| {
                query_as(
                    "SELECT current_setting('synchronous_commit'), current_setting('transaction_isolation')",
                )
                .fetch_one(connection)
                .await
                .map_err(Fault::from)
            })
            .await
            .unwrap();
        assert_eq!(found, ("on".to_owned(), "read committed".to_owned()));
    }
}
