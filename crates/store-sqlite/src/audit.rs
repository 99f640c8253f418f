//! The audit log's rows.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use store::audit::Fields;
use store::{AuditEntry, AuditFilter, AuditKey, AuditLog, AuditRow, NamedAuditRow, StoreError};
use uuid::Uuid;

use crate::column::unreadable;
use crate::fault::Fault;
use crate::writer::Shape;
use crate::{SqliteStore, audit_page};

const ADD: &str =
    "INSERT INTO audit_log (sequence, id, at, organization_id, actor_user_id, session_id, action, target,
        detail, ip_address, user_agent, request_id, result, reason, impersonated_user_id, before_fields, after_fields,
        device_name)
    VALUES ((SELECT coalesce(max(sequence), 0) + 1 FROM audit_log), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// What [`read`] takes of a row `l`.
macro_rules! columns {
    () => {
        "l.sequence, l.id, l.at, l.organization_id, l.actor_user_id, l.session_id, l.action, l.target, l.detail,
        l.ip_address, l.user_agent, l.request_id, l.result, l.reason, l.impersonated_user_id, l.before_fields,
        l.after_fields, l.device_name"
    };
}
pub(crate) use columns;

/// How many columns [`read`] takes.
pub(crate) const COLUMNS: usize = 18;

const ALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM audit_log l ORDER BY l.sequence DESC LIMIT ?"
);

const OF_ORGANIZATION: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM audit_log l WHERE l.organization_id = ?2 ORDER BY l.sequence DESC LIMIT ?1"
);

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
            entry.result.as_str(),
            entry.reason,
            entry.impersonated_user_id,
            written(&entry.before),
            written(&entry.after),
            entry.device_name,
        ])
        .map(drop)
}

fn written(fields: &Fields) -> String {
    serde_json::json!(fields).to_string()
}

/// Reads a row from the first columns.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let sequence: i64 = row.get(0)?;
    let fields = |column| {
        let text = row.get_ref(column)?.as_str()?;
        serde_json::from_str(text).map_err(|_| unreadable(column, "JSON object of texts", "audit fields"))
    };
    let detail = row.get_ref(8)?.as_str()?;
    let result = row.get_ref(12)?.as_str()?;
    Ok(AuditRow {
        sequence: sequence.unsigned_abs(),
        id: row.get(1)?,
        at: row.get(2)?,
        organization_id: row.get(3)?,
        actor_user_id: row.get(4)?,
        impersonated_user_id: row.get(14)?,
        session_id: row.get(5)?,
        action: row.get(6)?,
        target: row.get(7)?,
        result: result
            .parse()
            .map_err(|_| unreadable(12, "result of a deed", result))?,
        reason: row.get(13)?,
        before: fields(15)?,
        after: fields(16)?,
        detail: serde_json::from_str(detail).map_err(|_| unreadable(8, "JSON", "audit detail"))?,
        ip_address: row.get(9)?,
        user_agent: row.get(10)?,
        device_name: row.get(17)?,
        request_id: row.get(11)?,
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

    async fn audit_page(
        &self,
        filter: AuditFilter,
        after: Option<AuditKey>,
        limit: u32,
    ) -> Result<Vec<NamedAuditRow>, StoreError> {
        self.readers
            .read(move |connection| Ok(audit_page::page(connection, &filter, after, limit)?))
            .await
    }
}
