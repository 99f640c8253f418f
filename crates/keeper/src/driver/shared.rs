//! What the driver's task, its calls and its callers share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use keeper_core::{
    AccessGrant, Connection, Input, KeyThumbprint, Moment, Notice, OperatorAct, SessionSnapshot, Trouble,
};
use secrecy::SecretString;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::Message;
use crate::journal::{DecisionEntry, JournalFolder, SlotIndex};
use crate::listening::ServerEvent;
use crate::profile::{Possession, Reply, SignedIn};
use crate::proof::Prover;
use crate::report::Counts;
use crate::{KeeperConfig, Limits, SignInError, SlotId};

/// The operator's input is passed on at most this often, in milliseconds.
const INPUT_SPACING_MS: u64 = 1_000;
/// That the server answers is passed on at most this often while all is well, in milliseconds.
const REACHED_SPACING_MS: u64 = 1_000;
/// Pause between tries to remove what a signed-out operator left in a keychain that was away.
const DELETION_PAUSE: Duration = Duration::from_secs(30);

/// The access token in force, ready to be put on a request.
pub(crate) struct Handed {
    pub(crate) epoch: u64,
    pub(crate) operator: String,
    pub(crate) grant: Arc<AccessGrant>,
    pub(crate) bearer: HeaderValue,
}

impl Handed {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.grant.serial == other.grant.serial
    }
}

/// Changes whenever somebody who waits for a token has something to look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// How often it was known that no token is to be had just now.
    pub(crate) failures: u64,
    /// How often a refused token was found too fresh to be replaced.
    pub(crate) declined: u64,
    pub(crate) trouble: Trouble,
    pub(crate) stopped: bool,
}

type IndexChange = Box<dyn FnOnce(&mut SlotIndex) + Send>;

async fn change_index(journals: JournalFolder, mut queue: mpsc::UnboundedReceiver<IndexChange>) {
    while let Some(change) = queue.recv().await {
        if let Err(fault) = journals.change_index(change).await {
            tracing::warn!(%fault, "the index of sessions was not written");
        }
    }
}

pub(crate) struct Shared {
    pub(crate) config: KeeperConfig,
    pub(crate) journals: JournalFolder,
    pub(crate) access: ArcSwapOption<Handed>,
    pub(crate) snapshot: watch::Sender<Arc<SessionSnapshot>>,
    pub(crate) outcome: watch::Sender<Outcome>,
    pub(crate) settled: watch::Sender<bool>,
    pub(crate) notices: broadcast::Sender<Notice>,
    pub(crate) prover: Prover,
    pub(crate) events: broadcast::Sender<ServerEvent>,
    counts: Mutex<Counts>,
    messages: mpsc::UnboundedSender<Message>,
    index_changes: mpsc::UnboundedSender<IndexChange>,
    last_input_ms: AtomicU64,
    last_reached_ms: AtomicU64,
    epoch: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        config: KeeperConfig,
        journals: JournalFolder,
        snapshot: SessionSnapshot,
        messages: mpsc::UnboundedSender<Message>,
    ) -> Arc<Self> {
        let (index_changes, queue) = mpsc::unbounded_channel();
        tokio::spawn(change_index(journals.clone(), queue));
        Arc::new(Self {
            counts: Mutex::new(Counts::new(config.clock.now())),
            config,
            journals,
            access: ArcSwapOption::empty(),
            snapshot: watch::Sender::new(Arc::new(snapshot)),
            outcome: watch::Sender::new(Outcome {
                failures: 0,
                declined: 0,
                trouble: Trouble::ServerDown,
                stopped: false,
            }),
            settled: watch::Sender::new(false),
            notices: broadcast::Sender::new(64),
            prover: Prover::default(),
            events: broadcast::Sender::new(64),
            messages,
            index_changes,
            last_input_ms: AtomicU64::new(0),
            last_reached_ms: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
        })
    }

    pub(crate) fn send(&self, message: Message) {
        let _ = self.messages.send(message);
    }

    pub(crate) fn send_input(&self, epoch: u64, input: Input) {
        self.send(Message::Input { epoch, input });
    }

    pub(crate) fn send_active(&self, input: Input) {
        self.send(Message::Active(input));
    }

    /// Now.
    pub(crate) fn now(&self) -> Moment {
        self.config.clock.now()
    }

    /// The access token, if it has not died at this moment.
    pub(crate) fn living(&self, now: Moment) -> Option<Arc<Handed>> {
        self.access
            .load_full()
            .filter(|handed| now < handed.grant.expires)
    }

    /// Tells the machine that the server answered a request begun then, where that is news and where it was the server.
    pub(crate) fn note_answer(&self, response: &Response<Bytes>, begun_at: Moment) {
        self.prover.learn(response.headers());
        if matches!(self.snapshot.borrow().connection, Connection::Online) {
            let last = self.last_reached_ms.load(Ordering::Relaxed);
            if begun_at.as_ms().saturating_sub(last) < REACHED_SPACING_MS {
                return;
            }
            self.last_reached_ms.store(self.now().as_ms(), Ordering::Relaxed);
        }
        let kind = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        if response.status().as_u16() < 500 && kind.contains("json") {
            self.send_active(Input::Reached(Ok(())));
        }
    }

    pub(crate) fn note_operator_input(&self) {
        let now = self.config.clock.now().as_ms();
        let last = self.last_input_ms.load(Ordering::Relaxed);
        let fresh = last != 0 && now.saturating_sub(last) < INPUT_SPACING_MS;
        if !fresh
            && self
                .last_input_ms
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.send_active(Input::Operator(OperatorAct::Input));
        }
    }

    /// Another slot's session takes the place of the one before.
    pub(super) fn begin_epoch(&self, epoch: u64) {
        self.access.store(None);
        *self.counts() = Counts::new(self.config.clock.now());
        self.epoch.store(epoch, Ordering::SeqCst);
        self.outcome.send_modify(|_| {});
    }

    /// The epoch of the active slot; zero before there is one.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    pub(super) fn hand_out(&self, epoch: u64, operator: String, grant: Option<AccessGrant>) {
        let handed = grant.and_then(|grant| {
            let mut bearer = HeaderValue::try_from(format!("Bearer {}", grant.token.expose())).ok()?;
            bearer.set_sensitive(true);
            Some(Arc::new(Handed {
                epoch,
                operator,
                grant: Arc::new(grant),
                bearer,
            }))
        });
        self.access.store(handed);
        self.outcome.send_modify(|_| {});
    }

    /// What this device counts of its own states.
    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn publish(&self, snapshot: SessionSnapshot) {
        self.counts().see(&snapshot, self.config.clock.now());
        self.snapshot.send_replace(Arc::new(snapshot));
        self.outcome.send_modify(|_| {});
    }

    pub(super) fn note_failure(&self, trouble: Trouble) {
        self.outcome.send_modify(|outcome| {
            outcome.failures += 1;
            outcome.trouble = trouble;
        });
    }

    pub(super) fn note_declined(&self) {
        self.outcome.send_modify(|outcome| outcome.declined += 1);
    }

    pub(super) fn settle(&self) {
        self.settled.send_replace(true);
        self.outcome.send_modify(|_| {});
    }

    pub(super) fn stopped(&self) {
        self.access.store(None);
        self.settled.send_replace(true);
        self.outcome.send_modify(|outcome| outcome.stopped = true);
    }

    pub(super) fn record(self: &Arc<Self>, slot: SlotId, entry: DecisionEntry) {
        let shared = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            if let Err(fault) = shared.journals.record(&slot, &entry) {
                tracing::debug!(%slot, %fault, "a decision was not recorded");
            }
        });
    }

    pub(super) fn remember_active(&self, slot: SlotId, operator: String) {
        let server = self.config.server.name();
        self.change_index(move |index| {
            index.to_delete.retain(|other| other != slot.as_str());
            index.active.insert(server, operator);
        });
    }

    /// The operator signs out: from now on no start brings the session back, and what a crash leaves of it is removed.
    pub(super) fn leave(&self, slot: SlotId, operator: String) {
        let server = self.config.server.name();
        self.change_index(move |index| {
            let slot = slot.to_string();
            if !index.to_delete.contains(&slot) {
                index.to_delete.push(slot);
            }
            if index
                .active
                .get(&server)
                .is_some_and(|active| *active == operator)
            {
                index.active.remove(&server);
            }
        });
    }

    /// Changes to the index are made in the order in which they were asked for.
    fn change_index(&self, change: impl FnOnce(&mut SlotIndex) + Send + 'static) {
        let _ = self.index_changes.send(Box::new(change));
    }

    /// Keeps trying to remove a slot whose operator has signed out, until it is gone or signed in to again.
    pub(super) fn finish_deletion(self: &Arc<Self>, slot: SlotId) {
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                let Some(shared) = weak.upgrade() else { return };
                let wanted = shared
                    .journals
                    .index()
                    .is_ok_and(|index| index.to_delete.iter().any(|other| other == slot.as_str()));
                if !wanted || shared.outcome.borrow().stopped {
                    return;
                }
                if shared.config.vault.secret_delete(slot.as_str()).await.is_ok() {
                    return shared.deleted(slot);
                }
                drop(shared);
                tokio::time::sleep(DELETION_PAUSE).await;
            }
        });
    }

    /// Nothing of this slot is left in the keychain.
    pub(super) fn deleted(&self, slot: SlotId) {
        self.change_index(move |index| index.to_delete.retain(|other| other != slot.as_str()));
    }

    /// Waits until every change to the index that was asked for so far is on disk.
    pub(super) async fn index_written(&self) {
        let (done, written) = oneshot::channel();
        self.change_index(move |_| {
            let _ = done.send(());
        });
        let _ = written.await;
    }

    pub(super) fn send_sign_in(
        self: &Arc<Self>,
        username: String,
        password: SecretString,
        done: oneshot::Sender<Result<protocol::auth::Me, SignInError>>,
    ) {
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            let config = &shared.config;
            config.vault.permit_prompt();
            let key = match config.profile.possession() {
                Possession::Unproved => None,
                Possession::Dpop => shared.prover.key_to_sign_in(config.vault.as_ref()).await,
            };
            let (sent, answer) = shared.ask_to_sign_in(&username, &password, key).await;
            drop(password);
            match answer {
                Ok(signed_in) => shared.send(Message::SignInAnswered {
                    operator: username,
                    signed_in: Box::new(signed_in),
                    bound_to: key,
                    sent,
                    done,
                }),
                Err(error) => {
                    tracing::info!(code = error.code(), "nobody was signed in");
                    let _ = done.send(Err(error));
                }
            }
        });
    }

    /// Sends a sign-in, and once more where the server wants its nonce in the proof. A password is never sent a third time.
    async fn ask_to_sign_in(
        &self,
        username: &str,
        password: &SecretString,
        key: Option<KeyThumbprint>,
    ) -> (Moment, Result<SignedIn, SignInError>) {
        let config = &self.config;
        let mut is_repeated = false;
        loop {
            let mut request = config.profile.sign_in_request(username, password, &config.device);
            if let Some(key) = key {
                self.prover
                    .sign(key, &mut request, &config.server, config.clock.as_ref());
            }
            let sent = config.clock.now();
            let response = match config.transport.send(request, Limits::AUTH).await {
                Ok(response) => response,
                Err(fault) => return (sent, Err(SignInError::from(fault))),
            };
            self.prover.learn(response.headers());
            let reply = Reply::of(&response, config.clock.wall_ms());
            if is_repeated || key.is_none() || !config.profile.wants_nonce(reply) {
                return (sent, config.profile.read_sign_in(reply));
            }
            is_repeated = true;
        }
    }
}
