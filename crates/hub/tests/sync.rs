//! Whether terminals know those who should punch there, and what people ask of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, now};
use hub::{NewTerminal, SyncRow, SyncState, SyncWish};
use jiff::Timestamp;
use link::{CommandReport, CommandState, Contact, Heartbeat};

const LIST: &str = "code,name,numbers,from,to\n1001,Ann Reyes,12,,\n1002,Ben Cruz,13,,\n1003,Cora Diaz,14,2020-01-01,2026-02-28\n\
    1004,Dan Lim,cebu/12,,\n1005,Eva Ong,15,2026-04-01,\n";

/// A1 is in the group of all and pushes, C1 is Cebu's and is only polled; Z9 is nobody's yet.
fn workplace() -> House {
    let house = house();
    house.register("A1", "Asia/Manila");
    let cebu = NewTerminal {
        serial: "C1".to_owned(),
        group: Some("cebu".to_owned()),
        via: Some(link::Via::Poll),
        ..NewTerminal::default()
    };
    house.hub.add_terminal(&clerk(), &cebu, now()).unwrap();
    house.hub.import_employees(&clerk(), LIST.as_bytes(), false, now()).unwrap();
    list(&house, "A1", &[("12", "A. Reyes"), ("14", "Cora Diaz"), ("99", "Test")]);
    list(&house, "C1", &[("12", "Dan Lim")]);
    list(&house, "Z9", &[("77", "A Stranger")]);
    house
}

fn list(house: &House, serial: &str, users: &[(&str, &str)]) {
    let users: Vec<(String, String)> =
        users.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned())).collect();
    house.hub.take_users(serial, &users, now()).unwrap();
}

fn told(house: &House, at: Timestamp) -> Vec<String> {
    let told = |row: SyncRow| {
        let asked = if row.asked.is_some() { ", asked" } else { "" };
        format!("{} {} {}{asked}: {}", row.serial, row.user, row.state.word(), row.why)
    };
    house.hub.terminal_sync(at).unwrap().into_iter().map(told).collect()
}

fn send(serial: &str, user: &str) -> SyncWish {
    SyncWish::Send { serial: serial.to_owned(), user: user.to_owned() }
}

fn rename(serial: &str, user: &str) -> SyncWish {
    SyncWish::Rename { serial: serial.to_owned(), user: user.to_owned() }
}

fn remove(serial: &str, user: &str) -> SyncWish {
    SyncWish::Remove { serial: serial.to_owned(), user: user.to_owned() }
}

#[test]
fn each_number_at_each_approved_terminal_has_a_state_and_a_reason() {
    let house = workplace();
    assert_eq!(
        told(&house, now()),
        [
            "A1 12 differs: ",
            "A1 13 to_send: ",
            "A1 14 to_remove: employee 1003 left on 2026-02-28",
            "A1 99 to_remove: the number is nobody's",
            "C1 12 in_step: ",
        ],
        "who starts in April is not sent in March"
    );
    let april = told(&house, "2026-04-01T08:00:00+08:00".parse().unwrap());
    assert!(april.contains(&"A1 15 to_send: ".to_owned()), "{april:?}");
}

#[test]
fn what_a_person_asks_for_is_queued_once_and_the_result_brings_it_in_step() {
    let house = workplace();
    let wishes = [send("A1", "13"), remove("A1", "99"), send("A1", "12"), remove("A1", "12"), send("A1", "14")];
    let asked = house.hub.sync_terminals(&clerk(), &wishes, now()).unwrap();
    assert_eq!(asked.queued, 2);
    let why: Vec<&str> = asked.refused.iter().map(|(_, _, why)| why.as_str()).collect();
    assert!(why[0].contains("is called otherwise there; `punchclock terminal sync A1 --rename 12`"), "{why:?}");
    assert!(why[1].contains("is called otherwise there"), "an employee of today is not removed: {why:?}");
    assert!(why[2].contains("it can only be removed"), "{why:?}");
    let again = house.hub.sync_terminals(&clerk(), &[send("A1", "13")], now()).unwrap();
    assert!(again.refused[0].2.contains("was asked about user 13 already"), "{again:?}");
    assert!(told(&house, now()).contains(&"A1 13 to_send, asked: ".to_owned()));
    assert_eq!(told(&house, now()).len(), 5, "asking alone changes no state");

    let contact = Contact { serial: "A1".into(), last_contact_us: Some(now().as_microsecond()), ..Contact::default() };
    let heard = Heartbeat { edge: "branch".into(), terminals: vec![contact], ..Heartbeat::default() };
    house.hub.heartbeat(&heard, now()).unwrap();
    let orders = house.hub.heartbeat(&heard, now()).unwrap().commands;
    let texts: Vec<String> = orders.iter().map(|order| order.command.to_string()).collect();
    assert_eq!(texts, ["write user 13 (Ben Cruz)", "delete user 99"]);
    let done = |id| CommandReport {
        id,
        state: CommandState::Done,
        at_us: now().as_microsecond(),
        sent_times: 1,
        code: Some(0),
        text: String::new(),
    };
    let reports = orders.iter().map(|order| done(order.id)).collect();
    let beat = Heartbeat { edge: "branch".into(), commands: reports, ..Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
    house.hub.heartbeat(&beat, now()).unwrap();
    assert_eq!(
        told(&house, now()),
        ["A1 12 differs: ", "A1 13 in_step: ", "A1 14 to_remove: employee 1003 left on 2026-02-28", "C1 12 in_step: ",]
    );
}

#[test]
fn a_terminal_that_is_polled_is_brought_in_step_by_the_edge_that_reads_it() {
    let house = workplace();
    let at = NewTerminal { serial: "C1".into(), address: Some("10.0.0.9".into()), ..NewTerminal::default() };
    house.hub.add_terminal(&clerk(), &at, now()).unwrap();
    list(&house, "C1", &[("12", "D. Lim"), ("99", "Test")]);
    let contact = Contact { serial: "C1".into(), last_contact_us: Some(now().as_microsecond()), ..Contact::default() };
    let beat = Heartbeat { edge: "cebu".into(), terminals: vec![contact], ..Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
    let asked = house.hub.sync_terminals(&clerk(), &[rename("C1", "12"), remove("C1", "99")], now()).unwrap();
    assert_eq!((asked.queued, asked.refused), (2, vec![]));
    let again = house.hub.sync_terminals(&clerk(), &[rename("C1", "12"), remove("C1", "99")], now()).unwrap();
    assert_eq!(again.queued, 0);
    assert!(again.refused[0].2.contains("was asked about user 12 already"), "{again:?}");
    assert!(again.refused[1].2.contains("was asked about user 99 already"), "{again:?}");
    assert!(told(&house, now()).contains(&"C1 12 differs, asked: ".to_owned()));
    let orders = house.hub.heartbeat(&beat, now()).unwrap().commands;
    let texts: Vec<String> = orders.iter().map(|order| order.command.to_string()).collect();
    assert_eq!(texts, ["rename user 12 to Dan Lim", "delete user 99"]);

    let report = |id, state, sent_times, text: &str| CommandReport {
        id,
        state,
        at_us: now().as_microsecond(),
        sent_times,
        code: None,
        text: text.to_owned(),
    };
    let tell = |reports| {
        let beat = Heartbeat { edge: "cebu".into(), commands: reports, ..Heartbeat::default() };
        house.hub.heartbeat(&beat, now()).unwrap();
    };
    let id = orders[0].id;
    tell(vec![report(id, CommandState::HandedOver, 1, "10.0.0.9:4370 did not answer in time; check")]);
    let row = house.hub.command(id, now()).unwrap();
    assert_eq!((row.state, row.says()), (CommandState::HandedOver, "10.0.0.9:4370 did not answer in time; check"));
    tell(orders.iter().map(|order| report(order.id, CommandState::Done, 2, "done")).collect());
    let told = told(&house, now());
    assert_eq!(told.into_iter().filter(|row| row.starts_with("C1")).collect::<Vec<_>>(), ["C1 12 in_step: "]);
}

#[test]
fn a_terminal_that_gets_no_commands_says_what_does_it_and_nothing_is_queued() {
    let house = workplace();
    list(&house, "C1", &[]);
    let wishes = [send("C1", "12"), send("X0", "1"), rename("A1", "12")];
    let asked = house.hub.sync_terminals(&clerk(), &wishes, now()).unwrap();
    assert_eq!(asked.queued, 0);
    assert!(
        asked.refused[0].2.contains("terminal C1 has no address at which it could be read; give it one"),
        "{asked:?}"
    );
    assert!(asked.refused[1].2.contains("there is no terminal X0"), "{asked:?}");
    assert!(
        asked.refused[2].2.contains("terminal A1 only pushes") && asked.refused[2].2.contains("--via both"),
        "{asked:?}"
    );
    let in_step = |row: &SyncRow| row.state == SyncState::InStep;
    assert!(!house.hub.terminal_sync(now()).unwrap().iter().any(in_step), "whom it listed before is forgotten");
}
