//! What a store says of its changes while it works: hints to look again, on which no decision hangs.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::notice::NoticeKind;
use crate::session::RevokeReason;

/// Changes that wait for a receiver; one that falls further behind is told that it missed some.
pub const CHANGES_KEPT: usize = 4_096;

/// Something that changed, said after it is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A session was ended before its time.
    SessionEnded {
        /// The session.
        session_id: Uuid,
        /// Whose.
        user_id: Uuid,
        /// The organisation it worked in.
        organization_id: Uuid,
        /// Why.
        reason: RevokeReason,
    },
    /// A session works in another organisation now.
    SessionMoved {
        /// The session.
        session_id: Uuid,
        /// The organisation it moved to.
        organization_id: Uuid,
    },
    /// An organisation's settings were put.
    SettingsChanged {
        /// The organisation.
        organization_id: Uuid,
    },
    /// An organisation's categories were changed.
    CategoriesChanged {
        /// The organisation.
        organization_id: Uuid,
    },
    /// A user has a new security notice.
    NoticeAdded {
        /// The user.
        user_id: Uuid,
        /// The notice.
        notice_id: Uuid,
        /// What it says.
        kind: NoticeKind,
    },
    /// Impersonations began or ended.
    ImpersonationsChanged,
    /// An alert of an organisation began, ended, or was told to somebody.
    AlertsChanged {
        /// The organisation.
        organization_id: Uuid,
    },
}
