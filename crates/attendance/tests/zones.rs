//! Somebody's site has another zone from a date on: every work date is told by the clock of its own zone (rules 4).

#![allow(clippy::unwrap_used)]

use attendance::punch::Fingerprint;
use attendance::{
    Calendar, DateRange, DayRecord, Moment, Person, Policy, Punch, PunchState, Rulebook, Status, Zones,
    default_assignments, default_timetables, derive, explain,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Punches of March 2026 at 08:00 and 18:00 of these dates, on the clock of each date's zone.
fn punches(zones: &Zones, dates: std::ops::RangeInclusive<i8>) -> Vec<Punch> {
    let of = |day: i8| [march(day).at(8, 0, 0, 0), march(day).at(18, 0, 0, 0)];
    let at = |time: jiff::civil::DateTime| {
        zones.on(time.date()).to_ambiguous_timestamp(time).compatible().unwrap().as_second()
    };
    let punch = |(at, number): (i64, u128)| Punch {
        id: Fingerprint(number.to_be_bytes()),
        at,
        state: PunchState::Unknown,
        recorded_at: None,
    };
    dates.flat_map(of).map(at).zip(1..).map(punch).collect()
}

fn march(day: i8) -> Date {
    Date::constant(2026, 3, day)
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn records(zones: &Zones, punches: &[Punch], (from, to): (i8, i8)) -> Vec<DayRecord> {
    let book = Rulebook::new(Policy::default(), default_timetables(), Calendar::default()).unwrap();
    let assignments = default_assignments();
    let person = Person::new(zones, &assignments, punches);
    let moment = Moment { as_of: "2026-05-01T00:00:00Z".parse::<Timestamp>().unwrap().as_second(), watermark: None };
    let range = DateRange { from: march(from), to: march(to) };
    let days = derive(&book, &person, range, moment);
    let explained: Vec<DayRecord> =
        explain(&book, &person, range, moment).into_iter().map(|(record, _)| record).collect();
    assert_eq!(days, explained);
    days
}

#[test]
fn who_keeps_the_hours_of_each_date_zone_is_present_and_neither_tardy_nor_early() {
    // Wednesday the 11th is the first day in Berlin, seven hours behind: the workweek has both.
    let zones = Zones::new(zone("Asia/Manila"), [(march(11), zone("Europe/Berlin"))]);
    let days = records(&zones, &punches(&zones, 9..=13), (9, 13));
    let told: Vec<_> = days.iter().map(|day| (day.status, day.worked_minutes, day.exceptions.len())).collect();
    assert_eq!(told, [(Status::Present, 540, 0); 5]);
    let hour = |at: Option<i64>| Timestamp::from_second(at.unwrap()).unwrap().to_string();
    assert_eq!(hour(days[1].plan_start), "2026-03-10T00:00:00Z");
    assert_eq!(hour(days[2].plan_start), "2026-03-11T07:00:00Z");
    // By the clock that they left, the same punches are those of other hours.
    let left = records(&zone("Asia/Manila").into(), &punches(&zones, 9..=13), (9, 13));
    assert!(left[2].tardy_minutes > 0 && left[..2] == days[..2]);
}

#[test]
fn whichever_zones_meet_dates_away_from_the_change_are_as_in_one_zone() {
    // As far apart as zones are, so that a date is two days long, or has ended before it begins.
    let names = ["Pacific/Pago_Pago", "America/New_York", "UTC", "Asia/Kathmandu", "Pacific/Kiritimati"];
    for (one, two) in names.iter().flat_map(|one| names.iter().map(move |two| (*one, *two))) {
        let zones = Zones::new(zone(one), [(march(18), zone(two))]);
        let punches = punches(&zones, 2..=31);
        let days = records(&zones, &punches, (2, 31));
        assert_eq!(days.len(), 30, "{one} {two}");
        let at = |day: i8| usize::try_from(day - 2).unwrap();
        assert_eq!(days[..at(16)], records(&zone(one).into(), &punches, (2, 15)), "{one} {two}");
        assert_eq!(days[at(20)..], records(&zone(two).into(), &punches, (20, 31)), "{one} {two}");
        assert!(days.iter().all(|day| day.status != Status::Deferred));
        // Narrowing never changes a record, also around the change.
        for day in 14..=22 {
            assert_eq!(days[at(day)..=at(day)], records(&zones, &punches, (day, day)), "{one} {two} {day}");
        }
        let (first, last) = (march(1).saturating_sub(1.day()), march(31));
        assert!(days.iter().all(|day| first < day.date && day.date <= last));
    }
}
