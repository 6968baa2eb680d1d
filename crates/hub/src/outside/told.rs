//! What became of rows from outside, in words.

use std::borrow::Cow;

use link::Outcome;
use roads::outside::OutsideRow;

use crate::view::HeldReason;

/// A row, and what became of it.
#[derive(Clone, Debug)]
pub struct Told<'r> {
    /// The row.
    pub row: &'r OutsideRow,
    /// What became of it.
    pub became: Became,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// New, and matched to an employee.
    Stored,
    /// Known already; nothing changed.
    Known,
    /// New, kept, and held until its cause is cured; without a reason where somebody dismissed it.
    Held(Option<HeldReason>),
    /// Not taken.
    Refused(Refusal),
}

/// Why a row is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The import takes rows of other types.
    RowType(String),
    /// The import takes rows of employees of other groups.
    Group(String),
    /// A text is far too long for what it should be.
    TooLong(&'static str),
    /// The rows name more readers than any source has.
    TooManyReaders,
    /// The time has an offset, and this origin's clock does not show UTC.
    HasOffset(String),
}

impl Refusal {
    /// Whether somebody asked for it: the row is sound, and not of those that are wanted.
    pub const fn is_filter(&self) -> bool {
        matches!(self, Self::RowType(_) | Self::Group(_))
    }
}

impl Became {
    /// The word in reports.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Known => "known",
            Self::Held(_) => "held",
            Self::Refused(_) => "refused",
        }
    }

    /// As it is counted.
    pub(super) const fn counted(&self) -> Option<Outcome> {
        match self {
            Self::Stored => Some(Outcome::Stored),
            Self::Known => Some(Outcome::Known),
            Self::Held(_) => Some(Outcome::Held),
            Self::Refused(_) => None,
        }
    }
}

impl Told<'_> {
    /// Whether the row is sound, and not of those that somebody wants.
    pub const fn is_unwanted(&self) -> bool {
        matches!(&self.became, Became::Refused(refusal) if refusal.is_filter())
    }

    /// Why it was held or refused, and what to do; empty for the others.
    pub fn why(&self) -> Cow<'_, str> {
        match (&self.became, &self.row.said) {
            (Became::Stored | Became::Known | Became::Held(None), _) => Cow::Borrowed(""),
            (Became::Held(Some(HeldReason::UnreadableLine)), Err(why)) => Cow::Borrowed(why),
            (Became::Held(Some(reason)), _) => Cow::Owned(format!("{} {}", reason.says(), reason.cure())),
            (Became::Refused(refusal), _) => Cow::Owned(refusal.to_string()),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RowType(kind) if kind.is_empty() => {
                f.write_str("The row has no type, and only some types are wanted.")
            }
            Self::RowType(kind) => write!(f, "Rows of type {kind} are not wanted."),
            Self::Group(group) if group.is_empty() => {
                f.write_str("The employee is of no group, and only rows of some groups are wanted.")
            }
            Self::Group(group) => write!(f, "Rows of employees of the group {group} are not wanted."),
            Self::TooLong(what) => write!(f, "The {what} is far too long. Is the right column mapped?"),
            Self::TooManyReaders => f.write_str("The rows name too many readers. Is the right column mapped?"),
            Self::HasOffset(origin) => {
                write!(
                    f,
                    "The time has an offset from UTC, and {origin} prints times of another zone. Use another source name."
                )
            }
        }
    }
}
