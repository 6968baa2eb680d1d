//! A terminal that is heard live, and an operator who wants to talk to it: it serves one at a time.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use jiff::civil::date;
use simulator::{Faults, Terminal, ZkServer};
use stage::{PATIENCE, stage};
use testkit::wait_until;

#[test]
fn commands_get_through_to_a_terminal_that_is_heard_live_and_no_punch_is_missed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let faults = Faults::default().with("refuse-second").unwrap();
    let gate = Terminal::builder("SIM1").users([zk::User::new("7", "Ann")]).faults(faults).build();
    let punch = |minute| assert!(gate.punch("7", date(2026, 3, 2).at(8, minute, 0, 0), 0, 1));
    punch(0);
    let server = runtime.block_on(ZkServer::bind(gate.clone(), "127.0.0.1:0")).unwrap();
    let address = server.local_addr().unwrap().to_string();
    runtime.spawn(server.serve());

    let stage = stage();
    let mut serving = stage.serve();
    let add = ["terminal", "add", "Gate", "--serial", "SIM1", "--address", &address, "--via", "poll", "--live"];
    // Read once at the beginning, and then not before this test is over.
    stage.prints(&[&add[..], &["--poll-minutes", "1440"]].concat());
    let arrive = |punches| wait_until("a punch", PATIENCE, || stage.punches() == punches).unwrap();
    arrive(1);
    punch(1);
    arrive(2);

    for (minute, command) in [(2, "time"), (4, "users"), (6, "info")] {
        assert!(!stage.prints(&["terminal", command, "Gate"]).is_empty());
        punch(minute);
        arrive(usize::try_from(minute).unwrap() + 1);
        punch(minute + 1);
        arrive(usize::try_from(minute).unwrap() + 2);
    }
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
}
