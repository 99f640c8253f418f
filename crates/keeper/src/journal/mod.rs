//! The files beside the keychain, without a secret in them: each slot's open intent, its last decisions, and the index
//! of slots.

mod body;
mod sealed;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use keeper_core::{Decision, Journal};
use serde::{Deserialize, Serialize};

use self::body::JournalBody;
use self::sealed::{Durability, options, read_bounded, read_sealed, replace, write_sealed};
use crate::lock::SlotLock;
use crate::slot::SlotId;

/// How many decisions are kept.
const DECISIONS: usize = 200;

/// Why a journal file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalFault {
    /// The operating system's fault.
    #[error("the journal's file cannot be used")]
    Io(#[from] io::Error),
    /// The file is torn, garbled or of a newer version.
    #[error("the journal's file cannot be understood")]
    Garbled,
}

/// One decision with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionEntry {
    /// Milliseconds since 1970 by this device's clock.
    pub at_ms: i64,
    /// The process that decided.
    pub process: u32,
    /// What was decided.
    #[serde(flatten)]
    pub decision: Decision,
}

/// The folder that holds the files of all slots.
#[derive(Clone, Debug)]
pub struct JournalFolder {
    path: PathBuf,
}

/// Who was last active at which server, and which slots' secrets still have to be removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotIndex {
    /// For each server's name, the operator who was last active there.
    #[serde(default)]
    pub active: std::collections::BTreeMap<String, String>,
    /// Slots whose operator signed out while the keychain was away.
    #[serde(default)]
    pub to_delete: Vec<String>,
}

impl JournalFolder {
    /// The files in this folder, which is made, for its user alone, if it is missing.
    ///
    /// # Errors
    /// The operating system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        builder.create(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// The lock between processes of this slot.
    pub fn lock(&self, slot: &SlotId) -> SlotLock {
        SlotLock::new(&self.path.join(format!("{slot}.lock")))
    }

    /// The lock between processes that add a key of the device.
    pub fn device_key_lock(&self) -> SlotLock {
        SlotLock::new(&self.path.join("device-key.lock"))
    }

    fn journal_path(&self, slot: &SlotId) -> PathBuf {
        self.path.join(format!("{slot}.journal.json"))
    }

    fn decisions_path(&self, slot: &SlotId) -> PathBuf {
        self.path.join(format!("{slot}.decisions.jsonl"))
    }

    /// The slot's journal; an empty one where none was ever written.
    ///
    /// # Errors
    /// [`JournalFault`]; whoever reads it then knows of no intent, and must not think there is none.
    pub fn read(&self, slot: &SlotId) -> Result<Journal, JournalFault> {
        match read_sealed::<JournalBody>(&self.journal_path(slot))? {
            None => Ok(Journal::default()),
            Some(body) => body.into_journal().ok_or(JournalFault::Garbled),
        }
    }

    /// Makes the slot's journal say this; durable when it returns.
    ///
    /// # Errors
    /// [`JournalFault`]; the file then says either this or what it said before.
    pub fn write(&self, slot: &SlotId, journal: &Journal) -> Result<(), JournalFault> {
        write_sealed(&self.path, &self.journal_path(slot), &JournalBody::of(journal))
    }

    /// Adds a decision. It need not be durable: losing the last few in a crash costs a diagnosis, never a session.
    ///
    /// # Errors
    /// The operating system's.
    pub fn record(&self, slot: &SlotId, entry: &DecisionEntry) -> Result<(), JournalFault> {
        let path = self.decisions_path(slot);
        let mut line = serde_json::to_vec(entry).map_err(|_| JournalFault::Garbled)?;
        line.push(b'\n');
        let file = options().append(true).create(true).open(&path)?;
        (&file).write_all(&line)?;
        if file.metadata()?.len() > (DECISIONS * 4 * line.len().max(64)) as u64 {
            self.trim(slot)?;
        }
        Ok(())
    }

    fn trim(&self, slot: &SlotId) -> Result<(), JournalFault> {
        let mut text = Vec::new();
        for entry in self.decisions(slot)? {
            serde_json::to_writer(&mut text, &entry).map_err(|_| JournalFault::Garbled)?;
            text.push(b'\n');
        }
        replace(&self.path, &self.decisions_path(slot), &text, Durability::Lazy)?;
        Ok(())
    }

    /// The last decisions, oldest first. Lines that cannot be read are left out.
    ///
    /// # Errors
    /// The operating system's.
    pub fn decisions(&self, slot: &SlotId) -> Result<Vec<DecisionEntry>, JournalFault> {
        let Some(text) = read_bounded(&self.decisions_path(slot))? else {
            return Ok(Vec::new());
        };
        let entries: Vec<DecisionEntry> = text
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect();
        let from = entries.len().saturating_sub(DECISIONS);
        Ok(entries[from..].to_vec())
    }

    /// The index of slots; an empty one where there is none or where it cannot be understood.
    ///
    /// # Errors
    /// The operating system's.
    pub fn index(&self) -> Result<SlotIndex, JournalFault> {
        match read_sealed(&self.path.join("index.json")) {
            Ok(index) => Ok(index.unwrap_or_default()),
            Err(JournalFault::Garbled) => Ok(SlotIndex::default()),
            Err(fault @ JournalFault::Io(_)) => Err(fault),
        }
    }

    /// Changes the index, alone among all processes; durable when it returns.
    ///
    /// # Errors
    /// [`JournalFault`]; [`JournalFault::Io`] of kind `WouldBlock` where other processes hold it for over a second.
    pub async fn change_index<F>(&self, change: F) -> Result<(), JournalFault>
    where
        F: FnOnce(&mut SlotIndex) + Send + 'static,
    {
        let lock = SlotLock::new(&self.path.join("index.lock"));
        let held = lock.acquire(std::time::Duration::from_secs(1)).await?;
        let held = held.ok_or_else(|| JournalFault::Io(io::ErrorKind::WouldBlock.into()))?;
        let folder = self.clone();
        let changed = tokio::task::spawn_blocking(move || {
            let mut index = folder.index()?;
            let before = index.clone();
            change(&mut index);
            let path = folder.path.join("index.json");
            let written = if index == before {
                Ok(())
            } else {
                write_sealed(&folder.path, &path, &index)
            };
            drop(held);
            written
        });
        changed
            .await
            .unwrap_or_else(|_| Err(JournalFault::Io(io::ErrorKind::Other.into())))
    }
}

#[cfg(test)]
mod tests {
    use keeper_core::{AttemptId, Decision, EndReason, Fingerprint, Head, Intent, Journal, SetAside};
    use proptest::prelude::*;

    use super::{DECISIONS, DecisionEntry, JournalFault, JournalFolder};
    use crate::{ServerTarget, SlotId};

    fn slot() -> SlotId {
        SlotId::of(&ServerTarget::Embedded, "marie")
    }

    fn journals() -> impl Strategy<Value = Journal> {
        let fingerprint = || any::<[u8; 16]>().prop_map(Fingerprint::from_bytes);
        let head = (any::<u32>(), fingerprint()).prop_map(|(generation, fingerprint)| Head {
            generation,
            fingerprint,
        });
        let intent = (any::<u32>(), fingerprint(), any::<[u8; 16]>()).prop_map(
            |(generation, fingerprint, attempt)| Intent {
                generation,
                fingerprint,
                attempt: AttemptId::from_bytes(attempt),
            },
        );
        let aside = fingerprint().prop_map(|fingerprint| SetAside {
            fingerprint,
            reason: EndReason::Reused,
        });
        (
            prop::option::of(head),
            prop::option::of(intent),
            prop::option::of(aside),
        )
            .prop_map(|(head, intent, set_aside)| Journal {
                head,
                intent,
                set_aside,
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read(first in journals(), second in journals()) {
            let folder = tempfile::tempdir().unwrap();
            let journals = JournalFolder::open(folder.path()).unwrap();
            prop_assert_eq!(journals.read(&slot()).unwrap(), Journal::default());
            journals.write(&slot(), &first).unwrap();
            journals.write(&slot(), &second).unwrap();
            prop_assert_eq!(journals.read(&slot()).unwrap(), second);
            let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
            prop_assert_eq!(left.len(), 1);
        }

        #[test]
        fn a_torn_or_garbled_file_is_known_as_one(
            journal in journals(), cut in any::<prop::sample::Index>(), flip in any::<Option<(prop::sample::Index, u8)>>(),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let journals = JournalFolder::open(folder.path()).unwrap();
            journals.write(&slot(), &journal).unwrap();
            let path = journals.journal_path(&slot());
            let mut bytes = std::fs::read(&path).unwrap();
            match flip {
                Some((at, mask)) if mask != 0 => {
                    let at = at.index(bytes.len());
                    bytes[at] ^= mask;
                }
                _ => bytes.truncate(cut.index(bytes.len())),
            }
            std::fs::write(&path, &bytes).unwrap();
            match journals.read(&slot()) {
                Ok(read) => prop_assert_eq!(read, journal),
                Err(fault) => prop_assert!(matches!(fault, JournalFault::Garbled)),
            }
        }
    }

    #[test]
    fn decisions_are_a_ring() {
        let folder = tempfile::tempdir().unwrap();
        let journals = JournalFolder::open(folder.path()).unwrap();
        for at_ms in 0..3_000 {
            let decision = Decision::RefreshGranted { generation: 1 };
            journals
                .record(
                    &slot(),
                    &DecisionEntry {
                        at_ms,
                        process: 1,
                        decision,
                    },
                )
                .unwrap();
        }
        let kept = journals.decisions(&slot()).unwrap();
        assert_eq!((kept.len(), kept.last().unwrap().at_ms), (DECISIONS, 2_999));
        let size = std::fs::metadata(journals.decisions_path(&slot())).unwrap().len();
        assert!(size < 200_000, "{size}");
    }

    #[tokio::test]
    async fn many_change_the_index_and_no_change_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let journals = JournalFolder::open(folder.path()).unwrap();
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let journals = journals.clone();
                tokio::spawn(async move {
                    journals
                        .change_index(move |index| drop(index.active.insert(n.to_string(), "m".to_owned())))
                        .await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(journals.index().unwrap().active.len(), 20);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("keeper");
        let journals = JournalFolder::open(&folder).unwrap();
        journals.write(&slot(), &Journal::default()).unwrap();
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(&folder), mode(&journals.journal_path(&slot()))),
            (0o700, 0o600)
        );
    }
}
