//! The audit log's rows.

use async_trait::async_trait;
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::audit::Fields;
use store::{AuditEntry, AuditFilter, AuditKey, AuditLog, AuditRow, NamedAuditRow, StoreError};
use uuid::Uuid;

use crate::column::{get, text, unreadable};
use crate::fault::Fault;
use crate::work::transaction;
use crate::{PostgresStore, audit_page};

const ADD: &str =
    "INSERT INTO audit_log (id, at, organization_id, actor_user_id, session_id, action, target, detail,
        ip_address, user_agent, request_id, result, reason, impersonated_user_id, before_fields, after_fields,
        device_name)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

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
    " FROM audit_log l ORDER BY l.sequence DESC LIMIT $1"
);

const OF_ORGANIZATION: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM audit_log l WHERE l.organization_id = $2 ORDER BY l.sequence DESC LIMIT $1"
);

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
        .bind(entry.result.as_str())
        .bind(entry.reason.as_deref().map(text))
        .bind(entry.impersonated_user_id)
        .bind(written(&entry.before))
        .bind(written(&entry.after))
        .bind(entry.device_name.as_deref().map(text))
        .execute(connection)
        .await?;
    Ok(())
}

fn written(fields: &Fields) -> String {
    serde_json::json!(fields).to_string()
}

/// Reads a row from the first columns.
pub(crate) fn read(row: &PgRow) -> Result<AuditRow, Fault> {
    let sequence: i64 = get(row, 0)?;
    let fields = |column: usize| {
        let text: &str = get(row, column)?;
        serde_json::from_str(text).map_err(|_| unreadable("JSON object of texts", "audit fields"))
    };
    let detail: &str = get(row, 8)?;
    let result: &str = get(row, 12)?;
    Ok(AuditRow {
        sequence: sequence.unsigned_abs(),
        id: get(row, 1)?,
        at: get(row, 2)?,
        organization_id: get(row, 3)?,
        actor_user_id: get(row, 4)?,
        impersonated_user_id: get(row, 14)?,
        session_id: get(row, 5)?,
        action: get(row, 6)?,
        target: get(row, 7)?,
        result: result
            .parse()
            .map_err(|_| unreadable("result of a deed", result))?,
        reason: get(row, 13)?,
        before: fields(15)?,
        after: fields(16)?,
        detail: serde_json::from_str(detail).map_err(|_| unreadable("JSON", "audit detail"))?,
        ip_address: get(row, 9)?,
        user_agent: get(row, 10)?,
        device_name: get(row, 17)?,
        request_id: get(row, 11)?,
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

    async fn audit_page(
        &self,
        filter: AuditFilter,
        after: Option<AuditKey>,
        limit: u32,
    ) -> Result<Vec<NamedAuditRow>, StoreError> {
        self.single(async |connection| audit_page::page(connection, &filter, after, limit).await)
            .await
    }
}
