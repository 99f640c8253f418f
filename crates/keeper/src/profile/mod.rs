//! What a server's requests look like and what its answers mean: one profile for each kind of server.

mod json;
mod reading;
mod vigie;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use keeper_core::{Answer, Capabilities, Deadlines, EndReason, Grant, RefreshCall, Span, Trouble};
use protocol::auth::Me;
use protocol::impersonation::{ImpersonationGrant, StartImpersonationRequest};
use protocol::insight::ClientReport;
use secrecy::SecretString;
use uuid::Uuid;

pub use vigie::VigieProfile;

use crate::listening::Heard;
use crate::{ActingRefusal, Device, ImpersonationError, SignInError, SwitchError};

/// Requests and the meaning of answers. A profile does no I/O. Request URIs are paths below the server's origin.
pub trait Profile: Send + Sync {
    /// Its name in settings and logs.
    fn name(&self) -> &'static str;
    /// What the server promises.
    fn capabilities(&self) -> Capabilities;

    /// Signs in.
    fn sign_in_request(&self, username: &str, password: &SecretString, device: &Device) -> Request<Bytes>;
    /// Reads the answer to [`Profile::sign_in_request`].
    ///
    /// # Errors
    /// Why nobody is signed in.
    fn read_sign_in(&self, reply: Reply<'_>) -> Result<SignedIn, SignInError>;

    /// How the server wants it proved that a refresh comes from the device that signed in.
    fn possession(&self) -> Possession {
        Possession::Unproved
    }
    /// Whether this answer asks for the same request again, with a newer nonce in its proof.
    fn wants_nonce(&self, _reply: Reply<'_>) -> bool {
        false
    }

    /// Refreshes.
    fn refresh_request(&self, call: &RefreshCall) -> Request<Bytes>;
    /// Reads the answer to [`Profile::refresh_request`]. `Refused` means that the configured server itself said so.
    fn read_refresh(&self, reply: Reply<'_>) -> Answer;

    /// Asks whether the server lives.
    fn heartbeat_request(&self) -> Request<Bytes>;
    /// Reads the answer to [`Profile::heartbeat_request`].
    ///
    /// # Errors
    /// Why this is not the server, or not a healthy one.
    fn read_heartbeat(&self, reply: Reply<'_>) -> Result<(), Trouble>;

    /// Tells of the operator's input, and of what the device counted where the server takes that. The client adds the
    /// authorisation.
    fn ping_request(&self, last_input_age: Span, report: Option<ClientReport>) -> Request<Bytes>;
    /// Reads the answer to [`Profile::ping_request`].
    ///
    /// # Errors
    /// Why there is no answer.
    fn read_ping(&self, reply: Reply<'_>) -> Result<Deadlines, Trouble>;

    /// Asks for the stream of what the server lets be known; `None` where it has none. The listener adds the authorisation.
    fn events_request(&self) -> Option<Request<Bytes>> {
        None
    }
    /// Reads one event of that stream (WHATWG HTML §9.2); `None` for one that says nothing to this client.
    fn read_event(&self, _name: &str, _data: &str) -> Option<Heard> {
        None
    }
    /// Moves the session to another organisation; `None` where the server has no such thing. The client adds the
    /// authorisation. Sent twice it does what it does sent once.
    fn switch_request(&self, _organization_id: Uuid) -> Option<Request<Bytes>> {
        None
    }
    /// Reads the answer to [`Profile::switch_request`].
    ///
    /// # Errors
    /// Why the session is not known to work there.
    fn read_switch(&self, _reply: Reply<'_>) -> Result<Me, SwitchError> {
        Err(SwitchError::Unsupported)
    }

    /// Begins to act as somebody else; `None` where the server has no such thing. The client adds the authorisation.
    fn impersonation_request(&self, _asked: &StartImpersonationRequest) -> Option<Request<Bytes>> {
        None
    }
    /// Asks for another token of an impersonation. The client adds the authorisation of the operator's own session.
    fn impersonation_token_request(&self, _session_id: Uuid) -> Option<Request<Bytes>> {
        None
    }
    /// Stops an impersonation. The client adds the authorisation of the operator's own session.
    fn impersonation_stop_request(&self, _session_id: Uuid) -> Option<Request<Bytes>> {
        None
    }
    /// Reads the answer to [`Profile::impersonation_request`] and [`Profile::impersonation_token_request`].
    ///
    /// # Errors
    /// Why there is no token.
    fn read_impersonation(&self, _reply: Reply<'_>) -> Result<ImpersonationGrant, ImpersonationError> {
        Err(ImpersonationError::Unsupported)
    }
    /// Reads the answer to [`Profile::impersonation_stop_request`]: whether the impersonation is over on the server, or
    /// none of this session's.
    fn read_impersonation_stop(&self, _reply: Reply<'_>) -> bool {
        true
    }
    /// Reads the answer to a request made as somebody else for what it says about the impersonation.
    fn read_acting_refusal(&self, _reply: Reply<'_>) -> ActingRefusal {
        ActingRefusal::None
    }

    /// Signs out. The client adds the authorisation.
    fn logout_request(&self) -> Request<Bytes>;
    /// Reads the answer to [`Profile::logout_request`].
    fn read_logout(&self, reply: Reply<'_>) -> Parting;

    /// Reads the answer to any authorised request for what it says about the session.
    fn read_refusal(&self, reply: Reply<'_>) -> Refusal;
    /// Whether this path belongs to signing in, refreshing or signing out, where nothing is ever refreshed or repeated.
    fn is_auth_path(&self, path: &str) -> bool;
}

/// What an answer to signing out says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// The session is over on the server.
    Over,
    /// The access token is not good.
    TokenRefused,
    /// Nothing.
    Unknown,
}

/// How a server wants it proved that a token is presented by the device it was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Possession {
    /// Not at all: whoever has the token has the session.
    Unproved,
    /// By a proof signed with a key of the device, on signing in and refreshing (RFC 9449).
    Dpop,
}

/// An answer to be read.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
    /// The device's wall clock, milliseconds since 1970: for `Retry-After` dates without a `Date` header beside them.
    pub wall_ms: i64,
}

impl<'a> Reply<'a> {
    /// This response, read at this time of the wall clock.
    pub fn of(response: &'a Response<Bytes>, wall_ms: i64) -> Self {
        Self {
            status: response.status(),
            headers: response.headers(),
            body: response.body(),
            wall_ms,
        }
    }
}

/// A good answer to signing in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The tokens and deadlines; always with a refresh token.
    pub grant: Grant,
    /// The server's id of the session.
    pub session_id: String,
    /// How often it has rotated.
    pub generation: u32,
    /// Who signed in.
    pub me: Me,
}

/// What an answer to an authorised request says about the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing.
    None,
    /// The access token is not good: a refresh may help.
    Token,
    /// The session is over.
    Session(EndReason),
}
