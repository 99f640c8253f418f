//! The lifetimes of an organisation's sessions.

use protocol::settings::SessionSettings;
use uuid::Uuid;

use super::fixture::{World, entry};
use super::{Conforms, Engine, ensure};
use crate::StoreError;

fn unusual() -> SessionSettings {
    SessionSettings {
        token_expiration_minutes: 2,
        activity_threshold_minutes: 3,
        idle_timeout_minutes: 40,
        session_max_hours: 5,
        lock_after_minutes: Some(6),
        device_limit: Some(7),
    }
}

/// The defaults hold until something is put.
pub async fn defaults_hold_until_settings_are_put(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let found = world.store.session_settings(world.quai).await?;
    ensure!(found == SessionSettings::default(), "the defaults read {found:?}");
    Ok(())
}

/// What was put reads back, each time.
pub async fn settings_read_back(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let later = SessionSettings {
        lock_after_minutes: None,
        token_expiration_minutes: 4,
        ..unusual()
    };
    for settings in [unusual(), later] {
        world
            .store
            .put_session_settings(world.quai, settings, entry("settings.changed"))
            .await?;
        let found = world.store.session_settings(world.quai).await?;
        ensure!(found == settings, "{settings:?} reads back as {found:?}");
    }
    Ok(())
}

/// Settings are their organisation's.
pub async fn settings_are_the_organizations_own(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .store
        .put_session_settings(world.quai, unusual(), entry("settings.changed"))
        .await?;
    let found = world.store.session_settings(world.port).await?;
    ensure!(
        found == SessionSettings::default(),
        "the other organisation's read {found:?}"
    );
    Ok(())
}

/// No settings without an organisation.
pub async fn settings_need_an_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let outcome = world
        .store
        .put_session_settings(Uuid::now_v7(), unusual(), entry("settings.changed"))
        .await;
    ensure!(
        matches!(outcome, Err(StoreError::UnknownReference(_))),
        "nobody's settings gave {outcome:?}"
    );
    Ok(())
}
