//! Everything that reaches the controller: what is asked of it, and what became of what it began.

use std::sync::Arc;

use keeper::{ServerEvent, SignInError, SlotId, SwitchError};
use keeper_core::{ImpersonationEnd, Notice, SessionSnapshot, VaultFault};
use protocol::auth::Me;
use uuid::Uuid;

use crate::controller::impersonation::BegunImpersonation;
use crate::controller::request::{Reply, Request};
use crate::embedded_server::Accounts;
use crate::view::{AppView, RetryOutcome, Saved, SecurityNotice, UiError};
use crate::work::sender::SenderNews;
use crate::work::{Counts, JournalFault, Owner, WorkKey};

/// Counts the keepers of this run, so that a word from one that was put away is not believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Epoch(pub(crate) u64);

/// Something for the controller to deal with.
#[derive(Debug)]
pub(crate) enum Event {
    Asked(Request),
    Snapshot(Epoch, Arc<SessionSnapshot>),
    Notice(Epoch, Notice),
    Told(Epoch, ServerEvent),
    ServerReady {
        epoch: Epoch,
        turn: u32,
        result: Result<Accounts, UiError>,
    },
    SignInAnswered {
        epoch: Epoch,
        result: Box<Result<Me, SignInError>>,
        reply: Reply<AppView>,
    },
    FirstOperatorMade {
        result: Result<(), UiError>,
        account: Box<crate::controller::FirstAccount>,
        reply: Reply<AppView>,
    },
    MeAnswered {
        epoch: Epoch,
        asked: u64,
        operator: String,
        result: Box<Result<Me, UiError>>,
        reply: Option<Reply<AppView>>,
    },
    OrganizationSwitched {
        epoch: Epoch,
        operator: String,
        result: Box<Result<Me, SwitchError>>,
        reply: Reply<AppView>,
    },
    ImpersonationBegun {
        epoch: Epoch,
        result: Box<Result<BegunImpersonation, UiError>>,
        reply: Reply<AppView>,
    },
    ImpersonationStopTold {
        session_id: Uuid,
        result: Result<(), UiError>,
        reply: Reply<AppView>,
    },
    ImpersonationEnded {
        session_id: Uuid,
        how: ImpersonationEnd,
    },
    SoldAsAnother {
        result: Result<(), UiError>,
        reply: Reply<AppView>,
    },
    NoticesAnswered {
        epoch: Epoch,
        result: Result<Vec<SecurityNotice>, UiError>,
    },
    Retried {
        epoch: Epoch,
        snapshot: Arc<SessionSnapshot>,
        reply: Reply<RetryOutcome>,
    },
    SignedOut {
        epoch: Epoch,
        reply: Reply<AppView>,
    },
    PlaceRead {
        slot: SlotId,
        result: Result<Option<Uuid>, JournalFault>,
    },
    KeyAnswered {
        owner: Owner,
        fresh: WorkKey,
        result: Result<WorkKey, VaultFault>,
    },
    Resealed {
        owner: Owner,
        key: WorkKey,
        result: Result<(), JournalFault>,
    },
    Counted {
        owner: Owner,
        result: Result<(Counts, Option<String>), JournalFault>,
    },
    TicketRead {
        result: Box<Result<Option<crate::view::TicketDraft>, JournalFault>>,
        reply: Reply<Option<crate::view::TicketDraft>>,
    },
    Written {
        result: Result<Saved, JournalFault>,
        in_hand: Option<InHand>,
        reply: Reply<Saved>,
    },
    SaleFinished {
        owner: Owner,
        result: Result<Counts, JournalFault>,
        reply: Reply<AppView>,
    },
    WorkMoved {
        owner: Owner,
        in_hand: Option<InHand>,
        result: Result<Counts, JournalFault>,
        reply: Reply<AppView>,
    },
    TicketTaken {
        owner: Owner,
        result: Box<Result<(crate::view::TicketDraft, Counts), JournalFault>>,
        reply: Reply<crate::view::TicketDraft>,
    },
    Sender(Owner, SenderNews),
    WindowLate,
    PutAway,
}

/// The ticket in hand, as far as leaving the app depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum InHand {
    /// None, or one without lines.
    #[default]
    Nothing,
    /// One with lines.
    Something,
}

impl InHand {
    pub(crate) fn of(draft: &crate::view::TicketDraft) -> Self {
        if draft.lines.is_empty() {
            Self::Nothing
        } else {
            Self::Something
        }
    }
}
