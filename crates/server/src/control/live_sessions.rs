//! Live sessions: listing and closing them.

use axum::Json;
use axum::extract::{Path, Query, State};
use store::{RevokeReason, SessionFilter};
use uuid::Uuid;

use super::commands::{Answer, Commands, No};
use super::wire::{Ended, ListedSession, Of};
use crate::client::AuditParticulars as _;
use crate::clock::wire_time;

const SESSIONS_LISTED: u32 = 1_000;

pub(super) async fn sessions(
    State(commands): State<Commands>,
    Query(of): Query<Of>,
) -> Answer<Vec<ListedSession>> {
    let organization_id = match of.organization.as_deref() {
        Some(slug) => Some(commands.organization(Some(slug)).await?.id),
        None => None,
    };
    let filter = SessionFilter {
        organization_id,
        ..SessionFilter::default()
    };
    let live = commands
        .store
        .sessions_page(filter, None, SESSIONS_LISTED, commands.now())
        .await?;
    let listed = |identity: store::Identity| ListedSession {
        session_id: identity.session.id,
        username: identity.username,
        organization: identity.organization_name,
        device_name: identity.session.device_name,
        device_kind: identity.session.device_kind,
        ip_address: identity.session.origin.ip_address,
        last_used_at: wire_time(identity.session.last_used_at).to_rfc3339(),
    };
    Ok(Json(live.into_iter().map(listed).collect()))
}

pub(super) async fn revoke_session(
    State(commands): State<Commands>,
    Path(id): Path<String>,
) -> Answer<Ended> {
    let unknown = || No::new("session_not_found", format!("there is no live session `{id}`"));
    let session_id = id.parse::<Uuid>().map_err(|_| unknown())?;
    let identity = commands.store.identity(session_id).await?.ok_or_else(unknown)?;
    let audit = commands
        .audit("session.revoked", identity.session.organization_id)
        .target("session", session_id);
    let ended = commands
        .store
        .revoke_session(
            session_id,
            None,
            None,
            RevokeReason::ByAdministrator,
            commands.now(),
            audit,
        )
        .await?;
    if ended {
        Ok(Json(Ended { sessions: 1 }))
    } else {
        Err(unknown())
    }
}
