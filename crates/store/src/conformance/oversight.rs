//! Oversight of impersonations: each long one and each month is told of once, and every letter is sent by one process.

use futures_util::future::join_all;
use protocol::auth::DeviceKind;
use uuid::Uuid;

use super::fixture::{HOUR, START, World, begin, entry, new_session, origin, user};
use super::{Conforms, Engine, Violation, ensure};
use crate::oversight::LONG_MS;
use crate::{
    BegunImpersonation, Channel, ImpersonationEnd, Impersonator, LiveImpersonation, LongImpersonation,
    Matter, Millis, NewImpersonation, NewOversightLetter, OversightLetter, Party, Recipient, SessionRow,
    Settled,
};

const LEASE: Millis = 60_000;

/// Paul, above all organisations, begins to act as Anna from a session of its own.
async fn act(world: &World, now: Millis) -> Result<SessionRow, Violation> {
    let audit = entry("user.super_admin_set");
    world.store.set_super_admin(world.paul, true, audit).await?;
    let behind = begin(
        &*world.store,
        new_session(world.paul, world.port, DeviceKind::Till, now),
    )
    .await?;
    let new = NewImpersonation {
        id: Uuid::now_v7(),
        impersonator: Impersonator {
            user_id: world.paul,
            session_id: behind.id,
        },
        user_id: world.anna,
        organization_id: world.quai,
        reason: "a sale that does not leave".to_owned(),
        origin: origin(5),
        now,
    };
    let audit = entry("impersonation.started");
    match world.store.begin_impersonation(new, audit).await? {
        BegunImpersonation::Begun(row) => Ok(*row),
        BegunImpersonation::Refused(why) => Err(Violation::Broken(format!("it is refused: {why:?}"))),
    }
}

async fn stop(world: &World, session: &SessionRow, now: Millis) -> Result<(), Violation> {
    let audit = entry("impersonation.force_stopped");
    let end = ImpersonationEnd::Forced;
    world.store.end_impersonation(session.id, end, now, audit).await?;
    Ok(())
}

async fn untold(world: &World, now: Millis) -> Result<Vec<Uuid>, Violation> {
    let found = world.store.untold_impersonations(now, 100).await?;
    Ok(found.iter().map(|one| one.impersonation.session_id).collect())
}

fn letter(address: &str) -> NewOversightLetter {
    NewOversightLetter {
        matter: Matter::LongImpersonations {
            session_ids: vec![Uuid::from_u128(7), Uuid::from_u128(8)],
        },
        recipient: Recipient {
            channel: Channel::Mail,
            address: address.to_owned(),
        },
    }
}

async fn claim(world: &World, now: Millis) -> Result<(Uuid, Vec<OversightLetter>), Violation> {
    let claim = Uuid::now_v7();
    Ok((claim, world.store.claim_letters(claim, now, LEASE, 100).await?))
}

/// Those who stand above all organisations and can sign in, by name.
pub async fn overseers_are_those_above(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let store = &*world.store;
    let none = store.overseers().await?;
    ensure!(none.is_empty(), "before any was named there are {none:?}");
    for name in ["zoe", "alix", "marc"] {
        let id = user(store, name, world.quai, None).await?;
        let audit = entry("user.super_admin_set");
        store.set_super_admin(id, true, audit).await?;
        if name == "marc" {
            store.disable_user(id, START, entry("user.disabled")).await?;
        }
    }
    let found = store.overseers().await?;
    ensure!(found == ["alix", "zoe"], "they are {found:?}");
    Ok(())
}

/// One that lasted for an hour is found, with both people and its reason, whether it lasts or is over; one that was shorter
/// never is. They come by their beginning.
pub async fn impersonations_that_lasted_are_found(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let store = &*world.store;
    let first = act(&world, START).await?;
    let second = act(&world, START + 1).await?;
    let short = act(&world, START + 2).await?;
    stop(&world, &short, START + 2 + LONG_MS - 1).await?;
    let early = untold(&world, START + LONG_MS - 1).await?;
    ensure!(early.is_empty(), "before its hour was over: {early:?}");
    let one = untold(&world, START + LONG_MS).await?;
    ensure!(one == [first.id], "at the end of its hour: {one:?}");
    let ended_at = START + LONG_MS + 10;
    stop(&world, &second, ended_at).await?;
    let now = START + 2 * HOUR;
    let party = |user_id, username: &str| Party {
        user_id,
        username: username.to_owned(),
        display_name: username.to_uppercase(),
    };
    let as_told = |row: &SessionRow, revoked_at| LongImpersonation {
        impersonation: LiveImpersonation {
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
        },
        revoked_at,
    };
    let expected = [as_told(&first, None), as_told(&second, Some(ended_at))];
    let found = store.untold_impersonations(now, 100).await?;
    ensure!(found == expected, "found are {found:?}");
    ensure!(
        found[0].ended_at(now) == Some(first.expires_at) && found[0].ended_at(now - 1).is_none(),
        "its deadline is no end"
    );
    let few = store.untold_impersonations(now, 1).await?.len();
    ensure!(few == 1, "one at most gave {few}");
    let asked = vec![second.id, Uuid::now_v7(), world.till().await?.id, first.id];
    let found = store.impersonations_of(asked).await?;
    ensure!(found == expected, "by their ids: {found:?}");
    Ok(())
}

/// Of all that want to tell of an impersonation one does, with its letters; whoever wants to tell of some that were told of
/// and some that were not tells of none.
pub async fn a_long_impersonation_is_told_of_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let (store, now) = (&*world.store, START + 2 * HOUR);
    let first = act(&world, START).await?;
    let second = act(&world, START + 1).await?;
    let letters = || vec![letter("a@example.org"), letter("b@example.org")];
    let tell = |ids: Vec<Uuid>| store.tell_of_impersonations(ids, letters(), now);
    let all = join_all((0..6).map(|_| tell(vec![first.id]))).await;
    let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    let told = all.iter().filter(|told| **told).count();
    ensure!(told == 1, "of six {told} told of it");
    let again = tell(vec![second.id, first.id]).await?;
    ensure!(!again, "one that was told of was told of again");
    let left = untold(&world, now).await?;
    ensure!(left == [second.id], "untold are {left:?}");
    let own = world.till().await?;
    ensure!(
        !tell(vec![own.id]).await?,
        "a session that is no impersonation was told of"
    );
    let (_, claimed) = claim(&world, now).await?;
    let mut read: Vec<_> = claimed
        .iter()
        .map(|one| {
            (
                one.recipient.address.as_str(),
                &one.matter,
                one.made_at,
                one.tries,
            )
        })
        .collect();
    read.sort_unstable_by_key(|(address, ..)| *address);
    let matter = letter("").matter;
    ensure!(
        read == [
            ("a@example.org", &matter, now, 1),
            ("b@example.org", &matter, now, 1)
        ],
        "its letters are {read:?}"
    );
    Ok(())
}

/// Of all that want to tell of a month one does, and the newest one is known.
pub async fn a_month_is_told_of_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let store = &*world.store;
    let none = store.newest_told_month().await?;
    ensure!(none.is_none(), "before any there is {none:?}");
    let matter = Matter::Month {
        month: "2026-10".to_owned(),
        organization_ids: Some(vec![world.quai]),
    };
    let recipient = Recipient {
        channel: Channel::Mail,
        address: "a@example.org".to_owned(),
    };
    let letters = || {
        vec![NewOversightLetter {
            matter: matter.clone(),
            recipient: recipient.clone(),
        }]
    };
    let tell = |month: &str| store.tell_of_month(month.to_owned(), letters(), START);
    let all = join_all((0..6).map(|_| tell("2026-10"))).await;
    let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    let told = all.iter().filter(|told| **told).count();
    ensure!(told == 1, "of six {told} told of it");
    let (_, claimed) = claim(&world, START).await?;
    ensure!(
        claimed
            .iter()
            .map(|one| (&one.matter, &one.recipient))
            .eq([(&matter, &recipient)]),
        "its letters are {claimed:?}"
    );
    ensure!(tell("2026-11").await?, "the next month could not be told of");
    ensure!(tell("2026-09").await?, "the month before could not be told of");
    let newest = store.newest_told_month().await?;
    ensure!(newest.as_deref() == Some("2026-11"), "the newest is {newest:?}");
    Ok(())
}

async fn some_letters(world: &World, month: &str, letters: usize, now: Millis) -> Result<(), Violation> {
    let letters = (0..letters)
        .map(|number| letter(&format!("{number}@example.org")))
        .collect();
    world.store.tell_of_month(month.to_owned(), letters, now).await?;
    Ok(())
}

/// A letter is sent by one, and no sooner than it is due.
pub async fn a_letter_is_claimed_by_one(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    some_letters(&world, "2026-10", 5, START).await?;
    let few = world
        .store
        .claim_letters(Uuid::now_v7(), START, LEASE, 2)
        .await?
        .len();
    ensure!(few == 2, "two at most gave {few}");
    let all = join_all((0..8).map(|_| claim(&world, START + 1))).await;
    let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    let count: usize = all.iter().map(|(_, claimed)| claimed.len()).sum();
    ensure!(count == 3, "three letters were claimed {count} times");
    let Some((by, claimed)) = all.into_iter().find(|(_, claimed)| !claimed.is_empty()) else {
        return Err(Violation::Broken("nothing was claimed".to_owned()));
    };
    for one in &claimed {
        let again = Settled::Again { at: START + HOUR };
        let settled = world.store.settle_letter(one.id, by, again).await?;
        ensure!(settled, "a claim that holds does not settle its letter");
    }
    let (_, others) = claim(&world, START + HOUR - 1).await?;
    let is_early = others
        .iter()
        .any(|one| claimed.iter().any(|late| late.id == one.id));
    ensure!(!is_early, "a letter is tried again too early");
    let (_, due) = claim(&world, START + HOUR).await?;
    let is_again = claimed
        .iter()
        .all(|late| due.iter().any(|one| one.id == late.id && one.tries == 2));
    ensure!(is_again, "what is to be tried again gave {due:?}");
    Ok(())
}

/// A claim runs out, and whoever had it settles nothing any more.
pub async fn a_claim_on_a_letter_runs_out(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    some_letters(&world, "2026-10", 1, START).await?;
    let (first, claimed) = claim(&world, START).await?;
    let Some(one) = claimed.into_iter().next() else {
        return Err(Violation::Broken("nothing could be claimed".to_owned()));
    };
    let (_, early) = claim(&world, START + LEASE - 1).await?;
    ensure!(early.is_empty(), "it was claimed again too early");
    let (second, late) = claim(&world, START + LEASE).await?;
    ensure!(
        late.iter().map(|two| (two.id, two.tries)).eq([(one.id, 2)]),
        "after the claim ran out it gave {late:?}"
    );
    let settle = |by| world.store.settle_letter(one.id, by, Settled::Sent);
    ensure!(!settle(first).await?, "a claim that ran out settled it");
    ensure!(settle(second).await?, "the claim that holds did not settle it");
    ensure!(!settle(second).await?, "it was settled twice");
    let (_, after) = claim(&world, START + 24 * HOUR).await?;
    ensure!(after.is_empty(), "what was sent is claimed again");
    Ok(())
}

/// Only old letters that wait no more are purged, not more at once than asked.
pub async fn only_old_letters_are_purged(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    some_letters(&world, "2026-08", 3, START).await?;
    let (by, claimed) = claim(&world, START).await?;
    for (one, settled) in claimed.iter().zip([Settled::Sent, Settled::GivenUp]) {
        world.store.settle_letter(one.id, by, settled).await?;
    }
    some_letters(&world, "2026-09", 1, START + HOUR).await?;
    let (by, claimed) = claim(&world, START + HOUR).await?;
    for one in claimed.iter().filter(|one| one.made_at == START + HOUR) {
        world.store.settle_letter(one.id, by, Settled::Sent).await?;
    }
    let mut purged = Vec::new();
    for limit in [1, 10, 10] {
        purged.push(world.store.purge_letters(START + HOUR, limit).await?);
    }
    ensure!(purged == [1, 1, 0], "purged were {purged:?}");
    let last = world.store.purge_letters(START + HOUR + 1, 10).await?;
    ensure!(last == 1, "of the newer one {last} were purged");
    Ok(())
}
