//! Impersonations: who begins one, what it is, and everything that it ends by.

use std::sync::Arc;

use protocol::auth::{DeviceKind, OrganizationRole};
use protocol::impersonation::ImpersonationSettings;
use uuid::Uuid;

use super::fixture::{HOUR, START, World, begin, entry, new_session, origin, present, rotate, user};
use super::{Conforms, Engine, Violation, ensure};
use crate::impersonation::LONGEST_MS;
use crate::session::RevokeReason;
use crate::{
    BegunImpersonation, ImpersonationEnd, ImpersonationRefusal, Impersonator, LiveImpersonation, Millis,
    NewImpersonation, NoticeKind, Party, RotationOutcome, SessionRow,
};

/// Paul, above all organisations and with two sessions in his own, who will act as Anna.
pub(super) struct Scene {
    pub(super) world: World,
    behind: SessionRow,
    other: SessionRow,
}

impl Scene {
    pub(super) async fn new(engine: &dyn Engine) -> Result<Self, Violation> {
        Self::of(World::new(engine).await?).await
    }

    async fn of(world: World) -> Result<Self, Violation> {
        rise(&world, world.paul, true).await?;
        let desk = || new_session(world.paul, world.port, DeviceKind::Desk, START);
        let behind = begin(&*world.store, desk()).await?;
        let other = begin(&*world.store, desk()).await?;
        Ok(Self { world, behind, other })
    }

    pub(super) fn new_at(&self, now: Millis) -> NewImpersonation {
        NewImpersonation {
            id: Uuid::now_v7(),
            impersonator: Impersonator {
                user_id: self.world.paul,
                session_id: self.behind.id,
            },
            user_id: self.world.anna,
            organization_id: self.world.quai,
            reason: "a sale that does not leave".to_owned(),
            origin: origin(5),
            now,
        }
    }

    async fn ask(&self, new: NewImpersonation) -> Result<BegunImpersonation, Violation> {
        let audit = entry("impersonation.started");
        Ok(self.world.store.begin_impersonation(new, audit).await?)
    }

    pub(super) async fn begin(&self, new: NewImpersonation) -> Result<SessionRow, Violation> {
        match self.ask(new).await? {
            BegunImpersonation::Begun(row) => Ok(*row),
            BegunImpersonation::Refused(why) => Err(Violation::Broken(format!("it is refused: {why:?}"))),
        }
    }

    /// Paul as Anna, a moment after he signed in.
    async fn begun(&self) -> Result<SessionRow, Violation> {
        self.begin(self.new_at(START + 1)).await
    }

    async fn revoked(&self, session: &SessionRow) -> Result<Option<RevokeReason>, Violation> {
        let row = self.world.row(session.id).await?;
        Ok(row.revoked.map(|(_, reason)| reason))
    }
}

async fn rise(world: &World, user: Uuid, above: bool) -> Result<(), Violation> {
    let audit = entry("user.super_admin_set");
    world.store.set_super_admin(user, above, audit).await?;
    Ok(())
}

/// It is a session of the user's, with nothing to renew it by, that says who stands behind it, also when it is read again.
pub async fn an_impersonation_begins_as_asked(engine: &dyn Engine) -> Conforms {
    let scene = Scene::new(engine).await?;
    let new = scene.new_at(START + 1);
    let expected = SessionRow {
        id: new.id,
        user_id: scene.world.anna,
        organization_id: scene.world.quai,
        site_id: Some(scene.world.quai_site),
        device_kind: DeviceKind::Desk,
        device_name: scene.behind.device_name.clone(),
        generation: 0,
        attempts: Vec::new(),
        created_at: START + 1,
        last_used_at: START + 1,
        last_input_at: START + 1,
        rotated_at: START + 1,
        expires_at: START + 1 + LONGEST_MS,
        revoked: None,
        origin: origin(5),
        device_key: None,
        reauthenticated_at: None,
        impersonator: Some(new.impersonator),
    };
    let begun = scene.begin(new).await?;
    ensure!(begun == expected, "it begins as {begun:?}");
    let read = scene.world.row(begun.id).await?;
    ensure!(read == expected, "it reads back as {read:?}");
    let actions = scene.world.actions().await?;
    ensure!(
        actions
            .first()
            .is_some_and(|action| action == "impersonation.started"),
        "the log reads {actions:?}"
    );
    Ok(())
}

/// It ends with the session behind it where that one ends first.
pub async fn an_impersonation_does_not_outlast_the_session_behind_it(engine: &dyn Engine) -> Conforms {
    let mut scene = Scene::new(engine).await?;
    let mut short = new_session(scene.world.paul, scene.world.port, DeviceKind::Till, START);
    short.expires_at = START + HOUR;
    scene.behind = begin(&*scene.world.store, short).await?;
    let begun = scene.begun().await?;
    ensure!(
        begun.expires_at == START + HOUR,
        "it ends at {}",
        begun.expires_at
    );
    let read = scene.world.row(begun.id).await?;
    ensure!(read.expires_at == START + HOUR, "it reads {}", read.expires_at);
    Ok(())
}

/// Only somebody above all organisations begins one, of whom is below, a member there, and able to sign in; one at a time.
pub async fn an_impersonation_that_may_not_be_is_refused(engine: &dyn Engine) -> Conforms {
    use ImpersonationRefusal as No;
    let scene = Scene::new(engine).await?;
    let (world, paul) = (&scene.world, scene.world.paul);
    let port_user = user(&*world.store, "zoe", world.port, None).await?;
    let disabled = user(&*world.store, "marc", world.quai, None).await?;
    let audit = entry("user.disabled");
    world.store.disable_user(disabled, START, audit).await?;
    let above = user(&*world.store, "alix", world.quai, None).await?;
    rise(world, above, true).await?;
    let below = world.till().await?;
    let ended = begin(
        &*world.store,
        new_session(paul, world.port, DeviceKind::Till, START),
    )
    .await?;
    let audit = entry("session.revoked");
    world
        .store
        .revoke_session(ended.id, None, None, RevokeReason::SignedOut, START + 1, audit)
        .await?;
    let by = |user_id, session_id| Impersonator { user_id, session_id };
    let plain = || scene.new_at(START + 1);
    let as_user = |user_id| NewImpersonation {
        user_id,
        ..scene.new_at(START + 1)
    };
    let behind = |impersonator| NewImpersonation {
        impersonator,
        ..scene.new_at(START + 1)
    };
    let idle = world.identity(scene.behind.id).await?.idle_timeout_ms();
    let written = world.actions().await?.len();
    let refused = [
        (behind(by(world.anna, below.id)), No::NotAbove),
        (behind(by(paul, ended.id)), No::ImpersonatorOver),
        (behind(by(paul, below.id)), No::ImpersonatorOver),
        (behind(by(paul, Uuid::now_v7())), No::ImpersonatorOver),
        (scene.new_at(START + idle), No::ImpersonatorOver),
        (as_user(paul), No::Oneself),
        (as_user(Uuid::now_v7()), No::UnknownUser),
        (as_user(above), No::UserAbove),
        (as_user(disabled), No::UserDisabled),
        (as_user(port_user), No::NotAMember),
    ];
    for (new, expected) in refused {
        let id = new.id;
        let outcome = scene.ask(new).await?;
        ensure!(
            outcome == BegunImpersonation::Refused(expected),
            "not {expected:?}: {outcome:?}"
        );
        ensure!(world.store.identity(id).await?.is_none(), "{expected:?} is there");
    }
    let actions = world.actions().await?;
    ensure!(actions.len() == written, "refusals left {actions:?}");
    let first = scene.begin(plain()).await?;
    for (new, expected) in [
        (plain(), No::AlreadyImpersonating),
        (behind(by(world.anna, first.id)), No::Nested),
    ] {
        let outcome = scene.ask(new).await?;
        ensure!(
            outcome == BegunImpersonation::Refused(expected),
            "not {expected:?}: {outcome:?}"
        );
    }
    let later = scene.ask(scene.new_at(first.expires_at)).await?;
    ensure!(
        matches!(later, BegunImpersonation::Begun(_)),
        "after the first one's end: {later:?}"
    );
    Ok(())
}

/// A way to end the session behind an impersonation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    SignOut,
    Disabling,
    Password,
    Membership,
    DeviceLimit,
    Reuse,
    Organization,
    Demotion,
}

const WAYS: [Way; 8] = [
    Way::SignOut,
    Way::Disabling,
    Way::Password,
    Way::Membership,
    Way::DeviceLimit,
    Way::Reuse,
    Way::Organization,
    Way::Demotion,
];

async fn end_behind(scene: &Scene, way: Way) -> Result<(), Violation> {
    let (world, store, now) = (&scene.world, &*scene.world.store, START + 2);
    let (paul, behind) = (world.paul, &scene.behind);
    match way {
        Way::SignOut => {
            let audit = entry("session.signed_out");
            store
                .revoke_session(behind.id, None, None, RevokeReason::SignedOut, now, audit)
                .await?;
        }
        Way::Disabling => {
            store.disable_user(paul, now, entry("user.disabled")).await?;
        }
        Way::Password => {
            let (hash, keep) = ("$new".to_owned(), Some(scene.other.id));
            store
                .set_password(paul, hash, false, keep, now, entry("user.password_set"))
                .await?;
        }
        Way::Membership => {
            world.join(paul, world.port, OrganizationRole::User, None).await?;
            store
                .remove_membership(paul, world.port, now, entry("membership.removed"))
                .await?;
        }
        Way::DeviceLimit => {
            let mut new = new_session(paul, world.port, DeviceKind::Till, now);
            new.device_limit = Some(1);
            store.begin_session(new, entry("session.created")).await?;
        }
        Way::Reuse => {
            rotate(world, present(behind, 0, 1)).await?;
            let outcome = rotate(world, present(behind, 0, 2)).await?;
            ensure!(
                matches!(outcome, RotationOutcome::Reused(_)),
                "it gave {outcome:?}"
            );
        }
        Way::Organization => {
            let (reason, keep) = (RevokeReason::ByAdministrator, Some(scene.other.id));
            store
                .revoke_organization_sessions(world.port, keep, reason, now, entry("sessions.revoked"))
                .await?;
        }
        Way::Demotion => rise(world, paul, false).await?,
    }
    Ok(())
}

/// Whatever ends the session behind it, or takes its owner's standing, ends it too.
pub async fn an_impersonation_ends_with_the_session_behind_it(engine: &dyn Engine) -> Conforms {
    let store = engine.open().await?;
    for way in WAYS {
        let ending = format!("-{way:?}").to_lowercase();
        let scene = Scene::of(World::beside(Arc::clone(&store), &ending).await?).await?;
        let begun = scene.begun().await?;
        let mut changes = scene.world.store.changes();
        end_behind(&scene, way).await?;
        let revoked = scene.revoked(&begun).await?;
        ensure!(
            revoked == Some(RevokeReason::ImpersonatorEnded),
            "{way:?} leaves it as {revoked:?}"
        );
        let told = super::changes::told(&scene.world, &mut changes).await?;
        let is_told = told.iter().any(
            |change| matches!(change, crate::Change::SessionEnded { session_id, .. } if *session_id == begun.id),
        );
        ensure!(is_told, "{way:?} is told as {told:?}");
    }
    Ok(())
}

/// What ends the user's own sessions ends it too, and so does the user's rise; the session behind it goes on.
pub async fn an_impersonation_ends_with_the_users_sessions(engine: &dyn Engine) -> Conforms {
    let scene = Scene::new(engine).await?;
    let (world, store) = (&scene.world, &*scene.world.store);
    let (anna, mut now) = (world.anna, START + 1);
    let own = world.till().await?;
    let mut again = async || {
        now += 2;
        scene.begin(scene.new_at(now)).await
    };

    let first = again().await?;
    let reason = RevokeReason::ByOwner;
    let ended = store
        .revoke_user_sessions(
            anna,
            None,
            Some(own.id),
            reason,
            START + 4,
            entry("sessions.revoked"),
        )
        .await?;
    ensure!(ended == 0, "{ended} sessions of the user's own ended");
    let revoked = scene.revoked(&first).await?;
    ensure!(
        revoked == Some(reason),
        "signed out everywhere it reads {revoked:?}"
    );

    let second = again().await?;
    let (hash, audit) = ("$new".to_owned(), entry("user.password_set"));
    store
        .set_password(anna, hash, false, Some(own.id), START + 6, audit)
        .await?;
    let revoked = scene.revoked(&second).await?;
    ensure!(
        revoked == Some(RevokeReason::PasswordChanged),
        "after the password it reads {revoked:?}"
    );

    let third = again().await?;
    rise(world, anna, true).await?;
    let revoked = scene.revoked(&third).await?;
    ensure!(
        revoked == Some(RevokeReason::ImpersonatorEnded),
        "after the user's rise it reads {revoked:?}"
    );
    rise(world, anna, false).await?;

    let fourth = again().await?;
    store
        .disable_user(anna, START + 10, entry("user.disabled"))
        .await?;
    let revoked = scene.revoked(&fourth).await?;
    ensure!(
        revoked == Some(RevokeReason::AccountDisabled),
        "of a disabled account it reads {revoked:?}"
    );
    ensure!(
        scene.revoked(&scene.behind).await?.is_none(),
        "the session behind it ended"
    );
    Ok(())
}

/// It is on nobody's list of sessions, takes no device's place, is no sign-in, and counts nowhere.
pub async fn an_impersonation_is_none_of_the_users_sessions(engine: &dyn Engine) -> Conforms {
    let scene = Scene::new(engine).await?;
    let (world, store, now) = (&scene.world, &*scene.world.store, START + 2);
    let own = world.till().await?;
    let before = store.session_gauges(Some(world.quai), now).await?;
    let known = world.known("anna").await?.last_sign_in_at;
    let begun = scene.begun().await?;
    let is_listed = |found: &[crate::Identity]| found.iter().any(|one| one.session.id == begun.id);
    ensure!(
        !is_listed(&store.live_sessions(world.anna, now).await?),
        "the user's list has it"
    );
    ensure!(
        !is_listed(&world.live_of(None, now, 100).await?),
        "the list of all has it"
    );
    let after = store.session_gauges(Some(world.quai), now).await?;
    ensure!(after == before, "what is so now was {before:?} and is {after:?}");
    let then = world.known("anna").await?.last_sign_in_at;
    ensure!(then == known, "the last sign-in was {known:?} and is {then:?}");
    let mut new = new_session(world.anna, world.quai, DeviceKind::Till, now);
    new.device_limit = Some(2);
    let displaced = store
        .begin_session(new, entry("session.created"))
        .await?
        .displaced;
    ensure!(displaced.is_empty(), "it takes a device's place");
    let reason = RevokeReason::ByAdministrator;
    let ended = store
        .revoke_session(begun.id, None, None, reason, now, entry("session.revoked"))
        .await?;
    ensure!(
        !ended && scene.revoked(&begun).await?.is_none(),
        "it ends like a session of the user's"
    );
    let ended = store
        .revoke_organization_sessions(
            world.quai,
            Some(own.id),
            reason,
            now + 1,
            entry("sessions.revoked"),
        )
        .await?;
    ensure!(ended == 1, "{ended} sessions are counted");
    let noted = store.note_ended_sessions(Vec::new(), now + 2, 10).await?;
    ensure!(noted == 1, "{noted} ends are noted for the figures");
    Ok(())
}

/// Whoever began it stops it, and nobody else so; anybody above all organisations may force it to end.
pub async fn an_impersonation_is_stopped_or_forced_to_end(engine: &dyn Engine) -> Conforms {
    let scene = Scene::new(engine).await?;
    let store = &*scene.world.store;
    let first = scene.begun().await?;
    let stop = async |session: &SessionRow, impersonator_user_id| {
        let end = ImpersonationEnd::Stopped { impersonator_user_id };
        let audit = entry("impersonation.stopped");
        store.end_impersonation(session.id, end, START + 3, audit).await
    };
    ensure!(
        !stop(&first, scene.world.anna).await?,
        "somebody else could stop it"
    );
    ensure!(
        !stop(&scene.behind, scene.world.paul).await?,
        "a session of one's own could be stopped so"
    );
    ensure!(
        scene.revoked(&first).await?.is_none(),
        "somebody else's stopping ended it"
    );
    ensure!(
        stop(&first, scene.world.paul).await?,
        "its impersonator could not stop it"
    );
    ensure!(!stop(&first, scene.world.paul).await?, "it was stopped twice");
    let revoked = scene.world.row(first.id).await?.revoked;
    ensure!(
        revoked == Some((START + 3, RevokeReason::ImpersonationStopped)),
        "it reads {revoked:?}"
    );
    let second = scene.begin(scene.new_at(START + 4)).await?;
    let audit = entry("impersonation.force_stopped");
    let forced = store
        .end_impersonation(second.id, ImpersonationEnd::Forced, START + 5, audit)
        .await?;
    ensure!(forced, "it could not be forced");
    let revoked = scene.revoked(&second).await?;
    ensure!(
        revoked == Some(RevokeReason::ImpersonationForced),
        "it reads {revoked:?}"
    );
    let mut actions = scene.world.actions().await?;
    actions.truncate(4);
    ensure!(
        actions
            == [
                "impersonation.force_stopped",
                "impersonation.started",
                "impersonation.stopped",
                "impersonation.started"
            ],
        "the log reads {actions:?}"
    );
    Ok(())
}

/// Those that last are listed with both people and the reason, the one begun last first; those that are over are not.
pub async fn impersonations_that_last_are_listed(engine: &dyn Engine) -> Conforms {
    let scene = Scene::new(engine).await?;
    let world = &scene.world;
    let first = scene.begun().await?;
    let mut second = scene.new_at(START + 2);
    second.impersonator.session_id = scene.other.id;
    let second = scene.begin(second).await?;
    let party = |user_id, username: &str| Party {
        user_id,
        username: username.to_owned(),
        display_name: username.to_uppercase(),
    };
    let listed = |row: &SessionRow| LiveImpersonation {
        session_id: row.id,
        impersonator: party(world.paul, "paul"),
        user: party(world.anna, "anna"),
        organization_id: world.quai,
        organization_name: "The quai".to_owned(),
        reason: "a sale that does not leave".to_owned(),
        device_name: row.device_name.clone(),
        origin: origin(5),
        started_at: row.created_at,
        expires_at: row.expires_at,
    };
    let live = async |now| world.store.live_impersonations(now).await;
    let found = live(START + 3).await?;
    ensure!(found == [listed(&second), listed(&first)], "listed are {found:?}");
    let end = ImpersonationEnd::Forced;
    let audit = entry("impersonation.force_stopped");
    world
        .store
        .end_impersonation(second.id, end, START + 4, audit)
        .await?;
    let found = live(START + 5).await?;
    ensure!(found == [listed(&first)], "after one's end: {found:?}");
    let found = live(first.expires_at).await?;
    ensure!(found.is_empty(), "after all ends: {found:?}");
    Ok(())
}

/// An end that nobody wrote down is written down once, with its cause, in the name of both people. What was stopped is not
/// written down again, and nothing is forgotten before it is written down.
pub async fn an_end_is_written_down_once(engine: &dyn Engine) -> Conforms {
    let scene = Scene::new(engine).await?;
    let (world, store) = (&scene.world, &*scene.world.store);
    let stopped = scene.begun().await?;
    let end = ImpersonationEnd::Stopped {
        impersonator_user_id: world.paul,
    };
    store
        .end_impersonation(stopped.id, end, START + 2, entry("impersonation.stopped"))
        .await?;
    let expired = scene.begin(scene.new_at(START + 3)).await?;
    let mut new = scene.new_at(START + 3);
    new.impersonator.session_id = scene.other.id;
    let cut_short = scene.begin(new).await?;
    let audit = entry("session.signed_out");
    store
        .revoke_session(
            scene.other.id,
            None,
            None,
            RevokeReason::SignedOut,
            START + 4,
            audit,
        )
        .await?;
    let before = world.actions().await?.len();
    let at_end = expired.expires_at;
    // What hangs on a desk that is left alone ends with it.
    store.note_input(scene.behind.id, 0, at_end - 1).await?;
    let purged = store.purge_sessions(at_end + 1, 10).await?;
    ensure!(purged == 2, "{purged} were forgotten, unwritten ones among them");
    let mut noted = Vec::new();
    for now in [START + 5, START + 5, at_end - 1, at_end, at_end, at_end + 1] {
        noted.push(store.note_ended_impersonations(now, 10).await?);
    }
    ensure!(noted == [1, 0, 0, 1, 0, 0], "they are noted as {noted:?}");
    let rows = store.audit_rows(None, 100).await?;
    let rows: Vec<_> = rows[..rows.len() - before].iter().rev().collect();
    let read: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.action.as_str(),
                row.session_id,
                row.actor_user_id,
                row.detail["cause"].as_str(),
            )
        })
        .collect();
    let paul = Some(world.paul);
    ensure!(
        read == [
            (
                "impersonation.ended",
                Some(cut_short.id),
                paul,
                Some("impersonator_ended")
            ),
            ("impersonation.expired", Some(expired.id), paul, None),
        ],
        "the log reads {read:?}"
    );
    for row in rows {
        let of = row.impersonated_user_id;
        ensure!(of == Some(world.anna), "it is written down as {of:?}");
    }
    Ok(())
}

/// What hangs on a desk that nobody touches ends when the desk does.
pub async fn an_impersonation_ends_with_an_idle_desk(engine: &dyn Engine) -> Conforms {
    let scene = Scene::new(engine).await?;
    let (world, store) = (&scene.world, &*scene.world.store);
    let idle = world.identity(scene.behind.id).await?.idle_timeout_ms();
    let begun = scene.begin(scene.new_at(START + idle - 10)).await?;
    let early = store.note_ended_impersonations(START + idle - 1, 10).await?;
    ensure!(early == 0, "it ends before the desk");
    let noted = store.note_ended_impersonations(START + idle, 10).await?;
    ensure!(noted == 1, "{noted} are noted");
    let revoked = scene.revoked(&begun).await?;
    ensure!(
        revoked == Some(RevokeReason::ImpersonatorEnded),
        "it reads {revoked:?}"
    );
    Ok(())
}

/// The others above all organisations are told, and the user where the settings say so.
pub async fn the_others_are_told_of_an_impersonation(engine: &dyn Engine) -> Conforms {
    let scene = Scene::new(engine).await?;
    let (world, store) = (&scene.world, &*scene.world.store);
    let alix = user(store, "alix", world.quai, None).await?;
    rise(world, alix, true).await?;
    let kinds = async |user| {
        let notices = store.security_notices(user, false, 10).await?;
        let kinds: Vec<_> = notices.into_iter().map(|notice| notice.kind).collect();
        Ok::<_, Violation>(kinds)
    };
    let first = scene.begun().await?;
    let told = (
        kinds(alix).await?,
        kinds(world.anna).await?,
        kinds(world.paul).await?,
    );
    let expected = (
        vec![NoticeKind::ImpersonationStarted],
        vec![NoticeKind::Impersonated],
        Vec::new(),
    );
    ensure!(told == expected, "told were {told:?}");
    let quiet = ImpersonationSettings {
        tell_target: false,
        ..ImpersonationSettings::default()
    };
    store
        .put_impersonation_settings(quiet, entry("settings.changed"))
        .await?;
    let end = ImpersonationEnd::Forced;
    let audit = entry("impersonation.force_stopped");
    store.end_impersonation(first.id, end, START + 2, audit).await?;
    scene.begin(scene.new_at(START + 3)).await?;
    let told = (kinds(alix).await?.len(), kinds(world.anna).await?.len());
    ensure!(told == (2, 1), "told are {told:?}");
    Ok(())
}

/// Settings read back, and are the defaults until some are put.
pub async fn impersonation_settings_read_back(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let before = world.store.impersonation_settings().await?;
    ensure!(
        before == ImpersonationSettings::default(),
        "before any are put they read {before:?}"
    );
    for tell_target in [false, true] {
        let settings = ImpersonationSettings {
            allowed_networks: vec!["192.0.2.0/24".to_owned(), "2001:db8::/32".to_owned()],
            tell_target,
        };
        world
            .store
            .put_impersonation_settings(settings.clone(), entry("settings.changed"))
            .await?;
        let after = world.store.impersonation_settings().await?;
        ensure!(after == settings, "they read {after:?}");
    }
    let actions = world.actions().await?;
    let written = actions
        .iter()
        .filter(|action| *action == "settings.changed")
        .count();
    ensure!(written == 2, "the log reads {actions:?}");
    Ok(())
}
