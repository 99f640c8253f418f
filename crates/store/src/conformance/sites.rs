//! Organisations, sites and tills as they are renamed and archived.

use protocol::auth::OrganizationRole;
use uuid::Uuid;

use super::fixture::{START, World, entry, site, user};
use super::{Conforms, Engine, Violation, ensure};
use crate::{NewTill, Site, StoreError, Till};

async fn till(world: &World, organization_id: Uuid, site_id: Uuid, name: &str) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    let new = NewTill {
        id,
        organization_id,
        site_id,
        name: name.to_owned(),
    };
    world.store.add_till(new, entry("till.added")).await?;
    Ok(id)
}

async fn tills(world: &World, organization: Uuid) -> Result<Vec<(String, bool)>, Violation> {
    let found = world.store.tills(organization).await?;
    Ok(found
        .into_iter()
        .map(|till| (till.name, till.archived_at.is_some()))
        .collect())
}

fn named(name: &str) -> (String, bool) {
    (name.to_owned(), false)
}

/// An organisation gets another name; its slug and the others stay.
pub async fn an_organization_is_renamed(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let rename = |id| {
        world
            .store
            .rename_organization(id, "New".to_owned(), entry("organization.renamed"))
    };
    ensure!(rename(world.quai).await?, "it was said to be unknown");
    ensure!(!rename(Uuid::now_v7()).await?, "an unknown one was renamed");
    let found: Vec<_> = world
        .store
        .organizations()
        .await?
        .into_iter()
        .map(|one| (one.slug, one.name))
        .collect();
    let expected =
        [("port", "The port"), ("quai", "New")].map(|(slug, name)| (slug.to_owned(), name.to_owned()));
    ensure!(found == expected, "they read {found:?}");
    Ok(())
}

/// A site is renamed by its own organisation, to a name that is free there.
pub async fn a_site_is_renamed_in_its_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    site(&*world.store, world.quai, "Annex").await?;
    let rename = |organization, name: &str| {
        world.store.rename_site(
            organization,
            world.quai_site,
            name.to_owned(),
            entry("site.renamed"),
        )
    };
    let taken = rename(world.quai, "Annex").await;
    ensure!(
        matches!(taken, Err(StoreError::NameTaken(_))),
        "a taken name gave {taken:?}"
    );
    ensure!(
        !rename(world.port, "Stolen").await?,
        "another organisation renamed it"
    );
    ensure!(rename(world.quai, "Dock").await?, "its own name was refused");
    ensure!(rename(world.quai, "Pier").await?, "a name free here was refused");
    let names: Vec<_> = world
        .store
        .sites(world.quai)
        .await?
        .into_iter()
        .map(|one| one.name)
        .collect();
    ensure!(names == ["Annex", "Pier"], "they read {names:?}");
    Ok(())
}

/// An archived site takes no new user, member or till; whoever works there stays, and it can be restored.
pub async fn an_archived_site_takes_nobody_new(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let archive = |organization| {
        world
            .store
            .archive_site(organization, world.quai_site, START + 2, entry("site.archived"))
    };
    ensure!(!archive(world.port).await?, "another organisation archived it");
    ensure!(archive(world.quai).await?, "it was not archived");
    ensure!(!archive(world.quai).await?, "it was archived twice");
    let expected = Site {
        id: world.quai_site,
        organization_id: world.quai,
        name: "Dock".to_owned(),
        archived_at: Some(START + 2),
    };
    let read = world.store.sites(world.quai).await?;
    ensure!(read == [expected], "it reads {read:?}");
    let put = |user| {
        world.store.put_membership(
            user,
            world.quai,
            OrganizationRole::User,
            Some(world.quai_site),
            entry("membership.put"),
        )
    };
    let refused = [
        till(&world, world.quai, world.quai_site, "One").await.map(drop),
        user(&*world.store, "nora", world.quai, Some(world.quai_site))
            .await
            .map(drop),
        put(world.paul).await,
    ];
    for outcome in refused {
        ensure!(
            matches!(outcome, Err(StoreError::UnknownReference("site"))),
            "it took somebody: {outcome:?}"
        );
    }
    let stays = put(world.anna).await;
    ensure!(stays.is_ok(), "who works there was refused: {stays:?}");
    Ok(())
}

/// A restored site is as before.
pub async fn an_archived_site_is_restored(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let restore = |organization| {
        world
            .store
            .restore_site(organization, world.quai_site, entry("site.restored"))
    };
    ensure!(!restore(world.quai).await?, "a site in use was restored");
    world
        .store
        .archive_site(world.quai, world.quai_site, START, entry("site.archived"))
        .await?;
    ensure!(!restore(world.port).await?, "another organisation restored it");
    ensure!(restore(world.quai).await?, "it was not restored");
    let added = till(&world, world.quai, world.quai_site, "One").await;
    ensure!(added.is_ok(), "a till there gave {added:?}");
    Ok(())
}

/// A till reads back as it was added, at a site of its own organisation.
pub async fn a_till_needs_its_organizations_site(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let foreign = till(&world, world.quai, world.port_site, "One").await;
    ensure!(
        matches!(foreign, Err(StoreError::UnknownReference(_))),
        "a foreign site gave {foreign:?}"
    );
    let id = till(&world, world.quai, world.quai_site, "One").await?;
    let expected = Till {
        id,
        organization_id: world.quai,
        site_id: world.quai_site,
        name: "One".to_owned(),
        created_at: START,
        archived_at: None,
    };
    let read = world.store.tills(world.quai).await?;
    ensure!(read == [expected], "it reads {read:?}");
    Ok(())
}

/// An organisation sees its own tills only, by name.
pub async fn tills_are_the_organizations_own_by_name(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    till(&world, world.quai, world.quai_site, "Two").await?;
    till(&world, world.quai, world.quai_site, "One").await?;
    till(&world, world.port, world.port_site, "Three").await?;
    let found = tills(&world, world.quai).await?;
    ensure!(found == [named("One"), named("Two")], "they read {found:?}");
    Ok(())
}

/// A till's name is unique among those in use at its site: archiving frees it, and restoring needs it free.
pub async fn a_till_name_is_unique_among_those_in_use(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let annex = site(&*world.store, world.quai, "Annex").await?;
    let first = till(&world, world.quai, world.quai_site, "One").await?;
    let taken = till(&world, world.quai, world.quai_site, "One").await;
    ensure!(
        matches!(taken, Err(StoreError::NameTaken(_))),
        "a taken name gave {taken:?}"
    );
    let elsewhere = till(&world, world.quai, annex, "One").await;
    ensure!(elsewhere.is_ok(), "the name at another site gave {elsewhere:?}");
    let archived = world
        .store
        .archive_till(world.quai, first, START + 2, entry("till.archived"))
        .await?;
    ensure!(archived, "it was not archived");
    let second = till(&world, world.quai, world.quai_site, "One").await;
    ensure!(second.is_ok(), "the freed name gave {second:?}");
    let restore = || {
        world
            .store
            .restore_till(world.quai, first, entry("till.restored"))
    };
    let restored = restore().await;
    ensure!(
        matches!(restored, Err(StoreError::NameTaken(_))),
        "restoring it beside its namesake gave {restored:?}"
    );
    let second = second?;
    world
        .store
        .archive_till(world.quai, second, START + 3, entry("till.archived"))
        .await?;
    ensure!(restore().await?, "it was not restored");
    Ok(())
}

/// A till is renamed and archived by its own organisation only.
pub async fn a_till_is_changed_by_its_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let id = till(&world, world.quai, world.quai_site, "One").await?;
    till(&world, world.quai, world.quai_site, "Two").await?;
    let rename = |organization, name: &str| {
        world
            .store
            .rename_till(organization, id, name.to_owned(), entry("till.renamed"))
    };
    let taken = rename(world.quai, "Two").await;
    ensure!(
        matches!(taken, Err(StoreError::NameTaken(_))),
        "a taken name gave {taken:?}"
    );
    ensure!(
        !rename(world.port, "Stolen").await?,
        "another organisation renamed it"
    );
    ensure!(rename(world.quai, "Three").await?, "it was not renamed");
    let archive = |organization| {
        world
            .store
            .archive_till(organization, id, START, entry("till.archived"))
    };
    ensure!(!archive(world.port).await?, "another organisation archived it");
    ensure!(archive(world.quai).await?, "it was not archived");
    ensure!(!archive(world.quai).await?, "it was archived twice");
    let found = tills(&world, world.quai).await?;
    ensure!(
        found == [("Three".to_owned(), true), named("Two")],
        "they read {found:?}"
    );
    Ok(())
}
