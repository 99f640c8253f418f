//! Setting a server up: keys, database, first organization and administrator, and on request a certificate authority.

use std::path::Path;
use std::sync::Arc;

use protocol::auth::OrganizationRole;
use server::Keys;
use server::clock::{Clock as _, SystemClock};
use server::config::{Config, KEYS_VARIABLE};
use server::control::wire::{AddOrganization, AddSite, AddUser, AddedUser, Done, ListedUser};
use server::control::{Commands, Reach, router};
use server::key_file::check_place;

use crate::Failed;
use crate::administer::slug_of;
use crate::arguments::Init;
use crate::table::say;
use crate::users::announce;

pub(crate) async fn init(config: &Config, how: Init) -> Result<(), Failed> {
    keys(config)?;
    if let Some(folder) = &how.self_signed_ca {
        certificates(folder, &how.names)?;
    }
    let store = config.database.open().await?;
    say(format_args!("database: {}", config.database))?;
    let commands = Commands::over(Arc::clone(&store), Arc::new(SystemClock::new()))?;
    let reach = Reach::Direct(router(commands), store);
    let done = organization_and_administrator(&reach, how).await;
    reach.close().await;
    done
}

fn keys(config: &Config) -> Result<(), Failed> {
    if std::env::var_os(KEYS_VARIABLE).is_some() {
        return Ok(say(format_args!("keys: from {KEYS_VARIABLE}"))?);
    }
    if let Some(file) = config.database.file() {
        check_place(&config.keys_file, file)?;
    }
    if config.keys_file.exists() {
        Keys::load(&config.keys_file)?;
        return Ok(say(format_args!(
            "keys: {} (already there)",
            config.keys_file.display()
        ))?);
    }
    Keys::generate()?.save_new(&config.keys_file)?;
    Ok(say(format_args!(
        "keys: {} (keep a copy in a safe place)",
        config.keys_file.display()
    ))?)
}

fn certificates(folder: &Path, names: &[String]) -> Result<(), Failed> {
    let now = chrono::DateTime::from_timestamp_millis(SystemClock::new().wall_ms()).unwrap_or_default();
    let made = server::certificates::make(folder, names, now)?;
    say(format_args!(
        "certificate authority, to be given to clients: {}",
        made.authority.display()
    ))?;
    say(format_args!(
        "its key, to be kept away from this machine: {}",
        made.authority_key.display()
    ))?;
    say(format_args!(
        "server certificate: {} (tls.cert)",
        made.server.display()
    ))?;
    Ok(say(format_args!(
        "server key: {} (tls.key)",
        made.server_key.display()
    ))?)
}

async fn organization_and_administrator(reach: &Reach, how: Init) -> Result<(), Failed> {
    let slug = how
        .organization
        .unwrap_or_else(|| slug_of(&how.organization_name));
    let all: Vec<server::control::wire::ListedOrganization> = reach.get("/organizations").await?;
    if all.iter().any(|organization| organization.slug == slug) {
        let users: Vec<ListedUser> = reach.get(&format!("/users?organization={slug}")).await?;
        if !users.is_empty() {
            return Ok(say(format_args!(
                "organization `{slug}` and its users are already there"
            ))?);
        }
    } else {
        let new = AddOrganization {
            slug: slug.clone(),
            name: how.organization_name,
        };
        let Done {} = reach.post("/organizations", &new).await?;
        say(format_args!("organization: `{slug}`"))?;
    }
    if let Some(site) = &how.site {
        let new = AddSite {
            organization: Some(slug.clone()),
            name: site.clone(),
        };
        let Done {} = reach.post("/sites", &new).await?;
    }
    let new = AddUser {
        organization: Some(slug),
        site: how.site,
        display_name: how.display_name.unwrap_or_else(|| how.admin.clone()),
        username: how.admin,
        role: OrganizationRole::Owner,
        password: None,
    };
    let added: AddedUser = reach.post("/users", &new).await?;
    Ok(announce(&added)?)
}
