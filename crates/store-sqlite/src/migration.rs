//! The schema's versions, one numbered SQL file each, applied in order and never changed afterwards.

use rusqlite::{Connection, TransactionBehavior};
use store::StoreError;

use crate::fault::from_sqlite;

/// `VIGI`, so that a database of another program is not taken for an empty one of ours.
const APPLICATION_ID: i32 = 0x5649_4749;

const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_foundation.sql"),
    include_str!("migrations/0002_administration.sql"),
    include_str!("migrations/0003_insight.sql"),
    include_str!("migrations/0004_alerts.sql"),
    include_str!("migrations/0005_categories.sql"),
    include_str!("migrations/0006_audit_chain.sql"),
    include_str!("migrations/0007_impersonation.sql"),
    include_str!("migrations/0008_oversight.sql"),
    include_str!("migrations/0009_event_packs.sql"),
    include_str!("migrations/0010_till_days.sql"),
    include_str!("migrations/0011_barcodes.sql"),
];

/// The newest schema that this program knows.
pub(crate) const fn newest() -> u32 {
    MIGRATIONS.len() as u32
}

/// The schema's version in this database; 0 where it is empty.
///
/// # Errors
/// [`StoreError::Newer`], [`StoreError::Damaged`] where the database is another program's, or what SQLite says.
pub(crate) fn version(connection: &Connection) -> Result<u32, StoreError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = number("application_id").map_err(|error| from_sqlite(&error))?;
    let found = number("user_version").map_err(|error| from_sqlite(&error))?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| from_sqlite(&error))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(StoreError::Damaged(
            "the file is another program's database".to_owned(),
        ));
    }
    let found =
        u32::try_from(found).map_err(|_| StoreError::Damaged(format!("its schema version is {found}")))?;
    if found > newest() {
        return Err(StoreError::Newer {
            found,
            known: newest(),
        });
    }
    Ok(found)
}

/// Brings the schema to the newest version, each step in a transaction of its own.
///
/// # Errors
/// As [`version`], and what SQLite says of a step.
pub(crate) fn apply(connection: &mut Connection) -> Result<(), StoreError> {
    let found = version(connection)?;
    for (step, sql) in (1_u32..).zip(MIGRATIONS).skip(found as usize) {
        run(connection, sql, step).map_err(|error| from_sqlite(&error))?;
    }
    Ok(())
}

fn run(connection: &mut Connection, sql: &str, version: u32) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}
