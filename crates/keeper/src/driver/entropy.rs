//! The state machine's randomness, from the operating system.

use keeper_core::{AttemptId, Entropy, Span};

/// The operating system's randomness.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    fn attempt_id(&mut self) -> AttemptId {
        AttemptId::from_bytes(*uuid::Uuid::new_v4().as_bytes())
    }

    fn up_to(&mut self, most: Span) -> Span {
        let mut bytes = [0; 8];
        if getrandom::fill(&mut bytes).is_err() {
            return most;
        }
        let wide = u128::from(u64::from_le_bytes(bytes)) * (u128::from(most.as_ms()) + 1);
        Span::from_ms(u64::try_from(wide >> 64).unwrap_or(most.as_ms()))
    }
}

#[cfg(test)]
mod tests {
    use keeper_core::{Entropy, Span};

    use super::OsEntropy;

    #[test]
    fn lengths_stay_within_bounds_and_attempts_differ() {
        let mut entropy = OsEntropy;
        assert_eq!(entropy.up_to(Span::ZERO), Span::ZERO);
        let picked: Vec<_> = (0..200)
            .map(|_| entropy.up_to(Span::from_ms(3)).as_ms())
            .collect();
        assert!((0..=3).all(|ms| picked.contains(&ms)) && picked.iter().all(|ms| *ms <= 3));
        assert_ne!(entropy.attempt_id(), entropy.attempt_id());
    }
}
