//! Sessions: beginning, reading, using and ending them.

use async_trait::async_trait;
use sqlx_core::query::query;
use sqlx_postgres::PgConnection;
use store::session::RevokeReason;
use store::{
    AuditEntry, Identity, Millis, NewSession, Presented, RotationOutcome, SessionRow, Sessions, StoreError,
};
use uuid::Uuid;

use crate::column::{count, device_kind_word, text};
use crate::fault::Fault;
use crate::session_row::{default_idle_minutes, identity, returning, select_identity, session};
use crate::work::transaction;
use crate::{PostgresStore, audit, directory, rotation};

const BEGIN: &str = concat!(
    "INSERT INTO sessions (id, user_id, organization_id, site_id, device_kind, device_name, generation, attempts,
        created_at, last_used_at, last_input_at, rotated_at, expires_at, ip_address, user_agent)
    VALUES ($1, $2, $3, $4, $5, $6, 0, '', $7, $7, $7, $7, $8, $9, $10)",
    returning!()
);

const NOTE_INPUT: &str = concat!(
    "UPDATE sessions SET last_used_at = greatest(last_used_at, $2), last_input_at = greatest(last_input_at, $3)
    WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2
        AND (device_kind = 'till' OR $2 < greatest(last_input_at, $3) + 60000 * coalesce((
            SELECT idle_timeout_minutes FROM session_settings t
            WHERE t.organization_id = sessions.organization_id), $4))",
    returning!()
);

const IDENTITY: &str = select_identity!("s.id = $1");

const LIVE_OF_USER: &str = select_identity!(
    "s.user_id = $3 AND s.revoked_at IS NULL AND s.expires_at > $1
    AND (s.device_kind = 'till' OR $1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, $2))
    ORDER BY s.created_at DESC, s.id DESC"
);

const LIVE: &str = select_identity!(
    "($4::uuid IS NULL OR s.organization_id = $4) AND s.revoked_at IS NULL AND s.expires_at > $1
    AND (s.device_kind = 'till' OR $1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, $2))
    ORDER BY s.created_at DESC, s.id DESC LIMIT $3"
);

const REVOKE: &str = "UPDATE sessions SET revoked_at = $1, revoke_reason = $2
    WHERE id = $3 AND revoked_at IS NULL AND expires_at > $1 AND ($4::uuid IS NULL OR user_id = $4)";

const REVOKE_OTHERS: &str = "UPDATE sessions SET revoked_at = $1, revoke_reason = $2
    WHERE user_id = $3 AND id <> $4 AND revoked_at IS NULL AND expires_at > $1";

async fn begin(
    connection: &mut PgConnection,
    new: &NewSession,
    entry: &AuditEntry,
) -> Result<SessionRow, Fault> {
    // Held against whoever disables the account or ends the membership meanwhile: either that sees this session, or this
    // sees that.
    let able = "SELECT 1 FROM users WHERE id = $1 AND disabled_at IS NULL FOR NO KEY UPDATE";
    if !directory::exists(connection, query(able).bind(new.user_id)).await? {
        return Err(StoreError::UnknownReference("user").into());
    }
    directory::known_organization(connection, new.organization_id).await?;
    let member = query("SELECT 1 FROM memberships WHERE user_id = $1 AND organization_id = $2 FOR SHARE")
        .bind(new.user_id)
        .bind(new.organization_id);
    if !directory::exists(connection, member).await? {
        return Err(StoreError::UnknownReference("membership").into());
    }
    directory::known_site(connection, new.organization_id, new.site_id).await?;
    let row = query(BEGIN)
        .bind(new.id)
        .bind(new.user_id)
        .bind(new.organization_id)
        .bind(new.site_id)
        .bind(device_kind_word(new.device_kind))
        .bind(text(&new.device_name))
        .bind(new.now)
        .bind(new.expires_at)
        .bind(text(&new.origin.ip_address))
        .bind(text(&new.origin.user_agent))
        .fetch_one(&mut *connection)
        .await?;
    audit::add(connection, entry).await?;
    session(&row)
}

#[async_trait]
impl Sessions for PostgresStore {
    async fn begin_session(&self, new: NewSession, audit: AuditEntry) -> Result<SessionRow, StoreError> {
        transaction!(self, |connection| begin(connection, &new, &audit).await)
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
        if presented.rotate {
            let spent = self
                .single(async |connection| rotation::spend(connection, &presented).await)
                .await?;
            if let Some(row) = spent {
                return Ok(RotationOutcome::Rotated(row));
            }
        }
        transaction!(self, |connection| rotation::settle(
            connection, &presented, &audit
        )
        .await)
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

    async fn all_live_sessions(
        &self,
        organization_id: Option<Uuid>,
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Identity>, StoreError> {
        self.single(async |connection| {
            let live = query(LIVE)
                .bind(now)
                .bind(default_idle_minutes())
                .bind(i64::from(limit))
                .bind(organization_id)
                .fetch_all(connection)
                .await?;
            live.iter().map(identity).collect()
        })
        .await
    }

    async fn revoke_session(
        &self,
        session_id: Uuid,
        owner: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        transaction!(self, |connection| {
            let ended = query(REVOKE)
                .bind(now)
                .bind(reason.as_str())
                .bind(session_id)
                .bind(owner)
                .execute(&mut *connection)
                .await?
                .rows_affected();
            if ended > 0 {
                audit::add(connection, &audit).await?;
            }
            Ok(ended > 0)
        })
    }

    async fn revoke_others(
        &self,
        user_id: Uuid,
        keep: Uuid,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        transaction!(self, |connection| {
            let ended = query(REVOKE_OTHERS)
                .bind(now)
                .bind(reason.as_str())
                .bind(user_id)
                .bind(keep)
                .execute(&mut *connection)
                .await?
                .rows_affected();
            if ended > 0 {
                audit::add(connection, &audit).await?;
            }
            Ok(count(ended))
        })
    }
}
