//! Oversight of impersonations from the beginning of one to the letter on it: told of once, to whom it concerns, whoever
//! looks and however often; and a report on each month.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use http::Method;
use protocol::auth::OrganizationRole;
use serde_json::{Value, json};
use server::alerts::send_waiting as send_alerts;
use server::audit::{AuditOptions, seal_waiting, shorten};
use server::background::Background;
use server::oversight::{look, send_waiting};
use server::{Server, ServerOptions};
use store::{Directory as _, Oversight as _};
use uuid::Uuid;

use crate::alerts::{Hook, MONITORING, letters, settings};
use crate::house::{House, SignedIn, entry};
use crate::impersonation::{Acting, act, user_id};
use crate::mail::{Got, PostOffice};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

fn options(office: &PostOffice, audit: AuditOptions) -> ServerOptions {
    ServerOptions {
        mail: Some(crate::mail::options(office.port)),
        audit,
        ..ServerOptions::default()
    }
}

/// A house whose server writes to this office in English: of its first organisation to ops, of all to the office.
async fn watched_house(office: &PostOffice, audit: AuditOptions) -> House {
    let house = House::with(options(office, audit)).await;
    for (username, recipients) in [("dominique", vec!["ops@example.org"]), ("eva", vec![])] {
        let administrator = house.sign_in(username, "desk").await;
        let mut watched = settings(&recipients);
        watched["language"] = json!("english");
        let put = house.ask(Method::PUT, MONITORING, &administrator.access, Some(watched));
        put.await.fine();
    }
    house
}

async fn above(house: &House, username: &str) -> SignedIn {
    let id = house
        .person(username, house.organization, OrganizationRole::User)
        .await;
    house.store.set_super_admin(id, true, entry()).await.unwrap();
    house.sign_in(username, "desk").await
}

/// Somebody above all organisations begins to act as this user.
async fn begins(house: &House, admin: &str, user: &str) -> (SignedIn, Acting) {
    let admin = match house.store.user_by_name(admin).await.unwrap() {
        Some(_) => house.sign_in(admin, "desk").await,
        None => above(house, admin).await,
    };
    let user = user_id(house, user).await;
    let acting = act(house, &admin, user).await;
    (admin, acting)
}

/// By whoever began it, who signs in anew: time passes in these tests.
async fn stop(house: &House, admin: &SignedIn, acting: &Acting) {
    let admin = house
        .sign_in(admin.whole["me"]["username"].as_str().unwrap(), "desk")
        .await;
    let path = format!("/v1/impersonations/{}/stop", acting.id);
    let answer = house.post(&path, &admin.access, json!({})).await;
    assert!(answer.status.is_success(), "{answer:?}");
}

/// One look of everybody, and everything sent that is due.
async fn round(house: &House) {
    look(&house.server).await;
    send_waiting(&house.server).await;
}

/// A letter's text without the breaks that its way made, and to whom it went.
fn read(letter: &Got) -> (String, String) {
    let to = letter
        .to
        .split('>')
        .next()
        .unwrap()
        .trim_start_matches('<')
        .to_owned();
    // In a part in base64 such a sign is no break.
    let (words, rest) = match letter.text.split_once("Content-Type: application/pdf") {
        Some((words, rest)) => (words, format!("Content-Type: application/pdf{rest}")),
        None => (letter.text.as_str(), String::new()),
    };
    (to, format!("{}{rest}", words.replace("=\n", "")))
}

/// All letters, by recipient.
fn got(office: &mut PostOffice) -> Vec<(String, String)> {
    let mut all: Vec<_> = letters(office).iter().map(read).collect();
    all.sort_unstable();
    all
}

fn recipients(letters: &[(String, String)]) -> Vec<&str> {
    letters.iter().map(|(to, _)| to.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_over_an_hour_are_one_letter_to_each_who_looks_after_them() {
    let mut office = PostOffice::open(0, None).await;
    let house = watched_house(&office, AuditOptions::default()).await;
    begins(&house, "alix", "camille").await;
    begins(&house, "olga", "eva").await;
    house.pass(HOUR - 1);
    round(&house).await;
    assert_eq!(got(&mut office), []);
    house.pass(5 * MINUTE);
    round(&house).await;
    let told = got(&mut office);
    assert_eq!(recipients(&told), ["office@example.org", "ops@example.org"]);
    let (all, own) = (&told[0].1, &told[1].1);
    for words in [
        "ALIX (alix)",
        "CAMILLE (camille)",
        "Maison port",
        "OLGA (olga)",
        "EVA (eva)",
        "Maison gare",
        "a sale that does not leave",
        "Caisse 1",
        "1 h 04 min",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    assert_eq!(all.matches("<tr><td").count(), 2, "{all}");
    assert!(
        own.contains("ALIX (alix)") && !own.contains("olga") && !own.contains("gare"),
        "{own}"
    );
    for letter in [all, own] {
        assert!(letter.contains("Auto-Submitted: auto-generated"), "{letter}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_told_of_once_whoever_looks_and_however_often() {
    let mut office = PostOffice::open(0, None).await;
    let mut house = watched_house(&office, AuditOptions::default()).await;
    let (alix, acting) = begins(&house, "alix", "camille").await;
    house.pass(HOUR);
    let other = Server::new(
        Arc::clone(&house.store) as Arc<_>,
        house.keys.clone(),
        Arc::clone(&house.clock) as Arc<_>,
        options(&office, AuditOptions::default()),
    )
    .unwrap();
    tokio::join!(
        look(&house.server),
        look(&other),
        look(&house.server),
        look(&other)
    );
    tokio::join!(send_waiting(&house.server), send_waiting(&other));
    assert_eq!(
        recipients(&got(&mut office)),
        ["office@example.org", "ops@example.org"]
    );
    stop(&house, &alix, &acting).await;
    house.restart_as(options(&office, AuditOptions::default()));
    for _ in 0..3 {
        round(&house).await;
        house.pass(HOUR);
    }
    assert_eq!(got(&mut office), []);
    // One that passes its hour later is told of alone; one that never does is not told of.
    begins(&house, "olga", "camille").await;
    let (short, acting) = begins(&house, "paula", "eva").await;
    house.pass(HOUR - MINUTE);
    stop(&house, &short, &acting).await;
    house.pass(MINUTE);
    round(&house).await;
    let told = got(&mut office);
    assert_eq!(recipients(&told), ["office@example.org", "ops@example.org"]);
    assert!(
        told.iter()
            .all(|(_, text)| text.contains("olga") && !text.contains("alix (") && !text.contains("paula"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_ended_between_two_looks_is_told_of_with_its_end() {
    let mut office = PostOffice::open(0, None).await;
    let house = watched_house(&office, AuditOptions::default()).await;
    let (alix, acting) = begins(&house, "alix", "camille").await;
    house.pass(HOUR + 10 * MINUTE);
    stop(&house, &alix, &acting).await;
    house.pass(40 * MINUTE);
    round(&house).await;
    let told = got(&mut office);
    assert_eq!(told.len(), 2);
    assert!(
        told[0].1.contains("1 h 10 min") && told[0].1.contains("over since"),
        "{}",
        told[0].1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_is_turned_away_comes_later_and_once() {
    let mut office = PostOffice::open(2, None).await;
    let house = watched_house(&office, AuditOptions::default()).await;
    begins(&house, "alix", "camille").await;
    house.pass(HOUR);
    round(&house).await;
    assert_eq!(got(&mut office), []);
    house.pass(9);
    round(&house).await;
    assert_eq!(got(&mut office), [], "it is tried again too early");
    house.pass(1);
    round(&house).await;
    assert_eq!(
        recipients(&got(&mut office)),
        ["office@example.org", "ops@example.org"]
    );
    house.pass(HOUR);
    round(&house).await;
    assert_eq!(got(&mut office), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_is_set_to_be_told_it_is_not_told_later_either() {
    let mut office = PostOffice::open(0, None).await;
    let mut house = House::new().await;
    begins(&house, "alix", "camille").await;
    house.pass(HOUR);
    round(&house).await;
    assert_eq!(
        house
            .store
            .untold_impersonations(house.now_ms(), 10)
            .await
            .unwrap(),
        []
    );
    house.restart_as(ServerOptions {
        mail: Some(crate::mail::options(office.port)),
        ..ServerOptions::default()
    });
    round(&house).await;
    assert_eq!(got(&mut office), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_super_admin_with_a_mail_address_is_written_to_in_person_and_once() {
    let mut office = PostOffice::open(0, None).await;
    let house = watched_house(&office, AuditOptions::default()).await;
    above(&house, "vera@example.org").await;
    let out = above(&house, "gone@example.org").await;
    house
        .store
        .disable_user(out.user_id, house.now_ms(), entry())
        .await
        .unwrap();
    let dominique = house.sign_in("dominique", "desk").await;
    let watched = settings(&["Vera@Example.org", "ops@example.org"]);
    let put = house.ask(Method::PUT, MONITORING, &dominique.access, Some(watched));
    put.await.fine();
    begins(&house, "alix", "camille").await;
    begins(&house, "olga", "eva").await;
    house.pass(HOUR);
    round(&house).await;
    let told = got(&mut office);
    assert_eq!(
        recipients(&told),
        ["office@example.org", "ops@example.org", "vera@example.org"]
    );
    assert!(
        told[2].1.contains("olga"),
        "of all, although an organisation names her too"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organisations_webhook_is_called_with_those_in_it() {
    let mut hook = Hook::open(&["503 Later", "204 Fine"]).await;
    let (house, _) = hook.house(hook.options.clone()).await;
    let (_, acting) = begins(&house, "alix", "camille").await;
    begins(&house, "olga", "eva").await;
    house.pass(HOUR);
    round(&house).await;
    house.pass(10);
    round(&house).await;
    round(&house).await;
    let calls: Vec<Value> = std::iter::from_fn(|| hook.got.try_recv().ok())
        .map(|call| serde_json::from_str(call.split_once("\r\n\r\n").unwrap().1).unwrap())
        .collect();
    assert_eq!(calls.len(), 2, "{calls:?}");
    let at = |ms: i64| json!(DateTime::from_timestamp_millis(ms).unwrap());
    let began = house.now_ms() - 3_600_000 - 10_000;
    let expected = json!({
        "version": 1, "delivery_id": calls[0]["delivery_id"], "occasion": "long_impersonations",
        "organization_id": house.organization, "organization_name": "Maison port",
        "impersonations": [{
            "session_id": acting.id, "impersonator": "alix", "user": "camille", "reason": "a sale that does not leave",
            "device_name": "Caisse 1", "ip_address": "local", "started_at": at(began), "expires_at": at(began + 7_200_000)
        }]
    });
    assert_eq!(calls, [expected.clone(), expected]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_background_looks_and_sends_by_itself() {
    let mut office = PostOffice::open(0, None).await;
    let house = watched_house(&office, AuditOptions::default()).await;
    begins(&house, "alix", "camille").await;
    house.pass(HOUR);
    let background = Background::start(&house.server);
    let mut told = [read(&office.next().await).0, read(&office.next().await).0];
    told.sort_unstable();
    assert_eq!(told, ["office@example.org", "ops@example.org"]);
    background.stop().await;
}

/// Lets time pass until this moment.
fn until(house: &House, text: &str) {
    let then = text.parse::<DateTime<chrono::Utc>>().unwrap().timestamp_millis();
    let seconds = (then - house.now_ms()) / 1_000;
    house.pass(u64::try_from(seconds).unwrap());
}

/// The PDF of a letter.
fn pdf(letter: &str) -> Vec<u8> {
    let (_, part) = letter.split_once("Content-Type: application/pdf").unwrap();
    let (_, body) = part.split_once("\n\n").unwrap();
    let lines = body
        .lines()
        .take_while(|line| !line.is_empty() && !line.starts_with("--"));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_comes_on_the_first_of_the_month_once() {
    let mut office = PostOffice::open(1, None).await;
    let house = watched_house(&office, AuditOptions::default()).await;
    // The 21st of September 2026.
    let (alix, acting) = begins(&house, "alix", "camille").await;
    house.pass(30 * MINUTE);
    stop(&house, &alix, &acting).await;
    house.pass(DAY);
    let (olga, acting) = begins(&house, "olga", "eva").await;
    house.pass(10 * MINUTE);
    stop(&house, &olga, &acting).await;
    until(&house, "2026-10-01T00:59:00Z");
    round(&house).await;
    assert_eq!(
        got(&mut office),
        [],
        "at 02:59 in Paris some that began in September may last"
    );
    house.pass(MINUTE);
    let other = Server::new(
        Arc::clone(&house.store) as Arc<_>,
        house.keys.clone(),
        Arc::clone(&house.clock) as Arc<_>,
        options(&office, AuditOptions::default()),
    )
    .unwrap();
    tokio::join!(look(&house.server), look(&other));
    tokio::join!(send_waiting(&house.server), send_waiting(&other));
    house.pass(10);
    round(&house).await;
    let reports = got(&mut office);
    assert_eq!(recipients(&reports), ["office@example.org", "ops@example.org"]);
    let (all, own) = (&reports[0].1, &reports[1].1);
    assert!(all.contains("was used 2 times, 40 min in all."), "{all}");
    for words in [
        "alix: 1, 30 min",
        "olga: 1, 10 min",
        "Maison port: 1, 30 min",
        "Median time: 20 min",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    assert!(all.contains("vigie-impersonations-2026-09.pdf"), "{all}");
    assert!(!all.contains("Incomplete"), "{all}");
    assert!(own.contains("was used once, 30 min."), "{own}");
    assert!(!own.contains("olga") && !own.contains("gare"), "{own}");
    for letter in [all, own] {
        assert!(pdf(letter).starts_with(b"%PDF-"));
    }
    for _ in 0..3 {
        house.pass(3 * DAY);
        round(&house).await;
    }
    assert_eq!(got(&mut office), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_off_on_the_first_sends_what_it_missed_when_it_is_back() {
    let mut office = PostOffice::open(0, None).await;
    let mut house = watched_house(&office, AuditOptions::default()).await;
    let (alix, acting) = begins(&house, "alix", "camille").await;
    stop(&house, &alix, &acting).await;
    until(&house, "2026-10-05T08:00:00Z");
    round(&house).await;
    let first = got(&mut office);
    assert_eq!(first.len(), 2);
    until(&house, "2026-12-20T08:00:00Z");
    house.restart_as(options(&office, AuditOptions::default()));
    round(&house).await;
    let missed = got(&mut office);
    let months: Vec<_> = ["2026-10", "2026-11"]
        .map(|month| {
            let name = format!("vigie-impersonations-{month}.pdf");
            missed.iter().filter(|(_, text)| text.contains(&name)).count()
        })
        .into();
    assert_eq!((missed.len(), months), (4, vec![2, 2]));
    assert!(
        missed[0]
            .1
            .contains("Nobody worked as somebody else in this month."),
        "{}",
        missed[0].1
    );
    round(&house).await;
    assert_eq!(got(&mut office), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_report_on_a_month_before_the_server() {
    let mut office = PostOffice::open(0, None).await;
    let house = watched_house(&office, AuditOptions::default()).await;
    // September: nothing was in the log in August.
    round(&house).await;
    assert_eq!(got(&mut office), []);
    assert_eq!(
        house.store.newest_told_month().await.unwrap().as_deref(),
        Some("2026-08")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_says_when_rows_of_the_month_are_gone() {
    let mut office = PostOffice::open(0, None).await;
    let kept = std::time::Duration::from_secs(2 * DAY);
    let audit = AuditOptions {
        kept: Some(kept),
        ..AuditOptions::default()
    };
    let house = watched_house(&office, audit).await;
    let (alix, acting) = begins(&house, "alix", "camille").await;
    stop(&house, &alix, &acting).await;
    seal_waiting(&house.server).await.unwrap();
    house.pass(3 * DAY);
    assert!(shorten(&house.server).await.unwrap() > 0);
    let (olga, acting) = begins(&house, "olga", "eva").await;
    stop(&house, &olga, &acting).await;
    until(&house, "2026-10-01T08:00:00Z");
    round(&house).await;
    let reports = got(&mut office);
    assert_eq!(reports.len(), 2);
    assert!(
        reports[0]
            .1
            .contains("Incomplete: rows of the log from before 2026-09-24"),
        "{}",
        reports[0].1
    );
    assert!(reports[0].1.contains("was used once"), "{}", reports[0].1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_on_alerts_and_on_impersonations_do_not_get_in_each_others_way() {
    let mut office = PostOffice::open(0, None).await;
    let house = watched_house(&office, AuditOptions::default()).await;
    begins(&house, "alix", "camille").await;
    house.pass(HOUR);
    look(&house.server).await;
    send_alerts(&house.server).await;
    assert_eq!(got(&mut office), []);
    send_waiting(&house.server).await;
    assert_eq!(got(&mut office).len(), 2);
    let nobody = house
        .store
        .settle_letter(Uuid::now_v7(), Uuid::now_v7(), store::Settled::Sent)
        .await;
    assert!(!nobody.unwrap());
}
