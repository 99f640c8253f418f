//! How often a session may be renewed, and how often an address may be refused: a flood is answered without the store, and
//! no good refresh ever waits for somebody else's bad ones.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::Quota;
use uuid::Uuid;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::options::Limits;
use crate::proof::DeviceKey;
use crate::rate::{Rate, network};

/// For how long a session's right key is remembered after somebody came with another one.
const WATCHED: Duration = Duration::from_secs(60);

/// How many sessions are watched so.
const MOST_WATCHED: usize = 4_096;

/// How often an owner is told that a copied token was tried.
const NOTICE_EVERY: Duration = Duration::from_secs(60 * 60);

struct Watched {
    right_key: DeviceKey,
    until: Duration,
}

/// The limits on renewing.
pub(crate) struct RefreshLimit {
    clock: Arc<dyn Clock>,
    by_session: Rate<Uuid>,
    refused_by_address: Rate<IpAddr>,
    notices: Rate<Uuid>,
    watched: Mutex<HashMap<Uuid, Watched>>,
}

impl RefreshLimit {
    pub(crate) fn new(limits: &Limits, clock: &Arc<dyn Clock>) -> Self {
        let by_session = Quota::per_minute(limits.refreshes_per_minute_per_session)
            .allow_burst(limits.refresh_burst_per_session);
        let once = Quota::with_period(NOTICE_EVERY).unwrap_or(Quota::per_hour(std::num::NonZeroU32::MIN));
        Self {
            clock: Arc::clone(clock),
            by_session: Rate::new(by_session, clock),
            refused_by_address: Rate::new(
                Quota::per_minute(limits.refused_refreshes_per_minute_per_address),
                clock,
            ),
            notices: Rate::new(once, clock),
            watched: Mutex::default(),
        }
    }

    /// Counts a refresh with a token that this server made, once it is not known to lack its key: so a thief uses up next
    /// to nothing of what is the owner's.
    ///
    /// # Errors
    /// A rate limit.
    pub(crate) fn note(&self, session_id: Uuid) -> Result<(), Failure> {
        self.by_session.check(&session_id)
    }

    /// Counts a refusal of this address: a forged token, or one without its key.
    ///
    /// # Errors
    /// A rate limit, to be answered in place of the refusal.
    pub(crate) fn refused(&self, address: Option<IpAddr>) -> Result<(), Failure> {
        address.map_or(Ok(()), |address| self.refused_by_address.check(&network(address)))
    }

    /// Whether it is known already that this is not the session's key, so that the store need not be asked.
    pub(crate) fn is_known_wrong(&self, session_id: Uuid, key: Option<DeviceKey>) -> bool {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched
            .get(&session_id)
            .is_some_and(|found| self.clock.monotonic() < found.until && key != Some(found.right_key))
    }

    /// Remembers for a while which key is the session's. Whether its owner is to be told.
    pub(crate) fn watch(&self, session_id: Uuid, right_key: DeviceKey) -> bool {
        let now = self.clock.monotonic();
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.len() >= MOST_WATCHED {
            watched.retain(|_, one| now < one.until);
        }
        if watched.len() < MOST_WATCHED {
            let until = now.saturating_add(WATCHED);
            watched.insert(session_id, Watched { right_key, until });
        }
        drop(watched);
        self.notices.check(&session_id).is_ok()
    }

    /// Forgets what is no longer needed.
    pub(crate) fn sweep(&self) {
        let now = self.clock.monotonic();
        self.by_session.sweep();
        self.refused_by_address.sweep();
        self.notices.sweep();
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|_, one| now < one.until);
        watched.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use protocol::ErrorCode;
    use uuid::Uuid;

    use super::{MOST_WATCHED, RefreshLimit};
    use crate::clock::{Clock, ManualClock};
    use crate::options::Limits;

    const KEY: Option<[u8; 32]> = Some([1; 32]);
    const STRANGER: Option<[u8; 32]> = Some([2; 32]);

    fn limit() -> (RefreshLimit, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(0));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<_>;
        (RefreshLimit::new(&Limits::default(), &shared), clock)
    }

    fn session(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn a_session_that_renews_without_end_is_stopped_and_told_for_how_long() {
        let (limit, clock) = limit();
        for _ in 0..60 {
            limit.note(session(1)).unwrap();
        }
        let refused = limit.note(session(1)).unwrap_err();
        assert_eq!(
            (refused.code(), refused.problem.retry_after_seconds),
            (ErrorCode::RateLimited, Some(1))
        );
        clock.advance(Duration::from_millis(500));
        limit.note(session(1)).unwrap();
    }

    #[test]
    fn refusals_are_counted_by_address_and_good_refreshes_are_not() {
        let (limit, _) = limit();
        let address: Option<IpAddr> = Some("192.0.2.1".parse().unwrap());
        let granted = (0..1_000).filter(|_| limit.refused(address).is_ok()).count();
        assert_eq!(granted, 120);
        for till in 0..10 {
            limit.note(session(till)).unwrap();
        }
        limit.refused(Some("192.0.2.2".parse().unwrap())).unwrap();
        limit.refused(None).unwrap();
    }

    #[test]
    fn a_wrong_key_is_known_for_a_while_and_the_right_one_passes() {
        let (limit, clock) = limit();
        assert!(!limit.is_known_wrong(session(1), STRANGER));
        assert!(limit.watch(session(1), [1; 32]));
        assert!(limit.is_known_wrong(session(1), STRANGER) && limit.is_known_wrong(session(1), None));
        assert!(!limit.is_known_wrong(session(1), KEY) && !limit.is_known_wrong(session(2), STRANGER));
        clock.advance(Duration::from_secs(60));
        assert!(!limit.is_known_wrong(session(1), STRANGER));
    }

    #[test]
    fn an_owner_is_told_once_an_hour() {
        let (limit, clock) = limit();
        assert!(limit.watch(session(1), [1; 32]) && !limit.watch(session(1), [1; 32]));
        assert!(limit.watch(session(2), [1; 32]));
        clock.advance(Duration::from_secs(60 * 60));
        assert!(limit.watch(session(1), [1; 32]));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_swept() {
        let (limit, clock) = limit();
        for n in 0..10_000 {
            let _ = limit.note(session(n));
            let _ = limit.refused(Some(IpAddr::from(u32::try_from(n).unwrap().to_be_bytes())));
            limit.watch(session(n), [1; 32]);
        }
        assert_eq!(limit.watched.lock().unwrap().len(), MOST_WATCHED);
        assert_eq!(limit.by_session.remembered(), 10_000);
        clock.advance(Duration::from_secs(2 * 60 * 60));
        limit.sweep();
        assert_eq!(limit.watched.lock().unwrap().len(), 0);
        let left = limit.by_session.remembered()
            + limit.refused_by_address.remembered()
            + limit.notices.remembered();
        assert_eq!(left, 0);
    }
}
