//! The desktop shell of Vigie: window, tray, notices, typed commands and one event. It takes no decision about sessions.

pub mod bindings;
pub mod commands;
pub mod controller;
pub mod folders;
pub mod log;
pub mod settings;
pub mod view;
