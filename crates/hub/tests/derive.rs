//! Days follow their facts: after downtime, at an instant of the past, across the end of a week.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use attendance::{Policy, PolicyVersion, Weekday};
use house::{House, clerk, house, log, now};
use hub::Scope;
use hub::view::DayFilter;
use jiff::civil::date;
use jiff::{Timestamp, ToSpan as _};

fn statuses(house: &House) -> Vec<(String, String)> {
    let rows = house.hub.days(&DayFilter::default()).unwrap().rows;
    rows.into_iter().map(|row| (row.record.date.to_string(), row.record.status.to_string())).collect()
}

fn hourly(house: &House, at: Timestamp) {
    house.hub.mark_due(at).unwrap();
    house.hub.derive_all(at, |_| {}).unwrap();
}

#[test]
fn a_hub_that_was_off_for_ten_days_judges_what_it_missed() {
    let house = house();
    house.register("A1", "Asia/Manila");
    house.hub.import_employees(&clerk(), b"code,name,from\n1001,Ann,2026-03-02\n", false, now()).unwrap();
    hourly(&house, now());
    assert!(statuses(&house).contains(&("2026-03-04".to_owned(), "deferred".to_owned())), "today is never judged");
    hourly(&house, now() + (10 * 24).hours());
    let after = statuses(&house);
    assert!(after.contains(&("2026-03-04".to_owned(), "absent".to_owned())), "{after:?}");
    assert!(after.contains(&("2026-03-10".to_owned(), "absent".to_owned())), "{after:?}");
    assert_eq!(after.iter().filter(|(_, status)| status == "deferred").count(), 1, "{after:?}");
}

#[test]
fn looking_back_at_an_instant_stores_nothing() {
    let house = house();
    house.import(&log(), true);
    let before = house.files();
    let past: Timestamp = "2026-02-12T12:00:00+08:00".parse().unwrap();
    let rows = house.hub.days_as_of(&Scope::default(), past, now()).unwrap();
    assert!(rows.iter().all(|row| row.record.date <= "2026-02-12".parse().unwrap()));
    assert_eq!(house.files(), before);
    assert!(house.hub.days_as_of(&Scope::default(), now() + 1.hour(), now()).is_err(), "the future is not known");
}

#[test]
fn deriving_everything_again_writes_nothing() {
    let house = house();
    house.import(&log(), true);
    assert!(house.derive() > 0);
    house.hub.mark_scope(&Scope::default(), now()).unwrap();
    assert_eq!(house.derive(), 0);
}

/// Weeks that begin on Wednesdays from one on: the Monday and Tuesday before are a week of their own.
#[test]
fn a_week_that_is_cut_short_shares_no_date_with_the_next_one() {
    let house = house();
    let late = |day: &str| ["09:30:00\t1\t0\t1\t0", "18:30:00\t1\t1\t1\t0"].map(|at| format!("12\t2026-02-{day} {at}"));
    house.import(&["09", "10", "11", "12", "13"].map(late).concat(), true);
    let policy = Policy { week_start: Weekday::Wed, ..Policy::default() };
    let version = PolicyVersion { from: Some(date(2026, 2, 11)), policy, ..PolicyVersion::default() };
    house.hub.set_policy(&clerk(), &version, now()).unwrap();
    house.derive();
    let days = house.hub.days(&DayFilter::default()).unwrap().rows;
    let minutes: Vec<i64> = days.iter().map(|day| day.record.tardy_minutes).filter(|minutes| *minutes > 0).collect();
    let employee = house.store.read(|read| read.employee_by_code("12")).unwrap().unwrap().id;
    let sum = house.store.read(|read| read.lateness_sum(employee, "tardy")).unwrap();
    assert_eq!(sum, (5, minutes.iter().sum()), "{minutes:?}");
    assert!(days.iter().all(|day| day.revision == 1), "a day was written twice");
    house.hub.mark_scope(&Scope::default(), now()).unwrap();
    assert_eq!(house.derive(), 0);
}

#[test]
fn each_week_of_two_years_is_looked_at_once() {
    let house = house();
    let employees = b"code,name,from\n1001,Ann,2024-01-01\n1002,Bob,2024-01-01\n";
    house.hub.import_employees(&clerk(), employees, false, now()).unwrap();
    let marked = house.hub.mark_scope(&Scope::default(), now()).unwrap();
    let derived = house.hub.derive_all(now(), |_| {}).unwrap();
    assert!(marked > 200, "{marked}");
    assert_eq!(derived.weeks, marked, "the end of a run of weeks had the next one looked at again");
}

#[test]
fn a_departure_after_midnight_of_sunday_belongs_to_the_week_before() {
    let house = house();
    // Sunday 2026-02-15 until Monday 01:30; the Monday punch arrives first, and alone.
    let line = |time: &str| format!("12\t2026-02-{time}\t1\t0\t1\t0");
    house.import(&[line("16 01:30:00")], true);
    house.derive();
    house.import(&[line("15 14:00:00")], true);
    house.derive();
    let straight = house::house();
    straight.import(&[line("15 14:00:00"), line("16 01:30:00")], true);
    assert_eq!(house.files(), straight.files());
    assert!(straight.files()[0].contains("2026-02-15,present"), "{}", straight.files()[0]);
}
