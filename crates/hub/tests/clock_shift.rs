//! A terminal's clock was wrong for a while, and one fact says by how much.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, log, now};
use hub::view::{DayFilter, HeldReason};
use hub::{Became, ClockShift, Cure, Locking, ShiftPreview, Stated, Whom};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use proptest::prelude::*;

const FEBRUARY: (Date, Date) = (Date::constant(2026, 2, 1), Date::constant(2026, 2, 28));

fn time(text: &str) -> DateTime {
    text.parse().unwrap()
}

/// The log as a terminal prints it whose clock is wrong from one true time to another.
fn printed_wrongly(lines: &[String], (from, to): (DateTime, DateTime), by: SignedDuration) -> Vec<String> {
    let line = |line: &String| {
        let mut fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let at = time(&fields[1]);
        if from <= at && at <= to {
            fields[1] = (at - by).strftime("%Y-%m-%d %H:%M:%S").to_string();
        }
        fields.join("\t")
    };
    lines.iter().map(line).collect()
}

/// Its clock was reset in the night before the 16th and set in the night after the 20th.
fn reset() -> (Vec<String>, ClockShift) {
    let (from, to) = (time("2026-02-16 00:00:00"), time("2026-02-20 23:59:59"));
    let by = from.duration_since(time("2000-01-01 00:00:00"));
    (printed_wrongly(&log(), (from, to), by), ClockShift::new(from - by, to - by, by).unwrap())
}

/// All is assigned, so that order tells nothing about who is known.
fn workplace() -> House {
    let house = house();
    house.register("A1", "Asia/Manila");
    for user in ["12", "0012"] {
        let (user, employee) = (user.to_owned(), user.to_owned());
        house.hub.cure(&clerk(), &Cure::Assign { user, employee, create: true, from: None, to: None }, now()).unwrap();
    }
    house
}

fn of(lines: &[String]) -> House {
    let house = workplace();
    house.import(lines, false);
    house
}

fn shift(house: &House, shift: ClockShift) -> Became {
    house.hub.shift_clock(&clerk(), "A1", shift, "its battery was empty", now()).unwrap().0
}

fn refusal(house: &House, shift: ClockShift) -> String {
    let before = house.files();
    let told = house.hub.shift_clock(&clerk(), "A1", shift, "again", now()).unwrap_err().to_string();
    assert_eq!(house.hub.preview_shift("A1", shift).unwrap_err().to_string(), told);
    assert_eq!(house.files(), before);
    told
}

fn in_force(house: &House) -> Vec<i64> {
    house.hub.in_force("clock_shift", Date::MIN, Date::MAX).unwrap().iter().map(|fact| fact.number).collect()
}

#[test]
fn a_clock_that_was_reset_is_cured_by_one_fact_and_taken_back_with_all_that_came_of_it() {
    let (lines, wrong) = reset();
    let (right, mended) = (of(&log()), of(&lines));
    let before = mended.files();
    assert_eq!(
        mended.hub.held().unwrap().iter().map(|group| group.reason).collect::<Vec<_>>(),
        [HeldReason::ImplausibleTime, HeldReason::ImplausibleTime]
    );
    let preview = mended.hub.preview_shift("A1", wrong).unwrap();
    assert_eq!(mended.files(), before, "a preview changes nothing");

    assert_eq!(shift(&mended, wrong), Became::New);
    assert_eq!(mended.files()[..2], right.files()[..2]);
    assert!(mended.hub.held().unwrap().is_empty());
    let (concerned, days) = (lines.iter().filter(|line| line.contains("\t2000-")).count() as u64, 2 * 5);
    assert_eq!(preview, ShiftPreview { punches: concerned, held: 0, days });
    assert_eq!(shift(&mended, wrong), Became::Known);

    let number = in_force(&mended)[0];
    mended.hub.withdraw(&clerk(), number, "it was another terminal", now()).unwrap();
    assert_eq!(mended.files(), before);
    assert_eq!(mended.hub.held().unwrap().len(), 2);
    let told: Vec<_> = mended.hub.audit(9).unwrap().into_iter().map(|entry| (entry.action, entry.object)).collect();
    let told: Vec<_> = told.iter().map(|(action, object)| (action.as_str(), object.as_str())).collect();
    let stated = format!("clock_shift {number} of terminal A1");
    assert!(told.contains(&("fact.state", &stated)), "{told:?}");
    assert!(told.contains(&("fact.withdraw", &format!("clock_shift {number}"))), "{told:?}");
}

#[test]
fn a_clock_that_was_an_hour_off_moves_days_that_were_judged_and_a_preview_counts_them() {
    let (from, to) = (time("2026-02-16 00:00:00"), time("2026-02-20 23:59:59"));
    let by = SignedDuration::from_hours(1);
    let (right, mended) = (of(&log()), of(&printed_wrongly(&log(), (from, to), by)));
    assert_ne!(mended.files()[..2], right.files()[..2]);
    let wrong = ClockShift::new(from - by, to - by, by).unwrap();
    let preview = mended.hub.preview_shift("A1", wrong).unwrap();
    assert_eq!((preview.days, preview.held), (10, 0));
    shift(&mended, wrong);
    assert_eq!(mended.files()[..2], right.files()[..2]);
}

#[test]
fn two_shifts_of_one_terminal_share_no_printed_time() {
    let (lines, wrong) = reset();
    let house = of(&lines);
    shift(&house, wrong);
    let hour = SignedDuration::from_hours(1);
    let told = refusal(&house, ClockShift::new(wrong.to, wrong.to + hour, hour).unwrap());
    let number = in_force(&house)[0];
    assert!(told.contains("has a shift of these printed times already"), "{told}");
    assert!(told.contains(&format!("`punchclock fact withdraw {number} --reason ...`")), "{told}");
    let told = refusal(&house, ClockShift { by_seconds: 7, ..wrong });
    assert!(told.contains("already"), "{told}");

    let beside = ClockShift::new(wrong.to + SignedDuration::from_secs(1), wrong.to + hour, hour).unwrap();
    assert_eq!(shift(&house, beside), Became::New);
    house.register("B2", "Asia/Manila");
    let elsewhere = house.hub.shift_clock(&clerk(), "B2", wrong, "it, too", now()).unwrap().0;
    assert_eq!(elsewhere, Became::New, "another terminal has a clock of its own");
    assert_eq!(in_force(&house).len(), 3);
}

#[test]
fn what_can_not_be_a_shift_is_refused_and_says_why() {
    let house = of(&log());
    let (from, to, hour) = (time("2026-02-16 00:00:00"), time("2026-02-17 00:00:00"), SignedDuration::from_hours(1));
    let refused = |from, to, by| ClockShift::new(from, to, by).unwrap_err().to_string();
    assert!(refused(to, from, hour).contains("give the earlier printed time first"));
    assert!(refused(from, to, SignedDuration::ZERO).contains("moves nothing"));
    assert!(refused(from, to, hour * 100_000_000).contains("leaves the calendar"));
    let wrong = ClockShift::new(from, to, hour).unwrap();
    let told = house.hub.shift_clock(&clerk(), "A1", wrong, " ", now()).unwrap_err().to_string();
    assert!(told.contains("with a reason"), "{told}");
    let told = house.hub.shift_clock(&clerk(), "Z9", wrong, "why", now()).unwrap_err().to_string();
    assert!(told.contains("terminal with serial Z9"), "{told}");
    let whom = Whom::Employee("12".to_owned());
    let told = house.hub.state(&clerk(), &whom, &Stated::ClockShift(wrong), "why", now()).unwrap_err().to_string();
    assert!(told.contains("can't be stated of employee 12"), "{told}");
    assert!(in_force(&house).is_empty());
}

#[test]
fn a_shift_in_calendar_units_counts_from_its_first_printed_time() {
    let (from, to) = (time("2000-01-01 00:12:00"), time("2000-02-01 00:00:00"));
    let by = jiff::Span::new().years(26).months(2).days(1).hours(7);
    let shift = ClockShift::of_span(from, to, by).unwrap();
    assert_eq!(from + SignedDuration::from_secs(shift.by_seconds), time("2026-03-02 07:12:00"));
    assert_eq!(shift.to_string(), "printed 2000-01-01 00:12:00 to 2000-02-01 00:00:00: +9557d 7h");
    let back = ClockShift::of_span(from, to, jiff::Span::new().minutes(-20)).unwrap();
    assert!(back.to_string().ends_with(": -20m"), "{back}");
}

#[test]
fn a_time_that_was_stated_of_a_single_punch_stays() {
    let (lines, wrong) = reset();
    let house = of(&lines);
    let group = house.hub.held().unwrap().remove(0);
    let punch = house.hub.held_punches(group.reason, &group.origin, &group.user, 0).unwrap().remove(0);
    let (fingerprint, printed) = (punch.fingerprint, Some("2026-02-16 09:00:00".to_owned()));
    house.hub.cure(&clerk(), &Cure::State { fingerprint, user: None, printed }, now()).unwrap();
    let all = lines.iter().filter(|line| line.contains("\t2000-")).count() as u64;
    assert_eq!(house.hub.preview_shift("A1", wrong).unwrap().punches, all - 1);
    shift(&house, wrong);
    let rows = house.hub.punches(&hub::view::PunchFilter::default()).unwrap().rows;
    let row = rows.into_iter().find(|row| row.fingerprint == fingerprint).unwrap();
    assert_eq!(row.at.unwrap(), "2026-02-16T09:00:00+08:00".parse().unwrap());
}

#[test]
fn a_kill_between_a_shift_and_its_punches_only_delays_them() {
    let (lines, wrong) = reset();
    let (right, mended) = (of(&log()), of(&lines));
    // As far as a process comes that dies after the commit of the fact.
    mended.hub.state(&clerk(), &Whom::Terminal("A1".to_owned()), &Stated::ClockShift(wrong), "why", now()).unwrap();
    assert!(!mended.hub.held().unwrap().is_empty());
    assert_eq!(mended.files()[..2], right.files()[..2]);
}

#[test]
fn a_locked_day_stays_and_the_difference_is_a_delta() {
    let (lines, wrong) = reset();
    let house = of(&lines);
    house.derive();
    assert_eq!(house.hub.lock(&clerk(), FEBRUARY, Some("it is pay day"), now()).unwrap(), Locking::Locked);
    let days = |house: &House| {
        let rows = house.hub.days(&DayFilter::default()).unwrap().rows;
        rows.iter().map(|row| format!("{} {:?}", row.code, row.record)).collect::<Vec<_>>()
    };
    let locked = days(&house);
    shift(&house, wrong);
    house.derive();
    assert_eq!(days(&house), locked);
    assert_eq!(house.hub.deltas(FEBRUARY).unwrap().len(), 10);
    house.hub.withdraw(&clerk(), in_force(&house)[0], "it was not so", now()).unwrap();
    house.derive();
    assert!(house.hub.deltas(FEBRUARY).unwrap().is_empty());
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PUNCHCLOCK_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(8), max_shrink_iters: 100, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// In whatever order punches, a shift and its withdrawal come, and on both roads, the end is the same.
    #[test]
    fn the_order_in_which_punches_and_a_shift_come_does_not_matter(
        first in 2_i64..25,
        lasts in 1_i64..12,
        by_minutes in prop_oneof![-3000_i64..-1, 1_i64..3000, Just(13_000_000_i64)],
        shuffled in Just((0..log().len()).collect::<Vec<_>>()).prop_shuffle(),
        before in 0_usize..160,
    ) {
        let from = time("2026-02-01 00:00:00") + SignedDuration::from_hours(24 * first);
        let (to, by) = (from + SignedDuration::from_hours(24 * lasts), SignedDuration::from_mins(by_minutes));
        let lines = printed_wrongly(&log(), (from, to), by);
        let wrong = ClockShift::new(from - by, to - by, by).unwrap();
        let shuffled: Vec<String> = shuffled.iter().map(|place| lines[*place].clone()).collect();
        let (early, late) = shuffled.split_at(before.min(shuffled.len()));

        let plain = of(&lines);
        let straight = of(&lines);
        shift(&straight, wrong);
        let mixed = of(early);
        mixed.derive();
        shift(&mixed, wrong);
        let texts: Vec<&str> = late.iter().map(String::as_str).collect();
        mixed.hub.ingest(&mixed.batch("A1", &texts, 1), now()).unwrap();
        // The roads differ, which the list of punches tells.
        prop_assert_eq!(&mixed.files()[..2], &straight.files()[..2]);
        let held = |house: &House| house.hub.held().unwrap().iter().map(|group| group.count).sum::<u64>();
        prop_assert_eq!(held(&mixed), held(&straight));

        for house in [&mixed, &straight] {
            house.hub.withdraw(&clerk(), in_force(house)[0], "it was right", now()).unwrap();
        }
        prop_assert_eq!(straight.files(), plain.files());
        prop_assert_eq!(&mixed.files()[..2], &plain.files()[..2]);
    }
}
