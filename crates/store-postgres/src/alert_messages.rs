//! Messages on alerts: added with what they tell of, claimed by one process at a time, and settled by it.

use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::{AlertMessage, Change, Channel, Millis, Occasion, Recipient, Settled, new_id};
use uuid::Uuid;

use crate::alerts;
use crate::column::{get, number, text, unreadable};
use crate::fault::Fault;

const ADD: &str =
    "INSERT INTO alert_messages (id, alert_id, channel, address, occasion, number, made_at, state, tries,
        next_try_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', 0, $7) ON CONFLICT DO NOTHING";

const LAST: &str = "SELECT max(made_at), coalesce(max(number), 0) FROM alert_messages
    WHERE alert_id = $1 AND occasion IN ('began', 'lasts')";

/// What another process is just claiming is passed over, not waited for.
const CLAIM: &str = "UPDATE alert_messages SET claim = $1, claimed_until = $2 + $3, tries = tries + 1
    WHERE id IN (
        SELECT m.id FROM alert_messages m
        WHERE m.state = 'waiting' AND m.next_try_at <= $2 AND coalesce(m.claimed_until, $2) <= $2 AND NOT EXISTS (
            SELECT 1 FROM alert_messages e
            WHERE e.alert_id = m.alert_id AND e.channel = m.channel AND e.address = m.address
                AND e.state = 'waiting' AND e.made_at < m.made_at)
        ORDER BY m.next_try_at, m.id LIMIT $4 FOR UPDATE OF m SKIP LOCKED)";

/// What [`read`] takes after an alert's columns.
const CLAIMED: &str = concat!(
    "SELECT ",
    alerts::columns!(),
    ", m.id, m.channel, m.address, m.occasion, m.number, m.made_at, m.tries
    FROM alert_messages m JOIN alerts a ON a.id = m.alert_id
    WHERE m.state = 'waiting' AND m.claim = $1 AND m.claimed_until = $2 ORDER BY m.next_try_at, m.id"
);

const SETTLE: &str = "UPDATE alert_messages
    SET state = $3, next_try_at = coalesce($4, next_try_at), claim = NULL, claimed_until = NULL
    WHERE id = $1 AND claim = $2 AND state = 'waiting'
    RETURNING (SELECT a.organization_id FROM alerts a WHERE a.id = alert_id)";

/// Adds a message for each recipient.
pub(crate) async fn add(
    connection: &mut PgConnection,
    alert_id: Uuid,
    recipients: &[Recipient],
    occasion: Occasion,
    number: u32,
    now: Millis,
) -> Result<(), Fault> {
    for recipient in recipients {
        query(ADD)
            .bind(new_id(now))
            .bind(alert_id)
            .bind(recipient.channel.as_str())
            .bind(text(&recipient.address))
            .bind(occasion.as_str())
            .bind(i64::from(number))
            .bind(now)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Adds those that tell again of an alert that lasts, where the last ones are old enough. Whoever calls holds the alert's
/// row.
pub(crate) async fn repeat(
    connection: &mut PgConnection,
    (alert_id, began_at): (Uuid, Millis),
    recipients: &[Recipient],
    repeat_ms: Millis,
    now: Millis,
) -> Result<(), Fault> {
    let row = query(LAST).bind(alert_id).fetch_one(&mut *connection).await?;
    let last: Option<Millis> = get(&row, 0)?;
    if now.saturating_sub(last.unwrap_or(began_at)) < repeat_ms {
        return Ok(());
    }
    let number = number(&row, 1)? + 1;
    add(connection, alert_id, recipients, Occasion::Lasts, number, now).await
}

/// Claims what is due.
pub(crate) async fn claim(
    connection: &mut PgConnection,
    claim: Uuid,
    now: Millis,
    lease_ms: Millis,
    limit: u32,
) -> Result<Vec<AlertMessage>, Fault> {
    let claimed = query(CLAIM)
        .bind(claim)
        .bind(now)
        .bind(lease_ms)
        .bind(i64::from(limit))
        .execute(&mut *connection)
        .await?;
    if claimed.rows_affected() == 0 {
        return Ok(Vec::new());
    }
    let rows = query(CLAIMED)
        .bind(claim)
        .bind(now.saturating_add(lease_ms))
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<AlertMessage, Fault> {
    let first = alerts::COLUMNS;
    let channel: &str = get(row, first + 1)?;
    let occasion: &str = get(row, first + 3)?;
    Ok(AlertMessage {
        id: get(row, first)?,
        alert: alerts::read(row)?,
        recipient: Recipient {
            channel: Channel::parse(channel).ok_or_else(|| unreadable("channel", channel))?,
            address: get(row, first + 2)?,
        },
        occasion: Occasion::parse(occasion).ok_or_else(|| unreadable("occasion", occasion))?,
        number: number(row, first + 4)?,
        made_at: get(row, first + 5)?,
        tries: number(row, first + 6)?,
    })
}

/// Says what became of one, and what to tell.
pub(crate) async fn settle(
    connection: &mut PgConnection,
    id: Uuid,
    claim: Uuid,
    settled: Settled,
) -> Result<(bool, Vec<Change>), Fault> {
    let (state, at) = match settled {
        Settled::Sent => ("sent", None),
        Settled::Again { at } => ("waiting", Some(at)),
        Settled::GivenUp => ("failed", None),
    };
    let found = query(SETTLE)
        .bind(id)
        .bind(claim)
        .bind(state)
        .bind(at)
        .fetch_optional(connection)
        .await?;
    let Some(row) = found else {
        return Ok((false, Vec::new()));
    };
    let organization_id = get(&row, 0)?;
    let told = at.is_none().then_some(Change::AlertsChanged { organization_id });
    Ok((true, told.into_iter().collect()))
}
