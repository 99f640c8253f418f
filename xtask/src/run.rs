//! `cargo xtask run`: the app with demo accounts, on this desktop or on a virtual screen.

use crate::cargo::{DEMO_FEATURES, cargo};
use crate::failure::Failure;
use crate::packages::Need;
use crate::place::{Place, Profile};
use crate::{interface, program, setup};
use clap::{Args, ValueEnum};
use std::path::Path;

/// The demonstration's accounts; they exist in this build only.
const ACCOUNTS: [(&str, &str, &str); 3] = [
    ("camille", "camille-demo", "cashier"),
    (
        "dominique",
        "dominique-demo",
        "administrator, and cashier in a second organisation",
    ),
    ("alix", "alix-demo", "super admin: owns both organisations"),
];

/// Options of `cargo xtask run`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The app's language; otherwise as it was, at first French
    #[arg(long, value_enum)]
    language: Option<Language>,
    /// Use a virtual screen even where there is a real one
    #[arg(long)]
    virtual_screen: bool,
    /// Size of the virtual screen in pixels
    #[arg(long, default_value = "1280x800", value_name = "WIDTHxHEIGHT")]
    size: String,
    /// Stop by itself after so many seconds
    #[arg(long, value_name = "SECONDS")]
    r#for: Option<u64>,
    /// Forget the demonstration's data first: accounts, tickets, settings
    #[arg(long)]
    fresh: bool,
    /// What the app is given on its command line
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// French
    Fr,
    /// English
    En,
}

impl Language {
    fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }
}

/// `cargo xtask run`.
pub(crate) fn run(place: &Place, options: &Options) -> Result<(), Failure> {
    let on_virtual_screen = cfg!(target_os = "linux") && (options.virtual_screen || !has_screen());
    if on_virtual_screen {
        setup::system(&[Need::Build, Need::Run, Need::Desktop])?;
    } else {
        setup::system(&[Need::Build, Need::Run])?;
    }
    interface::build(place)?;
    program::run(cargo(place).args([
        "build",
        "--package",
        "vigie",
        "--bin",
        "vigie",
        "--features",
        DEMO_FEATURES,
    ]))?;
    let home = place.out().join("run");
    if options.fresh && home.exists() {
        std::fs::remove_dir_all(&home).map_err(Failure::file("removing", &home))?;
    }
    if let Some(language) = options.language {
        set_language(&home, language)?;
    }
    println!();
    if cfg!(target_os = "linux") {
        println!("data:      {}", home.display());
    } else {
        println!("data:      this user's usual folders");
    }
    for (username, password, role) in ACCOUNTS {
        println!("account:   {username}, password {password} ({role})");
    }
    if on_virtual_screen {
        virtual_screen::run(place, &home, options)
    } else {
        on_this_desktop(place, &home, options)
    }
}

fn has_screen() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Writes the language into the demonstration's settings and leaves every other line as it is.
fn set_language(home: &Path, language: Language) -> Result<(), Failure> {
    let folder = home.join(".config/vigie");
    let file = folder.join("settings.toml");
    std::fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    std::fs::write(&file, with_language(&before, language)).map_err(Failure::file("writing", &file))
}

fn with_language(settings: &str, language: Language) -> String {
    let others = settings
        .lines()
        .filter(|line| !line.trim_start().starts_with("language"));
    let first = format!("language = \"{}\"", language.code());
    std::iter::once(first.as_str())
        .chain(others)
        .map(|line| format!("{line}\n"))
        .collect()
}

fn on_this_desktop(place: &Place, home: &Path, options: &Options) -> Result<(), Failure> {
    let mut app = std::process::Command::new(place.built(Profile::Dev, "vigie"));
    app.args(&options.arguments);
    if cfg!(target_os = "linux") {
        app.env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("XDG_STATE_HOME", home.join(".local/state"))
            .env("XDG_CACHE_HOME", home.join(".cache"));
    }
    println!("Close the window or press Ctrl-C to stop.\n");
    let Some(seconds) = options.r#for else {
        return program::run(&mut app);
    };
    let not_started = |source| Failure::NotStarted {
        program: "vigie".to_owned(),
        source,
    };
    let mut running = app.spawn().map_err(not_started)?;
    let watch = crate::watch::Watch::start();
    while watch.elapsed().as_secs() < seconds && running.try_wait().map_err(not_started)?.is_none() {
        crate::watch::pause(std::time::Duration::from_millis(100));
    }
    if running.try_wait().map_err(not_started)?.is_none() {
        running.kill().map_err(not_started)?;
        running.wait().map_err(not_started)?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
mod virtual_screen {
    //! A screen, a session bus, a keychain and notices where this machine has none.

    use super::Options;
    use crate::failure::Failure;
    use crate::place::{Place, Profile};
    use crate::watch::{Watch, pause};
    use std::path::Path;
    use std::time::Duration;
    use vigie_tests::{Home, ScreenSize, Stage, StageError, StageOptions};

    const BETWEEN_PICTURES: Duration = Duration::from_secs(3);

    pub(super) fn run(place: &Place, home: &Path, options: &Options) -> Result<(), Failure> {
        let screen: ScreenSize = options.size.parse().map_err(|answer| StageError::Unexpected {
            program: "--size",
            answer,
        })?;
        let stage = StageOptions {
            screen,
            home: Home::Kept(home.to_owned()),
            ..StageOptions::default()
        };
        let mut stage = Stage::set(stage)?;
        for passed_on in ["VIGIE_LOG", "RUST_BACKTRACE"] {
            if let Some(value) = std::env::var_os(passed_on) {
                stage.set_env(passed_on, value);
            }
        }
        let mut app = stage
            .launch(place.built(Profile::Dev, "vigie"))
            .args(&options.arguments)
            .start()?;
        let pictures = place.out().join("screenshots");
        let latest = pictures.join("latest.png");
        println!(
            "screen:    virtual, {}; DISPLAY={}",
            options.size,
            stage.display().name()
        );
        println!(
            "pictures:  {}, every {} s",
            latest.display(),
            BETWEEN_PICTURES.as_secs()
        );
        println!("log:       {}", stage.logs().join("vigie.log").display());
        println!("Press Ctrl-C to stop.\n");

        let watch = Watch::start();
        let mut next = Duration::from_secs(1);
        while options
            .r#for
            .is_none_or(|seconds| watch.elapsed().as_secs() < seconds)
        {
            if !app.is_running() {
                println!("The app has ended. It said:\n{}", app.said());
                return Ok(());
            }
            if watch.elapsed() >= next {
                let fresh = pictures.join("next.png");
                stage.picture(&fresh)?;
                std::fs::rename(&fresh, &latest).map_err(Failure::file("keeping", &latest))?;
                next = watch.elapsed() + BETWEEN_PICTURES;
            }
            pause(Duration::from_millis(100));
        }
        app.stop()?;
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
mod virtual_screen {
    //! Only Linux has a virtual screen.

    use super::{Failure, Options, Path, Place};

    pub(super) fn run(_: &Place, _: &Path, _: &Options) -> Result<(), Failure> {
        Err(Failure::NoScreen)
    }
}

#[cfg(test)]
mod tests {
    use super::{ACCOUNTS, Language, with_language};

    #[test]
    fn the_accounts_that_are_printed_are_the_ones_that_are_made() {
        let made = include_str!("../../crates/server/src/demo.rs");
        let told = include_str!("../../README.md");
        for (username, password, _) in ACCOUNTS {
            assert!(
                told.contains(&format!("| `{username}` | `{password}` |")),
                "{username}"
            );
            assert!(
                made.contains(&format!(
                    "username: \"{username}\",\n    password: \"{password}\""
                )),
                "{username}"
            );
        }
    }

    #[test]
    fn the_language_is_set_once_and_other_settings_stay() {
        let first = with_language("theme = \"dark\"\n", Language::En);
        let second = with_language(&first, Language::Fr);
        assert_eq!(second, "language = \"fr\"\ntheme = \"dark\"\n");
    }
}
