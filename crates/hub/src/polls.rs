//! How the last readings of each terminal ended, as edges tell them, and those that were made from here by hand.
//!
//! Invariants:
//! * A reading that is told again changes nothing: it is known by its begin as it was told, however far the clock of its edge is off then.
//! * A list for people: nothing is judged by it, and of each terminal it has [`MOST_OF_ONE`] rows at most.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use link::{Poll, PollOutcome};
pub use store::polls::PollOrder;
use store::{Write, polls};

use crate::resolve::instant;
use crate::{Error, Hub};

/// Rows of one terminal; a day of readings every quarter of an hour.
const MOST_OF_ONE: u32 = 100;
/// Longest text that is kept, in bytes.
const MOST_SAYS_BYTES: usize = 1000;

/// A reading that has ended, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollRow {
    /// Serial of the terminal.
    pub serial: String,
    /// Its name.
    pub terminal: String,
    /// When it began.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub outcome: PollOutcome,
    /// What was in the way, with the cure, or what is to be known; empty where nothing is.
    pub says: String,
    /// Records that came.
    pub records: Option<u64>,
    /// How many of them were new.
    pub new: Option<u64>,
    /// The edge that read it; `None` for a reading from here by hand.
    pub edge: Option<String>,
}

/// Which readings to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollFilter {
    /// Of this terminal only.
    pub serial: Option<String>,
    /// The order, and whether it is the other way round; the latest first when `None`.
    pub order: Option<(PollOrder, bool)>,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 is no limit.
    pub limit: u32,
}

/// A part of the list of readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollList {
    /// The readings.
    pub rows: Vec<PollRow>,
    /// Readings that match without offset and limit.
    pub total: u64,
}

/// What this process was told of an outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollMeter {
    /// Readings that ended so.
    pub readings: u64,
    /// What all of them took together.
    pub took: Duration,
}

/// Meters by outcome.
#[derive(Debug, Default)]
pub(crate) struct PollMeters(Mutex<BTreeMap<PollOutcome, PollMeter>>);

impl PollMeters {
    /// Counts readings that are noted for the first time.
    pub(crate) fn count(&self, noted: &[Poll]) {
        let mut meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for poll in noted {
            let meter = meters.entry(poll.outcome).or_default();
            meter.readings += 1;
            meter.took += Duration::from_millis(poll.took_ms);
        }
    }
}

/// Notes readings of terminals that are known here, told by a clock that is so far ahead; those that were not noted before.
pub(crate) fn note(
    write: &Write<'_>,
    polls: &[Poll],
    off_us: i64,
    edge: Option<&str>,
    now: Timestamp,
) -> Result<Vec<Poll>, Error> {
    let mut noted = Vec::new();
    for poll in polls {
        if write.terminal(&poll.serial)?.is_none() {
            continue;
        }
        let new = polls::Poll {
            serial: poll.serial.clone(),
            told_us: poll.began_us,
            // An edge's clock is believed as far as it can be right.
            began_us: poll.began_us.saturating_sub(off_us).min(now.as_microsecond()),
            took_ms: poll.took_ms,
            outcome: poll.outcome.word().to_owned(),
            says: poll.says.get(..poll.says.floor_char_boundary(MOST_SAYS_BYTES)).unwrap_or_default().to_owned(),
            records: poll.records,
            new_punches: poll.new,
            edge: edge.map(str::to_owned),
        };
        if write.add_poll(&new, MOST_OF_ONE)? {
            noted.push(poll.clone());
        }
    }
    Ok(noted)
}

impl Hub {
    /// Notes a reading that was made from here, by hand.
    ///
    /// # Errors
    /// Of the store.
    pub fn note_poll(&self, poll: &Poll, now: Timestamp) -> Result<(), Error> {
        let noted = self.store.write(|write| note(write, std::slice::from_ref(poll), 0, None, now))?;
        self.polls.count(&noted);
        Ok(())
    }

    /// The last readings that a filter asks for.
    ///
    /// # Errors
    /// Of the store.
    pub fn polls(&self, filter: &PollFilter) -> Result<PollList, Error> {
        self.store.read(|read| {
            let limit = if filter.limit == 0 { u32::MAX } else { filter.limit };
            let order = filter.order.unwrap_or((PollOrder::Began, true));
            let (rows, total) = read.list_polls(filter.serial.as_deref(), order, filter.offset, limit)?;
            let terminals = read.terminals()?;
            let name = |serial: &str| {
                let known = terminals.iter().find(|(terminal, _)| terminal.serial == serial);
                known.map_or_else(|| serial.to_owned(), |(terminal, _)| terminal.name.clone())
            };
            let row = |row: polls::Poll| {
                let unknown = || Error::Damaged { what: "reading", detail: format!("outcome {}", row.outcome) };
                Ok(PollRow {
                    terminal: name(&row.serial),
                    began: instant(row.began_us),
                    took: Duration::from_millis(row.took_ms),
                    outcome: PollOutcome::from_word(&row.outcome).ok_or_else(unknown)?,
                    serial: row.serial,
                    says: row.says,
                    records: row.records,
                    new: row.new_punches,
                    edge: row.edge,
                })
            };
            Ok(PollList { rows: rows.into_iter().map(row).collect::<Result<_, Error>>()?, total })
        })
    }

    /// What this process was told of readings since its start, by how they ended.
    pub fn poll_meters(&self) -> [(PollOutcome, PollMeter); 3] {
        let meters = self.polls.0.lock().unwrap_or_else(PoisonError::into_inner);
        PollOutcome::ALL.map(|outcome| (outcome, meters.get(&outcome).copied().unwrap_or_default()))
    }
}
