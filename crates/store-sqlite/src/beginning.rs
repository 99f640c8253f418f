//! Beginning a session: who may, what ends to make room for it, and whether the place is a new one.

use rusqlite::{Connection, params};
use store::{
    AuditEntry, BeginOutcome, Change, Millis, NewNotice, NewSession, NoticeDetail, NoticeKind, Origin,
    RevokeReason, SessionRow, StoreError, new_id,
};
use uuid::Uuid;

use crate::column::device_kind_word;
use crate::fault::Fault;
use crate::places::Unseen;
use crate::revocation::{self, Which};
use crate::session_row::{change, default_idle_minutes, returning};
use crate::{audit, directory, notices, places};

const BEGIN: &str = concat!(
    "INSERT INTO sessions (id, user_id, organization_id, site_id, device_kind, device_name, generation, attempts,
        created_at, last_used_at, last_input_at, rotated_at, expires_at, ip_address, user_agent, device_key)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, x'', ?7, ?7, ?7, ?7, ?8, ?9, ?10, ?11)",
    returning!()
);

/// The user's live sessions in the organisation beyond a number of them, the one longest without input last. The sign
/// before the organisation keeps SQLite from going through everybody's there.
const SURPLUS: &str = "SELECT s.id, s.device_name, s.ip_address, s.user_agent
    FROM sessions s LEFT JOIN session_settings t ON t.organization_id = s.organization_id
    WHERE s.user_id = ?3 AND +s.organization_id = ?4 AND s.revoked_at IS NULL AND s.expires_at > ?1
        AND s.impersonator_session_id IS NULL
        AND (s.device_kind = 'till' OR ?1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, ?2))
    ORDER BY s.last_input_at DESC, s.created_at DESC, s.id DESC LIMIT -1 OFFSET ?5";

/// Begins it, and says what to tell.
pub(crate) fn begin(
    connection: &Connection,
    new: &NewSession,
    entry: &AuditEntry,
) -> Result<(BeginOutcome, Vec<Change>), Fault> {
    let able = "SELECT 1 FROM users WHERE id = ? AND disabled_at IS NULL";
    if !directory::exists(connection, able, [new.user_id])? {
        return Err(StoreError::UnknownReference("user").into());
    }
    directory::known_organization(connection, new.organization_id)?;
    directory::site_of_member(connection, new.user_id, new.organization_id)?;
    directory::known_site(connection, new.organization_id, new.site_id)?;
    let surplus = match new.device_limit {
        Some(limit) => surplus(connection, new, limit)?,
        None => Vec::new(),
    };
    let session = insert(connection, new)?;
    connection
        .prepare_cached(
            "UPDATE users SET last_sign_in_at = max(coalesce(last_sign_in_at, ?2), ?2) WHERE id = ?1",
        )?
        .execute(params![new.user_id, new.now])?;
    audit::add(connection, entry)?;
    let mut told = Vec::new();
    let mut displaced = Vec::new();
    for (id, detail) in surplus {
        let ended = revocation::end(connection, Which::One(id), RevokeReason::DeviceLimit, new.now)?;
        told.extend(ended.told);
        let beside = entry.beside("session.displaced", Some(format!("session:{id}")));
        audit::add(connection, &beside)?;
        told.push(tell(
            connection,
            new.user_id,
            new.now,
            NoticeKind::DeviceLimit,
            detail,
        )?);
        displaced.push(id);
    }
    let unseen = match new.place {
        Some(place) => places::note(connection, new.user_id, place, new.now)?,
        None => Unseen::default(),
    };
    let kinds = [
        (unseen.device, NoticeKind::NewDevice),
        (unseen.network, NoticeKind::NewNetwork),
    ];
    for (_, kind) in kinds.into_iter().filter(|(unseen, _)| *unseen) {
        let here = detail(&new.device_name, &new.origin);
        told.push(tell(connection, new.user_id, new.now, kind, here)?);
    }
    let outcome = BeginOutcome {
        session,
        displaced,
        new_device: unseen.device,
        new_network: unseen.network,
    };
    Ok((outcome, told))
}

fn insert(connection: &Connection, new: &NewSession) -> Result<SessionRow, Fault> {
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
            new.device_key,
        ],
    )?;
    row.ok_or_else(|| StoreError::Failed("the new session is not there".to_owned()).into())
}

/// What must end so that the new session is one of `limit`.
fn surplus(
    connection: &Connection,
    new: &NewSession,
    limit: u32,
) -> rusqlite::Result<Vec<(Uuid, NoticeDetail)>> {
    let others = limit.saturating_sub(1);
    connection
        .prepare_cached(SURPLUS)?
        .query_map(
            params![
                new.now,
                default_idle_minutes(),
                new.user_id,
                new.organization_id,
                others
            ],
            |row| {
                let origin = Origin {
                    ip_address: row.get(2)?,
                    user_agent: row.get(3)?,
                };
                Ok((row.get(0)?, detail(row.get_ref(1)?.as_str()?, &origin)))
            },
        )?
        .collect()
}

/// Where it happened.
pub(crate) fn detail(device_name: &str, origin: &Origin) -> NoticeDetail {
    NoticeDetail {
        device_name: device_name.to_owned(),
        ip_address: origin.ip_address.clone(),
        user_agent: origin.user_agent.clone(),
    }
}

/// Adds a notice, and says what to tell.
pub(crate) fn tell(
    connection: &Connection,
    user_id: Uuid,
    now: Millis,
    kind: NoticeKind,
    detail: NoticeDetail,
) -> Result<Change, Fault> {
    let new = NewNotice {
        id: new_id(now),
        user_id,
        at: now,
        kind,
        detail,
    };
    notices::add(connection, &new)
}
