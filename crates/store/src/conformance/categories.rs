//! Categories as administrators change them.

use protocol::sale::Category;
use uuid::Uuid;

use super::fixture::{START, World, entry};
use super::{Conforms, Engine, Violation, ensure};
use crate::{CategoryPatch, CategoryRow, CategoryState, Direction, NewCategory, StoreError};

fn new(name: &str, shortcut: Option<&str>) -> NewCategory {
    NewCategory {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        price_cents: Some(250),
        shortcut: shortcut.map(str::to_owned),
        barcodes: Vec::new(),
    }
}

/// Adds one to the first organisation.
async fn added(world: &World, name: &str, shortcut: Option<&str>) -> Result<CategoryRow, Violation> {
    Ok(world
        .store
        .add_category(world.quai, new(name, shortcut), entry("category.added"))
        .await?)
}

fn to(state: CategoryState) -> CategoryPatch {
    CategoryPatch {
        state: Some(state),
        ..CategoryPatch::default()
    }
}

async fn change(world: &World, id: Uuid, patch: CategoryPatch) -> Result<Option<CategoryRow>, StoreError> {
    world
        .store
        .change_category(world.quai, id, patch, START, entry("category.changed"))
        .await
}

async fn archive(world: &World, id: Uuid) -> Conforms {
    change(world, id, to(CategoryState::Archived)).await?;
    Ok(())
}

/// The names on the tiles of the first organisation.
async fn tiles(world: &World) -> Result<Vec<String>, Violation> {
    let found = world.store.categories(world.quai).await?;
    Ok(found.into_iter().map(|category| category.name).collect())
}

async fn three(world: &World) -> Result<[CategoryRow; 3], Violation> {
    Ok([
        added(world, "Books", Some("b")).await?,
        added(world, "Arts", None).await?,
        added(world, "Chairs", Some("c")).await?,
    ])
}

/// A new category reads as asked and comes after the others.
pub async fn a_new_category_comes_last(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let [books, ..] = three(&world).await?;
    let expected = Category {
        id: books.category.id,
        name: "Books".to_owned(),
        price_cents: Some(250),
        shortcut: Some("b".to_owned()),
        position: 0,
        barcodes: Vec::new(),
    };
    ensure!(books.category == expected, "the first reads {books:?}");
    let found = tiles(&world).await?;
    ensure!(found == ["Books", "Arts", "Chairs"], "they come as {found:?}");
    let nowhere = world
        .store
        .add_category(Uuid::now_v7(), new("Books", None), entry("category.added"))
        .await;
    ensure!(
        matches!(nowhere, Err(StoreError::UnknownReference(_))),
        "of nobody it gave {nowhere:?}"
    );
    Ok(())
}

/// A name and a key are used once among those in use, in capitals or not; archived ones leave theirs free.
pub async fn a_name_and_a_key_are_used_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let [books, arts, _] = three(&world).await?;
    for (name, key, what) in [("BOOKS", None, "name"), ("Bikes", Some("B"), "shortcut")] {
        let outcome = world
            .store
            .add_category(world.quai, new(name, key), entry("category.added"))
            .await;
        ensure!(
            matches!(outcome, Err(StoreError::NameTaken(taken)) if taken == what),
            "{name} gave {outcome:?}"
        );
    }
    let patch = CategoryPatch {
        name: Some("books".to_owned()),
        ..CategoryPatch::default()
    };
    let renamed = change(&world, arts.category.id, patch).await;
    ensure!(
        matches!(renamed, Err(StoreError::NameTaken("name"))),
        "another name gave {renamed:?}"
    );
    let elsewhere = world
        .store
        .add_category(world.port, new("Books", Some("b")), entry("category.added"))
        .await;
    ensure!(elsewhere.is_ok(), "another organisation's gave {elsewhere:?}");
    archive(&world, books.category.id).await?;
    let again = world
        .store
        .add_category(world.quai, new("Books", Some("b")), entry("category.added"))
        .await;
    ensure!(again.is_ok(), "an archived one's name gave {again:?}");
    let back = change(&world, books.category.id, to(CategoryState::InUse)).await;
    ensure!(
        matches!(back, Err(StoreError::NameTaken("name"))),
        "it came back and gave {back:?}"
    );
    Ok(())
}

/// A category keeps its barcodes in their order, and they go with it through other changes.
pub async fn barcodes_are_kept(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let codes = ["3760123450018", "LAB \"42\" é", "0000"]
        .map(str::to_owned)
        .to_vec();
    let wanted = NewCategory {
        barcodes: codes.clone(),
        ..new("Books", None)
    };
    let books = world
        .store
        .add_category(world.quai, wanted, entry("category.added"))
        .await?;
    let dearer = CategoryPatch {
        price_cents: Some(None),
        ..CategoryPatch::default()
    };
    change(&world, books.category.id, dearer).await?;
    let found = world.store.categories(world.quai).await?;
    ensure!(found.len() == 1 && found[0].barcodes == codes, "it has {found:?}");
    let fewer = CategoryPatch {
        barcodes: Some(codes[1..].to_vec()),
        ..CategoryPatch::default()
    };
    let changed = change(&world, books.category.id, fewer).await?;
    ensure!(
        changed.is_some_and(|row| row.category.barcodes == codes[1..]),
        "the change answers otherwise"
    );
    let found = world.store.categories(world.quai).await?;
    ensure!(found[0].barcodes == codes[1..], "then it has {found:?}");
    Ok(())
}

/// A barcode is one category's among those in use, to the letter; archived ones leave theirs free.
pub async fn a_barcode_is_used_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let with = |name: &str, code: &str| NewCategory {
        barcodes: vec![code.to_owned()],
        ..new(name, None)
    };
    let add = |organization, wanted| {
        world
            .store
            .add_category(organization, wanted, entry("category.added"))
    };
    let books = add(world.quai, with("Books", "LAB-1")).await?;
    let outcome = add(world.quai, with("Arts", "LAB-1")).await;
    ensure!(
        matches!(outcome, Err(StoreError::NameTaken("barcodes"))),
        "a second one gave {outcome:?}"
    );
    let elsewhere = add(world.port, with("Books", "LAB-1")).await;
    ensure!(elsewhere.is_ok(), "another organisation's gave {elsewhere:?}");
    let arts = add(world.quai, with("Arts", "lab-1")).await?;
    let same = CategoryPatch {
        barcodes: Some(vec!["LAB-2".to_owned(), "LAB-1".to_owned()]),
        ..CategoryPatch::default()
    };
    let outcome = change(&world, arts.category.id, same.clone()).await;
    ensure!(
        matches!(outcome, Err(StoreError::NameTaken("barcodes"))),
        "a change to it gave {outcome:?}"
    );
    archive(&world, books.category.id).await?;
    let freed = change(&world, arts.category.id, same).await?;
    ensure!(freed.is_some(), "an archived one's is not free");
    let back = change(&world, books.category.id, to(CategoryState::InUse)).await;
    ensure!(
        matches!(back, Err(StoreError::NameTaken("barcodes"))),
        "it came back and gave {back:?}"
    );
    Ok(())
}

/// What a change names changes, in its organisation; what it does not name stays.
pub async fn a_category_changes_in_what_is_named(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let books = added(&world, "Books", Some("b")).await?;
    let dearer = CategoryPatch {
        price_cents: Some(Some(400)),
        ..CategoryPatch::default()
    };
    let changed = change(&world, books.category.id, dearer.clone()).await?;
    let expected = CategoryRow {
        category: Category {
            price_cents: Some(400),
            ..books.category.clone()
        },
        archived_at: None,
    };
    ensure!(changed.as_ref() == Some(&expected), "it answers {changed:?}");
    let keyless = CategoryPatch {
        name: Some("Novels".to_owned()),
        shortcut: Some(None),
        ..CategoryPatch::default()
    };
    change(&world, books.category.id, keyless).await?;
    let found = world.store.every_category(world.quai).await?;
    let expected = CategoryRow {
        category: Category {
            name: "Novels".to_owned(),
            shortcut: None,
            ..expected.category
        },
        archived_at: None,
    };
    ensure!(found == [expected], "it reads {found:?}");
    let abroad = world
        .store
        .change_category(
            world.port,
            books.category.id,
            dearer,
            START,
            entry("category.changed"),
        )
        .await?;
    ensure!(abroad.is_none(), "another organisation changed it: {abroad:?}");
    Ok(())
}

/// An archived category leaves the tiles, stays on the list with its time, and comes back.
pub async fn an_archived_category_leaves_the_tiles(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let [books, arts, _] = three(&world).await?;
    archive(&world, arts.category.id).await?;
    let found = tiles(&world).await?;
    ensure!(found == ["Books", "Chairs"], "the tiles read {found:?}");
    let all = world.store.every_category(world.quai).await?;
    let times: Vec<_> = all.iter().map(|row| row.archived_at).collect();
    ensure!(times == [None, Some(START), None], "the list reads {all:?}");
    change(&world, arts.category.id, to(CategoryState::InUse)).await?;
    let found = tiles(&world).await?;
    ensure!(found == ["Books", "Arts", "Chairs"], "then they read {found:?}");
    let put = world
        .store
        .put_category(world.quai, books.category, entry("category.put"))
        .await;
    ensure!(put.is_ok(), "the program's own change gave {put:?}");
    Ok(())
}

/// A category moves past its neighbour on the tiles, an archived one between them or not.
pub async fn a_category_moves_past_its_neighbour(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let [books, arts, chairs] = three(&world).await?;
    archive(&world, arts.category.id).await?;
    let go = |organization, row: &CategoryRow, direction| {
        world
            .store
            .move_category(organization, row.category.id, direction, entry("category.moved"))
    };
    let moved = go(world.quai, &chairs, Direction::Up).await?;
    ensure!(
        moved.as_ref().is_some_and(|row| row.category.position == 0),
        "it answers {moved:?}"
    );
    let found = tiles(&world).await?;
    ensure!(found == ["Chairs", "Books"], "the tiles read {found:?}");
    go(world.quai, &chairs, Direction::Down).await?;
    let found = tiles(&world).await?;
    ensure!(found == ["Books", "Chairs"], "then they read {found:?}");
    let before = world.actions().await?;
    let edge = go(world.quai, &books, Direction::Up).await?;
    ensure!(edge.is_some(), "the first one is not known");
    let archived = go(world.quai, &arts, Direction::Up).await?;
    let abroad = go(world.port, &books, Direction::Down).await?;
    ensure!(
        archived.is_none() && abroad.is_none(),
        "an archived one gave {archived:?}, another organisation {abroad:?}"
    );
    let found = tiles(&world).await?;
    ensure!(found == ["Books", "Chairs"], "at last they read {found:?}");
    let after = world.actions().await?;
    ensure!(after == before, "what moved nothing stands in the log");
    Ok(())
}

/// First categories are for an organisation that never had one, archived ones counted, and come all or not at all.
pub async fn first_categories_come_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let first = || {
        ["Books", "Arts"]
            .into_iter()
            .zip(0_u32..)
            .map(|(name, position)| Category {
                id: Uuid::now_v7(),
                name: name.to_owned(),
                price_cents: None,
                shortcut: None,
                position,
                barcodes: Vec::new(),
            })
            .collect::<Vec<_>>()
    };
    let start = |organization| {
        world
            .store
            .start_categories(organization, first(), entry("categories.started"))
    };
    ensure!(start(world.quai).await?, "there was none, and none came");
    let found = tiles(&world).await?;
    ensure!(found == ["Books", "Arts"], "the tiles read {found:?}");
    for row in world.store.every_category(world.quai).await? {
        archive(&world, row.category.id).await?;
    }
    ensure!(!start(world.quai).await?, "they came once more");
    let all = world.store.every_category(world.quai).await?;
    ensure!(all.len() == 2, "there are {} of them", all.len());
    let nowhere = start(Uuid::now_v7()).await;
    ensure!(
        matches!(nowhere, Err(StoreError::UnknownReference(_))),
        "of nobody it gave {nowhere:?}"
    );
    Ok(())
}
