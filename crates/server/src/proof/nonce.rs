//! Nonces without memory: a span of time and a MAC over it, so every process of a site that has the keys accepts them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use store::Millis;
use zeroize::Zeroizing;

use crate::keys::Keys;

/// A nonce is made in one span of five minutes and is good in that one and the next.
const SPAN_MS: Millis = 5 * 60 * 1_000;

const SPAN_BYTES: usize = 8;
const MAC_BYTES: usize = 16;

/// Makes and recognises nonces.
pub(super) struct Nonces {
    current: Zeroizing<[u8; 32]>,
    earlier: Vec<Zeroizing<[u8; 32]>>,
}

impl Nonces {
    pub(super) fn new(keys: &Keys) -> Self {
        let mut derived: Vec<_> = keys
            .masters
            .iter()
            .map(|master| derive(master.key.expose()))
            .collect();
        let current = derived.pop().unwrap_or_else(|| derive(&[]));
        Self {
            current,
            earlier: derived,
        }
    }

    /// The nonce of the span that `now` falls into.
    pub(super) fn fresh(&self, now: Millis) -> String {
        let span = now.div_euclid(SPAN_MS).to_be_bytes();
        let mut bytes = [0_u8; SPAN_BYTES + MAC_BYTES];
        bytes[..SPAN_BYTES].copy_from_slice(&span);
        if let Some(mac) = mac(&self.current, &span) {
            bytes[SPAN_BYTES..].copy_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The span in which a nonce was made, where it is ours and still good. The next span counts too: another process's
    /// clock may be a little ahead.
    pub(super) fn bucket_of(&self, nonce: &str, now: Millis) -> Option<i64> {
        let mut bytes = [0_u8; SPAN_BYTES + MAC_BYTES];
        let written = URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes).ok()?;
        if written != bytes.len() {
            return None;
        }
        let (span, shown) = bytes.split_first_chunk::<SPAN_BYTES>()?;
        let bucket = i64::from_be_bytes(*span);
        let current = now.div_euclid(SPAN_MS);
        if !(current.saturating_sub(1)..=current.saturating_add(1)).contains(&bucket) {
            return None;
        }
        std::iter::once(&self.current)
            .chain(&self.earlier)
            .any(|key| mac(key, span).is_some_and(|mac| mac.verify_truncated_left(shown).is_ok()))
            .then_some(bucket)
    }
}

fn derive(master: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0_u8; 32]);
    // 32 bytes are always within what HKDF-SHA-256 can give.
    let _ = Hkdf::<Sha256>::new(Some(b"vigie proof nonce"), master).expand(&[], key.as_mut_slice());
    key
}

fn mac(key: &Zeroizing<[u8; 32]>, span: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).ok()?;
    mac.update(span);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Nonces, SPAN_MS};
    use crate::keys::Keys;

    const NOW: i64 = 1_790_000_000_000;

    #[test]
    fn a_nonce_is_good_for_five_minutes_and_not_for_ten() {
        let nonces = Nonces::new(&Keys::generate().unwrap());
        let start = NOW.div_euclid(SPAN_MS) * SPAN_MS;
        for made in [start, start + SPAN_MS - 1] {
            let nonce = nonces.fresh(made);
            assert!(nonces.bucket_of(&nonce, made + SPAN_MS).is_some());
            assert!(nonces.bucket_of(&nonce, made + 2 * SPAN_MS).is_none());
        }
    }

    #[test]
    fn a_process_whose_clock_is_a_little_ahead_is_believed_and_a_far_future_is_not() {
        let nonces = Nonces::new(&Keys::generate().unwrap());
        assert!(nonces.bucket_of(&nonces.fresh(NOW + SPAN_MS), NOW).is_some());
        assert!(nonces.bucket_of(&nonces.fresh(NOW + 2 * SPAN_MS), NOW).is_none());
    }

    #[test]
    fn a_nonce_outlives_the_rotation_of_the_master_key() {
        let before = Keys::generate().unwrap();
        let nonce = Nonces::new(&before).fresh(NOW);
        let after = Nonces::new(&before.rotated().unwrap());
        assert!(after.bucket_of(&nonce, NOW).is_some());
        assert_ne!(after.fresh(NOW), nonce);
        assert!(Nonces::new(&before).bucket_of(&after.fresh(NOW), NOW).is_none());
    }

    proptest! {
        #[test]
        fn any_changed_bit_is_refused(at in 0_usize..32, bit in 0_u32..8) {
            let nonces = Nonces::new(&Keys::generate().unwrap());
            let mut nonce = nonces.fresh(NOW).into_bytes();
            nonce[at] ^= 1 << bit;
            let refused = String::from_utf8(nonce).map_or(None, |text| nonces.bucket_of(&text, NOW));
            prop_assert_eq!(refused, None);
        }

        #[test]
        fn any_text_is_refused_without_a_panic(text in any::<String>(), now in any::<i64>()) {
            prop_assert!(Nonces::new(&Keys::generate().unwrap()).bucket_of(&text, now).is_none());
        }
    }
}
