//! What the long runs found, one story each: the case made small, and what holds now.

use attendance::*;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::company::Company;

/// Somebody in Seoul with the default policy, one timetable every day, and these punches; seen two weeks later.
fn somebody(policy: &Value, timetable: &Value, punches: &[&str]) -> Company {
    let instant = |text: &str| format!("{text}+09:00").parse::<jiff::Timestamp>().unwrap().as_second();
    let punches = punches.iter().zip(1u128..).map(|(text, id)| Punch {
        id: Fingerprint(id.to_be_bytes()),
        at: instant(text),
        state: PunchState::Unknown,
        recorded_at: None,
    });
    let first = Date::constant(2025, 3, 10);
    Company {
        zone: "Asia/Seoul",
        first,
        policy: Policy::deserialize(policy).unwrap(),
        timetables: Timetables::from([("A".into(), Timetable::deserialize(timetable).unwrap())]),
        calendar: Calendar::default(),
        employment: Employment::default(),
        assignments: vec![Assignment::Cycle { from: None, to: Some(first), anchor: first, cycle: vec!["A".into()] }],
        overrides: Vec::new(),
        modifiers: Vec::new(),
        leaves: Vec::new(),
        offsite: Vec::new(),
        adjustments: Vec::new(),
        punches: punches.collect(),
        moment: Moment { as_of: instant("2025-03-24T00:00:00"), watermark: None },
    }
}

/// Invariant 10: two premiums with one code both matched, and 60 minutes were 120 of the premium.
#[test]
fn a_premium_code_that_is_listed_twice_counts_a_minute_once() {
    let night = |from: &str| json!({"code": "NIGHT", "percent": 10, "when": {"window": [from, "06:00"]}});
    let policy = json!({"premiums": [night("22:00"), night("23:00")]});
    let plan = json!({"type": "fixed", "segments": [["22:00", "06:00+1"]]});
    let day = &somebody(&policy, &plan, &["2025-03-10T22:00:00", "2025-03-11T06:00:00"]).records(0, 0)[0];
    assert_eq!((day.pay.sum(), day.premiums.get("NIGHT")), (480, 480));
}

/// Invariant 7: the plan of a date reached into the date after the next one and took its punches.
#[test]
fn a_plan_that_ends_two_dates_later_takes_no_punch_of_that_date() {
    let plan = json!({"type": "flex", "earliest": "16:00", "latest": "10:00+1", "net_minutes": 1380});
    let company = somebody(&json!({}), &plan, &["2025-03-10T16:00:00", "2025-03-12T08:49:00"]);
    let days = company.records(0, 2);
    assert_eq!(
        days.iter().map(|day| day.status).collect::<Vec<_>>(),
        [Status::Incomplete, Status::Off, Status::Incomplete]
    );
}

/// Invariant 4: two punches of one second that are not known yet stood in the explanation in the order of their delivery.
#[test]
fn punches_that_are_not_known_yet_are_told_in_one_order() {
    let plan = json!({"type": "fixed", "segments": [["09:00", "18:00"]]});
    let mut company =
        somebody(&json!({}), &plan, &["2025-03-10T09:00:00", "2025-03-10T18:00:00", "2025-03-10T18:00:00"]);
    company.punches[1..].iter_mut().for_each(|punch| punch.recorded_at = Some(company.moment.as_of + 1));
    let explained = company.explained();
    company.punches.reverse();
    assert_eq!(explained, company.explained());
}

/// Invariant 13: a departure that was rounded up paid the minutes after a break that nobody ended.
#[test]
fn rounding_makes_no_work_of_a_break_that_was_left_open() {
    let policy = json!({"punch": {"use_state": true}, "rounding": {"out": {"mode": "up", "unit": 15}}});
    let plan = json!({"type": "fixed", "segments": [["09:00", "18:00"]]});
    let paid = |leaves: &str| {
        let mut company = somebody(&policy, &plan, &["2025-03-10T09:00:00", "2025-03-10T12:00:00", leaves]);
        company.punches[1].state = PunchState::BreakOut;
        company.records(0, 0)[0].paid_minutes
    };
    assert_eq!((paid("2025-03-10T12:31:00"), paid("2025-03-10T12:44:00")), (180, 180));
}

/// Section 17.2: within a long window each press made the next one a repeat or not, day after day, and the dates were not named.
#[test]
fn a_punch_affects_the_dates_on_which_it_decides_what_is_a_repeat() {
    let policy = json!({"punch": {"duplicate_window_seconds": 50_000}});
    let plan = json!({"type": "fixed", "segments": [["05:00", "08:00"]]});
    let punches = [
        "2025-03-10T08:00:00",
        "2025-03-10T20:00:00",
        "2025-03-11T08:00:00",
        "2025-03-11T20:00:00",
        "2025-03-12T08:00:00",
    ];
    let company = somebody(&policy, &plan, &punches);
    let mut without = company.clone();
    without.punches.remove(0);
    let changed = |(before, after): &(DayRecord, DayRecord)| before.first_in != after.first_in;
    let days = company.records(0, 5).into_iter().zip(without.records(0, 5));
    let last = days.filter(changed).map(|(day, _)| day.date).max().unwrap();
    assert_eq!(last, company.date(2));
    let affected = company.ask(|book, person| affected_dates(book, person, company.punches[0].at));
    assert!(affected.to >= last, "{affected:?}");
}
