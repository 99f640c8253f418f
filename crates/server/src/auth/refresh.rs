//! Renewing a session: idempotent by attempt, with every row of the rotation table as its own answer.

use axum::extract::State;
use protocol::ErrorCode;
use protocol::auth::{RefreshRequest, TokenAnswer};
use sha2::{Digest as _, Sha256};
use store::rotation::noted_input;
use store::{AttemptHash, Identity, Millis, Presented, RotationOutcome, SessionRow};
use uuid::Uuid;

use super::tokens::{Grant, answer};
use super::wrong_device;
use crate::body::Json;
use crate::caller::{code_of, live};
use crate::client::{AuditParticulars as _, Client};
use crate::failpoint::{self, Point};
use crate::failure::Failure;
use crate::insight::WatchedRefresh;
use crate::proof::{Endpoint, Offered};
use crate::refresh_token::RefreshToken;
use crate::server::Server;

/// Renews a session. A repeated attempt gets the same refresh token again, for as long as the session lives.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    tag = "auth",
    request_body = RefreshRequest,
    responses((status = 200, description = "Renewed", body = TokenAnswer)),
    security(())
)]
pub(super) async fn refresh(
    State(server): State<Server>,
    client: Client,
    offered: Offered,
    Json(request): Json<RefreshRequest>,
) -> Result<axum::Json<TokenAnswer>, Failure> {
    let mut watched = WatchedRefresh::begin(&server, &client);
    let answer = renew(&server, &client, &offered, &request, &mut watched).await;
    watched.end(&answer);
    answer.map(axum::Json)
}

async fn renew(
    server: &Server,
    client: &Client,
    offered: &Offered,
    request: &RefreshRequest,
    watched: &mut WatchedRefresh,
) -> Result<TokenAnswer, Failure> {
    let limit = &server.refresh_limit;
    let token = match RefreshToken::verify(&server.keys, request.refresh_token.expose()) {
        Ok(token) => token,
        Err(unacceptable) => {
            limit.refused(client.address())?;
            return Err(Failure::new(ErrorCode::RefreshInvalid).because(&unacceptable));
        }
    };
    watched.is_of_session(token.session_id);
    let now = server.now();
    let device_key = server.proofs.judge(offered, Endpoint::Refresh, now)?;
    if limit.is_known_wrong(token.session_id, device_key) {
        return Err(wrong_device::refusal(server, client, device_key));
    }
    limit.note(token.session_id)?;
    let presented = Presented {
        session_id: token.session_id,
        generation: token.generation,
        attempt: attempt_hash(request.attempt_id),
        rotate: request.rotate,
        input_age_ms: request
            .last_input_age_seconds
            .map(|seconds| Millis::from(seconds) * 1_000),
        device_key,
        origin: client.origin(),
        now,
    };
    if server.options.testing.idle_seconds.is_some() {
        end_early_when_idle(server, &presented).await?;
    }
    let audit = client
        .audit("session.refreshed", now)
        .session(token.session_id)
        .target("session", token.session_id);
    let (outcome, identity) = server.store.refresh(presented, audit).await?;
    let session = match outcome {
        RotationOutcome::Rotated(session)
        | RotationOutcome::Replayed(session)
        | RotationOutcome::Renewed(session) => session,
        RotationOutcome::FastForwarded(session) => {
            tracing::warn!(session = %session.id, generation = session.generation, "session moved forward: was a backup restored?");
            session
        }
        RotationOutcome::Reused(session) => {
            watched.is_of(&session);
            return Err(Failure::new(ErrorCode::RefreshReused).because(&format_args!(
                "session {} was closed: two holders of one token",
                session.id
            )));
        }
        RotationOutcome::Stale => return Err(Failure::new(ErrorCode::StaleAttempt)),
        RotationOutcome::RotationRequired => return Err(Failure::new(ErrorCode::RotationRequired)),
        RotationOutcome::WrongDevice(session) => {
            watched.is_of(&session);
            wrong_device::note(server, client, &session).await;
            return Err(wrong_device::refusal(server, client, device_key));
        }
        RotationOutcome::Over(over) => return Err(Failure::new(code_of(over))),
        RotationOutcome::Unknown => {
            return Err(Failure::new(ErrorCode::RefreshInvalid).because(&"no such session"));
        }
    };
    watched.is_of(&session);
    failpoint::pass(Point::RefreshKept)?;
    let identity = identity.ok_or_else(|| Failure::internal(&"a session vanished while it was renewed"))?;
    renewed(server, token, &session, &identity, now)
}

fn renewed(
    server: &Server,
    token: RefreshToken,
    session: &SessionRow,
    identity: &Identity,
    now: Millis,
) -> Result<TokenAnswer, Failure> {
    let role = live(server, identity, now)?;
    let refresh_token = token
        .at_generation(session.generation)
        .sign(&server.keys)
        .map_err(|fault| Failure::internal(&fault))?;
    answer(
        server,
        Grant {
            session,
            role,
            settings: &identity.settings,
            refresh_token,
            now,
        },
    )
}

/// The store judges idleness by the organisation's settings, which know minutes; a test's seconds are judged here.
async fn end_early_when_idle(server: &Server, presented: &Presented) -> Result<(), Failure> {
    let Some(mut identity) = server.store.identity(presented.session_id).await? else {
        return Ok(());
    };
    identity.session.last_input_at = noted_input(&identity.session, presented.input_age_ms, presented.now);
    live(server, &identity, presented.now).map(|_| ())
}

fn attempt_hash(attempt_id: Uuid) -> AttemptHash {
    let digest = Sha256::digest(attempt_id.as_bytes());
    let mut hash = AttemptHash::default();
    let length = hash.len();
    hash.copy_from_slice(&digest[..length]);
    hash
}
