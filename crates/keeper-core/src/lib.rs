//! Decides what a session keeper does: a pure state machine, with time, randomness and every answer as inputs.
//!
//! The form is "sans I/O": [`Keeper::handle`] takes one [`Input`] at one [`Moment`] and returns [`Output`]s that the
//! outside carries out and reports back on. It has no clock, no runtime, no HTTP and no disk, so the same code runs in
//! the product, in property tests, under a model checker and in a simulator.
//!
//! # Invariants
//! 1. **Intent before send.** An [`Intent`] is durable before the rotating POST leaves, and every retry of that
//!    generation carries the same attempt id, also after a crash.
//! 2. **Persist before use.** Access token N+1 is handed to nobody before refresh token N+1 is durable.
//! 3. **A refusal is a verdict on bytes, not on the session.** The store is read again before it is believed.
//! 4. **Never delete on failure.** A refused record is set aside; only signing out or in deletes.
//! 5. An answer without a refresh token keeps the old one; an answer is validated whole before any of it counts.
//! 6. **One refresh in flight** per session, behind a lock that the kernel releases when a process dies.
//! 7. A refused request asks for a refresh only if it carried the current access token.
//! 8. Background refresh is not presence: only the operator's input moves the idle end.
//! 9. Sessions never mix: a record of another server or operator is never adopted.

pub mod answer;
pub mod entropy;
pub mod event;
pub mod impersonation;
pub mod knobs;
mod machine;
pub mod moment;
pub mod record;
pub mod snapshot;
pub mod timer;
pub mod token;

pub use answer::{Answer, Deadlines, EndReason, Fault, Grant, Trouble};
pub use entropy::Entropy;
pub use event::{
    CallId, Decision, DeviceKey, Farewell, Hint, Input, LockAnswer, Notice, OperatorAct, Output, RefreshCall,
    StoreRead,
};
pub use impersonation::{EndWarning, ImpersonationCourse, ImpersonationEnd};
pub use knobs::{Capabilities, Knobs};
pub use machine::Keeper;
pub use moment::{Moment, Span};
pub use record::{
    AttemptId, Head, Intent, Journal, KeyThumbprint, SessionRecord, SetAside, Slot, VaultFault,
};
pub use snapshot::{Banner, Connection, Persistence, SessionPhase, SessionSnapshot, Severity};
pub use token::{AccessGrant, AccessToken, Fingerprint, RefreshToken};
