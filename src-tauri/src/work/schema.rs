//! The work journal's file: opened durably, brought to this version's form, and never touched when it is newer.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::fault::JournalFault;

/// One step a version. Version 1 keeps tickets, sales and goods, version 2 the organisation worked in last, version 3 parked
/// tickets and which refused sale a ticket mends. No release has been published yet; files of every version exist on devices.
const MIGRATIONS: [&str; 3] = [
    "
    CREATE TABLE tickets (
        ticket_id   BLOB NOT NULL PRIMARY KEY CHECK (length(ticket_id) = 16),
        slot        TEXT NOT NULL,
        sealed      BLOB NOT NULL,
        saved_at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tickets_of_slot ON tickets (slot, saved_at_ms);
    CREATE TABLE sales (
        place           INTEGER PRIMARY KEY AUTOINCREMENT,
        ticket_id       BLOB NOT NULL UNIQUE CHECK (length(ticket_id) = 16),
        slot            TEXT NOT NULL,
        sealed          BLOB NOT NULL,
        finished_at_ms  INTEGER NOT NULL,
        refused_code    TEXT,
        refused_subject TEXT
    ) STRICT;
    CREATE INDEX sales_of_slot ON sales (slot, place);
    CREATE TABLE goods (
        slot        TEXT NOT NULL PRIMARY KEY,
        categories  TEXT NOT NULL,
        asked_at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE places (
        slot            TEXT NOT NULL PRIMARY KEY,
        organization_id BLOB NOT NULL CHECK (length(organization_id) = 16)
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE tickets ADD COLUMN mends BLOB CHECK (length(mends) = 16);
    CREATE TABLE parked (
        place        INTEGER PRIMARY KEY,
        ticket_id    BLOB NOT NULL UNIQUE CHECK (length(ticket_id) = 16),
        slot         TEXT NOT NULL,
        summary      BLOB NOT NULL,
        parked_at_ms INTEGER NOT NULL,
        mends        BLOB CHECK (length(mends) = 16),
        sealed       BLOB NOT NULL
    ) STRICT;
    CREATE INDEX parked_of_slot ON parked (slot, place);
    CREATE INDEX sales_by_refusal ON sales (slot, refused_code);
",
];

/// Opens the file and brings it to this version's form.
pub(super) fn open(path: &Path) -> Result<Connection, JournalFault> {
    if let Some(folder) = path.parent() {
        make_private_folder(folder)?;
    }
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    refuse_newer(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    migrate(&mut connection)?;
    Ok(connection)
}

fn make_private_folder(folder: &Path) -> Result<(), JournalFault> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(folder)?)
}

fn version_of(connection: &Connection) -> Result<i64, JournalFault> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn refuse_newer(connection: &Connection) -> Result<(), JournalFault> {
    let found = version_of(connection)?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        Err(JournalFault::Newer { found, known })
    } else {
        Ok(())
    }
}

/// The steps that make a file of this version.
#[cfg(test)]
pub(super) fn steps_to(version: usize) -> &'static [&'static str] {
    &MIGRATIONS[..version]
}

fn migrate(connection: &mut Connection) -> Result<(), JournalFault> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version_of(&change)?;
    for (number, sql) in (1_i64..).zip(MIGRATIONS) {
        if number > found {
            change.execute_batch(sql)?;
            change.pragma_update(None, "user_version", number)?;
        }
    }
    Ok(change.commit()?)
}
