//! Spending a refresh token: the compare-and-swap first, and the rotation rule where it does not take.

use rusqlite::{Connection, params};
use store::rotation::{ATTEMPTS_KEPT, FORWARDED, Verdict, judge, noted_input, remember};
use store::session::RevokeReason;
use store::{AuditEntry, Change, Millis, Presented, RotationOutcome, SessionRow, StoreError};

use crate::column::{ATTEMPT_BYTES, pack_attempt, pack_attempts};
use crate::fault::Fault;
use crate::session_row::{change, default_idle_minutes, find, returning};
use crate::writer::in_savepoint;
use crate::{audit, revocation};

/// The ordinary case in one statement. Joining two blobs gives text in SQLite: the cast gives the same bytes back. An
/// attempt that renewed before it spends is left to the rule, which moves it to the end of the list.
const SPEND: &str = concat!(
    "UPDATE sessions SET
        generation = generation + 1,
        attempts = substr(CAST(attempts || ?4 AS BLOB), ?9),
        last_used_at = max(last_used_at, ?3),
        last_input_at = max(last_input_at, ?5),
        rotated_at = ?3,
        ip_address = ?6,
        user_agent = ?7
    WHERE id = ?1 AND generation = ?2 AND revoked_at IS NULL AND expires_at > ?3
        AND (device_kind = 'till' OR ?3 < max(last_input_at, ?5) + 60000 * coalesce((
            SELECT idle_timeout_minutes FROM session_settings t
            WHERE t.organization_id = sessions.organization_id), ?8))
        AND instr(attempts, ?4) = 0
        AND (device_key IS NULL OR device_key = ?10)",
    returning!()
);

const MOVE: &str = "UPDATE sessions SET generation = ?3, rotated_at = ?4
    WHERE id = ?1 AND generation = ?2 AND revoked_at IS NULL";

const TOUCH: &str = concat!(
    "UPDATE sessions SET last_used_at = max(last_used_at, ?2), last_input_at = ?3, ip_address = ?4, user_agent = ?5,
        attempts = ?6
    WHERE id = ?1",
    returning!()
);

/// `?2` is the mark; before it stands the next generation, as four bytes.
const MARK_RESTORED: &str = "UPDATE sessions
    SET attempts = substr(
        CAST(attempts || unhex(printf('%08x', min(generation + 1, 4294967295))) || ?2 AS BLOB), ?3)
    WHERE revoked_at IS NULL AND expires_at > ?1
        AND substr(attempts, -20)
            <> CAST(unhex(printf('%08x', min(generation + 1, 4294967295))) || ?2 AS BLOB)";

const PACKED_MOST: i64 = (ATTEMPTS_KEPT * ATTEMPT_BYTES) as i64;

const REVOKE: &str = concat!(
    "UPDATE sessions SET revoked_at = ?2, revoke_reason = ?3 WHERE id = ?1 AND revoked_at IS NULL",
    returning!()
);

/// What becomes of the presented token, and what others are told of it.
pub(crate) fn rotate(
    connection: &Connection,
    presented: &Presented,
    entry: AuditEntry,
) -> Result<(RotationOutcome, Vec<Change>), Fault> {
    if presented.rotate
        && let Some(row) = spend(connection, presented)?
    {
        return Ok((RotationOutcome::Rotated(row), Vec::new()));
    }
    in_savepoint(connection, |connection| settle(connection, presented, entry))
}

/// Takes note that nobody knows what was tried since these rows were copied.
pub(crate) fn mark_restored(connection: &Connection, now: Millis) -> Result<u32, Fault> {
    let marked = connection
        .prepare_cached(MARK_RESTORED)?
        .execute(params![now, FORWARDED, -PACKED_MOST])?;
    Ok(u32::try_from(marked).unwrap_or(u32::MAX))
}

fn spend(connection: &Connection, presented: &Presented) -> rusqlite::Result<Option<SessionRow>> {
    let input_at = presented
        .input_age_ms
        .filter(|age| *age >= 0)
        .map_or(0, |age| presented.now.saturating_sub(age));
    change(
        connection,
        SPEND,
        params![
            presented.session_id,
            presented.generation,
            presented.now,
            pack_attempt(presented.generation, presented.attempt),
            input_at,
            presented.origin.ip_address,
            presented.origin.user_agent,
            default_idle_minutes(),
            -PACKED_MOST,
            presented.device_key,
        ],
    )
}

fn settle(
    connection: &Connection,
    presented: &Presented,
    mut entry: AuditEntry,
) -> Result<(RotationOutcome, Vec<Change>), Fault> {
    let Some((mut row, idle_timeout_ms)) = find(connection, presented.session_id)? else {
        return Ok((RotationOutcome::Unknown, Vec::new()));
    };
    let mut told = Vec::new();
    row.last_input_at = noted_input(&row, presented.input_age_ms, presented.now);
    let outcome = match judge(&row, presented, idle_timeout_ms) {
        Verdict::Over(over) => RotationOutcome::Over(over),
        Verdict::Stale => RotationOutcome::Stale,
        Verdict::RotationRequired => RotationOutcome::RotationRequired,
        Verdict::WrongDevice => match find(connection, presented.session_id)? {
            Some((kept, _)) => RotationOutcome::WrongDevice(kept),
            None => RotationOutcome::Unknown,
        },
        Verdict::Replay => RotationOutcome::Replayed(touch(connection, &row, presented)?),
        Verdict::Renew => RotationOutcome::Renewed(renew(connection, row.clone(), presented)?),
        Verdict::Rotate => RotationOutcome::Rotated(spend_judged(connection, row.clone(), presented)?),
        Verdict::FastForward => {
            RotationOutcome::FastForwarded(fast_forward(connection, row.clone(), presented)?)
        }
        Verdict::Reuse => {
            let revoked = revoke(connection, presented)?;
            told = told_of(connection, &revoked, presented.now)?;
            RotationOutcome::Reused(revoked)
        }
    };
    if let Some(action) = outcome.audit_action() {
        entry.action = action;
        entry.result = outcome.audit_result();
        entry.device_name = Some(row.device_name.clone());
        entry.organization_id = Some(row.organization_id);
        entry.session_id = Some(row.id);
        audit::add(connection, &entry)?;
    }
    Ok((outcome, told))
}

fn revoke(connection: &Connection, presented: &Presented) -> Result<SessionRow, Fault> {
    still_there(change(
        connection,
        REVOKE,
        params![
            presented.session_id,
            presented.now,
            RevokeReason::RefreshReused.as_str()
        ],
    )?)
}

/// What others are told of a reuse, once what hung on the session has ended with it.
fn told_of(connection: &Connection, revoked: &SessionRow, now: Millis) -> Result<Vec<Change>, Fault> {
    let mut told = vec![Change::SessionEnded {
        session_id: revoked.id,
        user_id: revoked.user_id,
        organization_id: revoked.organization_id,
        reason: RevokeReason::RefreshReused,
    }];
    told.extend(revocation::end_hanging_on(connection, revoked.id, now)?);
    Ok(told)
}

fn touch(connection: &Connection, row: &SessionRow, presented: &Presented) -> Result<SessionRow, Fault> {
    let Presented { now, origin, .. } = presented;
    let attempts = pack_attempts(&row.attempts);
    still_there(change(
        connection,
        TOUCH,
        params![
            row.id,
            now,
            row.last_input_at,
            origin.ip_address,
            origin.user_agent,
            attempts
        ],
    )?)
}

fn renew(connection: &Connection, mut row: SessionRow, presented: &Presented) -> Result<SessionRow, Fault> {
    row.attempts = remember(&row.attempts, presented.generation, presented.attempt);
    touch(connection, &row, presented)
}

fn spend_judged(
    connection: &Connection,
    mut row: SessionRow,
    presented: &Presented,
) -> Result<SessionRow, Fault> {
    let Presented {
        generation, attempt, ..
    } = *presented;
    let next = generation
        .checked_add(1)
        .ok_or_else(|| StoreError::Failed("the session has no generation left".to_owned()))?;
    move_to(connection, &row, next, presented)?;
    row.attempts = remember(&row.attempts, generation, attempt);
    touch(connection, &row, presented)
}

fn fast_forward(
    connection: &Connection,
    mut row: SessionRow,
    presented: &Presented,
) -> Result<SessionRow, Fault> {
    move_to(connection, &row, presented.generation, presented)?;
    row.generation = presented.generation;
    row.attempts = remember(&row.attempts, presented.generation, FORWARDED);
    if presented.rotate {
        spend_judged(connection, row, presented)
    } else {
        renew(connection, row, presented)
    }
}

fn move_to(
    connection: &Connection,
    row: &SessionRow,
    generation: u32,
    presented: &Presented,
) -> Result<(), Fault> {
    let moved = connection.prepare_cached(MOVE)?.execute(params![
        row.id,
        row.generation,
        generation,
        presented.now
    ])?;
    still_there((moved == 1).then_some(()))
}

fn still_there<T>(row: Option<T>) -> Result<T, Fault> {
    row.ok_or_else(|| StoreError::Failed("a session changed within its own transaction".to_owned()).into())
}
