//! Which sales of a till's day are still on this device, whoever made them and without opening any.

use rusqlite::params;
use uuid::Uuid;

use super::Journal;
use crate::work::JournalFault;

impl Journal {
    /// The place in the journal of the sale that was finished last, also where it has left since; 0 where none ever was.
    ///
    /// # Errors
    /// The disk's.
    pub fn last_sale(&mut self, now_ms: i64) -> Result<i64, JournalFault> {
        Ok(self.open(now_ms)?.query_row(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'sales'",
            [],
            |row| row.get(0),
        )?)
    }

    /// How many sales of this organisation that were finished after that place are here, waiting or refused, of every
    /// operator. A place from a journal that was set aside since counts as the beginning.
    ///
    /// # Errors
    /// The disk's.
    pub fn sales_after(
        &mut self,
        organization_id: Uuid,
        place: i64,
        now_ms: i64,
    ) -> Result<u32, JournalFault> {
        let place = if place > self.last_sale(now_ms)? { 0 } else { place };
        Ok(self.open(now_ms)?.query_row(
            "SELECT count(*) FROM sales WHERE place > ?1 AND slot LIKE '%/' || ?2",
            params![place, organization_id.simple().to_string()],
            |row| row.get(0),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::Journal;
    use crate::view::{UiError, UiErrorCode};
    use crate::work::WorkKey;
    use crate::work::sale::{finished_of, ticket_id};
    use crate::work::sample::ticket;

    const QUAI: Uuid = Uuid::from_u128(0xa1);
    const PORT: Uuid = Uuid::from_u128(0xb2);

    fn finish(journal: &mut Journal, operator: &str, organization_id: Uuid, number: u128) -> Uuid {
        let draft = ticket(number);
        let id = ticket_id(&draft).unwrap();
        let sale = finished_of(&draft, Some(organization_id), 0).unwrap();
        let slot = format!("{operator}/{}", organization_id.simple());
        let key = WorkKey::random().unwrap();
        journal.finish(&slot, &key, id, &sale, 0).unwrap();
        id
    }

    #[test]
    fn sales_after_a_place_are_everybodys_in_the_organisation() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(folder.path().join("work.db"));
        assert_eq!(journal.last_sale(0).unwrap(), 0);
        finish(&mut journal, "anna", QUAI, 1);
        let begin = journal.last_sale(0).unwrap();
        assert_eq!(journal.sales_after(QUAI, begin, 0).unwrap(), 0);
        finish(&mut journal, "anna", QUAI, 2);
        finish(&mut journal, "anna", PORT, 3);
        let refused = finish(&mut journal, "carl", QUAI, 4);
        let slot = format!("carl/{}", QUAI.simple());
        let why = UiError::from(UiErrorCode::TillClosed);
        journal.refused(&slot, refused, &why, 0).unwrap();
        assert_eq!(journal.sales_after(QUAI, begin, 0).unwrap(), 2);
        assert_eq!(journal.sales_after(PORT, begin, 0).unwrap(), 1);
        assert_eq!(journal.sales_after(QUAI, 0, 0).unwrap(), 3);
        journal.acknowledged(&slot, refused, 0).unwrap();
        assert_eq!(journal.sales_after(QUAI, begin, 0).unwrap(), 1);
        // What left keeps its place: the next day begins after it.
        assert_eq!(journal.last_sale(0).unwrap(), begin + 3);
    }

    #[test]
    fn a_place_from_another_journal_hides_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(folder.path().join("work.db"));
        finish(&mut journal, "anna", QUAI, 1);
        assert_eq!(journal.sales_after(QUAI, 400, 0).unwrap(), 1);
    }
}
