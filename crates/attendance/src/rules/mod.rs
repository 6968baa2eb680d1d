//! The derivation function, one file per step (rules 6).
//!
//! | step | file |
//! |---|---|
//! | 1 knowledge cut | `known` |
//! | 2 clean punches | `clean` |
//! | 3 day kind and timetable | `calendar` |
//! | 4 plan as instants | `layout` (`day` joins 3 and 4) |
//! | 5 work date of a punch | `attribute` |
//! | 6 leave and offsite | `leave`, `leave_fixed`, `leave_flex` |
//! | 7 deferral | `settle` |
//! | 8 pairing | `pair`, `pair_by_state` |
//! | 9 flexible start, movable breaks | `plan` |
//! | 10 effective presence | `effective` |
//! | 11 worked intervals | `worked` |
//! | 12 to 14 judgement, grace, excuses | `judge` |
//! | 15 outliers and exceptions | `exceptions` |
//! | 16 status | `status` |
//! | 17 pay | `pay`, with conditions compiled in `pay_book` |
//! | 18 holiday credit, paid minutes, totals | `paid` |
//!
//! `ahead` makes steps 1, 3, 4 and 6 of dates to come. `derivation` runs steps 1 to 5 over all dates that matter, `sheet` steps 6 to 18 over one date. What is shared by a
//! company is compiled in `book`; `zone` is the person's clock. The steps report to a `trace::Sink`: the silent one
//! compiles to nothing, the `tracer` turns reports into a [`DayTrace`] with its sentences (`reasons`, `reasons_pay`), and `worked_days`
//! keeps the worked intervals for the compliance checks.
//! Inside, instants and durations are whole minutes; outside, instants are seconds.

mod ahead;
mod attribute;
mod book;
mod calendar;
pub(crate) mod calendar_day;
mod clean;
mod day;
mod derivation;
mod dirty;
mod effective;
mod exceptions;
mod judge;
mod known;
mod layout;
mod leave;
mod leave_fixed;
mod leave_flex;
mod paid;
mod pair;
mod pair_by_state;
mod pay;
mod pay_book;
#[cfg(test)]
mod pay_model;
mod person;
mod plan;
mod reasons;
mod reasons_pay;
mod say;
mod settle;
mod sheet;
mod status;
pub mod trace;
mod tracer;
mod worked;
mod worked_days;
mod zone;

pub use ahead::{Conflict, Planned, PlannedDay, plan_ahead};
pub use book::Rulebook;
pub use derivation::derive;
pub use dirty::{affected_dates, contested, workweek};
pub use effective::round;
pub use paid::totals;
pub use person::{DateRange, Moment, Person, PersonError};
pub use trace::DayTrace;
pub use tracer::explain;
pub(crate) use worked_days::{WorkedDay, worked_days};
