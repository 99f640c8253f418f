//! The work on disk: the ticket in hand, parked tickets and finished sales, sealed, each bound to its operator.

mod parked;
mod review;

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use protocol::sale::Category;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::fault::JournalFault;
use super::owner::Owner;
use super::sale::Finished;
use super::schema;
use super::seal::{Kind, Label, SealError, WorkKey};
use crate::view::{Millis, OutboxSale, TicketDraft, UiError, UiErrorCode};

mod days;

pub use self::parked::ToPark;

/// What is sealed in each table, by its column.
const SEALED: [(&str, &[(Kind, &str)]); 3] = [
    ("tickets", &[(Kind::Ticket, "sealed")]),
    ("sales", &[(Kind::Sale, "sealed")]),
    ("parked", &[(Kind::Ticket, "sealed"), (Kind::Summary, "summary")]),
];

/// The work journal. Every method that changes something is durable when it returns.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    connection: Option<Connection>,
    finished: HashMap<Uuid, String>,
    in_hand: Option<InHand>,
    set_aside: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct InHand {
    slot: String,
    ticket: Uuid,
}

/// How much work of one operator is on this device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sales that wait to be sent.
    pub waiting: u32,
    /// Sales that the server refused for good.
    pub refused: u32,
    /// Tickets that are parked.
    pub parked: u32,
}

/// The oldest sale that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextSale {
    /// The ticket's id: the Idempotency-Key.
    pub ticket: Uuid,
    /// The body, the same bytes at every try.
    pub body: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct SealedSale {
    body: String,
    total_cents: u32,
    /// One a line; none in sales from before they were kept.
    #[serde(default)]
    category_names: Vec<String>,
}

impl Journal {
    /// The journal in this file; it is opened when it is first needed, and again after it could not be.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            connection: None,
            finished: HashMap::new(),
            in_hand: None,
            set_aside: None,
        }
    }

    /// Name of a damaged journal that was set aside in this run, if one was.
    pub fn set_aside(&self) -> Option<&str> {
        self.set_aside.as_deref()
    }

    fn open(&mut self, now_ms: i64) -> Result<&mut Connection, JournalFault> {
        if self.connection.is_none() {
            let opened = match schema::open(&self.path) {
                Err(fault) if fault.is_damage() => {
                    self.set_damaged_aside(now_ms)?;
                    schema::open(&self.path)
                }
                opened => opened,
            };
            self.connection = Some(opened?);
        }
        self.connection.as_mut().ok_or(JournalFault::Stopped)
    }

    fn set_damaged_aside(&mut self, now_ms: i64) -> Result<(), JournalFault> {
        let name = format!("work.damaged-{now_ms}.db");
        tracing::error!(
            name,
            "the work journal is damaged: it is set aside, and a new one begins"
        );
        fs::rename(&self.path, self.path.with_file_name(&name))?;
        for tail in ["-wal", "-shm"] {
            let mut beside = self.path.clone().into_os_string();
            beside.push(tail);
            let mut there = self.path.with_file_name(&name).into_os_string();
            there.push(tail);
            let _ = fs::rename(beside, there);
        }
        self.set_aside = Some(name);
        Ok(())
    }

    /// Whether this operator finished this ticket in this run; it may have left the device since.
    fn was_finished(&self, slot: &str, ticket: Uuid) -> Result<bool, JournalFault> {
        match self.finished.get(&ticket) {
            Some(owner) if owner != slot => Err(JournalFault::NotYours),
            owner => Ok(owner.is_some()),
        }
    }

    fn change(&mut self, now_ms: i64) -> Result<Transaction<'_>, JournalFault> {
        Ok(self
            .open(now_ms)?
            .transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// Writes the ticket in hand. The one that was in hand before under another id is forgotten: the operator has
    /// discarded it. A parked ticket is never written to, nor forgotten.
    ///
    /// # Errors
    /// The disk's, or [`JournalFault::NotYours`] where the ticket belongs to another operator.
    pub fn put(
        &mut self,
        slot: &str,
        key: &WorkKey,
        ticket: Uuid,
        draft: &TicketDraft,
        now_ms: i64,
    ) -> Result<(), JournalFault> {
        if self.was_finished(slot, ticket)? {
            return Ok(());
        }
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(draft)?);
        let label = Label {
            slot,
            kind: Kind::Ticket,
            ticket: ticket.as_bytes(),
        };
        let sealed = key.seal(&plain, label)?;
        let discarded = match &self.in_hand {
            Some(before) if before.slot == slot && before.ticket != ticket => Some(before.ticket),
            Some(_) | None => None,
        };
        let change = self.change(now_ms)?;
        if let Found::Finished | Found::Parked = find(&change, slot, ticket)? {
            return Ok(());
        }
        change.execute(
            "INSERT INTO tickets (ticket_id, slot, sealed, saved_at_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (ticket_id) DO UPDATE SET sealed = excluded.sealed, saved_at_ms = excluded.saved_at_ms",
            params![ticket.as_bytes(), slot, sealed, now_ms],
        )?;
        if let Some(before) = discarded {
            change.execute(
                "DELETE FROM tickets WHERE ticket_id = ?1 AND slot = ?2",
                params![before.as_bytes(), slot],
            )?;
        }
        change.commit()?;
        self.take_in_hand(slot, ticket);
        Ok(())
    }

    /// The ticket this operator had in hand last. One that cannot be opened with this key is left as it is.
    ///
    /// # Errors
    /// The disk's.
    pub fn current(
        &mut self,
        slot: &str,
        key: &WorkKey,
        now_ms: i64,
    ) -> Result<Option<TicketDraft>, JournalFault> {
        let newest = {
            let mut query = self.open(now_ms)?.prepare_cached(
                "SELECT ticket_id, sealed FROM tickets WHERE slot = ?1 ORDER BY saved_at_ms DESC, ticket_id DESC",
            )?;
            let mut rows = query.query([slot])?;
            let mut newest = None;
            while let Some(row) = rows.next()? {
                let (id, sealed): ([u8; 16], Vec<u8>) = (row.get(0)?, row.get(1)?);
                let ticket = Uuid::from_bytes(id);
                match open_ticket(slot, key, &id, &sealed) {
                    Ok(draft) => {
                        newest = Some((ticket, draft));
                        break;
                    }
                    Err(fault) => {
                        tracing::error!(%ticket, %fault, "a ticket on disk cannot be opened; it is left there")
                    }
                }
            }
            newest
        };
        Ok(newest.map(|(ticket, draft)| {
            self.take_in_hand(slot, ticket);
            draft
        }))
    }

    fn take_in_hand(&mut self, slot: &str, ticket: Uuid) {
        self.in_hand = Some(InHand {
            slot: slot.to_owned(),
            ticket,
        });
    }

    /// Turns the ticket in hand into a sale that waits to be sent, in one step. A refused sale that it mends leaves with
    /// the same step. A second time changes nothing.
    ///
    /// # Errors
    /// The disk's, or [`JournalFault::NotYours`].
    pub fn finish(
        &mut self,
        slot: &str,
        key: &WorkKey,
        ticket: Uuid,
        finished: &Finished,
        now_ms: i64,
    ) -> Result<(), JournalFault> {
        if self.was_finished(slot, ticket)? {
            return Ok(());
        }
        let whole = SealedSale {
            body: serde_json::to_string(&finished.sale)?,
            total_cents: finished.sale.total_cents,
            category_names: finished.category_names.clone(),
        };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&whole)?);
        let sealed = key.seal(
            &plain,
            Label {
                slot,
                kind: Kind::Sale,
                ticket: ticket.as_bytes(),
            },
        )?;
        let change = self.change(now_ms)?;
        if let Found::No | Found::InHand | Found::Parked = find(&change, slot, ticket)? {
            change.execute(
                "INSERT INTO sales (ticket_id, slot, sealed, finished_at_ms) VALUES (?1, ?2, ?3, ?4)",
                params![ticket.as_bytes(), slot, sealed, now_ms],
            )?;
            review::leave_mended(&change, slot, ticket)?;
            for table in ["tickets", "parked"] {
                change.execute(
                    &format!("DELETE FROM {table} WHERE ticket_id = ?1"),
                    [ticket.as_bytes()],
                )?;
            }
        }
        change.commit()?;
        self.finished.insert(ticket, slot.to_owned());
        self.in_hand = None;
        Ok(())
    }

    /// How much work of this operator is here.
    ///
    /// # Errors
    /// The disk's.
    pub fn counts(&mut self, slot: &str, now_ms: i64) -> Result<Counts, JournalFault> {
        Ok(self.open(now_ms)?.query_row(
            "SELECT (SELECT count(*) FROM sales WHERE slot = ?1 AND refused_code IS NULL),
                    (SELECT count(*) FROM sales WHERE slot = ?1 AND refused_code IS NOT NULL),
                    (SELECT count(*) FROM parked WHERE slot = ?1)",
            [slot],
            |row| {
                Ok(Counts {
                    waiting: row.get(0)?,
                    refused: row.get(1)?,
                    parked: row.get(2)?,
                })
            },
        )?)
    }

    /// The oldest sale that waits. One that is damaged counts as refused from then on; one under another key waits
    /// for that key, without holding up those behind it.
    ///
    /// # Errors
    /// The disk's.
    pub fn next(&mut self, slot: &str, key: &WorkKey, now_ms: i64) -> Result<Option<NextSale>, JournalFault> {
        let mut damaged = Vec::new();
        let mut next = None;
        {
            let mut query = self.open(now_ms)?.prepare_cached(
                "SELECT ticket_id, sealed FROM sales WHERE slot = ?1 AND refused_code IS NULL ORDER BY place LIMIT 100",
            )?;
            let mut rows = query.query([slot])?;
            while let Some(row) = rows.next()? {
                let (id, sealed): ([u8; 16], Vec<u8>) = (row.get(0)?, row.get(1)?);
                let ticket = Uuid::from_bytes(id);
                match open_sale(slot, key, &id, &sealed) {
                    Ok(sale) => {
                        next = Some(NextSale {
                            ticket,
                            body: sale.body.into_bytes(),
                        });
                        break;
                    }
                    Err(SealError::Damaged) => damaged.push(ticket),
                    Err(SealError::OtherKey | SealError::NoRandomness) => {}
                }
            }
        }
        for ticket in damaged {
            tracing::error!(%ticket, "a sale on disk is damaged; it waits for a person");
            let fault = UiError::from(UiErrorCode::DiskFailed);
            self.refused(slot, ticket, &fault, now_ms)?;
        }
        Ok(next)
    }

    /// The server has this sale: it leaves the device.
    ///
    /// # Errors
    /// The disk's.
    pub fn acknowledged(&mut self, slot: &str, ticket: Uuid, now_ms: i64) -> Result<(), JournalFault> {
        self.open(now_ms)?.execute(
            "DELETE FROM sales WHERE ticket_id = ?1 AND slot = ?2",
            params![ticket.as_bytes(), slot],
        )?;
        Ok(())
    }

    /// The server refused this sale for good: it stays for a person to look at.
    ///
    /// # Errors
    /// The disk's.
    pub fn refused(
        &mut self,
        slot: &str,
        ticket: Uuid,
        why: &UiError,
        now_ms: i64,
    ) -> Result<(), JournalFault> {
        self.open(now_ms)?.execute(
            "UPDATE sales SET refused_code = ?3, refused_subject = ?4 WHERE ticket_id = ?1 AND slot = ?2",
            params![ticket.as_bytes(), slot, why.code.to_string(), why.subject],
        )?;
        Ok(())
    }

    /// The operator's sales that wait or were refused, oldest first. The sum of one that cannot be opened reads 0.
    ///
    /// # Errors
    /// The disk's.
    pub fn outbox(
        &mut self,
        slot: &str,
        key: &WorkKey,
        now_ms: i64,
    ) -> Result<Vec<OutboxSale>, JournalFault> {
        let mut query = self.open(now_ms)?.prepare_cached(
            "SELECT ticket_id, sealed, finished_at_ms, refused_code, refused_subject FROM sales WHERE slot = ?1
             ORDER BY place",
        )?;
        let rows = query.query_map([slot], |row| {
            let id: [u8; 16] = row.get(0)?;
            let sealed: Vec<u8> = row.get(1)?;
            let code: Option<String> = row.get(3)?;
            let subject: Option<String> = row.get(4)?;
            Ok(OutboxSale {
                id: Uuid::from_bytes(id).to_string(),
                total_cents: open_sale(slot, key, &id, &sealed).map_or(0, |sale| sale.total_cents),
                finished_at_ms: Millis::from_epoch_ms(row.get(2)?),
                refused: code.map(|code| UiError {
                    code: UiErrorCode::from_str(&code).unwrap_or(UiErrorCode::Internal),
                    retry_after_seconds: None,
                    subject,
                }),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Seals everything of this operator that stands under `from` under `to`.
    ///
    /// # Errors
    /// The disk's.
    pub fn reseal(
        &mut self,
        slot: &str,
        from: &WorkKey,
        to: &WorkKey,
        now_ms: i64,
    ) -> Result<(), JournalFault> {
        let change = self.change(now_ms)?;
        for (table, columns) in SEALED {
            for (kind, column) in columns.iter().copied() {
                for (id, sealed) in sealed_of(&change, table, column, slot)? {
                    let label = Label {
                        slot,
                        kind,
                        ticket: &id,
                    };
                    if let Ok(plain) = from.open(&sealed, label) {
                        change.execute(
                            &format!("UPDATE {table} SET {column} = ?2 WHERE ticket_id = ?1"),
                            params![id, to.seal(&plain, label)?],
                        )?;
                    }
                }
            }
        }
        Ok(change.commit()?)
    }

    /// Takes over what this operator made before it was known in which organisation. What stands under another key is
    /// left for when that key is there.
    ///
    /// # Errors
    /// The disk's.
    pub fn take_over(&mut self, owner: &Owner, key: &WorkKey, now_ms: i64) -> Result<(), JournalFault> {
        let (from, to) = (owner.slot().as_str(), owner.as_str());
        if from == to {
            return Ok(());
        }
        let mut taken = Vec::new();
        let change = self.change(now_ms)?;
        for (table, columns) in SEALED {
            for (kind, column) in columns.iter().copied() {
                for (id, sealed) in sealed_of(&change, table, column, from)? {
                    let label = |slot| Label {
                        slot,
                        kind,
                        ticket: &id,
                    };
                    if let Ok(plain) = key.open(&sealed, label(from)) {
                        change.execute(
                            &format!("UPDATE {table} SET {column} = ?2 WHERE ticket_id = ?1"),
                            params![id, key.seal(&plain, label(to))?],
                        )?;
                        taken.push((table, id));
                    }
                }
            }
        }
        for (table, id) in &taken {
            change.execute(
                &format!("UPDATE {table} SET slot = ?2 WHERE ticket_id = ?1"),
                params![id, to],
            )?;
        }
        change.execute("UPDATE OR IGNORE goods SET slot = ?2 WHERE slot = ?1", [from, to])?;
        change.commit()?;
        for holder in self.finished.values_mut().filter(|holder| *holder == from) {
            to.clone_into(holder);
        }
        if let Some(in_hand) = &mut self.in_hand
            && in_hand.slot == from
            && taken.contains(&("tickets", in_hand.ticket.into_bytes()))
        {
            to.clone_into(&mut in_hand.slot);
        }
        Ok(())
    }

    /// Keeps in which organisation this operator works, for a start without the server.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep_place(&mut self, slot: &str, organization_id: Uuid, now_ms: i64) -> Result<(), JournalFault> {
        self.open(now_ms)?.execute(
            "INSERT INTO places (slot, organization_id) VALUES (?1, ?2)
             ON CONFLICT (slot) DO UPDATE SET organization_id = excluded.organization_id",
            params![slot, organization_id.as_bytes()],
        )?;
        Ok(())
    }

    /// In which organisation this operator worked last.
    ///
    /// # Errors
    /// The disk's.
    pub fn place(&mut self, slot: &str, now_ms: i64) -> Result<Option<Uuid>, JournalFault> {
        let id: Option<[u8; 16]> = self
            .open(now_ms)?
            .query_row(
                "SELECT organization_id FROM places WHERE slot = ?1",
                [slot],
                |row| row.get(0),
            )
            .optional()?;
        Ok(id.map(Uuid::from_bytes))
    }

    /// Keeps the goods for when the server cannot be asked.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep_goods(&mut self, slot: &str, goods: &[Category], now_ms: i64) -> Result<(), JournalFault> {
        let text = serde_json::to_string(goods)?;
        self.open(now_ms)?.execute(
            "INSERT INTO goods (slot, categories, asked_at_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT (slot) DO UPDATE SET categories = excluded.categories, asked_at_ms = excluded.asked_at_ms",
            params![slot, text, now_ms],
        )?;
        Ok(())
    }

    /// The goods as they were kept.
    ///
    /// # Errors
    /// The disk's.
    pub fn goods(&mut self, slot: &str, now_ms: i64) -> Result<Option<Vec<Category>>, JournalFault> {
        let text: Option<String> = self
            .open(now_ms)?
            .query_row("SELECT categories FROM goods WHERE slot = ?1", [slot], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// Makes sure that everything written so far is in the file itself.
    ///
    /// # Errors
    /// The disk's.
    pub fn flush(&mut self, now_ms: i64) -> Result<(), JournalFault> {
        let connection = self.open(now_ms)?;
        Ok(connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))?)
    }

    #[cfg(test)]
    pub(super) fn raw(&mut self) -> &mut Connection {
        self.open(0).unwrap()
    }
}

/// A ticket's id and what is sealed of it.
type Sealed = ([u8; 16], Vec<u8>);

fn sealed_of(
    change: &Transaction<'_>,
    table: &str,
    column: &str,
    slot: &str,
) -> Result<Vec<Sealed>, JournalFault> {
    let mut query = change.prepare(&format!(
        "SELECT ticket_id, {column} FROM {table} WHERE slot = ?1"
    ))?;
    let rows = query.query_map([slot], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

enum Found {
    No,
    InHand,
    Parked,
    Finished,
}

fn find(change: &Transaction<'_>, slot: &str, ticket: Uuid) -> Result<Found, JournalFault> {
    let owner = |table: &str| {
        change
            .query_row(
                &format!("SELECT slot FROM {table} WHERE ticket_id = ?1"),
                [ticket.as_bytes()],
                |row| row.get::<_, String>(0),
            )
            .optional()
    };
    let (sale, parked, hand) = (owner("sales")?, owner("parked")?, owner("tickets")?);
    if [&sale, &parked, &hand]
        .into_iter()
        .flatten()
        .any(|owner| owner != slot)
    {
        return Err(JournalFault::NotYours);
    }
    Ok(match (sale, parked, hand) {
        (Some(_), _, _) => Found::Finished,
        (None, Some(_), _) => Found::Parked,
        (None, None, Some(_)) => Found::InHand,
        (None, None, None) => Found::No,
    })
}

fn open_ticket(slot: &str, key: &WorkKey, id: &[u8; 16], sealed: &[u8]) -> Result<TicketDraft, SealError> {
    let plain = key.open(
        sealed,
        Label {
            slot,
            kind: Kind::Ticket,
            ticket: id,
        },
    )?;
    serde_json::from_slice(&plain).map_err(|_| SealError::Damaged)
}

fn open_sale(slot: &str, key: &WorkKey, id: &[u8; 16], sealed: &[u8]) -> Result<SealedSale, SealError> {
    let plain = key.open(
        sealed,
        Label {
            slot,
            kind: Kind::Sale,
            ticket: id,
        },
    )?;
    serde_json::from_slice(&plain).map_err(|_| SealError::Damaged)
}

#[cfg(test)]
mod tests;
