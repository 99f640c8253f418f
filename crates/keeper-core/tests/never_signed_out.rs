//! Whatever networks, keychains, disks, crashes, sleep and restored backups do: nobody is signed out by accident.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_wrap,
    reason = "tests"
)]

mod world;

use keeper_core::{Banner, EndReason, Fingerprint, Hint, OperatorAct, SessionPhase, Span, VaultFault};
use store::session::RevokeReason;
use world::{Fault, Network, Proofs, Seeded, World};

const LIVES: [u64; 4] = [5, 10, 60, 900];

/// A backup restored while a rotation is not in the keychain, or while renewals are under way, and a crash or a late
/// duplicate on top, is beyond any protocol: a world has either failing storage or restored backups.
fn draw_fault(rng: &mut Seeded, processes: u64, restores: bool) -> (Vec<Fault>, u64) {
    let process = usize::try_from(rng.below(processes)).unwrap();
    let span = [500, 5_000, 40_000, 600_000][usize::try_from(rng.below(4)).unwrap()];
    let vault = [
        VaultFault::Locked,
        VaultFault::Absent,
        VaultFault::Slow,
        VaultFault::Failed,
    ][usize::try_from(rng.below(4)).unwrap()];
    let faults = match rng.below(17) {
        0 => vec![Fault::Network(Network::Cut), Fault::Network(Network::Good)],
        1 | 2 => vec![
            Fault::Network(Network::AnswersLost),
            Fault::Network(Network::Good),
        ],
        3 => vec![Fault::Network(Network::ServerDown), Fault::Network(Network::Good)],
        4 => vec![Fault::Network(Network::Portal), Fault::Network(Network::Good)],
        5 => vec![Fault::Network(Network::Slow), Fault::Network(Network::Good)],
        6 if !restores => vec![Fault::Vault(Some(vault)), Fault::Vault(None)],
        7 if !restores => vec![Fault::JournalFails(true), Fault::JournalFails(false)],
        8 => vec![Fault::Crash(process), Fault::Start(process)],
        9 => vec![Fault::Sleep(rng.below(30_000_000))],
        10 if restores => vec![Fault::BackUp, Fault::Restore],
        12 => vec![Fault::NonceSecret, Fault::ServerForgetsProofs],
        13 => vec![
            Fault::Proofs(Proofs::AlwaysAskedAgain),
            Fault::Proofs(Proofs::Judged),
        ],
        14 => vec![Fault::Proofs(Proofs::Refused), Fault::Proofs(Proofs::Judged)],
        15 => vec![
            Fault::Hint(process, Hint::OrganizationChanged),
            Fault::Hint(process, Hint::SettingsChanged),
        ],
        11 => vec![
            Fault::Act(process, OperatorAct::Retry),
            Fault::Act(process, OperatorAct::Input),
        ],
        _ => vec![Fault::Refuse(process), Fault::Refuse(process)],
    };
    (faults, span)
}

fn tormented(seed: u64) -> World {
    let mut rng = Seeded::new(seed);
    let processes = 1 + rng.below(3);
    let life = LIVES[usize::try_from(rng.below(4)).unwrap()];
    let processes_here = usize::try_from(processes).unwrap();
    let mut world = if seed % 4 < 2 {
        World::bound(seed, processes_here, Span::from_secs(life))
    } else {
        World::new(seed, processes_here, Span::from_secs(life))
    };
    let length = life * 1_000 * 12;
    for _ in 0..rng.below(12) {
        let (faults, span) = draw_fault(&mut rng, processes, seed % 2 == 1);
        let mut when = world.now + rng.below(length);
        for fault in faults {
            world.at(when, fault);
            when += 1 + rng.below(span.min(length));
        }
    }
    world.run_for(length);
    world
}

fn calm_down(world: &mut World) {
    world.run_for(1_300_000);
    for fault in [
        Fault::Network(Network::Good),
        Fault::Vault(None),
        Fault::JournalFails(false),
        Fault::Proofs(Proofs::Judged),
    ] {
        world.at(world.now, fault);
    }
    for index in 0..world.processes.len() {
        world.at(world.now, Fault::Start(index));
    }
    world.run_for(150_000);
}

#[test]
fn faults_of_every_kind_cost_no_sign_in() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = number("VIGIE_SEEDS").unwrap_or(2_000);
    for seed in number("VIGIE_SEED").map_or(0..seeds, |seed| seed..seed + 1) {
        let outcome = std::panic::catch_unwind(|| {
            let mut world = tormented(seed);
            calm_down(&mut world);
            assert_eq!(world.server.row.revoked, None, "the session lives on the server");
            for process in &world.processes {
                let snapshot = process.keeper.as_ref().expect("it runs").snapshot();
                assert_eq!(snapshot.phase, SessionPhase::SignedIn, "{snapshot:?}");
                assert_eq!(snapshot.banner, Banner::Hidden, "{snapshot:?}");
                assert!(process.access.is_some(), "{snapshot:?}");
            }
            let vault = world.vault.as_ref().expect("the keychain holds the session");
            let spent = Fingerprint::of(&vault.refresh_token);
            let on_its_way = world
                .journal
                .intent
                .is_some_and(|intent| intent.fingerprint == spent);
            let behind = world.server.row.generation - vault.generation;
            assert!(
                behind == 0 || (behind == 1 && on_its_way),
                "the newest token is the stored one"
            );
        });
        if let Err(cause) = outcome {
            let text = cause.downcast_ref::<String>().cloned().unwrap_or_default();
            panic!("VIGIE_SEED={seed}: {text}");
        }
    }
}

#[test]
fn without_faults_every_generation_costs_one_post() {
    for seed in 0..50 {
        let mut world = World::new(
            seed,
            1,
            Span::from_secs(LIVES[usize::try_from(seed % 4).unwrap()]),
        );
        world.run_for(3_600_000);
        assert!(world.server.rotations > 3);
        assert_eq!(world.posts, world.server.rotations, "seed {seed}");
    }
}

#[test]
fn refreshes_never_spin() {
    for seed in 0..300 {
        let world = tormented(seed);
        for process in &world.processes {
            let worst = process.sends.windows(30).map(|sends| sends[29] - sends[0]).min();
            assert!(
                worst.is_none_or(|span| span > 5_000),
                "seed {seed}: 30 refreshes within {worst:?} ms"
            );
        }
    }
}

#[test]
fn a_thief_is_found_at_the_next_rotation_of_either_side() {
    for seed in 0..300 {
        let mut world = World::new(seed, 1, Span::from_secs(60));
        world.run_for(1_000 * (seed % 200));
        let stolen = world.vault.clone().unwrap().refresh_token;
        world.run_for(700 * (seed % 130));
        let thief = keeper_core::AttemptId::from_bytes([9; 16]);
        let _ = world.server.refresh(&stolen, thief, true, world.now);
        world.run_for(70_000);
        assert_eq!(
            world.server.row.revoked.map(|(_, reason)| reason),
            Some(RevokeReason::RefreshReused),
            "seed {seed}"
        );
        let snapshot = world.processes[0].keeper.as_ref().unwrap().snapshot();
        assert_eq!(
            snapshot.banner,
            Banner::Ended {
                reason: EndReason::Reused
            },
            "seed {seed}"
        );
        assert!(world.vault.is_some(), "a refused record is kept");
    }
}

#[test]
fn a_revoked_session_ends_with_its_reason_and_keeps_its_record() {
    for seed in 0..200 {
        let mut world = World::new(seed, 2, Span::from_secs(60));
        world.run_for(seed * 500);
        world.server.row.revoked = Some((0, RevokeReason::ByAdministrator));
        world.run_for(70_000);
        for process in &world.processes {
            let snapshot = process.keeper.as_ref().unwrap().snapshot();
            assert_eq!(snapshot.phase, SessionPhase::Ended, "seed {seed}");
            assert_eq!(process.access, None);
        }
        assert!(world.vault.is_some(), "seed {seed}");
        world.at(world.now, Fault::Crash(0));
        world.at(world.now + 10, Fault::Start(0));
        let posts = world.posts;
        world.run_for(5_000);
        let snapshot = world.processes[0].keeper.as_ref().unwrap().snapshot();
        assert_eq!(
            snapshot.banner,
            Banner::Ended {
                reason: EndReason::Revoked
            },
            "it is remembered over a restart"
        );
        assert_eq!(world.posts, posts, "a refused token is not used again");
    }
}

#[test]
fn signing_out_wins_over_whatever_is_under_way() {
    for seed in 0..2_000 {
        let mut world = World::new(seed, 1, Span::from_secs(5));
        let mut rng = Seeded::new(seed);
        if rng.chance(300) {
            world.at(world.now + rng.below(4_000), Fault::Network(Network::Slow));
        }
        world.at(world.now + rng.below(8_000), Fault::Act(0, OperatorAct::SignOut));
        world.run_for(60_000);
        let snapshot = world.processes[0].keeper.as_ref().unwrap().snapshot();
        assert_eq!(snapshot.phase, SessionPhase::SignedOut, "seed {seed}");
        assert_eq!(world.processes[0].access, None, "seed {seed}");
        assert_eq!(world.vault, None, "seed {seed}");
        world.at(world.now, Fault::Crash(0));
        world.at(world.now + 10, Fault::Start(0));
        world.run_for(10_000);
        assert_eq!(
            world.processes[0].keeper.as_ref().unwrap().snapshot().phase,
            SessionPhase::SignedOut
        );
    }
}
