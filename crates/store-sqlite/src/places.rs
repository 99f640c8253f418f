//! From where a user has signed in before.

use rusqlite::{Connection, params};
use store::{Fingerprint, Millis, Place};
use uuid::Uuid;

use crate::directory::exists;

const KNOWN: &str = "SELECT 1 FROM sign_in_places WHERE user_id = ?1 AND kind = ?2 AND fingerprint = ?3";

const NOTE: &str = "INSERT INTO sign_in_places (user_id, kind, fingerprint, first_seen_at, last_seen_at)
    VALUES (?1, ?2, ?3, ?4, ?4)
    ON CONFLICT DO UPDATE SET last_seen_at = max(last_seen_at, excluded.last_seen_at)";

/// What of a place a user never signed in from before, though from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unseen {
    pub(crate) device: bool,
    pub(crate) network: bool,
}

/// Notes the place. At a user's first sign-in of all nothing is unseen: there is nothing to compare with.
pub(crate) fn note(
    connection: &Connection,
    user_id: Uuid,
    place: Place,
    now: Millis,
) -> rusqlite::Result<Unseen> {
    let first = !exists(
        connection,
        "SELECT 1 FROM sign_in_places WHERE user_id = ?",
        [user_id],
    )?;
    let unseen = |kind: &str, fingerprint: Fingerprint| {
        let known = exists(connection, KNOWN, params![user_id, kind, fingerprint])?;
        connection
            .prepare_cached(NOTE)?
            .execute(params![user_id, kind, fingerprint, now])?;
        Ok::<_, rusqlite::Error>(!first && !known)
    };
    Ok(Unseen {
        device: unseen("device", place.device)?,
        network: unseen("network", place.network)?,
    })
}
