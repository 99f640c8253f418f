//! Waiting for something that happens outside this process, with a limit.

#![expect(
    clippy::disallowed_methods,
    reason = "other processes keep real time, so what is measured about them is measured in it"
)]

use crate::StageError;
use std::time::{Duration, Instant};

/// How often a condition is looked at again.
const LOOK: Duration = Duration::from_millis(25);

/// Waits until `look` finds something, or says that `what` did not happen within `limit`.
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>, StageError>,
) -> Result<T, StageError> {
    let watch = Stopwatch::start();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if watch.elapsed() >= limit {
            return Err(StageError::TooLate {
                what: what.to_owned(),
                waited: limit,
                last: String::new(),
            });
        }
        pause(LOOK);
    }
}

/// Lets real time pass.
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Measures real time.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
