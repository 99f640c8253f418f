//! Signed heads that are posted elsewhere: what arrives, what it is good for, and that nothing waits for it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::place::{Place, Running};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const WITHIN: Duration = Duration::from_secs(20);

/// A call as it came.
#[derive(Debug)]
struct Call {
    head: String,
    body: String,
}

impl Call {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    fn seal(&self) -> u64 {
        serde_json::from_str::<Value>(&self.body).unwrap()["seal"]
            .as_u64()
            .unwrap()
    }
}

/// The other end, which answers with the next of these, and then with the last one for ever.
struct Keeper {
    port: u16,
    calls: Receiver<Call>,
}

impl Keeper {
    fn open(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, calls) = channel();
        std::thread::spawn(move || {
            let mut answers = answers.iter();
            let mut answer = answers.next().unwrap();
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if line.trim().is_empty() {
                        break;
                    }
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                        length = value.trim().parse().unwrap();
                    }
                    head.push_str(&line);
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let body = String::from_utf8(body).unwrap();
                if *answer == "nothing" {
                    // Never answered: whoever calls gives up.
                    std::mem::forget(reader);
                } else {
                    let text = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                    reader.get_mut().write_all(text.as_bytes()).unwrap();
                }
                answer = answers.next().unwrap_or(answer);
                if sender.send(Call { head, body }).is_err() {
                    return;
                }
            }
        });
        Self { port, calls }
    }

    fn next(&self) -> Call {
        self.calls.recv_timeout(WITHIN).unwrap()
    }
}

fn serve(place: &Place, keeper: &Keeper, more: &[(&str, &str)]) -> Running {
    let url = format!("http://127.0.0.1:{}/canary/heads?canary", keeper.port);
    let mut environment = vec![
        ("VIGIE_SERVER_AUDIT__WEBHOOK", url.as_str()),
        ("VIGIE_SERVER_AUDIT__WEBHOOK_SECONDS", "1"),
    ];
    environment.extend(more);
    place.serve_with(&[], &environment)
}

fn with_secret(place: &Place) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = place.path("heads-secret");
    std::fs::write(&path, format!("{SECRET}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

#[test]
fn what_is_posted_shows_that_the_end_of_the_log_was_cut_off() {
    let keeper = Keeper::open(&["204 Fine"]);
    let (place, _) = Place::initialised();
    let secret = with_secret(&place);
    let server = serve(
        &place,
        &keeper,
        &[("VIGIE_SERVER_AUDIT__WEBHOOK_SECRET_FILE", &secret)],
    );
    let first = keeper.next();
    place.fine(&["site", "add", "Nord"]);
    let second = keeper.next();
    let log = server.end();
    assert!(!log.contains("canary"), "{log}");
    assert!(second.seal() > first.seal(), "{first:?} {second:?}");
    assert!(
        second.head.starts_with("POST /canary/heads?canary HTTP/1.1"),
        "{second:?}"
    );
    assert_eq!(second.header("content-type"), Some("application/json"));
    let id = second.header("webhook-id").unwrap();
    assert!(id.ends_with(&format!("-{}", second.seal())), "{id}");
    let signed = format!(
        "{id}.{}.{}",
        second.header("webhook-timestamp").unwrap(),
        second.body
    );
    let key = base64_bytes(SECRET.strip_prefix("whsec_").unwrap());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(signed.as_bytes());
    let signature = second
        .header("webhook-signature")
        .unwrap()
        .strip_prefix("v1,")
        .unwrap();
    mac.verify_slice(&base64_bytes(signature)).unwrap();

    // What arrived is a file of heads, kept as one call or as all of them.
    std::fs::write(place.path("one.json"), second.body.trim_end()).unwrap();
    std::fs::write(place.path("all.jsonl"), format!("{}{}", first.body, second.body)).unwrap();
    let said = place.fine(&["audit", "verify", "--head", "one.json", "--heads", "all.jsonl"]);
    assert!(
        said.contains("one.json: its 1 heads are those of the log"),
        "{said}"
    );
    assert!(
        said.contains("all.jsonl: its 2 heads are those of the log"),
        "{said}"
    );
    cut_off_the_end(&place, second.seal());
    place.fine(&["audit", "verify", "--heads", "/dev/null"]);
    let (code, sentence) = place.refused(&mut place.command(&["audit", "verify", "--head", "one.json"]));
    assert!(
        code == 1 && sentence.contains("audit_tail_cut: rows after"),
        "{sentence}"
    );
}

fn base64_bytes(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// As somebody who can write the database would: this seal, what came after, and the rows under them.
fn cut_off_the_end(place: &Place, seal: u64) {
    let connection = rusqlite::Connection::open(place.path("data/vigie.db")).unwrap();
    let triggers: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'audit_%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        connection
            .execute_batch(&format!("DROP TRIGGER {trigger}"))
            .unwrap();
    }
    let from = format!("(SELECT from_sequence FROM audit_seals WHERE number = {seal})");
    connection
        .execute_batch(&format!(
            "DELETE FROM audit_log WHERE sequence >= {from};
             DELETE FROM audit_links WHERE sequence >= {from};
             DELETE FROM audit_seals WHERE number >= {seal};"
        ))
        .unwrap();
}

#[test]
fn a_call_that_fails_is_made_up_for_by_the_newest_head_and_holds_up_nothing() {
    let keeper = Keeper::open(&["500 Later", "500 Later", "nothing", "204 Fine"]);
    let (place, _) = Place::initialised();
    let port = free_port().to_string();
    let listen = format!("127.0.0.1:{port}");
    let server = serve(&place, &keeper, &[("VIGIE_SERVER_MONITORING__LISTEN", &listen)]);
    let first = keeper.next();
    let again = keeper.next();
    assert_eq!(first.header("webhook-id"), again.header("webhook-id"));
    assert!(first.header("webhook-signature").is_none());
    // The third call hangs; meanwhile the log goes on and is sealed.
    let hangs = keeper.next();
    for name in ["Nord", "Sud", "Est"] {
        place.fine(&["site", "add", name]);
    }
    let taken = keeper.next();
    assert!(taken.seal() > hangs.seal(), "{taken:?}");
    std::fs::write(place.path("taken.json"), &taken.body).unwrap();
    place.fine(&["audit", "verify", "--head", "taken.json"]);
    let figures = ["failed", "taken"].map(|outcome| figure(&listen, outcome));
    assert!(figures[0] == 3 && figures[1] >= 1, "{figures:?}");
    let log = server.end();
    assert!(
        log.contains("signed heads of the audit log are not posted"),
        "{log}"
    );
    assert_eq!(log.matches("answered 500").count(), 1, "it is said once: {log}");
    assert!(!log.contains("canary"), "{log}");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A counter of posts by its outcome.
fn figure(listen: &str, outcome: &str) -> u64 {
    let mut stream = std::net::TcpStream::connect(listen).unwrap();
    stream
        .write_all(format!("GET /metrics HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let name = format!("audit_head_posts_total{{outcome=\"{outcome}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    line.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

/// What the program says to this file.
fn said(file: &str) -> String {
    let place = Place::new();
    with_secret(&place);
    std::fs::write(place.path("short"), "whsec_c2hvcnQ=").unwrap();
    let own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(place.path("short"), own).unwrap();
    std::fs::write(place.path("vigie-server.toml"), file).unwrap();
    let mut command = place.command(&["--config", "vigie-server.toml", "check"]);
    let (code, sentence) = place.refused(&mut command);
    assert_eq!(code, 2, "{sentence}");
    assert!(!sentence.contains("canary"), "{sentence}");
    sentence
}

#[test]
fn an_address_that_others_could_listen_in_on_and_a_weak_secret_are_refused() {
    let with = |more: &str| said(&format!("[audit]\n{more}"));
    insta::assert_snapshot!(
        [
            with("webhook = \"http://keeper.example.org/canary\""),
            with("webhook = \"canary\""),
            with("webhook_seconds = 30"),
            with("webhook = \"https://keeper.example.org/canary\"\nwebhook_seconds = 0"),
            with("webhook = \"https://keeper.example.org/canary\"\nwebhook_secret_file = \"short\""),
            with("webhook = \"https://keeper.example.org/canary\"\nwebhook_secret_file = \"nowhere\""),
        ]
        .join("\n")
    );
}
