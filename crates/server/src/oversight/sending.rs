//! Sending letters on impersonations: those that passed the hour, and the report of a month.

use lettre::message::Mailbox;
use protocol::alert::{AlertOccasion, WebhookCall, WebhookImpersonation};
use store::{Channel, LongImpersonation, Matter, Millis, OversightLetter, Settled, Store, StoreError};
use uuid::Uuid;

use super::document::document;
use super::long_letter::LongLetter;
use super::month::Month;
use super::month_letter::message;
use super::watchers::manner_of;
use crate::clock::wire_time;
use crate::delivery::{self, Fault, Message, hand_over, post};
use crate::failpoint::Point;
use crate::server::Server;

/// Sends what waits and is due, as the background does every few seconds.
pub async fn send_waiting(server: &Server) {
    delivery::send_waiting::<OversightLetter>(server).await;
}

impl Message for OversightLetter {
    const ABOUT: &'static str = "impersonations";
    const CLAIMED: Point = Point::LetterClaimed;

    fn id(&self) -> Uuid {
        self.id
    }

    fn tries(&self) -> u32 {
        self.tries
    }

    fn matter(&self) -> String {
        match &self.matter {
            Matter::LongImpersonations { session_ids } => format!("{} impersonations", session_ids.len()),
            Matter::Month { month, .. } => format!("impersonations of {month}"),
        }
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
        store.claim_letters(claim, now, lease_ms, most).await
    }

    async fn settle(&self, store: &dyn Store, claim: Uuid, settled: Settled) -> Result<bool, StoreError> {
        store.settle_letter(self.id, claim, settled).await
    }

    async fn send(&self, server: &Server) -> Result<(), Fault> {
        one(server, self).await
    }
}

async fn one(server: &Server, letter: &OversightLetter) -> Result<(), Fault> {
    match &letter.matter {
        Matter::LongImpersonations { session_ids } => {
            let found = server.store.impersonations_of(session_ids.clone()).await;
            let long = found.map_err(Fault::passing)?;
            if long.is_empty() {
                return Err(Fault::lasting("they are not kept any more"));
            }
            match letter.recipient.channel {
                Channel::Mail => mail(server, letter, &long).await,
                Channel::Webhook => call(server, letter, &long).await,
            }
        }
        Matter::Month {
            month,
            organization_ids,
        } => report(server, letter, month, organization_ids.as_deref()).await,
    }
}

fn to(letter: &OversightLetter) -> Result<Mailbox, Fault> {
    let address = letter.recipient.address.parse().map_err(Fault::lasting)?;
    Ok(Mailbox::new(None, address))
}

async fn mail(server: &Server, letter: &OversightLetter, long: &[LongImpersonation]) -> Result<(), Fault> {
    let post = post(server).await?;
    let mut places: Vec<_> = long.iter().map(|one| one.impersonation.organization_id).collect();
    places.sort_unstable();
    places.dedup();
    let manner = manner_of(server.store.as_ref(), Some(&places)).await;
    let manner = manner.map_err(Fault::passing)?;
    let message = LongLetter::on(long, manner.language, manner.zone, server.now())
        .message(post.from(), to(letter)?, letter.id)
        .map_err(Fault::lasting)?;
    hand_over(&post, message).await
}

async fn report(
    server: &Server,
    letter: &OversightLetter,
    month: &str,
    organization_ids: Option<&[Uuid]>,
) -> Result<(), Fault> {
    let month: Month = month.parse().map_err(Fault::lasting)?;
    let post = post(server).await?;
    let made = document(server.store.as_ref(), month, organization_ids, None, server.now()).await;
    let report = made.map_err(Fault::passing)?;
    let message = message(report, month, (post.from(), to(letter)?), letter.id).map_err(Fault::lasting)?;
    hand_over(&post, message).await
}

/// All of a call are in one organisation.
async fn call(server: &Server, letter: &OversightLetter, long: &[LongImpersonation]) -> Result<(), Fault> {
    let Some(first) = long.first().map(|one| &one.impersonation) else {
        return Err(Fault::lasting("they are not kept any more"));
    };
    let settings = server.store.monitoring_settings(first.organization_id).await;
    let url = settings.map_err(Fault::passing)?.webhook_url;
    let url = url.ok_or_else(|| Fault::lasting("no webhook is set"))?;
    let now = server.now();
    let call = WebhookCall {
        version: WebhookCall::VERSION,
        delivery_id: letter.id,
        occasion: AlertOccasion::LongImpersonations,
        organization_id: first.organization_id,
        organization_name: first.organization_name.clone(),
        alert: None,
        impersonations: long.iter().map(|one| on_the_wire(one, now)).collect(),
    };
    server.webhooks.post(&url, &call).await.map_err(|fault| Fault {
        may_pass: fault.may_pass(),
        text: fault.to_string(),
    })
}

fn on_the_wire(one: &LongImpersonation, now: Millis) -> WebhookImpersonation {
    let it = &one.impersonation;
    WebhookImpersonation {
        session_id: it.session_id,
        impersonator: it.impersonator.username.clone(),
        user: it.user.username.clone(),
        reason: it.reason.clone(),
        device_name: it.device_name.clone(),
        ip_address: it.origin.ip_address.clone(),
        started_at: wire_time(it.started_at),
        expires_at: wire_time(it.expires_at),
        ended_at: one.ended_at(now).map(wire_time),
    }
}
