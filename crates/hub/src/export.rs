//! Exports: the same rows as the pages, as CSV. Rows and columns do not depend on the order in which anything arrived.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use attendance::lock::Delta;
use attendance::{CodeMinutes, DayRecord, Rulebook, Totals};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use roads::sheet::{CsvTable, Format, Table};

use crate::company::Company;
use crate::periods::{Dates, DeltaRow};
use crate::view::{DayFilter, DayRow, DaySort, PunchFilter};
use crate::{Error, Hub};

const DAY_COLUMNS: [&str; 30] = [
    "employee",
    "name",
    "date",
    "status",
    "day_kind",
    "shift",
    "plan_start",
    "plan_end",
    "first_in",
    "last_out",
    "scheduled_minutes",
    "leave_minutes",
    "offsite_minutes",
    "required_minutes",
    "presence_minutes",
    "break_minutes",
    "worked_minutes",
    "covered_minutes",
    "tardy_minutes",
    "left_early_minutes",
    "away_minutes",
    "absent_minutes",
    "unverified_minutes",
    "grace_minutes",
    "excused_minutes",
    "unpaid_extra_minutes",
    "paid_minutes",
    "pay",
    "premiums",
    "exceptions",
];

impl Hub {
    /// Writes days as CSV, each as it is read.
    ///
    /// # Errors
    /// Of the store or the output.
    pub fn days_csv(&self, filter: &DayFilter, out: impl Write) -> Result<(), Error> {
        self.days_table(filter, Format::Csv, out)
    }

    /// Writes days in a format, each as it is read.
    ///
    /// # Errors
    /// Of the store or the output.
    pub fn days_table(&self, filter: &DayFilter, format: Format, out: impl Write) -> Result<(), Error> {
        let mut table = Table::new(format, out, DAY_COLUMNS)?;
        self.each_day(filter, |row| Ok(table.row(day_cells(&row))?))?;
        Ok(table.finish()?)
    }

    /// Writes punches as CSV; held ones have an empty employee.
    ///
    /// # Errors
    /// Of the store or the output.
    pub fn punches_csv(&self, filter: &PunchFilter, out: impl Write) -> Result<(), Error> {
        self.punches_table(filter, Format::Csv, out)
    }

    /// Writes punches in a format; held ones have an empty employee.
    ///
    /// # Errors
    /// Of the store or the output.
    pub fn punches_table(&self, filter: &PunchFilter, format: Format, out: impl Write) -> Result<(), Error> {
        let columns = [
            "fingerprint",
            "terminal",
            "user",
            "printed_time",
            "state",
            "verify",
            "employee",
            "instant",
            "held",
            "road",
        ];
        let mut table = Table::new(format, out, columns)?;
        let number = |code: Option<i32>| code.map_or_else(String::new, |code| code.to_string());
        for row in self.punches(filter)?.rows {
            table.row([
                row.fingerprint.to_string(),
                row.origin,
                row.user,
                row.printed,
                number(row.state),
                number(row.verify),
                row.employee.unwrap_or_default(),
                row.at.map_or_else(String::new, |at| at.to_string()),
                row.held.map_or_else(String::new, |reason| reason.word().to_owned()),
                row.channel,
            ])?;
        }
        Ok(table.finish()?)
    }

    /// Writes one row per employee with the period's totals (rules 14.6): a column per pay code and premium that occurs.
    /// Days that are not judged count nothing; what was posted into the period from earlier, locked dates is in its figures
    /// (rules 17.4), and column `posted_paid_minutes` tells how much of the paid time that is.
    ///
    /// # Errors
    /// Of the store or the output.
    pub fn payroll_csv(&self, from: Date, to: Date, out: impl Write) -> Result<(), Error> {
        self.payroll_table((from, to), Format::Csv, out).map(drop)
    }

    /// Writes what [`Hub::payroll_csv`] does in a format; how many rows there were.
    ///
    /// # Errors
    /// Of the store or the output.
    pub fn payroll_table(&self, (from, to): Dates, format: Format, out: impl Write) -> Result<usize, Error> {
        let company = self.company()?;
        let people = self.payroll(&company, from, to)?;
        let codes = |pick: fn(&Totals) -> &CodeMinutes| -> BTreeSet<String> {
            people.iter().flat_map(|paid| pick(&paid.totals).iter()).map(|(code, _)| code.to_string()).collect()
        };
        let (pay, premiums) = (codes(|totals| &totals.pay), codes(|totals| &totals.premiums));
        let fixed = [
            "employee",
            "name",
            "from",
            "to",
            "worked_minutes",
            "paid_minutes",
            "posted_paid_minutes",
            "tardy_days",
            "tardy_minutes",
            "left_early_days",
            "left_early_minutes",
            "absent_days",
            "incomplete_days",
        ];
        let header = fixed.map(str::to_owned).into_iter();
        let header = header.chain(pay.iter().map(|code| format!("pay_{code}_minutes")));
        let header = header.chain(premiums.iter().map(|code| format!("premium_{code}_minutes")));
        let mut table = Table::new(format, out, header)?;
        for Paid { code, name, totals, posted_minutes } in &people {
            let mut cells = vec![code.clone(), name.clone(), from.to_string(), to.to_string()];
            let figures = [
                totals.worked_minutes,
                totals.paid_minutes,
                *posted_minutes,
                totals.tardy_count,
                totals.tardy_minutes,
                totals.left_early_count,
                totals.left_early_minutes,
                totals.absent_days,
                totals.incomplete_days,
            ];
            cells.extend(figures.map(|figure| figure.to_string()));
            cells.extend(pay.iter().map(|code| totals.pay.get(code).to_string()));
            cells.extend(premiums.iter().map(|code| totals.premiums.get(code).to_string()));
            table.row(cells)?;
        }
        table.finish()?;
        Ok(people.len())
    }

    /// Writes what came too late for locked dates of a range, and what of it was posted: one row per delta (rules 17.4).
    ///
    /// # Errors
    /// Of the store or the output.
    pub fn deltas_csv(&self, from: Date, to: Date, out: impl Write) -> Result<(), Error> {
        self.deltas_table((from, to), Format::Csv, out).map(drop)
    }

    /// Writes what [`Hub::deltas_csv`] does in a format; how many rows there were.
    ///
    /// # Errors
    /// Of the store or the output.
    pub fn deltas_table(&self, dates: Dates, format: Format, out: impl Write) -> Result<usize, Error> {
        let figures = Delta::default().named().map(|(name, _)| format!("{name}_minutes"));
        let header = ["employee", "name", "date", "posted_into"].map(str::to_owned).into_iter().chain(figures);
        let mut table = Table::new(format, out, header.chain(["pay".to_owned()]))?;
        let rows = self.all_deltas(dates)?;
        let count = rows.len();
        for row in rows {
            let into = row.into.map_or_else(String::new, |into| into.to_string());
            let mut cells = vec![row.code, row.name, row.date.to_string(), into];
            cells.extend(row.delta.named().map(|(_, minutes)| minutes.to_string()));
            cells.push(codes(&row.delta.pay));
            table.row(cells)?;
        }
        table.finish()?;
        Ok(count)
    }

    /// The people of a period, by code.
    fn payroll(&self, company: &Company, from: Date, to: Date) -> Result<Vec<Paid>, Error> {
        let filter = DayFilter { from: Some(from), to: Some(to), sort: DaySort::Employee, ..DayFilter::default() };
        let book = company.book(company.calendar.clone())?;
        let mut people = BTreeMap::new();
        // The days of one employee follow each other.
        let mut days: Vec<DayRow> = Vec::new();
        self.each_day(&filter, |day| {
            if days.first().is_some_and(|first| first.code != day.code) {
                people.extend(paid(&book, &mut days));
            }
            days.push(day);
            Ok(())
        })?;
        people.extend(paid(&book, &mut days));
        for posted in self.posted_deltas((from, to))? {
            let DeltaRow { code, name, delta, .. } = posted;
            let paid = people.entry(code.clone()).or_insert_with(|| Paid { code, name, ..Paid::default() });
            paid.posted_minutes += delta.paid_minutes;
            delta.add_to(&mut paid.totals);
        }
        Ok(people.into_values().collect())
    }
}

/// What the days of one employee come to, by code; none are left.
fn paid(book: &Rulebook, days: &mut Vec<DayRow>) -> Option<(String, Paid)> {
    let (code, name) = days.first().map(|day| (day.code.clone(), day.name.clone()))?;
    let records: Vec<DayRecord> = days.drain(..).map(|day| day.record).collect();
    let totals = attendance::totals(book, &records);
    Some((code.clone(), Paid { code, name, totals, posted_minutes: 0 }))
}

/// What an employee is paid for in a period.
#[derive(Default)]
struct Paid {
    code: String,
    name: String,
    totals: Totals,
    /// How many of the paid minutes were posted from locked dates.
    posted_minutes: i64,
}

/// Writes rows of days as CSV.
///
/// # Errors
/// Of the output.
pub fn write_days(rows: &[DayRow], out: impl Write) -> Result<(), Error> {
    let mut table = CsvTable::new(out, DAY_COLUMNS)?;
    for row in rows {
        table.row(day_cells(row))?;
    }
    Ok(table.finish()?)
}

fn day_cells(row: &DayRow) -> Vec<String> {
    let record = &row.record;
    let at = |seconds: Option<i64>| seconds.map_or_else(String::new, |seconds| shown(seconds, &row.zone));
    let exceptions: Vec<String> = record.exceptions.iter().map(ToString::to_string).collect();
    let mut cells = vec![
        row.code.clone(),
        row.name.clone(),
        record.date.to_string(),
        record.status.to_string(),
        record.day_kind.to_string(),
        record.shift.as_ref().map_or_else(String::new, ToString::to_string),
        at(record.plan_start),
        at(record.plan_end),
        at(record.first_in),
        at(record.last_out),
    ];
    let figures = [
        record.scheduled_minutes,
        record.leave_minutes,
        record.offsite_minutes,
        record.required_minutes,
        record.presence_minutes,
        record.break_minutes,
        record.worked_minutes,
        record.covered_minutes,
        record.tardy_minutes,
        record.left_early_minutes,
        record.away_minutes,
        record.absent_minutes,
        record.unverified_minutes,
        record.grace_minutes,
        record.excused_minutes,
        record.unpaid_extra_minutes,
        record.paid_minutes,
    ];
    cells.extend(figures.map(|figure| figure.to_string()));
    cells.extend([codes(&record.pay), codes(&record.premiums), exceptions.join(" ")]);
    cells
}

/// `OT 90 REG 540`, by code.
pub(crate) fn codes(minutes: &CodeMinutes) -> String {
    let mut all: Vec<String> = minutes.iter().map(|(code, minutes)| format!("{code} {minutes}")).collect();
    all.sort();
    all.join(" ")
}

/// An instant with its offset: `2026-06-02T09:15:00+08:00`.
pub(crate) fn shown(seconds: i64, zone: &TimeZone) -> String {
    let instant = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    instant.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
