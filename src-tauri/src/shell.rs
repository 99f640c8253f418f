//! Puts the desktop app together and runs it.

use std::sync::Arc;

use keeper::{BoottimeClock, KeychainVault, Vault};
use keeper_core::Knobs;
use tauri::{App, Manager, RunEvent, Wry};
use tauri_plugin_window_state::StateFlags;

use crate::bindings;
use crate::controller::{Controller, ControllerHandle, Parts, Request, controller};
use crate::embedded_server::EmbeddedServer;
use crate::folders::Folders;
use crate::notice::DesktopNotifier;
use crate::reach::Reach;
use crate::settings::{SettingsFile, defaults, host_name};
use crate::surfaces::{NoNotifier, Notifier, Surfaces};
use crate::tray::DesktopTray;
use crate::view::{About, Language};
use crate::window::{self, DesktopWindow};
use crate::work::WorkDesk;

/// Why the app cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The user has no home folder.
    #[error("there is no folder for this user's data")]
    NoFolder,
    /// The operating system gives no thread.
    #[error("the operating system gives no thread")]
    Thread(#[from] std::io::Error),
    /// The window system does not let the app in.
    #[error("the window cannot be opened")]
    Window(#[from] tauri::Error),
}

/// The controller's parts on this machine.
///
/// # Errors
/// [`RunError::NoFolder`] or [`RunError::Thread`].
pub fn parts_of_this_machine(folders: Folders) -> Result<Parts, RunError> {
    let settings_file = SettingsFile::new(folders.settings_file());
    let settings = settings_file.read(defaults(&host_name()));
    let vault: Arc<dyn Vault> = Arc::new(KeychainVault::new()?);
    let embedded = EmbeddedServer::new(folders.embedded_server(), Arc::clone(&vault));
    Ok(Parts {
        settings,
        settings_file,
        reach: Reach::new(Arc::new(embedded)),
        vault,
        clock: Arc::new(BoottimeClock::new()),
        desk: WorkDesk::start(folders.work().join("work.db"))?,
        knobs: Knobs::default(),
        about: about(&folders),
        folders,
    })
}

fn about(folders: &Folders) -> About {
    About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        webview: tauri::webview_version().unwrap_or_default(),
        data_folder: folders.data.display().to_string(),
        demo: cfg!(feature = "demo"),
    }
}

/// Runs the app until it is closed.
///
/// # Errors
/// What keeps it from starting.
pub fn run(folders: Folders) -> Result<(), RunError> {
    tracing::info!(version = env!("CARGO_PKG_VERSION"), data = %folders.data.display(), "Vigie starts");
    let parts = parts_of_this_machine(folders.clone())?;
    let language = parts.settings.settings.language;
    let (handle, controller) = controller(parts);
    let bridge = bindings::builder::<Wry>();
    let second_start = handle.clone();
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(move |_, _, _| {
            second_start.tell(Request::Show)
        }))
        .plugin(
            tauri_plugin_window_state::Builder::new()
                .with_state_flags(kept_of_window())
                .build(),
        )
        .invoke_handler(bridge.invoke_handler())
        .manage(handle.clone())
        .setup(move |app| {
            bridge.mount_events(app);
            Ok(start(app, &folders, &handle, controller, language)?)
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| {
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
            app.state::<ControllerHandle>().tell(Request::Quit);
        }
    });
    Ok(())
}

fn kept_of_window() -> StateFlags {
    StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN
}

fn start(
    app: &App<Wry>,
    folders: &Folders,
    handle: &ControllerHandle,
    controller: Controller,
    language: Language,
) -> Result<(), RunError> {
    window::make(app, folders, handle)?;
    let clicked = handle.clone();
    let notifier: Box<dyn Notifier> =
        match DesktopNotifier::start(Arc::new(move || clicked.tell(Request::Show))) {
            Ok(notifier) => Box::new(notifier),
            Err(error) => {
                tracing::warn!(%error, "there will be no notifications");
                Box::new(NoNotifier)
            }
        };
    let surfaces = Surfaces {
        window: Box::new(DesktopWindow::new(app.handle().clone())),
        tray: Box::new(DesktopTray::place(app.handle(), handle, language)),
        notifier,
    };
    let (running, app) = (
        tauri::async_runtime::spawn(controller.run(surfaces)),
        app.handle().clone(),
    );
    tauri::async_runtime::spawn(async move {
        if let Err(error) = running.await {
            tracing::error!(%error, "the controller has failed; the work is on disk and the app ends");
            app.exit(1);
        }
    });
    tauri::async_runtime::spawn(quit_on_signal(handle.clone()));
    Ok(())
}

/// The machine shuts down, or somebody ends the app from a terminal.
async fn quit_on_signal(controller: ControllerHandle) {
    if crate::signals::asked_to_end().await.is_ok() {
        controller.tell(Request::Quit);
    }
}
