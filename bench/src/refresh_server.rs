//! The real server as a process of its own on a real disk, on request with its syncs counted from outside.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use vigie_tests::{Binaries, Stopwatch, pause};

use crate::failure::{Doing as _, Failure};

/// The account that all sessions are of.
pub(crate) const USER: &str = "bench";
/// Its password.
pub(crate) const PASSWORD: &str = "a password for measuring";
const LEAVE: Duration = Duration::from_secs(15);

/// Whether somebody counts the server's syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// Nobody.
    No,
    /// `strace` does.
    Syncs,
}

/// The server; dropping it ends it.
#[derive(Debug)]
pub(crate) struct RefreshServer {
    child: Child,
    address: SocketAddr,
    trace: PathBuf,
}

impl RefreshServer {
    /// Sets it up in this folder with one account, and starts it with the settings that it has by default, but for the
    /// number of sign-ins that are let through.
    pub(crate) fn start(folder: &Path, watched: Watched) -> Result<Self, Failure> {
        let program = Binaries::find().doing("finding the server")?.server;
        let trace = folder.join("syncs");
        std::fs::create_dir_all(folder).doing("making the server's folder")?;
        let with_settings = |command: &mut Command| {
            command
                .arg("--database")
                .arg(folder.join("data/vigie.db"))
                .arg("--keys-file")
                .arg(folder.join("keys/keys.json"))
                .args(["--listen", "127.0.0.1:0"])
                // The server takes every variable of this kind for a setting.
                .env_remove("VIGIE_BIN_SERVER")
                .env("VIGIE_SERVER_CONFIG", folder.join("vigie-server.toml"))
                .stderr(Stdio::piped());
        };
        std::fs::write(folder.join("vigie-server.toml"), SETTINGS).doing("writing the server's settings")?;

        let mut init = Command::new(&program);
        init.args(["init", "--organization-name", "Bench"]);
        with_settings(&mut init);
        run(init, "")?;
        let mut user = Command::new(&program);
        user.args(["user", "add", USER, "--password-stdin"]);
        with_settings(&mut user);
        run(user, PASSWORD)?;

        let mut serve = match watched {
            Watched::No => Command::new(&program),
            Watched::Syncs => {
                let mut strace = Command::new("strace");
                // With `-D` the server itself is the child, and ends by the signal that it is sent.
                strace.args([
                    "-D",
                    "-f",
                    "--seccomp-bpf",
                    "-qq",
                    "-e",
                    "trace=fsync,fdatasync",
                    "-e",
                    "signal=none",
                ]);
                strace.arg("-o").arg(&trace).arg(&program);
                strace
            }
        };
        serve.arg("serve");
        with_settings(&mut serve);
        let mut child = serve
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .doing("starting the server")?;
        let output = child.stdout.take();
        let mut server = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            trace,
        };
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output)
                .read_line(&mut line)
                .doing("reading what the server says")?;
        }
        let address = line.trim().rsplit_once("//").map_or("", |(_, address)| address);
        server.address = address.parse().doing("reading the server's address")?;
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it has synced so far.
    pub(crate) fn syncs(&self) -> Result<usize, Failure> {
        let trace = std::fs::read_to_string(&self.trace).doing("reading what strace saw")?;
        let begun = |line: &&str| line.contains("sync(") && !line.contains("resumed");
        Ok(trace.lines().filter(begun).count())
    }
}

/// A sign-in is what no measurement here is about.
const SETTINGS: &str = "[limits]\nlogins_per_minute_per_account_and_address = 10000\n\
    logins_per_minute_per_account = 10000\nlogins_per_minute_per_address = 10000\n";

fn run(mut command: Command, typed: &str) -> Result<(), Failure> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .doing("setting the server up")?;
    if let Some(mut input) = child.stdin.take() {
        writeln!(input, "{typed}").doing("setting the server up")?;
    }
    let output = child.wait_with_output().doing("setting the server up")?;
    if output.status.success() {
        Ok(())
    } else {
        Err(Failure::found(
            "setting the server up",
            String::from_utf8_lossy(&output.stderr),
        ))
    }
}

impl Drop for RefreshServer {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let watch = Stopwatch::start();
        while watch.elapsed() < LEAVE {
            match self.child.try_wait() {
                Ok(None) => pause(Duration::from_millis(20)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
