//! A store that fails, breaks or hangs when it is told to, and else does what the real one behind it does.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use protocol::alert::{AlertKind, MonitoringSettings};
use protocol::auth::OrganizationRole;
use protocol::impersonation::ImpersonationSettings;
use protocol::sale::Category;
use protocol::settings::SessionSettings;
use store::session::RevokeReason;
use store::{
    AlertMessage, AlertPlace, AlertRow, Alerts, AuditChain, AuditEntry, AuditFilter, AuditKey, AuditLog,
    AuditRow, AuditSealing, BeginOutcome, BegunImpersonation, Categories, CategoryPatch, CategoryRow, Change,
    ClosedTillDay, CounterTill, Cut, DeviceSum, Direction, Directory, EventBatch, EventSum, FailureQuery,
    FailureSum, Identity, ImpersonationEnd, Impersonations, Insight, Link, LinkedRow, LiveImpersonation,
    LongImpersonation, MailRow, Millis, NamedAuditRow, NewCategory, NewImpersonation, NewNotice,
    NewOrganization, NewOversightLetter, NewSaleRow, NewSession, NewSite, NewTill, NewTillDay, NewUser,
    Notice, Notices, OpenedTillDay, Organization, Oversight, OversightLetter, PageKey, PlacedSite, Presented,
    Recipient, RotationOutcome, SaleOutcome, SaleRow, Sales, Seal, SessionFilter, SessionGauges, SessionRow,
    Sessions, SettingsStore, Settled, Site, Standing, Steps, Stood, Store, StoreError, Till, TillDayClosing,
    TillDayRow, TillDays, Totals, Touch, User, UserFilter, UserListing,
};
use tokio::sync::broadcast;
use uuid::Uuid;

/// What the store does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mood {
    Works = 0,
    Away = 1,
    Faulty = 2,
    Hangs = 3,
    Panics = 4,
    DiskFull = 5,
}

const MOODS: [Mood; 6] = [
    Mood::Works,
    Mood::Away,
    Mood::Faulty,
    Mood::Hangs,
    Mood::Panics,
    Mood::DiskFull,
];

pub(crate) struct Unreliable {
    inner: Arc<dyn Store>,
    mood: AtomicU8,
    asked: AtomicU32,
    works_for: AtomicU32,
    relay: Mutex<Option<broadcast::Sender<Change>>>,
}

impl Unreliable {
    pub(crate) fn over(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            mood: AtomicU8::new(0),
            asked: AtomicU32::new(0),
            works_for: AtomicU32::new(u32::MAX),
            relay: Mutex::new(None),
        }
    }

    pub(crate) fn becomes(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }

    /// From now on whoever listens hears only what is sent here, and misses what goes beyond so many.
    pub(crate) fn relay_changes(&self, kept: usize) -> broadcast::Sender<Change> {
        let (sender, _) = broadcast::channel(kept);
        *self.relay.lock().unwrap() = Some(sender.clone());
        sender
    }

    /// Works for so many more calls, then is away.
    pub(crate) fn works_for(&self, calls: u32) {
        self.works_for.store(calls, Ordering::SeqCst);
    }

    /// How often it was asked for anything.
    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    async fn inner(&self) -> Result<&dyn Store, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let left = self
            .works_for
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
                0 => None,
                u32::MAX => Some(u32::MAX),
                left => Some(left - 1),
            });
        if left.is_err() {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        match MOODS[usize::from(self.mood.load(Ordering::SeqCst))] {
            Mood::Works => Ok(self.inner.as_ref()),
            Mood::Away => Err(StoreError::Unavailable("away".to_owned())),
            Mood::Faulty => Err(StoreError::Failed("canary-of-the-engine".to_owned())),
            Mood::DiskFull => Err(StoreError::DiskFull("no space left".to_owned())),
            Mood::Hangs => std::future::pending().await,
            Mood::Panics => panic!("canary-of-the-engine"),
        }
    }
}

macro_rules! pass_on {
    ($of:ident { $(fn $name:ident($($argument:ident: $kind:ty),* $(,)?) -> $answer:ty;)* }) => {
        #[async_trait]
        impl $of for Unreliable {
            $(async fn $name(&self, $($argument: $kind),*) -> Result<$answer, StoreError> {
                self.inner().await?.$name($($argument),*).await
            })*
        }
    };
}

pass_on!(Directory {
    fn add_organization(new: NewOrganization, audit: AuditEntry) -> ();
    fn organizations() -> Vec<Organization>;
    fn add_site(new: NewSite, audit: AuditEntry) -> ();
    fn sites(organization_id: Uuid) -> Vec<Site>;
    fn oldest_sites(limit: u32) -> Vec<PlacedSite>;
    fn add_user(new: NewUser, audit: AuditEntry) -> ();
    fn user_by_name(username: &str) -> Option<User>;
    fn user(id: Uuid) -> Option<User>;
    fn users(filter: UserFilter, after: Option<String>, limit: u32) -> Vec<UserListing>;
    fn rename_organization(id: Uuid, name: String, audit: AuditEntry) -> bool;
    fn rename_site(organization_id: Uuid, site_id: Uuid, name: String, audit: AuditEntry) -> bool;
    fn archive_site(organization_id: Uuid, site_id: Uuid, now: Millis, audit: AuditEntry) -> bool;
    fn restore_site(organization_id: Uuid, site_id: Uuid, audit: AuditEntry) -> bool;
    fn add_till(new: NewTill, audit: AuditEntry) -> ();
    fn tills(organization_id: Uuid) -> Vec<Till>;
    fn rename_till(organization_id: Uuid, till_id: Uuid, name: String, audit: AuditEntry) -> bool;
    fn archive_till(organization_id: Uuid, till_id: Uuid, now: Millis, audit: AuditEntry) -> bool;
    fn restore_till(organization_id: Uuid, till_id: Uuid, audit: AuditEntry) -> bool;
    fn rename_user(user_id: Uuid, display_name: String, audit: AuditEntry) -> bool;
    fn enable_user(user_id: Uuid, audit: AuditEntry) -> bool;
    fn set_super_admin(user_id: Uuid, super_admin: bool, audit: AuditEntry) -> bool;
    fn put_membership(
        user_id: Uuid, organization_id: Uuid, role: OrganizationRole, site_id: Option<Uuid>, audit: AuditEntry
    ) -> ();
    fn remove_membership(user_id: Uuid, organization_id: Uuid, now: Millis, audit: AuditEntry) -> Option<u32>;
    fn disable_user(user_id: Uuid, now: Millis, audit: AuditEntry) -> Option<u32>;
    fn set_password(
        user_id: Uuid, password_hash: String, one_time_password: bool, keep: Option<Uuid>, now: Millis,
        audit: AuditEntry
    ) -> Option<u32>;
});

pass_on!(Sessions {
    fn begin_session(new: NewSession, audit: AuditEntry) -> BeginOutcome;
    fn identity(session_id: Uuid) -> Option<Identity>;
    fn rotate(presented: Presented, audit: AuditEntry) -> RotationOutcome;
    fn note_input(session_id: Uuid, input_age_ms: Millis, now: Millis) -> Option<SessionRow>;
    fn live_sessions(user_id: Uuid, now: Millis) -> Vec<Identity>;
    fn touch_sessions(touches: Vec<Touch>) -> u32;
    fn note_reauthentication(session_id: Uuid, now: Millis, audit: AuditEntry) -> bool;
    fn switch_organization(
        session_id: Uuid, organization_id: Uuid, now: Millis, audit: AuditEntry
    ) -> Option<SessionRow>;
    fn sessions_page(filter: SessionFilter, after: Option<PageKey>, limit: u32, now: Millis) -> Vec<Identity>;
    fn revoke_session(
        session_id: Uuid, owner: Option<Uuid>, organization_id: Option<Uuid>, reason: RevokeReason, now: Millis,
        audit: AuditEntry
    ) -> bool;
    fn revoke_user_sessions(
        user_id: Uuid, organization_id: Option<Uuid>, keep: Option<Uuid>, reason: RevokeReason, now: Millis,
        audit: AuditEntry
    ) -> u32;
    fn revoke_organization_sessions(
        organization_id: Uuid, keep: Option<Uuid>, reason: RevokeReason, now: Millis, audit: AuditEntry
    ) -> u32;
    fn revoke_all_sessions(keep: Option<Uuid>, reason: RevokeReason, now: Millis, audit: AuditEntry) -> u32;
    fn mark_restored(now: Millis, audit: AuditEntry) -> u32;
    fn purge_sessions(ended_before: Millis, limit: u32) -> u32;
});

pass_on!(Notices {
    fn security_notices(user_id: Uuid, unseen_only: bool, limit: u32) -> Vec<Notice>;
    fn add_notice(new: NewNotice) -> ();
    fn mark_notice_seen(user_id: Uuid, notice_id: Uuid, now: Millis) -> bool;
});

pass_on!(Impersonations {
    fn begin_impersonation(new: NewImpersonation, audit: AuditEntry) -> BegunImpersonation;
    fn live_impersonations(now: Millis) -> Vec<LiveImpersonation>;
    fn end_impersonation(
        session_id: Uuid, end: ImpersonationEnd, now: Millis, audit: AuditEntry
    ) -> bool;
    fn note_ended_impersonations(now: Millis, limit: u32) -> u32;
    fn impersonation_settings() -> ImpersonationSettings;
    fn put_impersonation_settings(settings: ImpersonationSettings, audit: AuditEntry) -> ();
});

pass_on!(Alerts {
    fn monitoring_settings(organization_id: Uuid) -> MonitoringSettings;
    fn put_monitoring_settings(organization_id: Uuid, settings: MonitoringSettings, audit: AuditEntry) -> ();
    fn mail_settings() -> Option<MailRow>;
    fn put_mail_settings(row: MailRow, audit: AuditEntry) -> ();
    fn note_standing(
        standing: Standing, tell: Vec<Recipient>, repeat_ms: Option<Millis>, now: Millis
    ) -> Stood;
    fn end_alerts(organization_id: Uuid, stood_until: Millis, tell: Vec<Recipient>, now: Millis) -> u32;
    fn alerts_page(organization_id: Uuid, after: Option<AlertPlace>, limit: u32) -> Vec<AlertRow>;
    fn lasting_alerts() -> Vec<(AlertKind, u32)>;
    fn claim_messages(claim: Uuid, now: Millis, lease_ms: Millis, limit: u32) -> Vec<AlertMessage>;
    fn settle_message(id: Uuid, claim: Uuid, settled: Settled) -> bool;
    fn purge_alerts(ended_before: Millis, limit: u32) -> u32;
});

pass_on!(Oversight {
    fn overseers() -> Vec<String>;
    fn untold_impersonations(now: Millis, limit: u32) -> Vec<LongImpersonation>;
    fn impersonations_of(session_ids: Vec<Uuid>) -> Vec<LongImpersonation>;
    fn tell_of_impersonations(
        session_ids: Vec<Uuid>, letters: Vec<NewOversightLetter>, now: Millis
    ) -> bool;
    fn newest_told_month() -> Option<String>;
    fn tell_of_month(month: String, letters: Vec<NewOversightLetter>, now: Millis) -> bool;
    fn claim_letters(claim: Uuid, now: Millis, lease_ms: Millis, limit: u32) -> Vec<OversightLetter>;
    fn settle_letter(id: Uuid, claim: Uuid, settled: Settled) -> bool;
    fn purge_letters(made_before: Millis, limit: u32) -> u32;
});

pass_on!(SettingsStore {
    fn session_settings(organization_id: Uuid) -> SessionSettings;
    fn put_session_settings(organization_id: Uuid, settings: SessionSettings, audit: AuditEntry) -> ();
});

pass_on!(Categories {
    fn categories(organization_id: Uuid) -> Vec<Category>;
    fn every_category(organization_id: Uuid) -> Vec<CategoryRow>;
    fn put_category(organization_id: Uuid, category: Category, audit: AuditEntry) -> ();
    fn add_category(organization_id: Uuid, new: NewCategory, audit: AuditEntry) -> CategoryRow;
    fn change_category(
        organization_id: Uuid,
        id: Uuid,
        patch: CategoryPatch,
        now: Millis,
        audit: AuditEntry,
    ) -> Option<CategoryRow>;
    fn move_category(
        organization_id: Uuid,
        id: Uuid,
        direction: Direction,
        audit: AuditEntry,
    ) -> Option<CategoryRow>;
    fn start_categories(organization_id: Uuid, first: Vec<Category>, audit: AuditEntry) -> bool;
});

pass_on!(Sales {
    fn keep_sale(new: NewSaleRow, audit: AuditEntry) -> SaleOutcome;
    fn sales_of(organization_id: Uuid, operator_id: Uuid, limit: u32) -> Vec<SaleRow>;
});

pass_on!(TillDays {
    fn counter_tills(organization_id: Uuid) -> Vec<CounterTill>;
    fn open_till_day(new: NewTillDay, audit: AuditEntry) -> OpenedTillDay;
    fn close_till_day(closing: TillDayClosing, audit: AuditEntry) -> ClosedTillDay;
    fn till_days(
        organization_id: Uuid, till_id: Option<Uuid>, after: Option<PageKey>, limit: u32
    ) -> Vec<TillDayRow>;
});

pass_on!(AuditLog {
    fn audit(entry: AuditEntry) -> ();
    fn audit_rows(organization_id: Option<Uuid>, limit: u32) -> Vec<AuditRow>;
    fn audit_page(filter: AuditFilter, after: Option<AuditKey>, limit: u32) -> Vec<NamedAuditRow>;
});

pass_on!(AuditChain {
    fn audit_chain(after: u64, limit: u32) -> Vec<LinkedRow>;
    fn audit_seals(after: u64, limit: u32) -> Vec<Seal>;
    fn last_audit_seal() -> Option<Seal>;
    fn audit_cuts() -> Vec<Cut>;
});

pass_on!(AuditSealing {
    fn add_audit_seal(seal: Seal, links: Vec<Link>) -> bool;
    fn last_audit_seal_before(sealed_before: Millis) -> Option<Seal>;
    fn cut_audit_log(cut: Cut, entry: AuditEntry) -> bool;
    fn purge_audit_log(limit: u32) -> u32;
});

pass_on!(Insight {
    fn add_events(batch: EventBatch) -> bool;
    fn note_ended_sessions(told_idle: Vec<Uuid>, now: Millis, limit: u32) -> u32;
    fn event_window(organization_id: Option<Uuid>, from: Millis, to: Millis) -> Vec<EventSum>;
    fn event_steps(organization_id: Option<Uuid>, from: Millis, to: Millis, step_minutes: u32) -> Steps;
    fn failure_sums(asked: FailureQuery) -> Vec<FailureSum>;
    fn event_totals() -> Totals;
    fn session_gauges(organization_id: Option<Uuid>, now: Millis) -> SessionGauges;
    fn suffering_devices(organization_id: Option<Uuid>, from: Millis, to: Millis, limit: u32) -> Vec<DeviceSum>;
    fn purge_events(organization_id: Option<Uuid>, before: Millis, limit: u32) -> u32;
    fn purge_sums(now: Millis, limit: u32) -> u32;
});

#[async_trait]
impl Store for Unreliable {
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner().await?.ping().await
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        let relay = self.relay.lock().unwrap();
        relay
            .as_ref()
            .map_or_else(|| self.inner.changes(), broadcast::Sender::subscribe)
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
