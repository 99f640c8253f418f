//! A process killed in the middle of its work: every rotation that it had answered is there afterwards.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot set its scene fails"
)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use protocol::auth::{DeviceKind, OrganizationRole};
use store::{
    AuditEntry, Directory, NewOrganization, NewSession, NewUser, Origin, Presented, RotationOutcome,
    SessionFilter, Sessions, Store,
};
use store_sqlite::{Options, SqliteStore};
use uuid::Uuid;

const DATABASE: &str = "VIGIE_TEST_DATABASE_OF_THE_CHILD";
const SESSIONS: usize = 64;
const ANSWERS_BEFORE_DEATH: usize = 3_000;

fn entry() -> AuditEntry {
    AuditEntry::of("test", 1)
}

fn origin() -> Origin {
    Origin {
        ip_address: "192.0.2.1".to_owned(),
        user_agent: "test".to_owned(),
    }
}

async fn peopled(path: &Path) -> Vec<Uuid> {
    let store = SqliteStore::open(path, Options::default()).unwrap();
    let (organization_id, user_id) = (Uuid::now_v7(), Uuid::now_v7());
    let organization = NewOrganization {
        id: organization_id,
        slug: "quai".to_owned(),
        name: "Quai".to_owned(),
    };
    store.add_organization(organization, entry()).await.unwrap();
    let user = NewUser {
        id: user_id,
        username: "anna".to_owned(),
        display_name: "Anna".to_owned(),
        password_hash: String::new(),
        one_time_password: false,
        organization_id,
        role: OrganizationRole::User,
        site_id: None,
    };
    store.add_user(user, entry()).await.unwrap();
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let new = NewSession {
            id: Uuid::now_v7(),
            user_id,
            organization_id,
            site_id: None,
            device_kind: DeviceKind::Till,
            device_name: "till".to_owned(),
            origin: origin(),
            expires_at: i64::MAX,
            device_key: None,
            device_limit: None,
            place: None,
            now: 1,
        };
        sessions.push(store.begin_session(new, entry()).await.unwrap().session.id);
    }
    store.close().await;
    sessions
}

/// Rotates every session over and over, and says each answer on its output, until it is killed.
async fn work_until_killed(path: &Path) {
    let store = std::sync::Arc::new(SqliteStore::open(path, Options::default()).unwrap());
    let live = store
        .sessions_page(SessionFilter::default(), None, u32::MAX, 1)
        .await
        .unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for row in live.into_iter().map(|identity| identity.session) {
        let store = std::sync::Arc::clone(&store);
        workers.spawn(async move {
            let mut generation = row.generation;
            loop {
                let presented = Presented {
                    session_id: row.id,
                    generation,
                    attempt: [u8::try_from(generation % 251).unwrap(); 16],
                    rotate: true,
                    input_age_ms: None,
                    device_key: None,
                    origin: origin(),
                    now: 2,
                };
                let outcome = store.rotate(presented, entry()).await.unwrap();
                let RotationOutcome::Rotated(row) = outcome else {
                    panic!("a rotation gave {outcome:?}")
                };
                generation = row.generation;
                let mut output = std::io::stdout().lock();
                output
                    .write_all(format!("answered {} {generation}\n", row.id).as_bytes())
                    .unwrap();
                output.flush().unwrap();
            }
        });
    }
    workers.join_next().await.unwrap().unwrap();
}

fn answers_of_a_killed_process(path: &Path) -> HashMap<Uuid, u32> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "every_answered_rotation_outlives_a_kill",
            "--nocapture",
        ])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answered = HashMap::new();
    let mut note = |line: String| {
        let mut words = line.split(' ');
        if words.next() != Some("answered") {
            return 0;
        }
        let (Some(id), Some(generation)) = (words.next(), words.next()) else {
            return 0;
        };
        answered.insert(id.parse().unwrap(), generation.parse().unwrap());
        1
    };
    let mut count = 0;
    while count < ANSWERS_BEFORE_DEATH {
        count += note(lines.next().expect("the child ended by itself").unwrap());
    }
    child.kill().unwrap();
    // A last line may be cut short by the kill: it is no answer that anybody heard.
    let mut last: Vec<_> = lines.map_while(Result::ok).collect();
    last.pop();
    last.into_iter().for_each(|line| {
        note(line);
    });
    assert!(!child.wait().unwrap().success());
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_rotation_outlives_a_kill() {
    if let Some(path) = std::env::var_os(DATABASE) {
        return work_until_killed(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigie.db");
    let sessions = peopled(&path).await;
    for _ in 0..3 {
        let answered = answers_of_a_killed_process(&path);
        assert_eq!(answered.len(), SESSIONS);
        let store = SqliteStore::open(&path, Options::default()).unwrap();
        for id in &sessions {
            let row = store.identity(*id).await.unwrap().unwrap().session;
            let (kept, heard) = (row.generation, answered[id]);
            // The last line was not counted, and one more rotation may have reached the disk without a word.
            assert!(
                (heard..=heard + 2).contains(&kept),
                "session {id}: {heard} was answered, {kept} is kept"
            );
        }
        store.close().await;
    }
}
