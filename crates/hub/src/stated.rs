//! What people state about working time, as values: who works when, leave, offsite work, corrections, holidays; and of a terminal, by
//! how much its clock was wrong.
//!
//! A statement is one row of the table of facts: whom it concerns, its kind, its key, and the rules' own type as JSON.

use std::fmt::{self, Display, Formatter};

use attendance::bank::Event;
use attendance::{Adjustment, Assignment, ClockTime, Holiday, Leave, Modifier, Offsite, Override, Part, Workday};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::facts::Fact;

use crate::Error;
use crate::clock_shift::ClockShift;
use crate::merge::{KIND, Merge};
use crate::roster::range;

/// Whom a statement concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Everybody.
    Company,
    /// Everybody of a group.
    Group(String),
    /// One employee, by code.
    Employee(String),
    /// One terminal, by serial.
    Terminal(String),
}

/// One statement, as the rules know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stated {
    /// A pattern of timetables (rules 7.1).
    Assignment(Assignment),
    /// Another timetable for one date (rules 7.1).
    Override(Override),
    /// A shortened plan (rules 7.1).
    Modifier(Modifier),
    /// Leave (rules 9).
    Leave(Leave),
    /// Work elsewhere (rules 9).
    Offsite(Offsite),
    /// A correction (rules 17.1).
    Adjustment(Adjustment),
    /// A holiday (rules 7.1).
    Holiday(Holiday),
    /// A make-up workday (rules 7.1).
    Workday(Workday),
    /// Time of the bank is used, or a use is cancelled (rules 15).
    TimeOff(Event),
    /// Holiday data could not be obtained for these dates: `YYYY` or `YYYY-MM` (rules 7.1).
    Unavailable(String),
    /// A terminal's clock was wrong for a while.
    ClockShift(ClockShift),
    /// The employee counts as another one.
    Merge(Merge),
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It is new.
    New,
    /// It replaced another one.
    Replaced,
    /// It was known already.
    Known,
}

/// A statement in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its number, to withdraw it by.
    pub number: i64,
    /// Whom it concerns.
    pub whom: Whom,
    /// The statement.
    pub stated: Stated,
    /// First and last work date that it touches.
    pub dates: (Date, Date),
    /// Who stated it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Stated {
    /// The word of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Assignment(_) => "assignment",
            Self::Override(_) => "override",
            Self::Modifier(_) => "modifier",
            Self::Leave(_) => "leave",
            Self::Offsite(_) => "offsite",
            Self::Adjustment(_) => "adjustment",
            Self::Holiday(_) => "holiday",
            Self::Workday(_) => "workday",
            Self::TimeOff(_) => "time_off",
            Self::Unavailable(_) => "unavailable",
            Self::ClockShift(_) => "clock_shift",
            Self::Merge(_) => KIND,
        }
    }

    /// Its key: of one person and kind, a later statement with the same key replaces the earlier one.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Assignment(pattern) => range(pattern).0.to_string(),
            Self::Override(one) => one.date.to_string(),
            Self::Modifier(one) => format!("{} {}", one.from, one.tag),
            Self::Leave(one) => away(one.id.as_deref(), one.date, one.part, one.from),
            Self::Offsite(one) => away(one.id.as_deref(), one.date, one.part, one.from),
            Self::Adjustment(one) => one.id.clone(),
            Self::Holiday(one) => one.date.to_string(),
            Self::Workday(one) => one.date.to_string(),
            Self::TimeOff(Event::Use { id, .. }) => format!("use {id}"),
            Self::TimeOff(Event::CancelUse { id, .. }) => format!("cancel {id}"),
            Self::TimeOff(Event::Earn { date, code, .. }) => format!("earn {date} {code}"),
            Self::Unavailable(prefix) => prefix.clone(),
            Self::ClockShift(shift) => shift.from.to_string(),
            Self::Merge(_) => KIND.to_owned(),
        }
    }

    /// The request that an absence belongs to, when it has a key.
    pub(crate) fn request(&self) -> Option<&str> {
        match self {
            Self::Leave(Leave { id, .. }) | Self::Offsite(Offsite { id, .. }) => id.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn body(&self) -> Result<String, Error> {
        match self {
            Self::Assignment(one) => json(one),
            Self::Override(one) => json(one),
            Self::Modifier(one) => json(one),
            Self::Leave(one) => json(one),
            Self::Offsite(one) => json(one),
            Self::Adjustment(one) => json(one),
            Self::Holiday(one) => json(one),
            Self::Workday(one) => json(one),
            Self::TimeOff(event) => json(event),
            Self::Unavailable(prefix) => json(prefix),
            Self::ClockShift(shift) => json(shift),
            Self::Merge(merge) => json(merge),
        }
    }

    /// Reads a stored fact. What was stated counts from its instant on, for derivations of an earlier one (rules 6, step 1).
    pub(crate) fn of(fact: &Fact) -> Result<Self, Error> {
        let recorded_at = Some(fact.stated_us.div_euclid(1_000_000));
        Ok(match fact.kind.as_str() {
            "assignment" => Self::Assignment(read(fact)?),
            "override" => Self::Override(Override { recorded_at, ..read(fact)? }),
            "modifier" => Self::Modifier(read(fact)?),
            "leave" => Self::Leave(Leave { recorded_at, ..read(fact)? }),
            "offsite" => Self::Offsite(Offsite { recorded_at, ..read(fact)? }),
            "adjustment" => Self::Adjustment(Adjustment {
                recorded_at,
                by: Some(fact.actor.clone()),
                reason: Some(fact.reason.clone()),
                ..read(fact)?
            }),
            "holiday" => Self::Holiday(Holiday { recorded_at, ..read(fact)? }),
            "workday" => Self::Workday(Workday { recorded_at, ..read(fact)? }),
            "time_off" => Self::TimeOff(read(fact)?),
            "unavailable" => Self::Unavailable(read(fact)?),
            "clock_shift" => Self::ClockShift(read(fact)?),
            KIND => Self::Merge(read(fact)?),
            other => {
                return Err(Error::Damaged { what: "fact", detail: format!("{} is of kind {other}", fact.number) });
            }
        })
    }

    /// Whether it may be stated of such a subject.
    pub(crate) const fn suits(&self, whom: &Whom) -> bool {
        match self {
            Self::Holiday(_) | Self::Workday(_) | Self::Unavailable(_) => matches!(whom, Whom::Company),
            // What is earned is derived from days, never stated; a merge has a way of its own.
            Self::TimeOff(Event::Earn { .. }) | Self::Merge(_) => false,
            Self::Leave(_) | Self::Offsite(_) | Self::Adjustment(_) | Self::TimeOff(_) => {
                matches!(whom, Whom::Employee(_))
            }
            Self::Assignment(_) | Self::Override(_) | Self::Modifier(_) => !matches!(whom, Whom::Terminal(_)),
            Self::ClockShift(_) => matches!(whom, Whom::Terminal(_)),
        }
    }
}

fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Damaged { what: "fact", detail: error.to_string() })
}

fn read<T: DeserializeOwned>(fact: &Fact) -> Result<T, Error> {
    serde_json::from_str(&fact.body)
        .map_err(|error| Error::Damaged { what: "fact", detail: format!("{}: {error}", fact.number) })
}

impl Display for Whom {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Company => f.write_str("the company"),
            Self::Group(name) => write!(f, "group {name}"),
            Self::Employee(code) => write!(f, "employee {code}"),
            Self::Terminal(serial) => write!(f, "terminal {serial}"),
        }
    }
}

/// The key of an absence: one request may cover many dates, and one date have several parts.
fn away(id: Option<&str>, date: Date, part: Part, from: Option<ClockTime>) -> String {
    let part = match part {
        Part::Full => "full",
        Part::Am => "am",
        Part::Pm => "pm",
        Part::Hours => "hours",
    };
    match (id, from) {
        (Some(id), _) => format!("{id} {date}"),
        (None, Some(from)) => format!("{date} {part} {from}"),
        (None, None) => format!("{date} {part}"),
    }
}
