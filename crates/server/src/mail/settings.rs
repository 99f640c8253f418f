//! The way to the mail server as it is set on screen, by whoever stands above all organisations; the password goes in and
//! never comes out.

use axum::extract::State;
use lettre::message::Mailbox;
use protocol::ErrorCode;
use protocol::alert::{MailProtection, MailSettings, MailSettingsChange};
use protocol::auth::OrganizationRole;
use store::MailRow;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::MailOptions;
use crate::body::Json;
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::options::MailSetBy;
use crate::server::Server;

pub(crate) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(get, put))
}

/// The server's way to a mail server, without the password.
#[utoipa::path(
    get,
    path = "/admin/settings/mail",
    tag = "admin",
    responses((status = 200, description = "As it stands", body = MailSettings))
)]
async fn get(State(server): State<Server>, caller: Caller) -> Result<axum::Json<MailSettings>, Failure> {
    may_set(&server, &caller)?;
    if let Some(options) = server.outbox.way().fixed() {
        return Ok(axum::Json(fixed(options)));
    }
    let row = server.store.mail_settings().await?;
    Ok(axum::Json(row.as_ref().map_or_else(none, shown)))
}

/// Sets the server's way to a mail server. Needs the password of the caller again. A password for the mail server that is not
/// sent stays, for the same mail server and name only.
#[utoipa::path(
    put,
    path = "/admin/settings/mail",
    tag = "admin",
    request_body = MailSettingsChange,
    responses((status = 200, description = "As it now stands", body = MailSettings))
)]
async fn put(
    State(server): State<Server>,
    caller: Caller,
    Json(change): Json<MailSettingsChange>,
) -> Result<axum::Json<MailSettings>, Failure> {
    may_set(&server, &caller)?;
    caller.confirmed()?;
    if server.outbox.way().fixed().is_some() {
        return Err(Failure::new(ErrorCode::SettingsFixed));
    }
    let before = server.store.mail_settings().await?;
    let mut row = checked(&change)?;
    row.sealed_password = match (&row.username, &change.password) {
        (None, None) => None,
        (None, Some(_)) => {
            return Err(incoherent(
                "password",
                "a password needs the name that it belongs to",
            ));
        }
        (Some(_), Some(password)) if password.expose().is_empty() => {
            return Err(incoherent("password", "a name needs a password"));
        }
        (Some(_), Some(password)) if password.expose().len() > 1_024 => {
            return Err(Failure::invalid("password", "at most 1,024 bytes"));
        }
        (Some(_), Some(password)) => Some(
            server
                .outbox
                .way()
                .seal(password, &row)
                .map_err(|fault| Failure::internal(&fault))?,
        ),
        (Some(_), None) => Some(kept(before.as_ref(), &row)?),
    };
    let is_new_password = change.password.is_some();
    let (was, is) = (
        serde_json::json!(before.as_ref().map(shown)),
        serde_json::json!(shown(&row)),
    );
    let audit = caller
        .audit("settings.mail_changed")
        .changed(&was, &is)
        .detail(serde_json::json!({ "before": was, "after": is, "is_new_password": is_new_password }));
    server.store.put_mail_settings(row.clone(), audit).await?;
    Ok(axum::Json(shown(&row)))
}

/// Lets those pass who look after the server as a whole.
fn may_set(server: &Server, caller: &Caller) -> Result<(), Failure> {
    match server.options.mail_set_by {
        MailSetBy::Owners if caller.role >= OrganizationRole::Owner => Ok(()),
        MailSetBy::Owners | MailSetBy::SuperAdmins => caller.stands_above(),
    }
}

/// The password that is kept, where it is for the same server and name: it is sealed for those alone.
fn kept(before: Option<&MailRow>, row: &MailRow) -> Result<Vec<u8>, Failure> {
    before
        .filter(|before| {
            (&before.host, before.port, before.security, &before.username)
                == (&row.host, row.port, row.security, &row.username)
        })
        .and_then(|before| before.sealed_password.clone())
        .ok_or_else(|| incoherent("password", "the password must be given for a new server or name"))
}

fn incoherent(field: &'static str, detail: &'static str) -> Failure {
    Failure::new(ErrorCode::SettingsIncoherent)
        .at(field)
        .detail(detail)
}

fn checked(change: &MailSettingsChange) -> Result<MailRow, Failure> {
    let host = change.host.trim();
    let username = change
        .username
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let to = change.to.as_deref().map(str::trim).filter(|to| !to.is_empty());
    let row = MailRow {
        host: host.to_owned(),
        port: change.port,
        security: change.security,
        from: change.from.trim().to_owned(),
        to: to.map(str::to_owned),
        username: username.map(str::to_owned),
        sealed_password: None,
    };
    if host.is_empty() {
        return Ok(MailRow {
            username: None,
            ..row
        });
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if host.len() > 253 || !host.chars().all(fits) {
        return Err(Failure::invalid("host", "a server's name or address"));
    }
    if change.port == 0 {
        return Err(Failure::invalid("port", "1 to 65,535"));
    }
    if change.security == MailProtection::None && !is_here(host) {
        return Err(Failure::invalid(
            "security",
            "without protection to this machine itself only: others could read on the way what is told and the password",
        ));
    }
    mailbox("from", &row.from)?;
    if let Some(to) = to {
        mailbox("to", to)?;
    }
    if username.is_some_and(|name| name.chars().count() > 256 || name.chars().any(char::is_control)) {
        return Err(Failure::invalid("username", "1 to 256 characters on one line"));
    }
    Ok(row)
}

fn mailbox(field: &'static str, text: &str) -> Result<(), Failure> {
    if text.len() <= 320 && !text.chars().any(char::is_control) && text.parse::<Mailbox>().is_ok() {
        Ok(())
    } else {
        Err(Failure::invalid(
            field,
            "a mail address, such as Vigie <vigie@example.org>",
        ))
    }
}

/// Whether a mail server is on this machine.
pub(crate) fn is_here(host: &str) -> bool {
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn none() -> MailSettings {
    let security = MailProtection::default();
    MailSettings {
        host: String::new(),
        port: security.usual_port(),
        security,
        from: String::new(),
        to: None,
        username: None,
        has_password: false,
        is_fixed: false,
    }
}

fn shown(row: &MailRow) -> MailSettings {
    MailSettings {
        host: row.host.clone(),
        port: row.port,
        security: row.security,
        from: row.from.clone(),
        to: row.to.clone(),
        username: row.username.clone(),
        has_password: row.sealed_password.is_some(),
        is_fixed: false,
    }
}

fn fixed(options: &MailOptions) -> MailSettings {
    MailSettings {
        host: options.host.clone(),
        port: options.port,
        security: options.security,
        from: options.from.to_string(),
        to: options.to.as_ref().map(ToString::to_string),
        username: options.credentials.as_ref().map(|(username, _)| username.clone()),
        has_password: options.credentials.is_some(),
        is_fixed: true,
    }
}
