//! What one server carries: refreshes beside its peers, rows, sign-ins, memory, and what many sessions cost.

mod contenders;
mod growth;
mod growth_plot;
mod logins;
mod no_sync;
mod peers;
mod rates;
mod resident;
mod rows;
mod seeded;

use clap::ValueEnum;

use crate::failure::Failure;
use crate::measurement::Scale;
use crate::report::Report;

/// What there is to measure of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Refreshes in a second, beside the peers
    Rates,
    /// Rows written for each refresh
    Rows,
    /// Sign-ins, and refreshes during a flood of them
    SignIns,
    /// Memory, idle and with many sessions
    Memory,
    /// What a refresh costs with a thousand sessions and with a million
    Growth,
}

/// Measures these parts, all of them when none is named.
pub(crate) fn measure(parts: &[Part], scale: Scale, report: &mut Report) -> Result<(), Failure> {
    for part in Part::value_variants() {
        if !parts.is_empty() && !parts.contains(part) {
            continue;
        }
        match part {
            Part::Rates => rates::measure(scale, report),
            Part::Rows => rows::measure(report),
            Part::SignIns => logins::measure(scale, report),
            Part::Memory => resident::measure(scale, report),
            Part::Growth => growth::measure(scale, report),
        }?;
    }
    Ok(())
}
