//! The two ways to have the interface on a screen: the app, and a browser in kiosk mode.

use std::path::Path;

use vigie_tests::{Binaries, Launch, Stage};

use crate::failure::{Doing as _, Failure};

/// What is measured side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Contender {
    /// The app, with keeper, keychain, journal and the server inside.
    Vigie,
    /// Chromium in kiosk mode on the interface alone, with a fake behind it.
    Chromium,
}

impl Contender {
    /// About to be started on this stage; the browser opens this address.
    pub(crate) fn launch(self, stage: &Stage, address: &str) -> Result<Launch, Failure> {
        match self {
            Self::Vigie => {
                let program = Binaries::find().doing("finding the app")?.app;
                Ok(stage.launch(program))
            }
            Self::Chromium => Ok(chromium(stage, address)),
        }
    }
}

fn chromium(stage: &Stage, address: &str) -> Launch {
    let program = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ]
    .into_iter()
    .find(|path| Path::new(path).is_file())
    .unwrap_or("chromium");
    let profile = stage.home().join("chromium");
    let mut launch = stage
        .launch(program)
        .arg("--kiosk")
        .arg("--no-first-run")
        .arg("--no-default-browser-check")
        .arg("--noerrdialogs")
        .arg("--disable-features=Translate")
        .arg("--password-store=basic")
        .arg("--disable-gpu")
        .arg(format!("--user-data-dir={}", profile.display()));
    if rustix::process::geteuid().is_root() {
        // It refuses to start otherwise; without its sandbox it starts faster and takes less memory.
        launch = launch.arg("--no-sandbox");
    }
    launch.arg(address)
}
