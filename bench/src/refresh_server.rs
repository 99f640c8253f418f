//! The real server as a process of its own on a real disk, on request watched from outside or with its syncs left out.

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

/// What is done to the server's syncs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// Nothing.
    No,
    /// `strace` counts them.
    Syncs,
    /// This library takes their place and does nothing.
    LeftOut(PathBuf),
}

/// Where the server keeps what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// In a file in its folder.
    Sqlite,
    /// In the PostgreSQL database at this address.
    Postgres {
        /// The address.
        url: String,
    },
}

/// A server that is set up and does not run.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    folder: PathBuf,
    engine: Engine,
}

/// The server; dropping it ends it.
#[derive(Debug)]
pub(crate) struct RefreshServer {
    child: Child,
    address: SocketAddr,
    trace: PathBuf,
}

impl Prepared {
    /// Sets a server up in this folder, with one account and the settings that it has by default, but for the numbers of
    /// sign-ins and of refreshes that are let through.
    pub(crate) fn new(folder: &Path, engine: Engine) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).doing("making the server's folder")?;
        let prepared = Self {
            folder: folder.to_owned(),
            engine,
        };
        std::fs::write(prepared.settings_file(), prepared.settings())
            .doing("writing the server's settings")?;
        let mut init = prepared.command()?;
        run(init.args(["init", "--organization-name", "Bench"]), "")?;
        let mut user = prepared.command()?;
        run(user.args(["user", "add", USER, "--password-stdin"]), PASSWORD)?;
        Ok(prepared)
    }

    /// The same server again in another folder, with a copy of its keys and of its database file.
    pub(crate) fn copy_to(&self, folder: &Path) -> Result<Self, Failure> {
        let copy = Self {
            folder: folder.to_owned(),
            engine: self.engine.clone(),
        };
        let mut cp = Command::new("cp");
        run(cp.arg("-a").arg(&self.folder).arg(folder), "")?;
        Ok(copy)
    }

    /// Where a copy of it may lie.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.with_extension(name)
    }

    /// Adds to its settings.
    pub(crate) fn set_more(&self, settings: &str) -> Result<(), Failure> {
        let all = format!("{}{settings}", self.settings());
        std::fs::write(self.settings_file(), all).doing("writing the server's settings")
    }

    /// Adds an administrator with [`PASSWORD`].
    pub(crate) fn add_admin(&self, username: &str) -> Result<(), Failure> {
        let mut user = self.command()?;
        run(
            user.args(["user", "add", username, "--role", "admin", "--password-stdin"]),
            PASSWORD,
        )
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("data/vigie.db")
    }

    /// The key file.
    pub(crate) fn keys_file(&self) -> PathBuf {
        self.folder.join("keys/keys.json")
    }

    /// Starts it.
    pub(crate) fn serve(&self, watched: &Watched) -> Result<RefreshServer, Failure> {
        let trace = self.folder.join("syncs");
        let own = self.command()?;
        let mut serve = match watched {
            Watched::No => own,
            Watched::LeftOut(library) => {
                let mut serve = own;
                serve.env("LD_PRELOAD", library);
                serve
            }
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
                strace.arg("-o").arg(&trace).arg(own.get_program());
                self.set(&mut strace);
                strace
            }
        };
        let mut child = serve
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .doing("starting the server")?;
        let output = child.stdout.take();
        let mut server = RefreshServer {
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
        if let Watched::LeftOut(library) = watched {
            server.check_library(library)?;
        }
        Ok(server)
    }

    fn command(&self) -> Result<Command, Failure> {
        let program = Binaries::find().doing("finding the server")?.server;
        let mut command = Command::new(program);
        self.set(&mut command);
        Ok(command)
    }

    fn set(&self, command: &mut Command) {
        match &self.engine {
            Engine::Sqlite => drop(command.arg("--database").arg(self.database())),
            Engine::Postgres { .. } => {}
        }
        command
            .arg("--keys-file")
            .arg(self.keys_file())
            .arg("--control-socket")
            .arg(self.folder.join("control.sock"))
            .args(["--listen", "127.0.0.1:0"])
            // The server takes every variable of this kind for a setting.
            .env_remove("VIGIE_BIN_SERVER")
            .env("VIGIE_SERVER_CONFIG", self.settings_file())
            .stderr(Stdio::piped());
    }

    fn settings_file(&self) -> PathBuf {
        self.folder.join("vigie-server.toml")
    }

    fn settings(&self) -> String {
        match &self.engine {
            Engine::Sqlite => LIMITS.to_owned(),
            Engine::Postgres { url } => format!("{LIMITS}\n[database]\nurl = \"{url}\"\n"),
        }
    }
}

/// All clients here come from one address and are of one account, and a session refreshes more often than any till.
const LIMITS: &str = "[limits]
logins_per_minute_per_account_and_address = 10000000
logins_per_minute_per_account = 10000000
logins_per_minute_per_address = 10000000
refreshes_per_minute_per_session = 10000000
refresh_burst_per_session = 10000000
";

impl RefreshServer {
    /// Sets it up in this folder and starts it.
    pub(crate) fn start(folder: &Path, watched: &Watched) -> Result<Self, Failure> {
        Prepared::new(folder, Engine::Sqlite)?.serve(watched)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How often it has synced so far.
    pub(crate) fn syncs(&self) -> Result<usize, Failure> {
        let trace = std::fs::read_to_string(&self.trace).doing("reading what strace saw")?;
        let begun = |line: &&str| line.contains("sync(") && !line.contains("resumed");
        Ok(trace.lines().filter(begun).count())
    }

    /// A library that cannot be loaded is left out with a warning that nobody reads.
    fn check_library(&self, library: &Path) -> Result<(), Failure> {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.pid()))
            .doing("looking at the server's libraries")?;
        if maps.contains(&*library.to_string_lossy()) {
            Ok(())
        } else {
            Err(Failure::found("leaving syncs out", "the library is not loaded"))
        }
    }
}

fn run(command: &mut Command, typed: &str) -> Result<(), Failure> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .doing("setting the server up")?;
    if let Some(mut input) = child.stdin.take() {
        // Who asks for nothing may have ended already.
        drop(writeln!(input, "{typed}"));
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
        end(&mut self.child);
    }
}

/// Asks a program to end and waits until it has, or ends it.
pub(crate) fn end(child: &mut Child) {
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let watch = Stopwatch::start();
    while watch.elapsed() < LEAVE {
        match child.try_wait() {
            Ok(None) => pause(Duration::from_millis(20)),
            Ok(Some(_)) | Err(_) => return,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}
