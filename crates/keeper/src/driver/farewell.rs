//! Tells the server that a session is over: at once where it can be reached, later where it cannot, and under a new access
//! token where the one at hand is dead. What it is given here serves no other end.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use keeper_core::{AccessGrant, Answer, Entropy, Farewell, Span};
use tokio::time::timeout;

use super::{Message, OsEntropy, Shared};
use crate::Limits;
use crate::profile::{Parting, Reply};

/// Signing out does not make anybody wait longer than this for one answer.
const LIMITS: Limits = Limits {
    total: Duration::from_secs(3),
    body_bytes: 64 << 10,
};
/// A server that is away for longer than this lets the session run out by itself.
const LONGEST: Span = Span::from_secs(24 * 3_600);

/// How telling the server went.
enum Told {
    /// It knows, or there is nothing more to tell it.
    Done,
    /// It could not be reached, or not understood.
    NotYet,
}

/// Tells the server. Whoever waits for it waits for the first try only.
pub(super) fn say(shared: &Arc<Shared>, epoch: u64, mut farewell: Farewell) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let begun = shared.config.clock.now();
        let mut told = tell(&shared, &mut farewell).await;
        shared.send(Message::LogoutEnded { epoch });
        let mut failures = 0_u32;
        while matches!(told, Told::NotYet) {
            if failures == 0 {
                tracing::info!("the server could not be told of signing out; it is told later");
            }
            if rest(&shared, failures).await || shared.config.clock.now().since(begun) > LONGEST {
                return tracing::info!(
                    "the server was not told of signing out: the session is left to run out"
                );
            }
            failures = failures.saturating_add(1);
            told = tell(&shared, &mut farewell).await;
        }
    });
}

/// Waits between two tries; returns whether the keeper has stopped.
async fn rest(shared: &Shared, failures: u32) -> bool {
    let knobs = &shared.config.knobs;
    let ceiling = knobs.backoff_base.doubled(failures.min(30), knobs.backoff_cap);
    let floor = knobs.backoff_base.permille(500);
    let pause = floor + OsEntropy.up_to(ceiling.less(floor));
    let mut outcomes = shared.outcome.subscribe();
    let stopped = outcomes.wait_for(|outcome| outcome.stopped);
    timeout(Duration::from_millis(pause.as_ms()), stopped)
        .await
        .is_ok()
}

async fn tell(shared: &Shared, farewell: &mut Farewell) -> Told {
    let config = &shared.config;
    let now = config.clock.now();
    let living = farewell.access.take().filter(|access| now < access.expires);
    let access = match living {
        Some(access) => access,
        None => match renewed(shared, farewell).await {
            Ok(access) => access,
            Err(told) => return told,
        },
    };
    let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {}", access.token.expose())) else {
        return Told::Done;
    };
    bearer.set_sensitive(true);
    let mut request = config.profile.logout_request();
    request.headers_mut().insert(AUTHORIZATION, bearer);
    let parting = match config.transport.send(request, LIMITS).await {
        Ok(response) => {
            shared.prover.learn(response.headers());
            config
                .profile
                .read_logout(Reply::of(&response, config.clock.wall_ms()))
        }
        Err(fault) => {
            tracing::debug!(%fault, "no answer to signing out");
            Parting::Unknown
        }
    };
    match parting {
        Parting::Over => Told::Done,
        Parting::TokenRefused => Told::NotYet,
        Parting::Unknown => {
            farewell.access = Some(access);
            Told::NotYet
        }
    }
}

/// An access token for nothing but signing out.
async fn renewed(shared: &Shared, farewell: &mut Farewell) -> Result<AccessGrant, Told> {
    let config = &shared.config;
    for _ in 0..2 {
        let mut request = config.profile.refresh_request(&farewell.renewal);
        if let Some(key) = farewell.renewal.key {
            shared
                .prover
                .sign(key, &mut request, &config.server, config.clock.as_ref());
        }
        let sent = config.clock.now();
        let response = match config.transport.send(request, LIMITS).await {
            Ok(response) => response,
            Err(_) => return Err(Told::NotYet),
        };
        shared.prover.learn(response.headers());
        let reply = Reply::of(&response, config.clock.wall_ms());
        match config.profile.read_refresh(reply) {
            Answer::Granted(grant) => {
                if let Some(token) = grant.refresh_token {
                    farewell.renewal.refresh_token = token;
                    farewell.renewal.attempt = OsEntropy.attempt_id();
                }
                return Ok(AccessGrant {
                    serial: 0,
                    token: grant.access_token,
                    expires: sent + grant.expires_in,
                });
            }
            Answer::NonceWanted => {}
            Answer::RotationRequired => farewell.renewal.rotate = true,
            Answer::Transient(..) => return Err(Told::NotYet),
            Answer::Refused(_) | Answer::Stale | Answer::ProofRefused | Answer::Misconfigured(_) => {
                return Err(Told::Done);
            }
        }
    }
    Err(Told::NotYet)
}
