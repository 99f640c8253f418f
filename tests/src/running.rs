//! Programs on the stage: how they are started, told and ended, so that none outlives the test.

use crate::{Namespace, StageError, Stopwatch, pause};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How long a program may take to end after it was asked to; a server may finish its calls first.
const LEAVE: Duration = Duration::from_secs(15);

/// A program about to be started with the stage's environment.
///
/// The kernel ends it when the thread that started it ends, so a test that is killed leaves nothing behind.
#[derive(Clone, Debug)]
pub struct Launch {
    name: String,
    program: OsString,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    namespace: Option<Namespace>,
    group: Option<i32>,
    log: PathBuf,
}

impl Launch {
    pub(crate) fn new(
        program: impl AsRef<OsStr>,
        environment: &BTreeMap<OsString, OsString>,
        group: Option<i32>,
        logs: &Path,
    ) -> Self {
        let program = program.as_ref().to_owned();
        let name = Path::new(&program)
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let log = logs.join(format!("{name}.log"));
        Self {
            name,
            program,
            arguments: Vec::new(),
            environment: environment.clone(),
            namespace: None,
            group,
            log,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = I>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets one environment variable, over the stage's own.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Starts it inside a network namespace.
    #[must_use]
    pub fn inside(mut self, namespace: &Namespace) -> Self {
        self.namespace = Some(namespace.clone());
        self
    }

    /// Writes what it says to `<name>.log` instead of a file named after the program.
    #[must_use]
    pub fn log_as(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self.log.set_file_name(format!("{name}.log"));
        self
    }

    #[cfg(feature = "product")]
    /// Another program with the same environment and no argument yet.
    #[must_use]
    pub(crate) fn instead(mut self, program: &str) -> Self {
        self.program = program.into();
        self.arguments.clear();
        self
    }

    /// The program's path.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// The arguments so far.
    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    fn line(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words
            .map(|word| word.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn command(&self) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some(namespace) = &self.namespace {
            command.args(["ip", "netns", "exec", namespace.name()]);
        }
        command
            .arg(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment);
        if let Some(group) = self.group {
            command.process_group(group);
        }
        command
    }

    fn log_file(&self) -> Result<File, StageError> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(StageError::file("opening a program's log", &self.log))
    }

    /// Starts it and leaves it running; both its outputs go to its log.
    pub fn start(self) -> Result<Running, StageError> {
        self.start_with(Stdio::null(), None)
    }

    /// Starts it, writes `typed` to its input and closes that.
    pub fn start_typing(self, typed: &[u8]) -> Result<Running, StageError> {
        self.start_with(Stdio::piped(), Some(typed))
    }

    fn start_with(self, input: Stdio, typed: Option<&[u8]>) -> Result<Running, StageError> {
        let output = self.log_file()?;
        let errors = self.log_file()?;
        let mut child = self
            .command()
            .stdin(input)
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|source| StageError::NotStarted {
                program: self.name.clone(),
                source,
            })?;
        if let (Some(typed), Some(mut pipe)) = (typed, child.stdin.take()) {
            pipe.write_all(typed)
                .map_err(StageError::file("typing into a program", &self.log))?;
        }
        Ok(Running {
            child,
            name: self.name,
            log: self.log,
            ended: None,
        })
    }

    /// Starts it with its standard output handed back, for a program that says on it when it is ready.
    pub(crate) fn start_listening(self) -> Result<(Running, std::process::ChildStdout), StageError> {
        let errors = self.log_file()?;
        let mut child = self
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|source| StageError::NotStarted {
                program: self.name.clone(),
                source,
            })?;
        let output = child.stdout.take().ok_or_else(|| StageError::NotStarted {
            program: self.name.clone(),
            source: std::io::ErrorKind::BrokenPipe.into(),
        })?;
        Ok((
            Running {
                child,
                name: self.name,
                log: self.log,
                ended: None,
            },
            output,
        ))
    }

    /// Runs it to its end and gives what it wrote to its standard output; an error status is an error.
    pub fn run(self) -> Result<String, StageError> {
        self.run_typing(b"")
    }

    /// Runs it to its end with `typed` on its input, and gives what it wrote to its standard output.
    pub fn run_typing(self, typed: &[u8]) -> Result<String, StageError> {
        let not_started = |source| StageError::NotStarted {
            program: self.name.clone(),
            source,
        };
        let mut child = self
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(not_started)?;
        if let Some(mut pipe) = child.stdin.take() {
            match pipe.write_all(typed) {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    return Err(not_started(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        let output = child.wait_with_output().map_err(not_started)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(StageError::Ended {
            command: self.line(),
            status: output.status.to_string(),
            said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }
}

/// A program that runs on the stage. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: String,
    log: PathBuf,
    ended: Option<ExitStatus>,
}

impl Running {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn said(&self) -> String {
        std::fs::read(&self.log)
            .map(|said| String::from_utf8_lossy(&said).into_owned())
            .unwrap_or_default()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.poll().is_none()
    }

    /// Sends a signal to this one process.
    pub fn signal(&self, signal: Signal) -> Result<(), StageError> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).map_err(|error| StageError::NotStarted {
            program: self.name.clone(),
            source: error.into(),
        })
    }

    /// Asks it to end (SIGTERM) and waits; kills it after fifteen seconds. Gives how it ended.
    pub fn stop(&mut self) -> Result<ExitStatus, StageError> {
        if let Some(status) = self.poll() {
            return Ok(status);
        }
        self.signal(Signal::TERM)?;
        match self.wait(LEAVE) {
            Some(status) => Ok(status),
            None => self.kill(),
        }
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub fn kill(&mut self) -> Result<ExitStatus, StageError> {
        if let Some(status) = self.poll() {
            return Ok(status);
        }
        let gone = |source| StageError::NotStarted {
            program: self.name.clone(),
            source,
        };
        self.child.kill().map_err(gone)?;
        let status = self.child.wait().map_err(gone)?;
        self.ended = Some(status);
        Ok(status)
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let watch = Stopwatch::start();
        loop {
            if let Some(status) = self.poll() {
                return Some(status);
            }
            if watch.elapsed() >= limit {
                return None;
            }
            pause(Duration::from_millis(10));
        }
    }

    fn poll(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.poll().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
