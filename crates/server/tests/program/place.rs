//! A directory with a configuration, a running program in it, and commands to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// With keys, a database, an organisation and an administrator; and the one-time password that was shown.
    pub(crate) fn initialised() -> (Self, String) {
        let place = Self::new();
        let shown = place.fine(&[
            "init",
            "--organization-name",
            "Maison du Port",
            "--site",
            "Quai",
            "--admin",
            "Dom",
        ]);
        let password = shown.rsplit(' ').next().unwrap().trim().to_owned();
        (place, password)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vigie-server"));
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .args(["--database", "data/vigie.db", "--keys-file", "keys/keys.json"])
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    #[track_caller]
    pub(crate) fn fine(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must fail: its exit code, and the one sentence on standard error with this place's own path
    /// taken out.
    #[track_caller]
    pub(crate) fn refused(&self, command: &mut Command) -> (i32, String) {
        let output = command.output().unwrap();
        assert!(
            !output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        let sentence = String::from_utf8(output.stderr).unwrap();
        let here = self.folder.path().canonicalize().unwrap();
        let sentence = sentence
            .replace(here.to_str().unwrap(), "HERE")
            .replace(self.folder.path().to_str().unwrap(), "HERE");
        (output.status.code().unwrap(), sentence.trim_end().to_owned())
    }

    pub(crate) fn input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Starts `serve` on a free port and waits until it says that it listens.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Running {
        self.serve_with(arguments, &[])
    }

    /// As `serve`, with these variables in its environment.
    pub(crate) fn serve_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Running {
        let mut command = self.command(&["--listen", "127.0.0.1:0"]);
        command.envs(environment.iter().copied());
        let mut child = command
            .args(arguments)
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let Some(url) = line.trim().strip_prefix("vigie-server listens on ") else {
            let mut log = String::new();
            child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
            panic!("{line:?} {log}");
        };
        let url = url.to_owned();
        Running {
            child,
            url,
            _out: out,
        }
    }
}

pub(crate) struct Running {
    child: Child,
    pub(crate) url: String,
    _out: BufReader<std::process::ChildStdout>,
}

impl Running {
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for its end: the exit code and the whole log.
    pub(crate) fn ended(mut self) -> (i32, String) {
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        (self.child.wait().unwrap().code().unwrap(), log)
    }

    /// Waits until it dies by a signal. Returns whether it did.
    #[cfg(feature = "failpoints")]
    pub(crate) fn killed(mut self) -> bool {
        use std::os::unix::process::ExitStatusExt as _;
        self.child.wait().unwrap().signal().is_some()
    }

    pub(crate) fn end(self) -> String {
        self.signal("TERM");
        let (code, log) = self.ended();
        assert_eq!(code, 0, "{log}");
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
