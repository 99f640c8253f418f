//! Whose work it is: an operator's at a server, in one organisation.

use std::fmt;

use keeper::SlotId;
use uuid::Uuid;

/// An operator at a server, in one organisation. What is made in one organisation is found again there, and sent to no
/// other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    slot: SlotId,
    organization_id: Option<Uuid>,
    name: String,
}

impl Owner {
    /// The work of this operator. Without an organisation: work from before it was known which one it is, which is
    /// taken over as soon as it is.
    pub fn new(slot: SlotId, organization_id: Option<Uuid>) -> Self {
        let name = match organization_id {
            Some(id) => format!("{slot}/{}", id.simple()),
            None => slot.to_string(),
        };
        Self {
            slot,
            organization_id,
            name,
        }
    }

    /// The operator's place, whatever the organisation.
    pub const fn slot(&self) -> &SlotId {
        &self.slot
    }

    /// The organisation, where it is known.
    pub const fn organization_id(&self) -> Option<Uuid> {
        self.organization_id
    }

    /// The name the journal keeps the work under.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
