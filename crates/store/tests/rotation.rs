//! The rotation rule: the protocol's table row by row, and what it promises over random histories.

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::auth::DeviceKind;
use store::rotation::{
    ATTEMPTS_KEPT, AttemptHash, FORWARDED, Over, Presented, UNROTATED_MOST_MS, Verdict, judge, noted_input,
    remember,
};
use store::session::{Origin, RevokeReason, SessionRow};
use uuid::Uuid;

const IDLE: i64 = 8 * 60 * 60 * 1_000;

fn origin() -> Origin {
    Origin {
        ip_address: "192.0.2.1".to_owned(),
        user_agent: "test".to_owned(),
    }
}

fn row(generation: u32, attempts: &[(u32, u8)]) -> SessionRow {
    SessionRow {
        id: Uuid::from_u128(1),
        user_id: Uuid::from_u128(2),
        organization_id: Uuid::from_u128(3),
        site_id: None,
        device_kind: DeviceKind::Till,
        device_name: "till".to_owned(),
        generation,
        attempts: attempts
            .iter()
            .map(|(generation, attempt)| (*generation, [*attempt; 16]))
            .collect(),
        created_at: 0,
        last_used_at: 0,
        last_input_at: 0,
        rotated_at: 0,
        expires_at: 1_000_000_000,
        revoked: None,
        origin: origin(),
        device_key: None,
        reauthenticated_at: None,
        impersonator: None,
    }
}

fn shown(generation: u32, attempt: u8) -> Presented {
    Presented {
        session_id: Uuid::from_u128(1),
        generation,
        attempt: [attempt; 16],
        rotate: true,
        input_age_ms: None,
        device_key: None,
        origin: origin(),
        now: 1_000,
    }
}

#[test]
fn a_bound_session_asks_for_its_key_before_anything_but_its_end() {
    let bound = SessionRow {
        device_key: Some([4; 32]),
        ..row(3, &[(2, 7)])
    };
    for (generation, attempt) in [(3, 9), (2, 7), (2, 8), (1, 1), (5, 9)] {
        for device_key in [None, Some([5; 32])] {
            let presented = Presented {
                device_key,
                ..shown(generation, attempt)
            };
            assert_eq!(judge(&bound, &presented, IDLE), Verdict::WrongDevice);
        }
        let good = Presented {
            device_key: Some([4; 32]),
            ..shown(generation, attempt)
        };
        let unbound = row(3, &[(2, 7)]);
        assert_eq!(
            judge(&bound, &good, IDLE),
            judge(&unbound, &shown(generation, attempt), IDLE)
        );
        assert_eq!(judge(&unbound, &good, IDLE), judge(&bound, &good, IDLE));
    }
    let ended = SessionRow {
        revoked: Some((1, RevokeReason::ByOwner)),
        ..bound
    };
    assert_eq!(
        judge(&ended, &shown(3, 9), IDLE),
        Verdict::Over(Over::Revoked(RevokeReason::ByOwner))
    );
}

#[test]
fn every_reason_reads_back_from_its_word() {
    for reason in RevokeReason::ALL {
        assert_eq!(RevokeReason::parse(reason.as_str()), Some(reason));
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
    }
    for kind in store::NoticeKind::ALL {
        assert_eq!(store::NoticeKind::parse(kind.as_str()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    assert_eq!(RevokeReason::parse("no_reason"), None);
}

#[test]
fn a_current_token_is_spent_whatever_the_attempt() {
    assert_eq!(judge(&row(3, &[(2, 7)]), &shown(3, 9), IDLE), Verdict::Rotate);
}

#[test]
fn the_parent_by_the_attempt_that_spent_it_is_replayed() {
    assert_eq!(
        judge(&row(3, &[(1, 6), (2, 7)]), &shown(2, 7), IDLE),
        Verdict::Replay
    );
}

#[test]
fn the_parent_by_another_attempt_is_reuse() {
    assert_eq!(
        judge(&row(3, &[(1, 6), (2, 7)]), &shown(2, 8), IDLE),
        Verdict::Reuse
    );
}

#[test]
fn an_attempt_of_another_generation_proves_nothing() {
    assert_eq!(
        judge(&row(3, &[(1, 6), (2, 7)]), &shown(2, 6), IDLE),
        Verdict::Reuse
    );
    assert_eq!(
        judge(&row(3, &[(1, 6), (2, 7)]), &shown(1, 7), IDLE),
        Verdict::Reuse
    );
}

#[test]
fn an_older_token_is_stale_by_its_own_attempt_and_reuse_by_another() {
    let row = row(4, &[(1, 6), (2, 7), (3, 8)]);
    assert_eq!(judge(&row, &shown(2, 7), IDLE), Verdict::Stale);
    assert_eq!(judge(&row, &shown(2, 9), IDLE), Verdict::Reuse);
}

#[test]
fn a_token_ahead_moves_the_row_forward() {
    assert_eq!(
        judge(&row(3, &[(2, 7)]), &shown(9, 1), IDLE),
        Verdict::FastForward
    );
}

#[test]
fn an_attempt_that_only_renewed_gets_no_successor() {
    let row = row(3, &[(2, 7), (2, 8)]);
    assert_eq!(
        judge(
            &row,
            &Presented {
                rotate: false,
                ..shown(2, 7)
            },
            IDLE
        ),
        Verdict::Stale
    );
    assert_eq!(judge(&row, &shown(2, 7), IDLE), Verdict::Reuse);
    assert_eq!(judge(&row, &shown(2, 8), IDLE), Verdict::Replay);
}

#[test]
fn what_a_restore_forgot_is_stale_until_it_is_tried_again() {
    let mut restored = row(5, &[(3, 4), (4, 5)]);
    restored.attempts.push((6, FORWARDED));
    assert_eq!(judge(&restored, &shown(4, 99), IDLE), Verdict::Stale);
    restored.generation = 6;
    assert_eq!(judge(&restored, &shown(5, 98), IDLE), Verdict::Stale);
    restored.attempts.push((5, [97; 16]));
    assert_eq!(judge(&restored, &shown(5, 98), IDLE), Verdict::Reuse);
}

#[test]
fn an_end_comes_before_everything_else() {
    let mut ended = row(3, &[(2, 7)]);
    ended.revoked = Some((5, RevokeReason::ByOwner));
    for (generation, attempt) in [(3, 9), (2, 7), (2, 8), (1, 1), (9, 9)] {
        let verdict = judge(&ended, &shown(generation, attempt), IDLE);
        assert_eq!(verdict, Verdict::Over(Over::Revoked(RevokeReason::ByOwner)));
    }
    let mut expired = row(3, &[(2, 7)]);
    expired.expires_at = 1_000;
    assert_eq!(judge(&expired, &shown(2, 7), IDLE), Verdict::Over(Over::Expired));
    expired.expires_at = 1_001;
    assert_eq!(judge(&expired, &shown(2, 7), IDLE), Verdict::Replay);
}

#[test]
fn a_desk_idles_out_and_a_till_does_not() {
    let mut desk = row(3, &[]);
    let late = Presented {
        now: IDLE,
        ..shown(3, 9)
    };
    assert_eq!(judge(&desk, &late, IDLE), Verdict::Rotate);
    desk.device_kind = DeviceKind::Desk;
    assert_eq!(judge(&desk, &late, IDLE), Verdict::Over(Over::Idle));
    assert_eq!(
        judge(
            &desk,
            &Presented {
                now: IDLE - 1,
                ..late
            },
            IDLE
        ),
        Verdict::Rotate
    );
}

#[test]
fn renewing_without_rotation_ends_after_a_day() {
    let renew = |now| Presented {
        rotate: false,
        now,
        ..shown(3, 9)
    };
    assert_eq!(
        judge(&row(3, &[]), &renew(UNROTATED_MOST_MS), IDLE),
        Verdict::Renew
    );
    assert_eq!(
        judge(&row(3, &[]), &renew(UNROTATED_MOST_MS + 1), IDLE),
        Verdict::RotationRequired
    );
}

/// A server of one session that does what the verdict says.
struct Server {
    row: SessionRow,
}

impl Server {
    fn receive(&mut self, request: &Request) -> (Verdict, u32) {
        let presented = Presented {
            rotate: request.rotate,
            attempt: request.attempt,
            ..shown(request.generation, 0)
        };
        let verdict = judge(&self.row, &presented, IDLE);
        match verdict {
            Verdict::Rotate => {
                self.row.attempts = remember(&self.row.attempts, request.generation, request.attempt);
                self.row.generation += 1;
            }
            Verdict::Renew => {
                self.row.attempts = remember(&self.row.attempts, request.generation, request.attempt);
            }
            Verdict::Reuse => self.row.revoked = Some((presented.now, RevokeReason::RefreshReused)),
            Verdict::Replay
            | Verdict::FastForward
            | Verdict::Stale
            | Verdict::RotationRequired
            | Verdict::WrongDevice
            | Verdict::Over(_) => {}
        }
        (verdict, self.row.generation)
    }
}

#[derive(Clone, Debug)]
struct Request {
    generation: u32,
    attempt: AttemptHash,
    rotate: bool,
}

/// A client that keeps the rules: one attempt per generation, on disk before it is sent.
struct Client {
    generation: u32,
    attempt: Option<AttemptHash>,
    sent: Vec<Request>,
    attempts_made: u64,
    whose: u8,
}

impl Client {
    fn new(whose: u8, generation: u32) -> Self {
        Self {
            generation,
            attempt: None,
            sent: Vec::new(),
            attempts_made: 0,
            whose,
        }
    }

    fn send(&mut self, server: &mut Server, rotate: bool, answer: Answer) -> Verdict {
        let made = &mut self.attempts_made;
        let whose = self.whose;
        let attempt = *self.attempt.get_or_insert_with(|| {
            *made += 1;
            let mut attempt = [whose; 16];
            attempt[..8].copy_from_slice(&made.to_be_bytes());
            attempt
        });
        let request = Request {
            generation: self.generation,
            attempt,
            rotate,
        };
        self.sent.push(request.clone());
        let (verdict, generation) = server.receive(&request);
        if answer == Answer::Kept && matches!(verdict, Verdict::Rotate | Verdict::Replay) {
            self.generation = generation;
            self.attempt = None;
        }
        verdict
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Kept,
    /// On the way, or with the process that got it.
    Lost,
}

#[derive(Clone, Debug)]
enum Step {
    Rotate(Answer),
    Renew,
    /// The network delivers a request of one of the last generations once more.
    Duplicate(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Rotate(Answer::Kept)),
        3 => Just(Step::Rotate(Answer::Lost)),
        1 => Just(Step::Renew),
        3 => any::<prop::sample::Index>().prop_map(Step::Duplicate),
    ]
}

/// A client has one attempt for each generation, so one place each; the newest may be a renewal of the current one.
const DUPLICATES_REACH_BACK: u32 = ATTEMPTS_KEPT as u32 - 1;

fn take(step: &Step, client: &mut Client, server: &mut Server) -> Option<Verdict> {
    match step {
        Step::Rotate(answer) => Some(client.send(server, true, *answer)),
        Step::Renew => Some(client.send(server, false, Answer::Kept)),
        Step::Duplicate(index) => {
            let recent: Vec<_> = client
                .sent
                .iter()
                .filter(|sent| sent.generation + DUPLICATES_REACH_BACK >= server.row.generation)
                .cloned()
                .collect();
            if recent.is_empty() {
                return None;
            }
            server.receive(index.get(&recent));
            None
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_honest_client_is_never_taken_for_two(steps in vec(step(), 0..80)) {
        let mut server = Server { row: row(0, &[]) };
        let mut client = Client::new(1, 0);
        for step in &steps {
            let verdict = take(step, &mut client, &mut server);
            prop_assert_eq!(server.row.revoked, None, "revoked at {:?}", step);
            let served = matches!(verdict, None | Some(Verdict::Rotate | Verdict::Replay | Verdict::Renew));
            prop_assert!(served, "{:?} gave {:?}", step, verdict);
            prop_assert!(server.row.attempts.len() <= ATTEMPTS_KEPT);
        }
        client.send(&mut server, true, Answer::Kept);
        prop_assert_eq!(client.generation, server.row.generation);
    }

    #[test]
    fn a_thief_is_found_at_the_next_rotation_of_either_side(
        before in vec(step(), 0..40),
        thief_first in any::<bool>(),
        ahead in 1..6_u32,
        lost in any::<bool>(),
    ) {
        let mut server = Server { row: row(0, &[]) };
        let mut owner = Client::new(1, 0);
        for step in &before {
            take(step, &mut owner, &mut server);
        }
        let mut thief = Client::new(2, owner.generation);
        let spent_before = owner.generation < server.row.generation;
        let (first, second) = if thief_first { (&mut thief, &mut owner) } else { (&mut owner, &mut thief) };
        let mut found = false;
        for _ in 0..ahead {
            first.send(&mut server, true, if lost { Answer::Lost } else { Answer::Kept });
            found |= server.row.revoked.is_some();
        }
        prop_assert_eq!(found, spent_before && thief_first, "the first side alone");
        second.send(&mut server, true, Answer::Kept);
        prop_assert!(server.row.revoked.is_some(), "the second side went on");
    }

    #[test]
    fn input_is_never_noted_earlier_than_known_nor_later_than_now(
        known in 0..10_000_i64, age in prop::option::of(-5_000..20_000_i64), now in 0..20_000_i64,
    ) {
        let mut row = row(0, &[]);
        row.last_input_at = known;
        let noted = noted_input(&row, age, now);
        prop_assert!(noted >= known);
        prop_assert!(noted <= now.max(known));
        let told = age.filter(|age| *age >= 0).map(|age| now - age);
        prop_assert_eq!(noted, told.map_or(known, |told| told.max(known)));
    }

    #[test]
    fn the_newest_attempts_are_remembered_once_each(tried in vec((0..6_u32, 0..4_u8), 0..60)) {
        let mut kept = Vec::new();
        for (generation, attempt) in &tried {
            kept = remember(&kept, *generation, [*attempt; 16]);
            prop_assert_eq!(kept.last(), Some(&(*generation, [*attempt; 16])));
        }
        let mut distinct = Vec::new();
        for (generation, attempt) in tried.iter().rev() {
            let one = (*generation, [*attempt; 16]);
            if !distinct.contains(&one) {
                distinct.push(one);
            }
        }
        distinct.truncate(ATTEMPTS_KEPT);
        distinct.reverse();
        prop_assert_eq!(kept, distinct);
    }
}
