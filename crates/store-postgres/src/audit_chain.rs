//! The chain over the audit log. Of several processes one at a time seals; the others go on with what they do.

use async_trait::async_trait;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_postgres::{PgConnection, PgRow, Postgres};
use store::chain::{follows, log_table};
use store::{AuditChain, AuditEntry, AuditSealing, Cut, Link, LinkedRow, Millis, Seal, StoreError};

use crate::column::{count, get, unreadable};
use crate::fault::Fault;
use crate::transfer::{names_of, read_values};
use crate::work::transaction;
use crate::{PostgresStore, audit};

/// `VIGS`, the advisory lock that a process holds while it adds to the chain.
const LOCK: i64 = 0x5649_4753;

macro_rules! seal_columns {
    () => {
        "number, from_sequence, to_sequence, previous_head, head, sealed_at, key_version, signature"
    };
}

const SEALS: &str = concat!(
    "SELECT ",
    seal_columns!(),
    " FROM audit_seals WHERE number > $1 ORDER BY number LIMIT $2"
);

const LAST_SEAL: &str = concat!(
    "SELECT ",
    seal_columns!(),
    " FROM audit_seals ORDER BY number DESC LIMIT 1"
);

const LAST_SEAL_BEFORE: &str = concat!(
    "SELECT ",
    seal_columns!(),
    " FROM audit_seals
    WHERE sealed_at < $1 AND number > (SELECT coalesce(max(seal_number), 0) FROM audit_cuts)
    ORDER BY sealed_at DESC, number DESC LIMIT 1"
);

const CUTS: &str = "SELECT number, seal_number, to_sequence, head, cut_at, key_version, signature FROM audit_cuts ORDER BY number";

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(row: &PgRow, column: usize) -> Result<u64, Fault> {
    let number: i64 = get(row, column)?;
    Ok(number.unsigned_abs())
}

fn version(row: &PgRow, column: usize) -> Result<u16, Fault> {
    let number: i64 = get(row, column)?;
    u16::try_from(number).map_err(|_| unreadable("version of a key", &number.to_string()).into())
}

fn bytes(row: &PgRow, column: usize) -> Result<Link, Fault> {
    let bytes: &[u8] = get(row, column)?;
    bytes
        .try_into()
        .map_err(|_| unreadable("link", &format!("{} bytes", bytes.len())).into())
}

fn seal(row: &PgRow) -> Result<Seal, Fault> {
    Ok(Seal {
        number: unsigned(row, 0)?,
        from_sequence: unsigned(row, 1)?,
        to_sequence: unsigned(row, 2)?,
        previous_head: bytes(row, 3)?,
        head: bytes(row, 4)?,
        sealed_at: get(row, 5)?,
        key_version: version(row, 6)?,
        signature: get(row, 7)?,
    })
}

fn cut(row: &PgRow) -> Result<Cut, Fault> {
    Ok(Cut {
        number: unsigned(row, 0)?,
        seal_number: unsigned(row, 1)?,
        to_sequence: unsigned(row, 2)?,
        head: bytes(row, 3)?,
        cut_at: get(row, 4)?,
        key_version: version(row, 5)?,
        signature: get(row, 6)?,
    })
}

async fn last_seal(connection: &mut PgConnection) -> Result<Option<Seal>, Fault> {
    let row = query(LAST_SEAL).fetch_optional(connection).await?;
    row.as_ref().map(seal).transpose()
}

async fn cuts(connection: &mut PgConnection) -> Result<Vec<Cut>, Fault> {
    let rows = query(CUTS).fetch_all(connection).await?;
    rows.iter().map(cut).collect()
}

async fn rows(connection: &mut PgConnection, after: u64, limit: u32) -> Result<Vec<LinkedRow>, Fault> {
    let table = log_table()?;
    let sql = format!(
        "SELECT {}, (SELECT k.link FROM audit_links k WHERE k.sequence = audit_log.sequence) FROM audit_log
        WHERE sequence > $1 ORDER BY sequence LIMIT $2",
        names_of(table)
    );
    let found = query::<Postgres>(AssertSqlSafe(sql))
        .bind(signed(after))
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    found
        .iter()
        .map(|row| {
            let link: Option<Vec<u8>> = get(row, table.columns.len())?;
            Ok(LinkedRow {
                sequence: unsigned(row, 0)?,
                row: read_values(table, row)?,
                link: link
                    .map(|link| {
                        link.try_into()
                            .map_err(|_| unreadable("link", "of another length"))
                    })
                    .transpose()?,
            })
        })
        .collect()
}

/// Whether this process may add to the chain until its transaction ends.
async fn alone(connection: &mut PgConnection) -> Result<bool, Fault> {
    Ok(
        query_scalar::<Postgres, bool>("SELECT pg_try_advisory_xact_lock($1)")
            .bind(LOCK)
            .fetch_one(connection)
            .await?,
    )
}

async fn add_seal(connection: &mut PgConnection, new: &Seal, links: &[Link]) -> Result<bool, Fault> {
    if !alone(connection).await? {
        return Ok(false);
    }
    let (last, cuts) = (last_seal(connection).await?, cuts(connection).await?);
    if !follows(new, links, last.as_ref(), cuts.last()) {
        return Ok(false);
    }
    let (sequences, links): (Vec<i64>, Vec<Vec<u8>>) = (new.from_sequence..)
        .zip(links)
        .map(|(sequence, link)| (signed(sequence), link.to_vec()))
        .unzip();
    query("INSERT INTO audit_links (sequence, link) SELECT * FROM unnest($1::bigint[], $2::bytea[])")
        .bind(sequences)
        .bind(links)
        .execute(&mut *connection)
        .await?;
    query(
        "INSERT INTO audit_seals
            (number, from_sequence, to_sequence, previous_head, head, sealed_at, key_version, signature)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(signed(new.number))
    .bind(signed(new.from_sequence))
    .bind(signed(new.to_sequence))
    .bind(new.previous_head.to_vec())
    .bind(new.head.to_vec())
    .bind(new.sealed_at)
    .bind(i64::from(new.key_version))
    .bind(&new.signature)
    .execute(connection)
    .await?;
    Ok(true)
}

async fn add_cut(connection: &mut PgConnection, new: &Cut, entry: &AuditEntry) -> Result<bool, Fault> {
    if !alone(connection).await? {
        return Ok(false);
    }
    let last = cuts(connection)
        .await?
        .last()
        .map_or((0, 0), |last| (last.number, last.seal_number));
    let is_sealed = query("SELECT 1 FROM audit_seals WHERE number = $1 AND to_sequence = $2 AND head = $3")
        .bind(signed(new.seal_number))
        .bind(signed(new.to_sequence))
        .bind(new.head.to_vec())
        .fetch_optional(&mut *connection)
        .await?
        .is_some();
    if new.number != last.0 + 1 || new.seal_number <= last.1 || !is_sealed {
        return Ok(false);
    }
    query(
        "INSERT INTO audit_cuts (number, seal_number, to_sequence, head, cut_at, key_version, signature)
        VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(signed(new.number))
    .bind(signed(new.seal_number))
    .bind(signed(new.to_sequence))
    .bind(new.head.to_vec())
    .bind(new.cut_at)
    .bind(i64::from(new.key_version))
    .bind(&new.signature)
    .execute(&mut *connection)
    .await?;
    audit::add(connection, entry).await?;
    Ok(true)
}

async fn purge(connection: &mut PgConnection, limit: u32) -> Result<u32, Fault> {
    let Some(cut) = cuts(connection).await?.pop() else {
        return Ok(0);
    };
    let mut deleted = 0;
    for (sql, last) in [
        (
            "DELETE FROM audit_seals WHERE number IN
                (SELECT number FROM audit_seals WHERE number <= $1 ORDER BY number LIMIT $2)",
            cut.seal_number,
        ),
        (
            "DELETE FROM audit_links WHERE sequence IN
                (SELECT sequence FROM audit_links WHERE sequence <= $1 ORDER BY sequence LIMIT $2)",
            cut.to_sequence,
        ),
        (
            "DELETE FROM audit_log WHERE sequence IN
                (SELECT sequence FROM audit_log WHERE sequence <= $1 ORDER BY sequence LIMIT $2)",
            cut.to_sequence,
        ),
    ] {
        let outcome = query(sql)
            .bind(signed(last))
            .bind(i64::from(limit))
            .execute(&mut *connection)
            .await?;
        deleted = count(outcome.rows_affected());
    }
    Ok(deleted)
}

#[async_trait]
impl AuditChain for PostgresStore {
    async fn audit_chain(&self, after: u64, limit: u32) -> Result<Vec<LinkedRow>, StoreError> {
        self.single(async |connection| rows(connection, after, limit).await)
            .await
    }

    async fn audit_seals(&self, after: u64, limit: u32) -> Result<Vec<Seal>, StoreError> {
        self.single(async |connection| {
            let rows = query(SEALS)
                .bind(signed(after))
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await?;
            rows.iter().map(seal).collect()
        })
        .await
    }

    async fn last_audit_seal(&self) -> Result<Option<Seal>, StoreError> {
        self.single(async |connection| last_seal(connection).await).await
    }

    async fn audit_cuts(&self) -> Result<Vec<Cut>, StoreError> {
        self.single(async |connection| cuts(connection).await).await
    }
}

#[async_trait]
impl AuditSealing for PostgresStore {
    async fn add_audit_seal(&self, seal: Seal, links: Vec<Link>) -> Result<bool, StoreError> {
        transaction!(self, |connection| add_seal(connection, &seal, &links).await)
    }

    async fn last_audit_seal_before(&self, sealed_before: Millis) -> Result<Option<Seal>, StoreError> {
        self.single(async |connection| {
            let row = query(LAST_SEAL_BEFORE)
                .bind(sealed_before)
                .fetch_optional(connection)
                .await?;
            row.as_ref().map(seal).transpose()
        })
        .await
    }

    async fn cut_audit_log(&self, cut: Cut, entry: AuditEntry) -> Result<bool, StoreError> {
        transaction!(self, |connection| add_cut(connection, &cut, &entry).await)
    }

    async fn purge_audit_log(&self, limit: u32) -> Result<u32, StoreError> {
        transaction!(self, |connection| purge(connection, limit).await)
    }
}
