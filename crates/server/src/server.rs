//! One server: its store, its keys, its clock and its bounds, shared by every route.

use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;

use governor::Quota;
use store::{Millis, Store};
use thiserror::Error;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::access_token::{AccessTokens, SigningFault};
use crate::alerts::{WebhookError, Webhooks};
use crate::audit::PostedHeads;
use crate::audit::signing::SealKeys;
use crate::clock::Clock;
use crate::events::EventStreams;
use crate::insight::Observed;
use crate::keys::Keys;
use crate::login_limit::LoginLimit;
use crate::mail::{MailError, Outbox};
use crate::monitoring::Scrapes;
use crate::options::ServerOptions;
use crate::passwords::{PasswordError, Passwords};
use crate::proof::Proofs;
use crate::rate::Rate;
use crate::refresh_limit::RefreshLimit;
use crate::touches::Touches;

/// How often an organisation may try out its alerts within a minute.
const TRIALS_PER_MINUTE: NonZeroU32 = const { NonZeroU32::new(5).unwrap() };

/// Why a server cannot be made.
#[derive(Debug, Error)]
pub enum SetupError {
    /// A key is none.
    #[error(transparent)]
    Keys(#[from] SigningFault),
    /// The password library refuses its parameters.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The mail server's certificate authority is none.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The webhooks' certificate authority is none.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
}

/// A server; cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Parts>);

/// What a server is made of.
pub struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Keys,
    pub(crate) access_tokens: AccessTokens,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) passwords: Passwords,
    pub(crate) login_limit: LoginLimit,
    pub(crate) refresh_limit: RefreshLimit,
    pub(crate) proofs: Proofs,
    pub(crate) event_streams: Arc<EventStreams>,
    pub(crate) touches: Touches,
    pub(crate) observed: Observed,
    pub(crate) outbox: Outbox,
    pub(crate) scrapes: Scrapes,
    pub(crate) webhooks: Webhooks,
    pub(crate) seal_keys: SealKeys,
    pub(crate) posted_heads: PostedHeads,
    /// How often an organisation may try out its alerts.
    pub(crate) alert_trials: Rate<Uuid>,
    /// Tells whoever sends messages on alerts that there are new ones.
    pub(crate) alerts_to_send: Notify,
    pub(crate) options: ServerOptions,
}

impl Server {
    /// Puts a server together. It opens nothing and starts nothing.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn new(
        store: Arc<dyn Store>,
        keys: Keys,
        clock: Arc<dyn Clock>,
        options: ServerOptions,
    ) -> Result<Self, SetupError> {
        Ok(Self(Arc::new(Parts {
            access_tokens: AccessTokens::new(&keys, &options.issuer)?,
            passwords: Passwords::new(options.limits.password_workers, options.limits.password_queue)?,
            login_limit: LoginLimit::new(&options.limits, &clock),
            refresh_limit: RefreshLimit::new(&options.limits, &clock),
            proofs: Proofs::new(&keys, options.known_as.clone()),
            event_streams: Arc::new(EventStreams::new(&options.limits)),
            touches: Touches::default(),
            observed: Observed::new(options.recording),
            scrapes: Scrapes::default(),
            webhooks: Webhooks::new(&options.alerts)?,
            seal_keys: SealKeys::new(&keys)?,
            posted_heads: PostedHeads::default(),
            alert_trials: Rate::new(Quota::per_minute(TRIALS_PER_MINUTE), &clock),
            alerts_to_send: Notify::new(),
            outbox: Outbox::new(options.mail.as_ref(), &keys)?,
            store,
            keys,
            clock,
            options,
        })))
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// The password pool.
    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// Ends all event streams and takes no more, so that nothing holds up an orderly end.
    pub fn end_event_streams(&self) {
        self.0.event_streams.end();
    }

    /// The server's time, in milliseconds since 1970.
    pub fn now(&self) -> Millis {
        self.0.clock.wall_ms()
    }
}

impl Deref for Server {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
