//! Proofs that a caller holds its device's key (DPoP, RFC 9449): a stolen refresh token is worth nothing without it.
//!
//! A proof needs a nonce of this server's, so the clock of the device that made it does not matter.

mod address;
mod jwt;
mod nonce;
mod seen;

use axum::extract::FromRequestParts;
use http::HeaderName;
use http::header::HOST;
use http::request::Parts;
use protocol::ErrorCode;
use store::Millis;

pub use address::KnownAs;

use self::jwt::{Defect, Unverified};
use self::nonce::Nonces;
use self::seen::SeenProofs;
use crate::failure::Failure;
use crate::keys::Keys;

/// The header that carries a proof.
const PROOF: HeaderName = HeaderName::from_static("dpop");

/// The header that carries the nonce for the next proof.
pub(crate) const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// RFC 7638 SHA-256 thumbprint of a device's public key.
pub(crate) type DeviceKey = [u8; 32];

/// The calls that take a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Signing in: a proof binds the session to its key.
    Login,
    /// Renewing: a bound session needs one.
    Refresh,
}

impl Endpoint {
    /// The call with this path, if it takes a proof.
    pub(crate) fn at(path: &str) -> Option<Self> {
        [Self::Login, Self::Refresh]
            .into_iter()
            .find(|endpoint| endpoint.path() == path)
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Login => "/v1/auth/login",
            Self::Refresh => "/v1/auth/refresh",
        }
    }
}

/// What came with a call in place of a proof, not looked at yet.
#[derive(Debug)]
pub(crate) struct Offered {
    texts: Vec<Option<String>>,
    authority: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Offered {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let texts = parts
            .headers
            .get_all(PROOF)
            .iter()
            .map(|value| value.to_str().ok().map(str::to_owned))
            .collect();
        let authority = parts.uri.authority().map(ToString::to_string).or_else(|| {
            let host = parts.headers.get(HOST)?.to_str().ok()?;
            Some(host.to_owned())
        });
        Ok(Self { texts, authority })
    }
}

/// Judges proofs; one for each process.
pub(crate) struct Proofs {
    nonces: Nonces,
    seen: SeenProofs,
    known_as: KnownAs,
}

impl Proofs {
    pub(crate) fn new(keys: &Keys, known_as: KnownAs) -> Self {
        Self {
            nonces: Nonces::new(keys),
            seen: SeenProofs::default(),
            known_as,
        }
    }

    /// The nonce for the next proof; the same for every process of a site, for as long as five minutes.
    pub(crate) fn fresh_nonce(&self, now: Millis) -> String {
        self.nonces.fresh(now)
    }

    /// The key whose possession was proved, `None` where no proof came. A bad proof is refused, never overlooked.
    ///
    /// # Errors
    /// [`ErrorCode::UseDpopNonce`], [`ErrorCode::ProofInvalid`]
    pub(crate) fn judge(
        &self,
        offered: &Offered,
        endpoint: Endpoint,
        now: Millis,
    ) -> Result<Option<DeviceKey>, Failure> {
        let text = match offered.texts.as_slice() {
            [] => return Ok(None),
            [Some(text)] => text,
            [None] => return Err(invalid(Defect::Garbled)),
            _ => return Err(invalid(Defect::Several)),
        };
        let unverified = Unverified::read(text).map_err(invalid)?;
        let Some(bucket) = unverified
            .nonce()
            .and_then(|nonce| self.nonces.bucket_of(nonce, now))
        else {
            return Err(Failure::new(ErrorCode::UseDpopNonce));
        };
        if unverified.method() != "POST" {
            return Err(invalid(Defect::Method));
        }
        if !self.known_as.matches(
            unverified.address(),
            offered.authority.as_deref(),
            endpoint.path(),
        ) {
            return Err(invalid(Defect::Address));
        }
        let proof = unverified.verified().map_err(invalid)?;
        if self.seen.note(bucket, &proof) {
            Ok(Some(proof.key))
        } else {
            Err(invalid(Defect::Repeated))
        }
    }
}

fn invalid(defect: Defect) -> Failure {
    Failure::new(ErrorCode::ProofInvalid)
        .detail(defect.to_string())
        .because(&defect)
}

#[cfg(test)]
pub(crate) mod device;

#[cfg(test)]
mod tests {
    use protocol::ErrorCode;

    use super::device::Device;
    use super::{Endpoint, KnownAs, Offered, Proofs};
    use crate::keys::Keys;

    const NOW: i64 = 1_790_000_000_000;
    const MINUTE: i64 = 60_000;

    fn proofs(keys: &Keys) -> Proofs {
        Proofs::new(keys, KnownAs::Address("https://vigie.example".to_owned()))
    }

    fn offered(text: &str) -> Offered {
        Offered {
            texts: vec![Some(text.to_owned())],
            authority: Some("10.0.0.1:8443".to_owned()),
        }
    }

    fn code(proofs: &Proofs, text: &str, now: i64) -> Option<ErrorCode> {
        proofs
            .judge(&offered(text), Endpoint::Refresh, now)
            .err()
            .map(|failure| failure.code())
    }

    const REFRESH: &str = "https://vigie.example/v1/auth/refresh";

    #[test]
    fn a_good_proof_names_its_key_once() {
        let proofs = proofs(&Keys::generate().unwrap());
        let device = Device::new();
        let proof = device.proof(REFRESH, &proofs.fresh_nonce(NOW));
        let key = proofs.judge(&offered(&proof), Endpoint::Refresh, NOW).unwrap();
        assert_eq!(key, Some(device.thumbprint()));
        assert_eq!(code(&proofs, &proof, NOW), Some(ErrorCode::ProofInvalid));
    }

    #[test]
    fn no_proof_is_no_failure_and_two_are_one_too_many() {
        let proofs = proofs(&Keys::generate().unwrap());
        let mut none = offered("");
        none.texts.clear();
        assert_eq!(proofs.judge(&none, Endpoint::Login, NOW).unwrap(), None);
        let proof = Device::new().proof(REFRESH, &proofs.fresh_nonce(NOW));
        let mut two = offered(&proof);
        two.texts.push(Some(proof));
        let refused = proofs.judge(&two, Endpoint::Refresh, NOW).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ProofInvalid);
    }

    #[test]
    fn a_nonce_of_another_process_with_the_same_keys_is_good() {
        let keys = Keys::generate().unwrap();
        let nonce = proofs(&keys).fresh_nonce(NOW);
        let proof = Device::new().proof(REFRESH, &nonce);
        assert_eq!(code(&proofs(&keys), &proof, NOW), None);
    }

    #[test]
    fn without_a_nonce_of_ours_one_is_asked_for() {
        let keys = Keys::generate().unwrap();
        let proofs = proofs(&keys);
        let device = Device::new();
        let foreign = super::nonce::Nonces::new(&Keys::generate().unwrap()).fresh(NOW);
        for nonce in [None, Some(""), Some("x"), Some(foreign.as_str())] {
            let claims = device.claims(REFRESH, nonce);
            assert_eq!(
                code(&proofs, &device.sign(&claims), NOW),
                Some(ErrorCode::UseDpopNonce),
                "{nonce:?}"
            );
        }
        let old = device.proof(REFRESH, &proofs.fresh_nonce(NOW));
        assert_eq!(
            code(&proofs, &old, NOW + 10 * MINUTE),
            Some(ErrorCode::UseDpopNonce)
        );
    }

    #[test]
    fn the_devices_clock_does_not_matter() {
        let proofs = proofs(&Keys::generate().unwrap());
        let device = Device::new();
        for iat in [0, 1, 4_000_000_000_i64] {
            let mut claims = device.claims(REFRESH, Some(&proofs.fresh_nonce(NOW)));
            claims["iat"] = iat.into();
            assert_eq!(code(&proofs, &device.sign(&claims), NOW), None, "{iat}");
        }
    }

    #[test]
    fn a_proof_for_another_call_or_server_is_refused() {
        let proofs = proofs(&Keys::generate().unwrap());
        let device = Device::new();
        for (address, method) in [
            ("https://vigie.example/v1/auth/login", "POST"),
            ("https://other.example/v1/auth/refresh", "POST"),
            ("https://10.0.0.1:8443/v1/auth/refresh", "POST"),
            ("http://vigie.example/v1/auth/refresh", "POST"),
            (REFRESH, "GET"),
            (REFRESH, "post"),
        ] {
            let mut claims = device.claims(address, Some(&proofs.fresh_nonce(NOW)));
            claims["htm"] = method.into();
            assert_eq!(
                code(&proofs, &device.sign(&claims), NOW),
                Some(ErrorCode::ProofInvalid),
                "{address} {method}"
            );
        }
    }
}
