//! The truth about the session at one moment, typed; the words for it are the screen's.

use serde::{Deserialize, Serialize};

use crate::{EndReason, Fault, Moment, Trouble, VaultFault};

/// Everything a screen, a tray or a script may know of the session. No secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionSnapshot {
    /// What the banner says.
    pub banner: Banner,
    /// How loudly.
    pub severity: Severity,
    /// Where the session stands.
    pub phase: SessionPhase,
    /// Who, if a session is or was here.
    pub operator: Option<String>,
    /// The server's id of the session.
    pub session_id: Option<String>,
    /// The connection as the heartbeat sees it.
    pub connection: Connection,
    /// Since when the banner says what it says.
    pub since: Moment,
    /// When the next automatic attempt leaves, while the server cannot be reached.
    pub next_attempt: Option<Moment>,
    /// Whether an attempt is out right now.
    pub attempting: bool,
    /// When the access token in force dies.
    pub access_end: Option<Moment>,
    /// When the session ends for lack of input.
    pub idle_end: Option<Moment>,
    /// The session's absolute end.
    pub absolute_end: Option<Moment>,
    /// Whether the session would survive a restart.
    pub persistence: Persistence,
    /// Tokens rotated so far.
    pub generation: u32,
    /// Refreshes granted in this process.
    pub refreshes: u32,
}

/// Where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum SessionPhase {
    /// The keychain is being asked whether there is one.
    Restoring,
    /// There is none.
    SignedOut,
    /// There is one. It stays so while the server cannot be reached, offline at start too.
    SignedIn,
    /// It was closed; the work stays.
    Ended,
}

impl SessionSnapshot {
    /// Nobody is signed in and nothing is known.
    pub fn signed_out(now: Moment) -> Self {
        Self {
            banner: Banner::Hidden,
            severity: Severity::Hidden,
            phase: SessionPhase::SignedOut,
            operator: None,
            session_id: None,
            connection: Connection::Unknown,
            since: now,
            next_attempt: None,
            attempting: false,
            access_end: None,
            idle_end: None,
            absolute_end: None,
            persistence: Persistence::Durable,
            generation: 0,
            refreshes: 0,
        }
    }
}

/// What the banner says. One at a time: the gravest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Banner {
    /// Nothing: all is well, or nobody is signed in.
    Hidden,
    /// A refresh takes longer than usual.
    Refreshing,
    /// The server cannot be reached.
    Offline,
    /// The server does not answer as it should.
    ServerDown {
        /// Why.
        trouble: Trouble,
    },
    /// The session is about to end for lack of input.
    IdleEndNear,
    /// The session's absolute end is near.
    AbsoluteEndNear,
    /// The session is over.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// The keychain does not keep the session just now.
    KeychainUnavailable {
        /// How.
        fault: VaultFault,
    },
    /// This device's clock and the server's are far apart. Nothing depends on it but the times that are shown.
    ClockSuspect {
        /// How far this device is ahead, in seconds; negative where it is behind.
        ahead_seconds: i32,
    },
    /// The server does not accept this client's configuration.
    Misconfigured {
        /// What is wrong.
        fault: Fault,
    },
}

/// How loudly the banner speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Severity {
    /// Not at all.
    Hidden,
    /// For information.
    Info,
    /// Something needs attention soon.
    Warning,
    /// Something needs attention now.
    Error,
}

/// The connection to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Connection {
    /// Not yet known.
    Unknown,
    /// The server answers.
    Online,
    /// It does not.
    Lost {
        /// Why.
        trouble: Trouble,
    },
}

/// Whether the session would survive a restart of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Persistence {
    /// The keychain holds the token in force.
    Durable,
    /// It does not, just now; the token is in memory only.
    MemoryOnly {
        /// Why.
        fault: VaultFault,
    },
}
