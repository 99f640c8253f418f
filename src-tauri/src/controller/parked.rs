//! Parked tickets and refused sales: what moves between the shelf, the review and the ticket in hand.

use uuid::Uuid;

use super::Controller;
use super::event::{Event, InHand};
use super::request::Reply;
use super::work::refuse;
use crate::view::{AppView, ParkedTicket, RefusedSale, TicketDraft, TicketToPark, UiError, UiErrorCode};
use crate::work::sale::to_park;
use crate::work::{Counts, Journal, JournalFault, Owner, ToPark, WorkKey};

impl Controller {
    pub(super) fn park(&self, ticket: TicketToPark, reply: Reply<AppView>) {
        if ticket.draft.lines.is_empty() {
            let nothing = UiError::from(UiErrorCode::TicketIncomplete).about("lines");
            return drop(reply.send(Err(nothing)));
        }
        match to_park(ticket) {
            Ok(ticket) => self.move_work(
                Some(InHand::Nothing),
                reply,
                move |journal, owner, key, now_ms| journal.park(owner, key, &ticket, now_ms),
            ),
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    pub(super) fn parked(&self, reply: Reply<Vec<ParkedTicket>>) {
        self.read(reply, |journal, owner, key, now_ms| {
            journal.parked(owner, key, now_ms)
        });
    }

    pub(super) fn discard_parked(&self, id: &str, reply: Reply<AppView>) {
        match id_of(id) {
            Ok(ticket) => self.move_work(None, reply, move |journal, owner, _, now_ms| {
                journal.discard_parked(owner, ticket, now_ms)
            }),
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    pub(super) fn take_up(&self, id: &str, in_hand: Option<TicketToPark>, reply: Reply<TicketDraft>) {
        match id_of(id).and_then(|ticket| Ok((ticket, in_hand.map(to_park).transpose()?))) {
            Ok((ticket, in_hand)) => self.take_in_hand(reply, move |journal, owner, key, now_ms| {
                journal.take_up(owner, key, ticket, in_hand.as_ref(), now_ms)
            }),
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    pub(super) fn review(&self, id: &str, reply: Reply<RefusedSale>) {
        match id_of(id) {
            Ok(ticket) => self.read(reply, move |journal, owner, key, now_ms| {
                journal.review(owner, key, ticket, now_ms)
            }),
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    pub(super) fn mend(
        &self,
        id: &str,
        ticket_id: &str,
        in_hand: Option<TicketToPark>,
        reply: Reply<TicketDraft>,
    ) {
        let asked = || -> Result<(Uuid, Uuid, Option<ToPark>), UiError> {
            Ok((id_of(id)?, id_of(ticket_id)?, in_hand.map(to_park).transpose()?))
        };
        match asked() {
            Ok((refused, ticket, in_hand)) => {
                self.take_in_hand(reply, move |journal, owner, key, now_ms| {
                    journal.mend(owner, key, refused, ticket, in_hand.as_ref(), now_ms)
                });
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    fn read<T: Send + 'static>(
        &self,
        reply: Reply<T>,
        job: impl FnOnce(&mut Journal, &str, &WorkKey, i64) -> Result<T, JournalFault> + Send + 'static,
    ) {
        let Some((owner, key)) = self.work.key() else {
            return refuse(reply);
        };
        let now_ms = self.clock.wall_ms();
        let reading = self
            .work
            .desk
            .run(move |journal| job(journal, owner.as_str(), &key, now_ms));
        tokio::spawn(async move { reply.send(reading.await.map_err(UiError::from)) });
    }

    fn move_work(
        &self,
        in_hand: Option<InHand>,
        reply: Reply<AppView>,
        job: impl FnOnce(&mut Journal, &str, &WorkKey, i64) -> Result<(), JournalFault> + Send + 'static,
    ) {
        let Some((owner, key)) = self.work.key() else {
            return refuse(reply);
        };
        let (of, now_ms) = (owner.clone(), self.clock.wall_ms());
        let moving = self.work.desk.run(move |journal| {
            job(journal, of.as_str(), &key, now_ms)?;
            journal.counts(of.as_str(), now_ms)
        });
        self.beside(async move {
            Event::WorkMoved {
                owner,
                in_hand,
                result: moving.await,
                reply,
            }
        });
    }

    fn take_in_hand(
        &self,
        reply: Reply<TicketDraft>,
        job: impl FnOnce(&mut Journal, &str, &WorkKey, i64) -> Result<TicketDraft, JournalFault> + Send + 'static,
    ) {
        let Some((owner, key)) = self.work.key() else {
            return refuse(reply);
        };
        let (of, now_ms) = (owner.clone(), self.clock.wall_ms());
        let taking = self.work.desk.run(move |journal| {
            let draft = job(journal, of.as_str(), &key, now_ms)?;
            Ok((draft, journal.counts(of.as_str(), now_ms)?))
        });
        self.beside(async move {
            Event::TicketTaken {
                owner,
                result: Box::new(taking.await),
                reply,
            }
        });
    }

    pub(super) fn work_moved(
        &mut self,
        owner: &Owner,
        in_hand: Option<InHand>,
        result: Result<Counts, JournalFault>,
        reply: Reply<AppView>,
    ) {
        match result {
            Ok(counts) => {
                self.work.disk_took(in_hand, None);
                self.work.counted(owner, counts);
                self.reply_with_view(reply);
            }
            Err(fault) => {
                self.disk_may_have_failed(&fault);
                self.publish();
                let _ = reply.send(Err(fault.into()));
            }
        }
    }

    pub(super) fn ticket_taken(
        &mut self,
        owner: &Owner,
        result: Result<(TicketDraft, Counts), JournalFault>,
        reply: Reply<TicketDraft>,
    ) {
        let answer = match result {
            Ok((draft, counts)) => {
                self.work.disk_took(Some(InHand::of(&draft)), None);
                self.work.counted(owner, counts);
                Ok(draft)
            }
            Err(fault) => {
                self.disk_may_have_failed(&fault);
                Err(fault.into())
            }
        };
        self.publish();
        let _ = reply.send(answer);
    }
}

fn id_of(text: &str) -> Result<Uuid, UiError> {
    Uuid::parse_str(text).map_err(|_| UiError::from(UiErrorCode::ValidationFailed).about("id"))
}

#[cfg(test)]
mod tests;
