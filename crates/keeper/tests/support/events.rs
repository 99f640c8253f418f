//! The stage's stream of events: sound, silent, hostile or absent.

use std::convert::Infallible;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use protocol::ErrorCode;
use tokio::sync::broadcast;

use super::{Inner, authorised, problem};

/// What whoever listens gets.
#[derive(Clone, Debug)]
pub enum Broadcast {
    /// There is no such endpoint.
    Absent,
    /// What [`Events::tell`] says.
    Sound,
    /// This problem.
    Refuses(ErrorCode),
    /// This piece over and over, as fast as it is taken.
    Endless(Bytes),
    /// This, and the end.
    Once(Bytes),
}

pub struct Events {
    pub stream: Mutex<Broadcast>,
    /// How often somebody asked to listen.
    pub asked: AtomicU32,
    /// How many listen now.
    pub listening: Arc<AtomicI32>,
    /// Bytes that were taken from endless streams.
    pub taken: Arc<AtomicU32>,
    told: broadcast::Sender<String>,
}

struct Present(Arc<AtomicI32>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Events {
    pub fn new() -> Self {
        Self {
            stream: Mutex::new(Broadcast::Absent),
            asked: AtomicU32::new(0),
            listening: Arc::default(),
            taken: Arc::default(),
            told: broadcast::Sender::new(64),
        }
    }

    pub fn be(&self, stream: Broadcast) {
        *self.stream.lock().unwrap() = stream;
    }

    pub fn tell(&self, name: &str, data: &str) {
        let _ = self.told.send(format!("event: {name}\ndata: {data}\n\n"));
    }

    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn listening(&self) -> i32 {
        self.listening.load(Ordering::SeqCst)
    }

    fn heard(&self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
        let beginning = futures_util::stream::once(async { Ok(Bytes::from_static(b": listening\n\n")) });
        let told = self.told.subscribe();
        beginning.chain(futures_util::stream::unfold(told, |mut told| async move {
            let event = told.recv().await.ok()?;
            Some((Ok(Bytes::from(event)), told))
        }))
    }
}

pub async fn listen(State(inner): State<Arc<Inner>>, headers: HeaderMap) -> Response {
    let events = &inner.events;
    events.asked.fetch_add(1, Ordering::SeqCst);
    let stream = events.stream.lock().unwrap().clone();
    if let Broadcast::Absent = stream {
        return StatusCode::NOT_FOUND.into_response();
    }
    if let Err(refusal) = authorised(&inner, &headers) {
        return refusal;
    }
    let body = match stream {
        Broadcast::Absent => return StatusCode::NOT_FOUND.into_response(),
        Broadcast::Refuses(code) => return problem(code),
        Broadcast::Sound => {
            events.listening.fetch_add(1, Ordering::SeqCst);
            let present = Present(Arc::clone(&events.listening));
            Body::from_stream(events.heard().inspect(move |_| {
                let _ = &present;
            }))
        }
        Broadcast::Endless(piece) => {
            let taken = Arc::clone(&events.taken);
            Body::from_stream(futures_util::stream::repeat_with(move || {
                taken.fetch_add(u32::try_from(piece.len()).unwrap(), Ordering::SeqCst);
                Ok::<_, Infallible>(piece.clone())
            }))
        }
        Broadcast::Once(piece) => Body::from(piece),
    };
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}
