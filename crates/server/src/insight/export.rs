//! The same figures as a table for spreadsheets (RFC 4180): one line a step, then all together.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::SecondsFormat;
use http::{HeaderValue, header};
use protocol::insight::{EndReason, RefreshFailure};
use strum::IntoEnumIterator as _;

use super::metrics::{Figures, StepFigures};
use super::range::{Wanted, scope};
use crate::body::Queried;
use crate::caller::Caller;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::server::Server;
use crate::table_cells::line;

/// The columns before those of the reasons.
const FIRST: [&str; 9] = [
    "from",
    "refreshes_success",
    "refreshes_failure",
    "refreshes_rejected",
    "logins_success",
    "logins_failure",
    "ends_forced",
    "ends_manual",
    "latency_p95_ms",
];

/// The same figures as a table: a line for each step and one for all of them, with a column for each reason.
#[utoipa::path(
    get,
    path = "/admin/sessions/metrics/export",
    tag = "admin",
    params(Wanted),
    responses((status = 200, description = "The table", body = String, content_type = "text/csv"))
)]
pub(super) async fn export(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<Wanted>,
) -> Result<Response, Failure> {
    let organization_id = scope(&caller, wanted.organization_id)?;
    let figures = Figures::read(&server, organization_id, wanted.range, caller.now).await?;
    let mut response = table(&figures).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    let name = format!("attachment; filename=\"vigie-sessions-{}.csv\"", figures.range);
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn table(figures: &Figures) -> String {
    let head = FIRST
        .iter()
        .map(|name| (*name).to_owned())
        .chain(RefreshFailure::iter().map(|reason| format!("failure_{reason}")))
        .chain(EndReason::iter().map(|reason| format!("end_{reason}")));
    let mut table = line(head);
    for (at, step) in &figures.steps {
        let at = wire_time(*at).to_rfc3339_opts(SecondsFormat::Secs, true);
        table.push_str(&line(cells(at, step)));
    }
    table.push_str(&line(cells("total".to_owned(), &figures.total())));
    table
}

fn cells(from: String, step: &StepFigures) -> impl Iterator<Item = String> {
    let (forced, manual) = step.forced_and_manual();
    let counts = [
        step.refreshes.success,
        step.refreshes.failure,
        step.refreshes.rejected,
        step.logins.success,
        step.logins.failure,
        forced,
        manual,
    ];
    let latency = step
        .percentile_ms(95)
        .map_or_else(String::new, |ms| ms.to_string());
    let failures = RefreshFailure::iter().map(|reason| step.failures.get(reason.as_str()));
    let ends = EndReason::iter().map(|reason| step.ends.get(reason.as_str()));
    let reasons = failures
        .chain(ends)
        .map(|count| count.copied().unwrap_or(0).to_string());
    std::iter::once(from)
        .chain(counts.map(|count| count.to_string()))
        .chain([latency])
        .chain(reasons)
}
