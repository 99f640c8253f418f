//! Access tokens: short-lived signed JWTs (RFC 9068, Ed25519 as EdDSA of RFC 8037), and the keys to verify them.

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use protocol::Secret;
use protocol::auth::OrganizationRole;
use serde::{Deserialize, Serialize};
use store::Millis;
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keys::Keys;

/// Who the tokens are for, and the client they are issued to (RFC 9068 §2.2).
pub const AUDIENCE: &str = "vigie";

const TYPE: &str = "at+jwt";

/// A PKCS #8 Ed25519 key is this header and then the 32 bytes of the seed (RFC 8410 §7).
const PKCS8_ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The Ed25519 key of this seed.
pub(crate) fn encoding_key(seed: &[u8; 32]) -> EncodingKey {
    let mut der = Zeroizing::new(Vec::with_capacity(PKCS8_ED25519.len() + 32));
    der.extend_from_slice(&PKCS8_ED25519);
    der.extend_from_slice(seed);
    EncodingKey::from_ed_der(&der)
}

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The server.
    pub iss: String,
    /// The user.
    pub sub: Uuid,
    /// Always [`AUDIENCE`].
    pub aud: String,
    /// Always [`AUDIENCE`].
    pub client_id: String,
    /// The end, in seconds since 1970.
    pub exp: i64,
    /// The beginning, in seconds since 1970.
    pub iat: i64,
    /// The token's own id.
    pub jti: Uuid,
    /// The session.
    pub sid: Uuid,
    /// The organisation.
    pub org: Uuid,
    /// The user's role there when the token was made; what counts is the role at the time of a request.
    pub org_role: OrganizationRole,
    /// Who acts as the user, where somebody else does (RFC 8693 §4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
}

/// Who acts as somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user.
    pub sub: Uuid,
    /// The session that it is done from.
    pub sid: Uuid,
}

/// What a new token is to say.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The user.
    pub user_id: Uuid,
    /// The session.
    pub session_id: Uuid,
    /// The organisation.
    pub organization_id: Uuid,
    /// The role there.
    pub role: OrganizationRole,
    /// Who acts as the user, where somebody else does.
    pub actor: Option<Actor>,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unacceptable {
    /// Not a token of this server.
    #[error("not a token of this server")]
    Foreign,
    /// It was good once.
    #[error("expired")]
    Expired,
}

/// A fault while signing: the keys are not what they should be.
#[derive(Debug, Error)]
#[error("access_token: {0}")]
pub struct SigningFault(#[from] jsonwebtoken::errors::Error);

struct VerifyingKey {
    kid: String,
    key: DecodingKey,
}

/// Signs and verifies access tokens.
pub struct AccessTokens {
    issuer: String,
    header: Header,
    signing: EncodingKey,
    verifying: Vec<VerifyingKey>,
    published: JwkSet,
    validation: Validation,
}

impl AccessTokens {
    /// Signs with the newest of the keys, verifies with all of them.
    ///
    /// # Errors
    /// [`SigningFault`] where a key is none.
    pub fn new(keys: &Keys, issuer: &str) -> Result<Self, SigningFault> {
        let mut verifying = Vec::new();
        let mut published = Vec::new();
        let mut current = None;
        for seed in &keys.signing_seeds {
            let signing = encoding_key(seed.expose());
            let mut jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA)?;
            let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
            jwk.common.key_id = Some(kid.clone());
            jwk.common.public_key_use = Some(PublicKeyUse::Signature);
            verifying.push(VerifyingKey {
                kid: kid.clone(),
                key: DecodingKey::from_jwk(&jwk)?,
            });
            published.push(jwk);
            current = Some((signing, kid));
        }
        let (signing, kid) = current
            .ok_or(jsonwebtoken::errors::ErrorKind::InvalidEddsaKey)
            .map_err(jsonwebtoken::errors::Error::from)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(kid);
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Expiry is judged by the server's own clock below, which a test can set.
        validation.validate_exp = false;
        let published = JwkSet { keys: published };
        Ok(Self {
            issuer: issuer.to_owned(),
            header,
            signing,
            verifying,
            published,
            validation,
        })
    }

    /// The public keys (RFC 7517).
    pub const fn published(&self) -> &JwkSet {
        &self.published
    }

    /// A new token that lives for `seconds`, and for what is left of the last one: its end is told in whole seconds, and a
    /// client that counts on all of its life must not be refused before.
    ///
    /// # Errors
    /// [`SigningFault`]
    pub fn sign(&self, subject: Subject, now: Millis, seconds: u32) -> Result<Secret, SigningFault> {
        let iat = now.div_euclid(1_000);
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: subject.user_id,
            aud: AUDIENCE.to_owned(),
            client_id: AUDIENCE.to_owned(),
            exp: now
                .saturating_add(i64::from(seconds) * 1_000)
                .saturating_add(999)
                .div_euclid(1_000),
            iat,
            jti: Uuid::new_v4(),
            sid: subject.session_id,
            org: subject.organization_id,
            org_role: subject.role,
            act: subject.actor,
        };
        Ok(Secret::new(encode(&self.header, &claims, &self.signing)?))
    }

    /// What a token says, if it is one of this server's and has not run out.
    ///
    /// # Errors
    /// See [`Unacceptable`].
    pub fn verify(&self, token: &str, now: Millis) -> Result<Claims, Unacceptable> {
        let header = decode_header(token).map_err(|_| Unacceptable::Foreign)?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(Unacceptable::Foreign);
        }
        let key = self
            .verifying
            .iter()
            .find(|key| Some(&key.kid) == header.kid.as_ref())
            .ok_or(Unacceptable::Foreign)?;
        let claims = decode::<Claims>(token, &key.key, &self.validation)
            .map_err(|_| Unacceptable::Foreign)?
            .claims;
        if claims.exp.saturating_mul(1_000) <= now {
            return Err(Unacceptable::Expired);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::AlgorithmParameters;
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use protocol::auth::OrganizationRole;
    use uuid::Uuid;

    use super::{AccessTokens, Actor, Algorithm, Claims, EncodingKey, Header, Subject, Unacceptable, encode};
    use crate::keys::Keys;

    const NOW: i64 = 1_700_000_000_000;

    fn subject() -> Subject {
        Subject {
            user_id: Uuid::from_u128(1),
            session_id: Uuid::from_u128(2),
            organization_id: Uuid::from_u128(3),
            role: OrganizationRole::User,
            actor: None,
        }
    }

    fn tokens() -> AccessTokens {
        AccessTokens::new(&Keys::generate().unwrap(), "https://vigie.example").unwrap()
    }

    #[test]
    fn what_is_signed_verifies_until_it_ends() {
        let tokens = tokens();
        let token = tokens.sign(subject(), NOW, 10).unwrap();
        let claims = tokens.verify(token.expose(), NOW + 9_999).unwrap();
        assert_eq!(
            (claims.sub, claims.sid, claims.org),
            (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3))
        );
        assert_eq!(
            tokens.verify(token.expose(), NOW + 10_000),
            Err(Unacceptable::Expired)
        );
    }

    #[test]
    fn who_acts_as_somebody_else_stands_in_the_token_and_nowhere_without() {
        let tokens = tokens();
        let claims = |actor| {
            let token = tokens.sign(Subject { actor, ..subject() }, NOW, 10).unwrap();
            let payload = token.expose().split('.').nth(1).unwrap().to_owned();
            (tokens.verify(token.expose(), NOW).unwrap(), payload)
        };
        let actor = Actor {
            sub: Uuid::from_u128(8),
            sid: Uuid::from_u128(9),
        };
        assert_eq!(claims(Some(actor)).0.act, Some(actor));
        let (plain, payload) = claims(None);
        assert_eq!(plain.act, None);
        let payload = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload).unwrap();
        let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert!(payload.get("act").is_none(), "{payload}");
    }

    #[test]
    fn a_token_made_within_a_second_lives_no_shorter_than_was_said() {
        let tokens = tokens();
        let token = tokens.sign(subject(), NOW + 900, 10).unwrap();
        assert!(tokens.verify(token.expose(), NOW + 10_899).is_ok());
    }

    #[test]
    fn the_header_follows_rfc_9068() {
        let header =
            jsonwebtoken::decode_header(tokens().sign(subject(), NOW, 10).unwrap().expose()).unwrap();
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        assert!(header.kid.is_some());
    }

    #[test]
    fn another_servers_token_is_foreign() {
        let token = tokens().sign(subject(), NOW, 10).unwrap();
        assert_eq!(tokens().verify(token.expose(), NOW), Err(Unacceptable::Foreign));
    }

    #[test]
    fn another_issuer_is_foreign_although_the_key_is_the_same() {
        let keys = Keys::generate().unwrap();
        let token = AccessTokens::new(&keys, "https://a.example")
            .unwrap()
            .sign(subject(), NOW, 10)
            .unwrap();
        let other = AccessTokens::new(&keys, "https://b.example").unwrap();
        assert_eq!(other.verify(token.expose(), NOW), Err(Unacceptable::Foreign));
    }

    #[test]
    fn a_rotated_key_leaves_older_tokens_good() {
        let keys = Keys::generate().unwrap();
        let issuer = "https://vigie.example";
        let token = AccessTokens::new(&keys, issuer)
            .unwrap()
            .sign(subject(), NOW, 10)
            .unwrap();
        let after = AccessTokens::new(&keys.rotated().unwrap(), issuer).unwrap();
        assert!(after.verify(token.expose(), NOW).is_ok());
        assert_eq!(after.published().keys.len(), 2);
    }

    #[test]
    fn an_unsigned_token_is_foreign() {
        let tokens = tokens();
        let token = tokens.sign(subject(), NOW, 10).unwrap();
        let (signed, _) = token.expose().rsplit_once('.').unwrap();
        assert_eq!(
            tokens.verify(&format!("{signed}."), NOW),
            Err(Unacceptable::Foreign)
        );
    }

    fn signed(tokens: &AccessTokens, change: impl FnOnce(&mut Header, &mut Claims)) -> String {
        let mut header = tokens.header.clone();
        let text = tokens.sign(subject(), NOW, 10).unwrap();
        let mut claims = tokens.verify(text.expose(), NOW).unwrap();
        change(&mut header, &mut claims);
        encode(&header, &claims, &tokens.signing).unwrap()
    }

    #[test]
    fn a_well_signed_token_of_another_type_or_for_somebody_else_is_foreign() {
        let tokens = tokens();
        assert!(tokens.verify(&signed(&tokens, |_, _| {}), NOW).is_ok());
        for typ in [None, Some("JWT"), Some("dpop+jwt"), Some("AT+JWT")] {
            let text = signed(&tokens, |header, _| header.typ = typ.map(str::to_owned));
            assert_eq!(tokens.verify(&text, NOW), Err(Unacceptable::Foreign), "{typ:?}");
        }
        let text = signed(&tokens, |_, claims| claims.aud = "another".to_owned());
        assert_eq!(tokens.verify(&text, NOW), Err(Unacceptable::Foreign));
    }

    #[test]
    fn a_token_that_brings_its_own_key_is_foreign() {
        let (tokens, stranger) = (tokens(), tokens());
        let key = stranger.published.keys[0].clone();
        let named = signed(&stranger, |header, _| {
            header.kid.clone_from(&tokens.header.kid);
            header.jwk = Some(key.clone());
            header.jku = Some("https://evil.example/jwks.json".to_owned());
            header.x5u = Some("https://evil.example/chain.pem".to_owned());
        });
        assert_eq!(tokens.verify(&named, NOW), Err(Unacceptable::Foreign));
        assert!(stranger.verify(&signed(&stranger, |_, _| {}), NOW).is_ok());
    }

    #[test]
    fn a_public_key_is_no_secret_to_sign_with() {
        let tokens = tokens();
        let AlgorithmParameters::OctetKeyPair(public) = &tokens.published.keys[0].algorithm else {
            panic!("not an Ed25519 key");
        };
        let text = tokens.sign(subject(), NOW, 10).unwrap();
        let claims = tokens.verify(text.expose(), NOW).unwrap();
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut header = tokens.header.clone();
            header.alg = algorithm;
            let secret = EncodingKey::from_secret(public.x.as_bytes());
            let forged = encode(&header, &claims, &secret).unwrap();
            assert_eq!(
                tokens.verify(&forged, NOW),
                Err(Unacceptable::Foreign),
                "{algorithm:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_foreign_without_a_panic(text in any::<String>()) {
            prop_assert_eq!(tokens().verify(&text, NOW), Err(Unacceptable::Foreign));
        }
    }
}
