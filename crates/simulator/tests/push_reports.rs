//! The terminal as an ADMS client: what it reports, keeps, repeats and obeys (adms 4 to 8, 13).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;

use common::adms_server::{AdmsServer, Seen};
use common::company_log;
use common::push::{printed, reporting_to, run_to_the_end, until};
use simulator::{Ends, Pace, RunOptions, Terminal, ZkServer, run};

#[tokio::test]
async fn the_whole_log_is_reported_in_batches_and_in_order() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = Terminal::builder("SIM0001").log(company_log(333)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| {
        assert_eq!(seen.punches(), printed(&terminal));
        assert_eq!(seen.uploads.iter().map(|body| body.lines().count()).max(), Some(50));
        assert_eq!(seen.users.len(), terminal.users().len());
        assert!(seen.users[0].starts_with("USER PIN="), "{}", seen.users[0]);
    });
    assert_eq!(terminal.progress().borrow().acknowledged, 333);
}

#[tokio::test]
async fn what_the_server_does_not_take_is_kept_and_sent_again_unchanged() {
    let server = AdmsServer::start(Seen { refusals: 3, ..Seen::default() }).await;
    let terminal = Terminal::builder("SIM0001").log(company_log(60)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| {
        assert_eq!(seen.refused.len(), 3);
        assert!(seen.refused.iter().all(|body| *body == seen.uploads[0]), "the same body each time");
        assert_eq!(seen.punches(), printed(&terminal));
    });
    assert_eq!(terminal.progress().borrow().failures, 3);
}

#[tokio::test]
async fn a_lost_reply_makes_the_same_batch_come_twice_and_nothing_is_missing() {
    let server = AdmsServer::start(Seen::default()).await;
    let faults = "lost-reply=2".parse().unwrap();
    let terminal = Terminal::builder("SIM0001").faults(faults).log(company_log(300)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| {
        assert_eq!(seen.uploads.len(), 6 + 3, "every second of six batches twice");
        assert_eq!(seen.uploads[1], seen.uploads[2]);
        assert_eq!(BTreeSet::from_iter(seen.punches()), BTreeSet::from_iter(printed(&terminal)));
    });
}

#[tokio::test]
async fn an_acknowledged_batch_may_be_duplicated() {
    let server = AdmsServer::start(Seen::default()).await;
    let faults = "duplicate-batch=3".parse().unwrap();
    let terminal = Terminal::builder("SIM0001").faults(faults).log(company_log(200)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| {
        assert_eq!(seen.uploads.len(), 5);
        assert_eq!(seen.uploads[2], seen.uploads[3]);
    });
}

#[tokio::test]
async fn punches_at_a_rate_are_reported_as_they_happen() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = Terminal::builder("SIM0001").awaited(company_log(40)).build();
    run_to_the_end(&terminal, RunOptions { pace: Pace::PerSecond(200.0), ..reporting_to(&server.url) }).await;
    server.look(|seen| {
        assert_eq!(seen.punches(), printed(&terminal));
        assert!(seen.uploads.len() > 1, "not all at once");
    });
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    // A port that was free a moment ago; nobody listens there.
    let address = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let terminal = Terminal::builder("SIM0001").log(company_log(10)).build();
    let options = reporting_to(&format!("http://{address}"));
    let mut progress = terminal.progress();
    let server_comes_late = async {
        progress.wait_for(|now| now.failures >= 3).await.unwrap();
        AdmsServer::start_at(&address, Seen::default()).await
    };
    let ((), server) = tokio::join!(run_to_the_end(&terminal, options), server_comes_late);
    server.look(|seen| assert_eq!(seen.punches(), printed(&terminal)));
}

#[tokio::test]
async fn check_with_stamp_0_makes_everything_come_again() {
    let server = AdmsServer::start(Seen { commands: "C:1:CHECK\n".to_owned(), ..Seen::default() }).await;
    let terminal = Terminal::builder("SIM0001").log(company_log(70)).build();
    until(&terminal, reporting_to(&server.url), &server, |seen| seen.handshakes == 2).await;
    server.look(|seen| {
        assert_eq!(seen.punches().len(), 70, "an ordinary stamp repeats nothing");
        *seen = Seen::default();
    });

    let terminal = Terminal::builder("SIM0001").log(company_log(70)).build();
    let again = |seen: &Seen| seen.handshakes == 2 && seen.punches().len() == 140;
    let watch = server.seen.clone();
    let mut progress = terminal.progress();
    tokio::spawn(async move {
        progress.wait_for(|now| now.acknowledged == 70).await.map(|_| ()).unwrap();
        let mut seen = watch.lock().unwrap();
        seen.wants_everything = true;
        seen.commands = "C:2:CHECK\n".to_owned();
    });
    until(&terminal, reporting_to(&server.url), &server, again).await;
}

#[tokio::test]
async fn commands_are_obeyed_and_their_results_reported() {
    let log = company_log(100);
    let span = |index: usize| log[index].time.civil().unwrap().to_string();
    let commands = format!(
        "C:1:DATA QUERY ATTLOG StartTime={}\tEndTime={}\nC:2:DATA QUERY ATTLOG StartTime=1999-01-01 00:00:00\tEndTime=1999-12-31 23:59:59\nC:3:INFO\nC:4:ENROLL_FP PIN=1\tFID=0\nC:5:DATA QUERY USERINFO\nC:6:REBOOT\nC:7:LOG\n",
        span(10),
        span(19)
    );
    let server = AdmsServer::start(Seen { commands, ..Seen::default() }).await;
    let terminal = Terminal::builder("SIM0001").log(log).build();
    until(&terminal, reporting_to(&server.url), &server, |seen| seen.results.len() == 6 && seen.handshakes == 2).await;
    server.look(|seen| {
        let asked_for = seen.punches().split_off(100);
        assert_eq!(asked_for, printed(&terminal)[10..20]);
        let firsts: Vec<_> = seen.results.iter().filter_map(|result| result.lines().next()).collect();
        assert_eq!(
            firsts,
            [
                "ID=1&Return=0&CMD=DATA",
                "ID=2&Return=-1&CMD=DATA",
                "ID=3&Return=0&CMD=INFO",
                "ID=4&Return=-1002&CMD=ENROLL_FP",
                "ID=5&Return=0&CMD=DATA",
                "ID=6&Return=0&CMD=REBOOT",
            ],
            "what followed the restart is lost"
        );
        assert!(seen.results[2].contains("~SerialNumber=SIM0001"), "{}", seen.results[2]);
        assert_eq!(seen.users.len(), 2 * terminal.users().len());
        assert_eq!(seen.infos[0].split(',').nth(3), Some("100"), "{}", seen.infos[0]);
        assert_eq!(seen.handshakes, 2, "it came back after the restart");
    });
}

#[tokio::test]
async fn one_terminal_shows_the_same_log_on_both_roads_at_the_same_time() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = Terminal::builder("SIM0001").awaited(company_log(400)).build();
    let zk = ZkServer::bind(terminal.clone(), "127.0.0.1:0").await.unwrap();
    let address = zk.local_addr().unwrap();
    let options = RunOptions {
        zk: Some(zk),
        pace: Pace::PerSecond(2_000.0),
        ends: Ends::AtShutdown,
        ..reporting_to(&server.url)
    };
    let reading = async {
        let mut client = zk::client::Client::connect(address, zk::client::Options::default()).await.unwrap();
        let mut reads = Vec::new();
        while terminal.progress().borrow().acknowledged < 400 {
            reads.push(client.attendance().await.unwrap().records);
        }
        reads.push(client.attendance().await.unwrap().records);
        client.close().await;
        reads
    };
    let (sender, done) = tokio::sync::oneshot::channel();
    let reading = async {
        let reads = reading.await;
        sender.send(()).unwrap();
        reads
    };
    let shutdown = async { done.await.unwrap() };
    let (ran, reads) = tokio::join!(run(terminal.clone(), options, shutdown), reading);
    ran.unwrap();
    let held = terminal.log(0..usize::MAX);
    assert!(reads.iter().all(|read| held.starts_with(read)), "each read is the log as it was then");
    assert_eq!(reads.last().map(Vec::len), Some(400));
    server.look(|seen| assert_eq!(seen.punches(), printed(&terminal)));
}
