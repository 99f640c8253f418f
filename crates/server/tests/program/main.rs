//! `vigie-server` as whoever runs it meets it: the program itself, over real sockets, files and signals.
#![cfg(unix)]

mod command_line;
mod configuration;
mod ending;
mod faults;
mod place;
mod tls;
