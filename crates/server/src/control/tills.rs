//! Tills.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use store::{NewTill, Organization, Site};
use uuid::Uuid;

use super::commands::{Answer, Commands, No, name};
use super::wire::{AddTill, Done, ListedTill, Of, PlaceState};
use crate::client::AuditParticulars as _;
use crate::ids::new_id;

pub(super) async fn add_till(State(commands): State<Commands>, Json(new): Json<AddTill>) -> Answer<Done> {
    let organization = commands.organization(new.organization.as_deref()).await?;
    let name = name("a till's name", &new.name, 64)?;
    let sites = commands.store.sites(organization.id).await?;
    let site = site(&organization, sites, new.site.as_deref())?;
    let id = new_id(commands.now());
    let audit = commands.audit("till.added", organization.id).target("till", id);
    let new = NewTill {
        id,
        organization_id: organization.id,
        site_id: site.id,
        name,
    };
    commands.store.add_till(new, audit).await?;
    Ok(Json(Done {}))
}

pub(super) async fn tills(State(commands): State<Commands>, Query(of): Query<Of>) -> Answer<Vec<ListedTill>> {
    let organization = commands.organization(of.organization.as_deref()).await?;
    let sites = commands.store.sites(organization.id).await?;
    let names: BTreeMap<Uuid, String> = sites.into_iter().map(|site| (site.id, site.name)).collect();
    let tills = commands.store.tills(organization.id).await?;
    let listed = |till: store::Till| ListedTill {
        site: names.get(&till.site_id).cloned().unwrap_or_default(),
        name: till.name,
        state: if till.archived_at.is_some() {
            PlaceState::Archived
        } else {
            PlaceState::InUse
        },
    };
    Ok(Json(tills.into_iter().map(listed).collect()))
}

/// The site in use of that name; without a name, the only one.
fn site(organization: &Organization, sites: Vec<Site>, wanted: Option<&str>) -> Result<Site, No> {
    let slug = &organization.slug;
    let mut in_use: Vec<Site> = sites
        .into_iter()
        .filter(|site| site.archived_at.is_none())
        .collect();
    match wanted {
        Some(wanted) => in_use
            .into_iter()
            .find(|site| site.name == wanted)
            .ok_or_else(|| No::new("unknown_site", format!("`{slug}` has no site `{wanted}` in use"))),
        None if in_use.len() > 1 => {
            let names: Vec<_> = in_use.iter().map(|site| site.name.as_str()).collect();
            Err(No::new(
                "site_needed",
                format!("name one with --site: {}", names.join(", ")),
            ))
        }
        None => in_use.pop().ok_or_else(|| {
            No::new(
                "no_site",
                format!("`{slug}` has no site in use; run `vigie-server site add`"),
            )
        }),
    }
}
