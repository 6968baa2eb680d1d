//! `kill -9` of `serve` at any moment: nothing that a terminal was told OK for is lost, nothing counts twice.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::time::Duration;

use simulator::push::PushOptions;
use simulator::{LogFile, Pace, RunOptions, Terminal};
use stage::{PATIENCE, log_for, stage};
use testkit::{Process, how_many, wait_until};

/// `PUNCHCLOCK_KILLS=1000` makes it a long run.
const KILLS: usize = 24;

#[test]
fn kills_while_punches_flow_lose_and_double_nothing() {
    let stage = stage();
    let kills = how_many("PUNCHCLOCK_KILLS", KILLS);
    let log = log_for(&stage, kills);
    let file = LogFile::parse(&std::fs::read(&log).unwrap());
    let count = file.records.len();
    let terminal = Terminal::builder("SIM1").awaited(file.records).build();
    stage.prints(&["terminal", "add", "Door", "--serial", "SIM1", "--zone", "Asia/Manila"]);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let push = PushOptions {
        batch_lines: 7,
        error_delay: Some(Duration::from_millis(20)),
        ..PushOptions::new(format!("http://{}", stage.terminals).parse().unwrap())
    };
    // The rate leaves punches for after the last kill.
    let options = RunOptions { push: Some(push), pace: Pace::PerSecond(400.0), ..RunOptions::default() };
    let running = runtime.spawn(simulator::run(terminal.clone(), options, std::future::pending()));
    let acknowledged = || terminal.progress().borrow().acknowledged;

    for kill in 0..kills {
        let mut serving = Process::spawn(&mut stage.serve_command()).unwrap();
        let before = acknowledged();
        // Now at the start, now after some uploads: a different moment each time.
        let more = [0, 1, 20, 3, 45, 8][kill % 6];
        if more > 0 {
            serving.wait_for_line("pages: http://", PATIENCE).unwrap();
            wait_until("uploads to be acknowledged", PATIENCE, || acknowledged() >= (before + more).min(count))
                .unwrap();
        }
        serving.kill_9().unwrap();
    }
    assert!(acknowledged() < count, "punches flowed to the last kill; only {count} were there");

    let mut serving = stage.serve();
    // The log of a long run flows on for minutes.
    wait_until("the whole log to be acknowledged", 10 * PATIENCE, || acknowledged() == count).unwrap();
    wait_until("the edge's queue to reach the hub", 10 * PATIENCE, || stage.punches() >= count).unwrap();
    running.abort();
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());

    stage.holds_each_once(&log);
}
