//! What administrators do with what the tills sell.

use protocol::administration::{CategoryChange, GoodsLanguage, MoveDirection, NewCategoryRequest};
use tauri::State;

use crate::administration::categories;
use crate::controller::ControllerHandle;
use crate::view::UiError;
use crate::view::administration::ShopCategory;

/// The current organisation's categories in their order, archived ones too.
#[tauri::command]
#[specta::specta]
pub async fn shop_categories(app: State<'_, ControllerHandle>) -> Result<Vec<ShopCategory>, UiError> {
    categories::all(&app.client().await?).await
}

/// Adds a category after the others.
#[tauri::command]
#[specta::specta]
pub async fn add_category(
    app: State<'_, ControllerHandle>,
    category: NewCategoryRequest,
) -> Result<ShopCategory, UiError> {
    categories::add(&app.client().await?, &category).await
}

/// Changes a category, archives it or takes it into use again.
#[tauri::command]
#[specta::specta]
pub async fn change_category(
    app: State<'_, ControllerHandle>,
    category_id: String,
    change: CategoryChange,
) -> Result<ShopCategory, UiError> {
    categories::change(&app.client().await?, &category_id, &change).await
}

/// Moves a category past its neighbour.
#[tauri::command]
#[specta::specta]
pub async fn move_category(
    app: State<'_, ControllerHandle>,
    category_id: String,
    direction: MoveDirection,
) -> Result<ShopCategory, UiError> {
    categories::rearrange(&app.client().await?, &category_id, direction).await
}

/// Gives the organisation its first categories.
#[tauri::command]
#[specta::specta]
pub async fn start_categories(
    app: State<'_, ControllerHandle>,
    language: GoodsLanguage,
) -> Result<Vec<ShopCategory>, UiError> {
    categories::start(&app.client().await?, language).await
}
