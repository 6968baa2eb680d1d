//! A time sheet for programs and files: JSON, and the rows of a table.

use std::io::Write;

use attendance::{CodeMinutes, DayRecord, Exception};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use roads::sheet::{Format, Table};
use serde::Serialize;

use super::form48::Form48Line;
use super::sheet::{Mark, SheetLine, TimeSheet, Visit};
use crate::Error;
use crate::export::{codes, shown};

/// A time sheet as JSON. Instants carry the offset of the place where the day was judged.
#[derive(Debug, Serialize)]
pub struct SheetDocument {
    employee: String,
    name: String,
    counts_as: Option<String>,
    site: Option<String>,
    department: Option<String>,
    month: String,
    lock: &'static str,
    official_hours: Hours,
    totals: Sums,
    days: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Hours {
    regular_days: String,
    saturdays: String,
}

#[derive(Debug, Serialize)]
struct Sums {
    worked_minutes: i64,
    paid_minutes: i64,
    tardy_minutes: i64,
    left_early_minutes: i64,
    undertime_minutes: i64,
    leave_minutes: i64,
    tardy_days: i64,
    left_early_days: i64,
    absent_days: i64,
    incomplete_days: i64,
    unjudged_days: usize,
    pay: CodeMinutes,
}

/// A date; figures are zero where no day is stored.
#[derive(Debug, Serialize)]
struct Line {
    date: Date,
    zone: String,
    status: Option<&'static str>,
    shift: Option<String>,
    holiday: Option<String>,
    visits: Vec<Pair>,
    worked_minutes: i64,
    paid_minutes: i64,
    tardy_minutes: i64,
    left_early_minutes: i64,
    undertime_minutes: i64,
    leave_minutes: i64,
    offsite_minutes: i64,
    absent_minutes: i64,
    pay: CodeMinutes,
    exceptions: Vec<Exception>,
    is_corrected: bool,
    is_locked: bool,
    is_behind: bool,
}

#[derive(Debug, Serialize)]
struct Pair {
    arrival: Option<Stamp>,
    departure: Option<Stamp>,
}

#[derive(Debug, Serialize)]
struct Stamp {
    at: String,
    is_added: bool,
}

impl From<&TimeSheet> for SheetDocument {
    fn from(sheet: &TimeSheet) -> Self {
        let totals = &sheet.totals;
        Self {
            employee: sheet.code.clone(),
            name: sheet.name.clone(),
            counts_as: sheet.counts_as.clone(),
            site: sheet.site.clone(),
            department: sheet.department.clone(),
            month: sheet.month.to_string(),
            lock: sheet.lock.word(),
            official_hours: Hours {
                regular_days: sheet.official_hours.regular_days.clone(),
                saturdays: sheet.official_hours.saturdays.clone(),
            },
            totals: Sums {
                worked_minutes: totals.worked_minutes,
                paid_minutes: totals.paid_minutes,
                tardy_minutes: totals.tardy_minutes,
                left_early_minutes: totals.left_early_minutes,
                undertime_minutes: sheet.undertime_minutes(),
                leave_minutes: sheet.leave_minutes,
                tardy_days: totals.tardy_count,
                left_early_days: totals.left_early_count,
                absent_days: totals.absent_days,
                incomplete_days: totals.incomplete_days,
                unjudged_days: sheet.unjudged_days(),
                pay: totals.pay.clone(),
            },
            days: sheet.lines.iter().map(Line::from).collect(),
        }
    }
}

impl From<&SheetLine> for Line {
    fn from(line: &SheetLine) -> Self {
        let record = line.record.as_ref();
        let minutes = |pick: fn(&DayRecord) -> i64| record.map_or(0, pick);
        Self {
            date: line.date,
            zone: line.zone.iana_name().unwrap_or("UTC").to_owned(),
            status: record.map(|record| record.status.as_str()),
            shift: record.and_then(|record| record.shift.as_ref()).map(ToString::to_string),
            holiday: line.holiday.clone(),
            visits: line.visits.iter().map(|visit| Pair::new(visit, &line.zone)).collect(),
            worked_minutes: minutes(|record| record.worked_minutes),
            paid_minutes: minutes(|record| record.paid_minutes),
            tardy_minutes: minutes(|record| record.tardy_minutes),
            left_early_minutes: minutes(|record| record.left_early_minutes),
            undertime_minutes: minutes(|record| record.tardy_minutes + record.left_early_minutes),
            leave_minutes: minutes(|record| record.leave_minutes),
            offsite_minutes: minutes(|record| record.offsite_minutes),
            absent_minutes: minutes(|record| record.absent_minutes),
            pay: record.map(|record| record.pay.clone()).unwrap_or_default(),
            exceptions: record.map(|record| record.exceptions.clone()).unwrap_or_default(),
            is_corrected: line.is_corrected,
            is_locked: line.is_locked,
            is_behind: line.is_behind,
        }
    }
}

impl Pair {
    fn new(visit: &Visit, zone: &TimeZone) -> Self {
        let stamp = |mark: Mark| Stamp { at: shown(mark.at.as_second(), zone), is_added: mark.is_added };
        Self { arrival: visit.arrival.map(stamp), departure: visit.departure.map(stamp) }
    }
}

impl TimeSheet {
    /// Writes a row per date as CSV.
    ///
    /// # Errors
    /// Of the output.
    pub fn csv(&self, out: impl Write) -> Result<(), Error> {
        let columns = [
            "employee",
            "date",
            "status",
            "holiday",
            "in_and_out",
            "worked_minutes",
            "tardy_minutes",
            "left_early_minutes",
            "leave_minutes",
            "paid_minutes",
            "pay",
            "exceptions",
            "is_corrected",
            "is_locked",
        ];
        let mut table = Table::new(Format::Csv, out, columns)?;
        for line in &self.lines {
            let Line { status, holiday, pay, exceptions, .. } = Line::from(line);
            let minutes = |pick: fn(&DayRecord) -> i64| {
                line.record.as_ref().map_or_else(String::new, |one| pick(one).to_string())
            };
            let visits = line.visits.iter().map(|visit| {
                let end =
                    |mark: Option<Mark>| mark.map_or("?".to_owned(), |mark| shown(mark.at.as_second(), &line.zone));
                format!("{}/{}", end(visit.arrival), end(visit.departure))
            });
            table.row([
                self.code.clone(),
                line.date.to_string(),
                status.unwrap_or_default().to_owned(),
                holiday.unwrap_or_default(),
                visits.collect::<Vec<_>>().join(" "),
                minutes(|record| record.worked_minutes),
                minutes(|record| record.tardy_minutes),
                minutes(|record| record.left_early_minutes),
                minutes(|record| record.leave_minutes),
                minutes(|record| record.paid_minutes),
                codes(&pay),
                exceptions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                line.is_corrected.to_string(),
                line.is_locked.to_string(),
            ])?;
        }
        Ok(table.finish()?)
    }

    /// Writes the lines of Form No. 48 as CSV.
    ///
    /// # Errors
    /// Of the output.
    pub fn form48_csv(&self, out: impl Write) -> Result<(), Error> {
        let columns = [
            "employee",
            "date",
            "am_arrival",
            "am_departure",
            "pm_arrival",
            "pm_departure",
            "undertime_minutes",
            "remark",
        ];
        let mut table = Table::new(Format::Csv, out, columns)?;
        for (line, Form48Line { am_arrival, am_departure, pm_arrival, pm_departure, undertime_minutes, remark }) in
            self.lines.iter().zip(self.form48())
        {
            table.row([
                self.code.clone(),
                line.date.to_string(),
                am_arrival,
                am_departure,
                pm_arrival,
                pm_departure,
                undertime_minutes.to_string(),
                remark,
            ])?;
        }
        Ok(table.finish()?)
    }
}
