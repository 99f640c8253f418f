//! Memberships: put, changed and ended, with an owner left in each organisation.

use protocol::auth::{DeviceKind, OrganizationRole};
use uuid::Uuid;

use super::fixture::{START, World, begin, entry, new_session, user};
use super::{Conforms, Engine, Violation, ensure};
use crate::{RevokeReason, StoreError};

/// What a user's memberships read: organisation, role and site of each.
async fn read(
    world: &World,
    username: &str,
) -> Result<Vec<(Uuid, OrganizationRole, Option<Uuid>)>, Violation> {
    Ok(world
        .known(username)
        .await?
        .memberships
        .into_iter()
        .map(|one| (one.organization.id, one.role, one.site.map(|site| site.id)))
        .collect())
}

/// Two owners of the first organisation.
async fn owners(world: &World) -> Result<(Uuid, Uuid), Violation> {
    let second = user(&*world.store, "olga", world.quai, None).await?;
    for owner in [world.anna, second] {
        world
            .join(owner, world.quai, OrganizationRole::Owner, None)
            .await?;
    }
    Ok((world.anna, second))
}

/// A membership is added after those there are, and changed in its place.
pub async fn a_membership_is_put_and_changed(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .join(
            world.anna,
            world.port,
            OrganizationRole::User,
            Some(world.port_site),
        )
        .await?;
    let both = read(&world, "anna").await?;
    let first = (world.quai, OrganizationRole::Manager, Some(world.quai_site));
    ensure!(
        both == [first, (world.port, OrganizationRole::User, Some(world.port_site))],
        "they read {both:?}"
    );
    world
        .join(world.anna, world.quai, OrganizationRole::Admin, None)
        .await?;
    let changed = read(&world, "anna").await?;
    ensure!(
        changed.first() == Some(&(world.quai, OrganizationRole::Admin, None)) && changed.len() == 2,
        "they read {changed:?}"
    );
    Ok(())
}

/// A membership needs a user, an organisation, and one of its own sites.
pub async fn a_membership_needs_what_it_names(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let nobody = Uuid::now_v7();
    let refused = [
        (nobody, world.port, None),
        (world.anna, nobody, None),
        (world.anna, world.port, Some(world.quai_site)),
    ];
    for (user, organization, site) in refused {
        let outcome = world
            .store
            .put_membership(
                user,
                organization,
                OrganizationRole::User,
                site,
                entry("membership.put"),
            )
            .await;
        ensure!(
            matches!(outcome, Err(StoreError::UnknownReference(_))),
            "it gave {outcome:?}"
        );
    }
    let kept = read(&world, "anna").await?;
    ensure!(kept.len() == 1, "a refused one is there: {kept:?}");
    Ok(())
}

/// Whoever leaves an organisation loses the sessions that work there, and no others.
pub async fn a_removed_membership_ends_its_sessions(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .join(world.anna, world.port, OrganizationRole::User, None)
        .await?;
    let stays = world.till().await?;
    let new = new_session(world.anna, world.port, DeviceKind::Till, START);
    let goes = begin(&*world.store, new).await?;
    let colleague = world.foreign_till(START).await?;
    let remove = || {
        world
            .store
            .remove_membership(world.anna, world.port, START + 3, entry("membership.removed"))
    };
    let ended = remove().await?;
    ensure!(ended == Some(1), "{ended:?} ended");
    let revoked = world.row(goes.id).await?.revoked;
    ensure!(
        revoked == Some((START + 3, RevokeReason::MembershipEnded)),
        "the session there reads {revoked:?}"
    );
    for other in [stays, colleague] {
        let revoked = world.row(other.id).await?.revoked;
        ensure!(revoked.is_none(), "another session reads {revoked:?}");
    }
    let left = read(&world, "anna").await?;
    ensure!(left.len() == 1, "memberships read {left:?}");
    let again = remove().await?;
    ensure!(again.is_none(), "removing it again gave {again:?}");
    Ok(())
}

/// The last owner is not removed.
pub async fn the_last_owner_is_not_removed(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let (one, other) = owners(&world).await?;
    let remove = |user| {
        world
            .store
            .remove_membership(user, world.quai, START, entry("membership.removed"))
    };
    let first = remove(one).await;
    ensure!(matches!(first, Ok(Some(0))), "one of two gave {first:?}");
    let last = remove(other).await;
    ensure!(
        matches!(last, Err(StoreError::LastOwner)),
        "the last gave {last:?}"
    );
    Ok(())
}

/// The last owner keeps that role, and may change the site.
pub async fn the_last_owner_is_not_demoted(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let (one, other) = owners(&world).await?;
    let put = |user, role, site| {
        world
            .store
            .put_membership(user, world.quai, role, site, entry("membership.put"))
    };
    let first = put(one, OrganizationRole::Admin, None).await;
    ensure!(first.is_ok(), "one of two gave {first:?}");
    let last = put(other, OrganizationRole::Admin, None).await;
    ensure!(
        matches!(last, Err(StoreError::LastOwner)),
        "the last gave {last:?}"
    );
    let moved = put(other, OrganizationRole::Owner, Some(world.quai_site)).await;
    ensure!(moved.is_ok(), "another site gave {moved:?}");
    Ok(())
}

/// The last owner's account is not disabled, and nor do its sessions end.
pub async fn the_last_owner_is_not_disabled(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let (one, other) = owners(&world).await?;
    let session = world.till().await?;
    let disable = |user| world.store.disable_user(user, START + 1, entry("user.disabled"));
    let first = disable(other).await;
    ensure!(matches!(first, Ok(Some(0))), "one of two gave {first:?}");
    let last = disable(one).await;
    ensure!(
        matches!(last, Err(StoreError::LastOwner)),
        "the last gave {last:?}"
    );
    ensure!(
        world.row(session.id).await?.revoked.is_none(),
        "the refused call ended a session"
    );
    Ok(())
}

/// A disabled owner is no owner who can sign in.
pub async fn a_disabled_owner_does_not_count(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let (one, other) = owners(&world).await?;
    world
        .store
        .disable_user(other, START, entry("user.disabled"))
        .await?;
    let removed = world
        .store
        .remove_membership(one, world.quai, START, entry("membership.removed"))
        .await;
    ensure!(
        matches!(removed, Err(StoreError::LastOwner)),
        "the last who can sign in gave {removed:?}"
    );
    let disabled = world
        .store
        .remove_membership(other, world.quai, START, entry("membership.removed"))
        .await;
    ensure!(disabled.is_ok(), "the disabled one gave {disabled:?}");
    Ok(())
}
