//! Punchclock: attendance from the terminal to the payroll file.
//!
//! This crate is the shell around the rooms: arguments, settings, roles, exit codes. `serve` joins edge and hub in one
//! process over the same contract that joins them over a network.

// A shell: it reads the clock and draws random bytes.
#![allow(clippy::disallowed_methods)]

mod chance;
mod cli;
mod commands;
mod home;
mod log;
mod progress;
mod runner;
mod sealing;
mod service;
mod settings;
mod show;
mod signals;
mod silence;
mod sinks;
mod tables;

use std::process::ExitCode;

use clap::Parser as _;

/// Exit codes: 0 done, 1 failed, 2 wrong use (clap's own).
fn main() -> ExitCode {
    // One provider for every TLS user of the process, chosen before anybody needs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match commands::run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that closed the pipe has what it wanted.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("punchclock: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
