//! The stage's own keychain: a real GNOME keyring whose password the test knows.

use crate::{Launch, Running, StageError};
use rustix::process::Signal;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

const PASSWORD: &str = "the stage's own";

/// The state of the keychain when the curtain rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeychainAtStart {
    /// Open, as after a normal desktop login.
    Unlocked,
    /// Made earlier, and locked.
    Locked,
    /// No keychain runs.
    Absent,
}

/// One secret found in the keychain.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretEntry {
    /// What people see in a keychain viewer.
    pub label: String,
    /// What it is found by.
    pub attributes: Vec<(String, String)>,
    /// The secret itself.
    pub secret: String,
}

impl std::fmt::Debug for SecretEntry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SecretEntry")
            .field("label", &self.label)
            .field("attributes", &self.attributes)
            .finish_non_exhaustive()
    }
}

/// The keychain daemon and its tool.
#[derive(Debug)]
pub struct Keychain {
    daemon: Option<Running>,
    launch: Launch,
    secret_tool: Launch,
    dbus_send: Launch,
    control: PathBuf,
}

impl Keychain {
    pub(crate) fn new(launch: Launch, secret_tool: Launch, dbus_send: Launch, runtime: &Path) -> Self {
        Self {
            daemon: None,
            launch,
            secret_tool,
            dbus_send,
            control: runtime.join("keyring").join("control"),
        }
    }

    /// Starts the daemon with its login keyring open.
    pub fn start(&mut self) -> Result<(), StageError> {
        self.daemon = None;
        let launch = self
            .launch
            .clone()
            .args(["--foreground", "--components=secrets", "--unlock"]);
        self.daemon = Some(launch.start_typing(PASSWORD.as_bytes())?);
        crate::bus::wait_for_name(&self.dbus_send, "org.freedesktop.secrets")
    }

    /// Ends the daemon: from now on there is no keychain.
    pub fn stop(&mut self) -> Result<(), StageError> {
        match self.daemon.take() {
            Some(mut daemon) => daemon.stop().map(|_| ()),
            None => Ok(()),
        }
    }

    /// Stops the daemon in its tracks (SIGSTOP): calls to it hang.
    pub fn freeze(&self) -> Result<(), StageError> {
        self.daemon
            .as_ref()
            .map_or(Ok(()), |daemon| daemon.signal(Signal::STOP))
    }

    /// Lets a frozen daemon go on.
    pub fn thaw(&self) -> Result<(), StageError> {
        self.daemon
            .as_ref()
            .map_or(Ok(()), |daemon| daemon.signal(Signal::CONT))
    }

    /// Locks the login keyring.
    pub fn lock(&self) -> Result<(), StageError> {
        self.dbus_send
            .clone()
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.secrets",
                "/org/freedesktop/secrets",
            ])
            .arg("org.freedesktop.Secret.Service.Lock")
            .arg("array:objpath:/org/freedesktop/secrets/collection/login")
            .run()
            .map(|_| ())
    }

    /// Unlocks the login keyring the way the system does when somebody logs in, without a prompt.
    pub fn unlock(&self) -> Result<(), StageError> {
        const UNLOCK: u32 = 1;
        let failed = |source| StageError::File {
            what: "unlocking",
            path: self.control.clone(),
            source,
        };
        let length = u32::try_from(PASSWORD.len()).unwrap_or(0);
        let mut message = vec![0];
        message.extend((12 + length).to_be_bytes());
        message.extend(UNLOCK.to_be_bytes());
        message.extend(length.to_be_bytes());
        message.extend(PASSWORD.as_bytes());
        let mut socket = UnixStream::connect(&self.control).map_err(failed)?;
        socket.write_all(&message).map_err(failed)?;
        let mut answer = [0; 8];
        socket.read_exact(&mut answer).map_err(failed)?;
        match answer {
            [_, _, _, _, 0, 0, 0, 0] => Ok(()),
            other => Err(StageError::Unexpected {
                program: "gnome-keyring-daemon",
                answer: format!("{other:?}"),
            }),
        }
    }

    /// Stores a secret.
    pub fn store(&self, label: &str, attribute: (&str, &str), secret: &str) -> Result<(), StageError> {
        let tool = self
            .secret_tool
            .clone()
            .arg("store")
            .arg(format!("--label={label}"));
        tool.args([attribute.0, attribute.1])
            .run_typing(secret.as_bytes())
            .map(|_| ())
    }

    /// Every entry of the open keychain that has this attribute.
    pub fn search(&self, attribute: (&str, &str)) -> Result<Vec<SecretEntry>, StageError> {
        let search = self
            .secret_tool
            .clone()
            .args(["search", "--all", "--unlock", attribute.0, attribute.1]);
        search.run().map(|printed| entries(&printed))
    }
}

/// Reads what `secret-tool search` prints: a block an entry, opened by its path in brackets.
fn entries(printed: &str) -> Vec<SecretEntry> {
    let mut entries: Vec<SecretEntry> = Vec::new();
    for line in printed.lines() {
        if line.starts_with('[') && line.ends_with(']') {
            entries.push(SecretEntry {
                label: String::new(),
                attributes: Vec::new(),
                secret: String::new(),
            });
            continue;
        }
        let (Some(entry), Some((key, value))) = (entries.last_mut(), line.split_once(" = ")) else {
            continue;
        };
        match key {
            "label" => value.clone_into(&mut entry.label),
            "secret" => value.clone_into(&mut entry.secret),
            _ => {
                let attribute = key.strip_prefix("attribute.").unwrap_or(key);
                entry.attributes.push((attribute.to_owned(), value.to_owned()));
            }
        }
    }
    entries
}
