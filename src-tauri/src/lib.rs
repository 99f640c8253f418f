//! The desktop shell of Vigie: window, tray, notices, typed commands and one event. It takes no decision about sessions.

pub mod administration;
pub mod api;
pub mod bindings;
pub mod commands;
pub mod controller;
pub mod downloads;
pub mod embedded_server;
pub mod folders;
pub mod keep;
pub mod log;
pub mod notice;
pub mod notice_words;
pub mod reach;
pub mod refusal;
pub mod sessions;
pub mod settings;
pub mod shell;
pub mod signals;
pub mod surfaces;
pub mod till_choice;
pub mod times;
pub mod tray;
pub mod view;
pub mod window;
pub mod work;

#[cfg(test)]
mod testing;
