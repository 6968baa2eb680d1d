//! Faults of push on the way: lost, doubled, cut, slow, replayed, interleaved, and the power that goes off.

use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

use simulator::{Pace, RunOptions, Terminal, TerminalBuilder};

use crate::common::adms_server::{AdmsServer, Seen};
use crate::common::company_log;
use crate::common::push::{printed, reporting_to, run_to_the_end, until};

fn faulty(faults: &str) -> TerminalBuilder {
    Terminal::builder("SIM0001").faults(faults.parse().unwrap())
}

/// The bodies that were taken, of a log of 300 in batches of 50; every punch is among them.
async fn taken(faults: &str) -> Vec<String> {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = faulty(faults).log(company_log(300)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| {
        assert_eq!(BTreeSet::from_iter(seen.punches()), BTreeSet::from_iter(printed(&terminal)), "{faults}");
        seen.uploads.clone()
    })
}

#[tokio::test]
async fn a_lost_reply_brings_the_same_body_again() {
    let bodies = taken("lost-reply=2").await;
    assert_eq!(bodies.len(), 6 + 3);
    assert_eq!(bodies[1], bodies[2]);
}

#[tokio::test]
async fn a_batch_may_come_twice_although_it_was_acknowledged() {
    let bodies = taken("duplicate-batch=4").await;
    assert_eq!(bodies.len(), 6 + 1);
    assert_eq!(bodies[3], bodies[4]);
}

#[tokio::test]
async fn a_body_that_breaks_off_comes_again_whole() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = faulty("truncated-body=2").log(company_log(300)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| {
        let cut: Vec<_> = seen.of("ATTLOG").into_iter().filter(|arrival| arrival.is_cut).cloned().collect();
        assert_eq!(cut.len(), 3);
        for cut in &cut {
            let whole = seen.uploads.iter().find(|body| body.starts_with(&cut.text())).unwrap();
            assert!(cut.body.len() * 2 <= whole.len() + 1 && !cut.body.is_empty());
        }
        assert_eq!(seen.punches(), printed(&terminal), "what broke off was not taken");
    });
    assert_eq!(terminal.progress().borrow().failures, 3);
}

#[tokio::test]
async fn a_body_may_crawl() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = faulty("slow-body=20000").log(company_log(100)).build();
    let begun = Instant::now();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    let bytes: usize = server.look(|seen| seen.of("ATTLOG").iter().map(|arrival| arrival.body.len()).sum());
    assert!(begun.elapsed() >= Duration::from_secs_f64(bytes as f64 / 20_000.0), "{bytes} bytes");
}

#[tokio::test]
async fn the_whole_log_may_come_again() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = faulty("replay-log=2").log(company_log(120)).build();
    until(&terminal, reporting_to(&server.url), &server, |seen| seen.punches().len() >= 360).await;
    server.look(|seen| {
        let log = printed(&terminal);
        assert_eq!(seen.punches(), [log.clone(), log.clone(), log].concat());
    });
}

#[tokio::test]
async fn uploads_and_polls_come_interleaved_on_several_connections() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = faulty("interleaved=3").log(company_log(300)).build();
    let polls = |seen: &Seen| seen.arrivals.iter().filter(|arrival| arrival.line.contains("getrequest")).count();
    until(&terminal, reporting_to(&server.url), &server, |seen| polls(seen) >= 6).await;
    server.look(|seen| {
        let connections: HashSet<_> = seen.of("ATTLOG").iter().map(|arrival| arrival.connection).collect();
        assert_eq!(connections.len(), 3);
        let polled: HashSet<_> = seen
            .arrivals
            .iter()
            .filter(|arrival| arrival.line.contains("getrequest"))
            .map(|arrival| arrival.connection)
            .collect();
        assert_eq!(polled.len(), 3);
        assert_eq!(BTreeSet::from_iter(seen.punches()), BTreeSet::from_iter(printed(&terminal)));
    });
}

#[tokio::test]
async fn a_refusal_among_interleaved_uploads_leaves_no_gap() {
    let server = AdmsServer::start(Seen { refusals: 2, ..Seen::default() }).await;
    let terminal = faulty("interleaved=3").log(company_log(300)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| {
        assert_eq!(seen.refused.len(), 2);
        assert_eq!(BTreeSet::from_iter(seen.punches()), BTreeSet::from_iter(printed(&terminal)));
    });
}

#[tokio::test]
async fn the_whole_log_may_come_in_one_body() {
    let bodies = taken("huge-batch").await;
    assert_eq!(bodies.len(), 1);
    assert_eq!(bodies[0].lines().count(), 300);
}

#[tokio::test]
async fn a_power_cut_between_punch_and_upload_loses_nothing() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = faulty("power-cut=10").awaited(company_log(40)).build();
    let options = RunOptions { pace: Pace::PerSecond(400.0), ..reporting_to(&server.url) };
    run_to_the_end(&terminal, options).await;
    let restarts = terminal.progress().borrow().restarts;
    server.look(|seen| {
        assert_eq!((restarts, seen.handshakes), (4, 5), "each life begins with a handshake");
        assert_eq!(seen.punches(), printed(&terminal), "each punch once: none had been sent before the cut");
        let starts = seen.operations.iter().filter(|line| line.starts_with("OPLOG 0\t")).count();
        assert_eq!(starts, 5, "{:?}", seen.operations);
    });
}

#[tokio::test]
async fn a_full_log_is_reported_whole_and_what_it_refused_is_nowhere() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = faulty("log-full=30").awaited(company_log(40)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| assert_eq!(seen.punches(), printed(&terminal)));
    assert_eq!(terminal.log_len(), 30);
}

#[tokio::test]
async fn what_was_overwritten_before_its_upload_is_gone_and_the_rest_is_reported() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = faulty("log-wraps=25").log(company_log(40)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| assert_eq!(seen.punches(), printed(&terminal)));
    assert_eq!(terminal.log_len(), 25);
}

#[tokio::test]
async fn a_clock_that_jumps_back_makes_times_that_go_back_and_no_punch_is_lost() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = faulty("clock-jump=-86400").awaited(company_log(40)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    let times = server.look(|seen| {
        assert_eq!(seen.punches(), printed(&terminal));
        seen.punches().iter().map(|line| line.split('\t').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    });
    assert!(times[..20].is_sorted() && times[20..].is_sorted() && times[20] < times[19], "{times:?}");
}

#[tokio::test]
async fn a_new_mainboard_has_another_serial_and_the_same_address() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = faulty("new-serial=SIM0002").awaited(company_log(10)).build();
    let options = RunOptions { pace: Pace::PerSecond(8.0), ..reporting_to(&server.url) };
    run_to_the_end(&terminal, options).await;
    server.look(|seen| {
        let options: Vec<_> = seen.of("options").iter().map(|arrival| (arrival.line.clone(), arrival.text())).collect();
        assert_eq!(options.len(), 2);
        assert!(options[0].0.contains("SN=SIM0001&") && options[1].0.contains("SN=SIM0002&"));
        let mac = |text: &str| text.split(',').find(|pair| pair.starts_with("MAC=")).map(str::to_owned);
        assert_eq!(mac(&options[0].1), mac(&options[1].1));
        let of = |serial: &str| seen.of("ATTLOG").iter().filter(|arrival| arrival.line.contains(serial)).count();
        assert!(of("SIM0001") > 0 && of("SIM0002") > 0);
    });
    assert_eq!(&*terminal.serial(), "SIM0002");
}
