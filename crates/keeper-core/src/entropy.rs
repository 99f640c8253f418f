//! Where the state machine's randomness comes from: outside.

use crate::{AttemptId, Span};

/// Randomness that is handed in. In the product it is the operating system's, in tests a seeded sequence.
pub trait Entropy {
    /// An attempt id that nobody can guess: 122 random bits or more (RFC 9562 version 4).
    fn attempt_id(&mut self) -> AttemptId;
    /// A length picked evenly from zero up to and including `most`.
    fn up_to(&mut self, most: Span) -> Span;
}
