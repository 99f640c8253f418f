//! The measurements by name, and the order in which they are taken.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::failure::{Doing as _, Failure};
use crate::report::Report;
use crate::{
    audit, capacity, events, first_screen, insight, memory, one_post, refresh, request, start, token_read,
};

/// Measures what operators were promised. Every promise about speed is a ratio of two contenders measured in turn in
/// one run; times in seconds are printed beside it and decide nothing.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(crate) struct Options {
    /// Which measurements; all of them when none is named
    #[arg(value_enum)]
    names: Vec<Measurement>,
    /// Of what one server carries only this; several may be named
    #[arg(long = "part", value_enum)]
    parts: Vec<capacity::Part>,
    /// Fewer rounds: for trying the measurements, not for figures
    #[arg(long)]
    quick: bool,
    /// End with an error when a promise is missed
    #[arg(long)]
    strict: bool,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measurement {
    /// An authorised request through the keeper against the same request by bare reqwest
    Request,
    /// Reading the current access token with 32 threads
    TokenRead,
    /// Durable refreshes over HTTP against the same writes without HTTP, and syncs for each
    Refresh,
    /// What one server carries, beside its peers: refreshes, rows, sign-ins, memory, very many sessions
    Server,
    /// From closing a session to its screen saying so, heard over the stream of events
    Events,
    /// What noting refreshes costs, and how soon a month of a million events is shown
    Insight,
    /// What writing deeds into the sealed audit log costs, on one process and on two
    Audit,
    /// A thousand callers on one expired token
    OnePost,
    /// From exec to the first screen against Chromium in kiosk mode
    Start,
    /// Memory of all processes against Chromium in kiosk mode
    Memory,
    /// What the first screen loads, compressed
    Size,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Enough for figures.
    Full,
    /// Enough to see that the measurement works.
    Quick,
}

impl Scale {
    /// The one number or the other.
    pub(crate) const fn pick<T: Copy>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

/// Takes the measurements, one after the other, and writes the figures down.
pub(crate) fn carry_out(options: &Options) -> ExitCode {
    let mut report = Report::default();
    let done = take(options, &mut report);
    let written = report.write(&out().join("bench.json"));
    if let Err(failure) = &done {
        report.say(format!("error: {failure}"));
    }
    if let Err(failure) = &written {
        report.say(format!("error: {failure}"));
    }
    let missed = report.missed();
    if !missed.is_empty() {
        report.say(format!("missed: {}", missed.join(" ")));
    }
    if done.is_err() || written.is_err() || (options.strict && !missed.is_empty()) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn take(options: &Options, report: &mut Report) -> Result<(), Failure> {
    let scale = if options.quick { Scale::Quick } else { Scale::Full };
    for measurement in Measurement::value_variants() {
        if !options.names.is_empty() && !options.names.contains(measurement) {
            continue;
        }
        match measurement {
            Measurement::Request => request::measure(scale, report),
            Measurement::TokenRead => token_read::measure(scale, report),
            Measurement::Refresh => refresh::measure(scale, report),
            Measurement::Server => capacity::measure(&options.parts, scale, report),
            Measurement::Events => events::measure(scale, report),
            Measurement::Insight => insight::measure(scale, report),
            Measurement::Audit => audit::measure(scale, report),
            Measurement::OnePost => one_post::measure(report),
            Measurement::Start => start::measure(scale, report),
            Measurement::Memory => memory::measure(scale, report),
            Measurement::Size => first_screen::measure(report),
        }?;
    }
    Ok(())
}

/// The project's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where figures go, and files that must lie on a real disk while they are measured.
pub(crate) fn out() -> PathBuf {
    root().join("out")
}

/// A folder on the project's own disk, removed at the end: what the system calls its temporary folder may be memory.
pub(crate) fn folder_on_disk() -> Result<tempfile::TempDir, Failure> {
    std::fs::create_dir_all(out()).doing("making a folder")?;
    tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(out())
        .doing("making a folder")
}
