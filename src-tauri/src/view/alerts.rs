//! What a super admin types of the mail server; everything else on alerts comes as the server says it.

use protocol::alert::MailProtection;
use serde::Deserialize;
use specta::Type;

/// The way to the mail server, as typed.
#[derive(Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct NewMailSettings {
    /// Its name or address; empty: no mail.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: MailProtection,
    /// The sender.
    pub from: String,
    /// Who is sent the security notices of users whose names are no mail addresses; absent: nobody.
    pub to: Option<String>,
    /// The name to sign in with, if it asks for one.
    pub username: Option<String>,
    /// A new password; absent: the one that is kept stays.
    pub password: Option<String>,
}

impl std::fmt::Debug for NewMailSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMailSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("from", &self.from)
            .field("to", &self.to)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
