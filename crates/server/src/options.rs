//! What whoever starts a server may decide.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use protocol::proof::EMBEDDED_ORIGIN;

use crate::audit::AuditOptions;
use crate::mail::MailOptions;
use crate::monitoring::ScrapeToken;
use crate::proof::KnownAs;

/// Options of one server. The defaults are those of a server embedded in the app.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The `iss` of access tokens: the server's public address, or a name of its own.
    pub issuer: String,
    /// Under which address clients know it, as their proofs name it (DPoP, RFC 9449).
    pub known_as: KnownAs,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Bounds on what callers may ask.
    pub limits: Limits,
    /// For how long sessions are kept after they ended.
    pub dead_sessions_kept: Duration,
    /// Where mail is sent; `None`: where it is set on screen.
    pub mail: Option<MailOptions>,
    /// What opens the figures of the whole server to programs; `None`: no token does.
    pub scrape_token: Option<ScrapeToken>,
    /// Whether what happens to sessions is written down.
    pub recording: Recording,
    /// Who may set that on screen.
    pub mail_set_by: MailSetBy,
    /// How alerts get out of the server.
    pub alerts: AlertOptions,
    /// Where signed heads of the audit log go, and for how long its rows are kept.
    pub audit: AuditOptions,
    /// Shorter lives than the settings allow, for tests and demonstrations.
    pub testing: TestingOverrides,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            issuer: "urn:vigie:embedded".to_owned(),
            known_as: KnownAs::Address(EMBEDDED_ORIGIN.to_owned()),
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            dead_sessions_kept: Duration::from_secs(30 * 24 * 60 * 60),
            mail: None,
            scrape_token: None,
            recording: Recording::default(),
            mail_set_by: MailSetBy::default(),
            alerts: AlertOptions::default(),
            audit: AuditOptions::default(),
            testing: TestingOverrides::default(),
        }
    }
}

/// Whether refreshes, sign-ins and ends of sessions are written down, for figures and alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// They are.
    #[default]
    On,
    /// They are not: figures stand still, and no alert begins.
    Off,
}

/// Bounds on what callers may ask.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Sign-ins a minute for one account from one address; the same number may come at once.
    pub logins_per_minute_per_account_and_address: NonZeroU32,
    /// Sign-ins a minute for one account from everywhere.
    pub logins_per_minute_per_account: NonZeroU32,
    /// Sign-ins a minute from one address (IPv6: one /64), wide enough for a shop's tills behind one router.
    pub logins_per_minute_per_address: NonZeroU32,
    /// Refreshes a minute of one session.
    pub refreshes_per_minute_per_session: NonZeroU32,
    /// Refreshes of one session that may come at once.
    pub refresh_burst_per_session: NonZeroU32,
    /// Refreshes a minute from one address that may be refused for a forged token or a missing key; good ones are not
    /// counted.
    pub refused_refreshes_per_minute_per_address: NonZeroU32,
    /// Password checks at once; each takes 19 MiB.
    pub password_workers: usize,
    /// Password checks that may wait beyond those.
    pub password_queue: usize,
    /// The largest body taken, in bytes.
    pub body_bytes: usize,
    /// How long a call may take, the reading of its body included.
    pub call_timeout: Duration,
    /// The largest head of a request, in bytes.
    pub header_bytes: usize,
    /// How many header fields a request may have.
    pub header_count: usize,
    /// How long a client may take over the head of a request, or keep a connection without a call.
    pub header_timeout: Duration,
    /// Connections at once from one address that is no trusted proxy (IPv6: one /64).
    pub connections_per_address: usize,
    /// Event streams open at once.
    pub event_streams: usize,
    /// Event streams open at once for one session.
    pub event_streams_per_session: usize,
    /// How often a silent event stream sends a comment.
    pub event_heartbeat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            logins_per_minute_per_account_and_address: const { NonZeroU32::new(10).unwrap() },
            logins_per_minute_per_account: const { NonZeroU32::new(30).unwrap() },
            logins_per_minute_per_address: const { NonZeroU32::new(60).unwrap() },
            refreshes_per_minute_per_session: const { NonZeroU32::new(120).unwrap() },
            refresh_burst_per_session: const { NonZeroU32::new(60).unwrap() },
            refused_refreshes_per_minute_per_address: const { NonZeroU32::new(120).unwrap() },
            password_workers: std::thread::available_parallelism().map_or(2, usize::from),
            password_queue: 64,
            body_bytes: 256 * 1024,
            call_timeout: Duration::from_secs(20),
            header_bytes: 32 * 1024,
            header_count: 64,
            // Longer than clients keep a connection (90 s), so that none sends into one that is just being closed.
            header_timeout: Duration::from_secs(100),
            connections_per_address: 512,
            event_streams: 10_000,
            event_streams_per_session: 4,
            event_heartbeat: Duration::from_secs(15),
        }
    }
}

/// Who may set the way to the mail server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailSetBy {
    /// Whoever stands above all organisations.
    #[default]
    SuperAdmins,
    /// Owners as well: on a server that is embedded in the app of its only organisation.
    Owners,
}

/// How alerts get out of the server.
#[derive(Clone, Debug, Default)]
pub struct AlertOptions {
    /// Networks that a webhook may be called in although they are not public.
    pub webhook_networks: Vec<IpNet>,
    /// A certificate authority in PEM that webhooks are trusted by besides the system's.
    pub webhook_ca_file: Option<PathBuf>,
}

/// Lives in seconds that take the place of an organisation's settings. For tests and demonstrations only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TestingOverrides {
    /// Life of an access token.
    pub access_token_seconds: Option<NonZeroU32>,
    /// A desk's idle time; it can only shorten the organisation's.
    pub idle_seconds: Option<NonZeroU32>,
    /// Absolute life of a session.
    pub session_seconds: Option<NonZeroU32>,
    /// How often it is looked whether something is the matter.
    pub alert_seconds: Option<NonZeroU32>,
    /// How long a process may take over a message that it claimed.
    pub alert_lease_seconds: Option<NonZeroU32>,
}

impl TestingOverrides {
    /// Whether any is set.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}
