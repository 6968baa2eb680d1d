//! One person was on the list twice; one counts as the other, and that can be taken back.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, log, now};
use hub::view::{DayFilter, PunchFilter};
use hub::{Locking, Stated, Whom};
use jiff::civil::Date;
use proptest::prelude::*;
use serde_json::json;

const FEBRUARY: (Date, Date) = (Date::constant(2026, 2, 1), Date::constant(2026, 2, 28));

/// 12 and 0012 are one person, whose number changed in the middle of the month.
fn two() -> House {
    let house = house();
    house.import(&log(), true);
    house
}

fn merge(house: &House, from: &str, into: &str) {
    house.hub.merge_employees(&clerk(), (from, into), "the same passport", now()).unwrap();
}

fn leave(house: &House, code: &str, date: &str) {
    let leave = serde_json::from_value(json!({"date": date, "part": "full"})).unwrap();
    house.hub.state(&clerk(), &Whom::Employee(code.to_owned()), &Stated::Leave(leave), "ill", now()).unwrap();
}

fn codes(house: &House) -> Vec<String> {
    let rows = house.hub.days(&DayFilter::default()).unwrap().rows;
    let mut codes: Vec<String> = rows.into_iter().map(|row| row.code).collect();
    codes.sort();
    codes.dedup();
    codes
}

#[test]
fn the_days_of_two_who_are_merged_are_those_of_one_who_had_both_numbers() {
    let house = two();
    leave(&house, "0012", "2026-02-14");
    house.derive();
    merge(&house, "0012", "12");
    let one = self::house();
    one.register("A1", "Asia/Manila");
    one.hub.import_employees(&clerk(), b"code,numbers\n12,12 0012\n", false, now()).unwrap();
    one.import(&log(), false);
    leave(&one, "12", "2026-02-14");
    assert_eq!(house.files()[..2], one.files()[..2]);
    assert_eq!(codes(&house), ["12"], "whoever counts as another one has no days");
    let rows = house.hub.employees(now()).unwrap();
    assert_eq!(rows[0].merged_into.as_deref(), Some("12"));
    // Punches that come later count as well.
    let line = "0012\t2026-03-02 08:00:00\t1\t0\t1\t0".to_owned();
    house.import(std::slice::from_ref(&line), false);
    one.import(&[line], false);
    assert_eq!(house.files()[..2], one.files()[..2]);
}

#[test]
fn what_is_withdrawn_after_a_merge_moves_the_days_of_the_one_who_stays() {
    let house = two();
    leave(&house, "0012", "2026-02-14");
    merge(&house, "0012", "12");
    house.derive();
    let number = house.hub.in_force("leave", Date::MIN, Date::MAX).unwrap()[0].number;
    house.hub.withdraw(&clerk(), number, "was not ill", now()).unwrap();
    let other = two();
    merge(&other, "0012", "12");
    assert_eq!(house.files(), other.files());
    let leave = serde_json::from_value(json!({"date": "2026-02-14", "part": "full"})).unwrap();
    let told = house.hub.state(&clerk(), &Whom::Employee("0012".to_owned()), &Stated::Leave(leave), "ill", now());
    assert!(told.unwrap_err().to_string().contains("counts as employee 12; state it of employee 12"));
}

#[test]
fn what_can_not_be_merged_is_refused_and_changes_nothing() {
    let house = two();
    house.import(&["7\t2026-02-10 08:00:00\t1\t0\t1\t0".to_owned()], true);
    merge(&house, "0012", "12");
    let before = house.files();
    let refused = |from: &str, into: &str, reason: &str| {
        house.hub.merge_employees(&clerk(), (from, into), reason, now()).unwrap_err().to_string()
    };
    assert!(refused("7", "12", " ").contains("with a reason"));
    assert!(refused("7", "7", "why").contains("name two employees"));
    assert!(refused("7", "99", "why").contains("no employee with code 99"));
    assert!(refused("0012", "7", "why").contains("employee 0012 counts as employee 12 already"));
    assert!(refused("7", "0012", "why").contains("merge employee 12, or take it back first"));
    assert!(refused("12", "7", "why").contains("employee 0012 counts as employee 12; take that back first"));
    let told = house.hub.unmerge_employee(&clerk(), "7", "why", now()).unwrap_err().to_string();
    assert!(told.contains("merge of employee 7"), "{told}");
    assert_eq!(house.files(), before);
}

#[test]
fn a_locked_day_of_either_stays_and_the_difference_is_a_delta() {
    let house = two();
    house.derive();
    assert_eq!(house.hub.lock(&clerk(), FEBRUARY, Some("it is pay day"), now()).unwrap(), Locking::Locked);
    merge(&house, "0012", "12");
    house.derive();
    assert_eq!(codes(&house), ["0012", "12"], "what was paid stays");
    assert!(!house.hub.deltas(FEBRUARY).unwrap().is_empty());
    house.hub.unmerge_employee(&clerk(), "0012", "they are two", now()).unwrap();
    house.derive();
    assert!(house.hub.deltas(FEBRUARY).unwrap().is_empty());
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PUNCHCLOCK_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(6), max_shrink_iters: 100, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// In whatever order punches, statements, a merge and its withdrawal come, the end is the same.
    #[test]
    fn a_merge_that_is_taken_back_leaves_everything_as_if_it_had_never_been(
        shuffled in Just((0..log().len()).collect::<Vec<_>>()).prop_shuffle(),
        before in 0_usize..160,
        day in 2_u8..28,
        is_derived in any::<bool>(),
        is_reversed in any::<bool>(),
    ) {
        let lines: Vec<String> = shuffled.iter().map(|place| log()[*place].clone()).collect();
        let (early, late) = lines.split_at(before.min(lines.len()));
        let (from, into) = if is_reversed { ("12", "0012") } else { ("0012", "12") };
        let date = format!("2026-02-{day:02}");
        let open = || {
            let house = house();
            house.register("A1", "Asia/Manila");
            let list = b"code,numbers,from\n12,12,2026-02-02\n0012,0012,\n";
            house.hub.import_employees(&clerk(), list, false, now()).unwrap();
            house
        };
        let plain = open();
        plain.import(&lines, false);
        leave(&plain, from, &date);
        let merged_late = open();
        merged_late.import(&lines, false);
        leave(&merged_late, from, &date);
        merge(&merged_late, from, into);

        let mixed = open();
        mixed.import(early, false);
        leave(&mixed, from, &date);
        if is_derived {
            mixed.derive();
        }
        merge(&mixed, from, into);
        mixed.import(late, false);
        prop_assert_eq!(mixed.files(), merged_late.files());
        for house in [&mixed, &merged_late] {
            house.hub.unmerge_employee(&clerk(), from, "they are two", now()).unwrap();
            prop_assert_eq!(house.files(), plain.files());
        }
        let of = |house: &House| house.hub.punches(&PunchFilter::default()).unwrap().total;
        prop_assert_eq!(of(&mixed), of(&plain));
    }
}
