//! What the driver is told, by its callers and by its own calls.

use keeper_core::{Input, KeyThumbprint, Moment};
use protocol::auth::Me;
use secrecy::SecretString;
use tokio::sync::oneshot;

use crate::SignInError;
use crate::profile::SignedIn;

/// What the driver is told.
pub(crate) enum Message {
    /// An answer, or something that a caller saw, for the session of this epoch only.
    Input { epoch: u64, input: Input },
    /// Something for whatever session is active.
    Active(Input),
    /// Sign in.
    SignIn {
        username: String,
        password: SecretString,
        done: oneshot::Sender<Result<Me, SignInError>>,
    },
    /// The server has answered a sign-in.
    SignInAnswered {
        operator: String,
        signed_in: Box<SignedIn>,
        /// The key that signed it.
        bound_to: Option<KeyThumbprint>,
        sent: Moment,
        done: oneshot::Sender<Result<Me, SignInError>>,
    },
    /// The server was told of signing out, or could not be.
    LogoutEnded { epoch: u64 },
    /// The session of this epoch works in another organisation: nobody is handed the access token of before any more, once
    /// this is done.
    AccessSuperseded { epoch: u64, done: oneshot::Sender<()> },
    /// Try at once.
    Retry { done: oneshot::Sender<()> },
    /// Sign out.
    SignOut { done: oneshot::Sender<()> },
    /// Everything that signing out asked for is done.
    SignedOut { epoch: u64 },
    /// Stop.
    Shutdown { done: oneshot::Sender<()> },
}
