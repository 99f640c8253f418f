//! A sale that the server refused for good, opened for a person.

use serde::Serialize;
use specta::Type;

use super::{DraftLine, DraftPayment, Millis, UiError};

/// A refused sale with everything in it.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct RefusedSale {
    /// The ticket's id.
    pub id: String,
    /// Its sum in cents.
    pub total_cents: u32,
    /// When it was finished.
    pub finished_at_ms: Millis,
    /// Its lines. A name that this device does not know is empty.
    pub lines: Vec<DraftLine>,
    /// What was paid.
    pub payments: Vec<DraftPayment>,
    /// The note.
    pub note: String,
    /// Why the server refused it.
    pub refused: UiError,
    /// Whether a ticket that mends it is in hand or parked.
    pub is_being_mended: bool,
}
