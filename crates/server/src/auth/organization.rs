//! The organisations that the caller may work in, and moving the session to another of them.

use axum::extract::State;
use protocol::ErrorCode;
use protocol::auth::{Me, OrganizationRole, OwnOrganization, OwnOrganizationList, SwitchOrganizationRequest};
use store::StoreError;

use super::me::me_of;
use crate::body::Json;
use crate::caller::{Caller, live};
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::server::Server;

/// The organisations that the caller may work in, with the role in each.
#[utoipa::path(
    get,
    path = "/auth/organizations",
    tag = "auth",
    responses((status = 200, description = "The caller's organisations", body = OwnOrganizationList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
) -> Result<axum::Json<OwnOrganizationList>, Failure> {
    let current = caller.organization_id();
    let user = server.store.user(caller.identity.session.user_id).await?;
    let mut organizations: Vec<OwnOrganization> = user
        .map(|user| user.memberships)
        .unwrap_or_default()
        .into_iter()
        .map(|membership| OwnOrganization {
            is_current: membership.organization.id == current,
            organization_id: membership.organization.id,
            slug: membership.organization.slug,
            name: membership.organization.name,
            role: if caller.identity.super_admin {
                OrganizationRole::Owner
            } else {
                membership.role
            },
            site_id: membership.site.as_ref().map(|site| site.id),
            site_name: membership.site.map(|site| site.name),
        })
        .collect();
    if caller.identity.super_admin {
        for organization in server.store.organizations().await? {
            if organizations
                .iter()
                .all(|own| own.organization_id != organization.id)
            {
                organizations.push(OwnOrganization {
                    is_current: organization.id == current,
                    organization_id: organization.id,
                    slug: organization.slug,
                    name: organization.name,
                    role: OrganizationRole::Owner,
                    site_id: None,
                    site_name: None,
                });
            }
        }
    }
    Ok(axum::Json(OwnOrganizationList { organizations }))
}

/// Moves this session to another organisation of the caller. The access token of the one before is refused with
/// `token_expired` from then on: a refresh brings one for the new organisation.
#[utoipa::path(
    post,
    path = "/auth/organization",
    tag = "auth",
    request_body = SwitchOrganizationRequest,
    responses((status = 200, description = "The caller, where the session works now", body = Me))
)]
pub(super) async fn switch(
    State(server): State<Server>,
    caller: Caller,
    Json(request): Json<SwitchOrganizationRequest>,
) -> Result<axum::Json<Me>, Failure> {
    let session_id = caller.identity.session.id;
    let to = request.organization_id;
    let audit = caller
        .audit("session.organization_switched")
        .organization(to)
        .target("session", session_id)
        .detail(serde_json::json!({ "from": caller.organization_id(), "to": to }));
    let moved = server
        .store
        .switch_organization(session_id, to, caller.now, audit)
        .await
        .map_err(|error| match error {
            StoreError::UnknownReference(_) => Failure::new(ErrorCode::OrganizationNotFound),
            error @ (StoreError::Unavailable(_)
            | StoreError::DiskFull(_)
            | StoreError::ReadOnly(_)
            | StoreError::Newer { .. }
            | StoreError::InUse(_)
            | StoreError::Damaged(_)
            | StoreError::NameTaken(_)
            | StoreError::LastOwner
            | StoreError::RankLost
            | StoreError::Failed(_)) => error.into(),
        })?;
    let identity = server
        .store
        .identity(session_id)
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::LoginRequired))?;
    live(&server, &identity, caller.now)?;
    if moved.is_none() {
        return Err(Failure::new(ErrorCode::SessionRevoked));
    }
    tracing::info!(session = %session_id, organization = %to, "switched organisation");
    me_of(&server, identity).await.map(axum::Json)
}
