//! Attendance tables of other systems in Microsoft SQL Server, which are read and never written.
//!
//! Invariants:
//! * Nothing but a SELECT is ever sent: statements are made by `select` only, from a [`Table`]; a query of somebody's own is parsed,
//!   must be one SELECT, and stands within one.
//! * Pages come in the order of a key. What was stored is passed on only after it was ([`Reading::stored`]), because rows arrive
//!   before a failure does.
//! * A connection that failed in the middle is thrown away.
//!
//! What was observed of the protocol and its types is in the reference of legacy tables (sections 2 to 5).

mod memory;
mod reading;
mod rows;
mod select;
mod table;
#[cfg(feature = "mssql")]
mod tds;

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

pub use memory::MemoryTable;
pub use reading::{Mark, Reading};
pub use rows::{csv_columns, csv_row, outside_rows};
pub use select::{Select, check_query};
pub use table::{Encryption, KeyKind, PRESETS, Preset, Role, Table};
#[cfg(feature = "mssql")]
pub use tds::{Access, Patience, SqlServer};

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// NULL.
    Null,
    /// A whole number of any size, or a bit.
    Number(i64),
    /// Text, without the blanks that pad it.
    Text(String),
    /// Date and time of day without a zone.
    Civil(DateTime),
    /// A date.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// An instant: the only type that carries its offset.
    At(Timestamp),
    /// What no punch is made of: fractions, bytes. As text.
    Other(String),
}

impl Cell {
    /// By value, where both are of one kind.
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Civil(a), Self::Civil(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Civil(b)) => Some(a.at(0, 0, 0, 0).cmp(b)),
            (Self::Civil(a), Self::Date(b)) => Some(a.cmp(&b.at(0, 0, 0, 0))),
            (Self::At(a), Self::At(b)) => Some(a.cmp(b)),
            // As a server does, which takes the time without an offset for one of UTC.
            (Self::At(a), Self::Civil(b)) => Some(TimeZone::UTC.to_datetime(*a).cmp(b)),
            _ => None,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) | Self::Other(text) => f.write_str(text),
            Self::Civil(at) => write!(f, "{}", at.strftime("%Y-%m-%d %H:%M:%S%.f")),
            Self::Date(date) => write!(f, "{date}"),
            Self::Time(time) => write!(f, "{}", time.strftime("%H:%M:%S%.f")),
            Self::At(at) => write!(f, "{at}"),
        }
    }
}

/// Why a table could not be read, in words with the cure where one is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The server is not reached, or does not let this login in.
    #[error("{0}")]
    Connect(String),
    /// It was reached, and the reading broke off or was refused.
    #[error("{0}")]
    Read(String),
}

/// The port to a table that is read in pages. Calls block.
pub trait LegacyTable {
    /// One page, in the order of the key: of each row the key's columns, then the others, as [`Table::columns`] names them.
    ///
    /// # Errors
    /// [`Trouble`]; nothing of the page is told then.
    fn page(&mut self, select: &Select<'_>) -> Result<Vec<Vec<Cell>>, Trouble>;

    /// What the login may do beside reading: an object and a right each, like `dbo.commute_log: INSERT`.
    ///
    /// # Errors
    /// [`Trouble`].
    fn may_write(&mut self, table: &Table) -> Result<Vec<String>, Trouble>;
}
