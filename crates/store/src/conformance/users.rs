//! Users: found, listed, renamed, enabled, put above all organisations, and given passwords.

use protocol::auth::{DeviceKind, OrganizationRole};
use uuid::Uuid;

use super::fixture::{START, World, begin, entry, new_session, of, user};
use super::{Conforms, Engine, Violation, ensure};
use crate::{AuditEntry, RevokeReason, StoreError, UserFilter, UserListing};

fn names(users: &[UserListing]) -> Vec<&str> {
    users.iter().map(|user| user.username.as_str()).collect()
}

/// A user reads the same by id as by name.
pub async fn a_user_reads_the_same_by_id(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let by_name = world.known("anna").await?;
    let by_id = world
        .store
        .user(world.anna)
        .await?
        .ok_or_else(|| Violation::Broken("the user is not found by id".to_owned()))?;
    ensure!(
        by_id.username == "anna" && by_id.password_hash == by_name.password_hash,
        "another user was found"
    );
    ensure!(
        by_id.memberships == by_name.memberships,
        "memberships read {:?}",
        by_id.memberships
    );
    let nobody = world.store.user(Uuid::now_v7()).await?;
    ensure!(nobody.is_none(), "an unknown id gave a user");
    Ok(())
}

/// A listing says what a list shows of a user.
pub async fn a_listing_reads_whole(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let found = world.store.users(of(world.quai), None, 10).await?;
    let [anna] = found.as_slice() else {
        return Err(Violation::Broken(format!("the list reads {found:?}")));
    };
    let expected = UserListing {
        id: world.anna,
        username: "anna".to_owned(),
        display_name: "ANNA".to_owned(),
        role: Some(OrganizationRole::Manager),
        site: Some(crate::Site {
            id: world.quai_site,
            organization_id: world.quai,
            name: "Dock".to_owned(),
            archived_at: None,
        }),
        super_admin: false,
        disabled_at: None,
        last_sign_in_at: None,
    };
    ensure!(*anna == expected, "it reads {anna:?}");
    Ok(())
}

/// A list comes in pages of names, each user once.
pub async fn users_come_in_pages(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for name in ["abel", "zoe", "Bert"] {
        user(&*world.store, name, world.quai, None).await?;
    }
    let first = world.store.users(of(world.quai), None, 2).await?;
    ensure!(
        names(&first) == ["Bert", "abel"],
        "the first page reads {:?}",
        names(&first)
    );
    let second = world
        .store
        .users(of(world.quai), Some("abel".to_owned()), 2)
        .await?;
    ensure!(
        names(&second) == ["anna", "zoe"],
        "the second page reads {:?}",
        names(&second)
    );
    let third = world
        .store
        .users(of(world.quai), Some("zoe".to_owned()), 2)
        .await?;
    ensure!(third.is_empty(), "the last page reads {:?}", names(&third));
    Ok(())
}

/// A search looks into both names, for capitals or not, and within the organisation.
pub async fn users_are_searched_by_both_names(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let helene = user(&*world.store, "hln", world.quai, None).await?;
    user(&*world.store, "helias", world.port, None).await?;
    world
        .store
        .rename_user(helene, "Hélène Élie".to_owned(), entry("user.renamed"))
        .await?;
    let search = |organization_id, text: &str| {
        world.store.users(
            UserFilter {
                organization_id,
                search: Some(text.to_owned()),
            },
            None,
            10,
        )
    };
    for (text, expected) in [
        ("hÉL", vec!["hln"]),
        ("HLN", vec!["hln"]),
        ("élie", vec!["hln"]),
        ("%", vec![]),
    ] {
        let found = search(Some(world.quai), text).await?;
        ensure!(names(&found) == expected, "`{text}` found {:?}", names(&found));
    }
    let everywhere = search(None, "HELIAS").await?;
    ensure!(
        names(&everywhere) == ["helias"],
        "everywhere found {:?}",
        names(&everywhere)
    );
    Ok(())
}

/// The list of all users has each once, without a role.
pub async fn the_list_of_all_users_has_each_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .join(world.anna, world.port, OrganizationRole::Admin, None)
        .await?;
    let found = world.store.users(UserFilter::default(), None, 10).await?;
    ensure!(names(&found) == ["anna", "paul"], "it reads {:?}", names(&found));
    ensure!(
        found
            .iter()
            .all(|user| user.role.is_none() && user.site.is_none()),
        "somebody has a role on it: {found:?}"
    );
    Ok(())
}

/// A user's name to show changes, and only that user's.
pub async fn a_user_is_renamed(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let rename = |id| {
        world
            .store
            .rename_user(id, "Anna B.".to_owned(), entry("user.renamed"))
    };
    ensure!(rename(world.anna).await?, "the user was said to be unknown");
    ensure!(!rename(Uuid::now_v7()).await?, "an unknown user was renamed");
    let (anna, paul) = (world.known("anna").await?, world.known("paul").await?);
    ensure!(
        (anna.display_name.as_str(), paul.display_name.as_str()) == ("Anna B.", "PAUL"),
        "they read {} and {}",
        anna.display_name,
        paul.display_name
    );
    Ok(())
}

/// When a user last signed in is known, though the session's row is gone.
pub async fn a_sign_in_is_remembered(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for now in [START + 5, START + 3] {
        let session = world.session(DeviceKind::Till, now).await?;
        world
            .store
            .revoke_session(
                session.id,
                None,
                None,
                RevokeReason::ByOwner,
                now,
                entry("session.revoked"),
            )
            .await?;
    }
    world.store.purge_sessions(START + 100, 10).await?;
    let (anna, paul) = (world.known("anna").await?, world.known("paul").await?);
    ensure!(
        anna.last_sign_in_at == Some(START + 5),
        "the last sign-in reads {:?}",
        anna.last_sign_in_at
    );
    ensure!(paul.last_sign_in_at.is_none(), "somebody else signed in");
    let listed = world.store.users(of(world.quai), None, 10).await?;
    let at: Vec<_> = listed.iter().map(|user| user.last_sign_in_at).collect();
    ensure!(at == [Some(START + 5)], "the list reads {at:?}");
    Ok(())
}

/// An enabled account signs in again; its ended sessions stay ended.
pub async fn an_enabled_user_signs_in_again(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let old = world.till().await?;
    let enable = || world.store.enable_user(world.anna, entry("user.enabled"));
    ensure!(!enable().await?, "an account that is not disabled was enabled");
    world
        .store
        .disable_user(world.anna, START, entry("user.disabled"))
        .await?;
    ensure!(enable().await?, "the account was not enabled");
    let anna = world.known("anna").await?;
    ensure!(
        anna.disabled_at.is_none(),
        "disabled since {:?}",
        anna.disabled_at
    );
    let new = new_session(world.anna, world.quai, DeviceKind::Till, START + 1);
    let begun = world.store.begin_session(new, entry("session.created")).await;
    ensure!(begun.is_ok(), "signing in gave {begun:?}");
    ensure!(
        world.row(old.id).await?.revoked.is_some(),
        "a session of before lives again"
    );
    Ok(())
}

/// Somebody above all organisations begins a session in any, until that is taken back.
pub async fn a_super_admin_enters_every_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let set = |above| {
        world
            .store
            .set_super_admin(world.anna, above, entry("user.super_admin_set"))
    };
    ensure!(set(true).await?, "nothing changed");
    ensure!(!set(true).await?, "it changed twice");
    ensure!(
        world.known("anna").await?.super_admin,
        "the user does not read so"
    );
    let new = new_session(world.anna, world.port, DeviceKind::Desk, START);
    let session = begin(&*world.store, new.clone()).await?;
    let identity = world.identity(session.id).await?;
    ensure!(
        identity.super_admin && identity.role.is_none(),
        "the identity reads {identity:?}"
    );
    ensure!(set(false).await?, "it was not taken back");
    ensure!(
        !world.identity(session.id).await?.super_admin,
        "the session still stands above all"
    );
    let again = crate::NewSession {
        id: Uuid::now_v7(),
        ..new
    };
    let refused = world.store.begin_session(again, entry("session.created")).await;
    ensure!(refused.is_err(), "an outsider got {refused:?}");
    Ok(())
}

/// An entry by this user.
fn by(actor: Uuid, action: &'static str) -> AuditEntry {
    AuditEntry {
        actor_user_id: Some(actor),
        ..entry(action)
    }
}

/// The two users, both above all organisations.
async fn both_above(world: &World) -> Conforms {
    for user in [world.anna, world.paul] {
        world
            .store
            .set_super_admin(user, true, entry("user.super_admin_set"))
            .await?;
    }
    Ok(())
}

/// Whoever lost the rank, or cannot sign in, neither gives nor takes it: of two who take it from each other one keeps it.
pub async fn only_somebody_above_names_a_super_admin(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    both_above(&world).await?;
    let set = |actor, user, above| {
        world
            .store
            .set_super_admin(user, above, by(actor, "user.super_admin_set"))
    };
    ensure!(
        set(world.anna, world.paul, false).await?,
        "somebody above took nothing"
    );
    for (user, above) in [(world.anna, false), (world.paul, true)] {
        let outcome = set(world.paul, user, above).await;
        ensure!(
            matches!(outcome, Err(StoreError::RankLost)),
            "from below it gave {outcome:?}"
        );
    }
    let (anna, paul) = (world.known("anna").await?, world.known("paul").await?);
    ensure!(
        anna.super_admin && !paul.super_admin,
        "they stand as {} and {}",
        anna.super_admin,
        paul.super_admin
    );
    world
        .store
        .disable_user(world.anna, START, entry("user.disabled"))
        .await?;
    let disabled = set(world.anna, world.paul, true).await;
    ensure!(
        matches!(disabled, Err(StoreError::RankLost)),
        "a disabled account gave {disabled:?}"
    );
    Ok(())
}

/// Whoever lost the rank does not disable somebody who has it, and others as before.
pub async fn only_somebody_above_disables_a_super_admin(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    both_above(&world).await?;
    let disable = |actor, user| world.store.disable_user(user, START, by(actor, "user.disabled"));
    world
        .store
        .set_super_admin(world.paul, false, by(world.anna, "user.super_admin_set"))
        .await?;
    let outcome = disable(world.paul, world.anna).await;
    ensure!(
        matches!(outcome, Err(StoreError::RankLost)),
        "from below it gave {outcome:?}"
    );
    ensure!(
        world.row(session.id).await?.revoked.is_none(),
        "the refused call ended a session"
    );
    let within = user(&*world.store, "nora", world.quai, None).await?;
    let outcome = disable(world.paul, within).await;
    ensure!(
        matches!(outcome, Ok(Some(0))),
        "somebody else's account gave {outcome:?}"
    );
    Ok(())
}

/// A new password ends the user's other sessions, in every organisation, and nobody else's.
pub async fn a_new_password_ends_the_other_sessions(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .join(world.anna, world.port, OrganizationRole::User, None)
        .await?;
    let keep = world.till().await?;
    let elsewhere = new_session(world.anna, world.port, DeviceKind::Till, START);
    let others = [world.till().await?, begin(&*world.store, elsewhere).await?];
    let foreign = world.foreign_till(START).await?;
    let ended = world
        .store
        .set_password(
            world.anna,
            "$new".to_owned(),
            false,
            Some(keep.id),
            START + 4,
            entry("user.password_set"),
        )
        .await?;
    ensure!(ended == Some(2), "{ended:?} ended");
    for other in others {
        let revoked = world.row(other.id).await?.revoked;
        ensure!(
            revoked == Some((START + 4, RevokeReason::PasswordChanged)),
            "another one reads {revoked:?}"
        );
    }
    ensure!(world.row(keep.id).await?.revoked.is_none(), "this one ended");
    ensure!(
        world.row(foreign.id).await?.revoked.is_none(),
        "another user's ended"
    );
    Ok(())
}
