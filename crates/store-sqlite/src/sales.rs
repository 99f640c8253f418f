//! Sales that are kept once per Idempotency-Key of an organisation.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{AuditEntry, NewSaleRow, SaleOutcome, SaleRow, Sales, StoreError};
use uuid::Uuid;

use crate::column::method_word;
use crate::fault::Fault;
use crate::till_days::{Takes, takes_sales};
use crate::writer::Shape;
use crate::{SqliteStore, audit, directory};

const BY_KEY: &str =
    "SELECT id, organization_id, idempotency_key, operator_id, total_cents, received_at, body_hash
    FROM sales WHERE organization_id = ? AND idempotency_key = ?";

const OF_OPERATOR: &str = "SELECT id, organization_id, idempotency_key, operator_id, total_cents, received_at
    FROM sales WHERE organization_id = ? AND operator_id = ? ORDER BY received_at DESC, id DESC LIMIT ?";

const KEEP: &str = "INSERT INTO sales (id, organization_id, site_id, operator_id, idempotency_key, body_hash,
        total_cents, note, finished_at, received_at, till_day_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const KEEP_LINE: &str = "INSERT INTO sale_lines (organization_id, sale_id, position, category_id, quantity,
        weight_grams, unit_price_cents)
    VALUES (?, ?, ?, ?, ?, ?, ?)";

const KEEP_PAYMENT: &str = "INSERT INTO sale_payments (organization_id, sale_id, position, method, amount_cents) VALUES (?, ?, ?, ?, ?)";

fn read(row: &Row<'_>) -> rusqlite::Result<SaleRow> {
    Ok(SaleRow {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        idempotency_key: row.get(2)?,
        operator_id: row.get(3)?,
        total_cents: row.get(4)?,
        received_at: row.get(5)?,
    })
}

fn keep_sale(connection: &Connection, new: &NewSaleRow, entry: &AuditEntry) -> Result<SaleOutcome, Fault> {
    let before = connection
        .prepare_cached(BY_KEY)?
        .query_row([new.organization_id, new.idempotency_key], |row| {
            Ok((read(row)?, row.get::<_, [u8; 32]>(6)?))
        })
        .optional()?;
    if let Some((row, body_hash)) = before {
        let same = body_hash == new.body_hash;
        return Ok(if same {
            SaleOutcome::KeptBefore(row)
        } else {
            SaleOutcome::KeyReused
        });
    }
    directory::known_organization(connection, new.organization_id)?;
    directory::known_site(connection, new.organization_id, new.site_id)?;
    let member = "SELECT 1 FROM memberships WHERE user_id = ? AND organization_id = ?";
    if !directory::exists(connection, member, [new.operator_id, new.organization_id])? {
        return Err(StoreError::UnknownReference("operator").into());
    }
    let category = "SELECT 1 FROM categories WHERE organization_id = ? AND id = ?";
    for line in &new.sale.lines {
        if !directory::exists(connection, category, [new.organization_id, line.category_id])? {
            return Ok(SaleOutcome::CategoryUnknown(line.category_id));
        }
    }
    if let Some(day_id) = new.sale.till_day_id {
        match takes_sales(connection, new.organization_id, day_id)? {
            Some(Takes::Sales) => {}
            Some(Takes::Nothing) => return Ok(SaleOutcome::TillDayClosed),
            None => return Ok(SaleOutcome::TillDayUnknown),
        }
    }
    insert(connection, new)?;
    audit::add(connection, entry)?;
    Ok(SaleOutcome::Kept(SaleRow {
        id: new.id,
        organization_id: new.organization_id,
        idempotency_key: new.idempotency_key,
        operator_id: new.operator_id,
        total_cents: new.sale.total_cents,
        received_at: new.now,
    }))
}

fn insert(connection: &Connection, new: &NewSaleRow) -> rusqlite::Result<()> {
    connection.prepare_cached(KEEP)?.execute(params![
        new.id,
        new.organization_id,
        new.site_id,
        new.operator_id,
        new.idempotency_key,
        new.body_hash,
        new.sale.total_cents,
        new.sale.note,
        new.sale.finished_at.timestamp_millis(),
        new.now,
        new.sale.till_day_id,
    ])?;
    let mut keep_line = connection.prepare_cached(KEEP_LINE)?;
    for (position, line) in (0_u32..).zip(&new.sale.lines) {
        keep_line.execute(params![
            new.organization_id,
            new.id,
            position,
            line.category_id,
            line.quantity,
            line.weight_grams,
            line.unit_price_cents,
        ])?;
    }
    let mut keep_payment = connection.prepare_cached(KEEP_PAYMENT)?;
    for (position, payment) in (0_u32..).zip(&new.sale.payments) {
        keep_payment.execute(params![
            new.organization_id,
            new.id,
            position,
            method_word(payment.method),
            payment.amount_cents,
        ])?;
    }
    Ok(())
}

#[async_trait]
impl Sales for SqliteStore {
    async fn keep_sale(&self, new: NewSaleRow, audit: AuditEntry) -> Result<SaleOutcome, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                keep_sale(connection, &new, &audit)
            })
            .await
    }

    async fn sales_of(
        &self,
        organization_id: Uuid,
        operator_id: Uuid,
        limit: u32,
    ) -> Result<Vec<SaleRow>, StoreError> {
        self.readers
            .read(move |connection| {
                let rows = connection
                    .prepare_cached(OF_OPERATOR)?
                    .query_map(params![organization_id, operator_id, limit], read)?
                    .collect::<rusqlite::Result<_>>()?;
                Ok(rows)
            })
            .await
    }
}
