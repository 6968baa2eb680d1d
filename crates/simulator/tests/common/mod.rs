//! What several tests need.
#![allow(dead_code, clippy::expect_used, clippy::panic, reason = "each test uses its part; these are tests")]

pub(crate) mod adms_server;
pub(crate) mod push;
pub(crate) mod wire;

use std::collections::HashMap;

use jiff::civil::date;
use simulator::people::Company;
use simulator::{Terminal, ZkServer};
use zk::{AttendanceRecord, UserRef};

/// The first `count` punches of a made-up company.
pub(crate) fn company_log(count: usize) -> Vec<AttendanceRecord> {
    let punches = Company::generate(11, 60, 1).punches(date(2026, 1, 5), date(2026, 12, 20));
    let log: Vec<_> = punches.iter().filter_map(|punch| punch.record()).take(count).collect();
    assert_eq!(log.len(), count, "the company punches often enough");
    log
}

/// Opens the terminal's 4370 side on a free port and returns the address; it serves until the test ends.
pub(crate) async fn serve(terminal: &Terminal) -> String {
    let server = ZkServer::bind(terminal.clone(), "127.0.0.1:0").await.expect("a free port");
    let address = server.local_addr().expect("a bound listener").to_string();
    tokio::spawn(server.serve());
    address
}

/// What was read is what the terminal holds, as far as every layout tells it: who by number, when, how, and the state.
pub(crate) fn assert_same_log(terminal: &Terminal, read: &[AttendanceRecord], what: &str) {
    let numbers: HashMap<u16, String> = terminal.users().into_iter().map(|user| (user.slot, user.number)).collect();
    let told = |record: &AttendanceRecord| {
        let number = match record.user {
            UserRef::Number(number) => number.to_string(),
            UserRef::Slot(slot) => numbers[&slot].clone(),
        };
        (number, record.time, record.verify, record.state)
    };
    let held = terminal.log(0..usize::MAX);
    assert_eq!(read.len(), held.len(), "{what}");
    for (index, (read, held)) in read.iter().zip(&held).enumerate() {
        assert_eq!(told(read), told(held), "{what}, record {index}");
    }
}
