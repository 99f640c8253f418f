//! Alerts: begun once, ended once, told in order by one process at a time, and the settings of all that.

use futures_util::future::join_all;
use protocol::alert::{AlertKind, AlertLanguage, MailProtection, MonitoringSettings, OpeningHours, Telling};
use uuid::Uuid;

use super::fixture::{HOUR, MINUTE, START, World, entry};
use super::{Conforms, Engine, Violation, ensure};
use crate::{
    AlertMessage, AlertPart, AlertPlace, AlertRow, Channel, MailRow, Millis, Occasion, Recipient, Settled,
    Standing, Stood, StoreError,
};

/// How long claims hold here.
const LEASE: Millis = MINUTE;

fn unusual() -> MonitoringSettings {
    MonitoringSettings {
        retention_days: 3,
        refresh_failure_percent: 7,
        refresh_least: 9,
        login_failures_of_account: Some(11),
        login_failures_of_network: Some(13),
        no_refresh_minutes: Some(15),
        opening_hours: vec![OpeningHours {
            weekday: 6,
            opens_minute: 540,
            closes_minute: 1080,
        }],
        time_zone: "America/St_Johns".to_owned(),
        recipients: vec!["\"l'été\" <e@example.org>".to_owned(), "b@example.org".to_owned()],
        language: AlertLanguage::English,
        repeat_minutes: Some(45),
        webhook_url: Some("https://hooks.example.org/a?b=c".to_owned()),
    }
}

/// The defaults hold until something is put.
pub async fn monitoring_defaults_hold_until_settings_are_put(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let found = world.store.monitoring_settings(world.quai).await?;
    ensure!(
        found == MonitoringSettings::default(),
        "the defaults read {found:?}"
    );
    Ok(())
}

/// What was put reads back, each time.
pub async fn monitoring_settings_read_back(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let later = MonitoringSettings {
        login_failures_of_account: None,
        login_failures_of_network: None,
        no_refresh_minutes: None,
        opening_hours: Vec::new(),
        recipients: Vec::new(),
        language: AlertLanguage::French,
        repeat_minutes: None,
        webhook_url: None,
        ..unusual()
    };
    for settings in [unusual(), later] {
        world
            .store
            .put_monitoring_settings(world.quai, settings.clone(), entry("monitoring.changed"))
            .await?;
        let found = world.store.monitoring_settings(world.quai).await?;
        ensure!(found == settings, "{settings:?} reads back as {found:?}");
    }
    Ok(())
}

/// Settings are their organisation's.
pub async fn monitoring_settings_are_the_organizations_own(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    world
        .store
        .put_monitoring_settings(world.quai, unusual(), entry("monitoring.changed"))
        .await?;
    let found = world.store.monitoring_settings(world.port).await?;
    ensure!(
        found == MonitoringSettings::default(),
        "the other organisation's read {found:?}"
    );
    Ok(())
}

/// No settings without an organisation.
pub async fn monitoring_settings_need_an_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let outcome = world
        .store
        .put_monitoring_settings(Uuid::now_v7(), unusual(), entry("monitoring.changed"))
        .await;
    ensure!(
        matches!(outcome, Err(StoreError::UnknownReference(_))),
        "nobody's settings gave {outcome:?}"
    );
    Ok(())
}

/// There is no way to a mail server until one is put, and then the one put last.
pub async fn the_way_to_a_mail_server_reads_back(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let none = world.store.mail_settings().await?;
    ensure!(none.is_none(), "before any was put there is {none:?}");
    let first = MailRow {
        host: "mail.example.org".to_owned(),
        port: 65_535,
        security: MailProtection::Tls,
        from: "Vigie <vigie@example.org>".to_owned(),
        to: Some("office@example.org".to_owned()),
        username: Some("vigie".to_owned()),
        sealed_password: Some(vec![0, 1, 254, 255]),
    };
    let second = MailRow {
        security: MailProtection::None,
        port: 25,
        to: None,
        username: None,
        sealed_password: None,
        ..first.clone()
    };
    for row in [first, second] {
        world
            .store
            .put_mail_settings(row.clone(), entry("mail.changed"))
            .await?;
        let found = world.store.mail_settings().await?;
        ensure!(found.as_ref() == Some(&row), "{row:?} reads back as {found:?}");
    }
    Ok(())
}

fn standing(organization_id: Uuid, subject_key: &str, count: u32, of: Option<u32>) -> Standing {
    Standing {
        id: Uuid::now_v7(),
        organization_id,
        kind: AlertKind::LoginFailuresOfNetwork,
        subject_key: subject_key.to_owned(),
        subject: Some(format!("the network {subject_key}")),
        count,
        of,
    }
}

fn to(address: &str) -> Recipient {
    Recipient {
        channel: Channel::Mail,
        address: address.to_owned(),
    }
}

fn webhook() -> Recipient {
    Recipient {
        channel: Channel::Webhook,
        address: String::new(),
    }
}

/// Says that something is the matter in the first organisation.
async fn note(world: &World, subject_key: &str, now: Millis) -> Result<Stood, Violation> {
    let standing = standing(world.quai, subject_key, 5, None);
    Ok(world
        .store
        .note_standing(standing, vec![to("a@example.org")], None, now)
        .await?)
}

async fn listed(world: &World) -> Result<Vec<AlertRow>, Violation> {
    Ok(world.store.alerts_page(world.quai, None, 100).await?)
}

async fn claim(world: &World, now: Millis) -> Result<(Uuid, Vec<AlertMessage>), Violation> {
    let claim = Uuid::now_v7();
    let claimed = world.store.claim_messages(claim, now, LEASE, 100).await?;
    Ok((claim, claimed))
}

/// An alert reads back as it was noted.
pub async fn an_alert_reads_back(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let noted = Standing {
        kind: AlertKind::RefreshFailures,
        subject: None,
        ..standing(world.quai, "", 3, Some(40))
    };
    world
        .store
        .note_standing(noted.clone(), Vec::new(), None, START)
        .await?;
    let expected = AlertRow {
        id: noted.id,
        organization_id: world.quai,
        kind: noted.kind,
        subject_key: String::new(),
        subject: None,
        began_at: START,
        stood_at: START,
        ended_at: None,
        worst_count: 3,
        worst_of: Some(40),
        mail: Telling::NotSetUp,
        webhook: Telling::NotSetUp,
    };
    let found = listed(&world).await?;
    ensure!(found == [expected], "it reads {found:?}");
    let nowhere = standing(Uuid::now_v7(), "", 1, None);
    let outcome = world.store.note_standing(nowhere, Vec::new(), None, START).await;
    ensure!(
        matches!(outcome, Err(StoreError::UnknownReference(_))),
        "nobody's alert gave {outcome:?}"
    );
    Ok(())
}

/// Of many that say so at once one begins the alert, and its messages are there once.
pub async fn an_alert_begins_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let all = join_all((0..16).map(|_| note(&world, "192.0.2.0/24", START))).await;
    let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    let began = all.iter().filter(|stood| **stood == Stood::Began).count();
    ensure!(began == 1, "{began} of 16 began it");
    ensure!(
        note(&world, "198.51.100.0/24", START).await? == Stood::Began,
        "another subject did not begin one of its own"
    );
    let rows = listed(&world).await?.len();
    let (_, messages) = claim(&world, START).await?;
    ensure!(
        rows == 2 && messages.len() == 2,
        "there are {rows} alerts and {} messages",
        messages.len()
    );
    Ok(())
}

/// What was counted when it was worst stays: by its share where there is one, else by its number.
pub async fn an_alert_keeps_its_worst(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for (key, noted, worst) in [
        ("number", vec![(5, None), (9, None), (7, None)], (9, None)),
        (
            "share",
            vec![(5, Some(50)), (9, Some(60)), (30, Some(400)), (18, Some(120))],
            (18, Some(120)),
        ),
    ] {
        for (count, of) in noted {
            let standing = standing(world.quai, key, count, of);
            world
                .store
                .note_standing(standing, Vec::new(), None, START)
                .await?;
        }
        let rows = listed(&world).await?;
        let found = rows.iter().find(|row| row.subject_key == key);
        let found = found.map(|row| (row.worst_count, row.worst_of));
        ensure!(found == Some(worst), "the {key} was worst at {found:?}");
    }
    Ok(())
}

/// An alert ends when it was last the matter long enough ago, once, in its organisation alone, and begins anew after that.
pub async fn an_alert_ends_once_it_is_long_over(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    note(&world, "early", START).await?;
    note(&world, "late", START).await?;
    note(&world, "late", START + MINUTE).await?;
    let foreign = standing(world.port, "early", 5, None);
    world
        .store
        .note_standing(foreign, Vec::new(), None, START)
        .await?;
    let end = |until, now| world.store.end_alerts(world.quai, until, Vec::new(), now);
    ensure!(end(START - 1, START).await? == 0, "one ended while it stood");
    let all = join_all((0..8).map(|_| end(START, START + HOUR))).await;
    let ended: u32 = all.into_iter().collect::<Result<Vec<_>, _>>()?.iter().sum();
    ensure!(ended == 1, "it ended {ended} times");
    let ends: Vec<_> = listed(&world)
        .await?
        .into_iter()
        .map(|row| (row.subject_key, row.ended_at))
        .collect();
    let expected = [
        ("late".to_owned(), None),
        ("early".to_owned(), Some(START + HOUR)),
    ];
    ensure!(ends == expected, "they ended {ends:?}");
    let abroad = world.store.alerts_page(world.port, None, 10).await?;
    ensure!(
        abroad.iter().all(|row| row.ended_at.is_none()),
        "another organisation's ended"
    );
    ensure!(
        note(&world, "early", START + 2 * HOUR).await? == Stood::Began,
        "it did not begin anew"
    );
    Ok(())
}

/// Alerts come in pages: those that last, then those that ended, the latest first, and the organisation's own.
pub async fn alerts_come_in_pages(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for (key, at) in [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 4), ("f", 5)] {
        note(&world, key, START + at).await?;
    }
    let foreign = standing(world.port, "x", 5, None);
    world
        .store
        .note_standing(foreign, Vec::new(), None, START)
        .await?;
    for key in ["c", "f"] {
        note(&world, key, START + HOUR).await?;
    }
    world
        .store
        .end_alerts(world.quai, START + MINUTE, Vec::new(), START + HOUR)
        .await?;
    let whole = listed(&world).await?;
    let keys: String = whole.iter().map(|row| row.subject_key.as_str()).collect();
    ensure!(
        keys == "fcedba" || keys == "fcdeba",
        "they come in the order {keys}"
    );
    let mut paged = Vec::new();
    let mut after = None;
    for _ in 0..10 {
        let page = world.store.alerts_page(world.quai, after, 3).await?;
        ensure!(page.len() <= 3, "a page of three has {}", page.len());
        let Some(last) = page.last() else { break };
        after = Some(AlertPlace {
            part: match last.ended_at {
                None => AlertPart::Lasting,
                Some(_) => AlertPart::Ended,
            },
            began_at: last.began_at,
            id: last.id,
        });
        paged.extend(page);
    }
    ensure!(paged == whole, "pages give {paged:?}");
    Ok(())
}

/// Those that last are counted by kind, over all organisations.
pub async fn lasting_alerts_are_counted(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    note(&world, "one", START).await?;
    world
        .store
        .end_alerts(world.quai, START, Vec::new(), START + HOUR)
        .await?;
    note(&world, "two", START + HOUR).await?;
    let others = [
        standing(world.port, "three", 1, None),
        Standing {
            kind: AlertKind::NoRefresh,
            ..standing(world.port, "", 30, None)
        },
    ];
    for other in others {
        world
            .store
            .note_standing(other, Vec::new(), None, START + HOUR)
            .await?;
    }
    let mut found = world.store.lasting_alerts().await?;
    found.sort_by_key(|(kind, _)| kind.as_str());
    let expected = [(AlertKind::LoginFailuresOfNetwork, 2), (AlertKind::NoRefresh, 1)];
    ensure!(found == expected, "they are counted {found:?}");
    Ok(())
}

/// A beginning and an end are told to each recipient once, with the alert as it stands.
pub async fn a_beginning_and_an_end_are_told(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let tell = || vec![to("a@example.org"), to("b@example.org"), webhook()];
    for at in [START, START + 1] {
        let standing = standing(world.quai, "192.0.2.0/24", 5, None);
        world.store.note_standing(standing, tell(), None, at).await?;
    }
    let (by, began) = claim(&world, START + 2).await?;
    for message in &began {
        world.store.settle_message(message.id, by, Settled::Sent).await?;
    }
    world
        .store
        .end_alerts(world.quai, START + 1, tell(), START + HOUR)
        .await?;
    let (_, ended) = claim(&world, START + HOUR).await?;
    let row = listed(&world).await?;
    for (messages, occasion) in [(&began, Occasion::Began), (&ended, Occasion::Ended)] {
        let mut told: Vec<_> = messages.iter().map(|message| message.recipient.clone()).collect();
        told.sort_by(|a, b| a.address.cmp(&b.address));
        let mut expected = tell();
        expected.sort_by(|a, b| a.address.cmp(&b.address));
        ensure!(told == expected, "of {occasion:?} were told {told:?}");
        ensure!(
            messages.iter().all(|message| message.occasion == occasion
                && (message.number, message.tries) == (0, 1)
                && Some(message.alert.id) == row.first().map(|row| row.id)),
            "told was {messages:?}"
        );
    }
    ensure!(
        ended.iter().all(|message| Some(&message.alert) == row.first()),
        "the end tells of {ended:?}"
    );
    Ok(())
}

/// An alert that lasts is told again when it is time, once, and not before.
pub async fn a_lasting_alert_is_told_again(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let lasts = async |now| {
        let noted = (0..4).map(|_| {
            let standing = standing(world.quai, "one", 5, None);
            let tell = vec![to("a@example.org")];
            world.store.note_standing(standing, tell, Some(15 * MINUTE), now)
        });
        join_all(noted).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let (by, claimed) = claim(&world, now).await?;
        for message in &claimed {
            world.store.settle_message(message.id, by, Settled::Sent).await?;
        }
        let told = claimed.iter().map(|message| (message.occasion, message.number));
        Ok::<_, Violation>(told.collect::<Vec<_>>())
    };
    let expected = [
        (0, vec![(Occasion::Began, 0)]),
        (14, vec![]),
        (15, vec![(Occasion::Lasts, 1)]),
        (29, vec![]),
        (31, vec![(Occasion::Lasts, 2)]),
        (45, vec![]),
        (46, vec![(Occasion::Lasts, 3)]),
    ];
    for (minute, expected) in expected {
        let told = lasts(START + minute * MINUTE).await?;
        ensure!(told == expected, "after {minute} minutes was told {told:?}");
    }
    note(&world, "one", START + 100 * MINUTE).await?;
    let (_, unasked) = claim(&world, START + 100 * MINUTE).await?;
    ensure!(unasked.is_empty(), "without being set it was told {unasked:?}");
    Ok(())
}

/// Of many that claim at once each message goes to one, and no more than asked for.
pub async fn a_message_is_claimed_by_one(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for key in ["a", "b", "c", "d", "e"] {
        note(&world, key, START).await?;
    }
    let few = world
        .store
        .claim_messages(Uuid::now_v7(), START, LEASE, 2)
        .await?
        .len();
    ensure!(few == 2, "two at most gave {few}");
    let all = join_all((0..8).map(|_| claim(&world, START + 1))).await;
    let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    let count: usize = all.iter().map(|(_, claimed)| claimed.len()).sum();
    ensure!(count == 3, "three messages were claimed {count} times");
    Ok(())
}

/// A claim runs out, and whoever had it settles nothing any more.
pub async fn a_claim_runs_out(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    note(&world, "one", START).await?;
    let (first, claimed) = claim(&world, START).await?;
    let Some(message) = claimed.into_iter().next() else {
        return Err(Violation::Broken("nothing could be claimed".to_owned()));
    };
    let (_, early) = claim(&world, START + LEASE - 1).await?;
    ensure!(early.is_empty(), "it was claimed again too early");
    let (second, late) = claim(&world, START + LEASE).await?;
    ensure!(
        late.iter().map(|one| (one.id, one.tries)).eq([(message.id, 2)]),
        "after the claim ran out it gave {late:?}"
    );
    let settle = |by| world.store.settle_message(message.id, by, Settled::Sent);
    ensure!(!settle(first).await?, "a claim that ran out settled it");
    ensure!(settle(second).await?, "the claim that holds did not settle it");
    ensure!(!settle(second).await?, "it was settled twice");
    Ok(())
}

/// A message is tried again when it is time; those after it wait until it is settled.
pub async fn messages_come_in_order(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    note(&world, "one", START).await?;
    let (by, claimed) = claim(&world, START).await?;
    for message in &claimed {
        let again = Settled::Again { at: START + 2 * HOUR };
        world.store.settle_message(message.id, by, again).await?;
    }
    let tell = vec![to("a@example.org"), to("b@example.org")];
    world
        .store
        .end_alerts(world.quai, START, tell, START + HOUR)
        .await?;
    let occasions = |claimed: &[AlertMessage]| -> Vec<_> {
        claimed
            .iter()
            .map(|message| (message.recipient.address.clone(), message.occasion))
            .collect()
    };
    let (_, early) = claim(&world, START + HOUR).await?;
    let expected = [("b@example.org".to_owned(), Occasion::Ended)];
    ensure!(
        occasions(&early) == expected,
        "before it was time came {:?}",
        occasions(&early)
    );
    for (now, occasion) in [
        (START + 2 * HOUR, Occasion::Began),
        (START + 3 * HOUR, Occasion::Ended),
    ] {
        let (by, claimed) = claim(&world, now).await?;
        let own: Vec<_> = claimed
            .iter()
            .filter(|message| message.recipient.address.starts_with('a'))
            .collect();
        let found: Vec<_> = own.iter().map(|message| message.occasion).collect();
        ensure!(found == [occasion], "where {occasion:?} is due came {found:?}");
        for message in own {
            world
                .store
                .settle_message(message.id, by, Settled::GivenUp)
                .await?;
        }
    }
    Ok(())
}

/// An alert says what became of the messages on its beginning: the one that fared worst.
pub async fn an_alert_says_who_was_told(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let tell = vec![to("a@example.org"), to("b@example.org"), webhook()];
    let noted = standing(world.quai, "one", 5, None);
    world.store.note_standing(noted, tell, None, START).await?;
    let told = async || {
        let rows = listed(&world).await?;
        Ok::<_, Violation>(rows.first().map(|row| (row.mail, row.webhook)))
    };
    let first = told().await?;
    ensure!(
        first == Some((Telling::Waiting, Telling::Waiting)),
        "at first it says {first:?}"
    );
    let (by, claimed) = claim(&world, START).await?;
    let mut after = Vec::new();
    for (address, settled) in [
        ("a@example.org", Settled::Sent),
        ("", Settled::Sent),
        ("b@example.org", Settled::GivenUp),
    ] {
        let message = claimed.iter().find(|one| one.recipient.address == address);
        let id = message.map_or(Uuid::nil(), |one| one.id);
        world.store.settle_message(id, by, settled).await?;
        after.extend(told().await?);
    }
    let expected = [
        (Telling::Waiting, Telling::Waiting),
        (Telling::Waiting, Telling::Sent),
        (Telling::Failed, Telling::Sent),
    ];
    ensure!(after == expected, "it says {after:?}");
    Ok(())
}

/// Only what ended long enough ago is deleted, with its messages, and no more than asked for.
pub async fn only_alerts_long_over_are_purged(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for (key, at) in [("a", 0), ("b", 1), ("c", 2), ("d", 3)] {
        note(&world, key, START + at).await?;
        if key != "d" {
            world
                .store
                .end_alerts(world.quai, START + at, vec![webhook()], START + at + 1)
                .await?;
        }
    }
    let purge = |before, limit| world.store.purge_alerts(before, limit);
    ensure!(purge(START + 1, 10).await? == 0, "one was deleted too early");
    ensure!(purge(START + HOUR, 1).await? == 1, "one at most was not one");
    ensure!(purge(START + 3, 10).await? == 1, "one more was not deleted");
    let left: Vec<_> = listed(&world)
        .await?
        .into_iter()
        .map(|row| row.subject_key)
        .collect();
    ensure!(left == ["d", "c"], "left are {left:?}");
    let (_, messages) = claim(&world, START + HOUR).await?;
    let keys: Vec<_> = messages
        .iter()
        .map(|message| message.alert.subject_key.as_str())
        .collect();
    ensure!(
        !keys.contains(&"a") && keys.len() == 3,
        "messages are left of {keys:?}"
    );
    Ok(())
}
