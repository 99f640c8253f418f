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
            " RETURNING id, user_id, organization_id, impersonator_session_id IS NOT NULL"
        )
    };
}

const ONE: &str = end_where!("id = ?3");

const ONE_WITHIN: &str = end_where!(
    "id = ?3 AND (?4 IS NULL OR user_id = ?4) AND (?5 IS NULL OR organization_id = ?5)
    AND impersonator_session_id IS NULL"
);

const OF_USER: &str = end_where!("user_id = ?3 AND (?4 IS NULL OR id <> ?4)");

/// The sign before the organisation keeps SQLite from going through everybody's there.
const OF_USER_WITHIN: &str =
    end_where!("user_id = ?3 AND (?4 IS NULL OR id <> ?4) AND +organization_id = ?5");

const OF_ORGANIZATION: &str = end_where!("organization_id = ?3 AND (?4 IS NULL OR id <> ?4)");

const ALL: &str = end_where!("(?3 IS NULL OR id <> ?3)");

const HANGING_ON: &str = end_where!("impersonator_session_id = ?3");

const BY_IMPERSONATOR: &str = end_where!("impersonator_session_id IS NOT NULL AND impersonator_user_id = ?3");

const AS_USER: &str = end_where!("impersonator_session_id IS NOT NULL AND user_id = ?3");

/// Which sessions are to end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    /// This one.
    One(Uuid),
    /// This one, where it is this user's and in this organisation, and no impersonation.
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

/// What ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// How many of people's own sessions.
    pub(crate) sessions: u32,
    /// What to tell, of impersonations too.
    pub(crate) told: Vec<Change>,
}

impl Ended {
    /// Whether nothing did.
    pub(crate) fn is_nothing(&self) -> bool {
        self.told.is_empty()
    }
}

/// Ends them and the impersonations that hang on them, and says what ended.
pub(crate) fn end(
    connection: &Connection,
    which: Which,
    reason: RevokeReason,
    now: Millis,
) -> rusqlite::Result<Ended> {
    let mut ended = end_alone(connection, which, reason, now)?;
    let ids: Vec<Uuid> = ended.told.iter().filter_map(id_of).collect();
    for id in ids {
        ended.told.extend(end_hanging_on(connection, id, now)?);
    }
    Ok(ended)
}

/// Ends the impersonations that hang on a session that ended; what to tell.
pub(crate) fn end_hanging_on(
    connection: &Connection,
    session_id: Uuid,
    now: Millis,
) -> rusqlite::Result<Vec<Change>> {
    let reason = RevokeReason::ImpersonatorEnded;
    let values = params![now, reason.as_str(), session_id];
    Ok(run(connection, HANGING_ON, reason, values)?.told)
}

/// Ends the impersonations that a user began or that are as the user, whose standing above all organisations changed; what
/// to tell.
pub(crate) fn end_by_standing(
    connection: &Connection,
    user_id: Uuid,
    now: Millis,
) -> rusqlite::Result<Vec<Change>> {
    let reason = RevokeReason::ImpersonatorEnded;
    let mut told = Vec::new();
    for sql in [BY_IMPERSONATOR, AS_USER] {
        told.extend(run(connection, sql, reason, params![now, reason.as_str(), user_id])?.told);
    }
    Ok(told)
}

fn id_of(change: &Change) -> Option<Uuid> {
    match change {
        Change::SessionEnded { session_id, .. } => Some(*session_id),
        Change::SessionMoved { .. }
        | Change::SettingsChanged { .. }
        | Change::CategoriesChanged { .. }
        | Change::NoticeAdded { .. }
        | Change::ImpersonationsChanged
        | Change::AlertsChanged { .. } => None,
    }
}

fn end_alone(
    connection: &Connection,
    which: Which,
    reason: RevokeReason,
    now: Millis,
) -> rusqlite::Result<Ended> {
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
) -> rusqlite::Result<Ended> {
    let mut ended = Ended::default();
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        ended.told.push(Change::SessionEnded {
            session_id: row.get(0)?,
            user_id: row.get(1)?,
            organization_id: row.get(2)?,
            reason,
        });
        let is_impersonation: bool = row.get(3)?;
        ended.sessions += u32::from(!is_impersonation);
    }
    Ok(ended)
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
    if !ended.is_nothing() {
        audit::add(connection, entry)?;
    }
    Ok((ended.sessions, ended.told))
}
