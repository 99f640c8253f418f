//! Categories: read in order, and changed by the rules that every engine follows.

use async_trait::async_trait;
use protocol::sale::Category;
use rusqlite::{Connection, Row, params};
use store::category::{after_all, patched, rearranged};
use store::{
    AuditEntry, Categories, CategoryPatch, CategoryRow, Change, Direction, Millis, NewCategory, StoreError,
};
use uuid::Uuid;

use crate::column::listed;
use crate::fault::Fault;
use crate::writer::Shape;
use crate::{SqliteStore, audit, directory};

const ALL: &str = "SELECT id, name, price_cents, shortcut, position, archived_at, barcodes FROM categories
    WHERE organization_id = ? ORDER BY position, name, id";

const PUT: &str =
    "INSERT INTO categories (organization_id, id, name, price_cents, shortcut, position, barcodes) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (organization_id, id) DO UPDATE SET name = excluded.name, price_cents = excluded.price_cents,
        shortcut = excluded.shortcut, position = excluded.position, barcodes = excluded.barcodes";

const STATE: &str = "UPDATE categories SET archived_at = ?3 WHERE organization_id = ?1 AND id = ?2";

fn read(row: &Row<'_>) -> rusqlite::Result<CategoryRow> {
    Ok(CategoryRow {
        category: Category {
            id: row.get(0)?,
            name: row.get(1)?,
            price_cents: row.get(2)?,
            shortcut: row.get(3)?,
            position: row.get(4)?,
            barcodes: listed(row, 6)?,
        },
        archived_at: row.get(5)?,
    })
}

fn all(connection: &Connection, organization_id: Uuid) -> Result<Vec<CategoryRow>, Fault> {
    let rows = connection
        .prepare_cached(ALL)?
        .query_map([organization_id], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

fn put(connection: &Connection, organization_id: Uuid, category: &Category) -> rusqlite::Result<usize> {
    connection.prepare_cached(PUT)?.execute(params![
        organization_id,
        category.id,
        category.name,
        category.price_cents,
        category.shortcut,
        category.position,
        serde_json::json!(category.barcodes).to_string(),
    ])
}

/// Writes what became of a category.
fn keep(connection: &Connection, organization_id: Uuid, row: &CategoryRow) -> rusqlite::Result<()> {
    put(connection, organization_id, &row.category)?;
    connection
        .prepare_cached(STATE)?
        .execute(params![organization_id, row.category.id, row.archived_at])?;
    Ok(())
}

fn told(organization_id: Uuid) -> Vec<Change> {
    vec![Change::CategoriesChanged { organization_id }]
}

fn change(
    connection: &Connection,
    organization_id: Uuid,
    id: Uuid,
    patch: CategoryPatch,
    now: Millis,
    entry: &AuditEntry,
) -> Result<(Option<CategoryRow>, Vec<Change>), Fault> {
    let all = all(connection, organization_id)?;
    let Some(row) = patched(&all, id, patch, now)? else {
        return Ok((None, Vec::new()));
    };
    if all.contains(&row) {
        return Ok((Some(row), Vec::new()));
    }
    keep(connection, organization_id, &row)?;
    audit::add(connection, entry)?;
    Ok((Some(row), told(organization_id)))
}

fn rearrange(
    connection: &Connection,
    organization_id: Uuid,
    id: Uuid,
    direction: Direction,
    entry: &AuditEntry,
) -> Result<(Option<CategoryRow>, Vec<Change>), Fault> {
    let all = all(connection, organization_id)?;
    let Some(row) = rearranged(&all, id, direction) else {
        return Ok((None, Vec::new()));
    };
    let moved: Vec<&CategoryRow> = row.iter().filter(|each| !all.contains(each)).collect();
    for each in &moved {
        put(connection, organization_id, &each.category)?;
    }
    let changes = if moved.is_empty() {
        Vec::new()
    } else {
        audit::add(connection, entry)?;
        told(organization_id)
    };
    Ok((row.into_iter().find(|each| each.category.id == id), changes))
}

fn start(
    connection: &Connection,
    organization_id: Uuid,
    first: &[Category],
    entry: &AuditEntry,
) -> Result<(bool, Vec<Change>), Fault> {
    directory::known_organization(connection, organization_id)?;
    if !all(connection, organization_id)?.is_empty() {
        return Ok((false, Vec::new()));
    }
    for category in first {
        put(connection, organization_id, category)?;
    }
    audit::add(connection, entry)?;
    Ok((true, told(organization_id)))
}

#[async_trait]
impl Categories for SqliteStore {
    async fn categories(&self, organization_id: Uuid) -> Result<Vec<Category>, StoreError> {
        let rows = self.every_category(organization_id).await?;
        let in_use = rows.into_iter().filter(|row| row.archived_at.is_none());
        Ok(in_use.map(|row| row.category).collect())
    }

    async fn every_category(&self, organization_id: Uuid) -> Result<Vec<CategoryRow>, StoreError> {
        self.readers
            .read(move |connection| all(connection, organization_id))
            .await
    }

    async fn put_category(
        &self,
        organization_id: Uuid,
        category: Category,
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                directory::known_organization(connection, organization_id)?;
                put(connection, organization_id, &category)?;
                audit::add(connection, &audit)?;
                Ok(((), told(organization_id)))
            })
            .await
    }

    async fn add_category(
        &self,
        organization_id: Uuid,
        new: NewCategory,
        audit: AuditEntry,
    ) -> Result<CategoryRow, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                directory::known_organization(connection, organization_id)?;
                let row = after_all(&all(connection, organization_id)?, new)?;
                put(connection, organization_id, &row.category)?;
                audit::add(connection, &audit)?;
                Ok((row, told(organization_id)))
            })
            .await
    }

    async fn change_category(
        &self,
        organization_id: Uuid,
        id: Uuid,
        patch: CategoryPatch,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<CategoryRow>, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                change(connection, organization_id, id, patch, now, &audit)
            })
            .await
    }

    async fn move_category(
        &self,
        organization_id: Uuid,
        id: Uuid,
        direction: Direction,
        audit: AuditEntry,
    ) -> Result<Option<CategoryRow>, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                rearrange(connection, organization_id, id, direction, &audit)
            })
            .await
    }

    async fn start_categories(
        &self,
        organization_id: Uuid,
        first: Vec<Category>,
        audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        self.writer
            .write_telling(Shape::Several, move |connection| {
                start(connection, organization_id, &first, &audit)
            })
            .await
    }
}
