//! The audit log's rows.

use async_trait::async_trait;
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::{AuditEntry, AuditLog, AuditRow, StoreError};
use uuid::Uuid;

use crate::PostgresStore;
use crate::column::{get, text, unreadable};
use crate::fault::Fault;
use crate::work::transaction;

const ADD: &str =
    "INSERT INTO audit_log (id, at, organization_id, actor_user_id, session_id, action, target, detail,
        ip_address, user_agent, request_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

const ALL: &str =
    "SELECT sequence, id, at, organization_id, actor_user_id, session_id, action, target, detail
    FROM audit_log ORDER BY sequence DESC LIMIT $1";

const OF_ORGANIZATION: &str =
    "SELECT sequence, id, at, organization_id, actor_user_id, session_id, action, target, detail
    FROM audit_log WHERE organization_id = $2 ORDER BY sequence DESC LIMIT $1";

/// Adds the entry at the end of the log, where the transaction stays alone until it is committed: the last thing that it
/// does.
pub(crate) async fn add(connection: &mut PgConnection, entry: &AuditEntry) -> Result<(), Fault> {
    query(ADD)
        .bind(entry.id)
        .bind(entry.now)
        .bind(entry.organization_id)
        .bind(entry.actor_user_id)
        .bind(entry.session_id)
        .bind(entry.action)
        .bind(entry.target.as_deref().map(text))
        .bind(entry.detail.to_string())
        .bind(text(&entry.ip_address))
        .bind(text(&entry.user_agent))
        .bind(text(&entry.request_id))
        .execute(connection)
        .await?;
    Ok(())
}

fn read(row: &PgRow) -> Result<AuditRow, Fault> {
    let sequence: i64 = get(row, 0)?;
    let detail: &str = get(row, 8)?;
    Ok(AuditRow {
        sequence: sequence.unsigned_abs(),
        id: get(row, 1)?,
        at: get(row, 2)?,
        organization_id: get(row, 3)?,
        actor_user_id: get(row, 4)?,
        session_id: get(row, 5)?,
        action: get(row, 6)?,
        target: get(row, 7)?,
        detail: serde_json::from_str(detail).map_err(|_| unreadable("JSON", "audit detail"))?,
    })
}

#[async_trait]
impl AuditLog for PostgresStore {
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        transaction!(self, |connection| add(connection, &entry).await)
    }

    async fn audit_rows(
        &self,
        organization_id: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.single(async |connection| {
            let sql = if organization_id.is_some() {
                OF_ORGANIZATION
            } else {
                ALL
            };
            let asked = query(sql).bind(i64::from(limit));
            let asked = match organization_id {
                Some(id) => asked.bind(id),
                None => asked,
            };
            asked.fetch_all(connection).await?.iter().map(read).collect()
        })
        .await
    }
}
