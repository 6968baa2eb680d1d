//! Employee lists as files: what an export writes, an import takes back.
//!
//! Invariants:
//! * A row is taken whole or not at all; a bad one is refused with its line, its column and the cure, and its neighbours pass.
//! * An empty cell keeps what is known. An export, imported again, changes nothing.
//! * A dry run is the import itself, taken back.

use std::collections::HashMap;
use std::io::Write as Out;

use jiff::Timestamp;
use jiff::civil::Date;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use roads::employees::Line;
use store::Write;
use store::people::UserNumber;
use store::places::EmployeePlace;

use crate::company::zone;
use crate::employee_change::EmployeeChange;
use crate::employment::{Employments, shown, span};
use crate::list_import::ListImport;
use crate::numbers::{Number, assign, check_group, missing};
use crate::resolve::ALWAYS;
use crate::undone::Undone;
use crate::{Actor, CsvTable, Error, Hub, places};

/// Rows of one transaction: a list of thousands must not wait for the disk once per row.
const ROWS_PER_WRITE: usize = 100;

impl Hub {
    /// Imports an employee list: adds unknown codes, changes known ones (an empty cell keeps what is known), gives user numbers.
    /// Everybody on the list is confirmed, unless it says otherwise. Held punches of the numbers are replayed.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a file that is no list, or of the store. A bad row is refused and its neighbours pass.
    pub fn import_employees(
        &self,
        actor: &Actor,
        file: &[u8],
        is_dry_run: bool,
        now: Timestamp,
    ) -> Result<ListImport, Error> {
        let rows = roads::employees::read(file)
            .map_err(|error| Error::invalid(error.to_string(), "see `punchclock import csv --help` for an example"))?;
        let mut report = ListImport::default();
        // A dry run sees what its earlier rows would do.
        let rows_per_write = if is_dry_run { rows.len().max(1) } else { ROWS_PER_WRITE };
        for chunk in rows.chunks(rows_per_write) {
            let done = self.store.write(|write| {
                for row in chunk {
                    let taken = match row {
                        Err(bad) => Err(bad.to_string()),
                        Ok(line) => match write.step(|| take(write, actor, line, now)) {
                            Ok(is_news) => Ok(is_news),
                            Err(error @ (Error::NotFound(_) | Error::Invalid { .. })) => {
                                Err(format!("line {}: {error}", line.line))
                            }
                            Err(error) => return Err(Undone::Failed(error)),
                        },
                    };
                    report.counts.read += 1;
                    match taken {
                        Ok(true) => report.counts.stored += 1,
                        Ok(false) => report.counts.known += 1,
                        Err(refusal) => {
                            report.counts.refused += 1;
                            report.refusals.push(refusal);
                        }
                    }
                }
                if is_dry_run { Err(Undone::DryRun) } else { Ok(()) }
            });
            match done {
                Ok(()) | Err(Undone::DryRun) => {}
                Err(Undone::Failed(error)) => return Err(error),
            }
        }
        report.released = self.resume_replays(now)?.released;
        Ok(report)
    }

    /// Writes all employees as the list that [`Hub::import_employees`] takes.
    ///
    /// # Errors
    /// Of the store, or of the output.
    pub fn employees_csv(&self, out: &mut dyn Out) -> Result<(), Error> {
        let (people, numbers, employments, places) = self.store.read(|read| {
            let (people, numbers) = (read.employees()?, read.user_numbers()?);
            Ok::<_, Error>((people, numbers, read.employments()?, read.places()?))
        })?;
        let mut numbers_of: HashMap<i64, Vec<String>> = HashMap::new();
        for span in &numbers {
            numbers_of.entry(span.employee).or_default().push(dated(span));
        }
        let mut spans_of: HashMap<i64, Vec<String>> = HashMap::new();
        for span in employments {
            spans_of.entry(span.employee).or_default().push(shown((span.from, span.to)));
        }
        let mut places_of: HashMap<i64, Vec<EmployeePlace>> = HashMap::new();
        for place in places {
            places_of.entry(place.employee).or_default().push(place);
        }
        let columns = ["code", "name", "confirmed", "numbers", "employment", "zone", "group", "places"];
        let mut table = CsvTable::new(out, columns)?;
        for one in people {
            table.row([
                one.code,
                one.name,
                if one.is_confirmed { "yes" } else { "no" }.to_owned(),
                numbers_of.remove(&one.id).unwrap_or_default().join(" "),
                spans_of.remove(&one.id).unwrap_or_default().join(" "),
                one.zone.unwrap_or_default(),
                one.group_name.unwrap_or_default(),
                places::shown(&places_of.remove(&one.id).unwrap_or_default()),
            ])?;
        }
        Ok(table.finish()?)
    }
}

/// A number with the dates on which it is somebody's: `cebu/12@2026-01-01..2026-03-31`.
fn dated(span: &UserNumber) -> String {
    let number = crate::numbers::of(span).to_string();
    let number = utf8_percent_encode(&number, PARTS_A_LIST);
    let dates = (span.valid_from, span.valid_to);
    if dates == ALWAYS { number.to_string() } else { format!("{number}@{}", shown(dates)) }
}

/// What parts the numbers of a cell, and a number and its dates: a code that a source sends as a number may have them. Written as in an
/// address of the web: `web/EMP%207`.
const PARTS_A_LIST: &AsciiSet = &CONTROLS.add(b' ').add(b';').add(b'|').add(b'@').add(b'%');

/// A number of a row, with its dates when it has any.
fn read_number(text: &str) -> Result<(Number, Option<(Date, Date)>), Error> {
    let (number, dates) = match text.split_once('@') {
        Some((number, dates)) => (number, Some(span(dates, "numbers")?)),
        None => (text, None),
    };
    let number = Number::parse(&percent_decode_str(number).decode_utf8_lossy());
    check_group(&number.group)?;
    if number.number.is_empty() {
        return Err(Error::invalid(format!("`{text}` in column numbers is no user number"), "write it as in cebu/12"));
    }
    Ok((number, dates))
}

/// Takes one line; whether anything changed.
fn take(write: &Write<'_>, actor: &Actor, line: &Line, now: Timestamp) -> Result<bool, Error> {
    if !line.zone.is_empty() {
        zone(&line.zone)?;
    }
    let mut change = EmployeeChange::of(write, &line.code)?;
    let employee = &mut change.employee;
    employee.is_confirmed = is_confirmed(&line.confirmed, employee.is_confirmed)?;
    if !line.name.is_empty() {
        employee.name.clone_from(&line.name);
    }
    if !line.group.is_empty() {
        employee.group_name = Some(line.group.clone());
    }
    if !line.zone.is_empty() {
        employee.zone = Some(line.zone.clone());
    }
    let id = employee.id;
    change.employments = employments(line, &change.employments)?;
    if !line.places.is_empty() {
        change.places = places::parse(write, &line.places, id, &change.places)?;
    }
    let mut numbers = Vec::new();
    for text in &line.numbers {
        let (number, dates) = read_number(text)?;
        numbers.extend(missing(write, &number, id, dates)?.map(|dates| (number, dates)));
    }
    if !change.is_news() && numbers.is_empty() {
        return Ok(false);
    }
    let (employed, places) = (change.employments.to_string(), places::shown(&change.places));
    let id = change.save(write, now)?;
    for (number, dates) in &numbers {
        assign(write, number, id, *dates)?;
    }
    let detail = format!(
        "line {}: name {}, numbers {}, employed {employed}, zone {}, group {}, places {places}",
        line.line,
        line.name,
        line.numbers.join(" "),
        line.zone,
        line.group,
    );
    write.audit(&actor.entry(now, "employee.import", &line.code, detail))?;
    Ok(true)
}

/// Whether a row says that somebody knows who it is; everybody on a list is confirmed, unless it says otherwise.
fn is_confirmed(cell: &str, was: bool) -> Result<bool, Error> {
    match cell.to_lowercase().as_str() {
        "" | "yes" | "true" => Ok(true),
        // Nobody becomes unknown again.
        "no" | "false" => Ok(was),
        other => Err(Error::invalid(format!("`{other}` in column confirmed can't be read"), "write yes or no")),
    }
}

/// The employments after a row: all of them where it lists them, else the last one with its ends, or one more.
fn employments(line: &Line, before: &Employments) -> Result<Employments, Error> {
    if line.employment.is_empty() {
        return before.with(date("from", &line.from)?, date("to", &line.to)?);
    }
    if line.from.is_empty() && line.to.is_empty() {
        return Employments::parse(&line.employment);
    }
    let what = "columns from and to say again what column employment says";
    Err(Error::invalid(what, "leave them empty, or leave out the column employment"))
}

fn date(column: &str, text: &str) -> Result<Option<Date>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = text.parse::<Date>();
    parsed.map(Some).map_err(|_| Error::invalid(format!("`{text}` in column {column} is no date"), "write 2026-01-31"))
}
