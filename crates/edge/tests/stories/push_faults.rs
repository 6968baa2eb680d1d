//! Terminals that push in their own ways and meet misfortunes on the way: whatever it is, each punch reaches the hub once, or the
//! terminal keeps it.

use std::time::Duration;

use edge::EdgeHandle;
use link::{CommandOrder, CommandState, TerminalCommand};
use simulator::push::{PushOptions, ServerUrl};
use simulator::{Pace, RunOptions, Terminal};

use crate::fake_hub::{FakeHub, Held};
use crate::workplace::Workplace;

const SERIAL: &str = "SIM1";
const PUNCHES: i32 = 90;

fn records() -> Vec<zk::AttendanceRecord> {
    let record = |n: i32| {
        let number = zk::UserNumber::from((1 + n % 7).to_string().as_str());
        zk::AttendanceRecord::of_number(number, zk::PackedTime(800_000_000 + n * 61))
    };
    (0..PUNCHES).map(record).collect()
}

/// The terminal, half of whose punches are in its log and half still to come, and how it reports to the edge.
fn terminal(faults: &str, edge: &EdgeHandle) -> (Terminal, RunOptions) {
    let mut log = records();
    let awaited = log.split_off(log.len() / 2);
    let terminal = Terminal::builder(SERIAL).faults(faults.parse().unwrap()).log(log).awaited(awaited).build();
    let url: ServerUrl = format!("http://{}", edge.terminals_addr()).parse().unwrap();
    let soon = Some(Duration::from_millis(20));
    let push = PushOptions { error_delay: soon, poll_delay: soon, batch_lines: 10, ..PushOptions::new(url) };
    let options = RunOptions { push: Some(push), pace: Pace::PerSecond(1000.0), ..RunOptions::default() };
    (terminal, options)
}

/// What the log holds, as the hub is told it.
pub(crate) fn said(terminal: &Terminal) -> Vec<(String, String)> {
    let said = |record: &zk::AttendanceRecord| {
        let zk::UserRef::Number(number) = record.user else { panic!("logs hold numbers") };
        (number.to_string(), record.time.civil().unwrap().to_string())
    };
    let mut all: Vec<_> = terminal.log(0..usize::MAX).iter().map(said).collect();
    all.sort();
    all.dedup();
    all
}

#[tokio::test]
async fn each_punch_reaches_the_hub_once_whatever_happens_on_the_way() {
    for faults in [
        "lost-reply=2",
        "duplicate-batch=2",
        "truncated-body=3",
        "slow-body=20000",
        "replay-log=3",
        "interleaved=4",
        "interleaved=3 lost-reply=2 duplicate-batch=3",
        "huge-batch",
        "power-cut=10",
        "lower-sn aspx",
        "form-type",
        "raw-blanks",
        "raw-blanks interleaved=2 chunked-body lost-reply=3",
        "chunked-body",
        "one-request",
        "asks-encryption",
        "crlf",
        "no-final-lf",
        "trailing-tab columns=10",
        "columns=4",
        "columns=12",
        "wrong-stamp",
        "unknown-table",
        "wrong-photo-size",
        "biodata",
        "archives",
        "archives gb2312-names lost-reply=2",
        "gb2312-names",
        "duplicate-punch=3",
        "clock-jump=-86400",
        "log-full=20",
        "lost-reply=2 power-cut=7 truncated-body=2 chunked-body crlf wrong-stamp",
    ] {
        let (place, hub) = (Workplace::new(), FakeHub::with_approved(SERIAL));
        let edge = place.start(hub.clone()).await;
        hub.is_followed().await;
        let (terminal, options) = terminal(faults, &edge);
        let running = tokio::spawn(simulator::run(terminal.clone(), options, std::future::pending()));
        let mut progress = terminal.progress();
        let acknowledged = progress.wait_for(|now| now.awaited == 0 && now.acknowledged == now.punched);
        let is_acknowledged = tokio::time::timeout(Duration::from_secs(30), acknowledged).await.is_ok();
        assert!(is_acknowledged, "{faults}: the log was not acknowledged");
        let expected = said(&terminal);
        hub.until(&format!("all punches, with {faults}"), |held| held.said() == expected).await;
        running.abort();
        edge.shutdown().await;
    }
}

#[tokio::test]
async fn a_terminal_that_does_not_say_its_serial_keeps_everything() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved(SERIAL));
    let edge = place.start(hub.clone()).await;
    let (terminal, options) = terminal("no-sn", &edge);
    let running = tokio::spawn(simulator::run(terminal.clone(), options, std::future::pending()));
    terminal.progress().wait_for(|now| now.failures >= 3).await.unwrap();
    assert_eq!(terminal.progress().borrow().acknowledged, 0);
    assert_eq!(hub.with(|held| held.punches.len()), 0);
    running.abort();
    edge.shutdown().await;
}

#[tokio::test]
async fn another_mainboard_is_another_terminal_that_waits_for_approval() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved(SERIAL));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let (terminal, options) = terminal("new-serial=SIM2", &edge);
    let running = tokio::spawn(simulator::run(terminal.clone(), options, std::future::pending()));
    hub.until("word of the stranger", |held| held.contact("SIM2").is_some()).await;
    let acknowledged = terminal.progress().borrow().acknowledged;
    assert!(acknowledged < PUNCHES as usize, "what happened since is kept until somebody approves it");
    hub.with(|held| held.terminals.push(crate::fake_hub::terminal("SIM2")));
    let mut progress = terminal.progress();
    let all = progress.wait_for(|now| now.acknowledged == PUNCHES as usize);
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("then it uploads").unwrap();
    running.abort();
    edge.shutdown().await;
}

#[tokio::test]
async fn a_terminal_with_another_key_keeps_everything_until_its_key_is_registered() {
    let pinned = |key: &str| link::Terminal { push_key: Some(key.to_owned()), ..crate::fake_hub::terminal(SERIAL) };
    let (place, hub) = (Workplace::new(), FakeHub::default());
    hub.with(|held| held.terminals.push(pinned("88888888")));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let (terminal, options) = terminal("push-key=12345678 lost-reply=2", &edge);
    let running = tokio::spawn(simulator::run(terminal.clone(), options, std::future::pending()));
    terminal.progress().wait_for(|now| now.failures >= 3).await.unwrap();
    assert_eq!((terminal.progress().borrow().acknowledged, hub.with(|held| held.punches.len())), (0, 0));
    hub.with(|held| held.terminals = vec![pinned("12345678")]);
    let mut progress = terminal.progress();
    let all = progress.wait_for(|now| now.awaited == 0 && now.acknowledged == now.punched);
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("then it uploads").unwrap();
    let expected = said(&terminal);
    hub.until("all punches", |held| held.said() == expected).await;
    running.abort();
    edge.shutdown().await;
}

/// Two commands, and what the hub knows of them in the end.
async fn commands(faults: &str, is_over: impl Fn(&Held) -> bool) -> Vec<CommandState> {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved(SERIAL));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    for (id, command) in [(901, TerminalCommand::Info), (902, TerminalCommand::SendUsers)] {
        let order = CommandOrder { id, serial: SERIAL.to_owned(), command, expires_in_s: 86_400 };
        hub.with(|held| held.commands.push(order));
    }
    hub.until("the edge to have them", |held| held.command(902).is_some()).await;
    let (terminal, options) = terminal(faults, &edge);
    let running = tokio::spawn(simulator::run(terminal, options, std::future::pending()));
    hub.until(&format!("results, with {faults}"), is_over).await;
    running.abort();
    edge.shutdown().await;
    hub.with(|held| [901, 902].map(|id| held.command(id).unwrap().state).to_vec())
}

#[tokio::test]
async fn results_are_matched_however_they_come() {
    let all_done = |held: &Held| {
        [901, 902].iter().all(|id| held.command(*id).is_some_and(|command| command.state == CommandState::Done))
    };
    for faults in ["results-reversed", "results-twice", "results-joined", "interleaved=3", "one-request chunked-body"] {
        assert_eq!(commands(faults, all_done).await, [CommandState::Done; 2], "{faults}");
    }
}

#[tokio::test]
async fn a_command_without_a_result_stays_sent() {
    let all_sent = |held: &Held| {
        [901, 902].iter().all(|id| held.command(*id).is_some_and(|command| command.state == CommandState::Sent))
    };
    for faults in ["results-never", "reboot-before-result"] {
        assert_eq!(commands(faults, all_sent).await, [CommandState::Sent; 2], "{faults}");
    }
}
