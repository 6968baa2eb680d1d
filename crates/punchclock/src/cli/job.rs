//! Arguments of `job`.

use clap::Subcommand;
use hub::jobs::JobState;

#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// What waits, runs, was done and has failed for good, the latest first
    List {
        /// Only those: waiting, running, done or dead
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Option<JobState>,
        /// Only of this kind, like derive
        #[arg(long)]
        kind: Option<String>,
        /// Most lines
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
    /// Do a job of a kind now, beside its schedule: a running server takes it within a second; without one it runs here
    Run {
        /// The kind: derive, clean-up, backup, seal, send, retry or pull
        kind: String,
    },
    /// Let a dead job be tried again
    Retry {
        /// Its number in the list
        #[arg(required_unless_present = "all")]
        id: Option<i64>,
        /// Every dead one
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
}

fn state(word: &str) -> Result<JobState, String> {
    JobState::of(word).ok_or_else(|| "write waiting, running, done or dead".to_owned())
}
