//! What happens to sessions, in figures, and the same as a file.

use http::Method;
use keeper::{AuthorisedClient, Limits};
use protocol::insight::{SessionMetrics, SufferingDevices, TopErrors};

use super::with_query;
use crate::api;
use crate::downloads::Downloads;
use crate::view::UiError;
use crate::view::insight::{ErrorsQuery, InsightQuery, SavedFile};

const PAGE: u32 = 20;
const CSV: &str = "text/csv";

/// The figures of a range.
///
/// # Errors
/// Whatever stood in the way.
pub async fn metrics(client: &AuthorisedClient, query: InsightQuery) -> Result<SessionMetrics, UiError> {
    api::call(client, Method::GET, &path_of("", query)).await
}

/// Failures that have one thing in common, a page of them, the most frequent first.
///
/// # Errors
/// Whatever stood in the way.
pub async fn errors(client: &AuthorisedClient, query: ErrorsQuery) -> Result<TopErrors, UiError> {
    let path = with_query(
        "/v1/admin/sessions/errors",
        &[
            ("range", Some(query.range.to_string())),
            ("organization_id", query.organization_id),
            ("by", Some(query.by.to_string())),
            ("after", query.after),
            ("limit", Some(PAGE.to_string())),
        ],
    );
    api::call(client, Method::GET, &path).await
}

/// The devices that suffered in a range by their own count.
///
/// # Errors
/// Whatever stood in the way.
pub async fn devices(client: &AuthorisedClient, query: InsightQuery) -> Result<SufferingDevices, UiError> {
    let path = with_query(
        "/v1/admin/sessions/devices",
        &[
            ("range", Some(query.range.to_string())),
            ("organization_id", query.organization_id),
        ],
    );
    api::call(client, Method::GET, &path).await
}

/// Saves the figures of a range for the user, as the server writes them.
///
/// # Errors
/// Whatever stood in the way, the disk included.
pub async fn export(
    client: &AuthorisedClient,
    query: InsightQuery,
    downloads: &Downloads,
) -> Result<SavedFile, UiError> {
    let name = format!("vigie-sessions-{}", query.range);
    let csv = api::call_for_file(client, &path_of("/export", query), CSV, Limits::WORK).await?;
    let path = downloads.save(&name, "csv", csv).await?;
    Ok(SavedFile {
        path: path.display().to_string(),
    })
}

fn path_of(below: &str, query: InsightQuery) -> String {
    with_query(
        &format!("/v1/admin/sessions/metrics{below}"),
        &[
            ("range", Some(query.range.to_string())),
            ("organization_id", query.organization_id),
        ],
    )
}
