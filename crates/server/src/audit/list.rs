//! The audit log in pages, for those who administer.

use axum::extract::State;
use protocol::audit::AuditPage;
use store::AuditKey;

use super::record::record;
use super::wanted::{WantedRows, read_place, written_place};
use crate::body::Queried;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::server::Server;

/// Who did what to what, newest first.
#[utoipa::path(
    get,
    path = "/admin/audit",
    tag = "admin",
    params(WantedRows),
    responses((status = 200, description = "A page, newest first", body = AuditPage))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<WantedRows>,
) -> Result<axum::Json<AuditPage>, Failure> {
    let filter = wanted.filter(&caller)?;
    let limit = wanted.limit()?;
    let after = read_place(wanted.after.as_deref())?;
    // Before the rows: what is said to be sealed then is.
    let sealed_to = sealed_to(&server).await?;
    let mut found = server.store.audit_page(filter, after, limit + 1).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let next = found.last().filter(|_| more).map(|last| {
        written_place(AuditKey {
            at: last.row.at,
            sequence: last.row.sequence,
        })
    });
    Ok(axum::Json(AuditPage {
        records: found.into_iter().map(|row| record(row, sealed_to)).collect(),
        next,
    }))
}

/// The last row under a seal, or before a cut.
///
/// # Errors
/// That the store cannot be asked.
pub(super) async fn sealed_to(server: &Server) -> Result<u64, Failure> {
    Ok(server
        .store
        .last_audit_seal()
        .await?
        .map_or(0, |seal| seal.to_sequence))
}
