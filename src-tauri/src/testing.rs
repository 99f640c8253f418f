//! What the shell's tests stand on: a network that can be cut, and surfaces without a screen.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Request as HttpRequest;
use http::Response;
use keeper::transport::ByteStream;
use keeper::vault::MemoryVault;
use keeper::{Limits, Transport, TransportFault, Vault};
use keeper_core::{Knobs, Notice, Severity, Span};
use protocol::Secret;
use protocol::notice::NoticeKind;
use tokio::sync::Notify;

use crate::controller::{ControllerHandle, Parts, Request, WorkRequest, controller};
use crate::embedded_server::EmbeddedServer;
use crate::folders::Folders;
use crate::reach::Reach;
use crate::settings::{SettingsFile, defaults};
use crate::surfaces::{ImpersonationNotice, Notifier, Surfaces, Tray, Window};
use crate::view::{AppView, Language, Phase, Saved, SecurityNotice, TicketDraft, TicketKeeping, UiError};
use crate::work::WorkDesk;

/// What the network between the app and its server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Network {
    /// It carries everything.
    Whole,
    /// It carries nothing.
    Cut,
    /// It carries sales to the server, and loses the answers.
    LosesReceipts,
}

/// A network that a test holds in its hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Between {
    state: Arc<AtomicU8>,
    sales: Arc<AtomicU32>,
    asked: Arc<AtomicU32>,
    prepared: Arc<Mutex<HashMap<&'static str, Response<Bytes>>>>,
    answered: Arc<Mutex<Vec<String>>>,
}

impl Between {
    pub(crate) fn be(&self, network: Network) {
        self.state.store(network as u8, Ordering::SeqCst);
    }

    /// How many sales were sent.
    pub(crate) fn sales(&self) -> u32 {
        self.sales.load(Ordering::SeqCst)
    }

    /// How often the server was asked who is signed in.
    pub(crate) fn asked_who(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    /// Answers this path in the server's place from now on, whatever its query.
    pub(crate) fn answer(&self, path: &'static str, status: u16, kind: &str, body: impl Into<Bytes>) {
        let answer = Response::builder()
            .status(status)
            .header("content-type", kind)
            .body(body.into())
            .unwrap();
        self.prepared.lock().unwrap().insert(path, answer);
    }

    /// What was answered in the server's place: paths with their queries, in their order.
    pub(crate) fn answered(&self) -> Vec<String> {
        self.answered.lock().unwrap().clone()
    }

    fn prepared(&self, request: &HttpRequest<Bytes>) -> Option<Response<Bytes>> {
        let answer = self.prepared.lock().unwrap().get(request.uri().path()).cloned()?;
        self.answered.lock().unwrap().push(request.uri().to_string());
        Some(answer)
    }

    pub(crate) fn over(&self, inner: Arc<dyn Transport>) -> Arc<dyn Transport> {
        Arc::new(Line {
            between: self.clone(),
            inner,
        })
    }
}

struct Line {
    between: Between,
    inner: Arc<dyn Transport>,
}

#[async_trait]
impl Transport for Line {
    async fn send(
        &self,
        request: HttpRequest<Bytes>,
        limits: Limits,
    ) -> Result<Response<Bytes>, TransportFault> {
        let state = self.between.state.load(Ordering::SeqCst);
        let is_sale = request.uri().path() == "/v1/sales" && request.method() == http::Method::POST;
        if state == Network::Cut as u8 {
            return Err(TransportFault::Offline);
        }
        if let Some(answer) = self.between.prepared(&request) {
            return Ok(answer);
        }
        if request.uri().path() == "/v1/auth/me" {
            self.between.asked.fetch_add(1, Ordering::SeqCst);
        }
        if is_sale {
            self.between.sales.fetch_add(1, Ordering::SeqCst);
        }
        let answer = self.inner.send(request, limits).await;
        if is_sale && state == Network::LosesReceipts as u8 {
            Err(TransportFault::Reset)
        } else {
            answer
        }
    }

    async fn open_stream(&self, request: HttpRequest<Bytes>) -> Result<Response<ByteStream>, TransportFault> {
        if self.between.state.load(Ordering::SeqCst) == Network::Cut as u8 {
            return Err(TransportFault::Offline);
        }
        self.inner.open_stream(request).await
    }
}

/// Everything that was shown without a screen.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) notices: Mutex<Vec<Notice>>,
    pub(crate) tray: Mutex<Vec<(Severity, String)>>,
    pub(crate) views: AtomicU32,
    pub(crate) window: Mutex<Vec<&'static str>>,
    pub(crate) security: Mutex<Vec<NoticeKind>>,
    pub(crate) impersonation: Mutex<Vec<ImpersonationNotice>>,
    pub(crate) in_front: AtomicBool,
    pub(crate) ended: Notify,
}

impl Shown {
    pub(crate) fn surfaces(self: &Arc<Self>) -> Surfaces {
        let part = || Box::new(Part(Arc::clone(self)));
        Surfaces {
            window: part(),
            tray: part(),
            notifier: part(),
        }
    }

    pub(crate) fn window(&self) -> Vec<&'static str> {
        self.window.lock().unwrap().clone()
    }
}

struct Part(Arc<Shown>);

impl Part {
    fn note(&self, what: &'static str) {
        self.0.window.lock().unwrap().push(what);
    }
}

impl Window for Part {
    fn show(&self) {
        self.note("show");
    }
    fn bring_to_front(&self) {
        self.note("front");
    }
    fn is_in_front(&self) -> bool {
        self.0.in_front.load(Ordering::SeqCst)
    }
    fn hide(&self) {
        self.note("hide");
    }
    fn tell(&self, _view: &AppView) {
        self.0.views.fetch_add(1, Ordering::SeqCst);
    }
    fn end(&self) {
        self.note("end");
        self.0.ended.notify_one();
    }
}

impl Tray for Part {
    fn show(&self, severity: Severity, tooltip: &str, _language: Language) {
        self.0.tray.lock().unwrap().push((severity, tooltip.to_owned()));
    }
}

impl Notifier for Part {
    fn show(&self, notice: Notice, _language: Language) {
        self.0.notices.lock().unwrap().push(notice);
    }
    fn show_security(&self, notice: &SecurityNotice, _language: Language) {
        self.0.security.lock().unwrap().push(notice.kind);
    }
    fn show_impersonation(&self, notice: &ImpersonationNotice, _user_name: &str, _language: Language) {
        self.0.impersonation.lock().unwrap().push(*notice);
    }
}

/// A device: its folders and its keychain, which outlive the app.
pub(crate) struct Device {
    pub(crate) root: tempfile::TempDir,
    pub(crate) vault: Arc<MemoryVault>,
    pub(crate) network: Between,
}

/// A running app on a device.
pub(crate) struct App {
    pub(crate) handle: ControllerHandle,
    pub(crate) shown: Arc<Shown>,
    /// The server inside it, as another device would reach it.
    pub(crate) server: Arc<EmbeddedServer>,
}

impl Device {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        Self {
            root,
            vault: Arc::new(MemoryVault::new()),
            network: Between::default(),
        }
    }

    /// A device whose embedded server has the demonstration's accounts and goods.
    pub(crate) async fn with_accounts() -> Self {
        let device = Self::new();
        let keys = server::Keys::generate().unwrap();
        device.vault.put("embedded-server-keys", &keys.to_bytes());
        let server = device.server(&keys).await;
        server::demo::seed(server.server().store().as_ref())
            .await
            .unwrap();
        server.close().await;
        device
    }

    pub(crate) fn folders(&self) -> Folders {
        Folders::below(self.root.path())
    }

    pub(crate) async fn server(&self, keys: &server::Keys) -> server::embedded::EmbeddedServer {
        server::embedded::open(
            &self.folders().embedded_server(),
            keys,
            server::ServerOptions::default(),
        )
        .await
        .unwrap()
    }

    /// How many sales the server has of the operator who signs in so. No app may run.
    pub(crate) async fn sales_of(&self, account: server::demo::Account) -> Vec<protocol::sale::Sale> {
        let keys = server::Keys::from_bytes(&self.vault.peek("embedded-server-keys").unwrap()).unwrap();
        let server = self.server(&keys).await;
        let transport = keeper::InProcessTransport::new(server.router.clone());
        let bearer = bearer_of(&transport, account).await;
        let answer = transport
            .send(
                json_request("GET", "/v1/sales", Some(&bearer), String::new()),
                Limits::AUTH,
            )
            .await
            .unwrap();
        server.close().await;
        serde_json::from_slice::<protocol::sale::SaleList>(answer.body())
            .unwrap()
            .sales
    }

    pub(crate) fn parts(&self) -> Parts {
        let folders = self.folders();
        let vault: Arc<dyn Vault> = Arc::clone(&self.vault) as Arc<dyn Vault>;
        let settings_file = SettingsFile::new(folders.settings_file());
        let embedded = EmbeddedServer::new(folders.embedded_server(), Arc::clone(&vault));
        let mut reach = Reach::new(Arc::new(embedded));
        reach.between = Some(self.network.clone());
        Parts {
            settings: settings_file.read(defaults("caisse")),
            settings_file,
            reach,
            vault,
            clock: Arc::new(keeper::BoottimeClock::new()),
            desk: WorkDesk::start(folders.work().join("work.db")).unwrap(),
            knobs: quick(),
            about: crate::view::About {
                version: "0".to_owned(),
                platform: "test".to_owned(),
                webview: "none".to_owned(),
                data_folder: folders.data.display().to_string(),
                demo: false,
            },
            folders,
        }
    }

    pub(crate) fn start(&self) -> App {
        self.start_with(self.parts())
    }

    /// As [`Device::start`], with parts that a test has changed.
    pub(crate) fn start_with(&self, parts: Parts) -> App {
        let server = Arc::clone(parts.reach.embedded());
        let (handle, controller) = controller(parts);
        let shown = Arc::new(Shown::default());
        tokio::spawn(controller.run(shown.surfaces()));
        App {
            handle,
            shown,
            server,
        }
    }
}

/// Signs in past the app.
pub(crate) async fn bearer_of(transport: &dyn Transport, account: server::demo::Account) -> String {
    let login = serde_json::json!({
        "username": account.username, "password": account.password, "device_name": "test", "device_kind": "till",
    });
    let answer = transport
        .send(
            json_request("POST", "/v1/auth/login", None, login.to_string()),
            Limits::AUTH,
        )
        .await
        .unwrap();
    let tokens: protocol::auth::LoginAnswer = serde_json::from_slice(answer.body()).unwrap();
    tokens.tokens.access_token.expose().to_owned()
}

pub(crate) fn json_request(
    method: &str,
    path: &str,
    bearer: Option<&str>,
    body: String,
) -> HttpRequest<Bytes> {
    let mut request = HttpRequest::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json");
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    request.body(body.into()).unwrap()
}

/// The keeper's times, short enough for a test.
fn quick() -> Knobs {
    Knobs {
        heartbeat_busy: Span::from_ms(100),
        heartbeat_calm: Span::from_ms(100),
        backoff_base: Span::from_ms(50),
        backoff_cap: Span::from_ms(200),
        return_jitter: Span::from_ms(50),
        recovery_spread: Span::from_ms(50),
        cut_notified_after: Span::from_ms(200),
        vault_retry: Span::from_ms(100),
        vault_retry_cap: Span::from_ms(200),
        ..Knobs::default()
    }
}

impl App {
    /// The first view for which this holds.
    pub(crate) async fn view(&self, holds: impl Fn(&AppView) -> bool) -> AppView {
        let mut views = self.handle.views();
        let found = tokio::time::timeout(Duration::from_secs(20), views.wait_for(|view| holds(view))).await;
        match found {
            Ok(view) => view.unwrap().as_ref().clone(),
            Err(_) => panic!(
                "the awaited view did not come; the newest is {:#?}",
                self.handle.view()
            ),
        }
    }

    pub(crate) async fn phase(&self, phase: Phase) -> AppView {
        self.view(|view| view.session.phase == phase).await
    }

    pub(crate) async fn sign_in(&self, account: server::demo::Account) -> Result<AppView, UiError> {
        let (username, password) = (account.username.to_owned(), Secret::new(account.password));
        self.handle
            .ask(|reply| Request::SignIn {
                username,
                password,
                reply,
            })
            .await
    }

    /// The keeper's client, as commands get it.
    pub(crate) async fn client(&self) -> keeper::AuthorisedClient {
        self.handle.client().await.unwrap()
    }

    pub(crate) async fn put(&self, draft: &TicketDraft) -> Result<Saved, UiError> {
        let draft = Box::new(draft.clone());
        self.handle
            .ask(|reply| Request::Work(WorkRequest::Put { draft, reply }))
            .await
    }

    pub(crate) async fn current(&self) -> Result<Option<TicketDraft>, UiError> {
        self.handle
            .ask(|reply| Request::Work(WorkRequest::Current(reply)))
            .await
    }

    pub(crate) async fn finish(&self, draft: &TicketDraft) -> Result<AppView, UiError> {
        self.finish_from(TicketKeeping::Journal, draft).await
    }

    /// Pays a ticket that was kept there.
    pub(crate) async fn finish_from(
        &self,
        keeping: TicketKeeping,
        draft: &TicketDraft,
    ) -> Result<AppView, UiError> {
        let draft = Box::new(draft.clone());
        self.handle
            .ask(|reply| {
                Request::Work(WorkRequest::Finish {
                    draft,
                    keeping,
                    reply,
                })
            })
            .await
    }

    /// A ticket for goods that the server knows.
    pub(crate) async fn ticket(&self, number: u128) -> TicketDraft {
        let goods = self.handle.ask(Request::Categories).await.unwrap();
        let mut draft = crate::work::sample::ticket(number);
        draft.lines[0].category_id = goods.categories[0].id.to_string();
        draft
    }

    /// Ends the app and waits until it has put itself away.
    pub(crate) async fn end(self) {
        self.handle.tell(Request::Quit);
        let ended = tokio::time::timeout(Duration::from_secs(20), self.shown.ended.notified()).await;
        assert!(ended.is_ok(), "the app does not end");
    }
}
