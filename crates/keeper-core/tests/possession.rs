//! A session bound to a key of the device: what nonces, refused proofs, a lost key and the server's hints do, and what they
//! never do.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_wrap,
    reason = "tests"
)]

#[expect(dead_code, reason = "shared with other tests")]
mod world;

use keeper_core::{Banner, EndReason, Fault as Misfit, Hint, SessionPhase, SessionSnapshot, Span, Trouble};
use store::session::RevokeReason;
use world::{Fault, Network, Proofs, World};

fn snapshot(world: &World) -> SessionSnapshot {
    world.processes[0].keeper.as_ref().unwrap().snapshot()
}

fn now(world: &mut World, fault: Fault) {
    world.at(world.now, fault);
    world.run_for(0);
}

fn ended_here(world: &World) -> Hint {
    Hint::SessionEnded {
        session_id: world.server.row.id.to_string(),
    }
}

#[test]
fn a_nonce_that_has_run_out_costs_one_more_post_and_nothing_else() {
    for seed in 0..50 {
        let mut world = World::bound(seed, 1, Span::from_secs(300));
        for _ in 0..3_600 {
            world.run_for(1_000);
            let seen = snapshot(&world);
            assert_eq!(
                (seen.banner, seen.attempting),
                (Banner::Hidden, false),
                "seed {seed}"
            );
        }
        assert!(
            world.server.asked > 3,
            "a nonce lasts no longer than two minutes, a token five"
        );
        assert_eq!(
            world.posts,
            world.server.rotations + world.server.asked,
            "seed {seed}"
        );
    }
}

#[test]
fn a_server_that_asks_for_nonces_for_ever_is_a_server_at_fault() {
    for seed in 0..50 {
        let mut world = World::bound(seed, 1, Span::from_secs(10));
        now(&mut world, Fault::Proofs(Proofs::AlwaysAskedAgain));
        let posts = world.posts;
        world.run_for(600_000);
        assert!(
            world.posts - posts < 120,
            "seed {seed}: {} posts in 10 minutes",
            world.posts - posts
        );
        let seen = snapshot(&world);
        assert_eq!(seen.phase, SessionPhase::SignedIn);
        assert_eq!(
            seen.banner,
            Banner::ServerDown {
                trouble: Trouble::ServerDown
            }
        );
        now(&mut world, Fault::Proofs(Proofs::Judged));
        world.run_for(120_000);
        assert_eq!(snapshot(&world).banner, Banner::Hidden, "seed {seed}");
    }
}

#[test]
fn a_refused_proof_is_shown_and_tried_again_and_ends_nothing() {
    for seed in 0..50 {
        let mut world = World::bound(seed, 2, Span::from_secs(10));
        now(&mut world, Fault::Proofs(Proofs::Refused));
        let posts = world.posts;
        world.run_for(600_000);
        assert!(world.posts - posts < 200, "seed {seed}");
        for process in &world.processes {
            let seen = process.keeper.as_ref().unwrap().snapshot();
            assert_eq!(seen.phase, SessionPhase::SignedIn, "seed {seed}");
            assert_eq!(
                seen.banner,
                Banner::Misconfigured {
                    fault: Misfit::ProofRefused
                }
            );
        }
        now(&mut world, Fault::Proofs(Proofs::Judged));
        world.run_for(120_000);
        assert_eq!(snapshot(&world).banner, Banner::Hidden, "seed {seed}");
        assert_eq!(world.server.row.revoked, None, "seed {seed}");
    }
}

#[test]
fn one_refused_proof_is_not_worth_a_banner() {
    let mut world = World::bound(1, 1, Span::from_secs(60));
    now(&mut world, Fault::Proofs(Proofs::Refused));
    let posts = world.posts;
    while world.posts == posts {
        world.run_for(10);
    }
    world.run_for(200);
    now(&mut world, Fault::Proofs(Proofs::Judged));
    for _ in 0..600 {
        assert_eq!(snapshot(&world).banner, Banner::Hidden);
        world.run_for(100);
    }
}

#[test]
fn a_key_that_is_truly_lost_asks_for_a_new_sign_in_and_says_why() {
    for seed in 0..50 {
        let mut world = World::bound(seed, 2, Span::from_secs(60));
        world.run_for(1_000);
        world.stored_key = None;
        world.run_for(200_000);
        assert_eq!(
            snapshot(&world).phase,
            SessionPhase::SignedIn,
            "a process that has the key in memory goes on"
        );
        for index in 0..2 {
            now(&mut world, Fault::Crash(index));
        }
        world.stored_key = None;
        now(&mut world, Fault::Start(0));
        world.run_for(5_000);
        assert_eq!(
            snapshot(&world).banner,
            Banner::Ended {
                reason: EndReason::KeyLost
            },
            "seed {seed}"
        );
        assert!(world.vault.is_some(), "the record is kept");
        assert_eq!(world.server.row.revoked, None, "nothing was told to the server");
    }
}

#[test]
fn a_lost_key_is_not_believed_before_the_server_refuses() {
    let mut world = World::bound(3, 1, Span::from_secs(60));
    now(&mut world, Fault::Crash(0));
    world.stored_key = None;
    now(&mut world, Fault::Network(Network::ServerDown));
    now(&mut world, Fault::Start(0));
    world.run_for(600_000);
    assert_eq!(snapshot(&world).phase, SessionPhase::SignedIn);
}

#[test]
fn a_hint_of_the_end_is_asked_about_at_once_and_only_the_answer_ends() {
    for seed in 0..200 {
        let mut world = World::bound(seed, 1, Span::from_secs(900));
        world.run_for(seed * 97);
        let hint = ended_here(&world);
        now(&mut world, Fault::Hint(0, hint.clone()));
        world.run_for(2_000);
        assert_eq!(
            snapshot(&world).phase,
            SessionPhase::SignedIn,
            "the server says that it lives"
        );
        world.run_for(10_000);
        world.server.row.revoked = Some((0, RevokeReason::ByAdministrator));
        now(&mut world, Fault::Hint(0, hint));
        world.run_for(1_000);
        assert_eq!(
            snapshot(&world).banner,
            Banner::Ended {
                reason: EndReason::Revoked
            },
            "seed {seed}"
        );
    }
}

#[test]
fn a_hint_that_comes_while_a_refresh_is_out_is_followed_after_it() {
    for seed in 0..100 {
        let mut world = World::bound(seed, 1, Span::from_secs(900));
        now(&mut world, Fault::Network(Network::Slow));
        now(&mut world, Fault::Refuse(0));
        world.run_for(100);
        let told = world.now;
        now(&mut world, Fault::Hint(0, Hint::OrganizationChanged));
        now(&mut world, Fault::Network(Network::Good));
        world.run_for(40_000);
        let last = world.processes[0].sends.last().copied();
        assert!(last.is_some_and(|last| last > told), "seed {seed}");
    }
}

#[test]
fn hints_of_another_session_cost_nothing_and_a_flood_of_them_little() {
    let mut world = World::bound(5, 1, Span::from_secs(3_600));
    let posts = world.posts;
    let other = Hint::SessionEnded {
        session_id: "another".into(),
    };
    now(&mut world, Fault::Hint(0, other));
    world.run_for(5_000);
    assert_eq!(world.posts, posts);
    for _ in 0..60_000 {
        for hint in [
            ended_here(&world),
            Hint::OrganizationChanged,
            Hint::SettingsChanged,
        ] {
            now(&mut world, Fault::Hint(0, hint));
        }
        world.run_for(1);
    }
    assert!(
        (1..=40).contains(&(world.posts - posts)),
        "{} posts within a minute",
        world.posts - posts
    );
    assert_eq!(snapshot(&world).phase, SessionPhase::SignedIn);
}

#[test]
fn hints_do_not_undo_the_pauses_of_a_server_that_is_away() {
    let mut world = World::bound(6, 1, Span::from_secs(10));
    now(&mut world, Fault::Network(Network::ServerDown));
    world.run_for(120_000);
    let posts = world.posts;
    for _ in 0..1_000 {
        now(&mut world, Fault::Hint(0, Hint::OrganizationChanged));
        world.run_for(60);
    }
    assert!(world.posts - posts < 12, "{}", world.posts - posts);
}
