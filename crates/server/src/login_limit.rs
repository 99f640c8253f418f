//! How often somebody may try to sign in, by account and by address, counted on the clock that never goes back.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::Quota;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::options::Limits;
use crate::rate::{Rate, network};

/// After so many tries, what is no longer needed is forgotten.
const SWEEP_EVERY: u32 = 512;

/// The limits on signing in.
pub(crate) struct LoginLimit {
    by_address: Rate<IpAddr>,
    by_account: Rate<String>,
    by_both: Rate<(String, Option<IpAddr>)>,
    tries: AtomicU32,
}

impl LoginLimit {
    pub(crate) fn new(limits: &Limits, clock: &Arc<dyn Clock>) -> Self {
        let rate = |per_minute| Quota::per_minute(per_minute);
        Self {
            by_address: Rate::new(rate(limits.logins_per_minute_per_address), clock),
            by_account: Rate::new(rate(limits.logins_per_minute_per_account), clock),
            by_both: Rate::new(rate(limits.logins_per_minute_per_account_and_address), clock),
            tries: AtomicU32::new(0),
        }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// [`ErrorCode::RateLimited`] with the time to wait.
    pub(crate) fn note(&self, account: &str, address: Option<IpAddr>) -> Result<(), Failure> {
        if self.tries.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.sweep();
        }
        let address = address.map(network);
        if let Some(address) = address {
            self.by_address.check(&address)?;
        }
        self.by_both.check(&(account.to_owned(), address))?;
        self.by_account.check(&account.to_owned())
    }

    /// Forgets what is no longer needed.
    pub(crate) fn sweep(&self) {
        self.by_address.sweep();
        self.by_account.sweep();
        self.by_both.sweep();
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use protocol::ErrorCode;

    use super::LoginLimit;
    use crate::clock::{Clock, ManualClock};
    use crate::options::Limits;

    fn limit() -> (LoginLimit, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(0));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<_>;
        (LoginLimit::new(&Limits::default(), &shared), clock)
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn guessing_one_account_is_stopped_and_says_for_how_long() {
        let (limit, clock) = limit();
        for _ in 0..10 {
            limit.note("camille", address("192.0.2.1")).unwrap();
        }
        let refused = limit.note("camille", address("192.0.2.1")).unwrap_err();
        assert_eq!(
            (refused.code(), refused.problem.retry_after_seconds),
            (ErrorCode::RateLimited, Some(6))
        );
        clock.advance(Duration::from_secs(6));
        limit.note("camille", address("192.0.2.1")).unwrap();
    }

    #[test]
    fn ten_tills_behind_one_address_open_at_once() {
        let (limit, _) = limit();
        for till in 0..10 {
            for _ in 0..5 {
                limit
                    .note(&format!("operator{till}"), address("192.0.2.1"))
                    .unwrap();
            }
        }
    }

    #[test]
    fn a_stranger_does_not_lock_an_account_for_its_owner() {
        let (limit, _) = limit();
        while limit.note("camille", address("198.51.100.1")).is_ok() {}
        limit.note("camille", address("192.0.2.1")).unwrap();
    }

    #[test]
    fn many_addresses_together_are_stopped_for_one_account() {
        let (limit, _) = limit();
        let refused = (0..100)
            .filter(|n| limit.note("camille", address(&format!("10.0.0.{n}"))).is_err())
            .count();
        assert_eq!(refused, 70);
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let (limit, _) = limit();
        let refused = (0..100)
            .filter(|n| {
                limit
                    .note(&format!("user{n}"), address(&format!("2001:db8::{n:x}")))
                    .is_err()
            })
            .count();
        assert_eq!(refused, 40);
    }

    #[test]
    fn what_is_remembered_of_a_flood_is_forgotten() {
        let (limit, clock) = limit();
        for n in 0..10_000_u32 {
            let _ = limit.note(&format!("user{n}"), Some(n.to_be_bytes().into()));
        }
        let remembered = |limit: &LoginLimit| {
            limit.by_address.remembered() + limit.by_account.remembered() + limit.by_both.remembered()
        };
        assert!(remembered(&limit) > 0);
        clock.advance(Duration::from_secs(120));
        limit.sweep();
        assert_eq!(remembered(&limit), 0);
    }

    #[test]
    fn setting_the_wall_clock_back_changes_nothing() {
        let (limit, clock) = limit();
        while limit.note("camille", address("192.0.2.1")).is_ok() {}
        clock.set_wall_ms(-1_000_000);
        clock.advance(Duration::from_secs(6));
        limit.note("camille", address("192.0.2.1")).unwrap();
    }
}
