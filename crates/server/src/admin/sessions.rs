//! Everybody's live sessions.

use axum::extract::State;
use protocol::ErrorCode;
use protocol::session::AdminSessionList;
use store::{Millis, PageKey, SessionFilter};

use super::wanted::WantedSessions;
use crate::body::Queried;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::page;
use crate::server::Server;
use crate::session_view::{for_administrator, lives};

const IDLE_MOST_MINUTES: u32 = 525_600;

/// Live sessions, newest first.
#[utoipa::path(
    get,
    path = "/admin/sessions",
    tag = "admin",
    params(WantedSessions),
    responses((status = 200, description = "A page, newest first", body = AdminSessionList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<WantedSessions>,
) -> Result<axum::Json<AdminSessionList>, Failure> {
    caller.administers()?;
    let limit = page::limit(wanted.limit)?;
    let after = page::read_place(wanted.after.as_deref())?;
    let filter = filter(&caller, wanted)?;
    let mut found = server
        .store
        .sessions_page(filter, after, limit + 1, caller.now)
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| {
        page::written_place(PageKey {
            created_at: last.session.created_at,
            id: last.session.id,
        })
    });
    let current = caller.identity.session.id;
    let sessions = found
        .into_iter()
        .filter(|identity| lives(&server, identity, caller.now))
        .filter_map(|identity| for_administrator(&server, identity, current, caller.now))
        .collect();
    Ok(axum::Json(AdminSessionList { sessions, next }))
}

fn filter(caller: &Caller, wanted: WantedSessions) -> Result<SessionFilter, Failure> {
    let text = |field, text: Option<String>| match text {
        Some(text) if text.chars().count() > 64 => Err(Failure::invalid(field, "at most 64 characters")),
        text => Ok(text.filter(|text| !text.is_empty())),
    };
    if wanted
        .idle_minutes
        .is_some_and(|minutes| minutes > IDLE_MOST_MINUTES)
    {
        return Err(Failure::invalid(
            "idle_minutes",
            format!("at most {IDLE_MOST_MINUTES}"),
        ));
    }
    let organization_id = if caller.identity.super_admin {
        wanted.organization_id
    } else {
        let current = caller.organization_id();
        if wanted.organization_id.is_some_and(|asked| asked != current) {
            return Err(Failure::new(ErrorCode::OrganizationNotFound));
        }
        Some(current)
    };
    Ok(SessionFilter {
        organization_id,
        user_id: wanted.user_id,
        site_id: wanted.site_id,
        ip_address: text("ip_address", wanted.ip_address)?,
        device: text("device", wanted.device)?,
        idle_for_ms: wanted.idle_minutes.map(|minutes| Millis::from(minutes) * 60_000),
    })
}
