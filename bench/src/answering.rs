//! A server that answers at once, on a thread of its own: it knows one session, counts, and can let its token expire.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use protocol::ErrorCode;
use serde_json::json;
use tokio::sync::Barrier;

use crate::failure::{Doing as _, Failure};

/// The only session's id.
const SESSION: &str = "0190f000-0000-7000-8000-000000000001";
/// How long an access token lives, in seconds.
const LIFE_SECONDS: u64 = 3_600;
/// What the guarded path answers with: about as much as `/v1/auth/me` of the real server.
const ANSWER: &str = r#"{"user_id":"0190f000-0000-7000-8000-000000000002","username":"camille","display_name":"Camille Le Goff","organization_id":"0190f000-0000-7000-8000-000000000003","organization_name":"Ressourcerie du Port","current_organization_role":"user","site_id":null,"site_name":null}"#;

/// The server. Its thread ends with the process.
pub(crate) struct AnsweringServer {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    bearer: Mutex<HeaderValue>,
    tokens: AtomicU32,
    generation: AtomicU32,
    refreshes: AtomicU32,
    refusals: AtomicU32,
    refresh_takes_ms: AtomicU64,
    meeting: Mutex<Option<Arc<Barrier>>>,
}

impl AnsweringServer {
    /// Starts it on a free loopback port.
    pub(crate) fn start() -> Result<Self, Failure> {
        let state = Arc::new(State {
            bearer: Mutex::new(HeaderValue::from_static("none")),
            tokens: AtomicU32::new(0),
            generation: AtomicU32::new(0),
            refreshes: AtomicU32::new(0),
            refusals: AtomicU32::new(0),
            refresh_takes_ms: AtomicU64::new(0),
            meeting: Mutex::new(None),
        });
        let (tell, told) = mpsc::channel();
        let serving = Arc::clone(&state);
        let thread = std::thread::Builder::new().name("answering".to_owned());
        thread
            .spawn(move || {
                let served = serve(&serving, &tell);
                if let Err(error) = served {
                    drop(tell.send(Err(error)));
                }
            })
            .doing("starting the answering server")?;
        let address = told
            .recv()
            .doing("starting the answering server")?
            .doing("starting the answering server")?;
        Ok(Self { address, state })
    }

    /// Its origin.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many times a refresh was asked for.
    pub(crate) fn refreshes(&self) -> u32 {
        self.state.refreshes.load(Ordering::SeqCst)
    }

    /// How many guarded requests were refused.
    pub(crate) fn refusals(&self) -> u32 {
        self.state.refusals.load(Ordering::SeqCst)
    }

    /// From now on a refresh takes this long, so that callers pile up behind it.
    pub(crate) fn refresh_takes(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.state.refresh_takes_ms.store(ms, Ordering::SeqCst);
    }

    /// No access token handed out so far is good any more. The refusals go out once so many requests wait for theirs.
    pub(crate) fn expire(&self, requests: u32) {
        let meeting = Arc::new(Barrier::new(usize::try_from(requests).unwrap_or(usize::MAX)));
        *self.state.meeting.lock().unwrap_or_else(PoisonError::into_inner) = Some(meeting);
        *self.state.bearer.lock().unwrap_or_else(PoisonError::into_inner) = HeaderValue::from_static("none");
    }
}

fn serve(state: &Arc<State>, tell: &mpsc::Sender<std::io::Result<SocketAddr>>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(2_048)?;
        let _ = tell.send(listener.local_addr());
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let state = Arc::clone(state);
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(Arc::clone(&state), request));
                // A client that goes away is no concern of the server's.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = match (request.method(), request.uri().path()) {
        (&Method::GET, "/v1/auth/me") => guarded(&state, &request).await,
        (&Method::POST, "/v1/auth/login") => {
            let _ = request.into_body().collect().await;
            let mut answer = state.tokens();
            answer["me"] = serde_json::from_str(ANSWER).unwrap_or_default();
            said(answer.to_string())
        }
        (&Method::POST, "/v1/auth/refresh") => {
            let _ = request.into_body().collect().await;
            state.refreshes.fetch_add(1, Ordering::SeqCst);
            let takes = state.refresh_takes_ms.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(takes)).await;
            state.generation.fetch_add(1, Ordering::SeqCst);
            said(state.tokens().to_string())
        }
        (&Method::POST, "/v1/activity/ping") => {
            said(json!({"absolute_expires_in": 86_400, "server_time": "2026-01-01T00:00:00Z"}).to_string())
        }
        (_, "/healthz") => said(json!({"service": "vigie", "version": "0"}).to_string()),
        (_, _) => problem(ErrorCode::NotFound),
    };
    Ok(answer)
}

async fn guarded(state: &State, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let good = {
        let bearer = state.bearer.lock().unwrap_or_else(PoisonError::into_inner);
        request.headers().get(AUTHORIZATION) == Some(&*bearer)
    };
    if good {
        said(ANSWER)
    } else {
        state.refusals.fetch_add(1, Ordering::SeqCst);
        let meeting = state
            .meeting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(meeting) = meeting {
            meeting.wait().await;
        }
        problem(ErrorCode::TokenExpired)
    }
}

impl State {
    /// A new access token, which takes the place of the one before, and the rest of the answer around it.
    fn tokens(&self) -> serde_json::Value {
        // As long as an access token of the real server.
        let access = format!("{:0>420}", self.tokens.fetch_add(1, Ordering::SeqCst));
        if let Ok(bearer) = HeaderValue::try_from(format!("Bearer {access}")) {
            *self.bearer.lock().unwrap_or_else(PoisonError::into_inner) = bearer;
        }
        let generation = self.generation.load(Ordering::SeqCst);
        json!({
            "access_token": access,
            "refresh_token": format!("refresh-{generation}"),
            "token_type": "Bearer",
            "expires_in": LIFE_SECONDS,
            "refresh_in": LIFE_SECONDS / 2,
            "absolute_expires_in": 30 * 86_400,
            "server_time": "2026-01-01T00:00:00Z",
            "session_id": SESSION,
            "generation": generation,
        })
    }
}

fn said(text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn problem(code: ErrorCode) -> Response<Full<Bytes>> {
    let body = serde_json::to_vec(&protocol::Problem::new(code)).unwrap_or_default();
    let mut response = said(body);
    *response.status_mut() = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static(protocol::error::PROBLEM_JSON),
    );
    response
}
