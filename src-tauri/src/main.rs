//! Starts the desktop app, or the keeper alone.
fn main() {}
