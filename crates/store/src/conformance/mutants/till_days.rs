//! Faults with the days of tills.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Mutant, Mutation, accept, another};
use crate::{
    AuditEntry, ClosedTillDay, CounterTill, DayOperator, NewTillDay, OpenedTillDay, PageKey, StoreError,
    TillDayClosing, TillDayEnd, TillDayRow, TillDays,
};

/// The cash of one sale in the cases.
const CASH_CENTS: i64 = 400;

fn as_if_opened(new: &NewTillDay) -> TillDayRow {
    TillDayRow {
        id: new.id,
        organization_id: new.organization_id,
        till_id: new.till_id,
        till_name: String::new(),
        site_name: String::new(),
        opened_at: new.now,
        opened_by: DayOperator {
            id: new.operator_id,
            name: String::new(),
        },
        float_cents: new.float_cents,
        expected_cents: i64::from(new.float_cents),
        end: None,
    }
}

fn as_if_closed(closing: &TillDayClosing, expected_cents: i64) -> TillDayRow {
    TillDayRow {
        id: closing.day_id,
        organization_id: closing.organization_id,
        till_id: closing.till_id,
        till_name: String::new(),
        site_name: String::new(),
        opened_at: closing.now,
        opened_by: DayOperator {
            id: closing.operator_id,
            name: String::new(),
        },
        float_cents: 0,
        expected_cents,
        end: Some(TillDayEnd {
            closed_at: closing.now,
            closed_by: DayOperator {
                id: closing.operator_id,
                name: String::new(),
            },
            counted_cents: closing.counted_cents,
            comment: closing.comment.clone(),
        }),
    }
}

impl Mutant {
    fn misread_day(&self, mut row: TillDayRow) -> TillDayRow {
        if self.is(Mutation::FloatForgotten) {
            row.float_cents = 0;
        }
        if self.is(Mutation::CardsExpected) && row.expected_cents > i64::from(row.float_cents) {
            row.expected_cents += 600;
        }
        if self.is(Mutation::CountForgotten)
            && let Some(end) = &mut row.end
        {
            end.counted_cents = 0;
        }
        row
    }
}

#[async_trait]
impl TillDays for Mutant {
    async fn counter_tills(&self, organization_id: Uuid) -> Result<Vec<CounterTill>, StoreError> {
        let mut found = self.store.counter_tills(organization_id).await?;
        if self.is(Mutation::CounterTillsOfAll) {
            for other in self.organizations_seen() {
                if other != organization_id {
                    found.extend(self.store.counter_tills(other).await?);
                }
            }
        }
        if self.is(Mutation::OpenDayForgotten) {
            found.iter_mut().for_each(|each| each.day = None);
        }
        if self.is(Mutation::ArchivedTillLostWithItsDay) {
            found.retain(|each| each.till.archived_at.is_none());
        }
        if self.is(Mutation::ArchivedTillAtTheCounter) {
            for till in self.store.tills(organization_id).await? {
                if !found.iter().any(|each| each.till.id == till.id) {
                    found.push(CounterTill {
                        till,
                        site_name: "Dock".to_owned(),
                        day: None,
                    });
                }
            }
        }
        Ok(found)
    }

    async fn open_till_day(&self, new: NewTillDay, audit: AuditEntry) -> Result<OpenedTillDay, StoreError> {
        let (asked, again) = (new.clone(), another(&audit));
        let mistaken = self.is(Mutation::StrangerOpens);
        let outcome = self.store.open_till_day(new, audit).await;
        let outcome = accept(outcome, mistaken, OpenedTillDay::Opened(as_if_opened(&asked)))?;
        if self.is(Mutation::OpeningAuditedAgain) && matches!(outcome, OpenedTillDay::OpenedBefore(_)) {
            self.store.audit(again).await?;
        }
        Ok(match outcome {
            OpenedTillDay::Opened(row) => OpenedTillDay::Opened(self.misread_day(row)),
            OpenedTillDay::OpenedBefore(row) if self.is(Mutation::RepeatedOpeningRefused) => {
                OpenedTillDay::OpenAlready(row)
            }
            OpenedTillDay::OpenAlready(_) if self.is(Mutation::SecondDayOpened) => {
                OpenedTillDay::Opened(as_if_opened(&asked))
            }
            OpenedTillDay::OpenAlready(row) if self.is(Mutation::DayOpenedByAnybody) => {
                if row.float_cents == asked.float_cents {
                    OpenedTillDay::OpenedBefore(row)
                } else {
                    OpenedTillDay::OpenAlready(row)
                }
            }
            OpenedTillDay::TillUnknown if self.is(Mutation::UnusedTillOpens) => {
                OpenedTillDay::Opened(as_if_opened(&asked))
            }
            OpenedTillDay::OpenedBefore(_) | OpenedTillDay::OpenAlready(_) | OpenedTillDay::TillUnknown => {
                outcome
            }
        })
    }

    async fn close_till_day(
        &self,
        closing: TillDayClosing,
        mut audit: AuditEntry,
    ) -> Result<ClosedTillDay, StoreError> {
        let (asked, again) = (closing.clone(), another(&audit));
        if self.is(Mutation::DayClosedAnywhere) {
            let all = self
                .store
                .till_days(asked.organization_id, None, None, 100)
                .await?;
            if let Some(day) = all.into_iter().find(|day| day.id == asked.day_id) {
                let there = TillDayClosing {
                    till_id: day.till_id,
                    ..closing
                };
                return self.store.close_till_day(there, audit).await;
            }
        }
        if self.is(Mutation::ClosingUnaudited) {
            audit.action = "nothing";
        }
        let outcome = self.store.close_till_day(closing, audit).await?;
        if self.is(Mutation::ClosingAuditedAgain) && matches!(outcome, ClosedTillDay::ClosedBefore(_)) {
            self.store.audit(again).await?;
        }
        Ok(match outcome {
            ClosedTillDay::Closed(mut row) => {
                if self.is(Mutation::ClosingMissesASale) {
                    row.expected_cents -= CASH_CENTS;
                }
                ClosedTillDay::Closed(self.misread_day(row))
            }
            ClosedTillDay::ClosedBefore(row) if self.is(Mutation::RepeatedClosingRefused) => {
                ClosedTillDay::ClosedAlready(row)
            }
            ClosedTillDay::ClosedAlready(row) if self.is(Mutation::ClosedAnew) => {
                ClosedTillDay::Closed(as_if_closed(&asked, row.expected_cents))
            }
            ClosedTillDay::CommentWanted { expected_cents } if self.is(Mutation::VarianceUnexplained) => {
                ClosedTillDay::Closed(as_if_closed(&asked, expected_cents))
            }
            ClosedTillDay::ClosedBefore(_)
            | ClosedTillDay::ClosedAlready(_)
            | ClosedTillDay::CommentWanted { .. }
            | ClosedTillDay::DayUnknown => outcome,
        })
    }

    async fn till_days(
        &self,
        organization_id: Uuid,
        till_id: Option<Uuid>,
        after: Option<PageKey>,
        limit: u32,
    ) -> Result<Vec<TillDayRow>, StoreError> {
        let till_id = till_id.filter(|_| !self.is(Mutation::TillOfDaysIgnored));
        let after = after.filter(|_| !self.is(Mutation::DayPageBeginsAgain));
        let most = if self.is(Mutation::DayLimitIgnored) {
            1_000
        } else {
            limit
        };
        let mut found = self
            .store
            .till_days(organization_id, till_id, after, most)
            .await?;
        if self.is(Mutation::DaysOfAll) {
            for other in self.organizations_seen() {
                if other != organization_id {
                    found.extend(self.store.till_days(other, till_id, after, most).await?);
                }
            }
        }
        if self.is(Mutation::DaysOldestFirst) {
            found.reverse();
        }
        Ok(found.into_iter().map(|row| self.misread_day(row)).collect())
    }
}
