//! A keeper that is signed in at the answering server, as the app would have it, but for a keychain in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use keeper::{
    BoottimeClock, Clock, Device, HttpTransport, Keeper, KeeperConfig, ServerTarget, Trust, Vault,
    VigieProfile,
};
use keeper_core::{Knobs, Moment, VaultFault};
use protocol::auth::DeviceKind;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::answering::AnsweringServer;
use crate::failure::{Doing as _, Failure};

/// What requests of the measurements call themselves.
pub(crate) const USER_AGENT: &str = "vigie-bench";

/// A signed-in keeper, and the clock that it goes by.
pub(crate) struct SignedIn {
    /// The keeper.
    pub(crate) keeper: Keeper,
    /// Its clock.
    pub(crate) clock: Arc<ShiftedClock>,
    _folder: tempfile::TempDir,
}

/// Opens a keeper towards this server and signs in.
pub(crate) async fn sign_in(server: &AnsweringServer) -> Result<SignedIn, Failure> {
    let target = ServerTarget::parse(&server.origin()).doing("reading the server's address")?;
    let origin = url::Url::parse(&server.origin()).doing("reading the server's address")?;
    let folder = tempfile::tempdir().doing("making a folder")?;
    let clock = Arc::new(ShiftedClock::default());
    let config = KeeperConfig {
        server: target,
        profile: Arc::new(VigieProfile::new()),
        transport: Arc::new(
            HttpTransport::new(&origin, &Trust::System, USER_AGENT).doing("setting the transport up")?,
        ),
        vault: Arc::new(VaultInMemory::default()),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        folder: folder.path().to_owned(),
        device: Device {
            name: "bench".to_owned(),
            kind: DeviceKind::Till,
            user_agent: USER_AGENT.to_owned(),
        },
        knobs: Knobs::default(),
    };
    let keeper = Keeper::open(config).await.doing("opening the keeper")?;
    keeper.settled().await;
    let password = SecretString::from("any password is good here");
    keeper.sign_in("camille", password).await.doing("signing in")?;
    Ok(SignedIn {
        keeper,
        clock,
        _folder: folder,
    })
}

/// The operating system's clock, which can be set ahead.
#[derive(Debug, Default)]
pub(crate) struct ShiftedClock {
    clock: BoottimeClock,
    ahead_ms: AtomicU64,
}

impl ShiftedClock {
    /// Lets this much more time have passed.
    pub(crate) fn advance_ms(&self, ms: u64) {
        self.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }

    fn shifted(&self, moment: Moment) -> Moment {
        Moment::from_ms(moment.as_ms() + self.ahead_ms.load(Ordering::Relaxed))
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Moment {
        self.shifted(self.clock.now())
    }

    fn awake(&self) -> Moment {
        self.shifted(self.clock.awake())
    }

    fn wall_ms(&self) -> i64 {
        self.clock.wall_ms()
    }

    fn boot_id(&self) -> String {
        self.clock.boot_id()
    }
}

/// Stands in for the keychain, which no measurement here touches once the sign-in is over.
#[derive(Default)]
pub(crate) struct VaultInMemory(Mutex<BTreeMap<String, SecretSlice<u8>>>);

#[async_trait]
impl Vault for VaultInMemory {
    async fn secret_read(&self, name: &str) -> Result<Option<SecretSlice<u8>>, VaultFault> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(entries
            .get(name)
            .map(|secret| SecretSlice::from(secret.expose_secret().to_vec())))
    }

    async fn secret_write(&self, name: &str, secret: SecretSlice<u8>) -> Result<(), VaultFault> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.insert(name.to_owned(), secret);
        Ok(())
    }

    async fn secret_delete(&self, name: &str) -> Result<(), VaultFault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }
}
