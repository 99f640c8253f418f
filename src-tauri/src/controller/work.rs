//! The work: whose it is, the key it is sealed under, the ticket in hand, and what waits to be sent.

use keeper::SlotId;
use keeper_core::{Connection, SessionPhase, VaultFault};
use protocol::sale::CategoryList;
use tokio::task::AbortHandle;

use super::Controller;
use super::event::{Event, InHand};
use super::request::{Reply, Request};
use crate::api::{self, ServerSales};
use crate::view::{AppView, Categories, Millis, OutboxSale, Saved, TicketDraft, UiError, UiErrorCode};
use crate::work::key::kept_key;
use crate::work::sale::{sale_of, ticket_id};
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

    fn key_fault(&self) -> Option<VaultFault> {
        match &self.open.as_ref()?.key {
            KeyState::Asked => None,
            KeyState::Known { key, .. } => key.fault(),
        }
    }

    fn key(&self) -> Option<(SlotId, WorkKey)> {
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

    fn refuse_waiting(&mut self) {
        let gone = || Err(UiErrorCode::SessionOver.into());
        for request in self.waiting_for_key.drain(..) {
            match request {
                Request::Save { reply, .. } | Request::TicketPut { reply, .. } => {
                    drop(reply.send(gone_saved()))
                }
                Request::TicketCurrent(reply) => drop(reply.send(Ok(None))),
                Request::TicketFinish { reply, .. } => drop(reply.send(Err(UiErrorCode::SessionOver.into()))),
                Request::Outbox(reply) => drop(reply.send(gone())),
                other => tracing::debug!(
                    ?other,
                    "a request that does not wait for a key was waiting for one"
                ),
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

    /// Carries out what is asked of the work, once the key is known; until then it waits its turn.
    pub(super) fn work_asked(&mut self, request: Request) {
        let Some(open) = &self.work.open else {
            self.waiting_for_key.push_back(request);
            return self.refuse_waiting();
        };
        if matches!(open.key, KeyState::Asked) {
            self.waiting_for_key.push_back(request);
            return;
        }
        match request {
            Request::Save { draft, reply } => self.save(draft.map(|draft| *draft), reply),
            Request::TicketPut { draft, reply } => self.put(*draft, reply),
            Request::TicketCurrent(reply) => self.current(reply),
            Request::TicketFinish { draft, reply } => self.finish(&draft, reply),
            Request::Outbox(reply) => self.outbox(reply),
            other => tracing::error!(?other, "this request is none about the work"),
        }
    }

    fn put(&self, draft: TicketDraft, reply: Reply<Saved>) {
        self.write(Some(draft), reply, Depth::Journal);
    }

    fn save(&mut self, draft: Option<TicketDraft>, reply: Reply<Saved>) {
        self.try_key_again();
        self.write(draft, reply, Depth::File);
    }

    fn write(&self, draft: Option<TicketDraft>, reply: Reply<Saved>, depth: Depth) {
        let Some((slot, key)) = self.work.key() else {
            let _ = reply.send(gone_saved());
            return;
        };
        let ticket = match draft.as_ref().map(ticket_id).transpose() {
            Ok(ticket) => ticket,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let in_hand = draft.as_ref().map(InHand::of);
        let now_ms = self.clock.wall_ms();
        let writing = self.work.desk.run(move |journal| {
            if let (Some(ticket), Some(draft)) = (ticket, &draft) {
                journal.put(slot.as_str(), &key, ticket, draft, now_ms)?;
            }
            match depth {
                Depth::Journal => Ok(()),
                Depth::File => journal.flush(now_ms),
            }
        });
        let clock = std::sync::Arc::clone(&self.clock);
        self.beside(async move {
            let result = writing.await.map(|()| Saved {
                saved_at_ms: Millis::from_epoch_ms(clock.wall_ms()),
            });
            Event::Written {
                result,
                in_hand,
                reply,
            }
        });
    }

    pub(super) fn written(
        &mut self,
        result: Result<Saved, JournalFault>,
        in_hand: Option<InHand>,
        reply: Reply<Saved>,
    ) {
        let fault = self.work.key_fault();
        let answer = match result {
            Err(JournalFault::NotYours) => Err(JournalFault::NotYours.into()),
            Err(fault) => {
                self.disk_failed(&fault);
                Err(fault.into())
            }
            Ok(saved) => {
                self.work.disk_fault = None;
                if let Some(open) = &mut self.work.open {
                    open.in_hand = in_hand.unwrap_or(open.in_hand);
                    if fault.is_none() {
                        open.saved_at = Some(saved.saved_at_ms);
                    }
                }
                match fault {
                    None => Ok(saved),
                    Some(fault) => Err(fault.into()),
                }
            }
        };
        self.publish();
        let _ = reply.send(answer);
    }

    fn current(&self, reply: Reply<Option<TicketDraft>>) {
        let Some((slot, key)) = self.work.key() else {
            return drop(reply.send(Ok(None)));
        };
        let now_ms = self.clock.wall_ms();
        let reading = self
            .work
            .desk
            .run(move |journal| journal.current(slot.as_str(), &key, now_ms));
        self.beside(async move {
            Event::TicketRead {
                result: Box::new(reading.await),
                reply,
            }
        });
    }

    pub(super) fn ticket_read(
        &mut self,
        result: Result<Option<TicketDraft>, JournalFault>,
        reply: Reply<Option<TicketDraft>>,
    ) {
        let answer = match result {
            Ok(draft) => {
                if let Some(open) = &mut self.work.open {
                    open.in_hand = draft.as_ref().map_or(InHand::Nothing, InHand::of);
                }
                Ok(draft)
            }
            Err(fault) => {
                self.disk_failed(&fault);
                self.publish();
                Err(fault.into())
            }
        };
        let _ = reply.send(answer);
    }

    fn finish(&self, draft: &TicketDraft, reply: Reply<AppView>) {
        let now_ms = self.clock.wall_ms();
        let Some((slot, key)) = self.work.key() else {
            return drop(reply.send(Err(UiErrorCode::SessionOver.into())));
        };
        let made = ticket_id(draft).and_then(|ticket| Ok((ticket, sale_of(draft, now_ms)?)));
        let (ticket, sale) = match made {
            Ok(made) => made,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let owner = slot.clone();
        let finishing = self.work.desk.run(move |journal| {
            journal.finish(owner.as_str(), &key, ticket, &sale, now_ms)?;
            journal.counts(owner.as_str(), now_ms)
        });
        self.beside(async move {
            Event::SaleFinished {
                slot,
                result: finishing.await,
                reply,
            }
        });
    }

    pub(super) fn sale_finished(
        &mut self,
        slot: &SlotId,
        result: Result<Counts, JournalFault>,
        reply: Reply<AppView>,
    ) {
        match result {
            Ok(counts) => {
                self.work.disk_fault = None;
                if let (true, Some(open)) = (self.work.is(slot), &mut self.work.open) {
                    open.counts = counts;
                    open.in_hand = InHand::Nothing;
                }
                self.work.bell.sale();
                self.reply_with_view(reply);
            }
            Err(fault) => {
                if !matches!(fault, JournalFault::NotYours) {
                    self.disk_failed(&fault);
                }
                self.publish();
                let _ = reply.send(Err(fault.into()));
            }
        }
    }

    fn outbox(&self, reply: Reply<Vec<OutboxSale>>) {
        let Some((slot, key)) = self.work.key() else {
            return drop(reply.send(Err(UiErrorCode::SessionOver.into())));
        };
        let now_ms = self.clock.wall_ms();
        let reading = self
            .work
            .desk
            .run(move |journal| journal.outbox(slot.as_str(), &key, now_ms));
        tokio::spawn(async move { reply.send(reading.await.map_err(UiError::from)) });
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
                if let Some(open) = &mut self.work.open {
                    open.counts = counts;
                }
            }
            Err(fault) => self.disk_failed(&fault),
        }
        self.publish();
    }

    fn disk_failed(&mut self, fault: &JournalFault) {
        tracing::error!(%fault, source = std::error::Error::source(fault).map(tracing::field::display), "the disk does not take the work");
        self.work.disk_fault = Some(fault.code().into());
    }

    /// The goods: from the server, or as they were last time while it cannot be asked.
    pub(super) fn categories(&self, reply: Reply<Categories>) {
        let (Some(keeper), Some(slot)) = (self.session.keeper.clone(), self.session.slot()) else {
            return drop(reply.send(Err(UiErrorCode::SessionOver.into())));
        };
        let lost = matches!(self.session.snapshot.connection, Connection::Lost { .. })
            || self.session.snapshot.phase == SessionPhase::Ended;
        let (desk, now_ms) = (self.work.desk.clone(), self.clock.wall_ms());
        tokio::spawn(async move {
            let name = slot.to_string();
            let kept = || {
                let name = name.clone();
                let reading = desk.run(move |journal| journal.goods(&name, now_ms));
                async move { reading.await.ok().flatten() }
            };
            if lost && let Some(categories) = kept().await {
                return reply.send(Ok(Categories {
                    categories,
                    from_cache: true,
                }));
            }
            let answer =
                api::call::<CategoryList>(&keeper.client(), http::Method::GET, "/v1/categories").await;
            reply.send(match answer {
                Ok(CategoryList { categories }) => {
                    let goods = categories.clone();
                    let name = name.clone();
                    if let Err(fault) = desk
                        .run(move |journal| journal.keep_goods(&name, &goods, now_ms))
                        .await
                    {
                        tracing::warn!(%fault, "the goods cannot be kept for when the server is away");
                    }
                    Ok(Categories {
                        categories,
                        from_cache: false,
                    })
                }
                Err(error) => match kept().await {
                    Some(categories) => Ok(Categories {
                        categories,
                        from_cache: true,
                    }),
                    None => Err(error),
                },
            })
        });
    }
}

/// How deep a write goes before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// Into the journal, synced.
    Journal,
    /// Into the file itself.
    File,
}

fn gone_saved() -> Result<Saved, UiError> {
    Err(UiErrorCode::SessionOver.into())
}
