//! Access terminals, which speak the security dialect (adms 9).

use std::time::Duration;

use edge::EdgeHandle;
use link::{CommandOrder, CommandState, TerminalCommand};
use simulator::push::{PushOptions, ServerUrl};
use simulator::{Pace, RunOptions, Terminal};

use crate::fake_hub::{FakeHub, Held, terminal};
use crate::forwarder::Nobody;
use crate::http::{get, post};
use crate::workplace::Workplace;

const SERIAL: &str = "ACC1";
const OPENING: &str = "/iclock/cdata?SN=ACC1&options=all&pushver=3.1.2&DeviceType=acc&PushOptionsFlag=1";
const EVENTS: &str = "/iclock/cdata?SN=ACC1&table=rtlog";

fn event(time: &str, pin: &str, event: u16) -> String {
    format!("time={time}\tpin={pin}\tcardno=0\teventaddr=1\tevent={event}\tinoutstatus=1\tverifytype=4\tindex=21\r\n")
}

#[tokio::test]
async fn an_access_terminal_is_registered_and_what_it_says_is_taken() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved(SERIAL));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    assert_eq!(get(to, OPENING).await.body, "OK", "it is to register");
    let code = post(to, "/iclock/registry?SN=ACC1", b"DeviceType=acc,~DeviceName=ProFace X").await.body;
    assert!(code.starts_with("RegistryCode=") && code.len() == 23, "{code}");
    let settings = post(to, "/iclock/push?SN=ACC1", b"").await.body;
    assert!(settings.starts_with("ServerVersion=3.0.1\n") && settings.contains("\nRealtime=1\n"), "{settings}");
    let again = get(to, OPENING).await.body;
    assert!(again.starts_with(&format!("registry=ok\n{code}\nServerVersion=3.0.1\n")), "{again}");
    assert_eq!(get(to, "/iclock/rtdata?SN=ACC1&type=time").await.body, "OK", "nobody wants its clock set");

    let body = [
        event("2017-01-10 11:49:32", "0", 27),
        event("2017-01-10 11:49:33", "7", 23),
        event("2017-01-10 11:49:34", "0012", 0),
        event("2017-01-10 11:49:35", "7", 7777),
        "pin=7\tevent=0\n".to_owned(),
    ];
    assert_eq!(post(to, EVENTS, body.concat().as_bytes()).await.body, "OK");
    let state = b"time=2017-01-10 11:49:32\tsensor=00\trelay=00\talarm=0200000000000000";
    assert_eq!(post(to, "/iclock/cdata?SN=ACC1&table=rtstate", state).await.body, "OK");
    let users = b"user uid=1\tcardno=\tpin=0012\tpassword=4711\tgroup=1\tname=Ann\tprivilege=0\r\nuser uid=2\tname=Nobody\tpassword=4711\r\n";
    let table = |name: &str| format!("/iclock/cdata?SN=ACC1&table=tabledata&tablename={name}&count=2");
    assert_eq!(post(to, &table("user"), users).await.body, "user=2");
    assert_eq!(post(to, &table("biodata"), b"biodata pin=7\ttmp=SECRETTEMPLATE\n").await.body, "biodata=1");
    assert_eq!(post(to, &table("mystery"), b"mystery a=1\nmystery a=2\n").await.body, "mystery=2");
    assert_eq!(
        post(to, "/iclock/cdata?SN=ACC1&type=x&AuthType=device", b"pin=7").await.body,
        "OK",
        "no door is opened"
    );
    assert_eq!(get(to, "/iclock/file?SN=ACC1").await.status, 404);

    let expected =
        [("".to_owned(), "pin=7\tevent=0".to_owned()), ("0012".to_owned(), "2017-01-10 11:49:34".to_owned())];
    hub.until("the punch, and the line without a time", |held| held.said() == expected).await;
    hub.until("the user", |held| held.users.get("0012").is_some_and(|user| user.name == "Ann")).await;
    let metrics = get(edge.status_addr().unwrap(), "/metrics").await.body;
    for line in [
        "edge_terminal_events_total 3",
        "edge_records_unknown_total 3",
        "edge_records_not_kept_total 1",
        "edge_lines_unreadable_total 2",
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line} is missing in\n{metrics}");
    }
    edge.shutdown().await;
    let disk = std::fs::read(place.spool()).unwrap();
    for secret in [&b"4711"[..], b"SECRETTEMPLATE"] {
        assert!(!disk.windows(secret.len()).any(|window| window == secret), "a secret reached the disk");
    }
}

#[tokio::test]
async fn an_unapproved_access_terminal_keeps_its_log_and_is_asked_for_it_once_approved() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let edge = place.start(hub.clone()).await;
    let to = edge.terminals_addr();
    get(to, OPENING).await;
    let events: String =
        (0..150).map(|n| event(&format!("2024-01-01 08:{:02}:{:02}", n / 60, n % 60), "7", 0)).collect();
    assert_eq!(post(to, EVENTS, events.as_bytes()).await.status, 503, "the terminal must keep its data");
    hub.until("the sample", |held| held.punches.len() == 100).await;
    let records = b"transaction pin=7\tverified=4\teventtype=0\tinoutstate=1\ttime_second=548003688\n";
    let found = |id: &str| {
        format!("/iclock/querydata?SN=ACC1&type=tabledata&cmdid={id}&tablename=transaction&count=1&packcnt=1&packidx=1")
    };
    assert_eq!(post(to, &found("1"), records).await.status, 503);

    hub.with(|held| held.terminals.push(terminal(SERIAL)));
    hub.is_followed().await;
    let commands = "C:1:DATA QUERY tablename=transaction,fielddesc=*,filter=*\nC:2:DATA QUERY tablename=user,fielddesc=*,filter=*\n";
    assert_eq!(get(to, "/iclock/getrequest?SN=ACC1").await.body, commands);
    assert_eq!(post(to, EVENTS, events.as_bytes()).await.body, "OK");
    assert_eq!(post(to, &found("1"), records).await.body, "transaction=1");
    assert_eq!(
        post(to, "/iclock/devicecmd?SN=ACC1", b"ID=1&Return=1&CMD=DATA QUERY\nID=2&Return=-5000&CMD=DATA QUERY")
            .await
            .body,
        "OK"
    );
    hub.until("the whole log", |held| held.punches.len() == 151).await;
    assert_eq!(
        edge.spool().serials_with_commands().await.unwrap(),
        [SERIAL],
        "the reader behind it still works on one"
    );
    edge.shutdown().await;
}

#[tokio::test]
async fn a_restart_of_the_edge_does_not_forget_what_a_terminal_speaks() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved(SERIAL));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    get(edge.terminals_addr(), OPENING).await;
    edge.shutdown().await;

    let edge = place.start(Nobody).await;
    let to = edge.terminals_addr();
    let commands = get(to, "/iclock/getrequest?SN=ACC1").await.body;
    assert!(commands.starts_with("C:1:DATA QUERY tablename=transaction,"), "{commands}");
    // Somebody switched it to attendance in its menu.
    assert!(
        get(to, "/iclock/cdata?SN=ACC1&options=all&DeviceType=att").await.body.starts_with("GET OPTION FROM: ACC1\n")
    );
    edge.spool().queue(SERIAL.into(), vec![edge::spool::commands::Errand::SendUsers]).await.unwrap();
    edge.shutdown().await;

    let edge = place.start(Nobody).await;
    post(edge.terminals_addr(), "/iclock/devicecmd?SN=ACC1", b"ID=1&Return=0&CMD=DATA\nID=2&Return=0&CMD=DATA").await;
    edge.spool().queue(SERIAL.into(), vec![edge::spool::commands::Errand::UploadAgain]).await.unwrap();
    edge.shutdown().await;
    let edge = place.start(Nobody).await;
    assert_eq!(get(edge.terminals_addr(), "/iclock/getrequest?SN=ACC1").await.body, "C:3:CHECK\n");
    edge.shutdown().await;
}

/// A simulated access terminal, half of whose punches are in its log and half still to come.
fn simulated(faults: &str, edge: &EdgeHandle) -> (Terminal, RunOptions) {
    let record = |n: i32| {
        let number = zk::UserNumber::from((1 + n % 7).to_string().as_str());
        zk::AttendanceRecord::of_number(number, zk::PackedTime(800_000_000 + n * 61))
    };
    let users: Vec<_> = (1..=7).map(|n| zk::User::new(n.to_string().as_str(), &format!("Person {n}"))).collect();
    let terminal = Terminal::builder(SERIAL)
        .profile("access".parse().unwrap())
        .faults(faults.parse().unwrap())
        .users(users)
        .log((0..45).map(record).collect::<Vec<_>>())
        .awaited((45..90).map(record).collect::<Vec<_>>())
        .build();
    let url: ServerUrl = format!("http://{}", edge.terminals_addr()).parse().unwrap();
    let soon = Some(Duration::from_millis(20));
    let push = PushOptions { error_delay: soon, poll_delay: soon, batch_lines: 10, ..PushOptions::new(url) };
    (terminal, RunOptions { push: Some(push), pace: Pace::PerSecond(1000.0), ..RunOptions::default() })
}

#[tokio::test]
async fn each_punch_at_a_door_reaches_the_hub_once_whatever_happens_on_the_way() {
    for faults in [
        "",
        "lost-reply=2 duplicate-batch=3",
        "truncated-body=3 chunked-body crlf",
        "interleaved=3",
        "replay-log=2 no-final-lf",
        "power-cut=10",
        "aspx lower-sn one-request asks-encryption",
        "results-reversed gb2312-names",
    ] {
        let (place, hub) = (Workplace::new(), FakeHub::with_approved(SERIAL));
        let edge = place.start(hub.clone()).await;
        hub.is_followed().await;
        let (terminal, options) = simulated(faults, &edge);
        let running = tokio::spawn(simulator::run(terminal.clone(), options, std::future::pending()));
        let mut progress = terminal.progress();
        let acknowledged = progress.wait_for(|now| now.awaited == 0 && now.acknowledged == now.punched);
        assert!(
            tokio::time::timeout(Duration::from_secs(30), acknowledged).await.is_ok(),
            "{faults}: not acknowledged"
        );
        let expected = crate::push_faults::said(&terminal);
        assert_eq!(expected.len(), 90);
        hub.until(&format!("all punches, with {faults}"), |held| held.said() == expected && held.users.len() == 7)
            .await;
        running.abort();
        edge.shutdown().await;
    }
}

#[tokio::test]
async fn commands_are_said_in_its_dialect_and_their_results_are_told() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved(SERIAL));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let (terminal, options) = simulated("", &edge);
    let running = tokio::spawn(simulator::run(terminal.clone(), options, std::future::pending()));
    terminal.progress().wait_for(|now| now.command_polls > 0).await.unwrap();
    let option = |name: &str| TerminalCommand::GetOption { name: name.to_owned() };
    for (id, command) in [(901, TerminalCommand::SendUsers), (902, option("~DeviceName")), (903, TerminalCommand::Info)]
    {
        hub.with(|held| {
            held.commands.push(CommandOrder { id, serial: SERIAL.to_owned(), command, expires_in_s: 86_400 });
        });
    }
    let is_over = |held: &Held| {
        let state = |id| held.command(id).map(|report| report.state);
        [state(901), state(902), state(903)]
            == [Some(CommandState::Done), Some(CommandState::Done), Some(CommandState::Failed)]
    };
    hub.until("results", is_over).await;
    let says = |id| hub.with(|held| held.command(id).unwrap().text.clone());
    assert_eq!(says(902), "done\n~DeviceName=ProFace X");
    assert!(says(903).contains("ask for each option by its name"), "{}", says(903));
    running.abort();
    edge.shutdown().await;
}
