//! Organisations.

use http::Method;
use keeper::AuthorisedClient;
use protocol::administration::{
    NewOrganizationRequest, OrganizationChange, OrganizationList, OrganizationSummary,
};

use super::{id, with_query};
use crate::api;
use crate::view::{UiError, UiErrorCode};

const ORGANIZATIONS: &str = "/v1/admin/organizations";

/// Organisations on a page: what a screen takes in.
const PAGE: u32 = 100;

/// A page of the organisations that the operator administers.
///
/// # Errors
/// Whatever stood in the way.
pub async fn list(client: &AuthorisedClient, after: Option<String>) -> Result<OrganizationList, UiError> {
    let path = with_query(
        ORGANIZATIONS,
        &[("after", after), ("limit", Some(PAGE.to_string()))],
    );
    api::call(client, Method::GET, &path).await
}

/// Makes one.
///
/// # Errors
/// Whatever stood in the way.
pub async fn add(
    client: &AuthorisedClient,
    new: &NewOrganizationRequest,
) -> Result<OrganizationSummary, UiError> {
    api::call_with(client, Method::POST, ORGANIZATIONS, new).await
}

/// Gives one another name.
///
/// # Errors
/// Whatever stood in the way.
pub async fn rename(
    client: &AuthorisedClient,
    organization_id: &str,
    name: String,
) -> Result<OrganizationSummary, UiError> {
    let id = id(organization_id, UiErrorCode::OrganizationNotFound)?;
    let change = OrganizationChange { name };
    api::call_with(client, Method::PATCH, &format!("{ORGANIZATIONS}/{id}"), &change).await
}
