//! What the checks find in a few weeks of one person; 10 March 2025 is a Monday. Times are UTC.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use serde_json::json;

use super::*;
use crate::rules::calendar_day::day_number;
use crate::trace::Stretch;
use crate::{DayKind, DayRecord, Policy, Status, default_assignments, derive};

fn march(day: i8) -> Date {
    date(2025, 3, day)
}

/// A date worked between clock times, given in hours after its midnight.
fn worked(date: Date, hours: &[(i64, i64)]) -> WorkedDay {
    let midnight = day_number(date) * 86_400;
    let stretch = |(from, to): &(i64, i64)| Stretch { from: midnight + from * 3600, to: midnight + to * 3600 };
    let mut record = DayRecord::new(date, Status::Present, DayKind::Workday);
    record.worked_minutes = hours.iter().map(|(from, to)| (to - from) * 60).sum();
    let civil = Stretch { from: midnight, to: midnight + 86_400 };
    WorkedDay { record, civil, worked: hours.iter().map(stretch).collect() }
}

fn leave(date: Date) -> WorkedDay {
    let mut day = worked(date, &[]);
    (day.record.status, day.record.scheduled_minutes, day.record.leave_minutes) = (Status::Leave, 480, 480);
    day
}

fn deferred(date: Date) -> WorkedDay {
    let mut day = worked(date, &[]);
    day.record.status = Status::Deferred;
    day
}

fn found(checks: serde_json::Value, days: &[WorkedDay]) -> Vec<(&'static str, i8, i64)> {
    let checks: Checks = serde_json::from_value(checks).unwrap();
    let from = days[0].record.date;
    let findings = check(&checks, &Policies::default(), from, days);
    findings.iter().map(|finding| (finding.code.as_str(), finding.date.day(), finding.actual)).collect()
}

#[test]
fn rest_is_counted_over_dates_without_work() {
    let days = [worked(march(10), &[(9, 23)]), worked(march(11), &[]), worked(march(12), &[(6, 12)])];
    assert_eq!(found(json!({"daily_rest": {"min": 1861}}), &days), [("daily_rest", 12, 1860)]);
    // A night that runs into the shift of the next date leaves no rest.
    let days = [worked(march(10), &[(22, 33)]), worked(march(11), &[(8, 12)])];
    assert_eq!(found(json!({"daily_rest": {"min": 660}}), &days), [("daily_rest", 11, 0)]);
}

#[test]
fn the_night_shift_before_a_week_reaches_into_its_rest() {
    let mut days: Vec<_> = (10..=16).map(|day| worked(march(day), &[(12, 20)])).collect();
    days[0] = worked(march(10), &[]);
    days[6] = worked(march(16), &[(12, 30)]);
    let checks = json!({"weekly_rest": {"min": 2400}});
    // From Monday 00:00 to Tuesday 12:00; after a night shift that began on Sunday, from 06:00.
    assert_eq!(found(checks.clone(), &days), [("weekly_rest", 10, 36 * 60)]);
    days.insert(0, worked(march(9), &[(22, 30)]));
    assert_eq!(found(checks.clone(), &days), [("weekly_rest", 10, 30 * 60)]);
    // A call-out in the middle of that night ends earlier, but the night does not.
    days[1] = worked(march(10), &[(2, 3)]);
    assert_eq!(found(checks, &days), [("weekly_rest", 10, 30 * 60)]);
}

#[test]
fn a_week_is_checked_when_it_is_whole_and_judged() {
    let week = || (10..=16).map(|day| worked(march(day), &[(8, 18)])).collect::<Vec<_>>();
    let checks = json!({"max_week": {"max": 3120}, "weekly_rest": {"min": 2100}});
    assert_eq!(found(checks.clone(), &week()), [("max_week", 10, 4200), ("weekly_rest", 10, 840)]);
    assert_eq!(found(checks.clone(), &week()[1..]), []);
    let mut today = week();
    today[6] = deferred(march(16));
    assert_eq!(found(checks, &today), []);
}

#[test]
fn each_date_of_a_run_beyond_the_limit_is_found_and_a_deferred_date_ends_it() {
    let mut days: Vec<_> = (10..=18).map(|day| worked(march(day), &[(8, 12)])).collect();
    let runs = [("consecutive_days", 16, 7), ("consecutive_days", 17, 8), ("consecutive_days", 18, 9)];
    assert_eq!(found(json!({"consecutive_days": {"max": 6}}), &days), runs);
    days[3] = deferred(march(13));
    assert_eq!(found(json!({"consecutive_days": {"max": 6}}), &days), []);
}

#[test]
fn credit_without_a_position_counts_as_time_but_proves_no_missing_break() {
    let mut day = worked(march(10), &[(8, 14)]);
    day.record.worked_minutes += 300;
    let checks = json!({"max_day": {"max": 600}, "break": {"after": 360, "min": 30}});
    assert_eq!(found(checks, &[day]), [("max_day", 10, 660)]);
}

#[test]
fn two_break_checks_can_find_the_same_date() {
    let checks = json!({"break": [{"after": 239, "min": 30}, {"after": 479, "min": 60}]});
    let days = [worked(march(10), &[(8, 17)]), worked(march(11), &[(8, 12), (13, 17)])];
    assert_eq!(found(checks, &days), [("break", 10, 0), ("break", 10, 0)]);
}

#[test]
fn an_average_looks_back_and_leaves_full_leave_out() {
    let checks: Checks = serde_json::from_value(json!({"avg_week": {"max": 2880, "weeks": 2}})).unwrap();
    let mut days: Vec<_> = (3..=16).map(|day| worked(march(day), &[(8, 15)])).collect();
    let check = |days: &[WorkedDay]| check(&checks, &Policies::default(), march(10), days);
    let average = |actual| Finding { date: march(16), code: CheckCode::AvgWeek, actual, limit: 2880 };
    assert_eq!(check(&days), [average(2940)]);
    // 13 dates of 420 minutes over 13 counted dates: still the same week.
    days[1] = leave(march(4));
    assert_eq!(check(&days), [average(2940)]);
    days[2] = worked(march(5), &[]);
    assert_eq!(check(&days), []);
    let all_leave: Vec<_> = (3..=16).map(|day| leave(march(day))).collect();
    assert_eq!(check(&all_leave), []);
    days[2] = worked(march(5), &[(0, 24)]);
    assert_eq!(check(&days).len(), 1);
    days[13] = deferred(march(16));
    assert_eq!(check(&days), []);
    assert_eq!(check(&days[2..]), []);
}

/// Offsite credit stands among the worked intervals, around the punches.
#[test]
fn the_intervals_of_a_day_are_what_the_record_counts() {
    let zone = TimeZone::get("America/New_York").unwrap();
    let book = Rulebook::new(Policy::default(), crate::default_timetables(), crate::Calendar::default()).unwrap();
    let punches = ["2025-03-10T13:00:00-04:00", "2025-03-10T19:30:00-04:00", "2025-03-11T08:00:00-04:00"];
    let punches = punches.iter().zip(1u128..).map(|(at, id)| crate::Punch {
        id: crate::Fingerprint(id.to_be_bytes()),
        at: at.parse::<jiff::Timestamp>().unwrap().as_second(),
        state: crate::PunchState::Unknown,
        recorded_at: None,
    });
    let punches: Vec<_> = punches.collect();
    let assignments = default_assignments();
    let offsite: crate::Offsite = serde_json::from_value(json!({"date": "2025-03-10", "part": "am"})).unwrap();
    let zones = zone.clone().into();
    let person = Person { offsite: &[offsite], ..Person::new(&zones, &assignments, &punches) };
    let range = DateRange { from: march(9), to: march(11) };
    let as_of = "2025-03-11T12:00:00-04:00".parse::<jiff::Timestamp>().unwrap().as_second();
    let moment = Moment { as_of, watermark: None };
    let days = worked_days(&book, &person, range, moment);
    let records: Vec<_> = days.iter().map(|day| day.record.clone()).collect();
    assert_eq!(records, derive(&book, &person, range, moment));
    let clock =
        |at: i64| jiff::Timestamp::from_second(at).unwrap().to_zoned(zone.clone()).strftime("%H:%M").to_string();
    let shown: Vec<Vec<_>> =
        days.iter().map(|day| day.worked.iter().map(|one| (clock(one.from), clock(one.to))).collect()).collect();
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    // Lunch is 12:00 to 13:00, the morning's half ends at 13:30; Tuesday is not judged yet.
    assert_eq!(shown, [vec![], vec![pair("08:00", "12:00"), pair("13:00", "19:30")], vec![]]);
    // The clock is set forward on Sunday.
    assert_eq!(minutes(days[0].civil.from, days[0].civil.to), 1380);
}
