//! Sessions: beginning, listing, using and ending them.

use protocol::auth::{DeviceKind, OrganizationRole};
use protocol::settings::SessionSettings;
use uuid::Uuid;

use super::fixture::{HOUR, MINUTE, SESSION, START, World, begin, entry, new_session, origin, user};
use super::{Conforms, Engine, ensure};
use crate::session::RevokeReason;
use crate::{Identity, SessionRow, StoreError, Touch};

fn ids(rows: &[Identity]) -> Vec<Uuid> {
    rows.iter().map(|row| row.session.id).collect()
}

/// A session begins as it was asked for, and reads back so.
pub async fn a_session_begins_as_asked(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let mut new = new_session(world.anna, world.quai, DeviceKind::Desk, START);
    new.site_id = Some(world.quai_site);
    new.device_key = Some([8; 32]);
    let expected = SessionRow {
        id: new.id,
        user_id: world.anna,
        organization_id: world.quai,
        site_id: Some(world.quai_site),
        device_kind: DeviceKind::Desk,
        device_name: "Counter 1".to_owned(),
        generation: 0,
        attempts: Vec::new(),
        created_at: START,
        last_used_at: START,
        last_input_at: START,
        rotated_at: START,
        expires_at: START + SESSION,
        revoked: None,
        origin: origin(1),
        device_key: Some([8; 32]),
        reauthenticated_at: None,
        impersonator: None,
    };
    let begun = begin(&*world.store, new).await?;
    ensure!(begun == expected, "begun as {begun:?}");
    let read = world.row(expected.id).await?;
    ensure!(read == expected, "reads back as {read:?}");
    Ok(())
}

/// Only a member begins a session in an organisation, at one of its sites.
pub async fn only_a_member_begins_a_session(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let mut foreign_site = new_session(world.anna, world.quai, DeviceKind::Till, START);
    foreign_site.site_id = Some(world.port_site);
    let refused = [
        new_session(Uuid::now_v7(), world.quai, DeviceKind::Till, START),
        new_session(world.anna, Uuid::now_v7(), DeviceKind::Till, START),
        new_session(world.anna, world.port, DeviceKind::Till, START),
        foreign_site,
    ];
    for new in refused {
        let id = new.id;
        let outcome = world.store.begin_session(new, entry("session.created")).await;
        ensure!(
            matches!(outcome, Err(StoreError::UnknownReference(_))),
            "an outsider got {outcome:?}"
        );
        ensure!(
            world.store.identity(id).await?.is_none(),
            "the refused session is there"
        );
    }
    Ok(())
}

/// An account that was disabled while its password was being checked gets no session.
pub async fn a_disabled_user_begins_no_session(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .store
        .disable_user(world.anna, START, entry("user.disabled"))
        .await?;
    let new = new_session(world.anna, world.quai, DeviceKind::Till, START);
    let outcome = world.store.begin_session(new, entry("session.created")).await;
    ensure!(
        matches!(outcome, Err(StoreError::UnknownReference("user"))),
        "it got {outcome:?}"
    );
    Ok(())
}

/// An identity says whose session it is, in what organisation, in what role, and how long it may idle.
pub async fn an_identity_joins_what_a_request_needs(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let settings = SessionSettings {
        idle_timeout_minutes: 33,
        ..SessionSettings::default()
    };
    world
        .store
        .put_session_settings(world.quai, settings, entry("settings.changed"))
        .await?;
    let mut new = new_session(world.anna, world.quai, DeviceKind::Till, START);
    new.site_id = Some(world.quai_site);
    let session = begin(&*world.store, new).await?;
    let expected = Identity {
        session: session.clone(),
        username: "anna".to_owned(),
        display_name: "ANNA".to_owned(),
        disabled_at: None,
        organization_name: "The quai".to_owned(),
        super_admin: false,
        one_time_password: true,
        role: Some(OrganizationRole::Manager),
        site_name: Some("Dock".to_owned()),
        settings,
    };
    let found = world.identity(session.id).await?;
    ensure!(found == expected, "the identity reads {found:?}");
    let foreign = world.foreign_till(START).await?;
    let defaults = world.identity(foreign.id).await?.settings;
    ensure!(
        defaults == SessionSettings::default(),
        "an organisation without settings has {defaults:?}"
    );
    ensure!(
        world.store.identity(Uuid::now_v7()).await?.is_none(),
        "an unknown session was found"
    );
    Ok(())
}

/// A user's list holds own live sessions only, newest first.
pub async fn live_sessions_are_the_users_own_newest_first(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let colleague = user(&*world.store, "carl", world.quai, None).await?;
    begin(
        &*world.store,
        new_session(colleague, world.quai, DeviceKind::Till, START),
    )
    .await?;
    let older = world.till().await?;
    let newer = world.session(DeviceKind::Till, START + 2).await?;
    let desk = world.session(DeviceKind::Desk, START + 1).await?;
    let listed = ids(&world.store.live_sessions(world.anna, START + 10).await?);
    ensure!(
        listed == [newer.id, desk.id, older.id],
        "the list reads {listed:?}"
    );
    Ok(())
}

/// Ended, expired and idle sessions are on no list.
pub async fn only_live_sessions_are_listed(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let till = world.session(DeviceKind::Till, START).await?;
    let ended = world.till().await?;
    world.session(DeviceKind::Desk, START).await?;
    let mut short = new_session(world.anna, world.quai, DeviceKind::Till, START);
    short.expires_at = START + HOUR;
    begin(&*world.store, short).await?;
    let now = START + 9 * HOUR;
    world
        .store
        .revoke_session(
            ended.id,
            None,
            None,
            RevokeReason::ByAdministrator,
            START,
            entry("session.revoked"),
        )
        .await?;
    let own = ids(&world.store.live_sessions(world.anna, now).await?);
    ensure!(own == [till.id], "the user's list reads {own:?}");
    let all = ids(&world.live_of(Some(world.quai), now, 10).await?);
    ensure!(all == [till.id], "the organisation's list reads {all:?}");
    let everywhere = ids(&world.live_of(None, now, 10).await?);
    ensure!(everywhere == [till.id], "the list of all reads {everywhere:?}");
    Ok(())
}

/// An organisation's list holds its sessions only, newest first, and no more than asked for.
pub async fn live_sessions_of_an_organization_are_its_own(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let first = world.session(DeviceKind::Till, START).await?;
    let foreign = world.foreign_till(START + 1).await?;
    let last = world.session(DeviceKind::Till, START + 2).await?;
    let now = START + 10;
    let own = ids(&world.live_of(Some(world.quai), now, 10).await?);
    ensure!(
        own == [last.id, first.id],
        "the organisation's list reads {own:?}"
    );
    let all = ids(&world.live_of(None, now, 10).await?);
    ensure!(
        all == [last.id, foreign.id, first.id],
        "the list of all reads {all:?}"
    );
    let few = ids(&world.live_of(None, now, 2).await?);
    ensure!(few == [last.id, foreign.id], "two at most reads {few:?}");
    Ok(())
}

/// Where an owner is named, only that owner's session ends.
pub async fn an_owner_ends_only_own_sessions(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    let revoke = |owner| {
        world.store.revoke_session(
            session.id,
            Some(owner),
            None,
            RevokeReason::ByOwner,
            START + 1,
            entry("session.revoked"),
        )
    };
    ensure!(!revoke(world.paul).await?, "somebody else ended it");
    ensure!(
        world.row(session.id).await?.revoked.is_none(),
        "somebody else's call ended it"
    );
    ensure!(revoke(world.anna).await?, "its owner could not end it");
    Ok(())
}

/// What has ended stays ended, with the first reason and time.
pub async fn an_ended_session_stays_ended(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    let revoke = |reason, now| {
        world
            .store
            .revoke_session(session.id, None, None, reason, now, entry("session.revoked"))
    };
    ensure!(
        revoke(RevokeReason::SignedOut, START + 1).await?,
        "it did not end"
    );
    ensure!(
        !revoke(RevokeReason::ByAdministrator, START + 2).await?,
        "it ended twice"
    );
    let revoked = world.row(session.id).await?.revoked;
    ensure!(
        revoked == Some((START + 1, RevokeReason::SignedOut)),
        "it reads {revoked:?}"
    );
    Ok(())
}

/// A session that has reached its end is not ended once more, and an unknown one is not said to have been.
pub async fn there_is_nothing_to_end_after_the_end(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    let revoke = |id, now| {
        world.store.revoke_session(
            id,
            None,
            None,
            RevokeReason::ByOwner,
            now,
            entry("session.revoked"),
        )
    };
    ensure!(
        !revoke(session.id, session.expires_at).await?,
        "an expired session was ended"
    );
    ensure!(
        !revoke(Uuid::now_v7(), START).await?,
        "an unknown session was ended"
    );
    Ok(())
}

/// Ending the others keeps this session, and other users'.
pub async fn ending_the_others_keeps_this_one(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let keep = world.till().await?;
    let others = [world.till().await?, world.session(DeviceKind::Desk, START).await?];
    let foreign = world.foreign_till(START).await?;
    let ended = world
        .store
        .revoke_user_sessions(
            world.anna,
            None,
            Some(keep.id),
            RevokeReason::ByOwner,
            START + 1,
            entry("session.revoked"),
        )
        .await?;
    ensure!(ended == 2, "{ended} ended");
    for other in others {
        let revoked = world.row(other.id).await?.revoked;
        ensure!(
            revoked == Some((START + 1, RevokeReason::ByOwner)),
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

/// Input is noted at its time, and never moves back.
pub async fn input_never_moves_back(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.session(DeviceKind::Desk, START).await?;
    let told = [
        (HOUR, MINUTE, HOUR - MINUTE),
        (2 * HOUR, 2 * HOUR, HOUR - MINUTE),
        (3 * HOUR, -5, HOUR - MINUTE),
    ];
    for (after, age, expected) in told {
        let row = world.store.note_input(session.id, age, START + after).await?;
        let noted = row.map(|row| row.last_input_at - START);
        ensure!(
            noted == Some(expected),
            "{age} ms ago, told after {after} ms, reads {noted:?}"
        );
        let kept = world.row(session.id).await?;
        ensure!(kept.last_input_at - START == expected, "it was not kept");
        ensure!(
            kept.last_used_at == START + after,
            "last used reads {}",
            kept.last_used_at
        );
    }
    Ok(())
}

/// No input is noted for a session that is over or unknown.
pub async fn input_does_not_wake_an_ended_session(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let ended = world.till().await?;
    world
        .store
        .revoke_session(
            ended.id,
            None,
            None,
            RevokeReason::ByOwner,
            START,
            entry("session.revoked"),
        )
        .await?;
    let expired = world.till().await?;
    let idle = world.session(DeviceKind::Desk, START).await?;
    let told = [
        (ended.id, 0, START + 1),
        (expired.id, 0, START + SESSION),
        (idle.id, 9 * HOUR, START + 9 * HOUR),
        (Uuid::now_v7(), 0, START + 1),
    ];
    for (id, age, now) in told {
        let row = world.store.note_input(id, age, now).await?;
        ensure!(row.is_none(), "input was noted: {row:?}");
    }
    Ok(())
}

/// A session moves to another organisation of its user, and to the site that the user has there.
pub async fn a_session_moves_to_another_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .join(
            world.anna,
            world.port,
            OrganizationRole::Admin,
            Some(world.port_site),
        )
        .await?;
    let stays = world.till().await?;
    let mut new = new_session(world.anna, world.quai, DeviceKind::Till, START);
    new.site_id = Some(world.quai_site);
    let before = begin(&*world.store, new).await?;
    let moved = world
        .store
        .switch_organization(before.id, world.port, START + 5, entry("session.moved"))
        .await?;
    let expected = SessionRow {
        organization_id: world.port,
        site_id: Some(world.port_site),
        last_used_at: START + 5,
        ..before
    };
    ensure!(moved.as_ref() == Some(&expected), "it reads {moved:?}");
    let identity = world.identity(expected.id).await?;
    ensure!(
        identity.session == expected && identity.role == Some(OrganizationRole::Admin),
        "the identity reads {identity:?}"
    );
    let other = world.row(stays.id).await?;
    ensure!(other == stays, "the user's other session reads {other:?}");
    Ok(())
}

/// Only a member's live session moves.
pub async fn only_a_members_live_session_moves(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    let switch = |id, organization, now| {
        world
            .store
            .switch_organization(id, organization, now, entry("session.moved"))
    };
    for organization in [world.port, Uuid::now_v7()] {
        let outcome = switch(session.id, organization, START).await;
        ensure!(
            matches!(outcome, Err(StoreError::UnknownReference(_))),
            "an outsider got {outcome:?}"
        );
    }
    world
        .join(world.anna, world.port, OrganizationRole::User, None)
        .await?;
    let over = switch(session.id, world.port, session.expires_at).await?;
    ensure!(over.is_none(), "an expired one moved: {over:?}");
    let unknown = switch(Uuid::now_v7(), world.port, START).await?;
    ensure!(unknown.is_none(), "an unknown one moved: {unknown:?}");
    let kept = world.row(session.id).await?;
    ensure!(kept == session, "the refused call left {kept:?}");
    Ok(())
}

/// That a password was given again is noted on the session that lives, and on no other.
pub async fn a_password_given_again_is_noted(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    let other = world.till().await?;
    let note = |id, now| {
        world
            .store
            .note_reauthentication(id, now, entry("session.reauthenticated"))
    };
    ensure!(
        note(session.id, START + 4).await?,
        "the session was said to be over"
    );
    let noted = world.row(session.id).await?.reauthenticated_at;
    ensure!(noted == Some(START + 4), "it reads {noted:?}");
    ensure!(
        world.row(other.id).await?.reauthenticated_at.is_none(),
        "another session's password was noted"
    );
    ensure!(
        !note(other.id, other.expires_at).await?,
        "an expired session took the password"
    );
    ensure!(
        !note(Uuid::now_v7(), START).await?,
        "an unknown session took the password"
    );
    Ok(())
}

/// Uses that are noted later count by their time, and say where from; no earlier one undoes a later one.
pub async fn uses_are_noted_by_their_time(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    let other = world.till().await?;
    let touch = |session: &SessionRow, after, n| Touch {
        session_id: session.id,
        at: START + after,
        origin: origin(n),
    };
    let touched = world
        .store
        .touch_sessions(vec![
            touch(&session, 20, 2),
            touch(&session, 10, 3),
            touch(&other, 30, 4),
        ])
        .await?;
    ensure!(touched == 2, "{touched} rows changed");
    for (id, after, n) in [(session.id, 20, 2), (other.id, 30, 4)] {
        let row = world.row(id).await?;
        ensure!(
            row.last_used_at == START + after && row.origin == origin(n),
            "it reads {row:?}"
        );
    }
    Ok(())
}

/// An ended session keeps its last use, and an unknown one is passed over.
pub async fn an_ended_session_is_not_touched(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    world
        .store
        .revoke_session(
            session.id,
            None,
            None,
            RevokeReason::ByOwner,
            START + 1,
            entry("session.revoked"),
        )
        .await?;
    let touch = |session_id| Touch {
        session_id,
        at: START + 9,
        origin: origin(9),
    };
    let touched = world
        .store
        .touch_sessions(vec![touch(session.id), touch(Uuid::now_v7())])
        .await?;
    ensure!(touched == 0, "{touched} rows changed");
    let row = world.row(session.id).await?;
    ensure!(
        row.last_used_at == START && row.origin == origin(1),
        "it reads {row:?}"
    );
    Ok(())
}
