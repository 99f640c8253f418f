//! The work: whose it is, the key it is sealed under, the ticket in hand, and what waits to be sent.

use keeper::SlotId;
use keeper_core::{SessionPhase, VaultFault};
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::Controller;
use super::event::{Event, InHand};
use super::request::Reply;
use crate::api::ServerSales;
use crate::view::{Millis, UiError, UiErrorCode};
use crate::work::key::kept_key;
use crate::work::sender::{Bell, Sender, SenderNews};
use crate::work::{Counts, JournalFault, KeyInForce, Owner, WorkDesk, WorkKey};

/// What the controller holds of the work.
pub(super) struct Work {
    pub(super) desk: WorkDesk,
    pub(super) bell: Bell,
    open: Option<OpenWork>,
    place: PlaceOnDisk,
    disk_fault: Option<UiError>,
    set_aside: Option<String>,
}

/// In which organisation the operator worked last, as this device remembers it.
enum PlaceOnDisk {
    /// There is nobody to ask for.
    Nobody,
    /// The journal is being asked; requests wait.
    Asked(SlotId),
    /// Known, or known to be unknown.
    Read(SlotId, Option<Uuid>),
}

impl PlaceOnDisk {
    fn organization_of(&self, slot: &SlotId) -> Option<Uuid> {
        match self {
            Self::Read(read, id) if read == slot => *id,
            Self::Nobody | Self::Asked(_) | Self::Read(..) => None,
        }
    }
}

/// The work of the operator who is signed in, or was until the session ended.
struct OpenWork {
    owner: Owner,
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
    /// The journal or the keychain is being asked whose work it is, and for its key.
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
            place: PlaceOnDisk::Nobody,
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

    pub(super) fn key(&self) -> Option<(Owner, WorkKey)> {
        let open = self.open.as_ref()?;
        match &open.key {
            KeyState::Asked => None,
            KeyState::Known { key, .. } => Some((open.owner.clone(), key.key().clone())),
        }
    }

    /// What would be left behind by signing out: `sales`, `ticket` or `parked`.
    pub(super) fn unsent(&self) -> Option<&'static str> {
        let open = self.open.as_ref()?;
        if open.counts.waiting > 0 {
            Some("sales")
        } else if open.in_hand == InHand::Something {
            Some("ticket")
        } else {
            (open.counts.parked > 0).then_some("parked")
        }
    }

    /// What would be late or lost if the work were left: sales that wait, or anything under a key that lives in memory only.
    pub(super) fn left_behind(&self) -> Option<&'static str> {
        match self.unsent()? {
            "ticket" | "parked" if self.key_fault().is_none() => None,
            subject => Some(subject),
        }
    }

    /// What the operator is asked about before the window closes: what would be late or lost, or forgotten on the shelf.
    pub(super) fn asked_before_closing(&self) -> Option<&'static str> {
        self.left_behind()
            .or_else(|| (self.counts().parked > 0).then_some("parked"))
    }

    /// Whether somebody's work is open, and its key known.
    pub(super) fn readiness(&self) -> Readiness {
        match self.open.as_ref().map(|open| &open.key) {
            None if matches!(self.place, PlaceOnDisk::Asked(_)) => Readiness::KeyAwaited,
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

    pub(super) fn counted(&mut self, owner: &Owner, counts: Counts) {
        if let Some(open) = self.open.as_mut().filter(|open| open.owner == *owner) {
            open.counts = counts;
        }
    }

    /// Whose work is open.
    pub(super) fn owner(&self) -> Option<Owner> {
        self.open.as_ref().map(|open| open.owner.clone())
    }

    fn is(&self, owner: &Owner) -> bool {
        self.open.as_ref().is_some_and(|open| open.owner == *owner)
    }
}

impl Controller {
    /// Makes the open work that of the operator the session shows, and starts or stops sending.
    pub(super) fn follow_slot(&mut self) {
        let Some(slot) = self.session.slot() else {
            self.work.place = PlaceOnDisk::Nobody;
            self.close_work();
            self.refuse_waiting();
            return;
        };
        let organization_id = match (self.session.organization_id(), &self.work.place) {
            (Some(id), place) => {
                if place.organization_of(&slot) != Some(id) {
                    self.keep_place(&slot, id);
                    self.work.place = PlaceOnDisk::Read(slot.clone(), Some(id));
                }
                Some(id)
            }
            (None, PlaceOnDisk::Read(read, id)) if *read == slot => *id,
            (None, PlaceOnDisk::Asked(asked)) if *asked == slot => return,
            (None, PlaceOnDisk::Nobody | PlaceOnDisk::Asked(_) | PlaceOnDisk::Read(..)) => {
                self.close_work();
                self.refuse_waiting();
                return self.ask_place(slot);
            }
        };
        let owner = Owner::new(slot, organization_id);
        if self.work.open.as_ref().is_none_or(|open| open.owner != owner) {
            let goes_on = self.work.open.as_ref().is_none_or(|open| {
                open.owner.organization_id().is_none() && open.owner.slot() == owner.slot()
            });
            self.close_work();
            if !goes_on {
                self.refuse_waiting();
            }
            self.open_work(owner);
        }
        self.follow_sender();
    }

    fn close_work(&mut self) {
        self.work.open = None;
    }

    fn ask_place(&mut self, slot: SlotId) {
        let (name, now_ms) = (slot.to_string(), self.clock.wall_ms());
        let reading = self.work.desk.run(move |journal| journal.place(&name, now_ms));
        self.work.place = PlaceOnDisk::Asked(slot.clone());
        self.beside(async move {
            Event::PlaceRead {
                slot,
                result: reading.await,
            }
        });
    }

    pub(super) fn place_read(&mut self, slot: SlotId, result: Result<Option<Uuid>, JournalFault>) {
        if !matches!(&self.work.place, PlaceOnDisk::Asked(asked) if *asked == slot) {
            return;
        }
        let organization_id = result.unwrap_or_else(|fault| {
            self.disk_failed(&fault);
            None
        });
        self.work.place = PlaceOnDisk::Read(slot, organization_id);
        self.follow_slot();
        self.publish();
    }

    fn keep_place(&self, slot: &SlotId, organization_id: Uuid) {
        let (name, now_ms) = (slot.to_string(), self.clock.wall_ms());
        let keeping = self
            .work
            .desk
            .run(move |journal| journal.keep_place(&name, organization_id, now_ms));
        tokio::spawn(async move {
            if let Err(fault) = keeping.await {
                tracing::warn!(%fault, "the organisation cannot be kept for a start without the server");
            }
        });
    }

    /// Takes over what was made before the organisation was known, ahead of everything asked from now on.
    fn take_over(&self) {
        let Some((owner, key)) = self.work.key() else {
            return;
        };
        let now_ms = self.clock.wall_ms();
        let taking = self
            .work
            .desk
            .run(move |journal| journal.take_over(&owner, &key, now_ms));
        tokio::spawn(async move {
            if let Err(fault) = taking.await {
                tracing::error!(%fault, "work from before the organisation was known is left where it is");
            }
        });
    }

    fn open_work(&mut self, owner: Owner) {
        self.count(&owner);
        match WorkKey::random() {
            Ok(fresh) => {
                self.ask_key(owner.clone(), fresh);
                self.work.open = Some(OpenWork {
                    owner,
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
                self.refuse_waiting();
            }
        }
    }

    fn ask_key(&self, owner: Owner, fresh: WorkKey) {
        let vault = std::sync::Arc::clone(&self.vault);
        self.beside(async move {
            let result = kept_key(vault.as_ref(), owner.slot(), &fresh).await;
            Event::KeyAnswered { owner, fresh, result }
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
            let (owner, fresh) = (open.owner.clone(), key.clone());
            self.ask_key(owner, fresh);
        }
    }

    pub(super) async fn key_answered(
        &mut self,
        owner: &Owner,
        fresh: WorkKey,
        result: Result<WorkKey, VaultFault>,
    ) {
        if !self.work.is(owner) {
            return;
        }
        let Some(open) = &mut self.work.open else { return };
        let was_asked = matches!(open.key, KeyState::Asked);
        match result {
            Ok(kept) if !was_asked && !kept.is(&fresh) => {
                let (name, now_ms, desk) = (owner.to_string(), self.clock.wall_ms(), self.work.desk.clone());
                let (owner, to) = (owner.clone(), kept.clone());
                let resealing = desk.run(move |journal| journal.reseal(&name, &fresh, &to, now_ms));
                self.beside(async move {
                    Event::Resealed {
                        owner,
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

    pub(super) fn resealed(&mut self, owner: &Owner, key: WorkKey, result: Result<(), JournalFault>) {
        if let (true, Some(open)) = (self.work.is(owner), &mut self.work.open) {
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
        self.take_over();
        if let Some(owner) = self.work.open.as_ref().map(|open| open.owner.clone()) {
            self.count(&owner);
        }
        self.follow_sender();
        for request in std::mem::take(&mut self.waiting_for_key) {
            self.work_asked(request);
        }
        self.publish();
    }

    pub(super) fn refuse_waiting(&mut self) {
        for request in self.waiting_for_key.drain(..) {
            request.refuse();
        }
    }

    fn follow_sender(&mut self) {
        let may_send = self.session.snapshot.phase == SessionPhase::SignedIn
            && self
                .work
                .open
                .as_ref()
                .is_some_and(|open| open.owner.organization_id().is_some());
        let key = self.work.key();
        let (desk, bell, clock) = (
            self.work.desk.clone(),
            self.work.bell.clone(),
            std::sync::Arc::clone(&self.clock),
        );
        let Some(open) = &mut self.work.open else { return };
        match (may_send, key, &self.session.keeper, &open.sender) {
            (true, Some((owner, key)), Some(keeper), None) => {
                let Some(operator) = self.session.snapshot.operator.as_deref() else {
                    return;
                };
                let client = keeper.client().only_for(operator);
                let sender = Sender {
                    desk,
                    owner: owner.clone(),
                    key,
                    office: std::sync::Arc::new(ServerSales(client)),
                    bell,
                    clock,
                };
                let events = self.events.clone();
                let sending = tokio::spawn(sender.run(move |news| {
                    let _ = events.send(Event::Sender(owner.clone(), news));
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

    pub(super) fn sender_told(&mut self, owner: &Owner, news: SenderNews) {
        if !self.work.is(owner) {
            return;
        }
        match news {
            SenderNews::Moved => self.count(owner),
            SenderNews::Fault(fault) => {
                self.disk_failed(&fault);
                self.publish();
            }
        }
    }

    fn count(&self, owner: &Owner) {
        let (owner, now_ms) = (owner.clone(), self.clock.wall_ms());
        let name = owner.to_string();
        let counting = self.work.desk.run(move |journal| {
            let counts = journal.counts(&name, now_ms)?;
            Ok((counts, journal.set_aside().map(str::to_owned)))
        });
        self.beside(async move {
            Event::Counted {
                owner,
                result: counting.await,
            }
        });
    }

    pub(super) fn counted(&mut self, owner: &Owner, result: Result<(Counts, Option<String>), JournalFault>) {
        if !self.work.is(owner) {
            return;
        }
        match result {
            Ok((counts, set_aside)) => {
                self.work.set_aside = set_aside;
                let refused_before = self.work.counts().refused;
                self.work.counted(owner, counts);
                if counts.refused > refused_before {
                    // The till's day may have been closed elsewhere.
                    self.look_at_till();
                }
            }
            Err(fault) => self.disk_failed(&fault),
        }
        self.publish();
    }

    /// Shows the fault where it is the disk's, and not about what was asked of it.
    pub(super) fn disk_may_have_failed(&mut self, fault: &JournalFault) {
        if fault.is_of_the_disk() {
            self.disk_failed(fault);
        }
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
