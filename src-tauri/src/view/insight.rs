//! What administrators ask for of the figures on sessions; the figures themselves come as the server says them.

use protocol::insight::{ErrorsBy, Range};
use serde::{Deserialize, Serialize};
use specta::Type;

/// Which figures to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct InsightQuery {
    /// How far back.
    pub range: Range,
    /// Of this organisation; absent: of the operator's own, or of all for a super admin.
    pub organization_id: Option<String>,
}

/// Which failures to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ErrorsQuery {
    /// How far back.
    pub range: Range,
    /// Of this organisation; absent: of the operator's own, or of all for a super admin.
    pub organization_id: Option<String>,
    /// By what they are put together.
    pub by: ErrorsBy,
    /// Those after this mark of a page before.
    pub after: Option<String>,
}

/// A file that was saved for the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct SavedFile {
    /// Where it is.
    pub path: String,
}
