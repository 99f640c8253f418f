//! The one event loop of the shell: requests come in, the keeper's truth comes in, one view goes out.
//!
//! Nothing here decides about a session; the keeper does. Whatever takes time runs beside the loop and reports back as
//! an event, so that no request waits for another.

mod client;
mod closing;
mod event;
mod goods;
pub mod handle;
mod impersonation;
mod notices;
mod opening;
mod operator;
mod organization;
mod parked;
mod present;
pub mod request;
mod session;
mod settings;
mod tickets;
mod till_day;
mod work;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use keeper::{Clock, Vault};
use keeper_core::Knobs;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

use self::event::Event;
pub use self::handle::ControllerHandle;
pub use self::request::{
    Client, CloseAnswer, FirstAccount, Request, TillPlace, TillRequest, Unsent, WorkRequest,
};
use self::session::Session;
use self::work::Work;
use crate::downloads::Downloads;
use crate::folders::Folders;
use crate::reach::Reach;
use crate::settings::{ReadSettings, SettingsFile};
use crate::surfaces::Surfaces;
use crate::till_choice::TillChoices;
use crate::times::{LOOK_AGAIN, WallOffset};
use crate::view::{About, AppView, DeviceSettings, UiError};
use crate::work::WorkDesk;

/// How long the window stays hidden at most while the screen gets ready.
const WINDOW_LATE: Duration = Duration::from_secs(3);

/// What a controller is made of.
pub struct Parts {
    /// Where files are kept.
    pub folders: Folders,
    /// The settings file.
    pub settings_file: SettingsFile,
    /// What was read from it.
    pub settings: ReadSettings,
    /// The OS keychain.
    pub vault: Arc<dyn Vault>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The ways to servers.
    pub reach: Reach,
    /// The work journal.
    pub desk: WorkDesk,
    /// The keeper's times.
    pub knobs: Knobs,
    /// What the app is.
    pub about: About,
}

/// Makes the handle that commands hold and the controller that [`Controller::run`] drives.
pub fn controller(parts: Parts) -> (ControllerHandle, Controller) {
    let (events, inbox) = mpsc::unbounded_channel();
    let offset = WallOffset::now(parts.clock.as_ref());
    let downloads = Downloads::new(parts.folders.downloads.clone(), Arc::clone(&parts.clock));
    let first_view = present::first_view(&parts.settings.settings, offset.millis(parts.clock.now()));
    let tills = TillChoices::read(parts.folders.tills_file());
    let controller = Controller {
        surfaces: None,
        tills,
        folders: parts.folders,
        settings_file: parts.settings_file,
        settings: parts.settings.settings,
        settings_fault: parts.settings.fault,
        vault: parts.vault,
        reach: parts.reach,
        knobs: parts.knobs,
        offset,
        session: Session::new(parts.clock.now()),
        work: Work::new(parts.desk),
        waiting_for_key: VecDeque::new(),
        close: closing::Close::default(),
        view: watch::channel(Arc::new(first_view)).0,
        clock: parts.clock,
        events,
        inbox,
    };
    let handle = ControllerHandle::new(
        controller.events.clone(),
        Arc::clone(&controller.clock),
        controller.view.subscribe(),
        parts.about,
        downloads,
    );
    (handle, controller)
}

/// The controller itself.
pub struct Controller {
    surfaces: Option<Surfaces>,
    folders: Folders,
    settings_file: SettingsFile,
    settings: DeviceSettings,
    settings_fault: Option<UiError>,
    tills: TillChoices,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    reach: Reach,
    knobs: Knobs,
    offset: WallOffset,
    session: Session,
    work: Work,
    waiting_for_key: VecDeque<WorkRequest>,
    close: closing::Close,
    view: watch::Sender<Arc<AppView>>,
    events: mpsc::UnboundedSender<Event>,
    inbox: mpsc::UnboundedReceiver<Event>,
}

impl Controller {
    /// Runs until the app has put itself away.
    pub async fn run(mut self, surfaces: Surfaces) {
        self.surfaces = Some(surfaces);
        self.later(WINDOW_LATE, || Event::WindowLate);
        self.open_keeper().await;
        self.publish();
        let mut look_again = interval(Duration::from_millis(LOOK_AGAIN.as_ms()));
        look_again.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                event = self.inbox.recv() => match event {
                    Some(Event::PutAway) | None => break,
                    Some(event) => {
                        self.take(event).await;
                        self.withdraw_question();
                    }
                },
                _ = look_again.tick() => {
                    self.look_at_the_clock();
                    self.look_at_impersonation();
                }
            }
        }
        if let Some(surfaces) = &self.surfaces {
            surfaces.window.end();
        }
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::Asked(request) => self.asked(request).await,
            Event::Snapshot(epoch, snapshot) => self.snapshot_came(epoch, snapshot),
            Event::Notice(epoch, notice) => self.notice_came(epoch, notice),
            Event::Told(epoch, event) => self.server_told(epoch, event),
            Event::ServerReady { epoch, turn, result } => self.server_ready(epoch, turn, result),
            Event::SignInAnswered { epoch, result, reply } => self.sign_in_answered(epoch, *result, reply),
            Event::FirstOperatorMade {
                result,
                account,
                reply,
            } => {
                self.first_operator_made(result, *account, reply).await;
            }
            Event::MeAnswered {
                epoch,
                asked,
                operator,
                result,
                reply,
            } => self.me_answered(epoch, asked, operator, *result, reply),
            Event::OrganizationSwitched {
                epoch,
                operator,
                result,
                reply,
            } => self.organization_switched(epoch, operator, *result, reply),
            Event::ImpersonationBegun { epoch, result, reply } => {
                self.impersonation_begun(epoch, *result, reply);
            }
            Event::ImpersonationStopTold {
                session_id,
                result,
                reply,
            } => self.impersonation_stop_told(session_id, result, reply),
            Event::ImpersonationEnded { session_id, how } => self.impersonation_ended(session_id, how),
            Event::SoldAsAnother { result, reply } => self.sold_as_another(result, reply),
            Event::NoticesAnswered { epoch, result } => self.notices_answered(epoch, result),
            Event::Retried {
                epoch,
                snapshot,
                reply,
            } => self.retried(epoch, &snapshot, reply),
            Event::SignedOut { epoch, reply } => self.signed_out(epoch, reply).await,
            Event::PlaceRead { slot, result } => self.place_read(slot, result),
            Event::KeyAnswered { owner, fresh, result } => self.key_answered(&owner, fresh, result).await,
            Event::Resealed { owner, key, result } => self.resealed(&owner, key, result),
            Event::Counted { owner, result } => self.counted(&owner, result),
            Event::TicketRead { result, reply } => self.ticket_read(*result, reply),
            Event::Written {
                result,
                in_hand,
                reply,
            } => self.written(result, in_hand, reply),
            Event::SaleFinished { owner, result, reply } => self.sale_finished(&owner, result, reply),
            Event::WorkMoved {
                owner,
                in_hand,
                result,
                reply,
            } => self.work_moved(&owner, in_hand, result, reply),
            Event::TicketTaken { owner, result, reply } => self.ticket_taken(&owner, *result, reply),
            Event::Sender(owner, news) => self.sender_told(&owner, news),
            Event::WindowLate => self.show_window(),
            Event::PutAway => {}
        }
    }

    async fn asked(&mut self, request: Request) {
        match request {
            Request::SignIn {
                username,
                password,
                reply,
            } => self.sign_in(username, password, reply).await,
            Request::FirstOperator { account, reply } => self.first_operator(account, reply),
            Request::Retry(reply) => self.retry(reply).await,
            Request::SignOut { unsent, reply } => self.sign_out(unsent, reply),
            Request::OperatorInput => self.operator_input(),
            Request::Work(request) => self.work_asked(request),
            Request::Till(request) => self.till_asked(request),
            Request::Categories(reply) => self.categories(reply),
            Request::Client(reply) => self.client(reply),
            Request::SwitchOrganization {
                organization_id,
                reply,
            } => self.switch_organization(&organization_id, reply),
            Request::StartImpersonation { request, reply } => self.start_impersonation(*request, reply),
            Request::StopImpersonation { session_id, reply } => self.stop_impersonation(&session_id, reply),
            Request::PutImpersonationEndAway(reply) => self.put_impersonation_end_away(reply),
            Request::LookAgain(reply) => self.look_again(reply),
            Request::PutNoticeAway { id, reply } => self.put_notice_away(&id, reply),
            Request::PutDeviceSettings { settings, reply } => {
                self.put_device_settings(*settings, reply).await
            }
            Request::TestServer {
                server,
                ca_file,
                reply,
            } => self.test_server(server, ca_file, reply),
            Request::WindowReady => self.window_ready(),
            Request::CloseAsked => self.close_asked(),
            Request::CloseAnswered(answer) => self.close_answered(answer),
            Request::Show => self.bring_to_front(),
            Request::Quit => self.put_away(),
        }
    }

    /// Runs this beside the loop; what it returns comes back as an event.
    fn beside(&self, work: impl Future<Output = Event> + Send + 'static) {
        let events = self.events.clone();
        tokio::spawn(async move {
            let _ = events.send(work.await);
        });
    }

    fn later(&self, pause: Duration, event: impl FnOnce() -> Event + Send + 'static) {
        self.beside(async move {
            tokio::time::sleep(pause).await;
            event()
        });
    }
}

#[cfg(test)]
mod tests;
