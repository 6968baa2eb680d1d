//! The terminal as an ADMS client: it reports its logs to a server and does what the server commands (adms 13).
//!
//! Invariants: an upload that was not answered with 200 is kept and sent again as the very same body; a cursor moves only after
//! 200; a stamp of 0 moves it back to the start (adms 5). Delivery is at least once, never at most once. What outlives the power are
//! the logs, the user table and the cursors; what waited in memory, results of commands among it, is lost with it.

mod attendance;
mod commands;
mod http;
mod mishaps;
mod opening;
mod pending;
mod photo;
mod reporter;
mod security;
mod settings;
mod style;
mod upload;

use std::time::Duration;

use crate::terminal::Terminal;
pub use http::{HttpError, ServerUrl};
use mishaps::Mishaps;
use reporter::Reporter;
use upload::Cursors;

/// Where and how a terminal reports.
#[derive(Debug, Clone)]
pub struct PushOptions {
    /// The server.
    pub server: ServerUrl,
    /// Most lines of one upload.
    pub batch_lines: usize,
    /// Pause after a failure; `None` takes the server's `ErrorDelay`.
    pub error_delay: Option<Duration>,
    /// Pause between polls for commands; `None` takes the server's `Delay`.
    pub poll_delay: Option<Duration>,
}

impl PushOptions {
    /// Reports to this server with its own delays, 200 lines at a time.
    pub fn new(server: ServerUrl) -> PushOptions {
        PushOptions { server, batch_lines: 200, error_delay: None, poll_delay: None }
    }
}

/// What a terminal knows after the power was away.
#[derive(Debug)]
struct Memory {
    cursors: Cursors,
    mishaps: Mishaps,
}

/// Reports for ever, through restarts; end it by dropping the future. Failures are waited out, as terminals do. A make without push
/// never says a word.
pub async fn report(terminal: Terminal, options: PushOptions) {
    let Some(make) = terminal.profile().push else { return std::future::pending().await };
    let punched = terminal.progress().borrow().punched;
    let mut memory = Memory { cursors: Cursors::default(), mishaps: Mishaps::new(punched) };
    loop {
        let restarts = terminal.restarts();
        let mut reporter = Reporter::new(&terminal, make, &options, &mut memory);
        tokio::select! {
            never = reporter.live() => match never {},
            () = terminal.restarted(restarts) => {}
        }
    }
}
