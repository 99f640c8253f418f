//! Parked tickets on disk: each under its sealed name, and never in hand at the same time.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Found, InHand, Journal, find, open_ticket};
use crate::view::{Millis, ParkedTicket, TicketDraft};
use crate::work::JournalFault;
use crate::work::seal::{Kind, Label, SealError, WorkKey};

/// A ticket to be parked under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct ToPark {
    /// The ticket's id.
    pub ticket: Uuid,
    /// What it is called.
    pub name: String,
    /// The ticket.
    pub draft: TicketDraft,
}

/// What the list shows of a parked ticket, sealed apart from it: a list opens no ticket.
#[derive(Serialize, Deserialize)]
struct Summary {
    name: String,
    lines: u32,
    total_cents: u32,
}

/// Where a ticket that is taken up comes from.
struct Parked {
    draft: TicketDraft,
    mends: Option<[u8; 16]>,
    sealed: Vec<u8>,
}

impl Journal {
    /// Parks this ticket, in one step: from then on it is not in hand. A second time writes it anew.
    ///
    /// # Errors
    /// The disk's, [`JournalFault::NotYours`], or [`JournalFault::Gone`] where it is finished already.
    pub fn park(
        &mut self,
        slot: &str,
        key: &WorkKey,
        ticket: &ToPark,
        now_ms: i64,
    ) -> Result<(), JournalFault> {
        if self.was_finished(slot, ticket.ticket)? {
            return Err(JournalFault::Gone);
        }
        let change = self.change(now_ms)?;
        park(&change, slot, key, ticket, now_ms)?;
        change.commit()?;
        self.let_go(slot, ticket.ticket);
        Ok(())
    }

    /// The operator's parked tickets, the one parked first at the head. One that cannot be opened now has no name.
    ///
    /// # Errors
    /// The disk's.
    pub fn parked(
        &mut self,
        slot: &str,
        key: &WorkKey,
        now_ms: i64,
    ) -> Result<Vec<ParkedTicket>, JournalFault> {
        let mut query = self.open(now_ms)?.prepare_cached(
            "SELECT ticket_id, summary, parked_at_ms, mends IS NOT NULL FROM parked WHERE slot = ?1 ORDER BY place",
        )?;
        let rows = query.query_map([slot], |row| {
            let id: [u8; 16] = row.get(0)?;
            let summary: Vec<u8> = row.get(1)?;
            let shown = open_summary(slot, key, &id, &summary).ok();
            Ok(ParkedTicket {
                id: Uuid::from_bytes(id).to_string(),
                lines: shown.as_ref().map_or(0, |shown| shown.lines),
                total_cents: shown.as_ref().map_or(0, |shown| shown.total_cents),
                name: shown.map(|shown| shown.name),
                parked_at_ms: Millis::from_epoch_ms(row.get(2)?),
                mends: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Takes a parked ticket in hand, in one step. What is in hand is parked with the same step where it is given, and forgotten
    /// where nothing was written on it.
    ///
    /// # Errors
    /// The disk's, [`JournalFault::NotYours`], [`JournalFault::Gone`], or [`JournalFault::Seal`] where it cannot be opened now:
    /// then it stays parked.
    pub fn take_up(
        &mut self,
        slot: &str,
        key: &WorkKey,
        ticket: Uuid,
        in_hand: Option<&ToPark>,
        now_ms: i64,
    ) -> Result<TicketDraft, JournalFault> {
        let before = self.in_hand_of(slot);
        let change = self.change(now_ms)?;
        let parked = read(&change, slot, key, ticket)?;
        make_room(&change, slot, key, before, in_hand, now_ms)?;
        change.execute(
            "INSERT INTO tickets (ticket_id, slot, sealed, saved_at_ms, mends) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                ticket.as_bytes(),
                slot,
                parked.sealed,
                newest(&change, slot, now_ms)?,
                parked.mends
            ],
        )?;
        change.execute("DELETE FROM parked WHERE ticket_id = ?1", [ticket.as_bytes()])?;
        change.commit()?;
        self.take_in_hand(slot, ticket);
        Ok(parked.draft)
    }

    /// Forgets a parked ticket. A refused sale that it was to mend stays refused.
    ///
    /// # Errors
    /// The disk's, or [`JournalFault::Gone`].
    pub fn discard_parked(&mut self, slot: &str, ticket: Uuid, now_ms: i64) -> Result<(), JournalFault> {
        let forgotten = self.open(now_ms)?.execute(
            "DELETE FROM parked WHERE ticket_id = ?1 AND slot = ?2",
            params![ticket.as_bytes(), slot],
        )?;
        if forgotten == 0 {
            Err(JournalFault::Gone)
        } else {
            Ok(())
        }
    }

    /// The ticket that this operator has in hand, as far as this run knows.
    pub(super) fn in_hand_of(&self, slot: &str) -> Option<Uuid> {
        let in_hand = self.in_hand.as_ref().filter(|in_hand| in_hand.slot == slot)?;
        Some(in_hand.ticket)
    }

    fn let_go(&mut self, slot: &str, ticket: Uuid) {
        let it = InHand {
            slot: slot.to_owned(),
            ticket,
        };
        if self.in_hand.as_ref() == Some(&it) {
            self.in_hand = None;
        }
    }
}

fn park(
    change: &Transaction<'_>,
    slot: &str,
    key: &WorkKey,
    ToPark { ticket, name, draft }: &ToPark,
    now_ms: i64,
) -> Result<(), JournalFault> {
    if let Found::Finished = find(change, slot, *ticket)? {
        return Err(JournalFault::Gone);
    }
    let label = |kind| Label {
        slot,
        kind,
        ticket: ticket.as_bytes(),
    };
    let summary = zeroize::Zeroizing::new(serde_json::to_vec(&Summary {
        name: name.clone(),
        lines: u32::try_from(draft.lines.len()).unwrap_or(u32::MAX),
        total_cents: total_cents(draft),
    })?);
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(draft)?);
    change.execute(
        "INSERT INTO parked (ticket_id, slot, summary, parked_at_ms, mends, sealed)
         VALUES (?1, ?2, ?3, ?4, (SELECT mends FROM tickets WHERE ticket_id = ?1), ?5)
         ON CONFLICT (ticket_id) DO UPDATE SET summary = excluded.summary, sealed = excluded.sealed",
        params![
            ticket.as_bytes(),
            slot,
            key.seal(&summary, label(Kind::Summary))?,
            now_ms,
            key.seal(&plain, label(Kind::Ticket))?
        ],
    )?;
    change.execute("DELETE FROM tickets WHERE ticket_id = ?1", [ticket.as_bytes()])?;
    Ok(())
}

/// Puts away what is in hand, so that another ticket can be.
pub(super) fn make_room(
    change: &Transaction<'_>,
    slot: &str,
    key: &WorkKey,
    before: Option<Uuid>,
    in_hand: Option<&ToPark>,
    now_ms: i64,
) -> Result<(), JournalFault> {
    if let Some(in_hand) = in_hand {
        park(change, slot, key, in_hand, now_ms)?;
    }
    let Some(before) = before else { return Ok(()) };
    let sealed: Option<Vec<u8>> = change
        .query_row(
            "SELECT sealed FROM tickets WHERE ticket_id = ?1 AND slot = ?2",
            params![before.as_bytes(), slot],
            |row| row.get(0),
        )
        .optional()?;
    let is_blank = sealed
        .and_then(|sealed| open_ticket(slot, key, before.as_bytes(), &sealed).ok())
        .is_some_and(|draft| is_blank(&draft));
    if is_blank {
        change.execute("DELETE FROM tickets WHERE ticket_id = ?1", [before.as_bytes()])?;
    }
    Ok(())
}

/// A time of saving by which the ticket saved now is the newest, also where this device's clock was set back.
pub(super) fn newest(change: &Transaction<'_>, slot: &str, now_ms: i64) -> Result<i64, JournalFault> {
    let last: Option<i64> = change.query_row(
        "SELECT max(saved_at_ms) FROM tickets WHERE slot = ?1",
        [slot],
        |row| row.get(0),
    )?;
    Ok(last.map_or(now_ms, |last| now_ms.max(last.saturating_add(1))))
}

fn read(change: &Transaction<'_>, slot: &str, key: &WorkKey, ticket: Uuid) -> Result<Parked, JournalFault> {
    let row: Option<(String, Option<[u8; 16]>, Vec<u8>)> = change
        .query_row(
            "SELECT slot, mends, sealed FROM parked WHERE ticket_id = ?1",
            [ticket.as_bytes()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let (owner, mends, sealed) = row.ok_or(JournalFault::Gone)?;
    if owner != slot {
        return Err(JournalFault::NotYours);
    }
    let draft = open_ticket(slot, key, ticket.as_bytes(), &sealed)?;
    Ok(Parked { draft, mends, sealed })
}

fn open_summary(slot: &str, key: &WorkKey, id: &[u8; 16], sealed: &[u8]) -> Result<Summary, SealError> {
    let plain = key.open(
        sealed,
        Label {
            slot,
            kind: Kind::Summary,
            ticket: id,
        },
    )?;
    serde_json::from_slice(&plain).map_err(|_| SealError::Damaged)
}

fn is_blank(draft: &TicketDraft) -> bool {
    draft.lines.is_empty() && draft.payments.is_empty() && draft.note.trim().is_empty()
}

fn total_cents(draft: &TicketDraft) -> u32 {
    let total: u64 = draft
        .lines
        .iter()
        .map(|line| u64::from(line.quantity) * u64::from(line.unit_price_cents))
        .fold(0, u64::saturating_add);
    u32::try_from(total).unwrap_or(u32::MAX)
}
