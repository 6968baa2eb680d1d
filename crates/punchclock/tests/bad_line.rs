//! Edge and hub apart, a line between them that is cut, slow and away, and `kill -9` of both at any moment: what a terminal was told
//! OK for reaches the hub, once.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::time::Duration;

use simulator::push::PushOptions;
use simulator::{LogFile, Pace, RunOptions, Terminal};
use stage::{PATIENCE, Stage, log_for, stage};
use testkit::{BadLine, Chance, Process, how_many, wait_until};

/// `PUNCHCLOCK_KILLS=1000` makes it a long run.
const KILLS: usize = 16;
const SEED: u64 = 5;

fn hub(office: &Stage) -> Process {
    let mut process = Process::spawn(&mut office.command(&["hub", "--listen", &office.pages.to_string()])).unwrap();
    process.wait_for_line("pages: http://", PATIENCE).unwrap();
    process
}

fn edge(branch: &Stage, line: &BadLine, token: &str) -> Process {
    let (hub, adms) = (format!("http://{}", line.address()), branch.terminals.to_string());
    let mut arguments = vec!["edge", "run", "--hub", &hub, "--token-file", token, "--adms-listen", &adms];
    arguments.extend(["--status-listen", "127.0.0.1:0"]);
    let mut process = Process::spawn(&mut branch.command(&arguments)).unwrap();
    process.wait_for_line("board and health: http://", PATIENCE).unwrap();
    process
}

#[test]
fn kills_on_both_sides_of_a_bad_line_lose_and_double_nothing() {
    let (branch, office) = (stage(), stage());
    let kills = how_many("PUNCHCLOCK_KILLS", KILLS);
    let log = log_for(&branch, kills);
    let file = LogFile::parse(&std::fs::read(&log).unwrap());
    let count = file.records.len();
    office.prints(&["terminal", "add", "Door", "--serial", "SIM1", "--zone", "Asia/Manila"]);
    let token = branch.folder.path().join("token");
    std::fs::write(&token, office.prints(&["token", "create", "branch", "--kind", "edge"])).unwrap();
    let token = token.to_str().unwrap();

    let line = BadLine::to(office.pages, SEED).unwrap();
    let mut chance = Chance::new(SEED);
    let (mut hub_process, mut edge_process) = (hub(&office), edge(&branch, &line, token));

    let terminal = Terminal::builder("SIM1").awaited(file.records).build();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let push = PushOptions {
        batch_lines: 7,
        error_delay: Some(Duration::from_millis(20)),
        ..PushOptions::new(format!("http://{}", branch.terminals).parse().unwrap())
    };
    // The rate leaves punches for after the last kill.
    let options = RunOptions { push: Some(push), pace: Pace::PerSecond(400.0), ..RunOptions::default() };
    let running = runtime.spawn(simulator::run(terminal.clone(), options, std::future::pending()));
    let acknowledged = || terminal.progress().borrow().acknowledged;

    for kill in 0..kills {
        let more = usize::try_from(chance.below(60)).unwrap();
        let before = acknowledged();
        let waited = wait_until("uploads", PATIENCE, || acknowledged() >= (before + more).min(count));
        assert!(
            waited.is_ok(),
            "after {kill} kills nothing is taken any more; the edge says:\n{}",
            edge_process.printed()
        );
        if chance.below(2) == 0 {
            edge_process.kill_9().unwrap();
            edge_process = edge(&branch, &line, token);
        } else {
            hub_process.kill_9().unwrap();
            hub_process = hub(&office);
        }
    }
    assert!(acknowledged() < count, "punches flowed to the last kill; only {count} were there");
    let waited = wait_until("the whole log", 10 * PATIENCE, || acknowledged() == count);
    assert!(
        waited.is_ok(),
        "{} of {count} punches are taken and no more; the edge says:\n{}",
        acknowledged(),
        edge_process.printed()
    );
    wait_until("the edge's queue to reach the hub", 10 * PATIENCE, || office.punches() >= count).unwrap();
    running.abort();
    assert!(line.cuts() > 0, "the line was never cut");
    for process in [&mut edge_process, &mut hub_process] {
        process.terminate().unwrap();
        assert!(process.wait(PATIENCE).unwrap().success());
    }
    office.holds_each_once(&log);
}
