//! Opening, closing, and what holds when many deeds come at once.

use futures_util::future::join_all;
use protocol::auth::DeviceKind;
use protocol::settings::SessionSettings;

use super::fixture::{START, World, entry, of, organization, present, rotate, site};
use super::{Conforms, Engine, ensure};
use crate::StoreError;

/// What was kept is there after closing and opening again.
pub async fn what_is_kept_outlives_a_restart(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.session(DeviceKind::Desk, START).await?;
    rotate(&world, present(&session, 0, 1)).await?;
    let settings = SessionSettings {
        idle_timeout_minutes: 50,
        ..SessionSettings::default()
    };
    world
        .store
        .put_session_settings(world.quai, settings, entry("settings.changed"))
        .await?;
    let before = (
        world.identity(session.id).await?,
        world.store.organizations().await?,
        world.store.users(of(world.quai), None, 100).await?,
        world.store.audit_rows(None, 100).await?,
    );
    world.store.close().await;
    let store = engine.open().await?;
    let after = (
        store.identity(session.id).await?,
        store.organizations().await?,
        store.users(of(world.quai), None, 100).await?,
        store.audit_rows(None, 100).await?,
    );
    ensure!(
        after.0.as_ref() == Some(&before.0),
        "the session reads {:?}",
        after.0
    );
    ensure!(after.1 == before.1, "the organisations read {:?}", after.1);
    ensure!(after.2 == before.2, "the users read {:?}", after.2);
    ensure!(after.3 == before.3, "the log reads otherwise");
    Ok(())
}

/// A store that is open answers, and one that is closed says that it cannot be asked.
pub async fn a_closed_store_cannot_be_asked(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    world.store.ping().await?;
    world.store.close().await;
    let ping = world.store.ping().await;
    ensure!(
        matches!(ping, Err(StoreError::Unavailable(_))),
        "ping gave {ping:?}"
    );
    let read = world.store.identity(session.id).await;
    ensure!(
        matches!(read, Err(StoreError::Unavailable(_))),
        "a read gave {read:?}"
    );
    let written = organization(&*world.store, "late").await;
    ensure!(
        matches!(written, Err(StoreError::Unavailable(_))),
        "a write gave {written:?}"
    );
    Ok(())
}

/// What was answered while the store was closing is kept; what was not answered may be.
pub async fn closing_loses_nothing_that_was_answered(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let names: Vec<_> = (0..64).map(|n| format!("Site {n:02}")).collect();
    let writes = join_all(names.iter().map(|name| site(&*world.store, world.quai, name)));
    let (answers, ()) = futures_util::future::join(writes, world.store.close()).await;
    let store = engine.open().await?;
    let kept = store.sites(world.quai).await?;
    let mut answered = 0;
    for (name, answer) in names.iter().zip(&answers) {
        if let Ok(id) = answer {
            answered += 1;
            ensure!(
                kept.iter().any(|site| site.id == *id && site.name == *name),
                "{name} is lost"
            );
        }
    }
    ensure!(answered > 0, "nothing was answered: {answers:?}");
    Ok(())
}

/// Of many deeds at once, those that are refused take none of the others along.
pub async fn a_refused_deed_takes_none_along(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let names: Vec<_> = (0..64)
        .map(|n| {
            if n % 3 == 0 {
                "Dock".to_owned()
            } else {
                format!("Site {n}")
            }
        })
        .collect();
    let outcomes = join_all(names.iter().map(|name| site(&*world.store, world.quai, name))).await;
    let kept: Vec<_> = world
        .store
        .sites(world.quai)
        .await?
        .into_iter()
        .map(|site| site.name)
        .collect();
    for (name, outcome) in names.iter().zip(outcomes) {
        if name == "Dock" {
            ensure!(
                matches!(outcome, Err(StoreError::NameTaken(_))),
                "a taken name gave {outcome:?}"
            );
        } else {
            ensure!(outcome.is_ok(), "{name} gave {outcome:?}");
            ensure!(kept.contains(name), "{name} is not there");
        }
    }
    ensure!(kept.len() == 43, "{} sites are there", kept.len());
    Ok(())
}
