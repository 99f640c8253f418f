//! Failures put together by what they have in common.

use protocol::insight::ErrorsBy;
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::insight::{FailureQuery, FailureSum, Grain, MINUTE_MS, Span};

use super::{signed, unsigned};
use crate::column::{get, text};
use crate::fault::Fault;

/// A page; `$1` organisation, `$2` and `$3` minutes, `$4` the kind, `$5` and `$6` the events and the key after which it
/// begins, `$7` how many.
macro_rules! page_of {
    ($table:literal, $key:literal) => {
        concat!(
            "WITH parts AS MATERIALIZED (
                SELECT ",
            $key,
            " COLLATE \"C\" AS key, kind, reason, sum(events)::bigint AS events, max(last_minute) AS last_minute FROM ",
            $table,
            " WHERE minute >= $2 AND minute < $3 AND ($1::uuid IS NULL OR organization_id = $1)
                    AND ($4::text IS NULL OR kind = $4)
                GROUP BY 1, 2, 3),
            keys AS (
                SELECT key, coalesce(sum(events) FILTER (WHERE kind = 'refresh'), 0)::bigint AS refreshes,
                    coalesce(sum(events) FILTER (WHERE kind = 'login'), 0)::bigint AS logins,
                    sum(events)::bigint AS events, max(last_minute) AS last_minute
                FROM parts GROUP BY key)
            SELECT key, refreshes, logins,
                (SELECT reason FROM parts WHERE parts.key = keys.key GROUP BY reason
                    ORDER BY sum(parts.events) DESC, reason LIMIT 1),
                last_minute
            FROM keys WHERE $5::bigint IS NULL OR events < $5 OR (events = $5 AND key > $6)
            ORDER BY events DESC, key LIMIT $7"
        )
    };
}

macro_rules! page_by {
    ($key:literal) => {
        [page_of!("failure_minutes", $key), page_of!("failure_hours", $key)]
    };
}

const BY_NETWORK: [&str; 2] = page_by!("network");
const BY_SITE: [&str; 2] =
    page_by!("coalesce(replace(nullif(site_id, '00000000-0000-0000-0000-000000000000')::text, '-', ''), '')");
const BY_USER: [&str; 2] =
    page_by!("coalesce(replace(nullif(user_id, '00000000-0000-0000-0000-000000000000')::text, '-', ''), '')");
const BY_REASON: [&str; 2] = page_by!("reason");

/// The page that is asked for.
pub(super) async fn sums(
    connection: &mut PgConnection,
    asked: &FailureQuery,
) -> Result<Vec<FailureSum>, Fault> {
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
    let rows = query(sql)
        .bind(asked.organization_id)
        .bind(span.from_minute)
        .bind(span.to_minute)
        .bind(asked.kind.map(|kind| kind.as_str()))
        .bind(after.map(|after| signed(after.events)))
        .bind(after.map(|after| text(&after.key)))
        .bind(i64::from(asked.limit))
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<FailureSum, Fault> {
    Ok(FailureSum {
        key: get(row, 0)?,
        refreshes: unsigned(get(row, 1)?),
        logins: unsigned(get(row, 2)?),
        reason: get(row, 3)?,
        last_at: get::<i64>(row, 4)?.saturating_mul(MINUTE_MS),
    })
}
