//! Values as they stand in columns: the stored words of enums, the packed attempts of a session, and numbers.

use std::borrow::Cow;

use protocol::auth::{DeviceKind, OrganizationRole};
use protocol::sale::PaymentMethod;
use serde::de::DeserializeOwned;
use sqlx_core::Error;
use sqlx_core::column::ColumnIndex;
use sqlx_core::decode::Decode;
use sqlx_core::row::Row as _;
use sqlx_core::types::Type;
use sqlx_postgres::{PgRow, Postgres};
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
pub(crate) fn role(word: &str) -> Result<OrganizationRole, Error> {
    match word {
        "user" => Ok(OrganizationRole::User),
        "manager" => Ok(OrganizationRole::Manager),
        "admin" => Ok(OrganizationRole::Admin),
        "owner" => Ok(OrganizationRole::Owner),
        unknown => Err(unreadable("role", unknown)),
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
pub(crate) fn device_kind(word: &str) -> Result<DeviceKind, Error> {
    match word {
        "till" => Ok(DeviceKind::Till),
        "desk" => Ok(DeviceKind::Desk),
        unknown => Err(unreadable("kind of device", unknown)),
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
pub(crate) fn unpack_attempts(packed: &[u8]) -> Result<Vec<(u32, AttemptHash)>, Error> {
    let (attempts, rest) = packed.as_chunks::<ATTEMPT_BYTES>();
    if !rest.is_empty() {
        return Err(unreadable("list of attempts", &format!("{} bytes", packed.len())));
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

/// A value of a row.
pub(crate) fn get<'r, T>(row: &'r PgRow, column: impl ColumnIndex<PgRow>) -> Result<T, Error>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(column)
}

/// A whole number that is not negative.
pub(crate) fn number(row: &PgRow, column: impl ColumnIndex<PgRow>) -> Result<u32, Error> {
    let found: i64 = get(row, column)?;
    u32::try_from(found).map_err(|_| unreadable("number", &found.to_string()))
}

/// A whole number that is not negative, or nothing.
pub(crate) fn number_if_any(row: &PgRow, column: impl ColumnIndex<PgRow>) -> Result<Option<u32>, Error> {
    get::<Option<i64>>(row, column)?
        .map(|found| u32::try_from(found).map_err(|_| unreadable("number", &found.to_string())))
        .transpose()
}

/// A text as PostgreSQL can keep it: the one character that it cannot becomes the sign for an unreadable one.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// How many rows, as callers count.
pub(crate) fn count(rows: u64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// A stored value that this program cannot read.
pub(crate) fn unreadable(what: &str, found: &str) -> Error {
    Error::Decode(format!("no {what}: {found}").into())
}

/// A list in its JSON form.
pub(crate) fn listed<T: DeserializeOwned>(row: &PgRow, column: usize) -> Result<Vec<T>, Error> {
    serde_json::from_str(get(row, column)?).map_err(|_| unreadable("list", "JSON"))
}
