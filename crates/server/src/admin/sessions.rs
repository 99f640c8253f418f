//! Everybody's live sessions.

use axum::extract::State;
use protocol::ErrorCode;
use protocol::session::AdminSessionList;
use serde::Deserialize;
use store::{Millis, PageKey, SessionFilter};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::body::Queried;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::page;
use crate::server::Server;
use crate::session_view::{for_administrator, lives};

const IDLE_MOST_MINUTES: u32 = 525_600;

/// Which sessions are wanted; every condition given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Of this organisation. A super admin sees all without it; everybody else the current one only.
    organization_id: Option<Uuid>,
    /// Of this user.
    user_id: Option<Uuid>,
    /// Of this site.
    site_id: Option<Uuid>,
    /// Last used from an address that begins so; at most 64 characters.
    #[param(max_length = 64)]
    ip_address: Option<String>,
    /// On a device whose name contains this, in capitals or not; at most 64 characters.
    #[param(max_length = 64)]
    device: Option<String>,
    /// Without the operator's input for at least so many minutes, at most 525,600.
    #[param(minimum = 0, maximum = 525_600)]
    idle_minutes: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// How many rows, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Live sessions, newest first.
#[utoipa::path(
    get,
    path = "/admin/sessions",
    tag = "admin",
    params(Wanted),
    responses((status = 200, description = "A page, newest first", body = AdminSessionList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<Wanted>,
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

fn filter(caller: &Caller, wanted: Wanted) -> Result<SessionFilter, Failure> {
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
        idle_for_ms: wanted
            .idle_minutes
            .map(|minutes| Millis::from(minutes) * 60_000),
    })
}
