//! The programs of others that the server is compared to, as processes of their own.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use vigie_tests::{Stopwatch, pause};

use crate::failure::{Doing as _, Failure};
use crate::measurement::root;
use crate::refresh_server::end;

const PATIENCE: Duration = Duration::from_secs(30);

/// A running peer; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Peer {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The refresh tokens that its sessions begin with.
    pub(crate) refresh_tokens: Vec<String>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// What a peer says when it is ready.
#[derive(Deserialize)]
struct Ready {
    #[serde(default)]
    port: u16,
    refresh_tokens: Vec<String>,
}

/// oidc-provider with so many sessions, in one process of Node.js.
pub(crate) fn oidc_provider(sessions: usize) -> Result<Peer, Failure> {
    let folder = installed("VIGIE_BENCH_OIDC_PROVIDER", "peers/oidc-provider")?;
    let mut child = Command::new("node")
        .arg(folder.join("peer.mjs"))
        .arg(sessions.to_string())
        .env("NODE_ENV", "production")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .doing("starting oidc-provider")?;
    let output = child.stdout.take();
    let mut peer = Peer {
        child,
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        refresh_tokens: Vec::new(),
    };
    let ready = ready(output)?;
    peer.address.set_port(ready.port);
    peer.refresh_tokens = ready.refresh_tokens;
    Ok(peer)
}

/// django-oauth-toolkit with so many sessions and a database in this folder, under gunicorn with 2 workers.
pub(crate) fn django_oauth_toolkit(folder: &Path, sessions: usize) -> Result<Peer, Failure> {
    std::fs::create_dir_all(folder).doing("making the peer's folder")?;
    let programs = installed(
        "VIGIE_BENCH_DJANGO_OAUTH_TOOLKIT",
        "python/django-oauth-toolkit/bin",
    )?;
    let application = root().join("bench/peers/django-oauth-toolkit");
    let application = application.canonicalize().doing("finding the peer")?;
    let within = |program: &str| {
        let mut command = Command::new(programs.join(program));
        command
            .current_dir(folder)
            .env("PYTHONPATH", &application)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null());
        command
    };
    let mut prepared = within("python")
        .arg(application.join("peer.py"))
        .arg(sessions.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .doing("preparing django-oauth-toolkit")?;
    let output = prepared.stdout.take();
    let ready = ready(output)?;
    prepared.wait().doing("preparing django-oauth-toolkit")?;
    let log = folder.join("log");
    let child = within("gunicorn")
        .args([
            "--bind",
            "127.0.0.1:0",
            "--workers",
            "2",
            "--worker-class",
            "gthread",
        ])
        .args(["--threads", "2", "--keep-alive", "600", "--no-control-socket"])
        .arg("peer:application")
        .stdout(Stdio::null())
        .stderr(File::create(&log).doing("making the peer's log")?)
        .spawn()
        .doing("starting gunicorn")?;
    let mut peer = Peer {
        child,
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        refresh_tokens: ready.refresh_tokens,
    };
    let watch = Stopwatch::start();
    while watch.elapsed() < PATIENCE {
        let said = std::fs::read_to_string(&log).doing("reading the peer's log")?;
        if let Some(address) = listens_at(&said)
            && said.matches("Booting worker").count() == 2
        {
            peer.address = address;
            return Ok(peer);
        }
        pause(Duration::from_millis(50));
    }
    let said = std::fs::read_to_string(&log).doing("reading the peer's log")?;
    Err(Failure::found("starting gunicorn", said))
}

/// The folder that this variable names, or this one below `target/`.
fn installed(variable: &str, folder: &str) -> Result<PathBuf, Failure> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    named
        .unwrap_or_else(|| root().join("target").join(folder))
        .canonicalize()
        .doing("finding the peers: `cargo xtask bench server` installs them")
}

fn ready(output: Option<ChildStdout>) -> Result<Ready, Failure> {
    let mut line = String::new();
    if let Some(output) = output {
        BufReader::new(output)
            .read_line(&mut line)
            .doing("reading what a peer says")?;
    }
    serde_json::from_str(&line).doing("reading what a peer says")
}

fn listens_at(log: &str) -> Option<SocketAddr> {
    let (_, after) = log.split_once("Listening at: http://")?;
    after.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::listens_at;

    #[test]
    fn the_address_is_read_from_the_log_once_it_is_there() {
        let log = "[INFO] Starting gunicorn\n[INFO] Listening at: http://127.0.0.1:8997 (17139)\n";
        assert_eq!(listens_at(log), Some(([127, 0, 0, 1], 8_997).into()));
        assert_eq!(listens_at("[INFO] Starting gunicorn\n"), None);
    }
}
