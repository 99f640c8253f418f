//! Sales that are kept once per Idempotency-Key of an organisation.

use async_trait::async_trait;
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::{AuditEntry, NewSaleRow, SaleOutcome, SaleRow, Sales, StoreError};
use uuid::Uuid;

use crate::column::{get, method_word, number, text};
use crate::fault::Fault;
use crate::till_days::{Takes, takes_sales};
use crate::work::transaction;
use crate::{PostgresStore, audit, directory};

const BY_KEY: &str =
    "SELECT id, organization_id, idempotency_key, operator_id, total_cents, received_at, body_hash
    FROM sales WHERE organization_id = $1 AND idempotency_key = $2";

const OF_OPERATOR: &str = "SELECT id, organization_id, idempotency_key, operator_id, total_cents, received_at
    FROM sales WHERE organization_id = $1 AND operator_id = $2 ORDER BY received_at DESC, id DESC LIMIT $3";

const KEEP: &str = "INSERT INTO sales (id, organization_id, site_id, operator_id, idempotency_key, body_hash,
        total_cents, note, finished_at, received_at, till_day_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (organization_id, idempotency_key) DO NOTHING";

const KEEP_LINE: &str = "INSERT INTO sale_lines (organization_id, sale_id, position, category_id, quantity,
        weight_grams, unit_price_cents)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const KEEP_PAYMENT: &str =
    "INSERT INTO sale_payments (organization_id, sale_id, position, method, amount_cents)
    VALUES ($1, $2, $3, $4, $5)";

fn read(row: &PgRow) -> Result<SaleRow, Fault> {
    Ok(SaleRow {
        id: get(row, 0)?,
        organization_id: get(row, 1)?,
        idempotency_key: get(row, 2)?,
        operator_id: get(row, 3)?,
        total_cents: number(row, 4)?,
        received_at: get(row, 5)?,
    })
}

async fn kept_before(connection: &mut PgConnection, new: &NewSaleRow) -> Result<Option<SaleOutcome>, Fault> {
    let before = query(BY_KEY)
        .bind(new.organization_id)
        .bind(new.idempotency_key)
        .fetch_optional(connection)
        .await?;
    let Some(row) = before else { return Ok(None) };
    let body_hash: &[u8] = get(&row, 6)?;
    Ok(Some(if body_hash == new.body_hash {
        SaleOutcome::KeptBefore(read(&row)?)
    } else {
        SaleOutcome::KeyReused
    }))
}

async fn keep_sale(
    connection: &mut PgConnection,
    new: &NewSaleRow,
    entry: &AuditEntry,
) -> Result<SaleOutcome, Fault> {
    if let Some(outcome) = kept_before(connection, new).await? {
        return Ok(outcome);
    }
    directory::known_organization(connection, new.organization_id).await?;
    directory::known_site(connection, new.organization_id, new.site_id).await?;
    let member = query("SELECT 1 FROM memberships WHERE user_id = $1 AND organization_id = $2")
        .bind(new.operator_id)
        .bind(new.organization_id);
    if !directory::exists(connection, member).await? {
        return Err(StoreError::UnknownReference("operator").into());
    }
    for line in &new.sale.lines {
        let category = query("SELECT 1 FROM categories WHERE organization_id = $1 AND id = $2")
            .bind(new.organization_id)
            .bind(line.category_id);
        if !directory::exists(connection, category).await? {
            return Ok(SaleOutcome::CategoryUnknown(line.category_id));
        }
    }
    if let Some(day_id) = new.sale.till_day_id {
        match takes_sales(connection, new.organization_id, day_id).await? {
            Some(Takes::Sales) => {}
            Some(Takes::Nothing) => {
                // The same sale, sent twice at once, may have been kept while the closing was waited for.
                let before = kept_before(connection, new).await?;
                return Ok(before.unwrap_or(SaleOutcome::TillDayClosed));
            }
            None => return Ok(SaleOutcome::TillDayUnknown),
        }
    }
    if !insert(connection, new).await? {
        // The same sale came twice at once, and the other one was first: it is committed by now.
        return kept_before(connection, new)
            .await?
            .ok_or_else(|| StoreError::Failed("a sale that is kept is not there".to_owned()).into());
    }
    audit::add(connection, entry).await?;
    Ok(SaleOutcome::Kept(SaleRow {
        id: new.id,
        organization_id: new.organization_id,
        idempotency_key: new.idempotency_key,
        operator_id: new.operator_id,
        total_cents: new.sale.total_cents,
        received_at: new.now,
    }))
}

/// Returns whether the key was free.
async fn insert(connection: &mut PgConnection, new: &NewSaleRow) -> Result<bool, Fault> {
    let kept = query(KEEP)
        .bind(new.id)
        .bind(new.organization_id)
        .bind(new.site_id)
        .bind(new.operator_id)
        .bind(new.idempotency_key)
        .bind(new.body_hash)
        .bind(i64::from(new.sale.total_cents))
        .bind(text(&new.sale.note))
        .bind(new.sale.finished_at.timestamp_millis())
        .bind(new.now)
        .bind(new.sale.till_day_id)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if kept == 0 {
        return Ok(false);
    }
    for (position, line) in (0_i64..).zip(&new.sale.lines) {
        query(KEEP_LINE)
            .bind(new.organization_id)
            .bind(new.id)
            .bind(position)
            .bind(line.category_id)
            .bind(i64::from(line.quantity))
            .bind(i64::from(line.weight_grams))
            .bind(i64::from(line.unit_price_cents))
            .execute(&mut *connection)
            .await?;
    }
    for (position, payment) in (0_i64..).zip(&new.sale.payments) {
        query(KEEP_PAYMENT)
            .bind(new.organization_id)
            .bind(new.id)
            .bind(position)
            .bind(method_word(payment.method))
            .bind(i64::from(payment.amount_cents))
            .execute(&mut *connection)
            .await?;
    }
    Ok(true)
}

#[async_trait]
impl Sales for PostgresStore {
    async fn keep_sale(&self, new: NewSaleRow, audit: AuditEntry) -> Result<SaleOutcome, StoreError> {
        transaction!(self, |connection| keep_sale(connection, &new, &audit).await)
    }

    async fn sales_of(
        &self,
        organization_id: Uuid,
        operator_id: Uuid,
        limit: u32,
    ) -> Result<Vec<SaleRow>, StoreError> {
        self.single(async |connection| {
            let rows = query(OF_OPERATOR)
                .bind(organization_id)
                .bind(operator_id)
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await?;
            rows.iter().map(read).collect()
        })
        .await
    }
}
