//! The log: one file that is set aside when it has grown, and the terminal. `VIGIE_LOG` filters both.

use std::fs::{File, OpenOptions, rename};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

const FILE_LIMIT_BYTES: u64 = 4 * 1024 * 1024;
const FILES_KEPT: u32 = 3;
const DEFAULT_FILTER: &str = "info,zbus=warn,tao=warn,wry=warn";

/// Starts logging, for the rest of the process. A folder that cannot be written to leaves the terminal alone.
pub fn start(folder: &Path) {
    let filter = || EnvFilter::try_from_env("VIGIE_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let terminal = fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .with_filter(filter());
    let file = RotatingFile::open(folder.join("vigie.log"), FILE_LIMIT_BYTES);
    let fault = file.as_ref().err().map(ToString::to_string);
    let on_disk = file.ok().map(|file| {
        fmt::layer()
            .with_ansi(false)
            .with_writer(Mutex::new(file))
            .with_filter(filter())
    });
    let started = tracing_subscriber::registry()
        .with(terminal)
        .with(on_disk)
        .try_init();
    if started.is_ok()
        && let Some(fault) = fault
    {
        tracing::warn!(folder = %folder.display(), fault, "the log goes to the terminal only");
    }
}

/// A log file that is renamed to `.1` (and that to `.2`, …) when it reaches its limit.
#[derive(Debug)]
struct RotatingFile {
    path: PathBuf,
    file: File,
    written_bytes: u64,
    limit_bytes: u64,
}

impl RotatingFile {
    fn open(path: PathBuf, limit_bytes: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = append_to(&path)?;
        let written_bytes = file.metadata()?.len();
        Ok(Self {
            path,
            file,
            written_bytes,
            limit_bytes,
        })
    }

    fn set_aside(&mut self) -> io::Result<()> {
        let numbered = |number: u32| self.path.with_extension(format!("log.{number}"));
        for number in (1..FILES_KEPT).rev() {
            if numbered(number).exists() {
                rename(numbered(number), numbered(number + 1))?;
            }
        }
        rename(&self.path, numbered(1))?;
        self.file = append_to(&self.path)?;
        self.written_bytes = 0;
        Ok(())
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl Write for RotatingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written_bytes >= self.limit_bytes {
            self.set_aside()?;
        }
        let written = self.file.write(bytes)?;
        self.written_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{FILES_KEPT, RotatingFile};

    #[test]
    fn a_grown_file_is_set_aside_and_only_a_few_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vigie.log");
        let mut log = RotatingFile::open(path.clone(), 8).unwrap();
        for line in 0..20 {
            log.write_all(format!("line {line:04}\n").as_bytes()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "line 0019\n");
        assert_eq!(
            std::fs::read_to_string(folder.path().join("vigie.log.1")).unwrap(),
            "line 0018\n"
        );
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count() as u32,
            FILES_KEPT + 1
        );
    }

    #[test]
    fn an_earlier_file_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vigie.log");
        std::fs::write(&path, "before\n").unwrap();
        RotatingFile::open(path.clone(), 1_000)
            .unwrap()
            .write_all(b"after\n")
            .unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before\nafter\n");
    }
}
