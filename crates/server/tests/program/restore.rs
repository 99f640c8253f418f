//! Backups and what becomes of sessions once one is put back.

use std::process::Command;

use serde_json::Value;
use vigie_tests::{Disk, Postgres};

use crate::calls::{PASSWORD, login, me, refresh};
use crate::place::{Place, Running};

fn shop() -> Place {
    let (place, _) = Place::initialised();
    operator(&place, &[]);
    place
}

fn operator(place: &Place, environment: &[(&str, &str)]) {
    use std::io::Write as _;
    let mut command = place.command(&["user", "add", "camille", "--password-stdin"]);
    let mut child = command
        .envs(environment.iter().copied())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut typed = child.stdin.take().unwrap();
    writeln!(typed, "{PASSWORD}").unwrap();
    drop(typed);
    assert!(child.wait().unwrap().success());
}

/// Refreshes, each time under an attempt of its own, and gives the tokens in order: the last one is current.
fn refreshed(server: &Running, first: &Value, attempts: std::ops::Range<u128>) -> Vec<Value> {
    let mut tokens = vec![first.clone()];
    for attempt in attempts {
        let (status, answer) = refresh(server, tokens.last().unwrap(), attempt);
        assert_eq!(status, 200, "{answer}");
        tokens.push(answer["refresh_token"].clone());
    }
    tokens
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or("none"))
}

/// A session as its client holds it, older in the backup than here.
struct Held {
    before: Vec<Value>,
    after: Vec<Value>,
}

fn before_the_backup(server: &Running) -> [Held; 3] {
    std::array::from_fn(|_| {
        let answer = login(server, "camille");
        Held {
            before: refreshed(server, &answer["refresh_token"], 1..3),
            after: Vec::new(),
        }
    })
}

/// The first session goes far ahead, the second loses its last answer, the third stays as it is.
fn after_the_backup(server: &Running, held: &mut [Held; 3]) {
    let [ahead, lost, still] = held;
    ahead.after = refreshed(server, ahead.before.last().unwrap(), 10..14);
    lost.after = refreshed(server, lost.before.last().unwrap(), 20..21);
    still.after = vec![still.before.last().unwrap().clone()];
}

/// What every client hears after a restore that keeps sessions.
fn all_go_on(server: &Running, held: &[Held; 3]) {
    let [ahead, lost, still] = held;
    // Something late from the time that the backup does not know: nobody's proof of a thief.
    let late = refresh(server, &still.before[1], 98);
    assert_eq!(code(&late), (409, "stale_attempt"), "{}", late.1);
    let (status, answer) = refresh(server, ahead.after.last().unwrap(), 30);
    assert_eq!(status, 200, "a token far ahead of the backup: {answer}");
    let gap = refresh(server, &ahead.after[1], 99);
    assert_eq!(code(&gap), (409, "stale_attempt"), "{}", gap.1);
    assert_eq!(refresh(server, &answer["refresh_token"], 31).0, 200);

    let (status, answer) = refresh(server, lost.before.last().unwrap(), 20);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["refresh_token"], lost.after[1],
        "the lost answer, once more"
    );
    assert_eq!(refresh(server, &answer["refresh_token"], 32).0, 200);

    assert_eq!(refresh(server, &still.after[0], 33).0, 200);
    // From here on the rule holds again.
    let thief = refresh(server, &still.after[0], 34);
    assert_eq!(code(&thief), (401, "refresh_reused"), "{}", thief.1);
}

#[test]
fn a_restored_backup_signs_nobody_out_and_opens_nothing_that_was_closed() {
    let place = shop();
    let server = place.serve(&[]);
    let mut held = before_the_backup(&server);
    let closed = login(&server, "camille");
    let said = place.fine(&["backup", "copy.db"]);
    assert!(said.contains("keys are not in it"), "{said}");
    after_the_backup(&server, &mut held);
    place.fine(&["session", "revoke", closed["session_id"].as_str().unwrap()]);
    let later = login(&server, "camille");
    place.fine(&["category", "add", "Disques"]);

    let restore = ["restore", "copy.db", "--sessions", "keep"];
    let (code_, sentence) = place.refused(&mut place.command(&restore));
    assert_eq!(code_, 1);
    assert!(
        sentence.starts_with("vigie-server: database_in_use: "),
        "{sentence}"
    );
    server.signal("KILL");
    drop(server);
    let said = place.fine(&restore);
    assert!(
        said.contains("sessions: 3 go on") && said.contains("stay closed (1 of them)"),
        "{said}"
    );
    let kept: Vec<_> = std::fs::read_dir(place.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("before-") || name.contains("restoring"))
        .collect();
    assert!(
        kept.len() == 1 && kept[0].starts_with("vigie.db.before-"),
        "{kept:?}"
    );

    let server = place.serve(&[]);
    assert!(!place.fine(&["category", "list"]).contains("Disques"));
    all_go_on(&server, &held);
    let refused = me(&server, &closed["access_token"]);
    assert_eq!(code(&refused), (401, "session_revoked"));
    assert_eq!(me(&server, &later["access_token"]).0, 401);
    assert_eq!(login(&server, "camille")["expires_in"], 900);
    server.end();

    // The other way round: what was replaced is a whole database.
    let back = format!("data/{}", kept[0]);
    place.fine(&["restore", &back, "--sessions", "keep"]);
    let server = place.serve(&[]);
    assert!(place.fine(&["category", "list"]).contains("Disques"));
    assert_eq!(refresh(&server, &later["refresh_token"], 40).0, 200);
    server.end();
}

#[test]
fn with_end_everybody_is_told_and_signs_in_again() {
    let place = shop();
    let server = place.serve(&[]);
    let mut held = before_the_backup(&server);
    place.fine(&["backup", "copy.db"]);
    after_the_backup(&server, &mut held);
    server.end();
    let said = place.fine(&["restore", "copy.db", "--sessions", "end"]);
    assert!(said.contains("3 ended"), "{said}");
    let server = place.serve(&[]);
    for held in &held {
        let refused = refresh(&server, held.after.last().unwrap(), 50);
        assert_eq!(code(&refused), (401, "session_revoked"), "{}", refused.1);
    }
    let again = login(&server, "camille");
    assert_eq!(me(&server, &again["access_token"]).0, 200);
    server.end();
}

#[test]
fn what_is_no_backup_is_refused_and_the_database_stays() {
    let place = shop();
    let refused = |arguments: &[&str]| place.refused(&mut place.command(arguments)).1;
    place.fine(&["backup", "copy.db"]);
    let before = std::fs::read(place.path("data/vigie.db")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(place.path("copy.db")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);

    let sentence = refused(&["backup", "copy.db"]);
    assert!(sentence.contains("exists already"), "{sentence}");
    let sentence = refused(&["restore", "none.db", "--sessions", "keep"]);
    assert!(sentence.starts_with("vigie-server: no_backup: "), "{sentence}");
    std::fs::write(place.path("diary"), "my diary, by nobody\n".repeat(1_000)).unwrap();
    std::fs::write(place.path("empty"), "").unwrap();
    let mut torn = std::fs::read(place.path("copy.db")).unwrap();
    torn.truncate(torn.len() / 2);
    std::fs::write(place.path("torn.db"), torn).unwrap();
    let other = rusqlite::Connection::open(place.path("other.db")).unwrap();
    other.execute_batch("CREATE TABLE songs (name TEXT)").unwrap();
    for backup in ["diary", "empty", "torn.db", "other.db"] {
        let sentence = refused(&["restore", backup, "--sessions", "keep"]);
        assert!(
            sentence.starts_with("vigie-server: database_damaged: "),
            "{backup}: {sentence}"
        );
    }
    assert_eq!(std::fs::read(place.path("data/vigie.db")).unwrap(), before);
    let left: Vec<_> = std::fs::read_dir(place.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("restoring") || name.contains("before"))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    // A database that nobody can read any more is replaced all the same, and kept.
    std::fs::write(place.path("data/vigie.db"), "torn pages\n".repeat(5_000)).unwrap();
    let said = place.fine(&["restore", "copy.db", "--sessions", "keep"]);
    assert!(said.contains("warning: ") && said.contains(".before-"), "{said}");
    assert!(place.fine(&["user", "list"]).contains("camille"));
}

#[test]
fn on_postgresql_its_own_programs_restore_and_the_sessions_are_settled_after_them() {
    let (place, _) = Place::initialised();
    let postgres = Postgres::start(Disk::NotWaited).unwrap();
    let url = postgres.url("vigie");
    let environment = [("VIGIE_DATABASE_URL", url.as_str())];
    let mut init = place.command(&["init"]);
    assert!(init.envs(environment).output().unwrap().status.success());
    operator(&place, &environment);
    let run = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        let output = command.envs(environment).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let done = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };

    let server = place.serve_with(&[], &environment);
    let mut held = before_the_backup(&server);
    let dump = place.path("dump");
    done(
        Command::new(postgres.program("pg_dump"))
            .args(["-Fc", "-d", &url, "-f"])
            .arg(&dump),
    );
    after_the_backup(&server, &mut held);
    let (fine, said) = run(&["restore", "--sessions", "keep"]);
    assert!(
        !fine && said.starts_with("vigie-server: database_in_use: "),
        "{said}"
    );
    for arguments in [
        &["backup", "copy.db"][..],
        &["restore", "dump", "--sessions", "keep"],
    ] {
        let (fine, said) = run(arguments);
        assert!(
            !fine && said.starts_with("vigie-server: backup_by_postgresql: "),
            "{said}"
        );
    }
    server.end();

    let put_back = || {
        let mut restore = Command::new(postgres.program("pg_restore"));
        done(
            restore
                .args(["--clean", "--if-exists", "--single-transaction", "-d", &url])
                .arg(&dump),
        );
    };
    put_back();
    let (fine, said) = run(&["restore", "--sessions", "keep"]);
    assert!(
        fine && said.contains("sessions: 3 go on") && said.contains("warning"),
        "{said}"
    );
    let server = place.serve_with(&[], &environment);
    all_go_on(&server, &held);
    server.end();

    put_back();
    let (fine, said) = run(&["restore", "--sessions", "end"]);
    assert!(fine && said.contains("3 ended"), "{said}");
    let server = place.serve_with(&[], &environment);
    for held in &held {
        let refused = refresh(&server, held.after.last().unwrap(), 60);
        assert_eq!(code(&refused), (401, "session_revoked"), "{}", refused.1);
    }
    server.end();
}
