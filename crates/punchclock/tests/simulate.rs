//! `simulate terminal` as a support engineer uses it: makes and faults by name, over both protocols.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::net::SocketAddr;

use stage::{PATIENCE, Stage, stage};
use testkit::{Process, wait_until};
use zk::client::{Client, Options, Transport};

/// A simulated terminal that answers at a free port, and the port.
fn answering(stage: &Stage, arguments: &[&str]) -> (Process, SocketAddr) {
    let begin = ["simulate", "terminal", "--zk-listen", "127.0.0.1:0"];
    let mut process = Process::spawn(&mut stage.command(&[&begin, arguments].concat())).unwrap();
    let line = process.wait_for_line(" answers at ", PATIENCE).unwrap();
    let address = line.split_whitespace().nth(4).unwrap().parse().unwrap();
    (process, address)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn makes_and_faults_are_listed_and_wrong_names_say_what_there_is() {
    let stage = stage();
    let makes = stage.prints(&["simulate", "terminal", "--profile", "list"]);
    for make in
        ["f18", "k40", "k20", "mb20-8", "mb20-16", "u580", "ma300", "speedface-v5l", "senseface", "access", "essl"]
    {
        assert!(makes.lines().any(|line| line.split_whitespace().next() == Some(make)), "{make}: {makes}");
    }
    let faults = stage.prints(&["--json", "simulate", "terminal", "--fault", "list"]);
    let faults: Vec<serde_json::Value> = serde_json::from_str(&faults).unwrap();
    assert_eq!(faults.len(), simulator::Faults::table().len());
    assert!(faults.iter().any(|fault| fault["fault"] == "lost-reply[=N]"), "{faults:?}");

    let fails = |arguments: &[&str]| stage.fails(&[&["simulate", "terminal"], arguments].concat(), 1);
    assert!(fails(&["--push", "http://127.0.0.1:1", "--fault", "rain"]).contains("choose one of strict-checksum, "));
    assert!(fails(&["--push", "http://127.0.0.1:1", "--profile", "zk9000"]).contains("choose one of uface800, "));
    assert!(fails(&["--push", "http://127.0.0.1:1", "--profile", "U580"]).contains("a U580 does not push"));
    assert!(fails(&[]).contains("--zk-listen ADDR, --push URL, or both"));
}

#[test]
fn a_made_up_company_punches_at_a_terminal_of_any_make_and_can_be_read() {
    let stage = stage();
    for (arguments, transport) in [
        (&["--profile", "MB20-16", "--people", "7", "--fault", "frame-pause=1"][..], Transport::Tcp),
        (&["--profile", "U580", "--people", "7"], Transport::Udp),
        (&["--zk-udp", "--people", "7", "--comm-key", "1234"], Transport::Udp),
    ] {
        let (_running, address) = answering(&stage, arguments);
        let comm_key = if arguments.contains(&"--comm-key") { 1234 } else { 0 };
        let read = || {
            block_on(async {
                let options = Options { comm_key, transport, ..Options::default() };
                let mut client = Client::connect(address, options).await.unwrap();
                let read = (client.info().await, client.attendance().await, client.users().await);
                client.close().await;
                (read.0.unwrap(), read.1.unwrap(), read.2.unwrap())
            })
        };
        // The company begins to punch when the terminal answers.
        let month = format!("{arguments:?}: a month of punches");
        wait_until(&month, PATIENCE, || read().1.records.len() > 7 * 20).unwrap();
        let (info, _, users) = read();
        assert_eq!(info.serial.as_deref(), Some("SIM0001"), "{arguments:?}");
        assert_eq!(users.len(), 7, "{arguments:?}");
    }
}

#[test]
fn a_terminal_with_faults_is_told_about_with_the_cure() {
    let stage = stage();
    for (arguments, words) in [
        (&["--fault", "locked"][..], "use push"),
        (&["--fault", "refuse-key"], "comm key"),
        (&["--profile", "senseface"], "use push"),
    ] {
        let (_running, address) = answering(&stage, arguments);
        let told = stage.fails(&["terminal", "info", &address.to_string()], 1);
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
}

#[test]
fn an_essl_unit_that_loses_replies_pushes_everything_once() {
    let stage = stage();
    let mut serving = stage.serve();
    let url = format!("http://{}", stage.terminals);
    stage.prints(&["terminal", "add", "Gate", "--serial", "SIM7", "--zone", "Asia/Manila"]);
    let arguments = [
        "simulate",
        "terminal",
        "--serial",
        "SIM7",
        "--profile",
        "eSSL",
        "--zone",
        "Asia/Manila",
        "--people",
        "5",
        "--push",
        &url,
        "--fault",
        "lost-reply=2",
        "--fault",
        "crlf",
        "--until-acknowledged",
    ];
    // The terminal waits as long as the server told it after each lost reply.
    let mut terminal = Process::spawn(&mut stage.command(&arguments)).unwrap();
    wait_until("a lost reply", PATIENCE, || stage.punches() > 0).unwrap();
    terminal.kill_9().unwrap();
    let before = stage.punches();
    let arguments: Vec<&str> = arguments
        .iter()
        .filter(|word| **word != "--fault" && **word != "lost-reply=2" && **word != "crlf")
        .copied()
        .collect();
    let told = stage.prints(&arguments);
    let total: usize = told.split(['\n', ' ', ',']).find_map(|word| word.parse().ok()).unwrap();
    assert!(before <= total && total > 100, "{before} of {total}");
    wait_until("every punch once", PATIENCE, || stage.punches() == total).unwrap();
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
}
