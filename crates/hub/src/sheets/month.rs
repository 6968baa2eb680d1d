//! A month of the calendar.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use attendance::DateRange;
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::Error;

/// A month of the calendar, written `2026-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Its first date.
    first: Date,
}

impl Month {
    /// The month of a date.
    pub fn of(date: Date) -> Self {
        Self { first: date.first_of_month() }
    }

    /// Its first date.
    pub fn first(self) -> Date {
        self.first
    }

    /// Its last date.
    pub fn last(self) -> Date {
        self.first.last_of_month()
    }

    /// The month before; `None` at the beginning of the calendar.
    pub fn before(self) -> Option<Self> {
        self.first.checked_sub(1.month()).ok().map(Self::of)
    }

    /// The month after; `None` at the end of the calendar.
    pub fn after(self) -> Option<Self> {
        self.first.checked_add(1.month()).ok().map(Self::of)
    }

    /// Its dates.
    pub fn dates(self) -> impl Iterator<Item = Date> {
        self.first.series(1.day()).take_while(move |date| *date <= self.last())
    }

    pub(crate) fn range(self) -> DateRange {
        DateRange { from: self.first(), to: self.last() }
    }
}

impl FromStr for Month {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused =
            || Error::invalid(format!("`{text}` is no month"), "write year and month like 2026-03 (year, month)");
        let is_short = text.len() == 7;
        let date = format!("{text}-01").parse::<Date>().ok().filter(|_| is_short);
        date.map(Self::of).ok_or_else(refused)
    }
}

impl Display for Month {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.strftime("%Y-%m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_written_as_it_is_read_and_knows_its_neighbours() {
        let month: Month = "2024-02".parse().unwrap();
        assert_eq!((month.to_string().as_str(), month.dates().count()), ("2024-02", 29));
        let beside = [month.before(), month.after()].map(|month| month.unwrap().to_string());
        assert_eq!(beside, ["2024-01", "2024-03"]);
        for bad in ["", "2026", "2026-13", "2026-3", "03-2026", "2026-03-01"] {
            assert!(bad.parse::<Month>().unwrap_err().to_string().contains("no month"), "{bad}");
        }
    }
}
