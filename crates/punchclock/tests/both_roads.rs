//! One terminal, two roads: each punch counts once.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::path::Path;
use std::time::Duration;

use simulator::push::PushOptions;
use simulator::{LogFile, RunOptions, Terminal, ZkServer};
use stage::{PATIENCE, Stage, log_file, stage};
use testkit::{shared, wait_until};

/// Pushes the log and serves it to pollers, at the same time; returns days and the number of punches.
fn collect(stage: &Stage, log: &Path, serial: &str) -> (String, usize) {
    let file = LogFile::parse(&std::fs::read(log).unwrap());
    let count = file.records.len();
    let terminal = Terminal::builder(serial).log(file.records).build();

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(ZkServer::bind(terminal.clone(), "127.0.0.1:0")).unwrap();
    let address = server.local_addr().unwrap().to_string();
    let mut serving = stage.serve();
    stage.prints(&[
        "terminal",
        "add",
        "Door",
        "--serial",
        serial,
        "--address",
        &address,
        "--zone",
        "Asia/Manila",
        "--via",
        "both",
    ]);
    let push = PushOptions {
        error_delay: Some(Duration::from_millis(50)),
        ..PushOptions::new(format!("http://{}", stage.terminals).parse().unwrap())
    };
    let options = RunOptions { zk: Some(server), push: Some(push), ..RunOptions::default() };
    let running = runtime.spawn(simulator::run(terminal.clone(), options, std::future::pending()));

    // Poll while it pushes, and once more when it has pushed all.
    let first = stage.prints(&["terminal", "poll", "Door"]);
    assert!(first.contains(&format!("read {count}, ")), "{first}");
    wait_until("the terminal's log to be acknowledged", PATIENCE, || {
        terminal.progress().borrow().acknowledged >= count
    })
    .unwrap();
    let queued = || stage.prints(&["--json", "terminal", "list"]);
    wait_until("the edge's queue to reach the hub", PATIENCE, || queued().contains(&format!("\"punches\": {count}")))
        .unwrap();
    let again = stage.prints(&["terminal", "poll", "Door"]);
    assert!(again.contains(&format!("read {count}, stored 0, known {count}, held 0")), "{again}");

    stage.prints(&["held", "cure", "--all-numbers", "--create-employees"]);
    let days = stage.prints(&["export", "days"]);
    let punches = stage.punches();
    running.abort();
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
    (days, punches)
}

/// The days of the same log, imported as a file.
fn imported(log: &Path, serial: &str) -> String {
    let file = stage();
    file.prints(&[
        "import",
        "attlog",
        log.to_str().unwrap(),
        "--serial",
        serial,
        "--zone",
        "Asia/Manila",
        "--create-employees",
    ]);
    file.prints(&["export", "days"])
}

#[test]
fn a_log_that_comes_by_push_and_by_poll_counts_once() {
    let both = stage();
    let log = log_file(&both, 12, "2026-01-05", "2026-02-15");
    let count = std::fs::read_to_string(&log).unwrap().lines().count();
    assert!(count > 800, "{count}");
    let (days, punches) = collect(&both, &log, "SIM1");
    assert_eq!(punches, count);
    assert!(days == imported(&log, "SIM1"), "the same days as from the file");
}

#[test]
fn a_real_log_that_comes_by_both_roads_yields_no_twin() {
    let Some(log) = shared("data/attlog/site-a_attlog.dat") else { return };
    let both = stage();
    let (days, punches) = collect(&both, &log, "A1");
    assert_eq!(punches, 24_162);
    assert!(days == imported(&log, "A1"), "the same days as from the file");
}
