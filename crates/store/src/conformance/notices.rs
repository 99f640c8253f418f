//! Security notices: who sees them, and when they count as seen.

use uuid::Uuid;

use super::fixture::{START, World, entry};
use super::{Conforms, Engine, Violation, ensure};
use crate::{Millis, NewNotice, Notice, NoticeDetail, NoticeKind, StoreError};

fn notice(user_id: Uuid, at: Millis, kind: NoticeKind) -> NewNotice {
    NewNotice {
        id: Uuid::now_v7(),
        user_id,
        at,
        kind,
        detail: NoticeDetail {
            device_name: "Comptoir d'été".to_owned(),
            ip_address: "192.0.2.9".to_owned(),
            user_agent: "\"program\"/1".to_owned(),
        },
    }
}

async fn add(world: &World, user: Uuid, at: Millis, kind: NoticeKind) -> Result<NewNotice, Violation> {
    let new = notice(user, at, kind);
    world.store.add_notice(new.clone()).await?;
    Ok(new)
}

/// Every kind of notice reads back as it was added.
pub async fn a_notice_reads_back(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let mut expected = Vec::new();
    for (after, kind) in (1..).zip(NoticeKind::ALL) {
        let new = add(&world, world.anna, START + after, kind).await?;
        expected.insert(
            0,
            Notice {
                id: new.id,
                user_id: new.user_id,
                at: new.at,
                kind,
                detail: new.detail,
                seen_at: None,
            },
        );
    }
    let found = world.store.security_notices(world.anna, false, 100).await?;
    ensure!(found == expected, "they read {found:?}");
    Ok(())
}

/// A user sees own notices only, newest first, and no more than asked for.
pub async fn notices_are_the_users_own_newest_first(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let kind = NoticeKind::NewDevice;
    let later = add(&world, world.anna, START + 2, kind).await?;
    let earlier = add(&world, world.anna, START + 1, kind).await?;
    add(&world, world.paul, START + 3, kind).await?;
    let read = |limit| world.store.security_notices(world.anna, false, limit);
    let ids: Vec<_> = read(10).await?.into_iter().map(|notice| notice.id).collect();
    ensure!(ids == [later.id, earlier.id], "they read {ids:?}");
    let one: Vec<_> = read(1).await?.into_iter().map(|notice| notice.id).collect();
    ensure!(one == [later.id], "one at most reads {one:?}");
    Ok(())
}

/// A notice is seen by its user, once, and then is on the list of all but not of the unseen.
pub async fn a_notice_is_seen_by_its_user_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let new = add(&world, world.anna, START, NoticeKind::NewNetwork).await?;
    let mark = |user, at| world.store.mark_notice_seen(user, new.id, at);
    ensure!(!mark(world.paul, START + 1).await?, "somebody else saw it");
    ensure!(
        !world
            .store
            .mark_notice_seen(world.anna, Uuid::now_v7(), START)
            .await?,
        "an unknown one was seen"
    );
    let read = |unseen_only| world.store.security_notices(world.anna, unseen_only, 10);
    ensure!(
        read(true).await?.len() == 1,
        "it is not on the list of the unseen"
    );
    ensure!(mark(world.anna, START + 2).await?, "its user could not see it");
    ensure!(mark(world.anna, START + 3).await?, "it is gone after it was seen");
    ensure!(read(true).await?.is_empty(), "it is still unseen");
    let seen: Vec<_> = read(false).await?.into_iter().map(|one| one.seen_at).collect();
    ensure!(seen == [Some(START + 2)], "it was seen at {seen:?}");
    Ok(())
}

/// No notice without its user.
pub async fn a_notice_needs_its_user(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let outcome = world
        .store
        .add_notice(notice(Uuid::now_v7(), START, NoticeKind::ProofRefused))
        .await;
    ensure!(
        matches!(outcome, Err(StoreError::UnknownReference("user"))),
        "it gave {outcome:?}"
    );
    world.store.audit(entry("still.works")).await?;
    Ok(())
}
