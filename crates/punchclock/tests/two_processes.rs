//! Edge and hub apart: two processes, a token between them, and a hub that is away for a while.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::time::Duration;

use simulator::push::PushOptions;
use simulator::{LogFile, RunOptions, Terminal};
use stage::{PATIENCE, Stage, log_file, stage};
use testkit::{Process, wait_until};

fn hub(stage: &Stage) -> Process {
    let listen = stage.pages.to_string();
    let mut process = Process::spawn(&mut stage.command(&["hub", "--listen", &listen])).unwrap();
    process.wait_for_line("pages: http://", PATIENCE).unwrap();
    process
}

#[test]
fn an_edge_keeps_what_it_took_while_its_hub_is_away() {
    let (branch, office) = (stage(), stage());
    let log = log_file(&branch, 6, "2026-01-05", "2026-01-25");
    let file = LogFile::parse(&std::fs::read(&log).unwrap());
    let count = file.records.len();
    office.prints(&["terminal", "add", "Door", "--serial", "SIM1", "--zone", "Asia/Manila"]);
    let token = branch.folder.path().join("token");
    std::fs::write(&token, office.prints(&["token", "create", "branch", "--kind", "edge"])).unwrap();

    let mut hub_process = hub(&office);
    let (url, adms) = (format!("http://{}", office.pages), branch.terminals.to_string());
    let arguments = [
        "edge",
        "run",
        "--hub",
        &url,
        "--token-file",
        token.to_str().unwrap(),
        "--adms-listen",
        &adms,
        "--status-listen",
        "127.0.0.1:0",
    ];
    let mut edge = Process::spawn(&mut branch.command(&arguments)).unwrap();
    edge.wait_for_line("board and health: http://", PATIENCE).unwrap();

    // The edge learns of its terminals from the hub; then the hub goes away.
    let has_met = || {
        office
            .command(&["--json", "doctor"])
            .output()
            .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains("edge branch"))
    };
    wait_until("the edge's first sign of life", PATIENCE, has_met).unwrap();
    hub_process.kill_9().unwrap();

    let terminal = Terminal::builder("SIM1").log(file.records).build();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let push = PushOptions {
        error_delay: Some(Duration::from_millis(50)),
        ..PushOptions::new(format!("http://{}", branch.terminals).parse().unwrap())
    };
    let options = RunOptions { push: Some(push), ..RunOptions::default() };
    let running = runtime.spawn(simulator::run(terminal.clone(), options, std::future::pending()));
    wait_until("the edge to take the log", PATIENCE, || terminal.progress().borrow().acknowledged == count).unwrap();
    running.abort();
    assert_eq!(office.punches(), 0);

    edge.kill_9().unwrap();
    let mut edge = Process::spawn(&mut branch.command(&arguments)).unwrap();
    let mut hub_process = hub(&office);
    wait_until("the queue to reach the hub", PATIENCE, || office.punches() == count).unwrap();
    for process in [&mut edge, &mut hub_process] {
        process.terminate().unwrap();
        assert!(process.wait(PATIENCE).unwrap().success());
    }
}
