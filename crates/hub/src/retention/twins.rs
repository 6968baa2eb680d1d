//! Twins: two rows that are the same punch. The nightly look proves that there are none.
//!
//! The key of a punch is computed from what its terminal said, and each key is there once. So two rows are the same punch only if one
//! of them does not stand under its own key: somebody wrote it past this program. The look computes the key of every row anew, and
//! counts under how many employees and reasons each key stands: a punch counts exactly once.
//!
//! Invariants:
//! * One pass in the order of the key, a page at a time, each of one snapshot: nobody waits for it, and it holds no more than a page.
//! * Punches that come while it runs are looked at by this one or the next.

use std::collections::BTreeMap;
use std::fmt;

use attendance::punch::{Fingerprint, PrintedTime};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Write;
use store::census::{CensusPage, CensusRow};
use store::held::START;

use crate::{Error, Hub};

/// Setting: what the last look found, as JSON.
const CENSUS: &str = "census";
/// Rows of one page.
const PAGE: u32 = 5_000;
/// Faults that are told one by one.
const TOLD: usize = 50;

/// What a look at all punches found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// When it began.
    pub at: Timestamp,
    /// Punches.
    pub punches: u64,
    /// Rows that are the same punch as another one.
    pub twins: u64,
    /// Rows under a key that is not theirs, without being the same as another.
    pub misfiled: u64,
    /// Punches that count more than once, or nowhere.
    pub miscounted: u64,
    /// Each of them in words; the first fifty.
    pub faults: Vec<String>,
}

impl Census {
    /// Whether each punch is there once and counts once.
    pub const fn is_good(&self) -> bool {
        self.twins == 0 && self.misfiled == 0 && self.miscounted == 0
    }

    /// Keeps it until the next.
    pub(super) fn keep(&self, write: &Write<'_>) -> Result<(), Error> {
        let damaged = |error: serde_json::Error| Error::Damaged { what: "census", detail: error.to_string() };
        Ok(write.put_setting(CENSUS, &serde_json::to_string(self).map_err(damaged)?)?)
    }

    /// Tells the log what is wrong.
    pub(super) fn tell_log(&self) {
        for fault in &self.faults {
            tracing::error!("{fault}; `punchclock audit verify` says whether it is sealed so");
        }
    }
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { punches, twins, misfiled, miscounted, .. } = self;
        if self.is_good() {
            return write!(f, "0 twins among {punches} punches");
        }
        write!(
            f,
            "{twins} TWINS among {punches} punches, {misfiled} under a key that is not theirs, {miscounted} not counted once"
        )
    }
}

/// A row that is not what it should be.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// It stands under another key than its own.
    Key { row: CensusRow, own: Fingerprint },
    /// It counts so often.
    Count { key: Fingerprint, times: usize },
}

/// The rows of a page that are not what they should be.
fn faults(page: CensusPage) -> Vec<Fault> {
    let mut times: BTreeMap<Fingerprint, usize> = page.rows.iter().map(|row| (row.key, 0)).collect();
    for key in page.counted.iter().flatten() {
        if let Some(times) = times.get_mut(key) {
            *times += 1;
        }
    }
    let miscounted = times.into_iter().filter(|(_, times)| *times != 1).map(|(key, times)| Fault::Count { key, times });
    let misfiled = page.rows.into_iter().filter_map(|row| {
        let own = Fingerprint::of(&row.origin, &row.user, &row.time);
        (own != row.key).then_some(Fault::Key { row, own })
    });
    misfiled.chain(miscounted).collect()
}

/// A look that is under way.
pub(super) struct Look {
    census: Census,
    after: Fingerprint,
    /// Rows under another key than their own, and that.
    strangers: Vec<(CensusRow, Fingerprint)>,
}

impl Look {
    pub(super) fn begin(at: Timestamp) -> Self {
        let census = Census { at, punches: 0, twins: 0, misfiled: 0, miscounted: 0, faults: Vec::new() };
        Self { census, after: START, strangers: Vec::new() }
    }

    /// So many punches were looked at.
    pub(super) const fn punches(&self) -> u64 {
        self.census.punches
    }

    /// Looks at a page; false after the last.
    pub(super) fn go_on(&mut self, hub: &Hub) -> Result<bool, Error> {
        let page = hub.store.read(|read| read.census_page(self.after, PAGE))?;
        let Some(last) = page.rows.last() else { return Ok(false) };
        self.after = last.key;
        self.census.punches += page.rows.len() as u64;
        for fault in faults(page) {
            match fault {
                Fault::Count { key, times } => {
                    self.census.miscounted += 1;
                    self.tell(format!("punch {key} counts {times} times, and not once"));
                }
                // Most of a table would have to be wrong to make this long.
                Fault::Key { row, own } => self.strangers.push((row, own)),
            }
        }
        Ok(true)
    }

    /// What it found.
    pub(super) fn end(mut self, hub: &Hub) -> Result<Census, Error> {
        for (row, own) in std::mem::take(&mut self.strangers) {
            let CensusRow { key, origin, user, time } = &row;
            let time = in_words(time);
            if hub.store.read(|read| read.holds(own))? {
                self.census.twins += 1;
                self.tell(format!("punches {key} and {own} are twins: user {user} at {origin}, {time}"));
            } else {
                self.census.misfiled += 1;
                self.tell(format!(
                    "punch {key} stands under a key that is not its own, {own}: user {user} at {origin}, {time}"
                ));
            }
        }
        Ok(self.census)
    }

    fn tell(&mut self, fault: String) {
        if self.census.faults.len() < TOLD {
            self.census.faults.push(fault);
        }
    }
}

fn in_words(time: &PrintedTime) -> String {
    match time {
        PrintedTime::Seconds(_) => time.to_string(),
        PrintedTime::Raw(_) => String::from("a time that is none"),
    }
}

impl Hub {
    /// What the last look for twins found; `None` before the first clean-up.
    ///
    /// # Errors
    /// Of the store.
    pub fn census(&self) -> Result<Option<Census>, Error> {
        let damaged = |error: serde_json::Error| Error::Damaged { what: "census", detail: error.to_string() };
        let kept = self.store.read(|read| read.setting(CENSUS))?;
        kept.map(|text| serde_json::from_str(&text).map_err(damaged)).transpose()
    }
}
