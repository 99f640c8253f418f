//! Categories: read in order, and changed by the rules that every engine follows. Whoever changes those of an organisation
//! holds its row, so that two changes at once come one after the other.

use async_trait::async_trait;
use protocol::sale::Category;
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::category::{after_all, patched, rearranged};
use store::{
    AuditEntry, Categories, CategoryPatch, CategoryRow, Change, Direction, Millis, NewCategory, StoreError,
};
use uuid::Uuid;

use crate::column::{get, listed, number, number_if_any, text};
use crate::directory::exists;
use crate::fault::Fault;
use crate::work::telling;
use crate::{PostgresStore, audit};

const ALL: &str = "SELECT id, name, price_cents, shortcut, position, archived_at, barcodes FROM categories
    WHERE organization_id = $1 ORDER BY position, name, id";

const PUT: &str =
    "INSERT INTO categories (organization_id, id, name, price_cents, shortcut, position, barcodes)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (organization_id, id) DO UPDATE SET name = excluded.name, price_cents = excluded.price_cents,
        shortcut = excluded.shortcut, position = excluded.position, barcodes = excluded.barcodes";

const STATE: &str = "UPDATE categories SET archived_at = $3 WHERE organization_id = $1 AND id = $2";

fn read(row: &PgRow) -> Result<CategoryRow, Fault> {
    Ok(CategoryRow {
        category: Category {
            id: get(row, 0)?,
            name: get(row, 1)?,
            price_cents: number_if_any(row, 2)?,
            shortcut: get(row, 3)?,
            position: number(row, 4)?,
            barcodes: listed(row, 6)?,
        },
        archived_at: get(row, 5)?,
    })
}

async fn all(connection: &mut PgConnection, organization_id: Uuid) -> Result<Vec<CategoryRow>, Fault> {
    let rows = query(ALL).bind(organization_id).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Refuses an organisation that does not exist; nobody else changes its categories until the transaction ends.
async fn hold(connection: &mut PgConnection, organization_id: Uuid) -> Result<(), Fault> {
    let asked = query("SELECT 1 FROM organizations WHERE id = $1 FOR NO KEY UPDATE").bind(organization_id);
    if exists(connection, asked).await? {
        Ok(())
    } else {
        Err(StoreError::UnknownReference("organization").into())
    }
}

async fn put(connection: &mut PgConnection, organization_id: Uuid, category: &Category) -> Result<(), Fault> {
    query(PUT)
        .bind(organization_id)
        .bind(category.id)
        .bind(text(&category.name))
        .bind(category.price_cents.map(i64::from))
        .bind(category.shortcut.as_deref().map(text))
        .bind(i64::from(category.position))
        .bind(serde_json::json!(category.barcodes).to_string())
        .execute(connection)
        .await?;
    Ok(())
}

fn told(organization_id: Uuid) -> Vec<Change> {
    vec![Change::CategoriesChanged { organization_id }]
}

async fn add(
    connection: &mut PgConnection,
    organization_id: Uuid,
    new: NewCategory,
    entry: &AuditEntry,
) -> Result<(CategoryRow, Vec<Change>), Fault> {
    hold(connection, organization_id).await?;
    let row = after_all(&all(connection, organization_id).await?, new)?;
    put(connection, organization_id, &row.category).await?;
    audit::add(connection, entry).await?;
    Ok((row, told(organization_id)))
}

async fn change(
    connection: &mut PgConnection,
    organization_id: Uuid,
    id: Uuid,
    patch: CategoryPatch,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<CategoryRow>, Vec<Change>), Fault> {
    hold(connection, organization_id).await?;
    let all = all(connection, organization_id).await?;
    let Some(row) = patched(&all, id, patch, now)? else {
        return Ok((None, Vec::new()));
    };
    if all.contains(&row) {
        return Ok((Some(row), Vec::new()));
    }
    put(connection, organization_id, &row.category).await?;
    query(STATE)
        .bind(organization_id)
        .bind(id)
        .bind(row.archived_at)
        .execute(&mut *connection)
        .await?;
    audit::add(connection, entry).await?;
    Ok((Some(row), told(organization_id)))
}

async fn rearrange(
    connection: &mut PgConnection,
    organization_id: Uuid,
    id: Uuid,
    direction: Direction,
    entry: &AuditEntry,
) -> Result<(Option<CategoryRow>, Vec<Change>), Fault> {
    hold(connection, organization_id).await?;
    let all = all(connection, organization_id).await?;
    let Some(row) = rearranged(&all, id, direction) else {
        return Ok((None, Vec::new()));
    };
    let moved: Vec<&CategoryRow> = row.iter().filter(|each| !all.contains(each)).collect();
    for each in &moved {
        put(connection, organization_id, &each.category).await?;
    }
    let changes = if moved.is_empty() {
        Vec::new()
    } else {
        audit::add(connection, entry).await?;
        told(organization_id)
    };
    Ok((row.into_iter().find(|each| each.category.id == id), changes))
}

async fn start(
    connection: &mut PgConnection,
    organization_id: Uuid,
    first: &[Category],
    entry: &AuditEntry,
) -> Result<(bool, Vec<Change>), Fault> {
    hold(connection, organization_id).await?;
    if !all(connection, organization_id).await?.is_empty() {
        return Ok((false, Vec::new()));
    }
    for category in first {
        put(connection, organization_id, category).await?;
    }
    audit::add(connection, entry).await?;
    Ok((true, told(organization_id)))
}

#[async_trait]
impl Categories for PostgresStore {
    async fn categories(&self, organization_id: Uuid) -> Result<Vec<Category>, StoreError> {
        let rows = self.every_category(organization_id).await?;
        let in_use = rows.into_iter().filter(|row| row.archived_at.is_none());
        Ok(in_use.map(|row| row.category).collect())
    }

    async fn every_category(&self, organization_id: Uuid) -> Result<Vec<CategoryRow>, StoreError> {
        self.single(async |connection| all(connection, organization_id).await)
            .await
    }

    async fn put_category(
        &self,
        organization_id: Uuid,
        category: Category,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        telling!(self, |connection| {
            hold(connection, organization_id).await?;
            put(connection, organization_id, &category).await?;
            audit::add(connection, &audit).await?;
            Ok(((), told(organization_id)))
        })
    }

    async fn add_category(
        &self,
        organization_id: Uuid,
        new: NewCategory,
        audit: AuditEntry,
    ) -> Result<CategoryRow, StoreError> {
        telling!(self, |connection| add(
            connection,
            organization_id,
            new.clone(),
            &audit
        )
        .await)
    }

    async fn change_category(
        &self,
        organization_id: Uuid,
        id: Uuid,
        patch: CategoryPatch,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<CategoryRow>, StoreError> {
        telling!(self, |connection| change(
            connection,
            organization_id,
            id,
            patch.clone(),
            now,
            &audit
        )
        .await)
    }

    async fn move_category(
        &self,
        organization_id: Uuid,
        id: Uuid,
        direction: Direction,
        audit: AuditEntry,
    ) -> Result<Option<CategoryRow>, StoreError> {
        telling!(self, |connection| rearrange(
            connection,
            organization_id,
            id,
            direction,
            &audit
        )
        .await)
    }

    async fn start_categories(
        &self,
        organization_id: Uuid,
        first: Vec<Category>,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        telling!(self, |connection| start(
            connection,
            organization_id,
            &first,
            &audit
        )
        .await)
    }
}
