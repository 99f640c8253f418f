//! Sessions bound to a key of the device: over a real socket, against a server that checks every proof by itself.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use keeper::vault::{MemoryVault, Vault};
use keeper::{Keeper, SignInError, SlotId};
use keeper_core::{Banner, EndReason, Fault, Persistence, SessionPhase, VaultFault};
use serde_json::Value;
use support::{Stage, password, signed_in, until, until_snapshot};
use tempfile::TempDir;

struct Device {
    stage: Stage,
    folder: TempDir,
    vault: Arc<MemoryVault>,
}

impl Device {
    async fn new(expires_in_seconds: u64) -> Self {
        let stage = Stage::open(expires_in_seconds).await;
        stage.inner.proofs.lock().unwrap().nonce = Some("nonce-1".to_owned());
        Self {
            stage,
            folder: tempfile::tempdir().unwrap(),
            vault: Arc::new(MemoryVault::new()),
        }
    }

    async fn keeper(&self) -> Keeper {
        self.stage.keeper(self.folder.path(), &self.vault).await
    }

    fn bound_to(&self) -> Vec<String> {
        let sessions = self.stage.inner.sessions.lock().unwrap();
        let mut bound: Vec<_> = sessions
            .iter()
            .map(|(id, session)| (id.clone(), session.bound_to.clone().unwrap()))
            .collect();
        bound.sort();
        bound.into_iter().map(|(_, key)| key).collect()
    }

    fn asked(&self) -> u32 {
        self.stage.inner.proofs.lock().unwrap().asked
    }

    fn nonce(&self, nonce: &str) {
        self.stage.inner.proofs.lock().unwrap().nonce = Some(nonce.to_owned());
    }

    /// Makes the keeper refresh and waits for it.
    async fn refresh(&self, keeper: &Keeper) {
        let before = keeper.snapshots().borrow().refreshes;
        tokio::time::sleep(Duration::from_millis(150)).await;
        self.stage.expire_access();
        assert_eq!(
            keeper.client().send(get("/v1/auth/me")).await.unwrap().status(),
            200
        );
        until_snapshot(keeper, "one refresh", |snapshot| snapshot.refreshes == before + 1).await;
    }
}

fn get(path: &str) -> Request<Bytes> {
    Request::builder().uri(path).body(Bytes::new()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_out_nonce_costs_one_more_post_of_the_same_attempt_and_nothing_else() {
    let device = Device::new(600).await;
    let keeper = device.keeper().await;
    signed_in(&keeper).await;
    assert_eq!(device.asked(), 1, "the first sign-in learns the nonce");
    device.refresh(&keeper).await;
    assert_eq!((device.asked(), device.stage.refreshes()), (1, 1));

    device.nonce("nonce-2");
    let mut snapshots = keeper.snapshots();
    snapshots.mark_unchanged();
    device.refresh(&keeper).await;
    assert_eq!((device.asked(), device.stage.refreshes()), (2, 3));
    let attempts = device.stage.attempts();
    assert_eq!(attempts[1], attempts[2], "the same token, the same attempt");
    assert_eq!(snapshots.borrow().banner, Banner::Hidden);

    device.refresh(&keeper).await;
    assert_eq!((device.asked(), device.stage.refreshes()), (2, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_serves_the_device_over_restarts_sign_outs_operators_and_processes() {
    let device = Device::new(600).await;
    let first = device.keeper().await;
    signed_in(&first).await;
    first.shutdown().await;

    let (second, third) = (device.keeper().await, device.keeper().await);
    for keeper in [&second, &third] {
        until_snapshot(keeper, "restored", |snapshot| snapshot.refreshes == 1).await;
    }
    device.refresh(&third).await;
    second.sign_out().await;
    second.sign_in("paul", password()).await.unwrap();
    let fourth = device.keeper().await;
    fourth.sign_in("jeanne", password()).await.unwrap();

    let bound = device.bound_to();
    assert_eq!(bound.len(), 3);
    assert!(bound.iter().all(|key| *key == bound[0]), "{bound:?}");
    let kept: Value = serde_json::from_slice(&device.vault.peek("device-key").unwrap()).unwrap();
    assert_eq!(kept["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_token_is_worth_nothing_and_costs_the_operator_nothing() {
    let device = Device::new(600).await;
    let keeper = device.keeper().await;
    signed_in(&keeper).await;
    let slot = SlotId::of(&device.stage.target(), "marie");
    let record: Value = serde_json::from_slice(&device.vault.peek(slot.as_str()).unwrap()).unwrap();

    let thief = tempfile::tempdir().unwrap();
    let loot = Arc::new(MemoryVault::new());
    loot.put(slot.as_str(), record.to_string().as_bytes());
    let index = device.folder.path().join("index.json");
    until("the index is written", || index.exists()).await;
    std::fs::copy(index, thief.path().join("index.json")).unwrap();
    let theirs = device.stage.keeper(thief.path(), &loot).await;
    let lost = Banner::Ended {
        reason: EndReason::KeyLost,
    };
    until_snapshot(&theirs, "refused", |snapshot| snapshot.banner == lost).await;
    assert!(theirs.access().is_none());

    device.refresh(&keeper).await;
    assert_eq!(keeper.snapshots().borrow().banner, Banner::Hidden);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_keychain_a_key_in_memory_serves_and_is_kept_when_it_comes_back() {
    let device = Device::new(600).await;
    device.vault.fail(Some(VaultFault::Locked));
    let keeper = device.keeper().await;
    signed_in(&keeper).await;
    let locked = Persistence::MemoryOnly {
        fault: VaultFault::Locked,
    };
    assert_eq!(keeper.snapshots().borrow().persistence, locked);
    device.refresh(&keeper).await;

    device.vault.fail(None);
    until_snapshot(&keeper, "durable", |snapshot| {
        snapshot.persistence == Persistence::Durable
    })
    .await;
    keeper.shutdown().await;
    let again = device.keeper().await;
    until_snapshot(&again, "restored", |snapshot| snapshot.refreshes == 1).await;
    assert_eq!(again.snapshots().borrow().phase, SessionPhase::SignedIn);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_proofs_or_asks_for_ever_ends_nothing_and_is_not_flooded() {
    let device = Device::new(2).await;
    let keeper = device.keeper().await;
    signed_in(&keeper).await;
    device.stage.inner.proofs.lock().unwrap().refuses = true;
    let refused = Banner::Misconfigured {
        fault: Fault::ProofRefused,
    };
    until_snapshot(&keeper, "told", |snapshot| {
        snapshot.banner == refused && snapshot.access_end.is_none()
    })
    .await;
    device.stage.inner.proofs.lock().unwrap().refuses = false;
    until_snapshot(&keeper, "well again", |snapshot| {
        snapshot.banner == Banner::Hidden
    })
    .await;

    device.stage.inner.proofs.lock().unwrap().asks_for_ever = true;
    until_snapshot(&keeper, "no access", |snapshot| snapshot.access_end.is_none()).await;
    let before = device.stage.refreshes();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let sent = device.stage.refreshes() - before;
    assert!(sent < 40, "{sent} in 2 s with pauses shortened tenfold and more");
    assert_eq!(keeper.snapshots().borrow().phase, SessionPhase::SignedIn);
    assert_eq!(
        keeper.sign_in("marie", password()).await,
        Err(SignInError::ServerDown)
    );
    device.stage.inner.proofs.lock().unwrap().asks_for_ever = false;
    until_snapshot(&keeper, "well again", |snapshot| {
        snapshot.banner == Banner::Hidden && snapshot.access_end.is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_gone_offers_a_new_sign_in_and_that_one_works() {
    let device = Device::new(600).await;
    let keeper = device.keeper().await;
    signed_in(&keeper).await;
    keeper.shutdown().await;
    device.vault.secret_delete("device-key").await.unwrap();
    let again = device.keeper().await;
    let lost = Banner::Ended {
        reason: EndReason::KeyLost,
    };
    until_snapshot(&again, "told", |snapshot| snapshot.banner == lost).await;
    signed_in(&again).await;
    device.refresh(&again).await;
    let bound = device.bound_to();
    assert_ne!(bound[0], bound[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_judges_no_proofs_is_served_as_ever() {
    let device = Device::new(600).await;
    device.stage.inner.proofs.lock().unwrap().nonce = None;
    let keeper = device.keeper().await;
    signed_in(&keeper).await;
    keeper.shutdown().await;
    device.vault.secret_delete("device-key").await.unwrap();
    let again = device.keeper().await;
    until_snapshot(&again, "restored", |snapshot| snapshot.refreshes == 1).await;
    assert_eq!(again.snapshots().borrow().banner, Banner::Hidden);
    assert_eq!(device.stage.inner.logins.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_private_key_stands_in_the_keychain_and_nowhere_else() {
    let device = Device::new(600).await;
    let keeper = device.keeper().await;
    signed_in(&keeper).await;
    device.refresh(&keeper).await;
    let kept: Value = serde_json::from_slice(&device.vault.peek("device-key").unwrap()).unwrap();
    let key = kept["keys"][0].as_str().unwrap().to_owned();
    until("decisions written", || {
        keeper
            .decisions(&SlotId::of(&device.stage.target(), "marie"))
            .is_ok_and(|entries| entries.len() > 1)
    })
    .await;
    for file in std::fs::read_dir(device.folder.path()).unwrap() {
        let text = std::fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(!text.contains(&key[40..80]), "{text}");
    }
}
