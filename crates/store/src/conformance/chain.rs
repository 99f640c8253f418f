//! The chain over the audit log, and the log in pages.

use protocol::audit::AuditResult;
use protocol::auth::DeviceKind;
use uuid::Uuid;

use super::fixture::{START, World, begin, entry, new_session};
use super::{Conforms, Engine, Violation, ensure};
use crate::audit::Fields;
use crate::chain::{BEGINNING, link};
use crate::{AuditEntry, AuditFilter, AuditKey, Cut, Link, Seal};

/// A seal over everything that is not sealed, as the process of number `by` would make it.
async fn next_seal(world: &World, by: u8) -> Result<(Seal, Vec<Link>), Violation> {
    let last = world.store.last_audit_seal().await?;
    let cut = world.store.audit_cuts().await?.pop();
    let (number, after, previous_head) = match (&last, &cut) {
        (Some(last), _) => (last.number, last.to_sequence, last.head),
        (None, Some(cut)) => (cut.seal_number, cut.to_sequence, cut.head),
        (None, None) => (0, 0, BEGINNING),
    };
    let mut head = previous_head;
    let rows = world.store.audit_chain(after, 1_000).await?;
    let links: Vec<Link> = rows
        .iter()
        .map(|row| {
            head = link(&head, &row.row);
            head
        })
        .collect();
    let seal = Seal {
        number: number + 1,
        from_sequence: after + 1,
        to_sequence: rows.last().map_or(after, |last| last.sequence),
        previous_head,
        head,
        sealed_at: START + i64::from(by),
        key_version: 7,
        signature: vec![by; 64],
    };
    Ok((seal, links))
}

async fn sealed(world: &World, by: u8) -> Result<Seal, Violation> {
    let (seal, links) = next_seal(world, by).await?;
    let added = world.store.add_audit_seal(seal.clone(), links).await?;
    ensure!(added, "a seal that follows was not added");
    Ok(seal)
}

fn cut(number: u64, behind: &Seal) -> Cut {
    Cut {
        number,
        seal_number: behind.number,
        to_sequence: behind.to_sequence,
        head: behind.head,
        cut_at: START,
        key_version: 7,
        signature: vec![9; 64],
    }
}

/// Seals go on where the last one ended; each row has one link; what was sealed reads back.
pub async fn a_row_is_sealed_once(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let (first, links) = next_seal(&world, 1).await?;
    let (rival, rival_links) = next_seal(&world, 2).await?;
    ensure!(first.to_sequence == 6, "the log has {} rows", first.to_sequence);
    let added = world.store.add_audit_seal(first.clone(), links.clone()).await?;
    ensure!(added, "the first seal was not added");
    let twice = world.store.add_audit_seal(rival, rival_links).await?;
    ensure!(!twice, "the same rows were sealed twice");
    world.store.audit(entry("still.works")).await?;
    let open = world.store.audit_chain(6, 10).await?;
    ensure!(
        open.len() == 1 && open[0].link.is_none(),
        "a new row reads {open:?}"
    );
    let (mut gap, gap_links) = next_seal(&world, 3).await?;
    gap.previous_head = [1; 32];
    let unlinked = world.store.add_audit_seal(gap, gap_links).await?;
    ensure!(!unlinked, "a seal that does not go on was added");
    let second = sealed(&world, 4).await?;
    let rows = world.store.audit_chain(0, 100).await?;
    let kept: Vec<_> = rows.iter().map(|row| row.link).collect();
    let expected: Vec<_> = links.into_iter().chain([second.head]).map(Some).collect();
    ensure!(kept == expected, "the links read {kept:?}");
    let seals = world.store.audit_seals(0, 100).await?;
    ensure!(seals == [first, second.clone()], "the seals read {seals:?}");
    let later = world.store.audit_seals(1, 100).await?;
    ensure!(later == [second.clone()], "after the first: {later:?}");
    let last = world.store.last_audit_seal().await?;
    ensure!(last == Some(second), "the last reads {last:?}");
    Ok(())
}

/// Rows before a cut are deleted, no others; the log goes on behind it.
pub async fn only_what_was_cut_is_deleted(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let first = sealed(&world, 1).await?;
    world.store.audit(entry("between")).await?;
    let second = sealed(&world, 2).await?;
    let none = world.store.purge_audit_log(100).await?;
    ensure!(none == 0, "{none} rows were deleted without a cut");
    let mut unsealed = cut(1, &first);
    unsealed.head = [3; 32];
    let wrong = world
        .store
        .cut_audit_log(unsealed, entry("audit.shortened"))
        .await?;
    ensure!(!wrong, "a cut was made where nothing was sealed");
    let before = world.store.last_audit_seal_before(second.sealed_at).await?;
    ensure!(before == Some(first.clone()), "before the second: {before:?}");
    let made = world
        .store
        .cut_audit_log(cut(1, &first), entry("audit.shortened"))
        .await?;
    ensure!(made, "a cut was not made");
    let again = world
        .store
        .cut_audit_log(cut(1, &first), entry("audit.shortened"))
        .await?;
    ensure!(!again, "a cut was made twice");
    let newest = world.actions().await?;
    ensure!(
        newest.first().map(String::as_str) == Some("audit.shortened"),
        "a cut is not in the log: {newest:?}"
    );
    let some = world.store.purge_audit_log(4).await?;
    ensure!(some == 4, "four at most gave {some}");
    let rest = world.store.purge_audit_log(100).await?;
    ensure!(rest == 2, "the rest was {rest}");
    let left: Vec<_> = world
        .store
        .audit_chain(0, 100)
        .await?
        .iter()
        .map(|row| row.sequence)
        .collect();
    ensure!(left == [7, 8], "rows left: {left:?}");
    let seals = world.store.audit_seals(0, 100).await?;
    ensure!(seals == [second.clone()], "seals left: {seals:?}");
    let cuts = world.store.audit_cuts().await?;
    ensure!(cuts == [cut(1, &first)], "the cuts read {cuts:?}");
    let old = world.store.last_audit_seal_before(second.sealed_at).await?;
    ensure!(old.is_none(), "before the cut: {old:?}");
    let third = sealed(&world, 3).await?;
    ensure!(
        third.number == 3 && third.from_sequence == 8,
        "after the cut: {third:?}"
    );
    Ok(())
}

/// A row of the chain holds every column, whatever it was written with.
pub async fn every_column_is_in_the_chain(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let plain = entry("till.renamed");
    let id = Uuid::now_v7();
    let fields = || Fields::from([("name".to_owned(), "é".to_owned())]);
    let others = [
        AuditEntry { id, ..plain.clone() },
        AuditEntry {
            now: START + 1,
            ..plain.clone()
        },
        AuditEntry {
            organization_id: Some(id),
            ..plain.clone()
        },
        AuditEntry {
            actor_user_id: Some(id),
            ..plain.clone()
        },
        AuditEntry {
            impersonated_user_id: Some(id),
            ..plain.clone()
        },
        AuditEntry {
            session_id: Some(id),
            ..plain.clone()
        },
        AuditEntry {
            action: "till.archived",
            ..plain.clone()
        },
        AuditEntry {
            target: Some("till:4".to_owned()),
            ..plain.clone()
        },
        AuditEntry {
            result: AuditResult::Denied,
            ..plain.clone()
        },
        AuditEntry {
            reason: Some(String::new()),
            ..plain.clone()
        },
        AuditEntry {
            before: fields(),
            ..plain.clone()
        },
        AuditEntry {
            after: fields(),
            ..plain.clone()
        },
        AuditEntry {
            detail: serde_json::json!({ "a": 1 }),
            ..plain.clone()
        },
        AuditEntry {
            ip_address: String::new(),
            ..plain.clone()
        },
        AuditEntry {
            user_agent: String::new(),
            ..plain.clone()
        },
        AuditEntry {
            device_name: Some(String::new()),
            ..plain.clone()
        },
        AuditEntry {
            request_id: String::new(),
            ..plain.clone()
        },
    ];
    for other in others {
        let id = if other.id == plain.id {
            Uuid::now_v7()
        } else {
            other.id
        };
        world.store.audit(AuditEntry { id, ..other }).await?;
    }
    world.store.audit(plain).await?;
    let rows = world.store.audit_chain(6, 100).await?;
    let Some((last, others)) = rows.split_last() else {
        return Err(Violation::Broken("there are no rows".to_owned()));
    };
    for (number, row) in others.iter().enumerate() {
        let differing = row
            .row
            .iter()
            .zip(&last.row)
            .filter(|(one, other)| one != other)
            .count();
        // Its place and its id, and what it differs in.
        let expected = if number == 0 { 2 } else { 3 };
        ensure!(
            differing == expected && row.row.len() == last.row.len(),
            "row {} differs in {differing} columns: {row:?}",
            row.sequence
        );
    }
    Ok(())
}

/// Pages together are the log, newest first.
pub async fn the_log_comes_in_pages(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    for minute in [3, 1, 2, 2] {
        let late = AuditEntry {
            now: START + minute * 60_000,
            ..entry("login.denied")
        };
        world.store.audit(late).await?;
    }
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.audit_page(AuditFilter::default(), after, 3).await?;
        ensure!(page.len() <= 3, "a page of {}", page.len());
        let Some(last) = page.last() else { break };
        after = Some(AuditKey {
            at: last.row.at,
            sequence: last.row.sequence,
        });
        found.extend(page.iter().map(|named| named.row.sequence));
        ensure!(found.len() <= 20, "the pages do not end");
    }
    ensure!(
        found == [7, 10, 9, 8, 6, 5, 4, 3, 2, 1],
        "the log comes as {found:?}"
    );
    Ok(())
}

/// Each condition finds its rows and no others, alone and with the organisation.
pub async fn the_log_is_found_by_what_is_asked(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let (quai, port, anna, paul) = (world.quai, world.port, world.anna, world.paul);
    let session = Uuid::now_v7();
    let written = AuditEntry {
        organization_id: Some(quai),
        actor_user_id: Some(anna),
        impersonated_user_id: Some(paul),
        session_id: Some(session),
        target: Some(format!("user:{paul}")),
        result: AuditResult::Denied,
        now: START + 5_000,
        ..entry("login.denied")
    };
    let plain = AuditEntry {
        organization_id: Some(port),
        now: START + 4_000,
        ..entry("sale.kept")
    };
    world.store.audit(plain.clone()).await?;
    world.store.audit(written).await?;
    world
        .store
        .audit(AuditEntry {
            id: Uuid::now_v7(),
            now: START + 6_000,
            ..plain
        })
        .await?;
    let all = AuditFilter::default;
    let actions = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let cases: [(&str, AuditFilter, &[u64]); 12] = [
        (
            "the organisation",
            AuditFilter {
                organization_id: Some(port),
                ..all()
            },
            &[9, 7],
        ),
        (
            "the actor",
            AuditFilter {
                actor_user_id: Some(anna),
                ..all()
            },
            &[8],
        ),
        (
            "the impersonated",
            AuditFilter {
                impersonated_user_id: Some(paul),
                ..all()
            },
            &[8],
        ),
        (
            "the session",
            AuditFilter {
                session_id: Some(session),
                ..all()
            },
            &[8],
        ),
        (
            "the target",
            AuditFilter {
                target: Some(format!("user:{paul}")),
                ..all()
            },
            &[8],
        ),
        (
            "the result",
            AuditFilter {
                result: Some(AuditResult::Denied),
                ..all()
            },
            &[8],
        ),
        (
            "an action",
            AuditFilter {
                actions: actions(&["sale.kept"]),
                ..all()
            },
            &[9, 7],
        ),
        (
            "actions",
            AuditFilter {
                actions: actions(&["sale.kept", "login.denied"]),
                ..all()
            },
            &[9, 8, 7],
        ),
        (
            "no action",
            AuditFilter {
                actions: actions(&[]),
                ..all()
            },
            &[],
        ),
        (
            "from",
            AuditFilter {
                from: Some(START + 5_000),
                ..all()
            },
            &[9, 8],
        ),
        (
            "to",
            AuditFilter {
                from: Some(START + 1),
                to: Some(START + 5_000),
                ..all()
            },
            &[7],
        ),
        (
            "done",
            AuditFilter {
                result: Some(AuditResult::Done),
                from: Some(START + 1),
                ..all()
            },
            &[9, 7],
        ),
    ];
    for (what, filter, expected) in cases {
        let sequences = async |filter: AuditFilter| {
            let rows = world.store.audit_page(filter, None, 50).await?;
            Ok::<Vec<u64>, Violation>(rows.iter().map(|named| named.row.sequence).collect())
        };
        let found = sequences(filter.clone()).await?;
        ensure!(found == expected, "by {what}: {found:?}");
        let abroad = AuditFilter {
            organization_id: Some(quai),
            ..filter
        };
        let expected: Vec<u64> = if what == "the organisation" {
            vec![8]
        } else {
            expected
                .iter()
                .copied()
                .filter(|sequence| *sequence == 8)
                .collect()
        };
        let found = sequences(abroad).await?;
        ensure!(found == expected, "by {what} in an organisation: {found:?}");
    }
    Ok(())
}

/// Ids come with the names of today.
pub async fn rows_come_with_names(engine: &dyn Engine) -> Conforms {
    let world = World::new(engine).await?;
    let session = begin(
        &*world.store,
        new_session(world.anna, world.quai, DeviceKind::Till, START),
    )
    .await?;
    let about = |target: String| AuditEntry {
        organization_id: Some(world.quai),
        actor_user_id: Some(world.anna),
        impersonated_user_id: Some(world.paul),
        target: Some(target),
        now: START + 1,
        ..entry("something.done")
    };
    let targets = [
        (format!("user:{}", world.paul), Some("paul")),
        (format!("organization:{}", world.port), Some("The port")),
        (format!("site:{}", world.quai_site), Some("Dock")),
        (format!("session:{}", session.id), Some("Counter 1")),
        (format!("user:{}", Uuid::now_v7()), None),
        ("sale:nonsense".to_owned(), None),
    ];
    for (target, _) in &targets {
        world
            .store
            .audit(AuditEntry {
                id: Uuid::now_v7(),
                ..about(target.clone())
            })
            .await?;
    }
    let from = AuditFilter {
        from: Some(START + 1),
        ..AuditFilter::default()
    };
    let mut rows = world.store.audit_page(from, None, 50).await?;
    rows.reverse();
    for (row, (target, name)) in rows.iter().zip(&targets) {
        ensure!(
            row.row.target.as_ref() == Some(target),
            "the target reads {row:?}"
        );
        ensure!(
            row.target_name.as_deref() == *name,
            "{target} is named {:?}",
            row.target_name
        );
        ensure!(
            row.organization_name.as_deref() == Some("The quai")
                && row.actor_name.as_deref() == Some("anna")
                && row.impersonated_name.as_deref() == Some("paul"),
            "the names read {row:?}"
        );
    }
    ensure!(rows.len() == targets.len(), "{} rows", rows.len());
    Ok(())
}
