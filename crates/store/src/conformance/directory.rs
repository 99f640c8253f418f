//! Organisations, sites and users.

use protocol::auth::{DeviceKind, OrganizationRole};

use super::fixture::{START, World, entry, new_user, of, organization, site, user};
use super::{Conforms, Engine, ensure};
use crate::session::RevokeReason;
use crate::{AuditEntry, NewOrganization, NewSite, StoreError};
use uuid::Uuid;

/// Two organisations never have one slug.
pub async fn an_organization_slug_is_unique(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let again = NewOrganization {
        id: Uuid::now_v7(),
        slug: "quai".to_owned(),
        name: "Other".to_owned(),
    };
    let outcome = world
        .store
        .add_organization(again, entry("organization.added"))
        .await;
    ensure!(
        matches!(outcome, Err(StoreError::NameTaken(_))),
        "a taken slug gave {outcome:?}"
    );
    Ok(())
}

/// Organisations come by slug.
pub async fn organizations_come_by_slug(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    organization(&*world.store, "anse").await?;
    let found: Vec<_> = world
        .store
        .organizations()
        .await?
        .into_iter()
        .map(|one| one.slug)
        .collect();
    ensure!(
        found == ["anse", "port", "quai"],
        "organisations came as {found:?}"
    );
    Ok(())
}

/// A site's name is unique in its organisation, and free in another.
pub async fn a_site_name_is_unique_in_its_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let again = site(&*world.store, world.quai, "Dock").await;
    ensure!(
        matches!(again, Err(StoreError::NameTaken(_))),
        "a taken name gave {again:?}"
    );
    let elsewhere = site(&*world.store, world.port, "Dock").await;
    ensure!(
        elsewhere.is_ok(),
        "the name was refused in another organisation: {elsewhere:?}"
    );
    Ok(())
}

/// No site without its organisation.
pub async fn a_site_needs_its_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let new = NewSite {
        id: Uuid::now_v7(),
        organization_id: Uuid::now_v7(),
        name: "Nowhere".to_owned(),
    };
    let outcome = world.store.add_site(new, entry("site.added")).await;
    ensure!(
        matches!(outcome, Err(StoreError::UnknownReference(_))),
        "a site of nobody gave {outcome:?}"
    );
    Ok(())
}

/// The first sites of all organisations come by their creation, as many as asked for.
pub async fn the_oldest_sites_come_first(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let known = world.store.oldest_sites(100).await?;
    let limit = u32::try_from(known.len()).unwrap_or(u32::MAX);
    let annex = |name: &str, organization_id, after| {
        let new = NewSite {
            id: Uuid::now_v7(),
            organization_id,
            name: name.to_owned(),
        };
        let audit = AuditEntry {
            now: START + after,
            ..entry("site.added")
        };
        (new, audit)
    };
    for (new, audit) in [annex("Later", world.quai, 9), annex("Sooner", world.port, 5)] {
        world.store.add_site(new, audit).await?;
    }
    let all = world.store.oldest_sites(100).await?;
    let end: Vec<_> = all
        .iter()
        .skip(known.len())
        .map(|site| (site.organization_slug.as_str(), site.name.as_str()))
        .collect();
    ensure!(
        end == [("port", "Sooner"), ("quai", "Later")],
        "after those from before came {end:?}"
    );
    let first = world.store.oldest_sites(limit + 1).await?;
    ensure!(
        first.len() == known.len() + 1 && all.starts_with(&first),
        "{} asked for were {first:?}",
        limit + 1
    );
    Ok(())
}

/// An organisation sees its own sites only, by name.
pub async fn sites_are_the_organizations_own_by_name(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    site(&*world.store, world.quai, "Annex").await?;
    let sites = world.store.sites(world.quai).await?;
    ensure!(
        sites.iter().all(|site| site.organization_id == world.quai),
        "a foreign site in {sites:?}"
    );
    let names: Vec<_> = sites.into_iter().map(|site| site.name).collect();
    ensure!(names == ["Annex", "Dock"], "sites came as {names:?}");
    Ok(())
}

/// A user's name is unique over all organisations.
pub async fn a_username_is_unique_everywhere(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for organization in [world.quai, world.port] {
        let again = user(&*world.store, "anna", organization, None).await;
        ensure!(
            matches!(again, Err(StoreError::NameTaken(_))),
            "a taken name gave {again:?}"
        );
    }
    Ok(())
}

/// A user joins an organisation that exists and works at one of its own sites.
pub async fn a_user_needs_an_organization_and_its_site(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let nowhere = user(&*world.store, "noel", Uuid::now_v7(), None).await;
    ensure!(
        matches!(nowhere, Err(StoreError::UnknownReference(_))),
        "an unknown organisation gave {nowhere:?}"
    );
    let foreign = user(&*world.store, "nora", world.quai, Some(world.port_site)).await;
    ensure!(
        matches!(foreign, Err(StoreError::UnknownReference(_))),
        "a foreign site gave {foreign:?}"
    );
    Ok(())
}

/// What was given of a user reads back.
pub async fn a_user_reads_back_whole(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    ensure!(
        world.store.user_by_name("nobody").await?.is_none(),
        "a user was found who does not exist"
    );
    let found = world.store.user_by_name("anna").await?;
    let Some(anna) = found else {
        return Err(super::Violation::Broken("the user is not found".to_owned()));
    };
    ensure!(
        anna.id == world.anna && anna.username == "anna",
        "another user was found"
    );
    ensure!(
        anna.display_name == "ANNA",
        "the display name reads {}",
        anna.display_name
    );
    ensure!(anna.password_hash == "$argon2id$anna", "the hash reads otherwise");
    ensure!(
        anna.one_time_password && anna.disabled_at.is_none(),
        "the account's state reads otherwise"
    );
    let [membership] = anna.memberships.as_slice() else {
        return Err(super::Violation::Broken(format!(
            "memberships read {:?}",
            anna.memberships
        )));
    };
    ensure!(
        membership.organization.id == world.quai,
        "the organisation reads {:?}",
        membership.organization
    );
    ensure!(
        membership.role == OrganizationRole::Manager,
        "the role reads {:?}",
        membership.role
    );
    let site = membership
        .site
        .as_ref()
        .map(|site| (site.id, site.organization_id));
    ensure!(
        site == Some((world.quai_site, world.quai)),
        "the site reads {site:?}"
    );
    Ok(())
}

/// An organisation sees its own users only, by name.
pub async fn users_are_the_organizations_own_by_name(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    user(&*world.store, "abel", world.quai, None).await?;
    let names: Vec<_> = world
        .store
        .users(of(world.quai), None, 100)
        .await?
        .into_iter()
        .map(|user| user.username)
        .collect();
    ensure!(names == ["abel", "anna"], "users came as {names:?}");
    Ok(())
}

/// Disabling an account ends all its sessions, and nobody else's.
pub async fn a_disabled_user_loses_every_session(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let mine = [
        world.till().await?,
        world.session(DeviceKind::Desk, START + 1).await?,
    ];
    let foreign = world.foreign_till(START).await?;
    let ended = world
        .store
        .disable_user(world.anna, START + 5, entry("user.disabled"))
        .await?;
    ensure!(ended == Some(2), "{ended:?} sessions ended");
    for session in mine {
        let identity = world.identity(session.id).await?;
        let revoked = identity.session.revoked;
        ensure!(
            revoked == Some((START + 5, RevokeReason::AccountDisabled)),
            "the session reads {revoked:?}"
        );
        ensure!(
            identity.disabled_at == Some(START + 5),
            "the account reads {:?}",
            identity.disabled_at
        );
    }
    let revoked = world.row(foreign.id).await?.revoked;
    ensure!(revoked.is_none(), "another user's session reads {revoked:?}");
    Ok(())
}

/// Disabling again moves nothing, and an unknown account is said to be unknown.
pub async fn an_account_is_disabled_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .store
        .disable_user(world.anna, START, entry("user.disabled"))
        .await?;
    let again = world
        .store
        .disable_user(world.anna, START + 9, entry("user.disabled"))
        .await?;
    ensure!(again == Some(0), "disabling again ended {again:?}");
    let since = world
        .store
        .user_by_name("anna")
        .await?
        .and_then(|user| user.disabled_at);
    ensure!(since == Some(START), "disabled since {since:?}");
    let unknown = world
        .store
        .disable_user(Uuid::now_v7(), START, entry("user.disabled"))
        .await?;
    ensure!(unknown.is_none(), "an unknown account gave {unknown:?}");
    Ok(())
}

/// A new password is that user's and nobody else's.
pub async fn a_password_is_set_for_one_user(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let set = |user, text: &str| {
        world.store.set_password(
            user,
            text.to_owned(),
            false,
            None,
            START,
            entry("user.password_set"),
        )
    };
    ensure!(
        set(world.anna, "$new").await? == Some(0),
        "the user was said to be unknown"
    );
    ensure!(
        set(Uuid::now_v7(), "$new").await?.is_none(),
        "an unknown user was said to be known"
    );
    let read = |name: &'static str| world.store.user_by_name(name);
    let anna = read("anna")
        .await?
        .map(|user| (user.password_hash, user.one_time_password));
    ensure!(
        anna == Some(("$new".to_owned(), false)),
        "the password was not set"
    );
    let paul = read("paul").await?.map(|user| user.password_hash);
    ensure!(
        paul.as_deref() == Some("$argon2id$paul"),
        "another user's password was set"
    );
    Ok(())
}

/// A deed that fails leaves none of its parts behind.
pub async fn a_refused_user_leaves_nothing_behind(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let refused = new_user("nora", world.quai, Some(world.port_site));
    let outcome = world.store.add_user(refused, entry("user.added")).await;
    ensure!(outcome.is_err(), "a foreign site was taken");
    ensure!(
        world.store.user_by_name("nora").await?.is_none(),
        "the refused user is there"
    );
    Ok(())
}
