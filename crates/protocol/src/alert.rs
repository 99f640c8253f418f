//! Alerts on what happens to sessions: when there is one, whom it is told to, and what became of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};
use uuid::Uuid;

use crate::Secret;

/// What is the matter.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum AlertKind {
    /// Too large a share of the refreshes of the last 15 minutes failed.
    RefreshFailures,
    /// Many denied sign-ins of one account within 15 minutes.
    LoginFailuresOfAccount,
    /// Many denied sign-ins from one network within 15 minutes.
    LoginFailuresOfNetwork,
    /// No refresh at all for some time during opening hours.
    NoRefresh,
}

impl AlertKind {
    /// As it stands on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The language of letters.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum AlertLanguage {
    /// French.
    #[default]
    French,
    /// English.
    English,
}

/// When a shop is open on one day of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct OpeningHours {
    /// The day: 1 is Monday, 7 is Sunday (ISO 8601).
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 7))]
    pub weekday: u32,
    /// From when, in minutes since midnight, local time.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1439))]
    pub opens_minute: u32,
    /// Until when, in minutes since midnight, local time; later than `opens_minute`.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1440))]
    pub closes_minute: u32,
}

/// `GET` and `PUT /v1/admin/settings/monitoring`: an organisation's figures and alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MonitoringSettings {
    /// For how many days single events are kept: 1 to 365. Sums by the minute are kept 31 days at least.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 365))]
    pub retention_days: u32,
    /// More than this share of failed refreshes within 15 minutes is an alert, in percent: 1 to 100.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub refresh_failure_percent: u32,
    /// With fewer refreshes than this within 15 minutes there is no such alert: 1 to 100,000.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000))]
    pub refresh_least: u32,
    /// So many denied sign-ins of one account within 15 minutes are an alert: 1 to 100,000; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000))]
    pub login_failures_of_account: Option<u32>,
    /// So many denied sign-ins from one network within 15 minutes are an alert: 1 to 100,000; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000))]
    pub login_failures_of_network: Option<u32>,
    /// No refresh for so many minutes during opening hours is an alert: 5 to 1,440; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 5, maximum = 1440))]
    pub no_refresh_minutes: Option<u32>,
    /// The opening hours, at most 28; several on one day must not overlap.
    #[serde(default)]
    pub opening_hours: Vec<OpeningHours>,
    /// The zone of the opening hours and of the times in letters, as in `Europe/Paris` (IANA).
    pub time_zone: String,
    /// To which mail addresses alerts go, at most 20.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// The language of the letters.
    #[serde(default)]
    pub language: AlertLanguage,
    /// An alert that lasts is told again after so many minutes: 15 to 10,080; absent: only when it begins and ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 15, maximum = 10_080))]
    pub repeat_minutes: Option<u32>,
    /// Where alerts are posted as JSON besides: an `https` address; absent: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
}

impl Default for MonitoringSettings {
    fn default() -> Self {
        Self {
            retention_days: 30,
            refresh_failure_percent: 5,
            refresh_least: 20,
            login_failures_of_account: Some(10),
            login_failures_of_network: Some(50),
            no_refresh_minutes: None,
            opening_hours: Vec::new(),
            time_zone: "Europe/Paris".to_owned(),
            recipients: Vec::new(),
            language: AlertLanguage::default(),
            repeat_minutes: None,
            webhook_url: None,
        }
    }
}

/// What became of telling somebody.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum Telling {
    /// Nobody is set up to be told.
    NotSetUp,
    /// It is on its way, or tried again.
    Waiting,
    /// It is sent.
    Sent,
    /// It was given up.
    Failed,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Alert {
    /// Its id.
    pub id: Uuid,
    /// What is the matter.
    pub kind: AlertKind,
    /// Whom or what it is about, for people: an account's name or a network; absent where it is about all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it began.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub began_at: DateTime<Utc>,
    /// When it was over; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub ended_at: Option<DateTime<Utc>>,
    /// What was counted when it was worst: failed refreshes, denied sign-ins, or minutes without a refresh.
    pub worst_count: u32,
    /// Out of how many; absent where that makes no sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_of: Option<u32>,
    /// What became of the letter on its beginning.
    pub mail: Telling,
    /// What became of the call to the webhook on its beginning.
    pub webhook: Telling,
}

/// `GET /v1/admin/alerts`: a page of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AlertList {
    /// Those that last first, then the latest first.
    pub alerts: Vec<Alert>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /v1/admin/alerts/test`: whom a letter or a call is tried with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum AlertTest {
    /// The recipients as they are set.
    #[serde(rename = "mail")]
    Mail,
    /// The webhook as it is set.
    #[serde(rename = "webhook")]
    Webhook,
}

/// Why a try came to nothing.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum AlertTestFailure {
    /// There is no mail server, no recipient or no webhook to try.
    NotSetUp,
    /// The webhook's name leads to an address inside the server's own network, which the server's configuration does not
    /// allow.
    AddressNotAllowed,
    /// Nothing answers there, or nothing whose certificate is trusted.
    Unreachable,
    /// It took too long.
    Timeout,
    /// The other end did not take it.
    Refused,
}

/// What a try came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AlertTestAnswer {
    /// Whether it was taken at the other end.
    pub is_sent: bool,
    /// Why it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<AlertTestFailure>,
    /// What the other end said where it was not, without secrets, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// On what occasion a webhook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertOccasion {
    /// The alert begins.
    Began,
    /// It lasts, and is told again.
    Lasts,
    /// It is over.
    Ended,
    /// Somebody tries whether calls arrive; there is no alert.
    Test,
    /// Impersonations have lasted for an hour; there is no alert.
    #[serde(rename = "long_impersonations")]
    LongImpersonations,
}

/// What a webhook is posted, as `application/json`. Anything of the class 2xx says that it was taken; a call may come twice
/// and has the same `delivery_id` then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookCall {
    /// The version of this form, [`WebhookCall::VERSION`]; fields may come to it, none goes and none changes its meaning.
    pub version: u32,
    /// The call's own id.
    pub delivery_id: Uuid,
    /// The occasion.
    pub occasion: AlertOccasion,
    /// The organisation.
    pub organization_id: Uuid,
    /// Its name.
    pub organization_name: String,
    /// The alert; absent in a try and on impersonations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<WebhookAlert>,
    /// The organisation's impersonations that have lasted for an hour, each told of once; absent on every other occasion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub impersonations: Vec<WebhookImpersonation>,
}

impl WebhookCall {
    /// The version of the form.
    pub const VERSION: u32 = 1;
}

/// An impersonation as a webhook is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookImpersonation {
    /// Its session.
    pub session_id: Uuid,
    /// The user name of whoever acts.
    pub impersonator: String,
    /// The user name of whoever is acted as.
    pub user: String,
    /// The reason that was given.
    pub reason: String,
    /// The device's name.
    pub device_name: String,
    /// The address it was last used from.
    pub ip_address: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// When it was over; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// An alert as a webhook is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookAlert {
    /// Its id.
    pub id: Uuid,
    /// What is the matter.
    pub kind: AlertKind,
    /// Whom or what it is about: an account's name or a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// What was counted when it was worst, as in [`Alert`].
    pub worst_count: u32,
    /// Out of how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_of: Option<u32>,
}

/// `GET /v1/admin/settings/mail`: the server's way to a mail server, for whoever stands above all organisations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MailSettings {
    /// The mail server's name or address; empty: no mail.
    pub host: String,
    /// Its port.
    #[cfg_attr(feature = "openapi", schema(maximum = 65535))]
    pub port: u16,
    /// How the connection is protected.
    pub security: MailProtection,
    /// The sender, as in `Vigie <vigie@example.org>`.
    pub from: String,
    /// Who is sent the security notices of users whose names are no mail addresses; absent: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The name to sign in with, if it asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether a password is kept. It is never given out.
    #[serde(default)]
    pub has_password: bool,
    /// Whether the server's own configuration says all this; it cannot be changed here then.
    #[serde(default)]
    pub is_fixed: bool,
}

/// `PUT /v1/admin/settings/mail`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MailSettingsChange {
    /// The mail server's name or address; empty: no mail.
    pub host: String,
    /// Its port.
    #[cfg_attr(feature = "openapi", schema(maximum = 65535))]
    pub port: u16,
    /// How the connection is protected.
    pub security: MailProtection,
    /// The sender, as in `Vigie <vigie@example.org>`.
    pub from: String,
    /// Who is sent the security notices of users whose names are no mail addresses; absent: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The name to sign in with, if it asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password that goes with the name; absent: the one that is kept, which goes on for the same server and name only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Password))]
    pub password: Option<Secret>,
}

/// How the connection to a mail server is protected.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum MailProtection {
    /// STARTTLS, and nothing is sent without it (RFC 3207).
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// None; to a mail server on the same machine only.
    None,
}

impl MailProtection {
    /// The usual port for submission.
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}
