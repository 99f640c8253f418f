//! The `[mail]` table.

use figment::Figment;
use protocol::Secret;
use protocol::alert::MailProtection;

use super::complaint::{ConfigError, bad_value};
use super::secret_file;
use super::source::{MAIL_PASSWORD_VARIABLE, WrittenMail};
use crate::mail::MailOptions;
use crate::mail::settings::is_here;

pub(super) fn mail(figment: &Figment, written: &WrittenMail) -> Result<Option<MailOptions>, ConfigError> {
    let Some(host) = written.host.clone() else {
        return if *written == WrittenMail::default() {
            Ok(None)
        } else {
            Err(missing("mail.host", "the mail server's name"))
        };
    };
    let security = match &written.security {
        Some(text) => text
            .parse()
            .map_err(|_| bad_value(figment, "mail.security", "starttls, tls or none"))?,
        None => MailProtection::default(),
    };
    if security == MailProtection::None && !is_here(&host) {
        return Err(bad_value(
            figment,
            "mail.security",
            "starttls or tls: without either, others could read on the way what is told and the password",
        ));
    }
    let mailbox = |key: &str, text: &str| {
        text.parse()
            .map_err(|_| bad_value(figment, key, "a mail address, such as Vigie <vigie@example.org>"))
    };
    let from = written
        .from
        .as_deref()
        .ok_or_else(|| missing("mail.from", "the sender, such as Vigie <vigie@example.org>"))?;
    Ok(Some(MailOptions {
        host,
        port: written.port.unwrap_or(security.usual_port()),
        security,
        ca_file: written.ca_file.clone(),
        from: mailbox("mail.from", from)?,
        to: written
            .to
            .as_deref()
            .map(|to| mailbox("mail.to", to))
            .transpose()?,
        credentials: credentials(figment, written)?,
    }))
}

fn credentials(figment: &Figment, written: &WrittenMail) -> Result<Option<(String, Secret)>, ConfigError> {
    let password = match &written.password_file {
        Some(path) => Some(secret_file::read(figment, "mail.password_file", path)?),
        None => std::env::var(MAIL_PASSWORD_VARIABLE).ok().map(Secret::new),
    };
    match (written.username.clone(), password) {
        (Some(username), Some(password)) => Ok(Some((username, password))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(missing(
            "mail.password_file",
            &format!("a file that holds the password, or the variable {MAIL_PASSWORD_VARIABLE}"),
        )),
        (None, Some(_)) => Err(missing("mail.username", "the name that the password belongs to")),
    }
}

fn missing(key: &str, expected: &str) -> ConfigError {
    ConfigError::MissingKey {
        key: key.to_owned(),
        expected: expected.to_owned(),
    }
}
