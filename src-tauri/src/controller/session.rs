//! The session: signing in and out, trying again, and hearing what the keeper says.

use std::sync::Arc;

use keeper::slot::normalised;
use keeper::{Keeper, SignInError, SlotId};
use keeper_core::{Banner, Connection, Moment, Notice, Persistence, SessionPhase, SessionSnapshot};
use protocol::Secret;
use protocol::auth::Me;
use secrecy::SecretString;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::Controller;
use super::event::{Epoch, Event};
use super::impersonation::UnderWay;
use super::request::{FirstAccount, Reply, Unsent};
use crate::embedded_server::Accounts;
use crate::view::{
    AppView, ChangesView, ImpersonationOverView, RetryOutcome, SecurityNotice, ServerView, UiError,
    UiErrorCode,
};

/// What the controller holds of the session.
pub(super) struct Session {
    pub(super) keeper: Option<Keeper>,
    pub(super) epoch: Epoch,
    pub(super) snapshot: Arc<SessionSnapshot>,
    pub(super) me: Option<Known>,
    pub(super) fault: Option<UiError>,
    pub(super) accounts: Accounts,
    /// Counts the questions to the embedded server: an answer to an earlier one says how it was, not how it is.
    pub(super) asked_server: u32,
    pub(super) asking: Asking,
    pub(super) notices: Vec<SecurityNotice>,
    /// The notices that the server told of since they were last asked for.
    pub(super) told: Vec<Uuid>,
    /// What the server said has changed, whoever's session it was said to.
    pub(super) changes: ChangesView,
    /// The impersonation that the operator works under.
    pub(super) under_way: Option<UnderWay>,
    /// How the last one ended, until it is put away.
    pub(super) impersonation_over: Option<ImpersonationOverView>,
    pub(super) reopen: Reopen,
    pub(super) listeners: Vec<AbortHandle>,
}

/// What was asked of the server about the operator, and what of it is known. Answers may overtake each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asking {
    /// How often the server was asked.
    asked: u64,
    /// The newest question that has an answer, good or bad.
    answered: u64,
    /// The newest question whose answer is known.
    known: u64,
    /// Something may have changed since the last answer.
    in_doubt: bool,
}

impl Asking {
    /// Counts a new question.
    pub(super) fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.in_doubt = false;
        self.asked
    }

    /// Takes a good answer in; returns whether it is the newest.
    pub(super) fn learn(&mut self, asked: u64) -> bool {
        self.answered = self.answered.max(asked);
        let is_newest = asked >= self.known;
        self.known = self.known.max(asked);
        is_newest
    }

    /// The question has no answer.
    pub(super) fn fail(&mut self, asked: u64) {
        self.answered = self.answered.max(asked);
        self.in_doubt |= asked > self.known;
    }

    /// What is known may no longer be so.
    pub(super) fn doubt(&mut self) {
        self.in_doubt = true;
    }

    /// Whether to ask, where `is_known` says whether anything is known at all.
    pub(super) fn is_due(self, is_known: bool) -> bool {
        self.answered == self.asked && (self.in_doubt || !is_known)
    }
}

/// What the server said about an operator.
pub(super) struct Known {
    /// The operator, as the keeper names them.
    pub(super) operator: String,
    pub(super) me: Me,
}

/// Whether the keeper is to be opened again once nobody is signed in, because the settings it was opened with changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reopen {
    No,
    WhenSignedOut,
}

impl Session {
    pub(super) fn new(now: Moment) -> Self {
        let snapshot = SessionSnapshot {
            phase: SessionPhase::Restoring,
            ..SessionSnapshot::signed_out(now)
        };
        Self {
            keeper: None,
            epoch: Epoch::default(),
            snapshot: Arc::new(snapshot),
            me: None,
            fault: None,
            accounts: Accounts::Some,
            asked_server: 0,
            asking: Asking::default(),
            notices: Vec::new(),
            told: Vec::new(),
            changes: ChangesView::default(),
            under_way: None,
            impersonation_over: None,
            reopen: Reopen::No,
            listeners: Vec::new(),
        }
    }

    pub(super) fn reopen_when_signed_out(&mut self) {
        self.reopen = Reopen::WhenSignedOut;
    }

    /// What the server said about the operator of the session.
    pub(super) fn known(&self) -> Option<&Me> {
        let operator = self.snapshot.operator.as_ref()?;
        let known = self.me.as_ref().filter(|known| known.operator == *operator)?;
        Some(&known.me)
    }

    /// The organisation the session works in, once the server has said so.
    pub(super) fn organization_id(&self) -> Option<Uuid> {
        self.known().map(|me| me.organization_id)
    }

    pub(super) fn categories_may_differ(&mut self) {
        self.changes.categories = self.changes.categories.wrapping_add(1);
    }

    pub(super) fn alerts_may_differ(&mut self) {
        self.changes.alerts = self.changes.alerts.wrapping_add(1);
    }

    pub(super) fn impersonations_may_differ(&mut self) {
        self.changes.impersonations = self.changes.impersonations.wrapping_add(1);
    }

    pub(super) fn settings_may_differ(&mut self) {
        self.changes.settings = self.changes.settings.wrapping_add(1);
    }

    /// The place of the operator who is signed in, or was until the session ended.
    pub(super) fn slot(&self) -> Option<SlotId> {
        let keeper = self.keeper.as_ref()?;
        match self.snapshot.phase {
            SessionPhase::SignedIn | SessionPhase::Ended => {
                Some(SlotId::of(keeper.server(), self.snapshot.operator.as_deref()?))
            }
            SessionPhase::Restoring | SessionPhase::SignedOut => None,
        }
    }
}

impl Controller {
    pub(super) fn snapshot_came(&mut self, epoch: Epoch, snapshot: Arc<SessionSnapshot>) {
        if epoch != self.session.epoch {
            return;
        }
        let back = matches!(self.session.snapshot.connection, Connection::Lost { .. })
            && snapshot.connection == Connection::Online;
        let kept_again = self.session.snapshot.persistence != Persistence::Durable
            && snapshot.persistence == Persistence::Durable;
        self.session.snapshot = snapshot;
        self.follow_slot();
        if back {
            self.work.bell.back();
            // What the server told meanwhile was not heard.
            self.session.asking.doubt();
            self.session.categories_may_differ();
            self.session.alerts_may_differ();
            self.session.settings_may_differ();
            self.session.impersonations_may_differ();
            self.check_impersonation();
        }
        if self.session.snapshot.phase != SessionPhase::SignedIn {
            self.abandon_impersonation();
        }
        if kept_again || back {
            self.try_key_again();
        }
        self.ask_me();
        self.publish();
    }

    pub(super) fn notice_came(&mut self, epoch: Epoch, notice: Notice) {
        if epoch == self.session.epoch
            && let Some(surfaces) = &self.surfaces
        {
            surfaces.notifier.show(notice, self.settings.language);
        }
    }

    /// Signs in. Where the keeper could not be opened before, it is tried again first.
    pub(super) async fn sign_in(&mut self, username: String, password: Secret, reply: Reply<AppView>) {
        if self.session.keeper.is_none() {
            self.open_keeper().await;
        }
        let Some(keeper) = self.session.keeper.clone() else {
            let fault = self
                .session
                .fault
                .clone()
                .unwrap_or_else(|| UiErrorCode::Internal.into());
            let _ = reply.send(Err(fault));
            return self.publish();
        };
        let (epoch, turn) = (self.session.epoch, self.session.asked_server);
        let embedded = Arc::clone(self.reach.embedded());
        let this_device = self.settings.server == ServerView::ThisDevice;
        let events = self.events.clone();
        self.vault.permit_prompt();
        tokio::spawn(async move {
            if this_device && let Err(fault) = embedded.ready().await {
                let _ = events.send(Event::ServerReady {
                    epoch,
                    turn,
                    result: Err(fault.clone()),
                });
                let _ = reply.send(Err(fault));
                return;
            }
            let result = keeper
                .sign_in(&username, SecretString::from(password.expose()))
                .await;
            let _ = events.send(Event::SignInAnswered {
                epoch,
                result: Box::new(result),
                reply,
            });
        });
    }

    pub(super) fn sign_in_answered(
        &mut self,
        epoch: Epoch,
        result: Result<Me, SignInError>,
        reply: Reply<AppView>,
    ) {
        if epoch != self.session.epoch {
            let _ = reply.send(Err(UiErrorCode::Internal.into()));
            return;
        }
        match result {
            Ok(me) => {
                tracing::info!("signed in");
                self.session.fault = None;
                self.session.asked_server = self.session.asked_server.wrapping_add(1);
                let asked = self.session.asking.ask();
                self.session.asking.learn(asked);
                self.session.me = Some(Known {
                    operator: normalised(&me.username),
                    me,
                });
                self.take_newest_snapshot();
                self.ask_notices();
                self.reply_with_view(reply);
            }
            Err(error) => {
                tracing::info!(code = error.code(), "not signed in");
                let _ = reply.send(Err(error.into()));
            }
        }
    }

    pub(super) fn first_operator(&mut self, account: FirstAccount, reply: Reply<AppView>) {
        let embedded = Arc::clone(self.reach.embedded());
        self.beside(async move {
            let result = embedded.first_operator(&account).await;
            Event::FirstOperatorMade {
                result,
                account: Box::new(account),
                reply,
            }
        });
    }

    pub(super) async fn first_operator_made(
        &mut self,
        result: Result<(), UiError>,
        account: FirstAccount,
        reply: Reply<AppView>,
    ) {
        match result {
            Ok(()) => {
                self.session.accounts = Accounts::Some;
                self.sign_in(account.username, account.password, reply).await;
            }
            Err(fault) => drop(reply.send(Err(fault))),
        }
    }

    /// Takes in what the keeper shows right now, ahead of the event that will say the same.
    fn take_newest_snapshot(&mut self) {
        if let Some(keeper) = &self.session.keeper {
            let newest = Arc::clone(&keeper.snapshots().borrow());
            self.snapshot_came(self.session.epoch, newest);
        }
    }

    pub(super) async fn retry(&mut self, reply: Reply<RetryOutcome>) {
        self.vault.permit_prompt();
        if self.session.keeper.is_none() {
            self.open_keeper().await;
            self.publish();
        }
        let Some(keeper) = self.session.keeper.clone() else {
            let fault = self
                .session
                .fault
                .clone()
                .unwrap_or_else(|| UiErrorCode::Internal.into());
            let _ = reply.send(Err(fault));
            return;
        };
        self.ask_embedded_server();
        self.try_key_again();
        self.work.bell.sale();
        let epoch = self.session.epoch;
        self.beside(async move {
            Event::Retried {
                epoch,
                snapshot: keeper.retry().await,
                reply,
            }
        });
    }

    pub(super) fn retried(
        &mut self,
        epoch: Epoch,
        snapshot: &Arc<SessionSnapshot>,
        reply: Reply<RetryOutcome>,
    ) {
        let outcome = outcome_of(snapshot);
        tracing::info!(?outcome, "tried at the operator's wish");
        self.snapshot_came(epoch, Arc::clone(snapshot));
        let _ = reply.send(Ok(outcome));
    }

    pub(super) fn sign_out(&mut self, unsent: Unsent, reply: Reply<AppView>) {
        if unsent == Unsent::Guard
            && let Some(subject) = self.work.unsent()
        {
            let _ = reply.send(Err(UiError::from(UiErrorCode::WorkUnsent).about(subject)));
            return;
        }
        let Some(keeper) = self.session.keeper.clone() else {
            self.reply_with_view(reply);
            return;
        };
        let epoch = self.session.epoch;
        self.beside(async move {
            keeper.sign_out().await;
            Event::SignedOut { epoch, reply }
        });
    }

    pub(super) async fn signed_out(&mut self, epoch: Epoch, reply: Reply<AppView>) {
        if epoch == self.session.epoch {
            tracing::info!("signed out");
            self.session.me = None;
            self.session.notices = Vec::new();
            self.session.told = Vec::new();
            self.take_newest_snapshot();
            self.session.impersonation_over = None;
            if self.session.reopen == Reopen::WhenSignedOut {
                self.open_keeper().await;
                self.publish();
            }
        }
        self.reply_with_view(reply);
    }

    pub(super) fn operator_input(&self) {
        if let Some(keeper) = &self.session.keeper {
            keeper.operator_input();
        }
    }
}

fn outcome_of(snapshot: &SessionSnapshot) -> RetryOutcome {
    match (snapshot.phase, snapshot.connection, snapshot.banner) {
        (SessionPhase::Ended | SessionPhase::SignedOut, _, _) => RetryOutcome::SessionOver,
        (
            _,
            Connection::Lost {
                trouble: keeper_core::Trouble::Offline,
            },
            _,
        )
        | (_, _, Banner::Offline) => RetryOutcome::StillOffline,
        (_, Connection::Lost { .. }, _)
        | (_, _, Banner::ServerDown { .. } | Banner::Misconfigured { .. }) => RetryOutcome::StillDown,
        (_, _, Banner::KeychainUnavailable { .. }) => RetryOutcome::KeychainStillAway,
        (
            SessionPhase::SignedIn | SessionPhase::Restoring,
            Connection::Online | Connection::Unknown,
            Banner::Hidden
            | Banner::Refreshing
            | Banner::IdleEndNear
            | Banner::AbsoluteEndNear
            | Banner::Ended { .. }
            | Banner::ClockSuspect { .. },
        ) => RetryOutcome::Recovered,
    }
}
