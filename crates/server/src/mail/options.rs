//! Where mail goes out.

use std::path::PathBuf;

use lettre::message::Mailbox;
use protocol::Secret;

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum MailSecurity {
    /// STARTTLS, and nothing is sent without it (RFC 3207).
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// None; to a mail server on this machine only.
    None,
}

impl MailSecurity {
    /// The usual port for submission.
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// A mail server, and who writes to whom.
#[derive(Clone, Debug)]
pub struct MailOptions {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: MailSecurity,
    /// A certificate authority in PEM that is trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The sender.
    pub from: Mailbox,
    /// Who is written to about users whose names are no mail addresses.
    pub to: Option<Mailbox>,
    /// Name and password, if it asks for them.
    pub credentials: Option<(String, Secret)>,
}
