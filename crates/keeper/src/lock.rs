//! The lock that lets one process at a time refresh a slot's session. The kernel releases it when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Shortest and longest pause between two tries, in milliseconds. Uneven, so that two waiters do not march in step.
const PAUSE_MS: (u64, u64) = (5, 25);

/// A lock file. It is never removed: a file that two processes hold under one name would be two locks.
#[derive(Clone, Debug)]
pub struct SlotLock {
    path: PathBuf,
}

/// The lock, held until this is dropped.
#[derive(Debug)]
pub struct HeldLock {
    file: File,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl SlotLock {
    /// The lock that this file stands for.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    /// The operating system's, where the file cannot be opened or locked at all.
    pub fn try_acquire(&self) -> io::Result<Option<HeldLock>> {
        let file = self.open()?;
        Self::attempt(file).map(Result::ok)
    }

    /// Takes the lock, waiting for it as long as `wait`. `None`: somebody else held it all the while.
    ///
    /// # Errors
    /// The operating system's, where the file cannot be opened or locked at all.
    pub async fn acquire(&self, wait: Duration) -> io::Result<Option<HeldLock>> {
        let until = Instant::now() + wait;
        let mut file = self.open()?;
        loop {
            match Self::attempt(file)? {
                Ok(held) => return Ok(Some(held)),
                Err(back) => file = back,
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            sleep(pause().min(left)).await;
        }
    }

    fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        options.open(&self.path)
    }

    fn attempt(file: File) -> io::Result<Result<HeldLock, File>> {
        match file.try_lock() {
            Ok(()) => Ok(Ok(HeldLock { file })),
            Err(TryLockError::WouldBlock) => Ok(Err(file)),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

fn pause() -> Duration {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    Duration::from_millis(PAUSE_MS.0 + u64::from(byte[0]) * (PAUSE_MS.1 - PAUSE_MS.0) / 255)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::SlotLock;

    #[tokio::test]
    async fn a_held_lock_is_waited_for_and_then_had() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (
            SlotLock::new(&folder.path().join("l")),
            SlotLock::new(&folder.path().join("l")),
        );
        let held = first.acquire(Duration::ZERO).await.unwrap().unwrap();
        assert!(second.acquire(Duration::from_millis(40)).await.unwrap().is_none());
        let waiting = tokio::spawn(async move { second.acquire(Duration::from_secs(10)).await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished());
        drop(held);
        assert!(waiting.await.unwrap().unwrap().is_some());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_lock_of_a_killed_process_is_free_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let lock = SlotLock::new(&path);
        let mut holder = std::process::Command::new("flock")
            .arg("--exclusive")
            .arg(&path)
            .args(["--command", "echo held; exec sleep 60"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(
            &mut std::io::BufReader::new(holder.stdout.take().unwrap()),
            &mut line,
        )
        .unwrap();
        assert!(lock.try_acquire().unwrap().is_none());
        let child = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", holder.id())).unwrap();
        for pid in child.split_whitespace() {
            let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        holder.kill().unwrap();
        holder.wait().unwrap();
        assert!(lock.acquire(Duration::from_secs(5)).await.unwrap().is_some());
    }
}
