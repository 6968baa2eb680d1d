//! What a terminal holds of a day, told so that the hub can prove that it holds the same.
//!
//! Invariants:
//! * A [`Closeout`] is a function of a set of punches: neither their order nor copies matter, as long as each fingerprint is
//!   added once.
//! * An edge tells a [`Reading`] only when the hub has acknowledged everything that it brought. What the hub lacks of it then
//!   is a gap, and not on its way.
//! * Where the figures differ the hub has a [`Doubt`]. The edge lists the punches of that date with its next reading, so that
//!   the hub can name what it lacks, and sends them once more when it is told that they are missing.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;

use attendance::punch::{Fingerprint, RawPunch};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Most readings in one heartbeat; the next one brings more.
pub const MAX_READINGS: usize = 20;
/// Printed dates that one reading tells of: the latest of the log that have punches.
pub const READING_DATES: usize = 40;

/// The set of punches of one terminal and printed date, as two figures: two equal closeouts are of the same set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closeout {
    /// How many different punches.
    pub punches: u64,
    /// Their digest.
    pub digest: Digest,
}

/// The digest of a set of fingerprints: their sum as 128-bit numbers, so that one can be added at any time. 12 of the 16 bytes
/// of each are of a hash, so that different sets have different sums but by a chance of 1 to 2^96. In JSON it is 32
/// hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub u128);

impl Closeout {
    /// Adds a punch that is not in the set yet.
    pub const fn add(&mut self, of: Fingerprint) {
        self.punches = self.punches.saturating_add(1);
        self.digest = Digest(self.digest.0.wrapping_add(u128::from_be_bytes(of.0)));
    }

    /// This set with the punches of another one that shares none with it.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            punches: self.punches.saturating_add(other.punches),
            digest: Digest(self.digest.0.wrapping_add(other.digest.0)),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A text that is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 32 hexadecimal digits")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        // Written as a fingerprint is.
        let Fingerprint(bytes) = text.parse().map_err(|_| NotADigest)?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// The printed date of a punch; `None` for a time that is no date, which no closeout has.
pub fn printed_date(said: &RawPunch) -> Option<Date> {
    said.time.civil().map(|printed| printed.date())
}

/// Closeouts by printed date, of punches that may come several times.
#[derive(Clone, Debug, Default)]
pub struct Closeouts {
    seen: HashSet<Fingerprint>,
    /// The closeouts so far.
    pub days: BTreeMap<Date, Closeout>,
}

impl Closeouts {
    /// Adds a punch, if it has a date. True when it was not in yet.
    pub fn add(&mut self, said: &RawPunch) -> bool {
        let (Some(date), fingerprint) = (printed_date(said), said.fingerprint()) else { return false };
        let is_new = self.seen.insert(fingerprint);
        if is_new {
            self.days.entry(date).or_default().add(fingerprint);
        }
        is_new
    }
}

/// A terminal's log as an edge read it, day by day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Serial of the terminal.
    pub serial: String,
    /// When it was read, microseconds since the epoch, UTC: what was punched before is in it.
    pub read_us: i64,
    /// First printed date that it tells of; a later one that is not among the days has no punches. `None` for an empty log.
    #[serde(default)]
    pub from: Option<Date>,
    /// The days, at most [`READING_DATES`].
    pub days: Vec<DayReading>,
    /// It tells of these days alone: a terminal that only pushes was asked for them one by one. Nothing follows for a date that is
    /// not among them, and nothing is known of what came after the last.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_days: bool,
}

impl Reading {
    /// The reading of a log with these closeouts: its latest [`READING_DATES`] days.
    pub fn of(serial: &str, read_us: i64, closeouts: Closeouts) -> Self {
        let early = closeouts.days.len().saturating_sub(READING_DATES);
        let day = |(date, closeout)| DayReading { date, closeout, nameless: 0, in_spool: None, listed: None };
        let days: Vec<DayReading> = closeouts.days.into_iter().skip(early).map(day).collect();
        Self { serial: serial.to_owned(), read_us, from: days.first().map(|day| day.date), days, only_days: false }
    }
}

/// What a terminal holds of one printed date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReading {
    /// The date on the terminal's face.
    pub date: Date,
    /// Its punches.
    #[serde(flatten)]
    pub closeout: Closeout,
    /// Records that are not among them, because they name a place in the user table that nobody has had.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nameless: u64,
    /// How many punches of it the edge's spool holds now; `None` where it was not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_spool: Option<u64>,
    /// User number and printed second of each punch, where the hub had a [`Doubt`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Vec<(String, i64)>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A date of a terminal on which the hub can't tell that it holds everything. Doubts answer a heartbeat with readings, and
/// replace those before of the same terminals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// Serial of the terminal.
    pub serial: String,
    /// The printed date.
    pub date: Date,
    /// Punches are missing: the edge sends all of that date once more. Otherwise it only lists them.
    #[serde(default)]
    pub send_again: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use attendance::punch::PrintedTime;

    fn punch(user: &str, printed: &str) -> RawPunch {
        let time = PrintedTime::parse(printed);
        RawPunch { user: user.to_owned(), time, ..RawPunch::unreadable("A1", b"line") }
    }

    fn closeouts(punches: &[RawPunch]) -> BTreeMap<Date, Closeout> {
        let mut all = Closeouts::default();
        for said in punches {
            all.add(said);
        }
        all.days
    }

    #[test]
    fn neither_order_nor_copies_matter_and_every_punch_does() {
        let morning = punch("12", "2026-03-02 08:00:00");
        let noon = punch("0012", "2026-03-02 08:00:00");
        let next = punch("12", "2026-03-03 00:00:00");
        let all = closeouts(&[morning.clone(), noon.clone(), next.clone()]);
        assert_eq!(closeouts(&[next.clone(), noon.clone(), noon.clone(), morning.clone()]), all);
        let counts: Vec<u64> = all.values().map(|day| day.punches).collect();
        assert_eq!(counts, [2, 1]);
        let others = closeouts(&[morning.clone(), punch("13", "2026-03-02 08:00:00")]);
        let date = "2026-03-02".parse().unwrap();
        assert_eq!(others[&date].punches, all[&date].punches);
        assert_ne!(others[&date], all[&date], "as many, and not the same");
        let apart = closeouts(&[morning])[&date].and(closeouts(&[noon])[&date]);
        assert_eq!(apart, all[&date], "sets that share nothing add up");
    }

    #[test]
    fn a_time_that_is_no_date_is_of_no_day() {
        assert!(!Closeouts::default().add(&punch("12", "2026-13-45 25:61:00")));
        assert!(closeouts(&[punch("12", "2026-13-45 25:61:00")]).is_empty());
    }

    #[test]
    fn a_reading_reads_back_and_an_older_one_tells_less() {
        let day = DayReading {
            date: "2026-03-02".parse().unwrap(),
            closeout: closeouts(&[punch("12", "2026-03-02 08:00:00")]).into_values().next().unwrap(),
            nameless: 0,
            in_spool: Some(1),
            listed: Some(vec![("12".to_owned(), 1_772_438_400)]),
        };
        let reading =
            Reading { serial: "A1".into(), read_us: 7, from: Some(day.date), days: vec![day], only_days: false };
        let text = serde_json::to_string(&reading).unwrap();
        assert_eq!(serde_json::from_str::<Reading>(&text).unwrap(), reading, "{text}");
        let bare = r#"{"serial":"A1","read_us":7,"days":[{"date":"2026-03-02","punches":1,"digest":"000000000000000000000000000000ff"}]}"#;
        let read = serde_json::from_str::<Reading>(bare).unwrap();
        assert_eq!((read.from, read.days[0].closeout.digest, read.days[0].nameless), (None, Digest(255), 0));
        assert_eq!("+".repeat(32).parse::<Digest>(), Err(NotADigest));
    }
}
