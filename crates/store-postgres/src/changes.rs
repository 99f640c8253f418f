//! What is told of changes: to this process at once, and to the others over `NOTIFY`, in the transaction of the change.

use std::time::Duration;

use sqlx_core::Error;
use sqlx_core::pool::PoolOptions;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_postgres::{PgConnection, PgListener, Postgres};
use store::{CHANGES_KEPT, Change, StoreError};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::fault::{Fault, from_postgres};
use crate::{Address, Options, Pool};

/// Changes in one notification, which PostgreSQL limits to 8,000 bytes: one takes less than 300.
const AT_ONCE: usize = 25;

/// A connection on which nothing was heard for so long is asked whether it lives.
const SILENCE_MOST: Duration = Duration::from_secs(10);

/// How long to wait before listening again after the connection was lost.
const PAUSE: Duration = Duration::from_millis(250);

/// A notification as it is sent.
#[derive(serde::Serialize, serde::Deserialize)]
struct Told<C> {
    /// Who sent it: a process heard its own changes already.
    by: Uuid,
    changes: C,
}

/// The way to those who want to hear of changes.
#[derive(Debug)]
pub(crate) struct Changes {
    sender: broadcast::Sender<Change>,
    channel: String,
    by: Uuid,
    pool: Pool,
    listening: JoinHandle<()>,
}

impl Changes {
    /// Begins to listen to the other processes, on a connection of its own.
    pub(crate) async fn listen(address: &Address, options: &Options) -> Result<Self, StoreError> {
        let pool = PoolOptions::new()
            .max_connections(1)
            .acquire_timeout(options.acquire_most)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with(address.connecting(options.call_most));
        let (sender, _) = broadcast::channel(CHANGES_KEPT);
        let by = Uuid::new_v4();
        let (channel, listener) = first(&pool).await.map_err(|error| from_postgres(&error))?;
        let listening = tokio::spawn(listen_on(
            listener,
            pool.clone(),
            channel.clone(),
            by,
            sender.clone(),
        ));
        Ok(Self {
            sender,
            channel,
            by,
            pool,
            listening,
        })
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }

    /// Has the other processes told once the transaction is committed.
    pub(crate) async fn announce(&self, connection: &mut PgConnection, told: &[Change]) -> Result<(), Fault> {
        for changes in told.chunks(AT_ONCE) {
            let told = serde_json::to_string(&Told { by: self.by, changes })
                .map_err(|error| StoreError::Failed(format!("a change has no JSON form: {error}")))?;
            query("SELECT pg_notify($1, $2)")
                .bind(&self.channel)
                .bind(told)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }

    /// Tells this process.
    pub(crate) fn tell(&self, told: Vec<Change>) {
        for change in told {
            // Nobody may be listening.
            drop(self.sender.send(change));
        }
    }

    pub(crate) async fn close(&self) {
        self.listening.abort();
        // The listener may hold its connection to the end: it is not waited for.
        drop(tokio::time::timeout(PAUSE, self.pool.close()).await);
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The channel of this schema, and the first to listen on it.
async fn first(pool: &Pool) -> Result<(String, PgListener), Error> {
    let schema: String = query_scalar::<Postgres, _>("SELECT current_schema()::text")
        .fetch_one(pool)
        .await?;
    let channel = format!("vigie {schema}").chars().take(60).collect::<String>();
    let listener = listener(pool, &channel).await?;
    Ok((channel, listener))
}

async fn listener(pool: &Pool, channel: &str) -> Result<PgListener, Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(channel).await?;
    Ok(listener)
}

async fn listen_on(
    mut current: PgListener,
    pool: Pool,
    channel: String,
    by: Uuid,
    sender: broadcast::Sender<Change>,
) {
    loop {
        let Err(error) = hear(&mut current, by, &sender).await;
        tracing::warn!(%error, "changes of other processes are not heard just now");
        drop(current);
        current = loop {
            tokio::time::sleep(PAUSE).await;
            if pool.is_closed() {
                return;
            }
            if let Ok(listener) = listener(&pool, &channel).await {
                break listener;
            }
        };
        tracing::info!("changes of other processes are heard again");
    }
}

async fn hear(
    listener: &mut PgListener,
    by: Uuid,
    sender: &broadcast::Sender<Change>,
) -> Result<std::convert::Infallible, Error> {
    listener.eager_reconnect(false);
    loop {
        match tokio::time::timeout(SILENCE_MOST, listener.try_recv()).await {
            Ok(Ok(Some(heard))) => match serde_json::from_str::<Told<Vec<Change>>>(heard.payload()) {
                Ok(told) if told.by == by => {}
                Ok(told) => told
                    .changes
                    .into_iter()
                    .for_each(|change| drop(sender.send(change))),
                // A newer program on the same database may say more than this one knows.
                Err(error) => tracing::debug!(%error, "a change is not understood"),
            },
            Ok(Ok(None)) => return Err(Error::PoolTimedOut),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                let alive = tokio::time::timeout(SILENCE_MOST, query("SELECT 1").execute(&mut *listener));
                alive.await.map_err(|_| Error::PoolTimedOut)??;
            }
        }
    }
}
