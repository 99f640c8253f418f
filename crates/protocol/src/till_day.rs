//! The till's day: opened with a counted float, closed with a count, and the difference between what should be in the
//! drawer and what is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most that a drawer may hold when a day opens or closes, in cents.
pub const DRAWER_MOST_CENTS: u32 = 100_000_000;

/// The most characters of a comment.
pub const COMMENT_MOST_CHARACTERS: usize = 500;

/// Who opened or closed a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TillDayOperator {
    /// The user.
    pub user_id: Uuid,
    /// The name to show, of today.
    pub name: String,
}

/// One day of a till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TillDay {
    /// Its id; sales name it.
    pub id: Uuid,
    /// The till.
    pub till_id: Uuid,
    /// The till's name of today.
    pub till_name: String,
    /// The name of the till's site.
    pub site_name: String,
    /// When it was opened.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub opened_at: DateTime<Utc>,
    /// Who opened it.
    pub opened_by: TillDayOperator,
    /// What was counted into the drawer at the opening, in cents.
    pub float_cents: u32,
    /// When it was closed; absent while it is open.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<DateTime<Utc>>,
    /// Who closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<TillDayOperator>,
    /// What was counted in the drawer at the closing, in cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_cents: Option<u32>,
    /// What the drawer should hold, in cents: the float and the cash of the day's sales; so far, while it is open.
    #[cfg_attr(feature = "bindings", specta(type = i32))]
    pub expected_cents: i64,
    /// What was counted less what was expected, in cents: negative where money is missing. Absent while it is open.
    #[cfg_attr(feature = "bindings", specta(type = Option<i32>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance_cents: Option<i64>,
    /// What whoever closed it says; never empty where there is a variance.
    pub comment: String,
}

/// A till as those who sell see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CounterTill {
    /// Its id.
    pub till_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its site.
    pub site_id: Uuid,
    /// That site's name.
    pub site_name: String,
    /// Its open day, if one is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<TillDay>,
}

/// `GET /v1/tills`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CounterTillList {
    /// By site, then by name: the tills in use, and archived ones whose day is still open.
    pub tills: Vec<CounterTill>,
}

/// `POST /v1/tills/{id}/open`. Sent again by the same user with the same float while that day is open, it answers with the
/// day that it opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenTillDayRequest {
    /// What is counted into the drawer, in cents, 0 to 100,000,000.
    #[cfg_attr(feature = "openapi", schema(maximum = 100_000_000))]
    pub float_cents: u32,
}

/// `POST /v1/tills/{id}/close`. Sent again by the same user with the same values, it answers with the day that it closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CloseTillDayRequest {
    /// The day to close: a closing that comes late never closes another one.
    pub day_id: Uuid,
    /// What is counted in the drawer, in cents, 0 to 100,000,000.
    #[cfg_attr(feature = "openapi", schema(maximum = 100_000_000))]
    pub counted_cents: u32,
    /// Why the count is not what was expected, at most 500 characters; may be empty only where it is.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub comment: String,
}

/// `GET /v1/admin/till-days`: a page of the current organisation's days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TillDayPage {
    /// Newest first, by the opening.
    pub days: Vec<TillDay>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
