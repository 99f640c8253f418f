//! The ticket in hand and the sales made of it.

use super::Controller;
use super::event::{Event, InHand};
use super::request::{Reply, WorkRequest};
use super::work::{Readiness, refuse};
use crate::view::{AppView, Millis, OutboxSale, Saved, TicketDraft, UiError};
use crate::work::sale::{Finished, finished_of, on_day, ticket_id};
use crate::work::{Counts, JournalFault, Owner};

/// How deep a write goes before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// Into the journal, synced.
    Journal,
    /// Into the file itself.
    File,
}

impl Controller {
    /// Carries out what is asked of the work, once the key is known; until then it waits its turn.
    pub(super) fn work_asked(&mut self, request: WorkRequest) {
        let Some(request) = self.work_as_another(request) else {
            return;
        };
        match self.work.readiness() {
            Readiness::Ready => self.carry_out(request),
            Readiness::KeyAwaited => self.waiting_for_key.push_back(request),
            Readiness::Nobody => {
                self.waiting_for_key.push_back(request);
                self.refuse_waiting();
            }
        }
    }

    fn carry_out(&mut self, request: WorkRequest) {
        match request {
            WorkRequest::Save { draft, reply } => self.save(draft.map(|draft| *draft), reply),
            WorkRequest::Put { draft, reply } => self.put(*draft, reply),
            WorkRequest::Current(reply) => self.current(reply),
            WorkRequest::Finish { draft, reply, .. } => self.finish(&draft, reply),
            WorkRequest::Outbox(reply) => self.outbox(reply),
            WorkRequest::Park { ticket, reply } => self.park(*ticket, reply),
            WorkRequest::Parked(reply) => self.parked(reply),
            WorkRequest::TakeUp { id, in_hand, reply } => self.take_up(&id, in_hand.map(|it| *it), reply),
            WorkRequest::DiscardParked { id, reply } => self.discard_parked(&id, reply),
            WorkRequest::Review { id, reply } => self.review(&id, reply),
            WorkRequest::Mend {
                id,
                ticket_id,
                in_hand,
                reply,
            } => self.mend(&id, &ticket_id, in_hand.map(|it| *it), reply),
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
        let Some((owner, key)) = self.work.key() else {
            return refuse(reply);
        };
        let ticket = match draft.as_ref().map(ticket_id).transpose() {
            Ok(ticket) => ticket,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let in_hand = draft.as_ref().map(InHand::of);
        let now_ms = self.clock.wall_ms();
        let writing = self.work.desk.run(move |journal| {
            if let (Some(ticket), Some(draft)) = (ticket, &draft) {
                journal.put(owner.as_str(), &key, ticket, draft, now_ms)?;
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
            Err(fault) => {
                self.disk_may_have_failed(&fault);
                Err(fault.into())
            }
            Ok(saved) => {
                self.work
                    .disk_took(in_hand, fault.is_none().then_some(saved.saved_at_ms));
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
        let Some((owner, key)) = self.work.key() else {
            return drop(reply.send(Ok(None)));
        };
        let now_ms = self.clock.wall_ms();
        let reading = self
            .work
            .desk
            .run(move |journal| journal.current(owner.as_str(), &key, now_ms));
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
                self.work
                    .disk_took(Some(draft.as_ref().map_or(InHand::Nothing, InHand::of)), None);
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
        let Some((owner, key)) = self.work.key() else {
            return refuse(reply);
        };
        let made = ticket_id(draft)
            .and_then(|ticket| Ok((ticket, finished_of(draft, owner.organization_id(), now_ms)?)));
        let day = self.day_in_force(owner.organization_id());
        let (ticket, finished) = match made {
            Ok((ticket, finished)) => {
                let sale = on_day(finished.sale, day);
                (ticket, Finished { sale, ..finished })
            }
            Err(error) => return drop(reply.send(Err(error))),
        };
        let of = owner.clone();
        let finishing = self.work.desk.run(move |journal| {
            journal.finish(of.as_str(), &key, ticket, &finished, now_ms)?;
            journal.counts(of.as_str(), now_ms)
        });
        self.beside(async move {
            Event::SaleFinished {
                owner,
                result: finishing.await,
                reply,
            }
        });
    }

    pub(super) fn sale_finished(
        &mut self,
        owner: &Owner,
        result: Result<Counts, JournalFault>,
        reply: Reply<AppView>,
    ) {
        match result {
            Ok(counts) => {
                self.work.disk_took(Some(InHand::Nothing), None);
                self.work.counted(owner, counts);
                self.work.bell.sale();
                self.reply_with_view(reply);
            }
            Err(fault) => {
                self.disk_may_have_failed(&fault);
                self.publish();
                let _ = reply.send(Err(fault.into()));
            }
        }
    }

    fn outbox(&self, reply: Reply<Vec<OutboxSale>>) {
        let Some((owner, key)) = self.work.key() else {
            return refuse(reply);
        };
        let now_ms = self.clock.wall_ms();
        let reading = self
            .work
            .desk
            .run(move |journal| journal.outbox(owner.as_str(), &key, now_ms));
        tokio::spawn(async move { reply.send(reading.await.map_err(UiError::from)) });
    }
}
