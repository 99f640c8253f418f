//! Failures put together by what they have in common.

use protocol::insight::ErrorsBy;
use rusqlite::{Connection, params};
use store::insight::{FailureQuery, FailureSum, Grain, MINUTE_MS, Span};

use super::unsigned;
use crate::fault::Fault;

/// A page; `?1` organisation, `?2` and `?3` minutes, `?4` the kind, `?5` and `?6` the events and the key after which it
/// begins, `?7` how many.
macro_rules! page_of {
    ($table:literal, $key:literal) => {
        concat!(
            "WITH parts AS MATERIALIZED (
                SELECT ",
            $key,
            " AS key, kind, reason, sum(events) AS events, max(last_minute) AS last_minute FROM ",
            $table,
            " WHERE minute >= ?2 AND minute < ?3 AND (?1 IS NULL OR organization_id = ?1) AND (?4 IS NULL OR kind = ?4)
                GROUP BY 1, 2, 3),
            keys AS (
                SELECT key, sum(iif(kind = 'refresh', events, 0)) AS refreshes,
                    sum(iif(kind = 'login', events, 0)) AS logins, sum(events) AS events, max(last_minute) AS last_minute
                FROM parts GROUP BY key)
            SELECT key, refreshes, logins,
                (SELECT reason FROM parts WHERE parts.key = keys.key GROUP BY reason
                    ORDER BY sum(parts.events) DESC, reason LIMIT 1),
                last_minute
            FROM keys WHERE ?5 IS NULL OR events < ?5 OR (events = ?5 AND key > ?6)
            ORDER BY events DESC, key LIMIT ?7"
        )
    };
}

macro_rules! page_by {
    ($key:literal) => {
        [page_of!("failure_minutes", $key), page_of!("failure_hours", $key)]
    };
}

const BY_NETWORK: [&str; 2] = page_by!("network");
const BY_SITE: [&str; 2] = page_by!("iif(site_id = zeroblob(16), '', lower(hex(site_id)))");
const BY_USER: [&str; 2] = page_by!("iif(user_id = zeroblob(16), '', lower(hex(user_id)))");
const BY_REASON: [&str; 2] = page_by!("reason");

/// The page that is asked for.
pub(super) fn sums(connection: &Connection, asked: &FailureQuery) -> Result<Vec<FailureSum>, Fault> {
    let span = Span::of(asked.from, asked.to);
    let [minutes, hours] = match asked.by {
        ErrorsBy::Network => BY_NETWORK,
        ErrorsBy::Site => BY_SITE,
        ErrorsBy::User => BY_USER,
        ErrorsBy::Reason => BY_REASON,
    };
    let sql = match span.grain {
        Grain::Minute => minutes,
        Grain::Hour => hours,
    };
    let after = asked.after.as_ref();
    let found = connection
        .prepare_cached(sql)?
        .query_map(
            params![
                asked.organization_id,
                span.from_minute,
                span.to_minute,
                asked.kind.map(|kind| kind.as_str()),
                after.map(|after| super::signed(after.events)),
                after.map(|after| after.key.as_str()),
                asked.limit,
            ],
            |row| {
                Ok(FailureSum {
                    key: row.get(0)?,
                    refreshes: unsigned(row.get(1)?),
                    logins: unsigned(row.get(2)?),
                    reason: row.get(3)?,
                    last_at: row.get::<_, i64>(4)?.saturating_mul(MINUTE_MS),
                })
            },
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}
