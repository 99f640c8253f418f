//! Refused sales on disk: opened for a person, and mended without ever being in neither place.

use std::collections::HashMap;
use std::str::FromStr as _;

use protocol::sale::NewSale;
use rusqlite::{OptionalExtension as _, Transaction, params};
use uuid::Uuid;

use super::parked::{ToPark, make_room, newest};
use super::{Journal, SealedSale, open_sale, open_ticket};
use crate::view::{DraftLine, DraftPayment, Millis, Place, RefusedSale, TicketDraft, UiError, UiErrorCode};
use crate::work::JournalFault;
use crate::work::seal::{Kind, Label, SealError, WorkKey};

/// A refused sale as it lies on disk.
struct Refused {
    sealed: SealedSale,
    sale: NewSale,
    finished_at_ms: i64,
    why: UiError,
}

/// Where the ticket is that mends a refused sale.
enum Mending {
    No,
    InHand(Uuid),
    Parked(Uuid),
}

impl Journal {
    /// A refused sale with everything in it.
    ///
    /// # Errors
    /// The disk's, [`JournalFault::NotYours`], [`JournalFault::Gone`], [`JournalFault::OutcomeUnknown`] while the server has
    /// not refused it for good, or [`JournalFault::Seal`] where it cannot be opened.
    pub fn review(
        &mut self,
        slot: &str,
        key: &WorkKey,
        ticket: Uuid,
        now_ms: i64,
    ) -> Result<RefusedSale, JournalFault> {
        let names = self.names_of_goods(slot, now_ms)?;
        let change = self.change(now_ms)?;
        let refused = read(&change, slot, key, ticket)?;
        let is_being_mended = !matches!(mending(&change, slot, ticket)?, Mending::No);
        let draft = draft_of(&refused, ticket, &names);
        Ok(RefusedSale {
            id: draft.id,
            total_cents: refused.sealed.total_cents,
            finished_at_ms: Millis::from_epoch_ms(refused.finished_at_ms),
            lines: draft.lines,
            payments: draft.payments,
            note: draft.note,
            refused: refused.why,
            is_being_mended,
        })
    }

    /// Brings a refused sale back as the ticket in hand under a new id. It stays refused until that ticket is finished. What is in
    /// hand is parked with the same step where it is given. Where a ticket mends the sale already, that one is taken in hand.
    ///
    /// # Errors
    /// As [`Journal::review`].
    pub fn mend(
        &mut self,
        slot: &str,
        key: &WorkKey,
        refused: Uuid,
        ticket: Uuid,
        in_hand: Option<&ToPark>,
        now_ms: i64,
    ) -> Result<TicketDraft, JournalFault> {
        let names = self.names_of_goods(slot, now_ms)?;
        let before = self.in_hand_of(slot);
        let change = self.change(now_ms)?;
        let sale = read(&change, slot, key, refused)?;
        match mending(&change, slot, refused)? {
            Mending::Parked(parked) => {
                drop(change);
                return self.take_up(slot, key, parked, in_hand, now_ms);
            }
            Mending::InHand(mending) => {
                let same = in_hand.filter(|in_hand| in_hand.ticket == mending);
                let draft = match same {
                    Some(same) => same.draft.clone(),
                    None => read_in_hand(&change, slot, key, mending)?,
                };
                if same.is_none() {
                    let other = before.filter(|before| *before != mending);
                    make_room(&change, slot, key, other, in_hand, now_ms)?;
                    change.execute(
                        "UPDATE tickets SET saved_at_ms = ?2 WHERE ticket_id = ?1",
                        params![mending.as_bytes(), newest(&change, slot, now_ms)?],
                    )?;
                }
                change.commit()?;
                self.take_in_hand(slot, mending);
                return Ok(draft);
            }
            Mending::No => {}
        }
        make_room(&change, slot, key, before, in_hand, now_ms)?;
        let draft = draft_of(&sale, ticket, &names);
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&draft)?);
        let label = Label {
            slot,
            kind: Kind::Ticket,
            ticket: ticket.as_bytes(),
        };
        change.execute(
            "INSERT INTO tickets (ticket_id, slot, sealed, saved_at_ms, mends) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                ticket.as_bytes(),
                slot,
                key.seal(&plain, label)?,
                newest(&change, slot, now_ms)?,
                refused.as_bytes()
            ],
        )?;
        change.commit()?;
        self.take_in_hand(slot, ticket);
        Ok(draft)
    }

    fn names_of_goods(&mut self, slot: &str, now_ms: i64) -> Result<HashMap<Uuid, String>, JournalFault> {
        let goods = self.goods(slot, now_ms)?.unwrap_or_default();
        Ok(goods.into_iter().map(|each| (each.id, each.name)).collect())
    }
}

/// The refused sale that this ticket mends leaves, because the ticket is finished now.
pub(super) fn leave_mended(change: &Transaction<'_>, slot: &str, ticket: Uuid) -> Result<(), JournalFault> {
    change.execute(
        "DELETE FROM sales WHERE slot = ?2 AND refused_code IS NOT NULL AND ticket_id IN
             (SELECT mends FROM tickets WHERE ticket_id = ?1 UNION SELECT mends FROM parked WHERE ticket_id = ?1)",
        params![ticket.as_bytes(), slot],
    )?;
    Ok(())
}

type Row = (String, Vec<u8>, i64, Option<String>, Option<String>);

fn read(change: &Transaction<'_>, slot: &str, key: &WorkKey, ticket: Uuid) -> Result<Refused, JournalFault> {
    let row: Option<Row> = change
        .query_row(
            "SELECT slot, sealed, finished_at_ms, refused_code, refused_subject FROM sales WHERE ticket_id = ?1",
            [ticket.as_bytes()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )
        .optional()?;
    let (owner, sealed, finished_at_ms, code, subject) = row.ok_or(JournalFault::Gone)?;
    if owner != slot {
        return Err(JournalFault::NotYours);
    }
    let code = code.ok_or(JournalFault::OutcomeUnknown)?;
    let sealed = open_sale(slot, key, ticket.as_bytes(), &sealed)?;
    Ok(Refused {
        sale: serde_json::from_str(&sealed.body).map_err(|_| SealError::Damaged)?,
        sealed,
        finished_at_ms,
        why: UiError {
            code: UiErrorCode::from_str(&code).unwrap_or(UiErrorCode::Internal),
            retry_after_seconds: None,
            subject,
        },
    })
}

fn mending(change: &Transaction<'_>, slot: &str, refused: Uuid) -> Result<Mending, JournalFault> {
    let of = |table: &str| -> Result<Option<Uuid>, JournalFault> {
        let id: Option<[u8; 16]> = change
            .query_row(
                &format!("SELECT ticket_id FROM {table} WHERE slot = ?1 AND mends = ?2"),
                params![slot, refused.as_bytes()],
                |row| row.get(0),
            )
            .optional()?;
        Ok(id.map(Uuid::from_bytes))
    };
    Ok(match (of("tickets")?, of("parked")?) {
        (Some(ticket), _) => Mending::InHand(ticket),
        (None, Some(ticket)) => Mending::Parked(ticket),
        (None, None) => Mending::No,
    })
}

fn read_in_hand(
    change: &Transaction<'_>,
    slot: &str,
    key: &WorkKey,
    ticket: Uuid,
) -> Result<TicketDraft, JournalFault> {
    let sealed: Vec<u8> = change.query_row(
        "SELECT sealed FROM tickets WHERE ticket_id = ?1",
        [ticket.as_bytes()],
        |row| row.get(0),
    )?;
    Ok(open_ticket(slot, key, ticket.as_bytes(), &sealed)?)
}

fn draft_of(refused: &Refused, ticket: Uuid, goods: &HashMap<Uuid, String>) -> TicketDraft {
    let names = &refused.sealed.category_names;
    let name_of = |index: usize, category_id| {
        names
            .get(index)
            .or_else(|| goods.get(&category_id))
            .cloned()
            .unwrap_or_default()
    };
    let lines = refused.sale.lines.iter().enumerate();
    TicketDraft {
        id: ticket.to_string(),
        lines: lines
            .map(|(index, line)| DraftLine {
                id: format!("{ticket}-{index}"),
                category_id: line.category_id.to_string(),
                category_name: name_of(index, line.category_id),
                quantity: line.quantity,
                weight_grams: line.weight_grams,
                unit_price_cents: line.unit_price_cents,
            })
            .collect(),
        payments: refused
            .sale
            .payments
            .iter()
            .map(|part| DraftPayment {
                method: part.method,
                amount_cents: part.amount_cents,
            })
            .collect(),
        note: refused.sale.note.clone(),
        tendered_cents: None,
        place: Place {
            screen: "till".to_owned(),
            ..Place::default()
        },
    }
}
