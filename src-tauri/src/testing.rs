//! What the shell's tests stand on: a network that can be cut, and surfaces without a screen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU8, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use keeper::{Limits, Transport, TransportFault};

/// What the network between the app and its server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Network {
    /// It carries everything.
    Whole,
    /// It carries nothing.
    Cut,
    /// It carries sales to the server, and loses the answers.
    LosesReceipts,
}

/// A network that a test holds in its hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Between {
    state: Arc<AtomicU8>,
    sales: Arc<AtomicU32>,
}

impl Between {
    pub(crate) fn be(&self, network: Network) {
        self.state.store(network as u8, Ordering::SeqCst);
    }

    /// How many sales were sent.
    pub(crate) fn sales(&self) -> u32 {
        self.sales.load(Ordering::SeqCst)
    }

    pub(crate) fn over(&self, inner: Arc<dyn Transport>) -> Arc<dyn Transport> {
        Arc::new(Line { between: self.clone(), inner })
    }
}

struct Line {
    between: Between,
    inner: Arc<dyn Transport>,
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportFault> {
        let state = self.between.state.load(Ordering::SeqCst);
        let is_sale = request.uri().path() == "/v1/sales" && request.method() == http::Method::POST;
        if state == Network::Cut as u8 {
            return Err(TransportFault::Offline);
        }
        if is_sale {
            self.between.sales.fetch_add(1, Ordering::SeqCst);
        }
        let answer = self.inner.send(request, limits).await;
        if is_sale && state == Network::LosesReceipts as u8 { Err(TransportFault::Reset) } else { answer }
    }
}
