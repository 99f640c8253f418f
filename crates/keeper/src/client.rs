//! The HTTP client that is always authorised while the session lives.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Request, Response, Uri};
use keeper_core::{Banner, EndReason, ImpersonationEnd, Input, Moment, SessionPhase, Trouble};
use protocol::sale::IDEMPOTENCY_KEY;
use tokio::time::{Instant, timeout_at};

use crate::driver::{Handed, Outcome, Shared};
use crate::impersonation::{Acting, ActingRefusal};
use crate::profile::{Refusal, Reply};
use crate::slot::normalised;
use crate::{Limits, TransportFault};

/// How long a request waits for a new access token: a refresh with its own limit, and the lock before it.
const WAIT_FOR_TOKEN: Duration = Duration::from_secs(15);

/// Sends requests with the access token in force. One refresh serves any number of refused requests; a refused request
/// is sent once more, and only where that cannot do its work twice.
#[derive(Clone)]
pub struct AuthorisedClient {
    shared: Arc<Shared>,
    only_for: Option<Arc<str>>,
    acting: Option<Arc<Acting>>,
}

/// Why an authorised request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
    /// The session is over.
    #[error("the session is over: {0}")]
    SessionOver(EndReason),
    /// No access token lives, and none can be had just now.
    #[error("no access token can be had just now: {0}")]
    NoToken(Trouble),
    /// The server could not be reached, or cut the answer short. The request may have been carried out.
    #[error(transparent)]
    Transport(#[from] TransportFault),
    /// The request was refused for its token, and sending it again could do its work twice: it changes something and
    /// carries no Idempotency-Key.
    #[error("the request cannot be repeated: it carries no Idempotency-Key")]
    NotRepeatable,
    /// The impersonation that the request was made under is over. Nothing of it is lost: it was not carried out.
    #[error("the impersonation is over")]
    ImpersonationOver(ImpersonationEnd),
    /// The keeper was shut down.
    #[error("the keeper has stopped")]
    Stopped,
}

impl RequestError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::SessionOver(_) => "session_over",
            Self::NoToken(_) => "no_token",
            Self::Transport(_) => "transport",
            Self::NotRepeatable => "not_repeatable",
            Self::ImpersonationOver(_) => "impersonation_over",
            Self::Stopped => "stopped",
        }
    }

    /// Whether the same request may succeed later without anybody signing in.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::NoToken(_) | Self::Transport(_) => true,
            Self::SignedOut
            | Self::SessionOver(_)
            | Self::NotRepeatable
            | Self::ImpersonationOver(_)
            | Self::Stopped => false,
        }
    }
}

impl AuthorisedClient {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            only_for: None,
            acting: None,
        }
    }

    /// A client that sends as somebody else.
    pub(crate) fn acting(shared: Arc<Shared>, acting: Arc<Acting>) -> Self {
        Self {
            acting: Some(acting),
            ..Self::new(shared)
        }
    }

    /// The same client for this operator's requests alone: while anybody else is signed in they fail with
    /// [`RequestError::SignedOut`], so that work left by one operator is never sent in the name of another.
    #[must_use]
    pub fn only_for(self, operator: &str) -> Self {
        Self {
            only_for: Some(normalised(operator).into()),
            ..self
        }
    }

    /// Sends a request whose URI is a path below the server's origin, and returns the server's answer whatever its
    /// status. An answer that says that the access token has run out leads to one refresh, shared with every other
    /// request, and to one more try.
    ///
    /// # Errors
    /// [`RequestError`] where there is no answer to return.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, RequestError> {
        self.send_within(request, Limits::WORK).await
    }

    /// As [`AuthorisedClient::send`], with limits of its own.
    ///
    /// # Errors
    /// [`RequestError`] where there is no answer to return.
    pub async fn send_within(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Response<Bytes>, RequestError> {
        if let Some(acting) = &self.acting {
            return Box::pin(self.send_as_another(acting, request, limits)).await;
        }
        let begun_in = self.shared.epoch();
        let begun_at = self.shared.now();
        let handed = match self.shared.living(begun_at) {
            Some(handed) if self.is_for(&handed, begun_in) => handed,
            Some(_) => return Err(RequestError::SignedOut),
            None => match Box::pin(self.wait_for_token(None, begun_in)).await? {
                Some(handed) => handed,
                None => return Err(RequestError::NoToken(Trouble::ServerDown)),
            },
        };
        let kept = Kept::of(&request);
        let mut request = request;
        request.headers_mut().insert(AUTHORIZATION, handed.bearer.clone());
        let response = self.exchange(request, limits, begun_at).await?;
        if !is_refusal(&response) {
            return Ok(response);
        }
        Box::pin(self.after_refusal(kept, response, &handed, limits)).await
    }

    /// As somebody else: with the token of the impersonation. What the answer says is about that alone.
    async fn send_as_another(
        &self,
        acting: &Acting,
        mut request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Response<Bytes>, RequestError> {
        let token = acting.token(None).await?;
        let kept = Kept::of(&request);
        token.authorise(&mut request);
        let response = self.exchange(request, limits, self.shared.now()).await?;
        match self.read_acting_refusal(&response) {
            ActingRefusal::None => Ok(response),
            ActingRefusal::Over(how) => {
                acting.over(how);
                Err(RequestError::ImpersonationOver(how))
            }
            ActingRefusal::Token => {
                let newer = acting.token(Some(&token)).await?;
                if !kept.is_repeatable() {
                    return Err(RequestError::NotRepeatable);
                }
                let mut again = kept.again();
                newer.authorise(&mut again);
                let second = self.exchange(again, limits, self.shared.now()).await?;
                if let ActingRefusal::Over(how) = self.read_acting_refusal(&second) {
                    acting.over(how);
                    return Err(RequestError::ImpersonationOver(how));
                }
                Ok(second)
            }
        }
    }

    fn read_acting_refusal(&self, response: &Response<Bytes>) -> ActingRefusal {
        let reply = Reply::of(response, self.shared.config.clock.wall_ms());
        self.shared.config.profile.read_acting_refusal(reply)
    }

    /// Whether a request that began in this epoch may carry this token: nobody's request goes out in the name of
    /// somebody who signed in while it waited.
    fn is_for(&self, handed: &Handed, begun_in: u64) -> bool {
        (begun_in == 0 || handed.epoch == begun_in)
            && self
                .only_for
                .as_deref()
                .is_none_or(|operator| handed.operator == operator)
    }

    async fn exchange(
        &self,
        request: Request<Bytes>,
        limits: Limits,
        begun_at: Moment,
    ) -> Result<Response<Bytes>, RequestError> {
        let result = self.shared.config.transport.send(request, limits).await;
        match &result {
            Ok(response) => self.shared.note_answer(response, begun_at),
            Err(fault) => self.shared.send_active(Input::Reached(Err(fault.trouble()))),
        }
        Ok(result?)
    }

    async fn after_refusal(
        &self,
        kept: Kept,
        response: Response<Bytes>,
        handed: &Handed,
        limits: Limits,
    ) -> Result<Response<Bytes>, RequestError> {
        let profile = &self.shared.config.profile;
        match profile.read_refusal(Reply::of(&response, self.shared.config.clock.wall_ms())) {
            Refusal::None => return Ok(response),
            Refusal::Session(reason) => {
                self.shared.send_input(
                    handed.epoch,
                    Input::SessionRefused {
                        serial: handed.grant.serial,
                        reason,
                    },
                );
                return Ok(response);
            }
            Refusal::Token => {}
        }
        if profile.is_auth_path(kept.uri.path()) {
            return Ok(response);
        }
        if !kept.is_repeatable() {
            self.shared.send_input(
                handed.epoch,
                Input::RequestRefused {
                    serial: handed.grant.serial,
                },
            );
            return Err(RequestError::NotRepeatable);
        }
        let Some(newer) = self.wait_for_token(Some(handed), handed.epoch).await? else {
            return Ok(response);
        };
        let mut again = kept.again();
        again.headers_mut().insert(AUTHORIZATION, newer.bearer.clone());
        let second = self.exchange(again, limits, self.shared.now()).await?;
        if is_refusal(&second) {
            let reply = Reply::of(&second, self.shared.config.clock.wall_ms());
            if let Refusal::Session(reason) = profile.read_refusal(reply) {
                self.shared.send_input(
                    newer.epoch,
                    Input::SessionRefused {
                        serial: newer.grant.serial,
                        reason,
                    },
                );
            }
        }
        Ok(second)
    }

    /// Waits for a living token newer than `refused`, or for the keeper's verdict that there is none to be had. `None`:
    /// the refused token is so new that another one would fare no better.
    pub(crate) async fn wait_for_token(
        &self,
        refused: Option<&Handed>,
        begun_in: u64,
    ) -> Result<Option<Arc<Handed>>, RequestError> {
        let mut outcomes = self.shared.outcome.subscribe();
        let before = *outcomes.borrow_and_update();
        match refused {
            Some(handed) => self.shared.send_input(
                handed.epoch,
                Input::RequestRefused {
                    serial: handed.grant.serial,
                },
            ),
            None => self.shared.send_active(Input::TokenWanted),
        }
        let until = Instant::now() + WAIT_FOR_TOKEN;
        loop {
            if let Some(handed) = self.shared.living(self.shared.now())
                && refused.is_none_or(|old| !handed.is_same(old))
            {
                return if self.is_for(&handed, begun_in) {
                    Ok(Some(handed))
                } else {
                    Err(RequestError::SignedOut)
                };
            }
            self.verdict(&before)?;
            if refused.is_some() && outcomes.borrow().declined != before.declined {
                return Ok(None);
            }
            match timeout_at(until, outcomes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(RequestError::Stopped),
                Err(_) => return Err(RequestError::NoToken(Trouble::ServerDown)),
            }
        }
    }

    fn verdict(&self, before: &Outcome) -> Result<(), RequestError> {
        let snapshot = Arc::clone(&self.shared.snapshot.borrow());
        if let Banner::Ended { reason } = snapshot.banner {
            return Err(RequestError::SessionOver(reason));
        }
        let outcome = *self.shared.outcome.borrow();
        if outcome.stopped {
            return Err(RequestError::Stopped);
        }
        if *self.shared.settled.borrow() && snapshot.phase == SessionPhase::SignedOut {
            return Err(RequestError::SignedOut);
        }
        if outcome.failures != before.failures {
            return Err(RequestError::NoToken(outcome.trouble));
        }
        Ok(())
    }
}

fn is_refusal(response: &Response<Bytes>) -> bool {
    matches!(response.status().as_u16(), 401 | 403)
}

/// What is needed to send a request once more.
struct Kept {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Kept {
    fn of(request: &Request<Bytes>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
            body: request.body().clone(),
        }
    }

    fn is_repeatable(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
            || self.headers.contains_key(IDEMPOTENCY_KEY)
    }

    fn again(self) -> Request<Bytes> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        request
    }
}
