//! What the tills of the current organisation sell.

use http::Method;
use keeper::AuthorisedClient;
use protocol::administration::{
    CategoryChange, CategoryMove, CategorySummaries, CategorySummary, GoodsLanguage, MoveDirection,
    NewCategoryRequest, StarterCategoriesRequest,
};

use super::{id, with_query};
use crate::api;
use crate::view::administration::ShopCategory;
use crate::view::{UiError, UiErrorCode};

const CATEGORIES: &str = "/v1/admin/categories";

/// The largest page the server gives.
const PAGE: &str = "200";

fn of(category_id: &str) -> Result<String, UiError> {
    Ok(format!(
        "{CATEGORIES}/{}",
        id(category_id, UiErrorCode::CategoryNotFound)?
    ))
}

/// All of them in their order, archived ones too.
///
/// # Errors
/// Whatever stood in the way.
pub async fn all(client: &AuthorisedClient) -> Result<Vec<ShopCategory>, UiError> {
    let mut categories = Vec::new();
    let mut after = None;
    loop {
        let path = with_query(CATEGORIES, &[("after", after), ("limit", Some(PAGE.to_owned()))]);
        let page: CategorySummaries = api::call(client, Method::GET, &path).await?;
        categories.extend(page.categories.into_iter().map(category));
        after = page.next;
        if after.is_none() {
            return Ok(categories);
        }
    }
}

/// Adds one after the others.
///
/// # Errors
/// [`UiErrorCode::NameTaken`], [`UiErrorCode::ShortcutTaken`], [`UiErrorCode::BarcodeTaken`], or whatever stood in the
/// way.
pub async fn add(client: &AuthorisedClient, new: &NewCategoryRequest) -> Result<ShopCategory, UiError> {
    api::call_with(client, Method::POST, CATEGORIES, new)
        .await
        .map(category)
}

/// Changes one.
///
/// # Errors
/// [`UiErrorCode::NameTaken`], [`UiErrorCode::ShortcutTaken`], [`UiErrorCode::BarcodeTaken`], or whatever stood in the
/// way.
pub async fn change(
    client: &AuthorisedClient,
    category_id: &str,
    change: &CategoryChange,
) -> Result<ShopCategory, UiError> {
    api::call_with(client, Method::PATCH, &of(category_id)?, change)
        .await
        .map(category)
}

/// Moves one past its neighbour.
///
/// # Errors
/// Whatever stood in the way.
pub async fn rearrange(
    client: &AuthorisedClient,
    category_id: &str,
    direction: MoveDirection,
) -> Result<ShopCategory, UiError> {
    let path = format!("{}/move", of(category_id)?);
    api::call_with(client, Method::POST, &path, &CategoryMove { direction })
        .await
        .map(category)
}

/// Takes the first categories over, in this language.
///
/// # Errors
/// [`UiErrorCode::CategoriesExist`], or whatever stood in the way.
pub async fn start(client: &AuthorisedClient, language: GoodsLanguage) -> Result<Vec<ShopCategory>, UiError> {
    let wanted = StarterCategoriesRequest { language };
    let started: CategorySummaries =
        api::call_with(client, Method::POST, &format!("{CATEGORIES}/starter"), &wanted).await?;
    Ok(started.categories.into_iter().map(category).collect())
}

fn category(category: CategorySummary) -> ShopCategory {
    ShopCategory {
        category_id: category.category_id.to_string(),
        name: category.name,
        price_cents: category.price_cents,
        shortcut: category.shortcut,
        barcodes: category.barcodes,
        is_archived: category.archived_at.is_some(),
    }
}
