//! How readings of terminals ended, as edges tell it.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use std::time::Duration;

use house::{House, house, now};
use hub::{PollFilter, PollRow};
use jiff::{SignedDuration, Timestamp};
use link::{EdgeClock, Health, Heartbeat, Poll, PollOutcome};

const MINUTE_US: i64 = 60_000_000;

/// A reading that began so many minutes ago.
fn poll(serial: &str, minutes_ago: i64, outcome: PollOutcome) -> Poll {
    let (serial, began_us) = (serial.to_owned(), now().as_microsecond() - minutes_ago * MINUTE_US);
    let is_whole = outcome == PollOutcome::Whole;
    let says = if is_whole { "" } else { "10.0.0.9:4370 did not answer in time; check" }.to_owned();
    Poll { serial, began_us, took_ms: 1500, outcome, says, records: is_whole.then_some(40), new: is_whole.then_some(3) }
}

fn tell(house: &House, polls: Vec<Poll>) {
    let beat = Heartbeat { edge: "branch".into(), now_us: now().as_microsecond(), polls, ..Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
}

fn list(house: &House, serial: Option<&str>) -> Vec<PollRow> {
    let filter = PollFilter { serial: serial.map(str::to_owned), ..PollFilter::default() };
    let list = house.hub.polls(&filter).unwrap();
    assert_eq!(list.total, list.rows.len() as u64);
    list.rows
}

#[test]
fn each_reading_is_noted_once_however_often_it_is_told() {
    let house = house();
    house.register("A1", "Asia/Manila");
    house.register("B1", "Asia/Manila");
    tell(&house, vec![poll("A1", 30, PollOutcome::Failed), poll("A1", 15, PollOutcome::Whole)]);
    tell(
        &house,
        vec![poll("A1", 15, PollOutcome::Whole), poll("B1", 5, PollOutcome::Whole), poll("X9", 1, PollOutcome::Whole)],
    );
    let told: Vec<_> = list(&house, None).into_iter().map(|row| (row.serial, row.outcome, row.edge)).collect();
    let by = || Some("branch".to_owned());
    let expected = [("B1", PollOutcome::Whole), ("A1", PollOutcome::Whole), ("A1", PollOutcome::Failed)];
    assert_eq!(
        told,
        expected.map(|(serial, outcome)| (serial.to_owned(), outcome, by())),
        "of a stranger nothing is noted"
    );
    let rows = list(&house, Some("A1"));
    assert_eq!((rows[0].took, rows[0].records, rows[0].new), (Duration::from_millis(1500), Some(40), Some(3)));
    assert_eq!((rows[1].records, rows[1].says.as_str()), (None, "10.0.0.9:4370 did not answer in time; check"));
    let meters = house.hub.poll_meters().map(|(outcome, meter)| (outcome, meter.readings, meter.took.as_millis()));
    let expected = [(PollOutcome::Whole, 2, 3000), (PollOutcome::Partial, 0, 0), (PollOutcome::Failed, 1, 1500)];
    assert_eq!(meters, expected, "what is told again is not counted again");

    house.hub.note_poll(&poll("B1", 0, PollOutcome::Partial), now()).unwrap();
    let by_hand = &list(&house, Some("B1"))[0];
    assert_eq!((by_hand.outcome, by_hand.edge.clone()), (PollOutcome::Partial, None));
}

#[test]
fn of_each_terminal_the_last_hundred_stay() {
    let house = house();
    house.register("A1", "Asia/Manila");
    house.register("B1", "Asia/Manila");
    tell(&house, vec![poll("B1", 500, PollOutcome::Whole)]);
    for minutes_ago in (1..=130).rev() {
        tell(&house, vec![poll("A1", minutes_ago, PollOutcome::Whole)]);
    }
    let (a1, b1) = (list(&house, Some("A1")), list(&house, Some("B1")));
    assert_eq!((a1.len(), b1.len()), (100, 1));
    let oldest = a1.last().unwrap().began.as_microsecond();
    assert_eq!(oldest, now().as_microsecond() - 100 * MINUTE_US);
    // One that is told late and began before them is not kept in the place of a younger one.
    tell(&house, vec![poll("A1", 200, PollOutcome::Failed)]);
    assert_eq!(list(&house, Some("A1")), a1);
}

#[test]
fn a_clock_of_an_edge_that_is_ahead_makes_no_reading_of_tomorrow() {
    let house = house();
    house.register("A1", "Asia/Manila");
    tell(&house, vec![poll("A1", -60 * 24, PollOutcome::Whole)]);
    assert_eq!(list(&house, None)[0].began, now());
}

#[test]
fn readings_of_a_clock_that_jumped_ahead_all_began_now_and_the_last_hundred_stay() {
    let house = house();
    house.register("A1", "Asia/Manila");
    tell(&house, (0..130).map(|minutes| poll("A1", minutes - 60 * 24, PollOutcome::Whole)).collect());
    assert_eq!(list(&house, Some("A1")).len(), 100);
    // The youngest by that clock is one of them.
    let youngest = poll("A1", -60 * 24, PollOutcome::Whole);
    house.hub.note_poll(&youngest, now()).unwrap();
    assert_eq!(house.hub.poll_meters()[0].1.readings, 130, "it is known");
    assert!(list(&house, Some("A1")).iter().all(|row| row.began == now()));
}

/// What an edge tells whose clock is a day ahead, as far as it knows, `later` seconds from now.
fn a_day_ahead(polls: Vec<Poll>, later: i64) -> (Heartbeat, Timestamp) {
    let at = now().saturating_add(SignedDuration::from_secs(later)).unwrap();
    // No two comparisons with the hub find the very same.
    let offset_us = Some(60 * 24 * MINUTE_US + later);
    let clock = EdgeClock { is_right: false, is_synchronised: false, offset_us };
    let health = Health { clock: Some(clock), ..Health::default() };
    let now_us = at.as_microsecond() + 60 * 24 * MINUTE_US;
    (Heartbeat { edge: "branch".into(), now_us, polls, health: Some(health), ..Heartbeat::default() }, at)
}

#[test]
fn a_reading_that_is_told_again_by_a_wrong_clock_is_noted_once() {
    let house = house();
    house.register("A1", "Asia/Manila");
    let (known, unknown) = (poll("A1", 30 - 60 * 24, PollOutcome::Whole), poll("A1", -60 * 24, PollOutcome::Failed));
    for later in [0, 5, 60] {
        let (beat, at) = a_day_ahead(vec![known.clone()], later);
        house.hub.heartbeat(&beat, at).unwrap();
        // An older edge tells nothing of its clock.
        let beat = Heartbeat { health: None, polls: vec![unknown.clone()], ..beat };
        house.hub.heartbeat(&beat, at).unwrap();
    }
    let began: Vec<_> = list(&house, None).into_iter().map(|row| (row.began, row.outcome)).collect();
    let half_an_hour_ago = now().saturating_sub(SignedDuration::from_mins(30)).unwrap();
    assert_eq!(began, [(now(), PollOutcome::Failed), (half_an_hour_ago, PollOutcome::Whole)]);
    assert_eq!(house.hub.poll_meters().map(|(_, meter)| meter.readings), [1, 0, 1]);
}
