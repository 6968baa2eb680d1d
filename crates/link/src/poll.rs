//! What became of a reading of a terminal's log, for people. ([`Reading`](crate::Reading) tells what it proves.)
//!
//! Invariant: a terminal and the begin of a reading are that reading, however often it is told.

use serde::{Deserialize, Serialize};

/// Most of them in one heartbeat; the next one brings more.
pub const MAX_POLLS: usize = 100;

/// How a reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollOutcome {
    /// All that the terminal holds was read and stored.
    Whole,
    /// A part of it was; the next reading goes on.
    Partial,
    /// Nothing was.
    Failed,
}

impl PollOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Partial, Self::Failed];

    /// The word for it in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }

    /// The outcome of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// A reading that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// Serial of the terminal.
    pub serial: String,
    /// When it began, microseconds since the epoch, UTC.
    pub began_us: i64,
    /// How long it took, with finding the terminal and storing what it brought.
    pub took_ms: u64,
    /// How it ended.
    pub outcome: PollOutcome,
    /// What was in the way, with the cure, or what a person should know although it went well.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// Records of the log that came; `None` where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// How many of them were new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<u64>,
}
