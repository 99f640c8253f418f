//! What a store says of its changes while it works.

use std::time::Duration;

use protocol::alert::AlertKind;
use protocol::auth::{DeviceKind, OrganizationRole};
use protocol::sale::Category;
use protocol::settings::SessionSettings;
use tokio::sync::broadcast::Receiver;
use uuid::Uuid;

use super::fixture::{START, World, entry, new_session, present, rotate};
use super::impersonations::Scene;
use super::{Conforms, Engine, Violation, ensure};
use crate::{
    CategoryPatch, Change, Channel, Direction, ImpersonationEnd, NewCategory, NewNotice, NoticeDetail,
    NoticeKind, Recipient, RevokeReason, SessionRow, Settled, Standing,
};

const LONGEST_WAIT: Duration = Duration::from_secs(5);

async fn settings_put(world: &World) -> Result<Change, Violation> {
    world
        .store
        .put_session_settings(world.quai, SessionSettings::default(), entry("settings.changed"))
        .await?;
    Ok(Change::SettingsChanged {
        organization_id: world.quai,
    })
}

/// What is told until the settings of the first organisation are put, which this does.
pub(super) async fn told(world: &World, from: &mut Receiver<Change>) -> Result<Vec<Change>, Violation> {
    let last = settings_put(world).await?;
    let mut told = Vec::new();
    loop {
        let change = tokio::time::timeout(LONGEST_WAIT, from.recv())
            .await
            .map_err(|_| Violation::Broken(format!("nothing more was told than {told:?}")))?
            .map_err(|error| Violation::Broken(format!("no more is told: {error}")))?;
        if change == last {
            return Ok(told);
        }
        told.push(change);
    }
}

fn ended(row: &SessionRow, reason: RevokeReason) -> Change {
    Change::SessionEnded {
        session_id: row.id,
        user_id: row.user_id,
        organization_id: row.organization_id,
        reason,
    }
}

/// Settings that were put are told.
pub async fn settings_are_told(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let mut changes = world.store.changes();
    let told = told(&world, &mut changes).await?;
    ensure!(told.is_empty(), "before them came {told:?}");
    Ok(())
}

/// Every change of categories is told once, and what changed nothing is not.
pub async fn changed_categories_are_told(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let mut changes = world.store.changes();
    let category = |name: &str| Category {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        price_cents: None,
        shortcut: None,
        position: 0,
        barcodes: Vec::new(),
    };
    let (store, quai) = (&*world.store, world.quai);
    let first = vec![category("Books")];
    let (id, again) = (
        first.iter().map(|one| one.id).next().unwrap_or_default(),
        first.clone(),
    );
    store
        .start_categories(quai, first, entry("categories.started"))
        .await?;
    store
        .start_categories(quai, again, entry("categories.started"))
        .await?;
    store
        .put_category(quai, category("Arts"), entry("category.put"))
        .await?;
    let new = NewCategory {
        id: Uuid::now_v7(),
        name: "Chairs".to_owned(),
        price_cents: None,
        shortcut: None,
        barcodes: Vec::new(),
    };
    store.add_category(quai, new, entry("category.added")).await?;
    for name in ["Novels", "Novels"] {
        let patch = CategoryPatch {
            name: Some(name.to_owned()),
            ..CategoryPatch::default()
        };
        store
            .change_category(quai, id, patch, START, entry("category.changed"))
            .await?;
    }
    for direction in [Direction::Down, Direction::Down] {
        store
            .move_category(quai, id, direction, entry("category.moved"))
            .await?;
    }
    let told = told(&world, &mut changes).await?;
    let expected = Change::CategoriesChanged {
        organization_id: quai,
    };
    ensure!(
        told.len() == 5 && told.iter().all(|change| *change == expected),
        "told was {told:?}"
    );
    Ok(())
}

/// Every end before its time is told, of one session and of many.
pub async fn the_end_of_a_session_is_told(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let one = world.till().await?;
    let two = world.till().await?;
    let reused = world.till().await?;
    let mut changes = world.store.changes();
    let reason = RevokeReason::SignedOut;
    world
        .store
        .revoke_session(one.id, None, None, reason, START, entry("session.signed_out"))
        .await?;
    for attempt in [1, 2] {
        rotate(&world, present(&reused, 0, attempt)).await?;
    }
    world
        .store
        .disable_user(world.anna, START, entry("user.disabled"))
        .await?;
    let told = told(&world, &mut changes).await?;
    let expected = [
        ended(&one, reason),
        ended(&reused, RevokeReason::RefreshReused),
        ended(&two, RevokeReason::AccountDisabled),
    ];
    ensure!(told == expected, "told was {told:?}");
    Ok(())
}

/// A session that moved is told.
pub async fn the_move_of_a_session_is_told(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .join(world.anna, world.port, OrganizationRole::User, None)
        .await?;
    let session = world.till().await?;
    let mut changes = world.store.changes();
    world
        .store
        .switch_organization(session.id, world.port, START, entry("session.moved"))
        .await?;
    let told = told(&world, &mut changes).await?;
    let expected = Change::SessionMoved {
        session_id: session.id,
        organization_id: world.port,
    };
    ensure!(told == [expected], "told was {told:?}");
    Ok(())
}

/// A notice that was added is told, and so is one that a sign-in makes, after the end of what it displaced.
pub async fn a_notice_is_told(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let old = world.till().await?;
    let mut changes = world.store.changes();
    let new = NewNotice {
        id: Uuid::now_v7(),
        user_id: world.paul,
        at: START,
        kind: NoticeKind::PasswordChanged,
        detail: NoticeDetail {
            device_name: String::new(),
            ip_address: String::new(),
            user_agent: String::new(),
        },
    };
    world.store.add_notice(new.clone()).await?;
    let mut session = new_session(world.anna, world.quai, DeviceKind::Till, START);
    session.device_limit = Some(1);
    world
        .store
        .begin_session(session, entry("session.created"))
        .await?;
    let notices = world.store.security_notices(world.anna, true, 1).await?;
    let told = told(&world, &mut changes).await?;
    let mut expected = vec![
        Change::NoticeAdded {
            user_id: world.paul,
            notice_id: new.id,
            kind: new.kind,
        },
        ended(&old, RevokeReason::DeviceLimit),
    ];
    expected.extend(notices.first().map(|notice| Change::NoticeAdded {
        user_id: world.anna,
        notice_id: notice.id,
        kind: NoticeKind::DeviceLimit,
    }));
    ensure!(told == expected && told.len() == 3, "told was {told:?}");
    Ok(())
}

/// The beginning of an alert, a message on it that was sent, and its end are told; that it lasts is not.
pub async fn changes_of_alerts_are_told(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let mut changes = world.store.changes();
    let store = &*world.store;
    for now in [START, START + 1] {
        let standing = Standing {
            id: Uuid::now_v7(),
            organization_id: world.port,
            kind: AlertKind::NoRefresh,
            subject_key: String::new(),
            subject: None,
            count: 30,
            of: None,
        };
        let tell = vec![Recipient {
            channel: Channel::Mail,
            address: "a@example.org".to_owned(),
        }];
        store.note_standing(standing, tell, None, now).await?;
    }
    let claim = Uuid::now_v7();
    for message in store.claim_messages(claim, START, 1, 10).await? {
        store.settle_message(message.id, claim, Settled::Sent).await?;
    }
    for _ in 0..2 {
        store
            .end_alerts(world.port, START + 1, Vec::new(), START + 2)
            .await?;
    }
    let told = told(&world, &mut changes).await?;
    let organization_id = world.port;
    let expected = vec![Change::AlertsChanged { organization_id }; 3];
    ensure!(told == expected, "told was {told:?}");
    Ok(())
}

/// An impersonation's beginning is told, and each way in which it ends.
pub async fn changes_of_impersonations_are_told(engine: &dyn Engine) -> Conforms {
    let scene = Scene::new(engine).await?;
    let (world, store) = (&scene.world, &*scene.world.store);
    let mut changes = store.changes();
    let heard = async |changes: &mut Receiver<Change>| {
        let told = told(world, changes).await?;
        let heard = told
            .iter()
            .filter(|change| **change == Change::ImpersonationsChanged);
        Ok::<_, Violation>(heard.count())
    };
    let first = scene.begin(scene.new_at(START)).await?;
    let begun = heard(&mut changes).await?;
    let audit = entry("impersonation.force_stopped");
    store
        .end_impersonation(first.id, ImpersonationEnd::Forced, START + 1, audit)
        .await?;
    let forced = heard(&mut changes).await?;
    store.note_ended_impersonations(START + 1, 10).await?;
    let noted = heard(&mut changes).await?;
    let second = scene.begin(scene.new_at(START + 2)).await?;
    store.note_ended_impersonations(second.expires_at, 10).await?;
    let expired = heard(&mut changes).await?;
    let told = (begun, forced, noted, expired);
    ensure!(told == (1, 1, 0, 2), "told was {told:?} times");
    Ok(())
}

/// A deed that was refused, or changed nothing, tells nothing.
pub async fn what_did_not_happen_is_not_told(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = world.till().await?;
    let reason = RevokeReason::ByOwner;
    world
        .store
        .revoke_session(session.id, None, None, reason, START, entry("session.revoked"))
        .await?;
    let other = world.till().await?;
    let mut changes = world.store.changes();
    world
        .store
        .revoke_session(session.id, None, None, reason, START, entry("session.revoked"))
        .await?;
    let outsider = world
        .store
        .switch_organization(other.id, world.port, START, entry("session.moved"))
        .await;
    ensure!(outsider.is_err(), "an outsider moved: {outsider:?}");
    let told = told(&world, &mut changes).await?;
    ensure!(told.is_empty(), "told was {told:?}");
    Ok(())
}
