//! What the stage's server makes of proofs of possession: an independent reading of RFC 9449, with the library that checks
//! signatures and nothing else of the keeper's.

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::ErrorCode;
use serde_json::{Value, json};

use super::problem;

/// Judges proofs, if it has a nonce to ask for.
#[derive(Default)]
pub struct Judge {
    pub nonce: Option<String>,
    /// Asks for another nonce whatever comes.
    pub asks_for_ever: bool,
    /// Refuses every proof.
    pub refuses: bool,
    pub asked: u32,
    pub judged: u32,
    pub seen: HashSet<String>,
}

impl Judge {
    /// The thumbprint of the proof's key; `None` where proofs are not judged.
    pub fn judge(&mut self, headers: &HeaderMap, path: &str) -> Result<Option<String>, Response> {
        let Some(nonce) = self.nonce.clone() else {
            return Ok(None);
        };
        let Some(proof) = headers.get("dpop") else {
            return Ok(None);
        };
        assert_eq!(headers.get_all("dpop").iter().count(), 1);
        let proof = proof.to_str().unwrap();
        let parts: Vec<&str> = proof.split('.').collect();
        let read =
            |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let (header, claims) = (read(parts[0]), read(parts[1]));
        self.judged += 1;
        assert_eq!(header["typ"], "dpop+jwt");
        assert_eq!(header["alg"], "ES256");
        assert_eq!(header["jwk"].as_object().unwrap().len(), 4);
        assert_eq!(claims["htm"], "POST");
        assert!(claims["htu"].as_str().unwrap().ends_with(path));
        let half = |name: &str| {
            URL_SAFE_NO_PAD
                .decode(header["jwk"][name].as_str().unwrap())
                .unwrap()
        };
        let point = [vec![4], half("x"), half("y")].concat();
        let signed = format!("{}.{}", parts[0], parts[1]);
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point)
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(parts[2]).unwrap())
            .unwrap();
        assert!(
            self.seen.insert(claims["jti"].as_str().unwrap().to_owned()),
            "no proof is sent twice"
        );
        if self.asks_for_ever || claims["nonce"] != json!(nonce) {
            self.asked += 1;
            let mut answer = problem(ErrorCode::UseDpopNonce);
            answer
                .headers_mut()
                .insert("dpop-nonce", HeaderValue::try_from(nonce).unwrap());
            return Err(answer);
        }
        if self.refuses {
            return Err(problem(ErrorCode::ProofInvalid));
        }
        let canonical = format!(
            "{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":{},\"y\":{}}}",
            header["jwk"]["x"], header["jwk"]["y"]
        );
        Ok(Some(
            URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes())),
        ))
    }
}
