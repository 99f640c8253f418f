//! What whoever starts a server may decide about its audit log.

use std::path::PathBuf;
use std::time::Duration;

use super::heads_call::HeadsWebhook;

/// The usual name of the file with the signed heads.
pub const HEADS_FILE: &str = "audit-heads.jsonl";

/// Where signed heads go besides, and for how long rows are kept.
#[derive(Clone, Debug, Default)]
pub struct AuditOptions {
    /// The file that every signed head is added to; `None`: heads stand in the database only.
    pub heads_file: Option<PathBuf>,
    /// Where the newest head is posted besides; `None`: nowhere.
    pub webhook: Option<HeadsWebhook>,
    /// For how long rows are kept after they were sealed; `None`: for ever.
    pub kept: Option<Duration>,
}
