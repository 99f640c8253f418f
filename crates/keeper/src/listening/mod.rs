//! Listens to what the server lets be known while somebody is signed in and the server answers: one stream, opened again
//! whenever it ends. What is heard is a hint; whether it is so is asked by the state machine.
//!
//! The stream is believed to be hostile: it can end nobody's session, and what it may cost in bytes, in events and in new
//! connections is bounded.

mod guard;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use keeper_core::{Connection, Entropy, Hint, Input, SessionPhase, Span};
use protocol::event::NoticeAdded;
use sse_stream::SseByteStream;
use tokio::time::{Instant, timeout};

use self::guard::guarded;
use crate::driver::{Handed, OsEntropy, Shared};
use crate::profile::{Refusal, Reply};
use crate::transport::ByteStream;

/// The server sends a comment every 15 s: a stream that is silent for longer than three of them is dead.
const SILENCE: Duration = Duration::from_secs(50);
/// The body of an answer that is no stream is read for this long and up to this many bytes.
const REFUSAL_WAIT: Duration = Duration::from_secs(5);
const REFUSAL_BYTES: usize = 64 << 10;
/// A stream that held for this long was a good one: the next is opened without a long pause.
const HELD_LONG: Duration = Duration::from_secs(30);
/// A server without this endpoint is asked again after this long.
const UNSUPPORTED: Duration = Duration::from_secs(600);

/// What the server let be known, for those who show it. It is a reason to ask the server, and nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// The session works in another organisation.
    OrganizationChanged,
    /// The organisation's settings changed.
    SettingsChanged,
    /// The organisation's categories changed.
    CategoriesChanged,
    /// An alert of the organisation began or ended, or somebody was told of one.
    AlertsChanged,
    /// Impersonations began or ended.
    ImpersonationsChanged,
    /// There is a new security notice.
    Notice(NoticeAdded),
}

/// What one event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something to ask the server about.
    Hint(Hint),
    /// Something to show.
    Notice(NoticeAdded),
    /// Goods to ask for again: no token and no deadline hangs on them.
    CategoriesChanged,
    /// Alerts to ask for again.
    AlertsChanged,
    /// Impersonations to ask for again, one's own among them.
    ImpersonationsChanged,
}

/// How a stream came to its end.
enum End {
    /// The server ended it, or the session it was for is no longer the one here.
    Closed,
    /// It broke, was garbage, or was refused for a reason that passes.
    Fault,
    /// The access token is good no more: there is no use in trying again with it.
    Refused,
    /// The server has no such thing.
    Unsupported,
}

/// Begins to listen, until the keeper stops.
pub(crate) fn start(shared: &Arc<Shared>) {
    let Some(request) = shared.config.profile.events_request() else {
        return;
    };
    tokio::spawn(run(Arc::clone(shared), request));
}

async fn run(shared: Arc<Shared>, request: Request<Bytes>) {
    let mut failures = 0_u32;
    let mut refused: Option<Arc<Handed>> = None;
    let mut listened_to: Option<String> = None;
    while let Some(handed) = due(&shared, refused.as_deref()).await {
        let session_id = shared.snapshot.borrow().session_id.clone();
        // What went wrong with another session's streams says nothing of this one's.
        if session_id != listened_to {
            failures = 0;
        }
        let begun = Instant::now();
        let end = listen(&shared, &handed, session_id.as_deref(), request.clone()).await;
        failures = match end {
            End::Closed if begun.elapsed() >= HELD_LONG => 0,
            End::Closed | End::Fault | End::Refused | End::Unsupported => failures.saturating_add(1),
        };
        let pause = match end {
            End::Unsupported => UNSUPPORTED,
            End::Closed | End::Fault | End::Refused => pause(&shared, failures),
        };
        refused = matches!(end, End::Refused).then_some(handed);
        rest(&shared, pause, session_id.as_deref()).await;
        listened_to = session_id;
    }
}

/// Waits until somebody is signed in, the server answers and there is a token that it has not refused. `None`: the keeper
/// has stopped. It costs nothing meanwhile.
async fn due(shared: &Shared, refused: Option<&Handed>) -> Option<Arc<Handed>> {
    let mut outcomes = shared.outcome.subscribe();
    loop {
        if outcomes.borrow_and_update().stopped {
            return None;
        }
        let well = {
            let snapshot = shared.snapshot.borrow();
            snapshot.phase == SessionPhase::SignedIn && snapshot.connection == Connection::Online
        };
        let handed = shared
            .living(shared.now())
            .filter(|handed| well && refused.is_none_or(|refused| !handed.is_same(refused)));
        if handed.is_some() {
            return handed;
        }
        outcomes.changed().await.ok()?;
    }
}

/// Full jitter over an exponential ceiling, as between refreshes.
fn pause(shared: &Shared, failures: u32) -> Duration {
    let knobs = &shared.config.knobs;
    let ceiling = knobs.backoff_base.doubled(failures.min(30), knobs.backoff_cap);
    let floor = knobs.backoff_base.permille(500);
    let span: Span = floor + OsEntropy.up_to(ceiling.less(floor));
    Duration::from_millis(span.as_ms())
}

/// Pauses, but not beyond the next sign-in: new sessions come by an operator's hand, and not more often than that.
async fn rest(shared: &Shared, pause: Duration, session_id: Option<&str>) {
    let mut outcomes = shared.outcome.subscribe();
    let changed = outcomes.wait_for(|outcome| {
        let snapshot = shared.snapshot.borrow();
        let is_new = snapshot.phase == SessionPhase::SignedIn && snapshot.session_id.as_deref() != session_id;
        outcome.stopped || is_new
    });
    let _ = timeout(pause, changed).await;
}

async fn listen(
    shared: &Shared,
    handed: &Handed,
    session_id: Option<&str>,
    mut request: Request<Bytes>,
) -> End {
    request.headers_mut().insert(AUTHORIZATION, handed.bearer.clone());
    let opening = shared.config.transport.open_stream(request);
    let response = match unless_changed(shared, handed, session_id, opening).await {
        Some(Ok(response)) => response,
        Some(Err(fault)) => {
            tracing::debug!(%fault, "the server's events cannot be listened to");
            return End::Fault;
        }
        None => return End::Closed,
    };
    let (parts, body) = response.into_parts();
    if !parts.status.is_success() {
        let body = timeout(REFUSAL_WAIT, whole(body)).await.unwrap_or_default();
        return not_listened(shared, handed, &Response::from_parts(parts, body));
    }
    let events = SseByteStream::new(guarded(body));
    let hearing = hear(shared, handed, events);
    unless_changed(shared, handed, session_id, hearing)
        .await
        .unwrap_or(End::Closed)
}

async fn hear<E>(
    shared: &Shared,
    handed: &Handed,
    events: impl Stream<Item = Result<sse_stream::Sse, E>>,
) -> End {
    let mut events = std::pin::pin!(events);
    loop {
        match timeout(SILENCE, events.next()).await {
            Ok(Some(Ok(event))) => {
                let name = event.event.as_deref().unwrap_or_default();
                let data = event.data.as_deref().unwrap_or_default();
                if let Some(heard) = shared.config.profile.read_event(name, data) {
                    pass_on(shared, handed, heard);
                }
            }
            Ok(None) => return End::Closed,
            Ok(Some(Err(_))) | Err(_) => return End::Fault,
        }
    }
}

fn pass_on(shared: &Shared, handed: &Handed, heard: Heard) {
    let shown = match &heard {
        Heard::Notice(notice) => Some(ServerEvent::Notice(*notice)),
        Heard::CategoriesChanged => Some(ServerEvent::CategoriesChanged),
        Heard::AlertsChanged => Some(ServerEvent::AlertsChanged),
        Heard::ImpersonationsChanged => Some(ServerEvent::ImpersonationsChanged),
        Heard::Hint(Hint::OrganizationChanged) => Some(ServerEvent::OrganizationChanged),
        Heard::Hint(Hint::SettingsChanged) => Some(ServerEvent::SettingsChanged),
        // Whether it has ended is for the snapshot to say, once the server was asked.
        Heard::Hint(Hint::SessionEnded { .. }) => None,
    };
    if let Heard::Hint(hint) = heard {
        tracing::info!(?hint, "the server let something be known");
        shared.send_input(handed.epoch, Input::Hinted(hint));
    }
    if let Some(event) = shown {
        let _ = shared.events.send(event);
    }
}

/// Does this for as long as the session and the connection are those that it was begun for.
async fn unless_changed<T>(
    shared: &Shared,
    handed: &Handed,
    session_id: Option<&str>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut outcomes = shared.outcome.subscribe();
    let changed = outcomes.wait_for(|outcome| {
        let snapshot = shared.snapshot.borrow();
        outcome.stopped
            || shared.epoch() != handed.epoch
            || snapshot.phase != SessionPhase::SignedIn
            || snapshot.session_id.as_deref() != session_id
            || matches!(snapshot.connection, Connection::Lost { .. })
    });
    tokio::select! {
        done = work => Some(done),
        _ = changed => None,
    }
}

/// The answer is no stream: what it says of the token is passed on as any request's would be.
fn not_listened(shared: &Shared, handed: &Handed, response: &Response<Bytes>) -> End {
    shared.prover.learn(response.headers());
    let serial = handed.grant.serial;
    let reply = Reply::of(response, shared.config.clock.wall_ms());
    match shared.config.profile.read_refusal(reply) {
        Refusal::Token => {
            shared.send_input(handed.epoch, Input::RequestRefused { serial });
            End::Refused
        }
        Refusal::Session(reason) => {
            shared.send_input(handed.epoch, Input::SessionRefused { serial, reason });
            End::Refused
        }
        Refusal::None if matches!(response.status().as_u16(), 404..=406 | 501) => End::Unsupported,
        Refusal::None => End::Fault,
    }
}

async fn whole(mut body: ByteStream) -> Bytes {
    let mut whole = BytesMut::new();
    while let Some(Ok(piece)) = body.next().await {
        if whole.len() + piece.len() > REFUSAL_BYTES {
            break;
        }
        whole.extend_from_slice(&piece);
    }
    whole.freeze()
}
