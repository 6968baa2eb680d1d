//! Lists that come as files: rosters, leave, offsite work, holidays. Each row is stated; a bad one is refused and its neighbours pass.

use jiff::Timestamp;
use roads::calendar::Special;
use roads::roster::{AwayRow, Named, RosterRow, Turn};
use roads::{BadRow, NotATable};

use crate::registry::ListImport;
use crate::stated::{Became, Stated, Whom, state};
use crate::{Actor, Error, Hub};

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

/// One row as it is to be stated: where it stands, whom it concerns, what it says.
type Entry = (u64, Whom, Vec<Stated>);

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
        let mut report = ListImport::default();
        for chunk in rows.chunks(ROWS_PER_WRITE) {
            if is_dry_run {
                for row in chunk {
                    report.take(row, |whom, stated| self.would_state(whom, stated, now))?;
                }
                continue;
            }
            self.store.write(|write| {
                chunk.iter().try_for_each(|row| {
                    report
                        .take(row, |whom, stated| state(write, actor, whom, stated, &format!("import of {name}"), now))
                })
            })?;
        }
        Ok(report)
    }
}

impl ListImport {
    /// States one row and counts what became of it. A refusal is the row's; what the store reports ends the import.
    fn take(
        &mut self,
        row: &Result<Entry, BadRow>,
        mut state: impl FnMut(&Whom, &Stated) -> Result<Became, Error>,
    ) -> Result<(), Error> {
        self.counts.read += 1;
        let (line, whom, entries) = match row {
            Ok(entry) => entry,
            Err(bad) => {
                self.refuse(bad.to_string());
                return Ok(());
            }
        };
        let mut is_news = false;
        for stated in entries {
            match state(whom, stated) {
                Ok(became) => is_news |= became != Became::Known,
                Err(error @ (Error::NotFound(_) | Error::Invalid { .. })) => {
                    self.refuse(format!("line {line}: {error}"));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        if is_news {
            self.counts.stored += 1;
        } else {
            self.counts.known += 1;
        }
        Ok(())
    }

    fn refuse(&mut self, why: String) {
        self.counts.refused += 1;
        self.refusals.push(why);
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
            (line, whom, vec![stated])
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
    (row.line, Whom::Employee(row.code), row.entries.into_iter().map(stated).collect())
}

fn special((line, special): (u64, Special)) -> Entry {
    let stated = match special {
        Special::Holiday(holiday) => Stated::Holiday(holiday),
        Special::Workday(workday) => Stated::Workday(workday),
    };
    (line, Whom::Company, vec![stated])
}
