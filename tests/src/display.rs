//! The stage's screen: a virtual X server, a window manager, pictures of it, and hands to type with.

use crate::{Launch, Running, StageError, until};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Duration;

/// The screen's size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenSize {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl ScreenSize {
    /// A laptop's screen.
    pub const DESKTOP: Self = Self {
        width: 1280,
        height: 800,
    };
    /// A counter tablet held upright.
    pub const TABLET: Self = Self {
        width: 800,
        height: 1280,
    };
}

impl std::str::FromStr for ScreenSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sides = text
            .split_once('x')
            .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
        match sides {
            Some((width @ 320..=7680, height @ 320..=4320)) => Ok(Self { width, height }),
            Some(_) | None => Err("expected WIDTHxHEIGHT in pixels, for example 1280x800".to_owned()),
        }
    }
}

/// A virtual screen.
#[derive(Debug)]
pub struct Display {
    _server: Running,
    window_manager: Option<Running>,
    name: String,
}

impl Display {
    pub(crate) fn start(launch: Launch, size: ScreenSize) -> Result<Self, StageError> {
        let (server, ready) = launch
            .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0"])
            .arg(format!("{}x{}x24", size.width, size.height))
            .start_listening()?;
        let mut number = String::new();
        BufReader::new(ready)
            .read_line(&mut number)
            .map_err(|source| StageError::NotStarted {
                program: "Xvfb".to_owned(),
                source,
            })?;
        let number = number.trim();
        if number.is_empty() {
            return Err(StageError::Unexpected {
                program: "Xvfb",
                answer: server.said(),
            });
        }
        Ok(Self {
            name: format!(":{number}"),
            _server: server,
            window_manager: None,
        })
    }

    pub(crate) fn manage_windows(&mut self, launch: Launch, xdotool: &Launch) -> Result<(), StageError> {
        self.window_manager = Some(launch.arg("--sm-disable").start()?);
        until(
            "the window manager taking over the screen",
            Duration::from_secs(10),
            || Ok(xdotool.clone().arg("get_num_desktops").run().ok()),
        )
        .map(|_| ())
    }

    /// What `DISPLAY` holds on this stage.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn picture(import: Launch, path: &Path) -> Result<(), StageError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(StageError::file("making a folder for a picture", folder))?;
        }
        import
            .args(["-silent", "-window", "root"])
            .arg(path)
            .run()
            .map(|_| ())
    }
}
