//! What the app is, and the window itself.

use tauri::State;

use crate::controller::{CloseAnswer, ControllerHandle, Request};
use crate::view::About;

/// Version, platform, data folder.
#[tauri::command]
#[specta::specta]
pub fn about(app: State<'_, ControllerHandle>) -> About {
    app.about()
}

/// The screen has painted something worth seeing: the window may be shown.
#[tauri::command]
#[specta::specta]
pub fn window_ready(app: State<'_, ControllerHandle>) {
    app.tell(Request::WindowReady);
}

/// Answers the question that `close_asked` in the view puts.
#[tauri::command]
#[specta::specta]
pub fn answer_close(app: State<'_, ControllerHandle>, close: bool) {
    app.tell(Request::CloseAnswered(if close {
        CloseAnswer::Close
    } else {
        CloseAnswer::Stay
    }));
}
