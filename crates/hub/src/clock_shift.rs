//! A terminal's clock was wrong for a while: one fact shifts the printed times of that range, for the punches that are here and
//! for those that come later.
//!
//! Invariants:
//! * What was printed stays. A shift moves only the instant that is made of it: a punch keeps its identity, and without the shift
//!   everything is again as it was.
//! * No two shifts of one terminal that are in force share a printed time: a punch is shifted once at most, in whatever order
//!   punches and shifts come.
//! * What somebody stated of a single punch is its true time and is not shifted.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use attendance::Zones;
use attendance::punch::{Fingerprint, PrintedTime};
use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Span, SpanRound, Timestamp, Unit};
use serde::{Deserialize, Serialize};
use store::Read;
use store::facts::{Fact, Subject};
use store::held::START;

use crate::company::Company;
use crate::resolve::{ALWAYS, instant};
use crate::stated::Stated;
use crate::whose::understood;
use crate::zones::{terminal_zones, zones_of};
use crate::{Actor, Became, Cured, Error, Hub, Whom};

/// Punches that a preview looks at before others get their turn.
const LOOKED_AT_ONCE: u32 = 1000;

/// Printed times of a terminal that were wrong, all by the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockShift {
    /// First printed time that it applies to.
    pub from: DateTime,
    /// Last one.
    pub to: DateTime,
    /// What is to be added to get the true time, seconds.
    pub by_seconds: i64,
}

impl ClockShift {
    /// A shift of the printed times from one to another, both included.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the times are not in their order, when nothing would move, or beyond the calendar.
    pub fn new(from: DateTime, to: DateTime, by: SignedDuration) -> Result<Self, Error> {
        let shift = Self { from, to, by_seconds: by.as_secs() };
        if to < from {
            return Err(Error::invalid(format!("{from} to {to} is no range"), "give the earlier printed time first"));
        }
        if shift.by_seconds == 0 {
            return Err(Error::invalid("a shift by nothing moves nothing", "say by how much the clock was wrong: 1h"));
        }
        match shift.moved(from).and(shift.moved(to)) {
            Some(_) => Ok(shift),
            None => Err(Error::invalid(format!("{shift} leaves the calendar"), "give a smaller shift")),
        }
    }

    /// The shift by which the first printed time was really another one.
    ///
    /// # Errors
    /// As [`ClockShift::new`].
    pub fn of_span(from: DateTime, to: DateTime, by: Span) -> Result<Self, Error> {
        let really = from.checked_add(by).map_err(|error| Error::invalid(error.to_string(), "give a smaller shift"))?;
        Self::new(from, to, really.duration_since(from))
    }

    /// The true time of a printed one; `None` when it is not concerned.
    pub(crate) fn true_time(&self, printed: DateTime) -> Option<DateTime> {
        let is_concerned = self.from <= printed && printed <= self.to;
        is_concerned.then(|| self.moved(printed)).flatten()
    }

    fn moved(&self, printed: DateTime) -> Option<DateTime> {
        printed.checked_add(SignedDuration::from_secs(self.by_seconds)).ok()
    }

    /// The true dates that it brings punches to.
    pub(crate) fn dates(&self) -> (Date, Date) {
        let date = |printed| self.moved(printed).unwrap_or(printed).date();
        (date(self.from), date(self.to))
    }

    /// The printed times that it brings between two true ones; `None` for none.
    pub(crate) fn printed_for(&self, (first, last): (DateTime, DateTime)) -> Option<(DateTime, DateTime)> {
        let back = |time: DateTime| time.saturating_sub(SignedDuration::from_secs(self.by_seconds));
        let (from, to) = (self.from.max(back(first)), self.to.min(back(last)));
        (from <= to).then_some((from, to))
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }

    fn seconds(&self) -> (i64, i64) {
        let seconds = |printed| PrintedTime::from_civil(printed).seconds().unwrap_or_default();
        (seconds(self.from), seconds(self.to))
    }

    /// Identities of the terminal's punches that it concerns, after `after`, in key order.
    pub(crate) fn concerned(
        &self,
        read: &Read<'_>,
        serial: &str,
        after: Fingerprint,
        limit: u32,
    ) -> Result<Vec<Fingerprint>, store::Error> {
        read.punches_printed(serial, self.seconds(), after, limit)
    }
}

impl fmt::Display for ClockShift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printed = |time: DateTime| time.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let largest = SpanRound::new().largest(Unit::Day).days_are_24_hours();
        let sign = if self.by_seconds < 0 { "-" } else { "+" };
        let size = Span::new().try_seconds(self.by_seconds.saturating_abs()).and_then(|size| size.round(largest));
        let size = size.map_or_else(|_| format!("{} s", self.by_seconds.saturating_abs()), |size| format!("{size:#}"));
        write!(f, "printed {} to {}: {sign}{size}", printed(self.from), printed(self.to))
    }
}

/// What a shift would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShiftPreview {
    /// Punches that would move.
    pub punches: u64,
    /// Of these, the ones that would be held then.
    pub held: u64,
    /// Days of employees that would lose a punch or get one.
    pub days: u64,
}

impl Hub {
    /// States a shift of a terminal's clock, and computes again what it concerns. The same again is [`Became::Known`].
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown terminal; [`Error::Invalid`] without a reason, and when it shares printed times with
    /// another one. Nothing changes then.
    pub fn shift_clock(
        &self,
        actor: &Actor,
        serial: &str,
        shift: ClockShift,
        reason: &str,
        now: Timestamp,
    ) -> Result<(Became, Cured), Error> {
        if reason.trim().is_empty() {
            return Err(Error::invalid("a clock is shifted with a reason", "say what was wrong with it"));
        }
        let whom = Whom::Terminal(serial.to_owned());
        let became = self.state(actor, &whom, &Stated::ClockShift(shift), reason, now)?;
        Ok((became, self.resume_replays(now)?))
    }

    /// What a shift of a terminal's clock would do; nothing changes.
    ///
    /// # Errors
    /// As [`Hub::shift_clock`].
    pub fn preview_shift(&self, serial: &str, shift: ClockShift) -> Result<ShiftPreview, Error> {
        let company = self.store.read(|read| {
            check(read, serial, &shift)?;
            Company::load(read)
        })?;
        let mut looking = Looking { company: &company, days: BTreeSet::new(), zones: HashMap::new() };
        let (mut preview, mut after) = (ShiftPreview::default(), START);
        loop {
            let keys = self.store.read(|read| {
                let keys = shift.concerned(read, serial, after, LOOKED_AT_ONCE)?;
                looking.at(read, serial, &shift, &keys, &mut preview)?;
                Ok::<_, Error>(keys)
            })?;
            let Some(last) = keys.last() else { break };
            after = *last;
        }
        preview.days = looking.days.len() as u64;
        Ok(preview)
    }
}

/// What a preview has seen.
struct Looking<'a> {
    company: &'a Company,
    /// By employee.
    days: BTreeSet<(i64, Date)>,
    zones: HashMap<i64, Zones>,
}

impl Looking<'_> {
    fn at(
        &mut self,
        read: &Read<'_>,
        serial: &str,
        shift: &ClockShift,
        keys: &[Fingerprint],
        preview: &mut ShiftPreview,
    ) -> Result<(), Error> {
        let Some(terminal) = read.terminal(serial)? else { return Ok(()) };
        let there = terminal_zones(read, self.company, &terminal)?;
        let punches = read.punches(keys)?.into_iter().zip(read.statements(keys)?).zip(read.resolutions(keys)?);
        for ((stored, stated), resolution) in punches {
            let Some(stored) = stored else { continue };
            let stated = stated.unwrap_or_default();
            let Some(civil) = stored.said.time.civil().and_then(|printed| shift.true_time(printed)) else { continue };
            if stated.is_dismissed || stated.printed_seconds.is_some() {
                continue;
            }
            preview.punches += 1;
            if let Some((employee, at_us)) = resolution {
                self.day(read, employee, instant(at_us))?;
            }
            let number = stated.user.as_deref().unwrap_or(&stored.said.user);
            let on = civil.date();
            let owners = read.owners(&[(terminal.number_group.as_str(), number)])?.into_iter().flatten();
            let owner = owners.rev().find(|(from, to, _)| *from <= on && on <= *to);
            let at = understood(self.company.earliest_date, civil, there.on(on), instant(stored.received_us));
            match (owner, at) {
                (Some((_, _, employee)), Ok(at)) if terminal.is_approved => self.day(read, employee.id, at)?,
                _ => preview.held += 1,
            }
        }
        Ok(())
    }

    fn day(&mut self, read: &Read<'_>, employee: i64, at: Timestamp) -> Result<(), Error> {
        if !self.zones.contains_key(&employee) {
            let known = read.employee(employee)?;
            let zones = known.map(|known| zones_of(read, self.company, &known)).transpose()?;
            self.zones.extend(zones.map(|zones| (employee, zones)));
        }
        if let Some(zones) = self.zones.get(&employee) {
            self.days.insert((employee, zones.date(at)));
        }
        Ok(())
    }
}

/// The shifts of terminals that are in force, with their numbers, in the order of the serials.
pub(crate) fn in_force_of(read: &Read<'_>, serials: &[&str]) -> Result<Vec<Vec<(i64, ClockShift)>>, Error> {
    let terminals: Vec<_> = serials.iter().map(|serial| Subject::Terminal((*serial).to_owned())).collect();
    let shift = |fact: &Fact| match Stated::of(fact) {
        Ok(Stated::ClockShift(shift)) => Some(Ok((fact.number, shift))),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    };
    let facts = read.facts_of_each(&terminals, ALWAYS.0, ALWAYS.1)?;
    facts.iter().map(|facts| facts.iter().filter_map(shift).collect()).collect()
}

/// Refuses a shift of a terminal that nobody knows, and one that shares printed times with another.
pub(crate) fn check(read: &Read<'_>, serial: &str, shift: &ClockShift) -> Result<(), Error> {
    if read.terminal(serial)?.is_none() {
        let cure = "`punchclock terminal list` shows those there are";
        return Err(Error::NotFound(format!("terminal with serial {serial}; {cure}")));
    }
    let others = in_force_of(read, &[serial])?;
    match others.into_iter().flatten().find(|(_, other)| other != shift && other.overlaps(shift)) {
        None => Ok(()),
        Some((number, other)) => Err(Error::invalid(
            format!("terminal {serial} has a shift of these printed times already: {other} (statement {number})"),
            format!("give a range beside it, or take it back first: `punchclock fact withdraw {number} --reason ...`"),
        )),
    }
}
