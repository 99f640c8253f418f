//! Where mail goes out.

use std::path::PathBuf;

use lettre::message::Mailbox;
use protocol::Secret;
use protocol::alert::MailProtection;

/// A mail server, and who writes to whom.
#[derive(Clone, Debug)]
pub struct MailOptions {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: MailProtection,
    /// A certificate authority in PEM that is trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The sender.
    pub from: Mailbox,
    /// Who is written to about users whose names are no mail addresses.
    pub to: Option<Mailbox>,
    /// Name and password, if it asks for them.
    pub credentials: Option<(String, Secret)>,
}
