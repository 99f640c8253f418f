//! The profile of Vigie's own server.

use bytes::Bytes;
use chrono::DateTime;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use keeper_core::{
    AccessToken, Answer, Capabilities, Deadlines, EndReason, Fault, Grant, Hint, ImpersonationEnd,
    RefreshCall, RefreshToken, Span, Trouble,
};
use protocol::ErrorCode;
use protocol::auth::{LoginRequest, Me, PingRequest, RefreshRequest, SwitchOrganizationRequest};
use protocol::error::Problem;
use protocol::event::{EventName, SessionEnded};
use protocol::health::{Health, SERVICE};
use protocol::impersonation::{ImpersonationGrant, StartImpersonationRequest};
use protocol::insight::ClientReport;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::json::{self, Field};
use super::reading::{self, Kind};
use super::{Parting, Possession, Profile, Refusal, Reply, SignedIn};
use crate::listening::Heard;
use crate::{ActingRefusal, Device, ImpersonationError, SignInError, SwitchError};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream, application/problem+json");
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/json, application/problem+json");

/// Vigie's own server.
#[derive(Clone, Copy, Debug, Default)]
pub struct VigieProfile;

impl VigieProfile {
    /// Vigie's own server.
    pub const fn new() -> Self {
        Self
    }
}

fn request(method: Method, path: &'static str, body: Bytes) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = http::Uri::from_static(path);
    request.headers_mut().insert(ACCEPT, ACCEPTED);
    request
}

fn post<T: Serialize>(path: &'static str, body: &T) -> Request<Bytes> {
    let body = serde_json::to_vec(body).map(Bytes::from).unwrap_or_default();
    let mut request = request(Method::POST, path, body);
    request.headers_mut().insert(CONTENT_TYPE, JSON);
    request
}

fn age_seconds(age: Span) -> u32 {
    u32::try_from(age.as_ms() / 1_000).unwrap_or(u32::MAX)
}

impl Profile for VigieProfile {
    fn name(&self) -> &'static str {
        "vigie"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            renews_without_rotation: true,
            repeats_answers: true,
        }
    }

    fn sign_in_request(&self, username: &str, password: &SecretString, device: &Device) -> Request<Bytes> {
        post(
            "/v1/auth/login",
            &LoginRequest {
                username: username.to_owned(),
                password: protocol::Secret::new(password.expose_secret()),
                organization: None,
                device_name: device.name.clone(),
                device_kind: device.kind,
            },
        )
    }

    fn read_sign_in(&self, reply: Reply<'_>) -> Result<SignedIn, SignInError> {
        match reading::kind(&reply) {
            Kind::Good(map) => read_signed_in(&map, reply.wall_ms).ok_or(SignInError::NotVigie),
            Kind::Problem(code, map) => Err(sign_in_error(code, &map, reading::retry_after(&reply))),
            Kind::Other(Trouble::RateLimited) => Err(SignInError::RateLimited {
                retry_after_seconds: reading::retry_after(&reply).map(age_seconds),
            }),
            Kind::Other(trouble) => Err(trouble.into()),
        }
    }

    fn possession(&self) -> Possession {
        Possession::Dpop
    }

    fn wants_nonce(&self, reply: Reply<'_>) -> bool {
        match reading::kind(&reply) {
            Kind::Problem(code, _) => meaning(code) == Meaning::NonceWanted,
            Kind::Good(_) | Kind::Other(_) => false,
        }
    }

    fn refresh_request(&self, call: &RefreshCall) -> Request<Bytes> {
        post(
            "/v1/auth/refresh",
            &RefreshRequest {
                refresh_token: protocol::Secret::new(call.refresh_token.expose()),
                attempt_id: Uuid::from_bytes(*call.attempt.as_bytes()),
                rotate: call.rotate,
                last_input_age_seconds: call.last_input_age.map(age_seconds),
            },
        )
    }

    fn read_refresh(&self, reply: Reply<'_>) -> Answer {
        match reading::kind(&reply) {
            Kind::Good(map) => read_grant(&map, reply.wall_ms)
                .map_or(Answer::Transient(Trouble::Malformed, None), Answer::Granted),
            Kind::Problem(code, _) => refresh_answer(code, reading::retry_after(&reply)),
            Kind::Other(trouble) => Answer::Transient(trouble, reading::retry_after(&reply)),
        }
    }

    fn heartbeat_request(&self) -> Request<Bytes> {
        request(Method::GET, "/healthz", Bytes::new())
    }

    fn read_heartbeat(&self, reply: Reply<'_>) -> Result<(), Trouble> {
        match reading::kind(&reply) {
            Kind::Good(map) => match serde_json::from_value::<Health>(Value::Object(map)) {
                Ok(health) if health.service == SERVICE => Ok(()),
                Ok(_) | Err(_) => Err(Trouble::NotTheServer),
            },
            // A server that says in its own words that it is too busy is alive.
            Kind::Problem(ErrorCode::RateLimited, _) => Ok(()),
            Kind::Problem(code, _) => Err(trouble_of(code)),
            Kind::Other(trouble) => Err(trouble),
        }
    }

    fn ping_request(&self, last_input_age: Span, report: Option<ClientReport>) -> Request<Bytes> {
        post(
            "/v1/activity/ping",
            &PingRequest {
                last_input_age_seconds: age_seconds(last_input_age),
                report,
            },
        )
    }

    fn read_ping(&self, reply: Reply<'_>) -> Result<Deadlines, Trouble> {
        match reading::kind(&reply) {
            Kind::Good(map) => read_deadlines(&map).ok_or(Trouble::Malformed),
            Kind::Problem(code, _) => Err(trouble_of(code)),
            Kind::Other(trouble) => Err(trouble),
        }
    }

    fn events_request(&self) -> Option<Request<Bytes>> {
        let mut request = request(Method::GET, "/v1/events", Bytes::new());
        request.headers_mut().insert(ACCEPT, EVENTS);
        Some(request)
    }

    fn read_event(&self, name: &str, data: &str) -> Option<Heard> {
        Some(match name.parse::<EventName>().ok()? {
            EventName::SessionEnded => {
                let ended: SessionEnded = serde_json::from_str(data).ok()?;
                Heard::Hint(Hint::SessionEnded {
                    session_id: ended.session_id.to_string(),
                })
            }
            EventName::SettingsChanged => Heard::Hint(Hint::SettingsChanged),
            EventName::OrganizationChanged => Heard::Hint(Hint::OrganizationChanged),
            EventName::CategoriesChanged => Heard::CategoriesChanged,
            EventName::AlertsChanged => Heard::AlertsChanged,
            EventName::ImpersonationsChanged => Heard::ImpersonationsChanged,
            EventName::Notice => Heard::Notice(serde_json::from_str(data).ok()?),
        })
    }

    fn switch_request(&self, organization_id: Uuid) -> Option<Request<Bytes>> {
        Some(post(
            "/v1/auth/organization",
            &SwitchOrganizationRequest { organization_id },
        ))
    }

    fn read_switch(&self, reply: Reply<'_>) -> Result<Me, SwitchError> {
        match reading::kind(&reply) {
            Kind::Good(map) => serde_json::from_value(Value::Object(map)).map_err(|_| SwitchError::InDoubt {
                trouble: Trouble::Malformed,
            }),
            // The server may have gone on after it gave up waiting for its own database.
            Kind::Problem(
                code @ (ErrorCode::Timeout | ErrorCode::StoreUnavailable | ErrorCode::Internal),
                _,
            ) => Err(SwitchError::InDoubt {
                trouble: trouble_of(code),
            }),
            Kind::Problem(code, _) => Err(SwitchError::Refused {
                code,
                retry_after_seconds: reading::retry_after(&reply).map(age_seconds),
            }),
            Kind::Other(trouble) => Err(SwitchError::InDoubt { trouble }),
        }
    }

    fn impersonation_request(&self, asked: &StartImpersonationRequest) -> Option<Request<Bytes>> {
        Some(post("/v1/impersonations", asked))
    }

    fn impersonation_token_request(&self, session_id: Uuid) -> Option<Request<Bytes>> {
        of_impersonation(session_id, "token")
    }

    fn impersonation_stop_request(&self, session_id: Uuid) -> Option<Request<Bytes>> {
        of_impersonation(session_id, "stop")
    }

    fn read_impersonation(&self, reply: Reply<'_>) -> Result<ImpersonationGrant, ImpersonationError> {
        let in_doubt = |trouble| ImpersonationError::InDoubt { trouble };
        match reading::kind(&reply) {
            Kind::Good(map) => {
                serde_json::from_value(Value::Object(map)).map_err(|_| in_doubt(Trouble::Malformed))
            }
            // The server may have gone on after it gave up waiting for its own database.
            Kind::Problem(
                code @ (ErrorCode::Timeout | ErrorCode::StoreUnavailable | ErrorCode::Internal),
                _,
            ) => Err(in_doubt(trouble_of(code))),
            Kind::Problem(code, map) => Err(match meaning(code) {
                Meaning::ActingOver(how) => ImpersonationError::Over(how),
                Meaning::Over(_)
                | Meaning::AccessRefused
                | Meaning::CredentialsWrong
                | Meaning::Stale
                | Meaning::RotationRequired
                | Meaning::NonceWanted
                | Meaning::ProofRefused
                | Meaning::NotAllowed
                | Meaning::RequestRejected
                | Meaning::RateLimited
                | Meaning::Busy
                | Meaning::Broken
                | Meaning::Elsewhere => ImpersonationError::Refused {
                    problem: Box::new(problem(code, map, &reply)),
                },
            }),
            Kind::Other(trouble) => Err(in_doubt(trouble)),
        }
    }

    fn read_impersonation_stop(&self, reply: Reply<'_>) -> bool {
        if reply.status == StatusCode::NO_CONTENT {
            return true;
        }
        match reading::kind(&reply) {
            Kind::Problem(code, _) => match meaning(code) {
                Meaning::Over(_) | Meaning::ActingOver(_) | Meaning::NotAllowed | Meaning::Elsewhere => true,
                Meaning::AccessRefused
                | Meaning::CredentialsWrong
                | Meaning::Stale
                | Meaning::RotationRequired
                | Meaning::NonceWanted
                | Meaning::ProofRefused
                | Meaning::RequestRejected
                | Meaning::RateLimited
                | Meaning::Busy
                | Meaning::Broken => false,
            },
            Kind::Good(_) | Kind::Other(_) => false,
        }
    }

    fn read_acting_refusal(&self, reply: Reply<'_>) -> ActingRefusal {
        if !matches!(reply.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return ActingRefusal::None;
        }
        let Kind::Problem(code, _) = reading::kind(&reply) else {
            return ActingRefusal::None;
        };
        match meaning(code) {
            Meaning::ActingOver(how) => ActingRefusal::Over(how),
            Meaning::AccessRefused => ActingRefusal::Token,
            Meaning::Over(_)
            | Meaning::CredentialsWrong
            | Meaning::NonceWanted
            | Meaning::ProofRefused
            | Meaning::Stale
            | Meaning::RotationRequired
            | Meaning::NotAllowed
            | Meaning::RequestRejected
            | Meaning::RateLimited
            | Meaning::Busy
            | Meaning::Broken
            | Meaning::Elsewhere => ActingRefusal::None,
        }
    }

    fn logout_request(&self) -> Request<Bytes> {
        request(Method::POST, "/v1/auth/logout", Bytes::new())
    }

    fn read_logout(&self, reply: Reply<'_>) -> Parting {
        match reading::kind(&reply) {
            Kind::Good(map) if map.contains_key("revoked") => Parting::Over,
            Kind::Problem(code, _) => match meaning(code) {
                Meaning::Over(_) => Parting::Over,
                Meaning::AccessRefused => Parting::TokenRefused,
                Meaning::CredentialsWrong
                | Meaning::NonceWanted
                | Meaning::ProofRefused
                | Meaning::Stale
                | Meaning::RotationRequired
                | Meaning::NotAllowed
                | Meaning::RequestRejected
                | Meaning::RateLimited
                | Meaning::Busy
                | Meaning::Broken
                | Meaning::ActingOver(_)
                | Meaning::Elsewhere => Parting::Unknown,
            },
            Kind::Good(_) | Kind::Other(_) => Parting::Unknown,
        }
    }

    fn read_refusal(&self, reply: Reply<'_>) -> Refusal {
        if !matches!(reply.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Refusal::None;
        }
        let Kind::Problem(code, _) = reading::kind(&reply) else {
            return Refusal::None;
        };
        match meaning(code) {
            Meaning::AccessRefused => Refusal::Token,
            Meaning::Over(reason) => Refusal::Session(reason),
            Meaning::CredentialsWrong
            | Meaning::NonceWanted
            | Meaning::ProofRefused
            | Meaning::Stale
            | Meaning::RotationRequired
            | Meaning::NotAllowed
            | Meaning::RequestRejected
            | Meaning::RateLimited
            | Meaning::Busy
            | Meaning::Broken
            | Meaning::ActingOver(_)
            | Meaning::Elsewhere => Refusal::None,
        }
    }

    fn is_auth_path(&self, path: &str) -> bool {
        matches!(
            path.trim_end_matches('/'),
            "/v1/auth/login" | "/v1/auth/refresh" | "/v1/auth/logout" | "/v1/auth/pin"
        )
    }
}

fn of_impersonation(session_id: Uuid, deed: &str) -> Option<Request<Bytes>> {
    let path = format!("/v1/impersonations/{session_id}/{deed}");
    let mut request = request(Method::POST, "/", Bytes::new());
    *request.uri_mut() = http::Uri::try_from(path).ok()?;
    Some(request)
}

/// The whole of what the server said, or what its code says alone.
fn problem(code: ErrorCode, map: Map<String, Value>, reply: &Reply<'_>) -> Problem {
    let mut problem: Problem =
        serde_json::from_value(Value::Object(map)).unwrap_or_else(|_| Problem::new(code));
    problem.retry_after_seconds = problem
        .retry_after_seconds
        .or_else(|| reading::retry_after(reply).map(age_seconds));
    problem
}

fn read_signed_in(map: &Map<String, Value>, wall_ms: i64) -> Option<SignedIn> {
    let grant = read_grant(map, wall_ms)?;
    grant.refresh_token.as_ref()?;
    let session_id = grant.session_id.clone()?;
    let generation = match json::count(map, "generation") {
        Field::Absent => 0,
        Field::Is(generation) => generation,
        Field::Wrong => return None,
    };
    let me: Me = serde_json::from_value(map.get("me")?.clone()).ok()?;
    Some(SignedIn {
        grant,
        session_id,
        generation,
        me,
    })
}

/// The whole answer, or nothing.
fn read_grant(map: &Map<String, Value>, wall_ms: i64) -> Option<Grant> {
    let bearer = match map.get("token_type") {
        None | Some(Value::Null) => true,
        Some(kind) => kind
            .as_str()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")),
    };
    if !bearer {
        return None;
    }
    let Field::Is(access_token) = json::token(map, "access_token") else {
        return None;
    };
    let Field::Is(expires_in) = json::seconds(map, "expires_in") else {
        return None;
    };
    let refresh_token = match json::token(map, "refresh_token") {
        Field::Is(token) => Some(RefreshToken::new(token)),
        Field::Absent => None,
        Field::Wrong => return None,
    };
    // A server's wish to be asked at once, or at a time that makes no sense, is no reason to throw good tokens away.
    let refresh_in = match json::seconds(map, "refresh_in") {
        Field::Is(wish) => Some(wish.min(expires_in)),
        Field::Absent | Field::Wrong => None,
    };
    let session_id = match map.get("session_id") {
        None | Some(Value::Null) => None,
        Some(id) => Some(
            id.as_str()
                .filter(|id| !id.is_empty() && id.len() <= 256)?
                .to_owned(),
        ),
    };
    Some(Grant {
        session_id,
        access_token: AccessToken::new(access_token),
        expires_in,
        refresh_in,
        refresh_token,
        deadlines: read_deadlines(map)?,
        clock_ahead_ms: json::text(map, "server_time")
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
            .map(|time| wall_ms.saturating_sub(time.timestamp_millis())),
    })
}

fn read_deadlines(map: &Map<String, Value>) -> Option<Deadlines> {
    let deadline = |name| match map.get(name) {
        // An end that is reached already is a sound answer: zero seconds are left.
        Some(Value::Number(number)) if number.as_u64() == Some(0) => Some(Some(Span::ZERO)),
        _ => match json::seconds(map, name) {
            Field::Is(span) => Some(Some(span)),
            Field::Absent => Some(None),
            Field::Wrong => None,
        },
    };
    Some(Deadlines {
        idle: deadline("idle_expires_in")?,
        absolute: deadline("absolute_expires_in")?,
    })
}

/// What an error code means to a client: the one table of this profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// The session is over.
    Over(EndReason),
    /// The impersonation is over; nobody's own session is.
    ActingOver(ImpersonationEnd),
    /// The access token is not good.
    AccessRefused,
    /// Name or password are wrong.
    CredentialsWrong,
    /// A late duplicate of a refresh.
    Stale,
    /// Rotate now.
    RotationRequired,
    /// The proof of possession needs a newer nonce.
    NonceWanted,
    /// The proof of possession is missing or not good.
    ProofRefused,
    /// This client may not do this.
    NotAllowed,
    /// The server does not take this form of request.
    RequestRejected,
    /// Wait.
    RateLimited,
    /// The server cannot answer just now.
    Busy,
    /// The server is broken.
    Broken,
    /// A code of other endpoints.
    Elsewhere,
}

const fn meaning(code: ErrorCode) -> Meaning {
    match code {
        ErrorCode::AccountDisabled => Meaning::Over(EndReason::Disabled),
        ErrorCode::SessionRevoked => Meaning::Over(EndReason::Revoked),
        ErrorCode::SessionIdle => Meaning::Over(EndReason::Idle),
        ErrorCode::SessionEnded => Meaning::Over(EndReason::Expired),
        ErrorCode::SessionSignedOut => Meaning::Over(EndReason::SignedOut),
        ErrorCode::SessionDisplaced => Meaning::Over(EndReason::Displaced),
        ErrorCode::PasswordChanged => Meaning::Over(EndReason::PasswordChanged),
        ErrorCode::RefreshReused => Meaning::Over(EndReason::Reused),
        ErrorCode::RefreshInvalid => Meaning::Over(EndReason::Invalid),
        ErrorCode::LoginRequired | ErrorCode::TokenExpired => Meaning::AccessRefused,
        ErrorCode::ImpersonationStopped => Meaning::ActingOver(ImpersonationEnd::Stopped),
        ErrorCode::ImpersonationForced => Meaning::ActingOver(ImpersonationEnd::Forced),
        ErrorCode::ImpersonationExpired => Meaning::ActingOver(ImpersonationEnd::Expired),
        ErrorCode::ImpersonationEnded | ErrorCode::ImpersonationNotFound => {
            Meaning::ActingOver(ImpersonationEnd::Ended)
        }
        ErrorCode::InvalidCredentials => Meaning::CredentialsWrong,
        ErrorCode::StaleAttempt => Meaning::Stale,
        ErrorCode::RotationRequired => Meaning::RotationRequired,
        ErrorCode::UseDpopNonce => Meaning::NonceWanted,
        ErrorCode::ProofRequired | ErrorCode::ProofInvalid => Meaning::ProofRefused,
        ErrorCode::Forbidden => Meaning::NotAllowed,
        ErrorCode::NotFound
        | ErrorCode::MethodNotAllowed
        | ErrorCode::MalformedBody
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::BodyTooLarge
        | ErrorCode::ValidationFailed => Meaning::RequestRejected,
        ErrorCode::RateLimited => Meaning::RateLimited,
        ErrorCode::ServerBusy | ErrorCode::Timeout | ErrorCode::StoreUnavailable => Meaning::Busy,
        ErrorCode::Internal => Meaning::Broken,
        ErrorCode::ReauthenticationRequired
        | ErrorCode::PasswordWrong
        | ErrorCode::OneTimePassword
        | ErrorCode::WeakPassword
        | ErrorCode::LastOwner
        | ErrorCode::NameTaken
        | ErrorCode::UserNotFound
        | ErrorCode::OrganizationNotFound
        | ErrorCode::SiteNotFound
        | ErrorCode::TillNotFound
        | ErrorCode::TillDayOpen
        | ErrorCode::TillClosed
        | ErrorCode::TillDayNotFound
        | ErrorCode::CategoryNotFound
        | ErrorCode::ShortcutTaken
        | ErrorCode::BarcodeTaken
        | ErrorCode::CategoriesExist
        | ErrorCode::NoticeNotFound
        | ErrorCode::OrganizationMismatch
        | ErrorCode::CannotRevokeCurrentSession
        | ErrorCode::SessionNotFound
        | ErrorCode::SettingsIncoherent
        | ErrorCode::SettingsFixed
        | ErrorCode::IdempotencyKeyRequired
        | ErrorCode::IdempotencyKeyReused
        | ErrorCode::CategoryUnknown
        | ErrorCode::SaleTotalMismatch
        | ErrorCode::ForbiddenWhileImpersonating
        | ErrorCode::AddressNotAllowed
        | ErrorCode::CannotImpersonateAbove
        | ErrorCode::CannotImpersonateOneself
        | ErrorCode::AlreadyImpersonating
        | ErrorCode::UserDisabled => Meaning::Elsewhere,
    }
}

const fn trouble_of(code: ErrorCode) -> Trouble {
    match meaning(code) {
        Meaning::RateLimited => Trouble::RateLimited,
        Meaning::Busy | Meaning::Broken => Trouble::ServerDown,
        Meaning::Over(_)
        | Meaning::AccessRefused
        | Meaning::CredentialsWrong
        | Meaning::Stale
        | Meaning::RotationRequired
        | Meaning::NonceWanted
        | Meaning::ProofRefused
        | Meaning::NotAllowed
        | Meaning::RequestRejected
        | Meaning::ActingOver(_)
        | Meaning::Elsewhere => Trouble::Malformed,
    }
}

/// The refresh endpoint asks for no access token and no password: an answer about those says that the server does not
/// know this client.
fn refresh_answer(code: ErrorCode, wait: Option<Span>) -> Answer {
    match meaning(code) {
        Meaning::Over(reason) => Answer::Refused(reason),
        Meaning::Stale => Answer::Stale,
        Meaning::RotationRequired => Answer::RotationRequired,
        Meaning::NonceWanted => Answer::NonceWanted,
        Meaning::ProofRefused => Answer::ProofRefused,
        Meaning::AccessRefused | Meaning::CredentialsWrong | Meaning::NotAllowed => {
            Answer::Misconfigured(Fault::ClientUnknown)
        }
        Meaning::RequestRejected => Answer::Misconfigured(Fault::RequestRejected),
        Meaning::RateLimited
        | Meaning::Busy
        | Meaning::Broken
        | Meaning::ActingOver(_)
        | Meaning::Elsewhere => Answer::Transient(trouble_of(code), wait),
    }
}

fn sign_in_error(code: ErrorCode, map: &Map<String, Value>, wait: Option<Span>) -> SignInError {
    let retry_after_seconds = wait.map(age_seconds);
    match meaning(code) {
        Meaning::CredentialsWrong => SignInError::InvalidCredentials,
        Meaning::Over(EndReason::Disabled) => SignInError::AccountDisabled,
        Meaning::RateLimited => SignInError::RateLimited { retry_after_seconds },
        Meaning::Busy => SignInError::ServerBusy { retry_after_seconds },
        // Asked for a second time running: nobody can give that.
        Meaning::Broken | Meaning::NonceWanted => SignInError::ServerDown,
        Meaning::ProofRefused => SignInError::ProofRefused,
        Meaning::RequestRejected => match json::text(map, "field") {
            Some(field) => SignInError::InputRejected {
                field: field.to_owned(),
            },
            None => SignInError::NotVigie,
        },
        Meaning::Over(_)
        | Meaning::AccessRefused
        | Meaning::Stale
        | Meaning::RotationRequired
        | Meaning::NotAllowed
        | Meaning::ActingOver(_)
        | Meaning::Elsewhere => SignInError::NotVigie,
    }
}
