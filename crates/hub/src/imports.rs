//! What was brought in files: the notes of imports, their files and what became of each row, as long as these are kept.

use std::collections::HashSet;
use std::io::Read as Reading;

use attendance::punch::canonical_user;
use jiff::Timestamp;
use jiff::civil::Date;
use roads::punch_table::{DateOrder, Mapping};
use serde::{Deserialize, Serialize};
use store::Read;
use store::import_list::ImportQuery;
use store::imports::{Import, Reported};
use store::people::Employee;

use crate::company::Company;
use crate::intake::Counts;
use crate::outside::{ReportRow, TableImport, TableImported, Wanted, report_rows};
use crate::packing::PartReader;
use crate::resolve::instant;
use crate::steps::Steps;
use crate::{Actor, Error, Hub};

/// How a file was to be taken, as it stands with its note.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportAsked {
    /// The mapping that somebody named: its name and its TOML.
    pub mapping: Option<(String, String)>,
    /// Order of day and month.
    pub dates: Option<DateOrder>,
    /// IANA zone of the times, as somebody named it or the file does.
    pub zone: Option<String>,
    /// The source that somebody named.
    pub source: Option<String>,
    /// Serial of the terminal whose log it is.
    pub terminal: Option<String>,
    /// Only rows of these types.
    pub types: Vec<String>,
    /// Only rows of employees of these groups.
    pub groups: Vec<String>,
    /// Make each unknown user number or code a provisional employee.
    pub create_employees: bool,
}

impl ImportAsked {
    /// By a preset.
    pub(crate) fn by_preset(name: &str) -> Self {
        let mapping = Mapping::preset(name).map(|preset| (preset.name, preset.text));
        Self { mapping, ..Self::default() }
    }

    pub(crate) fn of(how: &TableImport<'_>) -> Self {
        Self {
            mapping: how.mapping.as_ref().map(|mapping| (mapping.name.clone(), mapping.text.clone())),
            dates: how.dates,
            zone: how.zone.map(str::to_owned),
            source: how.source.map(str::to_owned),
            terminal: how.terminal.map(str::to_owned),
            types: how.wanted.types.to_vec(),
            groups: how.wanted.groups.to_vec(),
            create_employees: how.create_employees,
        }
    }

    fn how<'a>(&'a self, name: &'a str) -> Result<TableImport<'a>, Error> {
        let parsed = |(name, text): &(String, String)| {
            Mapping::parse(name, text).map_err(|detail| Error::Damaged { what: "mapping of an import", detail })
        };
        Ok(TableImport {
            name,
            mapping: self.mapping.as_ref().map(parsed).transpose()?,
            dates: self.dates,
            zone: self.zone.as_deref(),
            source: self.source.as_deref(),
            terminal: self.terminal.as_deref(),
            wanted: Wanted { types: &self.types, groups: &self.groups },
            create_employees: self.create_employees,
            is_dry_run: false,
            keeps_trial: false,
        })
    }

    /// The note of an import, but for its file, what became of its rows, and who brought it and when.
    pub(crate) fn note(&self, mapping: &str, source: &str, is_trial: bool) -> Import {
        Import {
            mapping: mapping.to_owned(),
            source: source.to_owned(),
            asked: serde_json::to_string(self).unwrap_or_default(),
            is_trial,
            ..Import::default()
        }
    }
}

/// An import, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who brought it.
    pub actor: String,
    /// The file's name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// BLAKE3 of its bytes, in hexadecimal digits.
    pub digest: String,
    /// Name of the mapping by which it was read.
    pub mapping: String,
    /// As whose it was taken: name of a source, or serial of a terminal.
    pub source: String,
    /// How it was to be taken.
    pub asked: ImportAsked,
    /// A dry run: nothing but the file was kept.
    pub is_trial: bool,
    /// Rows by what became of them.
    pub counts: Counts,
    /// Whether all of it was taken, or tried. Otherwise it is still being taken, or was broken off: what was stored of it is not counted here, and
    /// is known when the file is taken again.
    pub is_finished: bool,
    /// Whether the file is still there.
    pub is_kept: bool,
}

impl From<Import> for ImportRow {
    fn from(note: Import) -> Self {
        let Import { stored, known, held, refused, .. } = note;
        Self {
            id: note.id,
            at: instant(note.at_us),
            actor: note.actor,
            name: note.name,
            size_bytes: note.size_bytes,
            digest: note.digest,
            mapping: note.mapping,
            source: note.source,
            asked: serde_json::from_str(&note.asked).unwrap_or_default(),
            is_trial: note.is_trial,
            counts: Counts { read: stored + known + held + refused, stored, known, held, refused },
            is_finished: note.is_finished,
            is_kept: note.is_kept,
        }
    }
}

/// Which imports to list. Empty fields do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportFilter {
    /// Name of the source, or serial of the terminal.
    pub source: Option<String>,
    /// Of the same bytes.
    pub digest: Option<String>,
    /// Dry runs only, or none of them.
    pub is_trial: Option<bool>,
    /// First date by the company's clock.
    pub from: Option<Date>,
    /// Last date, inclusive.
    pub to: Option<Date>,
    /// By source, and then by time; else by time.
    pub by_source: bool,
    /// The last ones first.
    pub descending: bool,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 is no limit.
    pub limit: u32,
}

/// A part of the list of imports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportList {
    /// The imports.
    pub rows: Vec<ImportRow>,
    /// Imports that match without offset and limit.
    pub total: u64,
}

fn note(read: &Read<'_>, id: i64) -> Result<ImportRow, Error> {
    Ok(read.import(id)?.ok_or_else(|| Error::NotFound(format!("import {id}")))?.into())
}

impl Hub {
    /// The imports that a filter asks for.
    ///
    /// # Errors
    /// Of the store.
    pub fn imports(&self, filter: &ImportFilter) -> Result<ImportList, Error> {
        self.store.read(|read| {
            let zone = Company::load(read)?.time_zone()?;
            let midnight = |date: Date| date.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_microsecond());
            let query = ImportQuery {
                source: filter.source.clone(),
                digest: filter.digest.clone(),
                is_trial: filter.is_trial,
                from_us: filter.from.and_then(midnight),
                before_us: filter.to.and_then(|to| to.tomorrow().ok()).and_then(midnight),
                by_source: filter.by_source,
                descending: filter.descending,
                offset: filter.offset,
                limit: filter.limit,
            };
            let (rows, total) = read.list_imports(&query)?;
            Ok(ImportList { rows: rows.into_iter().map(ImportRow::from).collect(), total })
        })
    }

    /// An import.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown number.
    pub fn import(&self, id: i64) -> Result<ImportRow, Error> {
        self.store.read(|read| note(read, id))
    }

    /// Tells what became of each row of an import, in the order of the file; false when that is not kept: not any more, or not yet.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown number, or of the store or of `each`.
    pub fn import_report(&self, id: i64, mut each: impl FnMut(ReportRow) -> Result<(), Error>) -> Result<bool, Error> {
        let parts = self.store.read(|read| {
            note(read, id)?;
            Ok::<_, Error>(read.import_report_parts(id)?)
        })?;
        let Some(parts) = parts else { return Ok(false) };
        let packed = PartReader::new(parts, |part| Ok(self.store.read(|read| read.import_report_part(id, part))?));
        report_rows(packed).try_for_each(|row| each(row?))?;
        Ok(true)
    }

    /// The file of an import, byte for byte. It is read from the store as it is read here.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown number, and once the file is not kept any more.
    pub fn import_file(&self, id: i64) -> Result<(ImportRow, impl Reading + Send + use<>), Error> {
        let (note, parts) = self.kept(id)?;
        let file = self.kept_file(&note.digest, parts);
        Ok((note, file))
    }

    /// Takes the file that an import kept, a dry run or one that was broken off say, in the same way.
    ///
    /// # Errors
    /// As [`Hub::import_file`] and [`Hub::import_table`].
    pub fn import_kept(&self, actor: &Actor, id: i64, now: Timestamp) -> Result<TableImported, Error> {
        let (note, parts) = self.kept(id)?;
        let how = note.asked.how(&note.name)?;
        self.import_table(actor, &how, || Ok(self.kept_file(&note.digest, parts)), now, |_, _| {})
    }

    /// The note of an import, and in how many parts its file is kept.
    fn kept(&self, id: i64) -> Result<(ImportRow, u32), Error> {
        let gone = || Error::NotFound(format!("file of import {id}; it is kept for a while only, bring it again"));
        self.store.read(|read| {
            let note = note(read, id)?;
            let parts = read.envelope_parts(&note.digest)?.ok_or_else(gone)?;
            Ok((note, parts))
        })
    }

    fn kept_file(&self, digest: &str, parts: u32) -> impl Reading + Send + use<> {
        let (store, digest) = (self.store.clone(), digest.to_owned());
        PartReader::new(parts, move |part| Ok(store.read(|read| read.envelope_part(&digest, part))?))
    }
}

/// What is kept of imports that holds rows of a person, or may.
#[derive(Debug, Default)]
pub(crate) struct ImportsAbout {
    digests: HashSet<String>,
    reports: Vec<i64>,
}

impl ImportsAbout {
    /// Looks through every report that is kept: the files in which a number or the code of the person stands. Lines that could not be read
    /// may be anybody's, and so may a file without a report: one whose import is not finished, or whose report is going.
    pub(crate) fn find(read: &Read<'_>, person: &Employee) -> Result<Self, Error> {
        let own = read.user_numbers()?.into_iter().filter(|number| number.employee == person.id);
        let mut names: HashSet<String> = own.map(|number| number.number).collect();
        names.insert(person.code.clone());
        let reported = read.reported_imports()?;
        let mut digests: HashSet<String> = read.envelopes()?.into_iter().collect();
        digests.extend(reported.iter().map(|report| report.digest.clone()));
        for digest in reported.iter().filter(|report| report.parts > 0).map(|report| &report.digest) {
            digests.remove(digest);
        }
        for Reported { import, digest, parts } in &reported {
            let packed = PartReader::new(*parts, |part| Ok(read.import_report_part(*import, part)?));
            for row in report_rows(packed) {
                let user = canonical_user(&row?.user).to_owned();
                if user.is_empty() || names.contains(&user) {
                    digests.insert(digest.clone());
                    break;
                }
            }
        }
        let is_about = |report: &Reported| report.parts == 0 || digests.contains(&report.digest);
        let reports = reported.iter().filter(|report| is_about(report)).map(|report| report.import).collect();
        Ok(Self { digests, reports })
    }

    /// Removes it, so many parts in each transaction; the notes stay.
    pub(crate) fn forget(&self, steps: &impl Steps) -> Result<(), Error> {
        for digest in &self.digests {
            while !steps.step(|write| Ok(write.forget_envelope(digest)?))? {}
        }
        for id in &self.reports {
            while !steps.step(|write| Ok(write.forget_import_report(*id)?))? {}
        }
        Ok(())
    }
}
