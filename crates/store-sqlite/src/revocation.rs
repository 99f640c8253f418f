//! Ending sessions before their time, and what others are told of it.

use rusqlite::{Connection, Params, params};
use store::{AuditEntry, Change, Millis, RevokeReason};
use uuid::Uuid;

use crate::audit;
use crate::fault::Fault;

/// Ends the live sessions that pass a condition; `?1` is now and `?2` the reason.
macro_rules! end_where {
    ($condition:literal) => {
        concat!(
            "UPDATE sessions SET revoked_at = ?1, revoke_reason = ?2
            WHERE revoked_at IS NULL AND expires_at > ?1 AND ",
            $condition,
            " RETURNING id, user_id, organization_id"
        )
    };
}

const ONE: &str = end_where!("id = ?3");

const ONE_WITHIN: &str =
    end_where!("id = ?3 AND (?4 IS NULL OR user_id = ?4) AND (?5 IS NULL OR organization_id = ?5)");

const OF_USER: &str = end_where!("user_id = ?3 AND (?4 IS NULL OR id <> ?4)");

/// The sign before the organisation keeps SQLite from going through everybody's there.
const OF_USER_WITHIN: &str =
    end_where!("user_id = ?3 AND (?4 IS NULL OR id <> ?4) AND +organization_id = ?5");

const OF_ORGANIZATION: &str = end_where!("organization_id = ?3 AND (?4 IS NULL OR id <> ?4)");

const ALL: &str = end_where!("(?3 IS NULL OR id <> ?3)");

/// Which sessions are to end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    /// This one.
    One(Uuid),
    /// This one, where it is this user's and in this organisation.
    OneWithin(Uuid, Option<Uuid>, Option<Uuid>),
    /// A user's, except for one.
    OfUser(Uuid, Option<Uuid>),
    /// A user's in an organisation, except for one.
    OfUserWithin(Uuid, Uuid, Option<Uuid>),
    /// An organisation's, except for one.
    OfOrganization(Uuid, Option<Uuid>),
    /// All, except for one.
    All(Option<Uuid>),
}

/// Ends them, and says which ones ended.
pub(crate) fn end(
    connection: &Connection,
    which: Which,
    reason: RevokeReason,
    now: Millis,
) -> rusqlite::Result<Vec<Change>> {
    let word = reason.as_str();
    match which {
        Which::One(id) => run(connection, ONE, reason, params![now, word, id]),
        Which::OneWithin(id, user, organization) => run(
            connection,
            ONE_WITHIN,
            reason,
            params![now, word, id, user, organization],
        ),
        Which::OfUser(user, keep) => run(connection, OF_USER, reason, params![now, word, user, keep]),
        Which::OfUserWithin(user, organization, keep) => run(
            connection,
            OF_USER_WITHIN,
            reason,
            params![now, word, user, keep, organization],
        ),
        Which::OfOrganization(organization, keep) => run(
            connection,
            OF_ORGANIZATION,
            reason,
            params![now, word, organization, keep],
        ),
        Which::All(keep) => run(connection, ALL, reason, params![now, word, keep]),
    }
}

fn run(
    connection: &Connection,
    sql: &str,
    reason: RevokeReason,
    values: impl Params,
) -> rusqlite::Result<Vec<Change>> {
    connection
        .prepare_cached(sql)?
        .query_map(values, |row| {
            Ok(Change::SessionEnded {
                session_id: row.get(0)?,
                user_id: row.get(1)?,
                organization_id: row.get(2)?,
                reason,
            })
        })?
        .collect()
}

/// Ends them with an audit entry where any ended; how many, and what to tell.
pub(crate) fn end_audited(
    connection: &Connection,
    which: Which,
    reason: RevokeReason,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(u32, Vec<Change>), Fault> {
    let ended = end(connection, which, reason, now)?;
    if !ended.is_empty() {
        audit::add(connection, entry)?;
    }
    Ok((count(&ended), ended))
}

/// How many.
pub(crate) fn count(ended: &[Change]) -> u32 {
    u32::try_from(ended.len()).unwrap_or(u32::MAX)
}
