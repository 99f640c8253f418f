//! What beginning a session does besides: it keeps the limit, and looks where it comes from.

use protocol::auth::{DeviceKind, OrganizationRole};

use super::fixture::{HOUR, START, World, begin, entry, new_session, origin};
use super::{Conforms, Engine, Violation, ensure};
use crate::{BeginOutcome, NoticeDetail, NoticeKind, Place, RevokeReason};

async fn from(world: &World, device: u8, network: u8, after: i64) -> Result<BeginOutcome, Violation> {
    let mut new = new_session(world.anna, world.quai, DeviceKind::Till, START + after);
    new.place = Some(Place {
        device: [device; 32],
        network: [network; 32],
    });
    new.origin = origin(network);
    Ok(world.store.begin_session(new, entry("session.created")).await?)
}

async fn kinds(world: &World) -> Result<Vec<NoticeKind>, Violation> {
    let notices = world.store.security_notices(world.anna, false, 100).await?;
    Ok(notices.into_iter().map(|notice| notice.kind).collect())
}

/// The first sign-in of all is no news, nor is a place that was seen before.
pub async fn a_known_place_is_no_news(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for after in [0, 1, 2] {
        let begun = from(&world, 1, 1, after).await?;
        ensure!(
            !begun.new_device && !begun.new_network,
            "sign-in {after} from one place gave {begun:?}"
        );
    }
    let told = kinds(&world).await?;
    ensure!(told.is_empty(), "the user was told {told:?}");
    Ok(())
}

/// A device or a network that was never seen is told, once, with what a person can tell it by.
pub async fn a_new_place_is_told_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    from(&world, 1, 1, 0).await?;
    let device = from(&world, 2, 1, 1).await?;
    ensure!(
        device.new_device && !device.new_network,
        "a new device on a known network gave {device:?}"
    );
    let network = from(&world, 2, 2, 2).await?;
    ensure!(
        !network.new_device && network.new_network,
        "a known device on a new network gave {network:?}"
    );
    let known = from(&world, 1, 2, 3).await?;
    ensure!(
        !known.new_device && !known.new_network,
        "known ones put together gave {known:?}"
    );
    let told = kinds(&world).await?;
    ensure!(
        told == [NoticeKind::NewNetwork, NoticeKind::NewDevice],
        "the user was told {told:?}"
    );
    let notices = world.store.security_notices(world.anna, true, 1).await?;
    let expected = NoticeDetail {
        device_name: "Counter 1".to_owned(),
        ip_address: origin(2).ip_address,
        user_agent: origin(2).user_agent,
    };
    ensure!(
        notices.first().map(|notice| (notice.at, &notice.detail)) == Some((START + 2, &expected)),
        "it reads {notices:?}"
    );
    let foreign = world.store.security_notices(world.paul, false, 10).await?;
    ensure!(foreign.is_empty(), "somebody else was told {foreign:?}");
    Ok(())
}

/// Beyond the limit the sessions longest without input end, with an entry and a notice each.
pub async fn the_limit_ends_those_longest_without_input(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let oldest_but_busy = world.session(DeviceKind::Till, START).await?;
    let idle = world.session(DeviceKind::Till, START + 1).await?;
    let idler = world.session(DeviceKind::Till, START + 2).await?;
    world
        .store
        .note_input(oldest_but_busy.id, 0, START + HOUR)
        .await?;
    world.store.note_input(idle.id, 0, START + 60).await?;
    let mut new = new_session(world.anna, world.quai, DeviceKind::Till, START + 2 * HOUR);
    new.device_limit = Some(2);
    let begun = world.store.begin_session(new, entry("session.created")).await?;
    let mut displaced = begun.displaced;
    displaced.sort_unstable();
    let mut expected = vec![idle.id, idler.id];
    expected.sort_unstable();
    ensure!(displaced == expected, "{displaced:?} were displaced");
    for ended in expected {
        let revoked = world.row(ended).await?.revoked;
        ensure!(
            revoked == Some((START + 2 * HOUR, RevokeReason::DeviceLimit)),
            "a displaced one reads {revoked:?}"
        );
    }
    for lives in [oldest_but_busy.id, begun.session.id] {
        ensure!(
            world.row(lives).await?.revoked.is_none(),
            "one within the limit ended"
        );
    }
    let actions = world.actions().await?;
    let entries = actions
        .iter()
        .filter(|action| *action == "session.displaced")
        .count();
    ensure!(entries == 2, "the log reads {actions:?}");
    let told = kinds(&world).await?;
    ensure!(told == [NoticeKind::DeviceLimit; 2], "the user was told {told:?}");
    Ok(())
}

/// The limit counts the user's live sessions of the organisation, and no others.
pub async fn the_limit_counts_live_sessions_of_the_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .join(world.anna, world.port, OrganizationRole::User, None)
        .await?;
    let elsewhere = new_session(world.anna, world.port, DeviceKind::Till, START);
    let elsewhere = begin(&*world.store, elsewhere).await?;
    let own = world.till().await?;
    let mut short = new_session(world.anna, world.quai, DeviceKind::Till, START);
    short.expires_at = START + 1;
    begin(&*world.store, short).await?;
    world.session(DeviceKind::Desk, START).await?;
    let mut new = new_session(world.anna, world.quai, DeviceKind::Till, START + 9 * HOUR);
    new.device_limit = Some(2);
    let begun = world.store.begin_session(new, entry("session.created")).await?;
    ensure!(begun.displaced.is_empty(), "{:?} were displaced", begun.displaced);
    for lives in [own.id, elsewhere.id] {
        ensure!(world.row(lives).await?.revoked.is_none(), "a session ended");
    }
    Ok(())
}
