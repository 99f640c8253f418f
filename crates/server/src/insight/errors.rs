//! What fails most, put together by network, site, user or reason.

use std::collections::HashMap;

use axum::extract::State;
use protocol::insight::{ErrorsBy, TopError, TopErrors};
use store::Millis;
use store::insight::{FailureKey, FailureQuery, FailureSum};
use uuid::Uuid;

use super::range::{WantedErrors, bounds, scope};
use crate::body::Queried;
use crate::caller::Caller;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::page;
use crate::server::Server;

/// Refreshes that failed and sign-ins that were denied, the most frequent first.
#[utoipa::path(
    get,
    path = "/admin/sessions/errors",
    tag = "admin",
    params(WantedErrors),
    responses((status = 200, description = "A page, the most frequent first", body = TopErrors))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<WantedErrors>,
) -> Result<axum::Json<TopErrors>, Failure> {
    let organization_id = scope(&caller, wanted.organization_id)?;
    let limit = page::limit(wanted.limit)?;
    let place = read_place(wanted.after.as_deref())?;
    // Time goes on while pages are read: the range stays the one of the first page.
    let now = place
        .as_ref()
        .map_or(caller.now, |place| place.now.min(caller.now));
    let (from, to) = bounds(wanted.range, now);
    let asked = FailureQuery {
        organization_id,
        from,
        to,
        by: wanted.by,
        kind: None,
        after: place.map(|place| place.key),
        limit: limit + 1,
    };
    let mut found = server.store.failure_sums(asked).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| page::written(&written_place(now, last)));
    let names = names(&server, organization_id, wanted.by, &found).await?;
    let errors = found
        .into_iter()
        .map(|sum| on_the_wire(sum, wanted.by, &names))
        .collect();
    Ok(axum::Json(TopErrors { errors, next }))
}

struct Place {
    now: Millis,
    key: FailureKey,
}

fn written_place(now: Millis, last: &FailureSum) -> String {
    format!("{now}:{}:{}", last.refreshes + last.logins, last.key)
}

fn read_place(after: Option<&str>) -> Result<Option<Place>, Failure> {
    let read = |text: String| {
        let mut parts = text.splitn(3, ':');
        Some(Place {
            now: parts.next()?.parse().ok()?,
            key: FailureKey {
                events: parts.next()?.parse().ok()?,
                key: parts.next()?.to_owned(),
            },
        })
    };
    page::read(after)?
        .map(|text| read(text).ok_or_else(|| Failure::invalid("after", "not a `next` of this list")))
        .transpose()
}

/// What the keys are called that are ids.
async fn names(
    server: &Server,
    organization_id: Option<Uuid>,
    by: ErrorsBy,
    found: &[FailureSum],
) -> Result<HashMap<Uuid, String>, Failure> {
    match by {
        ErrorsBy::Network | ErrorsBy::Reason => Ok(HashMap::new()),
        ErrorsBy::Site => Ok(site_names(server, organization_id).await?),
        ErrorsBy::User => {
            let mut names = HashMap::new();
            for id in found.iter().filter_map(|sum| Uuid::parse_str(&sum.key).ok()) {
                if let Some(user) = server.store.user(id).await? {
                    names.insert(id, user.username);
                }
            }
            Ok(names)
        }
    }
}

/// The names of an organisation's sites, or of everybody's.
pub(super) async fn site_names(
    server: &Server,
    organization_id: Option<Uuid>,
) -> Result<HashMap<Uuid, String>, Failure> {
    let organizations = match organization_id {
        Some(id) => vec![id],
        None => {
            let all = server.store.organizations().await?;
            all.into_iter().map(|organization| organization.id).collect()
        }
    };
    let mut names = HashMap::new();
    for id in organizations {
        for site in server.store.sites(id).await? {
            names.insert(site.id, site.name);
        }
    }
    Ok(names)
}

fn on_the_wire(sum: FailureSum, by: ErrorsBy, names: &HashMap<Uuid, String>) -> TopError {
    let (key, name) = match by {
        ErrorsBy::Network | ErrorsBy::Reason => (Some(sum.key).filter(|key| !key.is_empty()), None),
        ErrorsBy::Site | ErrorsBy::User => {
            let id = Uuid::parse_str(&sum.key).ok();
            (
                id.map(|id| id.to_string()),
                id.and_then(|id| names.get(&id).cloned()),
            )
        }
    };
    let short = |count| u32::try_from(count).unwrap_or(u32::MAX);
    TopError {
        key,
        name,
        refreshes: short(sum.refreshes),
        logins: short(sum.logins),
        reason: sum.reason,
        last_at: wire_time(sum.last_at),
    }
}
