//! A demonstration's data: an organisation with a site, two people with known passwords and what a shop of second-hand
//! goods sells. Never in a build that is handed out.

use protocol::Secret;
use protocol::auth::OrganizationRole;
use protocol::sale::Category;
use store::{NewOrganization, NewSite, NewUser, Store, StoreError};
use thiserror::Error;
use uuid::Uuid;

use crate::client::AuditParticulars as _;
use crate::clock::{Clock as _, SystemClock};
use crate::first_operator::program_audit;
use crate::ids::new_id;
use crate::passwords::{PasswordError, Passwords};

/// The organisation's short name.
pub const ORGANIZATION: &str = "ressourcerie-du-port";

/// The organisation's name.
pub const ORGANIZATION_NAME: &str = "Ressourcerie du Port";

/// Its site.
pub const SITE: &str = "Quai Nord";

/// Somebody who can sign in to the demonstration.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// The name to sign in with.
    pub username: &'static str,
    /// The password: known to everybody.
    pub password: &'static str,
    /// The name to show.
    pub display_name: &'static str,
    /// The role.
    pub role: OrganizationRole,
}

/// The cashier.
pub const CAMILLE: Account = Account {
    username: "camille",
    password: "camille-demo",
    display_name: "Camille Le Goff",
    role: OrganizationRole::User,
};

/// The colleague who looks after sessions.
pub const DOMINIQUE: Account = Account {
    username: "dominique",
    password: "dominique-demo",
    display_name: "Dominique Martin",
    role: OrganizationRole::Admin,
};

/// Name, usual price in cents, shortcut.
const CATEGORIES: [(&str, Option<u32>, &str); 12] = [
    ("Vaisselle", Some(100), "v"),
    ("Livres", Some(150), "l"),
    ("Textile", Some(300), "t"),
    ("Petit meuble", Some(2_500), "m"),
    ("Jouets", Some(200), "j"),
    ("Électroménager", Some(1_500), "e"),
    ("Vélo", Some(6_000), "c"),
    ("Luminaires", Some(800), "u"),
    ("Disques", Some(200), "d"),
    ("Bibelots", Some(100), "b"),
    ("Outillage", None, "o"),
    ("Linge de maison", Some(250), "h"),
];

/// Why the demonstration's data is not there.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password cannot be hashed.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
}

/// Adds what is missing; what is there stays as it is.
///
/// # Errors
/// See [`DemoError`].
pub async fn seed(store: &dyn Store) -> Result<(), DemoError> {
    let clock = &SystemClock::new();
    let organization_id = organization(store, clock).await?;
    let site_id = site(store, clock, organization_id).await?;
    let there = store.categories(organization_id).await?;
    for (position, (name, price_cents, shortcut)) in (0_u32..).zip(CATEGORIES) {
        if there.iter().any(|category| category.name == name) {
            continue;
        }
        let id = new_id(clock.wall_ms());
        let audit = program_audit("category.put", clock.wall_ms())
            .organization(organization_id)
            .target("category", id);
        let category = Category {
            id,
            name: name.to_owned(),
            price_cents,
            shortcut: Some(shortcut.to_owned()),
            position,
        };
        store.put_category(organization_id, category, audit).await?;
    }
    let mut passwords = None;
    for account in [CAMILLE, DOMINIQUE] {
        if store.user_by_name(account.username).await?.is_some() {
            continue;
        }
        let passwords = match &passwords {
            Some(made) => made,
            None => passwords.insert(Passwords::new(1, 1)?),
        };
        let password_hash = passwords.hash(&Secret::new(account.password)).await?;
        let id = new_id(clock.wall_ms());
        let audit = program_audit("user.added", clock.wall_ms())
            .organization(organization_id)
            .target("user", id);
        let new = NewUser {
            id,
            username: account.username.to_owned(),
            display_name: account.display_name.to_owned(),
            password_hash,
            one_time_password: false,
            organization_id,
            role: account.role,
            site_id: Some(site_id),
        };
        store.add_user(new, audit).await?;
    }
    Ok(())
}

async fn organization(store: &dyn Store, clock: &SystemClock) -> Result<Uuid, StoreError> {
    if let Some(found) = store
        .organizations()
        .await?
        .into_iter()
        .find(|o| o.slug == ORGANIZATION)
    {
        return Ok(found.id);
    }
    let id = new_id(clock.wall_ms());
    let audit = program_audit("organization.added", clock.wall_ms())
        .organization(id)
        .target("organization", id);
    let new = NewOrganization {
        id,
        slug: ORGANIZATION.to_owned(),
        name: ORGANIZATION_NAME.to_owned(),
    };
    store.add_organization(new, audit).await?;
    Ok(id)
}

async fn site(store: &dyn Store, clock: &SystemClock, organization_id: Uuid) -> Result<Uuid, StoreError> {
    if let Some(found) = store
        .sites(organization_id)
        .await?
        .into_iter()
        .find(|site| site.name == SITE)
    {
        return Ok(found.id);
    }
    let id = new_id(clock.wall_ms());
    let audit = program_audit("site.added", clock.wall_ms())
        .organization(organization_id)
        .target("site", id);
    store
        .add_site(
            NewSite {
                id,
                organization_id,
                name: SITE.to_owned(),
            },
            audit,
        )
        .await?;
    Ok(id)
}
