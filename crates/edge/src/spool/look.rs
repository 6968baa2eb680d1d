//! Looking at what the spool holds, for people: who was seen, every punch for pay day. It works beside a running edge, without
//! one, and without a hub.
//!
//! Invariants: nothing is written, and an export is one moment's: what comes while it is written is not in it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use attendance::punch::{Channel, Fingerprint, PrintedTime, RawPunch};
use jiff::civil::{Date, DateTime};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::room::{Bounds, Room};
use super::terminals::{self, Remembered};
use super::{Depth, Spool, SpoolError, acked, depth, open_reader, payload, schema};
use crate::plan::seen::{Seen, Sighting, seen};

/// Entries that are looked through for the last word of each terminal.
const LAST_WORDS: i64 = 20_000;
/// The part of a fingerprint that is the hour.
const HOUR: usize = 4;

/// A spool's file that is only read.
pub struct SpoolFile {
    connection: Connection,
    path: Arc<str>,
}

/// A punch as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPunch {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// What the terminal said.
    pub said: RawPunch,
    /// The name of the number on that terminal, if it told one.
    pub name: Option<String>,
    /// The road of the first copy.
    pub channel: Channel,
    /// When the edge received it, microseconds since the epoch, UTC.
    pub received_us: i64,
    /// The edge did not believe its clock then.
    pub is_time_doubted: bool,
    /// The hub has acknowledged it.
    pub is_with_hub: bool,
}

/// What an export has written, and what it could not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Punches written.
    pub punches: u64,
    /// Of these, the ones that the hub has not acknowledged.
    pub unsent: u64,
    /// Lines without a readable date that a range of dates leaves out.
    pub undated: u64,
    /// Punches that name only a slot which the terminal's user table does not know; they have no number yet.
    pub unknown_slots: u64,
    /// When the newest that the spool holds was received, microseconds UTC; what was received by a doubted clock is left out.
    pub newest_received_us: Option<i64>,
    /// When the oldest was received; what came before was removed, once the hub had it.
    pub oldest_received_us: Option<i64>,
}

impl SpoolFile {
    /// Opens a spool for reading, beside a running edge or not.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`] when there is none, or one of another version.
    pub fn open(path: &Path) -> Result<Self, SpoolError> {
        let shown: Arc<str> = path.display().to_string().into();
        let unusable = |reason: String| SpoolError::Unusable { path: shown.clone(), reason: reason.into() };
        let connection = open_reader(path).map_err(|error| unusable(error.to_string()))?;
        schema::is_of_this_version(&connection).map_err(unusable)?;
        Ok(Self { connection, path: shown })
    }

    fn look<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, SpoolError> {
        look(&self.connection).map_err(|error| self.unusable(&error))
    }

    fn unusable(&self, error: &rusqlite::Error) -> SpoolError {
        SpoolError::Unusable { path: self.path.clone(), reason: error.to_string().into() }
    }

    /// Sequence numbers and the age of what waits.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn depth(&self) -> Result<Depth, SpoolError> {
        self.look(depth)
    }

    /// What it takes of its disk.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn room(&self, file: &Path, bounds: Bounds) -> Result<Room, SpoolError> {
        self.look(|connection| Room::look(connection, file, bounds))
    }

    /// The terminals that it remembers, by serial.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn terminals(&self) -> Result<Vec<Remembered>, SpoolError> {
        self.look(terminals::all)
    }

    /// When something of each terminal was stored last, microseconds UTC, among the latest entries.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn last_words(&self) -> Result<HashMap<String, i64>, SpoolError> {
        self.look(last_words)
    }

    /// Who was seen on each terminal's date.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn seen(&self, today: &Today) -> Result<Vec<Seen>, SpoolError> {
        self.look(|connection| seen_today(connection, today))
    }

    /// Hands out every punch by its printed time, those that the hub has acknowledged included: of a range of printed dates,
    /// or all, lines without a readable date first.
    ///
    /// # Errors
    /// When the file can't be read, or what `each` answers.
    pub fn export<E: From<SpoolError>>(
        &self,
        (from, to): (Option<Date>, Option<Date>),
        mut each: impl FnMut(HeldPunch) -> Result<(), E>,
    ) -> Result<Exported, E> {
        // One moment for the counts and the rows.
        let moment = self.connection.unchecked_transaction().map_err(|error| self.unusable(&error))?;
        let mut exported = self.look(bounds_of)?;
        let first = from.map_or(Fingerprint([0; 16]), |from| first_of(from.into()));
        let end = to.and_then(|to| to.tomorrow().ok()).map_or(Fingerprint([0xff; 16]), |end| first_of(end.into()));
        let is_ranged = from.is_some() || to.is_some();
        let mut failed = None;
        let walked = each_hour(&moment, first, end, |mut punches| {
            punches.sort_by(|a, b| key(a).cmp(&key(b)));
            for punch in punches {
                // Without a date it is in no range, even one that only has an end.
                if is_ranged && punch.said.time.seconds().is_none() {
                    continue;
                }
                exported.punches += 1;
                exported.unsent += u64::from(!punch.is_with_hub);
                if let Err(error) = each(punch) {
                    failed = Some(error);
                    return false;
                }
            }
            true
        });
        walked.map_err(|error| self.unusable(&error))?;
        if let Some(error) = failed {
            return Err(error);
        }
        exported.undated = if is_ranged { self.look(undated)? } else { 0 };
        Ok(exported)
    }
}

impl Spool {
    /// Who was seen on each terminal's date.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) async fn seen(&self, today: Today) -> Result<Vec<Seen>, SpoolError> {
        self.read(move |connection| seen_today(connection, &today)).await
    }
}

/// The date that each terminal should print now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Today {
    /// Of those whose zone is known, by serial.
    pub of: HashMap<String, Date>,
    /// Of all others.
    pub elsewhere: Date,
}

impl Today {
    /// The date at a terminal.
    pub fn at(&self, serial: &str) -> Date {
        self.of.get(serial).copied().unwrap_or(self.elsewhere)
    }
}

fn first_of(midnight: DateTime) -> Fingerprint {
    Fingerprint::first_of_hour(PrintedTime::from_civil(midnight).seconds().unwrap_or_default())
}

/// What an export is ordered by.
fn key(punch: &HeldPunch) -> (Option<i64>, &str, &str, Fingerprint) {
    (punch.said.time.seconds(), &punch.said.origin, &punch.said.user, punch.fingerprint)
}

/// Hands out the punches from one key up to before another, those of one printed hour together; ends when told so.
fn each_hour(
    connection: &Connection,
    first: Fingerprint,
    end: Fingerprint,
    mut each: impl FnMut(Vec<HeldPunch>) -> bool,
) -> rusqlite::Result<()> {
    let acked = acked(connection)?;
    let mut names = Names::default();
    let mut statement = connection.prepare_cached(
        "SELECT fingerprint, payload, received_us, seq, is_time_doubted FROM entry
         WHERE fingerprint >= ?1 AND fingerprint < ?2 ORDER BY fingerprint",
    )?;
    let mut rows = statement.query((&first.0[..], &end.0[..]))?;
    let mut hour = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(punch) = held_punch(row, acked, connection, &mut names)? else { continue };
        let is_next = |last: &HeldPunch| last.fingerprint.0[..HOUR] != punch.fingerprint.0[..HOUR];
        if hour.last().is_some_and(is_next) && !each(std::mem::take(&mut hour)) {
            return Ok(());
        }
        hour.push(punch);
    }
    each(hour);
    Ok(())
}

/// `None` for what is no punch.
fn held_punch(
    row: &Row<'_>,
    acked: i64,
    connection: &Connection,
    names: &mut Names,
) -> rusqlite::Result<Option<HeldPunch>> {
    let Some((channel, said)) = payload::punch_and_road_of(row.get_ref(1)?.as_blob()?) else { return Ok(None) };
    Ok(Some(HeldPunch {
        fingerprint: Fingerprint(row.get(0)?),
        name: names.of(connection, &said.origin, &said.user)?,
        said,
        channel,
        received_us: row.get(2)?,
        is_time_doubted: row.get(4)?,
        is_with_hub: row.get::<_, i64>(3)? <= acked,
    }))
}

/// Names that terminals told, each looked up once.
#[derive(Default)]
struct Names(HashMap<(String, String), Option<String>>);

impl Names {
    fn of(&mut self, connection: &Connection, origin: &str, user: &str) -> rusqlite::Result<Option<String>> {
        let whose = (origin.to_owned(), user.to_owned());
        if let Some(name) = self.0.get(&whose) {
            return Ok(name.clone());
        }
        let name = connection
            .prepare_cached("SELECT payload FROM entry WHERE fingerprint = ?1")?
            .query_row([&payload::user_key(origin, user)[..]], |row| Ok(payload::name_of(row.get_ref(0)?.as_blob()?)))
            .optional()?
            .flatten()
            .filter(|name| !name.is_empty());
        self.0.insert(whose, name.clone());
        Ok(name)
    }
}

fn seen_today(connection: &Connection, today: &Today) -> rusqlite::Result<Vec<Seen>> {
    let dates: BTreeSet<Date> = today.of.values().copied().chain([today.elsewhere]).collect();
    let mut sightings = Vec::new();
    let mut named: HashMap<String, String> = HashMap::new();
    for date in dates {
        let end = date.tomorrow().unwrap_or(date);
        each_hour(connection, first_of(date.into()), first_of(end.into()), |punches| {
            for HeldPunch { said, name, .. } in punches {
                let Some(printed) = said.time.civil().filter(|_| today.at(&said.origin) == date) else { continue };
                if let Some(name) = name {
                    named.insert(said.user.clone(), name);
                }
                sightings.push(Sighting { terminal: said.origin, user: said.user, printed, state: said.state });
            }
            true
        })?;
    }
    let mut people = seen(sightings);
    for one in &mut people {
        one.name = named.remove(&one.user);
    }
    Ok(people)
}

fn last_words(connection: &Connection) -> rusqlite::Result<HashMap<String, i64>> {
    let mut words = HashMap::new();
    let mut statement =
        connection.prepare_cached("SELECT payload, received_us FROM entry ORDER BY seq DESC LIMIT ?1")?;
    let mut rows = statement.query([LAST_WORDS])?;
    while let Some(row) = rows.next()? {
        if let Some(origin) = payload::origin_of(row.get_ref(0)?.as_blob()?) {
            let received_us: i64 = row.get(1)?;
            let last = words.entry(origin).or_insert(received_us);
            *last = received_us.max(*last);
        }
    }
    Ok(words)
}

/// What there is beside the rows of an export.
fn bounds_of(connection: &Connection) -> rusqlite::Result<Exported> {
    let one = |sql| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0)).optional();
    Ok(Exported {
        newest_received_us: one("SELECT received_us FROM entry WHERE is_time_doubted = 0 ORDER BY seq DESC LIMIT 1")?,
        oldest_received_us: one("SELECT received_us FROM entry WHERE is_time_doubted = 0 ORDER BY seq LIMIT 1")?,
        unknown_slots: connection.query_row("SELECT count(*) FROM unknown_slot", [], |row| row.get(0))?,
        ..Exported::default()
    })
}

/// Lines without a readable date: their keys are led by hour 0.
fn undated(connection: &Connection) -> rusqlite::Result<u64> {
    let mut end = [0; 16];
    end[HOUR - 1] = 1;
    connection
        .prepare_cached("SELECT count(*) FROM entry WHERE fingerprint < ?1 AND substr(payload, 1, 1) = ?2")?
        .query_row((&end[..], payload::PUNCH_TAG), |row| row.get(0))
}
