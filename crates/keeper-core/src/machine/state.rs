//! The parts of the keeper's state; what cannot be is not to be written down.

use crate::{
    AccessGrant, AttemptId, CallId, Connection, EndReason, Fault, Fingerprint, Grant, Moment, SessionRecord,
    Span, Trouble, VaultFault,
};

/// Where the session stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Blank,
    Restoring {
        fault: Option<VaultFault>,
        tries: u32,
    },
    Entering {
        record: SessionRecord,
        grant: Grant,
        sent: Moment,
    },
    Live(Live),
    Over {
        session_id: String,
        generation: u32,
        reason: EndReason,
    },
}

/// A session that lives as far as this device knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Live {
    pub(super) record: SessionRecord,
    /// Whether the keychain holds `record`.
    pub(super) durable: bool,
    /// Whether the keychain ever held a token of this session.
    pub(super) stored_once: bool,
    /// Why the keychain could not be read or written last time.
    pub(super) vault_fault: Option<VaultFault>,
    pub(super) vault_tries: u32,
    /// Handed out.
    pub(super) access: Option<AccessGrant>,
    /// Bought with a refresh token that is not durable yet: handed to nobody.
    pub(super) held: Option<AccessGrant>,
    /// When the last answer's request was sent, and how long its access token lives.
    pub(super) granted: Option<(Moment, Span)>,
    pub(super) idle_end: Option<Moment>,
    pub(super) idle_span: Span,
    pub(super) idle_near: bool,
    pub(super) absolute_end: Option<Moment>,
    pub(super) absolute_span: Span,
    pub(super) absolute_near: bool,
    pub(super) failures: u32,
    pub(super) trouble: Option<Trouble>,
    pub(super) fault: Option<Fault>,
    /// The attempt under which this token renews without rotating; one a token, so that the server has few to remember.
    pub(super) renewal: Option<(Fingerprint, AttemptId)>,
    /// The server no longer renews without rotation.
    pub(super) must_rotate: bool,
    /// Refusals in a row that were not believed because the store held something newer.
    pub(super) questioned: u32,
}

impl Live {
    pub(super) fn of(record: SessionRecord) -> Self {
        Self {
            record,
            durable: false,
            stored_once: false,
            vault_fault: None,
            vault_tries: 0,
            access: None,
            held: None,
            granted: None,
            idle_end: None,
            idle_span: Span::ZERO,
            idle_near: false,
            absolute_end: None,
            absolute_span: Span::ZERO,
            absolute_near: false,
            failures: 0,
            trouble: None,
            fault: None,
            renewal: None,
            must_rotate: false,
            questioned: 0,
        }
    }

    pub(super) fn has_access(&self, now: Moment) -> bool {
        self.access.as_ref().is_some_and(|grant| now < grant.expires)
    }
}

/// What is being done under the lock. Everything but `Idle`, `Waiting` and `Locking` holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cycle {
    Idle,
    /// Between two tries to get the lock.
    Waiting,
    Locking,
    Reading,
    Intending(Plan),
    Sending {
        call: CallId,
        sent: Moment,
        plan: Plan,
    },
    Persisting,
    Closing,
    Questioning {
        reason: EndReason,
        plan: Plan,
    },
}

impl Cycle {
    /// Whether a refresh is under way, so that wanting another would only rotate twice.
    pub(super) fn brings_access(&self) -> bool {
        match self {
            Self::Intending(_) | Self::Sending { .. } | Self::Persisting | Self::Questioning { .. } => true,
            Self::Idle | Self::Waiting | Self::Locking | Self::Reading | Self::Closing => false,
        }
    }

    pub(super) fn is_sending(&self) -> bool {
        matches!(self, Self::Sending { .. })
    }
}

/// A refresh as it is about to be sent, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Plan {
    pub(super) attempt: AttemptId,
    pub(super) fingerprint: Fingerprint,
    pub(super) rotate: bool,
    pub(super) replay: bool,
    pub(super) nonce: Nonce,
}

/// Whether the server has just given the nonce that this call's proof carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Nonce {
    AsKnown,
    JustGiven,
}

/// What is to be done under the lock as soon as it can be had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Wants {
    /// Remove the record of this token from the store.
    pub(super) leave: Option<Fingerprint>,
    pub(super) enter: bool,
    /// Read the store: at start, or to make the record durable.
    pub(super) read: bool,
    pub(super) refresh: bool,
}

impl Wants {
    pub(super) fn any(&self) -> bool {
        self.leave.is_some() || self.enter || self.read || self.refresh
    }
}

/// The connection as the heartbeat sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link {
    pub(super) state: Connection,
    pub(super) out: Option<(CallId, Moment)>,
    pub(super) notified: bool,
    pub(super) retrying: bool,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            state: Connection::Unknown,
            out: None,
            notified: false,
            retrying: false,
        }
    }
}

impl Link {
    pub(super) fn lost(&self) -> Option<Trouble> {
        match self.state {
            Connection::Lost { trouble } => Some(trouble),
            Connection::Unknown | Connection::Online => None,
        }
    }
}
