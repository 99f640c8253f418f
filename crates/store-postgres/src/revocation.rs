//! Ending sessions before their time, and what others are told of it.

use sqlx_core::query::query;
use sqlx_postgres::PgConnection;
use store::{AuditEntry, Change, Millis, RevokeReason};
use uuid::Uuid;

use crate::audit;
use crate::column::get;
use crate::fault::Fault;

/// Ends the live sessions that pass a condition; `$1` is now, `$2` the reason, `$3` to `$5` a session, a user and an
/// organisation, and `$6` the one to keep.
macro_rules! end_where {
    ($condition:literal) => {
        concat!(
            "UPDATE sessions SET revoked_at = $1, revoke_reason = $2
            WHERE revoked_at IS NULL AND expires_at > $1 AND ($6::uuid IS NULL OR id <> $6) AND ",
            $condition,
            " RETURNING id, user_id, organization_id"
        )
    };
}

const ONE: &str = end_where!(
    "id = $3 AND ($4::uuid IS NULL OR user_id = $4) AND ($5::uuid IS NULL OR organization_id = $5)"
);

const OF_USER: &str =
    end_where!("$3::uuid IS NULL AND user_id = $4 AND ($5::uuid IS NULL OR organization_id = $5)");

const OF_ORGANIZATION: &str = end_where!("$3::uuid IS NULL AND $4::uuid IS NULL AND organization_id = $5");

const ALL: &str = end_where!("$3::uuid IS NULL AND $4::uuid IS NULL AND $5::uuid IS NULL");

/// Which sessions are to end: those of all that is named.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Which {
    /// This one.
    pub(crate) session: Option<Uuid>,
    /// A user's.
    pub(crate) user: Option<Uuid>,
    /// An organisation's.
    pub(crate) organization: Option<Uuid>,
    /// But not this one.
    pub(crate) keep: Option<Uuid>,
}

impl Which {
    const fn sql(&self) -> &'static str {
        match (self.session, self.user, self.organization) {
            (Some(_), _, _) => ONE,
            (None, Some(_), _) => OF_USER,
            (None, None, Some(_)) => OF_ORGANIZATION,
            (None, None, None) => ALL,
        }
    }
}

/// Ends them, and says which ones ended.
pub(crate) async fn end(
    connection: &mut PgConnection,
    which: Which,
    reason: RevokeReason,
    now: Millis,
) -> Result<Vec<Change>, Fault> {
    let ended = query(which.sql())
        .bind(now)
        .bind(reason.as_str())
        .bind(which.session)
        .bind(which.user)
        .bind(which.organization)
        .bind(which.keep)
        .fetch_all(connection)
        .await?;
    let told = |row| {
        Ok(Change::SessionEnded {
            session_id: get(row, 0)?,
            user_id: get(row, 1)?,
            organization_id: get(row, 2)?,
            reason,
        })
    };
    ended.iter().map(told).collect()
}

/// Ends them with an audit entry where any ended; how many, and what to tell.
pub(crate) async fn end_audited(
    connection: &mut PgConnection,
    which: Which,
    reason: RevokeReason,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(u32, Vec<Change>), Fault> {
    let ended = end(connection, which, reason, now).await?;
    if !ended.is_empty() {
        audit::add(connection, entry).await?;
    }
    Ok((count(&ended), ended))
}

/// How many.
pub(crate) fn count(ended: &[Change]) -> u32 {
    u32::try_from(ended.len()).unwrap_or(u32::MAX)
}
