//! Reading a month's impersonations from the audit log, which says of each when it began and how it ended.

use std::collections::HashMap;

use chrono_tz::Tz;
use protocol::audit::AuditResult;
use store::impersonation::LONGEST_MS;
use store::{AuditFilter, AuditKey, Millis, NamedAuditRow, Store, StoreError};
use uuid::Uuid;

use super::figures::{Coverage, Ending, Figures, Stay};
use super::month::Month;

/// Rows that are read at once.
const ROWS_AT_ONCE: u32 = 500;

/// For how long after a month ends of what began in it are looked for: an end that nobody said is written down when a server
/// runs again.
const ENDS_WITHIN_MS: Millis = 31 * 24 * 60 * 60 * 1_000;

/// How long after its deadline the end of one is waited for.
const SLACK_MS: Millis = 60 * 1_000;

const STARTED: &str = "impersonation.started";

/// The actions that end one, each with what it says.
const ENDINGS: [(&str, Ending); 4] = [
    ("impersonation.stopped", Ending::Stopped),
    ("impersonation.force_stopped", Ending::Forced),
    ("impersonation.expired", Ending::Expired),
    ("impersonation.ended", Ending::WithASession),
];

/// The figures of a month, of these organisations or of all.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn gather(
    store: &dyn Store,
    month: Month,
    zone: Tz,
    organization_ids: Option<&[Uuid]>,
    now: Millis,
) -> Result<Figures, StoreError> {
    let (from, to) = month.span(zone);
    let mut began = Vec::new();
    let mut ends = HashMap::new();
    let one_by_one: Vec<Option<Uuid>> = match organization_ids {
        None => vec![None],
        Some(ids) => ids.iter().copied().map(Some).collect(),
    };
    for organization_id in one_by_one {
        let wanted = |actions: &[&str], to| AuditFilter {
            organization_id,
            actions: Some(actions.iter().map(|action| (*action).to_owned()).collect()),
            result: Some(AuditResult::Done),
            from: Some(from),
            to: Some(to),
            ..AuditFilter::default()
        };
        began.extend(rows(store, wanted(&[STARTED], to)).await?);
        let endings = ENDINGS.map(|(action, _)| action);
        for found in rows(store, wanted(&endings, to.saturating_add(ENDS_WITHIN_MS))).await? {
            if let Some((target, end)) = end(&found) {
                ends.insert(target, end);
            }
        }
    }
    let stays: Vec<_> = began.iter().filter_map(|row| stay(row, &ends, now)).collect();
    Ok(Figures::of(
        &stays,
        month,
        zone,
        coverage(store, (from, to), now).await?,
    ))
}

/// When this log begins, where its oldest rows were deleted by rule or never were; `None` where it is empty.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn log_begins(store: &dyn Store) -> Result<Option<LogBeginning>, StoreError> {
    let cuts = store.audit_cuts().await?;
    let after = cuts.last().map_or(0, |cut| cut.to_sequence);
    let first = store.audit_chain(after, 1).await?;
    Ok(match (first.first(), cuts.last()) {
        (Some(first), Some(_)) => Some(LogBeginning::Cut(first.at()?)),
        (Some(first), None) => Some(LogBeginning::First(first.at()?)),
        (None, Some(cut)) => Some(LogBeginning::Cut(cut.cut_at)),
        (None, None) => None,
    })
}

/// How a log begins, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogBeginning {
    /// With the first row that ever was.
    First(Millis),
    /// Behind rows that were deleted by rule.
    Cut(Millis),
}

async fn coverage(
    store: &dyn Store,
    (from, to): (Millis, Millis),
    now: Millis,
) -> Result<Coverage, StoreError> {
    Ok(match log_begins(store).await? {
        Some(LogBeginning::Cut(at)) if at > from => Coverage::From(at),
        Some(LogBeginning::Cut(_) | LogBeginning::First(_)) | None if now < to => Coverage::Until(now),
        Some(LogBeginning::Cut(_) | LogBeginning::First(_)) | None => Coverage::Whole,
    })
}

async fn rows(store: &dyn Store, filter: AuditFilter) -> Result<Vec<NamedAuditRow>, StoreError> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = store.audit_page(filter.clone(), after, ROWS_AT_ONCE).await?;
        after = page.last().map(|last| AuditKey {
            at: last.row.at,
            sequence: last.row.sequence,
        });
        let is_last = page.len() < usize::try_from(ROWS_AT_ONCE).unwrap_or(usize::MAX);
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// What was ended, how and when.
fn end(found: &NamedAuditRow) -> Option<(String, (Ending, Millis))> {
    let row = &found.row;
    let (_, ending) = ENDINGS.iter().find(|(action, _)| *action == row.action)?;
    // What nobody said is written down later than it was.
    let at = row.detail["ended_at_ms"].as_i64().unwrap_or(row.at);
    Some((row.target.clone()?, (*ending, at)))
}

fn stay(found: &NamedAuditRow, ends: &HashMap<String, (Ending, Millis)>, now: Millis) -> Option<Stay> {
    let row = &found.row;
    let (organization_id, administrator_id) = (row.organization_id?, row.actor_user_id?);
    let named = |name: &Option<String>, id: Uuid| name.clone().unwrap_or_else(|| id.to_string());
    let (ending, until) = match row.target.as_ref().and_then(|target| ends.get(target)) {
        Some((ending, at)) => (*ending, Some(*at)),
        None if now < row.at.saturating_add(LONGEST_MS + SLACK_MS) => (Ending::Lasting, Some(now)),
        None => (Ending::Unknown, None),
    };
    Some(Stay {
        organization_id,
        organization: named(&found.organization_name, organization_id),
        administrator_id,
        administrator: named(&found.actor_name, administrator_id),
        started_at: row.at,
        ending,
        until,
    })
}
