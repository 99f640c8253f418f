//! How long things take.

#![expect(clippy::disallowed_methods, reason = "people wait in real time")]

use std::time::{Duration, Instant};

/// Measures real time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch(Instant);

impl Watch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Lets real time pass.
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// A duration as people say it: `0.4 s`, `12 s`, `3 min 05 s`.
pub(crate) fn spoken(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{} s", time.as_secs()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::spoken;
    use std::time::Duration;

    #[test]
    fn times_are_said_as_people_say_them() {
        let said = [400, 12_300, 185_000].map(|ms| spoken(Duration::from_millis(ms)));
        assert_eq!(said, ["0.4 s", "12 s", "3 min 05 s"]);
    }
}
