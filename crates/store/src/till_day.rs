//! The days of tills: one is open at a till at most, and closing it sums the cash of every sale that it took.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{AuditEntry, Millis, PageKey, StoreError, Till};

/// A day to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTillDay {
    /// A new UUIDv7.
    pub id: Uuid,
    /// The organisation of the till.
    pub organization_id: Uuid,
    /// The till.
    pub till_id: Uuid,
    /// Who opens it.
    pub operator_id: Uuid,
    /// What is counted into the drawer, in cents.
    pub float_cents: u32,
    /// When.
    pub now: Millis,
}

/// The closing of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillDayClosing {
    /// The organisation of the till.
    pub organization_id: Uuid,
    /// The till.
    pub till_id: Uuid,
    /// The day.
    pub day_id: Uuid,
    /// Who closes it.
    pub operator_id: Uuid,
    /// What is counted in the drawer, in cents.
    pub counted_cents: u32,
    /// What there is to say; empty where there is nothing.
    pub comment: String,
    /// When.
    pub now: Millis,
}

/// Somebody who opened or closed a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayOperator {
    /// The user.
    pub id: Uuid,
    /// The name to show, of today.
    pub name: String,
}

/// How a day ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillDayEnd {
    /// When.
    pub closed_at: Millis,
    /// By whom.
    pub closed_by: DayOperator,
    /// What was counted, in cents.
    pub counted_cents: u32,
    /// What there was to say.
    pub comment: String,
}

/// A day as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillDayRow {
    /// Its id.
    pub id: Uuid,
    /// The organisation.
    pub organization_id: Uuid,
    /// The till.
    pub till_id: Uuid,
    /// The till's name of today.
    pub till_name: String,
    /// The name of the till's site.
    pub site_name: String,
    /// When it was opened.
    pub opened_at: Millis,
    /// By whom.
    pub opened_by: DayOperator,
    /// What was counted into the drawer, in cents.
    pub float_cents: u32,
    /// The float and the cash of the day's sales, in cents: at the closing, or so far.
    pub expected_cents: i64,
    /// How it ended; `None` while it is open.
    pub end: Option<TillDayEnd>,
}

impl TillDayRow {
    /// What was counted less what was expected, in cents; `None` while the day is open.
    pub fn variance_cents(&self) -> Option<i64> {
        let end = self.end.as_ref()?;
        Some(i64::from(end.counted_cents).saturating_sub(self.expected_cents))
    }
}

/// A till as those who sell see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterTill {
    /// The till.
    pub till: Till,
    /// Its site's name.
    pub site_name: String,
    /// Its open day, if one is open.
    pub day: Option<TillDayRow>,
}

/// What became of an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenedTillDay {
    /// The day is open.
    Opened(TillDayRow),
    /// The same user opened it with the same float before: here it is again.
    OpenedBefore(TillDayRow),
    /// Another opening stands; nothing changed.
    OpenAlready(TillDayRow),
    /// The organisation has no such till in use.
    TillUnknown,
}

/// What became of a closing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClosedTillDay {
    /// The day is closed.
    Closed(TillDayRow),
    /// The same user closed it with the same values before: here it is again.
    ClosedBefore(TillDayRow),
    /// Another closing stands; nothing changed.
    ClosedAlready(TillDayRow),
    /// The count is not what was expected, and nothing is said about it; nothing changed.
    CommentWanted {
        /// What was expected, in cents.
        expected_cents: i64,
    },
    /// The till has no such day in this organisation.
    DayUnknown,
}

/// What an opening is where a day is open already.
pub fn opened_again(open: TillDayRow, new: &NewTillDay) -> OpenedTillDay {
    if open.opened_by.id == new.operator_id && open.float_cents == new.float_cents {
        OpenedTillDay::OpenedBefore(open)
    } else {
        OpenedTillDay::OpenAlready(open)
    }
}

/// What a closing of this day is where it changes nothing; `None` where the day is to be closed.
pub fn unclosed(day: &TillDayRow, closing: &TillDayClosing) -> Option<ClosedTillDay> {
    match &day.end {
        Some(end) => {
            let same = end.closed_by.id == closing.operator_id
                && end.counted_cents == closing.counted_cents
                && end.comment == closing.comment;
            Some(if same {
                ClosedTillDay::ClosedBefore(day.clone())
            } else {
                ClosedTillDay::ClosedAlready(day.clone())
            })
        }
        None => {
            let differs = i64::from(closing.counted_cents) != day.expected_cents;
            (differs && closing.comment.is_empty()).then_some(ClosedTillDay::CommentWanted {
                expected_cents: day.expected_cents,
            })
        }
    }
}

/// The entry of a closing with what only the closing knows: what was expected, and the difference.
pub fn with_sums(mut entry: AuditEntry, day: &TillDayRow, closing: &TillDayClosing) -> AuditEntry {
    let counted = i64::from(closing.counted_cents);
    let variance = counted.saturating_sub(day.expected_cents);
    for (name, cents) in [
        ("expected_cents", day.expected_cents),
        ("counted_cents", counted),
        ("variance_cents", variance),
    ] {
        entry.after.insert(name.to_owned(), cents.to_string());
    }
    entry
}

/// The days of tills.
#[async_trait]
pub trait TillDays {
    /// An organisation's tills that are in use, or archived with a day still open, each with its open day; by site, then by
    /// name.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn counter_tills(&self, organization_id: Uuid) -> Result<Vec<CounterTill>, StoreError>;

    /// Opens a till's day. Of several openings at once one opens it. The audit entry is written only where it does.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where whoever opens it is no member of the organisation.
    async fn open_till_day(&self, new: NewTillDay, audit: AuditEntry) -> Result<OpenedTillDay, StoreError>;

    /// Closes a day. What is expected is summed in the same transaction, over every sale that names the day: one that was
    /// taken is in the sum, and one that is not in it was refused. The audit entry, to which
    /// [`with_sums`] adds, is written only where the day is closed by this.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where whoever closes it is no member of the organisation.
    async fn close_till_day(
        &self,
        closing: TillDayClosing,
        audit: AuditEntry,
    ) -> Result<ClosedTillDay, StoreError>;

    /// The days of an organisation, of one till if one is named, newest first, at most `limit`, from after `after` on,
    /// whose `created_at` is the time of the opening.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn till_days(
        &self,
        organization_id: Uuid,
        till_id: Option<Uuid>,
        after: Option<PageKey>,
        limit: u32,
    ) -> Result<Vec<TillDayRow>, StoreError>;
}
