//! How long the writer waits for its group to fill: a little where others are known to be on their way, never for a lone
//! caller.
//!
//! A disk may sync faster than callers come back with their next change; the groups are small then, and a sync is paid
//! for two or three changes. The last groups say how many callers there are: that many are waited for, within a bound.

use std::time::Duration;

/// More than this many are not waited for: one sync for so many is cheap enough.
const WAITED_FOR_MOST: usize = 16;

/// One look at the line after each of these pauses.
const PAUSE: Duration = Duration::from_micros(100);

/// Pauses in one wait at most. With the system's own delay in waking a thread this bounds a wait to 2 to 3 milliseconds.
const PAUSES_MOST: usize = 16;

/// After a wait for one more than there are, so many groups pass before that is tried again; twice as many each time.
const CALM: u32 = 64;
/// The longest such calm.
const CALM_MOST: u32 = 8_192;

/// As many callers as this are a crowd: somebody more is always on the way.
const CROWD: usize = 5;

/// What the groups so far taught.
#[derive(Debug)]
pub(crate) struct Gather {
    expected: usize,
    /// Groups until more are expected again.
    calm: u32,
    next_calm: u32,
}

impl Default for Gather {
    fn default() -> Self {
        Self {
            expected: 1,
            calm: 0,
            next_calm: CALM,
        }
    }
}

impl Gather {
    /// Waits until as many changes are in line as are expected, or for as long as is bearable.
    pub(crate) fn wait(&self, in_line: impl Fn() -> usize) {
        for _ in 0..PAUSES_MOST {
            if in_line() >= self.expected {
                return;
            }
            std::thread::park_timeout(PAUSE);
        }
    }

    /// Takes note of how many came. Who did not come is not expected again; where several came, more may be on the way.
    pub(crate) fn learn(&mut self, came: usize) {
        if came < self.expected {
            self.expected = came.max(1);
            if came >= CROWD {
                // Many callers, who came less evenly than thought.
                self.calm = 0;
                return;
            }
            self.calm = self.next_calm;
            self.next_calm = self.next_calm.saturating_mul(2).min(CALM_MOST);
            return;
        }
        let mut expected = came;
        if came > 1 && self.calm == 0 {
            expected += 1 + came / 4;
        }
        if came > self.expected {
            self.next_calm = CALM;
        }
        self.calm = self.calm.saturating_sub(1);
        self.expected = expected.clamp(1, WAITED_FOR_MOST);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{Gather, PAUSES_MOST, WAITED_FOR_MOST};

    fn looks(gather: &Gather, in_line: impl Fn(usize) -> usize) -> usize {
        let looked = Cell::new(0);
        gather.wait(|| {
            looked.set(looked.get() + 1);
            in_line(looked.get())
        });
        looked.get()
    }

    #[test]
    fn a_lone_caller_never_waits() {
        let mut gather = Gather::default();
        for _ in 0..3 {
            assert_eq!(looks(&gather, |_| 1), 1, "one look and no pause");
            gather.learn(1);
        }
    }

    /// Callers who each send the next change once the last is written: so many groups, and the pauses spent on them.
    fn closed_loop(gather: &mut Gather, callers: usize, groups: usize) -> usize {
        let mut pauses = 0;
        for _ in 0..groups {
            pauses += looks(gather, |look| (look * 4).min(callers)).saturating_sub(1);
            gather.learn(callers.min(gather.expected.max(callers.min(4))));
        }
        pauses
    }

    #[test]
    fn groups_grow_where_many_callers_come_one_after_another() {
        let mut gather = Gather::default();
        closed_loop(&mut gather, 64, 40);
        assert_eq!(gather.expected, WAITED_FOR_MOST);
    }

    #[test]
    fn two_callers_seldom_wait_for_a_third() {
        let mut gather = Gather::default();
        let groups = 10_000;
        let pauses = closed_loop(&mut gather, 2, groups);
        assert!(pauses <= 10 * PAUSES_MOST, "{pauses} pauses in {groups} groups");
    }

    #[test]
    fn who_went_away_is_waited_for_once() {
        let mut gather = Gather::default();
        gather.learn(5);
        assert_eq!(looks(&gather, |_| 4), PAUSES_MOST);
        gather.learn(4);
        assert_eq!(looks(&gather, |_| 4), 1);
    }

    #[test]
    fn a_large_group_is_not_waited_for_whole() {
        let mut gather = Gather::default();
        gather.learn(64);
        assert_eq!(looks(&gather, |_| WAITED_FOR_MOST), 1);
    }
}
