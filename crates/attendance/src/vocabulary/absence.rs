//! Leave and offsite work, stored per date (rules 3, 9).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{ClockTime, instant};

/// Which part of the plan an entry covers (rules 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The whole date.
    Full,
    /// The first half.
    Am,
    /// The second half.
    Pm,
    /// From one clock time to another.
    Hours,
}

/// Leave of one person on one date (rules 3, 9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// Work date.
    pub date: Date,
    /// Covered part.
    pub part: Part,
    /// Start, with [`Part::Hours`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ClockTime>,
    /// End, exclusive, with [`Part::Hours`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ClockTime>,
    /// Whether the removed minutes are paid.
    #[serde(default = "yes")]
    pub paid: bool,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The caller's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it was entered, in seconds since the epoch; `None` means it was always known.
    #[serde(default, with = "instant::option", skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<i64>,
}

/// Work elsewhere (remote, trip, field) of one person on one date: counted as worked without punches (rules 3, 9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offsite {
    /// Work date.
    pub date: Date,
    /// Covered part.
    pub part: Part,
    /// Start, with [`Part::Hours`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ClockTime>,
    /// End, exclusive, with [`Part::Hours`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ClockTime>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The caller's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it was entered, in seconds since the epoch; `None` means it was always known.
    #[serde(default, with = "instant::option", skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<i64>,
}

fn yes() -> bool {
    true
}
