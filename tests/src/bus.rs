//! The stage's own session bus.

use crate::{Launch, Running, StageError, until};
use std::path::Path;
use std::time::Duration;

/// Whether the bus starts services by itself when somebody calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing starts that the test did not start: what is absent stays absent.
    Off,
    /// As on a desktop: a locked or missing keychain is started on the first call.
    On,
}

/// A D-Bus session bus.
#[derive(Debug)]
pub struct Bus {
    _daemon: Running,
    address: String,
}

impl Bus {
    pub(crate) fn start(launch: Launch, runtime: &Path, activation: Activation) -> Result<Self, StageError> {
        let socket = runtime.join("bus");
        let address = format!("unix:path={}", socket.display());
        let configuration = runtime.join("bus.conf");
        let services = match activation {
            Activation::On => "<standard_session_servicedirs/>",
            Activation::Off => "",
        };
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n<busconfig>\n  <type>session</type>\n  \
             <listen>{address}</listen>\n  <auth>EXTERNAL</auth>\n  {services}\n  <policy context=\"default\">\n    \
             <allow send_destination=\"*\" eavesdrop=\"true\"/>\n    <allow eavesdrop=\"true\"/>\n    \
             <allow own=\"*\"/>\n  </policy>\n</busconfig>\n"
        );
        std::fs::write(&configuration, text).map_err(StageError::file(
            "writing the bus's configuration",
            &configuration,
        ))?;
        let daemon = launch
            .args(["--nofork", "--nopidfile", "--nosyslog"])
            .arg(format!("--config-file={}", configuration.display()))
            .start()?;
        until(
            "the session bus opening its socket",
            Duration::from_secs(10),
            || Ok(std::os::unix::net::UnixStream::connect(&socket).ok()),
        )?;
        Ok(Self {
            _daemon: daemon,
            address,
        })
    }

    /// What `DBUS_SESSION_BUS_ADDRESS` holds on this stage.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// Waits until somebody owns `name` on the bus that `dbus_send` talks to.
pub(crate) fn wait_for_name(dbus_send: &Launch, name: &str) -> Result<(), StageError> {
    until(
        &format!("{name} appearing on the session bus"),
        Duration::from_secs(15),
        || {
            let answer = dbus_send
                .clone()
                .args([
                    "--session",
                    "--print-reply=literal",
                    "--dest=org.freedesktop.DBus",
                    "/org/freedesktop/DBus",
                ])
                .arg("org.freedesktop.DBus.NameHasOwner")
                .arg(format!("string:{name}"))
                .run()?;
            Ok(answer.contains("true").then_some(()))
        },
    )
}
