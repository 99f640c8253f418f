//! Categories and sales.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a case names the outcomes it allows: every other one breaks it"
)]

use futures_util::future::join_all;
use protocol::sale::{Category, NewSale, Payment, PaymentMethod, SaleLine};
use uuid::Uuid;

use super::fixture::{START, World, entry, user};
use super::{Conforms, Engine, Violation, ensure};
use crate::{CategoryPatch, CategoryState, Millis, NewSaleRow, SaleOutcome, SaleRow, StoreError};

fn category(id: Uuid, name: &str, position: u32) -> Category {
    Category {
        id,
        name: name.to_owned(),
        price_cents: Some(250),
        shortcut: Some("b".to_owned()),
        position,
        barcodes: Vec::new(),
    }
}

async fn put(world: &World, organization: Uuid, category: Category) -> Result<Uuid, Violation> {
    let id = category.id;
    world
        .store
        .put_category(organization, category, entry("category.put"))
        .await?;
    Ok(id)
}

async fn books(world: &World, organization: Uuid) -> Result<Uuid, Violation> {
    put(world, organization, category(Uuid::now_v7(), "Books", 1)).await
}

/// Anna's sale of two pieces of this category, with a new key.
fn sale(world: &World, category: Uuid, now: Millis) -> NewSaleRow {
    let line = SaleLine {
        category_id: category,
        quantity: 2,
        weight_grams: 300,
        unit_price_cents: 250,
    };
    NewSaleRow {
        id: Uuid::now_v7(),
        organization_id: world.quai,
        site_id: Some(world.quai_site),
        operator_id: world.anna,
        idempotency_key: Uuid::now_v7(),
        body_hash: [7; 32],
        sale: NewSale {
            lines: vec![line.clone(), line],
            payments: vec![
                Payment {
                    method: PaymentMethod::Cash,
                    amount_cents: 400,
                },
                Payment {
                    method: PaymentMethod::Card,
                    amount_cents: 600,
                },
            ],
            total_cents: 1_000,
            note: "blue bag".to_owned(),
            finished_at: chrono::DateTime::from_timestamp_nanos(0),
            organization_id: None,
            till_day_id: None,
        },
        now,
    }
}

/// The same sale as a client sends it again: a new id, everything else the same.
fn again(first: &NewSaleRow) -> NewSaleRow {
    NewSaleRow {
        id: Uuid::now_v7(),
        now: first.now + 5,
        ..first.clone()
    }
}

async fn keep(world: &World, new: NewSaleRow) -> Result<SaleOutcome, Violation> {
    Ok(world.store.keep_sale(new, entry("sale.kept")).await?)
}

async fn kept(world: &World, new: NewSaleRow) -> Result<SaleRow, Violation> {
    match keep(world, new).await? {
        SaleOutcome::Kept(row) => Ok(row),
        other => Err(Violation::Broken(format!("a new sale gave {other:?}"))),
    }
}

/// A sale sent again is the one that is kept.
pub async fn a_sale_is_kept_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let first = sale(&world, books(&world, world.quai).await?, START);
    let row = kept(&world, first.clone()).await?;
    let expected = SaleRow {
        id: first.id,
        organization_id: world.quai,
        idempotency_key: first.idempotency_key,
        operator_id: world.anna,
        total_cents: 1_000,
        received_at: START,
    };
    ensure!(row == expected, "the sale reads {row:?}");
    let outcome = keep(&world, again(&first)).await?;
    ensure!(
        outcome == SaleOutcome::KeptBefore(expected.clone()),
        "sent again it gave {outcome:?}"
    );
    let listed = world.store.sales_of(world.quai, world.anna, 10).await?;
    ensure!(listed == [expected], "the list reads {listed:?}");
    Ok(())
}

/// One sale sent many times at once is kept once.
pub async fn one_sale_at_once_is_kept_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let first = sale(&world, books(&world, world.quai).await?, START);
    let (mut new, mut before) = (Vec::new(), Vec::new());
    for outcome in join_all((0..64).map(|_| keep(&world, again(&first)))).await {
        match outcome? {
            SaleOutcome::Kept(row) => new.push(row),
            SaleOutcome::KeptBefore(row) => before.push(row),
            other => return Err(Violation::Broken(format!("one of them gave {other:?}"))),
        }
    }
    let [row] = new.as_slice() else {
        return Err(Violation::Broken(format!("{} were said to be new", new.len())));
    };
    ensure!(
        before.len() == 63 && before.iter().all(|one| one == row),
        "not all got the same sale"
    );
    Ok(())
}

/// A key that comes with another body is refused, and nothing changes.
pub async fn a_key_with_another_body_is_refused(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let first = sale(&world, books(&world, world.quai).await?, START);
    kept(&world, first.clone()).await?;
    let mut other = again(&first);
    other.body_hash = [8; 32];
    let outcome = keep(&world, other).await?;
    ensure!(outcome == SaleOutcome::KeyReused, "it gave {outcome:?}");
    let listed = world.store.sales_of(world.quai, world.anna, 10).await?;
    ensure!(listed.len() == 1, "{} sales are kept", listed.len());
    Ok(())
}

/// A key is its organisation's: another may use the same.
pub async fn a_key_is_the_organizations_own(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let first = sale(&world, books(&world, world.quai).await?, START);
    kept(&world, first.clone()).await?;
    let mut foreign = sale(&world, books(&world, world.port).await?, START);
    foreign.idempotency_key = first.idempotency_key;
    foreign.organization_id = world.port;
    foreign.site_id = Some(world.port_site);
    foreign.operator_id = world.paul;
    let outcome = keep(&world, foreign).await?;
    ensure!(
        matches!(outcome, SaleOutcome::Kept(_)),
        "in another organisation it gave {outcome:?}"
    );
    Ok(())
}

/// A category that the organisation does not have is named, and nothing of the sale is kept.
pub async fn a_foreign_category_is_unknown(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let foreign = books(&world, world.port).await?;
    let mut new = sale(&world, books(&world, world.quai).await?, START);
    if let Some(line) = new.sale.lines.last_mut() {
        line.category_id = foreign;
    }
    let outcome = keep(&world, new.clone()).await?;
    ensure!(
        outcome == SaleOutcome::CategoryUnknown(foreign),
        "it gave {outcome:?}"
    );
    let listed = world.store.sales_of(world.quai, world.anna, 10).await?;
    ensure!(listed.is_empty(), "a part of it is kept: {listed:?}");
    Ok(())
}

/// A ticket that was made while a category was in use is kept though the category is archived by now.
pub async fn an_archived_category_still_sells(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let category = books(&world, world.quai).await?;
    let patch = CategoryPatch {
        state: Some(CategoryState::Archived),
        ..CategoryPatch::default()
    };
    world
        .store
        .change_category(world.quai, category, patch, START, entry("category.archived"))
        .await?;
    kept(&world, sale(&world, category, START + 1)).await?;
    Ok(())
}

/// A sale belongs to a member of the organisation and to one of its sites.
pub async fn a_sale_belongs_to_its_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let category = books(&world, world.quai).await?;
    let by_stranger = NewSaleRow {
        operator_id: world.paul,
        ..sale(&world, category, START)
    };
    let elsewhere = NewSaleRow {
        site_id: Some(world.port_site),
        ..sale(&world, category, START)
    };
    for new in [by_stranger, elsewhere] {
        let outcome = world.store.keep_sale(new, entry("sale.kept")).await;
        ensure!(
            matches!(outcome, Err(StoreError::UnknownReference(_))),
            "it gave {outcome:?}"
        );
    }
    Ok(())
}

/// An organisation sees its own categories only, by position.
pub async fn categories_are_the_organizations_own_by_position(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    books(&world, world.port).await?;
    let third = put(&world, world.quai, category(Uuid::now_v7(), "Chairs", 3)).await?;
    let first = put(&world, world.quai, category(Uuid::now_v7(), "Toys", 1)).await?;
    let second = put(&world, world.quai, category(Uuid::now_v7(), "Arts", 2)).await?;
    let found: Vec<_> = world
        .store
        .categories(world.quai)
        .await?
        .iter()
        .map(|one| one.id)
        .collect();
    ensure!(found == [first, second, third], "categories came as {found:?}");
    Ok(())
}

/// A category put again is changed where it is, and nowhere else.
pub async fn a_category_is_changed_in_its_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let id = Uuid::now_v7();
    let before = category(id, "Books", 1);
    put(&world, world.quai, before.clone()).await?;
    put(&world, world.port, before.clone()).await?;
    let after = Category {
        price_cents: None,
        shortcut: None,
        ..category(id, "Bikes", 4)
    };
    put(&world, world.quai, after.clone()).await?;
    let here = world.store.categories(world.quai).await?;
    ensure!(here == [after], "here it reads {here:?}");
    let there = world.store.categories(world.port).await?;
    ensure!(there == [before], "there it reads {there:?}");
    Ok(())
}

/// No category without its organisation.
pub async fn a_category_needs_its_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let new = category(Uuid::now_v7(), "Books", 1);
    let outcome = world
        .store
        .put_category(Uuid::now_v7(), new, entry("category.put"))
        .await;
    ensure!(
        matches!(outcome, Err(StoreError::UnknownReference(_))),
        "it gave {outcome:?}"
    );
    Ok(())
}

/// A list of sales is of one operator in one organisation, newest first, and no longer than asked for.
pub async fn sales_are_the_operators_own_newest_first(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let colleague = user(&*world.store, "carl", world.quai, None).await?;
    let category = books(&world, world.quai).await?;
    let older = kept(&world, sale(&world, category, START)).await?;
    let newer = kept(&world, sale(&world, category, START + 2)).await?;
    let middle = kept(&world, sale(&world, category, START + 1)).await?;
    kept(
        &world,
        NewSaleRow {
            operator_id: colleague,
            ..sale(&world, category, START)
        },
    )
    .await?;
    let own = world.store.sales_of(world.quai, world.anna, 10).await?;
    ensure!(
        own == [newer.clone(), middle.clone(), older],
        "the list reads {own:?}"
    );
    let few = world.store.sales_of(world.quai, world.anna, 2).await?;
    ensure!(few == [newer, middle], "two at most reads {few:?}");
    let elsewhere = world.store.sales_of(world.port, world.anna, 10).await?;
    ensure!(
        elsewhere.is_empty(),
        "in another organisation it reads {elsewhere:?}"
    );
    Ok(())
}
