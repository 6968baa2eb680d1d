//! Terminals that report to a server of a test.

use std::time::Duration;

use simulator::push::PushOptions;
use simulator::{Ends, RunOptions, Terminal, run};

use super::adms_server::{AdmsServer, Seen};

pub(crate) fn reporting_to(url: &str) -> RunOptions {
    let push = PushOptions {
        batch_lines: 50,
        error_delay: Some(Duration::from_millis(20)),
        poll_delay: Some(Duration::from_millis(20)),
        ..PushOptions::new(url.parse().expect("a server's address"))
    };
    RunOptions { push: Some(push), ends: Ends::WhenAcknowledged, ..RunOptions::default() }
}

/// Runs until the whole log is acknowledged; a run that hangs fails the test.
pub(crate) async fn run_to_the_end(terminal: &Terminal, options: RunOptions) {
    let run = run(terminal.clone(), options, std::future::pending());
    tokio::time::timeout(Duration::from_secs(30), run)
        .await
        .expect("the log is acknowledged in time")
        .expect("nothing fails");
}

pub(crate) fn printed(terminal: &Terminal) -> Vec<String> {
    let log = terminal.log(0..usize::MAX);
    let line = |record: &zk::AttendanceRecord| {
        let zk::UserRef::Number(number) = record.user else { panic!("logs hold numbers") };
        format!("{number}\t{}\t{}\t{}\t0\t0\t0", record.time.civil().expect("a date"), record.state, record.verify)
    };
    log.iter().map(line).collect()
}

/// Runs the terminal beside the test, and gives it up when the condition holds.
pub(crate) async fn until(
    terminal: &Terminal,
    options: RunOptions,
    server: &AdmsServer,
    holds: impl Fn(&Seen) -> bool,
) {
    let options = RunOptions { ends: Ends::AtShutdown, ..options };
    let mut progress = terminal.progress();
    let condition = async {
        while !server.look(|seen| holds(seen)) {
            progress.changed().await.expect("the terminal lives");
        }
    };
    tokio::time::timeout(Duration::from_secs(30), run(terminal.clone(), options, condition))
        .await
        .expect("it happens in time")
        .expect("nothing fails");
}
