//! Which page is asked for next, and how far a table was read. Pure.
//!
//! Invariants:
//! * A reading begins a piece before where the last one ended, since a lower key may appear after a higher one was read; and rows of
//!   yesterday and today are always read again.
//! * The mark goes forward only by what was stored ([`Reading::stored`]), and never beyond today, whatever a wrong clock printed.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, ToSpan as _};

use super::{Cell, KeyKind, Select, Table};
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
    /// What is of yesterday and today, whatever its key.
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
    from: Option<Cell>,
    since: Option<Cell>,
    until: Option<Cell>,
    today: Date,
    limit: usize,
}

impl<'t> Reading<'t> {
    /// All that is new since a mark, and what is always read again. Of a table that was never read, all from a date on; `today` is
    /// that of the table's clock.
    pub fn since(table: &'t Table, mark: Option<Mark>, first: Option<Date>, today: Date, limit: usize) -> Self {
        // Also a mark that was noted beyond today.
        let mark = mark.map(|mark| mark.until(today));
        let mut reading = Self {
            table,
            part: Part::New,
            mark,
            cursor: None,
            from: None,
            since: None,
            until: None,
            today,
            limit: limit.max(2),
        };
        match mark {
            Some(Mark::Number(number)) => reading.from = Some(Cell::Number(number.saturating_sub(OVERLAP_KEYS))),
            Some(Mark::Time(at)) => {
                let begins =
                    at.saturating_sub(SignedDuration::from_hours(24 * OVERLAP_DAYS)).date().min(reading.yesterday());
                reading.from = Some(reading.date_cell(begins));
            }
            None => reading.since = first.map(|first| reading.date_cell(first)),
        }
        reading
    }

    /// All rows of a range of dates, whatever was read before; open where a date is missing. The mark stays.
    pub fn range(table: &'t Table, (from, to): (Option<Date>, Option<Date>), limit: usize) -> Self {
        let mut reading = Self::since(table, None, from, Date::MAX, limit);
        reading.part = Part::Asked;
        reading.until = to.map(|to| reading.date_cell(to.saturating_add(1.day())));
        reading
    }

    fn yesterday(&self) -> Date {
        self.today.saturating_sub(1.day())
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

    /// Goes on after a page that was stored.
    ///
    /// # Errors
    /// When the key is none: it does not go forward, or nothing in it tells how far the table was read.
    pub fn stored(&mut self, page: &[Vec<Cell>]) -> Result<(), String> {
        if let Some(last) = page.last() {
            let cursor: Vec<Cell> = last.iter().take(self.table.keys.len()).cloned().collect();
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
        self.since = has_recent.then(|| self.date_cell(self.yesterday()));
    }

    /// How far it was read.
    pub const fn mark(&self) -> Option<Mark> {
        self.mark
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::mssql::{LegacyTable as _, MemoryTable, outside_rows};

    const FIRST: Date = Date::constant(2026, 3, 1);

    fn event(id: i64, user: i64, minutes: i64) -> Vec<Cell> {
        let at = FIRST.at(0, 0, 0, 0).checked_add(minutes.minutes()).unwrap();
        let text = |text: &str| Cell::Text(text.into());
        vec![Cell::Number(id), Cell::Text(user.to_string()), Cell::Civil(at), text("gate"), text("I")]
    }

    /// The users and times that rows say.
    fn said(table: &Table, rows: &[Vec<Cell>]) -> BTreeSet<String> {
        let said = outside_rows(table, rows).into_iter().map(|row| row.said.unwrap());
        said.map(|punch| format!("{} {}", punch.puncher.said(), punch.time)).collect()
    }

    /// One pull: what reached the store, as users and times; it may end in the middle.
    fn pull(
        server: &mut MemoryTable,
        table: &Table,
        mark: &mut Option<Mark>,
        stored: &mut BTreeSet<String>,
        today: Date,
    ) {
        let mut reading = Reading::since(table, *mark, None, today, 7);
        while let Some(select) = reading.next() {
            let Ok(page) = server.page(&select) else { return };
            stored.extend(said(table, &page));
            reading.stored(&page).unwrap();
            *mark = reading.mark();
        }
    }

    #[derive(Clone, Debug)]
    enum Deed {
        /// Somebody punches.
        Punch(i64),
        /// A row appears under a key below others that were given out meanwhile.
        Late(i64),
        /// A row of so many days ago appears, from a terminal whose line was away.
        Old(i64),
        /// A terminal whose clock is years ahead.
        Ahead(i64),
        /// The door of a row is mended: the punch stays the same.
        Edit(prop::sample::Index),
        /// A pull that breaks off after so many pages, or not at all.
        Pull(Option<usize>),
        /// Days begin.
        Days(i64),
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            6 => (1..5_i64).prop_map(Deed::Punch),
            2 => (1..5_i64).prop_map(Deed::Late),
            1 => (0..=OVERLAP_DAYS).prop_map(Deed::Old),
            1 => (0..3_000_i64).prop_map(Deed::Ahead),
            1 => any::<prop::sample::Index>().prop_map(Deed::Edit),
            3 => prop::option::of(0..4_usize).prop_map(Deed::Pull),
            1 => (1..12_i64).prop_map(Deed::Days),
        ]
    }

    /// Plays deeds at a server, and tells what its rows say and what arrived. Rows are made of their id, a user and minutes.
    fn play(
        table: &Table,
        deeds: Vec<Deed>,
        row: impl Fn(i64, i64, i64) -> Vec<Cell>,
    ) -> (BTreeSet<String>, BTreeSet<String>) {
        let mut server = MemoryTable::default();
        let (mut mark, mut stored) = (None, BTreeSet::new());
        // Gaps in the ids are those that late rows take.
        let (mut id, mut day, mut minute) = (10, 0, 0);
        let mut gaps = Vec::new();
        for deed in deeds {
            let today = FIRST.checked_add(day.days()).unwrap();
            minute += 1;
            let now = day * 1440 + minute;
            let mut next_id = || {
                id += 2;
                gaps.push(id - 1);
                id
            };
            match deed {
                Deed::Punch(user) => server.rows.push(row(next_id(), user, now)),
                Deed::Old(days) => server.rows.push(row(next_id(), 5, now - days * 1440)),
                Deed::Ahead(days) => server.rows.push(row(next_id(), 6, now + days * 1440)),
                Deed::Late(user) => server.rows.extend(gaps.pop().map(|gap| row(gap, user, now))),
                Deed::Edit(place) if !server.rows.is_empty() => {
                    let place = place.index(server.rows.len());
                    *server.rows[place].last_mut().unwrap() = Cell::Text("another gate".into());
                }
                Deed::Edit(_) => {}
                Deed::Pull(fails) => {
                    server.fails_after = fails;
                    pull(&mut server, table, &mut mark, &mut stored, today);
                }
                Deed::Days(days) => (day, minute) = (day + days, 0),
            }
        }
        server.fails_after = None;
        pull(&mut server, table, &mut mark, &mut stored, FIRST.checked_add(day.days()).unwrap());
        (said(table, &server.rows), stored)
    }

    proptest! {
        #[test]
        fn whatever_happens_at_the_server_each_row_arrives_and_no_punch_that_never_was(
            deeds in prop::collection::vec(deed(), 1..80)
        ) {
            let table = Table::new("commute-log", None, None, &[], (None, false)).unwrap();
            let (made, stored) = play(&table, deeds.clone(), event);
            prop_assert_eq!(stored, made);
            let table = Table::new("checkinout", None, None, &[], (None, false)).unwrap();
            let check = |_, user: i64, minutes: i64| {
                let at = FIRST.at(0, 0, 0, 0).checked_add(minutes.minutes()).unwrap();
                let (user, number) = (Cell::Number(user), Cell::Text(user.to_string()));
                let [kind, verify, sensor] = ["I", "1", "gate"].map(|text| Cell::Text(text.into()));
                vec![Cell::Civil(at), user, number, Cell::Civil(at), kind, verify, sensor]
            };
            let (made, stored) = play(&table, deeds, check);
            prop_assert_eq!(stored, made);
        }
    }

    #[test]
    fn late_rows_of_today_arrive_however_far_below_the_mark_their_keys_are() {
        let table = Table::new("commute-log", None, None, &[], (None, false)).unwrap();
        let mut server = MemoryTable { rows: vec![event(1_000_000, 1, 1)], ..MemoryTable::default() };
        let (mut mark, mut stored) = (None, BTreeSet::new());
        pull(&mut server, &table, &mut mark, &mut stored, FIRST);
        assert_eq!(mark, Some(Mark::Number(1_000_000)));
        server.rows.push(event(5, 2, 2));
        pull(&mut server, &table, &mut mark, &mut stored, FIRST);
        assert_eq!(stored.len(), 2);
        // Of an older day it is asked for.
        server.rows.push(event(6, 3, 3));
        let later = FIRST.checked_add(9.days()).unwrap();
        pull(&mut server, &table, &mut mark, &mut stored, later);
        assert_eq!((stored.len(), mark), (2, Some(Mark::Number(1_000_000))));
        let rows = |range| server.clone().page(&Reading::range(&table, range, 10).next().unwrap()).unwrap().len();
        assert_eq!(rows((Some(FIRST), Some(FIRST))), 3);
        assert_eq!([(None, None), (Some(later), None), (None, Some(later))].map(rows), [3, 0, 3]);
    }

    #[test]
    fn a_table_of_days_is_read_again_for_a_week_in_pages_by_date_and_user() {
        let table = Table::new("day-per-row", None, None, &[], (None, false)).unwrap();
        let day = |date: &str, user: &str| {
            let text = |text: &str| Cell::Text(text.into());
            vec![text(date), text(user), text(user), text(date), text("080000"), Cell::Null]
        };
        let rows =
            (1..=20).flat_map(|date| ["1", "2", "3"].map(|user| day(&format!("202603{date:02}"), user))).collect();
        let mut server = MemoryTable { rows, ..MemoryTable::default() };
        let (mut mark, mut stored) = (None, BTreeSet::new());
        pull(&mut server, &table, &mut mark, &mut stored, Date::constant(2026, 3, 20));
        assert_eq!((stored.len(), mark), (60, Some(Mark::Time(Date::constant(2026, 3, 20).at(0, 0, 0, 0)))));
        let again = Reading::since(&table, mark, None, Date::constant(2026, 3, 21), 7).next().unwrap();
        assert_eq!(again.from, Some(Cell::Text("20260313".into())));
        assert_eq!(server.page(&Select { limit: 999, ..again }).unwrap().len(), 24);
    }

    #[test]
    fn one_clock_that_is_years_ahead_leaves_the_week_that_is_read_again_as_it_is() {
        let ahead = Mark::Time(Date::constant(2030, 1, 1).at(8, 0, 0, 0));
        let today = Date::constant(2026, 3, 20);
        for (preset, begins) in [
            ("checkinout", Cell::Civil(Date::constant(2026, 3, 13).at(0, 0, 0, 0))),
            ("day-per-row", Cell::Text("20260313".into())),
        ] {
            let table = Table::new(preset, None, None, &[], (None, false)).unwrap();
            // Also where it was noted once.
            let mut reading = Reading::since(&table, Some(ahead), None, today, 7);
            assert_eq!(reading.next().unwrap().from, Some(begins));
            let key = if preset == "checkinout" {
                Cell::Civil(Date::MAX.at(0, 0, 0, 0))
            } else {
                Cell::Text("20300101".into())
            };
            reading.stored(&[vec![key, Cell::Number(1)]]).unwrap();
            assert_eq!(reading.mark(), Some(Mark::Time(today.at(0, 0, 0, 0))));
        }
    }

    #[test]
    fn a_key_that_is_no_date_among_others_that_are_stops_nothing() {
        let table = Table::new("day-per-row", None, None, &[], (None, false)).unwrap();
        let day = |date: &str| {
            let text = |text: &str| Cell::Text(text.into());
            vec![text(date), text("7"), text("7"), text(date), text("080000"), Cell::Null]
        };
        let mut server =
            MemoryTable { rows: ["20260301", "20260302", "2026031x"].map(day).to_vec(), ..MemoryTable::default() };
        let (mut mark, mut stored) = (None, BTreeSet::new());
        for today in [2, 9, 20] {
            pull(&mut server, &table, &mut mark, &mut stored, Date::constant(2026, 3, today));
            assert_eq!(mark, Some(Mark::Time(Date::constant(2026, 3, 2).at(0, 0, 0, 0))));
        }
        // Where none is a date as such a key is compared, it is told, since nothing new would ever be read.
        let mut reading = Reading::since(&table, None, None, FIRST, 7);
        assert!(reading.stored(&[day("2026-03-01")]).unwrap_err().contains("20250303"));
    }

    #[test]
    fn of_shifts_with_a_number_as_their_key_only_those_of_yesterday_and_today_are_read_again() {
        let columns = ["key=n", "user=who", "in=came", "out=went"].map(str::to_owned);
        let table =
            Table::new("custom", None, Some("SELECT n, who, came, went FROM shift"), &columns, (None, false)).unwrap();
        let mut server = MemoryTable::default();
        for day in 0..30_i64 {
            let came = FIRST.checked_add(day.days()).unwrap().at(22, 0, 0, 0);
            let went = came.checked_add(8.hours()).unwrap();
            let user = Cell::Text("7".into());
            server.rows.push(vec![Cell::Number(day * 2_000), user, Cell::Civil(came), Cell::Civil(went)]);
        }
        let today = FIRST.checked_add(30.days()).unwrap();
        let mut reading = Reading::since(&table, Some(Mark::Number(58_000)), None, today, 9);
        let mut parts = Vec::new();
        while let Some(select) = reading.next() {
            let page = server.page(&select).unwrap();
            parts.push(page.len());
            reading.stored(&page).unwrap();
        }
        // The last key; then what began or ended yesterday or today.
        assert_eq!(parts, [1, 2]);
        let range = Reading::range(&table, (Some(FIRST), Some(FIRST)), 9).next().unwrap();
        assert_eq!(server.page(&range).unwrap().len(), 1);
    }

    #[test]
    fn a_mark_reads_back_and_a_key_that_is_none_is_told() {
        for mark in [Mark::Number(-7), Mark::Time(FIRST.at(8, 0, 1, 0))] {
            assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        }
        let table = Table::new("commute-log", None, None, &[], (None, false)).unwrap();
        let mut reading = Reading::since(&table, None, None, FIRST, 2);
        let page = vec![event(7, 1, 1), event(7, 2, 1)];
        reading.stored(&page).unwrap();
        assert!(reading.stored(&page).unwrap_err().contains("same key"));
        let mut reading = Reading::since(&table, None, None, FIRST, 2);
        assert!(reading.stored(&[vec![Cell::Other("1.5".into())]]).unwrap_err().contains("neither"));
    }
}
