//! What happened to sessions: that it counts once, adds up everywhere to the same, and is forgotten when it is old.

use protocol::auth::{DeviceKind, OrganizationRole};
use protocol::insight::{ClientReport, ErrorsBy};
use uuid::Uuid;

use super::fixture::{MINUTE, SESSION, START, World, entry, new_session};
use super::{Conforms, Engine, Violation, ensure};
use crate::insight::{
    ClientKind, DAY_MS, DeviceReport, EventBatch, EventKind, EventOutcome, EventSum, FailureKey,
    FailureQuery, FailureSum, Keeping, SUMS_KEPT_MS, SessionEvent, network_of,
};
use crate::{Millis, RevokeReason, SessionRow};

/// Midnight, so that ranges of hours begin here.
const DAY: Millis = 19_700 * DAY_MS;

fn event(
    world: &World,
    at: Millis,
    kind: EventKind,
    outcome: EventOutcome,
    reason: &'static str,
) -> SessionEvent {
    SessionEvent {
        at,
        kind,
        outcome,
        reason,
        user_id: Some(world.anna),
        organization_id: Some(world.quai),
        site_id: Some(world.quai_site),
        session_id: Some(Uuid::from_u128(7)),
        ip_address: "192.0.2.7".to_owned(),
        network: network_of("192.0.2.7"),
        device_name: "Comptoir d'été".to_owned(),
        device_kind: Some(DeviceKind::Till),
        client_kind: ClientKind::App,
        latency_us: (kind == EventKind::Refresh).then_some(1_500),
        duration_seconds: None,
        keeping: Keeping::Row,
    }
}

fn refresh(world: &World, at: Millis) -> SessionEvent {
    event(world, at, EventKind::Refresh, EventOutcome::Success, "")
}

fn failure(world: &World, at: Millis, reason: &'static str) -> SessionEvent {
    event(world, at, EventKind::Refresh, EventOutcome::Failure, reason)
}

fn denial(world: &World, at: Millis, reason: &'static str) -> SessionEvent {
    event(world, at, EventKind::Login, EventOutcome::Failure, reason)
}

fn of_port(world: &World, event: SessionEvent) -> SessionEvent {
    SessionEvent {
        user_id: Some(world.paul),
        organization_id: Some(world.port),
        site_id: Some(world.port_site),
        ..event
    }
}

async fn add(world: &World, events: Vec<SessionEvent>) -> Result<(), Violation> {
    let batch = EventBatch {
        id: Uuid::now_v7(),
        at: DAY,
        events,
        reports: Vec::new(),
    };
    ensure!(
        world.store.add_events(batch).await?,
        "a new batch passes for a known one"
    );
    Ok(())
}

fn count(sums: &[EventSum], kind: EventKind, outcome: EventOutcome) -> u64 {
    let of = |sum: &&EventSum| sum.kind == kind && sum.outcome == outcome;
    sums.iter().filter(of).map(|sum| sum.events).sum()
}

async fn refreshes(
    world: &World,
    organization: Option<Uuid>,
    from: Millis,
    to: Millis,
) -> Result<u64, Violation> {
    let sums = world.store.event_window(organization, from, to).await?;
    Ok(count(&sums, EventKind::Refresh, EventOutcome::Success))
}

/// A batch that is sent again, because nobody knows whether it was written, counts once.
pub async fn a_batch_counts_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let batch = EventBatch {
        id: Uuid::now_v7(),
        at: DAY,
        events: vec![refresh(&world, DAY), refresh(&world, DAY + 1)],
        reports: Vec::new(),
    };
    ensure!(world.store.add_events(batch.clone()).await?, "it was not new");
    ensure!(
        !world.store.add_events(batch).await?,
        "the same one again was new"
    );
    let found = refreshes(&world, None, DAY, DAY + MINUTE).await?;
    ensure!(found == 2, "2 refreshes count as {found}");
    let totals = world.store.event_totals().await?;
    let total: u64 = totals.events.iter().map(|total| total.sum.events).sum();
    ensure!(total == 2, "2 events make counters of {total}");
    Ok(())
}

/// Minutes, hours, steps and counters give the same of everything.
pub async fn sums_agree_everywhere(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let mut events = Vec::new();
    for n in 0..40 {
        let at = DAY + n * 31 * MINUTE;
        events.push(refresh(&world, at));
        if n % 3 == 0 {
            events.push(failure(&world, at, "session_idle"));
        }
        if n % 5 == 0 {
            events.push(of_port(&world, denial(&world, at, "wrong_password")));
        }
    }
    add(&world, events.split_off(20)).await?;
    add(&world, events).await?;
    let by_hours = world.store.event_window(None, DAY, DAY + DAY_MS).await?;
    let mut by_minutes = world.store.event_window(None, DAY, DAY + DAY_MS / 2).await?;
    by_minutes.extend(
        world
            .store
            .event_window(None, DAY + DAY_MS / 2, DAY + DAY_MS)
            .await?,
    );
    let steps = world.store.event_steps(None, DAY, DAY + DAY_MS, 15).await?;
    let stepped: Vec<_> = steps.sums.iter().map(|step| step.sum.clone()).collect();
    let totals = world.store.event_totals().await?;
    let counted: Vec<_> = totals.events.iter().map(|total| total.sum.clone()).collect();
    for (kind, outcome, events) in [
        (EventKind::Refresh, EventOutcome::Success, 40),
        (EventKind::Refresh, EventOutcome::Failure, 14),
        (EventKind::Login, EventOutcome::Failure, 8),
    ] {
        for (whose, sums) in [
            ("hours", &by_hours),
            ("minutes", &by_minutes),
            ("steps", &stepped),
            ("counters", &counted),
        ] {
            let found = count(sums, kind, outcome);
            ensure!(
                found == events,
                "{events} {kind:?} {outcome:?} are {found} by {whose}"
            );
        }
    }
    for step in &steps.sums {
        ensure!(step.at % (15 * MINUTE) == 0, "a step begins at {}", step.at);
    }
    let first: u64 = steps
        .sums
        .iter()
        .filter(|step| step.at == DAY + 30 * MINUTE)
        .map(|step| step.sum.events)
        .sum();
    ensure!(first == 1, "the third quarter of an hour has {first} events");
    let timed: u64 = steps.latency.iter().map(|step| step.events).sum();
    let (bucketed, sum) = (totals.latency.counts.iter().sum::<u64>(), totals.latency.sum);
    ensure!(
        (timed, bucketed, sum) == (54, 54, 54 * 1_500),
        "54 refreshes of 1,500 us are {timed} by steps, {bucketed} of {sum} us by counters"
    );
    ensure!(
        totals.latency.counts.get(3) == Some(&54),
        "they are in {:?}",
        totals.latency.counts
    );
    Ok(())
}

/// Figures are an organisation's own, and of the minutes that are asked for.
pub async fn a_window_is_the_organizations_own(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let stranger = SessionEvent {
        user_id: None,
        organization_id: None,
        site_id: None,
        session_id: None,
        ..refresh(&world, DAY)
    };
    add(
        &world,
        vec![
            refresh(&world, DAY - 1),
            refresh(&world, DAY),
            refresh(&world, DAY + 2 * MINUTE - 1),
            refresh(&world, DAY + 2 * MINUTE),
            of_port(&world, refresh(&world, DAY)),
            stranger,
        ],
    )
    .await?;
    let to = DAY + 2 * MINUTE;
    for (whose, organization, expected) in [
        ("quai", Some(world.quai), 2),
        ("port", Some(world.port), 1),
        ("all", None, 4),
    ] {
        let found = refreshes(&world, organization, DAY, to).await?;
        ensure!(found == expected, "{whose}: {expected} refreshes are {found}");
    }
    Ok(())
}

fn asked(by: ErrorsBy) -> FailureQuery {
    FailureQuery {
        organization_id: None,
        from: DAY,
        to: DAY + 60 * MINUTE,
        by,
        kind: None,
        after: None,
        limit: 10,
    }
}

fn keys(found: &[FailureSum]) -> Vec<(&str, u64, u64, &str)> {
    found
        .iter()
        .map(|one| (one.key.as_str(), one.refreshes, one.logins, one.reason.as_str()))
        .collect()
}

async fn add_failures(world: &World) -> Result<(), Violation> {
    let elsewhere = |event: SessionEvent| SessionEvent {
        network: network_of("198.51.100.9"),
        ..event
    };
    let nobody = |event: SessionEvent| SessionEvent {
        user_id: None,
        site_id: None,
        ..event
    };
    add(
        world,
        vec![
            refresh(world, DAY),
            event(world, DAY, EventKind::Refresh, EventOutcome::Rejected, ""),
            failure(world, DAY, "session_idle"),
            failure(world, DAY + MINUTE, "stale_attempt"),
            failure(world, DAY + 5 * MINUTE, "stale_attempt"),
            elsewhere(of_port(world, denial(world, DAY, "wrong_password"))),
            elsewhere(nobody(denial(world, DAY, "unknown_user"))),
        ],
    )
    .await
}

/// Failures are put together by what is asked for, the most frequent first, each with its most frequent reason.
pub async fn failures_are_put_together(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    add_failures(&world).await?;
    let (anna, paul) = (world.anna.simple().to_string(), world.paul.simple().to_string());
    let (dock, pier) = (
        world.quai_site.simple().to_string(),
        world.port_site.simple().to_string(),
    );
    for (by, expected) in [
        (
            ErrorsBy::Network,
            vec![
                ("192.0.2.0/24", 3, 0, "stale_attempt"),
                ("198.51.100.0/24", 0, 2, "unknown_user"),
            ],
        ),
        (
            ErrorsBy::Reason,
            vec![
                ("stale_attempt", 2, 0, "stale_attempt"),
                ("session_idle", 1, 0, "session_idle"),
                ("unknown_user", 0, 1, "unknown_user"),
                ("wrong_password", 0, 1, "wrong_password"),
            ],
        ),
        (
            ErrorsBy::User,
            vec![
                (anna.as_str(), 3, 0, "stale_attempt"),
                ("", 0, 1, "unknown_user"),
                (paul.as_str(), 0, 1, "wrong_password"),
            ],
        ),
        (
            ErrorsBy::Site,
            vec![
                (dock.as_str(), 3, 0, "stale_attempt"),
                ("", 0, 1, "unknown_user"),
                (pier.as_str(), 0, 1, "wrong_password"),
            ],
        ),
    ] {
        let found = world.store.failure_sums(asked(by)).await?;
        ensure!(keys(&found) == expected, "by {by} they are {found:?}");
        let last_at = found.first().map(|one| one.last_at);
        let latest = if by == ErrorsBy::Reason || by == ErrorsBy::Network || !found.is_empty() {
            Some(DAY + 5 * MINUTE)
        } else {
            None
        };
        ensure!(last_at == latest, "the latest of the first was at {last_at:?}");
    }
    let own = FailureQuery {
        organization_id: Some(world.port),
        ..asked(ErrorsBy::Network)
    };
    let found = world.store.failure_sums(own).await?;
    ensure!(
        keys(&found) == [("198.51.100.0/24", 0, 1, "wrong_password")],
        "the other organisation's are {found:?}"
    );
    let logins = FailureQuery {
        kind: Some(EventKind::Login),
        ..asked(ErrorsBy::Network)
    };
    let found = world.store.failure_sums(logins).await?;
    ensure!(
        keys(&found) == [("198.51.100.0/24", 0, 2, "unknown_user")],
        "sign-ins alone are {found:?}"
    );
    Ok(())
}

/// Pages follow each other without a gap, and are no longer than asked for.
pub async fn failures_come_in_pages(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    add_failures(&world).await?;
    let whole = world.store.failure_sums(asked(ErrorsBy::Reason)).await?;
    let mut pages = Vec::new();
    let mut after = None;
    for _ in 0..whole.len() {
        let page = FailureQuery {
            after,
            limit: 1,
            ..asked(ErrorsBy::Reason)
        };
        let page = world.store.failure_sums(page).await?;
        ensure!(page.len() == 1, "a page of one has {}", page.len());
        after = page.last().map(|last| FailureKey {
            events: last.refreshes + last.logins,
            key: last.key.clone(),
        });
        pages.extend(page);
    }
    ensure!(pages == whole, "the pages are {pages:?}, the whole is {whole:?}");
    Ok(())
}

async fn desk(world: &World) -> Result<SessionRow, Violation> {
    world.session(DeviceKind::Desk, START).await
}

async fn ends(world: &World) -> Result<Vec<(String, u64)>, Violation> {
    let totals = world.store.event_totals().await?;
    let mut found: Vec<_> = totals
        .events
        .into_iter()
        .filter(|total| total.sum.kind == EventKind::End)
        .map(|total| (total.sum.reason, total.sum.events))
        .collect();
    found.sort();
    Ok(found)
}

/// Each end is noted once with what ended the session, whatever that was.
pub async fn an_end_is_noted_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let closed = world.till().await?;
    let expired = world.till().await?;
    let live = world
        .store
        .begin_session(
            new_session(world.anna, world.quai, DeviceKind::Till, START + MINUTE),
            entry("session.created"),
        )
        .await?
        .session;
    let at = START + 5 * MINUTE;
    world
        .store
        .revoke_session(
            closed.id,
            None,
            None,
            RevokeReason::ByAdministrator,
            at,
            entry("session.revoked"),
        )
        .await?;
    let note = |now| world.store.note_ended_sessions(vec![live.id], now, 10);
    let (first, second) = (note(at + 1).await?, note(at + 1).await?);
    ensure!(
        (first, second) == (1, 0),
        "one end is noted {first} and {second} times"
    );
    ensure!(
        ends(&world).await? == [("by_administrator".to_owned(), 1)],
        "it counts as {:?}",
        ends(&world).await?
    );
    let window = world
        .store
        .event_window(Some(world.quai), at, at + MINUTE)
        .await?;
    ensure!(
        count(&window, EventKind::End, EventOutcome::Success) == 1,
        "at its moment there is {window:?}"
    );
    let (first, second) = (note(expired.expires_at).await?, note(expired.expires_at).await?);
    ensure!(
        (first, second) == (1, 0),
        "a session that expired is noted {first} and {second} times"
    );
    ensure!(
        ends(&world).await? == [("by_administrator".to_owned(), 1), ("expired".to_owned(), 1)],
        "they count as {:?}",
        ends(&world).await?
    );
    let totals = world.store.event_totals().await?;
    let lasted = u64::try_from((5 * MINUTE + SESSION) / 1_000).unwrap_or(0);
    ensure!(
        totals.duration.sum == lasted && totals.duration.counts.iter().sum::<u64>() == 2,
        "they lasted {:?}, not {lasted} seconds",
        totals.duration
    );
    Ok(())
}

/// A desk that nobody touches is noted when its client was told, or at its absolute end: before, its operator may have been
/// at work where the server could not see it.
pub async fn an_idle_desk_is_noted_when_it_was_told(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let told = desk(&world).await?;
    let untold = desk(&world).await?;
    let idle_ms = world.identity(told.id).await?.idle_timeout_ms();
    let early = world
        .store
        .note_ended_sessions(vec![told.id], START + idle_ms - 1, 10)
        .await?;
    ensure!(early == 0, "it is noted before its time");
    let noted = world
        .store
        .note_ended_sessions(vec![told.id], START + idle_ms, 10)
        .await?;
    ensure!(noted == 1, "{noted} are noted, not the one that was told");
    let noted = world
        .store
        .note_ended_sessions(Vec::new(), untold.expires_at, 10)
        .await?;
    ensure!(noted == 1, "{noted} are noted at the absolute end");
    ensure!(
        ends(&world).await? == [("idle".to_owned(), 2)],
        "they count as {:?}",
        ends(&world).await?
    );
    Ok(())
}

/// No more ends are noted at once than asked for, and none is passed over.
pub async fn ends_are_noted_in_parts(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for _ in 0..5 {
        world.till().await?;
    }
    let after = START + SESSION;
    let mut noted = Vec::new();
    for _ in 0..4 {
        noted.push(world.store.note_ended_sessions(Vec::new(), after, 2).await?);
    }
    ensure!(noted == [2, 2, 1, 0], "5 ends are noted as {noted:?}");
    Ok(())
}

/// What is so now: sessions that live, and users by role whose accounts are not disabled.
pub async fn what_is_so_now_is_counted(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world.till().await?;
    desk(&world).await?;
    let closed = world.till().await?;
    world
        .store
        .revoke_session(
            closed.id,
            None,
            None,
            RevokeReason::ByOwner,
            START + 1,
            entry("session.revoked"),
        )
        .await?;
    world.foreign_till(START).await?;
    let live = async |organization, now| {
        let gauges = world.store.session_gauges(organization, now).await?;
        Ok::<_, Violation>(gauges.active_sessions)
    };
    let found = (
        live(Some(world.quai), START + 2).await?,
        live(None, START + 2).await?,
    );
    ensure!(found == (2, 3), "2 here and 3 in all are {found:?}");
    let idle_ms = world.identity(closed.id).await?.idle_timeout_ms();
    let found = live(Some(world.quai), START + idle_ms).await?;
    ensure!(found == 1, "with an idle desk there live {found}");
    world
        .join(world.paul, world.quai, OrganizationRole::Admin, None)
        .await?;
    world
        .join(world.anna, world.quai, OrganizationRole::Owner, None)
        .await?;
    let roles = async |organization| {
        let mut roles = world
            .store
            .session_gauges(organization, START)
            .await?
            .users_by_role;
        roles.sort_by_key(|(role, _)| *role);
        Ok::<_, Violation>(roles)
    };
    let found = roles(Some(world.quai)).await?;
    ensure!(
        found == [(OrganizationRole::Admin, 1), (OrganizationRole::Owner, 1)],
        "the roles are {found:?}"
    );
    world
        .store
        .disable_user(world.paul, START, entry("user.disabled"))
        .await?;
    let found = roles(Some(world.quai)).await?;
    ensure!(
        found == [(OrganizationRole::Owner, 1)],
        "with paul disabled the roles are {found:?}"
    );
    Ok(())
}

fn report(world: &World, at: Millis, device_name: &str, offline_seconds: u32) -> DeviceReport {
    DeviceReport {
        at,
        organization_id: world.quai,
        site_id: Some(world.quai_site),
        device_name: device_name.to_owned(),
        counted: ClientReport {
            observed_seconds: 600,
            offline_seconds,
            server_fault_seconds: 0,
            refreshes: 2,
            incidents: 0,
        },
    }
}

/// What devices count by themselves adds up for each; those that are well are not on the list.
pub async fn devices_that_suffer_are_found(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let mut reports: Vec<_> = (0..30)
        .map(|hour| report(&world, DAY + hour * 60 * MINUTE, "Caisse 1", 10))
        .collect();
    reports.push(report(&world, DAY, "Caisse 2", 120));
    reports.push(report(&world, DAY, "Caisse 3", 0));
    reports.push(DeviceReport {
        organization_id: world.port,
        site_id: None,
        ..report(&world, DAY, "Caisse 1", 500)
    });
    let batch = EventBatch {
        id: Uuid::now_v7(),
        at: DAY,
        events: Vec::new(),
        reports,
    };
    world.store.add_events(batch).await?;
    let found = async |to, limit| {
        let found = world
            .store
            .suffering_devices(Some(world.quai), DAY, to, limit)
            .await?;
        let found = found.into_iter().map(|one| {
            (
                one.device_name,
                one.counted.offline_seconds,
                one.counted.refreshes,
            )
        });
        Ok::<Vec<_>, Violation>(found.collect())
    };
    let one = ("Caisse 1".to_owned(), 300, 60);
    let two = ("Caisse 2".to_owned(), 120, 2);
    let whole = found(DAY + 2 * DAY_MS, 10).await?;
    ensure!(
        whole == [one.clone(), two.clone()],
        "of two days they are {whole:?}"
    );
    let hour = found(DAY + 60 * MINUTE, 10).await?;
    ensure!(
        hour == [two, ("Caisse 1".to_owned(), 10, 2)],
        "of an hour they are {hour:?}"
    );
    let first = found(DAY + 2 * DAY_MS, 1).await?;
    ensure!(first == [one], "one at most is {first:?}");
    Ok(())
}

/// Old events and sums go, in parts, and of one organisation; counters stay.
pub async fn what_is_old_is_forgotten(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let old = DAY - 40 * DAY_MS;
    let mut events: Vec<_> = (0..5).map(|n| refresh(&world, old + n * MINUTE)).collect();
    events.push(of_port(&world, refresh(&world, old)));
    events.push(refresh(&world, DAY));
    events.push(SessionEvent {
        keeping: Keeping::SumsAlone,
        ..refresh(&world, old)
    });
    add(&world, events).await?;
    let purge = |limit| world.store.purge_events(Some(world.quai), DAY - DAY_MS, limit);
    let deleted = [purge(3).await?, purge(3).await?, purge(3).await?];
    ensure!(deleted == [3, 2, 0], "5 old rows of 7 are deleted as {deleted:?}");
    let found = refreshes(&world, Some(world.quai), old, old + 60 * MINUTE).await?;
    ensure!(found == 6, "sums went with the rows: {found} are left of 6");
    while world.store.purge_sums(old + SUMS_KEPT_MS, 2).await? > 0 {}
    let found = refreshes(&world, Some(world.quai), old, old + 60 * MINUTE).await?;
    ensure!(found == 6, "sums go before their time: {found} are left of 6");
    while world.store.purge_sums(DAY, 2).await? > 0 {}
    for (from, to, expected) in [
        (old, old + DAY_MS, 0),
        (old, old + 60 * MINUTE, 0),
        (DAY, DAY + MINUTE, 1),
    ] {
        let found = refreshes(&world, Some(world.quai), from, to).await?;
        ensure!(
            found == expected,
            "from {from} on {found} are left, not {expected}"
        );
    }
    let totals = world.store.event_totals().await?;
    let total: u64 = totals.events.iter().map(|total| total.sum.events).sum();
    ensure!(total == 8, "counters forgot: {total} of 8");
    Ok(())
}

/// Counters go on after a restart.
pub async fn counters_outlive_a_restart(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    add(&world, vec![refresh(&world, DAY), refresh(&world, DAY)]).await?;
    world.store.close().await;
    let store = engine.open().await?;
    let totals = store.event_totals().await?;
    let found: Vec<_> = totals
        .events
        .iter()
        .map(|total| (total.organization_id, total.site_id, total.sum.events))
        .collect();
    ensure!(
        found == [(Some(world.quai), Some(world.quai_site), 2)],
        "they are {found:?}"
    );
    Ok(())
}
