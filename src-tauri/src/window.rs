//! The one window: made hidden, shown once the screen has painted, and kept to the app's own pages.

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Runtime, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent};
use tauri_specta::Event as _;

use crate::controller::{ControllerHandle, Request};
use crate::folders::Folders;
use crate::surfaces::Window;
use crate::view::{AppChanged, AppView};

/// The window's label, as the capability names it.
pub const LABEL: &str = "main";

/// Makes the window, hidden.
///
/// # Errors
/// The platform's.
pub fn make<R: Runtime>(
    app: &impl Manager<R>,
    folders: &Folders,
    controller: &ControllerHandle,
) -> tauri::Result<WebviewWindow<R>> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Vigie")
        .inner_size(1_280.0, 800.0)
        .min_inner_size(800.0, 600.0)
        .visible(false)
        .data_directory(folders.webview())
        .on_navigation(is_own_page)
        .on_new_window(|url, _| {
            tracing::warn!(
                host = url.host_str(),
                "the screen asked for a second window; there is none"
            );
            NewWindowResponse::Deny
        })
        .build()?;
    let controller = controller.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { api, .. } = event {
            api.prevent_close();
            controller.tell(Request::CloseAsked);
        }
    });
    Ok(window)
}

fn is_own_page(url: &url::Url) -> bool {
    let own = matches!(
        (url.scheme(), url.host_str()),
        ("tauri", Some("localhost")) | ("http", Some("tauri.localhost"))
    );
    let developed = cfg!(not(feature = "custom-protocol")) && url.host_str() == Some("127.0.0.1");
    if !own && !developed {
        tracing::warn!(
            scheme = url.scheme(),
            host = url.host_str(),
            "the screen may not go there"
        );
    }
    own || developed
}

/// The window as the controller uses it.
#[derive(Debug)]
pub struct DesktopWindow<R: Runtime> {
    app: AppHandle<R>,
}

impl<R: Runtime> DesktopWindow<R> {
    /// The window of this app.
    pub const fn new(app: AppHandle<R>) -> Self {
        Self { app }
    }

    fn with(&self, what: &'static str, act: impl FnOnce(&WebviewWindow<R>) -> tauri::Result<()>) {
        let Some(window) = self.app.get_webview_window(LABEL) else {
            return;
        };
        if let Err(error) = act(&window) {
            tracing::warn!(%error, what, "the window does not do as it is told");
        }
    }
}

impl<R: Runtime> Window for DesktopWindow<R> {
    fn show(&self) {
        self.with("show", |window| {
            if window.is_visible()? {
                return Ok(());
            }
            window.show()?;
            window.set_focus()
        });
    }

    fn bring_to_front(&self) {
        self.with("bring to front", |window| {
            window.show()?;
            window.unminimize()?;
            window.set_focus()
        });
    }

    fn is_in_front(&self) -> bool {
        let window = self.app.get_webview_window(LABEL);
        window.is_some_and(|window| window.is_focused().unwrap_or(false))
    }

    fn hide(&self) {
        self.with("hide", WebviewWindow::hide);
    }

    fn tell(&self, view: &AppView) {
        if let Err(error) = AppChanged(view.clone()).emit(&self.app) {
            tracing::error!(%error, "the screen cannot be told of a change");
        }
    }

    fn end(&self) {
        self.app.exit(0);
    }
}

#[cfg(test)]
mod tests {
    use super::is_own_page;

    #[test]
    fn the_screen_stays_on_its_own_pages() {
        let is_own = |url: &str| is_own_page(&url.parse().unwrap());
        assert!(is_own("tauri://localhost/index.html"));
        assert!(is_own("http://tauri.localhost/"));
        for elsewhere in [
            "https://example.org/",
            "http://127.0.0.1:5173/",
            "file:///etc/passwd",
            "tauri://evil/",
            "about:blank",
        ] {
            assert!(!is_own(elsewhere), "{elsewhere}");
        }
    }
}
