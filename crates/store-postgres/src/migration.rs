//! The schema's versions, one numbered SQL file each, applied in order and never changed afterwards.

use sqlx_core::acquire::Acquire as _;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_core::raw_sql::raw_sql;
use sqlx_postgres::{PgConnection, Postgres};
use store::StoreError;

use crate::fault::Fault;

const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_foundation.sql"),
    include_str!("migrations/0002_insight.sql"),
    include_str!("migrations/0003_alerts.sql"),
    include_str!("migrations/0004_categories.sql"),
    include_str!("migrations/0005_audit_chain.sql"),
    include_str!("migrations/0006_impersonation.sql"),
    include_str!("migrations/0007_oversight.sql"),
    include_str!("migrations/0008_event_packs.sql"),
    include_str!("migrations/0009_till_days.sql"),
    include_str!("migrations/0010_barcodes.sql"),
];

/// `VIGI`, the advisory lock that a process holds while it brings a schema up to date.
const LOCK: i64 = 0x5649_4749;

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS vigie_schema (
    version    bigint PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)";

/// The newest schema that this program knows.
pub(crate) const fn newest() -> u32 {
    MIGRATIONS.len() as u32
}

/// The schema's version in this database; 0 where it is empty.
///
/// # Errors
/// [`StoreError::Newer`], [`StoreError::Damaged`] where the database is another program's, or what PostgreSQL says.
pub(crate) async fn version(connection: &mut PgConnection) -> Result<u32, Fault> {
    let (ours, tables): (bool, i64) = sqlx_core::query_as::query_as(
        "SELECT to_regclass(quote_ident(current_schema()) || '.vigie_schema') IS NOT NULL,
            (SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p'))",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !ours {
        return if tables == 0 {
            Ok(0)
        } else {
            Err(StoreError::Damaged("it is another program's database".to_owned()).into())
        };
    }
    let found: i64 = query_scalar::<Postgres, _>("SELECT coalesce(max(version), 0) FROM vigie_schema")
        .fetch_one(connection)
        .await?;
    let found =
        u32::try_from(found).map_err(|_| StoreError::Damaged(format!("its schema version is {found}")))?;
    if found > newest() {
        return Err(StoreError::Newer {
            found,
            known: newest(),
        }
        .into());
    }
    Ok(found)
}

/// Brings the schema to the newest version, each step in a transaction of its own that one process at a time is in.
///
/// # Errors
/// As [`version`], and what PostgreSQL says of a step.
pub(crate) async fn apply(connection: &mut PgConnection) -> Result<(), StoreError> {
    while version(connection).await? < newest() {
        step(connection).await?;
    }
    Ok(())
}

async fn step(connection: &mut PgConnection) -> Result<(), Fault> {
    let mut transaction = connection.begin().await?;
    raw_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'")
        .execute(&mut *transaction)
        .await?;
    query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await?;
    // Another process may have done it meanwhile.
    let found = version(&mut transaction).await?;
    if let Some(sql) = MIGRATIONS.get(found as usize) {
        raw_sql(LEDGER).execute(&mut *transaction).await?;
        raw_sql(*sql).execute(&mut *transaction).await?;
        query("INSERT INTO vigie_schema (version) VALUES ($1)")
            .bind(i64::from(found) + 1)
            .execute(&mut *transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
}
