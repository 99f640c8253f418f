//! Ending many sessions at once, within a scope.

use protocol::auth::{DeviceKind, OrganizationRole};
use uuid::Uuid;

use super::fixture::{START, World, begin, entry, new_session};
use super::{Conforms, Engine, Violation, ensure};
use crate::{RevokeReason, SessionRow};

const REASON: RevokeReason = RevokeReason::ByAdministrator;

/// Anna's and Paul's sessions in both organisations.
struct Sessions {
    anna_at_quai: SessionRow,
    anna_at_port: SessionRow,
    paul_at_port: SessionRow,
}

async fn sessions(world: &World) -> Result<Sessions, Violation> {
    world
        .join(world.anna, world.port, OrganizationRole::User, None)
        .await?;
    let elsewhere = new_session(world.anna, world.port, DeviceKind::Till, START);
    Ok(Sessions {
        anna_at_quai: world.till().await?,
        anna_at_port: begin(&*world.store, elsewhere).await?,
        paul_at_port: world.foreign_till(START).await?,
    })
}

async fn live(world: &World, session: &SessionRow) -> Result<bool, Violation> {
    Ok(world.row(session.id).await?.revoked.is_none())
}

/// Where an organisation is named, only a session that works there ends.
pub async fn an_organization_ends_only_its_sessions(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    let revoke = |organization| {
        let audit = entry("session.revoked");
        world
            .store
            .revoke_session(session.id, None, Some(organization), REASON, START + 1, audit)
    };
    ensure!(!revoke(world.port).await?, "another organisation ended it");
    ensure!(
        live(&world, &session).await?,
        "another organisation's call ended it"
    );
    ensure!(revoke(world.quai).await?, "its organisation could not end it");
    Ok(())
}

/// A user's sessions end within one organisation, where one is named.
pub async fn a_users_sessions_end_within_an_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let all = sessions(&world).await?;
    let ended = world
        .store
        .revoke_user_sessions(
            world.anna,
            Some(world.port),
            None,
            REASON,
            START + 1,
            entry("sessions.revoked"),
        )
        .await?;
    ensure!(ended == 1, "{ended} ended");
    ensure!(!live(&world, &all.anna_at_port).await?, "the one there lives");
    ensure!(live(&world, &all.anna_at_quai).await?, "the one elsewhere ended");
    ensure!(live(&world, &all.paul_at_port).await?, "a colleague's ended");
    Ok(())
}

/// An organisation's sessions end, except for the one to keep and those of other organisations.
pub async fn an_organizations_sessions_end_but_one(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let all = sessions(&world).await?;
    let ended = world
        .store
        .revoke_organization_sessions(
            world.port,
            Some(all.paul_at_port.id),
            REASON,
            START + 1,
            entry("sessions.revoked"),
        )
        .await?;
    ensure!(ended == 1, "{ended} ended");
    let revoked = world.row(all.anna_at_port.id).await?.revoked;
    ensure!(
        revoked == Some((START + 1, REASON)),
        "the other one there reads {revoked:?}"
    );
    ensure!(live(&world, &all.paul_at_port).await?, "the one to keep ended");
    ensure!(
        live(&world, &all.anna_at_quai).await?,
        "another organisation's ended"
    );
    Ok(())
}

/// All sessions end, except for the one to keep.
pub async fn all_sessions_end_but_one(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let all = sessions(&world).await?;
    let ended = world
        .store
        .revoke_all_sessions(
            Some(all.anna_at_quai.id),
            REASON,
            START + 1,
            entry("sessions.revoked"),
        )
        .await?;
    ensure!(ended == 2, "{ended} ended");
    ensure!(live(&world, &all.anna_at_quai).await?, "the one to keep ended");
    for other in [&all.anna_at_port, &all.paul_at_port] {
        ensure!(!live(&world, other).await?, "another one lives");
    }
    let rest = world
        .store
        .revoke_all_sessions(None, REASON, START + 2, entry("sessions.revoked"))
        .await?;
    ensure!(rest == 1, "{rest} were left to end");
    Ok(())
}

/// What has ended is purged, up to a moment and a number; what lives is not.
pub async fn only_what_has_ended_is_purged(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let before = START + 1_000;
    let live = world.till().await?;
    let mut ended = Vec::new();
    for at in [START + 1, before - 1, before] {
        let session = world.till().await?;
        world
            .store
            .revoke_session(session.id, None, None, REASON, at, entry("session.revoked"))
            .await?;
        ended.push(session.id);
    }
    for expires_at in [before - 2, before] {
        let mut short = new_session(world.anna, world.quai, DeviceKind::Till, START);
        short.expires_at = expires_at;
        ended.push(begin(&*world.store, short).await?.id);
    }
    let first = world.store.purge_sessions(before, 2).await?;
    let second = world.store.purge_sessions(before, 2).await?;
    let third = world.store.purge_sessions(before, 2).await?;
    ensure!(
        [first, second, third] == [2, 1, 0],
        "{first}, {second}, {third} were purged"
    );
    let kept = |id: Uuid| world.store.identity(id);
    ensure!(kept(live.id).await?.is_some(), "a live one was purged");
    let mut left = Vec::new();
    for id in ended {
        left.push(kept(id).await?.is_some());
    }
    ensure!(
        left == [false, false, true, false, true],
        "what is left reads {left:?}"
    );
    Ok(())
}
