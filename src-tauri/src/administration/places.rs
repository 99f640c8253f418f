//! Sites and tills of the current organisation.

use http::Method;
use keeper::AuthorisedClient;
use protocol::administration::{
    NewSiteRequest, NewTillRequest, SiteChange, SiteList, SiteSummary, TillChange, TillList, TillSummary,
};

use super::{id, with_query};
use crate::api;
use crate::view::administration::{Places, Site, Till};
use crate::view::{UiError, UiErrorCode};

const SITES: &str = "/v1/admin/sites";
const TILLS: &str = "/v1/admin/tills";

/// The largest page the server gives.
const PAGE: &str = "200";

/// All sites and tills: an organisation has few.
///
/// # Errors
/// Whatever stood in the way.
pub async fn all(client: &AuthorisedClient) -> Result<Places, UiError> {
    let page =
        |path, after: Option<String>| with_query(path, &[("after", after), ("limit", Some(PAGE.to_owned()))]);
    let mut places = Places::default();
    let mut after = None;
    loop {
        let list: SiteList = api::call(client, Method::GET, &page(SITES, after)).await?;
        places.sites.extend(list.sites.into_iter().map(site));
        after = list.next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let list: TillList = api::call(client, Method::GET, &page(TILLS, after)).await?;
        places.tills.extend(list.tills.into_iter().map(till));
        after = list.next;
        if after.is_none() {
            break;
        }
    }
    Ok(places)
}

/// Makes a site.
///
/// # Errors
/// Whatever stood in the way.
pub async fn add_site(client: &AuthorisedClient, name: String) -> Result<Site, UiError> {
    let new = NewSiteRequest { name };
    api::call_with(client, Method::POST, SITES, &new).await.map(site)
}

/// Changes a site.
///
/// # Errors
/// Whatever stood in the way.
pub async fn change_site(
    client: &AuthorisedClient,
    site_id: &str,
    change: &SiteChange,
) -> Result<Site, UiError> {
    let id = id(site_id, UiErrorCode::SiteNotFound)?;
    api::call_with(client, Method::PATCH, &format!("{SITES}/{id}"), change)
        .await
        .map(site)
}

/// Makes a till.
///
/// # Errors
/// Whatever stood in the way.
pub async fn add_till(client: &AuthorisedClient, new: &NewTillRequest) -> Result<Till, UiError> {
    api::call_with(client, Method::POST, TILLS, new).await.map(till)
}

/// Changes a till.
///
/// # Errors
/// Whatever stood in the way.
pub async fn change_till(
    client: &AuthorisedClient,
    till_id: &str,
    change: &TillChange,
) -> Result<Till, UiError> {
    let id = id(till_id, UiErrorCode::TillNotFound)?;
    api::call_with(client, Method::PATCH, &format!("{TILLS}/{id}"), change)
        .await
        .map(till)
}

fn site(site: SiteSummary) -> Site {
    Site {
        site_id: site.site_id.to_string(),
        name: site.name,
        is_archived: site.archived_at.is_some(),
    }
}

fn till(till: TillSummary) -> Till {
    Till {
        till_id: till.till_id.to_string(),
        site_id: till.site_id.to_string(),
        name: till.name,
        is_archived: till.archived_at.is_some(),
    }
}
