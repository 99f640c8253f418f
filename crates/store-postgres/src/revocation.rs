//! Ending sessions before their time, and what others are told of it.

use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
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
            " RETURNING id, user_id, organization_id, impersonator_session_id IS NOT NULL"
        )
    };
}

const ONE: &str = end_where!(
    "id = $3 AND ($4::uuid IS NULL OR user_id = $4) AND ($5::uuid IS NULL OR organization_id = $5)
    AND impersonator_session_id IS NULL"
);

const OF_USER: &str =
    end_where!("$3::uuid IS NULL AND user_id = $4 AND ($5::uuid IS NULL OR organization_id = $5)");

const OF_ORGANIZATION: &str = end_where!("$3::uuid IS NULL AND $4::uuid IS NULL AND organization_id = $5");

const ALL: &str = end_where!("$3::uuid IS NULL AND $4::uuid IS NULL AND $5::uuid IS NULL");

/// Ends live impersonations; `$1` is now, `$2` the reason, and `$3` what the condition is about. Rows that several deeds want
/// are locked in one order.
macro_rules! end_impersonations_where {
    ($condition:literal) => {
        concat!(
            "UPDATE sessions SET revoked_at = $1, revoke_reason = $2 WHERE id IN (
                SELECT id FROM sessions WHERE impersonator_session_id IS NOT NULL AND revoked_at IS NULL
                    AND expires_at > $1 AND ",
            $condition,
            " ORDER BY id FOR NO KEY UPDATE)
            RETURNING id, user_id, organization_id, true"
        )
    };
}

const HANGING_ON: &str = end_impersonations_where!("impersonator_session_id = ANY($3)");

const BY_STANDING: &str = end_impersonations_where!("(impersonator_user_id = $3 OR user_id = $3)");

/// Which sessions are to end: those of all that is named.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Which {
    /// This one, and no impersonation.
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

/// What ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How many of people's own sessions.
    pub(crate) sessions: u32,
    /// What to tell, of impersonations too.
    pub(crate) told: Vec<Change>,
}

impl Ended {
    fn read(rows: &[PgRow], reason: RevokeReason) -> Result<Self, Fault> {
        let mut ended = Self {
            sessions: 0,
            told: Vec::with_capacity(rows.len()),
        };
        for row in rows {
            ended.told.push(Change::SessionEnded {
                session_id: get(row, 0)?,
                user_id: get(row, 1)?,
                organization_id: get(row, 2)?,
                reason,
            });
            let is_impersonation: bool = get(row, 3)?;
            ended.sessions += u32::from(!is_impersonation);
        }
        Ok(ended)
    }

    /// Whether nothing did.
    pub(crate) fn is_nothing(&self) -> bool {
        self.told.is_empty()
    }
}

/// Ends them and the impersonations that hang on them, and says what ended.
pub(crate) async fn end(
    connection: &mut PgConnection,
    which: Which,
    reason: RevokeReason,
    now: Millis,
) -> Result<Ended, Fault> {
    let rows = query(which.sql())
        .bind(now)
        .bind(reason.as_str())
        .bind(which.session)
        .bind(which.user)
        .bind(which.organization)
        .bind(which.keep)
        .fetch_all(&mut *connection)
        .await?;
    let mut ended = Ended::read(&rows, reason)?;
    let ids = rows
        .iter()
        .map(|row| get(row, 0))
        .collect::<Result<Vec<Uuid>, _>>()?;
    ended.told.extend(end_hanging_on(connection, &ids, now).await?);
    Ok(ended)
}

/// Ends the impersonations that hang on sessions that ended; what to tell.
pub(crate) async fn end_hanging_on(
    connection: &mut PgConnection,
    sessions: &[Uuid],
    now: Millis,
) -> Result<Vec<Change>, Fault> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let reason = RevokeReason::ImpersonatorEnded;
    let rows = query(HANGING_ON)
        .bind(now)
        .bind(reason.as_str())
        .bind(sessions)
        .fetch_all(connection)
        .await?;
    Ok(Ended::read(&rows, reason)?.told)
}

/// Ends the impersonations that a user began or that are as the user, whose standing above all organisations changed; what
/// to tell.
pub(crate) async fn end_by_standing(
    connection: &mut PgConnection,
    user_id: Uuid,
    now: Millis,
) -> Result<Vec<Change>, Fault> {
    let reason = RevokeReason::ImpersonatorEnded;
    let rows = query(BY_STANDING)
        .bind(now)
        .bind(reason.as_str())
        .bind(user_id)
        .fetch_all(connection)
        .await?;
    Ok(Ended::read(&rows, reason)?.told)
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
    if !ended.is_nothing() {
        audit::add(connection, entry).await?;
    }
    Ok((ended.sessions, ended.told))
}
