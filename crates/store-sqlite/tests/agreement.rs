//! The engine and the rotation rule agree: over random calls the row in the database is the row that the rule makes.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene fails")]

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::auth::{DeviceKind, OrganizationRole};
use store::rotation::{FORWARDED, Verdict, judge, noted_input, remember};
use store::session::RevokeReason;
use store::{
    AuditEntry, DeviceKey, Directory, NewOrganization, NewSession, NewUser, Origin, Presented,
    RotationOutcome, SessionRow, Sessions,
};
use store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

const IDLE_MS: i64 = 480 * 60_000;
const BEGUN: i64 = 1_700_000_000_000;

struct Bench {
    runtime: Runtime,
    store: SqliteStore,
    organization_id: Uuid,
    user_id: Uuid,
    _folder: TempDir,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let store = SqliteStore::open(&folder.path().join("vigie.db"), Options::default()).unwrap();
    let (organization_id, user_id) = (Uuid::now_v7(), Uuid::now_v7());
    let organization = NewOrganization {
        id: organization_id,
        slug: "quai".to_owned(),
        name: "Quai".to_owned(),
    };
    let user = NewUser {
        id: user_id,
        username: "anna".to_owned(),
        display_name: "Anna".to_owned(),
        password_hash: String::new(),
        one_time_password: false,
        organization_id,
        role: OrganizationRole::User,
        site_id: None,
    };
    runtime.block_on(async {
        store.add_organization(organization, entry()).await.unwrap();
        store.add_user(user, entry()).await.unwrap();
    });
    Bench {
        runtime,
        store,
        organization_id,
        user_id,
        _folder: folder,
    }
});

fn entry() -> AuditEntry {
    AuditEntry::of("test", BEGUN)
}

fn origin(n: u8) -> Origin {
    Origin {
        ip_address: format!("192.0.2.{n}"),
        user_agent: "test".to_owned(),
    }
}

/// What the rule makes of the row, by the words of its verdicts.
fn by_the_rule(row: &mut SessionRow, presented: &Presented) -> RotationOutcome {
    let mut noted = row.clone();
    noted.last_input_at = noted_input(row, presented.input_age_ms, presented.now);
    let verdict = judge(&noted, presented, IDLE_MS);
    let touch = |mut row: SessionRow| {
        row.last_used_at = row.last_used_at.max(presented.now);
        row.origin = presented.origin.clone();
        row.attempts = remember(&row.attempts, presented.generation, presented.attempt);
        row
    };
    let spend = |row: SessionRow| {
        let row = touch(row);
        SessionRow {
            generation: presented.generation + 1,
            rotated_at: presented.now,
            ..row
        }
    };
    match verdict {
        Verdict::Rotate => {
            *row = spend(noted);
            RotationOutcome::Rotated(row.clone())
        }
        Verdict::Replay => {
            let attempts = noted.attempts.clone();
            *row = SessionRow {
                attempts,
                ..touch(noted)
            };
            RotationOutcome::Replayed(row.clone())
        }
        Verdict::Renew => {
            *row = touch(noted);
            RotationOutcome::Renewed(row.clone())
        }
        Verdict::FastForward => {
            noted.generation = presented.generation;
            noted.rotated_at = presented.now;
            noted.attempts = remember(&noted.attempts, presented.generation, FORWARDED);
            *row = if presented.rotate {
                spend(noted)
            } else {
                touch(noted)
            };
            RotationOutcome::FastForwarded(row.clone())
        }
        Verdict::Reuse => {
            row.revoked = Some((presented.now, RevokeReason::RefreshReused));
            RotationOutcome::Reused(row.clone())
        }
        Verdict::Stale => RotationOutcome::Stale,
        Verdict::RotationRequired => RotationOutcome::RotationRequired,
        Verdict::WrongDevice => RotationOutcome::WrongDevice(row.clone()),
        Verdict::Over(over) => RotationOutcome::Over(over),
    }
}

#[derive(Clone, Debug)]
struct Call {
    ahead: i64,
    attempt: u8,
    rotate: bool,
    later_ms: i64,
    input_age_ms: Option<i64>,
    device_key: Option<DeviceKey>,
}

/// Of no key, the right one and another.
fn key() -> impl Strategy<Value = Option<DeviceKey>> {
    prop_oneof![1 => Just(None), 6 => Just(Some([1; 32])), 1 => Just(Some([2; 32]))]
}

fn call() -> impl Strategy<Value = Call> {
    let ahead = prop_oneof![8 => Just(0_i64), 4 => Just(-1_i64), 1 => -6..=-2_i64, 1 => 1..=4_i64];
    let later_ms = prop_oneof![6 => 0..60_000_i64, 1 => 0..IDLE_MS * 4];
    let age = prop_oneof![2 => Just(None), 1 => Just(Some(-1_i64)), 3 => (0..IDLE_MS).prop_map(Some)];
    (ahead, 1..4_u8, prop::bool::weighted(0.7), later_ms, age, key()).prop_map(
        |(ahead, attempt, rotate, later_ms, input_age_ms, device_key)| Call {
            ahead,
            attempt,
            rotate,
            later_ms,
            input_age_ms,
            device_key,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn engine_and_rule_make_the_same_row(desk in any::<bool>(), bound in any::<bool>(), calls in vec(call(), 1..40)) {
        let bench = &*BENCH;
        let new = NewSession {
            id: Uuid::now_v7(),
            user_id: bench.user_id,
            organization_id: bench.organization_id,
            site_id: None,
            device_kind: if desk { DeviceKind::Desk } else { DeviceKind::Till },
            device_name: "device".to_owned(),
            origin: origin(0),
            expires_at: BEGUN + 40 * IDLE_MS,
            device_key: bound.then_some([1; 32]),
            device_limit: None,
            place: None,
            now: BEGUN,
        };
        let mut row = bench.runtime.block_on(bench.store.begin_session(new, entry())).unwrap().session;
        let mut now = BEGUN;
        for call in &calls {
            now += call.later_ms;
            let generation = u32::try_from((i64::from(row.generation) + call.ahead).max(0)).unwrap();
            let presented = Presented {
                session_id: row.id,
                generation,
                attempt: [call.attempt; 16],
                rotate: call.rotate,
                input_age_ms: call.input_age_ms,
                device_key: call.device_key,
                origin: origin(call.attempt),
                now,
            };
            let expected = by_the_rule(&mut row, &presented);
            let outcome = bench.runtime.block_on(bench.store.rotate(presented, entry())).unwrap();
            prop_assert_eq!(&outcome, &expected, "at {:?}", call);
            let kept = bench.runtime.block_on(bench.store.identity(row.id)).unwrap().unwrap().session;
            prop_assert_eq!(&kept, &row, "at {:?}", call);
        }
    }
}
