//! Whether terminals know those who should punch there, and what people ask of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, now};
use hub::{NewTerminal, SyncRow, SyncState, SyncWish};
use jiff::{Timestamp, ToSpan as _};
use link::{Batch, CommandReport, CommandState, Contact, Heartbeat, Item, UserList, What};

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
fn a_number_that_has_become_somebodys_is_not_deleted_though_that_was_asked_for() {
    let house = workplace();
    assert_eq!(house.hub.sync_terminals(&clerk(), &[remove("A1", "99")], now()).unwrap().queued, 1);
    house.hub.import_employees(&clerk(), b"code,name,numbers\n1010,Gus Tan,99\n", false, now()).unwrap();
    let contact = Contact { serial: "A1".into(), last_contact_us: Some(now().as_microsecond()), ..Contact::default() };
    let beat = Heartbeat { edge: "branch".into(), terminals: vec![contact], ..Heartbeat::default() };
    for _ in 0..2 {
        assert_eq!(house.hub.heartbeat(&beat, now()).unwrap().commands, []);
    }
    let ended = house.hub.commands(&hub::view::CommandFilter::default(), now()).unwrap().remove(0);
    assert_eq!(ended.state, CommandState::Failed);
    assert_eq!(ended.result, "user 99 has become an employee's since this was asked for: nobody is deleted");
    assert!(told(&house, now()).contains(&"A1 99 differs: ".to_owned()), "and nothing is under way");
    let command = link::TerminalCommand::DeleteUser { user: "99".into() };
    let refused = house.hub.ask_terminal(&clerk(), "A1", &command, hub::USUAL_EXPIRY, now()).unwrap_err().to_string();
    assert!(refused.starts_with("user 99 of terminal A1 is employee 1010, who is not deleted there"), "{refused}");
}

#[test]
fn a_source_of_punches_is_no_terminal_to_which_users_could_be_sent() {
    let house = workplace();
    let before = told(&house, now());
    let sent = [serde_json::json!({"user": "12", "at": "2026-03-02T08:25:00+08:00"})];
    house.hub.take_sent(&clerk(), &hub::SentPunches::default(), &sent, now(), |_, _| {}).unwrap();
    let known = house.hub.terminals().unwrap();
    assert!(known.iter().any(|terminal| terminal.serial.starts_with("source:")), "{known:?}");
    assert_eq!(told(&house, now()), before);
}

#[test]
fn a_terminal_that_is_polled_is_brought_in_step_by_the_edge_that_reads_it() {
    let (house, beat) = polled_at_cebu();
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

fn minute(minutes: i64) -> Timestamp {
    now().checked_add(minutes.minutes()).unwrap()
}

/// What C1 listed when an edge read it at this minute.
fn read(users: &[(&str, &str)], at: i64) -> UserList {
    let users = users.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned()));
    UserList::of("C1", minute(at).as_microsecond(), users).unwrap()
}

/// A heartbeat at this minute tells of a list; whether the hub wants it.
fn tells(house: &House, list: UserList, at: i64) -> bool {
    let now_us = minute(at).as_microsecond();
    let beat = Heartbeat { edge: "cebu".into(), now_us, users: vec![list], ..Heartbeat::default() };
    house.hub.heartbeat(&beat, minute(at)).unwrap().wants_users == ["C1"]
}

/// As an edge tells a list: its digest first, then all of it if it is wanted.
fn brings(house: &House, users: &[(&str, &str)], read_at: i64, at: i64) -> bool {
    let list = read(users, read_at);
    let is_wanted = tells(house, UserList { users: None, ..list.clone() }, at);
    if is_wanted {
        assert!(!tells(house, list, at), "it has just come");
    }
    is_wanted
}

/// Somebody was seen at C1 at this minute, which is told at the other one.
fn sighted(house: &House, seq: i64, (user, name): (&str, &str), seen: i64, at: i64) {
    let user = link::TerminalUser { origin: "C1".into(), user: user.into(), name: name.into() };
    let received_us = minute(seen).as_microsecond();
    let items = vec![Item { seq, received_us, is_time_doubted: false, what: What::User(user) }];
    let batch = Batch { edge: "cebu".into(), follows: seq - 1, items, ..Batch::default() };
    house.hub.ingest(&batch, minute(at)).unwrap();
}

fn at_cebu(house: &House) -> Vec<String> {
    let rows = house.hub.terminal_sync(now()).unwrap().into_iter().filter(|row| row.serial == "C1");
    rows.map(|row| format!("{} {} {}", row.user, row.state.word(), row.name_there.unwrap_or_default())).collect()
}

/// C1 is polled, and knows Dan Lim and somebody else; a sign of life of the edge that reads it.
fn polled_at_cebu() -> (House, Heartbeat) {
    let house = workplace();
    let at = NewTerminal { serial: "C1".into(), address: Some("10.0.0.9".into()), ..NewTerminal::default() };
    house.hub.add_terminal(&clerk(), &at, now()).unwrap();
    list(&house, "C1", &[("12", "D. Lim"), ("99", "Test")]);
    let contact = Contact { serial: "C1".into(), last_contact_us: Some(now().as_microsecond()), ..Contact::default() };
    let beat = Heartbeat { edge: "cebu".into(), terminals: vec![contact], ..Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
    (house, beat)
}

/// As [`polled_at_cebu`], and this was asked for; the number of each command.
fn asked_at_cebu(wishes: &[SyncWish]) -> (House, Vec<i64>) {
    let (house, beat) = polled_at_cebu();
    assert_eq!(house.hub.sync_terminals(&clerk(), wishes, now()).unwrap().refused, []);
    let ids = house.hub.heartbeat(&beat, now()).unwrap().commands.into_iter().map(|order| order.id).collect();
    (house, ids)
}

/// The edge tells at this minute that commands are done.
fn done(house: &House, ids: &[i64], at: i64) {
    let at_us = minute(at).as_microsecond();
    let report = |id: &i64| CommandReport {
        id: *id,
        state: CommandState::Done,
        at_us,
        sent_times: 1,
        code: None,
        text: "done".to_owned(),
    };
    let commands = ids.iter().map(report).collect();
    let beat = Heartbeat { edge: "cebu".into(), now_us: at_us, commands, ..Heartbeat::default() };
    house.hub.heartbeat(&beat, minute(at)).unwrap();
}

#[test]
fn who_is_deleted_renamed_or_enrolled_at_the_terminal_itself_is_seen_with_its_next_list() {
    let house = workplace();
    list(&house, "C1", &[("12", "Dan Lim"), ("99", "Test")]);
    assert_eq!(at_cebu(&house), ["12 in_step Dan Lim", "99 to_remove Test"]);
    assert!(!brings(&house, &[("99", "Test"), ("12", "Dan Lim")], 10, 10), "they are the same");
    assert!(brings(&house, &[("99", "Test")], 20, 20));
    assert_eq!(at_cebu(&house), ["12 to_send ", "99 to_remove Test"]);
    assert!(brings(&house, &[("12", "D. Lim")], 30, 30));
    assert_eq!(at_cebu(&house), ["12 differs D. Lim"]);
    assert!(brings(&house, &[("12", "Dan Lim"), ("99", "Test")], 40, 40));
    assert_eq!(at_cebu(&house), ["12 in_step Dan Lim", "99 to_remove Test"]);
    assert!(brings(&house, &[], 50, 50), "the terminal was emptied");
    assert_eq!(at_cebu(&house), ["12 to_send "]);
}

#[test]
fn a_list_that_was_read_before_a_command_was_done_does_not_undo_it() {
    let (house, ids) = asked_at_cebu(&[rename("C1", "12"), remove("C1", "99")]);
    let before = [("12", "D. Lim"), ("99", "Test"), ("77", "New")];
    done(&house, &ids, 10);
    assert_eq!(at_cebu(&house), ["12 in_step Dan Lim"]);
    assert!(brings(&house, &before, 9, 11));
    assert_eq!(at_cebu(&house), ["12 in_step Dan Lim", "77 to_remove New"], "of the others it says what is so");

    // Enrolled again at the terminal, and seen by the reading after that.
    assert!(brings(&house, &[("12", "Dan Lim"), ("99", "Test")], 20, 20));
    assert_eq!(at_cebu(&house), ["12 in_step Dan Lim", "99 to_remove Test"]);
}

#[test]
fn a_list_that_comes_in_one_heartbeat_with_a_result_is_older() {
    let (house, ids) = asked_at_cebu(&[remove("C1", "99")]);
    let report = CommandReport {
        id: ids[0],
        state: CommandState::Done,
        // Its clock is half a minute behind, and nobody corrects so little.
        at_us: minute(10).as_microsecond() - 30_000_000,
        sent_times: 1,
        code: None,
        text: "done".to_owned(),
    };
    let users = vec![UserList { read_us: minute(10).as_microsecond() - 31_000_000, ..read(&[("99", "Test")], 10) }];
    let now_us = minute(10).as_microsecond() - 30_000_000;
    let beat = Heartbeat { edge: "cebu".into(), now_us, commands: vec![report], users, ..Heartbeat::default() };
    house.hub.heartbeat(&beat, minute(10)).unwrap();
    assert_eq!(at_cebu(&house), ["12 to_send "], "the list says that 12 is gone, and nothing of 99");
}

#[test]
fn a_sighting_that_was_queued_before_a_command_was_done_brings_no_old_name_back() {
    let (house, ids) = asked_at_cebu(&[rename("C1", "12"), remove("C1", "99")]);
    done(&house, &ids, 10);
    sighted(&house, 1, ("12", "D. Lim"), 9, 11);
    sighted(&house, 2, ("99", "Test"), 9, 11);
    assert_eq!(at_cebu(&house), ["12 in_step Dan Lim"]);
    sighted(&house, 3, ("99", "Test"), 12, 13);
    assert_eq!(at_cebu(&house), ["12 in_step Dan Lim", "99 to_remove Test"], "enrolled again under the same name");
    // Who was never listed and is removed all the same is gone as well.
    let command = link::TerminalCommand::DeleteUser { user: "55".into() };
    let id = house.hub.ask_terminal(&clerk(), "C1", &command, hub::USUAL_EXPIRY, minute(14)).unwrap();
    done(&house, &[id], 15);
    sighted(&house, 4, ("55", "Late"), 14, 16);
    assert!(!at_cebu(&house).iter().any(|row| row.starts_with("55")));
}

#[test]
fn what_is_no_list_of_a_terminal_of_ours_changes_nothing() {
    let house = workplace();
    let before = told(&house, now());
    assert!(!tells(&house, UserList { users: Some(Vec::new()), ..read(&[("12", "Ann")], 1) }, 1), "not of its digest");
    assert!(!tells(&house, read(&[], 9), 1), "of a time that is still to come");
    assert!(!tells(&house, UserList { serial: "X0".into(), ..read(&[], 1) }, 1), "of a terminal that nobody knows");
    let of_the_version_before = r#"{"edge":"cebu","version":"0.1","now_us":1,"queued":0,"terminals":[]}"#;
    let beat: Heartbeat = serde_json::from_str(of_the_version_before).unwrap();
    assert_eq!(house.hub.heartbeat(&beat, minute(1)).unwrap().wants_users, [""; 0]);
    assert_eq!(told(&house, now()), before);
}

#[test]
fn what_a_clock_noted_that_was_ahead_for_a_while_holds_nothing_up() {
    let house = workplace();
    let ahead: Vec<(String, String)> = vec![("12".to_owned(), "D. Lim".to_owned())];
    house.hub.take_users("C1", &ahead, minute(600)).unwrap();
    let users = [("12", "Dan Lim"), ("99", "Test")];
    assert!(brings(&house, &users, 4, 5), "this one may be older");
    assert!(brings(&house, &users, 6, 7), "and this one is not");
    assert_eq!(at_cebu(&house), ["12 in_step Dan Lim", "99 to_remove Test"]);
    house.hub.take_users("C1", &[], minute(600)).unwrap();
    sighted(&house, 1, ("12", "Dan Lim"), 9, 10);
    sighted(&house, 2, ("12", "Dan Lim"), 11, 12);
    assert_eq!(at_cebu(&house), ["12 in_step Dan Lim"]);
}
