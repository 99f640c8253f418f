//! Doing a deed on a connection of the pool: one statement by itself, or several in one transaction that holds as a
//! whole or not at all.

use std::sync::Arc;
use std::time::Duration;

use sqlx_core::pool::PoolConnection;
use sqlx_core::transaction::Transaction;
use sqlx_postgres::{PgConnection, Postgres};
use store::StoreError;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use crate::fault::{Fault, from_postgres};
use crate::{Options, Pool, PostgresStore};

/// How often a transaction is tried that PostgreSQL undid for the sake of others.
pub(crate) const TRIES: u32 = 5;

/// The way to the database, shared by all who work there.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) pool: Pool,
    /// For how long a connection is waited for.
    pub(crate) acquire_most: Duration,
    /// How long one call may take on its connection.
    pub(crate) call_most: Duration,
    /// Held for reading by every call, and for writing by whoever closes.
    open: Arc<RwLock<()>>,
}

impl Way {
    pub(crate) fn new(pool: Pool, options: &Options) -> Self {
        Self {
            pool,
            acquire_most: options.acquire_most,
            call_most: options.call_most,
            open: Arc::new(RwLock::new(())),
        }
    }

    /// Says that a call begins, unless the store is closed; closing waits for it.
    pub(crate) fn enter(&self) -> Result<OwnedRwLockReadGuard<()>, StoreError> {
        Arc::clone(&self.open)
            .try_read_owned()
            .ok()
            .filter(|_| !self.pool.is_closed())
            .ok_or_else(|| StoreError::Unavailable("the store is closed".to_owned()))
    }

    /// A connection of the pool.
    pub(crate) async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        self.pool.acquire().await.map_err(|error| from_postgres(&error))
    }

    /// Waits for every call that began, lets none begin, and does what is left to do.
    pub(crate) async fn close(&self, last: impl Future<Output = ()>) {
        let _last = self.open.write().await;
        last.await;
        self.pool.close().await;
    }
}

impl PostgresStore {
    /// Does a deed of one statement, which PostgreSQL commits by itself before it says that it is ready again.
    pub(crate) async fn single<T, D>(&self, deed: D) -> Result<T, StoreError>
    where
        D: AsyncFnOnce(&mut PgConnection) -> Result<T, Fault>,
    {
        let _open = self.way.enter()?;
        let mut connection = self.way.connection().await?;
        let outcome = tokio::time::timeout(self.way.call_most, deed(&mut connection)).await;
        settle(connection, outcome).map_err(StoreError::from)
    }
}

/// Does a deed in a transaction of its own: `transaction!(store, |connection| deed)`, where the deed is an expression of
/// type `Result<_, Fault>`. What PostgreSQL undid for the sake of others is tried again.
macro_rules! transaction {
    ($store:expr, |$connection:ident| $deed:expr) => {{
        let _open = $store.way.enter()?;
        let mut tries = 1;
        loop {
            let mut held = $store.way.connection().await?;
            let outcome = tokio::time::timeout($store.way.call_most, async {
                let mut transaction = sqlx_core::connection::Connection::begin(&mut *held)
                    .await
                    .map_err($crate::fault::Fault::from)?;
                let $connection: &mut sqlx_postgres::PgConnection = &mut transaction;
                let outcome = async { $deed }.await;
                $crate::work::end(transaction, outcome).await
            })
            .await;
            match $crate::work::settle(held, outcome) {
                Err(fault) if fault.may_be_repeated() && tries < $crate::work::TRIES => tries += 1,
                outcome => break outcome.map_err(store::StoreError::from),
            }
        }
    }};
}
pub(crate) use transaction;

/// As [`transaction!`], for a deed that also says what others are to be told: they hear of it once it is durable.
macro_rules! telling {
    ($store:expr, |$connection:ident| $deed:expr) => {{
        let outcome = $crate::work::transaction!($store, |$connection| {
            let outcome: Result<(_, Vec<store::Change>), $crate::fault::Fault> = async { $deed }.await;
            let (value, told) = outcome?;
            $store.changes.announce($connection, &told).await?;
            Ok::<_, $crate::fault::Fault>((value, told))
        });
        outcome.map(|(value, told)| {
            $store.changes.tell(told);
            value
        })
    }};
}
pub(crate) use telling;

/// Commits what was done, or undoes it.
pub(crate) async fn end<T>(
    transaction: Transaction<'_, Postgres>,
    outcome: Result<T, Fault>,
) -> Result<T, Fault> {
    match &outcome {
        Ok(_) => transaction.commit().await?,
        Err(fault) if fault.leaves_the_connection() => transaction.rollback().await?,
        Err(_) => {}
    }
    outcome
}

/// Gives the connection back, or lets go of it where nobody knows what is still on its way over it.
pub(crate) fn settle<T>(
    connection: PoolConnection<Postgres>,
    outcome: Result<Result<T, Fault>, tokio::time::error::Elapsed>,
) -> Result<T, Fault> {
    let outcome = outcome.unwrap_or_else(|_| {
        Err(Fault::Engine(sqlx_core::Error::Io(std::io::Error::new(
            std::io::ErrorKind::TimedOut,
            "no answer in time",
        ))))
    });
    if outcome
        .as_ref()
        .is_err_and(|fault| !fault.leaves_the_connection())
    {
        drop(connection.detach());
    }
    outcome
}
