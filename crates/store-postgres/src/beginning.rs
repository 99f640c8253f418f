//! Beginning a session: who may, what ends to make room for it, and whether the place is a new one.

use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::{
    AuditEntry, BeginOutcome, Change, Millis, NewNotice, NewSession, NoticeDetail, NoticeKind, Origin,
    RevokeReason, SessionRow, StoreError, new_id,
};
use uuid::Uuid;

use crate::column::{device_kind_word, get, text};
use crate::fault::Fault;
use crate::places::Unseen;
use crate::revocation::{self, Which};
use crate::session_row::{default_idle_minutes, returning, session};
use crate::{audit, directory, notices, places};

const BEGIN: &str = concat!(
    "INSERT INTO sessions (id, user_id, organization_id, site_id, device_kind, device_name, generation, attempts,
        created_at, last_used_at, last_input_at, rotated_at, expires_at, ip_address, user_agent, device_key)
    VALUES ($1, $2, $3, $4, $5, $6, 0, '', $7, $7, $7, $7, $8, $9, $10, $11)",
    returning!()
);

/// The user's live sessions in the organisation beyond a number of them, the one longest without input last.
const SURPLUS: &str = "SELECT s.id, s.device_name, s.ip_address, s.user_agent
    FROM sessions s LEFT JOIN session_settings t ON t.organization_id = s.organization_id
    WHERE s.user_id = $3 AND s.organization_id = $4 AND s.revoked_at IS NULL AND s.expires_at > $1
        AND s.impersonator_session_id IS NULL
        AND (s.device_kind = 'till' OR $1 < s.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, $2))
    ORDER BY s.last_input_at DESC, s.created_at DESC, s.id DESC OFFSET $5";

/// Begins it, and says what to tell.
///
/// The user's row is held from the start: sign-ins of one user come one after the other, and whoever disables the account
/// or ends the membership meanwhile either sees this session, or is seen by it.
pub(crate) async fn begin(
    connection: &mut PgConnection,
    new: &NewSession,
    entry: &AuditEntry,
) -> Result<(BeginOutcome, Vec<Change>), Fault> {
    let able = "SELECT 1 FROM users WHERE id = $1 AND disabled_at IS NULL FOR NO KEY UPDATE";
    if !directory::exists(connection, query(able).bind(new.user_id)).await? {
        return Err(StoreError::UnknownReference("user").into());
    }
    directory::known_organization(connection, new.organization_id).await?;
    directory::site_of_member(connection, new.user_id, new.organization_id).await?;
    directory::known_site(connection, new.organization_id, new.site_id).await?;
    let surplus = match new.device_limit {
        Some(limit) => surplus(connection, new, limit).await?,
        None => Vec::new(),
    };
    let session = insert(connection, new).await?;
    query("UPDATE users SET last_sign_in_at = greatest(last_sign_in_at, $2) WHERE id = $1")
        .bind(new.user_id)
        .bind(new.now)
        .execute(&mut *connection)
        .await?;
    let mut entries = vec![entry.clone()];
    let mut told = Vec::new();
    let mut displaced = Vec::new();
    for (id, detail) in surplus {
        let which = Which {
            session: Some(id),
            ..Which::default()
        };
        let ended = revocation::end(connection, which, RevokeReason::DeviceLimit, new.now).await?;
        if ended.is_nothing() {
            // It was ended by somebody else meanwhile.
            continue;
        }
        told.extend(ended.told);
        entries.push(entry.beside("session.displaced", Some(format!("session:{id}"))));
        let kind = NoticeKind::DeviceLimit;
        told.push(tell(connection, new.user_id, new.now, kind, detail).await?);
        displaced.push(id);
    }
    let unseen = match new.place {
        Some(place) => places::note(connection, new.user_id, place, new.now).await?,
        None => Unseen::default(),
    };
    let kinds = [
        (unseen.device, NoticeKind::NewDevice),
        (unseen.network, NoticeKind::NewNetwork),
    ];
    for (_, kind) in kinds.into_iter().filter(|(unseen, _)| *unseen) {
        let here = detail(&new.device_name, &new.origin);
        told.push(tell(connection, new.user_id, new.now, kind, here).await?);
    }
    for entry in &entries {
        audit::add(connection, entry).await?;
    }
    let outcome = BeginOutcome {
        session,
        displaced,
        new_device: unseen.device,
        new_network: unseen.network,
    };
    Ok((outcome, told))
}

async fn insert(connection: &mut PgConnection, new: &NewSession) -> Result<SessionRow, Fault> {
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
        .bind(new.device_key)
        .fetch_one(connection)
        .await?;
    session(&row)
}

/// What must end so that the new session is one of `limit`.
async fn surplus(
    connection: &mut PgConnection,
    new: &NewSession,
    limit: u32,
) -> Result<Vec<(Uuid, NoticeDetail)>, Fault> {
    let rows = query(SURPLUS)
        .bind(new.now)
        .bind(default_idle_minutes())
        .bind(new.user_id)
        .bind(new.organization_id)
        .bind(i64::from(limit.saturating_sub(1)))
        .fetch_all(connection)
        .await?;
    let read = |row: &PgRow| {
        let origin = Origin {
            ip_address: get(row, 2)?,
            user_agent: get(row, 3)?,
        };
        Ok((get(row, 0)?, detail(get(row, 1)?, &origin)))
    };
    rows.iter().map(read).collect()
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
pub(crate) async fn tell(
    connection: &mut PgConnection,
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
    notices::add(connection, &new).await
}
