//! Spending a refresh token: the compare-and-swap first, and the rotation rule where it does not take.

use sqlx_core::query::query;
use sqlx_postgres::PgConnection;
use store::rotation::{ATTEMPTS_KEPT, FORWARDED, Verdict, judge, noted_input, remember};
use store::session::RevokeReason;
use store::{AuditEntry, Change, Millis, Presented, RotationOutcome, SessionRow, StoreError};

use crate::audit;
use crate::column::{ATTEMPT_BYTES, count, pack_attempt, pack_attempts, text};
use crate::fault::Fault;
use crate::session_row::{default_idle_minutes, hold, returning, session};

/// The ordinary case in one statement. An attempt that renewed before it spends is left to the rule, which moves it to
/// the end of the list.
const SPEND: &str = concat!(
    "UPDATE sessions SET
        generation = generation + 1,
        attempts = substring(attempts || $4 FROM greatest(1, length(attempts) + length($4) - $9 + 1)),
        last_used_at = greatest(last_used_at, $3),
        last_input_at = greatest(last_input_at, $5),
        rotated_at = $3,
        ip_address = $6,
        user_agent = $7
    WHERE id = $1 AND generation = $2 AND revoked_at IS NULL AND expires_at > $3
        AND (device_kind = 'till' OR $3 < greatest(last_input_at, $5) + 60000 * coalesce((
            SELECT idle_timeout_minutes FROM session_settings t
            WHERE t.organization_id = sessions.organization_id), $8))
        AND position($4 IN attempts) = 0
        AND (device_key IS NULL OR device_key = $10)",
    returning!()
);

const SETTLE: &str = concat!(
    "UPDATE sessions SET generation = $2, attempts = $3, last_used_at = greatest(last_used_at, $4), last_input_at = $5,
        rotated_at = $6, ip_address = $7, user_agent = $8
    WHERE id = $1",
    returning!()
);

const REVOKE: &str = concat!(
    "UPDATE sessions SET revoked_at = $2, revoke_reason = $3 WHERE id = $1 AND revoked_at IS NULL",
    returning!()
);

/// `$2` is the mark; before it stands the next generation, as four bytes.
const MARK_RESTORED: &str = "UPDATE sessions SET attempts = substring(
        attempts || decode(lpad(to_hex(least(generation + 1, 4294967295)), 8, '0'), 'hex') || $2
        FROM greatest(1, length(attempts) + 20 - $3 + 1))
    WHERE revoked_at IS NULL AND expires_at > $1
        AND substring(attempts FROM greatest(1, length(attempts) - 19))
            <> decode(lpad(to_hex(least(generation + 1, 4294967295)), 8, '0'), 'hex') || $2";

const PACKED_MOST: i32 = (ATTEMPTS_KEPT * ATTEMPT_BYTES) as i32;

/// Takes note that nobody knows what was tried since these rows were copied.
pub(crate) async fn mark_restored(connection: &mut PgConnection, now: Millis) -> Result<u32, Fault> {
    let marked = query(MARK_RESTORED)
        .bind(now)
        .bind(&FORWARDED[..])
        .bind(PACKED_MOST)
        .execute(connection)
        .await?;
    Ok(count(marked.rows_affected()))
}

/// Spends the token where it is current, in one statement that commits by itself.
pub(crate) async fn spend(
    connection: &mut PgConnection,
    presented: &Presented,
) -> Result<Option<SessionRow>, Fault> {
    let input_at = presented
        .input_age_ms
        .filter(|age| *age >= 0)
        .map_or(0, |age| presented.now.saturating_sub(age));
    query(SPEND)
        .bind(presented.session_id)
        .bind(i64::from(presented.generation))
        .bind(presented.now)
        .bind(pack_attempt(presented.generation, presented.attempt))
        .bind(input_at)
        .bind(text(&presented.origin.ip_address))
        .bind(text(&presented.origin.user_agent))
        .bind(default_idle_minutes())
        .bind(PACKED_MOST)
        .bind(presented.device_key)
        .fetch_optional(connection)
        .await?
        .map(|row| session(&row))
        .transpose()
}

/// What others are told of it.
pub(crate) fn told(outcome: &RotationOutcome) -> Vec<Change> {
    match outcome {
        RotationOutcome::Reused(row) => vec![Change::SessionEnded {
            session_id: row.id,
            user_id: row.user_id,
            organization_id: row.organization_id,
            reason: RevokeReason::RefreshReused,
        }],
        RotationOutcome::Rotated(_)
        | RotationOutcome::Replayed(_)
        | RotationOutcome::Renewed(_)
        | RotationOutcome::FastForwarded(_)
        | RotationOutcome::Stale
        | RotationOutcome::RotationRequired
        | RotationOutcome::WrongDevice(_)
        | RotationOutcome::Over(_)
        | RotationOutcome::Unknown => Vec::new(),
    }
}

/// What becomes of a token that was not simply spent: the row is held, judged by the rule, and changed as the rule says.
pub(crate) async fn settle(
    connection: &mut PgConnection,
    presented: &Presented,
    entry: &AuditEntry,
) -> Result<RotationOutcome, Fault> {
    let Some((mut row, idle_timeout_ms)) = hold(connection, presented.session_id).await? else {
        return Ok(RotationOutcome::Unknown);
    };
    let as_kept = row.clone();
    row.last_input_at = noted_input(&row, presented.input_age_ms, presented.now);
    let session_and_organization = (Some(row.id), Some(row.organization_id));
    let outcome = match judge(&row, presented, idle_timeout_ms) {
        Verdict::Over(over) => RotationOutcome::Over(over),
        Verdict::Stale => RotationOutcome::Stale,
        Verdict::RotationRequired => RotationOutcome::RotationRequired,
        Verdict::WrongDevice => RotationOutcome::WrongDevice(as_kept),
        Verdict::Replay => RotationOutcome::Replayed(keep(connection, &row, presented).await?),
        Verdict::Renew => {
            RotationOutcome::Renewed(keep(connection, &renewed(row, presented), presented).await?)
        }
        Verdict::Rotate => {
            RotationOutcome::Rotated(keep(connection, &spent(row, presented)?, presented).await?)
        }
        Verdict::FastForward => {
            RotationOutcome::FastForwarded(keep(connection, &forwarded(row, presented)?, presented).await?)
        }
        Verdict::Reuse => RotationOutcome::Reused(revoke(connection, presented).await?),
    };
    if let Some(action) = outcome.audit_action() {
        let (session_id, organization_id) = session_and_organization;
        let entry = AuditEntry {
            action,
            session_id,
            organization_id,
            ..entry.clone()
        };
        audit::add(connection, &entry).await?;
    }
    Ok(outcome)
}

fn renewed(mut row: SessionRow, presented: &Presented) -> SessionRow {
    row.attempts = remember(&row.attempts, presented.generation, presented.attempt);
    row
}

fn spent(row: SessionRow, presented: &Presented) -> Result<SessionRow, Fault> {
    let mut row = renewed(row, presented);
    row.rotated_at = presented.now;
    row.generation = presented
        .generation
        .checked_add(1)
        .ok_or_else(|| StoreError::Failed("the session has no generation left".to_owned()))?;
    Ok(row)
}

fn forwarded(mut row: SessionRow, presented: &Presented) -> Result<SessionRow, Fault> {
    row.generation = presented.generation;
    row.rotated_at = presented.now;
    row.attempts = remember(&row.attempts, presented.generation, FORWARDED);
    if presented.rotate {
        spent(row, presented)
    } else {
        Ok(renewed(row, presented))
    }
}

async fn keep(
    connection: &mut PgConnection,
    row: &SessionRow,
    presented: &Presented,
) -> Result<SessionRow, Fault> {
    let kept = query(SETTLE)
        .bind(row.id)
        .bind(i64::from(row.generation))
        .bind(pack_attempts(&row.attempts))
        .bind(presented.now)
        .bind(row.last_input_at)
        .bind(row.rotated_at)
        .bind(text(&presented.origin.ip_address))
        .bind(text(&presented.origin.user_agent))
        .fetch_one(connection)
        .await?;
    session(&kept)
}

async fn revoke(connection: &mut PgConnection, presented: &Presented) -> Result<SessionRow, Fault> {
    let revoked = query(REVOKE)
        .bind(presented.session_id)
        .bind(presented.now)
        .bind(RevokeReason::RefreshReused.as_str())
        .fetch_one(connection)
        .await?;
    session(&revoked)
}
