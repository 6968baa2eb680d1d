//! Recorded corrections: inputs with author and reason, never edits of results (rules 17.1).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Code, Fingerprint, PunchState, instant};

/// One correction (rules 17.1). Append-only; [`Change::Revoke`] cancels another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// The caller's key, unique within a person.
    pub id: String,
    /// What is corrected.
    #[serde(flatten)]
    pub change: Change,
    /// Who recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was recorded, in seconds since the epoch; `None` means it was always known.
    #[serde(default, with = "instant::option", skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<i64>,
}

/// The kinds of correction (rules 17.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Change {
    /// A manual punch, optionally forced onto a work date.
    AddPunch {
        /// When, in seconds since the epoch.
        #[serde(with = "instant")]
        at: i64,
        /// Direction.
        #[serde(default)]
        state: PunchState,
        /// The date it belongs to, instead of what the contested zone says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work_date: Option<Date>,
    },
    /// A punch is ignored; it stays stored.
    VoidPunch {
        /// The punch.
        target: Fingerprint,
    },
    /// Missed minutes of a date are excused.
    Excuse {
        /// Work date.
        date: Date,
        /// Which minutes.
        what: Vec<Excusable>,
    },
    /// Overtime of a date is approved; several add up.
    ApproveOvertime {
        /// Work date.
        date: Date,
        /// Approved minutes.
        minutes: i64,
    },
    /// No break is deducted on a date.
    WaiveBreak {
        /// Work date.
        date: Date,
    },
    /// Paid worked minutes without a position are added to a date.
    Credit {
        /// Work date.
        date: Date,
        /// Minutes.
        minutes: i64,
        /// Pay code they are added to.
        code: Code,
    },
    /// Another adjustment is cancelled for good.
    Revoke {
        /// Its key.
        target: String,
    },
}

impl Excusable {
    /// Its name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tardy => "tardy",
            Self::LeftEarly => "left_early",
            Self::Away => "away",
            Self::Absence => "absence",
        }
    }
}

/// What a manager can excuse (rules 12, step 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excusable {
    /// Tardy minutes.
    Tardy,
    /// Left-early minutes.
    LeftEarly,
    /// Away minutes.
    Away,
    /// Absent minutes.
    Absence,
}
