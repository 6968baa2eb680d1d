//! Locked periods, what came too late for them, and what of that was posted into a later one.

use jiff::civil::Date;

use crate::engine::{Row, params};
use crate::people::{date, required_date};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    LOCKS = "SELECT first_date, last_date, locked_us, actor, reason FROM locked_period WHERE tenant = $1 ORDER BY first_date";
    LOCK = "INSERT INTO locked_period (tenant, first_date, last_date, locked_us, actor, reason) VALUES ($1, $2, $3, $4, $5, $6)";
    UNLOCK = "DELETE FROM locked_period WHERE tenant = $1 AND first_date = $2 AND last_date = $3";
    DELTAS = "SELECT employee, date, body, found_us, NULL FROM delta WHERE tenant = $1 AND date >= $2 AND date <= $3 ORDER BY date, employee";
    DELTA = "SELECT employee, date, body, found_us, NULL FROM delta WHERE tenant = $1 AND date = $2 AND employee = $3";
    PUT_DELTA = "INSERT INTO delta (tenant, employee, date, body, found_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, date, employee) DO UPDATE SET body = excluded.body, found_us = excluded.found_us";
    DROP_DELTA = "DELETE FROM delta WHERE tenant = $1 AND date = $2 AND employee = $3";
    DROP_DELTAS = "DELETE FROM delta WHERE tenant = $1 AND date >= $2 AND date <= $3";
    POST = "INSERT INTO posted_delta (tenant, employee, date, posted_us, body, into_date, actor) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LAST_POSTED = "SELECT MAX(posted_us) FROM posted_delta WHERE tenant = $1 AND employee = $2 AND date = $3";
    POSTED = "SELECT body FROM posted_delta WHERE tenant = $1 AND employee = $2 AND date = $3 ORDER BY posted_us";
    POSTED_FOR = "SELECT employee, date, body, posted_us, into_date FROM posted_delta
        WHERE tenant = $1 AND date >= $2 AND date <= $3 ORDER BY date, employee, posted_us";
    POSTED_INTO = "SELECT employee, date, body, posted_us, into_date FROM posted_delta
        WHERE tenant = $1 AND into_date >= $2 AND into_date <= $3 ORDER BY date, employee, posted_us";
}

/// A locked period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// First work date.
    pub first: Date,
    /// Last work date.
    pub last: Date,
    /// When it was locked, microseconds UTC.
    pub locked_us: i64,
    /// By whom.
    pub actor: String,
    /// Why; for a forced lock.
    pub reason: String,
}

/// What a locked day lacks, or what of that was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDelta {
    /// The employee's id.
    pub employee: i64,
    /// The locked work date.
    pub date: Date,
    /// The delta, as JSON.
    pub body: String,
    /// When it was found, or posted, microseconds UTC.
    pub at_us: i64,
    /// The date of the later period that it was posted into; `None` while it was not.
    pub into: Option<Date>,
}

fn delta(row: &Row<'_>) -> Result<StoredDelta, Error> {
    let (employee, body, at_us) = (row.get(0)?, row.get(2)?, row.get(3)?);
    Ok(StoredDelta { employee, date: required_date(row, 1)?, body, at_us, into: date(row, 4)? })
}

impl Read<'_> {
    /// The locked periods, by date. They do not overlap.
    ///
    /// # Errors
    /// Of the store.
    pub fn locks(&self) -> Result<Vec<Lock>, Error> {
        self.all(LOCKS, params![self.tenant], |row| {
            Ok(Lock {
                first: required_date(row, 0)?,
                last: required_date(row, 1)?,
                locked_us: row.get(2)?,
                actor: row.get(3)?,
                reason: row.get(4)?,
            })
        })
    }

    /// What locked days of a range lack, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn deltas(&self, from: Date, to: Date) -> Result<Vec<StoredDelta>, Error> {
        self.all(DELTAS, params![self.tenant, from.to_string(), to.to_string()], delta)
    }

    /// What a locked day lacks.
    ///
    /// # Errors
    /// Of the store.
    pub fn delta(&self, employee: i64, on: Date) -> Result<Option<StoredDelta>, Error> {
        self.one(DELTA, params![self.tenant, on.to_string(), employee], delta)
    }

    /// What was posted of a locked day, as JSON, in order.
    ///
    /// # Errors
    /// Of the store.
    pub fn posted_of(&self, employee: i64, on: Date) -> Result<Vec<String>, Error> {
        self.all(POSTED, params![self.tenant, employee, on.to_string()], |row| row.get(0))
    }

    /// What was posted of the locked days of a range.
    ///
    /// # Errors
    /// Of the store.
    pub fn posted_for(&self, from: Date, to: Date) -> Result<Vec<StoredDelta>, Error> {
        self.all(POSTED_FOR, params![self.tenant, from.to_string(), to.to_string()], delta)
    }

    /// What was posted into a range of dates.
    ///
    /// # Errors
    /// Of the store.
    pub fn posted_into(&self, from: Date, to: Date) -> Result<Vec<StoredDelta>, Error> {
        self.all(POSTED_INTO, params![self.tenant, from.to_string(), to.to_string()], delta)
    }
}

impl Write<'_> {
    /// Locks a period. It must not overlap another.
    ///
    /// # Errors
    /// Of the store.
    pub fn lock(&self, lock: &Lock) -> Result<(), Error> {
        let Lock { first, last, locked_us, actor, reason } = lock;
        self.run(LOCK, params![self.tenant, first.to_string(), last.to_string(), locked_us, actor, reason]).map(drop)
    }

    /// Unlocks a period; false when there is none of these dates.
    ///
    /// # Errors
    /// Of the store.
    pub fn unlock(&self, first: Date, last: Date) -> Result<bool, Error> {
        Ok(self.run(UNLOCK, params![self.tenant, first.to_string(), last.to_string()])? == 1)
    }

    /// Notes what a locked day lacks, over what was noted before.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_delta(&self, delta: &StoredDelta) -> Result<(), Error> {
        let StoredDelta { employee, date, body, at_us, into: _ } = delta;
        self.run(PUT_DELTA, params![self.tenant, employee, date.to_string(), body, at_us]).map(drop)
    }

    /// Forgets what a day lacked: nothing any more.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_delta(&self, employee: i64, on: Date) -> Result<(), Error> {
        self.run(DROP_DELTA, params![self.tenant, on.to_string(), employee]).map(drop)
    }

    /// Forgets what the days of a range lacked.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_deltas(&self, from: Date, to: Date) -> Result<(), Error> {
        self.run(DROP_DELTAS, params![self.tenant, from.to_string(), to.to_string()]).map(drop)
    }

    /// Posts a delta into the period of a later date, whatever [`StoredDelta::into`] says. It is noted as later than what was posted of that
    /// day before, also where the clock did not go on since, or was set back.
    ///
    /// # Errors
    /// Of the store.
    pub fn post_delta(&self, delta: &StoredDelta, into: Date, actor: &str) -> Result<(), Error> {
        let StoredDelta { employee, date, body, at_us, into: _ } = delta;
        let last =
            self.one(LAST_POSTED, params![self.tenant, employee, date.to_string()], |row| row.get::<Option<i64>>(0))?;
        let at_us = last.flatten().map_or(*at_us, |last| (*at_us).max(last.saturating_add(1)));
        let values = params![self.tenant, employee, date.to_string(), at_us, body, into.to_string(), actor];
        self.run(POST, values).map(drop)
    }
}
