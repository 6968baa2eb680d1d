//! A punch as the rules see it: who is settled, only identity, instant and declared direction remain (rules 3, 5).

use serde::{Deserialize, Serialize};

use super::instant;

/// The identity of a punch, independent of the road it came by (punch identity; computed in [`crate::punch`]). Text: 32
/// hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PunchId(pub [u8; 16]);

/// A text that is no punch identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no punch identity; it has 32 hexadecimal digits")]
pub struct PunchIdError(String);

impl std::str::FromStr for PunchId {
    type Err = PunchIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(|number| Self(number.to_be_bytes())).ok_or_else(|| PunchIdError(text.to_owned()))
    }
}

impl std::fmt::Display for PunchId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl From<crate::punch::Fingerprint> for PunchId {
    fn from(fingerprint: crate::punch::Fingerprint) -> Self {
        Self(fingerprint.0)
    }
}

impl std::fmt::Debug for PunchId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PunchId({self})")
    }
}

impl TryFrom<String> for PunchId {
    type Error = PunchIdError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PunchId> for String {
    fn from(id: PunchId) -> Self {
        id.to_string()
    }
}

/// One recognition event of one person (rules 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Punch {
    /// Identity; two punches with the same one are one punch.
    pub id: PunchId,
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
    /// The state that a terminal's code stands for; all codes but 0 to 5 are [`PunchState::Unknown`].
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

    /// Whether the person came (`in`, `ot_in`, `break_in`).
    pub fn is_arrival(self) -> bool {
        matches!(self, Self::In | Self::OtIn | Self::BreakIn)
    }

    /// Whether the person went (`out`, `ot_out`, `break_out`).
    pub fn is_departure(self) -> bool {
        matches!(self, Self::Out | Self::OtOut | Self::BreakOut)
    }
}
