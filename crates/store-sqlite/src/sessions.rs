//! Sessions: beginning, reading, using and ending them.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use store::rotation::{noted_input, over};
use store::{
    AuditEntry, BeginOutcome, Change, Identity, Millis, NewSession, PageKey, Presented, RevokeReason,
    RotationOutcome, SessionFilter, SessionRow, Sessions, StoreError, Touch,
};
use uuid::Uuid;

use crate::fault::Fault;
use crate::revocation::{Which, end_audited};
use crate::session_row::{change, default_idle_minutes, find, identity, returning, select_identity};
use crate::writer::Shape;
use crate::{SqliteStore, audit, beginning, directory, rotation, session_page};

const NOTE_INPUT: &str = concat!(
    "UPDATE sessions SET last_used_at = max(last_used_at, ?2), last_input_at = ?3 WHERE id = ?1",
    returning!()
);

const TOUCH: &str = "UPDATE sessions SET last_used_at = ?2, ip_address = ?3, user_agent = ?4
    WHERE id = ?1 AND last_used_at <= ?2 AND revoked_at IS NULL";

const MOVE: &str = concat!(
    "UPDATE sessions SET organization_id = ?2, site_id = ?3, last_used_at = max(last_used_at, ?4) WHERE id = ?1",
    returning!()
);

const PURGE: &str = "DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE revoked_at IS NOT NULL AND revoked_at < ?1
            AND (impersonator_session_id IS NULL OR impersonation_end_noted_at IS NOT NULL)
        UNION ALL
        SELECT id FROM sessions WHERE revoked_at IS NULL AND expires_at < ?1
            AND (impersonator_session_id IS NULL OR impersonation_end_noted_at IS NOT NULL)
        LIMIT ?2)";

const IDENTITY: &str = select_identity!("s.id = ?");

const LIVE_OF_USER: &str = select_identity!(
    "s.user_id = ?3 AND s.revoked_at IS NULL AND s.expires_at > ?1 AND s.impersonator_session_id IS NULL
    AND (s.device_kind = 'till' OR ?1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, ?2))
    ORDER BY s.created_at DESC, s.id DESC"
);

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

fn touch(connection: &Connection, touches: &[Touch]) -> Result<u32, Fault> {
    let mut statement = connection.prepare_cached(TOUCH)?;
    let mut touched = 0;
    for touch in touches {
        let Touch {
            session_id,
            at,
            origin,
        } = touch;
        let changed = statement.execute(params![session_id, at, origin.ip_address, origin.user_agent])?;
        touched += u32::from(changed > 0);
    }
    Ok(touched)
}

/// The session where it lives.
fn live(connection: &Connection, session_id: Uuid, now: Millis) -> rusqlite::Result<Option<SessionRow>> {
    let found = find(connection, session_id)?;
    Ok(found
        .filter(|(row, idle_timeout_ms)| over(row, *idle_timeout_ms, now).is_none())
        .map(|(row, _)| row))
}

fn note_reauthentication(
    connection: &Connection,
    session_id: Uuid,
    now: Millis,
    entry: &AuditEntry,
) -> Result<bool, Fault> {
    if live(connection, session_id, now)?.is_none() {
        return Ok(false);
    }
    connection
        .prepare_cached("UPDATE sessions SET reauthenticated_at = ?2 WHERE id = ?1")?
        .execute(params![session_id, now])?;
    audit::add(connection, entry)?;
    Ok(true)
}

fn switch_organization(
    connection: &Connection,
    session_id: Uuid,
    organization_id: Uuid,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<SessionRow>, Vec<Change>), Fault> {
    let Some(row) = live(connection, session_id, now)? else {
        return Ok((None, Vec::new()));
    };
    directory::known_organization(connection, organization_id)?;
    let site_id = directory::site_of_member(connection, row.user_id, organization_id)?;
    let moved = change(
        connection,
        MOVE,
        params![session_id, organization_id, site_id, now],
    )?;
    audit::add(connection, entry)?;
    let told = Change::SessionMoved {
        session_id,
        organization_id,
    };
    Ok((moved, vec![told]))
}

impl SqliteStore {
    async fn end(
        &self,
        which: Which,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                end_audited(connection, which, reason, now, &audit)
            })
            .await
    }
}

fn find_identity(connection: &Connection, session_id: Uuid) -> rusqlite::Result<Option<Identity>> {
    connection
        .prepare_cached(IDENTITY)?
        .query_row([session_id], identity)
        .optional()
}

#[async_trait]
impl Sessions for SqliteStore {
    async fn begin_session(&self, new: NewSession, audit: AuditEntry) -> Result<BeginOutcome, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                beginning::begin(connection, &new, &audit)
            })
            .await
    }

    async fn identity(&self, session_id: Uuid) -> Result<Option<Identity>, StoreError> {
        self.readers
            .look_up(move |connection| Ok(find_identity(connection, session_id)?))
            .await
    }

    async fn rotate(&self, presented: Presented, audit: AuditEntry) -> Result<RotationOutcome, StoreError> {
        self.writer
            .write_telling(Shape::Single, move |connection| {
                rotation::rotate(connection, &presented, audit)
            })
            .await
    }

    /// Read by the writer, whose pages stay at hand: a reader begins without any after every commit.
    async fn refresh(
        &self,
        presented: Presented,
        audit: AuditEntry,
    ) -> Result<(RotationOutcome, Option<Identity>), StoreError> {
        self.writer
            .write_telling(Shape::Single, move |connection| {
                let (outcome, told) = rotation::rotate(connection, &presented, audit)?;
                // Where this fails the rotation stands, and its attempt is answered when it comes again.
                let identity = match outcome.renewed() {
                    Some(row) => find_identity(connection, row.id)?,
                    None => None,
                };
                Ok(((outcome, identity), told))
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

    async fn touch_sessions(&self, touches: Vec<Touch>) -> Result<u32, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| touch(connection, &touches))
            .await
    }

    async fn note_reauthentication(
        &self,
        session_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                note_reauthentication(connection, session_id, now, &audit)
            })
            .await
    }

    async fn switch_organization(
        &self,
        session_id: Uuid,
        organization_id: Uuid,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<SessionRow>, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                switch_organization(connection, session_id, organization_id, now, &audit)
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

    async fn sessions_page(
        &self,
        filter: SessionFilter,
        after: Option<PageKey>,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<Identity>, StoreError> {
        self.readers
            .read(move |connection| Ok(session_page::page(connection, &filter, after, limit, now)?))
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
        let which = Which::OneWithin(session_id, owner, organization_id);
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
        let which = match organization_id {
            Some(organization_id) => Which::OfUserWithin(user_id, organization_id, keep),
            None => Which::OfUser(user_id, keep),
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
        self.end(Which::OfOrganization(organization_id, keep), reason, now, audit)
            .await
    }

    async fn revoke_all_sessions(
        &self,
        keep: Option<Uuid>,
        reason: RevokeReason,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        self.end(Which::All(keep), reason, now, audit).await
    }

    async fn mark_restored(&self, now: Millis, audit: AuditEntry) -> Result<u32, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                audit::add(connection, &audit)?;
                rotation::mark_restored(connection, now)
            })
            .await
    }

    async fn purge_sessions(&self, ended_before: Millis, limit: u32) -> Result<u32, StoreError> {
        self.writer
            .write(Shape::Single, move |connection| {
                let purged = connection
                    .prepare_cached(PURGE)?
                    .execute(params![ended_before, limit])?;
                Ok(u32::try_from(purged).unwrap_or(u32::MAX))
            })
            .await
    }
}
