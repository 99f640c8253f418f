//! Oversight of impersonations: which ones lasted for long, which months were told of, and the letters on both.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::oversight::LONG_MS;
use store::{
    Channel, LongImpersonation, Matter, Millis, NewOversightLetter, Oversight, OversightLetter, Recipient,
    Settled, StoreError, new_id,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::column::unreadable;
use crate::fault::Fault;
use crate::impersonations;
use crate::writer::Shape;

const OVERSEERS: &str =
    "SELECT username FROM users WHERE super_admin = 1 AND disabled_at IS NULL ORDER BY username";

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
    " WHERE s.impersonator_session_id IS NOT NULL AND s.impersonation_told_at IS NULL AND s.created_at <= ?1 - ?2
        AND coalesce(s.revoked_at, s.expires_at) >= s.created_at + ?2
    ORDER BY s.created_at, s.id LIMIT ?3"
);

const ONE: &str = concat!(
    select_long!(),
    " WHERE s.id = ?1 AND s.impersonator_session_id IS NOT NULL"
);

const IS_UNTOLD: &str = "SELECT EXISTS (SELECT 1 FROM sessions
    WHERE id = ?1 AND impersonator_session_id IS NOT NULL AND impersonation_told_at IS NULL)";

const TOLD: &str = "UPDATE sessions SET impersonation_told_at = ?2 WHERE id = ?1";

const TOLD_MONTH: &str =
    "INSERT INTO impersonation_months (month, made_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

const ADD: &str =
    "INSERT INTO oversight_letters (id, matter, channel, address, made_at, state, tries, next_try_at)
    VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', 0, ?5)";

const CLAIM: &str = "UPDATE oversight_letters SET claim = ?1, claimed_until = ?2 + ?3, tries = tries + 1
    WHERE id IN (
        SELECT id FROM oversight_letters
        WHERE state = 'waiting' AND next_try_at <= ?2 AND coalesce(claimed_until, ?2) <= ?2
        ORDER BY next_try_at, id LIMIT ?4)
    RETURNING id, matter, channel, address, made_at, tries";

const SETTLE: &str = "UPDATE oversight_letters
    SET state = ?3, next_try_at = coalesce(?4, next_try_at), claim = NULL, claimed_until = NULL
    WHERE id = ?1 AND claim = ?2 AND state = 'waiting'";

const PURGE: &str = "DELETE FROM oversight_letters WHERE id IN (
    SELECT id FROM oversight_letters WHERE state <> 'waiting' AND made_at < ?1 ORDER BY made_at LIMIT ?2)";

fn long(row: &Row<'_>) -> rusqlite::Result<LongImpersonation> {
    Ok(LongImpersonation {
        impersonation: impersonations::live(row)?,
        revoked_at: row.get(impersonations::COLUMNS)?,
    })
}

fn tell(
    connection: &Connection,
    session_ids: &[Uuid],
    letters: &[NewOversightLetter],
    now: Millis,
) -> Result<bool, Fault> {
    for id in session_ids {
        let is_untold: bool = connection
            .prepare_cached(IS_UNTOLD)?
            .query_row([id], |row| row.get(0))?;
        if !is_untold {
            return Ok(false);
        }
    }
    let mut told = connection.prepare_cached(TOLD)?;
    for id in session_ids {
        told.execute(params![id, now])?;
    }
    add(connection, letters, now)?;
    Ok(true)
}

fn tell_of_month(
    connection: &Connection,
    month: &str,
    letters: &[NewOversightLetter],
    now: Millis,
) -> Result<bool, Fault> {
    let noted = connection
        .prepare_cached(TOLD_MONTH)?
        .execute(params![month, now])?;
    if noted > 0 {
        add(connection, letters, now)?;
    }
    Ok(noted > 0)
}

fn add(connection: &Connection, letters: &[NewOversightLetter], now: Millis) -> Result<(), Fault> {
    let mut add = connection.prepare_cached(ADD)?;
    for letter in letters {
        let matter = serde_json::to_string(&letter.matter)
            .map_err(|error| StoreError::Failed(format!("a letter has no JSON form: {error}")))?;
        add.execute(params![
            new_id(now),
            matter,
            letter.recipient.channel.as_str(),
            letter.recipient.address,
            now
        ])?;
    }
    Ok(())
}

fn letter(row: &Row<'_>) -> rusqlite::Result<OversightLetter> {
    let (matter, channel) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
    let matter: Matter = serde_json::from_str(matter).map_err(|_| unreadable(1, "matter", matter))?;
    Ok(OversightLetter {
        id: row.get(0)?,
        matter,
        recipient: Recipient {
            channel: Channel::parse(channel).ok_or_else(|| unreadable(2, "channel", channel))?,
            address: row.get(3)?,
        },
        made_at: row.get(4)?,
        tries: row.get(5)?,
    })
}

#[async_trait]
impl Oversight for SqliteStore {
    async fn overseers(&self) -> Result<Vec<String>, StoreError> {
        self.readers
            .read(|connection| {
                let names = connection
                    .prepare_cached(OVERSEERS)?
                    .query_map([], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(names)
            })
            .await
    }

    async fn untold_impersonations(
        &self,
        now: Millis,
        limit: u32,
    ) -> Result<Vec<LongImpersonation>, StoreError> {
        self.readers
            .read(move |connection| {
                let found = connection
                    .prepare_cached(UNTOLD)?
                    .query_map(params![now, LONG_MS, limit], long)?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(found)
            })
            .await
    }

    async fn impersonations_of(&self, session_ids: Vec<Uuid>) -> Result<Vec<LongImpersonation>, StoreError> {
        self.readers
            .read(move |connection| {
                let mut one = connection.prepare_cached(ONE)?;
                let mut found = Vec::new();
                for id in &session_ids {
                    found.extend(one.query_row([id], long).optional()?);
                }
                found.sort_by_key(|one| (one.impersonation.started_at, one.impersonation.session_id));
                Ok(found)
            })
            .await
    }

    async fn tell_of_impersonations(
        &self,
        session_ids: Vec<Uuid>,
        letters: Vec<NewOversightLetter>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                tell(connection, &session_ids, &letters, now)
            })
            .await
    }

    async fn newest_told_month(&self) -> Result<Option<String>, StoreError> {
        self.readers
            .read(|connection| {
                Ok(connection
                    .prepare_cached("SELECT max(month) FROM impersonation_months")?
                    .query_row([], |row| row.get(0))?)
            })
            .await
    }

    async fn tell_of_month(
        &self,
        month: String,
        letters: Vec<NewOversightLetter>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                tell_of_month(connection, &month, &letters, now)
            })
            .await
    }

    async fn claim_letters(
        &self,
        claim: Uuid,
        now: Millis,
        lease_ms: Millis,
        limit: u32,
    ) -> Result<Vec<OversightLetter>, StoreError> {
        let any = move |connection: &Connection| -> Result<bool, Fault> {
            Ok(connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM oversight_letters WHERE state = 'waiting' AND next_try_at <= ?1)",
                )?
                .query_row([now], |row| row.get(0))?)
        };
        // Asked for every few seconds: most often nothing waits, and the writer is left alone.
        if !self.readers.look_up(any).await? {
            return Ok(Vec::new());
        }
        self.writer
            .write(Shape::Several, move |connection| {
                let mut claimed = connection
                    .prepare_cached(CLAIM)?
                    .query_map(params![claim, now, lease_ms, limit], letter)?
                    .collect::<rusqlite::Result<Vec<_>>>()?;
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
        self.writer
            .write(Shape::Several, move |connection| {
                let settled = connection
                    .prepare_cached(SETTLE)?
                    .execute(params![id, claim, state, at])?;
                Ok(settled > 0)
            })
            .await
    }

    async fn purge_letters(&self, made_before: Millis, limit: u32) -> Result<u32, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                let purged = connection
                    .prepare_cached(PURGE)?
                    .execute(params![made_before, limit])?;
                Ok(u32::try_from(purged).unwrap_or(u32::MAX))
            })
            .await
    }
}
