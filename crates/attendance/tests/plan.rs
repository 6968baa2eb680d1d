//! The plan of dates to come: rotations, leave, holidays and employment, and plans that get in each other's way.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use attendance::*;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

fn timetables() -> Timetables {
    serde_json::from_value(json!({
        "EARLY": {"type": "fixed", "segments": [["06:00", "14:00"]]},
        "DAY": {"type": "fixed", "segments": [["09:00", "18:00"]], "breaks": [{"from": "12:00", "to": "13:00"}]},
        "NIGHT": {"type": "fixed", "segments": [["22:00", "06:00+1"]]},
        "LONG": {"type": "fixed", "segments": [["20:00", "08:00+1"]]},
        "FLEX": {"type": "flex", "earliest": "05:00", "latest": "10:00", "net_minutes": 480},
        "HOURS": {"type": "hours", "net_minutes": 420}
    }))
    .unwrap()
}

/// A person with a rotation from Monday 2 March 2026 on, and what else is stated.
fn planned(cycle: &Value, facts: &Value, range: (Date, Date)) -> Vec<PlannedDay> {
    let read = |name: &str| facts.get(name).cloned();
    let list = |name: &str| read(name).unwrap_or_else(|| json!([]));
    let zone = TimeZone::get("Asia/Manila").unwrap();
    let employment: Employment =
        read("employment").map_or_else(Employment::default, |one| serde_json::from_value(one).unwrap());
    let assignment = json!({"kind": "cycle", "from": "2026-03-02", "anchor": "2026-03-02", "cycle": cycle});
    let assignments: [Assignment; 1] = [serde_json::from_value(assignment).unwrap()];
    let overrides: Vec<Override> = serde_json::from_value(list("overrides")).unwrap();
    let leaves: Vec<Leave> = serde_json::from_value(list("leaves")).unwrap();
    let offsite: Vec<Offsite> = serde_json::from_value(list("offsite")).unwrap();
    let calendar: Calendar = serde_json::from_value(json!({"holidays": list("holidays")})).unwrap();
    let policy = PolicyFile::from_toml("[checks.daily_rest]\nmin = 660").unwrap();
    let policies = Policies::default().with(PolicyVersion::of_file(policy, None));
    let book = Rulebook::new(policies, timetables(), calendar).unwrap();
    let person = Person {
        zones: &zone.into(),
        employment,
        gaps: &[],
        assignments: &assignments,
        overrides: &overrides,
        modifiers: &[],
        leaves: &leaves,
        offsite: &offsite,
        adjustments: &[],
        punches: &[],
    };
    plan_ahead(&book, &person, DateRange { from: range.0, to: range.1 }, 0)
}

fn march(day: i8) -> Date {
    date(2026, 3, day)
}

fn words(days: &[PlannedDay]) -> Vec<Planned> {
    days.iter().map(PlannedDay::planned).collect()
}

fn at(text: &str) -> Option<i64> {
    Some(text.parse::<jiff::Timestamp>().unwrap().as_second())
}

#[test]
fn a_rotation_is_laid_out_with_its_instants() {
    let days = planned(&json!(["DAY", "NIGHT", "rest_day"]), &json!({}), (march(1), march(5)));
    assert_eq!(words(&days), [Planned::Missing, Planned::Shift, Planned::Shift, Planned::Off, Planned::Shift]);
    assert_eq!((days[1].start, days[1].end), (at("2026-03-02T09:00:00+08:00"), at("2026-03-02T18:00:00+08:00")));
    assert_eq!((days[1].scheduled_minutes, days[1].required_minutes), (480, 480));
    assert_eq!((days[2].start, days[2].end), (at("2026-03-03T22:00:00+08:00"), at("2026-03-04T06:00:00+08:00")));
    assert_eq!(days[4].shift, Some("DAY".into()));
    assert!(days.iter().all(|day| day.conflict.is_none()));
}

#[test]
fn leave_offsite_holidays_and_overrides_are_in_the_plan() {
    let facts = json!({
        "leaves": [{"date": "2026-03-02", "part": "full", "paid": true}, {"date": "2026-03-03", "part": "am"}],
        "offsite": [{"date": "2026-03-05", "part": "full", "reason": "trip"}],
        "holidays": [{"date": "2026-03-04", "name": "Founding day"}],
        "overrides": [{"date": "2026-03-06", "shift": "off_day"}]
    });
    let days = planned(&json!(["DAY"]), &facts, (march(2), march(6)));
    assert_eq!(words(&days), [Planned::Away, Planned::Shift, Planned::Holiday, Planned::Away, Planned::Off]);
    assert_eq!((days[0].start, days[0].leave_minutes, days[0].required_minutes), (None, 480, 0));
    assert_eq!((days[1].start, days[1].required_minutes), (at("2026-03-03T14:00:00+08:00"), 240));
    assert_eq!((days[3].offsite_minutes, days[3].required_minutes), (480, 0));
}

#[test]
fn only_dates_of_the_employment_are_planned() {
    let facts = json!({"employment": {"from": "2026-03-04", "to": "2026-03-05"}});
    let days = planned(&json!(["DAY"]), &facts, (march(1), march(9)));
    assert_eq!(days.iter().map(|day| day.date).collect::<Vec<_>>(), [march(4), march(5)]);
    assert!(planned(&json!(["DAY"]), &json!({}), (march(9), march(1))).is_empty());
}

#[test]
fn plans_that_overlap_or_leave_too_little_rest_are_conflicts() {
    let conflicts = |cycle: &Value, facts: &Value, range| -> Vec<Option<Conflict>> {
        planned(cycle, facts, range).iter().map(|day| day.conflict).collect()
    };
    let short = |minutes| Some(Conflict::ShortRest { minutes, min: 660 });
    let overlap = Some(Conflict::Overlap { minutes: 120 });
    assert_eq!(conflicts(&json!(["LONG", "EARLY"]), &json!({}), (march(2), march(4))), [None, overlap, None]);
    // The conflict with the date before the range is seen too.
    assert_eq!(conflicts(&json!(["LONG", "EARLY"]), &json!({}), (march(3), march(3))), [overlap]);
    // Morning leave makes room; a date off does as well.
    let leave = json!({"leaves": [{"date": "2026-03-03", "part": "am"}]});
    assert_eq!(conflicts(&json!(["NIGHT", "DAY"]), &leave, (march(3), march(3))), [short(480)]);
    assert_eq!(conflicts(&json!(["NIGHT", "rest_day", "EARLY"]), &json!({}), (march(2), march(4))), [None, None, None]);
    // Who chooses when to come can come late enough; an amount of hours has no place in the day.
    assert_eq!(conflicts(&json!(["DAY", "FLEX"]), &json!({}), (march(2), march(3))), [None, None]);
    assert_eq!(conflicts(&json!(["NIGHT", "FLEX"]), &json!({}), (march(2), march(3))), [None, short(240)]);
    assert_eq!(conflicts(&json!(["NIGHT", "HOURS"]), &json!({}), (march(2), march(3))), [None, None]);
}

#[test]
fn a_plan_is_what_the_record_of_the_date_says() {
    let days = planned(&json!(["DAY", "NIGHT", "FLEX", "HOURS"]), &json!({}), (march(2), march(5)));
    for day in &days {
        let text = serde_json::to_string(day).unwrap();
        assert_eq!(serde_json::from_str::<PlannedDay>(&text).unwrap(), *day);
        assert_eq!(day.scheduled_minutes, day.leave_minutes + day.offsite_minutes + day.required_minutes);
    }
    // From the earliest start to the latest end.
    assert_eq!((days[2].start, days[2].end), (at("2026-03-04T05:00:00+08:00"), at("2026-03-04T18:00:00+08:00")));
    assert_eq!((days[3].start, days[3].required_minutes), (None, 420));
}
