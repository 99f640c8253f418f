//! Parked tickets: put aside under a name, to be taken up again.

use serde::{Deserialize, Serialize};
use specta::Type;

use super::{Millis, TicketDraft};

/// A parked ticket, as the list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct ParkedTicket {
    /// The ticket's id.
    pub id: String,
    /// What it is called. Absent where it cannot be opened now, because its key is not at hand or the disk changed it.
    pub name: Option<String>,
    /// How many lines it has.
    pub lines: u32,
    /// Its sum in cents.
    pub total_cents: u32,
    /// Since when it is parked.
    pub parked_at_ms: Millis,
    /// Whether it mends a refused sale.
    pub mends: bool,
}

/// A ticket to be parked, and under which name.
#[derive(Clone, Debug, PartialEq, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct TicketToPark {
    /// The ticket as it is now.
    pub draft: TicketDraft,
    /// 1 to 60 characters; blanks at its ends are left out.
    pub name: String,
}
