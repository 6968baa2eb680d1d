//! What a derivation writes: a day with its logs of lateness, or for a locked date what the frozen day lacks (rules 17.2 to 17.4).
//!
//! Invariants:
//! * A day, its logs and their sums change in one transaction; the logs are what the stored day contributes.
//! * A locked day is never written. What differs is noted as a delta, less what was posted; when nothing differs any more, so is that.
//! * What the sinks are to be told of a day is written with it ([`crate::outbox`]). Where a sink is told of pairs, that is also when a day is as
//!   before and was made of something else: a punch in its middle may have moved.
//! * A day whose punches were erased is what it is ([`crate::erasing`]).

use std::collections::BTreeSet;

use attendance::lateness::{self, Lateness, LogStep, SumChange};
use attendance::lock::Delta;
use attendance::{DateRange, DayRecord, Status};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Write;
use store::days::{Day, DayChanges, GatheredDays};
use store::periods::{Lock, StoredDelta};

use crate::Error;
use crate::erasing::frozen;
use crate::outbox::Pending;
use crate::periods::Dates;

/// Keeps days in one transaction; they are written by [`Keeper::finish`].
pub(crate) struct Keeper<'a, 'tx> {
    write: &'a Write<'tx>,
    changes: DayChanges<'a>,
    locks: Vec<Lock>,
    /// Dates around erased months.
    frozen: Vec<Dates>,
    /// Of whom and when a delta is noted.
    deltas: BTreeSet<(i64, Date)>,
    pending: Pending,
    now: Timestamp,
}

/// Writes the days of one employee. What it did to the sums of logs is written by [`EmployeeKeeper::finish`].
pub(crate) struct EmployeeKeeper<'k, 'a, 'tx> {
    keeper: &'k mut Keeper<'a, 'tx>,
    employee: i64,
    sums: [SumChange; Lateness::ALL.len()],
}

impl<'a, 'tx> Keeper<'a, 'tx> {
    /// For days of a range.
    pub(crate) fn new(write: &'a Write<'tx>, range: DateRange, now: Timestamp) -> Result<Self, Error> {
        let noted = write.deltas(range.from, range.to)?.into_iter();
        let deltas = noted.map(|delta| (delta.employee, delta.date)).collect();
        let frozen = frozen(write)?;
        let pending = Pending::new(write)?;
        Ok(Self { write, changes: DayChanges::default(), locks: write.locks()?, frozen, deltas, pending, now })
    }

    pub(crate) fn of(&mut self, employee: i64) -> EmployeeKeeper<'_, 'a, 'tx> {
        EmployeeKeeper { keeper: self, employee, sums: <[SumChange; _]>::default() }
    }

    /// How far it has come.
    pub(crate) const fn gathered(&self) -> GatheredDays {
        self.changes.gathered()
    }

    /// Forgets what came after: it belongs to a step that was taken back.
    pub(crate) fn go_back(&mut self, to: GatheredDays) {
        self.changes.go_back(to);
    }

    /// Writes the days.
    pub(crate) fn finish(self) -> Result<(), Error> {
        Ok(self.write.change_days(self.changes)?)
    }
}

impl<'a> EmployeeKeeper<'_, 'a, '_> {
    /// Takes what a date is now, over what is stored; `None` for no day. Whether the stored day changed.
    pub(crate) fn keep(&mut self, date: Date, stored: Option<&'a Day>, now: Option<&'a Day>) -> Result<bool, Error> {
        if self.keeper.frozen.iter().any(|(first, last)| (*first..=*last).contains(&date)) {
            return Ok(false);
        }
        if self.keeper.locks.iter().any(|lock| lock.first <= date && date <= lock.last) {
            self.note_delta(date, stored, now)?;
            return Ok(false);
        }
        if stored.map(|day| &day.record) == now.map(|day| &day.record) {
            if let (Some(stored), Some(day)) = (stored, now)
                && stored.inputs != day.inputs
            {
                self.keeper.pending.note_pairs(self.keeper.write, day, self.keeper.now)?;
            }
            return Ok(false);
        }
        match (now, stored) {
            (Some(day), _) => self.keeper.changes.put(day, stored),
            (None, Some(stored)) => self.keeper.changes.drop(stored),
            (None, None) => {}
        }
        for (place, kind) in Lateness::ALL.into_iter().enumerate() {
            let change = self.keep_log(kind, date, contribution(kind, stored), contribution(kind, now));
            self.sums[place].days += change.days;
            self.sums[place].minutes += change.minutes;
        }
        if self.keeper.deltas.contains(&(self.employee, date)) {
            self.keeper.write.drop_delta(self.employee, date)?;
        }
        let (write, at) = (self.keeper.write, self.keeper.now);
        self.keeper.pending.note(write, (self.employee, date), now, at)?;
        Ok(true)
    }

    fn keep_log(&mut self, kind: Lateness, date: Date, before: i64, after: i64) -> SumChange {
        let (step, change) = lateness::compare((before > 0).then_some(before), after);
        let (employee, word) = (self.employee, kind.as_str());
        match step {
            LogStep::Keep => {}
            LogStep::Write { minutes } => self.keeper.changes.log(employee, word, date, Some(minutes)),
            LogStep::Clear => self.keeper.changes.log(employee, word, date, None),
        }
        change
    }

    /// Writes by how much the sums of logs changed.
    pub(crate) fn finish(self) -> Result<(), Error> {
        for (kind, SumChange { days, minutes }) in Lateness::ALL.into_iter().zip(self.sums) {
            if (days, minutes) != (0, 0) {
                self.keeper.write.add_lateness(self.employee, kind.as_str(), days, minutes)?;
            }
        }
        Ok(())
    }

    fn note_delta(&self, date: Date, frozen: Option<&Day>, now: Option<&Day>) -> Result<(), Error> {
        let write = self.keeper.write;
        let (frozen, now) = (frozen.map(record).transpose()?, now.map(record).transpose()?);
        let mut delta = Delta::between(frozen.as_ref(), now.as_ref());
        for posted in write.posted_of(self.employee, date)? {
            delta = delta.minus(&read_delta(&posted)?);
        }
        let known = write.delta(self.employee, date)?;
        if delta.is_zero() {
            return known.map_or(Ok(()), |_| Ok(write.drop_delta(self.employee, date)?));
        }
        let body = serde_json::to_string(&delta)
            .map_err(|error| Error::Damaged { what: "delta", detail: error.to_string() })?;
        if known.is_some_and(|known| known.body == body) {
            return Ok(());
        }
        let found =
            StoredDelta { employee: self.employee, date, body, at_us: self.keeper.now.as_microsecond(), into: None };
        Ok(write.put_delta(&found)?)
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
