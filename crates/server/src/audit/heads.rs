//! The file of heads: each signed head as a line of JSON, outside the database, so that a log whose end was cut off with
//! its seals is known by it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use store::{Link, Seal, Store, StoreError};
use thiserror::Error;
use uuid::Uuid;

use super::signing::SealKeys;

/// The form of a line.
const FORM: u32 = 1;

/// Heads that are added together, at most.
const TOGETHER: u32 = 500;

/// More than the longest line.
const LINE_MOST_BYTES: u64 = 4 * 1_024;

/// Why a file of heads cannot be used.
#[derive(Debug, Error)]
pub enum HeadsFileError {
    /// It cannot be read or written.
    #[error("audit_heads_file: {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no head, or was signed by other keys.
    #[error("audit_heads_unreadable: line {line} of {} is no head that these keys signed", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Its number, from 1.
        line: u64,
    },
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    form: u32,
    installation_id: Uuid,
    seal: u64,
    from_sequence: u64,
    to_sequence: u64,
    previous_head: String,
    head: String,
    sealed_at_ms: i64,
    key_version: u16,
    signature: String,
}

impl Line {
    fn of(seal: &Seal, keys: &SealKeys) -> Self {
        Self {
            form: FORM,
            installation_id: keys.installation_id(),
            seal: seal.number,
            from_sequence: seal.from_sequence,
            to_sequence: seal.to_sequence,
            previous_head: hex(&seal.previous_head),
            head: hex(&seal.head),
            sealed_at_ms: seal.sealed_at,
            key_version: seal.key_version,
            signature: hex(&seal.signature),
        }
    }

    fn seal(&self, keys: &SealKeys) -> Option<Seal> {
        if self.form != FORM || self.installation_id != keys.installation_id() {
            return None;
        }
        let seal = Seal {
            number: self.seal,
            from_sequence: self.from_sequence,
            to_sequence: self.to_sequence,
            previous_head: unhex(&self.previous_head)?.try_into().ok()?,
            head: unhex(&self.head)?.try_into().ok()?,
            sealed_at: self.sealed_at_ms,
            key_version: self.key_version,
            signature: unhex(&self.signature)?,
        };
        keys.vouch_for_seal(&seal).then_some(seal)
    }
}

/// A head as it leaves the database: a line of JSON with its end.
pub(super) fn line_of(seal: &Seal, keys: &SealKeys) -> String {
    format!("{}\n", serde_json::json!(Line::of(seal, keys)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?))
        .collect()
}

/// What is left of a seal in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The seal's number.
    pub number: u64,
    /// The row it ends with.
    pub to_sequence: u64,
    /// That row's link.
    pub head: Link,
}

/// Every head in the file. What stands behind the last line's end is still being written, unless it is a whole head: one that
/// was posted and kept as it came may have lost the end of its line.
///
/// # Errors
/// See [`HeadsFileError`].
pub fn read_heads(path: &Path, keys: &SealKeys) -> Result<Vec<Head>, HeadsFileError> {
    let io = |source| HeadsFileError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    let mut heads = Vec::new();
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        file.by_ref()
            .take(LINE_MOST_BYTES)
            .read_until(b'\n', &mut text)
            .map_err(io)?;
        if text.is_empty() {
            break;
        }
        let is_ended = text.last() == Some(&b'\n');
        let found = serde_json::from_slice::<Line>(&text).ok();
        if found.is_none() && !is_ended && file.fill_buf().map_err(io)?.is_empty() {
            break;
        }
        let seal = found
            .and_then(|found| found.seal(keys))
            .ok_or_else(|| HeadsFileError::Line {
                path: path.to_owned(),
                line,
            })?;
        heads.push(Head {
            number: seal.number,
            to_sequence: seal.to_sequence,
            head: seal.head,
        });
    }
    Ok(heads)
}

/// The file as a server adds to it.
pub(super) struct HeadsFile {
    path: PathBuf,
    open: Option<OpenHeads>,
    /// What was complained of last, so that it is not said every second.
    complaint: String,
}

struct OpenHeads {
    file: File,
    /// The newest seal in it.
    newest: u64,
}

#[derive(Debug, Error)]
enum Fault {
    #[error(transparent)]
    File(#[from] HeadsFileError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HeadsFile {
    pub(super) const fn at(path: PathBuf) -> Self {
        Self {
            path,
            open: None,
            complaint: String::new(),
        }
    }

    /// Adds every head that is not in the file yet. What cannot be added now is added later.
    pub(super) async fn catch_up(&mut self, store: &dyn Store, keys: &SealKeys) {
        let complaint = match self.add_missing(store, keys).await {
            Ok(()) => String::new(),
            Err(fault) => fault.to_string(),
        };
        if !complaint.is_empty() && complaint != self.complaint {
            tracing::error!(
                cause = complaint,
                "signed heads of the audit log are not in their file yet"
            );
        }
        self.complaint = complaint;
    }

    async fn add_missing(&mut self, store: &dyn Store, keys: &SealKeys) -> Result<(), Fault> {
        let Some(last) = store.last_audit_seal().await? else {
            return Ok(());
        };
        let mut open = match self.open.take() {
            Some(open) => open,
            None => {
                let mut open = opened(&self.path, keys.installation_id())?;
                if open.newest > last.number {
                    tracing::error!(
                        in_file = open.newest,
                        in_database = last.number,
                        "audit_heads_ahead: the file of heads knows seals that the database has lost; \
                         see `vigie-server audit verify`"
                    );
                    open.newest = last.number;
                }
                open
            }
        };
        while open.newest < last.number {
            let seals = store.audit_seals(open.newest, TOGETHER).await?;
            let Some(newest) = seals.last().map(|seal| seal.number) else {
                break;
            };
            let mut text = String::new();
            for seal in &seals {
                text.push_str(&line_of(seal, keys));
            }
            let (file, written) = tokio::task::spawn_blocking(move || {
                let written = (&open.file)
                    .write_all(text.as_bytes())
                    .and_then(|()| open.file.sync_data());
                (open.file, written)
            })
            .await
            .map_err(|error| self.io(std::io::Error::other(error)))?;
            written.map_err(|source| self.io(source))?;
            open = OpenHeads { file, newest };
        }
        self.open = Some(open);
        Ok(())
    }

    fn io(&self, source: std::io::Error) -> HeadsFileError {
        HeadsFileError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

/// Opens the file, makes it for its owner only where there is none, and takes away a line that a crash cut short.
fn opened(path: &Path, installation_id: Uuid) -> Result<OpenHeads, HeadsFileError> {
    let io = |source| HeadsFileError::Io {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        crate::private_files::create_dir(folder).map_err(io)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let from = length.saturating_sub(2 * LINE_MOST_BYTES);
    file.seek(SeekFrom::Start(from)).map_err(io)?;
    let mut end = Vec::new();
    file.read_to_end(&mut end).map_err(io)?;
    let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if whole < end.len() {
        let length = from + u64::try_from(whole).unwrap_or(u64::MAX);
        file.set_len(length).and_then(|()| file.sync_data()).map_err(io)?;
    }
    let newest = end[..whole]
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Line>(line).ok())
        .rfind(|line| line.installation_id == installation_id)
        .map_or(0, |line| line.seal);
    Ok(OpenHeads { file, newest })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{Line, hex, opened, read_heads, unhex};
    use crate::audit::signing::SealKeys;
    use crate::keys::Keys;

    fn line(keys: &SealKeys, number: u64) -> String {
        let seal = keys
            .seal(number, (number, number), ([1; 32], [2; 32]), 9)
            .unwrap();
        format!("{}\n", serde_json::json!(Line::of(&seal, keys)))
    }

    #[test]
    fn hexadecimal_reads_back_and_nothing_else_is_read() {
        assert_eq!(unhex(&hex(&[0, 9, 171, 255])).unwrap(), [0, 9, 171, 255]);
        for text in ["0", "0g", "+1", "é"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_that_a_crash_cut_short_is_taken_away_and_the_rest_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.jsonl");
        let keys = SealKeys::new(&Keys::generate().unwrap()).unwrap();
        assert_eq!(opened(&path, keys.installation_id()).unwrap().newest, 0);
        let torn = line(&keys, 3);
        let text = format!("{}{}{}", line(&keys, 1), line(&keys, 2), &torn[..torn.len() / 2]);
        std::fs::write(&path, text).unwrap();
        assert_eq!(
            read_heads(&path, &keys).unwrap().len(),
            2,
            "it is still being written"
        );
        let mut open = opened(&path, keys.installation_id()).unwrap();
        assert_eq!(open.newest, 2);
        open.file.write_all(line(&keys, 3).as_bytes()).unwrap();
        let numbers: Vec<_> = read_heads(&path, &keys)
            .unwrap()
            .iter()
            .map(|head| head.number)
            .collect();
        assert_eq!(numbers, [1, 2, 3]);
    }

    #[test]
    fn a_head_that_was_kept_as_it_was_posted_counts_with_and_without_the_end_of_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("posted.json");
        let keys = SealKeys::new(&Keys::generate().unwrap()).unwrap();
        let posted = line(&keys, 4);
        for text in [posted.as_str(), posted.trim_end()] {
            std::fs::write(&path, text).unwrap();
            let heads = read_heads(&path, &keys).unwrap();
            assert_eq!(
                heads.iter().map(|head| head.number).collect::<Vec<_>>(),
                [4],
                "{text}"
            );
        }
        let foreign = SealKeys::new(&Keys::generate().unwrap()).unwrap();
        std::fs::write(&path, line(&foreign, 4).trim_end()).unwrap();
        assert!(read_heads(&path, &keys).is_err());
    }

    #[test]
    fn a_line_of_other_keys_or_of_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.jsonl");
        let keys = SealKeys::new(&Keys::generate().unwrap()).unwrap();
        let foreign = SealKeys::new(&Keys::generate().unwrap()).unwrap();
        let altered = line(&keys, 2).replace("\"to_sequence\":2", "\"to_sequence\":9");
        assert_ne!(altered, line(&keys, 2));
        for second in [
            line(&foreign, 2),
            altered,
            "nonsense\n".to_owned(),
            "\n".to_owned(),
        ] {
            std::fs::write(&path, format!("{}{second}", line(&keys, 1))).unwrap();
            let error = read_heads(&path, &keys).unwrap_err().to_string();
            assert!(error.starts_with("audit_heads_unreadable: line 2 of"), "{error}");
        }
    }
}
