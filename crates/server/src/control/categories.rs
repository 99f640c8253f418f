//! What the tills sell.

use axum::Json;
use axum::extract::{Query, State};
use protocol::sale::Category;

use super::commands::{Answer, Commands, No, name};
use super::wire::{AddCategory, Done, Of};
use crate::client::AuditParticulars as _;
use crate::ids::new_id;

pub(super) async fn add_category(
    State(commands): State<Commands>,
    Json(new): Json<AddCategory>,
) -> Answer<Done> {
    let organization = commands.organization(new.organization.as_deref()).await?;
    let name = name("a category's name", &new.name, 64)?;
    let shortcut = new
        .shortcut
        .map(|shortcut| {
            let one = shortcut.chars().count() == 1 && shortcut.chars().all(char::is_alphanumeric);
            let message = "a shortcut is a single letter or digit";
            if one {
                Ok(shortcut.to_lowercase())
            } else {
                Err(No::new("bad_shortcut", message))
            }
        })
        .transpose()?;
    let there = commands.store.categories(organization.id).await?;
    let same = there.iter().find(|category| category.name == name);
    if let Some(taken) = there
        .iter()
        .find(|c| shortcut.is_some() && c.shortcut == shortcut && c.name != name)
    {
        return Err(No::new(
            "shortcut_taken",
            format!("`{}` has this shortcut already", taken.name),
        ));
    }
    let next = there
        .iter()
        .map(|category| category.position.saturating_add(1))
        .max()
        .unwrap_or(0);
    let category = Category {
        id: same.map_or_else(|| new_id(commands.now()), |category| category.id),
        name,
        price_cents: new
            .price_cents
            .or_else(|| same.and_then(|category| category.price_cents)),
        shortcut: shortcut.or_else(|| same.and_then(|category| category.shortcut.clone())),
        position: new
            .position
            .unwrap_or_else(|| same.map_or(next, |category| category.position)),
        barcodes: same.map_or_else(Vec::new, |category| category.barcodes.clone()),
    };
    let audit = commands
        .audit("category.put", organization.id)
        .target("category", category.id);
    commands
        .store
        .put_category(organization.id, category, audit)
        .await?;
    Ok(Json(Done {}))
}

pub(super) async fn categories(
    State(commands): State<Commands>,
    Query(of): Query<Of>,
) -> Answer<Vec<Category>> {
    let organization = commands.organization(of.organization.as_deref()).await?;
    Ok(Json(commands.store.categories(organization.id).await?))
}
