//! Replays: a fact has changed, and the punches that it concerns are resolved again.
//!
//! Invariants:
//! * A replay is noted in the transaction of its fact ([`note`]) and forgotten when it is done. A kill in between delays it:
//!   the next derivation resumes it. One that is noted again while it runs stays noted, and runs again: what the second fact
//!   concerns may lie behind it already.
//! * Keys are read outside of write transactions, and resolved in pieces, so that intake gets its turn.

use attendance::DateRange;
use attendance::punch::{Fingerprint, PrintedTime};
use jiff::Timestamp;
use jiff::civil::Time;
use store::facts::Subject;
use store::held::START;
use store::{Read, Write};

use crate::company::Company;
use crate::cure::Cured;
use crate::employment::{shown, span};
use crate::resolve::Resolver;
use crate::stated::Stated;
use crate::{Error, Hub};

const ROWS_PER_WRITE: u32 = 1000;

/// Which punches a fact concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    /// Every punch of a terminal: its group changed.
    Terminal,
    /// The punches of a terminal of some dates: their zone changed.
    TerminalDates,
    /// Held punches of a terminal: it was approved.
    HeldOfTerminal,
    /// Every punch with a user number: it changed hands.
    Number,
    /// Held punches of a user number that nobody had.
    HeldOfNumber,
    /// Held punches of a reason: the setting behind it changed.
    Reason,
    /// The punches of a shift of a terminal's clock, by the number of the fact: it was stated, or withdrawn.
    Shifted,
}

impl Replay {
    const ALL: [Self; 7] = [
        Self::Terminal,
        Self::TerminalDates,
        Self::HeldOfTerminal,
        Self::Number,
        Self::HeldOfNumber,
        Self::Reason,
        Self::Shifted,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::TerminalDates => "terminal-dates",
            Self::HeldOfTerminal => "held-of-terminal",
            Self::Number => "number",
            Self::HeldOfNumber => "held-of-number",
            Self::Reason => "reason",
            Self::Shifted => "shifted",
        }
    }

    fn of(noted: &store::replays::NotedReplay) -> Result<Self, Error> {
        let kind = Self::ALL.into_iter().find(|kind| kind.word() == noted.kind);
        kind.ok_or_else(|| Error::Damaged { what: "replay", detail: noted.kind.clone() })
    }

    fn next(self, read: &Read<'_>, subject: &str, after: Fingerprint) -> Result<Vec<Fingerprint>, Error> {
        Ok(match self {
            Self::Terminal => read.punches_of_origin(subject, after, ROWS_PER_WRITE)?,
            Self::TerminalDates => of_dates(read, subject, after)?,
            Self::HeldOfTerminal => read.held_of_origin(subject, after, ROWS_PER_WRITE)?,
            Self::Number => read.punches_of_number(subject, after, ROWS_PER_WRITE)?,
            Self::HeldOfNumber => read.held_of_number(subject, after, ROWS_PER_WRITE)?,
            Self::Reason => read.held_of_reason(subject, after, ROWS_PER_WRITE)?,
            Self::Shifted => shifted(read, subject, after)?,
        })
    }
}

/// The punches of the shift that is the fact of this number, in force or not.
fn shifted(read: &Read<'_>, number: &str, after: Fingerprint) -> Result<Vec<Fingerprint>, Error> {
    let damaged = || Error::Damaged { what: "replay", detail: format!("statement {number} is no shift of a clock") };
    let fact = read.fact(number.parse().map_err(|_| damaged())?)?.ok_or_else(damaged)?;
    match (&fact.subject, Stated::of(&fact)?) {
        (Subject::Terminal(serial), Stated::ClockShift(shift)) => {
            Ok(shift.concerned(read, serial, after, ROWS_PER_WRITE)?)
        }
        _ => Err(damaged()),
    }
}

/// The punches of a terminal whose true dates are or may be some: those that were printed then, those that a shift of the clock brings
/// there, and those of which somebody stated it.
fn of_dates(read: &Read<'_>, subject: &str, after: Fingerprint) -> Result<Vec<Fingerprint>, Error> {
    let damaged = || Error::Damaged { what: "replay", detail: format!("`{subject}` is no terminal and dates") };
    let (dates, serial) = subject.split_once(' ').ok_or_else(damaged)?;
    let (from, to) = span(dates, "subject").map_err(|_| damaged())?;
    let (first, last) = (from.to_datetime(Time::midnight()), to.to_datetime(Time::MAX));
    let seconds = |(first, last)| {
        let of = |printed| PrintedTime::from_civil(printed).seconds().unwrap_or_default();
        (of(first), of(last))
    };
    let mut ranges = vec![(first, last)];
    let shifts = crate::clock_shift::in_force_of(read, &[serial])?.into_iter().flatten();
    ranges.extend(shifts.filter_map(|(_, shift)| shift.printed_for((first, last))));
    let mut keys = read.punches_stated(serial, seconds((first, last)), after, ROWS_PER_WRITE)?;
    for range in ranges {
        keys.extend(read.punches_printed(serial, seconds(range), after, ROWS_PER_WRITE)?);
    }
    // What one of them has no more of within its limit comes with the next look.
    keys.sort_unstable();
    keys.dedup();
    keys.truncate(ROWS_PER_WRITE as usize);
    Ok(keys)
}

/// Notes that the punches of a terminal of some dates are to be resolved again, in the transaction of what moved them.
pub(crate) fn note_dates(write: &Write<'_>, serial: &str, dates: DateRange) -> Result<(), Error> {
    note(write, Replay::TerminalDates, &format!("{} {serial}", shown((dates.from, dates.to))))
}

/// Notes a replay, in the transaction of its fact.
pub(crate) fn note(write: &Write<'_>, kind: Replay, subject: &str) -> Result<(), Error> {
    Ok(write.add_replay(kind.word(), subject)?)
}

impl Hub {
    /// Does every replay that is noted, also those that an earlier process left.
    pub(crate) fn resume_replays(&self, now: Timestamp) -> Result<Cured, Error> {
        let mut cured = Cured::default();
        for noted in self.store.read(|read| read.replays())? {
            cured.add(self.replay(Replay::of(&noted)?, &noted.subject, now)?);
            self.store.write(|write| write.drop_replay(&noted))?;
        }
        Ok(cured)
    }

    fn replay(&self, kind: Replay, subject: &str, now: Timestamp) -> Result<Cured, Error> {
        let mut cured = Cured::default();
        let mut after = START;
        loop {
            let keys = self.store.read(|read| kind.next(read, subject, after))?;
            let Some(last) = keys.last().copied() else { return Ok(cured) };
            self.store.write(|write| resolve_again(write, &keys, now, &mut cured))?;
            after = last;
        }
    }
}

/// Does every replay that is noted within one transaction, for whoever takes it back.
pub(crate) fn resume_within(write: &Write<'_>, now: Timestamp) -> Result<(), Error> {
    for noted in write.replays()? {
        let (kind, mut after) = (Replay::of(&noted)?, START);
        loop {
            let keys = kind.next(write, &noted.subject, after)?;
            let Some(last) = keys.last().copied() else { break };
            resolve_again(write, &keys, now, &mut Cured::default())?;
            after = last;
        }
        write.drop_replay(&noted)?;
    }
    Ok(())
}

fn resolve_again(write: &Write<'_>, keys: &[Fingerprint], now: Timestamp, cured: &mut Cured) -> Result<(), Error> {
    let company = Company::load(write)?;
    let mut resolver = Resolver::new(write, &company, now, false)?;
    resolver.resolve_again(keys)?.into_iter().for_each(|again| cured.count(again));
    resolver.finish()
}
