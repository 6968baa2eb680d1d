//! Derived days, and what has to be derived again.

use jiff::civil::Date;

use crate::engine::{Param, Row, Statement, list, params};
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
    WITH_STATUS = "SELECT employee, date FROM day WHERE tenant = $1 AND date >= $2 AND date <= $3 AND status = $4
        ORDER BY date, employee";
    DROP = "DELETE FROM day WHERE tenant = $1 AND employee = $2 AND date = $3";
    NEXT_MARK = "INSERT INTO counter (tenant, name, value) VALUES ($1, 'mark', 1)
        ON CONFLICT (tenant, name) DO UPDATE SET value = counter.value + 1 RETURNING value";
    MARK = "INSERT INTO dirty_week (tenant, employee, week, mark) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, employee, week) DO UPDATE SET mark = excluded.mark";
    MARKED = "SELECT employee, week, mark FROM dirty_week WHERE tenant = $1 ORDER BY employee, week LIMIT $2";
    MARKED_COUNT = "SELECT COUNT(*) FROM dirty_week WHERE tenant = $1";
    MARKED_WITHIN = "SELECT COUNT(*) FROM dirty_week WHERE tenant = $1 AND week >= $2 AND week <= $3";
    UNMARK = "DELETE FROM dirty_week WHERE tenant = $1 AND employee = $2 AND week = $3 AND mark = $4";
}

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

/// A row of the list of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDay {
    /// Employee code.
    pub code: String,
    /// Employee name.
    pub name: String,
    /// IANA zone of the employee; the company's when `None`.
    pub zone: Option<String>,
    /// The day.
    pub day: Day,
}

/// The sort orders of the list of days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By date, then employee code.
    #[default]
    Date,
    /// By employee code, then date.
    Employee,
    /// By worked minutes.
    Worked,
    /// By tardy minutes.
    Tardy,
}

impl Order {
    const ALL: [Self; 4] = [Self::Date, Self::Employee, Self::Worked, Self::Tardy];

    fn sql(self, descending: bool) -> String {
        let turn = if descending { " DESC" } else { "" };
        match self {
            Self::Date => format!(" ORDER BY d.date{turn}, e.code"),
            Self::Employee => format!(" ORDER BY e.code{turn}, d.date"),
            Self::Worked => format!(" ORDER BY d.worked_minutes{turn}, d.date, e.code"),
            Self::Tardy => format!(" ORDER BY d.tardy_minutes{turn}, d.date, e.code"),
        }
    }
}

/// Which days to list. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct DayQuery {
    /// First date.
    pub from: Option<Date>,
    /// Last date, inclusive.
    pub to: Option<Date>,
    /// Employee code.
    pub employee: Option<String>,
    /// Exception code.
    pub exception: Option<String>,
    /// Only days that have an exception.
    pub has_exception: bool,
    /// Status word.
    pub status: Option<String>,
    /// Sort order.
    pub order: Order,
    /// The other way round.
    pub descending: bool,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 is no limit.
    pub limit: u32,
}

/// In the order of employees: SQLite takes tables that are joined so in this order, and meets each employee's days by date.
const LIST_BY_EMPLOYEE: &str =
    " FROM employee e CROSS JOIN day d WHERE d.tenant = $1 AND e.tenant = $1 AND d.employee = e.id";
const LIST_FROM: &str = " FROM day d JOIN employee e ON e.tenant = d.tenant AND e.id = d.employee WHERE d.tenant = $1";
const LIST_COLUMNS: &str = "SELECT d.employee, d.date, d.status, d.exceptions, d.worked_minutes, d.tardy_minutes,
    d.left_early_minutes, d.is_outlier, d.record, d.inputs, d.engine, d.revision, d.derived_us, e.code, e.name, e.zone";

impl DayQuery {
    fn conditions(&self, tenant: i64) -> (String, Vec<Box<dyn Param>>) {
        let mut values: Vec<Box<dyn Param>> = vec![Box::new(tenant)];
        let mut sql = String::new();
        let mut and = |condition: &str, value: Option<String>| {
            if let Some(value) = value {
                values.push(Box::new(value));
                let end = if condition.contains('(') { ", '')" } else { "" };
                sql.push_str(&format!(" AND {condition} ${}{end}", values.len()));
            }
        };
        and("d.date >=", self.from.map(|date| date.to_string()));
        and("d.date <=", self.to.map(|date| date.to_string()));
        and("e.code =", self.employee.clone());
        // LIKE knows case on one engine only.
        and("d.exceptions <> REPLACE(d.exceptions,", self.exception.as_ref().map(|code| format!(",{code},")));
        and("d.status =", self.status.clone());
        if self.has_exception {
            sql.push_str(" AND d.exceptions <> ''");
        }
        (sql, values)
    }

    /// The list under conditions with so many values; limit and offset follow them.
    fn list(&self, conditions: &str, values: usize) -> String {
        let from = if self.order == Order::Employee { LIST_BY_EMPLOYEE } else { LIST_FROM };
        let (order, limit, offset) = (self.order.sql(self.descending), values + 1, values + 2);
        format!("{LIST_COLUMNS}{from}{conditions}{order} LIMIT ${limit} OFFSET ${offset}")
    }
}

/// Every form that the list of days takes, for the catalogue test.
pub(crate) fn list_variants() -> Vec<(&'static str, String)> {
    let text = |on: bool| on.then(|| String::from("x"));
    let day = |on: bool| on.then_some(Date::constant(2026, 1, 1));
    let mut variants = Vec::new();
    for bits in 0..64u32 {
        let on = |bit: u32| bits & (1 << bit) != 0;
        let mut query = DayQuery {
            from: day(on(0)),
            to: day(on(1)),
            employee: text(on(2)),
            exception: text(on(3)),
            status: text(on(4)),
            has_exception: on(5),
            ..DayQuery::default()
        };
        let (conditions, values) = query.conditions(1);
        query.descending = bits % 2 == 0;
        for order in Order::ALL {
            query.order = order;
            variants.push(("store::days::list", query.list(&conditions, values.len())));
        }
    }
    variants
}

fn day(row: &Row<'_>) -> Result<Day, Error> {
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

    /// The days that a query asks for, and how many there are without its offset and limit.
    ///
    /// # Errors
    /// Of the store.
    pub fn list_days(&self, query: &DayQuery) -> Result<(Vec<ListedDay>, u64), Error> {
        let (conditions, values) = query.conditions(self.tenant);
        let mut params: Vec<&dyn Param> = values.iter().map(AsRef::as_ref).collect();
        let total = self.one(&format!("SELECT COUNT(*){LIST_FROM}{conditions}"), &params, |row| row.get(0))?;
        let list = query.list(&conditions, values.len());
        let limit = if query.limit == 0 { i64::MAX } else { query.limit.into() };
        params.extend([&limit as &dyn Param, &query.offset]);
        let rows = self.all(&list, &params, |row| {
            Ok(ListedDay { code: row.get(13)?, name: row.get(14)?, zone: row.get(15)?, day: day(row)? })
        })?;
        Ok((rows, total.unwrap_or(0)))
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

/// The two statements that every derived day passes, prepared once for the transaction.
pub struct DayWriter<'a> {
    put: Statement<'a>,
    put_log: Statement<'a>,
    tenant: i64,
}

impl DayWriter<'_> {
    /// Stores a day; a known one is replaced and its revision goes up.
    ///
    /// # Errors
    /// Of the store.
    pub fn put(&mut self, day: &Day) -> Result<(), Error> {
        let values = params![
            self.tenant,
            day.employee,
            day.date.to_string(),
            day.status,
            day.exceptions,
            day.worked_minutes,
            day.tardy_minutes,
            day.left_early_minutes,
            i64::from(day.is_outlier),
            day.record,
            day.inputs,
            day.engine,
            day.derived_us
        ];
        self.put.run(values).map(drop)
    }

    /// Writes a log of lateness, new or over the old one.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_lateness(&mut self, employee: i64, kind: &str, on: Date, minutes: i64) -> Result<(), Error> {
        self.put_log.run(params![self.tenant, employee, kind, on.to_string(), minutes]).map(drop)
    }
}

impl<'a> Write<'a> {
    /// Prepares what days are written with.
    ///
    /// # Errors
    /// Of the store.
    pub fn day_writer(&self) -> Result<DayWriter<'a>, Error> {
        Ok(DayWriter {
            put: self.session.prepare(PUT)?,
            put_log: self.session.prepare(crate::lateness::PUT)?,
            tenant: self.tenant,
        })
    }
}

impl Write<'_> {
    /// Removes a day that the facts no longer yield.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_day(&self, employee: i64, date: Date) -> Result<(), Error> {
        self.run(DROP, params![self.tenant, employee, date.to_string()]).map(drop)
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
        let mark = match self.mark.get() {
            Some(mark) => mark,
            None => self.one(NEXT_MARK, params![self.tenant], |row| row.get(0))?.unwrap_or_default(),
        };
        self.mark.set(Some(mark));
        let texts: Vec<(i64, String)> = weeks.iter().map(|(employee, week)| (*employee, week.to_string())).collect();
        self.run_each(MARK, texts.iter().map(|(employee, week)| list![self.tenant, *employee, week.as_str(), mark]))
    }

    /// Clears a mark if nobody marked the week again since it was read; false otherwise.
    ///
    /// # Errors
    /// Of the store.
    pub fn unmark(&self, read: &Mark) -> Result<bool, Error> {
        Ok(self.run(UNMARK, params![self.tenant, read.employee, read.week.to_string(), read.mark])? == 1)
    }
}
