//! From a ticket in hand to the sale that is sent.

use chrono::{DateTime, Utc};
use protocol::sale::{NewSale, Payment, SaleLine};
use uuid::Uuid;

use crate::view::{TicketDraft, TicketToPark, UiError, UiErrorCode};
use crate::work::ToPark;

const LINES_MOST: usize = 200;
const NOTE_MOST_CHARACTERS: usize = 500;
const QUANTITY: std::ops::RangeInclusive<u32> = 1..=9_999;
const WEIGHT_MOST_GRAMS: u32 = 2_000_000;
const PRICE_MOST_CENTS: u32 = 10_000_000;
const NAME_CHARACTERS: std::ops::RangeInclusive<usize> = 1..=60;

/// The ticket's id.
///
/// # Errors
/// [`UiErrorCode::ValidationFailed`] unless it is a UUID.
pub fn ticket_id(draft: &TicketDraft) -> Result<Uuid, UiError> {
    Uuid::parse_str(&draft.id).map_err(|_| invalid("id"))
}

/// A finished ticket: the sale that is sent, and what a person wants to read of it besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The sale.
    pub sale: NewSale,
    /// The name of each line's category.
    pub category_names: Vec<String>,
}

/// The ticket to be parked, with its name without blanks at its ends.
///
/// # Errors
/// [`UiErrorCode::ValidationFailed`] with `id` or `name`.
pub fn to_park(asked: TicketToPark) -> Result<ToPark, UiError> {
    let name = asked.name.trim();
    if !NAME_CHARACTERS.contains(&name.chars().count()) {
        return Err(invalid("name"));
    }
    Ok(ToPark {
        ticket: ticket_id(&asked.draft)?,
        name: name.to_owned(),
        draft: asked.draft,
    })
}

/// The sale of [`sale_of`], with the names that it does not hold.
///
/// # Errors
/// As [`sale_of`].
pub fn finished_of(
    draft: &TicketDraft,
    organization_id: Option<Uuid>,
    finished_at_ms: i64,
) -> Result<Finished, UiError> {
    Ok(Finished {
        sale: sale_of(draft, organization_id, finished_at_ms)?,
        category_names: draft
            .lines
            .iter()
            .map(|line| line.category_name.clone())
            .collect(),
    })
}

/// The sale that this ticket makes in this organisation, finished at this time of the device's clock; of no till's day.
///
/// # Errors
/// [`UiErrorCode::TicketIncomplete`] where there is no line or the payments do not add up to the total;
/// [`UiErrorCode::ValidationFailed`] with the field whose value is out of its range.
pub fn sale_of(
    draft: &TicketDraft,
    organization_id: Option<Uuid>,
    finished_at_ms: i64,
) -> Result<NewSale, UiError> {
    if draft.lines.is_empty() {
        return Err(incomplete("lines"));
    }
    if draft.lines.len() > LINES_MOST {
        return Err(invalid("lines"));
    }
    if draft.note.chars().count() > NOTE_MOST_CHARACTERS {
        return Err(invalid("note"));
    }
    let lines = draft.lines.iter().map(line_of).collect::<Result<Vec<_>, _>>()?;
    let total: u64 = lines.iter().map(SaleLine::amount_cents).sum();
    let payments: Vec<_> = draft
        .payments
        .iter()
        .filter(|part| part.amount_cents > 0)
        .map(|part| Payment {
            method: part.method,
            amount_cents: part.amount_cents,
        })
        .collect();
    let paid: u64 = payments.iter().map(|part| u64::from(part.amount_cents)).sum();
    if paid != total {
        return Err(incomplete("payments"));
    }
    Ok(NewSale {
        organization_id,
        till_day_id: None,
        lines,
        payments,
        total_cents: u32::try_from(total).map_err(|_| invalid("total"))?,
        note: draft.note.clone(),
        finished_at: DateTime::<Utc>::from_timestamp_millis(finished_at_ms).ok_or_else(|| invalid("time"))?,
    })
}

/// The sale as one of this till's day.
pub fn on_day(sale: NewSale, till_day_id: Option<Uuid>) -> NewSale {
    NewSale { till_day_id, ..sale }
}

fn line_of(line: &crate::view::DraftLine) -> Result<SaleLine, UiError> {
    let category_id = Uuid::parse_str(&line.category_id).map_err(|_| invalid("category_id"))?;
    let in_range = [
        ("quantity", QUANTITY.contains(&line.quantity)),
        ("weight_grams", line.weight_grams <= WEIGHT_MOST_GRAMS),
        ("unit_price_cents", line.unit_price_cents <= PRICE_MOST_CENTS),
    ];
    match in_range.into_iter().find(|(_, fits)| !fits) {
        Some((field, _)) => Err(invalid(field)),
        None => Ok(SaleLine {
            category_id,
            quantity: line.quantity,
            weight_grams: line.weight_grams,
            unit_price_cents: line.unit_price_cents,
        }),
    }
}

fn invalid(field: &str) -> UiError {
    UiError::from(UiErrorCode::ValidationFailed).about(field)
}

fn incomplete(field: &str) -> UiError {
    UiError::from(UiErrorCode::TicketIncomplete).about(field)
}

#[cfg(test)]
mod tests {
    use protocol::sale::PaymentMethod;

    use super::{sale_of, ticket_id, to_park};
    use crate::view::{DraftLine, DraftPayment, TicketToPark, UiErrorCode};
    use crate::work::sample::ticket;

    #[test]
    fn a_paid_ticket_becomes_a_sale_of_the_same_sum() {
        let sale = sale_of(&ticket(1), None, 1_800_000_000_000).unwrap();
        assert_eq!(sale.total_cents, 700);
        assert_eq!(sale.lines[0].quantity, 2);
        assert_eq!(sale.finished_at.timestamp_millis(), 1_800_000_000_000);
    }

    #[test]
    fn a_ticket_without_lines_or_not_paid_in_full_is_incomplete() {
        let mut empty = ticket(1);
        empty.lines.clear();
        let mut short = ticket(1);
        short.payments[0].amount_cents -= 1;
        for (draft, field) in [(empty, "lines"), (short, "payments")] {
            let error = sale_of(&draft, None, 0).unwrap_err();
            assert_eq!(
                (error.code, error.subject.as_deref()),
                (UiErrorCode::TicketIncomplete, Some(field))
            );
        }
    }

    #[test]
    fn a_value_out_of_its_range_is_named() {
        let with_line = |change: fn(&mut DraftLine)| {
            let mut draft = ticket(1);
            change(&mut draft.lines[0]);
            sale_of(&draft, None, 0).unwrap_err().subject
        };
        assert_eq!(with_line(|line| line.quantity = 0).as_deref(), Some("quantity"));
        assert_eq!(
            with_line(|line| line.weight_grams = 2_000_001).as_deref(),
            Some("weight_grams")
        );
        assert_eq!(
            with_line(|line| line.unit_price_cents = 10_000_001).as_deref(),
            Some("unit_price_cents")
        );
        assert_eq!(
            with_line(|line| line.category_id = "chairs".to_owned()).as_deref(),
            Some("category_id")
        );
    }

    #[test]
    fn parts_of_a_payment_add_up_and_empty_parts_are_left_out() {
        let mut draft = ticket(1);
        draft.payments = [
            (PaymentMethod::Cash, 500),
            (PaymentMethod::Card, 0),
            (PaymentMethod::Cheque, 200),
        ]
        .map(|(method, amount_cents)| DraftPayment { method, amount_cents })
        .to_vec();
        assert_eq!(sale_of(&draft, None, 0).unwrap().payments.len(), 2);
    }

    #[test]
    fn an_id_that_is_no_uuid_is_refused() {
        let mut draft = ticket(1);
        draft.id = "7".to_owned();
        assert_eq!(ticket_id(&draft).unwrap_err().subject.as_deref(), Some("id"));
    }

    #[test]
    fn a_parked_ticket_has_a_name_that_fits_on_the_list() {
        let named = |name: &str| {
            to_park(TicketToPark {
                draft: ticket(1),
                name: name.to_owned(),
            })
        };
        assert_eq!(named("  Mme Petit ").unwrap().name, "Mme Petit");
        assert_eq!(named(&"é".repeat(60)).unwrap().name.chars().count(), 60);
        for name in ["", " \t ", &"é".repeat(61)] {
            assert_eq!(
                named(name).unwrap_err().subject.as_deref(),
                Some("name"),
                "{name}"
            );
        }
    }
}
