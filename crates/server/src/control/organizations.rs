//! Organisations and their sites.

use axum::Json;
use axum::extract::{Query, State};
use store::{NewOrganization, NewSite};

use super::commands::{Answer, Commands, No, name};
use super::wire::{AddOrganization, AddSite, Done, ListedOrganization, ListedSite, Of};
use crate::client::AuditParticulars as _;
use crate::ids::new_id;

pub(super) async fn add_organization(
    State(commands): State<Commands>,
    Json(new): Json<AddOrganization>,
) -> Answer<Done> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=64).contains(&new.slug.len()) || !new.slug.chars().all(fits) {
        let message = "a short name has 1 to 64 lower case letters, digits and hyphens";
        return Err(No::new("bad_name", message));
    }
    let id = new_id(commands.now());
    let audit = commands
        .audit("organization.added", id)
        .target("organization", id);
    let name = name("an organization's name", &new.name, 128)?;
    commands
        .store
        .add_organization(
            NewOrganization {
                id,
                slug: new.slug,
                name,
            },
            audit,
        )
        .await?;
    Ok(Json(Done {}))
}

pub(super) async fn organizations(State(commands): State<Commands>) -> Answer<Vec<ListedOrganization>> {
    let all = commands.store.organizations().await?;
    Ok(Json(
        all.into_iter()
            .map(|o| ListedOrganization {
                slug: o.slug,
                name: o.name,
            })
            .collect(),
    ))
}

pub(super) async fn add_site(State(commands): State<Commands>, Json(new): Json<AddSite>) -> Answer<Done> {
    let organization = commands.organization(new.organization.as_deref()).await?;
    let id = new_id(commands.now());
    let audit = commands.audit("site.added", organization.id).target("site", id);
    let name = name("a site's name", &new.name, 128)?;
    commands
        .store
        .add_site(
            NewSite {
                id,
                organization_id: organization.id,
                name,
            },
            audit,
        )
        .await?;
    Ok(Json(Done {}))
}

pub(super) async fn sites(State(commands): State<Commands>, Query(of): Query<Of>) -> Answer<Vec<ListedSite>> {
    let organization = commands.organization(of.organization.as_deref()).await?;
    let sites = commands.store.sites(organization.id).await?;
    Ok(Json(
        sites
            .into_iter()
            .map(|site| ListedSite { name: site.name })
            .collect(),
    ))
}
