//! Tardy and left-early logs, and their sums per employee.

use jiff::civil::Date;

use crate::engine::{list, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    PUT = "INSERT INTO lateness (tenant, employee, kind, date, minutes) VALUES ($1, $2, $3, $4, $5)
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
    /// Writes logs, new or over the old ones: employee, kind, date, minutes; without minutes it goes.
    pub(crate) fn change_logs(&self, logs: &[(i64, &str, Date, Option<i64>)]) -> Result<(), Error> {
        let dated = logs.iter().map(|(employee, kind, date, minutes)| (*employee, *kind, date.to_string(), *minutes));
        let dated: Vec<_> = dated.collect();
        let gone = dated.iter().filter(|(.., minutes)| minutes.is_none());
        self.run_each(DROP, gone.map(|(employee, kind, date, _)| list![self.tenant, *employee, *kind, date.as_str()]))?;
        let kept =
            dated.iter().filter_map(|(employee, kind, date, minutes)| Some((*employee, *kind, date, (*minutes)?)));
        self.run_each(
            PUT,
            kept.map(|(employee, kind, date, minutes)| list![self.tenant, employee, kind, date.as_str(), minutes]),
        )
    }

    /// Adds days and minutes, also negative ones, to the sum of an employee.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_lateness(&self, employee: i64, kind: &str, days: i64, minutes: i64) -> Result<(), Error> {
        self.run(ADD, params![self.tenant, employee, kind, days, minutes]).map(drop)
    }
}
