//! The sites of the current organisation.

use axum::extract::{Path, State};
use http::StatusCode;
use protocol::ErrorCode;
use protocol::administration::{NewSiteRequest, SiteChange, SiteList, SiteSummary};
use store::{NewSite, Site};
use uuid::Uuid;

use super::fields::{Paging, id, name};
use crate::body::{Json, Queried};
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::ids::new_id;
use crate::page;
use crate::server::Server;

/// The sites of the current organisation, archived ones too.
#[utoipa::path(
    get,
    path = "/admin/sites",
    tag = "admin",
    params(Paging),
    responses((status = 200, description = "A page, by name", body = SiteList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(paging): Queried<Paging>,
) -> Result<axum::Json<SiteList>, Failure> {
    caller.administers()?;
    let limit = page::limit(paging.limit)?;
    let after = page::read(paging.after.as_deref())?;
    let mut all = server.store.sites(caller.organization_id()).await?;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let (found, next) = page::cut(all, |site| site.name.clone(), after.as_deref(), limit);
    Ok(axum::Json(SiteList {
        sites: found.into_iter().map(wire).collect(),
        next,
    }))
}

/// Adds a site.
#[utoipa::path(
    post,
    path = "/admin/sites",
    tag = "admin",
    request_body = NewSiteRequest,
    responses((status = 201, description = "Added", body = SiteSummary))
)]
pub(super) async fn add(
    State(server): State<Server>,
    caller: Caller,
    Json(request): Json<NewSiteRequest>,
) -> Result<(StatusCode, axum::Json<SiteSummary>), Failure> {
    caller.administers()?;
    let name = name("name", &request.name, 128)?;
    let new = NewSite {
        id: new_id(caller.now),
        organization_id: caller.organization_id(),
        name: name.clone(),
    };
    let summary = SiteSummary {
        site_id: new.id,
        name,
        archived_at: None,
    };
    let audit = caller
        .audit("site.added")
        .target("site", new.id)
        .changed(&serde_json::Value::Null, &serde_json::json!({ "name": new.name }));
    server.store.add_site(new, audit).await?;
    Ok((StatusCode::CREATED, axum::Json(summary)))
}

/// Renames a site, archives it or takes it into use again. Who works there still does.
#[utoipa::path(
    patch,
    path = "/admin/sites/{id}",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The site")),
    request_body = SiteChange,
    responses((status = 200, description = "The site as it now is", body = SiteSummary))
)]
pub(super) async fn change(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
    Json(change): Json<SiteChange>,
) -> Result<axum::Json<SiteSummary>, Failure> {
    caller.administers()?;
    let organization_id = caller.organization_id();
    let site_id = id(&text, ErrorCode::SiteNotFound)?;
    let site = found(&server, organization_id, site_id).await?;
    let new_name = change
        .name
        .map(|text| name("name", &text, 128))
        .transpose()?
        .filter(|name| *name != site.name);
    if let Some(new_name) = new_name {
        let audit = caller
            .audit("site.renamed")
            .target("site", site_id)
            .changed(
                &serde_json::json!({ "name": site.name }),
                &serde_json::json!({ "name": new_name }),
            )
            .detail(serde_json::json!({ "before": site.name, "after": new_name }));
        server
            .store
            .rename_site(organization_id, site_id, new_name, audit)
            .await?;
    }
    match change.archived.filter(|to| *to != site.archived_at.is_some()) {
        Some(true) => {
            let audit = caller.audit("site.archived").target("site", site_id).changed(
                &serde_json::json!({ "archived": false }),
                &serde_json::json!({ "archived": true }),
            );
            server
                .store
                .archive_site(organization_id, site_id, caller.now, audit)
                .await?;
        }
        Some(false) => {
            let audit = caller.audit("site.restored").target("site", site_id).changed(
                &serde_json::json!({ "archived": true }),
                &serde_json::json!({ "archived": false }),
            );
            server.store.restore_site(organization_id, site_id, audit).await?;
        }
        None => {}
    }
    found(&server, organization_id, site_id)
        .await
        .map(|site| axum::Json(wire(site)))
}

async fn found(server: &Server, organization_id: Uuid, site_id: Uuid) -> Result<Site, Failure> {
    let sites = server.store.sites(organization_id).await?;
    sites
        .into_iter()
        .find(|site| site.id == site_id)
        .ok_or_else(|| Failure::new(ErrorCode::SiteNotFound))
}

fn wire(site: Site) -> SiteSummary {
    SiteSummary {
        site_id: site.id,
        name: site.name,
        archived_at: site.archived_at.map(wire_time),
    }
}
