//! The audit log: what stands in it, in what order, and who sees it.

use protocol::alert::{MailProtection, MonitoringSettings};
use protocol::audit::AuditResult;
use protocol::auth::{DeviceKind, OrganizationRole};
use protocol::sale::Category;
use protocol::settings::SessionSettings;
use uuid::Uuid;

use super::fixture::{START, World, begin, entry, new_session, new_user, organization, site, user};
use super::{Conforms, Engine, ensure};
use crate::audit::Fields;
use crate::session::RevokeReason;
use crate::{AuditEntry, CategoryPatch, Direction, MailRow, NewCategory, NewOrganization, NewSite, NewTill};

fn category() -> Category {
    Category {
        id: Uuid::now_v7(),
        name: "Books".to_owned(),
        price_cents: None,
        shortcut: None,
        position: 1,
        barcodes: Vec::new(),
    }
}

fn mail() -> MailRow {
    MailRow {
        host: "localhost".to_owned(),
        port: 25,
        security: MailProtection::None,
        from: "vigie@example.org".to_owned(),
        to: None,
        username: None,
        sealed_password: None,
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
        .put_monitoring_settings(
            world.quai,
            MonitoringSettings::default(),
            entry("monitoring.changed"),
        )
        .await?;
    store.put_mail_settings(mail(), entry("mail.changed")).await?;
    store
        .put_category(world.quai, category(), entry("category.put"))
        .await?;
    let new = NewCategory {
        id: Uuid::now_v7(),
        name: "Arts".to_owned(),
        price_cents: None,
        shortcut: None,
        barcodes: Vec::new(),
    };
    let id = new.id;
    store
        .add_category(world.quai, new, entry("category.added"))
        .await?;
    let patch = CategoryPatch {
        name: Some("Crafts".to_owned()),
        ..CategoryPatch::default()
    };
    store
        .change_category(world.quai, id, patch, START, entry("category.changed"))
        .await?;
    store
        .move_category(world.quai, id, Direction::Up, entry("category.moved"))
        .await?;
    store
        .start_categories(world.port, vec![category()], entry("categories.started"))
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
    administer(&world).await?;
    let mut found = world.actions().await?;
    found.truncate(found.len() - before);
    found.reverse();
    let expected = [
        "organization.added",
        "site.added",
        "user.added",
        "settings.changed",
        "monitoring.changed",
        "mail.changed",
        "category.put",
        "category.added",
        "category.changed",
        "category.moved",
        "categories.started",
        "user.password_set",
        "session.created",
        "session.created",
        "session.revoked",
        "session.others_revoked",
        "user.disabled",
        "user.enabled",
        "user.renamed",
        "user.super_admin_set",
        "organization.renamed",
        "site.renamed",
        "till.added",
        "till.renamed",
        "till.archived",
        "till.restored",
        "membership.put",
        "session.created",
        "session.reauthenticated",
        "session.moved",
        "membership.removed",
        "site.archived",
        "site.restored",
        "session.created",
        "sessions.revoked",
        "session.created",
        "sessions.revoked",
    ];
    ensure!(found == expected, "the log reads {found:?}");
    ensure!(
        world.row(two.id).await?.revoked.is_some(),
        "the others were not ended"
    );
    Ok(())
}

/// What an administrator does, each deed once.
async fn administer(world: &World) -> Conforms {
    let store = &*world.store;
    let (anna, quai, site) = (world.anna, world.quai, world.quai_site);
    let name = || "New".to_owned();
    store.enable_user(anna, entry("user.enabled")).await?;
    store.rename_user(anna, name(), entry("user.renamed")).await?;
    store
        .set_super_admin(anna, true, entry("user.super_admin_set"))
        .await?;
    store
        .rename_organization(quai, name(), entry("organization.renamed"))
        .await?;
    store
        .rename_site(quai, site, name(), entry("site.renamed"))
        .await?;
    let till = NewTill {
        id: Uuid::now_v7(),
        organization_id: quai,
        site_id: site,
        name: "One".to_owned(),
    };
    let till_id = till.id;
    store.add_till(till, entry("till.added")).await?;
    store
        .rename_till(quai, till_id, name(), entry("till.renamed"))
        .await?;
    store
        .archive_till(quai, till_id, START, entry("till.archived"))
        .await?;
    store.restore_till(quai, till_id, entry("till.restored")).await?;
    world.join(anna, world.port, OrganizationRole::User, None).await?;
    let session = world.till().await?.id;
    store
        .note_reauthentication(session, START, entry("session.reauthenticated"))
        .await?;
    store
        .switch_organization(session, world.port, START, entry("session.moved"))
        .await?;
    store
        .remove_membership(anna, world.port, START, entry("membership.removed"))
        .await?;
    store
        .archive_site(quai, site, START, entry("site.archived"))
        .await?;
    store.restore_site(quai, site, entry("site.restored")).await?;
    let reason = RevokeReason::ByAdministrator;
    store
        .revoke_organization_sessions(quai, None, reason, START, entry("nothing.to_end"))
        .await?;
    world.foreign_till(START).await?;
    store
        .revoke_organization_sessions(world.port, None, reason, START, entry("sessions.revoked"))
        .await?;
    world.foreign_till(START).await?;
    store
        .revoke_all_sessions(None, reason, START, entry("sessions.revoked"))
        .await?;
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
            .put_monitoring_settings(nobody, MonitoringSettings::default(), entry("monitoring.changed"))
            .await,
        store
            .put_category(nobody, category(), entry("category.put"))
            .await,
        store
            .start_categories(nobody, vec![category()], entry("categories.started"))
            .await
            .map(drop),
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
    store.enable_user(world.anna, entry("user.enabled")).await?;
    store
        .rename_user(nobody, String::new(), entry("user.renamed"))
        .await?;
    store
        .set_super_admin(world.anna, false, entry("user.super_admin_set"))
        .await?;
    store
        .rename_site(
            world.port,
            world.quai_site,
            "New".to_owned(),
            entry("site.renamed"),
        )
        .await?;
    store
        .restore_site(world.quai, world.quai_site, entry("site.restored"))
        .await?;
    store
        .archive_till(world.quai, nobody, START, entry("till.archived"))
        .await?;
    store
        .change_category(
            world.quai,
            nobody,
            CategoryPatch::default(),
            START,
            entry("category.changed"),
        )
        .await?;
    store
        .move_category(world.quai, nobody, Direction::Up, entry("category.moved"))
        .await?;
    store
        .remove_membership(world.anna, world.port, START, entry("membership.removed"))
        .await?;
    store
        .note_reauthentication(nobody, START, entry("session.reauthenticated"))
        .await?;
    store
        .switch_organization(nobody, world.quai, START, entry("session.moved"))
        .await?;
    store
        .revoke_organization_sessions(world.quai, None, reason, START, entry("sessions.revoked"))
        .await?;
    store
        .revoke_all_sessions(None, reason, START, entry("sessions.revoked"))
        .await?;
    store.touch_sessions(Vec::new()).await?;
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
        impersonated_user_id: Some(world.paul),
        result: AuditResult::Denied,
        reason: Some("to see \"why\"".to_owned()),
        before: Fields::from([("name".to_owned(), "é".to_owned())]),
        after: Fields::from([("name".to_owned(), String::new())]),
        device_name: Some("Counter 1".to_owned()),
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
    ensure!(
        row.result == written.result
            && row.reason == written.reason
            && row.impersonated_user_id == written.impersonated_user_id,
        "what became of it reads {row:?}"
    );
    ensure!(
        row.before == written.before && row.after == written.after,
        "the fields read {row:?}"
    );
    ensure!(
        row.device_name == written.device_name
            && row.ip_address == written.ip_address
            && row.user_agent == written.user_agent
            && row.request_id == written.request_id,
        "where from reads {row:?}"
    );
    Ok(())
}
