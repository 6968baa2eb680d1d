//! Somebody left and was hired again: the dates between are nobody's.
#![allow(missing_docs, clippy::unwrap_used)]

use attendance::{
    Calendar, DateRange, DayKind, Employment, Holiday, Moment, Person, Policies, Rulebook, Status, default_assignments,
    default_timetables,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;

#[test]
fn between_two_employments_nothing_is_planned_nobody_is_absent_and_no_holiday_is_paid() {
    let date = |day: i8| Date::constant(2026, 2, day);
    let holiday: Holiday = serde_json::from_str(r#"{"date": "2026-02-12", "name": "Founders' Day"}"#).unwrap();
    let calendar = Calendar { holidays: vec![holiday], ..Calendar::default() };
    let book = Rulebook::new(Policies::default(), default_timetables(), calendar).unwrap();
    let (zones, assignments) = (TimeZone::UTC.into(), default_assignments());
    let gap = [DateRange { from: date(11), to: date(13) }];
    let employment = Employment { from: Some(date(2)), to: None };
    let person = Person { employment, gaps: &gap, ..Person::new(&zones, &assignments, &[]) };
    let range = DateRange { from: date(9), to: date(17) };
    let now = "2026-03-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let days = attendance::derive(&book, &person, range, Moment { as_of: now.as_second(), watermark: None });
    let told: Vec<_> = days.iter().map(|day| (day.date.day(), day.day_kind, day.status)).collect();
    let (work, none) = (DayKind::Workday, DayKind::Unassigned);
    for (day, kind, status) in told {
        let (expected_kind, expected) = match day {
            11..=13 => (none, Status::Off),
            14 | 15 => (kind, Status::Off),
            _ => (work, Status::Absent),
        };
        assert_eq!((kind, status), (expected_kind, expected), "2026-02-{day}");
    }
    let planned = attendance::plan_ahead(&book, &person, range, now.as_second());
    assert_eq!(planned.iter().map(|day| day.date.day()).collect::<Vec<_>>(), [9, 10, 14, 15, 16, 17]);
    assert!(!person.is_employed(date(12)) && person.is_employed(date(14)) && !person.is_employed(date(1)));
}
