//! The derivation function, one file per step (rules 6). [`derivation`] runs them in order.

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
mod zone;

pub use book::Rulebook;
pub use derivation::derive;
pub use dirty::{affected_dates, contested, workweek};
pub use effective::round;
pub use paid::totals;
pub use person::{DateRange, Moment, Person, PersonError};
pub use trace::DayTrace;
pub use tracer::explain;
