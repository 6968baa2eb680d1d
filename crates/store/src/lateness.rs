//! Tardy and left-early logs, and their sums per employee.

use jiff::civil::Date;

use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    pub(crate) PUT = "INSERT INTO lateness (tenant, employee, kind, date, minutes) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, employee, kind, date) DO UPDATE SET minutes = excluded.minutes";
    DROP = "DELETE FROM lateness WHERE tenant = $1 AND employee = $2 AND kind = $3 AND date = $4";
    SUM = "SELECT days, minutes FROM lateness_sum WHERE tenant = $1 AND employee = $2 AND kind = $3";
    ADD = "INSERT INTO lateness_sum (tenant, employee, kind, days, minutes) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, employee, kind) DO UPDATE SET days = lateness_sum.days + excluded.days,
        minutes = lateness_sum.minutes + excluded.minutes";
}

impl Read<'_> {
    /// The sum of the logs of an employee: days and minutes.
    ///
    /// # Errors
    /// Of the store.
    pub fn lateness_sum(&self, employee: i64, kind: &str) -> Result<(i64, i64), Error> {
        let sum = self.one(SUM, params![self.tenant, employee, kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(sum.unwrap_or_default())
    }
}

impl Write<'_> {
    /// Removes a log.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_lateness(&self, employee: i64, kind: &str, on: Date) -> Result<(), Error> {
        self.run(DROP, params![self.tenant, employee, kind, on.to_string()]).map(drop)
    }

    /// Adds days and minutes, also negative ones, to the sum of an employee.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_lateness(&self, employee: i64, kind: &str, days: i64, minutes: i64) -> Result<(), Error> {
        self.run(ADD, params![self.tenant, employee, kind, days, minutes]).map(drop)
    }
}
