//! Organisations: listing, adding and renaming them.

use axum::extract::{Path, State};
use http::StatusCode;
use protocol::ErrorCode;
use protocol::administration::{
    NewOrganizationRequest, OrganizationChange, OrganizationList, OrganizationSummary,
};
use protocol::auth::OrganizationRole;
use store::{NewOrganization, Organization};

use super::fields::{Paging, id, name, slug};
use crate::body::{Json, Queried};
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::ids::new_id;
use crate::page;
use crate::server::Server;

/// The organisations that the caller administers: the current one, or all for a super admin.
#[utoipa::path(
    get,
    path = "/admin/organizations",
    tag = "admin",
    params(Paging),
    responses((status = 200, description = "A page, by short name", body = OrganizationList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(paging): Queried<Paging>,
) -> Result<axum::Json<OrganizationList>, Failure> {
    caller.administers()?;
    let limit = page::limit(paging.limit)?;
    let after = page::read(paging.after.as_deref())?;
    let mut all = server.store.organizations().await?;
    if !caller.identity.super_admin {
        all.retain(|organization| organization.id == caller.organization_id());
    }
    let (found, next) = page::cut(
        all,
        |organization| organization.slug.clone(),
        after.as_deref(),
        limit,
    );
    Ok(axum::Json(OrganizationList {
        organizations: found.into_iter().map(wire).collect(),
        next,
    }))
}

/// Adds an organisation, as only a super admin may.
#[utoipa::path(
    post,
    path = "/admin/organizations",
    tag = "admin",
    request_body = NewOrganizationRequest,
    responses((status = 201, description = "Added", body = OrganizationSummary))
)]
pub(super) async fn add(
    State(server): State<Server>,
    caller: Caller,
    Json(request): Json<NewOrganizationRequest>,
) -> Result<(StatusCode, axum::Json<OrganizationSummary>), Failure> {
    caller.stands_above()?;
    let organization = Organization {
        id: new_id(caller.now),
        slug: slug(&request.slug)?,
        name: name("name", &request.name, 128)?,
    };
    let audit = caller
        .audit("organization.added")
        .organization(organization.id)
        .target("organization", organization.id)
        .changed(
            &serde_json::Value::Null,
            &serde_json::json!({ "name": organization.name, "slug": organization.slug }),
        );
    let new = NewOrganization {
        id: organization.id,
        slug: organization.slug.clone(),
        name: organization.name.clone(),
    };
    server.store.add_organization(new, audit).await?;
    Ok((StatusCode::CREATED, axum::Json(wire(organization))))
}

/// Renames an organisation: a super admin any, an owner the current one.
#[utoipa::path(
    patch,
    path = "/admin/organizations/{id}",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The organisation")),
    request_body = OrganizationChange,
    responses((status = 200, description = "The organisation as it now is", body = OrganizationSummary))
)]
pub(super) async fn change(
    State(server): State<Server>,
    caller: Caller,
    Path(text): Path<String>,
    Json(change): Json<OrganizationChange>,
) -> Result<axum::Json<OrganizationSummary>, Failure> {
    caller.administers()?;
    let not_found = || Failure::new(ErrorCode::OrganizationNotFound);
    let organization_id = id(&text, ErrorCode::OrganizationNotFound)?;
    if !caller.identity.super_admin {
        if organization_id != caller.organization_id() {
            return Err(not_found());
        }
        if caller.role < OrganizationRole::Owner {
            return Err(Failure::new(ErrorCode::Forbidden));
        }
    }
    let new_name = name("name", &change.name, 128)?;
    let all = server.store.organizations().await?;
    let mut organization = all
        .into_iter()
        .find(|organization| organization.id == organization_id)
        .ok_or_else(not_found)?;
    let audit = caller
        .audit("organization.renamed")
        .organization(organization_id)
        .target("organization", organization_id)
        .changed(
            &serde_json::json!({ "name": organization.name }),
            &serde_json::json!({ "name": new_name }),
        )
        .detail(serde_json::json!({ "before": organization.name, "after": new_name }));
    let renamed = server
        .store
        .rename_organization(organization_id, new_name.clone(), audit)
        .await?;
    if !renamed {
        return Err(not_found());
    }
    organization.name = new_name;
    Ok(axum::Json(wire(organization)))
}

fn wire(organization: Organization) -> OrganizationSummary {
    OrganizationSummary {
        organization_id: organization.id,
        slug: organization.slug,
        name: organization.name,
    }
}
