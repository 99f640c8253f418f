//! Acting as somebody else: through the operator's own session, beside it and never in its place.
//!
//! Its access tokens live in memory only and are renewed with the token of the operator's own session. Nothing that the
//! server says about them is taken for a word about that session.

mod acting;

use std::sync::Arc;

use http::HeaderValue;
use keeper_core::{ImpersonationCourse, ImpersonationEnd, Moment, Span, Trouble};
use protocol::error::Problem;
use protocol::impersonation::{ImpersonationGrant, ImpersonationParty, StartImpersonationRequest};
use protocol::sale::IDEMPOTENCY_KEY;
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

pub(crate) use self::acting::{Acting, Token};
use crate::driver::Shared;
use crate::profile::Reply;
use crate::{AuthorisedClient, RequestError};

/// Why there is no impersonation, or no token for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImpersonationError {
    /// The server does not know of impersonations.
    #[error("the server does not know of impersonations")]
    Unsupported,
    /// The server was not asked: nobody is signed in, or no access token can be had just now.
    #[error(transparent)]
    NotAsked(RequestError),
    /// The server refused.
    #[error("the server refuses: {}", problem.code)]
    Refused {
        /// What it said.
        problem: Box<Problem>,
    },
    /// The impersonation is over.
    #[error("the impersonation is over")]
    Over(ImpersonationEnd),
    /// The server was asked and its answer did not come: one may have begun, which ends by itself.
    #[error("what the server did is not known: {trouble}")]
    InDoubt {
        /// What stood in the way.
        trouble: Trouble,
    },
}

impl ImpersonationError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsupported => "impersonation_unsupported",
            Self::NotAsked(error) => error.code(),
            Self::Refused { problem } => problem.code.into(),
            Self::Over(_) => "impersonation_over",
            Self::InDoubt { .. } => "impersonation_in_doubt",
        }
    }
}

/// What an answer to a request made as somebody else says about the impersonation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActingRefusal {
    /// Nothing.
    None,
    /// The access token is not good: another may be.
    Token,
    /// The impersonation is over.
    Over(ImpersonationEnd),
}

/// An impersonation that was begun here. Cheap to clone. It is not kept over a restart.
#[derive(Clone)]
pub struct Impersonation {
    acting: Arc<Acting>,
    begun: Arc<Begun>,
}

struct Begun {
    user: ImpersonationParty,
    organization_id: Uuid,
    organization_name: String,
    course: ImpersonationCourse,
}

impl Impersonation {
    /// Its session.
    pub fn session_id(&self) -> Uuid {
        self.acting.session_id()
    }

    /// As whom.
    pub fn user(&self) -> &ImpersonationParty {
        &self.begun.user
    }

    /// In which organisation: its id and its name.
    pub fn organization(&self) -> (Uuid, &str) {
        (self.begun.organization_id, &self.begun.organization_name)
    }

    /// Its course, from the server's lengths of time on this device's clock.
    pub fn course(&self) -> ImpersonationCourse {
        self.begun.course
    }

    /// The HTTP client that carries its access token. Once it is over, requests fail with
    /// [`RequestError::ImpersonationOver`].
    pub fn client(&self) -> AuthorisedClient {
        self.acting.client()
    }

    /// How it ended, once it has.
    pub fn end(&self) -> watch::Receiver<Option<ImpersonationEnd>> {
        self.acting.end()
    }

    /// Ends it here if its time is over at this moment.
    pub fn look(&self, now: Moment) {
        self.acting.look(now);
    }

    /// Ends it here because the session that it hangs on is over.
    pub fn abandon(&self) {
        self.acting.over(ImpersonationEnd::Ended);
    }

    /// Asks the server whether it lasts, because something has hinted that it may not.
    pub async fn check(&self) {
        self.acting.check().await;
    }

    /// Stops it: here at once, so that no request leaves in its name from now on, and on the server as soon as that can be
    /// reached. Returns when the server was told, or could not be for now; it is told again every few seconds until the
    /// impersonation's deadline, for as long as the session and this process last.
    pub async fn stop(&self) {
        self.acting.over(ImpersonationEnd::Stopped);
        let (told, first) = oneshot::channel();
        tokio::spawn(acting::tell_of_stop(Arc::clone(&self.acting), told));
        let _ = first.await;
    }
}

/// Begins one, as only somebody above all organisations may.
pub(crate) async fn begin(
    shared: &Arc<Shared>,
    request: &StartImpersonationRequest,
) -> Result<Impersonation, ImpersonationError> {
    let profile = &shared.config.profile;
    let mut request = profile
        .impersonation_request(request)
        .ok_or(ImpersonationError::Unsupported)?;
    // Refused for its token it has done nothing, so it may be sent once more.
    if let Ok(key) = HeaderValue::try_from(Uuid::new_v4().to_string()) {
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
    }
    let sent = shared.now();
    let response = AuthorisedClient::new(Arc::clone(shared))
        .send(request)
        .await
        .map_err(not_answered)?;
    let grant = profile.read_impersonation(Reply::of(&response, shared.config.clock.wall_ms()))?;
    let malformed = ImpersonationError::InDoubt {
        trouble: Trouble::Malformed,
    };
    let token = Token::of(&grant, sent).ok_or(malformed)?;
    let course = course(&grant, sent);
    let acting = Acting::new(Arc::clone(shared), grant.session_id, course.ends(), token);
    Ok(Impersonation {
        acting,
        begun: Arc::new(Begun {
            user: grant.user,
            organization_id: grant.organization_id,
            organization_name: grant.organization_name,
            course,
        }),
    })
}

fn not_answered(error: RequestError) -> ImpersonationError {
    match error {
        RequestError::Transport(fault) => ImpersonationError::InDoubt {
            trouble: fault.trouble(),
        },
        error @ (RequestError::SignedOut
        | RequestError::SessionOver(_)
        | RequestError::NoToken(_)
        | RequestError::NotRepeatable
        | RequestError::ImpersonationOver(_)
        | RequestError::Stopped) => ImpersonationError::NotAsked(error),
    }
}

/// From the lengths of time that the server states, counted from when it was asked: its own clock and this device's need
/// not agree.
fn course(grant: &ImpersonationGrant, sent: Moment) -> ImpersonationCourse {
    let whole = grant.expires_at.signed_duration_since(grant.started_at);
    let whole = Span::from_ms(u64::try_from(whole.num_milliseconds()).unwrap_or(0));
    let ends = sent + Span::from_secs(grant.absolute_expires_in.into());
    ImpersonationCourse::new(ends - whole, ends)
}
