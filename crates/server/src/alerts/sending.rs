//! Sending what is to be told of alerts, by mail and by webhook, and letters on impersonations beside it.

use std::time::Duration;

use chrono_tz::Tz;
use lettre::message::Mailbox;
use protocol::alert::{AlertOccasion, MonitoringSettings, WebhookAlert, WebhookCall};
use store::{AlertMessage, AlertRow, Channel, Millis, Occasion, Settled, Store, StoreError};
use tokio::sync::watch;
use uuid::Uuid;

use super::letter::{About, on};
use crate::background::told;
use crate::clock::wire_time;
use crate::delivery::{self, Fault, Message, hand_over, post};
use crate::failpoint::Point;
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
    delivery::send_waiting::<AlertMessage>(server).await;
}

impl Message for AlertMessage {
    const ABOUT: &'static str = "alerts";
    const CLAIMED: Point = Point::AlertClaimed;

    fn id(&self) -> Uuid {
        self.id
    }

    fn tries(&self) -> u32 {
        self.tries
    }

    fn matter(&self) -> String {
        format!("alert {}, {}", self.alert.id, self.occasion.as_str())
    }

    fn channel(&self) -> Channel {
        self.recipient.channel
    }

    async fn claim(
        store: &dyn Store,
        claim: Uuid,
        now: Millis,
        lease_ms: Millis,
        most: u32,
    ) -> Result<Vec<Self>, StoreError> {
        store.claim_messages(claim, now, lease_ms, most).await
    }

    async fn settle(&self, store: &dyn Store, claim: Uuid, settled: Settled) -> Result<bool, StoreError> {
        store.settle_message(self.id, claim, settled).await
    }

    async fn send(&self, server: &Server) -> Result<(), Fault> {
        one(server, self).await
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
