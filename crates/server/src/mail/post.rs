//! Handing letters to a mail server.

use std::time::Duration;

use lettre::Message;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use protocol::alert::MailProtection;
use thiserror::Error;

use super::MailOptions;

/// How long one try may take.
const TRY_WITHIN: Duration = Duration::from_secs(20);

/// Why mail cannot be sent at all.
#[derive(Debug, Error)]
pub enum MailError {
    /// A certificate authority cannot be used.
    #[error("mail_ca_file: {path}: {reason}")]
    Authority {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The library refuses its parameters.
    #[error("mail_tls: {0}")]
    Tls(lettre::transport::smtp::Error),
}

/// A mail server, and who writes to whom.
pub(crate) struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Option<Mailbox>,
}

impl Post {
    pub(super) fn new(options: &MailOptions) -> Result<Self, MailError> {
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&options.host)
            .port(options.port)
            .timeout(Some(TRY_WITHIN))
            .tls(match options.security {
                MailProtection::Starttls => Tls::Required(parameters(options)?),
                MailProtection::Tls => Tls::Wrapper(parameters(options)?),
                MailProtection::None => Tls::None,
            });
        if let Some((username, password)) = &options.credentials {
            builder = builder.credentials(Credentials::new(username.clone(), password.expose().to_owned()));
        }
        Ok(Self {
            transport: builder.build(),
            from: options.from.clone(),
            to: options.to.clone(),
        })
    }

    /// The sender.
    pub(crate) fn from(&self) -> Mailbox {
        self.from.clone()
    }

    /// Hands a letter over.
    ///
    /// # Errors
    /// What the mail server or the way to it says.
    pub(crate) async fn send(&self, message: Message) -> Result<(), lettre::transport::smtp::Error> {
        self.transport.send(message).await.map(drop)
    }

    /// To whom a letter about this user goes: the user, whose name is a mail address, or whoever looks after the others.
    pub(crate) fn recipient(&self, username: &str) -> Option<Mailbox> {
        let address = username.contains('@').then(|| username.parse().ok()).flatten();
        address
            .map(|address| Mailbox::new(None, address))
            .or_else(|| self.to.clone())
    }
}

fn parameters(options: &MailOptions) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParameters::builder(options.host.clone());
    if let Some(path) = &options.ca_file {
        let refused = |reason: String| MailError::Authority {
            path: path.display().to_string(),
            reason,
        };
        let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
        builder = builder
            .add_root_certificate(Certificate::from_pem(&pem).map_err(|error| refused(error.to_string()))?);
    }
    builder.build_rustls().map_err(MailError::Tls)
}

#[cfg(test)]
mod tests {
    use protocol::alert::MailProtection;

    use super::Post;
    use crate::mail::MailOptions;

    fn options(to: Option<&str>) -> MailOptions {
        MailOptions {
            host: "127.0.0.1".to_owned(),
            port: 25,
            security: MailProtection::None,
            ca_file: None,
            from: "Vigie <vigie@example.org>".parse().unwrap(),
            to: to.map(|to| to.parse().unwrap()),
            credentials: None,
        }
    }

    #[tokio::test]
    async fn a_letter_goes_to_the_user_or_to_whoever_looks_after_the_others() {
        let recipient = |to, username: &str| {
            let post = Post::new(&options(to)).unwrap();
            post.recipient(username).map(|mailbox| mailbox.email.to_string())
        };
        let office = Some("office@example.org");
        assert_eq!(
            recipient(office, "camille@example.org").as_deref(),
            Some("camille@example.org")
        );
        assert_eq!(recipient(office, "camille").as_deref(), office);
        assert_eq!(recipient(office, "@").as_deref(), office);
        assert_eq!(recipient(None, "camille"), None);
    }
}
