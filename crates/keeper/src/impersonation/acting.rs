//! The token of one impersonation, its renewal, and how it comes to its end.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use keeper_core::{ImpersonationEnd, Moment, Span, Trouble};
use protocol::ErrorCode;
use protocol::error::Problem;
use protocol::impersonation::ImpersonationGrant;
use protocol::sale::IDEMPOTENCY_KEY;
use tokio::sync::{Mutex, oneshot, watch};
use uuid::Uuid;

use super::ImpersonationError;
use crate::driver::Shared;
use crate::profile::Reply;
use crate::{AuthorisedClient, RequestError};

/// Pause between tries to tell the server that an impersonation was stopped.
const TELL_AGAIN: Duration = Duration::from_secs(5);

/// An access token ready to be put on a request.
pub(crate) struct Token {
    bearer: HeaderValue,
    renew: Moment,
    expires: Moment,
}

impl Token {
    /// The token of an answer to a request sent at this moment; `None` for one that no header can carry.
    pub(super) fn of(grant: &ImpersonationGrant, sent: Moment) -> Option<Self> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", grant.access_token.expose())).ok()?;
        bearer.set_sensitive(true);
        let after = |seconds: u32| sent + Span::from_secs(seconds.into());
        Some(Self {
            bearer,
            renew: after(grant.refresh_in.min(grant.expires_in)),
            expires: after(grant.expires_in),
        })
    }

    /// Puts it on a request.
    pub(crate) fn authorise<T>(&self, request: &mut http::Request<T>) {
        request.headers_mut().insert(AUTHORIZATION, self.bearer.clone());
    }
}

/// One impersonation as long as it lasts.
pub(crate) struct Acting {
    shared: Arc<Shared>,
    epoch: u64,
    session_id: Uuid,
    ends: Moment,
    token: ArcSwap<Token>,
    renewing: Mutex<()>,
    end: watch::Sender<Option<ImpersonationEnd>>,
}

impl Acting {
    pub(super) fn new(shared: Arc<Shared>, session_id: Uuid, ends: Moment, token: Token) -> Arc<Self> {
        Arc::new(Self {
            epoch: shared.epoch(),
            shared,
            session_id,
            ends,
            token: ArcSwap::from_pointee(token),
            renewing: Mutex::default(),
            end: watch::Sender::new(None),
        })
    }

    pub(super) fn session_id(&self) -> Uuid {
        self.session_id
    }

    pub(super) fn client(self: &Arc<Self>) -> AuthorisedClient {
        AuthorisedClient::acting(Arc::clone(&self.shared), Arc::clone(self))
    }

    pub(super) fn end(&self) -> watch::Receiver<Option<ImpersonationEnd>> {
        self.end.subscribe()
    }

    /// It is over; the first reason stands.
    pub(crate) fn over(&self, how: ImpersonationEnd) {
        let is_new = self.end.send_if_modified(|end| {
            let is_new = end.is_none();
            end.get_or_insert(how);
            is_new
        });
        if is_new {
            tracing::info!(session = %self.session_id, ?how, "the impersonation is over");
        }
    }

    pub(super) fn look(&self, now: Moment) {
        if now >= self.ends {
            self.over(ImpersonationEnd::Expired);
        }
    }

    fn alive(&self) -> Result<(), RequestError> {
        self.look(self.shared.now());
        if let Some(how) = *self.end.borrow() {
            return Err(RequestError::ImpersonationOver(how));
        }
        if self.shared.epoch() == self.epoch {
            Ok(())
        } else {
            self.over(ImpersonationEnd::Ended);
            Err(RequestError::ImpersonationOver(ImpersonationEnd::Ended))
        }
    }

    /// A token to send with: the one in force, or a newer one where that is due or was refused.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn token(&self, refused: Option<&Arc<Token>>) -> Result<Arc<Token>, RequestError> {
        self.alive()?;
        let token = self.token.load_full();
        let is_refused = refused.is_some_and(|refused| Arc::ptr_eq(refused, &token));
        if !is_refused && self.shared.now() < token.renew {
            return Ok(token);
        }
        let turn = self.renewing.lock().await;
        let newest = self.token.load_full();
        if !Arc::ptr_eq(&newest, &token) {
            return Ok(newest);
        }
        let renewed = self.renew().await;
        drop(turn);
        match renewed {
            Err(error) if !is_refused && error.is_transient() && self.shared.now() < token.expires => {
                Ok(token)
            }
            renewed => renewed,
        }
    }

    /// Renews the token, which tells whether the impersonation lasts.
    pub(super) async fn check(&self) {
        let token = self.token.load_full();
        if let Err(error) = self.token(Some(&token)).await {
            tracing::debug!(
                code = error.code(),
                "whether the impersonation lasts is not known anew"
            );
        }
    }

    async fn renew(&self) -> Result<Arc<Token>, RequestError> {
        let profile = &self.shared.config.profile;
        let Some(mut request) = profile.impersonation_token_request(self.session_id) else {
            return Err(RequestError::Stopped);
        };
        if let Ok(key) = HeaderValue::try_from(Uuid::new_v4().to_string()) {
            request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        }
        let sent = self.shared.now();
        let response = match self.own().send(request).await {
            Ok(response) => response,
            Err(error @ (RequestError::SignedOut | RequestError::SessionOver(_))) => {
                self.over(ImpersonationEnd::Ended);
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        self.alive()?;
        let wall_ms = self.shared.config.clock.wall_ms();
        match profile.read_impersonation(Reply::of(&response, wall_ms)) {
            Ok(grant) => {
                let token = Token::of(&grant, sent).ok_or(RequestError::NoToken(Trouble::Malformed))?;
                let token = Arc::new(token);
                self.token.store(Arc::clone(&token));
                Ok(token)
            }
            Err(ImpersonationError::Refused { problem }) => Err(self.refused(&problem)),
            Err(ImpersonationError::Over(how)) => {
                self.over(how);
                Err(RequestError::ImpersonationOver(how))
            }
            Err(ImpersonationError::InDoubt { trouble }) => Err(RequestError::NoToken(trouble)),
            Err(ImpersonationError::NotAsked(error)) => Err(error),
            Err(ImpersonationError::Unsupported) => Err(RequestError::NoToken(Trouble::NotTheServer)),
        }
    }

    /// The server gives no token. Whoever may not act any more, or not from here, acts no more: here at once, and on the
    /// server by its deadline at the latest.
    fn refused(&self, problem: &Problem) -> RequestError {
        let code = problem.code;
        if matches!(code, ErrorCode::Forbidden | ErrorCode::AddressNotAllowed) {
            tracing::warn!(code = %code, "the server gives no more tokens for the impersonation");
            self.over(ImpersonationEnd::Ended);
            return RequestError::ImpersonationOver(ImpersonationEnd::Ended);
        }
        tracing::debug!(code = %code, "the server gives no token for the impersonation just now");
        RequestError::NoToken(match code.status() {
            429 => Trouble::RateLimited,
            500.. => Trouble::ServerDown,
            _ => Trouble::Malformed,
        })
    }

    /// The client of the operator's own session.
    fn own(&self) -> AuthorisedClient {
        AuthorisedClient::new(Arc::clone(&self.shared))
    }

    /// Whether the server has heard that it was stopped, or need not hear it any more.
    async fn tell(&self) -> bool {
        let profile = &self.shared.config.profile;
        let Some(mut request) = profile.impersonation_stop_request(self.session_id) else {
            return true;
        };
        if let Ok(key) = HeaderValue::try_from(Uuid::new_v4().to_string()) {
            request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        }
        let wall_ms = || self.shared.config.clock.wall_ms();
        match self.own().send(request).await {
            Ok(response) => profile.read_impersonation_stop(Reply::of(&response, wall_ms())),
            Err(error) => !error.is_transient(),
        }
    }
}

/// Tells the server until it has heard, and says when it was told once or could not be.
pub(super) async fn tell_of_stop(acting: Arc<Acting>, told: oneshot::Sender<()>) {
    let mut told = Some(told);
    loop {
        let has_heard = acting.tell().await;
        if let Some(told) = told.take() {
            let _ = told.send(());
        }
        let is_past = acting.shared.now() >= acting.ends || acting.shared.epoch() != acting.epoch;
        if has_heard || is_past {
            return;
        }
        tokio::time::sleep(TELL_AGAIN).await;
    }
}
