//! `terminal command` and `terminal commands`.

use clap::{Args, Subcommand, ValueEnum};

/// What a terminal is asked for.
#[derive(Debug, Args)]
pub(crate) struct TerminalAsk {
    /// Its name or serial
    pub(crate) terminal: String,
    /// Show its commands and what became of them, newest first
    #[arg(long)]
    pub(crate) list: bool,
    /// Give it up when the terminal has not done it within this time, like 2h or 7d (default: 24h)
    #[arg(long, value_name = "SPAN", global = true)]
    pub(crate) expires: Option<jiff::Span>,
    /// Wait this long for the result, like 2m, and print it
    #[arg(long, value_name = "SPAN", global = true)]
    pub(crate) wait: Option<jiff::Span>,
    #[command(subcommand)]
    pub(crate) what: Option<Ask>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ask {
    /// Tell all its options
    Info,
    /// Read its settings again
    Check,
    /// Upload its whole log and its users again; what is known already changes nothing
    UploadAgain,
    /// Upload the punches of a span again
    Punches(Span),
    /// Count the punches of a span
    Count(Span),
    /// Upload its user table
    Users,
    /// Create a user, or replace one: what is not given here is empty there afterwards, a password too on some firmware; at a terminal
    /// that is only polled it stays
    PutUser {
        /// User number
        number: String,
        /// Name shown at the terminal
        #[arg(long, default_value = "")]
        name: String,
        /// Card number
        #[arg(long)]
        card: Option<u64>,
        /// May change the terminal's settings
        #[arg(long)]
        administrator: bool,
    },
    /// Give a user of a polled terminal another name; card, rights and fingers stay
    RenameUser {
        /// User number
        number: String,
        /// New name shown at the terminal
        #[arg(long)]
        name: String,
    },
    /// Delete a user with its fingers and faces
    DeleteUser {
        /// User number
        number: String,
    },
    /// Tell one option
    GetOption {
        /// Its name, like Delay
        name: String,
    },
    /// Change one option
    SetOption {
        /// Name and value, like Delay=10
        #[arg(value_name = "NAME=VALUE")]
        option: String,
    },
    /// Restart
    Reboot,
}

#[derive(Debug, Args)]
pub(crate) struct Span {
    /// First moment on its own face, like 2026-01-05 or "2026-01-05 08:00:00"
    #[arg(long, value_name = "TIME")]
    pub(crate) from: String,
    /// Last moment on its own face; a date is meant to its end (default: today)
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
}

/// Which commands are listed.
#[derive(Debug, Args)]
pub(crate) struct CommandList {
    /// Only one, by its number, with all that the terminal told
    #[arg(long, value_name = "N", conflicts_with_all = ["terminal", "state"])]
    pub(crate) number: Option<i64>,
    /// Only of this terminal: name or serial
    #[arg(long, value_name = "NAME")]
    pub(crate) terminal: Option<String>,
    /// Only those that have come so far
    #[arg(long, value_enum)]
    pub(crate) state: Option<State>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum State {
    Queued,
    HandedOver,
    Sent,
    Expired,
    Done,
    Failed,
}
