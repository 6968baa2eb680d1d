//! Reading a table of another system: page by page through the one boundary for rows from outside.
//!
//! Invariants:
//! * How far a table was read is noted after its page was stored, never before: a page may come twice, and changes nothing then.
//! * Who was made an employee by it stands in the audit trail, however it ended.
//! * What is noted belongs to the settings that were read with. A source that was changed meanwhile begins anew.

use std::io::Write;

use attendance::punch::Channel;
use jiff::Timestamp;
use jiff::civil::Date;
use roads::mssql::{
    Encryption, KeyKind, LegacyTable, Mark, Reading, Table, Trouble, csv_columns, csv_row, outside_rows,
};
use roads::sheet::CsvTable;
use serde::{Deserialize, Serialize};
use store::Read;
use store::sources::Source;

use super::desk::{instant, known_source};
use super::{SourceNotes, SourceSettings, in_the_name_of};
use crate::company::zone;
use crate::outside::Taking;
use crate::view::HeldReason;
use crate::{Counts, Error, Hub, Outside, Reasons, RowBecame, Told, Wanted};

/// Rows of a page.
pub(super) const PAGE_ROWS: usize = 2000;

/// How a table in Microsoft SQL Server is reached and understood. Its password is sealed elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MssqlSettings {
    /// `HOST:PORT`.
    pub address: String,
    /// The database.
    pub database: String,
    /// Login of the server itself.
    pub user: String,
    /// How much is encrypted: `required`, `login` or `none`.
    pub encryption: String,
    /// Certificates (PEM) of who may have signed the server's.
    pub ca: Option<String>,
    /// Any certificate will do.
    pub trusts_any: bool,
    /// Whether addresses of the own network are allowed.
    pub allow_private: bool,
    /// Which table it is.
    pub preset: String,
    /// Another name of the table.
    pub table: Option<String>,
    /// A query of somebody's own, with the preset `custom`.
    pub query: Option<String>,
    /// Columns that are called otherwise, as `user=EMP_NO`.
    pub columns: Vec<String>,
    /// What the key holds: `number`, `time` or `text-date`; `None` for what the preset says.
    pub key_kind: Option<String>,
    /// Users are codes of employees, not numbers of terminals.
    pub codes: bool,
    /// Zone of the table's times; `None` for the company's.
    pub zone: Option<String>,
    /// Only rows of these types; empty for all.
    pub row_types: Vec<String>,
    /// Only rows of employees of these groups; empty for all.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Make each unknown number or code a provisional employee.
    pub create_employees: bool,
    /// First date that is read.
    pub first: Option<Date>,
}

impl MssqlSettings {
    /// The table that is read.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the cure.
    pub fn table(&self) -> Result<Table, Error> {
        let wrong = |why| Error::invalid(why, "change what is given of the source");
        let kind = match self.key_kind.as_deref() {
            None => None,
            Some(word) => Some(KeyKind::of(word).ok_or_else(|| wrong(format!("`{word}` is no kind of key")))?),
        };
        let (table, query) = (self.table.as_deref(), self.query.as_deref());
        Table::new(&self.preset, table, query, &self.columns, (kind, self.codes)).map_err(wrong)
    }

    /// Which rows are wanted.
    pub(super) fn wanted(&self) -> Wanted<'_> {
        Wanted { types: &self.row_types, groups: &self.groups }
    }

    /// How much of the connection is encrypted.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another word.
    pub fn encryption(&self) -> Result<Encryption, Error> {
        let wrong = || Error::invalid(format!("`{}` is no encryption", self.encryption), "use required, login or none");
        Encryption::of(&self.encryption).ok_or_else(wrong)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        // It is shown as it is.
        if self.address.contains(['@', '/', '?', ';']) {
            return Err(Error::invalid("the address has more in it than host and port", "write HOST:PORT"));
        }
        self.zone.as_deref().map(zone).transpose()?;
        self.encryption()?;
        self.table().map(drop)
    }
}

/// Makes the reader of a table from its settings and its password.
pub type OpenTable = fn(&MssqlSettings, &str) -> Result<Box<dyn LegacyTable>, String>;

/// Place of a source's password among the secrets.
pub(super) fn password_place(source: &str) -> String {
    format!("source {source}")
}

/// What came of reading a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableRead {
    /// What became of its rows.
    pub counts: Counts,
    /// Pages that were stored.
    pub pages: u64,
    /// Why rows were held or refused that are wanted.
    pub reasons: Reasons,
    /// What its login may do that it should not, as far as the server told.
    pub warning: Option<String>,
    /// Why it broke off.
    pub trouble: Option<String>,
}

/// How a table is read.
pub struct TableReading<'a> {
    /// The time.
    pub clock: &'a dyn Fn() -> Timestamp,
    /// Asked between pages whether it is to end.
    pub is_over: &'a dyn Fn() -> bool,
    /// Hears of each page what became of its rows, and the counts so far.
    pub told: &'a mut dyn FnMut(&[Told<'_>], &Counts),
    /// Take it all back, and note nothing.
    pub is_dry_run: bool,
}

impl TableRead {
    /// In words, for lists.
    pub fn words(&self) -> String {
        match &self.trouble {
            None => self.counts.to_string(),
            Some(trouble) => format!("{trouble}; {}", self.counts),
        }
    }
}

impl Hub {
    /// Settings and password of a source that is a table.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when it is none, or its secret can't be opened.
    pub fn table_access(&self, name: &str) -> Result<(MssqlSettings, String), Error> {
        self.store.read(|read| {
            let password = self.secret(read, &password_place(name))?;
            let lacks = || Error::invalid(format!("source {name} has no password"), "add it again with its password");
            Ok((table_settings(read, name)?, password.ok_or_else(lacks)?))
        })
    }

    /// The reader of a source that is a table.
    ///
    /// # Errors
    /// As [`Hub::table_access`]; [`Error::Invalid`] when none can be made.
    pub fn open_table(&self, name: &str, open: OpenTable) -> Result<Box<dyn LegacyTable>, Error> {
        let (settings, password) = self.table_access(name)?;
        open(&settings, &password).map_err(|why| Error::invalid(format!("source {name}: {why}"), "change the source"))
    }

    /// Asks a table for a row, and what the login may do beside reading; in words.
    pub(super) fn test_table(&self, name: &str, open: OpenTable) -> Result<String, Error> {
        let settings = self.store.read(|read| table_settings(read, name))?;
        let spec = settings.table()?;
        let mut table = self.open_table(name, open)?;
        let wrong = |trouble: Trouble| Error::invalid(trouble.to_string(), "mend that, and test again");
        let reading = Reading::since(&spec, None, None, Date::MAX, 1);
        let mut says = String::from("it answers, and has no row yet");
        if let Some(select) = reading.next() {
            let page = table.page(&select).map_err(wrong)?;
            if let Some(row) = outside_rows(&spec, &page).first() {
                says = match &row.said {
                    Ok(said) => format!("it answers; its first row tells of {}", said.puncher.said()),
                    Err(why) => format!("it answers, but of its first row: {why}"),
                };
            }
        }
        if let Some(warning) = of_rights(&table.may_write(&spec).map_err(wrong)?) {
            says += &format!("; WARNING: {warning}");
        }
        if let Some(warning) = settings.encryption()?.warning() {
            says += &format!("; WARNING: {warning}");
        }
        Ok(says)
    }

    /// Asks the server of a table what the login may do beside reading, and notes it; the warning, if there is one.
    ///
    /// # Errors
    /// As [`Hub::table_access`]; [`Error::Invalid`] when it does not answer.
    pub fn look_at_rights(&self, name: &str, open: OpenTable) -> Result<Option<String>, Error> {
        let source = self.store.read(|read| known_source(read, name))?;
        let spec = table_settings_of(&source)?.table()?;
        let rights = self.open_table(name, open)?.may_write(&spec);
        let rights = rights.map_err(|trouble| Error::invalid(trouble.to_string(), "mend that, and test the source"))?;
        let notes = SourceNotes { warning: of_rights(&rights), ..SourceNotes::of(&source) };
        self.store.write(|write| write.note_source(name, &source.body, &notes.json()?).map_err(Error::from))?;
        Ok(notes.warning)
    }

    /// Reads what is new in a table, and yesterday and today again. That it breaks off is no error: what was stored stays, and the next
    /// reading goes on from there.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`] for settings that can't be, or of the store.
    pub fn read_table(
        &self,
        name: &str,
        table: &mut dyn LegacyTable,
        how: TableReading<'_>,
    ) -> Result<TableRead, Error> {
        let TableReading { clock, is_over, told, is_dry_run } = how;
        let (source, company) =
            self.store.read(|read| Ok::<_, Error>((known_source(read, name)?, crate::Company::load(read)?)))?;
        let settings = table_settings_of(&source)?;
        let spec = settings.table()?;
        let zone = match settings.zone.as_deref() {
            Some(name) => zone(name)?,
            None => company.time_zone()?,
        };
        let date = |at: Timestamp| at.to_zoned(zone.clone()).date();
        let answered_last = source.read_us.map(|us| date(instant(us)));
        let mark = Mark::parse(&source.position);
        let mut reading = Reading::since(&spec, mark, settings.first, date(clock()), PAGE_ROWS)
            .in_zone(&zone)
            .answered_last(answered_last);
        let outside = Outside {
            zone: settings.zone.as_deref(),
            wanted: settings.wanted(),
            create_employees: settings.create_employees,
            is_dry_run,
            ..Outside::of_source(name, Channel::Sql)
        };
        let actor = in_the_name_of(name);
        let mut taking = Taking::new(&actor, &outside, clock())?;
        let mut notes = SourceNotes::of(&source);
        let mut done = TableRead::default();
        let mut is_changed = false;
        while let Some(select) = reading.next() {
            if is_over() {
                done.trouble = Some("it was ended; the next reading goes on".to_owned());
                break;
            }
            let page = match table.page(&select) {
                Ok(page) => page,
                Err(trouble) => {
                    done.trouble = Some(trouble.to_string());
                    break;
                }
            };
            let rows = reading.rows(&page);
            let counts = self.take_more(&mut taking, rows, clock(), |part, counts| {
                done.reasons.add(part.iter().filter(|told| !told.is_unwanted()));
                told(part, &done.counts.and(*counts));
            })?;
            done.counts = done.counts.and(counts);
            done.pages += 1;
            // That the server does not tell is no reason to read no further.
            if done.pages == 1
                && let Ok(rights) = table.may_write(&spec)
            {
                notes.warning = of_rights(&rights);
                done.warning.clone_from(&notes.warning);
            }
            if let Err(why) = reading.stored(&page) {
                done.trouble = Some(why);
                break;
            }
            if is_dry_run {
                continue;
            }
            let position = reading.mark().map_or_else(String::new, |mark| mark.to_string());
            if !self.store.write(|write| write.put_source_position(name, &source.body, &position))? {
                done.trouble = Some("it was changed meanwhile; the next reading begins anew".to_owned());
                is_changed = true;
                break;
            }
        }
        if is_dry_run {
            return Ok(done);
        }
        let now = clock();
        let notes = notes.with_reasons(&done.reasons, now).json()?;
        self.store.write(|write| {
            if taking.has_made() {
                let detail = format!("{}; {}", done.counts, taking.made_in_words());
                write.audit(&actor.entry(now, "import.table", name, detail))?;
            }
            if is_changed {
                return Ok(());
            }
            write.note_source(name, &source.body, &notes)?;
            match &done.trouble {
                None => write.source_is_well(name, &done.words(), now.as_microsecond()),
                Some(_) => write.source_is_down(name, &done.words(), now.as_microsecond()),
            }
        })?;
        Ok(done)
    }
}

/// What was written of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Punches.
    pub punches: u64,
    /// Rows that can't be read; they are written as they are.
    pub unreadable: u64,
    /// Why they can't.
    pub reasons: Reasons,
}

/// Writes the rows of a table in a range of dates as CSV, open where a date is missing. `import csv --kind punches` takes it, and makes the
/// same punches of it as reading the table under the same name. Needs no hub.
///
/// # Errors
/// [`Error::Invalid`] when the table can't be read to its end, or of the output.
pub fn table_csv(
    settings: &MssqlSettings,
    table: &mut dyn LegacyTable,
    range: (Option<Date>, Option<Date>),
    out: impl Write,
) -> Result<Written, Error> {
    let broken = |why: String| Error::invalid(why, "ask again once it answers");
    let spec = settings.table()?;
    let zone = settings.zone.as_deref();
    let time_zone = zone.map(crate::company::zone).transpose()?;
    let mut csv = CsvTable::new(out, csv_columns(&spec))?;
    let mut written = Written::default();
    let mut reading = Reading::range(&spec, range, PAGE_ROWS);
    if let Some(zone) = &time_zone {
        reading = reading.in_zone(zone);
    }
    while let Some(select) = reading.next() {
        let page = table.page(&select).map_err(|trouble| broken(trouble.to_string()))?;
        for row in reading.rows(&page) {
            csv.row(csv_row(&row, zone))?;
            match row.said {
                Ok(_) => written.punches += 1,
                Err(_) => {
                    written.unreadable += 1;
                    written
                        .reasons
                        .add(&[Told { row: &row, became: RowBecame::Held(Some(HeldReason::UnreadableLine)) }]);
                }
            }
        }
        reading.stored(&page).map_err(broken)?;
    }
    csv.finish()?;
    Ok(written)
}

/// A warning of what a login may do beside reading.
fn of_rights(rights: &[String]) -> Option<String> {
    let may = || format!("this login may change the table ({}); give it SELECT only", rights.join(", "));
    (!rights.is_empty()).then(may)
}

/// The settings of a source that is a table.
pub(super) fn table_settings(read: &Read<'_>, name: &str) -> Result<MssqlSettings, Error> {
    table_settings_of(&known_source(read, name)?)
}

fn table_settings_of(source: &Source) -> Result<MssqlSettings, Error> {
    match SourceSettings::of(source)? {
        SourceSettings::Mssql(settings) => Ok(*settings),
        _ => Err(Error::invalid(format!("source {} is no table", source.name), "name one that is")),
    }
}
