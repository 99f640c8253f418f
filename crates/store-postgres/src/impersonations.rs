//! Impersonations: beginning, listing and ending them, and taking note of ends.

use std::collections::BTreeMap;

use async_trait::async_trait;
use protocol::impersonation::ImpersonationSettings;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_postgres::{PgConnection, PgRow, Postgres};
use store::impersonation::{Account, Facts, judge};
use store::{
    AuditEntry, BegunImpersonation, Change, EndedImpersonation, ImpersonationEnd, Impersonations,
    Impersonator, LiveImpersonation, Millis, NewImpersonation, NoticeKind, Origin, Party, RevokeReason,
    SessionRow, StoreError,
};
use uuid::Uuid;

use crate::beginning::{detail, tell};
use crate::column::{device_kind_word, get, text, unreadable};
use crate::fault::Fault;
use crate::session_row::{default_idle_minutes, hold, returning, session};
use crate::work::{telling, transaction};
use crate::{PostgresStore, audit};

/// Its end is marked as noted for the figures from the start: they are about people's own sessions.
const BEGIN: &str = concat!(
    "INSERT INTO sessions (id, user_id, organization_id, site_id, device_kind, device_name, generation, attempts,
        created_at, last_used_at, last_input_at, rotated_at, expires_at, ip_address, user_agent, end_noted_at,
        impersonator_user_id, impersonator_session_id, impersonation_reason)
    VALUES ($1, $2, $3, (SELECT site_id FROM memberships WHERE user_id = $2 AND organization_id = $3), $4, $5, 0, '',
        $6, $6, $6, $6, $7, $8, $9, $6, $10, $11, $12)",
    returning!()
);

/// In one order, as everybody takes users who takes several.
const HOLD_BOTH: &str =
    "SELECT id, disabled_at, super_admin FROM users WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

/// Nobody ends the membership until the transaction ends.
const MEMBERSHIP: &str =
    "SELECT 1 FROM memberships WHERE user_id = $1 AND organization_id = $2 FOR KEY SHARE";

const LASTING: &str = "SELECT count(*) FROM sessions
    WHERE impersonator_session_id = $1 AND revoked_at IS NULL AND expires_at > $2";

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
        AND s.expires_at > $1
    ORDER BY s.created_at DESC, s.id DESC"
);

const END: &str = "UPDATE sessions SET revoked_at = $2, revoke_reason = $3, impersonation_end_noted_at = $2
    WHERE id = $1 AND impersonator_session_id IS NOT NULL AND revoked_at IS NULL AND expires_at > $2
        AND ($4::uuid IS NULL OR impersonator_user_id = $4)
    RETURNING id, user_id, organization_id";

/// Whether the session behind one that lasts ended by idleness; `$1` is now and `$2` the idle time of organisations that set
/// none, in minutes.
macro_rules! behind_is_idle {
    () => {
        "s.impersonator_session_id IS NOT NULL AND s.impersonation_end_noted_at IS NULL AND s.revoked_at IS NULL
            AND s.expires_at > $1 AND EXISTS (
                SELECT 1 FROM sessions a LEFT JOIN session_settings t ON t.organization_id = a.organization_id
                WHERE a.id = s.impersonator_session_id AND a.device_kind = 'desk'
                    AND $1 >= a.last_input_at + 60000 * coalesce(t.idle_timeout_minutes, $2))"
    };
}

/// Several processes do this at once: what another one just ends is passed over.
const END_BEHIND_THE_IDLE: &str = concat!(
    "UPDATE sessions SET revoked_at = $1, revoke_reason = $3 WHERE id IN (SELECT s.id FROM sessions s WHERE ",
    behind_is_idle!(),
    " FOR NO KEY UPDATE OF s SKIP LOCKED) RETURNING id, user_id, organization_id"
);

const ANY: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM sessions
        WHERE impersonator_session_id IS NOT NULL AND impersonation_end_noted_at IS NULL
            AND (revoked_at IS NOT NULL OR expires_at <= $1))
    OR EXISTS (SELECT 1 FROM sessions s WHERE ",
    behind_is_idle!(),
    ")"
);

/// What another process is just noting is passed over.
const OVER: &str = "SELECT s.id, s.impersonator_user_id, s.impersonator_session_id, s.user_id, s.organization_id,
        s.impersonation_reason, s.created_at, s.expires_at, s.revoked_at, s.revoke_reason,
        (SELECT a.revoke_reason FROM sessions a WHERE a.id = s.impersonator_session_id), s.ip_address, s.user_agent
    FROM sessions s
    WHERE s.impersonator_session_id IS NOT NULL AND s.impersonation_end_noted_at IS NULL
        AND (s.revoked_at IS NOT NULL OR s.expires_at <= $1)
    ORDER BY s.expires_at LIMIT $2 FOR NO KEY UPDATE OF s SKIP LOCKED";

const NOTED: &str = "UPDATE sessions SET impersonation_end_noted_at = $2 WHERE id = ANY($1)";

const OTHERS_ABOVE: &str =
    "SELECT id FROM users WHERE super_admin AND disabled_at IS NULL AND id <> $1 ORDER BY id";

const SETTINGS: &str = "SELECT allowed_networks, tell_target FROM impersonation_settings";

const PUT_SETTINGS: &str =
    "INSERT INTO impersonation_settings (one, allowed_networks, tell_target) VALUES (1, $1, $2)
    ON CONFLICT (one) DO UPDATE SET allowed_networks = $1, tell_target = $2";

/// What counts, held until the transaction ends: users before sessions, as everybody takes the two who takes both.
async fn hold_facts(connection: &mut PgConnection, new: &NewImpersonation) -> Result<Facts, Fault> {
    let Impersonator { user_id, session_id } = new.impersonator;
    let rows = query(HOLD_BOTH)
        .bind(vec![user_id, new.user_id])
        .fetch_all(&mut *connection)
        .await?;
    let mut accounts = BTreeMap::<Uuid, Account>::new();
    for row in &rows {
        let account = Account {
            disabled_at: get(row, 1)?,
            super_admin: get(row, 2)?,
        };
        accounts.insert(get(row, 0)?, account);
    }
    let memberships = query(MEMBERSHIP)
        .bind(new.user_id)
        .bind(new.organization_id)
        .fetch_all(&mut *connection)
        .await?;
    let session = hold(connection, session_id).await?;
    let lasting: i64 = query_scalar::<Postgres, _>(LASTING)
        .bind(session_id)
        .bind(new.now)
        .fetch_one(connection)
        .await?;
    Ok(Facts {
        session,
        impersonator: accounts.get(&user_id).copied(),
        user: accounts.get(&new.user_id).copied(),
        memberships: u32::try_from(memberships.len()).unwrap_or(u32::MAX),
        lasting: u32::try_from(lasting).unwrap_or(u32::MAX),
    })
}

async fn begin(
    connection: &mut PgConnection,
    new: &NewImpersonation,
    entry: &AuditEntry,
) -> Result<(BegunImpersonation, Vec<Change>), Fault> {
    let facts = hold_facts(connection, new).await?;
    let expires_at = match judge(new, &facts) {
        Ok(expires_at) => expires_at,
        Err(refusal) => return Ok((BegunImpersonation::Refused(refusal), Vec::new())),
    };
    let Some((behind, _)) = facts.session else {
        return Err(StoreError::Failed("an impersonation hangs on no session".to_owned()).into());
    };
    let begun = insert(connection, new, &behind, expires_at).await?;
    let here = || detail(&behind.device_name, &new.origin);
    let others = query_scalar::<Postgres, Uuid>(OTHERS_ABOVE)
        .bind(new.impersonator.user_id)
        .fetch_all(&mut *connection)
        .await?;
    let mut told = Vec::new();
    for other in others {
        let kind = NoticeKind::ImpersonationStarted;
        told.push(tell(connection, other, new.now, kind, here()).await?);
    }
    if settings(connection).await?.tell_target {
        let kind = NoticeKind::Impersonated;
        told.push(tell(connection, new.user_id, new.now, kind, here()).await?);
    }
    told.push(Change::ImpersonationsChanged);
    audit::add(connection, entry).await?;
    Ok((BegunImpersonation::Begun(Box::new(begun)), told))
}

async fn insert(
    connection: &mut PgConnection,
    new: &NewImpersonation,
    behind: &SessionRow,
    expires_at: Millis,
) -> Result<SessionRow, Fault> {
    let row = query(BEGIN)
        .bind(new.id)
        .bind(new.user_id)
        .bind(new.organization_id)
        .bind(device_kind_word(behind.device_kind))
        .bind(text(&behind.device_name))
        .bind(new.now)
        .bind(expires_at)
        .bind(text(&new.origin.ip_address))
        .bind(text(&new.origin.user_agent))
        .bind(new.impersonator.user_id)
        .bind(new.impersonator.session_id)
        .bind(text(&new.reason))
        .fetch_one(connection)
        .await?;
    session(&row)
}

/// One of them, from [`columns!`].
pub(crate) fn live(row: &PgRow) -> Result<LiveImpersonation, Fault> {
    let party = |at| {
        Ok::<_, Fault>(Party {
            user_id: get(row, at)?,
            username: get(row, at + 1)?,
            display_name: get(row, at + 2)?,
        })
    };
    Ok(LiveImpersonation {
        session_id: get(row, 0)?,
        impersonator: party(1)?,
        user: party(4)?,
        organization_id: get(row, 7)?,
        organization_name: get(row, 8)?,
        reason: get(row, 9)?,
        device_name: get(row, 10)?,
        origin: Origin {
            ip_address: get(row, 11)?,
            user_agent: get(row, 12)?,
        },
        started_at: get(row, 13)?,
        expires_at: get(row, 14)?,
    })
}

fn told(row: &PgRow, reason: RevokeReason) -> Result<Change, Fault> {
    Ok(Change::SessionEnded {
        session_id: get(row, 0)?,
        user_id: get(row, 1)?,
        organization_id: get(row, 2)?,
        reason,
    })
}

async fn end(
    connection: &mut PgConnection,
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
    let ended = query(END)
        .bind(session_id)
        .bind(now)
        .bind(reason.as_str())
        .bind(of)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(ended) = ended else {
        return Ok((false, Vec::new()));
    };
    audit::add(connection, entry).await?;
    Ok((true, vec![told(&ended, reason)?, Change::ImpersonationsChanged]))
}

async fn note_ended(
    connection: &mut PgConnection,
    now: Millis,
    limit: u32,
) -> Result<(u32, Vec<Change>), Fault> {
    let reason = RevokeReason::ImpersonatorEnded;
    let idle = query(END_BEHIND_THE_IDLE)
        .bind(now)
        .bind(default_idle_minutes())
        .bind(reason.as_str())
        .fetch_all(&mut *connection)
        .await?;
    let rows = query(OVER)
        .bind(now)
        .bind(i64::from(limit))
        .fetch_all(&mut *connection)
        .await?;
    let over = rows.iter().map(ended).collect::<Result<Vec<_>, _>>()?;
    query(NOTED)
        .bind(over.iter().map(|one| one.session_id).collect::<Vec<_>>())
        .bind(now)
        .execute(&mut *connection)
        .await?;
    for one in &over {
        audit::add(connection, &one.entry(now)).await?;
    }
    let mut told = idle
        .iter()
        .map(|row| told(row, reason))
        .collect::<Result<Vec<_>, _>>()?;
    if !over.is_empty() {
        told.push(Change::ImpersonationsChanged);
    }
    Ok((u32::try_from(over.len()).unwrap_or(u32::MAX), told))
}

fn ended(row: &PgRow) -> Result<EndedImpersonation, Fault> {
    let reason = |column| {
        let word: Option<&str> = get(row, column)?;
        let parse = |word| RevokeReason::parse(word).ok_or_else(|| unreadable("reason", word));
        Ok::<_, Fault>(word.map(parse).transpose()?)
    };
    Ok(EndedImpersonation {
        session_id: get(row, 0)?,
        impersonator: Impersonator {
            user_id: get(row, 1)?,
            session_id: get(row, 2)?,
        },
        user_id: get(row, 3)?,
        organization_id: get(row, 4)?,
        reason: get(row, 5)?,
        started_at: get(row, 6)?,
        expires_at: get(row, 7)?,
        revoked: get::<Option<Millis>>(row, 8)?.zip(reason(9)?),
        impersonator_revoked: reason(10)?,
        origin: Origin {
            ip_address: get(row, 11)?,
            user_agent: get(row, 12)?,
        },
    })
}

async fn settings(connection: &mut PgConnection) -> Result<ImpersonationSettings, Fault> {
    let Some(row) = query(SETTINGS).fetch_optional(connection).await? else {
        return Ok(ImpersonationSettings::default());
    };
    Ok(ImpersonationSettings {
        allowed_networks: serde_json::from_str(get(&row, 0)?).map_err(|_| unreadable("list", "JSON"))?,
        tell_target: get(&row, 1)?,
    })
}

async fn put_settings(connection: &mut PgConnection, settings: &ImpersonationSettings) -> Result<(), Fault> {
    let networks = serde_json::to_string(&settings.allowed_networks)
        .map_err(|error| StoreError::Failed(format!("a list has no JSON form: {error}")))?;
    query(PUT_SETTINGS)
        .bind(networks)
        .bind(settings.tell_target)
        .execute(connection)
        .await?;
    Ok(())
}

#[async_trait]
impl Impersonations for PostgresStore {
    async fn begin_impersonation(
        &self,
        new: NewImpersonation,
        audit: AuditEntry,
    ) -> Result<BegunImpersonation, StoreError> {
        telling!(self, |connection| begin(connection, &new, &audit).await)
    }

    async fn live_impersonations(&self, now: Millis) -> Result<Vec<LiveImpersonation>, StoreError> {
        self.single(async |connection| {
            let rows = query(LIVE).bind(now).fetch_all(connection).await?;
            rows.iter().map(live).collect()
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
        telling!(self, |connection| end(connection, session_id, how, now, &audit)
            .await)
    }

    /// Asked for each second: most often there is nothing to note, and nothing is locked.
    async fn note_ended_impersonations(&self, now: Millis, limit: u32) -> Result<u32, StoreError> {
        let any = self
            .single(async |connection| {
                let asked = query_scalar::<Postgres, bool>(ANY).bind(now);
                Ok(asked.bind(default_idle_minutes()).fetch_one(connection).await?)
            })
            .await?;
        if !any {
            return Ok(0);
        }
        telling!(self, |connection| note_ended(connection, now, limit).await)
    }

    async fn impersonation_settings(&self) -> Result<ImpersonationSettings, StoreError> {
        self.single(async |connection| settings(connection).await).await
    }

    async fn put_impersonation_settings(
        &self,
        settings: ImpersonationSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        transaction!(self, |connection| {
            put_settings(connection, &settings).await?;
            audit::add(connection, &audit).await
        })
    }
}
