//! Messages on alerts: added with what they tell of, claimed by one process at a time, and settled by it.

use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{AlertMessage, Change, Channel, Millis, Occasion, Recipient, Settled, new_id};
use uuid::Uuid;

use crate::alerts;
use crate::column::unreadable;
use crate::fault::Fault;

const ADD: &str =
    "INSERT INTO alert_messages (id, alert_id, channel, address, occasion, number, made_at, state, tries,
        next_try_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting', 0, ?7) ON CONFLICT DO NOTHING";

const LAST: &str = "SELECT max(made_at), coalesce(max(number), 0) FROM alert_messages
    WHERE alert_id = ? AND occasion IN ('began', 'lasts')";

const CLAIM: &str = "UPDATE alert_messages SET claim = ?1, claimed_until = ?2 + ?3, tries = tries + 1
    WHERE id IN (
        SELECT m.id FROM alert_messages m
        WHERE m.state = 'waiting' AND m.next_try_at <= ?2 AND coalesce(m.claimed_until, ?2) <= ?2 AND NOT EXISTS (
            SELECT 1 FROM alert_messages e
            WHERE e.alert_id = m.alert_id AND e.channel = m.channel AND e.address = m.address
                AND e.state = 'waiting' AND e.made_at < m.made_at)
        ORDER BY m.next_try_at, m.id LIMIT ?4)";

/// What [`read`] takes after an alert's columns.
const CLAIMED: &str = concat!(
    "SELECT ",
    alerts::columns!(),
    ", m.id, m.channel, m.address, m.occasion, m.number, m.made_at, m.tries
    FROM alert_messages m JOIN alerts a ON a.id = m.alert_id
    WHERE m.state = 'waiting' AND m.claim = ?1 AND m.claimed_until = ?2 ORDER BY m.next_try_at, m.id"
);

const SETTLE: &str = "UPDATE alert_messages
    SET state = ?3, next_try_at = coalesce(?4, next_try_at), claim = NULL, claimed_until = NULL
    WHERE id = ?1 AND claim = ?2 AND state = 'waiting'
    RETURNING (SELECT a.organization_id FROM alerts a WHERE a.id = alert_id)";

/// Adds a message for each recipient.
pub(crate) fn add(
    connection: &Connection,
    alert_id: Uuid,
    recipients: &[Recipient],
    occasion: Occasion,
    number: u32,
    now: Millis,
) -> Result<(), Fault> {
    let mut add = connection.prepare_cached(ADD)?;
    for recipient in recipients {
        add.execute(params![
            new_id(now),
            alert_id,
            recipient.channel.as_str(),
            recipient.address,
            occasion.as_str(),
            number,
            now
        ])?;
    }
    Ok(())
}

/// Adds those that tell again of an alert that lasts, where the last ones are old enough.
pub(crate) fn repeat(
    connection: &Connection,
    (alert_id, began_at): (Uuid, Millis),
    recipients: &[Recipient],
    repeat_ms: Millis,
    now: Millis,
) -> Result<(), Fault> {
    let (last, number): (Option<Millis>, u32) = connection
        .prepare_cached(LAST)?
        .query_row([alert_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if now.saturating_sub(last.unwrap_or(began_at)) < repeat_ms {
        return Ok(());
    }
    add(connection, alert_id, recipients, Occasion::Lasts, number + 1, now)
}

/// Claims what is due.
pub(crate) fn claim(
    connection: &Connection,
    claim: Uuid,
    now: Millis,
    lease_ms: Millis,
    limit: u32,
) -> Result<Vec<AlertMessage>, Fault> {
    let claimed = connection
        .prepare_cached(CLAIM)?
        .execute(params![claim, now, lease_ms, limit])?;
    if claimed == 0 {
        return Ok(Vec::new());
    }
    let rows = connection
        .prepare_cached(CLAIMED)?
        .query_map(params![claim, now.saturating_add(lease_ms)], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

fn read(row: &Row<'_>) -> rusqlite::Result<AlertMessage> {
    let first = alerts::COLUMNS;
    let channel = row.get_ref(first + 1)?.as_str()?;
    let occasion = row.get_ref(first + 3)?.as_str()?;
    Ok(AlertMessage {
        id: row.get(first)?,
        alert: alerts::read(row)?,
        recipient: Recipient {
            channel: Channel::parse(channel).ok_or_else(|| unreadable(first + 1, "channel", channel))?,
            address: row.get(first + 2)?,
        },
        occasion: Occasion::parse(occasion).ok_or_else(|| unreadable(first + 3, "occasion", occasion))?,
        number: row.get(first + 4)?,
        made_at: row.get(first + 5)?,
        tries: row.get(first + 6)?,
    })
}

/// Says what became of one, and what to tell.
pub(crate) fn settle(
    connection: &Connection,
    id: Uuid,
    claim: Uuid,
    settled: Settled,
) -> Result<(bool, Vec<Change>), Fault> {
    let (state, at) = match settled {
        Settled::Sent => ("sent", None),
        Settled::Again { at } => ("waiting", Some(at)),
        Settled::GivenUp => ("failed", None),
    };
    let organization_id: Option<Uuid> = connection
        .prepare_cached(SETTLE)?
        .query_row(params![id, claim, state, at], |row| row.get(0))
        .optional()?;
    let told = organization_id
        .filter(|_| at.is_none())
        .map(|organization_id| Change::AlertsChanged { organization_id });
    Ok((organization_id.is_some(), told.into_iter().collect()))
}
