//! The transport to the server inside this process: its router is called as a function, and no port is open.

use std::convert::Infallible;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use http::{Request, Response};
use http_body_util::{BodyDataStream, BodyExt, Full, Limited};
use tokio::time::timeout;
use tower::{Service, ServiceExt};

use super::{BEGINNING, ByteStream, Limits, Transport, TransportFault};

/// Calls a tower service, for instance an axum router.
#[derive(Clone, Debug)]
pub struct InProcessTransport<S> {
    service: S,
}

impl<S> InProcessTransport<S> {
    /// A transport to this service.
    pub const fn new(service: S) -> Self {
        Self { service }
    }
}

#[async_trait]
impl<S, B> Transport for InProcessTransport<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportFault> {
        let service = self.service.clone();
        let call = async move {
            let response = match service.oneshot(request.map(Full::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, limits.body_bytes)
                .collect()
                .await
                .map_err(|error| {
                    if error.is::<http_body_util::LengthLimitError>() {
                        TransportFault::TooLarge
                    } else {
                        TransportFault::Reset
                    }
                })?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        timeout(limits.total, call)
            .await
            .unwrap_or(Err(TransportFault::Reset))
    }

    async fn open_stream(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportFault> {
        let call = self.service.clone().oneshot(request.map(Full::new));
        let response = match timeout(BEGINNING, call).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => return Err(TransportFault::Reset),
        };
        let stream = |body: B| {
            let pieces = BodyDataStream::new(body).map_err(|_| TransportFault::Reset);
            let pieces: ByteStream = Box::pin(pieces);
            pieces
        };
        Ok(response.map(stream))
    }
}
