//! Copying a whole database from one engine to another: rows go over in parts, and both sides are summed the same way.

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::StoreError;
use crate::table::{Row, Table, Value};

/// Rows in one part, at most.
pub const PART_ROWS: usize = 1_000;

/// Some rows of one table, in the order of its key.
#[derive(Debug)]
pub struct Part {
    /// The table.
    pub table: &'static Table,
    /// The rows, at most [`PART_ROWS`].
    pub rows: Vec<Row>,
}

/// How many rows a table has, and what they add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The table's name.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 over the table's name, its columns' names and every row in key order; see [`Tally`].
    pub checksum: [u8; 32],
}

/// Adds a table's rows up, in the order of its key.
///
/// Each value counts as one byte for what it is, then the value itself: ids as their 16 bytes, numbers as 8 bytes
/// big-endian, yes or no as one byte, bytes and UTF-8 text behind their length as 8 bytes big-endian, nothing as nothing.
/// So no two different tables of rows give the same bytes.
#[derive(Debug)]
pub struct Tally {
    table: &'static Table,
    rows: u64,
    sum: Sha256,
}

impl Tally {
    /// Begins with no row.
    pub fn new(table: &'static Table) -> Self {
        let mut sum = Sha256::new();
        add_long(&mut sum, table.name.as_bytes());
        for (name, _) in table.columns {
            add_long(&mut sum, name.as_bytes());
        }
        Self { table, rows: 0, sum }
    }

    /// Adds the next row.
    pub fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            value.add_to(&mut self.sum);
        }
    }

    /// What the rows add up to.
    pub fn count(self) -> Count {
        Count {
            table: self.table.name,
            rows: self.rows,
            checksum: self.sum.finalize().into(),
        }
    }
}

fn add_long(sum: &mut Sha256, bytes: &[u8]) {
    sum.update((bytes.len() as u64).to_be_bytes());
    sum.update(bytes);
}

/// A database to copy from. No server works on it, and nothing changes in it meanwhile.
#[async_trait]
pub trait Source: Send {
    /// Sends every row of every table, in the order of [`TABLES`](crate::table::TABLES) and of each one's key, and adds
    /// them up.
    ///
    /// # Errors
    /// See [`StoreError`]; also where nobody takes the parts any more.
    async fn read_out(&mut self, parts: mpsc::Sender<Part>) -> Result<Vec<Count>, StoreError>;

    /// Lets go of it.
    async fn close(self: Box<Self>);
}

/// A database to copy to: all of it in one transaction, which is undone unless it is kept.
#[async_trait]
pub trait Target: Send {
    /// What is there already, in a few words; `None` where it is empty.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn occupied_by(&mut self) -> Result<Option<String>, StoreError>;

    /// Writes every part until no more come.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn take_in(&mut self, parts: mpsc::Receiver<Part>) -> Result<(), StoreError>;

    /// Reads back what was written and adds it up, as [`Source::read_out`] does.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn counts(&mut self) -> Result<Vec<Count>, StoreError>;

    /// Makes it last: it is on disk when this returns.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing is kept then.
    async fn keep(self: Box<Self>) -> Result<(), StoreError>;

    /// Undoes everything.
    async fn undo(self: Box<Self>);
}

/// The parts were taken by nobody.
pub fn nobody_takes<T>(_: mpsc::error::SendError<T>) -> StoreError {
    StoreError::Failed("the other side of the copy gave up".to_owned())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::Tally;
    use crate::table::{TABLES, Value};

    fn sum(rows: &[Vec<Value>]) -> [u8; 32] {
        let mut tally = Tally::new(&TABLES[0]);
        for row in rows {
            tally.add(row);
        }
        tally.count().checksum
    }

    #[test]
    fn rows_that_differ_in_anything_add_up_to_something_else() {
        let id = Uuid::from_u128(7);
        let rows = [
            vec![],
            vec![vec![Value::Nothing]],
            vec![vec![Value::text("")]],
            vec![vec![Value::Bytes(vec![])]],
            vec![vec![Value::Number(0)]],
            vec![vec![Value::Number(1)]],
            vec![vec![Value::Flag(false)]],
            vec![vec![Value::Flag(true)]],
            vec![vec![Value::Id(id)]],
            vec![vec![Value::Bytes(id.as_bytes().to_vec())]],
            vec![vec![Value::text("ab"), Value::text("c")]],
            vec![vec![Value::text("a"), Value::text("bc")]],
            vec![vec![Value::text("a")], vec![Value::text("b")]],
            vec![vec![Value::text("b")], vec![Value::text("a")]],
        ];
        let sums: std::collections::HashSet<_> = rows.iter().map(|rows| sum(rows)).collect();
        assert_eq!(sums.len(), rows.len());
    }

    #[test]
    fn tables_come_after_those_that_they_refer_to() {
        let at = |name: &str| TABLES.iter().position(|table| table.name == name).unwrap();
        for table in TABLES {
            for (column, _) in table.columns {
                let referred = match *column {
                    "organization_id" => "organizations",
                    "site_id" => "sites",
                    "user_id" | "operator_id" | "impersonator_user_id" | "opened_by" | "closed_by" => "users",
                    "till_id" => "tills",
                    "till_day_id" => "till_days",
                    "sale_id" => "sales",
                    "category_id" => "categories",
                    _ => continue,
                };
                assert!(at(referred) < at(table.name), "{} before {referred}", table.name);
            }
            for key in table.key {
                assert!(table.columns.iter().any(|(name, _)| name == key));
            }
        }
    }

    #[test]
    fn what_one_engine_cannot_keep_is_the_same_for_all() {
        assert_eq!(Value::text("a\0b"), Value::Text("a\u{fffd}b".to_owned()));
    }
}
