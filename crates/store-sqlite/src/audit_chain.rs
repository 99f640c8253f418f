//! The chain over the audit log.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use store::chain::{follows, log_table};
use store::{AuditChain, AuditEntry, AuditSealing, Cut, Link, LinkedRow, Millis, Seal, StoreError};

use crate::audit_page::signed;
use crate::fault::{Fault, from_sqlite};
use crate::transfer::{names_of, read_values};
use crate::writer::Shape;
use crate::{Options, SqliteStore, audit, connection, migration};

macro_rules! seal_columns {
    () => {
        "number, from_sequence, to_sequence, previous_head, head, sealed_at, key_version, signature"
    };
}

const SEALS: &str = concat!(
    "SELECT ",
    seal_columns!(),
    " FROM audit_seals WHERE number > ? ORDER BY number LIMIT ?"
);

const LAST_SEAL: &str = concat!(
    "SELECT ",
    seal_columns!(),
    " FROM audit_seals ORDER BY number DESC LIMIT 1"
);

const LAST_SEAL_BEFORE: &str = concat!(
    "SELECT ",
    seal_columns!(),
    " FROM audit_seals WHERE sealed_at < ? AND number > (SELECT coalesce(max(seal_number), 0) FROM audit_cuts)
    ORDER BY sealed_at DESC, number DESC LIMIT 1"
);

const CUTS: &str = "SELECT number, seal_number, to_sequence, head, cut_at, key_version, signature FROM audit_cuts ORDER BY number";

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    Ok(number.unsigned_abs())
}

fn seal(row: &Row<'_>) -> rusqlite::Result<Seal> {
    Ok(Seal {
        number: unsigned(row, 0)?,
        from_sequence: unsigned(row, 1)?,
        to_sequence: unsigned(row, 2)?,
        previous_head: row.get(3)?,
        head: row.get(4)?,
        sealed_at: row.get(5)?,
        key_version: row.get(6)?,
        signature: row.get(7)?,
    })
}

fn cut(row: &Row<'_>) -> rusqlite::Result<Cut> {
    Ok(Cut {
        number: unsigned(row, 0)?,
        seal_number: unsigned(row, 1)?,
        to_sequence: unsigned(row, 2)?,
        head: row.get(3)?,
        cut_at: row.get(4)?,
        key_version: row.get(5)?,
        signature: row.get(6)?,
    })
}

fn rows(connection: &Connection, after: u64, limit: u32) -> Result<Vec<LinkedRow>, Fault> {
    let table = log_table()?;
    let sql = format!(
        "SELECT {}, (SELECT k.link FROM audit_links k WHERE k.sequence = audit_log.sequence) FROM audit_log
        WHERE sequence > ? ORDER BY sequence LIMIT ?",
        names_of(table)
    );
    let found = connection
        .prepare_cached(&sql)?
        .query_map(params![signed(after), limit], |row| {
            Ok(LinkedRow {
                sequence: unsigned(row, 0)?,
                row: read_values(table, row)?,
                link: row.get(table.columns.len())?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

fn seals(connection: &Connection, after: u64, limit: u32) -> Result<Vec<Seal>, Fault> {
    let found = connection
        .prepare_cached(SEALS)?
        .query_map(params![signed(after), limit], seal)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

fn last_seal(connection: &Connection) -> Result<Option<Seal>, Fault> {
    Ok(connection
        .prepare_cached(LAST_SEAL)?
        .query_row([], seal)
        .optional()?)
}

fn cuts(connection: &Connection) -> Result<Vec<Cut>, Fault> {
    let found = connection
        .prepare_cached(CUTS)?
        .query_map([], cut)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

fn add_seal(connection: &Connection, seal: &Seal, links: &[Link]) -> Result<bool, Fault> {
    if !follows(
        seal,
        links,
        last_seal(connection)?.as_ref(),
        cuts(connection)?.last(),
    ) {
        return Ok(false);
    }
    let mut add = connection.prepare_cached("INSERT INTO audit_links (sequence, link) VALUES (?, ?)")?;
    for (sequence, link) in (seal.from_sequence..).zip(links) {
        add.execute(params![signed(sequence), link])?;
    }
    connection
        .prepare_cached(
            "INSERT INTO audit_seals
                (number, from_sequence, to_sequence, previous_head, head, sealed_at, key_version, signature)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            signed(seal.number),
            signed(seal.from_sequence),
            signed(seal.to_sequence),
            seal.previous_head,
            seal.head,
            seal.sealed_at,
            seal.key_version,
            seal.signature,
        ])?;
    Ok(true)
}

fn add_cut(connection: &Connection, cut: &Cut, entry: &AuditEntry) -> Result<bool, Fault> {
    let last = cuts(connection)?
        .last()
        .map_or((0, 0), |last| (last.number, last.seal_number));
    let is_sealed = connection
        .prepare_cached("SELECT 1 FROM audit_seals WHERE number = ? AND to_sequence = ? AND head = ?")?
        .exists(params![
            signed(cut.seal_number),
            signed(cut.to_sequence),
            cut.head
        ])?;
    if cut.number != last.0 + 1 || cut.seal_number <= last.1 || !is_sealed {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "INSERT INTO audit_cuts (number, seal_number, to_sequence, head, cut_at, key_version, signature)
            VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            signed(cut.number),
            signed(cut.seal_number),
            signed(cut.to_sequence),
            cut.head,
            cut.cut_at,
            cut.key_version,
            cut.signature,
        ])?;
    audit::add(connection, entry)?;
    Ok(true)
}

fn purge(connection: &Connection, limit: u32) -> Result<u32, Fault> {
    let Some(cut) = cuts(connection)?.pop() else {
        return Ok(0);
    };
    let (to_sequence, seal_number) = (signed(cut.to_sequence), signed(cut.seal_number));
    for (table, key, last) in [
        ("audit_seals", "number", seal_number),
        ("audit_links", "sequence", to_sequence),
    ] {
        connection
            .prepare_cached(&format!(
                "DELETE FROM {table} WHERE {key} IN
                    (SELECT {key} FROM {table} WHERE {key} <= ?1 ORDER BY {key} LIMIT ?2)"
            ))?
            .execute(params![last, limit])?;
    }
    let deleted = connection
        .prepare_cached(
            "DELETE FROM audit_log WHERE sequence IN
                (SELECT sequence FROM audit_log WHERE sequence <= ?1 ORDER BY sequence LIMIT ?2)",
        )?
        .execute(params![to_sequence, limit])?;
    Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
}

#[async_trait]
impl AuditChain for SqliteStore {
    async fn audit_chain(&self, after: u64, limit: u32) -> Result<Vec<LinkedRow>, StoreError> {
        self.readers
            .read(move |connection| rows(connection, after, limit))
            .await
    }

    async fn audit_seals(&self, after: u64, limit: u32) -> Result<Vec<Seal>, StoreError> {
        self.readers
            .read(move |connection| seals(connection, after, limit))
            .await
    }

    async fn last_audit_seal(&self) -> Result<Option<Seal>, StoreError> {
        self.readers.look_up(last_seal).await
    }

    async fn audit_cuts(&self) -> Result<Vec<Cut>, StoreError> {
        self.readers.read(cuts).await
    }
}

#[async_trait]
impl AuditSealing for SqliteStore {
    async fn add_audit_seal(&self, seal: Seal, links: Vec<Link>) -> Result<bool, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                add_seal(connection, &seal, &links)
            })
            .await
    }

    async fn last_audit_seal_before(&self, sealed_before: Millis) -> Result<Option<Seal>, StoreError> {
        self.readers
            .read(move |connection| {
                Ok(connection
                    .prepare_cached(LAST_SEAL_BEFORE)?
                    .query_row([sealed_before], seal)
                    .optional()?)
            })
            .await
    }

    async fn cut_audit_log(&self, cut: Cut, entry: AuditEntry) -> Result<bool, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                add_cut(connection, &cut, &entry)
            })
            .await
    }

    async fn purge_audit_log(&self, limit: u32) -> Result<u32, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| purge(connection, limit))
            .await
    }
}

/// The chain of a database that is only read, beside a server that works on it or without one.
#[derive(Debug)]
pub struct ChainInFile(Mutex<Connection>);

impl ChainInFile {
    /// Opens the file and changes nothing in it.
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::Damaged`] where it is another program's or older than the chain, and what
    /// SQLite says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection =
            connection::reading(path, &Options::default()).map_err(|error| from_sqlite(&error))?;
        let found = migration::version(&connection)?;
        if found < migration::newest() {
            return Err(StoreError::Damaged(format!(
                "its tables are of version {found}, before {}: start this server once, which brings them up to date",
                migration::newest()
            )));
        }
        Ok(Self(Mutex::new(connection)))
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, StoreError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read(&connection).map_err(StoreError::from)
    }
}

#[async_trait]
impl AuditChain for ChainInFile {
    async fn audit_chain(&self, after: u64, limit: u32) -> Result<Vec<LinkedRow>, StoreError> {
        self.read(|connection| rows(connection, after, limit))
    }

    async fn audit_seals(&self, after: u64, limit: u32) -> Result<Vec<Seal>, StoreError> {
        self.read(|connection| seals(connection, after, limit))
    }

    async fn last_audit_seal(&self) -> Result<Option<Seal>, StoreError> {
        self.read(last_seal)
    }

    async fn audit_cuts(&self) -> Result<Vec<Cut>, StoreError> {
        self.read(cuts)
    }
}
