//! Proof of possession (DPoP, RFC 9449): a key of this device signs every sign-in and refresh, so that a refresh token
//! alone is worth nothing elsewhere.
//!
//! The key is made once per device, at the first sign-in to a server that asks for such proofs, and stands in the keychain
//! beside the refresh tokens; signing out leaves it there. Where the keychain cannot be read, a key in memory serves until
//! it can: no record of a session counts as durable before the key it is bound to is.

mod key;
mod key_ring;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use http::{HeaderMap, HeaderValue, Request};
use keeper_core::{DeviceKey, KeyThumbprint, VaultFault};
use protocol::proof::{EMBEDDED_ORIGIN, NONCE, PROOF};

use self::key::{Claims, SigningKey};
use crate::journal::JournalFolder;
use crate::{Clock, ServerTarget, Vault};

/// A longer nonce is not believed to be one.
const LONGEST_NONCE: usize = 512;

/// Signs this device's proofs.
#[derive(Default)]
pub(crate) struct Prover {
    keys: Mutex<Vec<Held>>,
    nonce: ArcSwapOption<String>,
}

#[derive(Clone)]
struct Held {
    key: Arc<SigningKey>,
    place: Place,
}

/// Where a key is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Keychain,
    MemoryOnly,
}

impl Prover {
    /// The key to sign in with: the device's own, or one in memory where the keychain has none yet or cannot be read.
    /// `None` where no key can be made.
    pub(crate) async fn key_to_sign_in(&self, vault: &dyn Vault) -> Option<KeyThumbprint> {
        match key_ring::read(vault).await {
            Ok(ring) => {
                let own = ring.first().map(|key| key.thumbprint());
                self.hold_ring(ring);
                if own.is_some() {
                    return own;
                }
            }
            Err(fault) => tracing::info!(%fault, "the device's key cannot be read: one in memory serves"),
        }
        let held = self.held().first().map(|held| held.key.thumbprint());
        held.or_else(|| {
            let fresh = SigningKey::generate()?;
            let thumbprint = fresh.thumbprint();
            self.hold_all(vec![fresh], Place::MemoryOnly);
            Some(thumbprint)
        })
    }

    /// Whether this key is at hand; the keychain is asked only for one that is not in memory.
    ///
    /// # Errors
    /// [`VaultFault`] where the keychain cannot say.
    pub(crate) async fn find(&self, key: KeyThumbprint, vault: &dyn Vault) -> Result<DeviceKey, VaultFault> {
        if self.get(key).is_none() {
            self.hold_ring(key_ring::read(vault).await?);
        }
        Ok(match self.get(key) {
            Some(_) => DeviceKey::AtHand,
            None => DeviceKey::Lost,
        })
    }

    /// Makes a key that is in memory only durable. One that is not in memory is another process's care.
    ///
    /// # Errors
    /// [`VaultFault`] where the keychain does not take it.
    pub(crate) async fn keep(
        &self,
        key: KeyThumbprint,
        vault: &dyn Vault,
        journals: &JournalFolder,
    ) -> Result<(), VaultFault> {
        let Some(held) = self.get(key).filter(|held| held.place == Place::MemoryOnly) else {
            return Ok(());
        };
        key_ring::add(vault, journals, &held.key).await?;
        for held in self.held().iter_mut().filter(|held| held.key.thumbprint() == key) {
            held.place = Place::Keychain;
        }
        Ok(())
    }

    /// Puts a proof for this very sending on the request. Without the key nothing is added: the server then says what
    /// it thinks of that.
    pub(crate) fn sign<T>(
        &self,
        key: KeyThumbprint,
        request: &mut Request<T>,
        server: &ServerTarget,
        clock: &dyn Clock,
    ) {
        let nonce = self.nonce.load_full();
        let proof = self.get(key).and_then(|held| {
            let address = address(server, request.uri().path());
            held.key.proof(&Claims {
                jti: uuid::Uuid::new_v4().to_string(),
                htm: request.method().as_str(),
                htu: &address,
                iat: clock.wall_ms().div_euclid(1_000),
                nonce: nonce.as_deref().map(String::as_str),
            })
        });
        if let Some(mut value) = proof.and_then(|proof| HeaderValue::try_from(proof).ok()) {
            value.set_sensitive(true);
            request.headers_mut().insert(PROOF, value);
        }
    }

    /// Takes the server's nonce in from any answer of its.
    pub(crate) fn learn(&self, headers: &HeaderMap) {
        let Some(nonce) = headers.get(NONCE).and_then(|nonce| nonce.to_str().ok()) else {
            return;
        };
        if (1..=LONGEST_NONCE).contains(&nonce.len())
            && self.nonce.load().as_deref().is_none_or(|known| known != nonce)
        {
            self.nonce.store(Some(Arc::new(nonce.to_owned())));
        }
    }

    /// Takes in what the keychain holds. A key that it held and holds no more is in memory only.
    fn hold_ring(&self, ring: Vec<SigningKey>) {
        for held in self.held().iter_mut() {
            held.place = Place::MemoryOnly;
        }
        self.hold_all(ring, Place::Keychain);
    }

    fn hold_all(&self, keys: Vec<SigningKey>, place: Place) {
        let mut held = self.held();
        for key in keys {
            match held
                .iter_mut()
                .find(|other| other.key.thumbprint() == key.thumbprint())
            {
                Some(known) => known.place = place,
                None => held.push(Held {
                    key: Arc::new(key),
                    place,
                }),
            }
        }
    }

    fn get(&self, key: KeyThumbprint) -> Option<Held> {
        self.held()
            .iter()
            .find(|held| held.key.thumbprint() == key)
            .cloned()
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Vec<Held>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address that a proof names: without query and fragment (RFC 9449 §4.2). The server inside the app has one that no
/// server in the network has.
fn address(server: &ServerTarget, path: &str) -> String {
    match server {
        ServerTarget::Embedded => format!("{EMBEDDED_ORIGIN}{path}"),
        ServerTarget::Origin(_) => format!("{}{path}", server.name()),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use http::{HeaderMap, Request};
    use keeper_core::{DeviceKey, VaultFault};
    use serde_json::Value;

    use super::{Prover, address, key_ring};
    use crate::journal::JournalFolder;
    use crate::vault::{MemoryVault, Vault};
    use crate::{BoottimeClock, ServerTarget};

    fn claims(request: &Request<()>) -> (String, Value) {
        let proof = request.headers()["dpop"].to_str().unwrap().to_owned();
        let part = proof.split('.').nth(1).unwrap();
        let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        (proof, claims)
    }

    fn post(path: &str) -> Request<()> {
        Request::post(path).body(()).unwrap()
    }

    #[tokio::test]
    async fn every_sending_has_a_proof_of_its_own_with_the_last_nonce() {
        let (prover, vault) = (Prover::default(), MemoryVault::new());
        let key = prover.key_to_sign_in(&vault).await.unwrap();
        let server = ServerTarget::parse("https://Vigie.example:443").unwrap();
        let mut seen = Vec::new();
        for nonce in [None, Some("n1"), Some("n2")] {
            if let Some(nonce) = nonce {
                let mut headers = HeaderMap::new();
                headers.insert("dpop-nonce", nonce.parse().unwrap());
                prover.learn(&headers);
                prover.learn(&HeaderMap::new());
            }
            for _ in 0..2 {
                let mut request = post("/v1/auth/refresh?x=1");
                prover.sign(key, &mut request, &server, &BoottimeClock::new());
                let (proof, claims) = claims(&request);
                assert_eq!(claims["nonce"].as_str(), nonce);
                assert_eq!(
                    (claims["htm"].as_str(), claims["htu"].as_str()),
                    (Some("POST"), Some("https://vigie.example/v1/auth/refresh"))
                );
                assert!(claims["iat"].as_i64().unwrap() > 1_700_000_000);
                seen.push((proof, claims["jti"].as_str().unwrap().to_owned()));
            }
        }
        seen.sort();
        seen.dedup_by(|a, b| a.1 == b.1);
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn the_server_inside_has_an_address_of_its_own() {
        assert_eq!(
            address(&ServerTarget::Embedded, "/v1/auth/refresh"),
            "http://vigie.embedded/v1/auth/refresh"
        );
    }

    #[tokio::test]
    async fn two_processes_of_a_device_have_one_key_and_it_is_durable_before_it_counts() {
        let vault = MemoryVault::new();
        let folder = tempfile::tempdir().unwrap();
        let journals = JournalFolder::open(folder.path()).unwrap();
        let (first, second) = (Prover::default(), Prover::default());
        let key = first.key_to_sign_in(&vault).await.unwrap();
        assert_eq!(second.find(key, &vault).await, Ok(DeviceKey::Lost));
        first.keep(key, &vault, &journals).await.unwrap();
        assert_eq!(second.find(key, &vault).await, Ok(DeviceKey::AtHand));
        assert_eq!(second.key_to_sign_in(&vault).await, Some(key));
        let writes = vault.writes();
        second.keep(key, &vault, &journals).await.unwrap();
        first.keep(key, &vault, &journals).await.unwrap();
        assert_eq!(vault.writes(), writes, "what is kept is not written again");
    }

    #[tokio::test]
    async fn a_key_made_while_the_keychain_was_away_is_kept_beside_the_devices_own() {
        let vault = MemoryVault::new();
        let folder = tempfile::tempdir().unwrap();
        let journals = JournalFolder::open(folder.path()).unwrap();
        let before = Prover::default();
        let own = before.key_to_sign_in(&vault).await.unwrap();
        before.keep(own, &vault, &journals).await.unwrap();

        vault.fail(Some(VaultFault::Locked));
        let prover = Prover::default();
        let spare = prover.key_to_sign_in(&vault).await.unwrap();
        assert_ne!(spare, own);
        assert_eq!(
            prover.keep(spare, &vault, &journals).await,
            Err(VaultFault::Locked)
        );
        assert_eq!(prover.find(own, &vault).await, Err(VaultFault::Locked));
        vault.fail(None);
        prover.keep(spare, &vault, &journals).await.unwrap();

        let after = Prover::default();
        assert_eq!(after.find(spare, &vault).await, Ok(DeviceKey::AtHand));
        assert_eq!(after.key_to_sign_in(&vault).await, Some(own));
    }

    #[tokio::test]
    async fn a_key_that_is_gone_is_known_to_be_and_its_call_goes_out_bare() {
        let vault = MemoryVault::new();
        let folder = tempfile::tempdir().unwrap();
        let journals = JournalFolder::open(folder.path()).unwrap();
        let first = Prover::default();
        let key = first.key_to_sign_in(&vault).await.unwrap();
        first.keep(key, &vault, &journals).await.unwrap();
        vault.secret_delete(key_ring::NAME).await.unwrap();
        let second = Prover::default();
        assert_eq!(second.find(key, &vault).await, Ok(DeviceKey::Lost));
        let mut request = post("/v1/auth/refresh");
        second.sign(key, &mut request, &ServerTarget::Embedded, &BoottimeClock::new());
        assert!(request.headers().is_empty());
    }
}
