//! The vocabulary of attendance and the rules that turn punches into days and pay: pure, without clock or disk.
//!
//! [`derive()`] answers, for one person and a range of work dates, what each day was: a [`DayRecord`] with attendance, pay
//! minutes and exceptions. It is a pure function of its arguments (rules 1): the same inputs give the same records on
//! every machine and in every order of arrival. [`explain`] gives the same records with their reasons, and [`compliance`]
//! says how plans were kept and looks for limits of working time that were not. [`plan_ahead`] lays out dates to come. What overtime earns and time off uses is kept by a [`bank`].
//!
//! What a company's people share is compiled once into a [`Rulebook`]; what one person adds is borrowed as a [`Person`].
//! Section numbers in the documentation ("rules 8") are those of the attendance rules.

pub mod bank;
pub mod compliance;
pub mod golden;
pub mod lateness;
mod localize;
pub mod lock;
mod policies;
mod policy_file;
pub mod punch;
mod rules;
mod spans;
mod vocabulary;
mod zones;

pub use localize::{Flag, Localized, localize};
pub use policies::{Policies, PolicyVersion};
pub use policy_file::{POLICY_PRESETS, PolicyFile, PolicyFileError, policy_schema};
pub use rules::trace;
pub use rules::{
    Conflict, DateRange, DayTrace, Moment, Person, PersonError, Planned, PlannedDay, Rulebook, affected_dates,
    contested, derive, explain, plan_ahead, round, totals, workweek,
};
pub use vocabulary::*;
pub use zones::Zones;
