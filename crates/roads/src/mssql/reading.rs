//! Which page is asked for next, and how far a table was read. Pure.
//!
//! Invariants:
//! * A reading begins a piece before where the last one ended, since a lower key may appear after a higher one was read; and rows of
//!   yesterday and today are always read again, with those of all days since the source answered last: keys may begin anew meanwhile.
//! * A server compares what carries its offset with a limit as if that were of UTC. So limits are a day wider than the dates that are
//!   wanted, which is within no zone's reach, and [`Reading::rows`] takes what is of these dates.
//! * A page begins at the key with which the one before ended, since rows of one key may stand on both; [`Reading::rows`] leaves out
//!   those that were told. Which keys are equal is left to the server: its collation may take `e1` and `E1` for the same.
//! * The mark goes forward only by what was stored ([`Reading::stored`]), and never beyond today, whatever a wrong clock printed.

use std::collections::HashMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{RoundMode, SignedDuration, ToSpan as _, Unit};

use super::{Cell, KeyKind, Select, Table, outside_rows};
use crate::outside::{OutsideRow, RowTime};
use crate::punch_table::clock;

/// Keys before the last one that are read again.
const OVERLAP_KEYS: i64 = 1000;
/// Days before the last one that are read again where the key is a time.
const OVERLAP_DAYS: i64 = 7;

/// How far a table was read: the highest first column of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A number.
    Number(i64),
    /// A date and time.
    Time(DateTime),
}

impl Mark {
    /// What [`Mark`] prints.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ')? {
            ("number", number) => number.parse().ok().map(Self::Number),
            ("time", time) => time.parse().ok().map(Self::Time),
            _ => None,
        }
    }

    fn of(cell: &Cell, kind: KeyKind) -> Option<Self> {
        match cell {
            Cell::Number(number) => Some(Self::Number(*number)),
            Cell::Civil(at) => Some(Self::Time(*at)),
            // As it is compared.
            Cell::At(at) => Some(Self::Time(TimeZone::UTC.to_datetime(*at))),
            Cell::Date(date) => Some(Self::Time(date.at(0, 0, 0, 0))),
            // As text it is compared with texts of eight digits.
            Cell::Text(text) if kind == KeyKind::TextDate && text.len() != 8 => None,
            Cell::Text(text) => clock::date(text, None).map(|date| Self::Time(date.at(0, 0, 0, 0))),
            _ => None,
        }
    }

    /// No later than a date; a number is none.
    fn until(self, date: Date) -> Self {
        match self {
            Self::Time(at) if at.date() > date => Self::Time(date.at(0, 0, 0, 0)),
            mark => mark,
        }
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "number {number}"),
            Self::Time(at) => write!(f, "time {at}"),
        }
    }
}

/// Which part is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// What is new, and a piece before.
    New,
    /// What is of yesterday and today, or since the source answered last, whatever its key.
    Recent,
    /// A range of dates that somebody asked for.
    Asked,
    Done,
}

/// A reading of a table, page by page.
#[derive(Clone, Debug)]
pub struct Reading<'t> {
    table: &'t Table,
    part: Part,
    mark: Option<Mark>,
    cursor: Option<Vec<Cell>>,
    /// The rows of the page before, some of which come again.
    told: Vec<Vec<Cell>>,
    from: Option<Cell>,
    since: Option<Cell>,
    until: Option<Cell>,
    /// First and last date that are wanted.
    dates: (Option<Date>, Option<Date>),
    /// The zone of these dates.
    zone: Option<TimeZone>,
    today: Date,
    /// The first date that is read again whatever the key.
    recent: Date,
    limit: usize,
}

impl<'t> Reading<'t> {
    /// All that is new since a mark, and what is always read again; nothing of before a first date. `today` is that of the table's clock.
    pub fn since(table: &'t Table, mark: Option<Mark>, first: Option<Date>, today: Date, limit: usize) -> Self {
        // Also a mark that was noted beyond today.
        let mark = mark.map(|mark| mark.until(today));
        let mut reading = Self {
            table,
            part: Part::New,
            mark,
            cursor: None,
            told: Vec::new(),
            from: None,
            since: None,
            until: None,
            dates: (first, None),
            zone: None,
            today,
            recent: today.saturating_sub(1.day()),
            limit: limit.max(2),
        };
        match mark {
            Some(Mark::Number(number)) => reading.from = Some(Cell::Number(number.saturating_sub(OVERLAP_KEYS))),
            Some(Mark::Time(at)) => {
                let begins = at.saturating_sub(SignedDuration::from_hours(24 * OVERLAP_DAYS)).date();
                reading.from = Some(reading.date_cell(begins));
            }
            None => reading.since = first.map(|first| reading.day_before(first)),
        }
        reading
    }

    /// All rows of a range of dates, whatever was read before; open where a date is missing. The mark stays.
    pub fn range(table: &'t Table, (from, to): (Option<Date>, Option<Date>), limit: usize) -> Self {
        let mut reading = Self::since(table, None, from, Date::MAX, limit);
        reading.part = Part::Asked;
        reading.until = to.map(|to| reading.date_cell(to.saturating_add(2.days())));
        reading.dates.1 = to;
        reading
    }

    /// With the zone of the dates that are wanted. Without one, what carries its offset is also taken of the day before and after.
    #[must_use]
    pub fn in_zone(self, zone: &TimeZone) -> Self {
        Self { zone: Some(zone.clone()), ..self }
    }

    /// With the date on which the source answered last: of it and all dates since rows are read again, whatever their keys.
    #[must_use]
    pub fn answered_last(self, date: Option<Date>) -> Self {
        let recent = date.map_or(self.recent, |date| date.min(self.recent));
        Self { recent, ..self }
    }

    fn day_before(&self, date: Date) -> Cell {
        self.date_cell(date.saturating_sub(1.day()))
    }

    /// A date as the table's column of times compares it.
    fn date_cell(&self, date: Date) -> Cell {
        match self.table.key_kind {
            KeyKind::TextDate => Cell::Text(date.strftime("%Y%m%d").to_string()),
            KeyKind::Number | KeyKind::Time => Cell::Civil(date.at(0, 0, 0, 0)),
        }
    }

    /// The page that is to be asked for; `None` when all is read.
    pub fn next(&self) -> Option<Select<'t>> {
        (self.part != Part::Done).then(|| Select {
            table: self.table,
            after: self.cursor.clone(),
            from: self.from.clone(),
            since: self.since.clone(),
            until: self.until.clone(),
            limit: self.limit,
        })
    }

    /// The rows from outside that a page says of the dates that are wanted, without those that the page before said.
    pub fn rows(&self, page: &[Vec<Cell>]) -> Vec<OutsideRow> {
        let (from, to) = self.dates;
        let mut told = HashMap::<&[Cell], usize>::new();
        for row in &self.told {
            *told.entry(row).or_default() += 1;
        }
        let is_new = |row: &&Vec<Cell>| match told.get_mut(row.as_slice()) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        };
        let wanted = page.iter().filter(is_new).filter(|row| {
            let when = self.table.when().filter_map(|role| self.table.cell(row, role));
            let dates: Vec<Option<Date>> =
                when.filter(|cell| **cell != Cell::Null).map(|cell| self.date_of(cell)).collect();
            // What is no date, or has none, is for who takes the rows.
            let is = |fits: &dyn Fn(Date) -> bool| dates.is_empty() || dates.iter().any(|date| date.is_none_or(fits));
            from.is_none_or(|from| is(&|date| date >= from)) && to.is_none_or(|to| is(&|date| date <= to))
        });
        outside_rows(self.table, &wanted.cloned().collect::<Vec<_>>())
    }

    fn date_of(&self, cell: &Cell) -> Option<Date> {
        let in_zone = |at: jiff::Timestamp| Some(self.zone.as_ref()?.to_datetime(at).date());
        match cell {
            Cell::Civil(at) => Some(at.date()),
            Cell::Date(date) => Some(*date),
            Cell::At(at) => in_zone(*at),
            Cell::Text(text) => match clock::time(text, None) {
                RowTime::Printed(printed) => printed.civil().map(DateTime::date).or_else(|| clock::date(text, None)),
                RowTime::At(at) => in_zone(at),
            },
            _ => None,
        }
    }

    /// Goes on after a page that was stored.
    ///
    /// # Errors
    /// When the key is none: it does not go forward, or nothing in it tells how far the table was read.
    pub fn stored(&mut self, page: &[Vec<Cell>]) -> Result<(), String> {
        if let Some(last) = page.last() {
            let cursor: Vec<Cell> = last.iter().take(self.table.keys.len()).map(to_begin_at).collect();
            // Among dates there may be some that are none.
            let marks = page.iter().filter_map(|row| Mark::of(row.first()?, self.table.key_kind));
            let mark = self.mark.max(marks.max().map(|mark| mark.until(self.today)));
            if self.part == Part::New && mark.is_none() {
                return Err(match self.table.key_kind {
                    KeyKind::TextDate => {
                        "the first column of the key holds no date like 20250303; for others say --key-kind time"
                    }
                    KeyKind::Number | KeyKind::Time => {
                        "the first column of the key is neither a number nor a date; give another one"
                    }
                }
                .to_owned());
            }
            if page.len() >= self.limit && self.cursor.as_ref() == Some(&cursor) {
                return Err(
                    "many rows have the same key; give a key that tells rows apart, like key=DATE+USER".to_owned()
                );
            }
            if self.part == Part::New {
                self.mark = mark;
            }
            self.cursor = Some(cursor);
            self.told = page.to_vec();
        }
        if page.len() < self.limit {
            self.next_part();
        }
        Ok(())
    }

    fn next_part(&mut self) {
        // A key that is a time has yesterday in its overlap.
        let has_recent = self.part == Part::New && self.table.key_kind == KeyKind::Number && self.from.is_some();
        self.part = if has_recent { Part::Recent } else { Part::Done };
        (self.cursor, self.from) = (None, None);
        self.told.clear();
        self.since = has_recent.then(|| self.day_before(self.recent));
    }

    /// How far it was read.
    pub const fn mark(&self) -> Option<Mark> {
        self.mark
    }
}

/// A key as a page begins at it. A server that compares a `datetime` with what was read of it may take it for up to a third of a
/// millisecond less.
fn to_begin_at(key: &Cell) -> Cell {
    let floor = jiff::civil::DateTimeRound::new().smallest(Unit::Millisecond).mode(RoundMode::Floor);
    match key {
        Cell::Civil(at) => Cell::Civil(at.round(floor).unwrap_or(*at)),
        key => key.clone(),
    }
}

#[cfg(test)]
mod tests;
