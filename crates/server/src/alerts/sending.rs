//! Sending what is to be told of alerts, and letters on impersonations beside it. Of several processes one claims a message
//! and sends it; where it dies before it says what became of it, its claim runs out and another sends it: at least once,
//! never knowingly twice.

use std::time::Duration;

use chrono_tz::Tz;
use futures_util::future::join_all;
use lettre::message::Mailbox;
use protocol::alert::{AlertOccasion, MonitoringSettings, WebhookAlert, WebhookCall};
use store::{AlertMessage, AlertRow, Channel, Occasion, Settled};
use tokio::sync::watch;
use uuid::Uuid;

use super::letter::{About, on};
use crate::background::told;
use crate::clock::wire_time;
use crate::delivery::{Fault, TOGETHER, hand_over, in_time, lease_ms, post, settled};
use crate::failpoint::{Point, pass};
use crate::ids::new_id;
use crate::oversight;
use crate::server::Server;

/// How often it is looked for messages that nobody announced: those of other processes, and those to be tried again.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long messages that are under way may take when the server ends.
const END_WITHIN: Duration = Duration::from_secs(3);

/// Sends messages until told to end. What is not done then is done by another process, or after the next start.
pub(crate) async fn send(server: &Server, mut ending: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            biased;
            () = told(&mut ending) => return,
            () = server.alerts_to_send.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let mut round = std::pin::pin!(async {
            send_waiting(server).await;
            oversight::send_waiting(server).await;
        });
        tokio::select! {
            () = &mut round => {}
            () = told(&mut ending) => {
                let _ = tokio::time::timeout(END_WITHIN, round).await;
                return;
            }
        }
    }
}

/// Sends what waits and is due, as the background does every few seconds.
pub async fn send_waiting(server: &Server) {
    loop {
        let now = server.now();
        let claim = new_id(now);
        let claimed = server
            .store
            .claim_messages(claim, now, lease_ms(server), TOGETHER)
            .await;
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(cause = %error, "messages on alerts are not sent yet");
                return;
            }
        };
        if claimed.is_empty() {
            return;
        }
        let are_all = u32::try_from(claimed.len()).unwrap_or(u32::MAX) < TOGETHER;
        if let Err(fault) = pass(Point::AlertClaimed) {
            tracing::warn!(cause = ?fault, "messages on alerts are left where they are");
            return;
        }
        join_all(claimed.iter().map(|message| settle(server, claim, message))).await;
        if are_all {
            return;
        }
    }
}

async fn settle(server: &Server, claim: Uuid, message: &AlertMessage) {
    let outcome = in_time(one(server, message)).await;
    let alert = message.alert.id;
    let (channel, occasion) = (message.recipient.channel.as_str(), message.occasion.as_str());
    let settled = settled(&outcome, message.tries, server.now());
    match (&outcome, settled) {
        (Err(fault), Settled::Again { .. }) => {
            tracing::warn!(%alert, channel, occasion, cause = fault.text, "not told of an alert yet");
        }
        (Err(fault), Settled::Sent | Settled::GivenUp) => {
            tracing::error!(%alert, channel, occasion, cause = fault.text, "not told of an alert");
        }
        (Ok(()), _) => tracing::info!(%alert, channel, occasion, "told of an alert"),
    }
    match server.store.settle_message(message.id, claim, settled).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!(%alert, channel, "the claim on a message ran out: it may be sent twice"),
        Err(error) => {
            tracing::warn!(cause = %error, %alert, channel, "what became of a message is not noted: it may be sent twice")
        }
    }
}

async fn one(server: &Server, message: &AlertMessage) -> Result<(), Fault> {
    let organization_id = message.alert.organization_id;
    let (settings, organizations) = tokio::try_join!(
        server.store.monitoring_settings(organization_id),
        server.store.organizations()
    )
    .map_err(Fault::passing)?;
    let organization = organizations.into_iter().find(|one| one.id == organization_id);
    let name = organization.map(|one| one.name).unwrap_or_default();
    match message.recipient.channel {
        Channel::Mail => mail(server, message, &settings, &name).await,
        Channel::Webhook => webhook(server, message, &settings, name).await,
    }
}

async fn mail(
    server: &Server,
    message: &AlertMessage,
    settings: &MonitoringSettings,
    organization: &str,
) -> Result<(), Fault> {
    let post = post(server).await?;
    let to = message.recipient.address.parse().map_err(Fault::lasting)?;
    let letter = on(About {
        organization,
        alert: &message.alert,
        occasion: message.occasion,
        language: settings.language,
        zone: settings.time_zone.parse().unwrap_or(Tz::UTC),
    })
    .message(
        post.from(),
        Mailbox::new(None, to),
        message.id,
        Some(message.alert.id),
    )
    .map_err(Fault::lasting)?;
    hand_over(&post, letter).await
}

async fn webhook(
    server: &Server,
    message: &AlertMessage,
    settings: &MonitoringSettings,
    organization_name: String,
) -> Result<(), Fault> {
    let url = settings
        .webhook_url
        .as_deref()
        .ok_or_else(|| Fault::lasting("no webhook is set"))?;
    let call = WebhookCall {
        version: WebhookCall::VERSION,
        delivery_id: message.id,
        occasion: match message.occasion {
            Occasion::Began => AlertOccasion::Began,
            Occasion::Lasts => AlertOccasion::Lasts,
            Occasion::Ended => AlertOccasion::Ended,
        },
        organization_id: message.alert.organization_id,
        organization_name,
        alert: Some(on_the_wire(&message.alert)),
        impersonations: Vec::new(),
    };
    server.webhooks.post(url, &call).await.map_err(|fault| Fault {
        may_pass: fault.may_pass(),
        text: fault.to_string(),
    })
}

fn on_the_wire(alert: &AlertRow) -> WebhookAlert {
    WebhookAlert {
        id: alert.id,
        kind: alert.kind,
        subject: alert.subject.clone(),
        began_at: wire_time(alert.began_at),
        ended_at: alert.ended_at.map(wire_time),
        worst_count: alert.worst_count,
        worst_of: alert.worst_of,
    }
}
