//! The one task that owns the state machine: it carries outputs out in order and brings their answers back in.

mod calls;
mod entropy;
mod farewell;
mod message;
mod outputs;
mod shared;
mod store;
mod waiters;

use std::sync::Arc;
use std::time::Duration;

use keeper_core::{
    Banner, Connection, Input, Keeper as Core, LockAnswer, Moment, Output, SessionSnapshot, Slot, Trouble,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

pub(crate) use entropy::OsEntropy;
pub(crate) use message::Message;
pub(crate) use shared::{Handed, Outcome, Shared};

use self::store::StoreWorker;
use self::waiters::{Farewell, RetryWaiter, SignInWaiter, SignOutWaiter};
use crate::clock::WakeWatch;
use crate::handle::OpenError;
use crate::journal::JournalFolder;
use crate::link::LinkWatch;
use crate::slot::normalised;
use crate::{KeeperConfig, ServerTarget, SlotId};

/// The clock is looked at this often at least, so that sleep and missed timers show.
const TICK: Duration = Duration::from_secs(1);
/// A timer that stays due is not looked at more often than this.
const SPIN_GUARD: Duration = Duration::from_millis(5);
/// How long stopping takes at most.
const STOP_WAIT: Duration = Duration::from_secs(6);

/// One slot's state machine with its store.
struct Active {
    epoch: u64,
    slot: SlotId,
    core: Core,
    store: StoreWorker,
    calls_out: u32,
    logouts_out: u32,
    /// Whether the machine wants the lock or has it.
    in_cycle: bool,
    /// Whether it has it.
    holds_lock: bool,
}

pub(crate) struct Driver {
    shared: Arc<Shared>,
    inbox: mpsc::UnboundedReceiver<Message>,
    active: Option<Active>,
    epochs: u64,
    entropy: OsEntropy,
    signing_in: Vec<SignInWaiter>,
    retrying: Vec<RetryWaiter>,
    signing_out: Vec<SignOutWaiter>,
    wake: WakeWatch,
    link: Option<LinkWatch>,
}

impl Driver {
    pub(crate) async fn start(config: KeeperConfig) -> Result<Arc<Shared>, OpenError> {
        let journals = JournalFolder::open(&config.folder).map_err(OpenError::Folder)?;
        let (sender, inbox) = mpsc::unbounded_channel();
        let snapshot = SessionSnapshot::signed_out(config.clock.now());
        let shared = Shared::new(config, journals, snapshot, sender);
        let remote = !matches!(shared.config.server, ServerTarget::Embedded);
        let driver = Self {
            wake: WakeWatch::new(shared.config.clock.as_ref()),
            link: remote.then(LinkWatch::new),
            shared: Arc::clone(&shared),
            inbox,
            active: None,
            epochs: 0,
            entropy: OsEntropy,
            signing_in: Vec::new(),
            retrying: Vec::new(),
            signing_out: Vec::new(),
        };
        tracing::info!(server = %shared.config.server, boot = %shared.config.clock.boot_id(), "the keeper starts");
        tokio::spawn(driver.run());
        crate::listening::start(&shared);
        Ok(shared)
    }

    async fn run(mut self) {
        self.restore();
        let mut not_before = Instant::now();
        let mut ticked = Instant::now();
        loop {
            let pause = self
                .until_next_timer()
                .max(not_before.saturating_duration_since(Instant::now()));
            tokio::select! {
                biased;
                message = self.inbox.recv() => match message {
                    None => return,
                    Some(Message::Shutdown { done }) => {
                        self.stop().await;
                        let _ = done.send(());
                        return;
                    }
                    Some(message) => self.take(message),
                },
                () = sleep(pause) => {
                    not_before = Instant::now() + SPIN_GUARD;
                    if ticked.elapsed() >= TICK {
                        ticked = Instant::now();
                        self.look_around();
                    }
                    self.feed_active(Input::TimerFired);
                }
            }
            self.settle_waiters();
        }
    }

    fn until_next_timer(&self) -> Duration {
        let next = self.active.as_ref().and_then(|active| active.core.next_timer());
        let now = self.now();
        next.map_or(TICK, |at| Duration::from_millis(at.since(now).as_ms()).min(TICK))
    }

    fn now(&self) -> Moment {
        self.shared.config.clock.now()
    }

    /// Notices sleep and changes of the link, and counts the time since the last look.
    fn look_around(&mut self) {
        self.shared.counts().look(self.now());
        if self.wake.woke(self.shared.config.clock.as_ref()) {
            tracing::info!("the machine woke up");
            self.feed_active(Input::Woke);
        }
        if let Some(up) = self.link.as_mut().and_then(LinkWatch::changed) {
            tracing::info!(up, "the network link changed");
            self.feed_active(Input::LinkChanged { up });
        }
    }

    /// Brings back the session that was last active at this server.
    fn restore(&mut self) {
        let index = self.shared.journals.index().unwrap_or_default();
        for slot in index.to_delete.iter().filter_map(|text| SlotId::parse(text)) {
            self.shared.finish_deletion(slot);
        }
        let Some(operator) = index.active.get(&self.shared.config.server.name()) else {
            self.shared.settle();
            return;
        };
        self.activate(operator);
        self.feed_active(Input::Started);
    }

    /// Makes this slot the active one. The one before it, if it is another, is parked: its record stays in the keychain.
    fn activate(&mut self, operator: &str) {
        let config = &self.shared.config;
        let slot = SlotId::of(&config.server, operator);
        if self.active.as_ref().is_some_and(|active| active.slot == slot) {
            return;
        }
        self.epochs += 1;
        let store = StoreWorker::start(&self.shared, self.epochs, slot.clone());
        let whose = Slot {
            server: config.server.name(),
            operator: normalised(operator),
        };
        let core = Core::new(
            whose,
            config.profile.capabilities(),
            config.knobs,
            config.clock.now(),
        );
        self.shared.begin_epoch(self.epochs);
        self.active = Some(Active {
            epoch: self.epochs,
            slot,
            core,
            store,
            calls_out: 0,
            logouts_out: 0,
            in_cycle: false,
            holds_lock: false,
        });
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Input { epoch, input } => {
                if let Some(active) = self.active.as_mut().filter(|active| active.epoch == epoch) {
                    let answers_call = matches!(
                        input,
                        Input::RefreshAnswered { .. }
                            | Input::HeartbeatAnswered { .. }
                            | Input::PingAnswered { .. }
                    );
                    active.calls_out -= u32::from(answers_call && active.calls_out > 0);
                    let looked = matches!(input, Input::StoreRead(_) | Input::LockAnswered(LockAnswer::Busy));
                    self.feed_active(input);
                    if looked {
                        self.shared.settle();
                    }
                }
            }
            Message::Active(input) => self.feed_active(input),
            Message::SignIn {
                username,
                password,
                done,
            } => self.shared.send_sign_in(username, password, done),
            Message::SignInAnswered {
                operator,
                signed_in,
                bound_to,
                sent,
                done,
            } => {
                self.signed_in(&operator, *signed_in, bound_to, sent, done);
            }
            Message::LogoutEnded { epoch } => {
                if let Some(active) = self.active.as_mut().filter(|active| active.epoch == epoch) {
                    active.logouts_out = active.logouts_out.saturating_sub(1);
                }
            }
            Message::AccessSuperseded { epoch, done } => {
                if self.active.as_ref().is_some_and(|active| active.epoch == epoch) {
                    self.feed_active(Input::AccessSuperseded);
                }
                let _ = done.send(());
            }
            Message::Retry { done } => self.retry(done),
            Message::SignOut { done } => self.sign_out(done),
            Message::SignedOut { epoch } => {
                let storing =
                    |waiter: &&mut SignOutWaiter| waiter.epoch == epoch && waiter.store == Farewell::Storing;
                self.signing_out
                    .iter_mut()
                    .filter(storing)
                    .for_each(|waiter| waiter.store = Farewell::Done);
            }
            Message::Shutdown { done } => drop(done),
        }
    }

    /// Feeds the machine and carries out what it says.
    fn feed_active(&mut self, input: Input) {
        let now = self.now();
        let Some(active) = self.active.as_mut() else {
            return;
        };
        let epoch = active.epoch;
        let refused = if let Input::RequestRefused { serial } | Input::SessionRefused { serial, .. } = input {
            Some(serial)
        } else {
            None
        };
        let wanted = matches!(input, Input::TokenWanted);
        if matches!(input, Input::LockAnswered(LockAnswer::Busy)) {
            active.in_cycle = false;
        }
        active.holds_lock |= matches!(input, Input::LockAnswered(LockAnswer::Held));
        let outputs = active.core.handle(input, now, &mut self.entropy);
        let cycle_ended = outputs.contains(&Output::ReleaseLock);
        for output in outputs {
            self.carry_out(output);
        }
        let in_cycle = self.active.as_ref().is_some_and(|active| active.in_cycle);
        let handed = self.shared.living(self.shared.now());
        if handed.is_none() && !in_cycle && (cycle_ended || wanted || refused.is_some()) {
            self.shared.note_failure(self.trouble());
        }
        if let Some(handed) = handed
            && refused == Some(handed.grant.serial)
            && handed.epoch == epoch
        {
            self.shared.note_declined();
        }
    }

    /// Why no token is to be had, as the snapshot tells it.
    fn trouble(&self) -> Trouble {
        let snapshot = self.shared.snapshot.borrow();
        match (snapshot.connection, snapshot.banner) {
            (Connection::Lost { trouble }, _) | (_, Banner::ServerDown { trouble }) => trouble,
            (_, Banner::Offline) => Trouble::Offline,
            _ => Trouble::ServerDown,
        }
    }

    /// Lets what was begun under the lock come to its end, a refresh and its storing, then ends.
    async fn stop(&mut self) {
        let finish = async {
            while self.active.as_ref().is_some_and(|active| active.holds_lock) {
                match self.inbox.recv().await {
                    None => break,
                    Some(message) => self.take(message),
                }
            }
            if let Some(active) = self.active.take() {
                active.store.finish().await;
            }
        };
        let _ = timeout(STOP_WAIT, finish).await;
        self.shared.stopped();
    }
}
