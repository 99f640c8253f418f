//! A line to the server that a test cuts, holds up and listens in to.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use keeper::transport::ByteStream;
use keeper::{Limits, Transport, TransportFault};
use tokio::sync::watch;

/// The line.
pub struct Line {
    inner: Arc<dyn Transport>,
    is_cut: AtomicBool,
    /// Answers of calls to this path are kept back until it is another one.
    held: watch::Sender<Option<&'static str>>,
    /// Answers that were kept back, or still are.
    kept_back: AtomicU32,
    streams: AtomicU32,
    sent: Mutex<Vec<String>>,
}

impl Line {
    pub fn over(inner: Arc<dyn Transport>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            is_cut: AtomicBool::new(false),
            held: watch::Sender::new(None),
            kept_back: AtomicU32::new(0),
            streams: AtomicU32::new(0),
            sent: Mutex::default(),
        })
    }

    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }

    pub fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }

    /// From now on answers of this path stay on the way.
    pub fn hold(&self, path: &'static str) {
        self.held.send_replace(Some(path));
    }

    pub fn let_go(&self) {
        self.held.send_replace(None);
    }

    pub fn kept_back(&self) -> u32 {
        self.kept_back.load(Ordering::SeqCst)
    }

    /// How many streams of events were opened.
    pub fn streams(&self) -> u32 {
        self.streams.load(Ordering::SeqCst)
    }

    /// How often this path was called, cut off or not.
    pub fn calls(&self, path: &str) -> usize {
        self.sent
            .lock()
            .unwrap()
            .iter()
            .filter(|sent| *sent == path)
            .count()
    }

    fn check(&self) -> Result<(), TransportFault> {
        if self.is_cut.load(Ordering::SeqCst) {
            Err(TransportFault::Offline)
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportFault> {
        let path = request.uri().path().to_owned();
        self.sent.lock().unwrap().push(path.clone());
        self.check()?;
        let answer = self.inner.send(request, limits).await;
        let is_held = |held: &Option<&str>| *held == Some(path.as_str());
        if is_held(&self.held.borrow()) {
            self.kept_back.fetch_add(1, Ordering::SeqCst);
            let _ = self.held.subscribe().wait_for(|held| !is_held(held)).await;
        }
        self.check()?;
        answer
    }

    async fn open_stream(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportFault> {
        self.check()?;
        let opened = self.inner.open_stream(request).await?;
        self.streams
            .fetch_add(u32::from(opened.status().is_success()), Ordering::SeqCst);
        Ok(opened)
    }
}
