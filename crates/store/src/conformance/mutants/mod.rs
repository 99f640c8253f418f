//! Faults that a store might have, each put into a real engine from outside: everything else is passed on.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use strum::{EnumIter, IntoEnumIterator};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::Engine;
use crate::{Change, Store, StoreError};

mod audit;
mod directory;
mod notices;
mod rotation;
mod sales;
mod sessions;
mod settings;

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter)]
pub enum Mutation {
    /// A taken slug is accepted.
    TakenSlugAccepted,
    /// Organisations come the wrong way round.
    OrganizationsUnordered,
    /// A site's taken name is accepted.
    TakenSiteNameAccepted,
    /// A site's name is unique over all organisations.
    SiteNameTakenEverywhere,
    /// A site of an unknown organisation is accepted.
    SiteOfNobodyAccepted,
    /// Every organisation's sites are listed.
    SitesOfAll,
    /// Sites come the wrong way round.
    SitesUnordered,
    /// A taken user name is accepted.
    TakenUsernameAccepted,
    /// A user may work at another organisation's site.
    ForeignSiteAccepted,
    /// A membership reads without its site.
    MembershipSiteForgotten,
    /// Every organisation's users are listed.
    UsersOfAll,
    /// Users come the wrong way round.
    UsersUnordered,
    /// A disabled account keeps its sessions.
    DisabledKeepsSessions,
    /// Disabling an account ends everybody's sessions.
    DisabledEndsOthersToo,
    /// An unknown account is said to be disabled.
    UnknownUserDisabled,
    /// A new password is not kept.
    PasswordKept,
    /// An unknown user's password is said to be set.
    PasswordSetForUnknown,
    /// A refused user is kept without the site.
    RefusedUserHalfKept,
    /// Other defaults than the protocol has.
    DefaultsOfItsOwn,
    /// The time to the lock is not kept.
    LockForgotten,
    /// Settings hold for every organisation.
    SettingsOfAll,
    /// Settings of an unknown organisation are accepted.
    SettingsOfNobodyAccepted,
    /// The device's name is not kept.
    DeviceNameForgotten,
    /// Somebody who is no member begins a session.
    OutsiderBegins,
    /// A disabled account begins a session.
    DisabledBegins,
    /// An identity has no role.
    RoleForgotten,
    /// An identity has the default idle time, not the organisation's.
    IdleTimeOfTheDefaults,
    /// A user's list holds everybody's sessions.
    LiveOfAllUsers,
    /// Live sessions come oldest first.
    LiveUnordered,
    /// Sessions that are over are listed.
    EndedStillListed,
    /// An organisation's list holds every organisation's sessions.
    LiveOfAllOrganizations,
    /// The list is longer than asked for.
    LiveLimitIgnored,
    /// Whoever asks ends a session.
    AnyoneEnds,
    /// A session is said to end twice.
    EndedTwice,
    /// A signed out session reads as live.
    EndForgotten,
    /// An expired session is said to have been ended.
    ExpiredEnded,
    /// Ending the others ends this one too.
    KeptOneEndedToo,
    /// Ending the others ends other users' sessions.
    OthersOfAllEnded,
    /// An older input takes the place of a newer.
    InputMovesBack,
    /// Input is noted for a session that is over.
    InputWakes,
    /// A rotation does not count.
    GenerationStands,
    /// An attempt is not remembered.
    AttemptForgotten,
    /// A lost answer asked for again ends the session.
    ReplayIsReuse,
    /// A replay gives another successor.
    ReplayMovesOn,
    /// A lost answer is given again for 30 seconds only.
    ReplayForHalfAMinute,
    /// A second holder of the parent gets the successor.
    AnotherAttemptReplayed,
    /// A second holder of an older token passes for a late duplicate.
    OlderTokenStale,
    /// A reuse is said but not written.
    ReuseNotKept,
    /// A reuse does not outlive a restart.
    ReuseForgottenByRestart,
    /// A late duplicate ends the session.
    LateDuplicateIsReuse,
    /// A late duplicate is called so and ends the session.
    LateDuplicateEnds,
    /// Only four attempts are remembered.
    FourAttemptsRemembered,
    /// Attempts are never forgotten.
    AttemptsWithoutEnd,
    /// A token ahead of the row is unknown.
    AheadIsUnknown,
    /// A token ahead of the row ends the session.
    AheadIsReuse,
    /// A token from the gap that a restored backup left ends the session.
    ForgottenIsReuse,
    /// After a restored backup nobody is ever taken for a second holder.
    ForgottenForEver,
    /// A renewal ahead of the row leaves the row behind.
    RenewalAheadNotKept,
    /// Every ended session was ended by its owner.
    EveryEndIsTheOwners,
    /// An expired session rotates.
    ExpiredRotates,
    /// A desk does not end by idleness.
    IdleDeskLives,
    /// A till ends by idleness.
    IdleTillEnds,
    /// Input that comes with a refresh does not count.
    InputIgnored,
    /// A renewal spends the token.
    RenewalSpends,
    /// A renewal's attempt is not remembered.
    RenewalNotRemembered,
    /// A renewal's attempt is given the successor.
    RenewalGetsSuccessor,
    /// Renewals without rotation never end.
    RenewalsForever,
    /// Every caller at once rotates.
    AllRotate,
    /// A second holder at once rotates too.
    SecondHolderRotates,
    /// A session's rotation refuses another's.
    NeighbourRefused,
    /// A session that is not there is over.
    UnknownIsOver,
    /// A plain rotation leaves an audit entry.
    RotationAudited,
    /// A reuse leaves no audit entry.
    ReuseUnaudited,
    /// A sale sent again is kept again.
    KeptAgain,
    /// A sale sent again is called new.
    KeptBeforeCalledNew,
    /// A key with another body passes for the same sale.
    AnotherBodyTaken,
    /// A key is used up for every organisation.
    KeySharedByAll,
    /// The lines of a refused sale that are good are kept.
    RefusedSaleHalfKept,
    /// Another organisation's category is taken.
    ForeignCategoryTaken,
    /// Somebody who is no member sells.
    StrangerSells,
    /// Every organisation's categories are listed.
    CategoriesOfAll,
    /// Categories come the wrong way round.
    CategoriesUnordered,
    /// A category put again does not change.
    CategoryNeverChanges,
    /// A category changes in every organisation.
    CategoryChangedEverywhere,
    /// A category of an unknown organisation is accepted.
    CategoryOfNobodyAccepted,
    /// Every operator's sales are listed.
    SalesOfAllOperators,
    /// Sales come oldest first.
    SalesOldestFirst,
    /// An operator's sales show in every organisation.
    SalesOfAllOrganizations,
    /// A deed leaves no entry.
    DeedUnaudited,
    /// A deed leaves two entries.
    DeedAuditedTwice,
    /// A refused deed leaves an entry.
    RefusalAudited,
    /// A deed without effect leaves an entry.
    NothingDoneAudited,
    /// The log is numbered with gaps.
    LogWithGaps,
    /// The log comes oldest first.
    LogOldestFirst,
    /// The log is longer than asked for.
    LogLimitIgnored,
    /// Every organisation's entries are seen.
    LogOfAll,
    /// Particulars are not kept.
    DetailForgotten,
    /// A restart forgets.
    RestartForgets,
    /// A closed store serves on.
    ClosedStoreServes,
    /// An answer comes before the disk has it.
    AnswersBeforeKeeping,
    /// A refused deed takes the next one along.
    RefusalTakesAlong,
}

impl Mutation {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }
}

/// An engine with a fault.
pub struct WithFault<E> {
    engine: E,
    mutation: Mutation,
    openings: AtomicU32,
}

impl<E> WithFault<E> {
    /// Puts the fault in.
    pub fn new(engine: E, mutation: Mutation) -> Self {
        Self {
            engine,
            mutation,
            openings: AtomicU32::new(0),
        }
    }
}

#[async_trait]
impl<E: Engine> Engine for WithFault<E> {
    async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        let opening = match self.openings.fetch_add(1, Ordering::Relaxed) {
            0 => Opening::First,
            _ => Opening::Later,
        };
        let store = self.engine.open().await?;
        Ok(Arc::new(Mutant {
            store,
            mutation: self.mutation,
            opening,
            seen: Mutex::default(),
        }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Opening {
    First,
    Later,
}

/// What a mutant has seen pass, where its fault needs that.
#[derive(Default)]
struct Seen {
    organizations: Vec<Uuid>,
    members: Vec<(Uuid, Uuid)>,
    sessions: Vec<Uuid>,
    keys: Vec<(Uuid, Uuid)>,
    writes: u32,
    refused: bool,
}

struct Mutant {
    store: Arc<dyn Store>,
    mutation: Mutation,
    opening: Opening,
    seen: Mutex<Seen>,
}

impl Mutant {
    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == mutation
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn organizations_seen(&self) -> Vec<Uuid> {
        self.seen().organizations.clone()
    }
}

/// Turns one kind of refusal into an acceptance.
fn accept<T>(outcome: Result<T, StoreError>, mistaken: bool, accepted: T) -> Result<T, StoreError> {
    match outcome {
        Err(StoreError::NameTaken(_) | StoreError::UnknownReference(_)) if mistaken => Ok(accepted),
        other => other,
    }
}

#[async_trait]
impl Store for Mutant {
    async fn ping(&self) -> Result<(), StoreError> {
        match self.store.ping().await {
            Err(_) if self.is(Mutation::ClosedStoreServes) => Ok(()),
            outcome => outcome,
        }
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.store.changes()
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
