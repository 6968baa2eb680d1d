//! What happens to a bank, and what came of it (rules 15).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Code;

/// Something that happens to the bank of one person on a date (rules 15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A judged date has minutes of a pay code. The key is date and code: there is one such event for both, as
    /// [`Bank::earnings`](super::Bank::earnings) makes them.
    Earn {
        /// Work date.
        date: Date,
        /// Pay code.
        code: Code,
        /// Minutes of the code, before the rate.
        minutes: i64,
    },
    /// Time off is asked for.
    Use {
        /// First date of the time off.
        date: Date,
        /// Key of the request.
        id: String,
        /// Minutes of the bank.
        minutes: i64,
    },
    /// A use does not take place.
    CancelUse {
        /// When it was cancelled.
        date: Date,
        /// Key of the request.
        id: String,
    },
}

impl Event {
    /// The date it happens on.
    pub fn date(&self) -> Date {
        match self {
            Self::Earn { date, .. } | Self::Use { date, .. } | Self::CancelUse { date, .. } => *date,
        }
    }

    /// Its place among the events of a date: uses, cancellations, earnings.
    pub(super) fn turn(&self) -> u8 {
        match self {
            Self::Use { .. } => 0,
            Self::CancelUse { .. } => 1,
            Self::Earn { .. } => 2,
        }
    }
}

/// What came of an event (rules 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Of an earning.
    Earned {
        /// Granted minutes.
        credited: i64,
        /// Minutes beyond the caps, forfeited or paid.
        overflow: i64,
    },
    /// A use or a cancellation took place.
    Accepted,
    /// A use or a cancellation did not take place.
    Refused(Refusal),
    /// It lies after the date of the statement.
    Later,
}

/// Why a use or a cancellation did not take place (rules 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Nothing, or less, was asked for.
    #[error("ask for a positive number of minutes")]
    NotPositive,
    /// Not a multiple of the block.
    #[error("time off is taken in blocks of {block} minutes; ask for a multiple")]
    NotInBlocks {
        /// `use_block` of the policy, minutes.
        block: i64,
    },
    /// More than there was. If the use was approved before, a date that earned credit has changed since.
    #[error("the balance was {balance} minutes; ask for less or for a later date")]
    AboveBalance {
        /// The balance at that moment, minutes.
        balance: i64,
    },
    /// The key belongs to an accepted use already.
    #[error("a use with this id was accepted before; ask again under another id")]
    KnownUse,
    /// A cancellation of a use that was never accepted, or not up to this date.
    #[error("no use with this id was accepted; there is nothing to cancel")]
    UnknownUse,
    /// A second cancellation.
    #[error("the use with this id is cancelled already")]
    AlreadyCancelled,
}
