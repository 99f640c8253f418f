//! From where a user has signed in before.

use sqlx_core::query::query;
use sqlx_postgres::PgConnection;
use store::{Fingerprint, Millis, Place};
use uuid::Uuid;

use crate::directory::exists;
use crate::fault::Fault;

const KNOWN: &str = "SELECT 1 FROM sign_in_places WHERE user_id = $1 AND kind = $2 AND fingerprint = $3";

const NOTE: &str = "INSERT INTO sign_in_places (user_id, kind, fingerprint, first_seen_at, last_seen_at)
    VALUES ($1, $2, $3, $4, $4)
    ON CONFLICT (user_id, kind, fingerprint)
        DO UPDATE SET last_seen_at = greatest(sign_in_places.last_seen_at, excluded.last_seen_at)";

/// What of a place a user never signed in from before, though from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unseen {
    pub(crate) device: bool,
    pub(crate) network: bool,
}

/// Notes the place, while the user's row is held. At a user's first sign-in of all nothing is unseen: there is nothing to
/// compare with.
pub(crate) async fn note(
    connection: &mut PgConnection,
    user_id: Uuid,
    place: Place,
    now: Millis,
) -> Result<Unseen, Fault> {
    let any = query("SELECT 1 FROM sign_in_places WHERE user_id = $1 LIMIT 1").bind(user_id);
    let first = !exists(connection, any).await?;
    Ok(Unseen {
        device: !known(connection, user_id, "device", place.device, now).await? && !first,
        network: !known(connection, user_id, "network", place.network, now).await? && !first,
    })
}

async fn known(
    connection: &mut PgConnection,
    user_id: Uuid,
    kind: &'static str,
    fingerprint: Fingerprint,
    now: Millis,
) -> Result<bool, Fault> {
    let asked = query(KNOWN).bind(user_id).bind(kind).bind(fingerprint);
    let known = exists(connection, asked).await?;
    query(NOTE)
        .bind(user_id)
        .bind(kind)
        .bind(fingerprint)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(known)
}
