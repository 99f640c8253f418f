//! What a sale must satisfy before it is kept, each refusal with the field at fault.

use protocol::ErrorCode;
use protocol::sale::NewSale;

use crate::failure::Failure;

const LINES_MOST: usize = 200;
const PAYMENTS_MOST: usize = 20;
const QUANTITY_MOST: u32 = 9_999;
const WEIGHT_MOST_GRAMS: u32 = 2_000_000;
/// The highest price of one piece, in cents.
pub(crate) const PRICE_MOST_CENTS: u32 = 10_000_000;
const NOTE_MOST_CHARACTERS: usize = 500;

/// Checks ranges, then sums.
///
/// # Errors
/// [`ErrorCode::ValidationFailed`] or [`ErrorCode::SaleTotalMismatch`], with the field.
pub(crate) fn check(sale: &NewSale) -> Result<(), Failure> {
    if !(1..=LINES_MOST).contains(&sale.lines.len()) {
        return Err(Failure::invalid("lines", format!("1 to {LINES_MOST} lines")));
    }
    for (at, line) in sale.lines.iter().enumerate() {
        range(&format!("lines[{at}].quantity"), line.quantity, 1, QUANTITY_MOST)?;
        range(
            &format!("lines[{at}].weight_grams"),
            line.weight_grams,
            0,
            WEIGHT_MOST_GRAMS,
        )?;
        range(
            &format!("lines[{at}].unit_price_cents"),
            line.unit_price_cents,
            0,
            PRICE_MOST_CENTS,
        )?;
    }
    if sale.payments.len() > PAYMENTS_MOST {
        return Err(Failure::invalid(
            "payments",
            format!("at most {PAYMENTS_MOST} payments"),
        ));
    }
    for (at, payment) in sale.payments.iter().enumerate() {
        range(
            &format!("payments[{at}].amount_cents"),
            payment.amount_cents,
            1,
            u32::MAX,
        )?;
    }
    if sale.note.chars().count() > NOTE_MOST_CHARACTERS {
        return Err(Failure::invalid(
            "note",
            format!("at most {NOTE_MOST_CHARACTERS} characters"),
        ));
    }
    let lines: u64 = sale
        .lines
        .iter()
        .map(protocol::sale::SaleLine::amount_cents)
        .sum();
    let total = u64::from(sale.total_cents);
    if lines != total {
        return Err(mismatch(
            "total_cents",
            format!("the lines come to {lines}, the total says {total}"),
        ));
    }
    let paid: u64 = sale
        .payments
        .iter()
        .map(|payment| u64::from(payment.amount_cents))
        .sum();
    if paid != total {
        return Err(mismatch(
            "payments",
            format!("the payments come to {paid}, the total says {total}"),
        ));
    }
    Ok(())
}

fn range(field: &str, value: u32, low: u32, high: u32) -> Result<(), Failure> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(Failure::invalid(field, format!("{low} to {high}, is {value}")))
    }
}

fn mismatch(field: &str, detail: String) -> Failure {
    Failure::new(ErrorCode::SaleTotalMismatch)
        .at(field)
        .detail(detail)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use protocol::ErrorCode;
    use protocol::sale::{NewSale, Payment, PaymentMethod, SaleLine};
    use uuid::Uuid;

    use super::check;

    fn sale() -> NewSale {
        let line = |quantity, unit_price_cents| SaleLine {
            category_id: Uuid::nil(),
            quantity,
            weight_grams: 0,
            unit_price_cents,
        };
        let payment = |method, amount_cents| Payment { method, amount_cents };
        NewSale {
            lines: vec![line(2, 150), line(1, 700)],
            payments: vec![
                payment(PaymentMethod::Cash, 600),
                payment(PaymentMethod::Card, 400),
            ],
            total_cents: 1_000,
            note: String::new(),
            finished_at: DateTime::UNIX_EPOCH,
            organization_id: None,
            till_day_id: None,
        }
    }

    #[track_caller]
    fn refused(change: impl FnOnce(&mut NewSale), code: ErrorCode, field: &str) {
        let mut sale = sale();
        change(&mut sale);
        let failure = check(&sale).unwrap_err();
        assert_eq!(
            (failure.code(), failure.problem.field.as_deref()),
            (code, Some(field))
        );
    }

    #[test]
    fn a_sale_that_adds_up_passes() {
        check(&sale()).unwrap();
    }

    #[test]
    fn a_gift_needs_no_payment() {
        let mut gift = sale();
        gift.lines.truncate(1);
        gift.lines[0].unit_price_cents = 0;
        gift.payments.clear();
        gift.total_cents = 0;
        check(&gift).unwrap();
    }

    #[test]
    fn each_field_out_of_range_is_named() {
        use ErrorCode::ValidationFailed;
        refused(|s| s.lines.clear(), ValidationFailed, "lines");
        refused(
            |s| s.lines = vec![s.lines[0].clone(); 201],
            ValidationFailed,
            "lines",
        );
        refused(|s| s.lines[1].quantity = 0, ValidationFailed, "lines[1].quantity");
        refused(
            |s| s.lines[1].quantity = 10_000,
            ValidationFailed,
            "lines[1].quantity",
        );
        refused(
            |s| s.lines[0].weight_grams = 2_000_001,
            ValidationFailed,
            "lines[0].weight_grams",
        );
        refused(
            |s| s.lines[0].unit_price_cents = 10_000_001,
            ValidationFailed,
            "lines[0].unit_price_cents",
        );
        refused(
            |s| s.payments[0].amount_cents = 0,
            ValidationFailed,
            "payments[0].amount_cents",
        );
        refused(
            |s| s.payments = vec![s.payments[0].clone(); 21],
            ValidationFailed,
            "payments",
        );
        refused(|s| s.note = "é".repeat(501), ValidationFailed, "note");
    }

    #[test]
    fn sums_that_do_not_add_up_are_named() {
        refused(
            |s| s.total_cents = 999,
            ErrorCode::SaleTotalMismatch,
            "total_cents",
        );
        refused(
            |s| s.payments[0].amount_cents = 601,
            ErrorCode::SaleTotalMismatch,
            "payments",
        );
        refused(|s| s.payments.clear(), ErrorCode::SaleTotalMismatch, "payments");
    }

    #[test]
    fn the_largest_sale_does_not_overflow() {
        let mut sale = sale();
        sale.lines = vec![
            SaleLine {
                category_id: Uuid::nil(),
                quantity: 9_999,
                weight_grams: 0,
                unit_price_cents: 10_000_000
            };
            200
        ];
        assert_eq!(check(&sale).unwrap_err().code(), ErrorCode::SaleTotalMismatch);
    }
}
