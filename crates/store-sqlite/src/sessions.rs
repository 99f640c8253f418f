//! Sessions: beginning, reading, using and ending them.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use store::rotation::{noted_input, over};
use store::session::RevokeReason;
use store::{
    AuditEntry, Identity, Millis, NewSession, Presented, RotationOutcome, SessionRow, Sessions, StoreError,
};
use uuid::Uuid;

use crate::column::device_kind_word;
use crate::fault::Fault;
use crate::session_row::{change, default_idle_minutes, find, identity, returning, select_identity};
use crate::writer::Shape;
use crate::{SqliteStore, audit, directory, rotation};

const BEGIN: &str = concat!(
    "INSERT INTO sessions (id, user_id, organization_id, site_id, device_kind, device_name, generation, attempts,
        created_at, last_used_at, last_input_at, rotated_at, expires_at, ip_address, user_agent)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, x'', ?7, ?7, ?7, ?7, ?8, ?9, ?10)",
    returning!()
);

const NOTE_INPUT: &str = concat!(
    "UPDATE sessions SET last_used_at = max(last_used_at, ?2), last_input_at = ?3 WHERE id = ?1",
    returning!()
);

const IDENTITY: &str = select_identity!("s.id = ?");

const LIVE_OF_USER: &str = select_identity!(
    "s.user_id = ?3 AND s.revoked_at IS NULL AND s.expires_at > ?1
    AND (s.device_kind = 'till' OR ?1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, ?2))
    ORDER BY s.created_at DESC, s.id DESC"
);

const LIVE_OF_ORGANIZATION: &str = select_identity!(
    "s.organization_id = ?3 AND s.revoked_at IS NULL AND s.expires_at > ?1
    AND (s.device_kind = 'till' OR ?1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, ?2))
    ORDER BY s.created_at DESC, s.id DESC LIMIT ?4"
);

const LIVE: &str = select_identity!(
    "s.revoked_at IS NULL AND s.expires_at > ?1
    AND (s.device_kind = 'till' OR ?1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, ?2))
    ORDER BY s.created_at DESC, s.id DESC LIMIT ?3"
);

const REVOKE: &str = "UPDATE sessions SET revoked_at = ?1, revoke_reason = ?2
    WHERE id = ?3 AND revoked_at IS NULL AND expires_at > ?1 AND (?4 IS NULL OR user_id = ?4)";

const REVOKE_OTHERS: &str = "UPDATE sessions SET revoked_at = ?1, revoke_reason = ?2
    WHERE user_id = ?3 AND id <> ?4 AND revoked_at IS NULL AND expires_at > ?1";

fn begin(connection: &Connection, new: &NewSession, entry: &AuditEntry) -> Result<SessionRow, Fault> {
    let able = "SELECT 1 FROM users WHERE id = ? AND disabled_at IS NULL";
    if !directory::exists(connection, able, [new.user_id])? {
        return Err(StoreError::UnknownReference("user").into());
    }
    directory::known_organization(connection, new.organization_id)?;
    let member = "SELECT 1 FROM memberships WHERE user_id = ? AND organization_id = ?";
    if !directory::exists(connection, member, [new.user_id, new.organization_id])? {
        return Err(StoreError::UnknownReference("membership").into());
    }
    directory::known_site(connection, new.organization_id, new.site_id)?;
    let row = change(
        connection,
        BEGIN,
        params![
            new.id,
            new.user_id,
            new.organization_id,
            new.site_id,
            device_kind_word(new.device_kind),
            new.device_name,
            new.now,
            new.expires_at,
            new.origin.ip_address,
            new.origin.user_agent,
        ],
    )?
    .ok_or_else(|| StoreError::Failed("the new session is not there".to_owned()))?;
    audit::add(connection, entry)?;
    Ok(row)
}

fn note_input(
    connection: &Connection,
    session_id: Uuid,
    input_age_ms: Millis,
    now: Millis,
) -> Result<Option<SessionRow>, Fault> {
    let Some((mut row, idle_timeout_ms)) = find(connection, session_id)? else {
        return Ok(None);
    };
    row.last_input_at = noted_input(&row, Some(input_age_ms), now);
    if over(&row, idle_timeout_ms, now).is_some() {
        return Ok(None);
    }
    Ok(change(
        connection,
        NOTE_INPUT,
        params![session_id, now, row.last_input_at],
    )?)
}

fn end(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    entry: &AuditEntry,
) -> Result<u32, Fault> {
    let ended = connection.prepare_cached(sql)?.execute(values)?;
    if ended > 0 {
        audit::add(connection, entry)?;
    }
    Ok(u32::try_from(ended).unwrap_or(u32::MAX))
}

#[async_trait]
impl Sessions for SqliteStore {
    async fn begin_session(&self, new: NewSession, audit: AuditEntry) -> Result<SessionRow, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| begin(connection, &new, &audit))
            .await
    }

    async fn identity(&self, session_id: Uuid) -> Result<Option<Identity>, StoreError> {
        self.readers
            .look_up(move |connection| {
                Ok(connection
                    .prepare_cached(IDENTITY)?
                    .query_row([session_id], identity)
                    .optional()?)
            })
            .await
    }

    async fn rotate(&self, presented: Presented, audit: AuditEntry) -> Result<RotationOutcome, StoreError> {
        self.writer
            .write(Shape::Single, move |connection| {
                rotation::rotate(connection, &presented, audit)
            })
            .await
    }

    async fn note_input(
        &self,
        session_id: Uuid,
        input_age_ms: Millis,
        now: Millis,
    ) -> Result<Option<SessionRow>, StoreError> {
        self.writer
            .write(Shape::Single, move |connection| {
                note_input(connection, session_id, input_age_ms, now)
            })
            .await
    }

    async fn live_sessions(&self, user_id: Uuid, now: Millis) -> Result<Vec<Identity>, StoreError> {
        self.readers
            .read(move |connection| {
                let rows = connection
                    .prepare_cached(LIVE_OF_USER)?
                    .query_map(params![now, default_idle_minutes(), user_id], identity)?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(rows)
            })
            .await
    }

    async fn all_live_sessions(
        &self,
        organization_id: Option<Uuid>,
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Identity>, StoreError> {
        self.readers
            .read(move |connection| {
                let idle = default_idle_minutes();
                let rows = match organization_id {
                    Some(id) => connection
                        .prepare_cached(LIVE_OF_ORGANIZATION)?
                        .query_map(params![now, idle, id, limit], identity)?
                        .collect::<rusqlite::Result<_>>(),
                    None => connection
                        .prepare_cached(LIVE)?
                        .query_map(params![now, idle, limit], identity)?
                        .collect::<rusqlite::Result<_>>(),
                };
                rows.map_err(Fault::from)
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
        self.writer
            .write(Shape::Several, move |connection| {
                let values = params![now, reason.as_str(), session_id, owner];
                Ok(end(connection, REVOKE, values, &audit)? > 0)
            })
            .await
    }

    async fn revoke_others(
        &self,
        user_id: Uuid,
        keep: Uuid,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                let values = params![now, reason.as_str(), user_id, keep];
                end(connection, REVOKE_OTHERS, values, &audit)
            })
            .await
    }
}
