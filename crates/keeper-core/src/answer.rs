//! What a server's answer means, after a profile has read it: granted, refused, or merely not reached.

use serde::{Deserialize, Serialize};

use crate::{AccessToken, RefreshToken, Span};

/// What came back from a refresh.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// New tokens.
    Granted(Grant),
    /// The configured server itself said that this token is good no more.
    Refused(EndReason),
    /// A late duplicate of a refresh answered long ago: no verdict on the session.
    Stale,
    /// The server will not renew without rotation any longer.
    RotationRequired,
    /// The proof of possession needs a newer nonce of the server's, which came with this answer (RFC 9449 §8): no verdict.
    NonceWanted,
    /// The proof of possession is missing or not accepted: a verdict on the proof, never on the session.
    ProofRefused,
    /// No verdict at all: try again. With the server's wish for a pause, if it named one.
    Transient(Trouble, Option<Span>),
    /// The server does not accept this client's configuration: the session is kept.
    Misconfigured(Fault),
}

/// The whole of a good answer, validated before it gets here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The server's id of the session, where it says one.
    pub session_id: Option<String>,
    /// The new access token.
    pub access_token: AccessToken,
    /// Its life, counted from the moment the request was sent.
    pub expires_in: Span,
    /// When the server would like to be asked again.
    pub refresh_in: Option<Span>,
    /// The successor; absent where the old refresh token stays good.
    pub refresh_token: Option<RefreshToken>,
    /// The session's deadlines.
    pub deadlines: Deadlines,
    /// How far this device's wall clock is ahead of the server's, in milliseconds; for display only.
    pub clock_ahead_ms: Option<i64>,
}

/// Ends of a session other than its tokens', from the moment the request was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Deadlines {
    /// Until it ends for lack of input; `None` where it does not.
    pub idle: Option<Span>,
    /// Until its absolute end; `None` where the server names none.
    pub absolute: Option<Span>,
}

/// Why a session is over.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum EndReason {
    /// Closed by its owner elsewhere or by an administrator.
    Revoked,
    /// The account is disabled.
    Disabled,
    /// The refresh token was used by somebody else.
    Reused,
    /// It reached its absolute end.
    Expired,
    /// It ended for lack of input.
    Idle,
    /// The server no longer knows this token, for a reason it does not give.
    Invalid,
    /// The keychain holds a token from before the last two rotations.
    Outdated,
    /// The answer to a rotation was lost and this server cannot repeat it.
    AnswerLost,
    /// Signed out on this device.
    SignedOut,
    /// Its owner signed in on more devices than the organisation allows.
    Displaced,
    /// Its owner's password was changed.
    PasswordChanged,
    /// The session is bound to a key of this device that is gone from its keychain.
    KeyLost,
}

/// Why the server could not be asked.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Trouble {
    /// No link, no route, no name, or nothing came back.
    Offline,
    /// The address answers, the server does not: connection refused or reset, 5xx, cut answers.
    ServerDown,
    /// Something else answers in the server's place: a portal's page, a proxy, a redirect.
    NotTheServer,
    /// The certificate is not this server's, or not trusted.
    Certificate,
    /// Too many requests; wait.
    RateLimited,
    /// An answer that cannot be read.
    Malformed,
}

/// What is wrong with this client's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Fault {
    /// The server does not know this client.
    ClientUnknown,
    /// The server does not take this kind of request.
    RequestRejected,
    /// The server does not accept this device's proof of possession.
    ProofRefused,
}
