//! Tickets for tests.

use protocol::sale::PaymentMethod;
use uuid::Uuid;

use crate::view::{DraftLine, DraftPayment, Place, TicketDraft};

/// The ticket of this number: two chairs for 3.50 each, paid in cash.
pub(crate) fn ticket(number: u128) -> TicketDraft {
    TicketDraft {
        id: Uuid::from_u128(number).to_string(),
        lines: vec![DraftLine {
            id: Uuid::from_u128(1).to_string(),
            category_id: Uuid::from_u128(99).to_string(),
            category_name: "Chaises".to_owned(),
            quantity: 2,
            weight_grams: 4_200,
            unit_price_cents: 350,
        }],
        payments: vec![DraftPayment {
            method: PaymentMethod::Cash,
            amount_cents: 700,
        }],
        note: "pied à recoller".to_owned(),
        tendered_cents: Some(1_000),
        place: Place {
            screen: "till".to_owned(),
            typed: "3,".to_owned(),
            cursor: 2,
            ..Place::default()
        },
    }
}
