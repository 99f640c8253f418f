//! The days of tills: a sale shares its day's row until it is committed, and a closing has it alone, so that the sum of a
//! closing holds every sale that was taken.

use async_trait::async_trait;
use sqlx_core::query::query;
use sqlx_postgres::{PgConnection, PgRow};
use store::till_day::{opened_again, unclosed, with_sums};
use store::{
    AuditEntry, ClosedTillDay, CounterTill, DayOperator, NewTillDay, OpenedTillDay, PageKey, StoreError,
    Till, TillDayClosing, TillDayEnd, TillDayRow, TillDays,
};
use uuid::Uuid;

use crate::column::{get, number, text};
use crate::fault::Fault;
use crate::work::transaction;
use crate::{PostgresStore, audit, directory};

/// Days `d` with the names of today; a condition and an order follow.
macro_rules! select_days {
    ($rest:expr) => {
        concat!(
            "SELECT d.id, d.organization_id, d.till_id, t.name, s.name, d.opened_at, d.opened_by, o.display_name,
                d.float_cents, d.closed_at, d.closed_by, c.display_name, d.counted_cents, d.comment,
                coalesce(d.expected_cents, d.float_cents + (
                    SELECT coalesce(sum(p.amount_cents), 0)::bigint FROM sales
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

const BY_ID: &str = select_days!("WHERE d.organization_id = $1 AND d.till_id = $2 AND d.id = $3");

const OPEN: &str = select_days!("WHERE d.organization_id = $1 AND d.till_id = $2 AND d.closed_at IS NULL");

const ALL_OPEN: &str = select_days!("WHERE d.organization_id = $1 AND d.closed_at IS NULL");

const PAGE: &str = select_days!(
    "WHERE d.organization_id = $1 AND (d.opened_at, d.id) < ($2, $3)
    ORDER BY d.opened_at DESC, d.id DESC LIMIT $4"
);

const PAGE_OF_TILL: &str = select_days!(
    "WHERE d.till_id = $5 AND d.organization_id = $1 AND (d.opened_at, d.id) < ($2, $3)
    ORDER BY d.opened_at DESC, d.id DESC LIMIT $4"
);

const TILLS: &str = "SELECT t.id, t.site_id, t.name, t.created_at, t.archived_at, s.name FROM tills t
    JOIN sites s ON s.id = t.site_id
    WHERE t.organization_id = $1 ORDER BY s.name, t.name, t.id";

const OPEN_ONE: &str =
    "INSERT INTO till_days (id, organization_id, till_id, opened_at, opened_by, float_cents, comment)
    VALUES ($1, $2, $3, $4, $5, $6, '')";

const CLOSE_ONE: &str = "UPDATE till_days SET closed_at = $2, closed_by = $3, counted_cents = $4,
    expected_cents = $5, comment = $6 WHERE id = $1";

/// After which every day comes.
const BEFORE_ALL: PageKey = PageKey {
    created_at: i64::MAX,
    id: Uuid::max(),
};

fn read(row: &PgRow) -> Result<TillDayRow, Fault> {
    let end = match get(row, 9)? {
        None => None,
        Some(closed_at) => Some(TillDayEnd {
            closed_at,
            closed_by: DayOperator {
                id: get(row, 10)?,
                name: get(row, 11)?,
            },
            counted_cents: number(row, 12)?,
            comment: get(row, 13)?,
        }),
    };
    Ok(TillDayRow {
        id: get(row, 0)?,
        organization_id: get(row, 1)?,
        till_id: get(row, 2)?,
        till_name: get(row, 3)?,
        site_name: get(row, 4)?,
        opened_at: get(row, 5)?,
        opened_by: DayOperator {
            id: get(row, 6)?,
            name: get(row, 7)?,
        },
        float_cents: number(row, 8)?,
        expected_cents: get(row, 14)?,
        end,
    })
}

async fn day(
    connection: &mut PgConnection,
    organization_id: Uuid,
    till_id: Uuid,
    day_id: Uuid,
) -> Result<Option<TillDayRow>, Fault> {
    let found = query(BY_ID)
        .bind(organization_id)
        .bind(till_id)
        .bind(day_id)
        .fetch_optional(connection)
        .await?;
    found.as_ref().map(read).transpose()
}

async fn kept(
    connection: &mut PgConnection,
    organization_id: Uuid,
    till_id: Uuid,
    day_id: Uuid,
) -> Result<TillDayRow, Fault> {
    day(connection, organization_id, till_id, day_id)
        .await?
        .ok_or_else(|| StoreError::Failed("a day that is kept is not there".to_owned()).into())
}

/// Nobody else opens a day of the till, or archives it, until the transaction ends.
async fn open(
    connection: &mut PgConnection,
    new: &NewTillDay,
    entry: &AuditEntry,
) -> Result<OpenedTillDay, Fault> {
    let held =
        query("SELECT archived_at FROM tills WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE")
            .bind(new.organization_id)
            .bind(new.till_id)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(held) = held else {
        return Ok(OpenedTillDay::TillUnknown);
    };
    let open = query(OPEN)
        .bind(new.organization_id)
        .bind(new.till_id)
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(open) = open {
        return Ok(opened_again(read(&open)?, new));
    }
    if get::<Option<i64>>(&held, 0)?.is_some() {
        return Ok(OpenedTillDay::TillUnknown);
    }
    directory::site_of_member(connection, new.operator_id, new.organization_id).await?;
    query(OPEN_ONE)
        .bind(new.id)
        .bind(new.organization_id)
        .bind(new.till_id)
        .bind(new.now)
        .bind(new.operator_id)
        .bind(i64::from(new.float_cents))
        .execute(&mut *connection)
        .await?;
    audit::add(connection, entry).await?;
    kept(connection, new.organization_id, new.till_id, new.id)
        .await
        .map(OpenedTillDay::Opened)
}

/// The row is held first and read by a later statement, which sees every sale that was committed before.
async fn close(
    connection: &mut PgConnection,
    closing: &TillDayClosing,
    entry: AuditEntry,
) -> Result<ClosedTillDay, Fault> {
    let (organization_id, till_id, day_id) = (closing.organization_id, closing.till_id, closing.day_id);
    let held = query("SELECT 1 FROM till_days WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE")
        .bind(organization_id)
        .bind(day_id);
    if !directory::exists(connection, held).await? {
        return Ok(ClosedTillDay::DayUnknown);
    }
    let Some(before) = day(connection, organization_id, till_id, day_id).await? else {
        return Ok(ClosedTillDay::DayUnknown);
    };
    if let Some(outcome) = unclosed(&before, closing) {
        return Ok(outcome);
    }
    directory::site_of_member(connection, closing.operator_id, organization_id).await?;
    query(CLOSE_ONE)
        .bind(day_id)
        .bind(closing.now)
        .bind(closing.operator_id)
        .bind(i64::from(closing.counted_cents))
        .bind(before.expected_cents)
        .bind(text(&closing.comment))
        .execute(&mut *connection)
        .await?;
    audit::add(connection, &with_sums(entry, &before, closing)).await?;
    kept(connection, organization_id, till_id, day_id)
        .await
        .map(ClosedTillDay::Closed)
}

async fn counter_tills(
    connection: &mut PgConnection,
    organization_id: Uuid,
) -> Result<Vec<CounterTill>, Fault> {
    let open = query(ALL_OPEN)
        .bind(organization_id)
        .fetch_all(&mut *connection)
        .await?;
    let mut open: Vec<TillDayRow> = open.iter().map(read).collect::<Result<_, _>>()?;
    let tills = query(TILLS)
        .bind(organization_id)
        .fetch_all(&mut *connection)
        .await?;
    let mut found = Vec::new();
    for row in &tills {
        let till = Till {
            id: get(row, 0)?,
            organization_id,
            site_id: get(row, 1)?,
            name: get(row, 2)?,
            created_at: get(row, 3)?,
            archived_at: get(row, 4)?,
        };
        let day = open
            .iter()
            .position(|day| day.till_id == till.id)
            .map(|at| open.swap_remove(at));
        if till.archived_at.is_none() || day.is_some() {
            found.push(CounterTill {
                till,
                site_name: get(row, 5)?,
                day,
            });
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

/// Whether this day takes a sale; it does so until the transaction ends. `None` where the organisation has no such day.
pub(crate) async fn takes_sales(
    connection: &mut PgConnection,
    organization_id: Uuid,
    day_id: Uuid,
) -> Result<Option<Takes>, Fault> {
    let found =
        query("SELECT closed_at IS NULL FROM till_days WHERE organization_id = $1 AND id = $2 FOR SHARE")
            .bind(organization_id)
            .bind(day_id)
            .fetch_optional(connection)
            .await?;
    found
        .map(|row| {
            Ok(if get(&row, 0)? {
                Takes::Sales
            } else {
                Takes::Nothing
            })
        })
        .transpose()
}

#[async_trait]
impl TillDays for PostgresStore {
    async fn counter_tills(&self, organization_id: Uuid) -> Result<Vec<CounterTill>, StoreError> {
        transaction!(self, |connection| counter_tills(connection, organization_id)
            .await)
    }

    async fn open_till_day(&self, new: NewTillDay, audit: AuditEntry) -> Result<OpenedTillDay, StoreError> {
        transaction!(self, |connection| open(connection, &new, &audit).await)
    }

    async fn close_till_day(
        &self,
        closing: TillDayClosing,
        audit: AuditEntry,
    ) -> Result<ClosedTillDay, StoreError> {
        transaction!(self, |connection| close(connection, &closing, audit.clone())
            .await)
    }

    async fn till_days(
        &self,
        organization_id: Uuid,
        till_id: Option<Uuid>,
        after: Option<PageKey>,
        limit: u32,
    ) -> Result<Vec<TillDayRow>, StoreError> {
        let after = after.unwrap_or(BEFORE_ALL);
        self.single(async |connection| {
            let page = query(if till_id.is_some() { PAGE_OF_TILL } else { PAGE })
                .bind(organization_id)
                .bind(after.created_at)
                .bind(after.id)
                .bind(i64::from(limit));
            let page = match till_id {
                Some(till_id) => page.bind(till_id),
                None => page,
            };
            let rows = page.fetch_all(connection).await?;
            rows.iter().map(read).collect()
        })
        .await
    }
}
