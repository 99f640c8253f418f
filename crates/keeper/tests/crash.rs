//! The keeper is killed at every durable step, and the next one goes on as if nothing had happened.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use keeper::Keeper;
use keeper::vault::Vault;
use keeper_core::SessionPhase;
use support::file_vault::FileVault;
use support::{Stage, signed_in, until_snapshot};

const STAGE: &str = "KEEPER_TEST_STAGE";
const FOLDER: &str = "KEEPER_TEST_FOLDER";
const THIS_TEST: &str = "killed_at_any_step_the_next_process_goes_on";
const LEAVING: &str = "killed_while_signing_out_the_next_process_does_not_bring_the_session_back";

/// Every durable step of a refresh after a restart; the second write of the journal closes the intent.
const STEPS: [&str; 11] = [
    "journal-before-write=kill@1",
    "journal-before-rename=kill@1",
    "journal-before-directory-sync=kill@1",
    "journal-written=kill@1",
    "refresh-before-send=kill@1",
    "refresh-after-answer=kill@1",
    "vault-before-write=kill@1",
    "vault-written=kill@1",
    "journal-before-write=kill@2",
    "journal-before-rename=kill@2",
    "journal-written=kill@2",
];

/// Every durable step of signing out from the one on that says so: of the files, the first two and the first journal are
/// those of signing in, and the third notes who leaves.
const FAREWELLS: [&str; 5] = [
    "vault-before-delete=kill@1",
    "vault-deleted=kill@1",
    "journal-before-write=kill@4",
    "journal-before-rename=kill@4",
    "journal-written=kill@2",
];

/// Steps that fail instead: the session lives on in this very process.
const FAILURES: [&str; 5] = [
    "journal-before-write=error@1",
    "journal-written=error@1",
    "refresh-before-send=error@1",
    "refresh-after-answer=error@1",
    "vault-before-write=error@1",
];

async fn keeper(stage: &Stage, folder: &std::path::Path) -> Keeper {
    let vault: Arc<dyn Vault> = Arc::new(FileVault::new(&folder.join("vault")));
    let keeper = Keeper::open(stage.config(&folder.join("keeper"), vault))
        .await
        .unwrap();
    keeper.settled().await;
    keeper
}

/// What the killed process does: it brings the session back and refreshes it.
#[tokio::main]
async fn victim(address: SocketAddr, folder: PathBuf) {
    let stage = Stage {
        inner: Stage::inner(1),
        address,
    };
    let keeper = keeper(&stage, &folder).await;
    until_snapshot(&keeper, "refreshed and stored", |snapshot| {
        snapshot.refreshes >= 1
    })
    .await;
    keeper.shutdown().await;
}

#[tokio::main]
async fn survive(step: &str) {
    let (stage, folder) = (Stage::open(600).await, tempfile::tempdir().unwrap());
    let first = keeper(&stage, folder.path()).await;
    signed_in(&first).await;
    first.shutdown().await;

    let (address, path, failpoints) = (
        stage.address.to_string(),
        folder.path().to_owned(),
        step.to_owned(),
    );
    let status = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", THIS_TEST, "--nocapture"])
            .env(STAGE, address)
            .env(FOLDER, path)
            .env("VIGIE_FAILPOINTS", failpoints)
            .status()
            .unwrap()
    })
    .await
    .unwrap();
    if step.contains("kill") {
        assert_eq!(status.signal(), Some(9), "{step}: {status}");
    } else {
        assert!(status.success(), "{step}: {status}");
    }

    let next = keeper(&stage, folder.path()).await;
    until_snapshot(&next, step, |snapshot| {
        snapshot.phase == SessionPhase::SignedIn && snapshot.refreshes >= 1
    })
    .await;
    let me = Request::builder().uri("/v1/auth/me").body(Bytes::new()).unwrap();
    assert_eq!(next.client().send(me).await.unwrap().status(), 200, "{step}");
    assert_eq!(stage.inner.logins.load(Ordering::SeqCst), 1, "{step}");
    let mut rotating: Vec<_> = stage
        .attempts()
        .into_iter()
        .filter(|(_, _, rotate)| *rotate)
        .collect();
    rotating.sort();
    rotating.dedup();
    let mut tokens: Vec<_> = rotating.iter().map(|(token, ..)| token).collect();
    let all = tokens.len();
    tokens.dedup();
    assert_eq!(
        tokens.len(),
        all,
        "{step}: a token was spent under two attempts: {rotating:?}"
    );
}

/// What the process does that is killed while it signs out.
#[tokio::main]
async fn leaver(address: SocketAddr, folder: PathBuf) {
    let stage = Stage {
        inner: Stage::inner(1),
        address,
    };
    let keeper = keeper(&stage, &folder).await;
    signed_in(&keeper).await;
    keeper.sign_out().await;
    keeper.shutdown().await;
}

#[tokio::main]
async fn stay_away(step: &str) {
    let (stage, folder) = (Stage::open(600).await, tempfile::tempdir().unwrap());
    let (address, path, failpoints) = (
        stage.address.to_string(),
        folder.path().to_owned(),
        step.to_owned(),
    );
    let status = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", LEAVING, "--nocapture"])
            .env(STAGE, address)
            .env(FOLDER, path)
            .env("VIGIE_FAILPOINTS", failpoints)
            .status()
            .unwrap()
    })
    .await
    .unwrap();
    assert_eq!(status.signal(), Some(9), "{step}: {status}");

    let next = keeper(&stage, folder.path()).await;
    assert_eq!(next.snapshots().borrow().phase, SessionPhase::SignedOut, "{step}");
    let slot = keeper::SlotId::of(&stage.target(), "marie");
    let vault = FileVault::new(&folder.path().join("vault"));
    let mut left = true;
    for _ in 0..300 {
        left = !matches!(vault.secret_read(slot.as_str()).await, Ok(None));
        if !left {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!left, "{step}: the keychain still holds the session");
    assert!(next.access().is_none(), "{step}");
    assert_eq!(stage.refreshes(), 0, "{step}: nobody used what was left");
}

#[test]
fn killed_while_signing_out_the_next_process_does_not_bring_the_session_back() {
    if let (Ok(address), Ok(folder)) = (std::env::var(STAGE), std::env::var(FOLDER)) {
        return leaver(address.parse().unwrap(), folder.into());
    }
    for step in FAREWELLS {
        stay_away(step);
    }
}

#[test]
fn killed_at_any_step_the_next_process_goes_on() {
    if let (Ok(address), Ok(folder)) = (std::env::var(STAGE), std::env::var(FOLDER)) {
        return victim(address.parse().unwrap(), folder.into());
    }
    for step in STEPS {
        survive(step);
    }
}

#[test]
fn a_step_that_fails_costs_a_retry_and_not_the_session() {
    for step in FAILURES {
        survive(step);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_kill_in_the_middle_of_a_call_is_survived() {
    let (stage, folder) = (Stage::open(600).await, tempfile::tempdir().unwrap());
    let first = keeper(&stage, folder.path()).await;
    signed_in(&first).await;
    first.shutdown().await;
    stage.mood(support::Mood::AnswersLate(Duration::from_secs(20)));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", THIS_TEST, "--nocapture"])
        .env(STAGE, stage.address.to_string())
        .env(FOLDER, folder.path())
        .spawn()
        .unwrap();
    support::until("the server has rotated", || {
        stage.inner.rotations.load(Ordering::SeqCst) == 1
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    stage.mood(support::Mood::Sound);

    let next = keeper(&stage, folder.path()).await;
    until_snapshot(&next, "back", |snapshot| snapshot.refreshes >= 1).await;

    let attempts = stage.attempts();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0], attempts[1]);
    assert_eq!(stage.inner.rotations.load(Ordering::SeqCst), 1);
}
