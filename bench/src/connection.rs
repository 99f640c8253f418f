//! One connection that is kept, as lean as it goes, since clients share the machine with the server.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use vigie_tests::Stopwatch;

use crate::failure::{Doing as _, Failure};

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As JSON.
    Json,
    /// As a form of OAuth 2 (RFC 6749 §4.1.3).
    Form,
}

impl Form {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }
}

/// After so long without a request the server may be closing the connection, which is not seen while no client runs.
const KEPT: Duration = Duration::from_secs(30);

/// A connection to one server; made anew where the server has closed it, or may have.
pub(crate) struct Connection {
    address: SocketAddr,
    host: String,
    open: Option<Open>,
}

struct Open {
    sender: SendRequest<Full<Bytes>>,
    used: Stopwatch,
}

impl Connection {
    /// To be made at the first request.
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self {
            address,
            host: address.to_string(),
            open: None,
        }
    }

    /// Posts a body, and gives what was answered with success; anything else is a failure.
    pub(crate) async fn post(&mut self, path: &str, form: Form, body: String) -> Result<Bytes, Failure> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, &self.host)
            .header(USER_AGENT, crate::signed_in::USER_AGENT)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, form.content_type())
            .body(Full::new(Bytes::from(body)))
            .doing("making a request")?;
        self.exchange(request).await
    }

    /// Sends JSON with this authorisation, and gives what was answered with success; anything else is a failure.
    pub(crate) async fn call(
        &mut self,
        method: Method,
        path: &str,
        authorization: &str,
        body: String,
    ) -> Result<Bytes, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.host)
            .header(USER_AGENT, crate::signed_in::USER_AGENT)
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, Form::Json.content_type())
            .body(Full::new(Bytes::from(body)))
            .doing("making a request")?;
        self.exchange(request).await
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Bytes, Failure> {
        let sender = self.ready().await?;
        let response = sender.send_request(request).await.doing("sending")?;
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .doing("reading an answer")?
            .to_bytes();
        if matches!(status, StatusCode::OK | StatusCode::CREATED) {
            return Ok(body);
        }
        let said = String::from_utf8_lossy(&body);
        Err(Failure::found(
            format!("asking {}", self.host),
            format!("{status}: {said}"),
        ))
    }

    async fn ready(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, Failure> {
        let mut kept = self.open.take().filter(|open| open.used.elapsed() < KEPT);
        if let Some(open) = &mut kept
            && open.sender.ready().await.is_err()
        {
            kept = None;
        }
        let sender = match kept {
            Some(open) => open.sender,
            None => self.connect().await?,
        };
        let used = Stopwatch::start();
        Ok(&mut self.open.insert(Open { sender, used }).sender)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let stream = TcpStream::connect(self.address).await.doing("connecting")?;
        stream.set_nodelay(true).doing("connecting")?;
        let (mut sender, driven) = handshake(TokioIo::new(stream)).await.doing("connecting")?;
        tokio::spawn(driven);
        sender.ready().await.doing("connecting")?;
        Ok(sender)
    }
}

/// The one thread that all clients of a measurement run on.
pub(crate) fn runtime_of_clients() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .doing("starting a runtime")
}
