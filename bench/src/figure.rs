//! Figures and what was promised of them.

use std::fmt;

/// What a figure was promised to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// No more than this.
    AtMost(f64),
    /// Less than this.
    Below(f64),
    /// No less than this.
    AtLeast(f64),
    /// This and nothing else.
    Exactly(f64),
}

/// Whether a promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was.
    Met,
    /// It was not.
    Missed,
}

impl Target {
    /// Judges a figure.
    pub(crate) fn judge(self, value: f64) -> Verdict {
        let kept = match self {
            Self::AtMost(most) => value <= most,
            Self::Below(bound) => value < bound,
            Self::AtLeast(least) => value >= least,
            Self::Exactly(wanted) => (value - wanted).abs() < f64::EPSILON,
        };
        if kept { Verdict::Met } else { Verdict::Missed }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(bound) => write!(f, "<= {bound}"),
            Self::Below(bound) => write!(f, "< {bound}"),
            Self::AtLeast(bound) => write!(f, ">= {bound}"),
            Self::Exactly(value) => write!(f, "= {value}"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
        })
    }
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// What was measured; one word.
    pub(crate) name: String,
    /// How much.
    pub(crate) value: f64,
    /// Of what; one word.
    pub(crate) unit: &'static str,
    /// What was promised, where something was.
    pub(crate) target: Option<Target>,
}

impl Figure {
    /// What became of the promise.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.target.map(|target| target.judge(self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, Verdict};

    #[test]
    fn a_promise_is_kept_on_its_own_side_of_the_bound() {
        assert_eq!(Target::AtMost(1.02).judge(1.02), Verdict::Met);
        assert_eq!(Target::AtMost(1.02).judge(1.021), Verdict::Missed);
        assert_eq!(Target::Below(200.0).judge(200.0), Verdict::Missed);
        assert_eq!(Target::AtLeast(0.6).judge(0.59), Verdict::Missed);
        assert_eq!(Target::AtLeast(0.6).judge(0.6), Verdict::Met);
        assert_eq!(Target::Exactly(1.0).judge(1.0), Verdict::Met);
        assert_eq!(Target::Exactly(1.0).judge(2.0), Verdict::Missed);
    }

    #[test]
    fn what_is_not_a_number_meets_no_bound() {
        for target in [
            Target::AtMost(1.0),
            Target::Below(1.0),
            Target::AtLeast(1.0),
            Target::Exactly(1.0),
        ] {
            assert_eq!(target.judge(f64::NAN), Verdict::Missed);
        }
    }
}
