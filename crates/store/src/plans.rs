//! Plans of dates to come, as they were last generated.

use jiff::civil::Date;

use crate::engine::params;
use crate::people::required_date;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    OF_EMPLOYEE = "SELECT date, plan, generated_us FROM planned_day
        WHERE tenant = $1 AND employee = $2 AND date >= $3 AND date <= $4 ORDER BY date";
    PUT = "INSERT INTO planned_day (tenant, employee, date, plan, generated_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, employee, date) DO UPDATE SET plan = excluded.plan, generated_us = excluded.generated_us";
    DROP = "DELETE FROM planned_day WHERE tenant = $1 AND employee = $2 AND date = $3";
}

/// A stored plan of an employee's date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPlan {
    /// Work date.
    pub date: Date,
    /// The plan, as JSON.
    pub plan: String,
    /// When it was generated so, microseconds UTC.
    pub generated_us: i64,
}

impl Read<'_> {
    /// The stored plans of an employee in a range of dates, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn plans_of(&self, employee: i64, from: Date, to: Date) -> Result<Vec<StoredPlan>, Error> {
        self.all(OF_EMPLOYEE, params![self.tenant, employee, from.to_string(), to.to_string()], |row| {
            let date = required_date(row, 0)?;
            Ok(StoredPlan { date, plan: row.get(1)?, generated_us: row.get(2)? })
        })
    }
}

impl Write<'_> {
    /// Writes the plan of a date, new or over the old one.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_plan(&self, employee: i64, plan: &StoredPlan) -> Result<(), Error> {
        let values = params![self.tenant, employee, plan.date.to_string(), plan.plan, plan.generated_us];
        self.run(PUT, values).map(drop)
    }

    /// Removes the plan of a date.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_plan(&self, employee: i64, on: Date) -> Result<(), Error> {
        self.run(DROP, params![self.tenant, employee, on.to_string()]).map(drop)
    }
}
