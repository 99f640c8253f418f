//! What comes in to the keeper and what goes out of it.

use serde::{Deserialize, Serialize};

use crate::{
    AccessGrant, Answer, AttemptId, Deadlines, EndReason, Grant, Journal, KeyThumbprint, Moment,
    RefreshToken, SessionRecord, Span, Trouble, VaultFault,
};

/// Tells one call's answer from another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The process began: bring back the session of this slot, if there is one.
    Started,
    /// The operator signed in. A running session of this slot is replaced.
    SignedIn {
        /// What the slot is now.
        record: SessionRecord,
        /// The server's answer, with the record's refresh token in it or absent.
        grant: Grant,
        /// When the sign-in was sent: lives are counted from there.
        sent: Moment,
    },
    /// Answer to [`Output::AcquireLock`].
    LockAnswered(LockAnswer),
    /// Answer to [`Output::ReadStore`].
    StoreRead(StoreRead),
    /// Answer to [`Output::WriteJournal`]: whether it is durable.
    JournalWritten(bool),
    /// Answer to [`Output::WriteVault`].
    VaultWritten(Result<(), VaultFault>),
    /// Answer to [`Output::SendRefresh`].
    RefreshAnswered {
        /// Which call.
        call: CallId,
        /// What came back.
        answer: Answer,
    },
    /// Answer to [`Output::SendHeartbeat`]: whether the server itself answered.
    HeartbeatAnswered {
        /// Which call.
        call: CallId,
        /// `Ok`, or why not.
        reached: Result<(), Trouble>,
    },
    /// Answer to [`Output::SendPing`].
    PingAnswered {
        /// Which call.
        call: CallId,
        /// The deadlines as they now stand, or why there was no answer.
        answer: Result<Deadlines, Trouble>,
    },
    /// The timer that [`crate::Keeper::next_timer`] named has come; also harmless at any other moment.
    TimerFired,
    /// A caller's request was refused for its access token.
    RequestRefused {
        /// Serial of the access token that the request carried.
        serial: u64,
    },
    /// A caller's request, sent with the token of this serial, was refused because the session is over.
    SessionRefused {
        /// Serial of the access token that the request carried.
        serial: u64,
        /// What the server said.
        reason: EndReason,
    },
    /// The server has just moved this session to another organisation, as its operator asked: the access token at hand, and
    /// whatever a refresh that has left brings, may say the one before.
    AccessSuperseded,
    /// The server let it be known that something changed. It is a reason to ask, and nothing more.
    Hinted(Hint),
    /// A caller needs an access token and there is none that lives.
    TokenWanted,
    /// A caller's own request reached the server, or did not.
    Reached(Result<(), Trouble>),
    /// The operating system says that the link is up, or down.
    LinkChanged {
        /// Whether it is up.
        up: bool,
    },
    /// The machine woke from sleep, or the clocks tell that it must have.
    Woke,
    /// The operator did something.
    Operator(OperatorAct),
}

/// What the server lets its clients know while they listen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// A session was ended.
    SessionEnded {
        /// Which.
        session_id: String,
    },
    /// This session is in another organisation now.
    OrganizationChanged,
    /// The organisation's settings were changed.
    SettingsChanged,
}

/// What the operator did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperatorAct {
    /// Touched the device: real input, at this moment.
    Input,
    /// Pressed "Réessayer".
    Retry,
    /// Signed out.
    SignOut,
}

/// Answer to [`Output::AcquireLock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockAnswer {
    /// This process holds it now.
    Held,
    /// It could not be had in the time given.
    Busy,
}

/// What keychain and journal hold; read while the lock is held.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoreRead {
    /// The slot's record.
    pub record: Result<Option<SessionRecord>, VaultFault>,
    /// The journal; `None` where it could not be read.
    pub journal: Option<Journal>,
    /// Whether the key that the record is bound to is there.
    pub key: DeviceKey,
}

/// Whether the key that a record is bound to is there. A keychain that cannot say so is a fault of the record's reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceKey {
    /// It is, or the record is bound to none.
    AtHand,
    /// The keychain was read and does not hold it, and neither does this process.
    Lost,
}

/// Something to do. The outside carries outputs out in order and answers those that have an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// Get the slot's lock between processes, waiting this long at most.
    AcquireLock {
        /// At most.
        wait: Span,
    },
    /// Give it back.
    ReleaseLock,
    /// Read keychain and journal.
    ReadStore,
    /// Make the journal say this, durably.
    WriteJournal(Journal),
    /// Make the keychain hold this.
    WriteVault(SessionRecord),
    /// Remove the slot's record from the keychain. Only signing out asks for it.
    DeleteVault,
    /// Send a refresh.
    SendRefresh(RefreshCall),
    /// Ask whether the server lives.
    SendHeartbeat {
        /// Which call.
        call: CallId,
    },
    /// Tell the server of the operator's input.
    SendPing {
        /// Which call.
        call: CallId,
        /// How long ago the input was.
        last_input_age: Span,
    },
    /// Tell the server that a session is over: now, or as soon as it can be reached.
    SendLogout(Farewell),
    /// From now on callers get this token; `None`: there is none to get.
    HandOut(Option<AccessGrant>),
    /// Tell the operator, outside the window too.
    Notify(Notice),
    /// The snapshot is another one now.
    Publish,
    /// Remember this decision for "why was I signed out".
    Record(Decision),
}

/// A refresh to send.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefreshCall {
    /// Which call.
    pub call: CallId,
    /// The token to spend.
    pub refresh_token: RefreshToken,
    /// The attempt; the same on every retry of this generation.
    pub attempt: AttemptId,
    /// `false`: renew the access token only.
    pub rotate: bool,
    /// How long ago the operator last touched the device.
    pub last_input_age: Option<Span>,
    /// The key to sign with, where the session is bound to one.
    pub key: Option<KeyThumbprint>,
}

/// What a session that this device has left is ended with on the server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Farewell {
    /// Its access token, where one was at hand.
    pub access: Option<AccessGrant>,
    /// What brings another one when that is dead: the session's own refresh token, under the attempt that may have spent it.
    pub renewal: RefreshCall,
}

/// A native notification; one of a kind replaces the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Notice {
    /// The server cannot be reached, for some seconds already.
    ConnectionLost {
        /// Why.
        trouble: Trouble,
    },
    /// It can again.
    ConnectionBack,
    /// The session is about to end.
    EndNear,
    /// The session was closed.
    SessionClosed {
        /// Why.
        reason: EndReason,
    },
}

/// One decision, without secrets, for the diagnosis afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Decision {
    /// A session was brought back from the keychain.
    Restored {
        /// Its generation.
        generation: u32,
    },
    /// A refresh was sent.
    RefreshSent {
        /// Generation of the token spent.
        generation: u32,
        /// Whether the attempt had been begun before.
        replay: bool,
        /// Whether it rotates.
        rotate: bool,
    },
    /// A refresh was granted.
    RefreshGranted {
        /// Generation in force afterwards.
        generation: u32,
    },
    /// A refresh got no verdict.
    RefreshFailed {
        /// Why.
        trouble: Trouble,
    },
    /// Another process had rotated; its record was adopted.
    Adopted {
        /// Generation in force afterwards.
        generation: u32,
    },
    /// The server wants a newer nonce in the proof of possession; the same attempt was repeated with it.
    NonceWanted,
    /// The server does not accept the proof of possession.
    ProofRefused,
    /// The server refused, and the store was read again before believing it.
    Questioned {
        /// What the server said.
        reason: EndReason,
    },
    /// The session is over.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// The keychain failed.
    VaultFailed {
        /// How.
        fault: VaultFault,
    },
    /// The journal could not be written.
    JournalFailed,
    /// The lock could not be had.
    LockBusy,
}
