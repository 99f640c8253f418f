//! Spending a refresh token: the compare-and-swap first, and the rotation rule where it does not take.

use std::collections::BTreeMap;

use sqlx_core::query::query;
use sqlx_postgres::PgConnection;
use store::rotation::{ATTEMPTS_KEPT, FORWARDED, Verdict, judge, noted_input, remember};
use store::session::RevokeReason;
use store::{AuditEntry, Change, Identity, Millis, Presented, RotationOutcome, SessionRow, StoreError};
use uuid::Uuid;

use crate::column::{ATTEMPT_BYTES, count, pack_attempt, pack_attempts, text};
use crate::fault::Fault;
use crate::joint::Joint;
use crate::session_row::{default_idle_minutes, hold, identity, returning, select_identity_from, session};
use crate::{audit, revocation};

/// The ordinary case, for several sessions in one statement. An attempt that renewed before it spends is left to the rule,
/// which moves it to the end of the list. A row that somebody else holds is passed over, so that nobody is held up by
/// another's session and two such statements never wait for each other. Whose sessions they are is read along.
const SPEND: &str = concat!(
    "WITH free AS MATERIALIZED (
        SELECT id AS free_id FROM sessions WHERE id = ANY($1) FOR NO KEY UPDATE SKIP LOCKED
    ), renewed AS (
    UPDATE sessions SET
        generation = generation + 1,
        attempts = substring(attempts || attempt FROM greatest(1, length(attempts) + length(attempt) - $10 + 1)),
        last_used_at = greatest(last_used_at, at),
        last_input_at = greatest(last_input_at, input_at),
        rotated_at = at,
        ip_address = address,
        user_agent = agent
    FROM free, unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[], $6::text[], $7::text[],
        $8::bytea[]) AS presented (session_id, spent, at, attempt, input_at, address, agent, proven_key)
    WHERE id = free_id AND id = session_id AND generation = spent AND revoked_at IS NULL AND expires_at > at
        AND (device_kind = 'till' OR at < greatest(last_input_at, input_at) + 60000 * coalesce((
            SELECT idle_timeout_minutes FROM session_settings t
            WHERE t.organization_id = sessions.organization_id), $9))
        AND position(attempt IN attempts) = 0
        AND (device_key IS NULL OR device_key = proven_key)",
    returning!(),
    ") ",
    select_identity_from!("renewed", "")
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

/// Spends tokens where they are current.
pub(crate) struct Spending;

impl Joint for Spending {
    type Ask = Presented;
    /// Whose session it is, one generation on; `None` where nothing was done.
    type Answer = Option<Identity>;

    async fn together(
        connection: &mut PgConnection,
        asks: &[Presented],
    ) -> Result<Vec<Option<Identity>>, Fault> {
        // One attempt for each session; whoever else presents its token here is judged afterwards.
        let mut first = BTreeMap::<Uuid, &Presented>::new();
        for presented in asks {
            first.entry(presented.session_id).or_insert(presented);
        }
        let mut spent = spend(connection, first.values().copied()).await?;
        let answer = |presented: &Presented| {
            let tried = first.get(&presented.session_id)?;
            std::ptr::eq(*tried, presented).then(|| spent.remove(&presented.session_id))?
        };
        Ok(asks.iter().map(answer).collect())
    }
}

async fn spend(
    connection: &mut PgConnection,
    presented: impl Iterator<Item = &Presented> + Clone,
) -> Result<BTreeMap<Uuid, Identity>, Fault> {
    let input_at = |presented: &Presented| {
        let age = presented.input_age_ms.filter(|age| *age >= 0);
        age.map_or(0, |age| presented.now.saturating_sub(age))
    };
    let attempt = |presented: &Presented| pack_attempt(presented.generation, presented.attempt).to_vec();
    let origins = presented.clone().map(|one| &one.origin);
    let addresses = origins
        .clone()
        .map(|origin| text(&origin.ip_address).into_owned());
    let agents = origins.map(|origin| text(&origin.user_agent).into_owned());
    let keys = presented.clone().map(|one| one.device_key.map(Vec::from));
    let each = || presented.clone();
    let rows = query(SPEND)
        .bind(each().map(|one| one.session_id).collect::<Vec<_>>())
        .bind(each().map(|one| i64::from(one.generation)).collect::<Vec<_>>())
        .bind(each().map(|one| one.now).collect::<Vec<_>>())
        .bind(each().map(attempt).collect::<Vec<_>>())
        .bind(each().map(input_at).collect::<Vec<_>>())
        .bind(addresses.collect::<Vec<_>>())
        .bind(agents.collect::<Vec<_>>())
        .bind(keys.collect::<Vec<_>>())
        .bind(default_idle_minutes())
        .bind(PACKED_MOST)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| identity(row).map(|identity| (identity.session.id, identity)))
        .collect()
}

/// What becomes of a token that was not simply spent: the row is held, judged by the rule, and changed as the rule says;
/// and what others are told of it.
pub(crate) async fn settle(
    connection: &mut PgConnection,
    presented: &Presented,
    entry: &AuditEntry,
) -> Result<(RotationOutcome, Vec<Change>), Fault> {
    let Some((mut row, idle_timeout_ms)) = hold(connection, presented.session_id).await? else {
        return Ok((RotationOutcome::Unknown, Vec::new()));
    };
    let mut told = Vec::new();
    let as_kept = row.clone();
    row.last_input_at = noted_input(&row, presented.input_age_ms, presented.now);
    let session_and_organization = (Some(row.id), Some(row.organization_id));
    let device_name = Some(row.device_name.clone());
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
        Verdict::Reuse => {
            let revoked = revoke(connection, presented).await?;
            told = told_of(connection, &revoked, presented.now).await?;
            RotationOutcome::Reused(revoked)
        }
    };
    if let Some(action) = outcome.audit_action() {
        let (session_id, organization_id) = session_and_organization;
        let entry = AuditEntry {
            action,
            session_id,
            organization_id,
            result: outcome.audit_result(),
            device_name,
            ..entry.clone()
        };
        audit::add(connection, &entry).await?;
    }
    Ok((outcome, told))
}

/// What others are told of a reuse, once what hung on the session has ended with it.
async fn told_of(
    connection: &mut PgConnection,
    revoked: &SessionRow,
    now: Millis,
) -> Result<Vec<Change>, Fault> {
    let mut told = vec![Change::SessionEnded {
        session_id: revoked.id,
        user_id: revoked.user_id,
        organization_id: revoked.organization_id,
        reason: RevokeReason::RefreshReused,
    }];
    told.extend(revocation::end_hanging_on(connection, &[revoked.id], now).await?);
    Ok(told)
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
