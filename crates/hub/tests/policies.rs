//! A policy with versions: each date by the one in force, and a change touches no date before it.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use attendance::{DayRecord, Policies, PolicyFile, PolicyVersion};
use house::{House, clerk, house, log, now};
use hub::Company;
use hub::view::DayFilter;
use jiff::civil::{Date, date};

fn version(from: Option<Date>, toml: &str) -> PolicyVersion {
    PolicyVersion::of_file(PolicyFile::from_toml(toml).unwrap(), from)
}

/// Two people through February 2026, derived.
fn workplace() -> House {
    let house = house();
    house.import(&log(), true);
    house.derive();
    house
}

fn days(house: &House) -> Vec<(String, DayRecord)> {
    let rows = house.hub.days(&DayFilter::default()).unwrap().rows;
    let mut days: Vec<_> = rows.into_iter().map(|row| (row.code, row.record)).collect();
    days.sort_by(|a, b| (&a.0, a.1.date).cmp(&(&b.0, b.1.date)));
    days
}

/// The dates whose records differ.
fn changed(before: &[(String, DayRecord)], after: &[(String, DayRecord)]) -> Vec<Date> {
    assert_eq!(before.len(), after.len());
    before.iter().zip(after).filter(|(one, other)| one != other).map(|(one, _)| one.1.date).collect()
}

#[test]
fn a_policy_holds_from_its_date_until_it_is_withdrawn() {
    let house = workplace();
    let before = days(&house);
    // Wednesday, in the middle of a workweek.
    let from = date(2026, 2, 18);
    let lenient = version(Some(from), "[grace]\nin = 60");
    house.hub.set_policy(&clerk(), &lenient, now()).unwrap();
    let derived = house.hub.derive_all(now(), |_| {}).unwrap();
    // Of two people the weeks of Monday 16 and 23 February; those before are not looked at.
    assert_eq!(derived.weeks, 4);
    let after = days(&house);
    let dates = changed(&before, &after);
    assert!(dates.len() > 4 && dates.iter().all(|date| *date >= from), "{dates:?}");
    let is_tardy = |record: &DayRecord| record.tardy_minutes > 0;
    assert!(after.iter().any(|(_, record)| record.date < from && is_tardy(record)));
    assert!(!after.iter().any(|(_, record)| record.date >= from && is_tardy(record)));

    // Once more changes nothing, and has nothing derived.
    house.hub.set_policy(&clerk(), &lenient, now()).unwrap();
    assert_eq!(house.hub.derive_all(now(), |_| {}).unwrap().weeks, 0);
    house.hub.withdraw_policy(&clerk(), from, now()).unwrap();
    house.derive();
    assert_eq!(days(&house), before);
    let missing = house.hub.withdraw_policy(&clerk(), from, now()).unwrap_err().to_string();
    assert!(missing.contains("2026-02-18") && missing.contains("company show"), "{missing}");
    let audit = house.hub.audit(10).unwrap();
    let entry = |action: &str| audit.iter().find(|entry| entry.action == action).unwrap();
    assert_eq!(entry("policy.set").object, "from 2026-02-18");
    assert!(entry("policy.set").detail.contains("2026-02-18"));
    assert_eq!(entry("policy.withdraw").actor, "clerk");
}

#[test]
fn a_version_between_two_touches_only_its_own_dates() {
    let house = workplace();
    house.hub.set_policy(&clerk(), &version(Some(date(2026, 2, 23)), ""), now()).unwrap();
    house.derive();
    let before = days(&house);
    house.hub.set_policy(&clerk(), &version(Some(date(2026, 2, 10)), "[grace]\nin = 60"), now()).unwrap();
    house.derive();
    let dates = changed(&before, &days(&house));
    let (first, last) = (dates.iter().min().unwrap(), dates.iter().max().unwrap());
    assert!(*first >= date(2026, 2, 10) && *last <= date(2026, 2, 22), "{dates:?}");
}

#[test]
fn days_by_a_version_are_those_of_a_company_that_always_had_it() {
    let weekly =
        "premiums = []\n[[pay_rules]]\ncode = \"W\"\npercent = 150\nwhen = { week_from = 1800, week_basis = \"all\" }";
    let house = workplace();
    // Monday: nothing of the week before counts.
    house.hub.set_policy(&clerk(), &version(Some(date(2026, 2, 16)), weekly), now()).unwrap();
    house.derive();
    let other = workplace();
    let company = Company { policies: Policies::default().with(version(None, weekly)), ..other.hub.company().unwrap() };
    other.hub.set_company(&clerk(), &company, now()).unwrap();
    other.derive();
    let since = |house: &House| -> Vec<_> {
        days(house).into_iter().filter(|(_, record)| record.date >= date(2026, 2, 16)).collect()
    };
    assert_eq!(since(&house), since(&other));
    assert!(since(&house).iter().any(|(_, record)| record.pay.get("W") > 0));
}

#[test]
fn a_policy_out_of_range_is_refused_whole() {
    let house = workplace();
    let before = house.hub.company().unwrap();
    let mut wrong = version(Some(date(2026, 2, 16)), "");
    wrong.policy.grace.arrival = -1;
    let refused = house.hub.set_policy(&clerk(), &wrong, now()).unwrap_err().to_string();
    assert!(refused.contains("`grace.in from 2026-02-16` is -1"), "{refused}");
    assert_eq!(house.hub.company().unwrap(), before);
}
