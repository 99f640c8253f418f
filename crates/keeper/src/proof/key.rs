//! One P-256 key and the proofs that it signs (RFC 9449 §4.2, ES256 of RFC 7518 §3.4).

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keeper_core::KeyThumbprint;
use serde::Serialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Length of a P-256 coordinate, in bytes.
const COORDINATE: usize = 32;
/// An uncompressed point begins so (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A private key. The library wipes its memory when it is dropped.
pub(super) struct SigningKey {
    pair: EcdsaKeyPair,
    jwk: Jwk,
    thumbprint: KeyThumbprint,
}

/// The public half (RFC 7517). The members stand in the order in which a thumbprint is taken (RFC 7638 §3.2).
#[derive(Clone, Serialize)]
struct Jwk {
    crv: &'static str,
    kty: &'static str,
    x: String,
    y: String,
}

#[derive(Serialize)]
struct Header<'a> {
    typ: &'static str,
    alg: &'static str,
    jwk: &'a Jwk,
}

/// What a proof says.
#[derive(Serialize)]
pub(super) struct Claims<'a> {
    pub(super) jti: String,
    pub(super) htm: &'a str,
    pub(super) htu: &'a str,
    pub(super) iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<&'a str>,
}

impl SigningKey {
    /// A new one; `None` where the system gives no randomness.
    pub(super) fn generate() -> Option<Self> {
        Self::of(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?)
    }

    /// Reads one back from PKCS #8.
    pub(super) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        Self::of(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok()?)
    }

    fn of(pair: EcdsaKeyPair) -> Option<Self> {
        let (form, point) = pair.public_key().as_ref().split_first()?;
        if *form != UNCOMPRESSED || point.len() != 2 * COORDINATE {
            return None;
        }
        let (x, y) = point.split_at(COORDINATE);
        let jwk = Jwk {
            crv: "P-256",
            kty: "EC",
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        };
        let digest = Sha256::digest(serde_json::to_vec(&jwk).ok()?);
        Some(Self {
            thumbprint: KeyThumbprint::from_bytes(digest.into()),
            pair,
            jwk,
        })
    }

    /// The private key as PKCS #8.
    pub(super) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        let document = self.pair.to_pkcs8v1().ok()?;
        Some(Zeroizing::new(document.as_ref().to_vec()))
    }

    pub(super) fn thumbprint(&self) -> KeyThumbprint {
        self.thumbprint
    }

    /// A signed proof.
    pub(super) fn proof(&self, claims: &Claims<'_>) -> Option<String> {
        let header = Header {
            typ: "dpop+jwt",
            alg: "ES256",
            jwk: &self.jwk,
        };
        let mut text = part(&header)?;
        text.push('.');
        text.push_str(&part(claims)?);
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).ok()?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut text);
        Some(text)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.thumbprint).finish()
    }
}

fn part<T: Serialize>(value: &T) -> Option<String> {
    serde_json::to_vec(value)
        .ok()
        .map(|json| URL_SAFE_NO_PAD.encode(json))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::Value;
    use sha2::{Digest, Sha256};

    use super::{Claims, SigningKey};

    fn claims() -> Claims<'static> {
        Claims {
            jti: "j".to_owned(),
            htm: "POST",
            htu: "https://vigie.example/v1/auth/login",
            iat: 1_562_262_616,
            nonce: Some("n"),
        }
    }

    fn decoded(part: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(part).unwrap()
    }

    #[test]
    fn a_proof_is_signed_by_the_key_that_it_carries() {
        let key = SigningKey::generate().unwrap();
        let proof = key.proof(&claims()).unwrap();
        let parts: Vec<&str> = proof.split('.').collect();
        let header: Value = serde_json::from_slice(&decoded(parts[0])).unwrap();
        assert_eq!(
            (header["typ"].as_str(), header["alg"].as_str()),
            (Some("dpop+jwt"), Some("ES256"))
        );
        let jwk = header["jwk"].as_object().unwrap();
        assert_eq!(jwk.len(), 4, "no private part: {jwk:?}");
        let mut point = vec![4];
        point.extend(decoded(jwk["x"].as_str().unwrap()));
        point.extend(decoded(jwk["y"].as_str().unwrap()));
        let signed = format!("{}.{}", parts[0], parts[1]);
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point)
            .verify(signed.as_bytes(), &decoded(parts[2]))
            .unwrap();
        let canonical = format!(
            "{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":{},\"y\":{}}}",
            jwk["x"], jwk["y"]
        );
        let digest: [u8; 32] = Sha256::digest(canonical).into();
        assert_eq!(*key.thumbprint().as_bytes(), digest);
    }

    #[test]
    fn a_key_comes_back_from_its_stored_form_as_it_was() {
        let key = SigningKey::generate().unwrap();
        let back = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(back.thumbprint(), key.thumbprint());
        assert!(SigningKey::from_pkcs8(b"nonsense").is_none());
    }

    #[test]
    fn nothing_of_the_key_is_shown() {
        let key = SigningKey::generate().unwrap();
        let shown = format!("{key:?}");
        assert!(shown.starts_with("SigningKey(") && shown.len() < 24, "{shown}");
    }
}
