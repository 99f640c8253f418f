//! Starts the desktop app, or with `vigie keep` the keeper alone.
#![cfg_attr(all(not(debug_assertions), windows), windows_subsystem = "windows")]

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;
use vigie::folders::Folders;
use vigie::keep::{Form, Wish, keep};
use vigie::shell::{self, RunError, parts_of_this_machine};

/// Keeps operators signed in and their work safe.
#[derive(Debug, Parser)]
#[command(name = "vigie", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep the session without a window, and print a line at each change.
    Keep(KeepArguments),
}

#[derive(Debug, Args)]
struct KeepArguments {
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
    /// Sign in as USER first; the password is the first line of the standard input.
    #[arg(long, value_name = "USER")]
    sign_in: Option<String>,
    /// A server other than that of the settings.
    #[arg(long, value_name = "ADDRESS")]
    server: Option<String>,
    /// PEM file with the certificate authority of that server.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    set_environment();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "vigie: {error}");
            tracing::error!(%error, source = error.source().map(tracing::field::display), "the app ends");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let folders = Folders::of_platform().ok_or(RunError::NoFolder)?;
    vigie::log::start(&folders.log);
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        tracing::debug!("a TLS provider was there before");
    }
    match arguments.command {
        None => Ok(shell::run(folders)?),
        Some(Command::Keep(arguments)) => {
            let wish = Wish {
                sign_in: arguments.sign_in,
                server: arguments.server,
                ca_file: arguments.ca_file,
                form: if arguments.json {
                    Form::Json
                } else {
                    Form::Sentence
                },
            };
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let parts = parts_of_this_machine(folders)?;
            Ok(runtime.block_on(keep(parts, wish, password_from_input))?)
        }
    }
}

fn password_from_input() -> io::Result<SecretString> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let password = SecretString::from(line.trim_end_matches(['\r', '\n']));
    zeroize::Zeroize::zeroize(&mut line);
    Ok(password)
}

/// Some Linux graphics drivers show an empty window with the engine's newest way to paint, so it is off unless the
/// user says otherwise. And only a build made for it lets a test drive the window.
#[cfg(target_os = "linux")]
fn set_environment() {
    let keeps_painting_as_is = std::env::var_os("WEBKIT_DISABLE_DMABUF_RENDERER").is_some();
    #[expect(
        unsafe_code,
        reason = "there is no other way to set the environment of this process"
    )]
    // SAFETY: this is the first thing that happens; no other thread exists that could read the environment.
    unsafe {
        if !keeps_painting_as_is {
            std::env::set_var("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        }
        if cfg!(not(feature = "automation")) {
            std::env::remove_var("TAURI_WEBVIEW_AUTOMATION");
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn set_environment() {}
