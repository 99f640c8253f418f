//! Shortening the audit log by rule: whole sealed prefixes go, behind a signed cut that says where the log now begins.

use store::StoreError;

use super::sealing::SealingError;
use crate::first_operator::by_program;
use crate::server::Server;

/// How long after a cut the next one is made, at the earliest, in milliseconds: a day. Each one leaves a row.
const CUTS_APART_MS: i64 = 24 * 60 * 60 * 1_000;

/// Rows that one transaction deletes, at most.
const ROWS_AT_ONCE: u32 = 500;

/// Cuts the log behind the last seal that is older than rows are kept, and deletes what stands before a cut. Returns how
/// many rows were deleted.
///
/// # Errors
/// See [`SealingError`].
pub async fn shorten(server: &Server) -> Result<u64, SealingError> {
    if let Some(kept) = server.options.audit.kept {
        let kept_ms = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        cut(server, server.now().saturating_sub(kept_ms)).await?;
    }
    Ok(purge(server).await?)
}

async fn cut(server: &Server, sealed_before: i64) -> Result<(), SealingError> {
    let (store, now) = (server.store(), server.now());
    let cuts = store.audit_cuts().await?;
    let last = cuts.last();
    if last.is_some_and(|last| now.saturating_sub(last.cut_at) < CUTS_APART_MS) {
        return Ok(());
    }
    let Some(seal) = store.last_audit_seal_before(sealed_before).await? else {
        return Ok(());
    };
    let first = last.map_or(0, |last| last.to_sequence) + 1;
    let cut = server
        .seal_keys
        .cut(last.map_or(0, |last| last.number) + 1, &seal, now)?;
    let mut entry = by_program(server, "audit.shortened");
    entry.detail = serde_json::json!({
        "by": "vigie-server",
        "first_row": first,
        "last_row": seal.to_sequence,
        "sealed_before": crate::clock::wire_time(sealed_before),
    });
    if store.cut_audit_log(cut, entry).await? {
        tracing::info!(
            first,
            last = seal.to_sequence,
            "the audit log is shortened by rule"
        );
    }
    Ok(())
}

async fn purge(server: &Server) -> Result<u64, StoreError> {
    let mut deleted = 0;
    loop {
        let some = server.store().purge_audit_log(ROWS_AT_ONCE).await?;
        deleted += u64::from(some);
        if some < ROWS_AT_ONCE {
            return Ok(deleted);
        }
        tokio::task::yield_now().await;
    }
}
