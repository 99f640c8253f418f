//! Ids in the order of time (UUIDv7, RFC 9562), from the clock that is handed in.

use store::Millis;
use uuid::{NoContext, Timestamp, Uuid};

/// A new id made now.
pub fn new_id(now: Millis) -> Uuid {
    let now = u64::try_from(now).unwrap_or(0);
    let nanoseconds = u32::try_from(now % 1_000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, now / 1_000, nanoseconds))
}
