//! The audit log's rows.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use store::{AuditEntry, AuditLog, AuditRow, StoreError};
use uuid::Uuid;

use crate::SqliteStore;
use crate::column::unreadable;
use crate::fault::Fault;
use crate::writer::Shape;

const ADD: &str =
    "INSERT INTO audit_log (sequence, id, at, organization_id, actor_user_id, session_id, action, target,
        detail, ip_address, user_agent, request_id)
    VALUES ((SELECT coalesce(max(sequence), 0) + 1 FROM audit_log), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const ALL: &str =
    "SELECT sequence, id, at, organization_id, actor_user_id, session_id, action, target, detail
    FROM audit_log ORDER BY sequence DESC LIMIT ?";

const OF_ORGANIZATION: &str =
    "SELECT sequence, id, at, organization_id, actor_user_id, session_id, action, target, detail
    FROM audit_log WHERE organization_id = ?2 ORDER BY sequence DESC LIMIT ?1";

/// Adds the entry at the end of the log.
pub(crate) fn add(connection: &Connection, entry: &AuditEntry) -> rusqlite::Result<()> {
    connection
        .prepare_cached(ADD)?
        .execute(params![
            entry.id,
            entry.now,
            entry.organization_id,
            entry.actor_user_id,
            entry.session_id,
            entry.action,
            entry.target,
            entry.detail.to_string(),
            entry.ip_address,
            entry.user_agent,
            entry.request_id,
        ])
        .map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let sequence: i64 = row.get(0)?;
    let detail: String = row.get(8)?;
    Ok(AuditRow {
        sequence: sequence.unsigned_abs(),
        id: row.get(1)?,
        at: row.get(2)?,
        organization_id: row.get(3)?,
        actor_user_id: row.get(4)?,
        session_id: row.get(5)?,
        action: row.get(6)?,
        target: row.get(7)?,
        detail: serde_json::from_str(&detail).map_err(|_| unreadable(8, "JSON", "audit detail"))?,
    })
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.writer
            .write(Shape::Single, move |connection| Ok(add(connection, &entry)?))
            .await
    }

    async fn audit_rows(
        &self,
        organization_id: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.readers
            .read(move |connection| {
                let rows = match organization_id {
                    None => connection
                        .prepare_cached(ALL)?
                        .query_map([limit], read)?
                        .collect::<Result<_, _>>(),
                    Some(id) => connection
                        .prepare_cached(OF_ORGANIZATION)?
                        .query_map(params![limit, id], read)?
                        .collect::<Result<_, _>>(),
                };
                rows.map_err(Fault::from)
            })
            .await
    }
}
