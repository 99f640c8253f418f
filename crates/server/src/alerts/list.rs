//! The organisation's alerts, for those who administer it.

use axum::extract::State;
use protocol::alert::{Alert, AlertList};
use store::{AlertPart, AlertPlace, AlertRow};

use crate::admin::Paging;
use crate::body::Queried;
use crate::caller::Caller;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::page;
use crate::server::Server;

/// The alerts of the current organisation: those that last, then those that ended, the latest first.
#[utoipa::path(
    get,
    path = "/admin/alerts",
    tag = "admin",
    params(Paging),
    responses((status = 200, description = "A page", body = AlertList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<Paging>,
) -> Result<axum::Json<AlertList>, Failure> {
    caller.administers()?;
    let limit = page::limit(wanted.limit)?;
    let after = place(page::read(wanted.after.as_deref())?)?;
    let mut rows = server
        .store
        .alerts_page(caller.organization_id(), after, limit + 1)
        .await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more).map(written);
    Ok(axum::Json(AlertList {
        alerts: rows.into_iter().map(on_the_wire).collect(),
        next,
    }))
}

fn on_the_wire(row: AlertRow) -> Alert {
    Alert {
        id: row.id,
        kind: row.kind,
        subject: row.subject,
        began_at: wire_time(row.began_at),
        ended_at: row.ended_at.map(wire_time),
        worst_count: row.worst_count,
        worst_of: row.worst_of,
        mail: row.mail,
        webhook: row.webhook,
    }
}

fn written(row: &AlertRow) -> String {
    let part = match row.ended_at {
        None => "lasting",
        Some(_) => "ended",
    };
    page::written(&format!("{part}:{}:{}", row.began_at, row.id))
}

fn place(key: Option<String>) -> Result<Option<AlertPlace>, Failure> {
    let Some(key) = key else { return Ok(None) };
    let read = || {
        let (part, rest) = key.split_once(':')?;
        let (began_at, id) = rest.split_once(':')?;
        Some(AlertPlace {
            part: match part {
                "lasting" => AlertPart::Lasting,
                "ended" => AlertPart::Ended,
                _ => return None,
            },
            began_at: began_at.parse().ok()?,
            id: id.parse().ok()?,
        })
    };
    read()
        .map(Some)
        .ok_or_else(|| Failure::invalid("after", "not a `next` of this list"))
}
