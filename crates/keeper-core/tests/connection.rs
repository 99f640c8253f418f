//! What the operator sees and hears of a cut, and what she does not hear.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_wrap,
    reason = "tests"
)]

#[expect(dead_code, reason = "shared with other tests")]
mod world;

use keeper_core::{
    Banner, Connection, Notice, OperatorAct, Persistence, SessionPhase, SessionSnapshot, Severity, Span,
    Trouble, VaultFault,
};
use world::{Fault, Network, World};

fn snapshot(world: &World) -> SessionSnapshot {
    world.processes[0].keeper.as_ref().unwrap().snapshot()
}

fn now(world: &mut World, fault: Fault) {
    world.at(world.now, fault);
    world.run_for(0);
}

fn wait_for(world: &mut World, limit_ms: u64, holds: impl Fn(&SessionSnapshot) -> bool) -> u64 {
    let start = world.now;
    while !holds(&snapshot(world)) {
        assert!(
            world.now - start < limit_ms,
            "not within {limit_ms} ms: {:?}",
            snapshot(world)
        );
        world.run_for(10);
    }
    world.now - start
}

#[test]
fn a_silent_cut_shows_within_three_seconds_while_the_till_is_in_use() {
    for phase in 0..200 {
        let mut world = World::new(phase, 1, Span::from_secs(900));
        now(&mut world, Fault::Act(0, OperatorAct::Input));
        world.run_for(17 * phase);
        now(&mut world, Fault::Network(Network::Cut));
        let shown = wait_for(&mut world, 3_000, |seen| seen.banner == Banner::Offline);
        assert!(shown <= 2_800, "phase {phase}: {shown} ms");
        assert_eq!(snapshot(&world).severity, Severity::Warning);
        assert!(snapshot(&world).next_attempt.is_some() && snapshot(&world).access_end.is_some());
    }
}

#[test]
fn a_cut_that_lasts_gives_one_notice_and_its_end_one_more() {
    let mut world = World::new(1, 1, Span::from_secs(900));
    world.at(world.now, Fault::Network(Network::Cut));
    world.at(world.now + 120_000, Fault::Network(Network::Good));
    world.run_for(300_000);
    let notices = &world.processes[0].notices;
    assert_eq!(
        *notices,
        [
            Notice::ConnectionLost {
                trouble: Trouble::Offline
            },
            Notice::ConnectionBack
        ]
    );
}

#[test]
fn a_cut_shorter_than_a_few_seconds_gives_no_notice() {
    let mut world = World::new(1, 1, Span::from_secs(900));
    now(&mut world, Fault::Act(0, OperatorAct::Input));
    now(&mut world, Fault::Network(Network::Cut));
    wait_for(&mut world, 3_000, |seen| seen.banner == Banner::Offline);
    now(&mut world, Fault::Network(Network::Good));
    world.run_for(60_000);
    assert!(world.processes[0].notices.is_empty());
}

#[test]
fn after_the_link_is_back_all_is_well_within_five_seconds() {
    for seed in 0..200 {
        let mut world = World::new(seed, 1, Span::from_secs(10));
        now(&mut world, Fault::Act(0, OperatorAct::Input));
        now(&mut world, Fault::Network(Network::Cut));
        world.run_for(500 + 211 * seed);
        now(&mut world, Fault::Network(Network::Good));
        let well = wait_for(&mut world, 5_000, |seen| {
            seen.banner == Banner::Hidden
                && seen.connection == Connection::Online
                && seen.access_end.is_some()
        });
        assert!(well <= 5_000, "seed {seed}: {well} ms");
    }
}

#[test]
fn without_a_living_token_the_banner_is_an_error_and_the_session_stays() {
    let mut world = World::new(3, 1, Span::from_secs(10));
    now(&mut world, Fault::Network(Network::ServerDown));
    world.run_for(60_000);
    let seen = snapshot(&world);
    assert_eq!(
        seen.banner,
        Banner::ServerDown {
            trouble: Trouble::ServerDown
        }
    );
    assert_eq!(
        (seen.severity, seen.phase),
        (Severity::Error, SessionPhase::SignedIn)
    );
    assert_eq!(world.processes[0].access, None);
}

#[test]
fn a_portal_is_told_apart_from_a_cut() {
    let mut world = World::new(3, 1, Span::from_secs(60));
    now(&mut world, Fault::Network(Network::Portal));
    world.run_for(20_000);
    assert_eq!(
        snapshot(&world).banner,
        Banner::ServerDown {
            trouble: Trouble::NotTheServer
        }
    );
}

#[test]
fn retry_answers_within_a_heartbeat_and_recovers_at_once_when_it_can() {
    let mut world = World::new(5, 1, Span::from_secs(10));
    now(&mut world, Fault::Network(Network::Cut));
    world.run_for(60_000);
    now(&mut world, Fault::Act(0, OperatorAct::Retry));
    assert!(snapshot(&world).attempting);
    world.run_for(2_100);
    assert!(!snapshot(&world).attempting, "{:?}", snapshot(&world));
    assert_eq!(snapshot(&world).banner, Banner::Offline);
    now(&mut world, Fault::Network(Network::Good));
    now(&mut world, Fault::Act(0, OperatorAct::Retry));
    wait_for(&mut world, 1_500, |seen| {
        seen.banner == Banner::Hidden && seen.access_end.is_some()
    });
}

#[test]
fn a_locked_keychain_is_said_renewed_around_and_caught_up_with() {
    let mut world = World::new(7, 1, Span::from_secs(10));
    let before = world.vault.clone().unwrap().generation;
    now(&mut world, Fault::Vault(Some(VaultFault::Locked)));
    world.run_for(40_000);
    let seen = snapshot(&world);
    assert_eq!(
        seen.banner,
        Banner::KeychainUnavailable {
            fault: VaultFault::Locked
        }
    );
    assert_eq!(
        seen.persistence,
        Persistence::MemoryOnly {
            fault: VaultFault::Locked
        }
    );
    assert!(world.processes[0].access.is_some(), "work goes on");
    assert!(
        world.server.row.generation <= before + 1,
        "no second rotation on top of an unwritten one"
    );
    now(&mut world, Fault::Vault(None));
    world.run_for(40_000);
    assert_eq!(
        (snapshot(&world).banner, snapshot(&world).persistence),
        (Banner::Hidden, Persistence::Durable)
    );
    assert!(world.server.row.generation > before + 1);
}

#[test]
fn ten_years_of_sleep_cost_one_refresh() {
    let mut world = World::new(9, 1, Span::from_secs(900));
    let posts = world.posts;
    now(&mut world, Fault::Sleep(10 * 365 * 24 * 3_600_000));
    world.run_for(60_000);
    assert_eq!(world.posts, posts + 1);
    assert_eq!(snapshot(&world).banner, Banner::Hidden);
}

#[test]
fn a_caller_that_waits_while_a_restored_session_refreshes_costs_no_second_rotation() {
    let mut world = World::new(11, 1, Span::from_secs(900));
    now(&mut world, Fault::Crash(0));
    world.run_for(1_000);
    let before = world.server.rotations;
    now(&mut world, Fault::Start(0));
    for _ in 0..200 {
        world.give(0, keeper_core::Input::TokenWanted);
        world.run_for(5);
    }
    world.run_for(60_000);
    assert_eq!(world.server.rotations, before + 1);
}
