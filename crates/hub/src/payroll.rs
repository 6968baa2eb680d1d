//! Payroll files in the layout of a provider: the days of a period and what was posted into it, as pay lines (rules 14.5, 14.6, 17.4).
//!
//! Invariants:
//! * A file is a function of what is stored of its period, whenever it is made: the days, what was posted, and of who is in it the name, and the
//!   department and site of the period's last date. The same gives the same bytes, so that a file that is made again can be told from
//!   another one by its digest.
//! * Whoever takes a file out is in the audit trail with the range, the layout, the rows and the digest ([`Hub::take_payroll`]).

use std::collections::{BTreeMap, HashMap};

use attendance::DayRecord;
use attendance::lock::Delta;
use roads::payroll::{
    Cell, HOLIDAY_CREDIT, Layout, PAID_LEAVE, PAID_OTHER, PayDay, PayPerson, PayTable, PayrollError, Period, table,
};
use roads::sheet::{Format, Table};
use store::people::Employee;

use crate::periods::{Dates, DeltaRow, checked};
use crate::view::{DayFilter, DaySort};
use crate::{Error, Hub};

/// Which payroll file.
#[derive(Clone, Debug)]
pub struct PayrollAsk {
    /// The period.
    pub dates: Dates,
    /// What it looks like.
    pub layout: Layout,
    /// Only what came too late for locked dates of the range, on those dates.
    pub deltas: bool,
}

impl PayrollAsk {
    /// The file in words, by the name of its layout, as the audit trail has it.
    pub fn words(&self, layout: &str, format: Option<Format>) -> String {
        let deltas = if self.deltas { ", deltas" } else { "" };
        let format = format.map(|format| format!(" as {}", format.word())).unwrap_or_default();
        format!("{layout}{deltas}{format}")
    }
}

/// A payroll file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayrollFile {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Rows, without titles and lines of the layout.
    pub rows: usize,
    /// BLAKE3 of the bytes, in hex.
    pub digest: String,
    /// What a person should know of it before it is handed on; empty when there is nothing.
    pub remarks: Vec<String>,
}

impl Hub {
    /// The rows of a payroll file, to be looked at.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a pay code has no place in the layout, or a value of it is missing.
    pub fn payroll_rows(&self, ask: &PayrollAsk) -> Result<PayTable, Error> {
        let people = self.pay_people(ask)?;
        Ok(table(&ask.layout, period(ask.dates), &people)?)
    }

    /// The file of a period: as its layout writes it, or its columns as a workbook or JSON.
    ///
    /// # Errors
    /// As [`Hub::payroll_rows`]; of a name that the layout's encoding can't write.
    pub fn payroll_file(&self, ask: &PayrollAsk, format: Option<Format>) -> Result<PayrollFile, Error> {
        let PayrollAsk { layout, dates, .. } = ask;
        let made = self.payroll_rows(ask)?;
        let mut name = layout.file_name(period(*dates))?;
        let bytes = match format {
            None => made.text(layout, period(*dates))?,
            Some(format) => {
                let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned();
                name = format!("{stem}.{}", format.word());
                columns(&made, layout, format)?
            }
        };
        let digest = blake3::hash(&bytes).to_hex().to_string();
        Ok(PayrollFile { name, bytes, rows: made.rows.len(), digest, remarks: made.remarks() })
    }

    /// What everybody is to be paid for, by employee code.
    fn pay_people(&self, ask: &PayrollAsk) -> Result<Vec<PayPerson>, Error> {
        let (from, to) = checked(ask.dates)?;
        let mut places = self.store.read(|read| {
            let mut place_of = crate::places::on(read.places()?, to);
            let of = |one: Employee| place_of.remove(&one.id).map(|place| (one.code, place));
            Ok::<HashMap<_, _>, Error>(read.employees()?.into_iter().filter_map(of).collect())
        })?;
        let mut people: BTreeMap<String, PayPerson> = BTreeMap::new();
        let mut add = |code: String, name: String, day: PayDay| {
            let person = people.entry(code).or_insert_with_key(|code| {
                let (department, site) = places.remove(code).map(|place| (place.department, place.site)).unzip();
                let (department, site) = (department.flatten(), site.flatten());
                PayPerson {
                    code: code.clone(),
                    name,
                    department: department.unwrap_or_default(),
                    site: site.unwrap_or_default(),
                    days: Vec::new(),
                }
            });
            person.days.push(day);
        };
        if ask.deltas {
            for DeltaRow { code, name, date, delta, .. } in self.all_deltas((from, to))? {
                add(code, name, PayDay { date, ..of_delta(&delta) });
            }
        } else {
            let filter = DayFilter { from: Some(from), to: Some(to), sort: DaySort::Employee, ..DayFilter::default() };
            self.each_day(&filter, |row| {
                add(row.code, row.name, of_day(&row.record));
                Ok(())
            })?;
            for DeltaRow { code, name, date, delta, into, .. } in self.posted_deltas((from, to))? {
                add(code, name, PayDay { date: into.unwrap_or(to), corrects: Some(date), ..of_delta(&delta) });
            }
        }
        Ok(people.into_values().collect())
    }
}

fn period((from, to): Dates) -> Period {
    Period { from, to }
}

fn of_day(record: &DayRecord) -> PayDay {
    let pay = record.pay.iter().chain(record.premiums.iter());
    let mut pay: Vec<(String, i64)> = pay.map(|(code, minutes)| (code.to_string(), minutes)).collect();
    let others = [(PAID_LEAVE, record.paid_leave_minutes), (HOLIDAY_CREDIT, record.holiday_credit_minutes)];
    pay.extend(
        others.into_iter().filter(|(_, minutes)| *minutes != 0).map(|(code, minutes)| (code.to_owned(), minutes)),
    );
    PayDay {
        date: record.date,
        corrects: None,
        pay,
        worked_minutes: record.worked_minutes,
        paid_minutes: record.paid_minutes,
        tardy_minutes: record.tardy_minutes,
        left_early_minutes: record.left_early_minutes,
        absent_minutes: record.absent_minutes,
    }
}

/// A delta as a day. What is paid besides pay codes is leave where the leave changed by as much, and a holiday where no leave changed.
fn of_delta(delta: &Delta) -> PayDay {
    let mut pay: Vec<(String, i64)> = delta.pay.iter().map(|(code, minutes)| (code.to_string(), minutes)).collect();
    let besides = delta.paid_minutes - delta.pay.sum();
    if besides != 0 {
        let code = match delta.leave_minutes {
            leave if leave == besides => PAID_LEAVE,
            0 => HOLIDAY_CREDIT,
            _ => PAID_OTHER,
        };
        pay.push((code.to_owned(), besides));
    }
    PayDay {
        pay,
        worked_minutes: delta.worked_minutes,
        paid_minutes: delta.paid_minutes,
        tardy_minutes: delta.tardy_minutes,
        left_early_minutes: delta.left_early_minutes,
        absent_minutes: delta.absent_minutes,
        ..PayDay::default()
    }
}

/// The columns of a layout as a workbook, JSON or plain CSV.
fn columns(made: &PayTable, layout: &Layout, format: Format) -> Result<Vec<u8>, Error> {
    let titles: Vec<String> = layout.columns.iter().map(|column| column.title.clone()).collect();
    // A column is of numbers if there are any: blanks stand between them.
    let is_number = |place: usize| made.rows.iter().any(|row| matches!(row.get(place), Some(Cell::Number(_))));
    let numbers = (0..titles.len()).map(is_number).collect();
    let mut bytes = Vec::new();
    let mut table = Table::with_numbers(format, &mut bytes, titles, numbers)?;
    for row in &made.rows {
        let is_figure = |cell: &Cell| matches!(cell, Cell::Number(_) | Cell::Clock(_));
        table.row_with_figures(row.iter().map(|cell| (cell.text(), is_figure(cell))))?;
    }
    table.finish()?;
    Ok(bytes)
}

impl From<PayrollError> for Error {
    fn from(error: PayrollError) -> Self {
        Self::Invalid { what: error.what, cure: error.cure }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn as_csv_negative_hours_stay_as_they_are_and_a_name_that_looks_like_them_is_no_formula() {
        let layout =
            "[[columns]]\ntitle = \"Who\"\nfield = \"name\"\n[[columns]]\ntitle = \"Clock\"\nfield = \"hours\"\n
            form = \"clock\"\n[[columns]]\ntitle = \"Hours\"\nfield = \"paid\"\n";
        let cells = ["-1:05", "-1:05", "-1.08"].map(str::to_owned);
        let [name, clock, hours] = cells;
        let rows = vec![vec![Cell::Text(name), Cell::Clock(clock), Cell::Number(hours)]];
        let made = PayTable { rows, ..PayTable::default() };
        let text = |format| String::from_utf8(columns(&made, &Layout::from_toml(layout).unwrap(), format).unwrap());
        assert_eq!(text(Format::Csv).unwrap(), "Who,Clock,Hours\n'-1:05,-1:05,-1.08\n");
        let json = "[\n{\"Who\": \"-1:05\", \"Clock\": \"-1:05\", \"Hours\": -1.08}\n]\n";
        assert_eq!(text(Format::Json).unwrap(), json);
    }
}
