//! Holidays and make-up workdays (rules 3, 7.1).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Weekday, instant};

/// The calendar of a site (rules 3, 7.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendar {
    /// Public and company holidays.
    pub holidays: Vec<Holiday>,
    /// Make-up workdays.
    pub workdays: Vec<Workday>,
    /// `YYYY` or `YYYY-MM`: holiday data could not be obtained for these.
    pub unavailable: Vec<String>,
}

/// A holiday (rules 7.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The date.
    pub date: Date,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The date it replaces; that one stays a holiday only if it is listed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substitute_for: Option<Date>,
    /// When it was entered, in seconds since the epoch; `None` means it was always known.
    #[serde(default, with = "instant::option", skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<i64>,
}

/// A date that is worked like another weekday of its Monday-based week, even if it is a holiday (rules 7.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workday {
    /// The date.
    pub date: Date,
    /// The weekday whose pattern applies.
    #[serde(rename = "use")]
    pub use_day: Weekday,
    /// When it was entered, in seconds since the epoch; `None` means it was always known.
    #[serde(default, with = "instant::option", skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<i64>,
}
