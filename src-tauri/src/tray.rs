//! The icon beside the system's clock: how the session is, by shape and colour, with words on hover. Where the desktop
//! has no place for it, the app does without.

use std::panic::{AssertUnwindSafe, catch_unwind};

use keeper_core::Severity;
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Runtime};

use crate::controller::{ControllerHandle, Request};
use crate::notice_words::{open, quit};
use crate::surfaces::Tray;
use crate::view::Language;

const ICON: Image<'static> = tauri::include_image!("icons/32x32.png");
const OPEN: &str = "open";
const QUIT: &str = "quit";

/// The icon, where there is one.
pub struct DesktopTray<R: Runtime> {
    placed: Option<Placed<R>>,
}

struct Placed<R: Runtime> {
    app: AppHandle<R>,
    icon: TrayIcon<R>,
}

impl<R: Runtime> DesktopTray<R> {
    /// Puts the icon in its place, if the desktop has one. The library that draws it panics where it is not installed.
    pub fn place(app: &AppHandle<R>, controller: &ControllerHandle, language: Language) -> Self {
        let built = catch_unwind(AssertUnwindSafe(|| build(app, controller, language)));
        let placed = match built {
            Ok(Ok(icon)) => Some(Placed {
                app: app.clone(),
                icon,
            }),
            Ok(Err(error)) => {
                tracing::warn!(%error, "no icon beside the clock");
                None
            }
            Err(_) => {
                tracing::warn!("no icon beside the clock: its library is not installed");
                None
            }
        };
        Self { placed }
    }
}

fn build<R: Runtime>(
    app: &AppHandle<R>,
    controller: &ControllerHandle,
    language: Language,
) -> tauri::Result<TrayIcon<R>> {
    let (on_menu, on_click) = (controller.clone(), controller.clone());
    TrayIconBuilder::with_id("vigie")
        .icon(icon_of(Severity::Hidden))
        .tooltip("Vigie")
        .menu(&menu(app, language)?)
        .show_menu_on_left_click(false)
        .on_menu_event(move |_, event| match event.id().as_ref() {
            OPEN => on_menu.tell(Request::Show),
            QUIT => on_menu.tell(Request::CloseAsked),
            other => tracing::debug!(other, "the icon's menu has no such entry"),
        })
        .on_tray_icon_event(move |_, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                on_click.tell(Request::Show);
            }
        })
        .build(app)
}

fn menu<R: Runtime>(app: &AppHandle<R>, language: Language) -> tauri::Result<Menu<R>> {
    let open = MenuItem::with_id(app, OPEN, open(language), true, None::<&str>)?;
    let quit = MenuItem::with_id(app, QUIT, quit(language), true, None::<&str>)?;
    Menu::with_items(app, &[&open, &quit])
}

impl<R: Runtime> Tray for DesktopTray<R> {
    fn show(&self, severity: Severity, tooltip: &str, language: Language) {
        let Some(placed) = &self.placed else { return };
        let shown = placed
            .icon
            .set_icon(Some(icon_of(severity)))
            .and_then(|()| placed.icon.set_tooltip(Some(tooltip)))
            .and_then(|()| placed.icon.set_menu(Some(menu(&placed.app, language)?)));
        if let Err(error) = shown {
            tracing::warn!(%error, "the icon beside the clock does not change");
        }
    }
}

/// The app's icon with a mark in its corner: an amber disc for a warning, a red square for an error.
fn icon_of(severity: Severity) -> Image<'static> {
    let (width, height) = (ICON.width(), ICON.height());
    let mut rgba = ICON.rgba().to_vec();
    let centre = (width - 9, height - 9);
    for (place, pixel) in (0..width * height).zip(rgba.chunks_exact_mut(4)) {
        let (x, y) = (
            (place % width).abs_diff(centre.0),
            (place / width).abs_diff(centre.1),
        );
        let colour = match severity {
            Severity::Hidden | Severity::Info => None,
            Severity::Warning => (x * x + y * y <= 64).then_some([0xE0, 0x8A, 0x00, 0xFF]),
            Severity::Error => (x <= 8 && y <= 8).then_some([0xC6, 0x28, 0x28, 0xFF]),
        };
        if let Some(colour) = colour {
            pixel.copy_from_slice(&colour);
        }
    }
    Image::new_owned(rgba, width, height)
}

#[cfg(test)]
mod tests {
    use keeper_core::Severity;

    use super::icon_of;

    #[test]
    fn severities_differ_in_shape_as_well_as_colour() {
        let marked = |severity| {
            let (plain, icon) = (icon_of(Severity::Hidden), icon_of(severity));
            plain
                .rgba()
                .chunks(4)
                .zip(icon.rgba().chunks(4))
                .filter(|(before, after)| before != after)
                .count()
        };
        assert_eq!(marked(Severity::Info), 0);
        assert!(marked(Severity::Warning) > 100);
        assert!(marked(Severity::Error) > marked(Severity::Warning));
    }
}
