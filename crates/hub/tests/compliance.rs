//! How plans were kept, and which limits of working time were not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use attendance::compliance::{CheckCode, ShiftClass};
use attendance::{PolicyFile, PolicyVersion};
use house::{House, clerk, house, log, now};
use hub::view::DayFilter;
use hub::{Compliance, Whose};
use jiff::civil::{Date, date};

const FEBRUARY: (Date, Date) = (Date::constant(2026, 2, 1), Date::constant(2026, 2, 28));

fn workplace() -> House {
    let house = house();
    house.import(&log(), true);
    house.derive();
    house
}

fn asked(house: &House, dates: (Date, Date)) -> Vec<Compliance> {
    house.hub.compliance(&Whose::default(), dates, now(), |_, _| {}).unwrap()
}

#[test]
fn figures_and_classes_are_those_of_the_stored_days() {
    let house = workplace();
    let people = asked(&house, FEBRUARY);
    assert_eq!(people.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["0012", "12"]);
    for one in &people {
        let filter = DayFilter { employee: Some(one.code.clone()), ..DayFilter::default() };
        let records: Vec<_> = house.hub.days(&filter).unwrap().rows.into_iter().map(|row| row.record).collect();
        let planned: i64 = records.iter().map(|record| record.required_minutes).sum();
        assert_eq!(one.period.coverage.planned_minutes, planned);
        let classed: u64 = ShiftClass::ALL.iter().map(|class| one.period.days(*class)).sum();
        assert_eq!(classed, one.days.len() as u64);
        assert!(one.findings.is_empty(), "no checks, no findings");
    }
    // Employee 12 forgot to clock out on the 10th, so that the last press is that after lunch, and came before eight on all days.
    let twelve = &people[1];
    let tenth = twelve.days.iter().find(|day| day.date == date(2026, 2, 10)).unwrap();
    assert_eq!(tenth.class, ShiftClass::Short);
    assert_eq!(twelve.period.days(ShiftClass::Late), 0);
    assert!(people[0].period.days(ShiftClass::Late) + people[0].period.days(ShiftClass::Short) > 10);
}

#[test]
fn each_date_is_checked_by_the_policy_in_force() {
    let house = workplace();
    let file = PolicyFile::from_toml("[checks.max_day]\nmax = 500\n[checks.daily_rest]\nmin = 840").unwrap();
    let from = date(2026, 2, 16);
    house.hub.set_policy(&clerk(), &PolicyVersion::of_file(file, Some(from)), now()).unwrap();
    house.derive();
    let people = asked(&house, FEBRUARY);
    let findings: Vec<_> = people.iter().flat_map(|one| &one.findings).collect();
    assert!(findings.iter().any(|finding| finding.code == CheckCode::MaxDay), "{findings:?}");
    assert!(findings.iter().all(|finding| finding.date >= from), "{findings:?}");
    // Checks change no day.
    assert_eq!(asked(&house, (from, FEBRUARY.1)).len(), 2);
    for (one, before) in people.iter().zip(asked(&workplace(), FEBRUARY)) {
        assert_eq!((&one.days, one.period), (&before.days, before.period));
    }
}

#[test]
fn an_average_looks_back_before_the_range() {
    let house = workplace();
    let file = PolicyFile::from_toml("[checks.avg_week]\nmax = 60\nweeks = 3").unwrap();
    house.hub.set_policy(&clerk(), &PolicyVersion::of_file(file, None), now()).unwrap();
    house.derive();
    let last = date(2026, 2, 25);
    let people = asked(&house, (last, last));
    let found: Vec<_> =
        people.iter().flat_map(|one| &one.findings).map(|one| (one.code, one.date, one.limit)).collect();
    assert_eq!(found, [(CheckCode::AvgWeek, last, 60), (CheckCode::AvgWeek, last, 60)]);
}

#[test]
fn nobody_is_asked_about_in_vain() {
    let house = workplace();
    let unknown = Whose { employee: Some("99".to_owned()), group: None };
    let refused = house.hub.compliance(&unknown, FEBRUARY, now(), |_, _| {}).unwrap_err().to_string();
    assert!(refused.contains("employee with code 99"), "{refused}");
    assert!(asked(&house, (date(2020, 1, 1), date(2020, 1, 31))).is_empty());
    assert!(house.hub.compliance(&Whose::default(), (FEBRUARY.1, FEBRUARY.0), now(), |_, _| {}).is_err());
}
