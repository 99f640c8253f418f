//! What whoever starts a server may decide.

use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;

/// Options of one server. The defaults are those of a server embedded in the app.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The `iss` of access tokens: the server's public address, or a name of its own.
    pub issuer: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Bounds on what callers may ask.
    pub limits: Limits,
    /// Shorter lives than the settings allow, for tests and demonstrations.
    pub testing: TestingOverrides,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            issuer: "urn:vigie:embedded".to_owned(),
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            testing: TestingOverrides::default(),
        }
    }
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
    /// Password checks at once; each takes 19 MiB.
    pub password_workers: usize,
    /// Password checks that may wait beyond those.
    pub password_queue: usize,
    /// The largest body taken, in bytes.
    pub body_bytes: usize,
    /// How long a call may take.
    pub call_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            logins_per_minute_per_account_and_address: const { NonZeroU32::new(10).unwrap() },
            logins_per_minute_per_account: const { NonZeroU32::new(30).unwrap() },
            logins_per_minute_per_address: const { NonZeroU32::new(60).unwrap() },
            password_workers: std::thread::available_parallelism().map_or(2, usize::from),
            password_queue: 64,
            body_bytes: 256 * 1024,
            call_timeout: Duration::from_secs(20),
        }
    }
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
}

impl TestingOverrides {
    /// Whether any is set.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}
