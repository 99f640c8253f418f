//! What the tills of the current organisation sell.

use std::ops::RangeInclusive;

use axum::extract::{Path, State};
use http::StatusCode;
use protocol::ErrorCode;
use protocol::administration::{
    CategoryChange, CategoryMove, CategorySummaries, CategorySummary, MoveDirection, NewCategoryRequest,
    StarterCategoriesRequest,
};
use store::{CategoryPatch, CategoryRow, CategoryState, Direction, NewCategory, StoreError};

use super::fields::{Paging, id, name};
use crate::body::{Json, Queried};
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::ids::new_id;
use crate::page;
use crate::sale_check::PRICE_MOST_CENTS;
use crate::server::Server;
use crate::starter_goods::starter_goods;

const NAME_MOST_CHARACTERS: usize = 64;
const BARCODES_MOST: usize = 20;
const BARCODE_CHARACTERS: RangeInclusive<usize> = 4..=32;

/// The categories of the current organisation, archived ones too.
#[utoipa::path(
    get,
    path = "/admin/categories",
    tag = "admin",
    params(Paging),
    responses((status = 200, description = "A page, by position", body = CategorySummaries))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(paging): Queried<Paging>,
) -> Result<axum::Json<CategorySummaries>, Failure> {
    caller.administers()?;
    let limit = page::limit(paging.limit)?;
    let after = page::read(paging.after.as_deref())?;
    let mut all = server.store.every_category(caller.organization_id()).await?;
    all.sort_by_key(place);
    let (found, next) = page::cut(all, place, after.as_deref(), limit);
    Ok(axum::Json(CategorySummaries {
        categories: found.into_iter().map(wire).collect(),
        next,
    }))
}

/// Adds a category after the others.
#[utoipa::path(
    post,
    path = "/admin/categories",
    tag = "admin",
    request_body = NewCategoryRequest,
    responses((status = 201, description = "Added", body = CategorySummary))
)]
pub(super) async fn add(
    State(server): State<Server>,
    caller: Caller,
    Json(request): Json<NewCategoryRequest>,
) -> Result<(StatusCode, axum::Json<CategorySummary>), Failure> {
    caller.administers()?;
    let new = NewCategory {
        id: new_id(caller.now),
        name: name("name", &request.name, NAME_MOST_CHARACTERS)?,
        price_cents: price(request.price_cents)?,
        shortcut: key(request.shortcut)?,
        barcodes: codes(request.barcodes.unwrap_or_default())?,
    };
    let audit = caller
        .audit("category.added")
        .target("category", new.id)
        .changed(
            &serde_json::Value::Null,
            &serde_json::json!({
                "name": new.name, "price_cents": new.price_cents, "shortcut": new.shortcut, "barcodes": new.barcodes,
            }),
        )
        .detail(serde_json::json!({
            "name": new.name, "price_cents": new.price_cents, "shortcut": new.shortcut, "barcodes": new.barcodes,
        }));
    let row = server
        .store
        .add_category(caller.organization_id(), new, audit)
        .await
        .map_err(taken)?;
    Ok((StatusCode::CREATED, axum::Json(wire(row))))
}

/// Gives an organisation that has no categories yet its first ones.
#[utoipa::path(
    post,
    path = "/admin/categories/starter",
    tag = "admin",
    request_body = StarterCategoriesRequest,
    responses((status = 201, description = "Added, by position", body = CategorySummaries))
)]
pub(super) async fn start(
    State(server): State<Server>,
    caller: Caller,
    Json(request): Json<StarterCategoriesRequest>,
) -> Result<(StatusCode, axum::Json<CategorySummaries>), Failure> {
    caller.administers()?;
    let first = starter_goods(request.language, caller.now);
    let audit = caller
        .audit("categories.started")
        .detail(serde_json::json!({ "language": request.language, "categories": first.len() }));
    let started = server
        .store
        .start_categories(caller.organization_id(), first.clone(), audit)
        .await?;
    if !started {
        return Err(Failure::new(ErrorCode::CategoriesExist));
    }
    let summary = |category| {
        wire(CategoryRow {
            category,
            archived_at: None,
        })
    };
    let categories = first.into_iter().map(summary).collect();
    Ok((
        StatusCode::CREATED,
        axum::Json(CategorySummaries {
            categories,
            next: None,
        }),
    ))
}

/// Changes a category, archives it or takes it into use again. What was sold of it stays.
#[utoipa::path(
    patch,
    path = "/admin/categories/{id}",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The category")),
    request_body = CategoryChange,
    responses((status = 200, description = "The category as it now is", body = CategorySummary))
)]
pub(super) async fn change(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
    Json(change): Json<CategoryChange>,
) -> Result<axum::Json<CategorySummary>, Failure> {
    caller.administers()?;
    let category_id = id(&text, ErrorCode::CategoryNotFound)?;
    let action = match change.archived {
        Some(true) => "category.archived",
        Some(false) => "category.restored",
        None => "category.changed",
    };
    let before = server.store.every_category(caller.organization_id()).await?;
    let before = before.iter().find(|row| row.category.id == category_id);
    let audit = caller
        .audit(action)
        .target("category", category_id)
        .changed(
            &before.map_or(serde_json::Value::Null, |row| named(row, &change)),
            &serde_json::json!(change),
        )
        .detail(serde_json::json!({ "asked": change }));
    let patch = CategoryPatch {
        name: change
            .name
            .map(|text| name("name", &text, NAME_MOST_CHARACTERS))
            .transpose()?,
        price_cents: change.price_cents.map(price).transpose()?,
        shortcut: change.shortcut.map(key).transpose()?,
        barcodes: change.barcodes.map(codes).transpose()?,
        state: change.archived.map(|archived| {
            if archived {
                CategoryState::Archived
            } else {
                CategoryState::InUse
            }
        }),
    };
    let row = server
        .store
        .change_category(caller.organization_id(), category_id, patch, caller.now, audit)
        .await
        .map_err(taken)?
        .ok_or_else(|| Failure::new(ErrorCode::CategoryNotFound))?;
    Ok(axum::Json(wire(row)))
}

/// Moves a category past its neighbour among those in use; at the end of the row it stays.
#[utoipa::path(
    post,
    path = "/admin/categories/{id}/move",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The category")),
    request_body = CategoryMove,
    responses((status = 200, description = "The category as it now is", body = CategorySummary))
)]
pub(super) async fn rearrange(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
    Json(request): Json<CategoryMove>,
) -> Result<axum::Json<CategorySummary>, Failure> {
    caller.administers()?;
    let category_id = id(&text, ErrorCode::CategoryNotFound)?;
    let audit = caller
        .audit("category.moved")
        .target("category", category_id)
        .detail(serde_json::json!({ "direction": request.direction }));
    let direction = match request.direction {
        MoveDirection::Up => Direction::Up,
        MoveDirection::Down => Direction::Down,
    };
    let row = server
        .store
        .move_category(caller.organization_id(), category_id, direction, audit)
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::CategoryNotFound))?;
    Ok(axum::Json(wire(row)))
}

fn price(cents: Option<u32>) -> Result<Option<u32>, Failure> {
    match cents {
        Some(cents) if cents > PRICE_MOST_CENTS => Err(Failure::invalid(
            "price_cents",
            format!("0 to {PRICE_MOST_CENTS}, is {cents}"),
        )),
        cents => Ok(cents),
    }
}

/// A key as it is kept.
fn key(shortcut: Option<String>) -> Result<Option<String>, Failure> {
    let Some(shortcut) = shortcut else { return Ok(None) };
    let mut characters = shortcut.trim().chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) if one.is_alphanumeric() => Ok(Some(one.to_lowercase().collect())),
        _ => Err(Failure::invalid("shortcut", "a single letter or digit")),
    }
}

/// Barcodes as they are kept: without blanks around them, each once.
fn codes(barcodes: Vec<String>) -> Result<Vec<String>, Failure> {
    let mut kept: Vec<String> = Vec::new();
    for code in barcodes {
        let code = code.trim();
        if !BARCODE_CHARACTERS.contains(&code.len()) || !code.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        {
            return Err(Failure::invalid(
                "barcodes",
                "each of 4 to 32 printable ASCII characters",
            ));
        }
        if !kept.iter().any(|known| known == code) {
            kept.push(code.to_owned());
        }
    }
    if kept.len() > BARCODES_MOST {
        return Err(Failure::invalid(
            "barcodes",
            format!("at most {BARCODES_MOST}, are {}", kept.len()),
        ));
    }
    Ok(kept)
}

/// Those fields of a category that a change names, as they are before it.
fn named(row: &CategoryRow, change: &CategoryChange) -> serde_json::Value {
    let category = &row.category;
    let whole = [
        ("name", serde_json::json!(category.name)),
        ("price_cents", serde_json::json!(category.price_cents)),
        ("shortcut", serde_json::json!(category.shortcut)),
        ("barcodes", serde_json::json!(category.barcodes)),
        ("archived", serde_json::json!(row.archived_at.is_some())),
    ];
    let asked = serde_json::json!(change);
    let fields = whole.into_iter().filter(|(name, _)| asked.get(*name).is_some());
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Where a name, a key or a barcode is taken, which of them.
fn taken(error: StoreError) -> Failure {
    if let StoreError::NameTaken(field) = error {
        let code = match field {
            "shortcut" => ErrorCode::ShortcutTaken,
            "barcodes" => ErrorCode::BarcodeTaken,
            _ => ErrorCode::NameTaken,
        };
        Failure::new(code).at(field)
    } else {
        error.into()
    }
}

/// Where a category stands on the list.
fn place(row: &CategoryRow) -> String {
    format!(
        "{:010}\n{}\n{}",
        row.category.position, row.category.name, row.category.id
    )
}

fn wire(row: CategoryRow) -> CategorySummary {
    CategorySummary {
        category_id: row.category.id,
        name: row.category.name,
        price_cents: row.category.price_cents,
        shortcut: row.category.shortcut,
        position: row.category.position,
        barcodes: row.category.barcodes,
        archived_at: row.archived_at.map(wire_time),
    }
}
