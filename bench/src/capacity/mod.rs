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

use crate::failure::Failure;
use crate::measurement::Scale;
use crate::report::Report;

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    rates::measure(scale, report)?;
    rows::measure(report)?;
    logins::measure(scale, report)?;
    resident::measure(scale, report)?;
    growth::measure(scale, report)
}
