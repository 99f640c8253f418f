//! Impersonations: beginning, listing and ending them, and taking note of ends.

use async_trait::async_trait;
use protocol::impersonation::ImpersonationSettings;
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::impersonation::{Account, Facts, judge};
use store::{
    AuditEntry, BegunImpersonation, Change, EndedImpersonation, ImpersonationEnd, Impersonations,
    Impersonator, LiveImpersonation, Millis, NewImpersonation, NoticeKind, Origin, Party, RevokeReason,
    SessionRow, StoreError,
};
use uuid::Uuid;

use crate::beginning::{detail, tell};
use crate::column::{device_kind_word, unreadable};
use crate::fault::Fault;
use crate::session_row::{change, default_idle_minutes, find, returning};
use crate::writer::Shape;
use crate::{SqliteStore, audit};

/// Its end is marked as noted for the figures from the start: they are about people's own sessions.
const BEGIN: &str = concat!(
    "INSERT INTO sessions (id, user_id, organization_id, site_id, device_kind, device_name, generation, attempts,
        created_at, last_used_at, last_input_at, rotated_at, expires_at, ip_address, user_agent, end_noted_at,
        impersonator_user_id, impersonator_session_id, impersonation_reason)
    VALUES (?1, ?2, ?3, (SELECT site_id FROM memberships WHERE user_id = ?2 AND organization_id = ?3), ?4, ?5, 0, x'',
        ?6, ?6, ?6, ?6, ?7, ?8, ?9, ?6, ?10, ?11, ?12)",
    returning!()
);

const LASTING: &str = "SELECT count(*) FROM sessions
    WHERE impersonator_session_id = ?1 AND revoked_at IS NULL AND expires_at > ?2";

/// The columns that [`live`] reads.
macro_rules! columns {
    () => {
        "s.id, a.id, a.username, a.display_name, u.id, u.username, u.display_name, o.id, o.name,
        s.impersonation_reason, s.device_name, s.ip_address, s.user_agent, s.created_at, s.expires_at"
    };
}
pub(crate) use columns;

/// How many columns [`live`] reads.
pub(crate) const COLUMNS: usize = 15;

/// Sessions with both people and the organisation.
macro_rules! tables {
    () => {
        " FROM sessions s
    JOIN users a ON a.id = s.impersonator_user_id
    JOIN users u ON u.id = s.user_id
    JOIN organizations o ON o.id = s.organization_id"
    };
}
pub(crate) use tables;

const LIVE: &str = concat!(
    "SELECT ",
    columns!(),
    tables!(),
    " WHERE s.impersonator_session_id IS NOT NULL AND s.impersonation_end_noted_at IS NULL AND s.revoked_at IS NULL
        AND s.expires_at > ?1
    ORDER BY s.created_at DESC, s.id DESC"
);

const END: &str = "UPDATE sessions SET revoked_at = ?2, revoke_reason = ?3, impersonation_end_noted_at = ?2
    WHERE id = ?1 AND impersonator_session_id IS NOT NULL AND revoked_at IS NULL AND expires_at > ?2
        AND (?4 IS NULL OR impersonator_user_id = ?4)
    RETURNING user_id, organization_id";

/// Whether the session behind one that lasts ended by idleness; `?1` is now and `?2` the idle time of organisations that set
/// none, in minutes.
macro_rules! behind_is_idle {
    () => {
        "impersonator_session_id IS NOT NULL AND impersonation_end_noted_at IS NULL AND revoked_at IS NULL
            AND expires_at > ?1 AND EXISTS (
                SELECT 1 FROM sessions a LEFT JOIN session_settings t ON t.organization_id = a.organization_id
                WHERE a.id = sessions.impersonator_session_id AND a.device_kind = 'desk'
                    AND ?1 >= a.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, ?2))"
    };
}

const END_BEHIND_THE_IDLE: &str = concat!(
    "UPDATE sessions SET revoked_at = ?1, revoke_reason = ?3 WHERE ",
    behind_is_idle!(),
    " RETURNING id, user_id, organization_id"
);

const ANY: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM sessions
        WHERE impersonator_session_id IS NOT NULL AND impersonation_end_noted_at IS NULL
            AND (revoked_at IS NOT NULL OR expires_at <= ?1))
    OR EXISTS (SELECT 1 FROM sessions WHERE ",
    behind_is_idle!(),
    ")"
);

const OVER: &str = "SELECT s.id, s.impersonator_user_id, s.impersonator_session_id, s.user_id, s.organization_id,
        s.impersonation_reason, s.created_at, s.expires_at, s.revoked_at, s.revoke_reason, a.revoke_reason, s.ip_address,
        s.user_agent
    FROM sessions s LEFT JOIN sessions a ON a.id = s.impersonator_session_id
    WHERE s.impersonator_session_id IS NOT NULL AND s.impersonation_end_noted_at IS NULL
        AND (s.revoked_at IS NOT NULL OR s.expires_at <= ?1)
    ORDER BY s.expires_at LIMIT ?2";

const NOTED: &str = "UPDATE sessions SET impersonation_end_noted_at = ?2
    WHERE id = ?1 AND impersonation_end_noted_at IS NULL";

const OTHERS_ABOVE: &str =
    "SELECT id FROM users WHERE super_admin = 1 AND disabled_at IS NULL AND id <> ?1 ORDER BY id";

const SETTINGS: &str = "SELECT allowed_networks, tell_target FROM impersonation_settings";

const PUT_SETTINGS: &str =
    "INSERT OR REPLACE INTO impersonation_settings (one, allowed_networks, tell_target) VALUES (1, ?1, ?2)";

fn account(connection: &Connection, user_id: Uuid) -> rusqlite::Result<Option<Account>> {
    connection
        .prepare_cached("SELECT disabled_at, super_admin FROM users WHERE id = ?")?
        .query_row([user_id], |row| {
            Ok(Account {
                disabled_at: row.get(0)?,
                super_admin: row.get(1)?,
            })
        })
        .optional()
}

fn facts(connection: &Connection, new: &NewImpersonation) -> Result<Facts, Fault> {
    let Impersonator { user_id, session_id } = new.impersonator;
    Ok(Facts {
        session: find(connection, session_id)?,
        impersonator: account(connection, user_id)?,
        user: account(connection, new.user_id)?,
        memberships: connection
            .prepare_cached("SELECT count(*) FROM memberships WHERE user_id = ? AND organization_id = ?")?
            .query_row([new.user_id, new.organization_id], |row| row.get(0))?,
        lasting: connection
            .prepare_cached(LASTING)?
            .query_row(params![session_id, new.now], |row| row.get(0))?,
    })
}

fn begin(
    connection: &Connection,
    new: &NewImpersonation,
    entry: &AuditEntry,
) -> Result<(BegunImpersonation, Vec<Change>), Fault> {
    let facts = facts(connection, new)?;
    let expires_at = match judge(new, &facts) {
        Ok(expires_at) => expires_at,
        Err(refusal) => return Ok((BegunImpersonation::Refused(refusal), Vec::new())),
    };
    let Some((behind, _)) = facts.session else {
        return Err(StoreError::Failed("an impersonation hangs on no session".to_owned()).into());
    };
    let session = insert(connection, new, &behind, expires_at)?;
    let here = || detail(&behind.device_name, &new.origin);
    let others = connection
        .prepare_cached(OTHERS_ABOVE)?
        .query_map([new.impersonator.user_id], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<Uuid>>>()?;
    let mut told = Vec::new();
    for other in others {
        let kind = NoticeKind::ImpersonationStarted;
        told.push(tell(connection, other, new.now, kind, here())?);
    }
    if settings(connection)?.tell_target {
        let kind = NoticeKind::Impersonated;
        told.push(tell(connection, new.user_id, new.now, kind, here())?);
    }
    told.push(Change::ImpersonationsChanged);
    audit::add(connection, entry)?;
    Ok((BegunImpersonation::Begun(Box::new(session)), told))
}

fn insert(
    connection: &Connection,
    new: &NewImpersonation,
    behind: &SessionRow,
    expires_at: Millis,
) -> Result<SessionRow, Fault> {
    let row = change(
        connection,
        BEGIN,
        params![
            new.id,
            new.user_id,
            new.organization_id,
            device_kind_word(behind.device_kind),
            behind.device_name,
            new.now,
            expires_at,
            new.origin.ip_address,
            new.origin.user_agent,
            new.impersonator.user_id,
            new.impersonator.session_id,
            new.reason,
        ],
    )?;
    row.ok_or_else(|| StoreError::Failed("the new impersonation is not there".to_owned()).into())
}

/// One of them, from [`columns!`].
pub(crate) fn live(row: &Row<'_>) -> rusqlite::Result<LiveImpersonation> {
    let party = |at| {
        Ok::<_, rusqlite::Error>(Party {
            user_id: row.get(at)?,
            username: row.get(at + 1)?,
            display_name: row.get(at + 2)?,
        })
    };
    Ok(LiveImpersonation {
        session_id: row.get(0)?,
        impersonator: party(1)?,
        user: party(4)?,
        organization_id: row.get(7)?,
        organization_name: row.get(8)?,
        reason: row.get(9)?,
        device_name: row.get(10)?,
        origin: Origin {
            ip_address: row.get(11)?,
            user_agent: row.get(12)?,
        },
        started_at: row.get(13)?,
        expires_at: row.get(14)?,
    })
}

fn end(
    connection: &Connection,
    session_id: Uuid,
    end: ImpersonationEnd,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(bool, Vec<Change>), Fault> {
    let reason = end.reason();
    let of = match end {
        ImpersonationEnd::Stopped { impersonator_user_id } => Some(impersonator_user_id),
        ImpersonationEnd::Forced => None,
    };
    let ended = connection
        .prepare_cached(END)?
        .query_row(params![session_id, now, reason.as_str(), of], |row| {
            Ok(Change::SessionEnded {
                session_id,
                user_id: row.get(0)?,
                organization_id: row.get(1)?,
                reason,
            })
        })
        .optional()?;
    let Some(ended) = ended else {
        return Ok((false, Vec::new()));
    };
    audit::add(connection, entry)?;
    Ok((true, vec![ended, Change::ImpersonationsChanged]))
}

fn note_ended(connection: &Connection, now: Millis, limit: u32) -> Result<(u32, Vec<Change>), Fault> {
    let reason = RevokeReason::ImpersonatorEnded;
    let mut told = connection
        .prepare_cached(END_BEHIND_THE_IDLE)?
        .query_map(params![now, default_idle_minutes(), reason.as_str()], |row| {
            Ok(Change::SessionEnded {
                session_id: row.get(0)?,
                user_id: row.get(1)?,
                organization_id: row.get(2)?,
                reason,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let over = connection
        .prepare_cached(OVER)?
        .query_map(params![now, limit], ended)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut noted = 0;
    for one in over {
        let marked = connection
            .prepare_cached(NOTED)?
            .execute(params![one.session_id, now])?;
        if marked > 0 {
            audit::add(connection, &one.entry(now))?;
            noted += 1;
        }
    }
    if noted > 0 {
        told.push(Change::ImpersonationsChanged);
    }
    Ok((noted, told))
}

fn ended(row: &Row<'_>) -> rusqlite::Result<EndedImpersonation> {
    let reason = |column| {
        let word = row.get_ref(column)?.as_str_or_null()?;
        let parse = |word| RevokeReason::parse(word).ok_or_else(|| unreadable(column, "reason", word));
        word.map(parse).transpose()
    };
    Ok(EndedImpersonation {
        session_id: row.get(0)?,
        impersonator: Impersonator {
            user_id: row.get(1)?,
            session_id: row.get(2)?,
        },
        user_id: row.get(3)?,
        organization_id: row.get(4)?,
        reason: row.get(5)?,
        started_at: row.get(6)?,
        expires_at: row.get(7)?,
        revoked: row.get::<_, Option<Millis>>(8)?.zip(reason(9)?),
        impersonator_revoked: reason(10)?,
        origin: Origin {
            ip_address: row.get(11)?,
            user_agent: row.get(12)?,
        },
    })
}

fn settings(connection: &Connection) -> Result<ImpersonationSettings, Fault> {
    let found = connection
        .prepare_cached(SETTINGS)?
        .query_row([], |row| {
            let networks = row.get_ref(0)?.as_str()?;
            Ok(ImpersonationSettings {
                allowed_networks: serde_json::from_str(networks)
                    .map_err(|_| unreadable(0, "list", "JSON"))?,
                tell_target: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn put_settings(connection: &Connection, settings: &ImpersonationSettings) -> Result<(), Fault> {
    let networks = serde_json::to_string(&settings.allowed_networks)
        .map_err(|error| StoreError::Failed(format!("a list has no JSON form: {error}")))?;
    connection
        .prepare_cached(PUT_SETTINGS)?
        .execute(params![networks, settings.tell_target])?;
    Ok(())
}

#[async_trait]
impl Impersonations for SqliteStore {
    async fn begin_impersonation(
        &self,
        new: NewImpersonation,
        audit: AuditEntry,
    ) -> Result<BegunImpersonation, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| begin(connection, &new, &audit))
            .await
    }

    async fn live_impersonations(&self, now: Millis) -> Result<Vec<LiveImpersonation>, StoreError> {
        self.readers
            .read(move |connection| {
                let rows = connection
                    .prepare_cached(LIVE)?
                    .query_map([now], live)?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(rows)
            })
            .await
    }

    async fn end_impersonation(
        &self,
        session_id: Uuid,
        how: ImpersonationEnd,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                end(connection, session_id, how, now, &audit)
            })
            .await
    }

    /// Asked for each second: most often there is nothing to note, and the writer is left alone.
    async fn note_ended_impersonations(&self, now: Millis, limit: u32) -> Result<u32, StoreError> {
        let any = move |connection: &Connection| -> Result<bool, Fault> {
            Ok(connection
                .prepare_cached(ANY)?
                .query_row(params![now, default_idle_minutes()], |row| row.get(0))?)
        };
        if !self.readers.look_up(any).await? {
            return Ok(0);
        }
        self.writer
            .write_telling(Shape::Several, move |connection| {
                note_ended(connection, now, limit)
            })
            .await
    }

    async fn impersonation_settings(&self) -> Result<ImpersonationSettings, StoreError> {
        self.readers.read(settings).await
    }

    async fn put_impersonation_settings(
        &self,
        settings: ImpersonationSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                put_settings(connection, &settings)?;
                Ok(audit::add(connection, &audit)?)
            })
            .await
    }
}
