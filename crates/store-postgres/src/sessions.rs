//! Sessions: beginning, reading, using and ending them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_postgres::{PgConnection, Postgres};
use store::rotation::over;
use store::{
    AuditEntry, BeginOutcome, Change, Identity, Millis, NewSession, PageKey, Presented, RevokeReason,
    RotationOutcome, SessionFilter, SessionRow, Sessions, StoreError, Touch,
};
use uuid::Uuid;

use crate::column::{count, text};
use crate::fault::Fault;
use crate::joint::Went;
use crate::revocation::{Which, end_audited};
use crate::session_row::{default_idle_minutes, hold, identity, returning, select_identity, session};
use crate::work::{telling, transaction};
use crate::{PostgresStore, audit, beginning, directory, rotation, session_page};

const NOTE_INPUT: &str = concat!(
    "UPDATE sessions SET last_used_at = greatest(last_used_at, $2), last_input_at = greatest(last_input_at, $3)
    WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2
        AND (device_kind = 'till' OR $2 < greatest(last_input_at, $3) + 60000 * coalesce((
            SELECT idle_timeout_minutes FROM session_settings t
            WHERE t.organization_id = sessions.organization_id), $4))",
    returning!()
);

/// Rows that several want are locked in one order, so that nobody waits in a circle.
const HOLD_MANY: &str = "SELECT 1 FROM sessions WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

const TOUCH: &str =
    "UPDATE sessions s SET last_used_at = t.at, ip_address = t.ip_address, user_agent = t.user_agent
    FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[]) AS t (id, at, ip_address, user_agent)
    WHERE s.id = t.id AND s.last_used_at <= t.at AND s.revoked_at IS NULL";

const MOVE: &str = concat!(
    "UPDATE sessions SET organization_id = $2, site_id = $3, last_used_at = greatest(last_used_at, $4) WHERE id = $1",
    returning!()
);

/// Several processes may purge at once: each takes what the others do not hold.
const PURGE: &str = "DELETE FROM sessions WHERE id = ANY(ARRAY(
        SELECT id FROM sessions WHERE coalesce(revoked_at, expires_at) < $1
            AND (impersonator_session_id IS NULL OR impersonation_end_noted_at IS NOT NULL)
        ORDER BY coalesce(revoked_at, expires_at) LIMIT $2 FOR UPDATE SKIP LOCKED))";

const IDENTITY: &str = select_identity!("s.id = $1");

const LIVE_OF_USER: &str = select_identity!(
    "s.user_id = $3 AND s.revoked_at IS NULL AND s.expires_at > $1 AND s.impersonator_session_id IS NULL
    AND (s.device_kind = 'till' OR $1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, $2))
    ORDER BY s.created_at DESC, s.id DESC"
);

async fn touch(connection: &mut PgConnection, touches: &[Touch]) -> Result<u32, Fault> {
    let mut latest = BTreeMap::<Uuid, &Touch>::new();
    for touch in touches {
        let known = latest.entry(touch.session_id).or_insert(touch);
        if known.at <= touch.at {
            *known = touch;
        }
    }
    let ids: Vec<_> = latest.keys().copied().collect();
    let column = |of: fn(&Touch) -> &str| {
        let texts = latest.values().map(|touch| text(of(touch)).into_owned());
        texts.collect::<Vec<_>>()
    };
    query(HOLD_MANY).bind(&ids).execute(&mut *connection).await?;
    let touched = query(TOUCH)
        .bind(&ids)
        .bind(latest.values().map(|touch| touch.at).collect::<Vec<_>>())
        .bind(column(|touch| &touch.origin.ip_address))
        .bind(column(|touch| &touch.origin.user_agent))
        .execute(connection)
        .await?;
    Ok(count(touched.rows_affected()))
}

/// The session where it lives; nobody else changes it until the transaction ends.
async fn hold_live(
    connection: &mut PgConnection,
    session_id: Uuid,
    now: Millis,
) -> Result<Option<SessionRow>, Fault> {
    let found = hold(connection, session_id).await?;
    Ok(found
        .filter(|(row, idle_timeout_ms)| over(row, *idle_timeout_ms, now).is_none())
        .map(|(row, _)| row))
}

async fn note_reauthentication(
    connection: &mut PgConnection,
    session_id: Uuid,
    now: Millis,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    if hold_live(connection, session_id, now).await?.is_none() {
        return Ok(false);
    }
    query("UPDATE sessions SET reauthenticated_at = $2 WHERE id = $1")
        .bind(session_id)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    audit::add(connection, entry).await?;
    Ok(true)
}

async fn switch_organization(
    connection: &mut PgConnection,
    session_id: Uuid,
    organization_id: Uuid,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<SessionRow>, Vec<Change>), Fault> {
    let user_id = query_scalar::<Postgres, Uuid>("SELECT user_id FROM sessions WHERE id = $1")
        .bind(session_id)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(user_id) = user_id else {
        return Ok((None, Vec::new()));
    };
    // Before the session, as everybody takes the two who takes both.
    directory::hold_user(connection, user_id).await?;
    let Some(row) = hold_live(connection, session_id, now).await? else {
        return Ok((None, Vec::new()));
    };
    directory::known_organization(connection, organization_id).await?;
    let site_id = directory::site_of_member(connection, row.user_id, organization_id).await?;
    let moved = query(MOVE)
        .bind(session_id)
        .bind(organization_id)
        .bind(site_id)
        .bind(now)
        .fetch_one(&mut *connection)
        .await?;
    audit::add(connection, entry).await?;
    let told = Change::SessionMoved {
        session_id,
        organization_id,
    };
    Ok((Some(session(&moved)?), vec![told]))
}

impl PostgresStore {
    async fn end(
        &self,
        which: Which,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        telling!(self, |connection| end_audited(
            connection, which, reason, now, &audit
        )
        .await)
    }
}

#[async_trait]
impl Sessions for PostgresStore {
    async fn begin_session(&self, new: NewSession, audit: AuditEntry) -> Result<BeginOutcome, StoreError> {
        telling!(self, |connection| beginning::begin(connection, &new, &audit)
            .await)
    }

    async fn identity(&self, session_id: Uuid) -> Result<Option<Identity>, StoreError> {
        self.single(async |connection| {
            let found = query(IDENTITY)
                .bind(session_id)
                .fetch_optional(connection)
                .await?;
            found.as_ref().map(identity).transpose()
        })
        .await
    }

    async fn rotate(&self, presented: Presented, audit: AuditEntry) -> Result<RotationOutcome, StoreError> {
        self.refresh(presented, audit).await.map(|(outcome, _)| outcome)
    }

    async fn refresh(
        &self,
        presented: Presented,
        audit: AuditEntry,
    ) -> Result<(RotationOutcome, Option<Identity>), StoreError> {
        if presented.rotate
            && let Went::Together(Some(identity)) = self.spending.ask(presented.clone()).await?
        {
            return Ok((RotationOutcome::Rotated(identity.session.clone()), Some(identity)));
        }
        let outcome = telling!(self, |connection| {
            rotation::settle(connection, &presented, &audit).await
        })?;
        let identity = match outcome.renewed() {
            Some(row) => self.identity(row.id).await?,
            None => None,
        };
        Ok((outcome, identity))
    }

    async fn note_input(
        &self,
        session_id: Uuid,
        input_age_ms: Millis,
        now: Millis,
    ) -> Result<Option<SessionRow>, StoreError> {
        // A negative age, from a clock that jumped, is no news.
        let input_at = if input_age_ms < 0 {
            0
        } else {
            now.saturating_sub(input_age_ms)
        };
        self.single(async |connection| {
            let noted = query(NOTE_INPUT)
                .bind(session_id)
                .bind(now)
                .bind(input_at)
                .bind(default_idle_minutes())
                .fetch_optional(connection)
                .await?;
            noted.as_ref().map(session).transpose()
        })
        .await
    }

    async fn touch_sessions(&self, touches: Vec<Touch>) -> Result<u32, StoreError> {
        transaction!(self, |connection| touch(connection, &touches).await)
    }

    async fn note_reauthentication(
        &self,
        session_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        transaction!(self, |connection| note_reauthentication(
            connection, session_id, now, &audit
        )
        .await)
    }

    async fn switch_organization(
        &self,
        session_id: Uuid,
        organization_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<SessionRow>, StoreError> {
        telling!(self, |connection| switch_organization(
            connection,
            session_id,
            organization_id,
            now,
            &audit
        )
        .await)
    }

    async fn live_sessions(&self, user_id: Uuid, now: Millis) -> Result<Vec<Identity>, StoreError> {
        self.single(async |connection| {
            let live = query(LIVE_OF_USER)
                .bind(now)
                .bind(default_idle_minutes())
                .bind(user_id)
                .fetch_all(connection)
                .await?;
            live.iter().map(identity).collect()
        })
        .await
    }

    async fn sessions_page(
        &self,
        filter: SessionFilter,
        after: Option<PageKey>,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<Identity>, StoreError> {
        self.single(async |connection| session_page::page(connection, &filter, after, limit, now).await)
            .await
    }

    async fn revoke_session(
        &self,
        session_id: Uuid,
        owner: Option<Uuid>,
        organization_id: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let which = Which {
            session: Some(session_id),
            user: owner,
            organization: organization_id,
            keep: None,
        };
        Ok(self.end(which, reason, now, audit).await? > 0)
    }

    async fn revoke_user_sessions(
        &self,
        user_id: Uuid,
        organization_id: Option<Uuid>,
        keep: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        let which = Which {
            session: None,
            user: Some(user_id),
            organization: organization_id,
            keep,
        };
        self.end(which, reason, now, audit).await
    }

    async fn revoke_organization_sessions(
        &self,
        organization_id: Uuid,
        keep: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        let which = Which {
            organization: Some(organization_id),
            keep,
            ..Which::default()
        };
        self.end(which, reason, now, audit).await
    }

    async fn revoke_all_sessions(
        &self,
        keep: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        let which = Which {
            keep,
            ..Which::default()
        };
        self.end(which, reason, now, audit).await
    }

    async fn mark_restored(&self, now: Millis, audit: AuditEntry) -> Result<u32, StoreError> {
        transaction!(self, |connection| {
            audit::add(connection, &audit).await?;
            rotation::mark_restored(connection, now).await
        })
    }

    async fn purge_sessions(&self, ended_before: Millis, limit: u32) -> Result<u32, StoreError> {
        self.single(async |connection| {
            let purged = query(PURGE)
                .bind(ended_before)
                .bind(i64::from(limit))
                .execute(connection)
                .await?;
            Ok(count(purged.rows_affected()))
        })
        .await
    }
}
