//! Sites with zones of their own: whose clock is read by which zone, and whose days are judged by it, from which date on.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, log, now};
use hub::view::PunchFilter;
use hub::{Cure, NewTerminal, Scope};

/// A workplace whose terminal has no zone of its own, with four weeks of punches. Nobody's site has a zone yet.
fn workplace() -> House {
    let house = house();
    house.register("A1", "Asia/Manila");
    sites(&house, "code,name,terminals\nMNL,Manila,A1\nTYO,Tokyo,\n");
    house.import(&log(), true);
    without_own_zone(&house);
    house.derive();
    house
}

fn without_own_zone(house: &House) {
    let new = NewTerminal { serial: "A1".to_owned(), zone: Some(String::new()), ..NewTerminal::default() };
    house.hub.add_terminal(&clerk(), &new, now()).unwrap();
}

fn sites(house: &House, list: &str) {
    let report = house.hub.import_sites(&clerk(), list.as_bytes(), false, now()).unwrap();
    assert_eq!(report.counts.refused, 0, "{:?}", report.refusals);
}

fn employees(house: &House, list: &str) {
    let report = house.hub.import_employees(&clerk(), list.as_bytes(), false, now()).unwrap();
    assert_eq!(report.counts.refused, 0, "{:?}", report.refusals);
}

fn marked(house: &House) -> Vec<String> {
    let marks = house.store.read(|read| read.marks(1000)).unwrap();
    let mut weeks: Vec<String> = marks.iter().map(|mark| mark.week.to_string()).collect();
    weeks.sort();
    weeks.dedup();
    weeks
}

/// The instants of all punches by what was printed.
fn instants(house: &House) -> Vec<(String, String)> {
    let rows = house.hub.punches(&PunchFilter { limit: 10_000, ..PunchFilter::default() }).unwrap().rows;
    let mut all: Vec<_> =
        rows.iter().map(|row| (format!("{} {}", row.printed, row.user), row.at.unwrap().to_string())).collect();
    all.sort();
    all
}

/// Nothing is left to do, and doing everything again gives the same.
fn settled(house: &House) -> [String; 3] {
    let files = house.files();
    house.hub.mark_scope(&Scope::default(), now()).unwrap();
    assert_eq!(house.derive(), 0, "all of it derived anew is the same");
    files
}

#[test]
fn a_terminal_that_moves_to_a_site_with_another_zone_in_mid_month_moves_the_punches_of_those_dates_and_back() {
    let house = workplace();
    let (files, before) = (settled(&house), instants(&house));
    sites(&house, "code,zones\nTYO,Asia/Tokyo\nMNL,Asia/Manila\n");
    assert!(marked(&house).is_empty(), "nobody is in Tokyo, and Manila's zone is the company's");

    sites(&house, "code,terminals\nTYO,A1@2026-02-16\n");
    assert_eq!(
        marked(&house),
        ["2026-02-09", "2026-02-16", "2026-02-23"],
        "of Monday the 16th on, and the week beside it"
    );
    let moved = instants(&house);
    assert_eq!(moved.len(), before.len(), "no twins");
    let hour_earlier =
        |at: &str| (at.parse::<jiff::Timestamp>().unwrap() - jiff::SignedDuration::from_hours(1)).to_string();
    for ((printed, old), (again, new)) in before.iter().zip(&moved) {
        assert_eq!(printed, again);
        let is_moved = printed.as_str() >= "2026-02-16";
        assert_eq!(*new, if is_moved { hour_earlier(old) } else { old.clone() }, "{printed}");
    }
    assert_ne!(settled(&house), files);

    // What comes only now is read as what has come before.
    house.import(&["12\t2026-02-28 09:00:00\t1\t0\t1\t0".to_owned()], false);
    without_own_zone(&house);
    let late =
        |house: &House| instants(house).into_iter().find(|(printed, _)| printed.starts_with("2026-02-28")).unwrap().1;
    assert_eq!(late(&house), "2026-02-28T00:00:00Z");
    let moved = settled(&house);

    sites(&house, "code,terminals\nMNL,A1@2026-02-16\n");
    assert_eq!(late(&house), "2026-02-28T01:00:00Z");
    let back = settled(&house);
    assert_ne!(back, moved);
    // The same as where nothing has ever moved.
    let other = workplace();
    other.import(&["12\t2026-02-28 09:00:00\t1\t0\t1\t0".to_owned()], false);
    without_own_zone(&other);
    assert_eq!(back[..2], settled(&other)[..2]);
}

#[test]
fn a_sites_zone_that_changes_from_a_date_on_moves_just_the_punches_of_its_dates_and_setting_it_back_gives_the_old_days()
{
    let house = workplace();
    sites(&house, "code,zones\nMNL,Asia/Manila\n");
    let (files, before) = (settled(&house), instants(&house));
    let written =
        |house: &House| house.hub.audit(1000).unwrap().iter().filter(|entry| entry.action == "site.import").count();
    let audited = written(&house);
    sites(&house, "code,zones\nMNL,Asia/Manila Asia/Tokyo@2026-02-18 Asia/Manila@2026-02-20\n");
    assert_eq!(written(&house), audited + 1);
    assert_eq!(marked(&house), ["2026-02-16"], "Wednesday and Thursday");
    let changed = instants(&house).into_iter().zip(&before).filter(|(new, old)| new != *old).map(|(new, _)| new.0);
    let changed: Vec<String> = changed.collect();
    assert!(changed.iter().all(|at| at.starts_with("2026-02-18") || at.starts_with("2026-02-19")), "{changed:?}");
    assert_eq!(changed.len(), 14, "two dates of seven punches");
    assert_ne!(settled(&house), files);
    sites(&house, "code,zones\nMNL,Asia/Manila\n");
    assert_eq!(settled(&house), files, "byte for byte");
    sites(&house, "code,zones\nMNL,Asia/Manila\n");
    assert_eq!(written(&house), audited + 2, "the same again is no news");
}

#[test]
fn a_terminals_own_zone_goes_before_that_of_its_site() {
    let house = workplace();
    sites(&house, "code,zones\nMNL,Asia/Tokyo\n");
    let in_tokyo = settled(&house);
    house.register("A1", "Asia/Manila");
    let in_manila = settled(&house);
    assert_ne!(in_tokyo, in_manila);
    sites(&house, "code,zones\nMNL,UTC\n");
    assert!(marked(&house).is_empty());
    sites(&house, "code,zones\nMNL,Asia/Tokyo\n");
    without_own_zone(&house);
    assert_eq!(settled(&house), in_tokyo);
}

#[test]
fn an_employee_who_moves_to_a_site_with_another_zone_is_judged_by_it_from_that_date_on() {
    let house = workplace();
    sites(&house, "code,zones\nTYO,Asia/Tokyo\nMNL,Asia/Manila\n");
    employees(&house, "code,places\n12,MNL\n");
    let files = settled(&house);
    let punches = instants(&house);
    // Wednesday of the third week: in Tokyo it is an hour later, 08:05 is 09:05 there.
    employees(&house, "code,places\n12,MNL TYO@2026-02-18\n");
    assert_eq!(marked(&house), ["2026-02-16", "2026-02-23"], "up to the last punch");
    let moved = settled(&house);
    assert_eq!(instants(&house), punches, "where the terminal stands is another matter");
    let day = |date: &str| house.hub.day("12", date.parse().unwrap(), now()).unwrap().unwrap();
    assert_eq!(day("2026-02-17").row.zone.iana_name(), Some("Asia/Manila"));
    let there = day("2026-02-18");
    assert_eq!((there.row.zone.iana_name(), there.trace.zone.as_str()), (Some("Asia/Tokyo"), "Asia/Tokyo"));
    assert!(there.row.record.tardy_minutes >= 50, "{:?}", there.row.record);
    let old: Vec<&str> =
        files[0].lines().filter(|line| !line.starts_with("12,2026-02-1") || line < &"12,2026-02-18").collect();
    assert!(old.iter().filter(|line| line.contains("2026-02-0")).all(|line| moved[0].contains(*line)));
    employees(&house, "code,places\n12,MNL\n");
    assert_eq!(settled(&house), files, "byte for byte");
}

#[test]
fn a_locked_day_stays_as_it_is_and_what_differs_is_a_delta() {
    let house = workplace();
    settled(&house);
    let (first, last) = ("2026-02-16".parse().unwrap(), "2026-02-22".parse().unwrap());
    house.hub.lock(&clerk(), (first, last), Some("the test has exceptions"), now()).unwrap();
    let locked = |house: &House| -> Vec<String> {
        let files = house.files();
        files[0].lines().filter(|line| line.contains("2026-02-18")).map(str::to_owned).collect()
    };
    let before = locked(&house);
    let deltas = |house: &House| house.hub.deltas((first, last)).unwrap().len();
    assert_eq!((before.len(), deltas(&house)), (2, 0));
    sites(&house, "code,zones\nMNL,Asia/Tokyo@2026-02-16\n");
    assert_eq!(locked(&house), before);
    assert!(deltas(&house) > 0);
    sites(&house, "code,zones\nMNL,Asia/Manila\n");
    assert_eq!((locked(&house), deltas(&house)), (before, 0));
}

#[test]
fn whatever_tells_the_date_of_a_punch_a_change_of_its_zone_reaches_it() {
    let house = workplace();
    house.import(
        &["12\t2026-02-14 09:00:00\t1\t0\t1\t0".to_owned(), "12\t2025-12-31 09:00:00\t1\t0\t1\t0".to_owned()],
        false,
    );
    without_own_zone(&house);
    // One has its time from a person, the other from a shift of the clock; both are of dates that the change concerns.
    let rows = house.hub.punches(&PunchFilter { limit: 10_000, ..PunchFilter::default() }).unwrap().rows;
    let stated = rows.iter().find(|row| row.printed.starts_with("2026-02-14")).unwrap().fingerprint;
    let cure = Cure::State { fingerprint: stated, user: None, printed: Some("2026-02-26 20:00:00".to_owned()) };
    house.hub.cure(&clerk(), &cure, now()).unwrap();
    let shift = hub::ClockShift::new(
        "2025-12-31T00:00:00".parse().unwrap(),
        "2025-12-31T23:00:00".parse().unwrap(),
        jiff::SignedDuration::from_hours(24 * 57),
    );
    house.hub.shift_clock(&clerk(), "A1", shift.unwrap(), "battery", now()).unwrap();
    let at = |house: &House, printed: &str| {
        instants(house).into_iter().find(|(said, _)| said.starts_with(printed)).unwrap().1
    };
    assert_eq!(at(&house, "2026-02-14"), "2026-02-26T12:00:00Z");
    assert_eq!(at(&house, "2025-12-31"), "2026-02-26T01:00:00Z");
    sites(&house, "code,zones\nMNL,Asia/Tokyo@2026-02-26\n");
    assert_eq!(at(&house, "2026-02-14"), "2026-02-26T11:00:00Z");
    assert_eq!(at(&house, "2025-12-31"), "2026-02-26T00:00:00Z");
    settled(&house);
}

#[test]
fn a_list_of_sites_with_zones_reads_back_and_a_bad_zone_names_its_line() {
    let house = workplace();
    sites(&house, "code,zones,terminals\nMNL,Asia/Manila Asia/Tokyo@2026-02-18,A1\n");
    let list = |house: &House| {
        let mut out = Vec::new();
        house.hub.sites_csv(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let exported = list(&house);
    assert!(exported.contains("MNL,Manila,Asia/Manila Asia/Tokyo@2026-02-18,A1"), "{exported}");
    let again = house.hub.import_sites(&clerk(), exported.as_bytes(), false, now()).unwrap();
    assert_eq!((again.counts.known, again.counts.stored), (2, 0));
    let bad = "code,zones\nMNL,Mars/North\nTYO,UTC Asia/Tokyo\n";
    let report = house.hub.import_sites(&clerk(), bad.as_bytes(), false, now()).unwrap();
    assert!(report.refusals[0].starts_with("line 2: `Mars/North` is no time zone"), "{:?}", report.refusals);
    assert!(report.refusals[1].starts_with("line 3: two zones hold from the same date on"), "{:?}", report.refusals);
    assert_eq!(list(&house), exported);
}

#[test]
fn a_terminal_that_leaves_its_site_is_read_in_the_companys_zone_from_that_date_on_and_a_list_says_so() {
    let house = workplace();
    sites(&house, "code,zones\nMNL,Asia/Tokyo\n");
    let (files, before) = (settled(&house), instants(&house));
    let leave = |house: &House, serial: &str, from: &str| {
        house.hub.leave_site(&clerk(), serial, from.parse().unwrap(), now()).map_err(|error| error.to_string())
    };
    leave(&house, "A1", "2026-02-16").unwrap();
    assert_eq!(marked(&house), ["2026-02-09", "2026-02-16", "2026-02-23"]);
    let audit = house.hub.audit(1000).unwrap();
    assert_eq!((audit[0].action.as_str(), audit[0].detail.as_str()), ("terminal.leave", "site MNL from 2026-02-16 on"));
    leave(&house, "A1", "2026-02-16").unwrap();
    assert_eq!(house.hub.audit(1000).unwrap().len(), audit.len(), "the same again is no news");
    for ((printed, old), (_, new)) in before.iter().zip(&instants(&house)) {
        assert_eq!(old != new, printed.as_str() >= "2026-02-16", "{printed}");
    }
    let left = settled(&house);
    assert_ne!(left, files);
    assert!(leave(&house, "A1", "2026-02-20").unwrap_err().starts_with("terminal A1 is at no site on 2026-02-20"));
    assert!(leave(&house, "Z9", "2026-02-20").unwrap_err().starts_with("there is no terminal with serial Z9"));

    // A list says from when until when; taken elsewhere it means the same, and here it changes nothing.
    let list = |house: &House| {
        let mut out = Vec::new();
        house.hub.sites_csv(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let exported = list(&house);
    assert!(exported.contains("MNL,Manila,Asia/Tokyo,A1@..2026-02-15\n"), "{exported}");
    let again = house.hub.import_sites(&clerk(), exported.as_bytes(), false, now()).unwrap();
    assert_eq!((again.counts.known, again.counts.stored), (2, 0));
    let other = workplace();
    sites(&other, &exported);
    assert_eq!((list(&other), &settled(&other)[..2]), (exported, &left[..2]));
    let turned = house.hub.import_sites(&clerk(), b"code,terminals\nMNL,A1@2026-03-02..2026-03-01\n", false, now());
    assert!(turned.unwrap().refusals[0].contains("leaves site MNL on 2026-03-01, before it comes on 2026-03-02"));

    // Where it was said to be by then stands.
    sites(&house, "code,terminals\nTYO,A1@2026-02-23\nMNL,A1@2026-02-02..2026-02-24\n");
    assert!(list(&house).contains("TYO,Tokyo,,A1@2026-02-23\n"), "{}", list(&house));
    // Back, as if it had never left.
    sites(&house, "code,terminals\nMNL,A1@2026-02-16 A1@2026-02-23\n");
    assert_eq!(settled(&house), files, "byte for byte");
}
