//! Proofs that were used already, for as long as their nonces are good; what is remembered is bounded.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::jwt::Proof;

/// How many proofs of one span of time are remembered, 16 bytes each. Beyond that the span starts anew: whoever repeats a
/// proof needs its refresh token as well, and a repeated refresh gives nothing that the first one did not.
const MOST_PER_SPAN: usize = 131_072;

type Mark = [u8; 16];

/// The proofs seen by this process.
#[derive(Default)]
pub(super) struct SeenProofs(Mutex<Vec<(i64, HashSet<Mark>)>>);

impl SeenProofs {
    /// Remembers a proof whose nonce was made in span `bucket`; whether it was new.
    pub(super) fn note(&self, bucket: i64, proof: &Proof) -> bool {
        let mark = mark(proof);
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, seen)) = spans.iter_mut().find(|(span, _)| *span == bucket) {
            if seen.len() >= MOST_PER_SPAN && !seen.contains(&mark) {
                seen.clear();
            }
            return seen.insert(mark);
        }
        // Nonces of the span before, of this one and of the next are good at one time.
        spans.retain(|(span, _)| span.abs_diff(bucket) <= 2);
        spans.push((bucket, HashSet::from([mark])));
        true
    }
}

fn mark(proof: &Proof) -> Mark {
    let digest = Sha256::new()
        .chain_update(proof.key)
        .chain_update(proof.id.as_bytes())
        .finalize();
    let mut mark = Mark::default();
    let length = mark.len();
    mark.copy_from_slice(&digest[..length]);
    mark
}

#[cfg(test)]
mod tests {
    use super::super::jwt::Proof;
    use super::{MOST_PER_SPAN, SeenProofs};

    fn proof(key: u8, id: impl ToString) -> Proof {
        Proof {
            key: [key; 32],
            id: id.to_string(),
        }
    }

    #[test]
    fn the_same_proof_is_new_once_and_another_devices_like_it_is_its_own() {
        let seen = SeenProofs::default();
        assert!(seen.note(7, &proof(1, "a")));
        assert!(!seen.note(7, &proof(1, "a")));
        assert!(seen.note(7, &proof(2, "a")));
        assert!(seen.note(7, &proof(1, "b")));
        assert!(seen.note(8, &proof(1, "c")));
        assert!(!seen.note(7, &proof(1, "b")));
    }

    #[test]
    fn what_is_remembered_is_bounded_in_number_and_time() {
        let seen = SeenProofs::default();
        for n in 0..=MOST_PER_SPAN {
            assert!(seen.note(0, &proof(1, n)));
        }
        assert_eq!(seen.0.lock().unwrap()[0].1.len(), 1);
        for bucket in 0..50 {
            seen.note(bucket, &proof(1, "a"));
        }
        assert!(seen.0.lock().unwrap().len() <= 3);
    }
}
