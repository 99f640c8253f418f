//! Alerts of an organisation: what is the matter, who is told of it by which way, and the settings of both.

use async_trait::async_trait;
use protocol::alert::{AlertKind, MailProtection, MonitoringSettings, Telling};
use uuid::Uuid;

use crate::{AuditEntry, Millis, StoreError};

/// Something that is the matter at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// A new UUIDv7, for the alert if it begins by this.
    pub id: Uuid,
    /// Where.
    pub organization_id: Uuid,
    /// What.
    pub kind: AlertKind,
    /// What tells it apart from others of its kind: an account's id, a network, or nothing.
    pub subject_key: String,
    /// Whom or what it is about, for people to read.
    pub subject: Option<String>,
    /// What was counted.
    pub count: u32,
    /// Out of how many.
    pub of: Option<u32>,
}

/// Whether something that is the matter was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stood {
    /// An alert begins by it.
    Began,
    /// It lasts.
    Lasts,
}

/// An alert as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// Its id.
    pub id: Uuid,
    /// Where.
    pub organization_id: Uuid,
    /// What.
    pub kind: AlertKind,
    /// What tells it apart from others of its kind.
    pub subject_key: String,
    /// Whom or what it is about, for people to read.
    pub subject: Option<String>,
    /// When it began.
    pub began_at: Millis,
    /// When it was last the matter.
    pub stood_at: Millis,
    /// When it was over.
    pub ended_at: Option<Millis>,
    /// What was counted when it was worst.
    pub worst_count: u32,
    /// Out of how many.
    pub worst_of: Option<u32>,
    /// What became of the letters on its beginning.
    pub mail: Telling,
    /// What became of the call to the webhook on its beginning.
    pub webhook: Telling,
}

/// A place in the list of alerts, which has those that last first, then those that ended, each the latest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertPlace {
    /// In which part of the list.
    pub part: AlertPart,
    /// When the alert at this place began.
    pub began_at: Millis,
    /// Its id.
    pub id: Uuid,
}

/// A part of the list of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertPart {
    /// Those that last.
    Lasting,
    /// Those that ended.
    Ended,
}

/// By which way somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// A letter.
    Mail,
    /// A call.
    Webhook,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Mail, Self::Webhook];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == text)
    }
}

/// What somebody is told of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// It begins.
    Began,
    /// It lasts.
    Lasts,
    /// It is over.
    Ended,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Began, Self::Lasts, Self::Ended];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Lasts => "lasts",
            Self::Ended => "ended",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|occasion| occasion.as_str() == text)
    }
}

/// Who is told, and by which way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The way.
    pub channel: Channel,
    /// The mail address; empty for the webhook, which is called where the settings say when it is called.
    pub address: String,
}

/// A message that a process has claimed: it alone sends it until its claim runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertMessage {
    /// Its id.
    pub id: Uuid,
    /// What it tells of, as it stands now.
    pub alert: AlertRow,
    /// To whom.
    pub recipient: Recipient,
    /// What it tells.
    pub occasion: Occasion,
    /// Which one it is of its occasion, from 0; 1 and up for [`Occasion::Lasts`].
    pub number: u32,
    /// Since when it waits.
    pub made_at: Millis,
    /// How often it was claimed, this time included.
    pub tries: u32,
}

/// What became of a message that was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was taken at the other end.
    Sent,
    /// It is tried again from this time on.
    Again {
        /// From when.
        at: Millis,
    },
    /// It never will be sent.
    GivenUp,
}

/// The way to a mail server, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRow {
    /// Its name or address; empty: no mail.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: MailProtection,
    /// The sender.
    pub from: String,
    /// Who is written to about users whose names are no mail addresses.
    pub to: Option<String>,
    /// The name to sign in with.
    pub username: Option<String>,
    /// The password, sealed.
    pub sealed_password: Option<Vec<u8>>,
}

/// Alerts, their messages and their settings.
#[async_trait]
pub trait Alerts {
    /// An organisation's figures and alerts; the defaults where none were ever put.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn monitoring_settings(&self, organization_id: Uuid) -> Result<MonitoringSettings, StoreError>;

    /// Puts settings that were checked before.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where the organisation does not exist.
    async fn put_monitoring_settings(
        &self,
        organization_id: Uuid,
        settings: MonitoringSettings,
        audit: AuditEntry,
    ) -> Result<(), StoreError>;

    /// The way to a mail server, if any was ever put.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn mail_settings(&self) -> Result<Option<MailRow>, StoreError>;

    /// Puts the way to a mail server.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn put_mail_settings(&self, row: MailRow, audit: AuditEntry) -> Result<(), StoreError>;

    /// Notes that something is the matter. Of all that say so at once, in any process, one begins the alert and adds the
    /// messages on its beginning; all others only note that it lasts. With `repeat_ms`, whoever first says so that long
    /// after the last message on it adds those that tell it again.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where the organisation does not exist.
    async fn note_standing(
        &self,
        standing: Standing,
        tell: Vec<Recipient>,
        repeat_ms: Option<Millis>,
        now: Millis,
    ) -> Result<Stood, StoreError>;

    /// Ends the organisation's alerts that were last the matter at `stood_until` or before, and adds the messages on their
    /// end. Returns how many this call ended.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn end_alerts(
        &self,
        organization_id: Uuid,
        stood_until: Millis,
        tell: Vec<Recipient>,
        now: Millis,
    ) -> Result<u32, StoreError>;

    /// The organisation's alerts after this place, in the order of [`AlertPlace`], at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn alerts_page(
        &self,
        organization_id: Uuid,
        after: Option<AlertPlace>,
        limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError>;

    /// How many alerts last, by kind, over all organisations; a kind without any is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn lasting_alerts(&self) -> Result<Vec<(AlertKind, u32)>, StoreError>;

    /// Claims messages that are due for `lease_ms`, at most `limit`. What another process has claimed is left to it until
    /// its claim runs out; a message waits until those before it to the same recipient on the same alert are settled.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn claim_messages(
        &self,
        claim: Uuid,
        now: Millis,
        lease_ms: Millis,
        limit: u32,
    ) -> Result<Vec<AlertMessage>, StoreError>;

    /// Says what became of a message, if this claim on it still holds. Returns whether it did.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn settle_message(&self, id: Uuid, claim: Uuid, settled: Settled) -> Result<bool, StoreError>;

    /// Deletes alerts that ended before this time with their messages, at most `limit`. Returns how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn purge_alerts(&self, ended_before: Millis, limit: u32) -> Result<u32, StoreError>;
}
