//! Terminals in the registry: where they are.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;

use attendance::punch::{PrintedTime, RawPunch};
use house::{House, clerk, house, now};
use hub::{NewTerminal, Poll};
use link::{Contact, Heartbeat, Moved};

/// What an edge tells that found a terminal elsewhere.
fn found(serial: &str, from: &str, to: &str) -> Heartbeat {
    let moved = Some(Moved { from: from.to_owned(), to: to.parse().unwrap() });
    let contact = Contact { serial: serial.to_owned(), moved, ..Contact::default() };
    Heartbeat { edge: "branch".to_owned(), terminals: vec![contact], ..Heartbeat::default() }
}

fn at(house: &House, serial: &str, address: &str) {
    let new = NewTerminal { serial: serial.to_owned(), address: Some(address.to_owned()), ..NewTerminal::default() };
    house.hub.add_terminal(&clerk(), &new, now()).unwrap();
}

fn address(house: &House, serial: &str) -> Option<String> {
    house.hub.terminals().unwrap().into_iter().find(|row| row.serial == serial).unwrap().address
}

#[test]
fn a_terminal_that_moved_is_registered_where_it_was_found_and_the_audit_says_so() {
    let house = house();
    at(&house, "A1", "10.0.0.9");
    let orders = house.hub.heartbeat(&found("A1", "10.0.0.9", "10.0.0.12:4370"), now()).unwrap();
    assert_eq!(orders.terminals[0].address.as_deref(), Some("10.0.0.12:4370"), "every edge polls it there");
    assert_eq!(address(&house, "A1").as_deref(), Some("10.0.0.12:4370"));
    let entry = house.hub.audit(1).unwrap().remove(0);
    assert_eq!(
        (entry.actor.as_str(), entry.action.as_str(), entry.object.as_str()),
        ("edge:branch", "terminal.move", "A1")
    );
    assert!(entry.detail.starts_with("from 10.0.0.9 to 10.0.0.12:4370"), "{}", entry.detail);
}

/// A sign of life of an edge that heard of these terminals so many minutes ago; the serials that it is told of.
fn told(house: &House, edge: &str, heard: &[&str], minutes_ago: i64) -> Vec<String> {
    let at = now().checked_sub(jiff::SignedDuration::from_mins(minutes_ago)).unwrap();
    let contact = |serial: &&str| Contact {
        serial: (*serial).to_owned(),
        last_contact_us: Some(at.as_microsecond()),
        ..Contact::default()
    };
    let terminals = heard.iter().map(contact).collect();
    let beat = Heartbeat { edge: edge.to_owned(), now_us: now().as_microsecond(), terminals, ..Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap().terminals.into_iter().map(|terminal| terminal.serial).collect()
}

#[test]
fn an_edge_is_told_of_the_terminals_that_it_sees_and_of_those_that_nobody_has_seen() {
    let house = house();
    for serial in ["A1", "B1", "NEW1"] {
        at(&house, serial, "192.168.1.201");
    }
    assert_eq!(told(&house, "north", &[], 0), ["A1", "B1", "NEW1"], "each may be the one that reaches it");
    assert_eq!(told(&house, "north", &["A1"], 0), ["A1", "B1", "NEW1"]);
    assert_eq!(told(&house, "south", &["B1"], 0), ["B1", "NEW1"]);
    assert_eq!(told(&house, "north", &[], 0), ["A1", "NEW1"]);
    // One that was carried elsewhere is heard of there.
    assert_eq!(told(&house, "south", &["A1"], 0), ["A1", "B1", "NEW1"]);
    assert_eq!(told(&house, "north", &[], 0), ["NEW1"]);
    assert_eq!(told(&house, "north", &["A1"], 30), ["NEW1"], "news of before it was carried away");
    // One that is only read is looked for where a person says that it is.
    at(&house, "B1", "192.168.7.201");
    assert_eq!(told(&house, "north", &[], 0), ["B1", "NEW1"]);
    // Or by the edge that a person names.
    let new =
        |edge: &str| NewTerminal { serial: "B1".to_owned(), edge: Some(edge.to_owned()), ..NewTerminal::default() };
    house.hub.add_terminal(&clerk(), &new("south"), now()).unwrap();
    assert_eq!(told(&house, "north", &[], 0), ["NEW1"]);
    assert_eq!(told(&house, "south", &[], 0), ["A1", "B1", "NEW1"]);
    let refused = house.hub.add_terminal(&clerk(), &new("sough"), now()).unwrap_err().to_string();
    assert!(refused.contains("no edge sough") && refused.contains("edge invite"), "{refused}");
}

#[test]
fn a_terminal_is_read_by_a_schedule_of_its_own_until_it_has_none_again() {
    let house = house();
    at(&house, "A1", "10.0.0.9");
    let set = |via, poll_minutes| {
        let serial = "A1".to_owned();
        let new = NewTerminal { serial, via, poll_minutes: Some(poll_minutes), ..NewTerminal::default() };
        house.hub.add_terminal(&clerk(), &new, now()).map(drop)
    };
    let told = || {
        let beat = Heartbeat { edge: "branch".to_owned(), ..Heartbeat::default() };
        house.hub.heartbeat(&beat, now()).unwrap().terminals[0].poll_every_s
    };
    let refused = set(None, 5).unwrap_err().to_string();
    assert!(refused.contains("A1 only pushes") && refused.contains("--via both"), "{refused}");
    set(Some(link::Via::Poll), 5).unwrap();
    assert_eq!((told(), house.hub.terminals().unwrap()[0].poll_minutes), (Some(300), Some(5)));
    assert!(house.hub.audit(1).unwrap()[0].detail.ends_with("read every 5 minutes"));
    at(&house, "A1", "10.0.0.10");
    assert_eq!(told(), Some(300), "what is not given stays");
    let refused = set(None, 1441).unwrap_err().to_string();
    assert!(refused.contains("(a day)"), "{refused}");
    set(None, 0).unwrap();
    assert_eq!(told(), None);
}

#[test]
fn an_address_that_a_person_has_changed_meanwhile_stays() {
    let house = house();
    at(&house, "A1", "10.0.0.9");
    at(&house, "A1", "10.0.0.77");
    let entries = house.hub.audit(100).unwrap().len();
    house.hub.heartbeat(&found("A1", "10.0.0.9", "10.0.0.12:4370"), now()).unwrap();
    assert_eq!(address(&house, "A1").as_deref(), Some("10.0.0.77"));
    let moved = Moved { from: "10.0.0.9".to_owned(), to: "10.0.0.12:4370".parse().unwrap() };
    assert!(!house.hub.move_terminal(&clerk(), "NOBODY", &moved, now()).unwrap());
    assert_eq!(house.hub.audit(100).unwrap().len(), entries);
}

/// Old units name a slot in their records; read by the table of the day, a record could go to somebody who did not make it.
#[test]
fn a_record_that_names_a_slot_keeps_the_number_that_the_hub_has_for_it() {
    let house = house();
    at(&house, "OLD1", "10.0.0.9");
    let time = PrintedTime::parse("2026-03-02 08:00:00");
    let record = |user: &str, original: &[u8]| RawPunch {
        user: user.to_owned(),
        time: time.clone(),
        ..RawPunch::unreadable("OLD1", original)
    };
    let read =
        |names_slots, punches| house.hub.take_poll("OLD1", &Poll { punches, names_slots, ..Poll::default() }, now());
    read(true, vec![record("101", b"\x07\x00rest-a")]).unwrap();
    let again = read(true, vec![record("205", b"\x07\x00rest-a"), record("205", b"\x09\x00rest-b")]).unwrap();
    assert_eq!((again.known, again.held), (1, 1), "the other one is of another slot");
    let of_a_slot = [record("", b"\x07\x00rest-a"), record("", b"\x08\x00rest-a")];
    assert_eq!(house.hub.holds(&of_a_slot).unwrap(), [true, false], "known by their bytes");
    let by_number = read(false, vec![record("300", b"\x07\x00rest-a")]).unwrap();
    assert_eq!(by_number.held, 1, "records with a number are who they say they are");
}

#[test]
fn what_is_stored_is_held_also_while_it_waits_for_a_cure() {
    let house = house();
    at(&house, "A1", "10.0.0.9");
    let punch = |user: &str, time: &[u8]| RawPunch {
        user: user.to_owned(),
        time: PrintedTime::Raw(time.to_vec()),
        ..RawPunch::unreadable("A1", time)
    };
    let (no_date, other) = (punch("5349", b"2026-02-31 08:00:00"), punch("5349", b"2026-02-31 08:00:01"));
    let poll = Poll { punches: vec![no_date.clone()], ..Poll::default() };
    assert_eq!(house.hub.take_poll("A1", &poll, now()).unwrap().held, 1);
    assert_eq!(house.hub.holds(&[no_date.clone(), other]).unwrap(), [true, false]);
    let of_a_slot = RawPunch { user: String::new(), ..no_date };
    assert_eq!(house.hub.holds(&[of_a_slot]).unwrap(), [true]);
}
