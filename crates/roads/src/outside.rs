//! Rows of punches from outside, as readers of files and databases tell them. Nothing is decided here: the hub judges every row, whatever
//! it was read from, at one place.

use std::fmt;

use attendance::punch::PrintedTime;
use jiff::Timestamp;

/// Which row it is, so that a person finds it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKey {
    /// Line of a file, or row of a sheet, from 1.
    Line(u64),
    /// The key of a row in a database, or its place in a call.
    Row(String),
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// Who punched, as the row says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Puncher {
    /// The number that the person has at terminals.
    Number(String),
    /// The code of the employee.
    Code(String),
}

impl Puncher {
    /// What the row says, number or code.
    pub fn said(&self) -> &str {
        match self {
            Self::Number(said) | Self::Code(said) => said,
        }
    }
}

/// When it was, as the row says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowTime {
    /// A clock's face, without a zone.
    Printed(PrintedTime),
    /// With its offset from UTC.
    At(Timestamp),
}

impl fmt::Display for RowTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Printed(time) => time.fmt(f),
            Self::At(at) => at.fmt(f),
        }
    }
}

/// A punch that a row tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsidePunch {
    /// Serial of the terminal that recorded it, where the row names one.
    pub serial: Option<String>,
    /// The source's own name of reader or door; empty where it has none. Of no meaning beside a serial.
    pub reader: String,
    /// Who.
    pub puncher: Puncher,
    /// When.
    pub time: RowTime,
    /// State code (rules 5.1).
    pub state: Option<i32>,
    /// Verification method, as the source numbers it.
    pub verify: Option<i32>,
    /// Work code.
    pub work_code: Option<String>,
    /// The kind of row, where the source has several in one table.
    pub row_type: Option<String>,
}

/// The work code that a text says: terminals and their databases write 0 for none.
pub(crate) fn work_code(text: &str) -> Option<String> {
    Some(text.trim()).filter(|code| !code.is_empty() && *code != "0").map(str::to_owned)
}

/// A row from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideRow {
    /// Which row.
    pub key: RowKey,
    /// What stood there.
    pub original: Vec<u8>,
    /// The punch; or why none could be read, and what to do.
    pub said: Result<OutsidePunch, String>,
}
