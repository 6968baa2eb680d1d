//! What a bank looks like at the end of a date (rules 15).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Outcome;

/// A bank at the end of a date (rules 15).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Minutes that can be used: the sum of the lots.
    pub balance_minutes: i64,
    /// Sums over all events.
    pub totals: BankTotals,
    /// Lots with minutes left, in the order in which they will be used.
    pub lots: Vec<Lot>,
    /// What came of each event, in the order of the events.
    pub results: Vec<Outcome>,
}

/// One accrual with its own expiry (rules 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lot {
    /// Work date it was earned on.
    pub earned: Date,
    /// Last date on which it can be used; `None`: it never expires.
    pub expires: Option<Date>,
    /// Minutes left.
    pub minutes: i64,
}

/// Sums over the events of a bank, in minutes (rules 15). In JSON a sum of 0 is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BankTotals {
    /// Granted.
    #[serde(skip_serializing_if = "is_zero")]
    pub credited: i64,
    /// Beyond the caps, lost.
    #[serde(skip_serializing_if = "is_zero")]
    pub overflow_forfeited: i64,
    /// Beyond the caps, to be paid as overtime.
    #[serde(skip_serializing_if = "is_zero")]
    pub overflow_paid: i64,
    /// Taken by accepted uses, cancelled ones included.
    #[serde(skip_serializing_if = "is_zero")]
    pub used: i64,
    /// Returned by cancellations.
    #[serde(skip_serializing_if = "is_zero")]
    pub restored: i64,
    /// Not used in time, lost.
    #[serde(skip_serializing_if = "is_zero")]
    pub expired: i64,
    /// Not used in time, to be paid.
    #[serde(skip_serializing_if = "is_zero")]
    pub expired_paid: i64,
    /// Asked for by uses that were refused.
    #[serde(skip_serializing_if = "is_zero")]
    pub rejected: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(minutes: &i64) -> bool {
    *minutes == 0
}
