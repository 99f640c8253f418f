//! How many event streams are open: bounded for each session and altogether, and ended at once when the server ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::ErrorCode;
use tokio::sync::watch;
use uuid::Uuid;

use crate::failure::Failure;
use crate::options::Limits;

/// When to try again with a session that has all its streams open, in seconds.
const RETRY_SECONDS: u32 = 15;

#[derive(Default)]
struct Open {
    by_session: HashMap<Uuid, usize>,
    total: usize,
}

/// The event streams of one process.
pub(crate) struct EventStreams {
    open: Mutex<Open>,
    most: usize,
    most_of_a_session: usize,
    ending: watch::Sender<bool>,
}

/// A stream's place; given back when dropped.
pub(crate) struct Place {
    streams: Arc<EventStreams>,
    session_id: Uuid,
}

impl EventStreams {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            open: Mutex::default(),
            most: limits.event_streams,
            most_of_a_session: limits.event_streams_per_session,
            ending: watch::Sender::new(false),
        }
    }

    /// Takes a place for a stream of this session.
    ///
    /// # Errors
    /// [`ErrorCode::RateLimited`] where the session has enough of them, [`ErrorCode::ServerBusy`] where the process has, or
    /// is ending.
    pub(super) fn place(self: &Arc<Self>, session_id: Uuid) -> Result<Place, Failure> {
        if *self.ending.borrow() {
            return Err(Failure::new(ErrorCode::ServerBusy).because(&"the server is ending"));
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.most {
            return Err(
                Failure::new(ErrorCode::ServerBusy).because(&"all places for event streams are taken")
            );
        }
        let of_this_session = open.by_session.entry(session_id).or_default();
        if *of_this_session >= self.most_of_a_session {
            return Err(Failure::new(ErrorCode::RateLimited)
                .retry_after(RETRY_SECONDS)
                .detail(format!(
                    "a session has at most {} event streams",
                    self.most_of_a_session
                )));
        }
        *of_this_session += 1;
        open.total += 1;
        Ok(Place {
            streams: Arc::clone(self),
            session_id,
        })
    }

    /// Ends all streams and takes no more.
    pub(crate) fn end(&self) {
        self.ending.send_replace(true);
    }
}

impl Place {
    pub(super) fn ending(&self) -> watch::Receiver<bool> {
        self.streams.ending.subscribe()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        if let Some(count) = open.by_session.get_mut(&self.session_id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.by_session.remove(&self.session_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::ErrorCode;
    use uuid::Uuid;

    use super::EventStreams;
    use crate::options::Limits;

    fn streams() -> Arc<EventStreams> {
        Arc::new(EventStreams::new(&Limits {
            event_streams: 3,
            event_streams_per_session: 2,
            ..Limits::default()
        }))
    }

    #[test]
    fn a_session_and_the_process_have_their_bounds_and_places_come_back() {
        let streams = streams();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let code = |session| streams.place(session).err().map(|failure| failure.code());
        let first = streams.place(one).unwrap();
        let second = streams.place(one).unwrap();
        assert_eq!(code(one), Some(ErrorCode::RateLimited));
        let third = streams.place(other).unwrap();
        assert_eq!(code(other), Some(ErrorCode::ServerBusy));
        drop((first, third));
        assert_eq!(code(one), None);
        drop(second);
        let open = streams.open.lock().unwrap();
        assert_eq!((open.total, open.by_session.len()), (0, 0));
    }

    #[test]
    fn a_server_that_ends_takes_no_more() {
        let streams = streams();
        streams.end();
        let refused = streams.place(Uuid::nil()).err().unwrap();
        assert_eq!(
            (refused.code(), refused.problem.retry_after_seconds),
            (ErrorCode::ServerBusy, Some(1))
        );
    }
}
