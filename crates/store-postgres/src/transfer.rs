//! A whole database out of PostgreSQL, or into an empty one in one transaction.

use std::fmt::Write as _;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use sqlx_core::pool::PoolOptions;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_core::raw_sql::raw_sql;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_core::transaction::Transaction;
use sqlx_postgres::{PgConnection, PgRow, Postgres};
use store::StoreError;
use store::table::{Kind, Row, TABLES, Table, Value};
use store::transfer::{Count, PART_ROWS, Part, Source, Tally, Target, nobody_takes};
use tokio::sync::mpsc;

use crate::column::get;
use crate::fault::{Fault, from_postgres};
use crate::{Address, Options, Pool, migration};

/// How much is sent to PostgreSQL at once.
const SENT_AT_ONCE: usize = 64 * 1024;

/// Whole tables are read and written: that takes as long as it takes.
const NO_HURRY: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s';
    SET LOCAL idle_in_transaction_session_timeout = 0";

/// A database to copy from, as it was at one moment.
#[derive(Debug)]
pub struct WholeDatabase {
    pool: Pool,
    snapshot: Transaction<'static, Postgres>,
}

impl WholeDatabase {
    /// Opens it, and brings its schema up to date first.
    ///
    /// # Errors
    /// [`StoreError::InUse`] where a server works on it, [`StoreError::Damaged`] where it is empty or another program's,
    /// and as [`PostgresStore::open`](crate::PostgresStore::open).
    pub async fn open(address: &Address) -> Result<Self, StoreError> {
        let pool = pool(address);
        let snapshot = async {
            let mut connection = pool.acquire().await.map_err(|error| from_postgres(&error))?;
            alone(&mut connection).await?;
            if migration::version(&mut connection).await? == 0 {
                return Err(StoreError::Damaged(
                    "it holds no tables of this program".to_owned(),
                ));
            }
            migration::apply(&mut connection).await?;
            drop(connection);
            let mut snapshot = pool
                .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .await
                .map_err(|error| from_postgres(&error))?;
            no_hurry(&mut snapshot).await?;
            Ok(snapshot)
        };
        match snapshot.await {
            Ok(snapshot) => Ok(Self { pool, snapshot }),
            Err(error) => {
                pool.close().await;
                Err(error)
            }
        }
    }
}

#[async_trait]
impl Source for WholeDatabase {
    async fn read_out(&mut self, parts: mpsc::Sender<Part>) -> Result<Vec<Count>, StoreError> {
        Ok(read_all(&mut self.snapshot, Some(&parts)).await?)
    }

    async fn close(self: Box<Self>) {
        drop(self.snapshot);
        self.pool.close().await;
    }
}

/// An empty database that is being filled.
#[derive(Debug)]
pub struct EmptyDatabase {
    pool: Pool,
    transaction: Transaction<'static, Postgres>,
}

impl EmptyDatabase {
    /// Begins, with the tables where there are none; nobody else writes to them meanwhile.
    ///
    /// # Errors
    /// [`StoreError::InUse`] where a server works on it, and as [`PostgresStore::open`](crate::PostgresStore::open).
    pub async fn begin(address: &Address) -> Result<Self, StoreError> {
        let pool = pool(address);
        let begun = async {
            let mut transaction = pool.begin().await.map_err(|error| from_postgres(&error))?;
            alone(&mut transaction).await?;
            no_hurry(&mut transaction).await?;
            migration::apply(&mut transaction).await?;
            let names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
            run(
                &mut transaction,
                format!("LOCK TABLE {} IN EXCLUSIVE MODE", names.join(", ")),
            )
            .await?;
            no_hurry(&mut transaction).await?;
            Ok(transaction)
        };
        match begun.await {
            Ok(transaction) => Ok(Self { pool, transaction }),
            Err(error) => {
                pool.close().await;
                Err(error)
            }
        }
    }
}

#[async_trait]
impl Target for EmptyDatabase {
    async fn occupied_by(&mut self) -> Result<Option<String>, StoreError> {
        for table in TABLES {
            let sql = format!(
                "SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1) found",
                table.name
            );
            let rows: i64 = query_scalar::<Postgres, _>(AssertSqlSafe(sql))
                .fetch_one(&mut *self.transaction)
                .await
                .map_err(|error| from_postgres(&error))?;
            if rows > 0 {
                return Ok(Some(format!("rows in the table {}", table.name)));
            }
        }
        Ok(None)
    }

    async fn take_in(&mut self, mut parts: mpsc::Receiver<Part>) -> Result<(), StoreError> {
        while let Some(part) = parts.recv().await {
            write(&mut self.transaction, &part)
                .await
                .map_err(|error| from_postgres(&error))?;
        }
        raw_sql(
            "SELECT setval(pg_get_serial_sequence('memberships', 'joined'), coalesce(max(joined), 0) + 1, false)
            FROM memberships;
            SELECT setval(pg_get_serial_sequence('event_packs', 'sequence'), coalesce(max(sequence), 0) + 1, false)
            FROM event_packs; ANALYZE",
        )
        .execute(&mut *self.transaction)
        .await
        .map_err(|error| from_postgres(&error))?;
        Ok(())
    }

    async fn counts(&mut self) -> Result<Vec<Count>, StoreError> {
        Ok(read_all(&mut self.transaction, None).await?)
    }

    async fn keep(self: Box<Self>) -> Result<(), StoreError> {
        let kept = self.transaction.commit().await;
        self.pool.close().await;
        kept.map_err(|error| from_postgres(&error))
    }

    async fn undo(self: Box<Self>) {
        drop(self.transaction);
        self.pool.close().await;
    }
}

/// Whether a server, or another command that changes things, is connected to this database.
///
/// # Errors
/// See [`StoreError`].
pub async fn in_use(address: &Address) -> Result<bool, StoreError> {
    let pool = pool(address);
    let asked = async {
        let mut connection = pool.acquire().await.map_err(|error| from_postgres(&error))?;
        others(&mut connection).await
    };
    let others = asked.await;
    pool.close().await;
    Ok(others? > 0)
}

async fn alone(connection: &mut PgConnection) -> Result<(), StoreError> {
    match others(connection).await? {
        0 => Ok(()),
        1.. => Err(StoreError::InUse(
            "a vigie-server is connected to this database; stop every one of them first".to_owned(),
        )),
        i64::MIN..0 => Err(StoreError::Failed("a negative number of connections".to_owned())),
    }
}

async fn others(connection: &mut PgConnection) -> Result<i64, StoreError> {
    query_scalar::<Postgres, _>(
        "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'vigie-server' AND pid <> pg_backend_pid()",
    )
    .fetch_one(connection)
    .await
    .map_err(|error| from_postgres(&error))
}

/// One connection and no more: its settings and its transaction are all that happens.
fn pool(address: &Address) -> Pool {
    let options = Options::default();
    PoolOptions::new()
        .max_connections(1)
        .acquire_timeout(options.acquire_most)
        .connect_lazy_with(address.connecting(options.call_most))
}

async fn no_hurry(connection: &mut PgConnection) -> Result<(), StoreError> {
    raw_sql(NO_HURRY)
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| from_postgres(&error))
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<(), StoreError> {
    raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| from_postgres(&error))
}

/// The names of its columns, in their order.
pub(crate) fn names_of(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// By bytes, as every engine sorts: the database's own order of words must not matter.
fn ordered(table: &Table) -> String {
    let by = |key: &&str| {
        let text = table.columns.contains(&(*key, Kind::Text));
        format!("{key}{}", if text { " COLLATE \"C\"" } else { "" })
    };
    table.key.iter().map(by).collect::<Vec<_>>().join(", ")
}

async fn read_all(
    connection: &mut PgConnection,
    parts: Option<&mpsc::Sender<Part>>,
) -> Result<Vec<Count>, Fault> {
    let mut counts = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {}",
            names_of(table),
            table.name,
            ordered(table)
        );
        let mut found = query::<Postgres>(AssertSqlSafe(sql)).fetch(&mut *connection);
        let mut tally = Tally::new(table);
        let mut rows = Vec::new();
        while let Some(row) = found.try_next().await? {
            let row = read_values(table, &row)?;
            tally.add(&row);
            if let Some(parts) = parts {
                rows.push(row);
                if rows.len() == PART_ROWS {
                    let rows = std::mem::take(&mut rows);
                    parts.send(Part { table, rows }).await.map_err(nobody_takes)?;
                }
            }
        }
        if let (Some(parts), false) = (parts, rows.is_empty()) {
            parts.send(Part { table, rows }).await.map_err(nobody_takes)?;
        }
        counts.push(tally.count());
    }
    Ok(counts)
}

/// The values of a row whose first columns are the table's.
pub(crate) fn read_values(table: &Table, row: &PgRow) -> Result<Row, sqlx_core::Error> {
    let value = |(at, (_, kind)): (usize, &(&str, Kind))| {
        let value = match kind {
            Kind::Id => get::<Option<_>>(row, at)?.map(Value::Id),
            Kind::Bytes => get::<Option<_>>(row, at)?.map(Value::Bytes),
            Kind::Text => get::<Option<String>>(row, at)?.map(Value::text),
            Kind::Number => get::<Option<_>>(row, at)?.map(Value::Number),
            Kind::Flag => get::<Option<_>>(row, at)?.map(Value::Flag),
        };
        Ok(value.unwrap_or(Value::Nothing))
    };
    table.columns.iter().enumerate().map(value).collect()
}

async fn write(connection: &mut PgConnection, part: &Part) -> Result<(), sqlx_core::Error> {
    let sql = format!("COPY {} ({}) FROM STDIN", part.table.name, names_of(part.table));
    let mut copy = connection.copy_in_raw(&sql).await?;
    let mut text = String::with_capacity(SENT_AT_ONCE * 2);
    for row in &part.rows {
        for (at, value) in row.iter().enumerate() {
            if at > 0 {
                text.push('\t');
            }
            add(&mut text, value);
        }
        text.push('\n');
        if text.len() > SENT_AT_ONCE {
            copy.send(text.as_bytes()).await?;
            text.clear();
        }
    }
    copy.send(text.as_bytes()).await?;
    copy.finish().await.map(drop)
}

/// As COPY reads text: <https://www.postgresql.org/docs/15/sql-copy.html>.
fn add(text: &mut String, value: &Value) {
    match value {
        Value::Nothing => text.push_str("\\N"),
        Value::Id(id) => {
            let _ = write!(text, "{id}");
        }
        Value::Bytes(bytes) => {
            text.push_str("\\\\x");
            for byte in bytes {
                let _ = write!(text, "{byte:02x}");
            }
        }
        Value::Text(value) => {
            for c in value.chars() {
                match c {
                    '\\' => text.push_str("\\\\"),
                    '\n' => text.push_str("\\n"),
                    '\r' => text.push_str("\\r"),
                    '\t' => text.push_str("\\t"),
                    other => text.push(other),
                }
            }
        }
        Value::Number(number) => {
            let _ = write!(text, "{number}");
        }
        Value::Flag(true) => text.push('t'),
        Value::Flag(false) => text.push('f'),
    }
}
