//! The days of tills.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a case names the outcomes it allows: every other one breaks it"
)]

use futures_util::future::join_all;
use protocol::sale::{Category, NewSale, Payment, PaymentMethod, SaleLine};
use uuid::Uuid;

use super::fixture::{MINUTE, START, World, entry, user};
use super::{Conforms, Engine, Violation, ensure};
use crate::{
    ClosedTillDay, DayOperator, Millis, NewSaleRow, NewTill, NewTillDay, OpenedTillDay, PageKey, SaleOutcome,
    StoreError, TillDayClosing, TillDayEnd, TillDayRow,
};

const FLOAT_CENTS: u32 = 15_000;
/// The cash in each of Anna's sales here; 600 more are paid by card.
const CASH_CENTS: i64 = 400;

async fn till(world: &World, name: &str) -> Result<Uuid, Violation> {
    let id = Uuid::now_v7();
    let new = NewTill {
        id,
        organization_id: world.quai,
        site_id: world.quai_site,
        name: name.to_owned(),
    };
    world.store.add_till(new, entry("till.added")).await?;
    Ok(id)
}

async fn foreign_till(world: &World) -> Result<Uuid, Violation> {
    let id = Uuid::now_v7();
    let new = NewTill {
        id,
        organization_id: world.port,
        site_id: world.port_site,
        name: "Pier".to_owned(),
    };
    world.store.add_till(new, entry("till.added")).await?;
    Ok(id)
}

fn opening(world: &World, till_id: Uuid, now: Millis) -> NewTillDay {
    NewTillDay {
        id: Uuid::now_v7(),
        organization_id: world.quai,
        till_id,
        operator_id: world.anna,
        float_cents: FLOAT_CENTS,
        now,
    }
}

async fn open(world: &World, new: NewTillDay) -> Result<OpenedTillDay, Violation> {
    Ok(world.store.open_till_day(new, entry("till_day.opened")).await?)
}

async fn opened(world: &World, new: NewTillDay) -> Result<TillDayRow, Violation> {
    match open(world, new).await? {
        OpenedTillDay::Opened(row) => Ok(row),
        other => Err(Violation::Broken(format!("an opening gave {other:?}"))),
    }
}

fn closing(day: &TillDayRow, operator_id: Uuid, counted_cents: u32, comment: &str) -> TillDayClosing {
    TillDayClosing {
        organization_id: day.organization_id,
        till_id: day.till_id,
        day_id: day.id,
        operator_id,
        counted_cents,
        comment: comment.to_owned(),
        now: day.opened_at + MINUTE,
    }
}

async fn close(world: &World, closing: TillDayClosing) -> Result<ClosedTillDay, Violation> {
    let audit = entry("till_day.closed");
    Ok(world.store.close_till_day(closing, audit).await?)
}

async fn closed(world: &World, closing: TillDayClosing) -> Result<TillDayRow, Violation> {
    match close(world, closing).await? {
        ClosedTillDay::Closed(row) => Ok(row),
        other => Err(Violation::Broken(format!("a closing gave {other:?}"))),
    }
}

async fn books(world: &World) -> Result<Uuid, Violation> {
    let id = Uuid::now_v7();
    let category = Category {
        id,
        name: "Books".to_owned(),
        price_cents: None,
        shortcut: None,
        position: 1,
        barcodes: Vec::new(),
    };
    world
        .store
        .put_category(world.quai, category, entry("category.put"))
        .await?;
    Ok(id)
}

/// Anna's sale for 10.00, of which 4.00 are cash, on this day.
fn sale(world: &World, category_id: Uuid, day_id: Uuid) -> NewSaleRow {
    NewSaleRow {
        id: Uuid::now_v7(),
        organization_id: world.quai,
        site_id: Some(world.quai_site),
        operator_id: world.anna,
        idempotency_key: Uuid::now_v7(),
        body_hash: [7; 32],
        sale: NewSale {
            lines: vec![SaleLine {
                category_id,
                quantity: 1,
                weight_grams: 0,
                unit_price_cents: 1_000,
            }],
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
            note: String::new(),
            finished_at: chrono::DateTime::from_timestamp_nanos(0),
            organization_id: None,
            till_day_id: Some(day_id),
        },
        now: START,
    }
}

async fn keep(world: &World, new: NewSaleRow) -> Result<SaleOutcome, Violation> {
    Ok(world.store.keep_sale(new, entry("sale.kept")).await?)
}

async fn sold(world: &World, new: NewSaleRow) -> Conforms {
    match keep(world, new).await? {
        SaleOutcome::Kept(_) => Ok(()),
        other => Err(Violation::Broken(format!("a sale gave {other:?}"))),
    }
}

async fn days(world: &World, till_id: Option<Uuid>) -> Result<Vec<TillDayRow>, Violation> {
    Ok(world.store.till_days(world.quai, till_id, None, 100).await?)
}

/// How often the log says this.
async fn written(world: &World, action: &str) -> Result<usize, Violation> {
    let actions = world.actions().await?;
    Ok(actions.iter().filter(|each| *each == action).count())
}

/// A day that was opened reads back whole.
pub async fn a_till_opens_with_its_float(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let till_id = till(&world, "One").await?;
    let new = opening(&world, till_id, START);
    let expected = TillDayRow {
        id: new.id,
        organization_id: world.quai,
        till_id,
        till_name: "One".to_owned(),
        site_name: "Dock".to_owned(),
        opened_at: START,
        opened_by: DayOperator {
            id: world.anna,
            name: "ANNA".to_owned(),
        },
        float_cents: FLOAT_CENTS,
        expected_cents: i64::from(FLOAT_CENTS),
        end: None,
    };
    let row = opened(&world, new).await?;
    ensure!(row == expected, "it reads {row:?}");
    let listed = days(&world, None).await?;
    ensure!(listed == [expected], "the list reads {listed:?}");
    Ok(())
}

/// A till has one open day: another opening finds it, and several at once open one.
pub async fn a_till_has_one_open_day(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let till_id = till(&world, "One").await?;
    let attempts = join_all((0..16_u32).map(|number| {
        let new = NewTillDay {
            float_cents: FLOAT_CENTS + number,
            ..opening(&world, till_id, START)
        };
        open(&world, new)
    }))
    .await;
    let (mut opened, mut found) = (Vec::new(), Vec::new());
    for outcome in attempts {
        match outcome? {
            OpenedTillDay::Opened(row) => opened.push(row),
            OpenedTillDay::OpenAlready(row) => found.push(row),
            other => return Err(Violation::Broken(format!("one of them gave {other:?}"))),
        }
    }
    ensure!(opened.len() == 1, "{} opened it", opened.len());
    ensure!(
        found.iter().all(|row| opened.contains(row)),
        "not all found the same day"
    );
    let colleague = user(&*world.store, "carl", world.quai, None).await?;
    let by_another = NewTillDay {
        operator_id: colleague,
        float_cents: opened.first().map_or(0, |row| row.float_cents),
        ..opening(&world, till_id, START)
    };
    let outcome = open(&world, by_another).await?;
    ensure!(
        matches!(outcome, OpenedTillDay::OpenAlready(_)),
        "for a colleague it gave {outcome:?}"
    );
    Ok(())
}

/// The same opening again is answered with the day that it opened.
pub async fn opening_again_changes_nothing(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let till_id = till(&world, "One").await?;
    let row = opened(&world, opening(&world, till_id, START)).await?;
    let again = open(&world, opening(&world, till_id, START + 5)).await?;
    ensure!(again == OpenedTillDay::OpenedBefore(row), "it gave {again:?}");
    Ok(())
}

/// A till that is archived, unknown or another organisation's does not open, nor does anybody open one who is no member.
pub async fn only_a_till_in_use_opens(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let archived = till(&world, "One").await?;
    world
        .store
        .archive_till(world.quai, archived, START, entry("till.archived"))
        .await?;
    let foreign = foreign_till(&world).await?;
    for till_id in [archived, foreign, Uuid::now_v7()] {
        let outcome = open(&world, opening(&world, till_id, START)).await?;
        ensure!(outcome == OpenedTillDay::TillUnknown, "it gave {outcome:?}");
    }
    let by_stranger = NewTillDay {
        operator_id: world.paul,
        ..opening(&world, till(&world, "Two").await?, START)
    };
    let outcome = world
        .store
        .open_till_day(by_stranger, entry("till_day.opened"))
        .await;
    ensure!(
        matches!(outcome, Err(StoreError::UnknownReference(_))),
        "for a stranger it gave {outcome:?}"
    );
    Ok(())
}

/// A closing expects the float and the cash of the day's sales, and nothing of other days.
pub async fn a_closing_expects_the_days_cash(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let category = books(&world).await?;
    let day = opened(&world, opening(&world, till(&world, "One").await?, START)).await?;
    let other = opened(&world, opening(&world, till(&world, "Two").await?, START)).await?;
    sold(&world, sale(&world, category, day.id)).await?;
    sold(&world, sale(&world, category, day.id)).await?;
    sold(&world, sale(&world, category, other.id)).await?;
    let mut without = sale(&world, category, day.id);
    without.sale.till_day_id = None;
    sold(&world, without).await?;
    let so_far = days(&world, Some(day.till_id)).await?;
    let expected = i64::from(FLOAT_CENTS) + 2 * CASH_CENTS;
    ensure!(
        so_far.iter().map(|row| row.expected_cents).eq([expected]),
        "so far it reads {so_far:?}"
    );
    let row = closed(
        &world,
        closing(&day, world.anna, FLOAT_CENTS + 790, "a coin fell"),
    )
    .await?;
    ensure!(
        row.expected_cents == expected,
        "it expects {}",
        row.expected_cents
    );
    ensure!(
        row.variance_cents() == Some(-10),
        "the variance is {:?}",
        row.variance_cents()
    );
    Ok(())
}

/// A closing reads back whole, also from the list, and what was expected stays.
pub async fn a_day_closes_with_its_count(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let colleague = user(&*world.store, "carl", world.quai, None).await?;
    let day = opened(&world, opening(&world, till(&world, "One").await?, START)).await?;
    let row = closed(&world, closing(&day, colleague, 15_500, "five too many")).await?;
    let expected = TillDayRow {
        end: Some(TillDayEnd {
            closed_at: START + MINUTE,
            closed_by: DayOperator {
                id: colleague,
                name: "CARL".to_owned(),
            },
            counted_cents: 15_500,
            comment: "five too many".to_owned(),
        }),
        ..day.clone()
    };
    ensure!(row == expected, "it reads {row:?}");
    let listed = days(&world, None).await?;
    ensure!(listed == [expected], "the list reads {listed:?}");
    let next = opened(&world, opening(&world, day.till_id, START + 2 * MINUTE)).await?;
    ensure!(next.id != day.id, "the next day is the one before");
    Ok(())
}

/// A count that differs wants a word; one that fits does not.
pub async fn a_variance_wants_a_comment(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let day = opened(&world, opening(&world, till(&world, "One").await?, START)).await?;
    for counted in [FLOAT_CENTS - 1, FLOAT_CENTS + 1] {
        let outcome = close(&world, closing(&day, world.anna, counted, "")).await?;
        let wanted = ClosedTillDay::CommentWanted {
            expected_cents: i64::from(FLOAT_CENTS),
        };
        ensure!(outcome == wanted, "{counted} gave {outcome:?}");
    }
    let row = closed(&world, closing(&day, world.anna, FLOAT_CENTS, "")).await?;
    ensure!(
        row.variance_cents() == Some(0),
        "the variance is {:?}",
        row.variance_cents()
    );
    Ok(())
}

/// The same closing again is answered with the day that it closed; another one finds it closed.
pub async fn a_day_is_closed_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let colleague = user(&*world.store, "carl", world.quai, None).await?;
    let day = opened(&world, opening(&world, till(&world, "One").await?, START)).await?;
    let first = closing(&day, world.anna, 15_500, "five too many");
    let row = closed(&world, first.clone()).await?;
    let later = TillDayClosing {
        now: first.now + 5,
        ..first.clone()
    };
    let again = close(&world, later).await?;
    ensure!(
        again == ClosedTillDay::ClosedBefore(row.clone()),
        "again it gave {again:?}"
    );
    for other in [
        closing(&day, world.anna, 15_501, "five too many"),
        closing(&day, world.anna, 15_500, "six too many"),
        closing(&day, colleague, 15_500, "five too many"),
    ] {
        let outcome = close(&world, other).await?;
        ensure!(
            outcome == ClosedTillDay::ClosedAlready(row.clone()),
            "another gave {outcome:?}"
        );
    }
    let listed = days(&world, None).await?;
    ensure!(listed == [row], "the list reads {listed:?}");
    Ok(())
}

/// A day is closed at its own till, in its own organisation.
pub async fn a_day_is_closed_at_its_till(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let day = opened(&world, opening(&world, till(&world, "One").await?, START)).await?;
    let fits = closing(&day, world.anna, FLOAT_CENTS, "");
    let other_till = till(&world, "Two").await?;
    for wrong in [
        TillDayClosing {
            till_id: other_till,
            ..fits.clone()
        },
        TillDayClosing {
            organization_id: world.port,
            operator_id: world.paul,
            ..fits.clone()
        },
        TillDayClosing {
            day_id: Uuid::now_v7(),
            ..fits.clone()
        },
    ] {
        let outcome = close(&world, wrong).await?;
        ensure!(outcome == ClosedTillDay::DayUnknown, "it gave {outcome:?}");
    }
    closed(&world, fits).await.map(drop)
}

/// A closed day takes no sale, and nothing of it is kept.
pub async fn a_closed_day_takes_no_sale(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let category = books(&world).await?;
    let day = opened(&world, opening(&world, till(&world, "One").await?, START)).await?;
    closed(&world, closing(&day, world.anna, FLOAT_CENTS, "")).await?;
    let outcome = keep(&world, sale(&world, category, day.id)).await?;
    ensure!(outcome == SaleOutcome::TillDayClosed, "it gave {outcome:?}");
    let listed = world.store.sales_of(world.quai, world.anna, 10).await?;
    ensure!(listed.is_empty(), "it is kept: {listed:?}");
    Ok(())
}

/// A sale names a day of its own organisation.
pub async fn a_sale_names_a_day_of_its_organization(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let category = books(&world).await?;
    let foreign = NewTillDay {
        organization_id: world.port,
        operator_id: world.paul,
        ..opening(&world, foreign_till(&world).await?, START)
    };
    let foreign = opened(&world, foreign).await?;
    for day_id in [foreign.id, Uuid::now_v7()] {
        let outcome = keep(&world, sale(&world, category, day_id)).await?;
        ensure!(outcome == SaleOutcome::TillDayUnknown, "it gave {outcome:?}");
    }
    Ok(())
}

/// A sale that was kept before its day was closed is answered as before.
pub async fn a_sale_taken_before_stays_taken(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let category = books(&world).await?;
    let day = opened(&world, opening(&world, till(&world, "One").await?, START)).await?;
    let first = sale(&world, category, day.id);
    sold(&world, first.clone()).await?;
    closed(&world, closing(&day, world.anna, FLOAT_CENTS + 400, "")).await?;
    let again = NewSaleRow {
        id: Uuid::now_v7(),
        ..first
    };
    let outcome = keep(&world, again).await?;
    ensure!(
        matches!(outcome, SaleOutcome::KeptBefore(_)),
        "it gave {outcome:?}"
    );
    Ok(())
}

/// While sales come in at once with a closing, each is in its sum or refused.
pub async fn a_closing_misses_no_sale(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let category = books(&world).await?;
    let day = opened(&world, opening(&world, till(&world, "One").await?, START)).await?;
    sold(&world, sale(&world, category, day.id)).await?;
    let sales = join_all((0..48).map(|_| keep(&world, sale(&world, category, day.id))));
    let last = closing(&day, world.anna, FLOAT_CENTS + 10, "at once with sales");
    let (outcomes, row) = futures_util::future::join(sales, closed(&world, last)).await;
    let mut taken = 1;
    for outcome in outcomes {
        match outcome? {
            SaleOutcome::Kept(_) => taken += 1,
            SaleOutcome::TillDayClosed => {}
            other => return Err(Violation::Broken(format!("a sale gave {other:?}"))),
        }
    }
    let (row, expected) = (row?, i64::from(FLOAT_CENTS) + taken * CASH_CENTS);
    ensure!(
        row.expected_cents == expected,
        "{taken} sales were taken, and {} is expected",
        row.expected_cents
    );
    Ok(())
}

/// Days come in pages, newest first, of the organisation or of one till.
pub async fn days_come_in_pages(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let (one, two) = (till(&world, "One").await?, till(&world, "Two").await?);
    let foreign = NewTillDay {
        organization_id: world.port,
        operator_id: world.paul,
        ..opening(&world, foreign_till(&world).await?, START)
    };
    opened(&world, foreign).await?;
    let mut newest_first = Vec::new();
    for round in 0..3 {
        for till_id in [one, two] {
            // Two days of each round begin in the same moment.
            let day = opened(&world, opening(&world, till_id, START + round * 10 * MINUTE)).await?;
            newest_first.push(closed(&world, closing(&day, world.anna, FLOAT_CENTS, "")).await?);
        }
    }
    newest_first.sort_by_key(|day| std::cmp::Reverse((day.opened_at, day.id)));
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..6 {
        let page = world.store.till_days(world.quai, None, after, 4).await?;
        ensure!(page.len() <= 4, "a page has {} days", page.len());
        let Some(last) = page.last() else { break };
        after = Some(PageKey {
            created_at: last.opened_at,
            id: last.id,
        });
        seen.extend(page);
    }
    ensure!(seen == newest_first, "the pages read {seen:?}");
    let of_one = days(&world, Some(one)).await?;
    newest_first.retain(|day| day.till_id == one);
    ensure!(of_one == newest_first, "of one till they read {of_one:?}");
    Ok(())
}

/// Those who sell see the tills of their organisation that are in use, each with its open day; an archived one as long as
/// its day is open.
pub async fn tills_come_with_their_open_day(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let (one, two) = (till(&world, "One").await?, till(&world, "Two").await?);
    foreign_till(&world).await?;
    let day = opened(&world, opening(&world, two, START)).await?;
    let idle = till(&world, "Zero").await?;
    for archived in [two, idle] {
        world
            .store
            .archive_till(world.quai, archived, START, entry("till.archived"))
            .await?;
    }
    let found = async || -> Result<Vec<_>, Violation> {
        let tills = world.store.counter_tills(world.quai).await?;
        let seen = tills
            .into_iter()
            .map(|each| (each.till.id, each.site_name, each.day));
        Ok(seen.collect())
    };
    let dock = || "Dock".to_owned();
    let before = found().await?;
    ensure!(
        before == [(one, dock(), None), (two, dock(), Some(day.clone()))],
        "they read {before:?}"
    );
    closed(&world, closing(&day, world.anna, FLOAT_CENTS, "")).await?;
    let after = found().await?;
    ensure!(after == [(one, dock(), None)], "after the closing {after:?}");
    Ok(())
}

/// An opening and a closing leave one entry each, and the closing's says what was expected; what changes nothing leaves none.
pub async fn opening_and_closing_leave_their_entries(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let till_id = till(&world, "One").await?;
    let day = opened(&world, opening(&world, till_id, START)).await?;
    open(&world, opening(&world, till_id, START)).await?;
    open(&world, opening(&world, Uuid::now_v7(), START)).await?;
    let last = closing(&day, world.anna, FLOAT_CENTS + 10, "ten too many");
    close(&world, closing(&day, world.anna, FLOAT_CENTS + 10, "")).await?;
    close(&world, last.clone()).await?;
    close(&world, last).await?;
    close(&world, closing(&day, world.anna, 1, "late")).await?;
    for action in ["till_day.opened", "till_day.closed"] {
        let times = written(&world, action).await?;
        ensure!(times == 1, "{action} is written {times} times");
    }
    let rows = world.store.audit_rows(None, 10).await?;
    let after = rows
        .iter()
        .find(|row| row.action == "till_day.closed")
        .map(|row| &row.after);
    let said = |name: &str| after.and_then(|after| after.get(name)).map(String::as_str);
    ensure!(
        (
            said("expected_cents"),
            said("counted_cents"),
            said("variance_cents")
        ) == (Some("15000"), Some("15010"), Some("10")),
        "the closing's entry says {after:?}"
    );
    Ok(())
}
