//! A terminal that nobody registered: its first lines are kept as a held sample, it keeps the rest, and once approved
//! everything arrives, back to its first punch.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::time::Duration;

use simulator::push::PushOptions;
use simulator::{LogFile, RunOptions, Terminal};
use stage::{PATIENCE, log_file, stage};
use testkit::wait_until;

#[test]
fn an_unapproved_terminal_keeps_its_punches_until_it_is_approved() {
    let stage = stage();
    let log = log_file(&stage, 10, "2026-01-05", "2026-02-08");
    let file = LogFile::parse(&std::fs::read(&log).unwrap());
    let count = file.records.len();
    assert!(count > 400, "{count}");
    let terminal = Terminal::builder("STRANGER").log(file.records).build();
    let mut serving = stage.serve();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let push = PushOptions {
        batch_lines: 30,
        error_delay: Some(Duration::from_millis(50)),
        poll_delay: Some(Duration::from_millis(100)),
        ..PushOptions::new(format!("http://{}", stage.terminals).parse().unwrap())
    };
    let options = RunOptions { push: Some(push), ..RunOptions::default() };
    let running = runtime.spawn(simulator::run(terminal.clone(), options, std::future::pending()));

    let held = || stage.prints(&["--json", "held", "list"]);
    wait_until("the sample to be held", PATIENCE, || held().contains("unapproved_terminal")).unwrap();
    let sample = stage.punches();
    assert!((1..=100).contains(&sample), "{sample}");
    assert_eq!(terminal.progress().borrow().acknowledged, 0, "the terminal was never told OK");
    assert!(stage.prints(&["terminal", "list"]).contains("STRANGER"));

    stage.prints(&["terminal", "approve", "STRANGER"]);
    wait_until("every punch to be acknowledged", PATIENCE, || terminal.progress().borrow().acknowledged == count)
        .unwrap();
    wait_until("every punch to reach the hub", PATIENCE, || stage.punches() == count).unwrap();
    assert!(!held().contains("unapproved_terminal"));
    running.abort();
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
}
