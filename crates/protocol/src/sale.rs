//! The work: categories of goods, and sales with their lines and payments.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The header that makes sending a sale twice the same as sending it once.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A kind of goods on the till's tiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Category {
    /// The category's id.
    pub id: Uuid,
    /// The name on the tile.
    pub name: String,
    /// The usual price of one piece in cents, if there is one.
    pub price_cents: Option<u32>,
    /// The key that picks it, a single letter or digit.
    pub shortcut: Option<String>,
    /// Where it stands, smallest first.
    pub position: u32,
    /// The barcodes that a scan adds a piece of it by. Absent from an older server and in goods that were kept before.
    #[serde(default)]
    pub barcodes: Vec<String>,
}

/// `GET /v1/categories`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CategoryList {
    /// By position.
    pub categories: Vec<Category>,
}

/// One line of a sale. Its amount is `quantity` × `unit_price_cents`; the weight is recorded, it does not price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SaleLine {
    /// What was sold.
    pub category_id: Uuid,
    /// 1 to 9,999 pieces.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9999))]
    pub quantity: u32,
    /// Weight of all pieces together in grams, 0 to 2,000,000; 0 where it was not weighed.
    #[cfg_attr(feature = "openapi", schema(maximum = 2000000))]
    pub weight_grams: u32,
    /// Price of one piece in cents, 0 to 10,000,000.
    #[cfg_attr(feature = "openapi", schema(maximum = 10000000))]
    pub unit_price_cents: u32,
}

impl SaleLine {
    /// The line's amount in cents.
    pub fn amount_cents(&self) -> u64 {
        u64::from(self.quantity) * u64::from(self.unit_price_cents)
    }
}

/// How a customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum PaymentMethod {
    /// Notes and coins.
    Cash,
    /// A bank card.
    Card,
    /// A cheque.
    Cheque,
}

/// A part of what was paid. Change is already taken off: payments add up to the total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Payment {
    /// How.
    pub method: PaymentMethod,
    /// How much, in cents.
    pub amount_cents: u32,
}

/// `POST /v1/sales`, with the ticket's id as Idempotency-Key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NewSale {
    /// 1 to 200 lines.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 200))]
    pub lines: Vec<SaleLine>,
    /// One or more payments that add up to the total; none where the total is 0.
    pub payments: Vec<Payment>,
    /// The sum of the lines in cents.
    pub total_cents: u32,
    /// Free text, at most 500 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub note: String,
    /// When the operator finished it, by the device's clock.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub finished_at: DateTime<Utc>,
    /// The organisation in which it was made; refused with `organization_mismatch` where the session works in another by
    /// now. Absent: the session's. It is no part of what is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Uuid>,
    /// The till's day on which it was made; refused with `till_closed` where that day is closed by now, unless this sale was
    /// taken before. Absent: of no till's day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub till_day_id: Option<Uuid>,
}

/// A sale as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sale {
    /// The server's id.
    pub id: Uuid,
    /// The ticket's id on the device that made it.
    pub idempotency_key: Uuid,
    /// Who sold.
    pub operator_id: Uuid,
    /// The sum in cents.
    pub total_cents: u32,
    /// When the server took it.
    pub received_at: DateTime<Utc>,
}

/// `GET /v1/sales`: the caller's own recent sales.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SaleList {
    /// Newest first, at most 100.
    pub sales: Vec<Sale>,
}
