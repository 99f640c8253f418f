//! Everything the controller can be asked, by the screen and by its own helpers.

use keeper::AuthorisedClient;
use protocol::Secret;
use protocol::impersonation::StartImpersonationRequest;
use protocol::till_day::CounterTill;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::view::till_day::TillBoard;
use crate::view::{
    AppView, Categories, DeviceSettings, OutboxSale, ParkedTicket, RefusedSale, RetryOutcome, Saved,
    ServerView, TicketDraft, TicketKeeping, TicketToPark, UiError, UiErrorCode,
};

/// Where an answer goes. A caller that has gone away is no fault.
pub type Reply<T> = oneshot::Sender<Result<T, UiError>>;

/// What the screen asks.
#[derive(Debug)]
pub enum Request {
    /// Sign in, or sign in again over the work.
    SignIn {
        /// As typed.
        username: String,
        /// As typed.
        password: Secret,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// Make the first account of the embedded server and sign in with it.
    FirstOperator {
        /// The account.
        account: FirstAccount,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// Try to reach the server now.
    Retry(Reply<RetryOutcome>),
    /// End the session on this device.
    SignOut {
        /// What to do about unsent work.
        unsent: Unsent,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// The operator touched the device.
    OperatorInput,
    /// The work of the operator.
    Work(WorkRequest),
    /// Which till this device is, and its day.
    Till(TillRequest),
    /// The goods.
    Categories(Reply<Categories>),
    /// The keeper's client, for one call to the server: while the operator acts as somebody else, that one's.
    Client(Reply<Client>),
    /// Work in another organisation.
    SwitchOrganization {
        /// Its id.
        organization_id: String,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// Act as somebody else.
    StartImpersonation {
        /// As whom, where and why.
        request: Box<StartImpersonationRequest>,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// Stop an impersonation of one's own.
    StopImpersonation {
        /// Its session.
        session_id: String,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// The operator has seen how the last impersonation ended.
    PutImpersonationEndAway(Reply<AppView>),
    /// Ask the server again who is signed in.
    LookAgain(Reply<AppView>),
    /// The operator has seen a security notice.
    PutNoticeAway {
        /// Its id.
        id: String,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// Change the device's settings.
    PutDeviceSettings {
        /// As they shall be.
        settings: Box<DeviceSettings>,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// See whether a Vigie server answers there.
    TestServer {
        /// Where.
        server: ServerView,
        /// Path of an organisation's certificate authority.
        ca_file: Option<String>,
        /// The answer.
        reply: Reply<()>,
    },
    /// The screen has painted.
    WindowReady,
    /// The window was asked to close.
    CloseAsked,
    /// The operator answered whether to close.
    CloseAnswered(CloseAnswer),
    /// Bring the window to the front.
    Show,
    /// End the app: from the tray, or because the machine shuts down.
    Quit,
}

/// What the screen asks of the operator's work. It waits while the keychain is asked for the key of that work.
#[derive(Debug)]
pub enum WorkRequest {
    /// Put everything in hand on disk.
    Save {
        /// The ticket in hand, if there is one.
        draft: Option<Box<TicketDraft>>,
        /// The answer.
        reply: Reply<Saved>,
    },
    /// The ticket in hand as the journal has it.
    Current(Reply<Option<TicketDraft>>),
    /// The ticket in hand changed.
    Put {
        /// As it is now.
        draft: Box<TicketDraft>,
        /// The answer.
        reply: Reply<Saved>,
    },
    /// The ticket in hand is paid.
    Finish {
        /// As it is now.
        draft: Box<TicketDraft>,
        /// Where it was kept.
        keeping: TicketKeeping,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// The sales that wait or were refused.
    Outbox(Reply<Vec<OutboxSale>>),
    /// Park the ticket in hand.
    Park {
        /// The ticket and its name.
        ticket: Box<TicketToPark>,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// The parked tickets.
    Parked(Reply<Vec<ParkedTicket>>),
    /// Take a parked ticket in hand.
    TakeUp {
        /// Its id.
        id: String,
        /// What is in hand, to be parked with the same step.
        in_hand: Option<Box<TicketToPark>>,
        /// The answer.
        reply: Reply<TicketDraft>,
    },
    /// Forget a parked ticket.
    DiscardParked {
        /// Its id.
        id: String,
        /// The answer.
        reply: Reply<AppView>,
    },
    /// Open a refused sale.
    Review {
        /// The ticket's id.
        id: String,
        /// The answer.
        reply: Reply<RefusedSale>,
    },
    /// Bring a refused sale back as the ticket in hand.
    Mend {
        /// The refused ticket's id.
        id: String,
        /// The id of the ticket that mends it.
        ticket_id: String,
        /// What is in hand, to be parked with the same step.
        in_hand: Option<Box<TicketToPark>>,
        /// The answer.
        reply: Reply<TicketDraft>,
    },
}

impl WorkRequest {
    /// Answers that there is nobody whose work it could be; a list without an owner is empty.
    pub(super) fn refuse(self) {
        fn no<T>(reply: Reply<T>) {
            let _ = reply.send(Err(UiErrorCode::SessionOver.into()));
        }
        match self {
            Self::Save { reply, .. } | Self::Put { reply, .. } => no(reply),
            Self::Current(reply) => drop(reply.send(Ok(None))),
            Self::Finish { reply, .. } | Self::Park { reply, .. } | Self::DiscardParked { reply, .. } => {
                no(reply);
            }
            Self::Outbox(reply) => no(reply),
            Self::Parked(reply) => no(reply),
            Self::TakeUp { reply, .. } | Self::Mend { reply, .. } => no(reply),
            Self::Review { reply, .. } => no(reply),
        }
    }
}

/// Where tills can be asked for just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillPlace {
    /// At which server.
    pub server: ServerView,
    /// In which organisation.
    pub organization_id: Uuid,
    /// The place in the work journal of the sale that was finished last on this device.
    pub last_sale: i64,
}

/// What is asked of this device's till.
#[derive(Debug)]
pub enum TillRequest {
    /// Whether the server can be asked just now, and where; refused at once where it cannot.
    Place(Reply<TillPlace>),
    /// The server said which tills there are.
    Seen {
        /// Where it was asked.
        place: TillPlace,
        /// What it said.
        tills: Vec<CounterTill>,
        /// Which till this device is from now on, where the operator chose one.
        choose: Option<Uuid>,
        /// The answer.
        reply: Reply<TillBoard>,
    },
    /// A day was opened, or closed.
    DayIs {
        /// Where.
        place: TillPlace,
        /// At which till.
        till_id: Uuid,
        /// The day that is open now.
        day_id: Option<Uuid>,
        /// The answer.
        reply: Reply<()>,
    },
    /// How many sales that may be of this day are on this device, whoever's.
    Unsent {
        /// Where.
        place: TillPlace,
        /// The day.
        day_id: Uuid,
        /// The answer.
        reply: Reply<u32>,
    },
}

/// The keeper's authorised client.
#[derive(Clone)]
pub struct Client(pub AuthorisedClient);

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

/// The first account of an embedded server.
#[derive(Debug)]
pub struct FirstAccount {
    /// What the organisation is called.
    pub organization_name: String,
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The password.
    pub password: Secret,
}

/// What to do about unsent work when the operator leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// Refuse to leave while there is any.
    Guard,
    /// Leave it on the device, sealed, until its operator is back.
    Leave,
}

/// What the operator said to closing the window over unsent work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseAnswer {
    /// Close: the work waits on this device.
    Close,
    /// Stay.
    Stay,
}
