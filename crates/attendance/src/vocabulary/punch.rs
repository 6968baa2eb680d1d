//! A punch as the rules see it: who is settled, only identity, instant and declared direction remain (rules 3, 5).

use serde::{Deserialize, Serialize};

use super::instant;
use crate::punch::Fingerprint;

/// One recognition event of one person (rules 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Punch {
    /// Identity; two punches with the same one are one punch.
    pub id: Fingerprint,
    /// When it happened, in seconds since the epoch.
    #[serde(with = "instant")]
    pub at: i64,
    /// The declared direction.
    #[serde(default)]
    pub state: PunchState,
    /// When the server learned of it, in seconds since the epoch; `None` means it was always known.
    #[serde(default, with = "instant::option", skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<i64>,
}

/// The declared direction of a punch (rules 5.1). Used by the rules only if `punch.use_state` is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PunchState {
    /// Check-in, code 0.
    In,
    /// Check-out, code 1.
    Out,
    /// A break starts, code 2.
    BreakOut,
    /// A break ends, code 3.
    BreakIn,
    /// Overtime starts, code 4.
    OtIn,
    /// Overtime ends, code 5.
    OtOut,
    /// No usable direction.
    #[default]
    Unknown,
}

impl PunchState {
    /// The state that a terminal's code stands for; all codes but 0 to 5 are [`PunchState::Unknown`] (rules 5.1).
    pub fn from_code(code: i32) -> Self {
        match code {
            0 => Self::In,
            1 => Self::Out,
            2 => Self::BreakOut,
            3 => Self::BreakIn,
            4 => Self::OtIn,
            5 => Self::OtOut,
            _ => Self::Unknown,
        }
    }

    /// Whether the person came (`in`, `ot_in`, `break_in`) (rules 11.1).
    pub fn is_arrival(self) -> bool {
        matches!(self, Self::In | Self::OtIn | Self::BreakIn)
    }

    /// Whether the person went (`out`, `ot_out`, `break_out`) (rules 11.1).
    pub fn is_departure(self) -> bool {
        matches!(self, Self::Out | Self::OtOut | Self::BreakOut)
    }
}
