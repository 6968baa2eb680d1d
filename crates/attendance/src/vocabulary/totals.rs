//! Sums over a period (rules 14.6).

use serde::{Deserialize, Serialize};

use super::CodeMinutes;

/// What payroll needs of a range of judged dates (rules 14.6).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Worked minutes.
    pub worked_minutes: i64,
    /// Paid minutes.
    pub paid_minutes: i64,
    /// Minutes per tier.
    pub pay: CodeMinutes,
    /// Minutes per premium.
    pub premiums: CodeMinutes,
    /// Dates with tardy minutes.
    pub tardy_count: i64,
    /// Tardy minutes.
    pub tardy_minutes: i64,
    /// Dates with left-early minutes.
    pub left_early_count: i64,
    /// Left-early minutes.
    pub left_early_minutes: i64,
    /// Absent dates.
    pub absent_days: i64,
    /// Incomplete dates.
    pub incomplete_days: i64,
    /// Minutes times percent over tiers and premiums: percent-minutes.
    pub weighted: i64,
    /// Penalty units for tardy dates.
    pub penalty_units: i64,
}
