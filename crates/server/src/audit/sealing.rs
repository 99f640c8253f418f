//! Sealing: every second what was written since becomes part of the chain, under a signed head. Of several processes over
//! one database one seals; a row is sealed once.

use std::time::Duration;

use store::chain::{BEGINNING, link};
use store::{Link, LinkedRow, StoreError};
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::heads::HeadsFile;
use crate::access_token::SigningFault;
use crate::background::told;
use crate::server::Server;

/// How often it is looked for rows that are not sealed.
const EVERY: Duration = Duration::from_secs(1);

/// Rows under one seal, at most: what came together while the server was away is sealed in several.
const ROWS_AT_ONCE: u32 = 500;

/// How long the last sealing may take when the server ends.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Why rows are not sealed.
#[derive(Debug, Error)]
pub enum SealingError {
    /// The store cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys are not what they should be.
    #[error("audit_seal_key: {0}")]
    Key(#[from] SigningFault),
    /// Rows that were not sealed yet are gone.
    #[error("audit_row_missing: row {0} of the audit log is missing; the rows after it are not sealed")]
    RowMissing(u64),
}

/// Seals what is not sealed yet. Returns how many rows this process sealed.
///
/// # Errors
/// See [`SealingError`].
pub async fn seal_waiting(server: &Server) -> Result<u64, SealingError> {
    let mut sealed = 0;
    loop {
        let store = server.store();
        let (number, to_sequence, head) = end_of_chain(server).await?;
        let rows = store.audit_chain(to_sequence, ROWS_AT_ONCE).await?;
        let Some(last) = rows.last() else {
            return Ok(sealed);
        };
        let links = links(to_sequence, head, &rows)?;
        let seal = server.seal_keys.seal(
            number + 1,
            (to_sequence + 1, last.sequence),
            (head, links.last().copied().unwrap_or(head)),
            server.now(),
        )?;
        let many = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        if !store.add_audit_seal(seal, links).await? {
            // Another process is at it.
            return Ok(sealed);
        }
        sealed += u64::from(many);
        if many < ROWS_AT_ONCE {
            return Ok(sealed);
        }
        tokio::task::yield_now().await;
    }
}

/// The number of the newest seal, the row it ends with, and that row's link.
async fn end_of_chain(server: &Server) -> Result<(u64, u64, Link), StoreError> {
    if let Some(seal) = server.store().last_audit_seal().await? {
        return Ok((seal.number, seal.to_sequence, seal.head));
    }
    let cuts = server.store().audit_cuts().await?;
    Ok(cuts.last().map_or((0, 0, BEGINNING), |cut| {
        (cut.seal_number, cut.to_sequence, cut.head)
    }))
}

fn links(after: u64, head: Link, rows: &[LinkedRow]) -> Result<Vec<Link>, SealingError> {
    let mut previous = head;
    (after + 1..)
        .zip(rows)
        .map(|(expected, row)| {
            if row.sequence != expected {
                return Err(SealingError::RowMissing(expected));
            }
            previous = link(&previous, &row.row);
            Ok(previous)
        })
        .collect()
}

/// Seals until told to end, and once more then; adds each head to the file of heads.
pub(crate) async fn keep(server: &Server, mut ending: watch::Receiver<bool>) {
    let mut heads = server.options.audit.heads_file.clone().map(HeadsFile::at);
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = told(&mut ending) => break,
            _ = tick.tick() => round(server, heads.as_mut()).await,
        }
    }
    if tokio::time::timeout(END_WITHIN, round(server, heads.as_mut()))
        .await
        .is_err()
    {
        tracing::warn!("the newest rows of the audit log are sealed at the next start");
    }
}

async fn round(server: &Server, heads: Option<&mut HeadsFile>) {
    match seal_waiting(server).await {
        Ok(_) => {}
        Err(SealingError::Store(error)) => {
            tracing::warn!(cause = %error, "the audit log is not sealed yet");
        }
        Err(error @ (SealingError::Key(_) | SealingError::RowMissing(_))) => {
            tracing::error!(cause = %error, "the audit log is not sealed");
        }
    }
    if let Some(heads) = heads {
        heads.catch_up(server.store().as_ref(), &server.seal_keys).await;
    }
}
