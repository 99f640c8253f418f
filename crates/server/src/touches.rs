//! Uses of sessions, gathered in memory and written together: when, from where and by which program.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use store::{Millis, Touch};
use uuid::Uuid;

use crate::client::Client;

/// How many sessions may wait to be written. One more is not noted: what is lost is a time on a list.
const MOST: usize = 200_000;

/// The uses not written yet, the latest of each session.
#[derive(Default)]
pub(crate) struct Touches(Mutex<HashMap<Uuid, (Millis, Client)>>);

impl Touches {
    pub(crate) fn note(&self, session_id: Uuid, client: &Client, now: Millis) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = waiting.len() >= MOST;
        match waiting.entry(session_id) {
            Entry::Occupied(mut known) => {
                if known.get().0 <= now {
                    known.insert((now, client.clone()));
                }
            }
            Entry::Vacant(place) if !is_full => {
                place.insert((now, client.clone()));
            }
            Entry::Vacant(_) => {}
        }
    }

    /// Takes all that waits.
    pub(crate) fn take(&self) -> Vec<(Uuid, Millis, Client)> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *waiting)
            .into_iter()
            .map(|(session_id, (at, client))| (session_id, at, client))
            .collect()
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&self, unwritten: Vec<(Uuid, Millis, Client)>) {
        for (session_id, at, client) in unwritten {
            self.note(session_id, &client, at);
        }
    }
}

/// As the store takes them.
pub(crate) fn rows(touches: &[(Uuid, Millis, Client)]) -> Vec<Touch> {
    touches
        .iter()
        .map(|(session_id, at, client)| Touch {
            session_id: *session_id,
            at: *at,
            origin: client.origin(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use http::{Extensions, HeaderMap};
    use uuid::Uuid;

    use super::{MOST, Touches};
    use crate::client::Client;

    fn client() -> Client {
        Client::of(&Extensions::new(), &HeaderMap::new(), &[], 0)
    }

    fn taken(touches: &Touches) -> Vec<(u128, i64)> {
        touches
            .take()
            .into_iter()
            .map(|(session, at, _)| (session.as_u128(), at))
            .collect()
    }

    #[test]
    fn the_latest_use_of_each_session_waits_and_is_taken_once() {
        let touches = Touches::default();
        for at in [5, 9, 7] {
            touches.note(Uuid::from_u128(1), &client(), at);
        }
        assert_eq!(taken(&touches), [(1, 9)]);
        assert_eq!(taken(&touches), []);
    }

    #[test]
    fn what_is_put_back_does_not_go_over_what_came_since() {
        let touches = Touches::default();
        touches.note(Uuid::from_u128(1), &client(), 5);
        let unwritten = touches.take();
        touches.note(Uuid::from_u128(1), &client(), 6);
        touches.put_back(unwritten);
        assert_eq!(taken(&touches), [(1, 6)]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let touches = Touches::default();
        let client = client();
        for n in 0..=MOST {
            touches.note(Uuid::from_u128(u128::try_from(n).unwrap()), &client, 1);
        }
        touches.note(Uuid::from_u128(0), &client, 2);
        let all = taken(&touches);
        assert_eq!(all.len(), MOST);
        assert!(all.contains(&(0, 2)));
    }
}
