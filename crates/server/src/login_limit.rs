//! How often somebody may try to sign in, by account and by address, counted on the clock that never goes back.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use protocol::ErrorCode;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::options::Limits;

/// After so many tries, what is no longer needed is forgotten.
const SWEEP_EVERY: u32 = 512;

#[derive(Clone, Debug)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

type Keyed<K> = RateLimiter<K, DefaultKeyedStateStore<K>, Ticks, NoOpMiddleware<Duration>>;

/// The limits on signing in.
pub(crate) struct LoginLimit {
    ticks: Ticks,
    by_address: Keyed<IpAddr>,
    by_account: Keyed<String>,
    by_both: Keyed<(String, Option<IpAddr>)>,
    tries: AtomicU32,
}

impl LoginLimit {
    pub(crate) fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Self {
        let ticks = Ticks(clock);
        Self {
            by_address: keyed(limits.logins_per_minute_per_address, &ticks),
            by_account: keyed(limits.logins_per_minute_per_account, &ticks),
            by_both: keyed(limits.logins_per_minute_per_account_and_address, &ticks),
            ticks,
            tries: AtomicU32::new(0),
        }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// [`ErrorCode::RateLimited`] with the time to wait.
    pub(crate) fn note(&self, account: &str, address: Option<IpAddr>) -> Result<(), Failure> {
        if self.tries.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.by_address.retain_recent();
            self.by_account.retain_recent();
            self.by_both.retain_recent();
        }
        let address = address.map(network);
        if let Some(address) = address {
            self.check(&self.by_address, &address)?;
        }
        self.check(&self.by_both, &(account.to_owned(), address))?;
        self.check(&self.by_account, &account.to_owned())
    }

    fn check<K: Hash + Eq + Clone>(&self, limit: &Keyed<K>, key: &K) -> Result<(), Failure> {
        limit.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.ticks.now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Failure::new(ErrorCode::RateLimited)
                .retry_after(u32::try_from(seconds).unwrap_or(u32::MAX).max(1))
        })
    }
}

fn keyed<K: Hash + Eq + Clone>(per_minute: NonZeroU32, ticks: &Ticks) -> Keyed<K> {
    RateLimiter::new(
        Quota::per_minute(per_minute),
        DefaultKeyedStateStore::default(),
        ticks.clone(),
    )
}

/// One household or shop has a whole IPv6 /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use protocol::ErrorCode;

    use super::LoginLimit;
    use crate::clock::ManualClock;
    use crate::options::Limits;

    fn limit() -> (LoginLimit, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(0));
        (
            LoginLimit::new(&Limits::default(), Arc::clone(&clock) as Arc<_>),
            clock,
        )
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
    fn setting_the_wall_clock_back_changes_nothing() {
        let (limit, clock) = limit();
        while limit.note("camille", address("192.0.2.1")).is_ok() {}
        clock.set_wall_ms(-1_000_000);
        clock.advance(Duration::from_secs(6));
        limit.note("camille", address("192.0.2.1")).unwrap();
    }
}
