//! Derived days, and what has to be derived again.

use jiff::civil::Date;

use crate::engine::{Row, list, params};
use crate::people::required_date;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    OF_EMPLOYEE = "SELECT employee, date, status, exceptions, worked_minutes, tardy_minutes, left_early_minutes, is_outlier,
        record, inputs, engine, revision, derived_us FROM day
        WHERE tenant = $1 AND employee = $2 AND date >= $3 AND date <= $4 ORDER BY date";
    PUT = "INSERT INTO day (tenant, employee, date, status, exceptions, worked_minutes, tardy_minutes, left_early_minutes,
        is_outlier, record, inputs, engine, revision, derived_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13)
        ON CONFLICT (tenant, employee, date) DO UPDATE SET status = excluded.status, exceptions = excluded.exceptions,
        worked_minutes = excluded.worked_minutes, tardy_minutes = excluded.tardy_minutes,
        left_early_minutes = excluded.left_early_minutes, is_outlier = excluded.is_outlier, record = excluded.record,
        inputs = excluded.inputs, engine = excluded.engine, revision = day.revision + 1, derived_us = excluded.derived_us";
    KEEP_INPUTS = "UPDATE day SET inputs = $1 WHERE tenant = $2 AND employee = $3 AND date = $4";
    WITH_STATUS = "SELECT employee, date FROM day WHERE tenant = $1 AND date >= $2 AND date <= $3 AND status = $4
        ORDER BY date, employee";
    DROP = "DELETE FROM day WHERE tenant = $1 AND employee = $2 AND date = $3";
    NOTE_EXCEPTION = "INSERT INTO day_exception (tenant, exception, date, employee, status, worked_minutes, tardy_minutes)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, exception, date, employee) DO UPDATE SET status = excluded.status,
        worked_minutes = excluded.worked_minutes, tardy_minutes = excluded.tardy_minutes";
    DROP_EXCEPTION = "DELETE FROM day_exception WHERE tenant = $1 AND exception = $2 AND date = $3 AND employee = $4";
    NEXT_MARK = "INSERT INTO counter (tenant, name, value) VALUES ($1, 'mark', 1)
        ON CONFLICT (tenant, name) DO UPDATE SET value = counter.value + 1 RETURNING value";
    MARK = "INSERT INTO dirty_week (tenant, employee, week, mark) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, employee, week) DO UPDATE SET mark = excluded.mark";
    MARKED = "SELECT employee, week, mark FROM dirty_week WHERE tenant = $1 ORDER BY employee, week LIMIT $2";
    MARKED_COUNT = "SELECT COUNT(*) FROM dirty_week WHERE tenant = $1";
    MARKED_WITHIN = "SELECT COUNT(*) FROM dirty_week WHERE tenant = $1 AND week >= $2 AND week <= $3";
    UNMARK = "DELETE FROM dirty_week WHERE tenant = $1 AND employee = $2 AND week = $3 AND mark = $4";
}

/// The exception that every day with an exception is found under, too.
pub const ANY: &str = "any";
/// The exception that every day with a clock outlier is found under, too.
pub const OUTLIER: &str = "outlier";

/// A stored day of an employee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The employee's id.
    pub employee: i64,
    /// Work date.
    pub date: Date,
    /// Status word.
    pub status: String,
    /// Exception codes, each between commas: `,tardy,away,`; empty for none.
    pub exceptions: String,
    /// Worked minutes.
    pub worked_minutes: i64,
    /// Tardy minutes.
    pub tardy_minutes: i64,
    /// Left-early minutes.
    pub left_early_minutes: i64,
    /// Any clock outlier.
    pub is_outlier: bool,
    /// The whole record, as JSON.
    pub record: String,
    /// Digest of the inputs that the record depends on.
    pub inputs: Vec<u8>,
    /// Version of the rules that made it.
    pub engine: String,
    /// How often it changed; starts at 1. Given by the store.
    pub revision: i64,
    /// When it was derived, microseconds UTC.
    pub derived_us: i64,
}

impl Day {
    /// The exceptions that it is found under.
    fn found_under(&self) -> impl Iterator<Item = &str> {
        let codes = self.exceptions.split(',').filter(|code| !code.is_empty());
        let any = (!self.exceptions.is_empty()).then_some(ANY);
        codes.chain(any).chain(self.is_outlier.then_some(OUTLIER))
    }

    /// What lists go by that are of one exception.
    fn listed(&self) -> (&str, i64, i64) {
        (&self.status, self.worked_minutes, self.tardy_minutes)
    }
}

/// A mark: this week of this employee has to be derived again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The employee's id.
    pub employee: i64,
    /// First date of the workweek.
    pub week: Date,
    /// Number of the mark; it clears only if it is still this one. No number comes twice.
    pub mark: i64,
}

pub(crate) fn day(row: &Row<'_>) -> Result<Day, Error> {
    Ok(Day {
        employee: row.get(0)?,
        date: required_date(row, 1)?,
        status: row.get(2)?,
        exceptions: row.get(3)?,
        worked_minutes: row.get(4)?,
        tardy_minutes: row.get(5)?,
        left_early_minutes: row.get(6)?,
        is_outlier: row.get::<i64>(7)? != 0,
        record: row.get(8)?,
        inputs: row.get(9)?,
        engine: row.get(10)?,
        revision: row.get(11)?,
        derived_us: row.get(12)?,
    })
}

impl Read<'_> {
    /// Employee and work date of the days of some dates that have a status.
    ///
    /// # Errors
    /// Of the store.
    pub fn days_with_status(&self, status: &str, from: Date, to: Date) -> Result<Vec<(i64, Date)>, Error> {
        let values = params![self.tenant, from.to_string(), to.to_string(), status];
        self.all(WITH_STATUS, values, |row| Ok((row.get(0)?, required_date(row, 1)?)))
    }

    /// The stored days of an employee, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn days_of(&self, employee: i64, from: Date, to: Date) -> Result<Vec<Day>, Error> {
        self.all(OF_EMPLOYEE, params![self.tenant, employee, from.to_string(), to.to_string()], day)
    }

    /// Weeks that have to be derived again, by employee and week.
    ///
    /// # Errors
    /// Of the store.
    pub fn marks(&self, limit: u32) -> Result<Vec<Mark>, Error> {
        self.all(MARKED, params![self.tenant, limit], |row| {
            let week = required_date(row, 1)?;
            Ok(Mark { employee: row.get(0)?, week, mark: row.get(2)? })
        })
    }

    /// How many weeks that start within a range have to be derived again.
    ///
    /// # Errors
    /// Of the store.
    pub fn marks_within(&self, first: Date, last: Date) -> Result<u64, Error> {
        let values = params![self.tenant, first.to_string(), last.to_string()];
        Ok(self.one(MARKED_WITHIN, values, |row| row.get(0))?.unwrap_or(0))
    }

    /// How many weeks have to be derived again.
    ///
    /// # Errors
    /// Of the store.
    pub fn mark_count(&self) -> Result<u64, Error> {
        Ok(self.one(MARKED_COUNT, params![self.tenant], |row| row.get(0))?.unwrap_or(0))
    }
}

/// What becomes of days and of logs of lateness. It is gathered first and written at once, day by day in the order of the dates, by
/// which most indexes of days are led: neighbours share pages. No day and no log may come twice.
#[derive(Debug, Default)]
pub struct DayChanges<'d> {
    /// Each as it is stored, and as it is to be.
    days: Vec<(Option<&'d Day>, Option<&'d Day>)>,
    /// Employee, kind and date, with the minutes; `None` for a log that goes.
    logs: Vec<(i64, &'static str, Date, Option<i64>)>,
}

/// How far [`DayChanges`] had come.
#[derive(Clone, Copy, Debug)]
pub struct GatheredDays {
    days: usize,
    logs: usize,
}

impl<'d> DayChanges<'d> {
    /// A day is to be stored, over the one that is `stored`, whose revision goes up.
    pub fn put(&mut self, day: &'d Day, stored: Option<&'d Day>) {
        self.days.push((stored, Some(day)));
    }

    /// A stored day goes: the facts no longer yield it.
    pub fn drop(&mut self, stored: &'d Day) {
        self.days.push((Some(stored), None));
    }

    /// A log of lateness is to be of so many minutes, new or over the old one; `None`: it goes.
    pub fn log(&mut self, employee: i64, kind: &'static str, on: Date, minutes: Option<i64>) {
        self.logs.push((employee, kind, on, minutes));
    }

    /// How far it has come.
    pub const fn gathered(&self) -> GatheredDays {
        GatheredDays { days: self.days.len(), logs: self.logs.len() }
    }

    /// Forgets what came after.
    pub fn go_back(&mut self, to: GatheredDays) {
        self.days.truncate(to.days);
        self.logs.truncate(to.logs);
    }
}

/// The exceptions of one day that another is not found under.
fn only_in<'d>(one: Option<&'d Day>, other: Option<&'d Day>) -> impl Iterator<Item = &'d str> {
    let codes = one.into_iter().flat_map(Day::found_under);
    codes.filter(move |code| !other.is_some_and(|other| other.found_under().any(|its| its == *code)))
}

impl Write<'_> {
    /// Writes changes of days, the exceptions of each under its code, and logs of lateness.
    ///
    /// # Errors
    /// Of the store.
    pub fn change_days(&self, changes: DayChanges<'_>) -> Result<(), Error> {
        let DayChanges { mut days, logs } = changes;
        let key = |(stored, kept): &(Option<&Day>, Option<&Day>)| kept.or(*stored).map(|day| (day.date, day.employee));
        days.sort_by_key(key);
        let dated = days.into_iter().filter_map(|(stored, kept)| {
            let day = kept.or(stored)?;
            Some((day.employee, day.date.to_string(), stored, kept))
        });
        let dated: Vec<_> = dated.collect();
        let dropped = dated.iter().flat_map(|(employee, date, stored, kept)| {
            only_in(*stored, *kept).map(|code| list![self.tenant, code, date.as_str(), *employee])
        });
        self.run_each(DROP_EXCEPTION, dropped)?;
        let noted = dated.iter().flat_map(|(employee, date, stored, kept)| {
            let same = stored.filter(|stored| kept.is_some_and(|kept| kept.listed() == stored.listed()));
            let row = |code| kept.map(|kept| (code, kept.listed()));
            only_in(*kept, same).filter_map(row).map(|(code, (status, worked, tardy))| {
                list![self.tenant, code, date.as_str(), *employee, status, worked, tardy]
            })
        });
        self.run_each(NOTE_EXCEPTION, noted)?;
        let gone = dated.iter().filter(|(.., kept)| kept.is_none());
        self.run_each(DROP, gone.map(|(employee, date, ..)| list![self.tenant, *employee, date.as_str()]))?;
        let kept = dated.iter().filter_map(|(_, date, _, kept)| Some((date, (*kept)?)));
        self.run_each(
            PUT,
            kept.map(|(date, day)| {
                list![
                    self.tenant,
                    day.employee,
                    date.as_str(),
                    day.status.as_str(),
                    day.exceptions.as_str(),
                    day.worked_minutes,
                    day.tardy_minutes,
                    day.left_early_minutes,
                    i64::from(day.is_outlier),
                    day.record.as_str(),
                    day.inputs.as_slice(),
                    day.engine.as_str(),
                    day.derived_us
                ]
            }),
        )?;
        self.change_logs(&logs)
    }
}

impl Write<'_> {
    /// Keeps what a stored day was made of now; it is as it was.
    ///
    /// # Errors
    /// Of the store.
    pub fn keep_inputs(&self, day: &Day) -> Result<(), Error> {
        self.run(KEEP_INPUTS, params![day.inputs, self.tenant, day.employee, day.date.to_string()]).map(drop)
    }

    /// Marks a week to be derived again.
    ///
    /// # Errors
    /// Of the store.
    pub fn mark(&self, employee: i64, week: Date) -> Result<(), Error> {
        self.mark_each(&[(employee, week)])
    }

    /// Marks weeks of employees to be derived again. None may come twice.
    ///
    /// # Errors
    /// Of the store.
    pub fn mark_each(&self, weeks: &[(i64, Date)]) -> Result<(), Error> {
        if weeks.is_empty() {
            return Ok(());
        }
        let mark = self.next_mark()?;
        let texts: Vec<(i64, String)> = weeks.iter().map(|(employee, week)| (*employee, week.to_string())).collect();
        self.run_each(MARK, texts.iter().map(|(employee, week)| list![self.tenant, *employee, week.as_str(), mark]))
    }

    /// The number of this transaction's marks.
    pub(crate) fn next_mark(&self) -> Result<i64, Error> {
        let mark = match self.mark.get() {
            Some(mark) => mark,
            None => self.one(NEXT_MARK, params![self.tenant], |row| row.get(0))?.unwrap_or_default(),
        };
        self.mark.set(Some(mark));
        Ok(mark)
    }

    /// Clears a mark if nobody marked the week again since it was read; false otherwise.
    ///
    /// # Errors
    /// Of the store.
    pub fn unmark(&self, read: &Mark) -> Result<bool, Error> {
        Ok(self.run(UNMARK, params![self.tenant, read.employee, read.week.to_string(), read.mark])? == 1)
    }
}
