//! The list of faults.

use strum::{EnumIter, IntoEnumIterator};

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
    /// The oldest sites come the wrong way round.
    OldestSitesUnordered,
    /// More of the oldest sites come than were asked for.
    OldestSitesLimitIgnored,
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
    /// A restored backup leaves no mark.
    RestoreUnmarked,
    /// The audit log does not say that a backup was restored.
    RestoreUnaudited,
    /// More sessions are said to be marked than are.
    RestoreMiscounted,
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
    /// A refresh does not say whose session it is.
    RefreshOfNobody,
    /// A refresh tells the session as it was before.
    RefreshReadTooEarly,
    /// A refresh tells the default settings.
    RefreshByDefaults,
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
    /// A new category comes before the others.
    NewCategoryFirst,
    /// A new category takes the name of one in use.
    TakenCategoryNameAccepted,
    /// A new category takes the key of one in use.
    TakenKeyAccepted,
    /// A category takes the name of another.
    TakenCategoryNameOnChange,
    /// An archived category's name stays taken.
    ArchivedKeepsItsName,
    /// Barcodes are not kept.
    BarcodesLost,
    /// A new category takes the barcode of one in use.
    TakenBarcodeAccepted,
    /// A category takes the barcode of another.
    TakenBarcodeOnChange,
    /// What a change does not name is lost.
    UnnamedIsLost,
    /// A category is changed by another organisation.
    CategoryChangedAbroad,
    /// An archived category is still sold.
    ArchivedStaysOnTheTiles,
    /// An archived category is gone.
    ArchivedLost,
    /// An archived category does not come back.
    ArchivedForEver,
    /// A category stays where it is.
    MoveForgotten,
    /// A category is moved by another organisation.
    CategoryMovedAbroad,
    /// A move that moved nothing stands in the log.
    MoveWithoutEffectAudited,
    /// First categories come again.
    StartedTwice,
    /// A ticket with a category that is archived by now is refused.
    ArchivedCategoryRefused,
    /// Changed categories are not told.
    CategoriesUntold,
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
    /// A user found by id has no memberships.
    MembershipsForgottenById,
    /// A listing has no site.
    ListingWithoutSite,
    /// Every page of users is the first.
    UserPageBeginsAgain,
    /// A page of users is longer than asked for.
    UserLimitIgnored,
    /// A search finds everybody.
    SearchIgnored,
    /// A search minds capitals.
    SearchMindsCapitals,
    /// A search looks into names to sign in with only.
    SearchByUsernameOnly,
    /// The list of all users has a user once for each organisation.
    UserListedTwice,
    /// A new name to show is not kept.
    DisplayNameKept,
    /// An unknown user is said to be renamed.
    UnknownUserRenamed,
    /// When somebody last signed in is not kept.
    SignInForgotten,
    /// An enabled account stays disabled.
    EnabledStaysDisabled,
    /// An account that is not disabled is said to be enabled.
    EnabledTwice,
    /// Nobody comes to stand above all organisations.
    SuperAdminForgotten,
    /// Whoever stood above all organisations does so for ever.
    SuperAdminForEver,
    /// Somebody who does not stand above all organisations any more names who does.
    NamedFromBelow,
    /// Somebody whose account is disabled names who stands above all organisations.
    NamedByTheDisabled,
    /// Somebody who does not stand above all organisations any more disables somebody who does.
    SuperAdminDisabledFromBelow,
    /// A new password leaves sessions alive.
    PasswordKeepsSessions,
    /// A new password ends the session that set it.
    PasswordEndsThisToo,
    /// A membership put again does not change.
    MembershipNeverChanges,
    /// A membership of nobody, or at a foreign site, is accepted.
    MembershipOfNobody,
    /// Leaving an organisation leaves sessions alive.
    RemovedKeepsSessions,
    /// Leaving an organisation ends the user's sessions everywhere.
    RemovedEndsEverywhere,
    /// The last owner is removed.
    LastOwnerRemoved,
    /// The last owner is demoted.
    LastOwnerDemoted,
    /// The last owner's account is disabled.
    LastOwnerDisabled,
    /// An owner whose account is disabled counts as one.
    DisabledOwnerCounts,
    /// An organisation's new name is not kept.
    OrganizationNameKept,
    /// A site takes another site's name.
    TakenSiteRenameAccepted,
    /// A site is renamed by another organisation.
    SiteRenamedAbroad,
    /// An archived site takes a till.
    ArchivedSiteTakesTills,
    /// An archived site takes a new user.
    ArchivedSiteTakesUsers,
    /// An archived site takes a member.
    ArchivedSiteTakesMembers,
    /// An archived site does not read so.
    ArchivingUnseen,
    /// A site is archived by another organisation.
    SiteArchivedAbroad,
    /// A restored site stays archived.
    SiteStaysArchived,
    /// A till at another organisation's site is accepted.
    TillOfForeignSite,
    /// Every organisation's tills are listed.
    TillsOfAll,
    /// Tills come the wrong way round.
    TillsUnordered,
    /// A till's taken name is accepted.
    TakenTillNameAccepted,
    /// An archived till's name stays taken.
    ArchivedTillKeepsName,
    /// A restored till shares its name with another.
    RestoredTillSharesName,
    /// A till is renamed by another organisation.
    TillRenamedAbroad,
    /// A till is archived by another organisation.
    TillArchivedAbroad,
    /// A session that moves keeps no site.
    SiteStaysBehind,
    /// A session moves where its user is no member.
    OutsiderMoves,
    /// A session that is over moves.
    EndedMoves,
    /// That the password was given again is not kept.
    ReauthenticationForgotten,
    /// A session that is over takes the password.
    EndedReauthenticates,
    /// An earlier use undoes a later one.
    UseMovesBack,
    /// A use is noted without where it came from.
    UseWithoutOrigin,
    /// Of several uses one is noted.
    FirstUseOnly,
    /// A use of an ended session is noted.
    EndedTouched,
    /// Other defaults of monitoring than the protocol has.
    MonitoringDefaultsOfItsOwn,
    /// Opening hours are not kept.
    OpeningHoursForgotten,
    /// Monitoring is set for every organisation.
    MonitoringOfAll,
    /// Monitoring of an unknown organisation is accepted.
    MonitoringOfNobodyAccepted,
    /// The mail server's password is not kept.
    MailPasswordForgotten,
    /// Out of how many was counted is not kept.
    WorstOfForgotten,
    /// An alert begins each time that something is the matter.
    AlertBeginsEachTime,
    /// Alerts on different subjects are one.
    AlertsShareOneSubject,
    /// What is worse later is not kept.
    WorstIsTheFirst,
    /// A larger number of a smaller share counts as worse.
    WorstByNumberAlone,
    /// An alert ends while it is the matter.
    AlertEndsWhileItStands,
    /// Every organisation's alerts end.
    AlertsEndEverywhere,
    /// Nobody is told of an end.
    AlertEndUntold,
    /// Only the first recipient is told.
    FirstRecipientOnly,
    /// An alert is told again each time that it stands.
    RepeatsEachTime,
    /// An alert that lasts is never told again.
    NeverRepeats,
    /// Every page of alerts is the first.
    AlertPageBeginsAgain,
    /// A page of alerts is longer than asked for.
    AlertLimitIgnored,
    /// Every organisation's alerts are listed.
    AlertsOfAll,
    /// Alerts that ended are listed among those that last.
    EndedAlertsAmongTheOthers,
    /// A letter that was given up passes for sent.
    FailedLettersPassForSent,
    /// Alerts that ended count as lasting.
    EndedAlertsCounted,
    /// A message is claimed by everybody.
    ClaimedByAll,
    /// A claim never runs out.
    ClaimedForEver,
    /// More messages are claimed than asked for.
    ClaimLimitIgnored,
    /// A claim that ran out settles a message.
    SettledByAnybody,
    /// A message to be tried again is given up.
    LateMessagesGivenUp,
    /// Alerts are deleted too early.
    AlertsPurgedTooEarly,
    /// More alerts are deleted than asked for.
    AlertPurgeLimitIgnored,
    /// Changes of alerts are not told.
    AlertsUntold,
    /// Changes of impersonations are not told.
    ImpersonationsUntold,
    /// Whatever organisation asks ends a session.
    AnyOrganizationEnds,
    /// A user's sessions end in every organisation.
    UserEndedEverywhere,
    /// Ending an organisation's sessions ends all.
    OrganizationEndsAll,
    /// Ending an organisation's sessions ends the one to keep.
    OrganizationEndsKeptToo,
    /// Ending all ends the one to keep.
    AllEndsKeptToo,
    /// Ending all ends one organisation's.
    AllEndsOneOrganization,
    /// What lives is purged.
    PurgesLive,
    /// What ended at the moment itself is purged.
    PurgesTooEarly,
    /// More is purged than asked for.
    PurgeLimitIgnored,
    /// Every page of sessions is the first.
    PageBeginsAgain,
    /// A later page lacks its first session.
    PageSkipsOne,
    /// A later page lacks sessions of the moment at which the one before it ended.
    PageSkipsTies,
    /// Every user's sessions are found.
    UserFilterIgnored,
    /// Every site's sessions are found.
    SiteFilterIgnored,
    /// Sessions from every address are found.
    AddressIgnored,
    /// An address is found by any part of it.
    AddressAnywhere,
    /// Sessions on every device are found.
    DeviceIgnored,
    /// A device is found by its name in the same capitals.
    DeviceMindsCapitals,
    /// Sessions are found however lately they had input.
    IdlenessIgnored,
    /// The first place of all is news.
    FirstPlaceTold,
    /// A known place is news.
    KnownPlaceTold,
    /// A new device is no news.
    NewDeviceUntold,
    /// A new device makes no notice.
    NewPlaceWithoutNotice,
    /// There is no limit of devices.
    LimitIgnored,
    /// One session more than the limit lives.
    LimitOneTooMany,
    /// Beyond the limit the session that began first ends.
    LimitEndsTheOldest,
    /// A displaced session has no entry.
    DisplacedUnaudited,
    /// The limit counts sessions of other organisations.
    LimitCountsEverywhere,
    /// A notice has lost its particulars.
    NoticeDetailForgotten,
    /// Everybody's notices are listed.
    NoticesOfAll,
    /// Notices come oldest first.
    NoticesOldestFirst,
    /// More notices are listed than asked for.
    NoticeLimitIgnored,
    /// Whoever asks sees a notice for its user.
    SeenByAnybody,
    /// A notice that was seen is still listed as unseen.
    SeenStillListed,
    /// A notice seen again was seen then.
    SeenAnew,
    /// A notice for nobody is accepted.
    NoticeOfNobody,
    /// New settings are not told.
    SettingsUntold,
    /// The end of a session is not told.
    EndUntold,
    /// The move of a session is not told.
    MoveUntold,
    /// A new notice is not told.
    NoticeUntold,
    /// An end that did not happen is told.
    NothingTold,
    /// A bound token is good without its key.
    KeyNotAsked,
    /// A refused proof ends the session.
    WrongKeyEnds,
    /// A second holder without the key ends the session.
    WrongKeyIsReuse,
    /// A refused proof leaves no entry.
    WrongKeyUnaudited,
    /// A session that is over still asks for its key.
    KeyAskedOfTheEnded,
    /// A session without a key refuses keys.
    UnboundRefusesKeys,
    /// A batch that is sent again counts again.
    BatchCountsAgain,
    /// Steps are always of one hour.
    StepsOfOneHour,
    /// How long refreshes took is not kept by step.
    LatencyForgotten,
    /// Figures are those of every organisation.
    EventsOfAll,
    /// A window lacks its last minute.
    WindowEndsEarly,
    /// A window has a minute more than asked for.
    WindowEndsLate,
    /// Failures come in the order of their keys.
    FailuresByKey,
    /// Failures are those of every organisation.
    FailuresOfAll,
    /// Where failed sign-ins are asked for, refreshes come along.
    FailuresOfEveryKind,
    /// Every page of failures is the first.
    FailurePageBeginsAgain,
    /// A page of failures is longer than asked for.
    FailureLimitIgnored,
    /// An end is noted each time.
    EndNotedAgain,
    /// Every session that ended is said to have expired.
    EveryEndExpired,
    /// That a client was told of its end by idleness is not noted.
    ToldIdleForgotten,
    /// More ends are noted at once than asked for.
    EndLimitIgnored,
    /// A desk that ended by idleness counts as live.
    IdleDesksCounted,
    /// Users whose accounts are disabled count.
    DisabledUsersCounted,
    /// Devices are those of every organisation.
    DevicesOfAll,
    /// More devices are listed than asked for.
    DeviceLimitIgnored,
    /// Events that are not old are deleted.
    NewEventsPurged,
    /// Sums are deleted a minute before their time.
    SumsPurgedEarly,
    /// Sums are never deleted.
    SumsNeverPurged,
    /// Counters go with what is deleted.
    CountersForgetTheOld,
    /// Counters begin again after a restart.
    CountersBeginAgain,
    /// Every row of the log was done.
    ResultForgotten,
    /// What stood before and stands now is not kept.
    FieldsForgotten,
    /// A seal over rows that are sealed is taken.
    SealedTwice,
    /// A seal is taken wherever it goes on.
    SealedAnywhere,
    /// Sealed rows have no link.
    LinksForgotten,
    /// Seals are listed from the first one always.
    SealsBeginAgain,
    /// Rows are deleted that no cut stands behind.
    PurgedWithoutCut,
    /// A cut is taken wherever it is.
    CutAnywhere,
    /// A cut leaves no audit entry.
    CutUnaudited,
    /// More rows are deleted at once than asked for.
    CutLimitIgnored,
    /// Seals before a cut are found as if rows were left of them.
    CutSealsListed,
    /// The reason of a row is not part of the chain.
    ReasonUnchained,
    /// Every page of the log is the first.
    AuditPageBeginsAgain,
    /// A page of the log is longer than asked for.
    AuditPageLimitIgnored,
    /// Rows of the log are those of every organisation.
    AuditOfAllOrganizations,
    /// Rows of the log are those of every actor.
    AuditActorIgnored,
    /// Rows of the log are those of every result.
    AuditResultIgnored,
    /// Rows of the log are those of every action.
    AuditActionsIgnored,
    /// Rows of the log reach beyond the end asked for.
    AuditEndIgnored,
    /// What a row is about has no name.
    TargetUnnamed,
    /// A session does not say who stands behind it.
    ImpersonatorForgotten,
    /// An impersonation lasts two hours, however soon the session behind it ends.
    ImpersonationOutlastsItsSession,
    /// Somebody who does not stand above all organisations begins one.
    ImpersonationFromBelow,
    /// Somebody above all organisations is impersonated.
    ImpersonationOfThoseAbove,
    /// There is an impersonation behind an impersonation, or beside one.
    ImpersonationsNest,
    /// An impersonation goes on after the session behind it.
    ImpersonationOutlivesItsImpersonator,
    /// An impersonation goes on after the sessions of its user.
    ImpersonationOutlivesItsUser,
    /// An impersonation is on the list of sessions.
    ImpersonationListed,
    /// Whoever asks stops an impersonation.
    StoppedByAnybody,
    /// An impersonation that was stopped reads as live.
    ImpersonationEndForgotten,
    /// Impersonations come the wrong way round.
    ImpersonationsUnordered,
    /// Why somebody is impersonated is not kept.
    ImpersonationReasonForgotten,
    /// An impersonation that is over is listed.
    ImpersonationsListedForEver,
    /// The end of an impersonation is noted each time.
    ImpersonationEndNotedAgain,
    /// The log does not say that an impersonation expired.
    ExpiryUnwritten,
    /// An impersonation that is not written down yet is purged.
    UnwrittenPurged,
    /// An impersonation goes on although the desk behind it is left alone.
    IdleDeskCarriesAnImpersonation,
    /// Nobody else above all organisations is told of an impersonation.
    OthersUntold,
    /// The user is told of an impersonation against the settings.
    TargetToldAllTheSame,
    /// Networks are not kept.
    NetworksForgotten,
    /// Where no settings were put, the user is not told.
    NobodyToldByDefault,
    /// Settings leave two entries.
    ImpersonationSettingsAuditedTwice,
    /// Whoever has an account oversees impersonations.
    EverybodyOversees,
    /// Those who oversee come in no order.
    OverseersUnordered,
    /// An impersonation is long before its hour is over.
    LongFoundTooEarly,
    /// More long impersonations come than were asked for.
    LongLimitIgnored,
    /// Long impersonations come the wrong way round.
    LongUnordered,
    /// A long impersonation that is over is not told of.
    EndedLongForgotten,
    /// When a long impersonation ended is not kept.
    LongEndForgotten,
    /// A long impersonation is told of each time.
    LongToldAgain,
    /// Some are told of, some are not.
    ToldInPart,
    /// A long impersonation is told of without its letters.
    OversightLettersForgotten,
    /// A month is told of each time.
    MonthToldAgain,
    /// Which month was told of is not kept.
    ToldMonthForgotten,
    /// A letter is claimed by all at once.
    LetterClaimedByAll,
    /// More letters are claimed than were asked for.
    LetterLimitIgnored,
    /// A letter that is to be tried again is given up.
    LateLettersGivenUp,
    /// A claim on a letter does not run out.
    LetterClaimedForEver,
    /// A letter is settled by whoever asks.
    LetterSettledByAnybody,
    /// Letters are purged before they are old.
    LettersPurgedTooEarly,
    /// More letters are purged than were asked for.
    LetterPurgeLimitIgnored,
    /// What was counted at an opening is not kept.
    FloatForgotten,
    /// A till opens again while it is open.
    SecondDayOpened,
    /// A colleague's opening passes for the same one.
    DayOpenedByAnybody,
    /// An opening sent again is refused.
    RepeatedOpeningRefused,
    /// A till that is archived, unknown or another organisation's opens.
    UnusedTillOpens,
    /// Somebody who is no member opens a till.
    StrangerOpens,
    /// What was paid by card is expected in the drawer.
    CardsExpected,
    /// What was counted at a closing is not kept.
    CountForgotten,
    /// A variance is taken without a comment.
    VarianceUnexplained,
    /// A closing sent again is refused.
    RepeatedClosingRefused,
    /// A closed day is closed anew.
    ClosedAnew,
    /// A day is closed at another till.
    DayClosedAnywhere,
    /// A closed day takes a sale.
    ClosedDaySells,
    /// A sale may name another organisation's day.
    ForeignDaySells,
    /// A sale that was kept is refused once its day is closed.
    KeptSaleForgottenByClosing,
    /// A sale that was taken is not in the sum.
    ClosingMissesASale,
    /// Every page of days is the first.
    DayPageBeginsAgain,
    /// More days come than were asked for.
    DayLimitIgnored,
    /// Days come oldest first.
    DaysOldestFirst,
    /// Every organisation's days are listed.
    DaysOfAll,
    /// Every till's days are listed.
    TillOfDaysIgnored,
    /// Every organisation's tills are seen by those who sell.
    CounterTillsOfAll,
    /// A till comes without its open day.
    OpenDayForgotten,
    /// An archived till is seen by those who sell.
    ArchivedTillAtTheCounter,
    /// A till that is archived while its day is open is not seen any more.
    ArchivedTillLostWithItsDay,
    /// An opening sent again leaves another entry.
    OpeningAuditedAgain,
    /// A closing leaves no entry.
    ClosingUnaudited,
    /// A closing sent again leaves another entry.
    ClosingAuditedAgain,
}

impl Mutation {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }
}
