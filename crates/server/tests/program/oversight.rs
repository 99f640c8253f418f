//! Oversight of impersonations by running servers: one letter over two processes and a crash, and the report as files.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::json;
use vigie_tests::{Disk, Postgres};

use crate::calls::{PASSWORD, login, post};
use crate::place::{Place, Running};
use crate::post_office::PostOffice;

/// How long a look and the sending after it take at most: the background works every five seconds.
const TOLD: Duration = Duration::from_secs(20);

/// A shop with an operator and somebody above all organisations.
fn shop() -> Place {
    let (place, _) = Place::initialised();
    for name in ["camille", "alix"] {
        let added = place.input(
            &["user", "add", name, "--password-stdin"],
            &format!("{PASSWORD}\n"),
        );
        assert!(added.status.success(), "{added:?}");
    }
    place.fine(&["user", "promote", "alix"]);
    place
}

fn serve(place: &Place, office: &PostOffice, more: &[(&str, &str)]) -> Running {
    let port = office.port.to_string();
    let mut environment = vec![
        ("VIGIE_SERVER_MAIL__HOST", "localhost"),
        ("VIGIE_SERVER_MAIL__PORT", port.as_str()),
        ("VIGIE_SERVER_MAIL__SECURITY", "none"),
        ("VIGIE_SERVER_MAIL__FROM", "Vigie <vigie@example.org>"),
        ("VIGIE_SERVER_MAIL__TO", "office@example.org"),
        ("VIGIE_SERVER_LOG__FILTER", "error"),
        ("VIGIE_SERVER_TESTING__ALERT_SECONDS", "2"),
        ("VIGIE_SERVER_TESTING__ALERT_LEASE_SECONDS", "5"),
    ];
    environment.extend(more);
    place.serve_with(&[], &environment)
}

/// Alix acts as Camille.
fn act(server: &Running) {
    let alix = login(server, "alix");
    let camille = login(server, "camille");
    let (status, answer) = post(
        server,
        &alix["access_token"],
        "/v1/auth/reauthenticate",
        &json!({ "password": PASSWORD }),
    );
    assert!((200..300).contains(&status), "{answer}");
    let asked = json!({ "user_id": camille["me"]["user_id"], "reason": "a sale that does not leave" });
    let (status, answer) = post(server, &alix["access_token"], "/v1/impersonations", &asked);
    assert_eq!(status, 200, "{answer}");
}

/// The next letter on impersonations; those on sign-ins from new places come by the same way.
fn next(office: &PostOffice, within: Duration) -> Option<String> {
    while let Some(letter) = office.next(within) {
        if letter.text.contains("Auto-Submitted") {
            assert!(letter.to.starts_with("<office@example.org>"), "{letter:?}");
            return Some(letter.text);
        }
    }
    None
}

const BEGAN_EARLIER: &str =
    "UPDATE sessions SET created_at = created_at - 3660000, expires_at = expires_at - 3660000
    WHERE impersonator_session_id IS NOT NULL";

#[test]
fn two_servers_on_one_database_tell_of_an_impersonation_once() {
    let office = PostOffice::open();
    let place = shop();
    let postgres = Postgres::start(Disk::NotWaited).unwrap();
    let url = postgres.url("vigie");
    place.fine(&["migrate", "--from", "sqlite:data/vigie.db", "--to", &url]);
    let database = ("VIGIE_DATABASE_URL", url.as_str());
    let first = serve(&place, &office, &[database]);
    let socket = place.path("second.sock").display().to_string();
    let second = serve(
        &place,
        &office,
        &[database, ("VIGIE_SERVER_CONTROL_SOCKET", &socket)],
    );
    act(&first);
    postgres.sql("vigie", BEGAN_EARLIER).unwrap();
    let letter = next(&office, TOLD).unwrap();
    assert!(letter.contains("alix") && letter.contains("camille"), "{letter}");
    assert!(next(&office, Duration::from_secs(12)).is_none());
    let counted = |sql: &str| postgres.sql("vigie", sql).unwrap();
    assert_eq!(
        counted("SELECT string_agg(state, ',') FROM oversight_letters"),
        "sent"
    );
    first.end();
    second.end();
    let third = serve(&place, &office, &[database]);
    assert!(next(&office, Duration::from_secs(8)).is_none());
    third.end();
}

#[cfg(feature = "failpoints")]
#[test]
fn a_letter_whose_sender_was_killed_is_sent_by_the_next() {
    let office = PostOffice::open();
    let place = shop();
    let server = serve(
        &place,
        &office,
        &[("VIGIE_SERVER_FAILPOINTS", "letter.claimed=kill")],
    );
    act(&server);
    let connection = rusqlite::Connection::open(place.path("data/vigie.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection.execute_batch(BEGAN_EARLIER).unwrap();
    drop(connection);
    assert!(server.killed());
    let server = serve(&place, &office, &[]);
    assert!(next(&office, TOLD).is_some());
    assert!(next(&office, Duration::from_secs(8)).is_none());
    server.end();
}

fn report(place: &Place, output: &str, more: &[&str]) -> String {
    let this_month = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::UNIX_EPOCH + since_1970());
    let month = this_month.format("%Y-%m").to_string();
    let mut arguments = vec!["impersonation", "report", "--month", &month, "--output", output];
    arguments.extend(more);
    place.fine(&arguments)
}

/// Of the machine's own clock, as the program under test reads it.
fn since_1970() -> Duration {
    use server::clock::{Clock as _, SystemClock};
    Duration::from_millis(u64::try_from(SystemClock::new().wall_ms()).unwrap())
}

#[test]
fn a_report_is_written_as_two_files_with_a_server_and_without_one() {
    let office = PostOffice::open();
    let place = shop();
    let server = serve(&place, &office, &[]);
    act(&server);
    let said = report(&place, "reports", &["--language", "english"]);
    server.end();
    let files: Vec<&str> = said.lines().collect();
    assert!(
        files.len() == 2 && files[0].ends_with(".html") && files[1].ends_with(".pdf"),
        "{said}"
    );
    let html = std::fs::read_to_string(place.path(files[0])).unwrap();
    assert!(
        html.contains("“View as” was used once") && html.contains("alix"),
        "{html}"
    );
    let pdf = std::fs::read(place.path(files[1])).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    for file in files {
        let mode = std::fs::metadata(place.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let said = report(&place, "without", &[]);
    let html = std::fs::read_to_string(place.path(said.lines().next().unwrap())).unwrap();
    assert!(html.contains("« Voir comme » a servi une fois"), "{html}");
}

#[test]
fn a_report_that_cannot_be_is_refused_with_its_reason() {
    let place = shop();
    let refused = |month: &str| {
        let arguments = ["impersonation", "report", "--month", month, "--output", "reports"];
        place.refused(&mut place.command(&arguments))
    };
    let (code, sentence) = refused("2026-13");
    assert!(
        code == 2 && sentence.contains("bad_month: `2026-13` is no month"),
        "{sentence}"
    );
    let (code, sentence) = refused("9998-12");
    assert_eq!(
        (code, sentence.as_str()),
        (1, "vigie-server: month_not_begun: 9998-12 has not begun")
    );
    assert!(!place.path("reports").exists());
    report(&place, "reports", &[]);
    let names = report_names(&place);
    assert_eq!(names.len(), 2);
    let month = names[0]
        .trim_start_matches("vigie-impersonations-")
        .trim_end_matches(".html");
    let (code, sentence) = refused(month);
    assert_eq!(code, 1);
    assert!(
        sentence.starts_with("vigie-server: report_not_written: reports/vigie-impersonations-"),
        "{sentence}"
    );
}

fn report_names(place: &Place) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(place.path("reports"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}
