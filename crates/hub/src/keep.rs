//! What a derivation writes: a day with its logs of lateness, or for a locked date what the frozen day lacks (rules 17.2 to 17.4).
//!
//! Invariants:
//! * A day, its logs and their sums change in one transaction; the logs are what the stored day contributes.
//! * A locked day is never written. What differs is noted as a delta, less what was posted; when nothing differs any more, so is that.

use std::collections::BTreeSet;

use attendance::lateness::{self, Lateness, LogStep};
use attendance::lock::Delta;
use attendance::{DateRange, DayRecord, Status};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Write;
use store::days::Day;
use store::periods::{Lock, StoredDelta};

use crate::Error;

/// Writes the days of one employee.
pub(crate) struct Keeper<'a, 'tx> {
    write: &'a Write<'tx>,
    employee: i64,
    locks: Vec<Lock>,
    /// Dates of which a delta is noted.
    deltas: BTreeSet<Date>,
    now: Timestamp,
}

impl<'a, 'tx> Keeper<'a, 'tx> {
    /// For the days of a range.
    pub(crate) fn new(write: &'a Write<'tx>, employee: i64, range: DateRange, now: Timestamp) -> Result<Self, Error> {
        let noted = write.deltas(range.from, range.to)?.into_iter();
        let deltas = noted.filter(|delta| delta.employee == employee).map(|delta| delta.date).collect();
        Ok(Self { write, employee, locks: write.locks()?, deltas, now })
    }

    /// Takes what a date is now, over what is stored; `None` for no day. Whether the stored day changed.
    pub(crate) fn keep(&self, date: Date, stored: Option<&Day>, now: Option<&Day>) -> Result<bool, Error> {
        if self.locks.iter().any(|lock| lock.first <= date && date <= lock.last) {
            self.note_delta(date, stored, now)?;
            return Ok(false);
        }
        if stored.map(|day| &day.record) == now.map(|day| &day.record) {
            return Ok(false);
        }
        match now {
            Some(day) => self.write.put_day(day)?,
            None => self.write.drop_day(self.employee, date)?,
        }
        for kind in Lateness::ALL {
            self.keep_log(kind, date, contribution(kind, stored), contribution(kind, now))?;
        }
        if self.deltas.contains(&date) {
            self.write.drop_delta(self.employee, date)?;
        }
        Ok(true)
    }

    fn keep_log(&self, kind: Lateness, date: Date, before: i64, after: i64) -> Result<(), Error> {
        let (step, change) = lateness::compare((before > 0).then_some(before), after);
        let (employee, word) = (self.employee, kind.as_str());
        match step {
            LogStep::Keep => return Ok(()),
            LogStep::Write { minutes } => self.write.put_lateness(employee, word, date, minutes)?,
            LogStep::Clear => self.write.drop_lateness(employee, word, date)?,
        }
        Ok(self.write.add_lateness(employee, word, change.days, change.minutes)?)
    }

    fn note_delta(&self, date: Date, frozen: Option<&Day>, now: Option<&Day>) -> Result<(), Error> {
        let (frozen, now) = (frozen.map(record).transpose()?, now.map(record).transpose()?);
        let mut delta = Delta::between(frozen.as_ref(), now.as_ref());
        for posted in self.write.posted_of(self.employee, date)? {
            delta = delta.minus(&read_delta(&posted)?);
        }
        let known = self.write.delta(self.employee, date)?;
        if delta.is_zero() {
            return known.map_or(Ok(()), |_| Ok(self.write.drop_delta(self.employee, date)?));
        }
        let body = serde_json::to_string(&delta)
            .map_err(|error| Error::Damaged { what: "delta", detail: error.to_string() })?;
        if known.is_some_and(|known| known.body == body) {
            return Ok(());
        }
        let found = StoredDelta { employee: self.employee, date, body, at_us: self.now.as_microsecond(), into: None };
        Ok(self.write.put_delta(&found)?)
    }
}

/// What a stored day contributes to the logs of a kind, in minutes.
fn contribution(kind: Lateness, day: Option<&Day>) -> i64 {
    day.map_or(0, |day| kind.pick(day.status != Status::Deferred.as_str(), day.tardy_minutes, day.left_early_minutes))
}

/// The record of a stored day.
pub(crate) fn record(day: &Day) -> Result<DayRecord, Error> {
    serde_json::from_str(&day.record)
        .map_err(|error| Error::Damaged { what: "day record", detail: format!("{}: {error}", day.date) })
}

/// A stored delta.
pub(crate) fn read_delta(text: &str) -> Result<Delta, Error> {
    serde_json::from_str(text).map_err(|error| Error::Damaged { what: "delta", detail: error.to_string() })
}
