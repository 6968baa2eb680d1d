#![allow(clippy::unwrap_used)]

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
fn pull(server: &mut MemoryTable, table: &Table, mark: &mut Option<Mark>, stored: &mut BTreeSet<String>, today: Date) {
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
    let rows = |range| {
        let reading = Reading::range(&table, range, 10);
        reading.rows(&server.clone().page(&reading.next().unwrap()).unwrap()).len()
    };
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
    let rows = (1..=20).flat_map(|date| ["1", "2", "3"].map(|user| day(&format!("202603{date:02}"), user))).collect();
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
        let key =
            if preset == "checkinout" { Cell::Civil(Date::MAX.at(0, 0, 0, 0)) } else { Cell::Text("20300101".into()) };
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
    // The last key; then what began or ended yesterday or today, or the day before.
    assert_eq!(parts, [1, 3]);
    let range = Reading::range(&table, (Some(FIRST), Some(FIRST)), 9);
    let page = server.page(&range.next().unwrap()).unwrap();
    assert_eq!((page.len(), range.rows(&page).len()), (2, 2), "of one shift, its arrival and its departure");
}

#[test]
fn after_an_outage_all_days_since_are_read_again_though_keys_began_anew() {
    let table = Table::new("commute-log", None, None, &[], (None, false)).unwrap();
    let today = FIRST.checked_add(30.days()).unwrap();
    let since = |answered_last: Option<i64>| {
        let date = answered_last.map(|ago| today.checked_sub(ago.days()).unwrap());
        let mut reading = Reading::since(&table, Some(Mark::Number(90_000)), None, today, 9).answered_last(date);
        assert_eq!(reading.next().unwrap().from, Some(Cell::Number(89_000)));
        reading.stored(&[]).unwrap();
        reading.next().unwrap().since
    };
    let day = |ago: i64| Some(Cell::Civil(today.checked_sub(ago.days()).unwrap().at(0, 0, 0, 0)));
    // A day wider, for what carries its offset.
    assert_eq!([since(None), since(Some(0)), since(Some(4))], [day(2), day(2), day(5)]);
}

#[test]
fn what_carries_its_offset_is_read_by_the_dates_of_the_tables_zone() {
    let at = |text: &str| Cell::At(text.parse().unwrap());
    let offset =
        ["2026-03-02T00:30+08:00", "2026-03-02T07:30+08:00", "2026-03-02T23:30+08:00", "2026-03-03T00:30+08:00"];
    let manila = TimeZone::get("Asia/Manila").unwrap();
    let by_number = Table::new("commute-log", None, None, &[], (None, false)).unwrap();
    let columns = ["key=AT", "user=WHO", "time=AT"].map(str::to_owned);
    let query = Some("SELECT AT, WHO FROM log");
    let by_time = Table::new("custom", None, query, &columns, (Some(KeyKind::Time), false)).unwrap();
    let second = Date::constant(2026, 3, 2);
    for table in [&by_number, &by_time] {
        let rows = offset.iter().zip(1..).map(|(text, id)| match table.key_kind {
            KeyKind::Number => vec![Cell::Number(id), Cell::Text("7".into()), at(text), Cell::Null, Cell::Null],
            _ => vec![at(text), Cell::Text("7".into()), at(text)],
        });
        let mut server = MemoryTable { rows: rows.collect(), ..MemoryTable::default() };
        let mut read = |mut reading: Reading<'_>| {
            let mut said = Vec::new();
            while let Some(select) = reading.next() {
                let page = server.page(&select).unwrap();
                said.extend(reading.rows(&page).into_iter().map(|row| row.said.unwrap().time.to_string()));
                reading.stored(&page).unwrap();
            }
            (said, reading.mark())
        };
        let all = offset.map(|text| text.parse::<jiff::Timestamp>().unwrap().to_string()).to_vec();
        let range = |from, to| Reading::range(table, (from, to), 2);
        assert_eq!(read(range(Some(second), None).in_zone(&manila)).0, all);
        assert_eq!(read(range(Some(second), Some(second)).in_zone(&manila)).0, all[..3]);
        assert_eq!(read(range(None, Some(second.yesterday().unwrap())).in_zone(&manila)).0, all[..0]);
        // Whose zone is not known is not left out.
        assert_eq!(read(range(Some(second), Some(second))).0, all);
        let (said, mark) = read(Reading::since(table, None, Some(second), second, 2).in_zone(&manila));
        assert_eq!(said, all);
        // Of yesterday all is read again, however low its keys, and nothing of before the first date ever.
        let third = Date::constant(2026, 3, 3);
        let mark = mark.map(|mark| mark.max(Mark::Number(1_000_000)));
        let again = read(Reading::since(table, mark, None, third, 2).in_zone(&manila)).0;
        assert!(again.ends_with(&all), "{again:?}");
        let later = read(Reading::since(table, mark, Some(third), third, 2).in_zone(&manila)).0;
        assert_eq!(later.iter().collect::<BTreeSet<_>>().len(), 1, "{later:?}");
    }
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

/// What a reading tells of a server, row by row, until its end or its trouble.
fn all_told(mut reading: Reading<'_>, server: &mut MemoryTable) -> Result<Vec<String>, String> {
    let mut keys = Vec::new();
    while let Some(select) = reading.next() {
        let page = server.page(&select).unwrap();
        keys.extend(reading.rows(&page).iter().map(|row| row.said.as_ref().unwrap().time.to_string()));
        reading.stored(&page)?;
    }
    Ok(keys)
}

#[test]
fn rows_with_equal_keys_are_all_told_and_once_wherever_a_page_ends() {
    let days = Table::new("day-per-row", None, None, &[], (None, false)).unwrap();
    let day = |date: i32, minute: i32| {
        let text = Cell::Text;
        let (date, user) = (text(format!("202603{date:02}")), text("7".to_owned()));
        vec![date.clone(), user.clone(), user, date, text(format!("08{minute:02}00")), Cell::Null]
    };
    let columns = ["key=AT", "user=WHO", "time=AT"].map(str::to_owned);
    let query = Some("SELECT AT, WHO FROM log");
    let events = Table::new("custom", None, query, &columns, (Some(KeyKind::Time), false)).unwrap();
    let third = Date::constant(2026, 3, 3).at(8, 0, 0, 0).checked_add(SignedDuration::new(0, 3_333_333)).unwrap();
    let event = |second: i32, user: i32| {
        let at = Cell::Civil(third.checked_add(second.seconds()).unwrap());
        vec![at.clone(), Cell::Text(user.to_string()), at]
    };
    for same in 1..=4 {
        let rows = |row: &dyn Fn(i32, i32) -> Vec<Cell>| -> Vec<Vec<Cell>> {
            (1..=9).flat_map(|key| (0..same).map(move |nth| row(key, nth))).collect()
        };
        for (table, rows) in [(&days, rows(&day)), (&events, rows(&event))] {
            let all = said(table, &rows);
            // Some rows are alike in everything, as they are in a table without a key of its own.
            let mut server =
                MemoryTable { rows: [rows.clone(), rows[..1].to_vec()].concat(), ..MemoryTable::default() };
            for limit in 6..=11 {
                let told = all_told(Reading::range(table, (None, None), limit), &mut server).unwrap();
                assert_eq!(told.len(), all.len() + 1, "{same} rows of a key, {limit} of a page: {told:?}");
                let today = Date::constant(2026, 4, 1);
                let told = all_told(Reading::since(table, None, None, today, limit), &mut server).unwrap();
                assert_eq!(told.len(), all.len() + 1);
            }
        }
    }
}

#[test]
fn a_page_of_nothing_but_one_key_is_told_since_what_is_beyond_can_not_be_asked_for() {
    let table = Table::new("commute-log", None, None, &[], (None, false)).unwrap();
    let mut server = MemoryTable { rows: (0..8).map(|user| event(7, user, user)).collect(), ..MemoryTable::default() };
    let why = all_told(Reading::range(&table, (None, None), 4), &mut server).unwrap_err();
    assert!(why.contains("many rows have the same key"), "{why}");
}
