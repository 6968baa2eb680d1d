//! How many person-days one core derives in a second: a company with the default policy, four punches a day, one call per
//! person. `cargo run --release -p attendance --example person_days [PEOPLE] [DAYS]`

#![allow(clippy::disallowed_methods, clippy::expect_used, reason = "a measurement reads the clock")]

use std::time::Instant;

use attendance::{
    Calendar, DateRange, Fingerprint, Moment, Person, Policy, Punch, PunchState, Rulebook, default_assignments,
    default_timetables, derive,
};
use jiff::ToSpan;
use jiff::civil::date;
use jiff::tz::TimeZone;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<i64>().expect("a number"));
    let people = arguments.next().unwrap_or(1000);
    let days = arguments.next().unwrap_or(60);
    let zone = TimeZone::get("Asia/Manila").expect("the zone database has Manila");
    let book =
        Rulebook::new(Policy::default(), default_timetables(), Calendar::default()).expect("the defaults are valid");
    let first = date(2025, 3, 3);
    let midnight = first.to_zoned(zone.clone()).expect("a plain date").timestamp().as_second();
    let punches: Vec<Vec<Punch>> = (0..people).map(|person| punches_of(person, days, midnight)).collect();
    let assignments = default_assignments();
    let range = DateRange { from: first, to: first.checked_add((days - 1).days()).expect("a date of this century") };
    let zones = zone.into();
    let moment = Moment { as_of: midnight + (days + 10) * 86_400, watermark: None };

    let mut rates: Vec<i64> = (0..7)
        .map(|_| {
            let start = Instant::now();
            let mut paid = 0;
            for punches in &punches {
                let person = Person::new(&zones, &assignments, punches);
                paid += derive(&book, &person, range, moment).iter().map(|day| day.paid_minutes).sum::<i64>();
            }
            let nanoseconds = start.elapsed().as_nanos() as i64;
            assert!(paid > 0);
            people * days * 1_000_000_000 / nanoseconds
        })
        .collect();
    rates.sort_unstable();
    let (slowest, median, fastest) = (rates[0], rates[rates.len() / 2], rates[rates.len() - 1]);
    println!(
        "{people} people x {days} days, four punches a day: {median} person-days/s (of seven runs {slowest} to {fastest})"
    );
}

/// Arrival, lunch and departure of each weekday, a few minutes around the plan, some evenings late.
fn punches_of(person: i64, days: i64, midnight: i64) -> Vec<Punch> {
    let jitter = |day: i64, salt: i64, spread: i64| (person * 7919 + day * 104_729 + salt * 1_299_709) % spread;
    let weekdays = (0..days).filter(|day| day % 7 < 5);
    let minutes = weekdays.flat_map(|day| {
        let late = if jitter(day, 5, 7) == 0 { 90 } else { 0 };
        let day_punches = [
            475 + jitter(day, 1, 12),
            720 + jitter(day, 2, 10),
            770 + jitter(day, 3, 10),
            1078 + jitter(day, 4, 15) + late,
        ];
        day_punches.map(|minute| day * 1440 + minute)
    });
    minutes
        .enumerate()
        .map(|(number, minute)| Punch {
            id: Fingerprint(((person as u128) << 64 | number as u128).to_be_bytes()),
            at: midnight + minute * 60 + jitter(number as i64, 6, 60),
            state: PunchState::Unknown,
            recorded_at: None,
        })
        .collect()
}
