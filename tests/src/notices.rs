//! The stage's notification daemon, and a record of everything it was asked to show.

use crate::{Launch, Running, StageError, until};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::time::Duration;

const FIELD: char = '\u{1f}';
const RECORD: char = '\u{1e}';

/// One notice as it reached the daemon. A replacement of an earlier one has the same `id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The daemon's number for it.
    pub id: u32,
    /// Who sent it.
    pub application: String,
    /// The first line.
    pub summary: String,
    /// The text.
    pub body: String,
    /// `LOW`, `NORMAL` or `CRITICAL`.
    pub urgency: String,
    /// When it arrived, in milliseconds since 1970 by the wall clock.
    pub arrived_ms: u64,
}

/// The notification daemon.
#[derive(Debug)]
pub struct Notices {
    daemon: Running,
    dunstctl: Launch,
    record: PathBuf,
}

impl Notices {
    pub(crate) fn start(
        launch: Launch,
        dunstctl: Launch,
        dbus_send: &Launch,
        folder: &Path,
    ) -> Result<Self, StageError> {
        std::fs::create_dir_all(folder).map_err(StageError::file("making a folder for notices", folder))?;
        let record = folder.join("notices");
        let script = folder.join("record-notice");
        let configuration = folder.join("dunstrc");
        let line = format!(
            "#!/bin/sh\nprintf '%s\\037%s\\037%s\\037%s\\037%s\\037%s\\036' \"$DUNST_ID\" \"$DUNST_APP_NAME\" \
             \"$DUNST_SUMMARY\" \"$DUNST_BODY\" \"$DUNST_URGENCY\" \"$(date +%s%3N)\" >> '{}'\n",
            record.display()
        );
        write_file(&record, "")?;
        write_file(&script, &line)?;
        set_executable(&script)?;
        let rules = format!(
            "[global]\n    always_run_script = true\n    history_length = 200\n    notification_limit = 20\n    \
             font = DejaVu Sans 10\n    width = 360\n    origin = bottom-left\n    ellipsize = end\n\n\
             [record]\n    summary = \"*\"\n    script = {}\n",
            script.display()
        );
        write_file(&configuration, &rules)?;
        let daemon = launch.arg("-conf").arg(&configuration).start()?;
        crate::bus::wait_for_name(dbus_send, "org.freedesktop.Notifications")?;
        Ok(Self {
            daemon,
            dunstctl,
            record,
        })
    }

    /// Everything that arrived since the curtain rose, oldest first, replacements included.
    pub fn arrived(&self) -> Result<Vec<Notice>, StageError> {
        let text = std::fs::read_to_string(&self.record)
            .map_err(StageError::file("reading the record of notices", &self.record))?;
        text.split_terminator(RECORD).map(notice).collect()
    }

    /// Waits for a notice that `is_it` recognises.
    pub fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        is_it: impl Fn(&Notice) -> bool,
    ) -> Result<Notice, StageError> {
        until(what, limit, || Ok(self.arrived()?.into_iter().find(&is_it)))
    }

    /// How many notices stand on the screen now.
    pub fn on_screen(&self) -> Result<u32, StageError> {
        let answer = self.dunstctl.clone().args(["count", "displayed"]).run()?;
        answer.trim().parse().map_err(|_| StageError::Unexpected {
            program: "dunstctl",
            answer,
        })
    }

    /// The notices that were closed, as the daemon's own history tells them: summary and body, newest first.
    pub fn history(&self) -> Result<Vec<(String, String)>, StageError> {
        let answer = self.dunstctl.clone().arg("history").run()?;
        let unexpected = || StageError::Unexpected {
            program: "dunstctl",
            answer: answer.clone(),
        };
        let history: serde_json::Value = serde_json::from_str(&answer).map_err(|_| unexpected())?;
        let closed = history
            .pointer("/data/0")
            .and_then(serde_json::Value::as_array)
            .ok_or_else(unexpected)?;
        let field = |entry: &serde_json::Value, name: &str| {
            entry
                .pointer(&format!("/{name}/data"))
                .and_then(serde_json::Value::as_str)
                .map(str::to_owned)
        };
        closed
            .iter()
            .map(|entry| {
                field(entry, "summary")
                    .zip(field(entry, "body"))
                    .ok_or_else(unexpected)
            })
            .collect()
    }

    /// Clicks the newest notice.
    pub fn click(&self) -> Result<(), StageError> {
        self.dunstctl.clone().arg("action").run().map(|_| ())
    }

    /// Closes every notice on the screen.
    pub fn close_all(&self) -> Result<(), StageError> {
        self.dunstctl.clone().arg("close-all").run().map(|_| ())
    }

    /// Stops the daemon in its tracks (SIGSTOP): calls to it hang.
    pub fn freeze(&self) -> Result<(), StageError> {
        self.daemon.signal(Signal::STOP)
    }

    /// Lets a frozen daemon go on.
    pub fn thaw(&self) -> Result<(), StageError> {
        self.daemon.signal(Signal::CONT)
    }

    /// Ends the daemon: from now on nobody shows notices.
    pub fn stop(&mut self) -> Result<(), StageError> {
        self.daemon.stop().map(|_| ())
    }
}

fn notice(record: &str) -> Result<Notice, StageError> {
    let unexpected = || StageError::Unexpected {
        program: "dunst",
        answer: record.to_owned(),
    };
    let fields: Vec<&str> = record.split(FIELD).collect();
    let [id, application, summary, body, urgency, arrived] = fields.as_slice() else {
        return Err(unexpected());
    };
    Ok(Notice {
        id: id.parse().map_err(|_| unexpected())?,
        application: (*application).to_owned(),
        summary: (*summary).to_owned(),
        body: (*body).to_owned(),
        urgency: (*urgency).to_owned(),
        arrived_ms: arrived.parse().map_err(|_| unexpected())?,
    })
}

fn write_file(path: &Path, text: &str) -> Result<(), StageError> {
    std::fs::write(path, text).map_err(StageError::file("preparing the notification daemon", path))
}

fn set_executable(path: &Path) -> Result<(), StageError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(path, mode).map_err(StageError::file("preparing the notification daemon", path))
}
