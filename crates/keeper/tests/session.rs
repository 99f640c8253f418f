//! The keeper end to end: over a real socket, with a real journal and lock, against a server that counts and misbehaves.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use keeper::vault::MemoryVault;
use keeper::{RequestError, SignInError, SlotId};
use keeper_core::{Banner, EndReason, Persistence, SessionPhase, VaultFault};
use protocol::ErrorCode;
use secrecy::SecretString;
use support::{Mood, Stage, password, signed_in, until, until_snapshot};

fn get(path: &str) -> Request<Bytes> {
    Request::builder().uri(path).body(Bytes::new()).unwrap()
}

fn sale(key: Option<&str>) -> Request<Bytes> {
    let mut request = Request::builder().method(Method::POST).uri("/v1/sales");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    request.body(Bytes::from_static(b"{\"total_cents\":5}")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_makes_the_session_durable_and_authorises_requests() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    assert_eq!(keeper.snapshots().borrow().phase, SessionPhase::SignedOut);
    assert_eq!(
        keeper.client().send(get("/v1/auth/me")).await.unwrap_err(),
        RequestError::SignedOut
    );

    let me = keeper.sign_in(" MARIE ", password()).await.unwrap();

    assert_eq!(me.username, " marie ");
    let slot = SlotId::of(&stage.target(), "marie");
    assert!(
        String::from_utf8(vault.peek(slot.as_str()).unwrap())
            .unwrap()
            .contains("refresh_token")
    );
    assert_eq!(
        keeper.client().send(get("/v1/auth/me")).await.unwrap().status(),
        200
    );
    assert_eq!(keeper.snapshots().borrow().persistence, Persistence::Durable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_sign_in_says_why_and_changes_nothing() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    let wrong = SecretString::from("wrong".to_owned());
    assert_eq!(
        keeper.sign_in("marie", wrong.clone()).await,
        Err(SignInError::InvalidCredentials)
    );
    assert_eq!(
        keeper.sign_in("disabled", password()).await,
        Err(SignInError::AccountDisabled)
    );
    assert_eq!(
        keeper.sign_in("busy", password()).await,
        Err(SignInError::ServerBusy {
            retry_after_seconds: None
        })
    );
    assert_eq!(keeper.snapshots().borrow().phase, SessionPhase::SignedOut);
    assert_eq!(vault.writes(), 0);

    signed_in(&keeper).await;
    assert_eq!(
        keeper.sign_in("marie", wrong).await,
        Err(SignInError::InvalidCredentials)
    );
    assert_eq!(
        keeper.client().send(get("/v1/auth/me")).await.unwrap().status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_on_one_expired_token_cost_one_refresh() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    stage.expire_access();
    stage.mood(Mood::Slow(Duration::from_millis(200)));

    let client = keeper.client();
    let callers: Vec<_> = (0..1_000)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                client
                    .send(get("/v1/auth/me"))
                    .await
                    .map(|answer| answer.status())
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), 200);
    }

    assert_eq!(stage.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_does_not_cancel_the_refresh() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    stage.expire_access();
    stage.mood(Mood::Slow(Duration::from_millis(300)));
    let client = keeper.client();
    let caller = tokio::spawn(async move { client.send(get("/v1/auth/me")).await });
    until("the refresh left", || stage.refreshes() == 1).await;
    caller.abort();
    until_snapshot(&keeper, "the refresh counted", |snapshot| snapshot.refreshes == 1).await;
    assert_eq!(
        keeper.client().send(get("/v1/auth/me")).await.unwrap().status(),
        200
    );
    assert_eq!(stage.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_is_repeated_only_with_its_key() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    tokio::time::sleep(Duration::from_millis(150)).await;

    stage.expire_access();
    assert_eq!(
        keeper.client().send(sale(None)).await.unwrap_err(),
        RequestError::NotRepeatable
    );
    until_snapshot(&keeper, "the refresh came all the same", |snapshot| {
        snapshot.refreshes == 1
    })
    .await;
    assert_eq!(stage.inner.sales.load(Ordering::SeqCst), 0);

    tokio::time::sleep(Duration::from_millis(150)).await;
    stage.expire_access();
    let answer = keeper.client().send(sale(Some("k1"))).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.body().as_ref()),
        (201, &b"{\"total_cents\":5}"[..])
    );
    assert_eq!(stage.inner.sales.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_refreshed_ahead_of_time_and_no_caller_notices() {
    let (stage, folder, vault) = (
        Stage::open(2).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    for _ in 0..60 {
        assert_eq!(
            keeper.client().send(get("/v1/auth/me")).await.unwrap().status(),
            200
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let snapshot = keeper.snapshots().borrow().clone();
    assert!(snapshot.refreshes >= 3, "{snapshot:?}");
    assert_eq!(stage.refreshes(), snapshot.refreshes);
    assert_eq!(stage.inner.rotations.load(Ordering::SeqCst), snapshot.generation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_asked_for_again_with_the_same_attempt() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    stage.mood(Mood::LosesAnswers(2));
    stage.expire_access();
    let _ = keeper.client().send(get("/v1/auth/me")).await;
    until_snapshot(&keeper, "the answer arrived", |snapshot| snapshot.refreshes == 1).await;

    let attempts = stage.attempts();
    assert_eq!(attempts.len(), 3);
    assert!(
        attempts.iter().all(|attempt| *attempt == attempts[0]),
        "{attempts:?}"
    );
    assert_eq!(stage.inner.rotations.load(Ordering::SeqCst), 1);
    assert_eq!(
        keeper.client().send(get("/v1/auth/me")).await.unwrap().status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_brings_the_session_back_and_repeats_an_open_attempt() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let first = stage.keeper(folder.path(), &vault).await;
    signed_in(&first).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    stage.mood(Mood::AnswersLate(Duration::from_secs(30)));
    stage.expire_access();
    let client = first.client();
    tokio::spawn(async move { client.send(get("/v1/auth/me")).await });
    until("the server has rotated", || {
        stage.inner.rotations.load(Ordering::SeqCst) == 1
    })
    .await;
    // The process ends here: nothing of it goes on, and its lock falls.
    let folder_copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder_copy.path().join(entry.file_name())).unwrap();
    }
    stage.mood(Mood::Sound);

    let second = stage.keeper(folder_copy.path(), &vault).await;
    until_snapshot(&second, "restored", |snapshot| snapshot.refreshes == 1).await;

    let attempts = stage.attempts();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0], attempts[1]);
    assert_eq!(stage.inner.rotations.load(Ordering::SeqCst), 1);
    assert_eq!(
        second.client().send(get("/v1/auth/me")).await.unwrap().status(),
        200
    );
    assert_eq!(stage.inner.logins.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_refresh_once_a_generation() {
    let (stage, folder, vault) = (
        Stage::open(2).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let first = stage.keeper(folder.path(), &vault).await;
    signed_in(&first).await;
    let second = stage.keeper(folder.path(), &vault).await;
    until_snapshot(&second, "restored", |snapshot| {
        snapshot.phase == SessionPhase::SignedIn
    })
    .await;
    for _ in 0..50 {
        for keeper in [&first, &second] {
            assert_eq!(
                keeper.client().send(get("/v1/auth/me")).await.unwrap().status(),
                200
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let attempts = stage.attempts();
    let mut tokens: Vec<_> = attempts.iter().map(|(token, ..)| token.clone()).collect();
    tokens.dedup();
    assert_eq!(
        tokens.len(),
        attempts.len(),
        "a generation was refreshed twice: {attempts:?}"
    );
    assert!(attempts.len() >= 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_during_a_refresh_stays_signed_out() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    stage.mood(Mood::AnswersLate(Duration::from_millis(400)));
    stage.expire_access();
    let client = keeper.client();
    let caller = tokio::spawn(async move { client.send(get("/v1/auth/me")).await });
    until("the refresh left", || stage.refreshes() == 1).await;

    keeper.sign_out().await;

    let slot = SlotId::of(&stage.target(), "marie");
    assert_eq!(vault.peek(slot.as_str()), None);
    assert_eq!(keeper.snapshots().borrow().phase, SessionPhase::SignedOut);
    assert!(keeper.access().is_none());
    assert_eq!(caller.await.unwrap().unwrap_err(), RequestError::SignedOut);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(vault.peek(slot.as_str()), None);
    assert!(keeper.access().is_none());
    let next = stage.keeper(folder.path(), &vault).await;
    assert_eq!(next.snapshots().borrow().phase, SessionPhase::SignedOut);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_tells_the_server() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    keeper.sign_out().await;
    until("the server knows", || {
        stage.inner.logouts.load(Ordering::SeqCst) == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_signed_out_while_the_keychain_is_away_does_not_come_back() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    vault.fail(Some(VaultFault::Locked));
    keeper.sign_out().await;
    keeper.shutdown().await;
    vault.fail(None);
    let slot = SlotId::of(&stage.target(), "marie");
    assert!(vault.peek(slot.as_str()).is_some());
    let next = stage.keeper(folder.path(), &vault).await;
    assert_eq!(next.snapshots().borrow().phase, SessionPhase::SignedOut);
    until("what was left is removed", || vault.peek(slot.as_str()).is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_session_ends_with_its_reason() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    stage.end_sessions(ErrorCode::SessionRevoked);
    assert_eq!(
        keeper.client().send(get("/v1/auth/me")).await.unwrap().status(),
        401
    );
    until_snapshot(&keeper, "ended", |snapshot| {
        snapshot.banner
            == Banner::Ended {
                reason: EndReason::Revoked,
            }
    })
    .await;
    assert_eq!(
        keeper.client().send(get("/v1/auth/me")).await.unwrap_err(),
        RequestError::SessionOver(EndReason::Revoked)
    );
    let slot = SlotId::of(&stage.target(), "marie");
    assert!(
        vault.peek(slot.as_str()).is_some(),
        "a refused record is set aside, not deleted"
    );
    stage.inner.sessions.lock().unwrap().clear();
    signed_in(&keeper).await;
    assert_eq!(
        keeper.client().send(get("/v1/auth/me")).await.unwrap().status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_or_a_broken_server_never_ends_the_session() {
    let html = "<html>Please accept our terms</html>".to_owned();
    let moods = [
        Mood::Says(200, "text/html", html.clone()),
        Mood::Says(302, "text/html", html.clone()),
        Mood::Says(401, "text/html", html.clone()),
        Mood::Says(401, "application/json", "{\"detail\":\"no\"}".to_owned()),
        Mood::Says(
            403,
            "application/json",
            "{\"code\":\"session_revoked\"}".to_owned(),
        ),
        Mood::Says(
            400,
            "application/json",
            "{\"error\":\"invalid_grant\"}".to_owned(),
        ),
        Mood::Says(511, "text/html", html),
        Mood::Says(200, "application/json", "{\"access_token\":\"a\"".to_owned()),
        Mood::Says(
            200,
            "application/json",
            "{\"access_token\":\"a\",\"expires_in\":0}".to_owned(),
        ),
        Mood::Refuses(ErrorCode::RateLimited),
        Mood::Refuses(ErrorCode::Internal),
    ];
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    for (count, mood) in (1_u32..).zip(moods) {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let before = stage.refreshes();
        stage.mood(mood.clone());
        stage.expire_access();
        let answer = keeper.client().send(get("/v1/auth/me")).await;
        assert!(
            matches!(answer, Err(RequestError::NoToken(_))),
            "{mood:?}: {answer:?}"
        );
        until("an attempt was made", || stage.refreshes() > before).await;
        assert_eq!(
            keeper.snapshots().borrow().phase,
            SessionPhase::SignedIn,
            "{mood:?}"
        );
        stage.mood(Mood::Sound);
        until_snapshot(&keeper, "refreshed", |snapshot| snapshot.refreshes == count).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_keychain_the_session_lives_in_memory_and_says_so() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    vault.fail(Some(VaultFault::Locked));
    signed_in(&keeper).await;
    let expected = Banner::KeychainUnavailable {
        fault: VaultFault::Locked,
    };
    until_snapshot(&keeper, "the banner", |snapshot| snapshot.banner == expected).await;
    assert_eq!(
        keeper.client().send(get("/v1/auth/me")).await.unwrap().status(),
        200
    );
    let files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            !text.contains("access-") && !text.contains("00000000-0000-7000-8000"),
            "{file:?}: {text}"
        );
    }
    vault.fail(None);
    until_snapshot(&keeper, "durable again", |snapshot| {
        snapshot.persistence == Persistence::Durable
    })
    .await;
    let slot = SlotId::of(&stage.target(), "marie");
    until("it is in the keychain", || vault.peek(slot.as_str()).is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_operator_gets_a_slot_of_her_own() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    let first = keeper.access().unwrap();
    keeper.sign_in("paul", password()).await.unwrap();
    let second = keeper.access().unwrap();
    assert_ne!(first.token, second.token);
    assert_eq!(keeper.snapshots().borrow().operator.as_deref(), Some("paul"));
    assert!(
        vault
            .peek(SlotId::of(&stage.target(), "marie").as_str())
            .is_some()
    );
    assert!(vault.peek(SlotId::of(&stage.target(), "paul").as_str()).is_some());
    keeper.shutdown().await;
    let next = stage.keeper(folder.path(), &vault).await;
    until_snapshot(&next, "paul is back", |snapshot| {
        snapshot.operator.as_deref() == Some("paul")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_every_token_does_not_make_callers_wait_or_spin() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    let stop = tokio::time::Instant::now() + Duration::from_secs(1);
    while tokio::time::Instant::now() < stop {
        stage.expire_access();
        let client = keeper.client();
        let answer = client.send(get("/v1/auth/me"));
        let _ = tokio::time::timeout(Duration::from_secs(2), answer)
            .await
            .unwrap();
    }
    assert!(stage.refreshes() <= 15, "{}", stage.refreshes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_are_kept_for_the_diagnosis() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    stage.end_sessions(ErrorCode::SessionIdle);
    let _ = keeper.client().send(get("/v1/auth/me")).await;
    let slot = SlotId::of(&stage.target(), "marie");
    until("the end is recorded", || {
        keeper.decisions(&slot).unwrap().iter().any(|entry| {
            entry.decision
                == keeper_core::Decision::Ended {
                    reason: EndReason::Idle,
                }
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_one_operator_is_sent_in_the_name_of_another() {
    let (stage, folder, vault) = (
        Stage::open(600).await,
        tempfile::tempdir().unwrap(),
        Arc::new(MemoryVault::new()),
    );
    let keeper = stage.keeper(folder.path(), &vault).await;
    signed_in(&keeper).await;
    let maries = keeper.client().only_for(" MARIE");
    assert_eq!(maries.send(sale(Some("k1"))).await.unwrap().status(), 201);
    tokio::time::sleep(Duration::from_millis(150)).await;
    stage.mood(Mood::Slow(Duration::from_secs(5)));
    stage.expire_access();
    let client = keeper.client();
    let waiting = tokio::spawn(async move { client.send(sale(Some("k2"))).await });
    until("the refresh left", || stage.refreshes() == 1).await;

    keeper.sign_in("paul", password()).await.unwrap();

    assert_eq!(waiting.await.unwrap().unwrap_err(), RequestError::SignedOut);
    assert_eq!(
        maries.send(sale(Some("k3"))).await.unwrap_err(),
        RequestError::SignedOut
    );
    assert_eq!(stage.inner.sales.load(Ordering::SeqCst), 1);
    assert_eq!(
        keeper.client().send(sale(Some("k4"))).await.unwrap().status(),
        201
    );
}
