//! Working in another organisation: one call to the server, after which nobody is handed a token of the one before.

use std::sync::Arc;

use http::HeaderValue;
use keeper_core::{Hint, Input, Trouble};
use protocol::ErrorCode;
use protocol::auth::Me;
use protocol::sale::IDEMPOTENCY_KEY;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::driver::{Message, Shared};
use crate::profile::Reply;
use crate::{AuthorisedClient, RequestError};

/// Why the session does not work in the other organisation, or not yet. In no case is anything of it lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// The server does not know of organisations.
    #[error("the server does not know of organisations")]
    Unsupported,
    /// The server was not asked: nobody is signed in, or no access token can be had just now.
    #[error(transparent)]
    NotAsked(RequestError),
    /// The server refused: the session works where it did.
    #[error("the server refuses: {code}")]
    Refused {
        /// What it said.
        code: ErrorCode,
        /// When to try again, in seconds, where the server says so.
        retry_after_seconds: Option<u32>,
    },
    /// The server was asked and its answer did not come: the session works in one of the two. The next token says in
    /// which, and so does asking the server who is signed in.
    #[error("whether the session has moved is not known: {trouble}")]
    InDoubt {
        /// What stood in the way.
        trouble: Trouble,
    },
    /// The session works there, and no access token for it can be had just now; it comes with the next refresh.
    #[error("the session has moved, and its access token cannot be had just now: {trouble}")]
    TokenPending {
        /// Who is signed in, in the other organisation.
        me: Box<Me>,
        /// What stands in the way.
        trouble: Trouble,
    },
}

impl SwitchError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsupported => "switch_unsupported",
            Self::NotAsked(error) => error.code(),
            Self::Refused { code, .. } => code.into(),
            Self::InDoubt { .. } => "switch_in_doubt",
            Self::TokenPending { .. } => "token_pending",
        }
    }
}

/// Asks the server, and returns when the token for the other organisation is there.
pub(crate) async fn switch(shared: &Arc<Shared>, organization_id: Uuid) -> Result<Me, SwitchError> {
    let profile = &shared.config.profile;
    let Some(mut request) = profile.switch_request(organization_id) else {
        return Err(SwitchError::Unsupported);
    };
    // Refused for its token it has done nothing, so it may be sent once more.
    if let Ok(key) = HeaderValue::try_from(Uuid::new_v4().to_string()) {
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
    }
    let client = AuthorisedClient::new(Arc::clone(shared));
    let epoch = shared.epoch();
    let answer = match client.send(request).await {
        Ok(response) => profile.read_switch(Reply::of(&response, shared.config.clock.wall_ms())),
        Err(RequestError::Transport(fault)) => Err(SwitchError::InDoubt {
            trouble: fault.trouble(),
        }),
        Err(
            error @ (RequestError::SignedOut
            | RequestError::SessionOver(_)
            | RequestError::NoToken(_)
            | RequestError::NotRepeatable
            | RequestError::ImpersonationOver(_)
            | RequestError::Stopped),
        ) => Err(SwitchError::NotAsked(error)),
    };
    let me = match answer {
        Ok(me) => me,
        Err(error) => {
            if matches!(error, SwitchError::InDoubt { .. }) {
                shared.send_input(epoch, Input::Hinted(Hint::OrganizationChanged));
            }
            tracing::info!(
                code = error.code(),
                "the session was not moved to another organisation"
            );
            return Err(error);
        }
    };
    let (done, withdrawn) = oneshot::channel();
    shared.send(Message::AccessSuperseded { epoch, done });
    let _ = withdrawn.await;
    match client.wait_for_token(None, epoch).await {
        Ok(_) => Ok(me),
        Err(RequestError::NoToken(trouble)) => Err(SwitchError::TokenPending {
            me: Box::new(me),
            trouble,
        }),
        Err(error) => Err(SwitchError::NotAsked(error)),
    }
}
