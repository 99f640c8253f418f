//! Oversight of impersonations: those who look after them are told of each that lasted for an hour, and of every month.

mod document;
mod figures;
mod gathering;
mod long_letter;
mod looking;
mod month;
mod month_letter;
mod page;
mod sending;
mod sheet;
mod type_setting;
mod watchers;
mod words;

pub(crate) use self::document::{DocumentError, document};
pub use self::looking::look;
pub use self::month::{Month, MonthError};
pub(crate) use self::month_letter::file_name;
pub use self::sending::send_waiting;
