//! The calendar of an employee as a feed: what is told, to whom, and for how long.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use std::collections::BTreeMap;

use attendance::{Policies, Policy};
use house::{House, clerk, house, log, now};
use hub::{Company, Stated, Whom, Whose};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

/// Somebody's Wednesday, 2026-03-04.
const LIVED: [&str; 2] = ["12\t2026-03-04 07:50:00\t1\t0\t1\t0", "12\t2026-03-04 18:00:00\t1\t0\t1\t0"];

/// The events of a feed by their date: the lines of each, unfolded.
type Events = BTreeMap<String, Vec<String>>;

fn events(text: &str) -> Events {
    let unfolded = text.replace("\r\n ", "");
    let events = unfolded.split("BEGIN:VEVENT\r\n").skip(1).map(|event| {
        let lines: Vec<String> = event.lines().take_while(|line| *line != "END:VEVENT").map(str::to_owned).collect();
        let uid = lines.iter().find_map(|line| line.strip_prefix("UID:")).unwrap();
        (uid[..10].to_owned(), lines)
    });
    events.collect()
}

fn has(events: &Events, date: &str, line: &str) -> bool {
    events.get(date).is_some_and(|lines| lines.iter().any(|told| told == line))
}

/// What stands after a key in the event of a date.
fn of(events: &Events, date: &str, key: &str) -> String {
    events[date].iter().find_map(|line| line.strip_prefix(key).map(str::to_owned)).unwrap()
}

fn sequence(events: &Events, date: &str) -> u32 {
    of(events, date, "SEQUENCE:").parse().unwrap()
}

fn open(house: &House, code: &str, random: u8) -> String {
    house.hub.open_calendar(&clerk(), code, [random; 32], now()).unwrap()
}

fn state(house: &House, whom: &Whom, stated: &Stated) {
    house.hub.state(&clerk(), whom, stated, "a secret reason", now()).unwrap();
}

fn leave(body: Value) -> Stated {
    Stated::Leave(serde_json::from_value(body).unwrap())
}

fn told(house: &House, token: &str, now: Timestamp) -> String {
    house.hub.calendar(token, now).unwrap().unwrap().text
}

fn plan(house: &House, now: Timestamp) {
    let dates = ("2026-03-01".parse().unwrap(), "2026-04-30".parse().unwrap());
    house.hub.generate_plan(&clerk(), &Whose::default(), dates, now, |_, _| {}).unwrap();
}

#[test]
fn plans_leave_holidays_and_judged_days_are_told_and_no_reason() {
    let house = house();
    house.import(&log(), true);
    let twelve = Whom::Employee("12".to_owned());
    state(&house, &twelve, &leave(json!({"date": "2026-03-16", "part": "full", "reason": "ill"})));
    let friday = json!({"date": "2026-04-03", "name": "Good Friday"});
    state(&house, &Whom::Company, &Stated::Holiday(serde_json::from_value(friday).unwrap()));
    house.derive();
    plan(&house, now());
    let token = open(&house, "12", 1);
    let text = told(&house, &token, now());
    let told = events(&text);
    assert!(has(&told, "2026-02-03", "SUMMARY:Worked 9:03"), "{:?}", told.get("2026-02-03"));
    assert!(has(&told, "2026-02-03", "DTSTART:20260202T235300Z"), "07:53 in Manila");
    assert!(has(&told, "2026-03-17", "SUMMARY:Shift DEFAULT") && has(&told, "2026-03-17", "DTSTART:20260317T000000Z"));
    assert!(has(&told, "2026-03-16", "SUMMARY:Leave") && has(&told, "2026-03-16", "DTSTART;VALUE=DATE:20260316"));
    assert!(has(&told, "2026-04-03", "SUMMARY:Good Friday"), "{:?}", told.get("2026-04-03"));
    assert!(!told.contains_key("2026-02-07"), "a free Saturday is no event");
    assert!(!text.contains("secret") && !text.contains("ill"), "{text}");
    assert_eq!(text, self::told(&house, &token, now()), "the same bytes until something changes");
}

#[test]
fn a_plan_that_was_lived_through_is_the_same_event_with_a_higher_sequence_number() {
    let house = house();
    house.import(&log(), true);
    plan(&house, now());
    let token = open(&house, "12", 1);
    let before = events(&told(&house, &token, now()));
    let later = now() + 26.hours();
    house.hub.ingest(&house.batch("A1", &LIVED, 1), later).unwrap();
    house.hub.derive_all(later, |_| {}).unwrap();
    let modified = house.hub.calendar(&token, now()).unwrap().unwrap().modified;
    let after = events(&told(&house, &token, later));
    let of = |events: &Events, key: &str| of(events, "2026-03-04", key);
    assert_eq!((of(&before, "SUMMARY:"), of(&after, "SUMMARY:")), ("Shift DEFAULT".into(), "Worked 9:00".into()));
    assert_eq!(of(&before, "UID:"), of(&after, "UID:"));
    assert!(sequence(&after, "2026-03-04") > sequence(&before, "2026-03-04"));
    assert!(modified <= later && modified >= now());
}

#[test]
fn a_day_that_is_not_judged_any_more_is_a_plan_again_with_a_higher_sequence_number() {
    let house = house();
    house.import(&log(), true);
    plan(&house, now());
    let token = open(&house, "12", 1);
    let derived_at = |now: Timestamp| {
        house.hub.derive_all(now, |_| {}).unwrap();
        events(&told(&house, &token, now))
    };
    let (judged_at, changed_at) = (now() + 26.hours(), now() + 27.hours());
    house.hub.ingest(&house.batch("A1", &LIVED, 1), judged_at).unwrap();
    let judged = derived_at(judged_at);
    let policies = Policies::from(Policy { settle_delay: 1440, ..Policy::default() });
    let company = Company { policies, ..house.hub.company().unwrap() };
    house.hub.set_company(&clerk(), &company, changed_at).unwrap();
    let waits = derived_at(changed_at);
    let of = |events: &Events, key: &str| of(events, "2026-03-04", key);
    assert_eq!((of(&judged, "SUMMARY:"), of(&waits, "SUMMARY:")), ("Worked 9:00".into(), "Shift DEFAULT".into()));
    assert!(sequence(&waits, "2026-03-04") > sequence(&judged, "2026-03-04"));
}

#[test]
fn a_date_that_begins_changes_what_is_told_and_when_it_changed() {
    let house = house();
    house.import(&log(), true);
    house.derive();
    plan(&house, now());
    let token = open(&house, "12", 1);
    let feed = |now: Timestamp| house.hub.calendar(&token, now).unwrap().unwrap();
    let (today, still_today, later) = (feed(now()), feed(now() + 11.hours()), feed(now() + (24 * 40).hours()));
    assert_eq!(today, still_today);
    assert!(!later.text.contains("UID:2026-02-03") && today.text.contains("UID:2026-02-03"));
    assert_eq!(later.modified, "2026-04-13T00:00:00+08:00".parse().unwrap());
}

#[test]
fn an_address_opens_one_calendar_and_nothing_else_until_it_is_closed_or_made_anew() {
    let house = house();
    house.import(&log(), true);
    house.derive();
    let first = open(&house, "12", 1);
    assert!(house.hub.bearer(&first, now()).unwrap().is_none(), "it is no token of the interface");
    assert!(house.hub.calendar("pc_made_up", now()).unwrap().is_none());
    let program = house.hub.token_create(&clerk(), "reports", hub::TokenKind::Api, [9; 32], now()).unwrap();
    assert!(house.hub.calendar(&program, now()).unwrap().is_none(), "a token of the interface opens no calendar");
    let second = open(&house, "12", 2);
    assert!(house.hub.calendar(&first, now()).unwrap().is_none(), "the new one closes the one before");
    let other = open(&house, "0012", 3);
    assert_ne!(told(&house, &second, now()), told(&house, &other, now()));
    house.hub.close_calendar(&clerk(), "12", now()).unwrap();
    assert!(house.hub.calendar(&second, now()).unwrap().is_none());
    assert_eq!(house.hub.calendar_since("12").unwrap(), None);
    assert!(house.hub.close_calendar(&clerk(), "12", now()).unwrap_err().to_string().contains("open calendar"));
    let audit = house.hub.audit(20).unwrap();
    let deeds: Vec<&str> =
        audit.iter().map(|entry| entry.action.as_str()).filter(|one| one.starts_with("calendar")).collect();
    assert_eq!(deeds, ["calendar.close", "calendar.open", "calendar.open", "calendar.open"]);
    let words = [first, second, other].map(|token| token[3..].to_owned());
    assert!(!audit.iter().any(|entry| words.iter().any(|word| entry.detail.contains(word))), "{audit:?}");
}

#[test]
fn the_calendar_of_somebody_who_is_merged_is_that_of_the_other() {
    let house = house();
    house.import(&log(), true);
    let (gone, stays) = (open(&house, "0012", 1), open(&house, "12", 2));
    house.hub.merge_employees(&clerk(), ("0012", "12"), "the same passport", now()).unwrap();
    house.derive();
    assert_eq!(told(&house, &gone, now()), told(&house, &stays, now()));
}
