//! The derivation function, one file per step (rules 6).

pub(crate) mod calendar_day;
pub mod trace;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::vocabulary::*;
pub use trace::DayTrace;

/// What a company's people share, validated and compiled once.
#[derive(Debug, Clone)]
pub struct Rulebook {
    policy: Policy,
    timetables: Timetables,
    calendar: Calendar,
}

impl Rulebook {
    /// Compiles a policy, the timetables and a calendar. Refuses the first setting that is out of range (rules 18.1).
    pub fn new(policy: Policy, timetables: Timetables, calendar: Calendar) -> Result<Self, PolicyError> {
        policy.validate()?;
        Ok(Self { policy, timetables, calendar })
    }
}

/// What the rules need to know of one person. A person without employment dates is employed always; whoever wants
/// silence before the first punch narrows the range.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Zone of the person's site.
    pub zone: &'a TimeZone,
    /// First and last date of employment.
    pub employment: Employment,
    /// Patterns of timetables.
    pub assignments: &'a [Assignment],
    /// Other values for single dates.
    pub overrides: &'a [Override],
    /// Shortened plans.
    pub modifiers: &'a [Modifier],
    /// Leave.
    pub leaves: &'a [Leave],
    /// Offsite work.
    pub offsite: &'a [Offsite],
    /// Corrections.
    pub adjustments: &'a [Adjustment],
    /// Punches, in any order.
    pub punches: &'a [Punch],
}

/// Work dates to report, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// First date.
    pub from: Date,
    /// Last date.
    pub to: Date,
}

/// When the derivation is made, in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Now, or an instant of the past: only what was known then is used.
    pub as_of: i64,
    /// The person's terminals have delivered everything up to here; `None`: nobody knows, so nothing waits for it.
    pub watermark: Option<i64>,
}

/// The day records of a range, one per date, in order (rules 6). Signature first: the steps follow in the next commits.
pub fn derive(_book: &Rulebook, _person: &Person<'_>, _range: DateRange, _moment: Moment) -> Vec<DayRecord> {
    Vec::new()
}

/// The same records, each with its reasons.
pub fn explain(
    _book: &Rulebook,
    _person: &Person<'_>,
    _range: DateRange,
    _moment: Moment,
) -> Vec<(DayRecord, DayTrace)> {
    Vec::new()
}

/// Sums over a period (rules 14.6).
pub fn totals(_book: &Rulebook, _records: &[DayRecord]) -> Totals {
    Totals::default()
}
