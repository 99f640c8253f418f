//! A demonstration's data: two organisations with a site each, three people with known passwords, one of whom works in
//! both, and what shops of second-hand goods sell. Never in a build that is handed out.

use protocol::Secret;
use protocol::auth::OrganizationRole;
use protocol::sale::Category;
use store::{NewOrganization, NewSite, NewUser, Store, StoreError, User};
use thiserror::Error;
use uuid::Uuid;

use crate::client::AuditParticulars as _;
use crate::clock::{Clock as _, SystemClock};
use crate::first_operator::program_audit;
use crate::ids::new_id;
use crate::passwords::{PasswordError, Passwords};

/// The first organisation's short name: everybody signs in to this one.
pub const ORGANIZATION: &str = "ressourcerie-du-port";

/// Its name.
pub const ORGANIZATION_NAME: &str = "Ressourcerie du Port";

/// Its site.
pub const SITE: &str = "Quai Nord";

/// The second organisation's short name.
pub const OTHER_ORGANIZATION: &str = "recyclerie-de-la-gare";

/// Its name.
pub const OTHER_ORGANIZATION_NAME: &str = "Recyclerie de la Gare";

/// Its site.
pub const OTHER_SITE: &str = "Halle Sud";

/// Somebody who can sign in to the demonstration.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// The name to sign in with.
    pub username: &'static str,
    /// The password: known to everybody.
    pub password: &'static str,
    /// The name to show.
    pub display_name: &'static str,
    /// The role in the first organisation.
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

/// Whoever stands above both organisations.
pub const ALIX: Account = Account {
    username: "alix",
    password: "alix-demo",
    display_name: "Alix Bernard",
    role: OrganizationRole::Owner,
};

/// Who works in the second organisation too, and as what there.
pub const IN_BOTH: [(Account, OrganizationRole); 2] = [
    (DOMINIQUE, OrganizationRole::User),
    (ALIX, OrganizationRole::Owner),
];

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

/// What the second organisation sells.
const OTHER_CATEGORIES: [(&str, Option<u32>, &str); 4] = [
    ("Vélo", Some(5_000), "c"),
    ("Bois", Some(500), "b"),
    ("Quincaillerie", Some(50), "q"),
    ("Livres", Some(100), "l"),
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
    let port = furnish(store, clock, (ORGANIZATION, ORGANIZATION_NAME, SITE), &CATEGORIES).await?;
    let gare = furnish(
        store,
        clock,
        (OTHER_ORGANIZATION, OTHER_ORGANIZATION_NAME, OTHER_SITE),
        &OTHER_CATEGORIES,
    )
    .await?;
    let mut passwords = None;
    for account in [CAMILLE, DOMINIQUE, ALIX] {
        if store.user_by_name(account.username).await?.is_some() {
            continue;
        }
        let passwords = match &passwords {
            Some(made) => made,
            None => passwords.insert(Passwords::new(1, 1)?),
        };
        let password_hash = passwords.hash(&Secret::new(account.password)).await?;
        let id = new_id(clock.wall_ms());
        let new = NewUser {
            id,
            username: account.username.to_owned(),
            display_name: account.display_name.to_owned(),
            password_hash,
            one_time_password: false,
            organization_id: port.organization_id,
            role: account.role,
            site_id: Some(port.site_id),
        };
        let audit = |action| {
            program_audit(action, clock.wall_ms())
                .organization(port.organization_id)
                .target("user", id)
        };
        store.add_user(new, audit("user.added")).await?;
        if account.username == ALIX.username {
            store.set_super_admin(id, true, audit("user.promoted")).await?;
        }
    }
    for (account, role) in IN_BOTH {
        let found = store.user_by_name(account.username).await?;
        let outside = |user: &User| {
            let mut memberships = user.memberships.iter();
            memberships.all(|membership| membership.organization.id != gare.organization_id)
        };
        let Some(user) = found.filter(outside) else {
            continue;
        };
        let audit = program_audit("membership.added", clock.wall_ms())
            .organization(gare.organization_id)
            .target("user", user.id);
        store
            .put_membership(user.id, gare.organization_id, role, Some(gare.site_id), audit)
            .await?;
    }
    Ok(())
}

struct Furnished {
    organization_id: Uuid,
    site_id: Uuid,
}

async fn furnish(
    store: &dyn Store,
    clock: &SystemClock,
    (slug, name, site_name): (&str, &str, &str),
    categories: &[(&str, Option<u32>, &str)],
) -> Result<Furnished, StoreError> {
    let organization_id = organization(store, clock, slug, name).await?;
    let site_id = site(store, clock, organization_id, site_name).await?;
    let there = store.categories(organization_id).await?;
    for (position, (name, price_cents, shortcut)) in (0_u32..).zip(categories) {
        if there.iter().any(|category| category.name == *name) {
            continue;
        }
        let id = new_id(clock.wall_ms());
        let audit = program_audit("category.put", clock.wall_ms())
            .organization(organization_id)
            .target("category", id);
        let category = Category {
            id,
            name: (*name).to_owned(),
            price_cents: *price_cents,
            shortcut: Some((*shortcut).to_owned()),
            position,
            barcodes: Vec::new(),
        };
        store.put_category(organization_id, category, audit).await?;
    }
    Ok(Furnished {
        organization_id,
        site_id,
    })
}

async fn organization(
    store: &dyn Store,
    clock: &SystemClock,
    slug: &str,
    name: &str,
) -> Result<Uuid, StoreError> {
    let all = store.organizations().await?;
    if let Some(found) = all.into_iter().find(|organization| organization.slug == slug) {
        return Ok(found.id);
    }
    let id = new_id(clock.wall_ms());
    let audit = program_audit("organization.added", clock.wall_ms())
        .organization(id)
        .target("organization", id);
    let new = NewOrganization {
        id,
        slug: slug.to_owned(),
        name: name.to_owned(),
    };
    store.add_organization(new, audit).await?;
    Ok(id)
}

async fn site(
    store: &dyn Store,
    clock: &SystemClock,
    organization_id: Uuid,
    name: &str,
) -> Result<Uuid, StoreError> {
    let all = store.sites(organization_id).await?;
    if let Some(found) = all.into_iter().find(|site| site.name == name) {
        return Ok(found.id);
    }
    let id = new_id(clock.wall_ms());
    let audit = program_audit("site.added", clock.wall_ms())
        .organization(organization_id)
        .target("site", id);
    let new = NewSite {
        id,
        organization_id,
        name: name.to_owned(),
    };
    store.add_site(new, audit).await?;
    Ok(id)
}
