//! What a check found.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A limit that was not kept (rules 16). Ordered by date, then code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The work date it is reported on: of a week its first date, of an average the last date of the range.
    pub date: Date,
    /// The check.
    pub code: CheckCode,
    /// What was found: minutes; of `consecutive_days` dates.
    pub actual: i64,
    /// What the check asks for, in the same unit.
    pub limit: i64,
}

/// The checks by name (rules 16). Ordered by their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckCode {
    /// The average week is too long.
    AvgWeek,
    /// The breaks of a date are too short for what was worked.
    Break,
    /// Too many worked dates in a row.
    ConsecutiveDays,
    /// Too little rest between two worked dates.
    DailyRest,
    /// A date is too long.
    MaxDay,
    /// A workweek is too long.
    MaxWeek,
    /// A workweek without a long enough rest.
    WeeklyRest,
}

impl CheckCode {
    /// All checks, by text.
    pub const ALL: [Self; 7] = [
        Self::AvgWeek,
        Self::Break,
        Self::ConsecutiveDays,
        Self::DailyRest,
        Self::MaxDay,
        Self::MaxWeek,
        Self::WeeklyRest,
    ];

    /// Its code, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AvgWeek => "avg_week",
            Self::Break => "break",
            Self::ConsecutiveDays => "consecutive_days",
            Self::DailyRest => "daily_rest",
            Self::MaxDay => "max_day",
            Self::MaxWeek => "max_week",
            Self::WeeklyRest => "weekly_rest",
        }
    }
}

impl std::fmt::Display for CheckCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_ordered_by_their_text() {
        let texts: Vec<_> = CheckCode::ALL.iter().map(|code| code.as_str()).collect();
        assert!(texts.is_sorted() && CheckCode::ALL.is_sorted());
        for code in CheckCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
