//! Posting the newest signed head to somewhere else, as one line of the file of heads: whoever keeps what arrives can tell a
//! log whose end was cut off. A call holds up no sealing, and one that fails is made up for by the next newest head.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use protocol::Secret;
use sha2::Sha256;
use store::StoreError;
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use url::Url;

use super::heads::line_of;
use crate::alerts::CallFault;
use crate::background::told;
use crate::server::Server;

/// How often the newest head is posted where nothing else is set.
pub(crate) const EVERY: Duration = Duration::from_secs(60);

/// How long one call may take.
const CALL_WITHIN: Duration = Duration::from_secs(10);

/// How long the last call may take when the server ends.
const END_WITHIN: Duration = Duration::from_secs(3);

/// What a secret begins with, as Standard Webhooks write it.
const SECRET_SIGN: &str = "whsec_";

/// The bytes of a secret: from, to (Standard Webhooks 1.0).
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What the signature of calls is made with: `whsec_` and 24 to 64 bytes in base64, as Standard Webhooks have it.
#[derive(Clone, Debug)]
pub struct HeadsSecret(Secret);

impl HeadsSecret {
    /// From its text, if it is one.
    pub fn new(text: &Secret) -> Option<Self> {
        let bytes = STANDARD.decode(text.expose().strip_prefix(SECRET_SIGN)?).ok()?;
        SECRET_BYTES.contains(&bytes.len()).then(|| Self(text.clone()))
    }

    /// The signature of a message (Standard Webhooks 1.0): `v1,` and HMAC-SHA-256 in base64.
    fn sign(&self, id: &str, at_seconds: i64, body: &str) -> Option<String> {
        let key = STANDARD.decode(self.0.expose().strip_prefix(SECRET_SIGN)?).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&zeroize::Zeroizing::new(key)).ok()?;
        mac.update(format!("{id}.{at_seconds}.{body}").as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

/// Where heads are posted.
#[derive(Clone)]
pub struct HeadsWebhook {
    /// The address; its path and query may be secret.
    pub url: Url,
    /// What calls are signed with, if they are.
    pub secret: Option<HeadsSecret>,
    /// How often the newest head is posted, if it is new.
    pub every: Duration,
}

impl fmt::Debug for HeadsWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadsWebhook")
            .field("origin", &self.url.origin().ascii_serialization())
            .field("secret", &self.secret)
            .field("every", &self.every)
            .finish()
    }
}

/// How many posts of heads this process made.
#[derive(Debug, Default)]
pub(crate) struct PostedHeads {
    taken: AtomicU64,
    failed: AtomicU64,
}

impl PostedHeads {
    /// Those that were taken, and those that were not.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (
            self.taken.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed),
        )
    }
}

#[derive(Debug, Error)]
enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Call(#[from] CallFault),
}

/// Posts heads until told to end, and the last one once more then.
pub(crate) async fn call(server: &Server, mut ending: watch::Receiver<bool>) {
    let Some(webhook) = &server.options.audit.webhook else {
        return;
    };
    let mut calls = HeadCalls::to(webhook);
    let mut tick = tokio::time::interval(webhook.every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = told(&mut ending) => break,
            _ = tick.tick() => {}
        }
        tokio::select! {
            biased;
            () = told(&mut ending) => break,
            () = calls.newest(server) => {}
        }
    }
    if tokio::time::timeout(END_WITHIN, calls.newest(server))
        .await
        .is_err()
    {
        tracing::warn!("the newest head of the audit log is posted after the next start");
    }
}

/// The calls of one process.
pub(super) struct HeadCalls<'a> {
    webhook: &'a HeadsWebhook,
    /// The newest seal that was taken.
    taken: u64,
    /// What was complained of last, so that it is not said each minute.
    complaint: String,
}

impl<'a> HeadCalls<'a> {
    pub(super) const fn to(webhook: &'a HeadsWebhook) -> Self {
        Self {
            webhook,
            taken: 0,
            complaint: String::new(),
        }
    }

    /// Posts the newest head, if it was not taken yet.
    pub(super) async fn newest(&mut self, server: &Server) {
        let complaint = match self.post_newest(server).await {
            Ok(()) => String::new(),
            Err(fault) => {
                if let Fault::Call(_) = fault {
                    server.posted_heads.failed.fetch_add(1, Ordering::Relaxed);
                }
                fault.to_string()
            }
        };
        if !complaint.is_empty() && complaint != self.complaint {
            tracing::error!(
                cause = complaint,
                to = self.webhook.url.origin().ascii_serialization(),
                "signed heads of the audit log are not posted"
            );
        }
        self.complaint = complaint;
    }

    async fn post_newest(&mut self, server: &Server) -> Result<(), Fault> {
        let Some(seal) = server.store().last_audit_seal().await? else {
            return Ok(());
        };
        if seal.number == self.taken {
            return Ok(());
        }
        let body = line_of(&seal, &server.seal_keys);
        let id = format!("{}-{}", server.seal_keys.installation_id(), seal.number);
        let at_seconds = server.now().div_euclid(1_000);
        let mut headers = vec![
            ("webhook-id", id.clone()),
            ("webhook-timestamp", at_seconds.to_string()),
        ];
        if let Some(secret) = &self.webhook.secret {
            let signature = secret.sign(&id, at_seconds, &body);
            let signature =
                signature.ok_or_else(|| CallFault::Unreachable("the secret is none".to_owned()))?;
            headers.push(("webhook-signature", signature));
        }
        let sent = server.webhooks.post_where_set(&self.webhook.url, headers, body);
        tokio::time::timeout(CALL_WITHIN, sent)
            .await
            .unwrap_or(Err(CallFault::Timeout))?;
        server.posted_heads.taken.fetch_add(1, Ordering::Relaxed);
        self.taken = seal.number;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use protocol::Secret;

    use super::{HeadsSecret, HeadsWebhook};

    fn secret(text: &str) -> Option<HeadsSecret> {
        HeadsSecret::new(&Secret::new(text))
    }

    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        // The example of its reference library.
        let secret = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signature.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for text in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_%%%",
        ] {
            assert!(secret(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_debug_form_has_neither_path_nor_secret() {
        let webhook = HeadsWebhook {
            url: "https://hooks.example.org/canary?canary".parse().unwrap(),
            secret: secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            every: Duration::from_secs(60),
        };
        let shown = format!("{webhook:?}");
        assert!(
            shown.contains("https://hooks.example.org") && !shown.contains("canary"),
            "{shown}"
        );
        assert!(!shown.contains("MfKQ"), "{shown}");
    }
}
