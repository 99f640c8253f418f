//! The work: whose it is, the key it is sealed under, the ticket in hand, and what waits to be sent.

use keeper::SlotId;
use keeper_core::{SessionPhase, VaultFault};
use tokio::task::AbortHandle;

use super::Controller;
use super::event::{Event, InHand};
use super::request::{Reply, WorkRequest};
use crate::api::ServerSales;
use crate::view::{Millis, UiError, UiErrorCode};
use crate::work::key::kept_key;
use crate::work::sender::{Bell, Sender, SenderNews};
use crate::work::{Counts, JournalFault, KeyInForce, WorkDesk, WorkKey};

/// What the controller holds of the work.
pub(super) struct Work {
    pub(super) desk: WorkDesk,
    pub(super) bell: Bell,
    open: Option<OpenWork>,
    disk_fault: Option<UiError>,
    set_aside: Option<String>,
}

/// The work of the operator who is signed in, or was until the session ended.
struct OpenWork {
    slot: SlotId,
    key: KeyState,
    in_hand: InHand,
    counts: Counts,
    saved_at: Option<Millis>,
    sender: Option<AbortHandle>,
}

enum KeyState {
    /// The keychain is being asked; requests wait.
    Asked,
    /// Known. `again` says whether the keychain is being asked once more.
    Known { key: KeyInForce, again: Again },
}

/// Whether work can be taken in just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Nobody is signed in.
    Nobody,
    /// The keychain is being asked for the key.
    KeyAwaited,
    /// It can.
    Ready,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    No,
    Asked,
}

impl Drop for OpenWork {
    fn drop(&mut self) {
        if let Some(sender) = &self.sender {
            sender.abort();
        }
    }
}

impl Work {
    pub(super) fn new(desk: WorkDesk) -> Self {
        Self {
            desk,
            bell: Bell::default(),
            open: None,
            disk_fault: None,
            set_aside: None,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.open
            .as_ref()
            .map_or_else(Counts::default, |open| open.counts)
    }

    pub(super) fn saved_at(&self) -> Option<Millis> {
        self.open.as_ref().and_then(|open| open.saved_at)
    }

    pub(super) fn fault(&self) -> Option<UiError> {
        let damaged = || {
            self.set_aside
                .as_ref()
                .map(|name| UiError::from(UiErrorCode::DiskFailed).about(name))
        };
        self.disk_fault
            .clone()
            .or_else(|| self.key_fault().map(UiError::from))
            .or_else(damaged)
    }

    pub(super) fn key_fault(&self) -> Option<VaultFault> {
        match &self.open.as_ref()?.key {
            KeyState::Asked => None,
            KeyState::Known { key, .. } => key.fault(),
        }
    }

    pub(super) fn key(&self) -> Option<(SlotId, WorkKey)> {
        let open = self.open.as_ref()?;
        match &open.key {
            KeyState::Asked => None,
            KeyState::Known { key, .. } => Some((open.slot.clone(), key.key().clone())),
        }
    }

    /// What would be left behind by signing out: `sales` or `ticket`.
    pub(super) fn unsent(&self) -> Option<&'static str> {
        let open = self.open.as_ref()?;
        if open.counts.waiting > 0 {
            Some("sales")
        } else {
            (open.in_hand == InHand::Something).then_some("ticket")
        }
    }

    /// What would be late or lost if the app ended: sales that wait, or anything under a key that lives in memory only.
    pub(super) fn left_behind(&self) -> Option<&'static str> {
        match self.unsent()? {
            "ticket" if self.key_fault().is_none() => None,
            subject => Some(subject),
        }
    }

    /// Whether somebody's work is open, and its key known.
    pub(super) fn readiness(&self) -> Readiness {
        match self.open.as_ref().map(|open| &open.key) {
            None => Readiness::Nobody,
            Some(KeyState::Asked) => Readiness::KeyAwaited,
            Some(KeyState::Known { .. }) => Readiness::Ready,
        }
    }

    /// The disk took something; `in_hand` says what the ticket in hand is now, where that changed.
    pub(super) fn disk_took(&mut self, in_hand: Option<InHand>, saved_at: Option<Millis>) {
        self.disk_fault = None;
        if let Some(open) = &mut self.open {
            open.in_hand = in_hand.unwrap_or(open.in_hand);
            open.saved_at = saved_at.or(open.saved_at);
        }
    }

    pub(super) fn counted(&mut self, slot: &SlotId, counts: Counts) {
        if let Some(open) = self.open.as_mut().filter(|open| open.slot == *slot) {
            open.counts = counts;
        }
    }

    fn is(&self, slot: &SlotId) -> bool {
        self.open.as_ref().is_some_and(|open| open.slot == *slot)
    }
}

impl Controller {
    /// Makes the open work that of the operator the session shows, and starts or stops sending.
    pub(super) fn follow_slot(&mut self) {
        let slot = self.session.slot();
        if self.work.open.as_ref().map(|open| &open.slot) != slot.as_ref() {
            self.work.open = None;
            self.refuse_waiting();
            if let Some(slot) = slot {
                self.open_work(slot);
            }
        }
        self.follow_sender();
    }

    fn open_work(&mut self, slot: SlotId) {
        self.count(&slot);
        match WorkKey::random() {
            Ok(fresh) => {
                self.ask_key(slot.clone(), fresh);
                self.work.open = Some(OpenWork {
                    slot,
                    key: KeyState::Asked,
                    in_hand: InHand::Nothing,
                    counts: Counts::default(),
                    saved_at: None,
                    sender: None,
                });
            }
            Err(error) => {
                tracing::error!(%error, "no key can be made for the work");
                self.work.disk_fault = Some(UiErrorCode::Internal.into());
            }
        }
    }

    fn ask_key(&self, slot: SlotId, fresh: WorkKey) {
        let vault = std::sync::Arc::clone(&self.vault);
        self.beside(async move {
            let result = kept_key(vault.as_ref(), &slot, &fresh).await;
            Event::KeyAnswered { slot, fresh, result }
        });
    }

    /// Asks the keychain again while the key in force lives in memory only.
    pub(super) fn try_key_again(&mut self) {
        let Some(open) = &mut self.work.open else { return };
        if let KeyState::Known {
            key: KeyInForce::Passing { key, .. },
            again: again @ Again::No,
        } = &mut open.key
        {
            *again = Again::Asked;
            let (slot, fresh) = (open.slot.clone(), key.clone());
            self.ask_key(slot, fresh);
        }
    }

    pub(super) async fn key_answered(
        &mut self,
        slot: &SlotId,
        fresh: WorkKey,
        result: Result<WorkKey, VaultFault>,
    ) {
        if !self.work.is(slot) {
            return;
        }
        let Some(open) = &mut self.work.open else { return };
        let was_asked = matches!(open.key, KeyState::Asked);
        match result {
            Ok(kept) if !was_asked && !kept.is(&fresh) => {
                let (name, now_ms, desk) = (slot.to_string(), self.clock.wall_ms(), self.work.desk.clone());
                let (slot, to) = (slot.clone(), kept.clone());
                let resealing = desk.run(move |journal| journal.reseal(&name, &fresh, &to, now_ms));
                self.beside(async move {
                    Event::Resealed {
                        slot,
                        key: kept,
                        result: resealing.await,
                    }
                });
                return;
            }
            Ok(kept) => {
                open.key = KeyState::Known {
                    key: KeyInForce::Kept(kept),
                    again: Again::No,
                }
            }
            Err(fault) => {
                tracing::warn!(%fault, "the keychain does not keep the key of the work; it lives in memory");
                open.key = KeyState::Known {
                    key: KeyInForce::Passing { key: fresh, fault },
                    again: Again::No,
                };
            }
        }
        self.key_is_known().await;
    }

    pub(super) fn resealed(&mut self, slot: &SlotId, key: WorkKey, result: Result<(), JournalFault>) {
        if let (true, Some(open)) = (self.work.is(slot), &mut self.work.open) {
            match result {
                Ok(()) => {
                    open.key = KeyState::Known {
                        key: KeyInForce::Kept(key),
                        again: Again::No,
                    };
                    if let Some(sender) = open.sender.take() {
                        sender.abort();
                    }
                    self.follow_sender();
                }
                Err(fault) => {
                    if let KeyState::Known { again, .. } = &mut open.key {
                        *again = Again::No;
                    }
                    self.disk_failed(&fault);
                }
            }
            self.publish();
        }
    }

    async fn key_is_known(&mut self) {
        self.follow_sender();
        for request in std::mem::take(&mut self.waiting_for_key) {
            self.work_asked(request);
        }
        self.publish();
    }

    pub(super) fn refuse_waiting(&mut self) {
        for request in self.waiting_for_key.drain(..) {
            match request {
                WorkRequest::Save { reply, .. } | WorkRequest::Put { reply, .. } => refuse(reply),
                WorkRequest::Current(reply) => drop(reply.send(Ok(None))),
                WorkRequest::Finish { reply, .. } => refuse(reply),
                WorkRequest::Outbox(reply) => refuse(reply),
            }
        }
    }

    fn follow_sender(&mut self) {
        let may_send = self.session.snapshot.phase == SessionPhase::SignedIn;
        let key = self.work.key();
        let (desk, bell, clock) = (
            self.work.desk.clone(),
            self.work.bell.clone(),
            std::sync::Arc::clone(&self.clock),
        );
        let Some(open) = &mut self.work.open else { return };
        match (may_send, key, &self.session.keeper, &open.sender) {
            (true, Some((slot, key)), Some(keeper), None) => {
                let sender = Sender {
                    desk,
                    slot: slot.clone(),
                    key,
                    office: std::sync::Arc::new(ServerSales(keeper.client())),
                    bell,
                    clock,
                };
                let events = self.events.clone();
                let sending = tokio::spawn(sender.run(move |news| {
                    let _ = events.send(Event::Sender(slot.clone(), news));
                }));
                open.sender = Some(sending.abort_handle());
            }
            (false, _, _, Some(sender)) => {
                sender.abort();
                open.sender = None;
            }
            _ => {}
        }
    }

    pub(super) fn sender_told(&mut self, slot: &SlotId, news: SenderNews) {
        if !self.work.is(slot) {
            return;
        }
        match news {
            SenderNews::Moved => self.count(slot),
            SenderNews::Fault(fault) => {
                self.disk_failed(&fault);
                self.publish();
            }
        }
    }

    fn count(&self, slot: &SlotId) {
        let (slot, now_ms) = (slot.clone(), self.clock.wall_ms());
        let name = slot.to_string();
        let counting = self.work.desk.run(move |journal| {
            let counts = journal.counts(&name, now_ms)?;
            Ok((counts, journal.set_aside().map(str::to_owned)))
        });
        self.beside(async move {
            Event::Counted {
                slot,
                result: counting.await,
            }
        });
    }

    pub(super) fn counted(&mut self, slot: &SlotId, result: Result<(Counts, Option<String>), JournalFault>) {
        if !self.work.is(slot) {
            return;
        }
        match result {
            Ok((counts, set_aside)) => {
                self.work.set_aside = set_aside;
                self.work.counted(slot, counts);
            }
            Err(fault) => self.disk_failed(&fault),
        }
        self.publish();
    }

    pub(super) fn disk_failed(&mut self, fault: &JournalFault) {
        tracing::error!(%fault, source = std::error::Error::source(fault).map(tracing::field::display), "the disk does not take the work");
        self.work.disk_fault = Some(fault.code().into());
    }
}

/// There is nobody whose work it could be.
pub(super) fn refuse<T>(reply: Reply<T>) {
    let _ = reply.send(Err(UiErrorCode::SessionOver.into()));
}
