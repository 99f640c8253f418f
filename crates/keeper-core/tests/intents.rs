//! An intent stays open until a rotating call was answered, step by step on one machine with a store of its own.
#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

use keeper_core::{
    AccessToken, Answer, AttemptId, CallId, Capabilities, Deadlines, DeviceKey, Entropy, Grant, Input,
    Intent, Journal, Keeper, Knobs, LockAnswer, Moment, Output, RefreshCall, RefreshToken, SessionRecord,
    Slot, Span, StoreRead, Trouble, VaultFault,
};

struct Counting(u8);

impl Entropy for Counting {
    fn attempt_id(&mut self) -> AttemptId {
        self.0 += 1;
        AttemptId::from_bytes([self.0; 16])
    }
    fn up_to(&mut self, most: Span) -> Span {
        most.permille(500)
    }
}

/// One process at its device: the keeper, the keychain, the journal on disk, and the calls that left.
struct Device {
    keeper: Keeper,
    entropy: Counting,
    now: Moment,
    record: Option<SessionRecord>,
    journal: Journal,
    keychain: Result<(), VaultFault>,
    sent: Vec<RefreshCall>,
}

impl Device {
    fn signed_in() -> Self {
        let slot = Slot {
            server: "embedded".to_owned(),
            operator: "camille".to_owned(),
        };
        let record = SessionRecord {
            server: slot.server.clone(),
            operator: slot.operator.clone(),
            session_id: "one".to_owned(),
            generation: 0,
            refresh_token: RefreshToken::new("r0"),
            bound_to: None,
        };
        let capabilities = Capabilities {
            renews_without_rotation: true,
            repeats_answers: true,
        };
        let now = Moment::from_ms(1_000);
        let mut device = Self {
            keeper: Keeper::new(slot, capabilities, Knobs::default(), now),
            entropy: Counting(0),
            now,
            record: None,
            journal: Journal::default(),
            keychain: Ok(()),
            sent: Vec::new(),
        };
        device.give(Input::SignedIn {
            record,
            grant: grant(None),
            sent: now,
        });
        assert!(device.record.is_some(), "the sign-in is durable");
        device
    }

    fn give(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            for output in self.keeper.handle(input, self.now, &mut self.entropy) {
                inputs.extend(self.carry_out(output));
            }
        }
    }

    fn carry_out(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::AcquireLock { .. } => Some(Input::LockAnswered(LockAnswer::Held)),
            Output::ReadStore => Some(Input::StoreRead(StoreRead {
                record: self.keychain.map(|()| self.record.clone()),
                journal: Some(self.journal.clone()),
                key: DeviceKey::AtHand,
            })),
            Output::WriteJournal(journal) => {
                self.journal = journal;
                Some(Input::JournalWritten(true))
            }
            Output::WriteVault(record) => {
                if self.keychain.is_ok() {
                    self.record = Some(record);
                }
                Some(Input::VaultWritten(self.keychain))
            }
            Output::SendRefresh(call) => {
                self.sent.push(call);
                None
            }
            Output::SendHeartbeat { call } => Some(Input::HeartbeatAnswered {
                call,
                reached: Ok(()),
            }),
            Output::SendPing { call, .. } => Some(Input::PingAnswered {
                call,
                answer: Ok(Deadlines::default()),
            }),
            Output::ReleaseLock
            | Output::HandOut(_)
            | Output::Notify(_)
            | Output::Publish
            | Output::Record(_) => None,
            Output::DeleteVault | Output::SendLogout(_) => panic!("nobody signs out here"),
        }
    }

    /// Lets time pass until a refresh leaves.
    fn next_refresh(&mut self) -> RefreshCall {
        let before = self.sent.len();
        for _ in 0..1_000 {
            self.now = self.keeper.next_timer().expect("something is due").max(self.now);
            self.give(Input::TimerFired);
            if let Some(call) = self.sent.get(before) {
                return call.clone();
            }
        }
        panic!("no refresh leaves");
    }

    fn answer(&mut self, call: CallId, answer: Answer) {
        self.give(Input::RefreshAnswered { call, answer });
    }
}

fn grant(refresh_token: Option<&str>) -> Grant {
    Grant {
        session_id: Some("one".to_owned()),
        access_token: AccessToken::new("a"),
        expires_in: Span::from_secs(900),
        refresh_in: None,
        refresh_token: refresh_token.map(RefreshToken::new),
        deadlines: Deadlines::default(),
        clock_ahead_ms: None,
    }
}

fn opened(device: &Device) -> Intent {
    device.journal.intent.expect("an intent is open")
}

#[test]
fn a_renewal_leaves_the_intent_of_a_rotation_open_whose_answer_never_came() {
    let mut device = Device::signed_in();
    let rotation = device.next_refresh();
    assert!(rotation.rotate);
    let intent = opened(&device);
    assert_eq!(intent.attempt, rotation.attempt);
    device.answer(rotation.call, Answer::Transient(Trouble::Offline, None));

    device.keychain = Err(VaultFault::Locked);
    let renewal = device.next_refresh();
    assert_eq!((renewal.rotate, renewal.attempt), (false, rotation.attempt));
    device.answer(renewal.call, Answer::Granted(grant(None)));
    assert_eq!(
        device.journal.intent,
        Some(intent),
        "the rotation may have spent the token: only its own attempt gets the successor"
    );

    device.keychain = Ok(());
    let again = device.next_refresh();
    assert_eq!((again.rotate, again.attempt), (true, rotation.attempt));
}

#[test]
fn a_rotation_that_is_answered_closes_its_intent() {
    let mut device = Device::signed_in();
    let rotation = device.next_refresh();
    device.answer(rotation.call, Answer::Granted(grant(Some("r1"))));
    assert_eq!(device.journal.intent, None);
    let kept = device.record.clone().expect("the successor is durable");
    assert_eq!(kept.refresh_token, RefreshToken::new("r1"));

    let next = device.next_refresh();
    assert_ne!(next.attempt, rotation.attempt);
}

#[test]
fn a_rotation_that_a_server_answers_without_a_successor_closes_its_intent_too() {
    let mut device = Device::signed_in();
    let rotation = device.next_refresh();
    device.answer(rotation.call, Answer::Granted(grant(None)));
    assert_eq!(device.journal.intent, None);
}
