//! A whole database out of a file and into a new one.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql};
use store::StoreError;
use store::table::{Kind, TABLES, Table, Value};
use store::transfer::{Count, PART_ROWS, Part, Source, Tally, Target, nobody_takes};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::column::unreadable;
use crate::fault::{Fault, from_io, from_sqlite};
use crate::lock::DatabaseLock;
use crate::{Options, SqliteStore, connection, lock, migration};

#[async_trait]
impl Source for SqliteStore {
    async fn read_out(&mut self, parts: mpsc::Sender<Part>) -> Result<Vec<Count>, StoreError> {
        self.readers
            .read(move |connection| {
                connection.execute_batch("BEGIN")?;
                let counts = read_all(connection, |part| {
                    parts
                        .blocking_send(part)
                        .map_err(|error| nobody_takes(error).into())
                });
                connection.execute_batch("ROLLBACK")?;
                counts
            })
            .await
    }

    async fn close(self: Box<Self>) {
        store::Store::close(self.as_ref()).await;
    }
}

/// A database that is being made beside the place where it will be.
#[derive(Debug)]
pub struct NewDatabase {
    path: PathBuf,
    beside: PathBuf,
    occupied: Option<String>,
    open: Option<Connection>,
    _lock: DatabaseLock,
}

impl NewDatabase {
    /// Begins a database that will be at `path`.
    ///
    /// # Errors
    /// [`StoreError::InUse`] where another program works there, and what the disk says.
    pub async fn begin(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        on_a_thread(move || {
            let lock = DatabaseLock::take(&path)?;
            let beside = lock::beside(&path, ".copying");
            remove(&beside)?;
            if path.exists() {
                return Ok(Self {
                    occupied: Some(format!("the file {}", path.display())),
                    path,
                    beside,
                    open: None,
                    _lock: lock,
                });
            }
            lock::private_file(&beside).map_err(|error| from_io(&beside.display().to_string(), &error))?;
            let mut connection =
                connection::writing(&beside, &Options::default()).map_err(|error| from_sqlite(&error))?;
            migration::apply(&mut connection)?;
            connection
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(|error| from_sqlite(&error))?;
            Ok(Self {
                path,
                beside,
                occupied: None,
                open: Some(connection),
                _lock: lock,
            })
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &mut self,
        deed: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = self
            .open
            .take()
            .ok_or_else(|| StoreError::Failed("the new database is not open".to_owned()))?;
        let (connection, outcome) = on_a_thread(move || {
            let outcome = deed(&connection);
            Ok((connection, outcome))
        })
        .await?;
        self.open = Some(connection);
        outcome.map_err(StoreError::from)
    }
}

#[async_trait]
impl Target for NewDatabase {
    async fn occupied_by(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.occupied.clone())
    }

    async fn take_in(&mut self, mut parts: mpsc::Receiver<Part>) -> Result<(), StoreError> {
        self.with(move |connection| {
            while let Some(part) = parts.blocking_recv() {
                write(connection, &part)?;
            }
            Ok(())
        })
        .await
    }

    async fn counts(&mut self) -> Result<Vec<Count>, StoreError> {
        self.with(|connection| read_all(connection, |_| Ok(()))).await
    }

    async fn keep(mut self: Box<Self>) -> Result<(), StoreError> {
        self.with(|connection| Ok(connection.execute_batch("COMMIT")?))
            .await?;
        drop(self.open.take());
        let (beside, path) = (self.beside.clone(), self.path.clone());
        on_a_thread(move || lock::put_in_place(&beside, &path)).await
    }

    async fn undo(self: Box<Self>) {}
}

impl Drop for NewDatabase {
    fn drop(&mut self) {
        drop(self.open.take());
        if let Err(error) = remove(&self.beside) {
            tracing::warn!(%error, "an unfinished copy is left behind");
        }
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(from_io(&path.display().to_string(), &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn on_a_thread<T: Send + 'static>(
    deed: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(deed)
        .await
        .map_err(|error| StoreError::Failed(format!("the copy was cut short: {error}")))?
}

/// The names of its columns, in their order.
pub(crate) fn names_of(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

fn read_all(
    connection: &Connection,
    mut send: impl FnMut(Part) -> Result<(), Fault>,
) -> Result<Vec<Count>, Fault> {
    let mut counts = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {}",
            names_of(table),
            table.name,
            table.key.join(", ")
        );
        let mut statement = connection.prepare(&sql)?;
        let mut found = statement.query([])?;
        let mut tally = Tally::new(table);
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let row = read_values(table, row)?;
            tally.add(&row);
            rows.push(row);
            if rows.len() == PART_ROWS {
                send(Part {
                    table,
                    rows: std::mem::take(&mut rows),
                })?;
            }
        }
        if !rows.is_empty() {
            send(Part { table, rows })?;
        }
        counts.push(tally.count());
    }
    Ok(counts)
}

/// The values of a row whose first columns are the table's.
pub(crate) fn read_values(table: &Table, row: &Row<'_>) -> rusqlite::Result<store::table::Row> {
    let value = |(at, (name, kind)): (usize, &(&str, Kind))| {
        let misread = || unreadable(at, name, "of another type");
        Ok(match (kind, row.get_ref(at)?) {
            (_, ValueRef::Null) => Value::Nothing,
            (Kind::Id, ValueRef::Blob(bytes)) => Value::Id(Uuid::from_slice(bytes).map_err(|_| misread())?),
            (Kind::Bytes, ValueRef::Blob(bytes)) => Value::Bytes(bytes.to_vec()),
            (Kind::Text, ValueRef::Text(text)) => Value::text(str::from_utf8(text).map_err(|_| misread())?),
            (Kind::Number, ValueRef::Integer(number)) => Value::Number(number),
            (Kind::Flag, ValueRef::Integer(flag @ (0 | 1))) => Value::Flag(flag == 1),
            (Kind::Id | Kind::Bytes | Kind::Text | Kind::Number | Kind::Flag, _) => return Err(misread()),
        })
    };
    table.columns.iter().enumerate().map(value).collect()
}

fn write(connection: &Connection, part: &Part) -> Result<(), Fault> {
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({})",
        part.table.name,
        names_of(part.table),
        vec!["?"; part.table.columns.len()].join(", ")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    for row in &part.rows {
        statement.execute(rusqlite::params_from_iter(row.iter().map(Bound)))?;
    }
    Ok(())
}

/// A value as SQLite takes it.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Nothing => ValueRef::Null,
            Value::Id(id) => ValueRef::Blob(id.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Number(number) => ValueRef::Integer(*number),
            Value::Flag(flag) => ValueRef::Integer(i64::from(*flag)),
        }))
    }
}
