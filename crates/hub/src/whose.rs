//! Whose a punch is, and when it was, by what was looked up before: terminal to approval and zone, user number to employee by date, wall
//! time to instant.
//!
//! Invariants:
//! * Neither store nor clock is asked, so that another thread may find what this one has not stored yet.
//! * The same is found whichever punches are asked for together.

use std::collections::HashMap;
use std::sync::Arc;

use attendance::Zones;
use attendance::punch::{Fingerprint, PrintedTime, RawPunch};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use store::held::Statement;
use store::people::Employee;

use crate::Error;
use crate::clock_shift::ClockShift;
use crate::view::HeldReason;

/// A printed time further ahead than this of its receipt is a clock fault.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// First and last date on which a number is an employee's.
pub(crate) type Owner = (Date, Date, i64);

/// A terminal as resolving needs it.
pub(crate) struct Clock {
    pub(crate) is_approved: bool,
    pub(crate) zones: Zones,
    pub(crate) shifts: Vec<ClockShift>,
    /// Whose numbers it says.
    pub(crate) group: Arc<str>,
}

impl Clock {
    /// What it should have shown when it printed this.
    fn true_time(&self, printed: DateTime) -> DateTime {
        self.shifts.iter().find_map(|shift| shift.true_time(printed)).unwrap_or(printed)
    }
}

/// A stored punch that is in none of the three tables of interpretation.
#[derive(Clone, Debug)]
pub(crate) struct Unresolved<'p> {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) said: &'p RawPunch,
    pub(crate) received: Timestamp,
    /// What somebody stated about it.
    pub(crate) stated: Option<&'p Statement>,
}

impl<'p> Unresolved<'p> {
    pub(crate) fn user(&self) -> &'p str {
        self.stated.and_then(|stated| stated.user.as_deref()).unwrap_or(&self.said.user)
    }
}

/// What was found of a punch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Whose it is, when it was, and the date of that by their clock.
    Employee {
        employee: i64,
        at: Timestamp,
        date: Date,
    },
    Held(HeldReason),
    Dismissed,
}

/// What was found of some punches.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// In the order of the punches.
    pub(crate) each: Vec<Found>,
    /// Places of those that are somebody's, by employee, instant and identity, as they are written.
    pub(crate) by_employee: Vec<usize>,
}

/// What was looked up.
pub(crate) struct Known {
    /// The company's first date.
    pub(crate) earliest: Date,
    pub(crate) terminals: HashMap<String, Clock>,
    /// Whose each number is, by group of terminals.
    pub(crate) numbers: HashMap<Arc<str>, HashMap<String, Vec<Owner>>>,
    /// As stored before, with the zones in which their days are judged.
    pub(crate) people: HashMap<i64, (Employee, Zones)>,
}

impl Known {
    pub(crate) fn new(earliest: Date) -> Self {
        Self { earliest, terminals: HashMap::new(), numbers: HashMap::new(), people: HashMap::new() }
    }

    /// What can be found of punches that were met.
    ///
    /// # Errors
    /// [`Error::Damaged`] for one that was not.
    pub(crate) fn find_all(&self, punches: &[Unresolved<'_>]) -> Result<Findings, Error> {
        let each = punches.iter().map(|punch| self.find(punch)).collect::<Result<Vec<_>, _>>()?;
        let somebodys = each.iter().zip(punches).enumerate().filter_map(|(place, (found, punch))| match found {
            Found::Employee { employee, at, .. } => Some(((*employee, *at, punch.fingerprint), place)),
            Found::Held(_) | Found::Dismissed => None,
        });
        let mut somebodys: Vec<_> = somebodys.collect();
        somebodys.sort_unstable();
        Ok(Findings { each, by_employee: somebodys.into_iter().map(|(_, place)| place).collect() })
    }

    fn find(&self, punch: &Unresolved<'_>) -> Result<Found, Error> {
        let clock = self.clock(&punch.said.origin)?;
        if punch.stated.is_some_and(|stated| stated.is_dismissed) {
            return Ok(Found::Dismissed);
        }
        Ok(match self.whose(clock, punch) {
            Ok((employee, at)) => Found::Employee { employee, at, date: self.date(employee, at) },
            Err(reason) => Found::Held(reason),
        })
    }

    /// Employee and instant, or what is missing for them. A time that somebody stated is the true one.
    fn whose(&self, clock: &Clock, punch: &Unresolved<'_>) -> Result<(i64, Timestamp), HeldReason> {
        let user = punch.user();
        if !clock.is_approved {
            return Err(HeldReason::UnapprovedTerminal);
        }
        if user.is_empty() {
            return Err(HeldReason::UnreadableLine);
        }
        let civil = match punch.stated.and_then(|stated| stated.printed_seconds) {
            Some(stated) => PrintedTime::Seconds(stated).civil(),
            None => punch.said.time.civil().map(|printed| clock.true_time(printed)),
        };
        let civil = civil.ok_or(HeldReason::UnreadableTime)?;
        let at = understood(self.earliest, civil, clock.zones.on(civil.date()), punch.received)?;
        let owners = self.owners(&clock.group, user).unwrap_or_default();
        let employee = owner_on(owners, civil.date()).ok_or(HeldReason::UnknownUser)?;
        Ok((employee, at))
    }

    /// The employee whose a punch that was met will be.
    pub(crate) fn employee(&self, punch: &Unresolved<'_>) -> Option<&Employee> {
        let clock = self.clock(&punch.said.origin).ok()?;
        let on = clock.true_time(punch.said.time.civil()?).date();
        let employee = owner_on(self.owners(&clock.group, punch.user())?, on)?;
        self.people.get(&employee).map(|(employee, _)| employee)
    }

    /// The date of an instant by the clock of an employee who was met.
    pub(crate) fn date(&self, employee: i64, at: Timestamp) -> Date {
        let utc = || TimeZone::UTC.to_datetime(at).date();
        self.people.get(&employee).map_or_else(utc, |(_, zones)| zones.date(at))
    }

    /// The clock of a terminal that was met.
    pub(crate) fn clock(&self, serial: &str) -> Result<&Clock, Error> {
        self.terminals
            .get(serial)
            .ok_or_else(|| Error::Damaged { what: "terminal", detail: format!("{serial} is missing") })
    }

    /// Whose a number of a group is; `None` for one that was not met.
    pub(crate) fn owners(&self, group: &str, number: &str) -> Option<&[Owner]> {
        self.numbers.get(group)?.get(number).map(Vec::as_slice)
    }
}

/// The employee to whom a number belongs on a date.
fn owner_on(owners: &[Owner], on: Date) -> Option<i64> {
    let owner = owners.iter().rev().find(|(from, to, _)| *from <= on && on <= *to);
    owner.map(|(_, _, employee)| *employee)
}

/// The instant of a time on a terminal's face; one that only a wrong clock shows is held.
pub(crate) fn understood(
    earliest: Date,
    civil: DateTime,
    zone: &TimeZone,
    received: Timestamp,
) -> Result<Timestamp, HeldReason> {
    let at = instant_of(civil, zone).ok_or(HeldReason::ImplausibleTime)?;
    let is_plausible = civil.date() >= earliest && at.duration_since(received) <= AHEAD;
    if is_plausible { Ok(at) } else { Err(HeldReason::ImplausibleTime) }
}

/// The instant of a printed time (rules 4.2). The road keeps no record order, so that a repeated hour is read as its
/// first pass; a time that the clock skipped moves forward by the gap.
fn instant_of(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(civil).compatible().ok()
}
