//! The tills of the current organisation.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use http::StatusCode;
use protocol::ErrorCode;
use protocol::administration::{NewTillRequest, TillChange, TillList, TillSummary};
use store::{NewTill, Till};
use uuid::Uuid;

use super::fields::{Paging, id, name, unknown_reference};
use crate::body::{Json, Queried};
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::ids::new_id;
use crate::page;
use crate::server::Server;

/// The tills of the current organisation, archived ones too.
#[utoipa::path(
    get,
    path = "/admin/tills",
    tag = "admin",
    params(Paging),
    responses((status = 200, description = "A page, by site, then by name", body = TillList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(paging): Queried<Paging>,
) -> Result<axum::Json<TillList>, Failure> {
    caller.administers()?;
    let limit = page::limit(paging.limit)?;
    let after = page::read(paging.after.as_deref())?;
    let mut all = summaries(&server, caller.organization_id()).await?;
    all.sort_by_key(place);
    let (tills, next) = page::cut(all, place, after.as_deref(), limit);
    Ok(axum::Json(TillList { tills, next }))
}

/// Adds a till to a site.
#[utoipa::path(
    post,
    path = "/admin/tills",
    tag = "admin",
    request_body = NewTillRequest,
    responses((status = 201, description = "Added", body = TillSummary))
)]
pub(super) async fn add(
    State(server): State<Server>,
    caller: Caller,
    Json(request): Json<NewTillRequest>,
) -> Result<(StatusCode, axum::Json<TillSummary>), Failure> {
    caller.administers()?;
    let organization_id = caller.organization_id();
    let sites = server.store.sites(organization_id).await?;
    let site = sites
        .into_iter()
        .find(|site| site.id == request.site_id && site.archived_at.is_none())
        .ok_or_else(|| Failure::new(ErrorCode::SiteNotFound).at("site_id"))?;
    let new = NewTill {
        id: new_id(caller.now),
        organization_id,
        site_id: request.site_id,
        name: name("name", &request.name, 64)?,
    };
    let till = TillSummary {
        till_id: new.id,
        site_id: site.id,
        site_name: site.name,
        name: new.name.clone(),
        created_at: wire_time(caller.now),
        archived_at: None,
    };
    let audit = caller.audit("till.added").target("till", till.till_id).changed(
        &serde_json::Value::Null,
        &serde_json::json!({ "name": till.name, "site": till.site_name }),
    );
    server
        .store
        .add_till(new, audit)
        .await
        .map_err(|error| unknown_reference(error, ErrorCode::SiteNotFound, "site_id"))?;
    Ok((StatusCode::CREATED, axum::Json(till)))
}

/// Renames a till, archives it or takes it into use again.
#[utoipa::path(
    patch,
    path = "/admin/tills/{id}",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The till")),
    request_body = TillChange,
    responses((status = 200, description = "The till as it now is", body = TillSummary))
)]
pub(super) async fn change(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
    Json(change): Json<TillChange>,
) -> Result<axum::Json<TillSummary>, Failure> {
    caller.administers()?;
    let organization_id = caller.organization_id();
    let till_id = id(&text, ErrorCode::TillNotFound)?;
    let till = found(&server, organization_id, till_id).await?;
    let new_name = change
        .name
        .map(|text| name("name", &text, 64))
        .transpose()?
        .filter(|name| *name != till.name);
    if let Some(new_name) = new_name {
        let audit = caller
            .audit("till.renamed")
            .target("till", till_id)
            .changed(
                &serde_json::json!({ "name": till.name }),
                &serde_json::json!({ "name": new_name }),
            )
            .detail(serde_json::json!({ "before": till.name, "after": new_name }));
        server
            .store
            .rename_till(organization_id, till_id, new_name, audit)
            .await?;
    }
    match change.archived.filter(|to| *to != till.archived_at.is_some()) {
        Some(true) => {
            let audit = caller.audit("till.archived").target("till", till_id).changed(
                &serde_json::json!({ "archived": false }),
                &serde_json::json!({ "archived": true }),
            );
            server
                .store
                .archive_till(organization_id, till_id, caller.now, audit)
                .await?;
        }
        Some(false) => {
            let audit = caller.audit("till.restored").target("till", till_id).changed(
                &serde_json::json!({ "archived": true }),
                &serde_json::json!({ "archived": false }),
            );
            server.store.restore_till(organization_id, till_id, audit).await?;
        }
        None => {}
    }
    found(&server, organization_id, till_id).await.map(axum::Json)
}

async fn found(server: &Server, organization_id: Uuid, till_id: Uuid) -> Result<TillSummary, Failure> {
    summaries(server, organization_id)
        .await?
        .into_iter()
        .find(|till| till.till_id == till_id)
        .ok_or_else(|| Failure::new(ErrorCode::TillNotFound))
}

async fn summaries(server: &Server, organization_id: Uuid) -> Result<Vec<TillSummary>, Failure> {
    let (tills, sites) = tokio::try_join!(
        server.store.tills(organization_id),
        server.store.sites(organization_id)
    )?;
    let names: BTreeMap<Uuid, String> = sites.into_iter().map(|site| (site.id, site.name)).collect();
    let summary = |till: Till| TillSummary {
        till_id: till.id,
        site_id: till.site_id,
        site_name: names.get(&till.site_id).cloned().unwrap_or_default(),
        name: till.name,
        created_at: wire_time(till.created_at),
        archived_at: till.archived_at.map(wire_time),
    };
    Ok(tills.into_iter().map(summary).collect())
}

/// Where a till stands on the list; archived tills may share a name.
fn place(till: &TillSummary) -> String {
    format!("{}\n{}\n{}", till.site_name, till.name, till.till_id)
}
