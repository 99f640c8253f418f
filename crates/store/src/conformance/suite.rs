//! The list of cases, each with the faults that it must find, and the tests made from it.

/// Makes the tests of an engine: for each case one that it holds, and one that it finds its mutants.
///
/// The argument is an expression that gives a new [`Engine`](crate::conformance::Engine) with an empty database; the
/// crate needs `tokio` with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! conformance_suite {
    ($engine:expr) => {
        $crate::conformance_tests! { ($engine)
            directory {
                an_organization_slug_is_unique: TakenSlugAccepted;
                organizations_come_by_slug: OrganizationsUnordered;
                a_site_name_is_unique_in_its_organization: TakenSiteNameAccepted, SiteNameTakenEverywhere;
                a_site_needs_its_organization: SiteOfNobodyAccepted;
                sites_are_the_organizations_own_by_name: SitesOfAll, SitesUnordered;
                the_oldest_sites_come_first: OldestSitesUnordered, OldestSitesLimitIgnored;
                a_username_is_unique_everywhere: TakenUsernameAccepted;
                a_user_needs_an_organization_and_its_site: ForeignSiteAccepted;
                a_user_reads_back_whole: MembershipSiteForgotten;
                users_are_the_organizations_own_by_name: UsersOfAll, UsersUnordered;
                a_disabled_user_loses_every_session: DisabledKeepsSessions, DisabledEndsOthersToo;
                an_account_is_disabled_once: UnknownUserDisabled;
                a_password_is_set_for_one_user: PasswordKept, PasswordSetForUnknown;
                a_refused_user_leaves_nothing_behind: RefusedUserHalfKept;
            }
            users {
                a_user_reads_the_same_by_id: MembershipsForgottenById;
                a_listing_reads_whole: ListingWithoutSite;
                users_come_in_pages: UserPageBeginsAgain, UserLimitIgnored;
                users_are_searched_by_both_names: SearchIgnored, SearchMindsCapitals, SearchByUsernameOnly;
                the_list_of_all_users_has_each_once: UserListedTwice;
                a_user_is_renamed: DisplayNameKept, UnknownUserRenamed;
                a_sign_in_is_remembered: SignInForgotten;
                an_enabled_user_signs_in_again: EnabledStaysDisabled, EnabledTwice;
                a_super_admin_enters_every_organization: SuperAdminForgotten, SuperAdminForEver;
                only_somebody_above_names_a_super_admin: NamedFromBelow, NamedByTheDisabled;
                only_somebody_above_disables_a_super_admin: SuperAdminDisabledFromBelow;
                a_new_password_ends_the_other_sessions: PasswordKeepsSessions, PasswordEndsThisToo;
            }
            memberships {
                a_membership_is_put_and_changed: MembershipNeverChanges;
                a_membership_needs_what_it_names: MembershipOfNobody;
                a_removed_membership_ends_its_sessions: RemovedKeepsSessions, RemovedEndsEverywhere;
                the_last_owner_is_not_removed: LastOwnerRemoved;
                the_last_owner_is_not_demoted: LastOwnerDemoted;
                the_last_owner_is_not_disabled: LastOwnerDisabled;
                a_disabled_owner_does_not_count: DisabledOwnerCounts;
            }
            sites {
                an_organization_is_renamed: OrganizationNameKept;
                a_site_is_renamed_in_its_organization: TakenSiteRenameAccepted, SiteRenamedAbroad;
                an_archived_site_takes_nobody_new: ArchivedSiteTakesTills, ArchivedSiteTakesUsers,
                    ArchivedSiteTakesMembers, ArchivingUnseen, SiteArchivedAbroad;
                an_archived_site_is_restored: SiteStaysArchived;
                a_till_needs_its_organizations_site: TillOfForeignSite;
                tills_are_the_organizations_own_by_name: TillsOfAll, TillsUnordered;
                a_till_name_is_unique_among_those_in_use: TakenTillNameAccepted, ArchivedTillKeepsName,
                    RestoredTillSharesName;
                a_till_is_changed_by_its_organization: TillRenamedAbroad, TillArchivedAbroad;
            }
            settings {
                defaults_hold_until_settings_are_put: DefaultsOfItsOwn;
                settings_read_back: LockForgotten;
                settings_are_the_organizations_own: SettingsOfAll;
                settings_need_an_organization: SettingsOfNobodyAccepted;
            }
            sessions {
                a_session_begins_as_asked: DeviceNameForgotten;
                only_a_member_begins_a_session: OutsiderBegins;
                a_disabled_user_begins_no_session: DisabledBegins;
                an_identity_joins_what_a_request_needs: RoleForgotten, IdleTimeOfTheDefaults;
                live_sessions_are_the_users_own_newest_first: LiveOfAllUsers, LiveUnordered;
                only_live_sessions_are_listed: EndedStillListed;
                live_sessions_of_an_organization_are_its_own: LiveOfAllOrganizations, LiveLimitIgnored;
                an_owner_ends_only_own_sessions: AnyoneEnds;
                an_ended_session_stays_ended: EndedTwice, EndForgotten;
                there_is_nothing_to_end_after_the_end: ExpiredEnded;
                ending_the_others_keeps_this_one: KeptOneEndedToo, OthersOfAllEnded;
                input_never_moves_back: InputMovesBack;
                input_does_not_wake_an_ended_session: InputWakes;
                a_session_moves_to_another_organization: SiteStaysBehind;
                only_a_members_live_session_moves: OutsiderMoves, EndedMoves;
                a_password_given_again_is_noted: ReauthenticationForgotten, EndedReauthenticates;
                uses_are_noted_by_their_time: UseMovesBack, UseWithoutOrigin, FirstUseOnly;
                an_ended_session_is_not_touched: EndedTouched;
            }
            revocation {
                an_organization_ends_only_its_sessions: AnyOrganizationEnds;
                a_users_sessions_end_within_an_organization: UserEndedEverywhere;
                an_organizations_sessions_end_but_one: OrganizationEndsAll, OrganizationEndsKeptToo;
                all_sessions_end_but_one: AllEndsKeptToo, AllEndsOneOrganization;
                only_what_has_ended_is_purged: PurgesLive, PurgesTooEarly, PurgeLimitIgnored;
            }
            pages {
                sessions_come_in_pages: PageBeginsAgain, PageSkipsOne, PageSkipsTies;
                sessions_are_found_by_whose_they_are: UserFilterIgnored, SiteFilterIgnored;
                sessions_are_found_by_address: AddressIgnored, AddressAnywhere;
                sessions_are_found_by_device: DeviceIgnored, DeviceMindsCapitals;
                sessions_are_found_by_idleness: IdlenessIgnored;
            }
            places {
                a_known_place_is_no_news: FirstPlaceTold, KnownPlaceTold;
                a_new_place_is_told_once: NewDeviceUntold, NewPlaceWithoutNotice;
                the_limit_ends_those_longest_without_input: LimitIgnored, LimitOneTooMany, LimitEndsTheOldest,
                    DisplacedUnaudited;
                the_limit_counts_live_sessions_of_the_organization: LimitCountsEverywhere;
            }
            notices {
                a_notice_reads_back: NoticeDetailForgotten;
                notices_are_the_users_own_newest_first: NoticesOfAll, NoticesOldestFirst, NoticeLimitIgnored;
                a_notice_is_seen_by_its_user_once: SeenByAnybody, SeenStillListed, SeenAnew;
                a_notice_needs_its_user: NoticeOfNobody;
            }
            impersonations {
                an_impersonation_begins_as_asked: ImpersonatorForgotten;
                an_impersonation_does_not_outlast_the_session_behind_it: ImpersonationOutlastsItsSession;
                an_impersonation_that_may_not_be_is_refused: ImpersonationFromBelow, ImpersonationOfThoseAbove,
                    ImpersonationsNest;
                an_impersonation_ends_with_the_session_behind_it: ImpersonationOutlivesItsImpersonator;
                an_impersonation_ends_with_the_users_sessions: ImpersonationOutlivesItsUser;
                an_impersonation_is_none_of_the_users_sessions: ImpersonationListed;
                an_impersonation_is_stopped_or_forced_to_end: StoppedByAnybody, ImpersonationEndForgotten;
                impersonations_that_last_are_listed: ImpersonationsUnordered, ImpersonationReasonForgotten,
                    ImpersonationsListedForEver;
                an_end_is_written_down_once: ImpersonationEndNotedAgain, ExpiryUnwritten, UnwrittenPurged;
                an_impersonation_ends_with_an_idle_desk: IdleDeskCarriesAnImpersonation;
                the_others_are_told_of_an_impersonation: OthersUntold, TargetToldAllTheSame;
                impersonation_settings_read_back: NetworksForgotten, NobodyToldByDefault,
                    ImpersonationSettingsAuditedTwice;
            }
            oversight {
                overseers_are_those_above: EverybodyOversees, OverseersUnordered;
                impersonations_that_lasted_are_found: LongFoundTooEarly, LongLimitIgnored, LongUnordered,
                    EndedLongForgotten, LongEndForgotten;
                a_long_impersonation_is_told_of_once: LongToldAgain, ToldInPart, OversightLettersForgotten;
                a_month_is_told_of_once: MonthToldAgain, ToldMonthForgotten;
                a_letter_is_claimed_by_one: LetterClaimedByAll, LetterLimitIgnored, LateLettersGivenUp;
                a_claim_on_a_letter_runs_out: LetterClaimedForEver, LetterSettledByAnybody;
                only_old_letters_are_purged: LettersPurgedTooEarly, LetterPurgeLimitIgnored;
            }
            alerts {
                monitoring_defaults_hold_until_settings_are_put: MonitoringDefaultsOfItsOwn;
                monitoring_settings_read_back: OpeningHoursForgotten;
                monitoring_settings_are_the_organizations_own: MonitoringOfAll;
                monitoring_settings_need_an_organization: MonitoringOfNobodyAccepted;
                the_way_to_a_mail_server_reads_back: MailPasswordForgotten;
                an_alert_reads_back: WorstOfForgotten;
                an_alert_begins_once: AlertBeginsEachTime, AlertsShareOneSubject;
                an_alert_keeps_its_worst: WorstIsTheFirst, WorstByNumberAlone;
                an_alert_ends_once_it_is_long_over: AlertEndsWhileItStands, AlertsEndEverywhere;
                alerts_come_in_pages: AlertPageBeginsAgain, AlertLimitIgnored, AlertsOfAll, EndedAlertsAmongTheOthers;
                lasting_alerts_are_counted: EndedAlertsCounted;
                a_beginning_and_an_end_are_told: AlertEndUntold, FirstRecipientOnly;
                a_lasting_alert_is_told_again: RepeatsEachTime, NeverRepeats;
                a_message_is_claimed_by_one: ClaimedByAll, ClaimLimitIgnored;
                a_claim_runs_out: ClaimedForEver, SettledByAnybody;
                messages_come_in_order: LateMessagesGivenUp;
                an_alert_says_who_was_told: FailedLettersPassForSent;
                only_alerts_long_over_are_purged: AlertsPurgedTooEarly, AlertPurgeLimitIgnored;
            }
            changes {
                changes_of_alerts_are_told: AlertsUntold;
                changes_of_impersonations_are_told: ImpersonationsUntold;
                settings_are_told: SettingsUntold;
                changed_categories_are_told: CategoriesUntold;
                the_end_of_a_session_is_told: EndUntold;
                the_move_of_a_session_is_told: MoveUntold;
                a_notice_is_told: NoticeUntold;
                what_did_not_happen_is_not_told: NothingTold;
            }
            rotation {
                a_current_token_is_spent: GenerationStands, AttemptForgotten;
                the_parent_by_its_own_attempt_is_replayed: ReplayIsReuse, ReplayMovesOn;
                a_replay_has_no_time_window: ReplayForHalfAMinute;
                the_parent_by_another_attempt_is_reuse: AnotherAttemptReplayed;
                an_older_token_by_an_unknown_attempt_is_reuse: OlderTokenStale;
                a_reuse_ends_the_session_durably: ReuseNotKept, ReuseForgottenByRestart;
                a_late_duplicate_changes_nothing: LateDuplicateIsReuse, LateDuplicateEnds;
                the_last_attempts_are_remembered: FourAttemptsRemembered, AttemptsWithoutEnd;
                a_token_ahead_moves_the_row_forward: AheadIsUnknown, AheadIsReuse;
                a_token_that_a_restore_forgot_is_stale: ForgottenIsReuse, ForgottenForEver;
                a_restored_backup_leaves_its_mark: RestoreUnmarked, RestoreUnaudited, RestoreMiscounted;
                a_renewal_ahead_moves_the_row_to_the_token: RenewalAheadNotKept;
                what_is_over_says_why: EveryEndIsTheOwners;
                the_absolute_end_is_the_end: ExpiredRotates;
                a_desk_ends_by_idleness_and_a_till_does_not: IdleDeskLives, IdleTillEnds;
                input_that_comes_along_counts: InputIgnored;
                a_renewal_spends_nothing: RenewalSpends;
                a_renewals_late_duplicate_is_stale: RenewalNotRemembered;
                a_token_renewed_by_one_and_spent_by_another_has_two_holders: RenewalGetsSuccessor;
                renewals_without_rotation_end_after_a_day: RenewalsForever;
                one_attempt_at_once_spends_once: AllRotate;
                many_attempts_at_once_are_reuse: SecondHolderRotates;
                sessions_rotate_beside_each_other: NeighbourRefused;
                a_refresh_says_whose_session_it_is: RefreshOfNobody, RefreshReadTooEarly, RefreshByDefaults;
                a_token_without_session_is_unknown: UnknownIsOver;
                a_bound_token_needs_its_key: KeyNotAsked, WrongKeyEnds, WrongKeyIsReuse, WrongKeyUnaudited;
                what_is_over_is_over_for_every_key: KeyAskedOfTheEnded;
                an_unbound_token_asks_for_no_key: UnboundRefusesKeys;
                the_audit_log_holds_what_is_out_of_the_ordinary: RotationAudited, ReuseUnaudited;
            }
            insight {
                a_batch_counts_once: BatchCountsAgain;
                sums_agree_everywhere: StepsOfOneHour, LatencyForgotten;
                a_window_is_the_organizations_own: EventsOfAll, WindowEndsEarly, WindowEndsLate;
                failures_are_put_together: FailuresByKey, FailuresOfAll, FailuresOfEveryKind;
                failures_come_in_pages: FailurePageBeginsAgain, FailureLimitIgnored;
                an_end_is_noted_once: EndNotedAgain, EveryEndExpired;
                an_idle_desk_is_noted_when_it_was_told: ToldIdleForgotten;
                ends_are_noted_in_parts: EndLimitIgnored;
                what_is_so_now_is_counted: IdleDesksCounted, DisabledUsersCounted;
                devices_that_suffer_are_found: DevicesOfAll, DeviceLimitIgnored;
                what_is_old_is_forgotten: NewEventsPurged, SumsPurgedEarly, SumsNeverPurged, CountersForgetTheOld;
                counters_outlive_a_restart: CountersBeginAgain;
            }
            categories {
                a_new_category_comes_last: NewCategoryFirst;
                a_name_and_a_key_are_used_once: TakenCategoryNameAccepted, TakenKeyAccepted,
                    TakenCategoryNameOnChange, ArchivedKeepsItsName;
                barcodes_are_kept: BarcodesLost;
                a_barcode_is_used_once: TakenBarcodeAccepted, TakenBarcodeOnChange;
                a_category_changes_in_what_is_named: UnnamedIsLost, CategoryChangedAbroad;
                an_archived_category_leaves_the_tiles: ArchivedStaysOnTheTiles, ArchivedLost, ArchivedForEver;
                a_category_moves_past_its_neighbour: MoveForgotten, CategoryMovedAbroad, MoveWithoutEffectAudited;
                first_categories_come_once: StartedTwice;
            }
            sales {
                a_sale_is_kept_once: KeptAgain;
                one_sale_at_once_is_kept_once: KeptBeforeCalledNew;
                a_key_with_another_body_is_refused: AnotherBodyTaken;
                a_key_is_the_organizations_own: KeySharedByAll;
                a_foreign_category_is_unknown: RefusedSaleHalfKept, ForeignCategoryTaken;
                an_archived_category_still_sells: ArchivedCategoryRefused;
                a_sale_belongs_to_its_organization: StrangerSells;
                categories_are_the_organizations_own_by_position: CategoriesOfAll, CategoriesUnordered;
                a_category_is_changed_in_its_organization: CategoryNeverChanges, CategoryChangedEverywhere;
                a_category_needs_its_organization: CategoryOfNobodyAccepted;
                sales_are_the_operators_own_newest_first: SalesOfAllOperators, SalesOldestFirst, SalesOfAllOrganizations;
            }
            till_days {
                a_till_opens_with_its_float: FloatForgotten;
                a_till_has_one_open_day: SecondDayOpened, DayOpenedByAnybody;
                opening_again_changes_nothing: RepeatedOpeningRefused;
                only_a_till_in_use_opens: UnusedTillOpens, StrangerOpens;
                a_closing_expects_the_days_cash: CardsExpected;
                a_day_closes_with_its_count: CountForgotten;
                a_variance_wants_a_comment: VarianceUnexplained;
                a_day_is_closed_once: RepeatedClosingRefused, ClosedAnew;
                a_day_is_closed_at_its_till: DayClosedAnywhere;
                a_closed_day_takes_no_sale: ClosedDaySells;
                a_sale_names_a_day_of_its_organization: ForeignDaySells;
                a_sale_taken_before_stays_taken: KeptSaleForgottenByClosing;
                a_closing_misses_no_sale: ClosingMissesASale;
                days_come_in_pages: DayPageBeginsAgain, DayLimitIgnored, DaysOldestFirst, DaysOfAll,
                    TillOfDaysIgnored;
                tills_come_with_their_open_day: CounterTillsOfAll, OpenDayForgotten, ArchivedTillAtTheCounter,
                    ArchivedTillLostWithItsDay;
                opening_and_closing_leave_their_entries: OpeningAuditedAgain, ClosingUnaudited,
                    ClosingAuditedAgain;
            }
            audit {
                every_deed_leaves_its_entry: DeedUnaudited, DeedAuditedTwice;
                a_refused_deed_leaves_no_entry: RefusalAudited;
                a_deed_without_effect_leaves_no_entry: NothingDoneAudited;
                the_log_has_no_gap: LogWithGaps, LogOldestFirst, LogLimitIgnored;
                the_log_is_the_organizations_own: LogOfAll;
                an_entry_reads_back: DetailForgotten, ResultForgotten, FieldsForgotten;
            }
            chain {
                a_row_is_sealed_once: SealedTwice, SealedAnywhere, LinksForgotten, SealsBeginAgain;
                only_what_was_cut_is_deleted: PurgedWithoutCut, CutAnywhere, CutUnaudited, CutLimitIgnored,
                    CutSealsListed;
                every_column_is_in_the_chain: ReasonUnchained;
                the_log_comes_in_pages: AuditPageBeginsAgain, AuditPageLimitIgnored;
                the_log_is_found_by_what_is_asked: AuditOfAllOrganizations, AuditActorIgnored, AuditResultIgnored,
                    AuditActionsIgnored, AuditEndIgnored;
                rows_come_with_names: TargetUnnamed;
            }
            lifecycle {
                what_is_kept_outlives_a_restart: RestartForgets;
                a_closed_store_cannot_be_asked: ClosedStoreServes;
                closing_loses_nothing_that_was_answered: AnswersBeforeKeeping;
                a_refused_deed_takes_none_along: RefusalTakesAlong;
            }
        }
    };
}

/// Makes the tests from the list; [`conformance_suite!`](crate::conformance_suite) is what an engine names.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    (($engine:expr) $($domain:ident { $($case:ident : $($mutation:ident),+ ;)+ })+) => {
        $(mod $domain {
            #[expect(unused_imports, reason = "the engine's expression may need what its file imports, or nothing")]
            use super::*;
            $(mod $case {
                #[allow(unused_imports, reason = "the engine's expression may need what its file imports, or nothing")]
                use super::*;

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn holds() -> $crate::conformance::Conforms {
                    $crate::conformance::$domain::$case(&$engine).await
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn finds_its_mutants() {
                    for mutation in [$($crate::conformance::Mutation::$mutation),+] {
                        let mutant = $crate::conformance::WithFault::new($engine, mutation);
                        let outcome = $crate::conformance::$domain::$case(&mutant).await;
                        assert!(
                            matches!(outcome, Err($crate::conformance::Violation::Broken(_))),
                            "{mutation:?} lives: {outcome:?}",
                        );
                    }
                }
            })+
        })+

        #[test]
        fn every_fault_is_looked_for() {
            let looked_for = [$($($($crate::conformance::Mutation::$mutation),+),+),+];
            let forgotten: Vec<_> = $crate::conformance::Mutation::all()
                .filter(|mutation| looked_for.iter().filter(|one| *one == mutation).count() != 1)
                .collect();
            assert!(forgotten.is_empty(), "not looked for exactly once: {forgotten:?}");
        }
    };
}
