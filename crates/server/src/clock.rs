//! The server's clock: handed in, so that a test can set it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use store::Millis;

/// Where the server takes the time from.
pub trait Clock: Send + Sync + std::fmt::Debug + 'static {
    /// Milliseconds since 1970, UTC: what is stored and sent.
    fn wall_ms(&self) -> Millis;

    /// Time since some fixed point, which never goes back: what limits and waits are counted by.
    fn monotonic(&self) -> Duration;
}

/// The machine's own clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// Starts counting now.
    pub fn new() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the clock that is handed in everywhere else"
        )]
        let started = std::time::Instant::now();
        Self { started }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn wall_ms(&self) -> Millis {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the clock that is handed in everywhere else"
        )]
        let now = Utc::now();
        now.timestamp_millis()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock {
    wall_ms: AtomicI64,
    monotonic_ms: AtomicI64,
}

impl ManualClock {
    /// Stands at this time, in milliseconds since 1970.
    pub fn at(wall_ms: Millis) -> Self {
        Self {
            wall_ms: AtomicI64::new(wall_ms),
            monotonic_ms: AtomicI64::new(0),
        }
    }

    /// Lets this much time pass on both clocks.
    pub fn advance(&self, by: Duration) {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.wall_ms.fetch_add(by_ms, Ordering::SeqCst);
        self.monotonic_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// Sets the wall clock, as an administrator does; the other clock stays.
    pub fn set_wall_ms(&self, wall_ms: Millis) {
        self.wall_ms.store(wall_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall_ms(&self) -> Millis {
        self.wall_ms.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.monotonic_ms.load(Ordering::SeqCst)).unwrap_or(0))
    }
}

/// Stored milliseconds as they stand on the wire.
pub(crate) fn wire_time(at: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or(if at < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}
