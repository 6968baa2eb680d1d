//! The cases of docs/rules-notes.md: where the reference is ambiguous or at odds with itself, this is what the code does.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use attendance::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

/// One person in Seoul on Monday 10 March 2025, seen two weeks later: what differs from the golden defaults.
#[derive(Default)]
struct Monday {
    policy: Value,
    timetable: Value,
    leaves: Value,
    offsite: Value,
    modifiers: Value,
    calendar: Value,
}

const MONDAY: Date = Date::constant(2025, 3, 10);

impl Monday {
    /// With punches as `HH:MM` or `HH:MM state`.
    fn with(&self, punches: &[&str]) -> DayRecord {
        let list = |value: &Value| if value.is_null() { json!([]) } else { value.clone() };
        let object = |value: &Value| if value.is_null() { json!({}) } else { value.clone() };
        let punches = punches.iter().zip(1u128..).map(|(text, id)| {
            let (clock, state) = text.split_once(' ').unwrap_or((text, "unknown"));
            Punch {
                id: Fingerprint(id.to_be_bytes()),
                at: format!("2025-03-10T{clock}:00+09:00").parse::<jiff::Timestamp>().unwrap().as_second(),
                state: serde_json::from_value(json!(state)).unwrap(),
                recorded_at: None,
            }
        });
        let punches: Vec<Punch> = punches.collect();
        let timetables = Timetables::from([("A".into(), Timetable::deserialize(&self.timetable).unwrap())]);
        let policy = Policy::deserialize(object(&self.policy)).unwrap();
        let calendar = Calendar::deserialize(object(&self.calendar)).unwrap();
        let book = Rulebook::new(policy, timetables, calendar).unwrap();
        let zone = TimeZone::get("Asia/Seoul").unwrap();
        let leaves: Vec<Leave> = serde_json::from_value(list(&self.leaves)).unwrap();
        let offsite: Vec<Offsite> = serde_json::from_value(list(&self.offsite)).unwrap();
        let modifiers: Vec<Modifier> = serde_json::from_value(list(&self.modifiers)).unwrap();
        let cycle = Assignment::Cycle { from: None, to: None, anchor: MONDAY, cycle: vec!["A".into()] };
        let person = Person {
            zones: &zone.into(),
            employment: Employment::default(),
            gaps: &[],
            assignments: &[cycle],
            overrides: &[],
            modifiers: &modifiers,
            leaves: &leaves,
            offsite: &offsite,
            adjustments: &[],
            punches: &punches,
        };
        person.check(&book).unwrap();
        let moment =
            Moment { as_of: punches.first().map_or(1_743_000_000, |punch| punch.at + 14 * 86_400), watermark: None };
        derive(&book, &person, DateRange { from: MONDAY, to: MONDAY }, moment).remove(0)
    }
}

fn day9() -> Value {
    json!({"type": "fixed", "segments": [["09:00", "18:00"]], "breaks": [{"from": "12:00", "to": "13:00"}]})
}

fn flex() -> Value {
    let lunch = json!([{"from": "12:00", "to": "13:00"}]);
    json!({"type": "flex", "earliest": "08:00", "latest": "10:00", "net_minutes": 480, "breaks": lunch})
}

#[test]
fn by_state_calls_the_rest_of_a_day_without_departure_left_early() {
    let policy = json!({"punch": {"use_state": true, "pairing": "by_state"}});
    let monday = Monday { policy, timetable: day9(), ..Monday::default() };
    let day = monday.with(&["09:00 in", "12:00 break_out", "13:00 break_in"]);
    assert_eq!((day.status, day.unverified_minutes, day.left_early_minutes), (Status::Incomplete, 180, 300));
    // Without the break keys the same day is unverified.
    let day = monday.with(&["09:00 in"]);
    assert_eq!((day.status, day.unverified_minutes, day.left_early_minutes), (Status::Incomplete, 480, 0));
}

#[test]
fn a_session_within_a_minute_is_no_evidence() {
    let policy = json!({"punch": {"use_state": true}});
    let day = Monday { policy, timetable: day9(), ..Monday::default() }.with(&["09:00 in", "09:00 out"]);
    assert_eq!((day.status, day.absent_minutes, day.first_in.is_some()), (Status::Absent, 480, true));
}

#[test]
fn a_departure_a_minute_later_can_pay_less_where_an_end_is_assumed() {
    let policy = json!({"missing": {"out": "assume_plan_end"}});
    let monday = Monday { policy, timetable: day9(), ..Monday::default() };
    assert_eq!(monday.with(&["09:00", "09:29"]).paid_minutes, 480);
    assert_eq!(monday.with(&["09:00", "09:30"]).paid_minutes, 30);
}

#[test]
fn a_departure_a_minute_later_can_pay_less_where_the_grid_is_coarser_than_the_snap() {
    let plan = json!({"type": "fixed", "segments": [["09:00", "17:50"]]});
    let policy = json!({"rounding": {"out": {"mode": "down", "unit": 60}, "snap": {"out_after": 5}}});
    let monday = Monday { policy, timetable: plan, ..Monday::default() };
    assert_eq!(monday.with(&["09:00", "17:55"]).paid_minutes, 530);
    assert_eq!(monday.with(&["09:00", "17:56"]).paid_minutes, 480);
}

#[test]
fn offsite_work_on_the_half_that_is_leave_counts_on_a_flexible_date_only() {
    let half = json!([{"date": "2025-03-10", "part": "am"}]);
    let of = |timetable| {
        let monday = Monday { timetable, leaves: half.clone(), offsite: half.clone(), ..Monday::default() };
        let day = monday.with(&["13:00", "18:00"]);
        (day.leave_minutes, day.offsite_minutes, day.required_minutes)
    };
    assert_eq!(of(day9()), (240, 0, 240));
    assert_eq!(of(flex()), (240, 240, 0));
}

#[test]
fn a_break_that_only_touches_leave_may_move() {
    let breaks = json!([{"from": "12:00", "to": "13:00", "deduct": "movable"}]);
    let timetable = json!({"type": "fixed", "segments": [["09:00", "18:00"]], "breaks": breaks});
    let leaves = json!([{"date": "2025-03-10", "part": "hours", "from": "13:00", "to": "14:00"}]);
    let policy = json!({"punch": {"pairing": "alternate"}});
    let day = Monday { policy, timetable, leaves, ..Monday::default() }.with(&["09:00", "11:00", "12:00", "18:00"]);
    assert_eq!((day.required_minutes, day.away_minutes, day.worked_minutes), (420, 0, 420));
}

#[test]
fn leave_that_would_leave_more_than_was_scheduled_takes_nothing() {
    let half_day = json!({"mode": "points", "am_end": "17:30", "pm_start": "13:00", "lunch": "waived"});
    let leaves = json!([{"date": "2025-03-10", "part": "pm"}]);
    let policy = json!({ "half_day": half_day });
    let day = Monday { policy, timetable: day9(), leaves, ..Monday::default() }.with(&["09:00", "17:30"]);
    assert_eq!((day.scheduled_minutes, day.leave_minutes, day.required_minutes), (480, 0, 480));
    assert_eq!(day.plan_end.map(|end| (end + 9 * 3600) % 86_400), Some(17 * 3600));
}

#[test]
fn a_holiday_credits_the_plan_as_a_modifier_shortened_it() {
    let modifiers = json!([{"from": "2025-03-10", "to": "2025-03-10", "trim_end": 120}]);
    let calendar = json!({"holidays": [{"date": "2025-03-10"}]});
    let day = Monday { timetable: day9(), modifiers, calendar, ..Monday::default() }.with(&[]);
    assert_eq!((day.status, day.holiday_credit_minutes), (Status::Off, 360));
}

#[test]
fn a_preset_that_says_nothing_of_premiums_has_the_default_one() {
    let premiums = |name: &str| PolicyFile::preset(name).unwrap().policy.premiums.len();
    assert_eq!(["AE_UAE", "IN_FACTORIES", "DE_BREAKS"].map(premiums), [0, 1, 1]);
}

#[test]
fn the_philippine_bank_earns_little_under_the_private_pay_preset() {
    let bank = bank::Preset::named("PH_CSC_DBM").unwrap().bank().unwrap();
    let earns = |name: &str| {
        let rules = PolicyFile::preset(name).unwrap().policy.pay_rules;
        let codes = rules.into_iter().map(|rule| rule.code);
        codes
            .filter(|code| bank.policy().rates.iter().any(|rate| rate.codes.contains(code)))
            .map(|code| code.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(earns("DEFAULT"), ["HOL", "RD", "OT"]);
    assert_eq!(earns("PH_PRIVATE"), ["RD", "OT"]);
}

#[test]
fn knobs_that_would_contradict_each_other_are_refused_and_zero_is_a_threshold() {
    let refused = |policy: Value| Policy::deserialize(policy).unwrap().validate().unwrap_err().knob;
    assert_eq!(refused(json!({"attribution": {"handover_min": 400}})), "attribution.handover_min");
    assert_eq!(refused(json!({"punch": {"pairing": "by_state"}})), "punch.pairing");
    Policy::deserialize(json!({"status": {"absent_below": 0}})).unwrap().validate().unwrap();
}
