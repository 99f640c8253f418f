//! `cargo xtask smoke`: the release build, tried once from sign-in to re-login.

use crate::cargo::{SMOKE_FEATURES, build_programs};
use crate::failure::Failure;
use crate::packages::Need;
use crate::place::{Place, Profile};
use crate::test::with_programs;
use crate::{interface, program, setup};
use clap::Args;
use std::process::Command;

/// Options of `cargo xtask smoke`.
#[derive(Debug, Args)]
pub(crate) struct Options {}

/// `cargo xtask smoke`.
pub(crate) fn smoke(place: &Place, _options: &Options) -> Result<(), Failure> {
    setup::system(&[Need::Build, Need::Run, Need::Desktop, Need::Test])?;
    interface::build(place)?;
    run(place)
}

/// Builds what it needs and runs it; one line a step, a picture a step under `out/smoke/`.
pub(crate) fn run(place: &Place) -> Result<(), Failure> {
    let programs = ["vigie", "vigie-server", "smoke"];
    program::run(&mut build_programs(
        place,
        Profile::Release,
        SMOKE_FEATURES,
        &programs,
    ))?;
    let mut smoke = Command::new(place.built(Profile::Release, "smoke"));
    smoke.arg(place.out().join("smoke"));
    program::run(with_programs(place, &mut smoke, Profile::Release))
}
