//! The state machine itself.
use crate::*;
/// The keeper of one slot.
#[derive(Clone, Debug)]
pub struct Keeper { knobs: Knobs, slot: Slot, capabilities: Capabilities }
impl Keeper {
    /// The keeper of this slot, before [`Input::Started`] or [`Input::SignedIn`].
    pub fn new(slot: Slot, capabilities: Capabilities, knobs: Knobs, now: Moment) -> Self { let _ = now; Self { knobs, slot, capabilities } }
    /// Takes one input in and says what to do.
    pub fn handle(&mut self, input: Input, now: Moment, entropy: &mut dyn Entropy) -> Vec<Output> { let _ = (input, now, entropy, &self.knobs, &self.slot, &self.capabilities); Vec::new() }
    /// When [`Input::TimerFired`] is wanted next.
    pub fn next_timer(&self) -> Option<Moment> { None }
    /// The truth at this moment.
    pub fn snapshot(&self) -> SessionSnapshot { SessionSnapshot::signed_out(Moment::from_ms(0)) }
}
