//! Spending a refresh token: the compare-and-swap first, and the rotation rule where it does not take.

use rusqlite::{Connection, params};
use store::rotation::{ATTEMPTS_KEPT, FORWARDED, Verdict, judge, noted_input, remember};
use store::session::RevokeReason;
use store::{AuditEntry, Presented, RotationOutcome, SessionRow, StoreError};

use crate::audit;
use crate::column::{ATTEMPT_BYTES, pack_attempt, pack_attempts};
use crate::fault::Fault;
use crate::session_row::{change, default_idle_minutes, find, returning};
use crate::writer::in_savepoint;

/// Joining two blobs gives text in SQLite: the cast gives the same bytes back as a blob. An attempt that renewed before it
/// spends may stand there twice, which costs a place and changes no verdict.
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
            WHERE t.organization_id = sessions.organization_id), ?8))",
    returning!()
);

const TOUCH: &str = concat!(
    "UPDATE sessions SET last_used_at = max(last_used_at, ?2), last_input_at = ?3, ip_address = ?4, user_agent = ?5,
        attempts = ?6
    WHERE id = ?1",
    returning!()
);

const FAST_FORWARD: &str =
    "UPDATE sessions SET generation = ?2, rotated_at = ?3, attempts = ?4 WHERE id = ?1 AND generation < ?2";

const PACKED_MOST: i64 = (ATTEMPTS_KEPT * ATTEMPT_BYTES) as i64;

const REVOKE: &str = concat!(
    "UPDATE sessions SET revoked_at = ?2, revoke_reason = ?3 WHERE id = ?1 AND revoked_at IS NULL",
    returning!()
);

/// What becomes of the presented token.
pub(crate) fn rotate(
    connection: &Connection,
    presented: &Presented,
    entry: AuditEntry,
) -> Result<RotationOutcome, Fault> {
    if presented.rotate
        && let Some(row) = spend(connection, presented)?
    {
        return Ok(RotationOutcome::Rotated(row));
    }
    in_savepoint(connection, |connection| settle(connection, presented, entry))
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
        ],
    )
}

fn settle(
    connection: &Connection,
    presented: &Presented,
    mut entry: AuditEntry,
) -> Result<RotationOutcome, Fault> {
    let Some((mut row, idle_timeout_ms)) = find(connection, presented.session_id)? else {
        return Ok(RotationOutcome::Unknown);
    };
    row.last_input_at = noted_input(&row, presented.input_age_ms, presented.now);
    let outcome = match judge(&row, presented, idle_timeout_ms) {
        Verdict::Over(over) => RotationOutcome::Over(over),
        Verdict::Stale => RotationOutcome::Stale,
        Verdict::RotationRequired => RotationOutcome::RotationRequired,
        Verdict::Replay => RotationOutcome::Replayed(touch(connection, &row, presented)?),
        Verdict::Renew => RotationOutcome::Renewed(renew(connection, row.clone(), presented)?),
        Verdict::Rotate => RotationOutcome::Rotated(spent(connection, presented)?),
        Verdict::FastForward => RotationOutcome::FastForwarded(fast_forward(connection, row.clone(), presented)?),
        Verdict::Reuse => RotationOutcome::Reused(still_there(change(
            connection,
            REVOKE,
            params![
                presented.session_id,
                presented.now,
                RevokeReason::RefreshReused.as_str()
            ],
        )?)?),
    };
    if let Some(action) = outcome.audit_action() {
        entry.action = action;
        entry.organization_id = Some(row.organization_id);
        entry.session_id = Some(row.id);
        audit::add(connection, &entry)?;
    }
    Ok(outcome)
}

fn touch(connection: &Connection, row: &SessionRow, presented: &Presented) -> Result<SessionRow, Fault> {
    let Presented { now, origin, .. } = presented;
    let attempts = pack_attempts(&row.attempts);
    still_there(change(
        connection,
        TOUCH,
        params![row.id, now, row.last_input_at, origin.ip_address, origin.user_agent, attempts],
    )?)
}

fn renew(connection: &Connection, mut row: SessionRow, presented: &Presented) -> Result<SessionRow, Fault> {
    row.attempts = remember(&row.attempts, presented.generation, presented.attempt);
    touch(connection, &row, presented)
}

fn fast_forward(
    connection: &Connection,
    mut row: SessionRow,
    presented: &Presented,
) -> Result<SessionRow, Fault> {
    row.attempts = remember(&row.attempts, presented.generation, FORWARDED);
    connection.prepare_cached(FAST_FORWARD)?.execute(params![
        row.id,
        presented.generation,
        presented.now,
        pack_attempts(&row.attempts)
    ])?;
    if presented.rotate { spent(connection, presented) } else { renew(connection, row, presented) }
}

fn spent(connection: &Connection, presented: &Presented) -> Result<SessionRow, Fault> {
    still_there(spend(connection, presented)?)
}

fn still_there(row: Option<SessionRow>) -> Result<SessionRow, Fault> {
    row.ok_or_else(|| StoreError::Failed("a session changed within its own transaction".to_owned()).into())
}
