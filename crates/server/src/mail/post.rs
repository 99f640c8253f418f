//! Handing letters to the mail server, again and again where it cannot take them just now.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use thiserror::Error;
use tokio::sync::{mpsc, watch};

use super::letter::message;
use super::{Letter, MailOptions, MailSecurity};
use crate::background::told;
use crate::server::Server;

/// How long after a failure the same letter is tried again; after the last of these it is given up.
const AGAIN_AFTER: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
];

/// How long one try may take.
const TRY_WITHIN: Duration = Duration::from_secs(20);

/// How long letters that wait may take when the server ends.
const END_WITHIN: Duration = Duration::from_secs(3);

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
                MailSecurity::Starttls => Tls::Required(parameters(options)?),
                MailSecurity::Tls => Tls::Wrapper(parameters(options)?),
                MailSecurity::None => Tls::None,
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

    /// To whom a letter about this user goes: the user, whose name is a mail address, or whoever looks after the others.
    fn recipient(&self, username: &str) -> Option<Mailbox> {
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

/// Sends letters until told to end; then those that wait are tried once more, for a short while.
pub(crate) async fn deliver(
    server: &Server,
    post: &Post,
    mut letters: mpsc::Receiver<Letter>,
    mut ending: watch::Receiver<bool>,
) {
    loop {
        let letter = tokio::select! {
            biased;
            () = told(&mut ending) => break,
            letter = letters.recv() => letter,
        };
        let Some(letter) = letter else {
            return;
        };
        send(server, post, &letter, &mut ending).await;
    }
    letters.close();
    let rest = async {
        while let Some(letter) = letters.recv().await {
            attempt(server, post, &letter).await;
        }
    };
    if tokio::time::timeout(END_WITHIN, rest).await.is_err() {
        tracing::error!("security notices are not sent by mail: the server ends");
    }
}

async fn send(server: &Server, post: &Post, letter: &Letter, ending: &mut watch::Receiver<bool>) {
    for pause in AGAIN_AFTER {
        match attempt(server, post, letter).await {
            Attempt::Done => return,
            Attempt::Again => {}
        }
        tokio::select! {
            biased;
            () = told(ending) => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    if attempt(server, post, letter).await == Attempt::Again {
        tracing::error!(user = %letter.user_id, kind = letter.kind.as_str(), "a security notice is not sent by mail");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    /// It is sent, or never will be.
    Done,
    /// It may be sent another time.
    Again,
}

async fn attempt(server: &Server, post: &Post, letter: &Letter) -> Attempt {
    let user = match server.store.user(letter.user_id).await {
        Ok(Some(user)) => user,
        Ok(None) => return Attempt::Done,
        Err(error) => {
            tracing::warn!(cause = %error, "whom a security notice is for is not known yet");
            return Attempt::Again;
        }
    };
    let Some(to) = post.recipient(&user.username) else {
        tracing::debug!(user = %user.id, "no mail address to send a security notice to");
        return Attempt::Done;
    };
    let message = match message(letter, &user.username, post.from.clone(), to) {
        Ok(message) => message,
        Err(error) => {
            tracing::error!(cause = %error, user = %user.id, "a security notice cannot be written");
            return Attempt::Done;
        }
    };
    match post.transport.send(message).await {
        Ok(_) => {
            tracing::info!(user = %user.id, kind = letter.kind.as_str(), "security notice sent by mail");
            Attempt::Done
        }
        Err(error) if error.is_permanent() => {
            tracing::error!(cause = %error, user = %user.id, "a security notice is refused by the mail server");
            Attempt::Done
        }
        Err(error) => {
            tracing::warn!(cause = %error, user = %user.id, "a security notice is not sent by mail yet");
            Attempt::Again
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Post;
    use crate::mail::{MailOptions, MailSecurity};

    fn options(to: Option<&str>) -> MailOptions {
        MailOptions {
            host: "127.0.0.1".to_owned(),
            port: 25,
            security: MailSecurity::None,
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
