//! What the screen is told of tills and their days.

use protocol::till_day::CounterTill;
use serde::Serialize;
use specta::Type;

/// The tills of the organisation, and which of them this device is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct TillBoard {
    /// By site, then by name.
    pub tills: Vec<CounterTill>,
    /// This device's till, where one was chosen and is still there.
    pub chosen: Option<String>,
}
