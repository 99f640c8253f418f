//! The clock that counts sleep, the start of the machine it counts from, and how waking up is noticed.

use std::fmt;

use keeper_core::{Moment, Span};

/// Time as the keeper needs it. In the product [`BoottimeClock`].
pub trait Clock: Send + Sync {
    /// The moment on a clock that goes on while the machine sleeps and that nobody can set.
    fn now(&self) -> Moment;
    /// How long the machine has been awake; where it falls behind [`Clock::now`], the machine has slept.
    fn awake(&self) -> Moment;
    /// Milliseconds since 1970 by the wall clock. For display and for `Retry-After` dates only.
    fn wall_ms(&self) -> i64;
    /// Names this start of the machine; moments compare only within one.
    fn boot_id(&self) -> String;
}

/// The operating system's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct BoottimeClock;

impl BoottimeClock {
    /// The operating system's clocks.
    pub const fn new() -> Self {
        Self
    }
}
impl Clock for BoottimeClock {
    fn now(&self) -> Moment {
        system::boottime()
    }
    fn awake(&self) -> Moment {
        system::awake()
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place where the wall clock is read"
    )]
    fn wall_ms(&self) -> i64 {
        let now = std::time::SystemTime::now();
        match now.duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        }
    }
    fn boot_id(&self) -> String {
        system::boot_id()
    }
}

#[cfg(unix)]
mod system {
    use keeper_core::Moment;
    use rustix::time::{ClockId, clock_gettime};

    fn read(clock: ClockId) -> Moment {
        let time = clock_gettime(clock);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
        Moment::from_ms(seconds.saturating_mul(1_000).saturating_add(nanos / 1_000_000))
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn boottime() -> Moment {
        read(ClockId::Boottime)
    }
    /// On Apple systems `CLOCK_MONOTONIC` is `mach_continuous_time`, which counts sleep.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn boottime() -> Moment {
        read(ClockId::Monotonic)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn awake() -> Moment {
        read(ClockId::Monotonic)
    }
    /// `std`'s instants stop during sleep on Apple systems (`CLOCK_UPTIME_RAW`).
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn awake() -> Moment {
        super::instant::since_first_use()
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn boot_id() -> String {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn boot_id() -> String {
        super::instant::boot_second()
    }
}

/// On Windows `std`'s instants are `QueryPerformanceCounter`, which counts sleep; waking up is then seen as a tick that
/// came much too late.
#[cfg(windows)]
mod system {
    use keeper_core::Moment;

    pub(super) fn boottime() -> Moment {
        super::instant::since_first_use()
    }
    pub(super) fn awake() -> Moment {
        super::instant::since_first_use()
    }
    pub(super) fn boot_id() -> String {
        super::instant::boot_second()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod instant {
    use std::sync::OnceLock;
    use std::time::Instant;

    use keeper_core::Moment;

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place where the clock is read"
    )]
    pub(super) fn since_first_use() -> Moment {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        let now = Instant::now();
        let since = now.saturating_duration_since(*FIRST.get_or_init(|| now));
        Moment::from_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// There is no boot id to read without unsafe code here, so each process counts as a start of its own: deadlines
    /// are then unknown after a restart of the app, which costs one early refresh.
    pub(super) fn boot_second() -> String {
        format!("process-{}", std::process::id())
    }
}

/// Tells from two readings whether the machine slept in between.
#[derive(Clone, Copy)]
pub(crate) struct WakeWatch {
    now: Moment,
    awake: Moment,
}

/// Less than this is the difference of two clocks read one after the other under load.
const SLEPT_AT_LEAST: Span = Span::from_ms(1_500);
/// Ticks come every second; one that is this late means the process stood still.
const TICK_LATE: Span = Span::from_secs(10);

impl WakeWatch {
    pub(crate) fn new(clock: &dyn Clock) -> Self {
        Self {
            now: clock.now(),
            awake: clock.awake(),
        }
    }

    /// Whether the machine slept, or stood still, since the last call.
    pub(crate) fn woke(&mut self, clock: &dyn Clock) -> bool {
        let (now, awake) = (clock.now(), clock.awake());
        let passed = now.since(self.now);
        let slept = passed.less(awake.since(self.awake));
        *self = Self { now, awake };
        slept >= SLEPT_AT_LEAST || passed >= TICK_LATE
    }
}

impl fmt::Debug for WakeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeWatch")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use keeper_core::Moment;

    use super::{BoottimeClock, Clock, WakeWatch};

    struct Two(Mutex<(u64, u64)>);
    impl Clock for Two {
        fn now(&self) -> Moment {
            Moment::from_ms(self.0.lock().unwrap().0)
        }
        fn awake(&self) -> Moment {
            Moment::from_ms(self.0.lock().unwrap().1)
        }
        fn wall_ms(&self) -> i64 {
            0
        }
        fn boot_id(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn sleep_shows_as_the_difference_of_two_clocks() {
        let clock = Two(Mutex::new((1_000, 1_000)));
        let mut watch = WakeWatch::new(&clock);
        *clock.0.lock().unwrap() = (2_000, 2_000);
        assert!(!watch.woke(&clock));
        *clock.0.lock().unwrap() = (3_602_000, 2_900);
        assert!(watch.woke(&clock));
        *clock.0.lock().unwrap() = (3_603_000, 3_900);
        assert!(!watch.woke(&clock));
    }

    #[test]
    fn a_process_that_stood_still_counts_as_woken() {
        let clock = Two(Mutex::new((0, 0)));
        let mut watch = WakeWatch::new(&clock);
        *clock.0.lock().unwrap() = (60_000, 60_000);
        assert!(watch.woke(&clock));
    }

    #[test]
    fn the_boottime_clock_runs_and_names_its_boot() {
        let clock = BoottimeClock::new();
        let first = clock.now();
        assert!(clock.now() >= first);
        assert!(first.as_ms() > 0);
        assert!(!clock.boot_id().is_empty());
        assert!(clock.wall_ms() > 1_700_000_000_000);
    }
}
