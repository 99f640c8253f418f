//! What the screen is told: one typed view of session, work and device, with absolute times and without a secret.
//!
//! Times are milliseconds since 1970 by this device's clock, computed at the moment the view is made, so the screen
//! renders deadlines and counts nothing itself.

pub mod administration;
pub mod alerts;
pub mod audit;
pub mod impersonation;
pub mod insight;
pub mod parked;
pub mod review;
pub mod sessions;
pub mod till_day;

use keeper_core::{Banner, Connection, Persistence, Severity};
use protocol::auth::{DeviceKind, Me, OrganizationRole};
use protocol::sale::{Category, PaymentMethod};
use serde::{Deserialize, Serialize};
use specta::Type;

pub use self::impersonation::{ImpersonationOverView, ImpersonationView};
pub use self::parked::{ParkedTicket, TicketToPark};
pub use self::review::RefusedSale;
pub use self::sessions::{MySession, OwnOrganization, Reauthenticated, SecurityNotice};

/// Milliseconds since 1970 by this device's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Type)]
#[serde(transparent)]
pub struct Millis(#[specta(type = specta_typescript::Number)] pub f64);

impl Millis {
    /// From a whole number of milliseconds. Exact until the year 287,396.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a date within the next thousands of years is below 2^53"
    )]
    pub const fn from_epoch_ms(epoch_ms: i64) -> Self {
        Self(epoch_ms as f64)
    }
}

/// The one event of the shell: everything the frame shows, after a change.
#[derive(Clone, Debug, PartialEq, Serialize, Type, tauri_specta::Event)]
pub struct AppChanged(pub AppView);

/// Everything the frame of the window shows. Sent whole at every change; small.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct AppView {
    /// Grows by one with every view; a screen keeps the newest.
    pub revision: u32,
    /// The session.
    pub session: SessionView,
    /// Who is signed in, or was until the session ended.
    pub operator: Option<OperatorView>,
    /// Which server.
    pub server: ServerView,
    /// The work on this device.
    pub work: WorkView,
    /// The device's settings.
    pub settings: DeviceSettings,
    /// What stands between the app and its server or its settings file, as long as it does; shown before signing in too.
    pub fault: Option<UiError>,
    /// Whether the server inside the app has no account yet: offer to make the first one with `first_operator`.
    pub first_operator_needed: bool,
    /// What the operator should know of about the account, newest first, until it is put away.
    pub notices: Vec<SecurityNotice>,
    /// What the server said has changed: a screen that shows it asks again.
    pub changes: ChangesView,
    /// As whom the operator acts, while that is somebody else. Everything but the session itself is that one's meanwhile.
    pub impersonation: Option<ImpersonationView>,
    /// How the last impersonation ended, until it is put away with `put_impersonation_end_away`.
    pub impersonation_over: Option<ImpersonationOverView>,
    /// Whether the window was asked to close while unsent sales are here: ask the operator, then answer with
    /// `answer_close`.
    pub close_asked: bool,
}

/// How often each thing may have changed on the server since the app started. A number that grows is a reason to ask
/// again, and nothing more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Type)]
pub struct ChangesView {
    /// The organisation's categories.
    pub categories: u32,
    /// The organisation's settings.
    pub settings: u32,
    /// The organisation's alerts.
    pub alerts: u32,
    /// Everybody's impersonations.
    pub impersonations: u32,
}

/// The session as the keeper sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct SessionView {
    /// Where the app stands.
    pub phase: Phase,
    /// What the banner says.
    pub banner: Banner,
    /// How loudly.
    pub severity: Severity,
    /// Since when it says so.
    pub since_ms: Millis,
    /// The connection.
    pub connection: Connection,
    /// When the next automatic attempt leaves.
    pub next_attempt_ms: Option<Millis>,
    /// Whether an attempt is out right now.
    pub attempting: bool,
    /// When access ends if nothing changes.
    pub access_end_ms: Option<Millis>,
    /// When the session ends for lack of input.
    pub idle_end_ms: Option<Millis>,
    /// The session's absolute end.
    pub absolute_end_ms: Option<Millis>,
    /// Whether the session would survive a restart.
    pub persistence: Persistence,
}

/// Where the app stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The keychain is being asked; show nothing that would flash away.
    Starting,
    /// Nobody is signed in: the sign-in screen.
    SignedOut,
    /// Somebody is: the work.
    SignedIn,
    /// The session ended under the work: the work stays, the banner offers to sign in again over it.
    Ended,
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct OperatorView {
    /// The name to sign in with; filled in when signing in again.
    pub username: String,
    /// The name to show; the user name until the server has been asked.
    pub display_name: String,
    /// The organisation's id, once known.
    pub organization_id: Option<String>,
    /// The organisation, once known.
    pub organization_name: Option<String>,
    /// The site, once known.
    pub site_name: Option<String>,
    /// The role, once known.
    pub role: Option<OrganizationRole>,
    /// Whether the operator administers every organisation.
    pub is_super_admin: bool,
    /// How many organisations the operator belongs to, once known.
    pub organizations: u32,
    /// Whether the password must be changed before anything else.
    pub must_change_password: bool,
}

impl OperatorView {
    /// The operator as the server knows them.
    pub fn of(me: &Me) -> Self {
        Self {
            username: me.username.clone(),
            display_name: me.display_name.clone(),
            organization_id: Some(me.organization_id.to_string()),
            organization_name: Some(me.organization_name.clone()),
            site_name: me.site_name.clone(),
            role: Some(me.current_organization_role),
            is_super_admin: me.super_admin,
            organizations: me.organizations,
            must_change_password: me.must_change_password,
        }
    }
}

/// Which server the app speaks to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ServerView {
    /// The one inside the app.
    ThisDevice,
    /// One by address.
    Remote {
        /// Its origin, as in `https://vigie.example`.
        url: String,
    },
}

/// The work on this device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Type)]
pub struct WorkView {
    /// Finished sales that the server has not acknowledged yet.
    pub waiting: u32,
    /// Finished sales that the server refused for good; they wait for a person.
    pub refused: u32,
    /// Tickets that are parked.
    pub parked: u32,
    /// When the ticket in hand was last written to disk.
    pub saved_at_ms: Option<Millis>,
    /// Set while the disk does not take the work.
    pub fault: Option<UiError>,
}

/// What this device is set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct DeviceSettings {
    /// The screen's language.
    pub language: Language,
    /// The screen's colours.
    pub theme: Theme,
    /// Which server.
    pub server: ServerView,
    /// Path of a PEM file with an organisation's own certificate authority.
    pub ca_file: Option<String>,
    /// What this device is called on the lists of sessions.
    pub device_name: String,
    /// What this device is.
    pub device_kind: DeviceKind,
    /// Whether the screen has a keyboard of its own, and which.
    pub screen_keyboard: ScreenKeyboard,
}

/// The keyboard on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ScreenKeyboard {
    /// There is none.
    #[default]
    None,
    /// As on French keyboards.
    Azerty,
    /// As on English keyboards.
    Qwerty,
}

/// A language of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

/// The screen's colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// High contrast.
    Contrast,
}

/// Why a command did not do what it was asked. The words for each code are the screen's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct UiError {
    /// The code.
    pub code: UiErrorCode,
    /// Seconds until another try makes sense, where known.
    pub retry_after_seconds: Option<u32>,
    /// The field or value at fault, where one is; never a secret.
    pub subject: Option<String>,
}

impl From<UiErrorCode> for UiError {
    fn from(code: UiErrorCode) -> Self {
        Self {
            code,
            retry_after_seconds: None,
            subject: None,
        }
    }
}

impl UiError {
    /// With the field or value at fault.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }
}

/// Every reason for which a command can fail.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Type,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UiErrorCode {
    /// Wrong user name or password.
    InvalidCredentials,
    /// The account is disabled.
    AccountDisabled,
    /// Too many tries; wait.
    RateLimited,
    /// The server is busy.
    ServerBusy,
    /// No link, no name, or nothing came back.
    Offline,
    /// The server does not answer as it should.
    ServerDown,
    /// The name in the address leads nowhere.
    ServerUnknown,
    /// Something answers there that is no Vigie server.
    NotVigie,
    /// The certificate is made out to another name, out of date, or not trusted.
    CertificateRefused,
    /// The address is not one.
    AddressInvalid,
    /// Plain http to a host other than this device.
    AddressInsecure,
    /// The certificate authority's file cannot be read or holds no certificate.
    CaFileInvalid,
    /// The session is over: sign in again.
    SessionOver,
    /// The role does not allow this.
    Forbidden,
    /// The current session cannot be revoked; sign out instead.
    CannotRevokeCurrentSession,
    /// No such session any more.
    SessionNotFound,
    /// A value is out of its range.
    ValidationFailed,
    /// Settings that contradict each other.
    SettingsIncoherent,
    /// The server's own configuration says this.
    SettingsFixed,
    /// The keychain is locked.
    KeychainLocked,
    /// There is no keychain.
    KeychainAbsent,
    /// The keychain fails or is too slow.
    KeychainFailed,
    /// The disk is full.
    DiskFull,
    /// The data folder cannot be written to.
    DiskReadOnly,
    /// The disk fails.
    DiskFailed,
    /// The data were written by a newer version of the app.
    DataNewer,
    /// Another app uses the data.
    DataInUse,
    /// The password is to be given again before this.
    ReauthenticationRequired,
    /// The password given again is not the right one.
    PasswordWrong,
    /// The password is too short or too common.
    WeakPassword,
    /// The one-time password is to be changed first.
    OneTimePassword,
    /// An organisation keeps at least one owner.
    LastOwner,
    /// Another one has this name.
    NameTaken,
    /// No such person.
    UserNotFound,
    /// No such organisation.
    OrganizationNotFound,
    /// No such site.
    SiteNotFound,
    /// No such till.
    TillNotFound,
    /// The till's day is open already.
    TillDayOpen,
    /// The till's day is closed.
    TillClosed,
    /// The till has no such day.
    TillDayNotFound,
    /// Sales of the till's day are still on this device.
    TillDayUnsent,
    /// No such category.
    CategoryNotFound,
    /// The key picks another category.
    ShortcutTaken,
    /// The barcode is another category's.
    BarcodeTaken,
    /// The organisation has categories already.
    CategoriesExist,
    /// The session works in another organisation.
    OrganizationMismatch,
    /// There is no such impersonation any more.
    ImpersonationOver,
    /// Nobody may do this while acting as somebody else.
    ForbiddenWhileImpersonating,
    /// Impersonation is not allowed from this address.
    AddressNotAllowed,
    /// The person is of an equal or higher rank.
    CannotImpersonateAbove,
    /// The person is oneself.
    CannotImpersonateOneself,
    /// An impersonation lasts already.
    AlreadyImpersonating,
    /// The person's account is disabled.
    UserDisabled,
    /// Unsent work is still here; ask before leaving it.
    WorkUnsent,
    /// The ticket cannot be finished as it stands.
    TicketIncomplete,
    /// There is no such ticket any more.
    TicketNotFound,
    /// The server has not refused the sale for good; it may have taken it.
    SaleOutcomeUnknown,
    /// A fault of the app.
    Internal,
}

/// Where the ticket in hand was kept while it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum TicketKeeping {
    /// In the journal, as one's own.
    Journal,
    /// On the screen alone, as whoever acts as somebody else.
    Memory,
}

/// The ticket in hand, with where the operator is in it. The screen owns it while it is open and hands every change
/// over; the journal brings it back as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct TicketDraft {
    /// The ticket's id; it becomes the sale's Idempotency-Key.
    pub id: String,
    /// Its lines.
    pub lines: Vec<DraftLine>,
    /// Its payments so far.
    pub payments: Vec<DraftPayment>,
    /// The note.
    pub note: String,
    /// Cash handed over in cents, for the change.
    pub tendered_cents: Option<u32>,
    /// Where the operator is: the screen, the field with the focus, its cursor, the scroll position.
    pub place: Place,
}

/// A line of a ticket in hand; half-typed values are kept as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct DraftLine {
    /// The line's id within the ticket.
    pub id: String,
    /// The category.
    pub category_id: String,
    /// Its name when the line was made.
    pub category_name: String,
    /// Pieces.
    pub quantity: u32,
    /// Weight in grams.
    pub weight_grams: u32,
    /// Price of one piece in cents.
    pub unit_price_cents: u32,
}

/// A payment of a ticket in hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct DraftPayment {
    /// How.
    pub method: PaymentMethod,
    /// How much, in cents.
    pub amount_cents: u32,
}

/// Where the operator is within a ticket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The screen.
    pub screen: String,
    /// The field with the focus.
    pub field: Option<String>,
    /// The text half typed into it.
    pub typed: String,
    /// The cursor in it.
    pub cursor: u32,
    /// The scroll position of the list of lines, in pixels.
    #[specta(type = specta_typescript::Number)]
    pub scroll: f64,
    /// The line being edited.
    pub line_id: Option<String>,
}

/// What "Sauvegarder" did.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct Saved {
    /// When everything in hand was on disk.
    pub saved_at_ms: Millis,
}

/// What "Réessayer" brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum RetryOutcome {
    /// The server answered and the session holds.
    Recovered,
    /// Still no link.
    StillOffline,
    /// Still no sensible answer.
    StillDown,
    /// The server answered that the session is over.
    SessionOver,
    /// The keychain still does not answer; the session itself is well.
    KeychainStillAway,
}

/// The till's goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct Categories {
    /// By position.
    pub categories: Vec<Category>,
    /// Whether this is the copy kept on the device because the server could not be asked.
    pub from_cache: bool,
}

/// A sale that waits or was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct OutboxSale {
    /// The ticket's id.
    pub id: String,
    /// Its sum in cents.
    pub total_cents: u32,
    /// When it was finished.
    pub finished_at_ms: Millis,
    /// Why the server refused it for good; absent while it merely waits.
    pub refused: Option<UiError>,
}

/// What the app is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct About {
    /// The app's version.
    pub version: String,
    /// The platform and its version, as far as known.
    pub platform: String,
    /// The engine of the window.
    pub webview: String,
    /// Where the app keeps its data.
    pub data_folder: String,
    /// Whether demonstration accounts exist in the embedded server.
    pub demo: bool,
}
