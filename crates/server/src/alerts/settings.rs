//! What is watched in an organisation, for those who administer it, with everything checked that somebody may get wrong.

use std::collections::HashSet;

use axum::extract::State;
use chrono_tz::Tz;
use lettre::Address;
use protocol::ErrorCode;
use protocol::alert::{MonitoringSettings, OpeningHours};
use url::Url;

use super::reach::Reach;
use crate::body::Json;
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::server::Server;

const MOST_OPENINGS: usize = 28;
const MOST_RECIPIENTS: usize = 20;
const LONGEST_ADDRESS: usize = 254;
const LONGEST_URL: usize = 2_000;

/// What is watched in the organisation, and who is told.
#[utoipa::path(
    get,
    path = "/admin/settings/monitoring",
    tag = "admin",
    responses((status = 200, description = "As they stand", body = MonitoringSettings))
)]
pub(super) async fn get(
    State(server): State<Server>,
    caller: Caller,
) -> Result<axum::Json<MonitoringSettings>, Failure> {
    caller.administers()?;
    Ok(axum::Json(
        server.store.monitoring_settings(caller.organization_id()).await?,
    ))
}

/// Changes what is watched in the organisation, and who is told.
#[utoipa::path(
    put,
    path = "/admin/settings/monitoring",
    tag = "admin",
    request_body = MonitoringSettings,
    responses((status = 200, description = "As they now stand", body = MonitoringSettings))
)]
pub(super) async fn put(
    State(server): State<Server>,
    caller: Caller,
    Json(settings): Json<MonitoringSettings>,
) -> Result<axum::Json<MonitoringSettings>, Failure> {
    caller.administers()?;
    let settings = checked(settings, server.webhooks.reach())?;
    let organization_id = caller.organization_id();
    let before = server.store.monitoring_settings(organization_id).await?;
    let audit = caller
        .audit("settings.monitoring_changed")
        .target("organization", organization_id)
        .changed(
            &serde_json::json!(told(before.clone())),
            &serde_json::json!(told(settings.clone())),
        )
        .detail(serde_json::json!({ "before": told(before), "after": told(settings.clone()) }));
    server
        .store
        .put_monitoring_settings(organization_id, settings.clone(), audit)
        .await?;
    Ok(axum::Json(settings))
}

/// As the audit log has them: the webhook's path often is a secret.
fn told(settings: MonitoringSettings) -> MonitoringSettings {
    let origin = |url: String| {
        url.parse::<Url>()
            .map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
    };
    MonitoringSettings {
        webhook_url: settings.webhook_url.map(origin),
        ..settings
    }
}

fn checked(mut settings: MonitoringSettings, reach: &Reach) -> Result<MonitoringSettings, Failure> {
    let range = |field: &'static str, value: Option<u32>, low: u32, high: u32| match value {
        Some(value) if !(low..=high).contains(&value) => Err(Failure::invalid(
            field,
            format!("must be between {low} and {high}, is {value}"),
        )),
        Some(_) | None => Ok(()),
    };
    range("retention_days", Some(settings.retention_days), 1, 365)?;
    range(
        "refresh_failure_percent",
        Some(settings.refresh_failure_percent),
        1,
        100,
    )?;
    range("refresh_least", Some(settings.refresh_least), 1, 100_000)?;
    range(
        "login_failures_of_account",
        settings.login_failures_of_account,
        1,
        100_000,
    )?;
    range(
        "login_failures_of_network",
        settings.login_failures_of_network,
        1,
        100_000,
    )?;
    range("no_refresh_minutes", settings.no_refresh_minutes, 5, 1_440)?;
    range("repeat_minutes", settings.repeat_minutes, 15, 10_080)?;
    opening_hours(&mut settings)?;
    if settings.time_zone.parse::<Tz>().is_err() {
        return Err(Failure::invalid(
            "time_zone",
            "a zone of the IANA database, such as Europe/Paris",
        ));
    }
    recipients(&mut settings)?;
    settings.webhook_url = settings
        .webhook_url
        .map(|url| url.trim().to_owned())
        .filter(|url| !url.is_empty());
    if let Some(url) = &settings.webhook_url {
        webhook(url, reach)?;
    }
    Ok(settings)
}

fn incoherent(field: &'static str, detail: &'static str) -> Failure {
    Failure::new(ErrorCode::SettingsIncoherent)
        .at(field)
        .detail(detail)
}

fn opening_hours(settings: &mut MonitoringSettings) -> Result<(), Failure> {
    let hours = &mut settings.opening_hours;
    if hours.len() > MOST_OPENINGS {
        return Err(Failure::invalid(
            "opening_hours",
            format!("at most {MOST_OPENINGS}"),
        ));
    }
    for one in hours.iter() {
        let OpeningHours {
            weekday,
            opens_minute,
            closes_minute,
        } = one;
        if !(1..=7).contains(weekday) || *opens_minute > 1_439 || *closes_minute > 1_440 {
            return Err(Failure::invalid(
                "opening_hours",
                "a weekday from 1 to 7, and minutes since midnight up to 1,440",
            ));
        }
        if opens_minute >= closes_minute {
            return Err(incoherent("opening_hours", "a shop closes after it opens"));
        }
    }
    hours.sort_unstable_by_key(|hours| (hours.weekday, hours.opens_minute));
    let overlap = |pair: &[OpeningHours]| match pair {
        [one, next] => one.weekday == next.weekday && next.opens_minute < one.closes_minute,
        _ => false,
    };
    if hours.windows(2).any(overlap) {
        return Err(incoherent("opening_hours", "two openings of one day overlap"));
    }
    if let Some(minutes) = settings.no_refresh_minutes
        && !hours
            .iter()
            .any(|hours| hours.closes_minute - hours.opens_minute > minutes)
    {
        return Err(incoherent(
            "no_refresh_minutes",
            "no opening is longer than this: set the opening hours, or a shorter time",
        ));
    }
    Ok(())
}

fn recipients(settings: &mut MonitoringSettings) -> Result<(), Failure> {
    if settings.recipients.len() > MOST_RECIPIENTS {
        return Err(Failure::invalid(
            "recipients",
            format!("at most {MOST_RECIPIENTS}"),
        ));
    }
    let mut known = HashSet::new();
    for (number, recipient) in (1..).zip(&mut settings.recipients) {
        let address = recipient.trim().to_owned();
        let fits = address.len() <= LONGEST_ADDRESS
            && !address.chars().any(char::is_control)
            && address.parse::<Address>().is_ok();
        if !fits {
            return Err(Failure::invalid(
                "recipients",
                format!("number {number} is no mail address, such as camille@example.org"),
            ));
        }
        if !known.insert(address.to_lowercase()) {
            return Err(Failure::invalid(
                "recipients",
                format!("number {number} is there twice"),
            ));
        }
        *recipient = address;
    }
    Ok(())
}

fn webhook(text: &str, reach: &Reach) -> Result<(), Failure> {
    let refuse = |detail: &'static str| Err(Failure::invalid("webhook_url", detail));
    if text.len() > LONGEST_URL {
        return refuse("at most 2,000 characters");
    }
    let Ok(url) = text.parse::<Url>() else {
        return refuse("an address such as https://hooks.example.org/alerts");
    };
    if url.scheme() != "https" || url.host().is_none() {
        return refuse("must begin with https:// and name a server");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return refuse("without a name, a password or a #part");
    }
    if !reach.allows_literal(&url) {
        return refuse("leads into the server's own network, which its configuration does not allow");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use protocol::ErrorCode;
    use protocol::alert::{MonitoringSettings, OpeningHours};

    use super::{checked, told};
    use crate::alerts::reach::Reach;

    fn refused(settings: MonitoringSettings) -> Option<(ErrorCode, String)> {
        let failure = checked(settings, &Reach::default()).err()?;
        Some((failure.code(), failure.problem.field.clone()?))
    }

    fn hours(weekday: u32, opens_minute: u32, closes_minute: u32) -> OpeningHours {
        OpeningHours {
            weekday,
            opens_minute,
            closes_minute,
        }
    }

    #[test]
    fn the_defaults_are_fine() {
        assert_eq!(refused(MonitoringSettings::default()), None);
    }

    #[test]
    fn each_wrong_value_is_told_by_its_field() {
        use ErrorCode::{SettingsIncoherent, ValidationFailed};
        let base = MonitoringSettings::default;
        let opened = |opening_hours: Vec<OpeningHours>| MonitoringSettings {
            opening_hours,
            ..base()
        };
        let told_to = |recipients: &[&str]| MonitoringSettings {
            recipients: recipients.iter().map(|one| (*one).to_owned()).collect(),
            ..base()
        };
        let hook = |url: &str| MonitoringSettings {
            webhook_url: Some(url.to_owned()),
            ..base()
        };
        let cases = [
            (
                MonitoringSettings {
                    retention_days: 0,
                    ..base()
                },
                ValidationFailed,
                "retention_days",
            ),
            (
                MonitoringSettings {
                    refresh_failure_percent: 101,
                    ..base()
                },
                ValidationFailed,
                "refresh_failure_percent",
            ),
            (
                MonitoringSettings {
                    refresh_least: 0,
                    ..base()
                },
                ValidationFailed,
                "refresh_least",
            ),
            (
                MonitoringSettings {
                    login_failures_of_account: Some(0),
                    ..base()
                },
                ValidationFailed,
                "login_failures_of_account",
            ),
            (
                MonitoringSettings {
                    login_failures_of_network: Some(100_001),
                    ..base()
                },
                ValidationFailed,
                "login_failures_of_network",
            ),
            (
                MonitoringSettings {
                    no_refresh_minutes: Some(4),
                    ..base()
                },
                ValidationFailed,
                "no_refresh_minutes",
            ),
            (
                MonitoringSettings {
                    no_refresh_minutes: Some(30),
                    ..base()
                },
                SettingsIncoherent,
                "no_refresh_minutes",
            ),
            (
                MonitoringSettings {
                    no_refresh_minutes: Some(60),
                    ..opened(vec![hours(1, 0, 60)])
                },
                SettingsIncoherent,
                "no_refresh_minutes",
            ),
            (
                MonitoringSettings {
                    repeat_minutes: Some(14),
                    ..base()
                },
                ValidationFailed,
                "repeat_minutes",
            ),
            (
                MonitoringSettings {
                    time_zone: "Europe/Nowhere".to_owned(),
                    ..base()
                },
                ValidationFailed,
                "time_zone",
            ),
            (opened(vec![hours(0, 0, 60)]), ValidationFailed, "opening_hours"),
            (
                opened(vec![hours(1, 0, 1_441)]),
                ValidationFailed,
                "opening_hours",
            ),
            (
                opened(vec![hours(1, 60, 60)]),
                SettingsIncoherent,
                "opening_hours",
            ),
            (
                opened(vec![hours(1, 60, 120), hours(1, 0, 61)]),
                SettingsIncoherent,
                "opening_hours",
            ),
            (
                opened(vec![hours(1, 0, 1); 29]),
                ValidationFailed,
                "opening_hours",
            ),
            (told_to(&["camille"]), ValidationFailed, "recipients"),
            (
                told_to(&["a@example.org", "x@y\r\nBcc: eve@evil.example"]),
                ValidationFailed,
                "recipients",
            ),
            (
                told_to(&["a@example.org", "A@example.org "]),
                ValidationFailed,
                "recipients",
            ),
            (
                told_to(&["Camille <a@example.org>"]),
                ValidationFailed,
                "recipients",
            ),
            (hook("http://hooks.example.org/"), ValidationFailed, "webhook_url"),
            (
                hook("https://user:pass@hooks.example.org/"),
                ValidationFailed,
                "webhook_url",
            ),
            (hook("ftp://hooks.example.org/"), ValidationFailed, "webhook_url"),
            (hook("https://127.0.0.1/"), ValidationFailed, "webhook_url"),
            (
                hook("https://[::ffff:10.0.0.1]/"),
                ValidationFailed,
                "webhook_url",
            ),
            (
                hook("https://169.254.169.254/latest"),
                ValidationFailed,
                "webhook_url",
            ),
            (hook("https://2130706433/"), ValidationFailed, "webhook_url"),
            (hook("not an address"), ValidationFailed, "webhook_url"),
        ];
        for (settings, code, field) in cases {
            let shown = format!("{settings:?}");
            assert_eq!(refused(settings), Some((code, field.to_owned())), "{shown}");
        }
    }

    #[test]
    fn what_is_fine_is_tidied() {
        let settings = MonitoringSettings {
            opening_hours: vec![hours(2, 0, 60), hours(1, 60, 120), hours(1, 0, 60)],
            recipients: vec![" camille@example.org ".to_owned()],
            webhook_url: Some("  ".to_owned()),
            no_refresh_minutes: Some(59),
            ..MonitoringSettings::default()
        };
        let settings = checked(settings, &Reach::default()).unwrap();
        assert_eq!(
            settings.opening_hours,
            [hours(1, 0, 60), hours(1, 60, 120), hours(2, 0, 60)]
        );
        assert_eq!(settings.recipients, ["camille@example.org"]);
        assert_eq!(settings.webhook_url, None);
    }

    #[test]
    fn the_audit_log_has_the_webhook_without_its_path() {
        let settings = MonitoringSettings {
            webhook_url: Some("https://hooks.example.org/canary?canary".to_owned()),
            ..MonitoringSettings::default()
        };
        assert_eq!(
            told(settings).webhook_url.as_deref(),
            Some("https://hooks.example.org")
        );
    }
}
