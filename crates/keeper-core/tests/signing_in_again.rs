//! Signing in again over a session that lives: the old one is ended, once nothing on this device leads back to it.

use keeper_core::DeviceKey;
use keeper_core::{
    AccessToken, AttemptId, Capabilities, Deadlines, Entropy, Grant, Hint, Input, Journal, Keeper, Knobs,
    LockAnswer, Moment, OperatorAct, Output, Persistence, RefreshToken, SessionRecord, Slot, Span, StoreRead,
    VaultFault,
};

struct Even;

impl Entropy for Even {
    fn attempt_id(&mut self) -> AttemptId {
        AttemptId::from_bytes([1; 16])
    }
    fn up_to(&mut self, most: Span) -> Span {
        most.permille(500)
    }
}

struct Till {
    keeper: Keeper,
    now: Moment,
    keychain: Result<(), VaultFault>,
    lock: LockAnswer,
    stored: Option<SessionRecord>,
    logouts: Vec<String>,
    shown: Vec<Persistence>,
}

impl Till {
    fn new() -> Self {
        let slot = Slot {
            server: "embedded".into(),
            operator: "camille".into(),
        };
        let capabilities = Capabilities {
            renews_without_rotation: true,
            repeats_answers: true,
        };
        let now = Moment::from_ms(1_000);
        Self {
            keeper: Keeper::new(slot, capabilities, Knobs::default(), now),
            now,
            keychain: Ok(()),
            lock: LockAnswer::Held,
            stored: None,
            logouts: Vec::new(),
            shown: Vec::new(),
        }
    }

    fn sign_in(&mut self, session: &str) {
        let refresh_token = RefreshToken::new(format!("r-{session}"));
        let record = SessionRecord {
            server: "embedded".into(),
            operator: "camille".into(),
            session_id: session.into(),
            generation: 0,
            refresh_token: refresh_token.clone(),
            bound_to: None,
        };
        let grant = Grant {
            session_id: Some(session.into()),
            access_token: AccessToken::new(format!("a-{session}")),
            expires_in: Span::from_secs(900),
            refresh_in: None,
            refresh_token: Some(refresh_token),
            deadlines: Deadlines::default(),
            clock_ahead_ms: None,
        };
        let sent = self.now;
        self.give(Input::SignedIn { record, grant, sent });
    }

    fn give(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            for output in self.keeper.handle(input, self.now, &mut Even) {
                match output {
                    Output::AcquireLock { .. } => inputs.push(Input::LockAnswered(self.lock)),
                    Output::ReadStore => inputs.push(Input::StoreRead(StoreRead {
                        record: self.keychain.map(|()| self.stored.clone()),
                        journal: Some(Journal::default()),
                        key: DeviceKey::AtHand,
                    })),
                    Output::WriteJournal(_) => inputs.push(Input::JournalWritten(true)),
                    Output::WriteVault(record) => {
                        if self.keychain.is_ok() {
                            self.stored = Some(record);
                        }
                        inputs.push(Input::VaultWritten(self.keychain));
                    }
                    Output::SendLogout(farewell) => {
                        let refresh = farewell.renewal.refresh_token.expose().to_owned();
                        let stored = self.stored.as_ref().map(|record| record.refresh_token.expose());
                        assert_ne!(
                            stored,
                            Some(refresh.as_str()),
                            "a session is ended only when the keychain no longer leads to it"
                        );
                        let living = farewell.access.filter(|access| self.now < access.expires);
                        self.logouts
                            .push(living.map_or(refresh, |access| access.token.expose().to_owned()));
                    }
                    Output::DeleteVault => self.stored = None,
                    Output::Publish => self.shown.push(self.keeper.snapshot().persistence),
                    Output::ReleaseLock
                    | Output::SendRefresh(_)
                    | Output::SendHeartbeat { .. }
                    | Output::SendPing { .. }
                    | Output::HandOut(_)
                    | Output::Notify(_)
                    | Output::Record(_) => {}
                }
            }
        }
    }

    fn pass(&mut self, span: Span) {
        let until = self.now + span;
        while let Some(at) = self.keeper.next_timer().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.give(Input::TimerFired);
        }
        self.now = until;
    }
}

#[test]
fn the_session_before_is_ended_after_the_new_one_is_durable() {
    let mut till = Till::new();
    till.sign_in("one");
    assert_eq!(till.logouts, [""; 0]);
    till.sign_in("two");
    assert_eq!(till.logouts, ["a-one"]);
    till.sign_in("two");
    assert_eq!(till.logouts, ["a-one"], "the same session is not ended");
}

#[test]
fn the_session_before_lives_for_as_long_as_only_it_would_survive_a_restart() {
    let mut till = Till::new();
    till.sign_in("one");
    till.keychain = Err(VaultFault::Locked);
    till.sign_in("two");
    till.pass(Span::from_secs(20));
    assert_eq!(till.logouts, [""; 0]);
    till.keychain = Ok(());
    till.pass(Span::from_secs(40));
    assert_eq!(till.logouts, ["a-one"]);
    assert_eq!(till.stored.as_ref().unwrap().session_id, "two");
}

#[test]
fn a_session_whose_access_token_is_dead_is_ended_too() {
    let mut till = Till::new();
    till.sign_in("one");
    till.pass(Span::from_secs(1_000));
    till.sign_in("two");
    assert_eq!(till.logouts, ["r-one"]);
}

#[test]
fn a_session_that_the_keychain_still_held_is_ended_when_another_takes_its_place() {
    let mut till = Till::new();
    till.sign_in("one");
    let held = till.stored.clone();
    let mut restarted = Till::new();
    restarted.stored = held;
    restarted.keychain = Err(VaultFault::Locked);
    restarted.give(Input::Started);
    restarted.sign_in("two");
    assert_eq!(restarted.logouts, [""; 0]);
    restarted.keychain = Ok(());
    restarted.pass(Span::from_secs(60));
    assert_eq!(restarted.stored.as_ref().unwrap().session_id, "two");
    assert_eq!(restarted.logouts, ["r-one"]);
}

#[test]
fn signing_out_while_signing_in_ends_what_the_server_has_begun() {
    let mut till = Till::new();
    till.lock = LockAnswer::Busy;
    till.sign_in("one");
    till.give(Input::Operator(OperatorAct::SignOut));
    assert_eq!(till.logouts, ["a-one"]);
}

#[test]
fn signing_out_meanwhile_ends_both() {
    let mut till = Till::new();
    till.sign_in("one");
    till.keychain = Err(VaultFault::Locked);
    till.sign_in("two");
    till.keychain = Ok(());
    till.stored = None;
    till.give(Input::Operator(OperatorAct::SignOut));
    assert_eq!(till.logouts, ["a-two", "a-one"]);
}

#[test]
fn a_keychain_that_comes_back_is_called_durable_only_once_it_holds_the_session() {
    let mut till = Till::new();
    till.keychain = Err(VaultFault::Locked);
    till.sign_in("one");
    till.shown.clear();
    till.pass(Span::from_secs(10));
    assert!(!till.shown.contains(&Persistence::Durable));
    till.shown.clear();
    till.keychain = Ok(());
    till.pass(Span::from_secs(60));
    let first = till.shown.iter().position(|shown| *shown == Persistence::Durable);
    let from = first.unwrap();
    assert!(
        till.shown[..from].iter().all(|shown| *shown
            == Persistence::MemoryOnly {
                fault: VaultFault::Locked
            })
            && till.shown[from..]
                .iter()
                .all(|shown| *shown == Persistence::Durable),
        "{:?}",
        till.shown
    );
    assert!(till.stored.is_some());
}

#[test]
fn the_end_of_a_new_session_is_asked_about_at_once_though_another_has_just_ended() {
    let mut till = Till::new();
    for session in ["a", "b"] {
        till.sign_in(session);
        till.give(Input::Hinted(Hint::SessionEnded {
            session_id: session.into(),
        }));
        assert_eq!(till.keeper.next_timer(), Some(till.now), "session {session}");
        till.now = till.now + Span::from_ms(700);
    }
}
