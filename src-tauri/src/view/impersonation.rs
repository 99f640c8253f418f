//! Acting as somebody else, as the screen shows it: one's own, how it ended, and everybody's.

use keeper_core::ImpersonationEnd;
use serde::Serialize;
use specta::Type;

use super::{Millis, OperatorView};

/// The operator acts as somebody else.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct ImpersonationView {
    /// The impersonation's session.
    pub session_id: String,
    /// The name of whoever acts.
    pub impersonator_name: String,
    /// As whom: with this role and in this organisation every command works meanwhile.
    pub operator: OperatorView,
    /// Why.
    pub reason: String,
    /// When it began.
    pub started_ms: Millis,
    /// From when on it is near its end.
    pub near_ms: Millis,
    /// When it ends, whatever happens.
    pub ends_ms: Millis,
}

/// The operator acts as nobody else any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct ImpersonationOverView {
    /// The impersonation's session.
    pub session_id: String,
    /// As whom the operator acted.
    pub user_name: String,
    /// How it ended.
    pub why: ImpersonationEnd,
}

/// One of the two people of an impersonation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct ImpersonationPerson {
    /// The user.
    pub user_id: String,
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
}

/// An impersonation that lasts, anybody's.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct LiveImpersonation {
    /// Its session.
    pub session_id: String,
    /// Who.
    pub impersonator: ImpersonationPerson,
    /// As whom.
    pub user: ImpersonationPerson,
    /// In which organisation.
    pub organization_id: String,
    /// Its name.
    pub organization_name: String,
    /// Why.
    pub reason: String,
    /// What the impersonator's device is called.
    pub device_name: String,
    /// The address of its last call.
    pub ip_address: String,
    /// The application or browser with its version, where one is known.
    pub application: Option<String>,
    /// When it began, by this device's clock.
    pub started_ms: Millis,
    /// When it ends, whatever happens, by this device's clock.
    pub ends_ms: Millis,
    /// Whether the operator began it.
    pub is_own: bool,
}
