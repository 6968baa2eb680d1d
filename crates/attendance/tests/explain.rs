//! An explained day reads like a story: which punches were used, which were ignored, and one sentence per figure.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use attendance::trace::Role;
use attendance::*;
use jiff::tz::TimeZone;

fn explained(policy: &str, punches: &[&str], date: &str) -> (DayRecord, DayTrace) {
    let zone = TimeZone::get("Asia/Manila").unwrap();
    let punches: Vec<Punch> = punches
        .iter()
        .enumerate()
        .map(|(index, text)| Punch {
            id: Fingerprint((index as u128).to_be_bytes()),
            at: format!("{text}+08:00").parse::<jiff::Timestamp>().unwrap().as_second(),
            state: PunchState::Unknown,
            recorded_at: None,
        })
        .collect();
    let assignments = default_assignments();
    let zones = zone.into();
    let person = Person::new(&zones, &assignments, &punches);
    let policy: Policy = serde_json::from_str(policy).unwrap();
    let book = Rulebook::new(policy, default_timetables(), Calendar::default()).unwrap();
    let date = date.parse().unwrap();
    let as_of = "2025-03-20T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
    let moment = Moment { as_of, watermark: None };
    let range = DateRange { from: date, to: date };
    let explained = explain(&book, &person, range, moment);
    assert_eq!(derive(&book, &person, range, moment), explained.iter().map(|(day, _)| day.clone()).collect::<Vec<_>>());
    explained.into_iter().next().unwrap()
}

fn reason<'a>(trace: &'a DayTrace, figure: &str) -> &'a str {
    let found = trace.reasons.iter().find(|reason| reason.figure == figure);
    found.map_or_else(|| panic!("no reason for {figure}: {:#?}", trace.reasons), |reason| reason.text.as_str())
}

#[test]
fn twenty_minutes_late_are_explained_with_times_and_knob() {
    let punches = ["2025-03-10T08:20:00", "2025-03-10T08:20:30", "2025-03-10T12:10:00", "2025-03-10T19:30:00"];
    let (_, trace) = explained("{}", &punches, "2025-03-10");
    assert_eq!(
        reason(&trace, "tardy_minutes"),
        "20 minutes tardy: first arrival 08:20, plan starts 08:00, grace.in is 0"
    );
    assert_eq!(reason(&trace, "worked_minutes"), "610 minutes worked: 08:20 to 12:00 and 13:00 to 19:30");
    assert_eq!(
        reason(&trace, "pay.OT"),
        "90 minutes as OT: 18:00 to 19:30: pay_rules[2] pays 150 percent when the minute lies outside of the plan"
    );
    let told: Vec<_> = trace.punches.iter().map(|punch| (punch.role, punch.why.split(';').next().unwrap())).collect();
    assert_eq!(
        told,
        [
            (Role::Arrival, "used as arrival"),
            (Role::Repeat, "ignored: the same press as 08:20:00, within 60 seconds (punch.duplicate_window_seconds)"),
            (Role::Between, "ignored: between the first and the last punch (punch.pairing is first_last)"),
            (Role::Departure, "used as departure"),
        ]
    );
}

#[test]
fn a_departure_after_midnight_says_why_it_belongs_to_the_day_before() {
    let punches = ["2025-03-10T08:00:00", "2025-03-11T01:30:00", "2025-03-11T08:10:00", "2025-03-11T18:00:00"];
    let (day, trace) = explained("{}", &punches, "2025-03-10");
    assert_eq!(day.exceptions, [Exception::ClockOutTooLate, Exception::LongSession]);
    assert_eq!(
        trace.punches[1].why,
        "used as departure; in the contested time 00:00 on 2025-03-11 to 06:00 on 2025-03-11 it belongs to 2025-03-10, which lacked a departure"
    );
    assert_eq!(reason(&trace, "premiums.NIGHT").split(':').next().unwrap(), "210 minutes with premium NIGHT");
}

#[test]
fn a_missing_departure_says_what_is_unproven() {
    let (_, trace) = explained("{}", &["2025-03-10T08:03:00"], "2025-03-10");
    let unverified = "537 minutes unverified: an unpaired punch leaves everything after 08:03 unproven";
    assert_eq!(reason(&trace, "unverified_minutes"), unverified);
    assert_eq!(reason(&trace, "missing_out"), "no departure was found for the punch at 08:03");
    assert_eq!(trace.punches[0].role, Role::OrphanArrival);
}

#[test]
fn every_figure_of_a_record_has_a_reason() {
    let stories: [(&str, &[&str]); 4] = [
        (r#"{"grace": {"in": 5}, "overtime": {"unit": 30}}"#, &["2025-03-10T08:04:00", "2025-03-10T18:40:00"]),
        ("{}", &["2025-03-10T13:00:00"]),
        ("{}", &[]),
        (
            r#"{"punch": {"pairing": "alternate"}}"#,
            &["2025-03-10T08:00:00", "2025-03-10T12:00:00", "2025-03-10T13:30:00", "2025-03-10T17:00:00"],
        ),
    ];
    for (policy, punches) in stories {
        let (day, trace) = explained(policy, punches, "2025-03-10");
        let fields = serde_json::to_value(&day).unwrap();
        for (name, value) in fields.as_object().unwrap() {
            if name.ends_with("_minutes") {
                assert!(!reason(&trace, name).is_empty());
                assert!(
                    reason(&trace, name).starts_with(&format!("{value} minute")),
                    "{name}: {}",
                    reason(&trace, name)
                );
            }
        }
        day.exceptions.iter().for_each(|exception| assert!(!reason(&trace, exception.as_str()).is_empty()));
    }
}
