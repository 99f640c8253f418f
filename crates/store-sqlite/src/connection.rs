//! A connection as every part of this engine uses it.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use store::folded;

use crate::Options;

/// Statements that one connection keeps prepared; more than this engine has.
const STATEMENTS_KEPT: usize = 128;

/// Pages in the write-ahead log after which a commit moves them to the database: 16 MiB.
const CHECKPOINT_PAGES: u32 = 4_096;

/// The one connection that writes.
pub(crate) fn writing(path: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    prepare(&connection, options)?;
    Ok(connection)
}

/// A connection that only reads.
pub(crate) fn reading(path: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let connection = copying(path, options)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// A connection that reads this database and may write another.
pub(crate) fn copying(path: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    prepare(&connection, options)?;
    Ok(connection)
}

/// Sets the writing connection to the write-ahead log; the file remembers it.
pub(crate) fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |row| {
        row.get::<_, i64>(0)
    })?;
    Ok(())
}

fn prepare(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Without this SQLite plans a prepared statement anew for every set of values, which takes longer than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.create_scalar_function(
        "folded",
        1,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
        |call| Ok(folded(call.get_raw(0).as_str()?)),
    )
}
