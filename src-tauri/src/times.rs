//! From the keeper's moments to times of day: one offset, held steady so that a deadline does not tremble.

use keeper::Clock;
use keeper_core::{Moment, Span};

use crate::view::Millis;

const JUMP_MS: i64 = 1_000;

/// How far the wall clock stands from the keeper's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallOffset {
    ms: i64,
}

impl WallOffset {
    /// The offset at this moment.
    pub fn now(clock: &dyn Clock) -> Self {
        Self {
            ms: clock.wall_ms().saturating_sub(signed(clock.now())),
        }
    }

    /// Takes the offset anew if the wall clock has been set by more than a second, and says whether it was.
    pub fn follow(&mut self, clock: &dyn Clock) -> bool {
        let now = Self::now(clock);
        let jumped = now.ms.saturating_sub(self.ms).saturating_abs() > JUMP_MS;
        if jumped {
            *self = now;
        }
        jumped
    }

    /// The time of day of this moment.
    pub fn millis(self, moment: Moment) -> Millis {
        Millis::from_epoch_ms(self.ms.saturating_add(signed(moment)))
    }
}

/// How long to wait between two looks at the wall clock.
pub const LOOK_AGAIN: Span = Span::from_secs(1);

fn signed(moment: Moment) -> i64 {
    i64::try_from(moment.as_ms()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use keeper::Clock;
    use keeper_core::Moment;

    use super::WallOffset;
    use crate::view::Millis;

    struct Fixed {
        wall_ms: AtomicI64,
    }

    impl Clock for Fixed {
        fn now(&self) -> Moment {
            Moment::from_ms(5_000)
        }
        fn awake(&self) -> Moment {
            Moment::from_ms(5_000)
        }
        fn wall_ms(&self) -> i64 {
            self.wall_ms.load(Ordering::Relaxed)
        }
        fn boot_id(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn a_deadline_trembles_with_no_jitter_and_follows_a_clock_that_is_set() {
        let clock = Fixed {
            wall_ms: AtomicI64::new(1_000_000),
        };
        let mut offset = WallOffset::now(&clock);
        let deadline = Moment::from_ms(65_000);
        assert_eq!(offset.millis(deadline), Millis(1_060_000.0));
        clock.wall_ms.store(1_000_900, Ordering::Relaxed);
        assert!(!offset.follow(&clock));
        assert_eq!(offset.millis(deadline), Millis(1_060_000.0));
        clock.wall_ms.store(-315_000_000_000, Ordering::Relaxed);
        assert!(offset.follow(&clock));
        assert_eq!(offset.millis(deadline), Millis(-314_999_940_000.0));
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let clock = Fixed {
            wall_ms: AtomicI64::new(i64::MAX),
        };
        assert!(WallOffset::now(&clock).millis(Moment::from_ms(u64::MAX)).0 > 0.0);
        clock.wall_ms.store(i64::MIN, Ordering::Relaxed);
        assert!(WallOffset::now(&clock).millis(Moment::from_ms(0)).0 < 0.0);
    }
}
