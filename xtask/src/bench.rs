//! `cargo xtask bench`: measurements on release builds, as figures and as a file.

use crate::cargo::{SMOKE_FEATURES, build_all};
use crate::failure::Failure;
use crate::packages::Need;
use crate::peers::Peers;
use crate::place::{Place, Profile};
use crate::test::with_programs;
use crate::{interface, program, setup};
use clap::Args;
use std::process::Command;

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which measurements (request, token-read, refresh, server, insight, audit, events, one-post, start, memory, size); all of them when none is named
    names: Vec<String>,
    /// Of the measurement `server` only this (rates, rows, sign-ins, memory, growth); several may be named
    #[arg(long = "part")]
    parts: Vec<String>,
    /// Fewer rounds: for trying the measurements, not for figures
    #[arg(long)]
    quick: bool,
    /// End with an error when a promise is missed
    #[arg(long)]
    strict: bool,
}

impl Options {
    fn arguments(&self) -> impl Iterator<Item = &str> {
        let flags = [(self.quick, "--quick"), (self.strict, "--strict")];
        let set = flags.into_iter().filter_map(|(set, flag)| set.then_some(flag));
        let parts = self.parts.iter().flat_map(|part| ["--part", part]);
        self.names.iter().map(String::as_str).chain(parts).chain(set)
    }

    /// Whether the server is measured beside its peers.
    fn asks_for_peers(&self) -> bool {
        let asks = |all: &[String], name| all.is_empty() || all.iter().any(|one| one == name);
        asks(&self.names, "server") && asks(&self.parts, "rates")
    }
}

/// `cargo xtask bench`.
pub(crate) fn bench(place: &Place, options: &Options) -> Result<(), Failure> {
    setup::system(&[Need::Build, Need::Run, Need::Desktop, Need::Test])?;
    let node = interface::build(place)?;
    // The same interface with a fake behind it, for the browser that the app is compared to.
    let for_browser = place.out().join("bench-interface");
    let mut pages = node.npm(&place.interface());
    pages.args([
        "run",
        "--silent",
        "build",
        "--",
        "--mode",
        "browser",
        "--emptyOutDir",
        "--outDir",
    ]);
    program::run(pages.arg(&for_browser))?;
    program::run(&mut build_all(place, Profile::Release, SMOKE_FEATURES))?;
    let mut bench = Command::new(place.built(Profile::Release, "bench"));
    bench.args(options.arguments());
    if options.asks_for_peers() {
        Peers::install(place, &node)?.at_hand_of(&mut bench);
        node.at_hand_of(&mut bench);
    }
    program::run(with_programs(place, &mut bench, Profile::Release))
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn names_and_flags_go_on_to_the_measurements() {
        let options = Options {
            names: vec!["request".to_owned(), "size".to_owned()],
            parts: vec!["growth".to_owned()],
            quick: false,
            strict: true,
        };
        assert!(
            options
                .arguments()
                .eq(["request", "size", "--part", "growth", "--strict"])
        );
    }

    #[test]
    fn peers_are_installed_for_the_measurement_that_has_them() {
        let asked = |names: &[&str], parts: &[&str]| {
            let owned = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect();
            Options {
                names: owned(names),
                parts: owned(parts),
                quick: false,
                strict: false,
            }
            .asks_for_peers()
        };
        assert!(asked(&[], &[]) && asked(&["size", "server"], &[]) && asked(&["server"], &["rows", "rates"]));
        assert!(!asked(&["size", "refresh"], &[]) && !asked(&["server"], &["growth"]));
    }
}
