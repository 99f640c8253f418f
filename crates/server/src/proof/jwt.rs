//! The proof itself: a JWT of type `dpop+jwt`, signed with ES256 by the key that it carries (RFC 9449 §4.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters, EllipticCurveKeyType,
    Jwk, ThumbprintHash,
};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use thiserror::Error;

use super::DeviceKey;

/// A proof with a nonce has some 500 characters.
const LONGEST: usize = 4_096;

const LONGEST_ID: usize = 128;

/// Length of a P-256 coordinate and of each half of a signature, in bytes (RFC 7518 §6.2.1.2, §3.4).
const COORDINATE: usize = 32;

/// What is wrong with a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Defect {
    #[error("the proof is no signed JWT of type dpop+jwt with jti, htm, htu and iat")]
    Garbled,
    #[error("more than one proof")]
    Several,
    #[error("the proof's key is no public P-256 key")]
    Key,
    #[error("the proof is not signed with ES256")]
    Algorithm,
    #[error("the proof is for another method")]
    Method,
    #[error("the proof is for another address than this server is known by")]
    Address,
    #[error("the proof's signature is not that of its key")]
    Signature,
    #[error("the proof was used before")]
    Repeated,
}

/// A proof whose signature is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    /// Whose.
    pub(super) key: DeviceKey,
    /// Its own id.
    pub(super) id: String,
}

/// A proof that was read and not yet verified.
#[derive(Debug)]
pub(super) struct Unverified<'a> {
    jwk: Jwk,
    claims: Claims,
    signed: &'a str,
    signature: &'a str,
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: PublicKey,
    #[serde(default)]
    crit: Option<IgnoredAny>,
}

/// Members that only a private or a symmetric key has are named in order to refuse them.
#[derive(Deserialize)]
struct PublicKey {
    kty: String,
    crv: String,
    x: String,
    y: String,
    #[serde(default)]
    d: Option<IgnoredAny>,
    #[serde(default)]
    k: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    #[serde(rename = "iat")]
    _iat: serde_json::Number,
    #[serde(default)]
    nonce: Option<String>,
}

impl<'a> Unverified<'a> {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`Defect::Garbled`], [`Defect::Algorithm`], [`Defect::Key`]
    pub(super) fn read(text: &'a str) -> Result<Self, Defect> {
        if text.len() > LONGEST {
            return Err(Defect::Garbled);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Defect::Garbled)?;
        let (header, claims) = signed.split_once('.').ok_or(Defect::Garbled)?;
        let header: Header = part(header)?;
        let claims: Claims = part(claims)?;
        if header.typ != "dpop+jwt" || header.crit.is_some() || !(1..=LONGEST_ID).contains(&claims.jti.len())
        {
            return Err(Defect::Garbled);
        }
        if header.alg != "ES256" {
            return Err(Defect::Algorithm);
        }
        if decoded(signature).map_or(0, |bytes| bytes.len()) != 2 * COORDINATE {
            return Err(Defect::Signature);
        }
        Ok(Self {
            jwk: public_key(header.jwk)?,
            claims,
            signed,
            signature,
        })
    }

    pub(super) fn nonce(&self) -> Option<&str> {
        self.claims.nonce.as_deref()
    }

    pub(super) fn method(&self) -> &str {
        &self.claims.htm
    }

    pub(super) fn address(&self) -> &str {
        &self.claims.htu
    }

    /// Verifies the signature.
    ///
    /// # Errors
    /// [`Defect::Signature`], or [`Defect::Key`] where the point is not on the curve.
    pub(super) fn verified(self) -> Result<Proof, Defect> {
        let key = DecodingKey::from_jwk(&self.jwk).map_err(|_| Defect::Key)?;
        match crypto::verify(self.signature, self.signed.as_bytes(), &key, Algorithm::ES256) {
            Ok(true) => Ok(Proof {
                key: thumbprint(&self.jwk).ok_or(Defect::Key)?,
                id: self.claims.jti,
            }),
            Ok(false) => Err(Defect::Signature),
            Err(_) => Err(Defect::Key),
        }
    }
}

fn public_key(key: PublicKey) -> Result<Jwk, Defect> {
    let is_coordinate = |text: &str| decoded(text).is_some_and(|bytes| bytes.len() == COORDINATE);
    let is_public = key.d.is_none() && key.k.is_none();
    if key.kty != "EC" || key.crv != "P-256" || !is_public || !is_coordinate(&key.x) || !is_coordinate(&key.y)
    {
        return Err(Defect::Key);
    }
    Ok(Jwk {
        common: CommonParameters::default(),
        algorithm: AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
            key_type: EllipticCurveKeyType::EC,
            curve: EllipticCurve::P256,
            x: key.x,
            y: key.y,
        }),
    })
}

fn thumbprint(jwk: &Jwk) -> Option<DeviceKey> {
    let text = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
    decoded(&text)?.try_into().ok()
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, Defect> {
    let bytes = decoded(text).ok_or(Defect::Garbled)?;
    serde_json::from_slice(&bytes).map_err(|_| Defect::Garbled)
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
    use proptest::prelude::{any, prop_assert, proptest};
    use serde_json::json;

    use super::super::device::{Device, encoded};
    use super::{Defect, Unverified, decoded};

    const HTU: &str = "https://vigie.example/v1/auth/refresh";

    /// RFC 9449 §4.1, the figure "Example DPoP Proof".
    const RFC_9449: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    fn defect(text: &str) -> Option<Defect> {
        Unverified::read(text).and_then(Unverified::verified).err()
    }

    #[test]
    fn the_example_of_rfc_9449_is_read_and_its_thumbprint_is_the_one_printed_there() {
        let unverified = Unverified::read(RFC_9449).unwrap();
        assert_eq!(
            (unverified.method(), unverified.address(), unverified.nonce()),
            ("POST", "https://server.example.com/token", None)
        );
        let proof = unverified.verified().unwrap();
        assert_eq!(proof.id, "-BwC3ESc6acc2lTc");
        // RFC 9449 §6.1, the confirmation claim `jkt`.
        assert_eq!(
            proof.key.as_slice(),
            decoded("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap()
        );
    }

    /// RFC 7638 §3.1.
    #[test]
    fn the_library_computes_thumbprints_as_rfc_7638_does() {
        let jwk: Jwk = serde_json::from_value(json!({
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            "e": "AQAB",
            "alg": "RS256",
            "kid": "2011-04-29"
        }))
        .unwrap();
        assert_eq!(
            jwk.thumbprint(ThumbprintHash::SHA256).unwrap(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }

    #[test]
    fn every_one_bit_change_is_refused() {
        let device = Device::new();
        let proof = device.proof(HTU, "nonce");
        assert_eq!(defect(&proof), None);
        for at in 0..proof.len() {
            for bit in 0..8 {
                let mut changed = proof.clone().into_bytes();
                changed[at] ^= 1 << bit;
                let Ok(text) = String::from_utf8(changed) else {
                    continue;
                };
                assert!(defect(&text).is_some(), "bit {bit} of {at}: {text}");
            }
        }
    }

    #[test]
    fn the_header_must_be_that_of_a_proof() {
        let device = Device::new();
        let claims = device.claims(HTU, Some("nonce"));
        let good = device.header();
        for (field, value, expected) in [
            ("typ", json!("JWT"), Defect::Garbled),
            ("typ", json!("DPOP+JWT"), Defect::Garbled),
            ("crit", json!(["b64"]), Defect::Garbled),
            ("jwk", json!(null), Defect::Garbled),
            ("alg", json!("none"), Defect::Algorithm),
            ("alg", json!("HS256"), Defect::Algorithm),
            ("alg", json!("ES384"), Defect::Algorithm),
            ("alg", json!("EdDSA"), Defect::Algorithm),
        ] {
            let mut header = good.clone();
            header[field] = value;
            assert_eq!(
                defect(&device.sign_as(&header, &claims)),
                Some(expected),
                "{header}"
            );
        }
        assert_eq!(defect(&device.sign_as(&good, &claims)), None);
    }

    #[test]
    fn the_key_must_be_a_public_one_on_the_curve() {
        let device = Device::new();
        let claims = device.claims(HTU, Some("nonce"));
        let zeroes = encoded(&[0_u8; 32]);
        let other_x = Device::new().header()["jwk"]["x"].clone();
        for (field, value, expected) in [
            ("d", json!(zeroes), Defect::Key),
            ("k", json!("secret"), Defect::Key),
            ("kty", json!("oct"), Defect::Key),
            ("crv", json!("P-384"), Defect::Key),
            ("x", json!(encoded(&[1_u8; 31])), Defect::Key),
            ("y", json!(encoded(&[1_u8; 33])), Defect::Key),
            ("x", json!("*"), Defect::Key),
            ("x", other_x, Defect::Signature),
            ("x", json!(zeroes), Defect::Signature),
        ] {
            let mut header = device.header();
            header["jwk"][field] = value;
            let found = defect(&device.sign_as(&header, &claims));
            assert_eq!(found, Some(expected), "{header}");
        }
    }

    #[test]
    fn every_claim_is_needed_and_of_its_type() {
        let device = Device::new();
        for field in ["jti", "htm", "htu", "iat"] {
            let mut claims = device.claims(HTU, Some("nonce"));
            claims.as_object_mut().unwrap().remove(field);
            assert_eq!(defect(&device.sign(&claims)), Some(Defect::Garbled), "{field}");
            claims[field] = json!(["x"]);
            assert_eq!(defect(&device.sign(&claims)), Some(Defect::Garbled), "{field}");
        }
        let mut claims = device.claims(HTU, Some("nonce"));
        for id in [String::new(), "x".repeat(129)] {
            claims["jti"] = json!(id);
            assert_eq!(defect(&device.sign(&claims)), Some(Defect::Garbled));
        }
    }

    #[test]
    fn a_member_that_stands_twice_is_refused() {
        let device = Device::new();
        let claims = device.claims(HTU, Some("nonce")).to_string();
        let twice = claims.replacen('{', r#"{"htm":"GET","#, 1);
        let text = device.sign_texts(&device.header().to_string(), &twice);
        assert_eq!(defect(&text), Some(Defect::Garbled));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_a_panic(text in any::<String>()) {
            prop_assert!(defect(&text).is_some());
        }

        #[test]
        fn any_three_parts_are_refused_without_a_panic(
            header in any::<Vec<u8>>(), claims in any::<Vec<u8>>(), signature in any::<Vec<u8>>()
        ) {
            let text = format!("{}.{}.{}", encoded(&header), encoded(&claims), encoded(&signature));
            prop_assert!(defect(&text).is_some());
        }

        #[test]
        fn any_signature_over_a_good_proof_is_refused(signature in any::<[u8; 64]>()) {
            let proof = Device::new().proof(HTU, "nonce");
            let (signed, _) = proof.rsplit_once('.').unwrap();
            let forged = format!("{signed}.{}", encoded(&signature));
            prop_assert!(defect(&forged).is_some());
        }

        #[test]
        fn any_header_and_claims_with_a_good_signature_do_not_panic(header in ".*", claims in ".*") {
            let _ = defect(&Device::new().sign_texts(&header, &claims));
        }
    }
}
