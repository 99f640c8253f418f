//! The chain over the audit log: each row's link holds the row before, so that no row changes, vanishes or comes in
//! between without every later link, and the signed head after them, saying so.

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

use crate::table::{Row, TABLES, Table, Value};
use crate::{AuditEntry, Millis, StoreError};

/// SHA-256 over the link before and a row.
pub type Link = [u8; 32];

/// What stands before the first row.
pub const BEGINNING: Link = [0; 32];

/// The form in which rows are summed; it is part of each link.
const FORM: u8 = 1;

/// The table of the log, whose columns are summed in this order.
///
/// # Errors
/// [`StoreError::Failed`] where the list of tables lacks it.
pub fn log_table() -> Result<&'static Table, StoreError> {
    TABLES
        .iter()
        .find(|table| table.name == "audit_log")
        .ok_or_else(|| StoreError::Failed("the list of tables has no audit log".to_owned()))
}

/// The link of a row after `previous`.
///
/// What is summed: the form, `previous`, the number of values as 8 bytes big-endian; then each value as one byte for what
/// it is, and itself: ids as 16 bytes, numbers as 8 bytes big-endian, yes or no as one byte, bytes and UTF-8 text behind
/// their length as 8 bytes big-endian, nothing as nothing. So no two different rows give the same bytes.
pub fn link(previous: &Link, row: &[Value]) -> Link {
    let mut sum = Sha256::new();
    sum.update([FORM]);
    sum.update(previous);
    sum.update((row.len() as u64).to_be_bytes());
    for value in row {
        value.add_to(&mut sum);
    }
    sum.finalize().into()
}

/// A row of the log as the chain sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedRow {
    /// Its place in the log.
    pub sequence: u64,
    /// All its columns, in the order of [`log_table`].
    pub row: Row,
    /// Its link as it is kept; `None` where it is not sealed yet.
    pub link: Option<Link>,
}

impl LinkedRow {
    /// When it was written, in milliseconds since 1970.
    ///
    /// # Errors
    /// Where the row has no such column.
    pub fn at(&self) -> Result<Millis, StoreError> {
        let column = log_table()?.columns.iter().position(|(name, _)| *name == "at");
        match column.and_then(|column| self.row.get(column)) {
            Some(Value::Number(at)) => Ok(*at),
            Some(Value::Nothing | Value::Id(_) | Value::Bytes(_) | Value::Text(_) | Value::Flag(_))
            | None => Err(StoreError::Failed(format!(
                "row {} of the audit log has no time",
                self.sequence
            ))),
        }
    }
}

/// A signed head over some rows that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its number, from 1, without gaps.
    pub number: u64,
    /// The first row.
    pub from_sequence: u64,
    /// The last row.
    pub to_sequence: u64,
    /// The link before the first row.
    pub previous_head: Link,
    /// The link of the last row.
    pub head: Link,
    /// When.
    pub sealed_at: Millis,
    /// The version of the key that signed it.
    pub key_version: u16,
    /// The signature.
    pub signature: Vec<u8>,
}

/// Where the log begins since its oldest rows were deleted by the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Its number, from 1.
    pub number: u64,
    /// The last seal whose rows are gone.
    pub seal_number: u64,
    /// The last row that is gone.
    pub to_sequence: u64,
    /// The link of that row, on which the first row that is left builds.
    pub head: Link,
    /// When.
    pub cut_at: Millis,
    /// The version of the key that signed it.
    pub key_version: u16,
    /// The signature.
    pub signature: Vec<u8>,
}

/// Reading the chain.
#[async_trait]
pub trait AuditChain: Send + Sync {
    /// Rows after this place, in their order, `limit` at most.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn audit_chain(&self, after: u64, limit: u32) -> Result<Vec<LinkedRow>, StoreError>;

    /// Seals after this number, in their order, `limit` at most.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn audit_seals(&self, after: u64, limit: u32) -> Result<Vec<Seal>, StoreError>;

    /// The newest seal.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn last_audit_seal(&self) -> Result<Option<Seal>, StoreError>;

    /// Every cut, in their order.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn audit_cuts(&self) -> Result<Vec<Cut>, StoreError>;
}

/// Adding to the chain.
#[async_trait]
pub trait AuditSealing: AuditChain {
    /// Adds a seal with the link of each of its rows, where it follows the newest one or, where there is none, the newest
    /// cut. Returns whether it was added: of several processes that seal the same rows one does.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn add_audit_seal(&self, seal: Seal, links: Vec<Link>) -> Result<bool, StoreError>;

    /// The newest seal of those made before this time, after the newest cut.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn last_audit_seal_before(&self, sealed_before: Millis) -> Result<Option<Seal>, StoreError>;

    /// Adds a cut and its audit entry, where it follows the newest cut. Rows before it may be deleted from then on. Returns
    /// whether it was added.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn cut_audit_log(&self, cut: Cut, entry: AuditEntry) -> Result<bool, StoreError>;

    /// Deletes rows, links and seals before the newest cut, of each at most `limit`. Returns how many rows were deleted.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn purge_audit_log(&self, limit: u32) -> Result<u32, StoreError>;
}

/// Whether a new seal goes on where the log was sealed or cut last.
pub fn follows(seal: &Seal, links: &[Link], last: Option<&Seal>, cut: Option<&Cut>) -> bool {
    let (number, to_sequence, head) = match (last, cut) {
        (Some(last), _) => (last.number, last.to_sequence, last.head),
        (None, Some(cut)) => (cut.seal_number, cut.to_sequence, cut.head),
        (None, None) => (0, 0, BEGINNING),
    };
    seal.number == number + 1
        && seal.from_sequence == to_sequence + 1
        && seal.previous_head == head
        && links.last() == Some(&seal.head)
        && seal.to_sequence.checked_sub(to_sequence) == u64::try_from(links.len()).ok()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{BEGINNING, Seal, follows, link, log_table};
    use crate::table::Value;

    #[test]
    fn rows_that_differ_in_anything_have_other_links() {
        let id = Uuid::from_u128(7);
        let rows = [
            vec![],
            vec![Value::Nothing],
            vec![Value::Nothing, Value::Nothing],
            vec![Value::text("")],
            vec![Value::Bytes(vec![])],
            vec![Value::Number(0)],
            vec![Value::Number(1)],
            vec![Value::Flag(false)],
            vec![Value::Id(id)],
            vec![Value::Bytes(id.as_bytes().to_vec())],
            vec![Value::text("ab"), Value::text("c")],
            vec![Value::text("a"), Value::text("bc")],
        ];
        let links: std::collections::HashSet<_> = rows
            .iter()
            .flat_map(|row| [link(&BEGINNING, row), link(&[1; 32], row)])
            .collect();
        assert_eq!(links.len(), 2 * rows.len());
    }

    /// The form is kept for as long as logs are: this is SHA-256 over the bytes that the documentation of [`link`] names.
    #[test]
    fn the_form_of_a_link_does_not_change() {
        let row = [Value::Number(1), Value::text("é"), Value::Nothing];
        let mut bytes = vec![1];
        bytes.extend([0; 32]);
        bytes.extend(3_u64.to_be_bytes());
        bytes.push(4);
        bytes.extend(1_i64.to_be_bytes());
        bytes.push(3);
        bytes.extend(2_u64.to_be_bytes());
        bytes.extend("é".as_bytes());
        bytes.push(0);
        let by_hand: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(bytes).into();
        assert_eq!(link(&BEGINNING, &row), by_hand);
    }

    #[test]
    fn the_log_is_on_the_list_and_begins_with_its_sequence() {
        assert_eq!(log_table().unwrap().columns[0].0, "sequence");
    }

    #[test]
    fn a_seal_goes_on_where_the_last_one_ended() {
        let seal = |number, from_sequence, to_sequence, previous_head| Seal {
            number,
            from_sequence,
            to_sequence,
            previous_head,
            head: [9; 32],
            sealed_at: 0,
            key_version: 1,
            signature: Vec::new(),
        };
        let links = [[8; 32], [9; 32]];
        let first = seal(1, 1, 2, BEGINNING);
        assert!(follows(&first, &links, None, None));
        assert!(!follows(&first, &links[..1], None, None));
        assert!(!follows(&first, &[[9; 32], [8; 32]], None, None));
        assert!(!follows(&first, &links, Some(&first), None));
        assert!(follows(&seal(2, 3, 4, [9; 32]), &links, Some(&first), None));
        for wrong in [
            seal(3, 3, 4, [9; 32]),
            seal(2, 4, 5, [9; 32]),
            seal(2, 3, 5, [9; 32]),
            seal(2, 3, 4, [7; 32]),
        ] {
            assert!(!follows(&wrong, &links, Some(&first), None), "{wrong:?}");
        }
    }
}
