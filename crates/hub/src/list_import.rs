//! Lists that come as files: rosters, leave, offsite work, holidays.
//!
//! Invariants:
//! * A row is taken whole or not at all; a bad one is refused and its neighbours pass.
//! * The same file any number of times changes nothing more. A row with a key stands for all that was ever stated under the key: dates
//!   that it no longer names are withdrawn.
//! * What two rows of a file say differently of the same thing is not decided by their order: the second is refused.
//! * A dry run is the import itself, taken back.

use std::collections::HashMap;

use jiff::Timestamp;
use roads::calendar::Special;
use roads::roster::{AwayRow, Named, RosterRow, Turn};
use roads::{BadRow, NotATable};
use store::Write;

use crate::stated::{Became, Stated, Whom};
use crate::stating::{state, withdraw_rest};
use crate::undone::Undone;
use crate::{Actor, Counts, Error, Hub};

/// Rows stated in one transaction: a roster of thousands must not wait for the disk once per row.
const ROWS_PER_WRITE: usize = 200;

/// What a file lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Who works when, as CSV.
    Roster,
    /// Leave, as CSV.
    Leave,
    /// Offsite work, as CSV.
    Offsite,
    /// Holidays and make-up days, as CSV.
    Holidays,
    /// Holidays, as iCalendar.
    ICalendar,
}

/// What became of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListImport {
    /// Rows: `stored` are new or changed something, `known` changed nothing, `refused` could not be taken.
    pub counts: Counts,
    /// Why rows were refused, with their line.
    pub refusals: Vec<String>,
    /// Held punches that found their employee.
    pub released: u64,
}

/// One row as it is to be stated.
struct Entry {
    line: u64,
    whom: Whom,
    stated: Vec<Stated>,
}

/// A list on its way into the store.
struct Import<'a> {
    actor: &'a Actor,
    reason: String,
    now: Timestamp,
    /// What rows before said, by whom and what it concerns.
    said: HashMap<String, (u64, Stated)>,
    report: ListImport,
}

impl Hub {
    /// States every row of a list, with the file's name as the reason. The same list any number of times changes nothing more.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a file that is no such list, or of the store.
    pub fn import_list(
        &self,
        actor: &Actor,
        kind: ListKind,
        (name, file): (&str, &[u8]),
        is_dry_run: bool,
        now: Timestamp,
    ) -> Result<ListImport, Error> {
        let rows = entries(kind, file)
            .map_err(|error| Error::invalid(error.to_string(), "see `punchclock import csv --help` for examples"))?;
        let reason = format!("import of {name}");
        let mut import = Import { actor, reason, now, said: HashMap::new(), report: ListImport::default() };
        // A dry run sees what its earlier rows would do.
        let rows_per_write = if is_dry_run { rows.len().max(1) } else { ROWS_PER_WRITE };
        for chunk in rows.chunks(rows_per_write) {
            let done = self.store.write(|write| {
                chunk.iter().try_for_each(|row| import.take(write, row))?;
                if is_dry_run { Err(Undone::DryRun) } else { Ok(()) }
            });
            match done {
                Ok(()) | Err(Undone::DryRun) => {}
                Err(Undone::Failed(error)) => return Err(error),
            }
        }
        Ok(import.report)
    }
}

impl Import<'_> {
    /// Takes one row and counts what became of it. A refusal is the row's; what the store reports ends the import.
    fn take(&mut self, write: &Write<'_>, row: &Result<Entry, BadRow>) -> Result<(), Error> {
        self.report.counts.read += 1;
        let entry = match row {
            Ok(entry) => entry,
            Err(bad) => {
                self.refuse(bad.to_string());
                return Ok(());
            }
        };
        let line = entry.line;
        if let Some(earlier) = self.contradicted(entry) {
            self.refuse(format!("line {line}: line {earlier} says otherwise of the same; keep one of them"));
            return Ok(());
        }
        match write.step(|| self.state(write, entry)) {
            Ok(true) => self.report.counts.stored += 1,
            Ok(false) => self.report.counts.known += 1,
            Err(error @ (Error::NotFound(_) | Error::Invalid { .. })) => self.refuse(format!("line {line}: {error}")),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// States all that a row says; whether anything is new.
    fn state(&self, write: &Write<'_>, entry: &Entry) -> Result<bool, Error> {
        let mut is_news = withdraw_rest(write, self.actor, &entry.whom, &entry.stated, &self.reason, self.now)?;
        for stated in &entry.stated {
            is_news |= state(write, self.actor, &entry.whom, stated, &self.reason, self.now)? != Became::Known;
        }
        Ok(is_news)
    }

    /// The line of an earlier row that says something else of the same; else this row is noted.
    fn contradicted(&mut self, entry: &Entry) -> Option<u64> {
        let about = |stated: &Stated| format!("{} {} {}", entry.whom, stated.kind(), stated.key());
        let other =
            |stated: &Stated| self.said.get(&about(stated)).filter(|(_, said)| said != stated).map(|(line, _)| *line);
        let earlier = entry.stated.iter().find_map(other);
        if earlier.is_none() {
            self.said.extend(entry.stated.iter().map(|stated| (about(stated), (entry.line, stated.clone()))));
        }
        earlier
    }

    fn refuse(&mut self, why: String) {
        self.report.counts.refused += 1;
        self.report.refusals.push(why);
    }
}

fn entries(kind: ListKind, file: &[u8]) -> Result<Vec<Result<Entry, BadRow>>, NotATable> {
    Ok(match kind {
        ListKind::Roster => rows(roads::roster::read(file)?, |RosterRow { line, named, turn }| {
            let whom = match named {
                Named::Employee(code) => Whom::Employee(code),
                Named::Group(name) => Whom::Group(name),
            };
            let stated = match turn {
                Turn::Pattern(pattern) => Stated::Assignment(pattern),
                Turn::Single(single) => Stated::Override(single),
            };
            Entry { line, whom, stated: vec![stated] }
        }),
        ListKind::Leave => rows(roads::roster::leave(file)?, |row| away(row, Stated::Leave)),
        ListKind::Offsite => rows(roads::roster::offsite(file)?, |row| away(row, Stated::Offsite)),
        ListKind::Holidays => rows(roads::calendar::read(file)?, special),
        ListKind::ICalendar => rows(roads::calendar::icalendar(file)?, special),
    })
}

fn rows<T>(rows: Vec<Result<T, BadRow>>, entry: impl Fn(T) -> Entry) -> Vec<Result<Entry, BadRow>> {
    rows.into_iter().map(|row| row.map(&entry)).collect()
}

fn away<T>(row: AwayRow<T>, stated: impl Fn(T) -> Stated) -> Entry {
    Entry { line: row.line, whom: Whom::Employee(row.code), stated: row.entries.into_iter().map(stated).collect() }
}

fn special((line, special): (u64, Special)) -> Entry {
    let stated = match special {
        Special::Holiday(holiday) => Stated::Holiday(holiday),
        Special::Workday(workday) => Stated::Workday(workday),
    };
    Entry { line, whom: Whom::Company, stated: vec![stated] }
}
