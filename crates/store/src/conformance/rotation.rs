//! The rotation table, row by row, and what many callers at once may see of it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a case names the outcomes it allows: every other one breaks it"
)]

use futures_util::future::join_all;
use protocol::auth::DeviceKind;
use protocol::settings::SessionSettings;
use uuid::Uuid;

use super::fixture::{HOUR, MINUTE, START, World, begin, entry, new_session, origin, present, rotate};
use super::{Conforms, Engine, Violation, ensure};
use crate::rotation::{ATTEMPTS_KEPT, FORWARDED, Over, UNROTATED_MOST_MS, remember};
use crate::session::RevokeReason;
use crate::{Presented, RotationOutcome, SessionRow};

const AT_ONCE: u8 = 64;

/// A session that was spent `times` times, by the attempts 1, 2, 3 and so on.
async fn spent(world: &World, times: u8) -> Result<SessionRow, Violation> {
    let mut row = world.till().await?;
    for attempt in 1..=times {
        match rotate(world, present(&row, row.generation, attempt)).await? {
            RotationOutcome::Rotated(next) => row = next,
            other => return Err(Violation::Broken(format!("a current token gave {other:?}"))),
        }
    }
    Ok(row)
}

/// A current token is spent: one generation on, with its attempt, time and origin.
pub async fn a_current_token_is_spent(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let before = world.till().await?;
    let presented = Presented {
        input_age_ms: Some(MINUTE / 2),
        ..present(&before, 0, 9)
    };
    let now = presented.now;
    let outcome = rotate(&world, presented).await?;
    let expected = SessionRow {
        generation: 1,
        attempts: vec![(0, [9; 16])],
        last_used_at: now,
        last_input_at: now - MINUTE / 2,
        rotated_at: now,
        origin: origin(9),
        ..before
    };
    ensure!(
        outcome == RotationOutcome::Rotated(expected.clone()),
        "it gave {outcome:?}"
    );
    let kept = world.row(expected.id).await?;
    ensure!(kept == expected, "the row reads {kept:?}");
    Ok(())
}

/// The parent by the attempt that spent it gives the same successor, however often.
pub async fn the_parent_by_its_own_attempt_is_replayed(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 3).await?;
    for _ in 0..3 {
        let outcome = rotate(&world, present(&row, 2, 3)).await?;
        let RotationOutcome::Replayed(again) = outcome else {
            return Err(Violation::Broken(format!("it gave {outcome:?}")));
        };
        ensure!(
            again.generation == row.generation,
            "the successor is of generation {}",
            again.generation
        );
        ensure!(
            again.attempts == row.attempts,
            "the attempts read {:?}",
            again.attempts
        );
    }
    Ok(())
}

/// A lost answer is given again for as long as the session lives: there is no time window.
pub async fn a_replay_has_no_time_window(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 1).await?;
    let late = Presented {
        now: row.expires_at - 1,
        ..present(&row, 0, 1)
    };
    let outcome = rotate(&world, late).await?;
    ensure!(
        matches!(outcome, RotationOutcome::Replayed(_)),
        "it gave {outcome:?}"
    );
    Ok(())
}

/// The parent by another attempt is a second holder.
pub async fn the_parent_by_another_attempt_is_reuse(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 2).await?;
    let outcome = rotate(&world, present(&row, 1, 77)).await?;
    ensure!(
        matches!(outcome, RotationOutcome::Reused(_)),
        "it gave {outcome:?}"
    );
    Ok(())
}

/// An older token by an unknown attempt is a second holder, even by an attempt that belongs to another generation.
pub async fn an_older_token_by_an_unknown_attempt_is_reuse(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for attempt in [77, 3] {
        let row = spent(&world, 4).await?;
        let outcome = rotate(&world, present(&row, 1, attempt)).await?;
        ensure!(
            matches!(outcome, RotationOutcome::Reused(_)),
            "attempt {attempt} gave {outcome:?}"
        );
    }
    Ok(())
}

/// A reuse ends the session for good: for both holders, at the next request as well.
pub async fn a_reuse_ends_the_session_durably(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 2).await?;
    let thief = present(&row, 1, 77);
    let now = thief.now;
    rotate(&world, thief).await?;
    let over = Some((now, RevokeReason::RefreshReused));
    let revoked = world.row(row.id).await?.revoked;
    ensure!(revoked == over, "the row reads {revoked:?}");
    for (generation, attempt) in [(2, 3), (1, 2), (1, 77), (9, 9)] {
        let outcome = rotate(&world, present(&row, generation, attempt)).await?;
        let expected = RotationOutcome::Over(Over::Revoked(RevokeReason::RefreshReused));
        ensure!(
            outcome == expected,
            "generation {generation} by {attempt} gave {outcome:?}"
        );
    }
    world.store.close().await;
    let reopened = engine.open().await?;
    let revoked = reopened
        .identity(row.id)
        .await?
        .and_then(|identity| identity.session.revoked);
    ensure!(revoked == over, "after a restart the row reads {revoked:?}");
    Ok(())
}

/// A late duplicate of a known attempt gives no token and changes nothing.
pub async fn a_late_duplicate_changes_nothing(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 4).await?;
    for (generation, attempt) in [(0, 1), (1, 2), (2, 3)] {
        let outcome = rotate(&world, present(&row, generation, attempt)).await?;
        ensure!(
            outcome == RotationOutcome::Stale,
            "generation {generation} gave {outcome:?}"
        );
    }
    let kept = world.row(row.id).await?;
    ensure!(kept == row, "the row reads {kept:?}");
    Ok(())
}

/// As many attempts are remembered as the rule says, neither fewer nor more.
pub async fn the_last_attempts_are_remembered(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let times = u8::try_from(ATTEMPTS_KEPT + 2).unwrap_or(u8::MAX);
    let row = spent(&world, times).await?;
    let expected: Vec<_> = (2..times)
        .map(|generation| (u32::from(generation), [generation + 1; 16]))
        .collect();
    ensure!(row.attempts == expected, "the attempts read {:?}", row.attempts);
    let oldest = rotate(&world, present(&row, 2, 3)).await?;
    ensure!(oldest == RotationOutcome::Stale, "the oldest gave {oldest:?}");
    Ok(())
}

/// A token ahead of the row, as after a restored backup, moves the row forward and counts as current.
pub async fn a_token_ahead_moves_the_row_forward(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 1).await?;
    let outcome = rotate(&world, present(&row, 40, 2)).await?;
    let RotationOutcome::FastForwarded(moved) = outcome else {
        return Err(Violation::Broken(format!("it gave {outcome:?}")));
    };
    ensure!(
        moved.generation == 41,
        "the generation reads {}",
        moved.generation
    );
    ensure!(
        moved.attempts == [(0, [1; 16]), (40, FORWARDED), (40, [2; 16])],
        "the attempts read {:?}",
        moved.attempts
    );
    let again = rotate(&world, present(&moved, 40, 2)).await?;
    ensure!(
        matches!(again, RotationOutcome::Replayed(_)),
        "its lost answer gave {again:?}"
    );
    let next = rotate(&world, present(&moved, 41, 3)).await?;
    ensure!(
        matches!(next, RotationOutcome::Rotated(_)),
        "its successor gave {next:?}"
    );
    Ok(())
}

/// A token from between the backup and the move is nobody's proof: it is stale. After the move the rule holds again.
pub async fn a_token_that_a_restore_forgot_is_stale(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 1).await?;
    rotate(&world, present(&row, 40, 2)).await?;
    let forgotten = rotate(&world, present(&row, 20, 77)).await?;
    ensure!(
        forgotten == RotationOutcome::Stale,
        "a token from the gap gave {forgotten:?}"
    );
    let thief = rotate(&world, present(&row, 40, 77)).await?;
    ensure!(
        matches!(thief, RotationOutcome::Reused(_)),
        "another attempt after the move gave {thief:?}"
    );
    Ok(())
}

/// After a restored backup an attempt that it does not know is stale, until that generation is tried again; what has
/// ended is left as it is, and nothing is forgotten that the backup knew.
pub async fn a_restored_backup_leaves_its_mark(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, ATTEMPTS_KEPT as u8 + 2).await?;
    let ended = world.till().await?;
    world
        .store
        .revoke_session(
            ended.id,
            None,
            None,
            RevokeReason::ByOwner,
            START,
            entry("session.revoked"),
        )
        .await?;
    let ended = world.row(ended.id).await?;
    let expected = remember(&row.attempts, row.generation + 1, FORWARDED);
    let marked = world
        .store
        .mark_restored(START + 1, entry("database.restored"))
        .await?;
    let again = world
        .store
        .mark_restored(START + 1, entry("database.restored"))
        .await?;
    ensure!([marked, again] == [1, 0], "{marked}, then {again} were marked");
    let found = world.row(row.id).await?;
    ensure!(
        found.attempts == expected && found.generation == row.generation,
        "the row reads {found:?}"
    );
    ensure!(world.row(ended.id).await? == ended, "an ended session was marked");
    let actions = world.actions().await?;
    ensure!(
        actions.iter().any(|action| action == "database.restored"),
        "the log reads {actions:?}"
    );
    let parent = rotate(&world, present(&row, row.generation - 1, 99)).await?;
    ensure!(
        parent == RotationOutcome::Stale,
        "an attempt that is not known gave {parent:?}"
    );
    let current = rotate(&world, present(&row, row.generation, 77)).await?;
    ensure!(
        matches!(current, RotationOutcome::Rotated(_)),
        "the backup's own token gave {current:?}"
    );
    let thief = rotate(&world, present(&row, row.generation, 78)).await?;
    ensure!(
        matches!(thief, RotationOutcome::Reused(_)),
        "another attempt afterwards gave {thief:?}"
    );
    Ok(())
}

/// A token ahead that is only renewed moves the row to it and no further.
pub async fn a_renewal_ahead_moves_the_row_to_the_token(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 1).await?;
    let outcome = rotate(
        &world,
        Presented {
            rotate: false,
            ..present(&row, 40, 2)
        },
    )
    .await?;
    let generation = match &outcome {
        RotationOutcome::FastForwarded(moved) => Some(moved.generation),
        _ => None,
    };
    ensure!(generation == Some(40), "it gave {outcome:?}");
    let kept = world.row(row.id).await?.generation;
    ensure!(kept == 40, "the row reads {kept}");
    Ok(())
}

/// A session that is over says why, whichever token is shown.
pub async fn what_is_over_says_why(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let reasons = [
        RevokeReason::SignedOut,
        RevokeReason::ByOwner,
        RevokeReason::ByAdministrator,
    ];
    for reason in reasons {
        let row = spent(&world, 2).await?;
        world
            .store
            .revoke_session(
                row.id,
                None,
                None,
                reason,
                row.last_used_at,
                entry("session.revoked"),
            )
            .await?;
        for generation in 0..4 {
            let outcome = rotate(&world, present(&row, generation, 2)).await?;
            let expected = RotationOutcome::Over(Over::Revoked(reason));
            ensure!(
                outcome == expected,
                "{reason:?}, generation {generation} gave {outcome:?}"
            );
        }
    }
    Ok(())
}

/// At its absolute end a session is over, not a moment earlier.
pub async fn the_absolute_end_is_the_end(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 1).await?;
    for (generation, attempt) in [(1, 2), (0, 1), (7, 7)] {
        let late = Presented {
            now: row.expires_at,
            ..present(&row, generation, attempt)
        };
        let outcome = rotate(&world, late).await?;
        ensure!(
            outcome == RotationOutcome::Over(Over::Expired),
            "generation {generation} gave {outcome:?}"
        );
    }
    let last = rotate(
        &world,
        Presented {
            now: row.expires_at - 1,
            ..present(&row, 1, 2)
        },
    )
    .await?;
    ensure!(
        matches!(last, RotationOutcome::Rotated(_)),
        "the moment before gave {last:?}"
    );
    Ok(())
}

/// A desk ends when nobody touches it for its organisation's idle time; a till does not.
pub async fn a_desk_ends_by_idleness_and_a_till_does_not(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let idle_end = START + 480 * MINUTE;
    for rotate_too in [true, false] {
        let desk = world.session(DeviceKind::Desk, START).await?;
        let early = Presented {
            now: idle_end - 1,
            rotate: rotate_too,
            ..present(&desk, 0, 1)
        };
        let late = Presented {
            now: idle_end,
            ..early.clone()
        };
        let outcome = rotate(&world, late).await?;
        ensure!(
            outcome == RotationOutcome::Over(Over::Idle),
            "an idle desk gave {outcome:?}"
        );
        let outcome = rotate(&world, early).await?;
        ensure!(
            matches!(outcome, RotationOutcome::Rotated(_) | RotationOutcome::Renewed(_)),
            "a desk about to idle gave {outcome:?}"
        );
        let till = world.session(DeviceKind::Till, START).await?;
        let late = Presented {
            now: idle_end,
            rotate: rotate_too,
            ..present(&till, 0, 1)
        };
        let outcome = rotate(&world, late).await?;
        ensure!(
            matches!(outcome, RotationOutcome::Rotated(_) | RotationOutcome::Renewed(_)),
            "an idle till gave {outcome:?}"
        );
    }
    Ok(())
}

/// Input that comes with the call counts before idleness is judged, and is kept whatever the answer.
pub async fn input_that_comes_along_counts(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let desk = world.session(DeviceKind::Desk, START).await?;
    let now = START + 9 * HOUR;
    let calls = [(0, 1, true), (0, 1, true), (1, 2, false)];
    for (step, (generation, attempt, rotate_too)) in (0..).zip(calls) {
        let now = now + step * 9 * HOUR;
        let presented = Presented {
            now,
            rotate: rotate_too,
            input_age_ms: Some(MINUTE),
            ..present(&desk, generation, attempt)
        };
        let outcome = rotate(&world, presented).await?;
        let noted = match &outcome {
            RotationOutcome::Rotated(row)
            | RotationOutcome::Replayed(row)
            | RotationOutcome::Renewed(row) => Some(row.last_input_at),
            _ => None,
        };
        ensure!(noted == Some(now - MINUTE), "call {step} gave {outcome:?}");
        let kept = world.row(desk.id).await?.last_input_at;
        ensure!(kept == now - MINUTE, "call {step} kept {kept}");
    }
    Ok(())
}

/// A renewal spends nothing, is remembered once, and the token stays good.
pub async fn a_renewal_spends_nothing(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 2).await?;
    for _ in 0..3 {
        let presented = Presented {
            rotate: false,
            ..present(&row, 2, 3)
        };
        let now = presented.now;
        let outcome = rotate(&world, presented).await?;
        let attempts = remember(&row.attempts, 2, [3; 16]);
        let expected = SessionRow {
            last_used_at: now,
            origin: origin(3),
            attempts,
            ..row.clone()
        };
        ensure!(
            outcome == RotationOutcome::Renewed(expected),
            "it gave {outcome:?}"
        );
    }
    let spent = rotate(&world, present(&row, 2, 3)).await?;
    ensure!(
        matches!(spent, RotationOutcome::Rotated(_)),
        "the token then gave {spent:?}"
    );
    Ok(())
}

/// A renewal's late duplicate after a rotation by another attempt is stale: it ends nothing, and gets no successor.
pub async fn a_renewals_late_duplicate_is_stale(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 2).await?;
    let renewal = Presented {
        rotate: false,
        ..present(&row, 2, 3)
    };
    rotate(&world, renewal.clone()).await?;
    rotate(&world, present(&row, 2, 4)).await?;
    let late = rotate(&world, renewal).await?;
    ensure!(late == RotationOutcome::Stale, "it gave {late:?}");
    let own = rotate(&world, present(&row, 2, 4)).await?;
    ensure!(
        matches!(own, RotationOutcome::Replayed(_)),
        "the attempt that spent it gave {own:?}"
    );
    Ok(())
}

/// An attempt that renewed a token and then finds it spent by another is a second holder.
pub async fn a_token_renewed_by_one_and_spent_by_another_has_two_holders(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 2).await?;
    rotate(
        &world,
        Presented {
            rotate: false,
            ..present(&row, 2, 3)
        },
    )
    .await?;
    rotate(&world, present(&row, 2, 4)).await?;
    let outcome = rotate(&world, present(&row, 2, 3)).await?;
    ensure!(
        matches!(outcome, RotationOutcome::Reused(_)),
        "it gave {outcome:?}"
    );
    Ok(())
}

/// A session is renewed without rotation for a day at most; a rotation then serves again.
pub async fn renewals_without_rotation_end_after_a_day(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = spent(&world, 1).await?;
    let renew = |after| Presented {
        rotate: false,
        now: row.rotated_at + after,
        ..present(&row, 1, 2)
    };
    let in_time = rotate(&world, renew(UNROTATED_MOST_MS)).await?;
    ensure!(
        matches!(in_time, RotationOutcome::Renewed(_)),
        "within the day it gave {in_time:?}"
    );
    let late = rotate(&world, renew(UNROTATED_MOST_MS + 1)).await?;
    ensure!(
        late == RotationOutcome::RotationRequired,
        "after the day it gave {late:?}"
    );
    let spent = rotate(
        &world,
        Presented {
            rotate: true,
            ..renew(UNROTATED_MOST_MS + 2)
        },
    )
    .await?;
    ensure!(
        matches!(spent, RotationOutcome::Rotated(_)),
        "a rotation then gave {spent:?}"
    );
    Ok(())
}

/// One token by one attempt, many times at once: spent once, and the same successor for all.
pub async fn one_attempt_at_once_spends_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = world.till().await?;
    let outcomes = join_all((0..AT_ONCE).map(|_| rotate(&world, present(&row, 0, 1)))).await;
    let (mut rotated, mut replayed) = (0, 0);
    for outcome in outcomes {
        match outcome? {
            RotationOutcome::Rotated(row) if row.generation == 1 => rotated += 1,
            RotationOutcome::Replayed(row) if row.generation == 1 => replayed += 1,
            other => return Err(Violation::Broken(format!("one of them gave {other:?}"))),
        }
    }
    ensure!(
        (rotated, replayed) == (1, 63),
        "{rotated} rotated and {replayed} were replayed"
    );
    let kept = world.row(row.id).await?;
    ensure!(
        kept.generation == 1 && kept.revoked.is_none(),
        "the row reads {kept:?}"
    );
    Ok(())
}

/// One token by many attempts at once: one spends it, one more is the reuse, and the session is over for the rest.
pub async fn many_attempts_at_once_are_reuse(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = world.till().await?;
    let outcomes = join_all((0..AT_ONCE).map(|attempt| rotate(&world, present(&row, 0, attempt)))).await;
    let (mut rotated, mut reused, mut over) = (0, 0, 0);
    for outcome in outcomes {
        match outcome? {
            RotationOutcome::Rotated(_) => rotated += 1,
            RotationOutcome::Reused(_) => reused += 1,
            RotationOutcome::Over(Over::Revoked(RevokeReason::RefreshReused)) => over += 1,
            other => return Err(Violation::Broken(format!("one of them gave {other:?}"))),
        }
    }
    ensure!(
        (rotated, reused, over) == (1, 1, 62),
        "{rotated} rotated, {reused} reused, {over} over"
    );
    let kept = world.row(row.id).await?;
    ensure!(
        kept.generation == 1 && kept.revoked.is_some(),
        "the row reads {kept:?}"
    );
    Ok(())
}

/// Sessions that rotate at once do not get in each other's way.
pub async fn sessions_rotate_beside_each_other(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let sessions = join_all((0..AT_ONCE).map(|_| world.till()))
        .await
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let outcomes = join_all(sessions.iter().map(|row| rotate(&world, present(row, 0, 1)))).await;
    for (session, outcome) in sessions.iter().zip(outcomes) {
        match outcome? {
            RotationOutcome::Rotated(row) if row.id == session.id => {}
            other => return Err(Violation::Broken(format!("one of them gave {other:?}"))),
        }
        let generation = world.row(session.id).await?.generation;
        ensure!(generation == 1, "one of them reads generation {generation}");
    }
    Ok(())
}

/// A refresh that goes on says whose session it is, as it then stands; one that is refused says nothing of that.
pub async fn a_refresh_says_whose_session_it_is(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = world.till().await?;
    let settings = SessionSettings {
        token_expiration_minutes: 17,
        ..SessionSettings::default()
    };
    world
        .store
        .put_session_settings(world.quai, settings, entry("settings.changed"))
        .await?;
    let spent = present(&row, 0, 1);
    let renewing = Presented {
        rotate: false,
        ..present(&row, 1, 2)
    };
    let ahead = present(&row, 5, 3);
    for presented in [spent.clone(), spent, renewing, ahead] {
        let (outcome, identity) = world.store.refresh(presented, entry("session.refreshed")).await?;
        let Some(identity) = identity else {
            return Err(Violation::Broken(format!("nobody's session gave {outcome:?}")));
        };
        ensure!(
            outcome.renewed() == Some(&identity.session),
            "{outcome:?} is of the session {:?}",
            identity.session
        );
        ensure!(
            identity.settings == settings,
            "its settings are {:?}",
            identity.settings
        );
        let kept = world.identity(row.id).await?;
        ensure!(kept == identity, "{identity:?} reads {kept:?}");
    }
    let late = present(&row, 0, 1);
    let (outcome, identity) = world.store.refresh(late, entry("session.refreshed")).await?;
    ensure!(
        (&outcome, &identity) == (&RotationOutcome::Stale, &None),
        "a late duplicate gave {outcome:?} and {identity:?}"
    );
    Ok(())
}

/// A token of a session that is not there is unknown.
pub async fn a_token_without_session_is_unknown(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = world.till().await?;
    for rotate_too in [true, false] {
        let presented = Presented {
            session_id: Uuid::now_v7(),
            rotate: rotate_too,
            ..present(&row, 0, 1)
        };
        let outcome = rotate(&world, presented).await?;
        ensure!(outcome == RotationOutcome::Unknown, "it gave {outcome:?}");
    }
    Ok(())
}

/// A plain rotation, a replay and a renewal leave no audit entry; a reuse and a fast-forward leave one each, with the
/// organisation and session of the row.
pub async fn the_audit_log_holds_what_is_out_of_the_ordinary(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = world.till().await?;
    let before = world.actions().await?.len();
    let presented = present(&row, 0, 1);
    let plain = [
        presented.clone(),
        presented,
        Presented {
            rotate: false,
            ..present(&row, 1, 2)
        },
    ];
    for presented in plain {
        rotate(&world, presented).await?;
    }
    let added = world.actions().await?.len() - before;
    ensure!(added == 0, "plain refreshes left {added} entries");
    rotate(&world, present(&row, 5, 3)).await?;
    rotate(&world, present(&row, 5, 77)).await?;
    rotate(&world, present(&row, 5, 77)).await?;
    let log = world.store.audit_rows(Some(world.quai), 10).await?;
    let found: Vec<_> = log
        .iter()
        .map(|entry| (entry.action.as_str(), entry.session_id))
        .collect();
    let expected = [
        ("session.refresh_reused", Some(row.id)),
        ("session.fast_forwarded", Some(row.id)),
    ];
    ensure!(found == expected, "the log reads {found:?}");
    Ok(())
}

async fn bound(world: &World) -> Result<SessionRow, Violation> {
    let mut new = new_session(world.anna, world.quai, DeviceKind::Till, START);
    new.device_key = Some([5; 32]);
    begin(&*world.store, new).await
}

/// The token of a bound session without its key's proof is refused: nothing changes, nobody is signed out, and it is in
/// the log. It is so for every generation, the ones of a second holder included.
pub async fn a_bound_token_needs_its_key(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = bound(&world).await?;
    let with = |device_key, presented| Presented {
        device_key,
        ..presented
    };
    let good = Some([5; 32]);
    let row = match rotate(&world, with(good, present(&row, 0, 1))).await? {
        RotationOutcome::Rotated(row) => row,
        other => return Err(Violation::Broken(format!("the right key gave {other:?}"))),
    };
    let before = world.actions().await?.len();
    let mut refused = 0;
    for key in [None, Some([6; 32])] {
        for (generation, attempt, rotates) in [
            (1, 7, true),
            (1, 7, false),
            (0, 1, true),
            (0, 8, true),
            (9, 9, true),
        ] {
            let presented = Presented {
                rotate: rotates,
                input_age_ms: Some(0),
                ..present(&row, generation, attempt)
            };
            let outcome = rotate(&world, with(key, presented)).await?;
            ensure!(
                outcome == RotationOutcome::WrongDevice(row.clone()),
                "generation {generation} by another key gave {outcome:?}"
            );
            refused += 1;
        }
    }
    let kept = world.row(row.id).await?;
    ensure!(kept == row, "the row reads {kept:?}");
    let mut actions = world.actions().await?;
    actions.truncate(actions.len() - before);
    ensure!(
        actions.len() == refused && actions.iter().all(|action| action == "session.proof_refused"),
        "the log reads {actions:?}"
    );
    let again = rotate(&world, with(good, present(&row, 1, 2))).await?;
    ensure!(
        matches!(again, RotationOutcome::Rotated(_)),
        "the right key then gave {again:?}"
    );
    Ok(())
}

/// Why a bound session is over is said whatever the key.
pub async fn what_is_over_is_over_for_every_key(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = bound(&world).await?;
    let presented = Presented {
        now: row.expires_at,
        ..present(&row, 0, 1)
    };
    let outcome = rotate(&world, presented).await?;
    ensure!(
        outcome == RotationOutcome::Over(Over::Expired),
        "it gave {outcome:?}"
    );
    Ok(())
}

/// A session without a key asks for none, and is not bound by the first that comes along.
pub async fn an_unbound_token_asks_for_no_key(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let row = world.till().await?;
    for (generation, device_key) in [(0, Some([6; 32])), (1, None)] {
        let presented = Presented {
            device_key,
            ..present(&row, generation, 1)
        };
        let outcome = rotate(&world, presented).await?;
        ensure!(
            matches!(&outcome, RotationOutcome::Rotated(row) if row.device_key.is_none()),
            "generation {generation} gave {outcome:?}"
        );
    }
    Ok(())
}
