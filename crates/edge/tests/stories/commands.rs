//! Commands: from the hub's order to the terminal's result.

use std::time::Duration;

use adms::Dialect;
use edge::spool::Spool;
use edge::spool::commands::{Errand, HandOut};
use link::command::TerminalPerson;
use link::{CommandOrder, CommandState, TerminalCommand, Via};

use crate::fake_hub::FakeHub;
use crate::http::{get, post};
use crate::workplace::Workplace;

const PATIENCE: Duration = Duration::from_secs(300);
const SECOND_US: i64 = 1_000_000;

fn order(id: i64, command: TerminalCommand) -> CommandOrder {
    CommandOrder { id, serial: "A1".to_owned(), command, expires_in_s: 86_400 }
}

/// A terminal at the spool, as the listener asks for it.
struct Desk {
    spool: Spool,
    via: Via,
    _place: Workplace,
}

impl Desk {
    fn new() -> Self {
        Self::of(Via::Push)
    }

    fn of(via: Via) -> Self {
        let place = Workplace::new();
        Self { spool: Spool::open(&place.spool()).unwrap(), via, _place: place }
    }

    async fn take(&self, orders: Vec<CommandOrder>) {
        self.spool.take_orders(orders, 0, Some(0)).await.unwrap();
    }

    async fn hand_out(&self, second: i64) -> HandOut {
        let polled = self.spool.hand_out("A1".into(), Dialect::Attendance, self.via, second * SECOND_US, PATIENCE);
        polled.await.unwrap()
    }

    async fn poll(&self, second: i64) -> String {
        self.hand_out(second).await.reply
    }

    async fn results(&self, second: i64, body: &'static str) {
        let body = bytes::Bytes::from_static(body.as_bytes());
        self.spool.settle("A1".into(), Dialect::Attendance, self.via, body, second * SECOND_US).await.unwrap();
    }

    /// State and first line of what is to be told of each command.
    async fn untold(&self) -> Vec<(i64, CommandState, String)> {
        let reports = self.spool.command_reports(100).await.unwrap();
        let told = reports
            .into_iter()
            .map(|report| (report.id, report.state, report.text.lines().next().unwrap_or_default().to_owned()));
        told.collect()
    }
}

#[tokio::test]
async fn errands_are_handed_out_once_and_again_without_a_result() {
    let desk = Desk::new();
    let errands = || vec![Errand::UploadAgain, Errand::SendUsers, Errand::UploadAgain];
    desk.spool.queue("A1".into(), errands()).await.unwrap();
    assert_eq!(desk.poll(0).await, "C:1:CHECK\nC:2:DATA QUERY USERINFO\n");
    assert_eq!(desk.poll(1).await, "OK");
    desk.results(1, "ID=1&Return=0&CMD=CHECK\nID=77&Return=0&CMD=CHECK").await;
    assert_eq!(desk.poll(300).await, "C:2:DATA QUERY USERINFO\n");
    let other = bytes::Bytes::from_static(b"ID=2&Return=0&CMD=DATA");
    desk.spool.settle("B1".into(), Dialect::Attendance, Via::Push, other, 0).await.unwrap();
    assert_eq!(desk.spool.serials_with_commands().await.unwrap(), ["A1"], "another terminal's result settles nothing");
    desk.results(301, "ID=2&Return=0&CMD=DATA").await;
    assert!(desk.spool.serials_with_commands().await.unwrap().is_empty());
    assert!(desk.untold().await.is_empty(), "nobody asked for errands");
    desk.spool.queue("A1".into(), vec![Errand::SendUsers]).await.unwrap();
    assert_eq!(desk.poll(302).await, "C:3:DATA QUERY USERINFO\n", "a number never comes again");
}

#[tokio::test]
async fn a_result_is_matched_by_its_number_however_late_twice_or_out_of_order_it_comes() {
    let desk = Desk::new();
    desk.take(vec![order(901, TerminalCommand::Info), order(902, TerminalCommand::SendUsers)]).await;
    desk.take(vec![order(901, TerminalCommand::Info)]).await;
    assert_eq!(desk.poll(1).await, "C:1:INFO\nC:2:DATA QUERY USERINFO\n");
    desk.results(2, "ID=2&Return=3&CMD=DATA\nID=1&return=-1002&CMD=INFO").await;
    desk.results(3, "ID=1&Return=0&CMD=INFO\nID=9999&Return=0&CMD=INFO\nID=shell&Return=0").await;
    let told = desk.untold().await;
    let state = |id: i64| told.iter().find(|told| told.0 == id).unwrap();
    assert_eq!(told.len(), 2);
    assert_eq!((state(901).1, state(902).1), (CommandState::Failed, CommandState::Done));
    assert!(state(901).2.contains("does not know this command"), "{told:?}");
}

/// By push a whole record is written: who is known would lose card, rights and password.
#[tokio::test]
async fn what_is_done_on_a_visit_is_never_handed_out_nor_waited_for() {
    let put = TerminalCommand::PutUser(TerminalPerson { user: "12".into(), name: "Ann".into(), ..Default::default() });
    let rename = TerminalCommand::RenameUser { user: "12".into(), name: "Ann".into() };
    let commands = [put, TerminalCommand::DeleteUser { user: "99".into() }, rename, TerminalCommand::Info];
    for (via, fetched) in [(Via::Poll, "C:4:INFO\n"), (Via::Both, "C:1:DATA UPDATE USERINFO PIN=12\tName=Ann")] {
        let desk = Desk::of(via);
        desk.take((901..).zip(commands.clone()).map(|(id, command)| order(id, command)).collect()).await;
        let out = desk.hand_out(1).await;
        assert!(out.reply.starts_with(fetched) && !out.reply.contains("C:3:"), "{via:?}: {}", out.reply);
        assert!(out.is_waiting, "{via:?}: for results");
        desk.results(2, "ID=1&Return=0&CMD=DATA\nID=2&Return=0&CMD=DATA").await;
        let body = bytes::Bytes::from_static(b"ID=4&Return=0&CMD=INFO");
        let settled = desk.spool.settle("A1".into(), Dialect::Attendance, via, body, 3 * SECOND_US).await.unwrap();
        assert!(!settled.is_waiting && !desk.hand_out(4).await.is_waiting, "{via:?}: what is left waits for a visit");
        assert!(desk.untold().await.contains(&(903, CommandState::HandedOver, String::new())), "{via:?}");
    }
}

#[tokio::test]
async fn without_a_result_a_command_is_delivered_again_and_given_up_in_the_end() {
    let desk = Desk::new();
    desk.take(vec![order(901, TerminalCommand::SendUsers), order(902, TerminalCommand::Reboot)]).await;
    assert_eq!(desk.poll(1).await, "C:1:DATA QUERY USERINFO\nC:2:REBOOT\n");
    for delivery in 1..5 {
        assert_eq!(desk.poll(1 + delivery * 300).await, "C:1:DATA QUERY USERINFO\n", "a restart is asked for once");
    }
    assert_eq!(desk.poll(1 + 5 * 300).await, "OK");
    let told = desk.untold().await;
    assert!(told.iter().all(|told| told.1 == CommandState::Expired), "{told:?}");
    assert!(told.iter().any(|told| told.2.contains("fetched it 5 times")), "{told:?}");
    desk.results(5000, "ID=1&Return=2&CMD=DATA").await;
    assert!(
        desk.untold().await.iter().any(|told| (told.0, told.1) == (901, CommandState::Done)),
        "a late result counts"
    );
}

#[tokio::test]
async fn what_has_expired_is_never_delivered() {
    let desk = Desk::new();
    let short = CommandOrder { expires_in_s: 60, ..order(901, TerminalCommand::Reboot) };
    desk.take(vec![short.clone(), CommandOrder { id: 902, ..short }]).await;
    assert_eq!(desk.poll(60).await, "OK");
    assert_eq!(desk.untold().await.len(), 2);

    // A terminal that never calls.
    let silent = CommandOrder { id: 903, serial: "B1".into(), expires_in_s: 60, command: TerminalCommand::Info };
    desk.take(vec![silent]).await;
    desk.spool.expire_commands(59 * SECOND_US, PATIENCE).await.unwrap();
    assert!(desk.untold().await.contains(&(903, CommandState::HandedOver, String::new())));
    desk.spool.expire_commands(60 * SECOND_US, PATIENCE).await.unwrap();
    let told = desk.untold().await;
    assert!(told.iter().all(|told| told.1 == CommandState::Expired && told.2.contains("did not fetch it")), "{told:?}");
}

#[tokio::test]
async fn a_command_that_has_no_form_on_the_wire_fails_and_its_neighbours_go_out() {
    let desk = Desk::new();
    let nobody = TerminalCommand::DeleteUser { user: "0".to_owned() };
    desk.take(vec![order(901, TerminalCommand::Unknown), order(902, nobody), order(903, TerminalCommand::Info)]).await;
    assert_eq!(desk.poll(1).await, "C:3:INFO\n");
    let told = desk.untold().await;
    let has =
        |id: i64, state, says: &str| told.iter().any(|told| (told.0, told.1) == (id, state) && told.2.contains(says));
    assert!(has(901, CommandState::Failed, "update the edge"), "{told:?}");
    assert!(has(902, CommandState::Failed, "no user number"), "{told:?}");
    assert!(has(903, CommandState::Sent, ""), "{told:?}");
}

#[tokio::test]
async fn what_does_not_fit_into_a_reply_waits_for_the_next_poll() {
    let desk = Desk::new();
    let person = |n: i64| TerminalPerson { user: format!("{n}"), name: "x".repeat(200), ..TerminalPerson::default() };
    let many = (1..=120).map(|n| order(n, TerminalCommand::PutUser(person(n)))).collect();
    desk.take(many).await;
    let mut fetched = 0;
    for expected in [50, 50, 20, 0] {
        let reply = desk.poll(1).await;
        let lines = reply.lines().filter(|line| line.starts_with("C:")).count();
        assert_eq!(lines, expected);
        fetched += lines;
    }
    assert_eq!(fetched, 120);
}

#[tokio::test]
async fn a_terminal_that_calls_again_after_a_restart_has_done_it() {
    let desk = Desk::new();
    desk.take(vec![order(901, TerminalCommand::Reboot), order(902, TerminalCommand::Info)]).await;
    desk.poll(0).await;
    desk.spool.came_back("A1".into(), 5 * SECOND_US).await.unwrap();
    assert!(desk.untold().await.iter().all(|told| told.1 == CommandState::Sent), "nothing restarts that fast");
    desk.spool.came_back("A1".into(), 40 * SECOND_US).await.unwrap();
    let told = desk.untold().await;
    assert!(told.iter().any(|told| told.0 == 901 && told.1 == CommandState::Done), "{told:?}");
    assert!(told.iter().any(|told| told.0 == 902 && told.1 == CommandState::Sent), "{told:?}");
}

#[tokio::test]
async fn a_hubs_command_is_done_and_its_result_reaches_the_hub_though_answers_are_lost() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("A1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    assert_eq!(get(to, "/iclock/getrequest?SN=A1").await.body, "C:1:CHECK\nC:2:DATA QUERY USERINFO\n");
    post(to, "/iclock/devicecmd?SN=A1", b"ID=1&Return=0&CMD=CHECK\nID=2&Return=0&CMD=DATA").await;
    hub.with(|held| {
        held.commands.push(order(901, TerminalCommand::Info));
        held.lost_answers = 2;
    });
    hub.until("the edge to have it", |held| held.command(901).is_some()).await;
    assert_eq!(get(to, "/iclock/getrequest?SN=A1").await.body, "C:3:INFO\n");
    hub.until("word that it was fetched", |held| held.command(901).unwrap().state == CommandState::Sent).await;
    hub.with(|held| held.lost_answers = 3);
    let body = b"ID=3&Return=0&CMD=INFO\n~DeviceName=X903\nComKey=4711\n";
    assert_eq!(post(to, "/iclock/devicecmd?SN=A1", body).await.body, "OK");
    hub.until("the result", |held| held.command(901).unwrap().state == CommandState::Done && held.lost_answers == 0)
        .await;
    let text = hub.with(|held| held.command(901).unwrap().text.clone());
    assert_eq!(text, "done\n~DeviceName=X903\nComKey=(not kept)");
    // Once the hub has answered, it is told no more.
    hub.is_followed().await;
    let told = || hub.with(|held| held.reports.len());
    let before = told();
    hub.is_followed().await;
    assert_eq!(told(), before);
    edge.shutdown().await;
}

#[tokio::test]
async fn what_a_terminal_fetched_and_answered_survives_a_restart_of_the_edge() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("A1"));
    let edge = place.start(hub.clone()).await;
    hub.with(|held| held.commands.push(order(901, TerminalCommand::SendUsers)));
    hub.until("the edge to have it", |held| held.command(901).is_some()).await;
    let reply = get(edge.terminals_addr(), "/iclock/getrequest?SN=A1").await.body;
    let id = reply.lines().last().unwrap().split(':').nth(1).unwrap().to_owned();
    edge.shutdown().await;

    let edge = place.start(hub.clone()).await;
    let body = format!("ID={id}&Return=5&CMD=DATA");
    assert_eq!(post(edge.terminals_addr(), "/iclock/devicecmd?SN=A1", body.as_bytes()).await.body, "OK");
    hub.until("the result", |held| held.command(901).unwrap().state == CommandState::Done).await;
    assert_eq!(hub.with(|held| held.command(901).unwrap().code), Some(5));
    edge.shutdown().await;
}

#[tokio::test]
async fn a_hub_that_has_lost_what_it_was_told_is_told_again_until_it_is_old() {
    let desk = Desk::new();
    desk.take(vec![order(901, TerminalCommand::Info)]).await;
    desk.poll(1).await;
    desk.results(2, "ID=1&Return=0&CMD=INFO").await;
    let reports = desk.spool.command_reports(100).await.unwrap();
    desk.spool.commands_told(reports).await.unwrap();
    assert!(desk.untold().await.is_empty());
    // Back to a backup in which it was not fetched yet, the hub orders it again: it is not done again, but told again.
    desk.take(vec![order(901, TerminalCommand::Info)]).await;
    assert_eq!(desk.poll(3).await, "OK");
    let told = desk.spool.command_reports(100).await.unwrap();
    assert_eq!(told[0].state, CommandState::Done);
    assert_eq!(desk.spool.trim_commands(i64::MAX).await.unwrap(), 0, "what is to be told stays");
    desk.spool.commands_told(told).await.unwrap();
    assert_eq!(desk.spool.trim_commands(2 * SECOND_US).await.unwrap(), 0, "it is not old yet");
    assert_eq!(desk.spool.trim_commands(3 * SECOND_US).await.unwrap(), 1);
}

#[tokio::test]
async fn a_terminal_that_shall_upload_again_is_told_so_in_its_handshake() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("A1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    let handshake = async || get(to, "/iclock/cdata?SN=A1&options=all").await.body;
    assert!(handshake().await.contains("\nATTLOGStamp=0\n"));
    post(to, "/iclock/cdata?SN=A1&table=ATTLOG", b"7\t2024-01-01 08:00:00\n").await;
    assert!(handshake().await.contains("\nATTLOGStamp=9999\n"));
    hub.with(|held| held.commands.push(order(901, TerminalCommand::UploadAgain)));
    hub.until("the edge to have it", |held| held.command(901).is_some()).await;
    assert!(get(to, "/iclock/getrequest?SN=A1").await.body.contains(":CHECK\n"));
    assert!(handshake().await.contains("\nATTLOGStamp=0\n"));
    edge.shutdown().await;
}
