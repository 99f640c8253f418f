//! Trying out whether alerts arrive: a letter to every recipient, or a call to the webhook, at once and once.

use std::time::Duration;

use axum::extract::State;
use lettre::message::Mailbox;
use protocol::alert::{
    AlertOccasion, AlertTest, AlertTestAnswer, AlertTestFailure, MonitoringSettings, WebhookCall,
};

use super::letter::trial;
use crate::body::Json;
use crate::caller::Caller;
use crate::client::AuditParticulars as _;
use crate::failure::Failure;
use crate::ids::new_id;
use crate::mail::WayError;
use crate::server::Server;

/// How long a try may take: shorter than a call may.
const TRY_WITHIN: Duration = Duration::from_secs(12);

/// The longest that the other end is repeated.
const LONGEST_REASON: usize = 300;

/// Sends a letter or makes a call that says that it is a try, and tells what the other end made of it.
#[utoipa::path(
    post,
    path = "/admin/alerts/test",
    tag = "admin",
    request_body = AlertTest,
    responses((status = 200, description = "What it came to", body = AlertTestAnswer))
)]
pub(super) async fn test(
    State(server): State<Server>,
    caller: Caller,
    Json(what): Json<AlertTest>,
) -> Result<axum::Json<AlertTestAnswer>, Failure> {
    caller.administers()?;
    let organization_id = caller.organization_id();
    server.alert_trials.check(&organization_id)?;
    let settings = server.store.monitoring_settings(organization_id).await?;
    let name = caller.identity.organization_name.clone();
    let tried = async {
        match what {
            AlertTest::Mail => mail(&server, &settings, &name, caller.now).await,
            AlertTest::Webhook => {
                let call = WebhookCall {
                    version: WebhookCall::VERSION,
                    delivery_id: new_id(caller.now),
                    occasion: AlertOccasion::Test,
                    organization_id,
                    organization_name: name.clone(),
                    alert: None,
                    impersonations: Vec::new(),
                };
                webhook(&server, &settings, &call).await
            }
        }
    };
    let outcome = tokio::time::timeout(TRY_WITHIN, tried)
        .await
        .unwrap_or_else(|_| Ok(Err((AlertTestFailure::Timeout, "no answer in time".to_owned()))))?;
    let answer = match outcome {
        Ok(()) => AlertTestAnswer {
            is_sent: true,
            failure: None,
            reason: None,
        },
        Err((failure, reason)) => AlertTestAnswer {
            is_sent: false,
            failure: Some(failure),
            reason: Some(shown(&reason)),
        },
    };
    let audit = caller
        .audit("alerts.tried")
        .target("organization", organization_id)
        .detail(serde_json::json!({ "what": what, "is_sent": answer.is_sent, "failure": answer.failure }));
    server.store.audit(audit).await?;
    Ok(axum::Json(answer))
}

type Tried = Result<(), (AlertTestFailure, String)>;

async fn mail(
    server: &Server,
    settings: &MonitoringSettings,
    organization: &str,
    now: store::Millis,
) -> Result<Tried, Failure> {
    if settings.recipients.is_empty() {
        return Ok(Err((
            AlertTestFailure::NotSetUp,
            "no recipient is set".to_owned(),
        )));
    }
    let post = match server.outbox.way().post(server.store.as_ref()).await {
        Ok(Some(post)) => post,
        Ok(None) => {
            return Ok(Err((
                AlertTestFailure::NotSetUp,
                "no mail server is set".to_owned(),
            )));
        }
        Err(WayError::Store(error)) => return Err(error.into()),
        Err(error @ (WayError::Password(_) | WayError::Mail(_) | WayError::Address)) => {
            return Ok(Err((AlertTestFailure::NotSetUp, error.to_string())));
        }
    };
    let written = trial(organization, settings.language);
    for recipient in &settings.recipients {
        let said = |failure, text: String| Ok(Err((failure, format!("{recipient}: {text}"))));
        let address = match recipient.parse() {
            Ok(address) => address,
            Err(error) => return said(AlertTestFailure::Refused, format!("{error}")),
        };
        let message = written
            .message(post.from(), Mailbox::new(None, address), new_id(now), None)
            .map_err(|error| Failure::internal(&error))?;
        if let Err(error) = post.send(message).await {
            let failure = if error.is_response() || error.status().is_some() {
                AlertTestFailure::Refused
            } else if error.is_timeout() {
                AlertTestFailure::Timeout
            } else {
                AlertTestFailure::Unreachable
            };
            return said(failure, error.to_string());
        }
    }
    Ok(Ok(()))
}

async fn webhook(
    server: &Server,
    settings: &MonitoringSettings,
    call: &WebhookCall,
) -> Result<Tried, Failure> {
    let Some(url) = &settings.webhook_url else {
        return Ok(Err((AlertTestFailure::NotSetUp, "no webhook is set".to_owned())));
    };
    let called = server.webhooks.post(url, call).await;
    Ok(called.map_err(|fault| (fault.failure(), fault.to_string())))
}

/// On one line, and not at any length.
fn shown(text: &str) -> String {
    let on_a_line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    on_a_line.take(LONGEST_REASON).collect()
}
