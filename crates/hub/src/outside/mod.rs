//! The one boundary for punches from outside: logs of terminals, tables, databases, programs.
//!
//! Invariants:
//! * Every row is judged here, whatever it was read from, and told as stored, known, held or refused.
//! * What can't be understood or matched is held, and can be cured; refused is only what the caller wants none of, or what can't be a punch
//!   of this source. A row is taken or not by itself: its neighbours pass.
//! * The same rows any number of times, in any order, end as the same state.
//! * A dry run is the import itself, taken back.

mod envelope;
mod noted;
mod reasons;
mod report;
mod sent;
mod sources;
mod table;
mod told;

use std::collections::HashSet;
use std::sync::mpsc::sync_channel;

use attendance::punch::{Channel, Fingerprint, PrintedTime, RawPunch, attlog, canonical_origin, canonical_user};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use link::Outcome;
use roads::outside::{OutsidePunch, OutsideRow, Puncher, RowKey, RowTime};
use store::Write;
use store::people::Employee;

pub use reasons::Reasons;
pub use report::ReportRow;
pub(crate) use report::report_rows;
pub use sent::{SentPunches, WEB_SOURCE};
pub use table::{TableImport, TableImported};
pub use told::{Became, Refusal, Told};

use crate::company::{Company, zone};
use crate::imports::ImportAsked;
use crate::intake::{Arrival, Counts, Intake, ROWS_PER_WRITE};
use crate::registry::NewTerminal;
use crate::resolve::group_of;
use crate::undone::Undone;
use crate::{Actor, Error, Hub};
use noted::{Done, Noting};
use report::Report;
use sources::{Origins, Sources};

/// Parts that are read and wait to be stored, or stored and wait to be told of.
const PARTS_AHEAD: usize = 2;
/// Longest user number, code, serial or name of a reader, in bytes: longer ones come from a column that is something else.
const MOST_BYTES: usize = 100;

/// Who said the rows that name no terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// The terminal of this serial.
    Terminal(&'a str),
    /// A source by its name: an old system, a door controller, a program.
    Source(&'a str),
}

/// Which rows from outside are wanted. Names are compared without regard to case.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Only rows of these types, where the source has several; empty for all of them.
    pub types: &'a [String],
    /// Only rows of employees of these groups, the kinds of work that plans are made for; empty for all of them.
    pub groups: &'a [String],
}

impl Wanted<'_> {
    /// All of them.
    pub const ALL: Self = Self { types: &[], groups: &[] };

    /// Whether punches of its type are wanted.
    pub(crate) fn has_type(&self, punch: &OutsidePunch) -> bool {
        is_among(self.types, punch.row_type.as_deref().unwrap_or_default())
    }

    /// Whether punches of an employee are wanted.
    pub(crate) fn has_employee(&self, employee: &Employee) -> bool {
        group_of(employee).is_none_or(|group| is_among(self.groups, &group))
    }
}

/// The origin of a punch of a source.
pub(crate) fn origin_of(source: &str, punch: &OutsidePunch) -> String {
    sources::origin(Origin::Source(source), punch)
}

/// How rows from outside are taken.
#[derive(Clone, Copy, Debug)]
pub struct Outside<'a> {
    /// Who said them. What they name is registered like a terminal and approved: a person asked for the import.
    pub origin: Origin<'a>,
    /// IANA zone of the source's clock; `None` for what is known of it, else the company's.
    pub zone: Option<&'a str>,
    /// The road.
    pub channel: Channel,
    /// Which rows are wanted.
    pub wanted: Wanted<'a>,
    /// Make each unknown user number or code a provisional employee.
    pub create_employees: bool,
    /// Take it all back.
    pub is_dry_run: bool,
}

impl<'a> Outside<'a> {
    /// Everything that a source says, into the store.
    pub const fn of_source(name: &'a str, channel: Channel) -> Self {
        Self {
            origin: Origin::Source(name),
            zone: None,
            channel,
            wanted: Wanted::ALL,
            create_employees: false,
            is_dry_run: false,
        }
    }
}

/// How a terminal's exported file is taken.
#[derive(Clone, Debug)]
pub struct FileImport<'a> {
    /// Serial of the terminal that wrote the file. Importing approves it.
    pub serial: &'a str,
    /// The file's name, for the note of the import.
    pub name: &'a str,
    /// IANA zone of its clock.
    pub zone: &'a str,
    /// Only punches of employees of these groups; empty for all of them.
    pub groups: &'a [String],
    /// Make each unknown user number a provisional employee.
    pub create_employees: bool,
    /// Take it all back.
    pub is_dry_run: bool,
}

impl Hub {
    /// Takes rows from outside, so many in one transaction; while one part is stored, a thread reads the next. `told` hears of each part
    /// what became of its rows, and the counts so far.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a source or zone that can't be, or of the store. What was stored before an error stays; taking the same
    /// rows again is safe.
    pub fn take_outside(
        &self,
        actor: &Actor,
        how: &Outside<'_>,
        rows: impl IntoIterator<Item = OutsideRow, IntoIter: Send>,
        now: Timestamp,
        told: impl FnMut(&[Told<'_>], &Counts),
    ) -> Result<Counts, Error> {
        self.take_more(&mut Taking::new(actor, how, now)?, rows, now, told)
    }

    /// Takes rows as [`Hub::take_outside`], after others of the same source; the counts of these.
    pub(crate) fn take_more(
        &self,
        taking: &mut Taking<'_>,
        rows: impl IntoIterator<Item = OutsideRow, IntoIter: Send>,
        now: Timestamp,
        mut told: impl FnMut(&[Told<'_>], &Counts),
    ) -> Result<Counts, Error> {
        taking.now = now;
        let mut counts = Counts::default();
        let rows = rows.into_iter();
        std::thread::scope(|scope| {
            let (read, ready) = sync_channel(PARTS_AHEAD);
            // Ends when there are no more rows, or when nobody takes them because of an error.
            scope.spawn(move || parts(rows).try_for_each(|part| read.send(part)));
            for part in ready {
                let became = taking.part(self, &part)?;
                let part: Vec<Told<'_>> = part.iter().zip(became).map(|(row, became)| Told { row, became }).collect();
                part.iter().for_each(|told| counts.add(told.became.counted()));
                told(&part, &counts);
            }
            Ok::<_, Error>(())
        })?;
        if !taking.how.is_dry_run {
            self.resume_replays(now)?;
        }
        Ok(counts)
    }

    /// Imports a terminal's exported log, which is noted and kept before the first of its lines is taken. `told` is that of
    /// [`Hub::take_outside`].
    ///
    /// # Errors
    /// As [`Hub::take_outside`].
    pub fn import_attlog(
        &self,
        actor: &Actor,
        file: &[u8],
        how: &FileImport<'_>,
        now: Timestamp,
        mut told: impl FnMut(&[Told<'_>], &Counts),
    ) -> Result<Counts, Error> {
        zone(how.zone)?;
        if !how.is_dry_run {
            self.add_terminal(actor, &NewTerminal::of_file(how.serial, how.zone), now)?;
        }
        let outside = Outside {
            origin: Origin::Terminal(how.serial),
            // In a dry run the terminal is registered with its rows, and taken back with them.
            zone: how.is_dry_run.then_some(how.zone),
            channel: Channel::File,
            // A terminal's log knows no types.
            wanted: Wanted { groups: how.groups, ..Wanted::ALL },
            create_employees: how.create_employees,
            is_dry_run: how.is_dry_run,
        };
        let rows = attlog::punches(how.serial, file).zip(1..).map(of_log);
        let mut taking = Taking::new(actor, &outside, now)?;
        let asked = ImportAsked {
            zone: Some(how.zone.to_owned()),
            terminal: Some(how.serial.to_owned()),
            groups: how.groups.to_vec(),
            create_employees: how.create_employees,
            ..ImportAsked::by_preset("attlog")
        };
        let noting = Noting { store: &self.store, actor, now, note: asked.note("attlog", how.serial, how.is_dry_run) };
        let begun = if how.is_dry_run { None } else { Some(noting.begin(how.name, || Ok(file))?) };
        let report = Report::begin();
        let counts = self.take_more(&mut taking, rows, now, |part, counts| {
            report.add(part);
            told(part, counts);
        })?;
        if let Some(begun) = begun {
            let audit = ("import.attlog", format!("{counts}; {}; file ", taking.made_in_words()));
            noting.finish(begun, Done { counts, report, audit })?;
        }
        Ok(counts)
    }
}

/// Rows as many as one transaction takes.
fn parts(mut rows: impl Iterator<Item = OutsideRow>) -> impl Iterator<Item = Vec<OutsideRow>> {
    let part = move || Some(rows.by_ref().take(ROWS_PER_WRITE).collect()).filter(|part: &Vec<_>| !part.is_empty());
    std::iter::from_fn(part)
}

/// A line of a terminal's log as a row.
fn of_log((said, line): (RawPunch, u64)) -> OutsideRow {
    let key = RowKey::Line(line);
    if said.is_unreadable() {
        let why = "it is no line of a terminal's log".to_owned();
        return OutsideRow { key, original: said.original, said: Err(why) };
    }
    let RawPunch { user, time, state, verify, work_code, original, .. } = said;
    let punch = OutsidePunch {
        serial: None,
        reader: String::new(),
        puncher: Puncher::Number(user),
        time: RowTime::Printed(time),
        state,
        verify,
        work_code,
        row_type: None,
    };
    OutsideRow { key, original, said: Ok(punch) }
}

impl Outside<'_> {
    fn check(&self) -> Result<(), Error> {
        self.zone.map(zone).transpose()?;
        match self.origin {
            Origin::Source(name) => sources::check_name(name),
            Origin::Terminal(serial) if canonical_origin(serial).is_empty() => {
                Err(Error::invalid("a terminal needs a serial", "give the one on its label or in its menu"))
            }
            Origin::Terminal(_) => Ok(()),
        }
    }

    /// Why a punch is not taken, whatever is known of its terminal and its employee.
    fn refuses(&self, punch: &OutsidePunch) -> Option<Refusal> {
        if !self.wanted.has_type(punch) {
            return Some(Refusal::RowType(punch.row_type.clone().unwrap_or_default()));
        }
        let serial = punch.serial.as_deref().unwrap_or_default();
        let long = [("user", punch.puncher.said()), ("serial", serial), ("reader", punch.reader.as_str())];
        let long = long.into_iter().find(|(_, text)| text.len() > MOST_BYTES);
        long.map(|(what, _)| Refusal::TooLong(what))
    }
}

/// Whether a name is one of those that are wanted; any is when none are named. A comma too many names none.
fn is_among(wanted: &[String], name: &str) -> bool {
    let mut wanted = wanted.iter().map(|wanted| wanted.trim()).filter(|wanted| !wanted.is_empty()).peekable();
    wanted.peek().is_none() || wanted.any(|wanted| wanted.eq_ignore_ascii_case(name.trim()))
}

/// Rows on their way into the store.
pub(crate) struct Taking<'a> {
    how: &'a Outside<'a>,
    actor: &'a Actor,
    now: Timestamp,
    sources: Sources,
    /// In a dry run: what parts before would have stored.
    met: HashSet<Fingerprint>,
    /// Provisional employees that were made.
    made: u64,
}

impl<'a> Taking<'a> {
    /// Nothing taken yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a source or zone that can't be.
    pub(crate) fn new(actor: &'a Actor, how: &'a Outside<'a>, now: Timestamp) -> Result<Self, Error> {
        how.check()?;
        Ok(Self { how, actor, now, sources: Sources::default(), met: HashSet::new(), made: 0 })
    }

    /// Whether any provisional employee was made.
    pub(crate) const fn has_made(&self) -> bool {
        self.made > 0
    }

    /// The provisional employees that were made, as the audit trail has it: nobody is there without a trace of where they come from.
    pub(crate) fn made_in_words(&self) -> String {
        format!("{} provisional employees made", self.made)
    }

    /// Takes the rows of one transaction; what became of each.
    fn part(&mut self, hub: &Hub, rows: &[OutsideRow]) -> Result<Vec<Became>, Error> {
        let (mut became, mut made) = (Vec::new(), 0);
        let sources = self.sources.clone();
        let done = hub.store.write(|write| {
            (became, made) = self.take(write, rows)?;
            if self.how.is_dry_run { Err(Undone::DryRun) } else { Ok(()) }
        });
        match done {
            Ok(()) => {
                self.made += made;
                Ok(became)
            }
            Err(Undone::DryRun) => {
                // What was registered is taken back, too.
                self.sources.take_back(sources);
                Ok(became)
            }
            Err(Undone::Failed(error)) => Err(error),
        }
    }

    /// Takes rows; what became of each, and how many employees were made.
    fn take(&mut self, write: &Write<'_>, rows: &[OutsideRow]) -> Result<(Vec<Became>, u64), Error> {
        let sources = &mut self.sources;
        let made = sources.meet(write, (self.how, self.actor, self.now), rows)?;
        let company = Company::load(write)?;
        let mut intake = Intake::new(write, &company, self.now, self.how.create_employees)?;
        let mut origins = Origins::default();
        let judged = rows.iter().map(|row| said(self.how, (sources, &mut origins), row));
        let mut judged: Vec<Result<RawPunch, Refusal>> = judged.collect();
        self.refuse_other_groups(&mut intake, &mut judged)?;
        let arrived = self.arrived(&judged);
        let taken = intake.punches(&arrived)?;
        let made = made + intake.made();
        intake.finish()?;
        let mut taken = arrived.iter().zip(taken).map(|(arrival, taken)| {
            // A dry run has nothing in the store of what the parts before would have stored.
            let is_met = self.how.is_dry_run && taken.0 != Outcome::Known && !self.met.insert(arrival.fingerprint());
            match taken {
                _ if is_met => Became::Known,
                (Outcome::Stored, _) => Became::Stored,
                (Outcome::Known, _) => Became::Known,
                (Outcome::Held, reason) => Became::Held(reason),
            }
        });
        let became = judged.iter().map(|judged| match judged {
            Ok(_) => taken.next().unwrap_or(Became::Known),
            Err(refusal) => Became::Refused(refusal.clone()),
        });
        Ok((became.collect(), made))
    }

    fn arrived<'p>(&self, judged: &'p [Result<RawPunch, Refusal>]) -> Vec<Arrival<'p>> {
        judged.iter().flatten().map(|said| Arrival::at(self.now, self.how.channel, said)).collect()
    }

    /// Rows of nobody who is known, or of somebody who was only made from such rows, are taken like others: they may turn out to be wanted.
    fn refuse_other_groups(
        &self,
        intake: &mut Intake<'_, '_>,
        judged: &mut [Result<RawPunch, Refusal>],
    ) -> Result<(), Error> {
        if self.how.wanted.groups.is_empty() {
            return Ok(());
        }
        let groups = intake.groups(&self.arrived(judged))?;
        for (row, group) in judged.iter_mut().filter(|row| row.is_ok()).zip(groups) {
            if let Some(group) = group.filter(|group| !is_among(self.how.wanted.groups, group)) {
                *row = Err(Refusal::Group(group));
            }
        }
        Ok(())
    }
}

/// What a source said by a row.
fn said<'r>(
    how: &Outside<'_>,
    (sources, origins): (&Sources, &mut Origins<'r>),
    row: &'r OutsideRow,
) -> Result<RawPunch, Refusal> {
    let Ok(punch) = &row.said else { return Ok(RawPunch::unreadable(&sources::own(how.origin), &row.original)) };
    if let Some(refusal) = how.refuses(punch) {
        return Err(refusal);
    }
    let origin = origins.of(how.origin, punch);
    if !sources.is_registered(origin) {
        return Err(Refusal::TooManyReaders);
    }
    let time = match &punch.time {
        RowTime::Printed(time) => time.clone(),
        // The face of a clock that shows UTC: so it says the same whatever zone anybody states later.
        RowTime::At(at) if sources.shows_utc(origin) => PrintedTime::from_civil(TimeZone::UTC.to_datetime(*at)),
        RowTime::At(_) => return Err(Refusal::HasOffset(origin.to_owned())),
    };
    let OutsidePunch { puncher, state, verify, work_code, .. } = punch;
    Ok(RawPunch {
        user: canonical_user(puncher.said()).to_owned(),
        time,
        state: *state,
        verify: *verify,
        work_code: work_code.clone(),
        original: row.original.clone(),
        origin: origin.to_owned(),
    })
}
