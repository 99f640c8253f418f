//! Small files that are replaced whole and durably, with a checksum that shows a torn one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::JournalFault;
use crate::failpoint;
use crate::slot::hex;

const VERSION: u32 = 1;
/// A journal is some hundred bytes; more than this is none of ours.
const LARGEST: u64 = 1 << 20;
#[derive(Serialize, Deserialize)]
struct Envelope {
    version: u32,
    checksum: String,
    body: String,
}

fn checksum(version: u32, body: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(version.to_be_bytes());
    digest.update(body.as_bytes());
    hex(&digest.finalize()[..16])
}

pub(super) fn read_bounded(path: &Path) -> Result<Option<Vec<u8>>, JournalFault> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        Err(JournalFault::Garbled)
    } else {
        Ok(Some(bytes))
    }
}

pub(super) fn read_sealed<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, JournalFault> {
    let Some(bytes) = read_bounded(path)? else {
        return Ok(None);
    };
    let envelope: Envelope = serde_json::from_slice(&bytes).map_err(|_| JournalFault::Garbled)?;
    if envelope.version != VERSION || envelope.checksum != checksum(envelope.version, &envelope.body) {
        return Err(JournalFault::Garbled);
    }
    serde_json::from_str(&envelope.body)
        .map(Some)
        .map_err(|_| JournalFault::Garbled)
}

pub(super) fn write_sealed<T: Serialize>(folder: &Path, path: &Path, value: &T) -> Result<(), JournalFault> {
    let body = serde_json::to_string(value).map_err(|_| JournalFault::Garbled)?;
    let envelope = Envelope {
        version: VERSION,
        checksum: checksum(VERSION, &body),
        body,
    };
    let bytes = serde_json::to_vec(&envelope).map_err(|_| JournalFault::Garbled)?;
    replace(folder, path, &bytes, Durability::Durable)?;
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    Durable,
    Lazy,
}

pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

pub(super) fn replace(folder: &Path, path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let failed = |_| io::Error::other("failpoint");
    let mut temporary = path.as_os_str().to_owned();
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    temporary.push(format!(".{}-{write}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    failpoint::hit("journal-before-write").map_err(failed)?;
    let mut file = options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&temporary)?;
    file.write_all(bytes)?;
    if durability == Durability::Durable {
        file.sync_all()?;
    }
    drop(file);
    failpoint::hit("journal-before-rename").map_err(failed)?;
    fs::rename(&temporary, path)?;
    failpoint::hit("journal-before-directory-sync").map_err(failed)?;
    if durability == Durability::Durable {
        sync_directory(folder)?;
    }
    Ok(())
}

#[cfg(unix)]
fn sync_directory(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows keeps directory changes with the file's own; a directory cannot be opened for this.
#[cfg(not(unix))]
fn sync_directory(_folder: &Path) -> io::Result<()> {
    Ok(())
}
