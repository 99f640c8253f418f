//! Oversight of impersonations: which ones lasted for long, which months were told of, and the letters on both.

use async_trait::async_trait;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_postgres::{PgConnection, PgRow, Postgres};
use store::oversight::LONG_MS;
use store::{
    Channel, LongImpersonation, Matter, Millis, NewOversightLetter, Oversight, OversightLetter, Recipient,
    Settled, StoreError, new_id,
};
use uuid::Uuid;

use crate::PostgresStore;
use crate::column::{count, get, number, text, unreadable};
use crate::fault::Fault;
use crate::impersonations;
use crate::work::transaction;

const OVERSEERS: &str =
    "SELECT username FROM users WHERE super_admin AND disabled_at IS NULL ORDER BY username COLLATE \"C\"";

/// What [`long`] reads, up to the condition.
macro_rules! select_long {
    () => {
        concat!(
            "SELECT ",
            impersonations::columns!(),
            ", s.revoked_at",
            impersonations::tables!()
        )
    };
}

/// The index is in this order and holds nothing else.
const UNTOLD: &str = concat!(
    select_long!(),
    " WHERE s.impersonator_session_id IS NOT NULL AND s.impersonation_told_at IS NULL AND s.created_at <= $1 - $2
        AND coalesce(s.revoked_at, s.expires_at) >= s.created_at + $2
    ORDER BY s.created_at, s.id LIMIT $3"
);

const THESE: &str = concat!(
    select_long!(),
    " WHERE s.id = ANY($1) AND s.impersonator_session_id IS NOT NULL ORDER BY s.created_at, s.id"
);

/// Whoever else wants to tell of one of them waits here, and then finds it told.
const HOLD_UNTOLD: &str = "SELECT id FROM sessions
    WHERE id = ANY($1) AND impersonator_session_id IS NOT NULL AND impersonation_told_at IS NULL
    ORDER BY id FOR NO KEY UPDATE";

const TOLD: &str = "UPDATE sessions SET impersonation_told_at = $2 WHERE id = ANY($1)";

const TOLD_MONTH: &str =
    "INSERT INTO impersonation_months (month, made_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";

const ADD: &str =
    "INSERT INTO oversight_letters (id, matter, channel, address, made_at, state, tries, next_try_at)
    VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $5)";

/// What another process is just claiming is passed over, not waited for.
const CLAIM: &str = "UPDATE oversight_letters SET claim = $1, claimed_until = $2 + $3, tries = tries + 1
    WHERE id IN (
        SELECT id FROM oversight_letters
        WHERE state = 'waiting' AND next_try_at <= $2 AND coalesce(claimed_until, $2) <= $2
        ORDER BY next_try_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
    RETURNING id, matter, channel, address, made_at, tries";

const SETTLE: &str = "UPDATE oversight_letters
    SET state = $3, next_try_at = coalesce($4, next_try_at), claim = NULL, claimed_until = NULL
    WHERE id = $1 AND claim = $2 AND state = 'waiting'";

const PURGE: &str = "DELETE FROM oversight_letters WHERE id IN (
    SELECT id FROM oversight_letters WHERE state <> 'waiting' AND made_at < $1 ORDER BY made_at LIMIT $2)";

fn long(row: &PgRow) -> Result<LongImpersonation, Fault> {
    Ok(LongImpersonation {
        impersonation: impersonations::live(row)?,
        revoked_at: get(row, impersonations::COLUMNS)?,
    })
}

async fn tell(
    connection: &mut PgConnection,
    session_ids: &[Uuid],
    letters: &[NewOversightLetter],
    now: Millis,
) -> Result<bool, Fault> {
    let untold = query(HOLD_UNTOLD)
        .bind(session_ids)
        .fetch_all(&mut *connection)
        .await?;
    if untold.len() < session_ids.len() {
        return Ok(false);
    }
    query(TOLD)
        .bind(session_ids)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    add(connection, letters, now).await?;
    Ok(true)
}

async fn tell_of_month(
    connection: &mut PgConnection,
    month: &str,
    letters: &[NewOversightLetter],
    now: Millis,
) -> Result<bool, Fault> {
    let noted = query(TOLD_MONTH)
        .bind(month)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    if noted.rows_affected() == 0 {
        return Ok(false);
    }
    add(connection, letters, now).await?;
    Ok(true)
}

async fn add(
    connection: &mut PgConnection,
    letters: &[NewOversightLetter],
    now: Millis,
) -> Result<(), Fault> {
    for letter in letters {
        let matter = serde_json::to_string(&letter.matter)
            .map_err(|error| StoreError::Failed(format!("a letter has no JSON form: {error}")))?;
        query(ADD)
            .bind(new_id(now))
            .bind(matter)
            .bind(letter.recipient.channel.as_str())
            .bind(text(&letter.recipient.address))
            .bind(now)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn letter(row: &PgRow) -> Result<OversightLetter, Fault> {
    let (matter, channel): (&str, &str) = (get(row, 1)?, get(row, 2)?);
    let matter: Matter = serde_json::from_str(matter).map_err(|_| unreadable("matter", matter))?;
    Ok(OversightLetter {
        id: get(row, 0)?,
        matter,
        recipient: Recipient {
            channel: Channel::parse(channel).ok_or_else(|| unreadable("channel", channel))?,
            address: get(row, 3)?,
        },
        made_at: get(row, 4)?,
        tries: number(row, 5)?,
    })
}

#[async_trait]
impl Oversight for PostgresStore {
    async fn overseers(&self) -> Result<Vec<String>, StoreError> {
        self.single(async |connection| {
            let names = query_scalar::<Postgres, String>(OVERSEERS);
            Ok(names.fetch_all(connection).await?)
        })
        .await
    }

    async fn untold_impersonations(
        &self,
        now: Millis,
        limit: u32,
    ) -> Result<Vec<LongImpersonation>, StoreError> {
        self.single(async |connection| {
            let asked = query(UNTOLD).bind(now).bind(LONG_MS).bind(i64::from(limit));
            let rows = asked.fetch_all(connection).await?;
            rows.iter().map(long).collect()
        })
        .await
    }

    async fn impersonations_of(&self, session_ids: Vec<Uuid>) -> Result<Vec<LongImpersonation>, StoreError> {
        self.single(async |connection| {
            let rows = query(THESE).bind(session_ids).fetch_all(connection).await?;
            rows.iter().map(long).collect()
        })
        .await
    }

    async fn tell_of_impersonations(
        &self,
        session_ids: Vec<Uuid>,
        letters: Vec<NewOversightLetter>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        transaction!(self, |connection| tell(connection, &session_ids, &letters, now)
            .await)
    }

    async fn newest_told_month(&self) -> Result<Option<String>, StoreError> {
        self.single(async |connection| {
            let newest =
                query_scalar::<Postgres, Option<String>>("SELECT max(month) FROM impersonation_months");
            Ok(newest.fetch_one(connection).await?)
        })
        .await
    }

    async fn tell_of_month(
        &self,
        month: String,
        letters: Vec<NewOversightLetter>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        transaction!(self, |connection| tell_of_month(
            connection, &month, &letters, now
        )
        .await)
    }

    async fn claim_letters(
        &self,
        claim: Uuid,
        now: Millis,
        lease_ms: Millis,
        limit: u32,
    ) -> Result<Vec<OversightLetter>, StoreError> {
        self.single(async |connection| {
            let rows = query(CLAIM)
                .bind(claim)
                .bind(now)
                .bind(lease_ms)
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await?;
            let mut claimed = rows.iter().map(letter).collect::<Result<Vec<_>, Fault>>()?;
            claimed.sort_by_key(|letter| (letter.made_at, letter.id));
            Ok(claimed)
        })
        .await
    }

    async fn settle_letter(&self, id: Uuid, claim: Uuid, settled: Settled) -> Result<bool, StoreError> {
        let (state, at) = match settled {
            Settled::Sent => ("sent", None),
            Settled::Again { at } => ("waiting", Some(at)),
            Settled::GivenUp => ("failed", None),
        };
        self.single(async |connection| {
            let settled = query(SETTLE)
                .bind(id)
                .bind(claim)
                .bind(state)
                .bind(at)
                .execute(connection)
                .await?;
            Ok(settled.rows_affected() > 0)
        })
        .await
    }

    async fn purge_letters(&self, made_before: Millis, limit: u32) -> Result<u32, StoreError> {
        self.single(async |connection| {
            let purged = query(PURGE)
                .bind(made_before)
                .bind(i64::from(limit))
                .execute(connection)
                .await?;
            Ok(count(purged.rows_affected()))
        })
        .await
    }
}
