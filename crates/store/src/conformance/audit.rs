//! The audit log: what stands in it, in what order, and who sees it.

use protocol::auth::DeviceKind;
use protocol::sale::Category;
use protocol::settings::SessionSettings;
use uuid::Uuid;

use super::fixture::{START, World, begin, entry, new_session, new_user, organization, site, user};
use super::{Conforms, Engine, ensure};
use crate::session::RevokeReason;
use crate::{AuditEntry, NewOrganization, NewSite};

fn category() -> Category {
    Category {
        id: Uuid::now_v7(),
        name: "Books".to_owned(),
        price_cents: None,
        shortcut: None,
        position: 1,
    }
}

/// Every deed that changed something has its one entry.
pub async fn every_deed_leaves_its_entry(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let before = world.actions().await?.len();
    let store = &*world.store;
    organization(store, "anse").await?;
    site(store, world.quai, "Annex").await?;
    user(store, "nora", world.quai, None).await?;
    store
        .put_session_settings(world.quai, SessionSettings::default(), entry("settings.changed"))
        .await?;
    store
        .put_category(world.quai, category(), entry("category.put"))
        .await?;
    store
        .set_password(
            world.anna,
            "$new".to_owned(),
            false,
            None,
            START,
            entry("user.password_set"),
        )
        .await?;
    let one = world.till().await?;
    let two = world.till().await?;
    let reason = RevokeReason::ByOwner;
    store
        .revoke_session(one.id, None, None, reason, START, entry("session.revoked"))
        .await?;
    store
        .revoke_user_sessions(
            world.anna,
            None,
            Some(one.id),
            reason,
            START,
            entry("session.others_revoked"),
        )
        .await?;
    store
        .disable_user(world.anna, START, entry("user.disabled"))
        .await?;
    let mut found = world.actions().await?;
    found.truncate(found.len() - before);
    found.reverse();
    let expected = [
        "organization.added",
        "site.added",
        "user.added",
        "settings.changed",
        "category.put",
        "user.password_set",
        "session.created",
        "session.created",
        "session.revoked",
        "session.others_revoked",
        "user.disabled",
    ];
    ensure!(found == expected, "the log reads {found:?}");
    ensure!(
        world.row(two.id).await?.revoked.is_some(),
        "the others were not ended"
    );
    Ok(())
}

/// A deed that was refused leaves no entry.
pub async fn a_refused_deed_leaves_no_entry(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let before = world.actions().await?;
    let store = &*world.store;
    let nobody = Uuid::now_v7();
    let taken = NewOrganization {
        id: Uuid::now_v7(),
        slug: "quai".to_owned(),
        name: "Other".to_owned(),
    };
    let orphan = NewSite {
        id: Uuid::now_v7(),
        organization_id: nobody,
        name: "Nowhere".to_owned(),
    };
    let outsider = new_session(world.anna, world.port, DeviceKind::Till, START);
    let refused = [
        store.add_organization(taken, entry("organization.added")).await,
        store.add_site(orphan, entry("site.added")).await,
        store
            .add_user(new_user("anna", world.quai, None), entry("user.added"))
            .await,
        store
            .put_session_settings(nobody, SessionSettings::default(), entry("settings.changed"))
            .await,
        store
            .put_category(nobody, category(), entry("category.put"))
            .await,
        store
            .begin_session(outsider, entry("session.created"))
            .await
            .map(drop),
    ];
    ensure!(
        refused.iter().all(Result::is_err),
        "one of them was not refused: {refused:?}"
    );
    let after = world.actions().await?;
    ensure!(after == before, "the log reads {after:?}");
    Ok(())
}

/// A deed that found nothing to change leaves no entry.
pub async fn a_deed_without_effect_leaves_no_entry(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let before = world.actions().await?;
    let store = &*world.store;
    let nobody = Uuid::now_v7();
    let reason = RevokeReason::ByOwner;
    store
        .set_password(
            nobody,
            "$new".to_owned(),
            false,
            None,
            START,
            entry("user.password_set"),
        )
        .await?;
    store
        .revoke_session(nobody, None, None, reason, START, entry("session.revoked"))
        .await?;
    store
        .revoke_user_sessions(
            world.anna,
            None,
            Some(nobody),
            reason,
            START,
            entry("session.others_revoked"),
        )
        .await?;
    store.disable_user(nobody, START, entry("user.disabled")).await?;
    let after = world.actions().await?;
    ensure!(after == before, "the log reads {after:?}");
    Ok(())
}

/// The log is numbered from 1 without gaps, across refused deeds too, and comes newest first, as long as asked for.
pub async fn the_log_has_no_gap(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    drop(user(&*world.store, "anna", world.quai, None).await);
    drop(user(&*world.store, "nora", world.quai, Some(world.port_site)).await);
    world.store.audit(entry("sign_in.refused")).await?;
    let found: Vec<_> = world
        .store
        .audit_rows(None, 100)
        .await?
        .iter()
        .map(|row| row.sequence)
        .collect();
    let expected: Vec<_> = (1..=7).rev().collect();
    ensure!(found == expected, "the log is numbered {found:?}");
    let few = world.store.audit_rows(None, 3).await?.len();
    ensure!(few == 3, "three at most gave {few}");
    Ok(())
}

/// An organisation sees its own entries only.
pub async fn the_log_is_the_organizations_own(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for organization in [Some(world.quai), Some(world.port), None, Some(world.quai)] {
        world
            .store
            .audit(AuditEntry {
                organization_id: organization,
                ..entry("sign_in.refused")
            })
            .await?;
    }
    let own = world.store.audit_rows(Some(world.quai), 100).await?;
    let seen: Vec<_> = own.iter().map(|row| row.organization_id).collect();
    ensure!(seen == [Some(world.quai), Some(world.quai)], "it sees {seen:?}");
    Ok(())
}

/// What was written reads back.
pub async fn an_entry_reads_back(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = begin(
        &*world.store,
        new_session(world.anna, world.quai, DeviceKind::Till, START),
    )
    .await?;
    let written = AuditEntry {
        organization_id: Some(world.quai),
        actor_user_id: Some(world.anna),
        session_id: Some(session.id),
        target: Some("till:4".to_owned()),
        detail: serde_json::json!({ "was": 3, "is": ["é", null] }),
        now: START + 4,
        ..entry("till.renamed")
    };
    world.store.audit(written.clone()).await?;
    let rows = world.store.audit_rows(Some(world.quai), 1).await?;
    let [row] = rows.as_slice() else {
        return Err(super::Violation::Broken("the entry is not there".to_owned()));
    };
    ensure!(row.id == written.id && row.at == written.now, "it reads {row:?}");
    ensure!(
        row.actor_user_id == written.actor_user_id,
        "who reads {:?}",
        row.actor_user_id
    );
    ensure!(
        row.session_id == written.session_id,
        "the session reads {:?}",
        row.session_id
    );
    ensure!(
        row.action == written.action && row.target == written.target,
        "what reads {row:?}"
    );
    ensure!(row.detail == written.detail, "the detail reads {}", row.detail);
    Ok(())
}
