//! Payroll files: pay lines in, the file of a payroll provider out. What the file looks like is data ([`Layout`]), of which some come
//! along ([`PRESETS`]).
//!
//! Invariants:
//! * Every minute that comes in is in the file or told as left out ([`PayTable::left_out`]): a pay code without a place in the layout is
//!   an error that names it, unless the layout says that it is dropped.
//! * Figures are integers to the end: minutes are rounded once, half away from zero, when they are written.
//! * A cell that a spreadsheet would run as a formula is written so that it does not; figures are never changed for that.
//! * The same lines and layout give the same bytes.

mod check;
mod layout;
mod number;
mod preset;
mod rows;
mod text;

use jiff::civil::Date;

pub use check::differences;
pub use layout::{By, Column, Encoding, Field, Hours, HoursForm, Layout, LineEnd, Quote, Rounding, TextForm, Unmapped};
pub use preset::{PRESETS, preset};
pub use rows::{Cell, PayTable, table};

/// The key of paid leave among pay codes; those of the rules are in capitals.
pub const PAID_LEAVE: &str = "paid_leave";
/// The key of paid holidays (rules 14.5).
pub const HOLIDAY_CREDIT: &str = "holiday_credit";
/// The key of paid minutes of a correction which may be either.
pub const PAID_OTHER: &str = "paid_other";

/// What somebody is to be paid for in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayPerson {
    /// Employee code.
    pub code: String,
    /// Name: `Ann Doe` or `Doe, Ann`.
    pub name: String,
    /// Code of the department; may be empty.
    pub department: String,
    /// Code of the site; may be empty.
    pub site: String,
    /// The days, by date.
    pub days: Vec<PayDay>,
}

/// What is to be paid for a work date, or was found for it later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayDay {
    /// The date of the period with which it is paid.
    pub date: Date,
    /// The locked date that this corrects (rules 17.4).
    pub corrects: Option<Date>,
    /// Minutes by pay code, premium (`ND`, `ND*OT`), [`PAID_LEAVE`] and [`HOLIDAY_CREDIT`].
    pub pay: Vec<(String, i64)>,
    /// Worked minutes.
    pub worked_minutes: i64,
    /// Paid minutes.
    pub paid_minutes: i64,
    /// Tardy minutes.
    pub tardy_minutes: i64,
    /// Left-early minutes.
    pub left_early_minutes: i64,
    /// Absent minutes.
    pub absent_minutes: i64,
}

/// A period as files name it, both dates inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First date.
    pub from: Date,
    /// Last date.
    pub to: Date,
}

/// Why there is no file: what is wrong, with which part, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {cure}")]
pub struct PayrollError {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub cure: String,
}

impl PayrollError {
    pub(crate) fn new(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { what: what.into(), cure: cure.into() }
    }
}
