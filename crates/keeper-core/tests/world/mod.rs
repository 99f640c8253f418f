//! A small world in virtual time: the real keeper, several processes of one device, the server's real rotation rule, and
//! every fault between them. Everything follows from one seed.

use std::collections::{BTreeMap, HashMap, VecDeque};

use keeper_core::{
    AccessGrant, AccessToken, Answer, AttemptId, CallId, Capabilities, Deadlines, DeviceKey, EndReason,
    Entropy, Fingerprint, Grant, Hint, Input, Journal, Keeper, KeyThumbprint, Knobs, LockAnswer, Moment,
    Notice, OperatorAct, Output, RefreshCall, RefreshToken, SessionRecord, Slot, Span, StoreRead, Trouble,
    VaultFault,
};
use protocol::auth::DeviceKind;
use store::rotation::{FORWARDED, Over, Presented, Verdict, judge, remember};
use store::session::{Origin, RevokeReason, SessionRow};
use uuid::Uuid;

/// xorshift64*: enough to draw faults from, and the same on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        (self.next() >> 11) % most.max(1)
    }
    pub(crate) fn chance(&mut self, permille: u64) -> bool {
        self.below(1_000) < permille
    }
}

impl Entropy for Seeded {
    fn attempt_id(&mut self) -> AttemptId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes());
        AttemptId::from_bytes(bytes)
    }
    fn up_to(&mut self, most: Span) -> Span {
        Span::from_ms(self.below(most.as_ms() + 1))
    }
}

/// How long the server takes a nonce for good, in milliseconds; as long again after that it is still taken.
const NONCE_MS: u64 = 60_000;

/// The proof of possession that a call carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Proof {
    key: KeyThumbprint,
    nonce: Option<(u64, u64)>,
    jti: u64,
}

/// What the server makes of proofs besides judging them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proofs {
    Judged,
    AlwaysAskedAgain,
    Refused,
}

pub(crate) struct Server {
    pub(crate) row: SessionRow,
    backup: Option<SessionRow>,
    life: Span,
    pub(crate) rotations: u32,
    minted: u64,
    pub(crate) bound_to: Option<KeyThumbprint>,
    pub(crate) proofs: Proofs,
    /// Names the secret that nonces are made with.
    nonce_secret: u64,
    seen: HashMap<u64, u64>,
    /// How often a proof was asked for again.
    pub(crate) asked: u32,
    /// Generation each access token was minted at, and whether its refresh spent nothing.
    pub(crate) access: HashMap<String, (u32, bool)>,
}

pub(crate) fn token_of(session: Uuid, generation: u32) -> RefreshToken {
    RefreshToken::new(format!("r-{session}-{generation}"))
}

fn generation_of(token: &RefreshToken) -> u32 {
    token.expose().rsplit('-').next().unwrap().parse().unwrap()
}

impl Server {
    fn new(life: Span, now: u64) -> Self {
        let row = SessionRow {
            id: Uuid::from_u128(7),
            user_id: Uuid::from_u128(1),
            organization_id: Uuid::from_u128(2),
            site_id: None,
            device_kind: DeviceKind::Till,
            device_name: "till".into(),
            generation: 0,
            attempts: Vec::new(),
            created_at: now as i64,
            last_used_at: now as i64,
            last_input_at: now as i64,
            rotated_at: now as i64,
            expires_at: i64::MAX / 2,
            revoked: None,
            origin: Origin {
                ip_address: String::new(),
                user_agent: String::new(),
            },
            device_key: None,
            reauthenticated_at: None,
            impersonator: None,
        };
        Self {
            row,
            backup: None,
            life,
            rotations: 0,
            minted: 0,
            bound_to: None,
            proofs: Proofs::Judged,
            nonce_secret: 0,
            seen: HashMap::new(),
            asked: 0,
            access: HashMap::new(),
        }
    }

    fn nonce(&self, now: u64) -> (u64, u64) {
        (self.nonce_secret, now / NONCE_MS)
    }

    /// What the server says of a proof before it looks at the token; `None`: it is good.
    fn judge_proof(&mut self, proof: Option<Proof>, now: u64) -> Option<Answer> {
        let bound_to = self.bound_to?;
        let Some(proof) = proof else {
            return Some(Answer::ProofRefused);
        };
        let (secret, bucket) = self.nonce(now);
        let known = proof
            .nonce
            .is_some_and(|(by, at)| by == secret && (at == bucket || at + 1 == bucket));
        if !known || self.proofs == Proofs::AlwaysAskedAgain {
            self.asked += 1;
            return Some(Answer::NonceWanted);
        }
        let repeated = self.seen.insert(proof.jti, now).is_some();
        (repeated || proof.key != bound_to || self.proofs == Proofs::Refused).then_some(Answer::ProofRefused)
    }

    fn mint(&mut self, free: bool) -> AccessToken {
        self.minted += 1;
        let text = format!("a-{}", self.minted);
        self.access.insert(text.clone(), (self.row.generation, free));
        AccessToken::new(text)
    }

    pub(crate) fn grant(&mut self, free: bool) -> Grant {
        Grant {
            session_id: Some(self.row.id.to_string()),
            access_token: self.mint(free),
            expires_in: self.life,
            refresh_in: None,
            refresh_token: Some(token_of(self.row.id, self.row.generation)),
            deadlines: Deadlines {
                idle: None,
                absolute: Some(Span::from_secs(720 * 3_600)),
            },
            clock_ahead_ms: None,
        }
    }

    pub(crate) fn refresh(
        &mut self,
        token: &RefreshToken,
        attempt: AttemptId,
        rotate: bool,
        now: u64,
    ) -> Answer {
        let generation = generation_of(token);
        let attempt = *attempt.as_bytes();
        let presented = Presented {
            session_id: self.row.id,
            generation,
            attempt,
            rotate,
            input_age_ms: None,
            device_key: None,
            origin: self.row.origin.clone(),
            now: now as i64,
        };
        match judge(&self.row, &presented, i64::MAX / 4) {
            Verdict::FastForward => {
                self.row.generation = generation;
                self.row.attempts = remember(&self.row.attempts, generation, FORWARDED);
                if rotate {
                    self.spend(generation, attempt, now)
                } else {
                    self.row.attempts = remember(&self.row.attempts, generation, attempt);
                    Answer::Granted(self.grant(true))
                }
            }
            Verdict::Rotate => self.spend(generation, attempt, now),
            Verdict::Replay => Answer::Granted(self.grant(false)),
            Verdict::Renew => {
                self.row.attempts = remember(&self.row.attempts, generation, attempt);
                Answer::Granted(self.grant(true))
            }
            Verdict::Stale => Answer::Stale,
            Verdict::RotationRequired => Answer::RotationRequired,
            Verdict::Reuse => {
                self.row.revoked = Some((now as i64, RevokeReason::RefreshReused));
                Answer::Refused(EndReason::Reused)
            }
            Verdict::Over(Over::Revoked(RevokeReason::RefreshReused)) => Answer::Refused(EndReason::Reused),
            Verdict::Over(Over::Revoked(RevokeReason::AccountDisabled)) => {
                Answer::Refused(EndReason::Disabled)
            }
            Verdict::WrongDevice | Verdict::Over(Over::Revoked(_)) => Answer::Refused(EndReason::Revoked),
            Verdict::Over(Over::Expired) => Answer::Refused(EndReason::Expired),
            Verdict::Over(Over::Idle) => Answer::Refused(EndReason::Idle),
        }
    }

    fn spend(&mut self, generation: u32, attempt: [u8; 16], now: u64) -> Answer {
        self.rotations += 1;
        self.row.attempts = remember(&self.row.attempts, generation, attempt);
        self.row.generation = generation + 1;
        self.row.rotated_at = now as i64;
        Answer::Granted(self.grant(false))
    }
}

#[derive(Clone, Debug)]
enum Event {
    Deliver {
        process: usize,
        epoch: u32,
        input: Input,
    },
    JournalApplies {
        process: usize,
        epoch: u32,
        journal: Journal,
    },
    VaultApplies {
        process: usize,
        epoch: u32,
        record: Option<SessionRecord>,
    },
    StoreIsRead {
        process: usize,
        epoch: u32,
    },
    ServerReceives {
        process: usize,
        epoch: u32,
        call: RefreshCall,
        proof: Option<Proof>,
        answer_lost: bool,
    },
    NonceLearned {
        process: usize,
        epoch: u32,
        nonce: (u64, u64),
    },
    LockTimesOut {
        process: usize,
        epoch: u32,
        ticket: u64,
    },
    Fault(Fault),
}

#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Network(Network),
    Vault(Option<VaultFault>),
    JournalFails(bool),
    Crash(usize),
    Start(usize),
    Sleep(u64),
    BackUp,
    Restore,
    Act(usize, OperatorAct),
    Refuse(usize),
    Proofs(Proofs),
    /// The server makes its nonces with another secret, or forgets which proofs it has seen.
    NonceSecret,
    ServerForgetsProofs,
    Hint(usize, Hint),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Good,
    Cut,
    AnswersLost,
    ServerDown,
    Portal,
    Slow,
}

pub(crate) struct Process {
    pub(crate) keeper: Option<Keeper>,
    epoch: u32,
    pub(crate) access: Option<AccessGrant>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) sends: Vec<u64>,
    in_flight: bool,
    signed_out: bool,
    nonce: Option<(u64, u64)>,
    /// Whether the key is in this process's memory.
    has_key: bool,
}

pub(crate) struct World {
    pub(crate) now: u64,
    rng: Seeded,
    entropy: Seeded,
    pub(crate) server: Server,
    pub(crate) vault: Option<SessionRecord>,
    pub(crate) vault_fault: Option<VaultFault>,
    /// The device's key in the keychain.
    pub(crate) stored_key: Option<KeyThumbprint>,
    ever_stored: bool,
    pub(crate) journal: Journal,
    journal_fails: bool,
    lock: Option<usize>,
    queue: VecDeque<(usize, u64)>,
    tickets: u64,
    network: Network,
    pub(crate) processes: Vec<Process>,
    events: BTreeMap<(u64, u64), Event>,
    sequence: u64,
    attempts: HashMap<Fingerprint, AttemptId>,
    pub(crate) posts: u32,
    slot: Slot,
    knobs: Knobs,
    traced: bool,
}

impl World {
    pub(crate) fn new(seed: u64, processes: usize, life: Span) -> Self {
        Self::with(seed, processes, life, None)
    }

    /// A world whose server binds the session to the device's key.
    pub(crate) fn bound(seed: u64, processes: usize, life: Span) -> Self {
        Self::with(seed, processes, life, Some(KeyThumbprint::from_bytes([7; 32])))
    }

    fn with(seed: u64, processes: usize, life: Span, key: Option<KeyThumbprint>) -> Self {
        let start = 1_000_000;
        let mut world = Self {
            now: start,
            rng: Seeded::new(seed),
            entropy: Seeded::new(seed ^ 0xA5A5),
            server: Server::new(life, start),
            vault: None,
            vault_fault: None,
            stored_key: None,
            ever_stored: false,
            journal: Journal::default(),
            journal_fails: false,
            lock: None,
            queue: VecDeque::new(),
            tickets: 0,
            network: Network::Good,
            processes: Vec::new(),
            events: BTreeMap::new(),
            sequence: 0,
            attempts: HashMap::new(),
            posts: 0,
            slot: Slot {
                server: "https://vigie.example".into(),
                operator: "camille".into(),
            },
            knobs: Knobs::default(),
            // One seed, step by step: VIGIE_SEED=17 VIGIE_TRACE=1 cargo test -p keeper-core
            traced: std::env::var_os("VIGIE_TRACE").is_some(),
        };
        for _ in 0..processes {
            world.processes.push(Process {
                keeper: None,
                epoch: 0,
                access: None,
                notices: Vec::new(),
                sends: Vec::new(),
                in_flight: false,
                signed_out: false,
                nonce: None,
                has_key: false,
            });
        }
        world.server.bound_to = key;
        world.start(0);
        world.sign_in(0);
        world.run_for(2_000);
        for index in 1..processes {
            world.start(index);
        }
        world
    }

    pub(crate) fn record(&self, generation: u32) -> SessionRecord {
        SessionRecord {
            server: self.slot.server.clone(),
            operator: self.slot.operator.clone(),
            session_id: self.server.row.id.to_string(),
            generation,
            refresh_token: token_of(self.server.row.id, generation),
            bound_to: self.server.bound_to,
        }
    }

    fn sign_in(&mut self, index: usize) {
        let grant = self.server.grant(true);
        let record = self.record(0);
        let sent = Moment::from_ms(self.now);
        self.processes[index].has_key = self.server.bound_to.is_some();
        self.processes[index].nonce = Some(self.server.nonce(self.now));
        self.give(index, Input::SignedIn { record, grant, sent });
    }

    fn start(&mut self, index: usize) {
        let capabilities = Capabilities {
            renews_without_rotation: true,
            repeats_answers: true,
        };
        let keeper = Keeper::new(
            self.slot.clone(),
            capabilities,
            self.knobs,
            Moment::from_ms(self.now),
        );
        self.processes[index].keeper = Some(keeper);
        self.give(index, Input::Started);
    }

    fn crash(&mut self, index: usize) {
        let process = &mut self.processes[index];
        process.keeper = None;
        process.epoch += 1;
        process.access = None;
        process.in_flight = false;
        process.nonce = None;
        process.has_key = false;
        self.queue.retain(|(waiting, _)| *waiting != index);
        if self.lock == Some(index) {
            self.lock = None;
            self.pass_lock();
        }
    }

    pub(crate) fn at(&mut self, when: u64, fault: Fault) {
        self.push(when, Event::Fault(fault));
    }

    fn push(&mut self, when: u64, event: Event) {
        self.sequence += 1;
        self.events.insert((when.max(self.now), self.sequence), event);
    }

    pub(crate) fn run_for(&mut self, span: u64) {
        let until = self.now + span;
        loop {
            let event = self.events.keys().next().copied().filter(|(at, _)| *at <= until);
            let timer = self
                .processes
                .iter()
                .enumerate()
                .filter_map(|(index, process)| Some((process.keeper.as_ref()?.next_timer()?.as_ms(), index)))
                .min()
                .filter(|(at, _)| *at <= until);
            match (event, timer) {
                (Some(key), timer) if timer.is_none_or(|(at, _)| key.0 <= at.max(self.now)) => {
                    self.now = self.now.max(key.0);
                    let event = self.events.remove(&key).unwrap();
                    self.happen(event);
                }
                (_, Some((at, index))) => {
                    self.now = self.now.max(at);
                    self.give(index, Input::TimerFired);
                }
                (_, None) => break,
            }
        }
        self.now = self.now.max(until);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Deliver {
                process,
                epoch,
                input,
            } => {
                if self.lives(process, epoch) {
                    if matches!(input, Input::RefreshAnswered { .. }) {
                        self.processes[process].in_flight = false;
                    }
                    self.give(process, input);
                }
            }
            Event::JournalApplies {
                process,
                epoch,
                journal,
            } => {
                let lives = self.lives(process, epoch);
                if !lives {
                    return;
                }
                if !self.journal_fails {
                    self.journal = journal;
                }
                if lives {
                    let durable = !self.journal_fails;
                    self.give(process, Input::JournalWritten(durable));
                }
            }
            Event::VaultApplies {
                process,
                epoch,
                record,
            } => {
                if !self.lives(process, epoch) {
                    return;
                }
                let result = self.vault_fault.map_or(Ok(()), Err);
                match (record, result) {
                    (Some(record), Ok(())) => {
                        self.ever_stored = true;
                        if self.processes[process].has_key {
                            self.stored_key = record.bound_to;
                        }
                        self.vault = Some(record);
                        self.give(process, Input::VaultWritten(Ok(())));
                    }
                    (Some(_), Err(fault)) => self.give(process, Input::VaultWritten(Err(fault))),
                    (None, Ok(())) => self.vault = None,
                    (None, Err(_)) => {}
                }
            }
            Event::StoreIsRead { process, epoch } => {
                if self.lives(process, epoch) {
                    let record = match self.vault_fault {
                        Some(fault) => Err(fault),
                        None => Ok(self.vault.clone()),
                    };
                    let journal = Some(self.journal.clone());
                    let wanted = record
                        .as_ref()
                        .ok()
                        .and_then(Option::as_ref)
                        .and_then(|record| record.bound_to);
                    let memory = &mut self.processes[process].has_key;
                    *memory |= record.is_ok() && wanted.is_some() && self.stored_key == wanted;
                    let key = if wanted.is_none() || *memory {
                        DeviceKey::AtHand
                    } else {
                        DeviceKey::Lost
                    };
                    let read = StoreRead { record, journal, key };
                    self.give(process, Input::StoreRead(read));
                }
            }
            Event::ServerReceives {
                process,
                epoch,
                call,
                proof,
                answer_lost,
            } => {
                let token = call.refresh_token.expose();
                self.trace(|| {
                    format!(
                        "server at generation {} gets {token} rotate {} from p{process}",
                        self.server.row.generation, call.rotate
                    )
                });
                let asked = self.server.asked;
                let answer = self.server.judge_proof(proof, self.now).unwrap_or_else(|| {
                    self.server
                        .refresh(&call.refresh_token, call.attempt, call.rotate, self.now)
                });
                if epoch == u32::MAX {
                    // Nobody asked for a late duplicate.
                    self.server.asked = asked;
                }
                if !answer_lost {
                    let nonce = self.server.nonce(self.now);
                    let delay = 1 + self.rng.below(40);
                    let input = Input::RefreshAnswered {
                        call: call.call,
                        answer,
                    };
                    let learned = Event::NonceLearned {
                        process,
                        epoch,
                        nonce,
                    };
                    self.push(self.now + delay, learned);
                    self.push(
                        self.now + delay,
                        Event::Deliver {
                            process,
                            epoch,
                            input,
                        },
                    );
                }
            }
            Event::NonceLearned {
                process,
                epoch,
                nonce,
            } => {
                if self.lives(process, epoch) {
                    self.processes[process].nonce = Some(nonce);
                }
            }
            Event::LockTimesOut {
                process,
                epoch,
                ticket,
            } => {
                let waiting = self.queue.iter().position(|entry| *entry == (process, ticket));
                if let Some(position) = waiting
                    && self.lives(process, epoch)
                {
                    self.queue.remove(position);
                    self.give(process, Input::LockAnswered(LockAnswer::Busy));
                }
            }
            Event::Fault(fault) => self.suffer(fault),
        }
    }

    fn suffer(&mut self, fault: Fault) {
        self.trace(|| format!("## {fault:?}"));
        match fault {
            Fault::Network(network) => {
                self.network = network;
                if self.rng.chance(500) {
                    for index in 0..self.processes.len() {
                        self.give(
                            index,
                            Input::LinkChanged {
                                up: network == Network::Good,
                            },
                        );
                    }
                }
            }
            Fault::Vault(fault) => self.vault_fault = fault,
            Fault::JournalFails(fails) => self.journal_fails = fails,
            Fault::Crash(index) => self.crash(index),
            Fault::Start(index) => {
                if self.processes[index].keeper.is_none() {
                    self.start(index);
                }
            }
            Fault::Sleep(span) => {
                self.now += span;
                for index in 0..self.processes.len() {
                    self.give(index, Input::Woke);
                }
            }
            Fault::BackUp => self.server.backup = Some(self.server.row.clone()),
            Fault::Restore => {
                if let Some(backup) = self.server.backup.clone() {
                    // Restoring marks every session: what was tried since the backup is not known.
                    let attempts = remember(&backup.attempts, backup.generation + 1, FORWARDED);
                    self.server.row = SessionRow { attempts, ..backup };
                }
            }
            Fault::Act(index, act) => {
                if act == OperatorAct::SignOut {
                    self.processes[index].signed_out = true;
                }
                self.give(index, Input::Operator(act));
            }
            Fault::Proofs(proofs) => self.server.proofs = proofs,
            Fault::NonceSecret => self.server.nonce_secret += 1,
            Fault::ServerForgetsProofs => self.server.seen.clear(),
            Fault::Hint(index, hint) => self.give(index, Input::Hinted(hint)),
            Fault::Refuse(index) => {
                if let Some(access) = self.processes[index].access.clone() {
                    self.give(
                        index,
                        Input::RequestRefused {
                            serial: access.serial,
                        },
                    );
                }
            }
        }
    }

    #[expect(clippy::print_stderr, reason = "a trace of one seed, on request")]
    fn trace(&self, line: impl FnOnce() -> String) {
        if self.traced {
            eprintln!("{:>9} {}", self.now, line());
        }
    }

    fn lives(&self, process: usize, epoch: u32) -> bool {
        self.processes[process].keeper.is_some() && self.processes[process].epoch == epoch
    }

    pub(crate) fn give(&mut self, index: usize, input: Input) {
        let now = Moment::from_ms(self.now);
        let Some(keeper) = self.processes[index].keeper.as_mut() else {
            return;
        };
        let said = self.traced.then(|| format!("{input:?}"));
        let outputs = keeper.handle(input, now, &mut self.entropy);
        if let Some(said) = said {
            self.trace(|| format!("p{index} <- {said}"));
            for output in outputs.iter().filter(|output| **output != Output::Publish) {
                self.trace(|| format!("p{index}    -> {output:?}"));
            }
        }
        for output in outputs {
            self.carry_out(index, output);
        }
    }

    fn carry_out(&mut self, index: usize, output: Output) {
        let epoch = self.processes[index].epoch;
        let soon = self.now + self.rng.below(5);
        match output {
            Output::AcquireLock { wait } => {
                self.tickets += 1;
                self.queue.push_back((index, self.tickets));
                let ticket = self.tickets;
                self.push(
                    self.now + wait.as_ms(),
                    Event::LockTimesOut {
                        process: index,
                        epoch,
                        ticket,
                    },
                );
                if self.lock.is_none() {
                    self.pass_lock();
                }
            }
            Output::ReleaseLock => {
                self.processes[index].in_flight = false;
                if self.lock == Some(index) {
                    self.lock = None;
                    self.pass_lock();
                }
            }
            Output::ReadStore => {
                assert_eq!(self.lock, Some(index), "the store is read under the lock");
                self.push(
                    soon,
                    Event::StoreIsRead {
                        process: index,
                        epoch,
                    },
                );
            }
            Output::WriteJournal(journal) => {
                assert_eq!(self.lock, Some(index), "the journal is written under the lock");
                self.push(
                    soon,
                    Event::JournalApplies {
                        process: index,
                        epoch,
                        journal,
                    },
                );
            }
            Output::WriteVault(record) => {
                assert_eq!(self.lock, Some(index), "the keychain is written under the lock");
                assert_eq!(
                    (&record.server, &record.operator),
                    (&self.slot.server, &self.slot.operator)
                );
                self.push(
                    soon,
                    Event::VaultApplies {
                        process: index,
                        epoch,
                        record: Some(record),
                    },
                );
            }
            Output::DeleteVault => {
                assert!(
                    self.processes.iter().any(|process| process.signed_out),
                    "only signing out deletes"
                );
                self.push(
                    soon,
                    Event::VaultApplies {
                        process: index,
                        epoch,
                        record: None,
                    },
                );
            }
            Output::SendRefresh(call) => self.send(index, call),
            Output::SendHeartbeat { call } => self.heartbeat(index, call),
            Output::SendPing { call, .. } => {
                let answer = if self.network == Network::Good {
                    Ok(Deadlines {
                        idle: None,
                        absolute: Some(Span::from_secs(720 * 3_600)),
                    })
                } else {
                    Err(Trouble::Offline)
                };
                self.push(
                    self.now + 20,
                    Event::Deliver {
                        process: index,
                        epoch,
                        input: Input::PingAnswered { call, answer },
                    },
                );
            }
            Output::HandOut(grant) => {
                if let Some(grant) = &grant {
                    self.check_hand_out(index, grant);
                }
                self.processes[index].access = grant;
            }
            Output::Notify(notice) => self.processes[index].notices.push(notice),
            Output::SendLogout(_) => {
                self.server
                    .row
                    .revoked
                    .get_or_insert((self.now as i64, RevokeReason::SignedOut));
            }
            Output::Publish | Output::Record(_) => {}
        }
    }

    fn pass_lock(&mut self) {
        while let Some((next, _)) = self.queue.pop_front() {
            if self.processes[next].keeper.is_some() {
                self.lock = Some(next);
                let epoch = self.processes[next].epoch;
                let input = Input::LockAnswered(LockAnswer::Held);
                self.push(
                    self.now,
                    Event::Deliver {
                        process: next,
                        epoch,
                        input,
                    },
                );
                return;
            }
        }
    }

    fn send(&mut self, index: usize, call: RefreshCall) {
        assert_eq!(self.lock, Some(index), "a refresh leaves only under the lock");
        assert!(
            !self.processes.iter().any(|process| process.in_flight),
            "one refresh in flight"
        );
        self.processes[index].in_flight = true;
        self.processes[index].sends.push(self.now);
        self.posts += 1;
        assert_eq!(
            call.key, self.server.bound_to,
            "a call is signed with the session's key"
        );
        let process = &self.processes[index];
        let jti = u64::from(self.posts);
        let proof = call.key.filter(|_| process.has_key).map(|key| Proof {
            key,
            nonce: process.nonce,
            jti,
        });
        let fingerprint = Fingerprint::of(&call.refresh_token);
        if call.rotate {
            let intent = self
                .journal
                .intent
                .expect("an intent is durable before the POST leaves");
            assert_eq!((intent.fingerprint, intent.attempt), (fingerprint, call.attempt));
            let first = *self.attempts.entry(fingerprint).or_insert(call.attempt);
            assert_eq!(
                first, call.attempt,
                "every retry of a generation carries the same attempt"
            );
        }
        let epoch = self.processes[index].epoch;
        let there = self.now + 1 + self.rng.below(40);
        let transient = |trouble| Input::RefreshAnswered {
            call: call.call,
            answer: Answer::Transient(trouble, None),
        };
        match self.network {
            Network::Good => {
                self.push(
                    there,
                    Event::ServerReceives {
                        process: index,
                        epoch,
                        call: call.clone(),
                        proof,
                        answer_lost: false,
                    },
                );
            }
            Network::Slow => {
                let late = self.now + 200 + self.rng.below(self.server.life.as_ms().min(30_000));
                self.push(
                    late,
                    Event::ServerReceives {
                        process: index,
                        epoch,
                        call: call.clone(),
                        proof,
                        answer_lost: false,
                    },
                );
            }
            Network::AnswersLost => {
                self.push(
                    there,
                    Event::ServerReceives {
                        process: index,
                        epoch,
                        call: call.clone(),
                        proof,
                        answer_lost: true,
                    },
                );
                self.push(
                    self.now + 10_000,
                    Event::Deliver {
                        process: index,
                        epoch,
                        input: transient(Trouble::Offline),
                    },
                );
            }
            Network::Cut => {
                self.push(
                    self.now + 3_000,
                    Event::Deliver {
                        process: index,
                        epoch,
                        input: transient(Trouble::Offline),
                    },
                );
            }
            Network::ServerDown => {
                self.push(
                    there,
                    Event::Deliver {
                        process: index,
                        epoch,
                        input: transient(Trouble::ServerDown),
                    },
                );
            }
            Network::Portal => {
                self.push(
                    there,
                    Event::Deliver {
                        process: index,
                        epoch,
                        input: transient(Trouble::NotTheServer),
                    },
                );
            }
        }
        if self.rng.chance(50) {
            // The server remembers sixteen attempts: duplicates later than that are thieves to it.
            let late = self.now + self.rng.below(self.server.life.as_ms());
            self.push(
                late,
                Event::ServerReceives {
                    process: index,
                    epoch: u32::MAX,
                    call,
                    proof,
                    answer_lost: true,
                },
            );
        }
    }

    fn heartbeat(&mut self, index: usize, call: CallId) {
        let epoch = self.processes[index].epoch;
        let (delay, reached) = match self.network {
            Network::Good | Network::AnswersLost => (10, Ok(())),
            Network::Slow => (900, Ok(())),
            Network::Cut => (1_000, Err(Trouble::Offline)),
            Network::ServerDown => (10, Err(Trouble::ServerDown)),
            Network::Portal => (10, Err(Trouble::NotTheServer)),
        };
        self.push(
            self.now + delay,
            Event::Deliver {
                process: index,
                epoch,
                input: Input::HeartbeatAnswered { call, reached },
            },
        );
    }

    fn check_hand_out(&self, index: usize, grant: &AccessGrant) {
        assert!(
            !self.processes[index].signed_out,
            "nothing is handed out after signing out"
        );
        let (minted_at, free) = self.server.access[grant.token.expose()];
        let stored = self.vault.as_ref().map(|record| record.generation);
        assert!(
            free || !self.ever_stored || stored.is_some_and(|generation| generation >= minted_at),
            "an access token of generation {minted_at} is handed out while the keychain holds {stored:?}"
        );
    }
}
