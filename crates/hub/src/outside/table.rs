//! Tables of punches as files: how one is read, and what it ends as.

use std::io::Read;

use attendance::punch::Channel;
use jiff::Timestamp;
use roads::punch_table::{DateOrder, Mapping, PunchTable};

use super::noted::{Done, Noting};
use super::report::Report;
use super::{Origin, Outside, Taking, Told, Wanted};
use crate::imports::ImportAsked;
use crate::intake::Counts;
use crate::{Actor, Error, Hub};

/// How a table of punches is taken.
#[derive(Clone, Debug, Default)]
pub struct TableImport<'a> {
    /// The file's name, for messages and the audit trail.
    pub name: &'a str,
    /// Which column is what; `None` for the preset that fits the header.
    pub mapping: Option<Mapping>,
    /// Order of day and month, where neither mapping nor file tells.
    pub dates: Option<DateOrder>,
    /// IANA zone of the times, never another than the file names; `None` for that one, what is known of the source, else the company's.
    pub zone: Option<&'a str>,
    /// Name of the system that wrote it; that of the mapping when it has none.
    pub source: Option<&'a str>,
    /// Serial of the terminal whose log it is: the rows that name none are its punches, and no source's.
    pub terminal: Option<&'a str>,
    /// Which rows are wanted.
    pub wanted: Wanted<'a>,
    /// Make each unknown user number or code a provisional employee.
    pub create_employees: bool,
    /// Take it all back.
    pub is_dry_run: bool,
    /// Keep the file of a dry run, too, so that it can be taken afterwards.
    pub keeps_trial: bool,
}

/// What became of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableImported {
    /// Number of the note; `None` for a dry run that left none.
    pub id: Option<i64>,
    /// Rows by what became of them.
    pub counts: Counts,
    /// The mapping by which it was read.
    pub mapping: String,
    /// The source as which it was taken.
    pub source: String,
    /// The zone of its times, where the file names it.
    pub zone: Option<String>,
}

impl Hub {
    /// Takes a table of punches: CSV or a sheet. What is taken is noted, and the file kept, before the first row. `open` opens the file
    /// anew each time; `told` is that of [`Hub::take_outside`].
    ///
    /// # Errors
    /// [`Error::Invalid`] for a file that is no such table or lacks a zone, and as [`Hub::take_outside`]. What was stored before an
    /// error stays; importing again is safe.
    pub fn import_table<R: Read + Send>(
        &self,
        actor: &Actor,
        how: &TableImport<'_>,
        open: impl Fn() -> std::io::Result<R>,
        now: Timestamp,
        mut told: impl FnMut(&[Told<'_>], &Counts),
    ) -> Result<TableImported, Error> {
        if how.terminal.is_some() && how.source.is_some() {
            let what = "the rows are those of a terminal, or those of a source";
            return Err(Error::invalid(what, "name one of them"));
        }
        let no_table =
            |error: roads::NotATable| Error::invalid(format!("{}: {error}", how.name), "see docs/imports.md");
        let unread =
            |error: std::io::Error| Error::invalid(format!("{} can't be read: {error}", how.name), "try again");
        let mapping = match (how.mapping.clone(), how.dates) {
            (Some(mapping), Some(order)) => Some(mapping.with_dates(order)),
            (None, Some(order)) => {
                let found = PunchTable::detect(open().map_err(unread)?).map_err(no_table)?;
                Some(found.with_dates(order))
            }
            (mapping, None) => mapping,
        };
        let table = PunchTable::survey(&open, mapping).map_err(no_table)?;
        self.check_zone(how, &table)?;
        let mapping = table.mapping().name.clone();
        let source = how.terminal.or(how.source).unwrap_or(&mapping);
        let outside = Outside {
            origin: how.terminal.map_or(Origin::Source(source), Origin::Terminal),
            zone: how.zone.or(table.zone()),
            wanted: how.wanted,
            create_employees: how.create_employees,
            is_dry_run: how.is_dry_run,
            ..Outside::of_source(source, Channel::File)
        };
        let mut broken = None;
        let rows = table.rows(open().map_err(unread)?).map_err(no_table)?;
        let rows = rows.map_while(|row| row.map_err(|error| broken = Some(error)).ok());
        let mut taking = Taking::new(actor, &outside, now)?;
        let asked = ImportAsked { zone: outside.zone.map(str::to_owned), ..ImportAsked::of(how) };
        let noting = Noting { store: &self.store, actor, now, note: asked.note(&mapping, source, how.is_dry_run) };
        let begun = if how.is_dry_run { None } else { Some(noting.begin(how.name, &open)?) };
        let report = Report::begin();
        let counts = self.take_more(&mut taking, rows, now, |part, counts| {
            report.add(part);
            told(part, counts);
        })?;
        let said = format!("{counts}; {}; mapping {mapping}; file {}, ", taking.made_in_words(), how.name);
        let id = match begun {
            Some(begun) => Some(noting.finish(begun, Done { counts, report, audit: ("import.punches", said) })?),
            None if how.keeps_trial => {
                Some(noting.note_trial(how.name, &open, Done { counts, report, audit: ("import.try", said) })?)
            }
            None => None,
        };
        match broken {
            Some(error) => Err(no_table(error)),
            None => {
                let (source, zone) =
                    (source.to_owned(), table.zone().filter(|_| how.zone.is_none()).map(str::to_owned));
                Ok(TableImported { id, counts, mapping, source, zone })
            }
        }
    }

    /// Times on a wall need one zone, and others need none.
    fn check_zone(&self, how: &TableImport<'_>, table: &PunchTable) -> Result<(), Error> {
        match (table.has_offsets(), how.zone) {
            (true, Some(_)) => {
                Err(Error::invalid(format!("the times in {} have an offset from UTC", how.name), "leave the zone away"))
            }
            (false, Some(asked)) if table.zone().is_some_and(|zone| !zone.eq_ignore_ascii_case(asked)) => {
                let zone = table.zone().unwrap_or_default();
                let what = format!("{} says that its times are of {zone}, not of {asked}", how.name);
                Err(Error::invalid(what, "leave the zone away, or correct it in the file"))
            }
            (false, None) if table.zone().is_none() && self.company()?.zone.is_none() => Err(Error::invalid(
                format!("nobody has said in which zone the times of {} are", how.name),
                "name it, like `--zone Asia/Manila`",
            )),
            _ => Ok(()),
        }
    }
}
