//! The commands the screen may call: each hands one request to the controller and returns its answer.

pub mod about;
pub mod administration;
pub mod alerts;
pub mod audit;
pub mod categories;
pub mod impersonation;
pub mod insight;
pub mod parked;
pub mod session;
pub mod sessions;
pub mod settings;
pub mod till_day;
pub mod work;

#[cfg(test)]
mod tests;
