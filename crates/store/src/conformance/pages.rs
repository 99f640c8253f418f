//! Pages of live sessions, and what they are filtered by.

use protocol::auth::{DeviceKind, OrganizationRole};
use uuid::Uuid;

use super::fixture::{HOUR, MINUTE, START, World, begin, new_session, origin};
use super::{Conforms, Engine, Violation, ensure};
use crate::{Identity, NewSession, PageKey, SessionFilter};

const NOW: i64 = START + HOUR;

async fn begun(world: &World, change: impl FnOnce(&mut NewSession)) -> Result<Uuid, Violation> {
    let mut new = new_session(world.anna, world.quai, DeviceKind::Till, START);
    change(&mut new);
    Ok(begin(&*world.store, new).await?.id)
}

async fn found(world: &World, filter: SessionFilter) -> Result<Vec<Uuid>, Violation> {
    let page = world.store.sessions_page(filter, None, 100, NOW).await?;
    Ok(page.into_iter().map(|identity| identity.session.id).collect())
}

/// Pages follow one another without a gap or a repetition, sessions of one moment included.
pub async fn sessions_come_in_pages(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let mut all = Vec::new();
    for at in [START, START + 1, START + 1, START + 1, START + 2] {
        all.push((at, begun(&world, |new| new.now = at).await?));
    }
    all.sort_unstable();
    all.reverse();
    let expected: Vec<_> = all.into_iter().map(|(_, id)| id).collect();
    let (mut after, mut paged) = (None, Vec::new());
    for _ in 0..4 {
        let page: Vec<Identity> = world
            .store
            .sessions_page(SessionFilter::default(), after, 2, NOW)
            .await?;
        ensure!(page.len() <= 2, "a page of two holds {}", page.len());
        after = page
            .last()
            .map(|last| PageKey {
                created_at: last.session.created_at,
                id: last.session.id,
            })
            .or(after);
        paged.extend(page.into_iter().map(|identity| identity.session.id));
    }
    ensure!(paged == expected, "the pages read {paged:?}, not {expected:?}");
    Ok(())
}

/// A filter by user, by site and by organisation, each alone and together.
pub async fn sessions_are_found_by_whose_they_are(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .join(world.anna, world.port, OrganizationRole::User, None)
        .await?;
    let plain = begun(&world, |_| {}).await?;
    let at_site = begun(&world, |new| new.site_id = Some(world.quai_site)).await?;
    let elsewhere = begun(&world, |new| {
        new.organization_id = world.port;
        new.now = START + 1;
    })
    .await?;
    let foreign = world.foreign_till(START + 2).await?.id;
    let anna = SessionFilter {
        user_id: Some(world.anna),
        ..SessionFilter::default()
    };
    let mut of_anna = found(&world, anna.clone()).await?;
    of_anna.sort_unstable();
    let mut expected = vec![plain, at_site, elsewhere];
    expected.sort_unstable();
    ensure!(of_anna == expected, "the user's read {of_anna:?}");
    let of_site = SessionFilter {
        site_id: Some(world.quai_site),
        ..SessionFilter::default()
    };
    let read = found(&world, of_site).await?;
    ensure!(read == [at_site], "the site's read {read:?}");
    let both = SessionFilter {
        organization_id: Some(world.port),
        ..anna
    };
    let read = found(&world, both).await?;
    ensure!(
        read == [elsewhere],
        "the user's in one organisation read {read:?}"
    );
    let of_port = SessionFilter {
        organization_id: Some(world.port),
        ..SessionFilter::default()
    };
    let read = found(&world, of_port).await?;
    ensure!(read == [foreign, elsewhere], "the organisation's read {read:?}");
    Ok(())
}

/// An address is found by how it begins, and nothing in it is a pattern.
pub async fn sessions_are_found_by_address(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let near = begun(&world, |new| new.origin = origin(12)).await?;
    begun(&world, |new| {
        new.origin.ip_address = "::ffff:192.0.2.1".to_owned()
    })
    .await?;
    for (begins, expected) in [
        ("192.0.2.1", vec![near]),
        ("192.0.2.%", vec![]),
        ("192_0", vec![]),
    ] {
        let filter = SessionFilter {
            ip_address: Some(begins.to_owned()),
            ..SessionFilter::default()
        };
        let read = found(&world, filter).await?;
        ensure!(read == expected, "`{begins}` found {read:?}");
    }
    Ok(())
}

/// A device is found by a part of its name, in capitals or not, and nothing in it is a pattern.
pub async fn sessions_are_found_by_device(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let summer = begun(&world, |new| new.device_name = "Comptoir d'Été".to_owned()).await?;
    begun(&world, |new| new.device_name = "Bureau".to_owned()).await?;
    for (part, expected) in [
        ("d'été", vec![summer]),
        ("COMPTOIR", vec![summer]),
        ("c%r", vec![]),
    ] {
        let filter = SessionFilter {
            device: Some(part.to_owned()),
            ..SessionFilter::default()
        };
        let read = found(&world, filter).await?;
        ensure!(read == expected, "`{part}` found {read:?}");
    }
    Ok(())
}

/// Sessions without input for at least so long.
pub async fn sessions_are_found_by_idleness(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let idle = begun(&world, |_| {}).await?;
    let busy = begun(&world, |_| {}).await?;
    world.store.note_input(busy, 0, NOW - MINUTE).await?;
    for (idle_for_ms, expected) in [(HOUR, vec![idle]), (HOUR + 1, vec![])] {
        let filter = SessionFilter {
            idle_for_ms: Some(idle_for_ms),
            ..SessionFilter::default()
        };
        let read = found(&world, filter).await?;
        ensure!(read == expected, "idle for {idle_for_ms} ms are {read:?}");
    }
    Ok(())
}
