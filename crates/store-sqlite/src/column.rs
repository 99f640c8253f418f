//! Values as they stand in columns: the stored words of enums, and the packed attempts of a session.

use protocol::auth::{DeviceKind, OrganizationRole};
use protocol::sale::PaymentMethod;
use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;
use store::AttemptHash;

/// Bytes of one remembered attempt: four of the generation, sixteen of the hash.
pub(crate) const ATTEMPT_BYTES: usize = 20;

/// The word for a role.
pub(crate) const fn role_word(role: OrganizationRole) -> &'static str {
    match role {
        OrganizationRole::User => "user",
        OrganizationRole::Manager => "manager",
        OrganizationRole::Admin => "admin",
        OrganizationRole::Owner => "owner",
    }
}

/// The role of a word.
pub(crate) fn role(column: usize, word: &str) -> rusqlite::Result<OrganizationRole> {
    match word {
        "user" => Ok(OrganizationRole::User),
        "manager" => Ok(OrganizationRole::Manager),
        "admin" => Ok(OrganizationRole::Admin),
        "owner" => Ok(OrganizationRole::Owner),
        unknown => Err(unreadable(column, "role", unknown)),
    }
}

/// The word for a kind of device.
pub(crate) const fn device_kind_word(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Till => "till",
        DeviceKind::Desk => "desk",
    }
}

/// The kind of device of a word.
pub(crate) fn device_kind(column: usize, word: &str) -> rusqlite::Result<DeviceKind> {
    match word {
        "till" => Ok(DeviceKind::Till),
        "desk" => Ok(DeviceKind::Desk),
        unknown => Err(unreadable(column, "kind of device", unknown)),
    }
}

/// The word for a way to pay.
pub(crate) const fn method_word(method: PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::Cash => "cash",
        PaymentMethod::Card => "card",
        PaymentMethod::Cheque => "cheque",
    }
}

/// One attempt in its stored form.
pub(crate) fn pack_attempt(generation: u32, attempt: AttemptHash) -> [u8; ATTEMPT_BYTES] {
    let mut packed = [0; ATTEMPT_BYTES];
    packed[..4].copy_from_slice(&generation.to_be_bytes());
    packed[4..].copy_from_slice(&attempt);
    packed
}

/// Attempts in their stored form, oldest first.
pub(crate) fn pack_attempts(attempts: &[(u32, AttemptHash)]) -> Vec<u8> {
    attempts
        .iter()
        .flat_map(|(generation, attempt)| pack_attempt(*generation, *attempt))
        .collect()
}

/// Attempts from their stored form.
pub(crate) fn unpack_attempts(column: usize, packed: &[u8]) -> rusqlite::Result<Vec<(u32, AttemptHash)>> {
    let (attempts, rest) = packed.as_chunks::<ATTEMPT_BYTES>();
    if !rest.is_empty() {
        return Err(unreadable(
            column,
            "list of attempts",
            &format!("{} bytes", packed.len()),
        ));
    }
    Ok(attempts
        .iter()
        .map(|packed| {
            let mut generation = [0; 4];
            let mut attempt = [0; 16];
            generation.copy_from_slice(&packed[..4]);
            attempt.copy_from_slice(&packed[4..]);
            (u32::from_be_bytes(generation), attempt)
        })
        .collect())
}

/// A stored value that this program cannot read.
pub(crate) fn unreadable(column: usize, what: &str, found: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("no {what}: {found}").into())
}

/// A list in its JSON form.
pub(crate) fn listed<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<T>> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|_| unreadable(column, "list", "JSON"))
}
