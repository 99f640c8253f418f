//! The tables that every engine has, as rows of plain values: what is needed to copy a database from one engine to
//! another and to know that nothing was lost.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What a column holds, in each engine's own type for it. Any column may hold nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An id.
    Id,
    /// Bytes.
    Bytes,
    /// Text.
    Text,
    /// A whole number, a time or an amount.
    Number,
    /// Yes or no.
    Flag,
}

/// A table, by the same names in every engine.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, in the order in which their values are read and summed.
    pub columns: &'static [(&'static str, Kind)],
    /// The columns by which its rows are put in order; together they are unique.
    pub key: &'static [&'static str],
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing (SQL's NULL).
    Nothing,
    /// An id.
    Id(Uuid),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text; made by [`Value::text`].
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

impl Value {
    /// Text as every engine can keep it: U+0000, which PostgreSQL cannot, becomes the sign for an unreadable character.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::Text(if text.contains('\0') {
            text.replace('\0', "\u{fffd}")
        } else {
            text
        })
    }

    /// Adds it to a sum in a form that no other value has: one byte for what it is, then itself; bytes and UTF-8 text
    /// behind their length as 8 bytes big-endian.
    pub(crate) fn add_to(&self, sum: &mut Sha256) {
        match self {
            Self::Nothing => sum.update([0]),
            Self::Id(id) => {
                sum.update([1]);
                sum.update(id.as_bytes());
            }
            Self::Bytes(bytes) => {
                sum.update([2]);
                sum.update((bytes.len() as u64).to_be_bytes());
                sum.update(bytes);
            }
            Self::Text(text) => {
                sum.update([3]);
                sum.update((text.len() as u64).to_be_bytes());
                sum.update(text.as_bytes());
            }
            Self::Number(number) => {
                sum.update([4]);
                sum.update(number.to_be_bytes());
            }
            Self::Flag(flag) => sum.update([5, u8::from(*flag)]),
        }
    }
}

/// One row: a value for each of its table's columns.
pub type Row = Vec<Value>;

/// Every table that holds data, each after those that its rows refer to. Of a schema's own tables only the ledger of its
/// versions and the row that readiness checks write to are not here.
pub const TABLES: &[Table] = {
    use Kind::{Bytes, Flag, Id, Number, Text};
    &[
        Table {
            name: "organizations",
            columns: &[("id", Id), ("slug", Text), ("name", Text), ("created_at", Number)],
            key: &["id"],
        },
        Table {
            name: "sites",
            columns: &[
                ("id", Id),
                ("organization_id", Id),
                ("name", Text),
                ("created_at", Number),
                ("archived_at", Number),
            ],
            key: &["id"],
        },
        Table {
            name: "tills",
            columns: &[
                ("id", Id),
                ("organization_id", Id),
                ("site_id", Id),
                ("name", Text),
                ("created_at", Number),
                ("archived_at", Number),
            ],
            key: &["id"],
        },
        Table {
            name: "users",
            columns: &[
                ("id", Id),
                ("username", Text),
                ("display_name", Text),
                ("password_hash", Text),
                ("one_time_password", Flag),
                ("super_admin", Flag),
                ("created_at", Number),
                ("disabled_at", Number),
                ("last_sign_in_at", Number),
            ],
            key: &["id"],
        },
        Table {
            name: "memberships",
            columns: &[
                ("joined", Number),
                ("user_id", Id),
                ("organization_id", Id),
                ("site_id", Id),
                ("role", Text),
            ],
            key: &["joined"],
        },
        Table {
            name: "session_settings",
            columns: &[
                ("organization_id", Id),
                ("token_expiration_minutes", Number),
                ("activity_threshold_minutes", Number),
                ("idle_timeout_minutes", Number),
                ("session_max_hours", Number),
                ("lock_after_minutes", Number),
                ("device_limit", Number),
            ],
            key: &["organization_id"],
        },
        Table {
            name: "monitoring_settings",
            columns: &[
                ("organization_id", Id),
                ("retention_days", Number),
                ("refresh_failure_percent", Number),
                ("refresh_least", Number),
                ("login_failures_of_account", Number),
                ("login_failures_of_network", Number),
                ("no_refresh_minutes", Number),
                ("opening_hours", Text),
                ("time_zone", Text),
                ("recipients", Text),
                ("language", Text),
                ("repeat_minutes", Number),
                ("webhook_url", Text),
            ],
            key: &["organization_id"],
        },
        Table {
            name: "mail_settings",
            columns: &[
                ("one", Number),
                ("host", Text),
                ("port", Number),
                ("security", Text),
                ("sender", Text),
                ("recipient", Text),
                ("username", Text),
                ("sealed_password", Bytes),
            ],
            key: &["one"],
        },
        Table {
            name: "impersonation_settings",
            columns: &[("one", Number), ("allowed_networks", Text), ("tell_target", Flag)],
            key: &["one"],
        },
        Table {
            name: "impersonation_months",
            columns: &[("month", Text), ("made_at", Number)],
            key: &["month"],
        },
        Table {
            name: "oversight_letters",
            columns: &[
                ("id", Id),
                ("matter", Text),
                ("channel", Text),
                ("address", Text),
                ("made_at", Number),
                ("state", Text),
                ("tries", Number),
                ("next_try_at", Number),
                ("claim", Id),
                ("claimed_until", Number),
            ],
            key: &["id"],
        },
        Table {
            name: "alerts",
            columns: &[
                ("id", Id),
                ("organization_id", Id),
                ("kind", Text),
                ("subject_key", Text),
                ("subject", Text),
                ("began_at", Number),
                ("stood_at", Number),
                ("ended_at", Number),
                ("worst_count", Number),
                ("worst_of", Number),
            ],
            key: &["id"],
        },
        Table {
            name: "alert_messages",
            columns: &[
                ("id", Id),
                ("alert_id", Id),
                ("channel", Text),
                ("address", Text),
                ("occasion", Text),
                ("number", Number),
                ("made_at", Number),
                ("state", Text),
                ("tries", Number),
                ("next_try_at", Number),
                ("claim", Id),
                ("claimed_until", Number),
            ],
            key: &["id"],
        },
        Table {
            name: "sessions",
            columns: &[
                ("id", Id),
                ("user_id", Id),
                ("organization_id", Id),
                ("site_id", Id),
                ("device_kind", Text),
                ("device_name", Text),
                ("device_key", Bytes),
                ("generation", Number),
                ("attempts", Bytes),
                ("created_at", Number),
                ("last_used_at", Number),
                ("last_input_at", Number),
                ("rotated_at", Number),
                ("reauthenticated_at", Number),
                ("expires_at", Number),
                ("revoked_at", Number),
                ("revoke_reason", Text),
                ("ip_address", Text),
                ("user_agent", Text),
                ("end_noted_at", Number),
                ("impersonator_user_id", Id),
                ("impersonator_session_id", Id),
                ("impersonation_reason", Text),
                ("impersonation_end_noted_at", Number),
                ("impersonation_told_at", Number),
            ],
            key: &["id"],
        },
        Table {
            name: "sign_in_places",
            columns: &[
                ("user_id", Id),
                ("kind", Text),
                ("fingerprint", Bytes),
                ("first_seen_at", Number),
                ("last_seen_at", Number),
            ],
            key: &["user_id", "kind", "fingerprint"],
        },
        Table {
            name: "security_notices",
            columns: &[
                ("id", Id),
                ("user_id", Id),
                ("at", Number),
                ("kind", Text),
                ("detail", Text),
                ("seen_at", Number),
            ],
            key: &["id"],
        },
        Table {
            name: "categories",
            columns: &[
                ("organization_id", Id),
                ("id", Id),
                ("name", Text),
                ("price_cents", Number),
                ("shortcut", Text),
                ("position", Number),
                ("archived_at", Number),
                ("barcodes", Text),
            ],
            key: &["organization_id", "id"],
        },
        Table {
            name: "till_days",
            columns: &[
                ("id", Id),
                ("organization_id", Id),
                ("till_id", Id),
                ("opened_at", Number),
                ("opened_by", Id),
                ("float_cents", Number),
                ("closed_at", Number),
                ("closed_by", Id),
                ("counted_cents", Number),
                ("expected_cents", Number),
                ("comment", Text),
            ],
            key: &["id"],
        },
        Table {
            name: "sales",
            columns: &[
                ("id", Id),
                ("organization_id", Id),
                ("site_id", Id),
                ("operator_id", Id),
                ("idempotency_key", Id),
                ("body_hash", Bytes),
                ("total_cents", Number),
                ("note", Text),
                ("finished_at", Number),
                ("received_at", Number),
                ("till_day_id", Id),
            ],
            key: &["id"],
        },
        Table {
            name: "sale_lines",
            columns: &[
                ("organization_id", Id),
                ("sale_id", Id),
                ("position", Number),
                ("category_id", Id),
                ("quantity", Number),
                ("weight_grams", Number),
                ("unit_price_cents", Number),
            ],
            key: &["sale_id", "position"],
        },
        Table {
            name: "sale_payments",
            columns: &[
                ("organization_id", Id),
                ("sale_id", Id),
                ("position", Number),
                ("method", Text),
                ("amount_cents", Number),
            ],
            key: &["sale_id", "position"],
        },
        Table {
            name: "audit_cuts",
            columns: &[
                ("number", Number),
                ("seal_number", Number),
                ("to_sequence", Number),
                ("head", Bytes),
                ("cut_at", Number),
                ("key_version", Number),
                ("signature", Bytes),
            ],
            key: &["number"],
        },
        Table {
            name: "audit_log",
            columns: &[
                ("sequence", Number),
                ("id", Id),
                ("at", Number),
                ("organization_id", Id),
                ("actor_user_id", Id),
                ("session_id", Id),
                ("action", Text),
                ("target", Text),
                ("detail", Text),
                ("ip_address", Text),
                ("user_agent", Text),
                ("request_id", Text),
                ("result", Text),
                ("reason", Text),
                ("impersonated_user_id", Id),
                ("before_fields", Text),
                ("after_fields", Text),
                ("device_name", Text),
            ],
            key: &["sequence"],
        },
        Table {
            name: "audit_links",
            columns: &[("sequence", Number), ("link", Bytes)],
            key: &["sequence"],
        },
        Table {
            name: "audit_seals",
            columns: &[
                ("number", Number),
                ("from_sequence", Number),
                ("to_sequence", Number),
                ("previous_head", Bytes),
                ("head", Bytes),
                ("sealed_at", Number),
                ("key_version", Number),
                ("signature", Bytes),
            ],
            key: &["number"],
        },
        Table {
            name: "event_packs",
            columns: &[
                ("sequence", Number),
                ("organization_id", Id),
                ("minute", Number),
                ("events", Number),
                ("body", Text),
            ],
            key: &["sequence"],
        },
        Table {
            name: "event_batches",
            columns: &[("id", Id), ("at", Number)],
            key: &["id"],
        },
        Table {
            name: "event_minutes",
            columns: &[
                ("minute", Number),
                ("organization_id", Id),
                ("site_id", Id),
                ("kind", Text),
                ("outcome", Text),
                ("reason", Text),
                ("events", Number),
            ],
            key: &[
                "minute",
                "organization_id",
                "site_id",
                "kind",
                "outcome",
                "reason",
            ],
        },
        Table {
            name: "event_hours",
            columns: &[
                ("minute", Number),
                ("organization_id", Id),
                ("site_id", Id),
                ("kind", Text),
                ("outcome", Text),
                ("reason", Text),
                ("events", Number),
            ],
            key: &[
                "minute",
                "organization_id",
                "site_id",
                "kind",
                "outcome",
                "reason",
            ],
        },
        Table {
            name: "failure_minutes",
            columns: &[
                ("minute", Number),
                ("organization_id", Id),
                ("site_id", Id),
                ("network", Text),
                ("user_id", Id),
                ("kind", Text),
                ("reason", Text),
                ("events", Number),
                ("last_minute", Number),
            ],
            key: &[
                "minute",
                "organization_id",
                "site_id",
                "network",
                "user_id",
                "kind",
                "reason",
            ],
        },
        Table {
            name: "failure_hours",
            columns: &[
                ("minute", Number),
                ("organization_id", Id),
                ("site_id", Id),
                ("network", Text),
                ("user_id", Id),
                ("kind", Text),
                ("reason", Text),
                ("events", Number),
                ("last_minute", Number),
            ],
            key: &[
                "minute",
                "organization_id",
                "site_id",
                "network",
                "user_id",
                "kind",
                "reason",
            ],
        },
        Table {
            name: "latency_minutes",
            columns: &[
                ("minute", Number),
                ("organization_id", Id),
                ("bucket", Number),
                ("events", Number),
            ],
            key: &["minute", "organization_id", "bucket"],
        },
        Table {
            name: "latency_hours",
            columns: &[
                ("minute", Number),
                ("organization_id", Id),
                ("bucket", Number),
                ("events", Number),
            ],
            key: &["minute", "organization_id", "bucket"],
        },
        Table {
            name: "device_minutes",
            columns: &[
                ("minute", Number),
                ("organization_id", Id),
                ("site_id", Id),
                ("device_name", Text),
                ("observed_seconds", Number),
                ("offline_seconds", Number),
                ("server_fault_seconds", Number),
                ("refreshes", Number),
                ("incidents", Number),
                ("last_minute", Number),
            ],
            key: &["minute", "organization_id", "site_id", "device_name"],
        },
        Table {
            name: "device_hours",
            columns: &[
                ("minute", Number),
                ("organization_id", Id),
                ("site_id", Id),
                ("device_name", Text),
                ("observed_seconds", Number),
                ("offline_seconds", Number),
                ("server_fault_seconds", Number),
                ("refreshes", Number),
                ("incidents", Number),
                ("last_minute", Number),
            ],
            key: &["minute", "organization_id", "site_id", "device_name"],
        },
        Table {
            name: "event_totals",
            columns: &[
                ("organization_id", Id),
                ("site_id", Id),
                ("kind", Text),
                ("outcome", Text),
                ("reason", Text),
                ("events", Number),
            ],
            key: &["organization_id", "site_id", "kind", "outcome", "reason"],
        },
        Table {
            name: "latency_totals",
            columns: &[("bucket", Number), ("events", Number), ("sum_us", Number)],
            key: &["bucket"],
        },
        Table {
            name: "duration_totals",
            columns: &[("bucket", Number), ("events", Number), ("sum_seconds", Number)],
            key: &["bucket"],
        },
    ]
};
