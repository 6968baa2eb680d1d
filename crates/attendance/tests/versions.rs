//! A policy that changes in the middle of a week: each date by the version in force, on top of what its week accumulated.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use attendance::compliance::{CheckCode, findings_in_force};
use attendance::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A version from a date of March 2025; the 10th is a Monday.
fn version(from: Option<i8>, toml: &str) -> PolicyVersion {
    let from = from.map(|day| jiff::civil::date(2025, 3, day));
    PolicyVersion::of_file(PolicyFile::from_toml(toml).unwrap(), from)
}

fn policies(versions: &[(Option<i8>, &str)]) -> Policies {
    let versions: Vec<_> = versions.iter().map(|(from, toml)| version(*from, toml)).collect();
    versions.try_into().unwrap()
}

/// Somebody who works from 08:05 to 19:00 from Monday to Saturday, by these policies.
fn ask<T>(policies: Policies, answer: impl FnOnce(&Rulebook, &Person<'_>, DateRange, Moment) -> T) -> T {
    let zone = TimeZone::get("Asia/Manila").unwrap();
    let at = |text: String| text.parse::<jiff::Timestamp>().unwrap().as_second();
    let punches: Vec<Punch> = (10..=15)
        .flat_map(|day| ["08:05", "19:00"].map(|time| at(format!("2025-03-{day}T{time}:00+08:00"))))
        .zip(1u128..)
        .map(|(at, id)| Punch { id: Fingerprint(id.to_be_bytes()), at, state: PunchState::Unknown, recorded_at: None })
        .collect();
    let assignments = default_assignments();
    let zones = zone.into();
    let person = Person::new(&zones, &assignments, &punches);
    let book = Rulebook::new(policies, default_timetables(), Calendar::default()).unwrap();
    let date = |day| jiff::civil::date(2025, 3, day);
    let moment = Moment { as_of: at("2025-03-20T00:00:00+08:00".to_owned()), watermark: None };
    answer(&book, &person, DateRange { from: date(10), to: date(16) }, moment)
}

fn days(policies: Policies) -> Vec<DayRecord> {
    ask(policies, derive)
}

fn pay(record: &DayRecord) -> Vec<(String, i64)> {
    record.pay.iter().map(|(code, minutes)| (code.to_string(), minutes)).collect()
}

#[test]
fn grace_holds_from_the_date_of_its_version() {
    let days = days(policies(&[(None, ""), (Some(12), "[grace]\nin = 10"), (Some(14), "")]));
    let tardy: Vec<_> = days.iter().take(5).map(|day| day.tardy_minutes).collect();
    assert_eq!(tardy, [5, 5, 0, 0, 5]);
}

#[test]
fn a_threshold_of_the_week_counts_what_the_version_before_let_pass() {
    // 595 worked minutes a date; from Thursday on whatever comes after 40 hours of the week is overtime.
    let none = "pay_rules = []\npremiums = []";
    let weekly =
        "premiums = []\n[[pay_rules]]\ncode = \"W\"\npercent = 150\nwhen = { week_from = 2400, week_basis = \"all\" }";
    let days = days(policies(&[(None, none), (Some(13), weekly)]));
    assert_eq!(pay(&days[2]), [("REG".to_owned(), 595)]);
    assert_eq!(pay(&days[3]), [("REG".to_owned(), 595)]);
    // Monday to Thursday are 2380 minutes.
    assert_eq!(pay(&days[4]), [("REG".to_owned(), 20), ("W".to_owned(), 575)]);
    assert_eq!(pay(&days[5]).last().unwrap().0, "W");
}

#[test]
fn a_version_with_another_first_weekday_begins_a_week() {
    let weekly = |start: &str| {
        format!(
            "week_start = \"{start}\"\npremiums = []\n[[pay_rules]]\ncode = \"W\"\npercent = 150\nwhen = {{ week_from = 1200, week_basis = \"all\" }}"
        )
    };
    let (monday, sunday) = (weekly("mon"), weekly("sun"));
    let worked = |versions: &[(Option<i8>, &str)]| -> Vec<i64> {
        days(policies(versions)).iter().take(6).map(|day| day.pay.get("W")).collect()
    };
    assert_eq!(worked(&[(None, &monday)]), [0, 0, 585, 595, 595, 655]);
    assert_eq!(worked(&[(None, &monday), (Some(13), &sunday)]), [0, 0, 585, 0, 0, 645]);
}

#[test]
fn totals_weigh_each_date_by_its_own_percents() {
    let at = |percent: i64| {
        format!("premiums = []\n[[pay_rules]]\ncode = \"OT\"\npercent = {percent}\nwhen = {{ in_plan = false }}")
    };
    let (before, after) = (at(150), at(200));
    ask(policies(&[(None, &before), (Some(12), &after)]), |book, person, range, moment| {
        let range = DateRange { to: jiff::civil::date(2025, 3, 13), ..range };
        let records = derive(book, person, range, moment);
        let sums = totals(book, &records);
        assert_eq!(sums.pay.get("OT"), 240);
        assert_eq!(sums.weighted, 4 * 535 * 100 + 120 * 150 + 120 * 200);
    });
}

#[test]
fn an_explained_date_names_the_rules_of_its_version() {
    let none = "pay_rules = []\npremiums = []";
    let later = "premiums = []\n[[pay_rules]]\ncode = \"LATE\"\npercent = 150\nwhen = { in_plan = false }";
    ask(policies(&[(None, none), (Some(12), later)]), |book, person, range, moment| {
        let explained = explain(book, person, range, moment);
        let codes = |at: usize| -> Vec<String> {
            explained[at].1.worked.iter().flat_map(|one| &one.code).map(ToString::to_string).collect()
        };
        assert!(codes(1).iter().all(|code| code == "REG"), "{:?}", codes(1));
        // The stretch is cut by lunch.
        assert_eq!(codes(2), ["REG", "REG", "LATE"]);
        assert_eq!(
            explained.iter().map(|(record, _)| record.clone()).collect::<Vec<_>>(),
            derive(book, person, range, moment)
        );
    });
}

#[test]
fn a_check_holds_from_the_date_of_its_version() {
    let strict = "[checks.max_day]\nmax = 590";
    let found = |versions: &[(Option<i8>, &str)]| -> Vec<(CheckCode, Date)> {
        ask(policies(versions), findings_in_force).iter().map(|one| (one.code, one.date)).collect()
    };
    assert_eq!(found(&[(None, "")]), []);
    let dates: Vec<_> =
        found(&[(None, ""), (Some(13), strict), (Some(15), "")]).iter().map(|one| one.1.day()).collect();
    assert_eq!(dates, [13, 14]);
}
