//! The first account of a server that has none: an organisation and its owner.

use protocol::Secret;
use protocol::auth::OrganizationRole;
use store::{AuditEntry, NewOrganization, NewSite, NewUser, Store, StoreError, UserFilter};
use thiserror::Error;
use uuid::Uuid;

use crate::auth::normalized;
use crate::client::AuditParticulars as _;
use crate::ids::new_id;
use crate::password_rules::judge;
use crate::passwords::PasswordError;
use crate::server::Server;
use crate::starter_goods::add_starter_goods;

/// Why there is no first account.
#[derive(Debug, Error)]
pub enum FirstOperatorError {
    /// Somebody can sign in already.
    #[error("operator_exists: this server has an account already")]
    Exists,
    /// A name that nobody could type or read.
    #[error("name_length: {0} has 1 to 128 characters")]
    Name(&'static str),
    /// The password may not be chosen, or cannot be hashed just now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) struct FirstOperator<'a> {
    pub(crate) organization_slug: &'a str,
    pub(crate) organization_name: &'a str,
    pub(crate) site_name: Option<&'a str>,
    pub(crate) username: &'a str,
    pub(crate) display_name: &'a str,
    pub(crate) role: OrganizationRole,
    pub(crate) password: &'a Secret,
    pub(crate) one_time_password: bool,
}

/// Whether there is any user.
pub(crate) async fn has_operator(store: &dyn Store) -> Result<bool, StoreError> {
    let anybody = store.users(UserFilter::default(), None, 1).await?;
    Ok(!anybody.is_empty())
}

/// Makes what is missing of the organisation, its site, its goods and the account. Returns the organisation's id.
pub(crate) async fn add_first_operator(
    server: &Server,
    first: FirstOperator<'_>,
) -> Result<Uuid, FirstOperatorError> {
    let username = normalized(first.username);
    for (field, value) in [
        ("the user name", username.as_str()),
        ("the display name", first.display_name.trim()),
        ("the organisation's name", first.organization_name.trim()),
    ] {
        if !(1..=128).contains(&value.chars().count()) {
            return Err(FirstOperatorError::Name(field));
        }
    }
    let store = server.store().as_ref();
    if has_operator(store).await? {
        return Err(FirstOperatorError::Exists);
    }
    if !first.one_time_password {
        let names = [username.as_str(), first.display_name, first.organization_name];
        judge(first.password.expose(), &names).map_err(PasswordError::from)?;
    }
    let password_hash = server.passwords().hash(first.password).await?;

    let found = store
        .organizations()
        .await?
        .into_iter()
        .find(|o| o.slug == first.organization_slug);
    let organization_id = if let Some(found) = found {
        found.id
    } else {
        let id = new_id(server.now());
        let new = NewOrganization {
            id,
            slug: first.organization_slug.to_owned(),
            name: first.organization_name.trim().to_owned(),
        };
        let audit = by_program(server, "organization.added")
            .organization(id)
            .target("organization", id);
        store.add_organization(new, audit).await?;
        id
    };
    let site_id = match first.site_name {
        Some(name) => Some(site(server, organization_id, name).await?),
        None => None,
    };
    add_starter_goods(server, organization_id).await?;
    let id = new_id(server.now());
    let new = NewUser {
        id,
        username,
        display_name: first.display_name.trim().to_owned(),
        password_hash,
        one_time_password: first.one_time_password,
        organization_id,
        role: first.role,
        site_id,
    };
    let audit = by_program(server, "user.added")
        .organization(organization_id)
        .target("user", id);
    store.add_user(new, audit).await?;
    Ok(organization_id)
}

async fn site(server: &Server, organization_id: Uuid, name: &str) -> Result<Uuid, StoreError> {
    let store = server.store();
    if let Some(site) = store
        .sites(organization_id)
        .await?
        .into_iter()
        .find(|site| site.name == name)
    {
        return Ok(site.id);
    }
    let id = new_id(server.now());
    let audit = by_program(server, "site.added")
        .organization(organization_id)
        .target("site", id);
    store
        .add_site(
            NewSite {
                id,
                organization_id,
                name: name.to_owned(),
            },
            audit,
        )
        .await?;
    Ok(id)
}

/// An audit entry of the program itself, acting for whoever runs it.
pub(crate) fn by_program(server: &Server, action: &'static str) -> AuditEntry {
    program_audit(action, server.now())
}

/// An audit entry of the program itself at a given time.
pub(crate) fn program_audit(action: &'static str, now: store::Millis) -> AuditEntry {
    AuditEntry {
        detail: serde_json::json!({ "by": "vigie-server" }),
        ip_address: "local".to_owned(),
        user_agent: concat!("vigie-server/", env!("CARGO_PKG_VERSION")).to_owned(),
        request_id: new_id(now).simple().to_string(),
        ..AuditEntry::of(action, now)
    }
}
