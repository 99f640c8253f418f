//! What an organisation sells: its categories in the order of the till's tiles. None is ever deleted: an archived one leaves
//! the tills and stays with what was sold.

use async_trait::async_trait;
use protocol::sale::Category;
use uuid::Uuid;

use crate::{AuditEntry, Millis, StoreError, folded};

/// A category as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryRow {
    /// What tills see of it.
    pub category: Category,
    /// Since when it is archived.
    pub archived_at: Option<Millis>,
}

/// A category to add after the others.
#[derive(Clone, Debug)]
pub struct NewCategory {
    /// A new UUIDv7.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The usual price in cents; `None` where it is asked for each time.
    pub price_cents: Option<u32>,
    /// The key that picks it, in lower case.
    pub shortcut: Option<String>,
    /// Its barcodes, each once.
    pub barcodes: Vec<String>,
}

/// Whether tills sell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CategoryState {
    /// They do.
    InUse,
    /// No longer.
    Archived,
}

/// What is to change of a category; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryPatch {
    /// Its name.
    pub name: Option<String>,
    /// The usual price in cents, or that there is none.
    pub price_cents: Option<Option<u32>>,
    /// The key that picks it, or that there is none.
    pub shortcut: Option<Option<String>>,
    /// All of its barcodes, each once.
    pub barcodes: Option<Vec<String>>,
    /// Whether tills sell it.
    pub state: Option<CategoryState>,
}

/// Past which neighbour a category moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Past the one before it.
    Up,
    /// Past the one after it.
    Down,
}

/// Categories.
///
/// A call that names a category which the organisation does not have changes nothing and says so by its answer. The names
/// and the keys of those in use are each used once, capitals or not, and so are their barcodes, to the letter; those of
/// archived ones are free.
#[async_trait]
pub trait Categories {
    /// What an organisation's tills sell, by position.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn categories(&self, organization_id: Uuid) -> Result<Vec<Category>, StoreError>;

    /// All of an organisation's categories, archived ones too, by position.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn every_category(&self, organization_id: Uuid) -> Result<Vec<CategoryRow>, StoreError>;

    /// Adds a category or changes it as a whole; an archived one stays archived. It is for the program itself, which has
    /// looked at the names and keys there are.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where the organisation does not exist.
    async fn put_category(
        &self,
        organization_id: Uuid,
        category: Category,
        audit: AuditEntry,
    ) -> Result<(), StoreError>;

    /// Adds a category after all others.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] with `name`, `shortcut` or `barcodes`, or [`StoreError::UnknownReference`] where the
    /// organisation does not exist.
    async fn add_category(
        &self,
        organization_id: Uuid,
        new: NewCategory,
        audit: AuditEntry,
    ) -> Result<CategoryRow, StoreError>;

    /// Changes a category, archives it or takes it into use again. A change that changes nothing has no entry. Returns the
    /// category as it then is, `None` where the organisation has none of this id.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] with `name`, `shortcut` or `barcodes` where the category is then in use beside another of
    /// that name, key or barcode.
    async fn change_category(
        &self,
        organization_id: Uuid,
        id: Uuid,
        patch: CategoryPatch,
        now: Millis,
        audit: AuditEntry,
    ) -> Result<Option<CategoryRow>, StoreError>;

    /// Moves a category past its neighbour among those in use; at the end of the row nothing moves, and there is no entry.
    /// Returns the category as it then is, `None` where the organisation has none of this id in use.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn move_category(
        &self,
        organization_id: Uuid,
        id: Uuid,
        direction: Direction,
        audit: AuditEntry,
    ) -> Result<Option<CategoryRow>, StoreError>;

    /// Gives its first categories to an organisation that never had one. Returns whether it did.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where the organisation does not exist.
    async fn start_categories(
        &self,
        organization_id: Uuid,
        first: Vec<Category>,
        audit: AuditEntry,
    ) -> Result<bool, StoreError>;
}

fn same(a: &str, b: &str) -> bool {
    folded(a) == folded(b)
}

/// Refuses a name, a key or a barcode that another category in use has.
fn free(all: &[CategoryRow], wanted: &Category) -> Result<(), StoreError> {
    let others = || {
        all.iter()
            .filter(|row| row.archived_at.is_none() && row.category.id != wanted.id)
            .map(|row| &row.category)
    };
    if others().any(|other| same(&other.name, &wanted.name)) {
        return Err(StoreError::NameTaken("name"));
    }
    let key = |category: &Category| category.shortcut.as_deref().map(folded);
    if key(wanted).is_some() && others().any(|other| key(other) == key(wanted)) {
        return Err(StoreError::NameTaken("shortcut"));
    }
    if others().any(|other| other.barcodes.iter().any(|code| wanted.barcodes.contains(code))) {
        return Err(StoreError::NameTaken("barcodes"));
    }
    Ok(())
}

/// The new category after all others: the rule that every engine follows.
///
/// # Errors
/// [`StoreError::NameTaken`]
pub fn after_all(all: &[CategoryRow], new: NewCategory) -> Result<CategoryRow, StoreError> {
    let last = all.iter().map(|row| row.category.position).max();
    let category = Category {
        id: new.id,
        name: new.name,
        price_cents: new.price_cents,
        shortcut: new.shortcut,
        position: last.map_or(0, |last| last.saturating_add(1)),
        barcodes: new.barcodes,
    };
    free(all, &category)?;
    Ok(CategoryRow {
        category,
        archived_at: None,
    })
}

/// One of these categories as it is after a change: the rule that every engine follows. `None` where there is none of this
/// id.
///
/// # Errors
/// [`StoreError::NameTaken`]
pub fn patched(
    all: &[CategoryRow],
    id: Uuid,
    patch: CategoryPatch,
    now: Millis,
) -> Result<Option<CategoryRow>, StoreError> {
    let Some(row) = all.iter().find(|row| row.category.id == id) else {
        return Ok(None);
    };
    let mut row = row.clone();
    row.archived_at = match patch.state {
        None => row.archived_at,
        Some(CategoryState::InUse) => None,
        Some(CategoryState::Archived) => row.archived_at.or(Some(now)),
    };
    let category = &mut row.category;
    category.name = patch.name.unwrap_or_else(|| category.name.clone());
    category.price_cents = patch.price_cents.unwrap_or(category.price_cents);
    category.shortcut = patch.shortcut.unwrap_or_else(|| category.shortcut.clone());
    category.barcodes = patch.barcodes.unwrap_or_else(|| category.barcodes.clone());
    if row.archived_at.is_none() {
        free(all, &row.category)?;
    }
    Ok(Some(row))
}

/// Those in use with new positions after one of them has moved, from the first: the rule that every engine follows. `None`
/// where none of this id is in use.
#[must_use]
pub fn rearranged(all: &[CategoryRow], id: Uuid, direction: Direction) -> Option<Vec<CategoryRow>> {
    let mut row: Vec<CategoryRow> = all
        .iter()
        .filter(|row| row.archived_at.is_none())
        .cloned()
        .collect();
    let at = row.iter().position(|each| each.category.id == id)?;
    let to = match direction {
        Direction::Up => at.checked_sub(1),
        Direction::Down => Some(at + 1).filter(|to| *to < row.len()),
    };
    if let Some(to) = to {
        row.swap(at, to);
        for (position, each) in (0_u32..).zip(&mut row) {
            each.category.position = position;
        }
    }
    Some(row)
}

#[cfg(test)]
mod tests {
    use protocol::sale::Category;
    use uuid::Uuid;

    use super::{
        CategoryPatch, CategoryRow, CategoryState, Direction, NewCategory, after_all, patched, rearranged,
    };
    use crate::StoreError;

    fn row(
        id: u128,
        name: &str,
        shortcut: Option<&str>,
        position: u32,
        archived_at: Option<i64>,
    ) -> CategoryRow {
        CategoryRow {
            category: Category {
                id: Uuid::from_u128(id),
                name: name.to_owned(),
                price_cents: Some(100),
                shortcut: shortcut.map(str::to_owned),
                position,
                barcodes: vec![format!("LAB-{id}")],
            },
            archived_at,
        }
    }

    fn shelf() -> Vec<CategoryRow> {
        vec![
            row(1, "Livres", Some("l"), 0, None),
            row(2, "Disques", Some("d"), 0, Some(5)),
            row(3, "Vélos", None, 4, None),
            row(4, "Jouets", Some("j"), 4, None),
        ]
    }

    fn new(name: &str, shortcut: Option<&str>) -> NewCategory {
        NewCategory {
            id: Uuid::from_u128(9),
            name: name.to_owned(),
            price_cents: None,
            shortcut: shortcut.map(str::to_owned),
            barcodes: Vec::new(),
        }
    }

    fn order(rows: &[CategoryRow]) -> Vec<(u128, u32)> {
        rows.iter()
            .map(|row| (row.category.id.as_u128(), row.category.position))
            .collect()
    }

    #[test]
    fn a_name_or_a_key_of_one_in_use_is_taken_and_of_an_archived_one_free() {
        let taken = |new| match after_all(&shelf(), new) {
            Err(StoreError::NameTaken(what)) => what,
            other => panic!("it gave {other:?}"),
        };
        assert_eq!(taken(new("LIVRES", None)), "name");
        assert_eq!(taken(new("Autres", Some("L"))), "shortcut");
        let added = after_all(&shelf(), new("Disques", Some("d"))).unwrap();
        assert_eq!(added.category.position, 5);
        assert_eq!(after_all(&[], new("Livres", None)).unwrap().category.position, 0);
    }

    #[test]
    fn a_barcode_of_one_in_use_is_taken_to_the_letter_and_of_an_archived_one_free() {
        let with = |code: &str| NewCategory {
            barcodes: vec!["LAB-9".to_owned(), code.to_owned()],
            ..new("Autres", None)
        };
        let refused = after_all(&shelf(), with("LAB-3"));
        assert!(
            matches!(refused, Err(StoreError::NameTaken("barcodes"))),
            "it gave {refused:?}"
        );
        for free in ["lab-3", "LAB-2", "LAB-33"] {
            assert_eq!(
                after_all(&shelf(), with(free)).unwrap().category.barcodes[1],
                free
            );
        }
        let patch = CategoryPatch {
            barcodes: Some(vec!["LAB-4".to_owned()]),
            ..CategoryPatch::default()
        };
        assert!(patched(&shelf(), Uuid::from_u128(1), patch.clone(), 7).is_err());
        let own = patched(&shelf(), Uuid::from_u128(4), patch, 7).unwrap().unwrap();
        assert_eq!(own, shelf()[3]);
    }

    #[test]
    fn what_is_not_named_stays_and_the_own_name_is_not_taken() {
        let patch = CategoryPatch {
            name: Some("livres".to_owned()),
            shortcut: Some(None),
            ..CategoryPatch::default()
        };
        let changed = patched(&shelf(), Uuid::from_u128(1), patch, 7).unwrap().unwrap();
        assert_eq!(changed, row(1, "livres", None, 0, None).clone());
        assert_eq!(
            patched(&shelf(), Uuid::nil(), CategoryPatch::default(), 7).unwrap(),
            None
        );
    }

    #[test]
    fn an_archived_one_comes_back_where_nobody_took_its_key_and_keeps_the_time_it_left() {
        let mut shelf = shelf();
        let to = |state| CategoryPatch {
            state: Some(state),
            ..CategoryPatch::default()
        };
        let discs = Uuid::from_u128(2);
        let again = patched(&shelf, discs, to(CategoryState::Archived), 9)
            .unwrap()
            .unwrap();
        assert_eq!(again.archived_at, Some(5));
        let back = patched(&shelf, discs, to(CategoryState::InUse), 9)
            .unwrap()
            .unwrap();
        assert_eq!(back.archived_at, None);
        shelf[3].category.shortcut = Some("D".to_owned());
        let refused = patched(&shelf, discs, to(CategoryState::InUse), 9);
        assert!(matches!(refused, Err(StoreError::NameTaken("shortcut"))));
    }

    #[test]
    fn one_moves_past_those_in_use_only_and_places_are_told_apart() {
        let moved =
            |id, direction| rearranged(&shelf(), Uuid::from_u128(id), direction).map(|row| order(&row));
        assert_eq!(moved(3, Direction::Up), Some(vec![(3, 0), (1, 1), (4, 2)]));
        assert_eq!(moved(3, Direction::Down), Some(vec![(1, 0), (4, 1), (3, 2)]));
        assert_eq!(moved(1, Direction::Up), Some(vec![(1, 0), (3, 4), (4, 4)]));
        assert_eq!(moved(4, Direction::Down), Some(vec![(1, 0), (3, 4), (4, 4)]));
        assert_eq!(moved(2, Direction::Up), None);
    }
}
