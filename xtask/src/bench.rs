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
    /// Which measurements (request, token-read, refresh, server, events, one-post, start, memory, size); all of them when none is named
    names: Vec<String>,
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
        self.names.iter().map(String::as_str).chain(set)
    }

    /// Whether the server is measured beside its peers.
    fn asks_for_peers(&self) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name == "server")
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
            quick: false,
            strict: true,
        };
        assert!(options.arguments().eq(["request", "size", "--strict"]));
    }

    #[test]
    fn peers_are_installed_for_the_measurement_that_has_them() {
        let asked = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let (quick, strict) = (false, false);
            Options { names, quick, strict }.asks_for_peers()
        };
        assert!(asked(&[]) && asked(&["size", "server"]));
        assert!(!asked(&["size", "refresh"]));
    }
}
