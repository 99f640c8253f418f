//! Checking the chain over the audit log: every row, link, seal and cut, and the heads that are kept elsewhere. What is
//! found first is named.

use std::path::{Path, PathBuf};

use store::chain::{BEGINNING, link};
use store::{AuditChain, Cut, Link, LinkedRow, Seal, StoreError};
use thiserror::Error;

use super::heads::{Head, HeadsFileError, read_heads};
use super::signing::SealKeys;

/// Rows that are read at once.
const ROWS_AT_ONCE: u32 = 1_000;

/// Seals that are read at once.
const SEALS_AT_ONCE: u32 = 500;

/// How often the check begins again where a running server shortened the log meanwhile.
const BEGINNINGS_MOST: u32 = 3;

/// What is wrong with the log.
#[derive(Debug, Error)]
pub enum ChainFault {
    /// A row is not what was sealed; its link is.
    #[error(
        "audit_row_changed: row {sequence} is not as it was sealed: it was changed, or put in another's place"
    )]
    RowChanged {
        /// The row.
        sequence: u64,
    },
    /// A row is not there.
    #[error("audit_row_missing: row {sequence} is missing")]
    RowMissing {
        /// The row.
        sequence: u64,
    },
    /// The rows are as they were sealed, and a link is not.
    #[error("audit_link_changed: the link of row {sequence} was changed; the row itself is as it was sealed")]
    LinkChanged {
        /// The row.
        sequence: u64,
    },
    /// A sealed row has no link.
    #[error("audit_link_missing: the link of row {sequence} is missing")]
    LinkMissing {
        /// The row.
        sequence: u64,
    },
    /// Rows were changed and their links made anew.
    #[error("audit_rows_rewritten: one of the rows {from} to {to} was changed, and the links with it")]
    RowsRewritten {
        /// The first row under the seal.
        from: u64,
        /// The last.
        to: u64,
    },
    /// A seal is not as it was signed, or does not go on where the one before ended.
    #[error("audit_seal_changed: seal {number} is not as it was signed")]
    SealChanged {
        /// Its number.
        number: u64,
    },
    /// A seal is not there.
    #[error("audit_seal_missing: seal {number} is missing")]
    SealMissing {
        /// Its number.
        number: u64,
    },
    /// A cut is not as it was signed.
    #[error(
        "audit_cut_changed: cut {number} of the log is not as it was signed, or one before it is missing"
    )]
    CutChanged {
        /// Its number.
        number: u64,
    },
    /// The end of the log is gone, with its seals.
    #[error("audit_tail_cut: rows after {last} are missing: {} knows {known}", file.display())]
    TailCut {
        /// The last sealed row that is there.
        last: u64,
        /// The last row that the file knows.
        known: u64,
        /// The file of heads.
        file: PathBuf,
    },
    /// A seal in the database is another than the one in the file of heads.
    #[error("audit_head_differs: seal {number} is not the one that {} knows", file.display())]
    HeadDiffers {
        /// Its number.
        number: u64,
        /// The file of heads.
        file: PathBuf,
    },
    /// A file of heads cannot be read.
    #[error(transparent)]
    Heads(#[from] HeadsFileError),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was checked, where nothing is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Where the log begins: the last row that was deleted by the rule, 0 where none was.
    pub begins_after: u64,
    /// The last row under a seal.
    pub sealed_to: u64,
    /// Seals that were checked.
    pub seals: u64,
    /// Rows after the last seal.
    pub not_sealed: u64,
    /// Each file of heads, with how many heads it holds.
    pub heads: Vec<(PathBuf, u64)>,
}

/// Checks the whole log against its keys and against files of heads.
///
/// # Errors
/// See [`ChainFault`]: what was found first.
pub async fn check(
    chain: &dyn AuditChain,
    keys: &SealKeys,
    files: &[PathBuf],
) -> Result<Checked, ChainFault> {
    // The files first: a head is written there after it is in the database.
    let mut heads = Vec::new();
    for file in files {
        heads.push((file.clone(), read_heads(file, keys)?));
    }
    let mut beginning = 1;
    loop {
        let cuts = chain.audit_cuts().await?;
        let outcome = from_cut(chain, keys, &cuts, &heads).await;
        let Err(fault) = outcome else { return outcome };
        let meanwhile = chain.audit_cuts().await?;
        if meanwhile == cuts || beginning == BEGINNINGS_MOST {
            return Err(fault);
        }
        beginning += 1;
    }
}

async fn from_cut(
    chain: &dyn AuditChain,
    keys: &SealKeys,
    cuts: &[Cut],
    heads: &[(PathBuf, Vec<Head>)],
) -> Result<Checked, ChainFault> {
    for (number, cut) in (1..).zip(cuts) {
        if cut.number != number || !keys.vouch_for_cut(cut) {
            return Err(ChainFault::CutChanged { number });
        }
    }
    let mut walk = Walk::after(cuts.last());
    let mut known: Vec<Head> = cuts
        .last()
        .map(|cut| Head {
            number: cut.seal_number,
            to_sequence: cut.to_sequence,
            head: cut.head,
        })
        .into_iter()
        .collect();
    let not_sealed = loop {
        let seals = chain.audit_seals(walk.number, SEALS_AT_ONCE).await?;
        for seal in &seals {
            walk.seal(chain, keys, seal).await?;
            known.push(Head {
                number: seal.number,
                to_sequence: seal.to_sequence,
                head: seal.head,
            });
        }
        if seals.is_empty()
            && let Some(not_sealed) = walk.rest(chain).await?
        {
            break not_sealed;
        }
    };
    let begins_after = cuts.last().map_or(0, |cut| cut.to_sequence);
    let mut counted = Vec::new();
    for (file, heads) in heads {
        compare(&known, heads, walk.to_sequence, file)?;
        counted.push((file.clone(), u64::try_from(heads.len()).unwrap_or(u64::MAX)));
    }
    Ok(Checked {
        begins_after,
        sealed_to: walk.to_sequence,
        seals: walk.seals,
        not_sealed,
        heads: counted,
    })
}

/// How far the check got.
struct Walk {
    number: u64,
    to_sequence: u64,
    head: Link,
    seals: u64,
}

impl Walk {
    fn after(cut: Option<&Cut>) -> Self {
        let (number, to_sequence, head) = cut.map_or((0, 0, BEGINNING), |cut| {
            (cut.seal_number, cut.to_sequence, cut.head)
        });
        Self {
            number,
            to_sequence,
            head,
            seals: 0,
        }
    }

    async fn seal(&mut self, chain: &dyn AuditChain, keys: &SealKeys, seal: &Seal) -> Result<(), ChainFault> {
        let expected = self.number + 1;
        if seal.number != expected {
            return Err(ChainFault::SealMissing { number: expected });
        }
        let goes_on = seal.from_sequence == self.to_sequence + 1
            && seal.to_sequence >= seal.from_sequence
            && seal.previous_head == self.head;
        if !goes_on || !keys.vouch_for_seal(seal) {
            return Err(ChainFault::SealChanged { number: expected });
        }
        self.rows(chain, seal).await?;
        self.number = seal.number;
        self.to_sequence = seal.to_sequence;
        self.head = seal.head;
        self.seals += 1;
        Ok(())
    }

    /// Sums the rows under a seal up. Whether a row or its link was changed shows at the end, where the head tells which
    /// rows were sealed.
    async fn rows(&self, chain: &dyn AuditChain, seal: &Seal) -> Result<(), ChainFault> {
        let (mut previous, mut after) = (self.head, self.to_sequence);
        let mut first_other = None;
        while after < seal.to_sequence {
            let left = seal.to_sequence - after;
            let limit = u32::try_from(left).map_or(ROWS_AT_ONCE, |left| left.min(ROWS_AT_ONCE));
            let rows = chain.audit_chain(after, limit).await?;
            if rows.is_empty() {
                return Err(ChainFault::RowMissing { sequence: after + 1 });
            }
            for row in &rows {
                let sequence = after + 1;
                if row.sequence != sequence {
                    return Err(ChainFault::RowMissing { sequence });
                }
                previous = link(&previous, &row.row);
                let Some(kept) = row.link else {
                    return Err(ChainFault::LinkMissing { sequence });
                };
                if kept != previous && first_other.is_none() {
                    first_other = Some(sequence);
                }
                after = sequence;
            }
        }
        match first_other {
            None if previous == seal.head => Ok(()),
            None => Err(ChainFault::RowsRewritten {
                from: seal.from_sequence,
                to: seal.to_sequence,
            }),
            Some(sequence) if previous == seal.head => Err(ChainFault::LinkChanged { sequence }),
            Some(sequence) => Err(ChainFault::RowChanged { sequence }),
        }
    }

    /// How many rows follow the last seal; `None` where they were sealed in the meantime.
    async fn rest(&self, chain: &dyn AuditChain) -> Result<Option<u64>, ChainFault> {
        let mut after = self.to_sequence;
        loop {
            let rows: Vec<LinkedRow> = chain.audit_chain(after, ROWS_AT_ONCE).await?;
            if rows.is_empty() {
                return Ok(Some(after - self.to_sequence));
            }
            for row in &rows {
                if row.sequence != after + 1 {
                    return Err(ChainFault::RowMissing { sequence: after + 1 });
                }
                if row.link.is_some() {
                    if chain.audit_seals(self.number, 1).await?.is_empty() {
                        return Err(ChainFault::SealMissing {
                            number: self.number + 1,
                        });
                    }
                    return Ok(None);
                }
                after = row.sequence;
            }
        }
    }
}

/// Compares what a file knows with the seals of the log; those before the newest cut are gone by the rule.
fn compare(known: &[Head], heads: &[Head], last: u64, file: &Path) -> Result<(), ChainFault> {
    let first = known.first().map_or(1, |head| head.number);
    let mut lost: Option<u64> = None;
    for head in heads.iter().filter(|head| head.number >= first) {
        match known.binary_search_by_key(&head.number, |known| known.number) {
            Ok(at) if known[at].head == head.head => {}
            Ok(_) => {
                return Err(ChainFault::HeadDiffers {
                    number: head.number,
                    file: file.to_owned(),
                });
            }
            Err(_) => lost = lost.max(Some(head.to_sequence)),
        }
    }
    match lost {
        Some(known) => Err(ChainFault::TailCut {
            last,
            known,
            file: file.to_owned(),
        }),
        None => Ok(()),
    }
}
