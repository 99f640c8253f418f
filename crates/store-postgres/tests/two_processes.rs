//! Two stores on one database, as two server processes: whatever both do at once, a session has one live branch, nothing
//! is lost by accident, and each hears what the other changed.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails")]

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{join, join_all};
use scene::{BEGUN, People, entry, new_session, open, organization, origin, people, presented, session};
use store::session::RevokeReason;
use store::{
    AuditLog as _, BegunImpersonation, Change, Directory as _, Impersonations as _, Impersonator,
    NewImpersonation, NewUser, RotationOutcome, Sessions as _, Store as _, StoreError,
};
use store_postgres::PostgresStore;
use uuid::Uuid;
use vigie_tests::{Disk, Postgres};

mod scene;

const AT_ONCE: u32 = 64;

async fn two(server: &Postgres) -> (PostgresStore, PostgresStore, People) {
    let (one, other) = join(open(server), open(server)).await;
    let (one, other) = (one.unwrap(), other.unwrap());
    let people = people(&one).await;
    (one, other, people)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_attempt_at_once_spends_once_and_every_use_of_it_gets_the_successor() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other, people) = two(&server).await;
    let id = session(&one, people).await.id;
    for generation in 0..300 {
        let attempt = *Uuid::new_v4().as_bytes();
        let uses = (0..AT_ONCE).map(|n| {
            let store = if n % 2 == 0 { &one } else { &other };
            store.rotate(presented(id, generation, attempt), entry("test"))
        });
        let outcomes: Vec<_> = join_all(uses).await.into_iter().map(Result::unwrap).collect();
        let rotated = outcomes
            .iter()
            .filter(|one| matches!(one, RotationOutcome::Rotated(_)));
        assert_eq!(rotated.count(), 1, "round {generation}: {outcomes:?}");
        for outcome in &outcomes {
            let next = matches!(
                outcome,
                RotationOutcome::Rotated(row) | RotationOutcome::Replayed(row) if row.generation == generation + 1
            );
            assert!(next, "round {generation}: {outcome:?}");
        }
    }
    let row = other.identity(id).await.unwrap().unwrap().session;
    assert_eq!((row.generation, row.revoked), (300, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_holders_at_once_are_found_and_leave_no_live_branch() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other, people) = two(&server).await;
    for round in 0..100 {
        let id = session(&one, people).await.id;
        let uses = (0..AT_ONCE).map(|n| {
            let store = if n % 2 == 0 { &one } else { &other };
            store.rotate(presented(id, 0, *Uuid::new_v4().as_bytes()), entry("test"))
        });
        let outcomes: Vec<_> = join_all(uses).await.into_iter().map(Result::unwrap).collect();
        let count = |wanted: fn(&RotationOutcome) -> bool| outcomes.iter().filter(|one| wanted(one)).count();
        assert_eq!(
            count(|one| matches!(one, RotationOutcome::Rotated(_))),
            1,
            "round {round}"
        );
        assert_eq!(
            count(|one| matches!(one, RotationOutcome::Reused(_))),
            1,
            "round {round}"
        );
        assert_eq!(
            count(|one| matches!(one, RotationOutcome::Over(_))),
            AT_ONCE as usize - 2,
            "round {round}: {outcomes:?}"
        );
        let row = other.identity(id).await.unwrap().unwrap().session;
        assert_eq!(row.revoked, Some((BEGUN + 1, RevokeReason::RefreshReused)));
    }
}

/// Everybody's impersonation ends at once, and both processes look for ends at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_an_impersonation_is_written_down_by_one_of_two() {
    const MANY: usize = 60;
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other, people) = two(&server).await;
    let above = Uuid::now_v7();
    let user = NewUser {
        id: above,
        username: "alix".to_owned(),
        display_name: "Alix".to_owned(),
        password_hash: String::new(),
        one_time_password: false,
        organization_id: people.organization_id,
        role: protocol::auth::OrganizationRole::Owner,
        site_id: None,
    };
    one.add_user(user, entry("user.added")).await.unwrap();
    one.set_super_admin(above, true, entry("user.promoted"))
        .await
        .unwrap();
    let mut begun = Vec::new();
    for _ in 0..MANY {
        let behind = session(
            &one,
            People {
                user_id: above,
                ..people
            },
        )
        .await;
        let new = NewImpersonation {
            id: Uuid::now_v7(),
            impersonator: Impersonator {
                user_id: above,
                session_id: behind.id,
            },
            user_id: people.user_id,
            organization_id: people.organization_id,
            reason: "a sale that does not leave".to_owned(),
            origin: origin(),
            now: BEGUN,
        };
        let outcome = other
            .begin_impersonation(new, entry("impersonation.started"))
            .await
            .unwrap();
        let BegunImpersonation::Begun(row) = outcome else {
            unreachable!("{outcome:?}");
        };
        begun.push(*row);
    }
    let deadline = begun[0].expires_at;
    assert_eq!(one.note_ended_impersonations(deadline - 1, 100).await.unwrap(), 0);
    let sweeps = (0..40).map(|n| {
        let store = if n % 2 == 0 { &one } else { &other };
        store.note_ended_impersonations(deadline, 7)
    });
    let noted = join_all(sweeps).await.into_iter().map(Result::unwrap);
    assert_eq!(noted.sum::<u32>(), MANY as u32);
    let rows = one.audit_rows(None, 10_000).await.unwrap();
    let mut expired: Vec<_> = rows
        .into_iter()
        .filter(|row| row.action == "impersonation.expired")
        .map(|row| row.session_id.unwrap())
        .collect();
    expired.sort_unstable();
    let mut expected: Vec<_> = begun.iter().map(|row| row.id).collect();
    expected.sort_unstable();
    assert_eq!(expired, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_has_no_gap_though_many_write_it_and_some_are_refused() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other, people) = two(&server).await;
    let deeds = (0..200).map(|n| {
        let store = if n % 2 == 0 { &one } else { &other };
        async move {
            if n % 5 == 0 {
                let refused = store
                    .add_organization(organization("quai"), entry("organization.added"))
                    .await;
                assert!(matches!(refused, Err(StoreError::NameTaken(_))), "{refused:?}");
            } else {
                session(store, people).await;
            }
        }
    });
    join_all(deeds).await;
    let rows = one.audit_rows(None, 10_000).await.unwrap();
    let sequences: Vec<_> = rows.iter().rev().map(|row| row.sequence).collect();
    assert_eq!(sequences, (1..=162).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_limit_holds_though_sign_ins_come_at_once() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other, people) = two(&server).await;
    let sign_ins = (0..32).map(|n| {
        let store = if n % 2 == 0 { &one } else { &other };
        let mut new = new_session(people);
        new.device_limit = Some(3);
        store.begin_session(new, entry("session.created"))
    });
    let outcomes: Vec<_> = join_all(sign_ins).await.into_iter().map(Result::unwrap).collect();
    let displaced: usize = outcomes.iter().map(|one| one.displaced.len()).sum();
    assert_eq!(displaced, 29);
    assert_eq!(one.live_sessions(people.user_id, BEGUN).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_slips_in_while_an_account_is_disabled() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other, people) = two(&server).await;
    for n in 0..20 {
        let user = NewUser {
            id: Uuid::now_v7(),
            username: format!("user{n}"),
            display_name: String::new(),
            password_hash: String::new(),
            one_time_password: false,
            organization_id: people.organization_id,
            role: protocol::auth::OrganizationRole::User,
            site_id: None,
        };
        let user_id = user.id;
        one.add_user(user, entry("user.added")).await.unwrap();
        let sign_ins = (0..8).map(|_| {
            let new = store::NewSession {
                user_id,
                ..new_session(people)
            };
            other.begin_session(new, entry("session.created"))
        });
        let disabling = one.disable_user(user_id, BEGUN + 1, entry("user.disabled"));
        let (_, disabled) = join(join_all(sign_ins), disabling).await;
        disabled.unwrap().unwrap();
        assert_eq!(other.live_sessions(user_id, BEGUN + 2).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_owners_one_stays_whoever_goes_first() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other, people) = two(&server).await;
    for n in 0..20 {
        let second = Uuid::now_v7();
        let user = NewUser {
            id: second,
            username: format!("owner{n}"),
            display_name: String::new(),
            password_hash: String::new(),
            one_time_password: false,
            organization_id: people.organization_id,
            role: protocol::auth::OrganizationRole::Owner,
            site_id: None,
        };
        one.add_user(user, entry("user.added")).await.unwrap();
        let (first_gone, second_gone) = join(
            one.disable_user(people.user_id, BEGUN, entry("user.disabled")),
            other.remove_membership(second, people.organization_id, BEGUN, entry("membership.ended")),
        )
        .await;
        let refused = [first_gone, second_gone]
            .into_iter()
            .filter(|outcome| matches!(outcome, Err(StoreError::LastOwner)))
            .count();
        assert_eq!(refused, 1, "round {n}");
        one.enable_user(people.user_id, entry("user.enabled"))
            .await
            .unwrap();
        drop(
            one.remove_membership(second, people.organization_id, BEGUN, entry("membership.ended"))
                .await,
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_super_admins_one_stays_whoever_goes_first() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other, people) = two(&server).await;
    let first = people.user_id;
    let second = Uuid::now_v7();
    let user = NewUser {
        id: second,
        username: "second".to_owned(),
        display_name: String::new(),
        password_hash: String::new(),
        one_time_password: false,
        organization_id: people.organization_id,
        role: protocol::auth::OrganizationRole::Owner,
        site_id: None,
    };
    one.add_user(user, entry("user.added")).await.unwrap();
    let by = |actor, action| store::AuditEntry {
        actor_user_id: Some(actor),
        ..entry(action)
    };
    for round in 0..40 {
        for user in [first, second] {
            one.set_super_admin(user, true, entry("user.promoted"))
                .await
                .unwrap();
        }
        let here = one.set_super_admin(second, false, by(first, "user.demoted"));
        let (here, there) = if round % 2 == 0 {
            let there = other.set_super_admin(first, false, by(second, "user.demoted"));
            let (here, there) = join(here, there).await;
            (here.map(drop), there.map(drop))
        } else {
            let there = other.disable_user(first, BEGUN, by(second, "user.disabled"));
            let (here, there) = join(here, there).await;
            (here.map(drop), there.map(drop))
        };
        let refused = [here, there]
            .into_iter()
            .filter(|outcome| matches!(outcome, Err(StoreError::RankLost)))
            .count();
        assert_eq!(refused, 1, "round {round}");
        one.enable_user(first, entry("user.enabled")).await.unwrap();
    }
}

async fn next(changes: &mut tokio::sync::broadcast::Receiver<Change>, within: Duration) -> Change {
    tokio::time::timeout(within, changes.recv())
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_hears_once_what_it_and_the_other_changed_also_after_a_kill() {
    let mut server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other, people) = two(&server).await;
    let (mut here, mut there) = (one.changes(), other.changes());
    for kill in [false, true] {
        if kill {
            server.kill().unwrap();
            server.start_again().unwrap();
            for store in [&one, &other] {
                while store.ping().await.is_err() {}
            }
            // Until both listen again.
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        let id = session(&one, people).await.id;
        let ended = one
            .revoke_session(
                id,
                None,
                None,
                RevokeReason::ByOwner,
                BEGUN,
                entry("session.revoked"),
            )
            .await;
        assert!(ended.unwrap());
        let expected = Change::SessionEnded {
            session_id: id,
            user_id: people.user_id,
            organization_id: people.organization_id,
            reason: RevokeReason::ByOwner,
        };
        assert_eq!(here.try_recv().unwrap(), expected, "its own, at once");
        assert_eq!(
            next(&mut there, Duration::from_secs(1)).await,
            expected,
            "the other's, within a second"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(
            here.try_recv().is_err() && there.try_recv().is_err(),
            "it was told twice"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_ends_are_all_told() {
    let server = Postgres::start(Disk::NotWaited).unwrap();
    let (one, other, people) = two(&server).await;
    // Not all at once: on a busy machine the last ones would wait longer for a connection than a call may.
    let begun: Vec<_> = futures_util::stream::iter(0..1_000)
        .map(|_| session(&one, people))
        .buffer_unordered(16)
        .collect()
        .await;
    let mut there = other.changes();
    let ended = one
        .revoke_all_sessions(
            None,
            RevokeReason::ByAdministrator,
            BEGUN,
            entry("session.revoked"),
        )
        .await;
    assert_eq!(ended.unwrap(), 1_000);
    let mut told = std::collections::HashSet::new();
    while told.len() < begun.len() {
        if let Change::SessionEnded { session_id, .. } = next(&mut there, Duration::from_secs(5)).await {
            told.insert(session_id);
        }
    }
    assert!(begun.iter().all(|session| told.contains(&session.id)));
}
