//! The words of the field as types: what people enter, what terminals report, what the rules answer (rules 2 and 3).
//!
//! Everything here is plain data with a serde form. Durations are whole minutes, instants are whole seconds since the
//! epoch in UTC (RFC 3339 text in JSON inputs), civil dates are [`jiff::civil::Date`].

mod absence;
mod adjustment;
mod calendar;
mod clock;
mod code;
pub mod instant;
mod knob_check;
mod knobs;
mod policy;
mod policy_check;
mod punch;
mod record;
mod roster;
mod timetable;
mod totals;

pub use crate::punch::Fingerprint;
pub use absence::{Leave, Offsite, Part};
pub use adjustment::{Adjustment, Change, Excusable};
pub use calendar::{Calendar, Holiday, Workday};
pub use clock::{ClockTime, ClockTimeError, Weekday};
pub use code::{Code, CodeMinutes, REGULAR};
pub(crate) use knob_check::{Misfit, check_table};
pub use knobs::{Allowed, CHECKS, CONDITIONS, KNOBS, Knob};
pub use policy::{
    Attribution, BreakRule, Clipping, Condition, CountFrom, Grace, HalfDay, HalfDayMode, HolidayCredit, JudgeOn, Lunch,
    Missing, MissingIn, MissingOut, MovableBreak, Outlier, Overtime, Pairing, PayRule, Policy, Premium, PremiumBasis,
    PremiumDayBasis, PunchPolicy, Rounding, RoundingMode, Snap, StatusThresholds, TardyPenalty, UnitRounding,
    WeekBasis,
};
pub use policy_check::PolicyError;
pub(crate) use policy_check::{check_against, within};
pub use punch::{Punch, PunchState};
pub use record::{DayKind, DayRecord, DeferReason, Exception, Severity, Status};
pub use roster::{Assignment, Employment, Modifier, Override, Shift, WeekPattern, default_assignments};
pub use timetable::{Break, Deduct, Fixed, Flex, Hours, Timetable, Timetables, default_timetables};
pub use totals::Totals;
