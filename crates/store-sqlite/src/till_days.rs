//! The days of tills, on the one writing connection: a sale and a closing come one after the other.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::till_day::{opened_again, unclosed, with_sums};
use store::{
    AuditEntry, ClosedTillDay, CounterTill, DayOperator, NewTillDay, OpenedTillDay, PageKey, StoreError,
    Till, TillDayClosing, TillDayEnd, TillDayRow, TillDays,
};
use uuid::Uuid;

use crate::fault::Fault;
use crate::writer::Shape;
use crate::{SqliteStore, audit, directory};

/// Days `d` with the names of today; a condition and an order follow.
macro_rules! select_days {
    ($rest:expr) => {
        concat!(
            "SELECT d.id, d.organization_id, d.till_id, t.name, s.name, d.opened_at, d.opened_by, o.display_name,
                d.float_cents, d.closed_at, d.closed_by, c.display_name, d.counted_cents, d.comment,
                coalesce(d.expected_cents, d.float_cents + (
                    SELECT coalesce(sum(p.amount_cents), 0) FROM sales
                    JOIN sale_payments p ON p.sale_id = sales.id
                    WHERE sales.till_day_id = d.id AND p.method = 'cash'))
            FROM till_days d
            JOIN tills t ON t.id = d.till_id
            JOIN sites s ON s.id = t.site_id
            JOIN users o ON o.id = d.opened_by
            LEFT JOIN users c ON c.id = d.closed_by ",
            $rest
        )
    };
}

const BY_ID: &str = select_days!("WHERE d.organization_id = ?1 AND d.till_id = ?2 AND d.id = ?3");

const OPEN: &str = select_days!("WHERE d.organization_id = ?1 AND d.till_id = ?2 AND d.closed_at IS NULL");

const ALL_OPEN: &str = select_days!("WHERE d.organization_id = ?1 AND d.closed_at IS NULL");

const PAGE: &str = select_days!(
    "WHERE d.organization_id = ?1 AND (d.opened_at, d.id) < (?2, ?3)
    ORDER BY d.opened_at DESC, d.id DESC LIMIT ?4"
);

const PAGE_OF_TILL: &str = select_days!(
    "WHERE d.till_id = ?5 AND +d.organization_id = ?1 AND (d.opened_at, d.id) < (?2, ?3)
    ORDER BY d.opened_at DESC, d.id DESC LIMIT ?4"
);

const TILLS: &str = "SELECT t.id, t.site_id, t.name, t.created_at, t.archived_at, s.name FROM tills t
    JOIN sites s ON s.id = t.site_id
    WHERE t.organization_id = ? ORDER BY s.name, t.name, t.id";

const OPEN_ONE: &str =
    "INSERT INTO till_days (id, organization_id, till_id, opened_at, opened_by, float_cents, comment)
    VALUES (?, ?, ?, ?, ?, ?, '')";

const CLOSE_ONE: &str =
    "UPDATE till_days SET closed_at = ?2, closed_by = ?3, counted_cents = ?4, expected_cents = ?5,
    comment = ?6 WHERE id = ?1";

/// After which every day comes.
const BEFORE_ALL: PageKey = PageKey {
    created_at: i64::MAX,
    id: Uuid::max(),
};

fn read(row: &Row<'_>) -> rusqlite::Result<TillDayRow> {
    let end = match row.get(9)? {
        None => None,
        Some(closed_at) => Some(TillDayEnd {
            closed_at,
            closed_by: DayOperator {
                id: row.get(10)?,
                name: row.get(11)?,
            },
            counted_cents: row.get(12)?,
            comment: row.get(13)?,
        }),
    };
    Ok(TillDayRow {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        till_id: row.get(2)?,
        till_name: row.get(3)?,
        site_name: row.get(4)?,
        opened_at: row.get(5)?,
        opened_by: DayOperator {
            id: row.get(6)?,
            name: row.get(7)?,
        },
        float_cents: row.get(8)?,
        expected_cents: row.get(14)?,
        end,
    })
}

fn member(connection: &Connection, organization_id: Uuid, operator_id: Uuid) -> Result<(), Fault> {
    directory::site_of_member(connection, operator_id, organization_id).map(drop)
}

fn day(
    connection: &Connection,
    organization_id: Uuid,
    till_id: Uuid,
    day_id: Uuid,
) -> Result<Option<TillDayRow>, Fault> {
    Ok(connection
        .prepare_cached(BY_ID)?
        .query_row([organization_id, till_id, day_id], read)
        .optional()?)
}

fn kept(
    connection: &Connection,
    organization_id: Uuid,
    till_id: Uuid,
    day_id: Uuid,
) -> Result<TillDayRow, Fault> {
    day(connection, organization_id, till_id, day_id)?
        .ok_or_else(|| StoreError::Failed("a day that is kept is not there".to_owned()).into())
}

fn open(connection: &Connection, new: &NewTillDay, entry: &AuditEntry) -> Result<OpenedTillDay, Fault> {
    let open = connection
        .prepare_cached(OPEN)?
        .query_row([new.organization_id, new.till_id], read)
        .optional()?;
    if let Some(open) = open {
        return Ok(opened_again(open, new));
    }
    let till = "SELECT 1 FROM tills WHERE organization_id = ? AND id = ? AND archived_at IS NULL";
    if !directory::exists(connection, till, [new.organization_id, new.till_id])? {
        return Ok(OpenedTillDay::TillUnknown);
    }
    member(connection, new.organization_id, new.operator_id)?;
    connection.prepare_cached(OPEN_ONE)?.execute(params![
        new.id,
        new.organization_id,
        new.till_id,
        new.now,
        new.operator_id,
        new.float_cents,
    ])?;
    audit::add(connection, entry)?;
    kept(connection, new.organization_id, new.till_id, new.id).map(OpenedTillDay::Opened)
}

fn close(
    connection: &Connection,
    closing: &TillDayClosing,
    entry: AuditEntry,
) -> Result<ClosedTillDay, Fault> {
    let (organization_id, till_id, day_id) = (closing.organization_id, closing.till_id, closing.day_id);
    let Some(before) = day(connection, organization_id, till_id, day_id)? else {
        return Ok(ClosedTillDay::DayUnknown);
    };
    if let Some(outcome) = unclosed(&before, closing) {
        return Ok(outcome);
    }
    member(connection, organization_id, closing.operator_id)?;
    connection.prepare_cached(CLOSE_ONE)?.execute(params![
        day_id,
        closing.now,
        closing.operator_id,
        closing.counted_cents,
        before.expected_cents,
        closing.comment,
    ])?;
    audit::add(connection, &with_sums(entry, &before, closing))?;
    kept(connection, organization_id, till_id, day_id).map(ClosedTillDay::Closed)
}

fn counter_tills(connection: &Connection, organization_id: Uuid) -> Result<Vec<CounterTill>, Fault> {
    let mut open: Vec<TillDayRow> = connection
        .prepare_cached(ALL_OPEN)?
        .query_map([organization_id], read)?
        .collect::<rusqlite::Result<_>>()?;
    let mut statement = connection.prepare_cached(TILLS)?;
    let tills = statement.query_map([organization_id], |row| {
        let till = Till {
            id: row.get(0)?,
            organization_id,
            site_id: row.get(1)?,
            name: row.get(2)?,
            created_at: row.get(3)?,
            archived_at: row.get(4)?,
        };
        Ok((till, row.get(5)?))
    })?;
    let mut found = Vec::new();
    for each in tills {
        let (till, site_name) = each?;
        let day = open
            .iter()
            .position(|day| day.till_id == till.id)
            .map(|at| open.swap_remove(at));
        if till.archived_at.is_none() || day.is_some() {
            found.push(CounterTill { till, site_name, day });
        }
    }
    Ok(found)
}

/// Whether a day takes a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Sales,
    Nothing,
}

/// Whether this day takes a sale now; `None` where the organisation has no such day.
pub(crate) fn takes_sales(
    connection: &Connection,
    organization_id: Uuid,
    day_id: Uuid,
) -> rusqlite::Result<Option<Takes>> {
    connection
        .prepare_cached("SELECT closed_at IS NULL FROM till_days WHERE organization_id = ? AND id = ?")?
        .query_row([organization_id, day_id], |row| {
            Ok(if row.get(0)? { Takes::Sales } else { Takes::Nothing })
        })
        .optional()
}

#[async_trait]
impl TillDays for SqliteStore {
    async fn counter_tills(&self, organization_id: Uuid) -> Result<Vec<CounterTill>, StoreError> {
        self.readers
            .read(move |connection| counter_tills(connection, organization_id))
            .await
    }

    async fn open_till_day(&self, new: NewTillDay, audit: AuditEntry) -> Result<OpenedTillDay, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| open(connection, &new, &audit))
            .await
    }

    async fn close_till_day(
        &self,
        closing: TillDayClosing,
        audit: AuditEntry,
    ) -> Result<ClosedTillDay, StoreError> {
        self.writer
            .write(Shape::Several, move |connection| {
                close(connection, &closing, audit)
            })
            .await
    }

    async fn till_days(
        &self,
        organization_id: Uuid,
        till_id: Option<Uuid>,
        after: Option<PageKey>,
        limit: u32,
    ) -> Result<Vec<TillDayRow>, StoreError> {
        let after = after.unwrap_or(BEFORE_ALL);
        self.readers
            .read(move |connection| {
                let rows = match till_id {
                    None => connection
                        .prepare_cached(PAGE)?
                        .query_map(params![organization_id, after.created_at, after.id, limit], read)?
                        .collect::<rusqlite::Result<_>>()?,
                    Some(till_id) => connection
                        .prepare_cached(PAGE_OF_TILL)?
                        .query_map(
                            params![organization_id, after.created_at, after.id, limit, till_id],
                            read,
                        )?
                        .collect::<rusqlite::Result<_>>()?,
                };
                Ok(rows)
            })
            .await
    }
}
