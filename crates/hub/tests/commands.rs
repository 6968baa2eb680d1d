//! Commands for terminals: asked, brought by an edge, reported, shown.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;

use house::{House, clerk, house, now};
use hub::view::{CommandFilter, CommandRow};
use hub::{NewTerminal, USUAL_EXPIRY};
use jiff::{SignedDuration, Timestamp};
use link::command::{MAX_ORDERS, MAX_RESULT_BYTES, TerminalPerson};
use link::{Clock, ClockSource, CommandReport, CommandState, Contact, Heartbeat, Orders, TerminalCommand};

fn seconds_later(seconds: i64) -> Timestamp {
    now().saturating_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// What an edge tells that has just heard a terminal.
fn heard(edge: &str, serial: &str, at: Timestamp) -> Heartbeat {
    let contact =
        Contact { serial: serial.to_owned(), last_contact_us: Some(at.as_microsecond()), ..Contact::default() };
    Heartbeat { edge: edge.to_owned(), terminals: vec![contact], ..Heartbeat::default() }
}

fn report(id: i64, state: CommandState, sent_times: u32) -> CommandReport {
    CommandReport { id, state, at_us: now().as_microsecond(), sent_times, code: None, text: String::new() }
}

fn reporting(reports: Vec<CommandReport>) -> Heartbeat {
    Heartbeat { edge: "branch".to_owned(), commands: reports, ..Heartbeat::default() }
}

impl House {
    fn ask(&self, serial: &str, command: &TerminalCommand) -> i64 {
        self.hub.ask_terminal(&clerk(), serial, command, USUAL_EXPIRY, now()).unwrap()
    }

    fn beat(&self, beat: &Heartbeat, at: Timestamp) -> Vec<i64> {
        let Orders { commands, .. } = self.hub.heartbeat(beat, at).unwrap();
        commands.into_iter().map(|order| order.id).collect()
    }

    fn command(&self, id: i64) -> CommandRow {
        self.hub.command(id, now()).unwrap()
    }
}

/// A house with one terminal that an edge has heard.
fn with_terminal() -> House {
    let house = house();
    house.register("A1", "Asia/Manila");
    house.beat(&heard("branch", "A1", now()), now());
    house
}

#[test]
fn a_command_goes_to_the_edge_that_sees_the_terminal_until_it_has_reported() {
    let house = with_terminal();
    let id = house.ask("A1", &TerminalCommand::Info);
    assert_eq!(house.beat(&heard("elsewhere", "B9", now()), now()), [0; 0], "it does not see the terminal");
    assert_eq!(house.beat(&reporting(Vec::new()), now()), [id]);
    assert_eq!(house.beat(&reporting(Vec::new()), now()), [id], "its answer may have been lost");
    assert_eq!(house.command(id).state, CommandState::Queued);
    assert_eq!(house.beat(&reporting(vec![report(id, CommandState::HandedOver, 0)]), now()), [0; 0]);
    assert_eq!(house.command(id).state, CommandState::HandedOver);

    let done = CommandReport {
        code: Some(0),
        text: "done\nFWVersion=Ver 6.60".to_owned(),
        ..report(id, CommandState::Done, 1)
    };
    house.beat(&reporting(vec![done]), now());
    let row = house.command(id);
    assert_eq!((row.state, row.says(), row.code), (CommandState::Done, "done", Some(0)));
    assert_eq!(row.told().collect::<Vec<_>>(), ["FWVersion=Ver 6.60"]);
    assert_eq!(house.hub.audit(1).unwrap()[0].action, "terminal.command");
}

#[test]
fn reports_that_come_twice_late_or_out_of_order_change_nothing() {
    let house = with_terminal();
    let id = house.ask("A1", &TerminalCommand::Reboot);
    let done = CommandReport { text: "done".to_owned(), ..report(id, CommandState::Done, 1) };
    let failed = CommandReport { text: "failed".to_owned(), ..report(id, CommandState::Failed, 2) };
    house.beat(&reporting(vec![done.clone(), report(id, CommandState::Sent, 1), failed, done]), now());
    house.beat(&reporting(vec![report(id, CommandState::HandedOver, 0), report(4711, CommandState::Done, 1)]), now());
    let row = house.command(id);
    assert_eq!((row.state, row.says(), row.sent_times), (CommandState::Done, "done", 1));
    assert_eq!(house.hub.commands(&CommandFilter::default(), now()).unwrap().len(), 1, "4711 was never asked for");
}

#[test]
fn what_is_not_taken_in_time_has_expired_and_says_why() {
    let house = with_terminal();
    let short = SignedDuration::from_mins(2);
    let id = house.hub.ask_terminal(&clerk(), "A1", &TerminalCommand::Check, short, now()).unwrap();
    let orders = house.hub.heartbeat(&reporting(Vec::new()), seconds_later(30)).unwrap();
    assert_eq!(orders.commands[0].expires_in_s, 90);
    assert_eq!(house.beat(&reporting(Vec::new()), seconds_later(120)), [0; 0], "too late to deliver it");
    let row = house.hub.command(id, seconds_later(120)).unwrap();
    assert_eq!(row.state, CommandState::Expired);
    assert!(row.says().contains("no edge took it over") && row.says().contains("check that"), "{}", row.says());

    let other = house.hub.ask_terminal(&clerk(), "A1", &TerminalCommand::Info, short, now()).unwrap();
    house.beat(&reporting(vec![report(other, CommandState::Sent, 1)]), seconds_later(60));
    let state = |seconds| house.hub.command(other, seconds_later(seconds)).unwrap().state;
    assert_eq!((state(130), state(3800)), (CommandState::Sent, CommandState::Expired), "the edge may be slow to tell");
    house.beat(&reporting(vec![report(other, CommandState::Done, 1)]), seconds_later(4000));
    assert_eq!(state(4000), CommandState::Done, "a result counts however late it comes");
}

#[test]
fn commands_that_nobody_can_take_are_refused_with_the_cure() {
    let house = with_terminal();
    let new = NewTerminal { serial: "P1".into(), via: Some(link::Via::Poll), ..NewTerminal::default() };
    house.hub.add_terminal(&clerk(), &new, now()).unwrap();
    house.beat(&heard("branch", "NEW1", now()), now());
    let ask = |serial: &str, command: &TerminalCommand, expiry| {
        house.hub.ask_terminal(&clerk(), serial, command, expiry, now()).unwrap_err().to_string()
    };
    assert!(ask("X", &TerminalCommand::Info, USUAL_EXPIRY).contains("no terminal X"));
    assert!(ask("NEW1", &TerminalCommand::Info, USUAL_EXPIRY).contains("terminal approve NEW1"));
    assert!(ask("P1", &TerminalCommand::Info, USUAL_EXPIRY).contains("--via both"));
    assert!(ask("A1", &TerminalCommand::Info, SignedDuration::ZERO).contains("one minute"));
    let evil = TerminalCommand::DeleteUser { user: "1\nC:2:DATA DELETE USERINFO".to_owned() };
    assert!(ask("A1", &evil, USUAL_EXPIRY).contains("line break"));
    assert!(house.hub.commands(&CommandFilter::default(), now()).unwrap().is_empty());
}

#[test]
fn many_commands_reach_the_edge_in_the_order_in_which_they_were_asked_for() {
    let house = with_terminal();
    let ids: Vec<i64> = (0..200).map(|_| house.ask("A1", &TerminalCommand::Info)).collect();
    let refused = house.hub.ask_terminal(&clerk(), "A1", &TerminalCommand::Info, USUAL_EXPIRY, now());
    assert!(refused.unwrap_err().to_string().contains("200 commands wait"));
    let first = house.beat(&reporting(Vec::new()), now());
    assert_eq!(first, ids[..MAX_ORDERS]);
    let reports = first.into_iter().map(|id| report(id, CommandState::HandedOver, 0)).collect();
    assert_eq!(house.beat(&reporting(reports), now()), ids[MAX_ORDERS..]);
}

#[test]
fn a_state_that_is_asked_for_is_found_behind_any_number_of_others() {
    let house = with_terminal();
    let [failed, lost] = [0; 2].map(|_| house.ask("A1", &TerminalCommand::Info));
    house.beat(&reporting(vec![report(failed, CommandState::Failed, 1)]), now());
    let done = house.store.read(|read| read.command(failed)).unwrap().unwrap();
    let done = store::commands::Command { state: CommandState::Done.word().to_owned(), ..done };
    house.store.write(|write| (0..5_001).try_for_each(|_| write.add_command(&done).map(drop))).unwrap();
    let later = now().checked_add(USUAL_EXPIRY).unwrap();
    for (state, expected) in [(CommandState::Failed, vec![failed]), (CommandState::Expired, vec![lost])] {
        let filter = CommandFilter { state: Some(state), ..CommandFilter::default() };
        let found = house.hub.commands(&filter, later).unwrap();
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), expected, "{state:?}");
    }
}

#[test]
fn a_result_that_is_too_long_is_cut() {
    let house = with_terminal();
    let id = house.ask("A1", &TerminalCommand::Info);
    let text = "\u{e9}".repeat(MAX_RESULT_BYTES);
    house.beat(&reporting(vec![CommandReport { text, ..report(id, CommandState::Done, 1) }]), now());
    assert_eq!(house.command(id).result.len(), MAX_RESULT_BYTES);
}

#[test]
fn a_zone_that_is_corrected_makes_what_was_seen_of_the_clock_void() {
    let house = with_terminal();
    let clock = |house: &House| house.hub.terminals().unwrap()[0].clock;
    let seen = Clock { offset_s: -3600, how: ClockSource::Asked, at_us: now().as_microsecond() };
    let contact = Contact { serial: "A1".into(), clock: Some(seen), ..Contact::default() };
    house.beat(&Heartbeat { edge: "branch".into(), terminals: vec![contact], ..Heartbeat::default() }, now());
    assert_eq!(clock(&house), Some(seen));
    house.beat(&heard("branch", "A1", now()), now());
    assert_eq!(clock(&house), Some(seen), "a contact without a look at the clock leaves it");
    house.register("A1", "Asia/Bangkok");
    assert_eq!(clock(&house), None);
}

#[test]
fn who_gets_a_card_on_a_visit_keeps_the_name_that_the_terminal_lists() {
    let house = house();
    let address = Some("10.0.0.9:4370".to_owned());
    let new = NewTerminal { serial: "P1".into(), via: Some(link::Via::Poll), address, ..NewTerminal::default() };
    house.hub.add_terminal(&clerk(), &new, now()).unwrap();
    house.beat(&heard("branch", "P1", now()), now());
    let put = |user: &str, name: &str, card| {
        let (user, name) = (user.to_owned(), name.to_owned());
        let put = TerminalCommand::PutUser(TerminalPerson { user, name, card, ..TerminalPerson::default() });
        let id = house.ask("P1", &put);
        house.beat(&reporting(vec![report(id, CommandState::Done, 1)]), now());
    };
    put("12", "Ann Reyes", None);
    put("12", "", Some(77));
    put("13", "", Some(78));
    let users = house.store.read(|read| read.users_of("P1")).unwrap();
    let named: Vec<_> = users.iter().map(|user| (user.user.as_str(), user.name.as_str())).collect();
    assert_eq!(named, [("12", "Ann Reyes"), ("13", "")]);
}
