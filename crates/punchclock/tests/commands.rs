//! A command is asked for on the command line, brought by the server to a terminal that pushes, and its result is seen on
//! the command line, whatever happens in between.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use simulator::push::PushOptions;
use simulator::{Faults, RunOptions, Terminal};
use stage::{PATIENCE, Stage, stage};
use testkit::{Process, wait_for, wait_until};

/// A stage whose terminal `SIM1` is registered and approved.
fn with_terminal() -> Stage {
    let stage = stage();
    stage.prints(&["terminal", "add", "Door", "--serial", "SIM1", "--zone", "Asia/Manila"]);
    stage
}

/// A terminal made by hand: it does only what a test says.
struct ByHand<'a>(&'a Stage);

impl ByHand<'_> {
    fn ask(&self, request: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.0.terminals).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
    }

    fn poll(&self) -> String {
        let request = "GET /iclock/getrequest?SN=SIM1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        wait_for("the poll to be answered", PATIENCE, || self.ask(request)).unwrap()
    }

    fn result(&self, body: &str) {
        let length = body.len();
        let request = format!(
            "POST /iclock/devicecmd?SN=SIM1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        assert_eq!(wait_for("the result to be taken", PATIENCE, || self.ask(&request)).unwrap(), "OK");
    }

    /// Polls until a command comes; its number on the wire.
    fn fetch(&self, text: &str) -> String {
        let fetched = || {
            let reply = self.poll();
            let line = reply.lines().find(|line| line.ends_with(&format!(":{text}")))?;
            line.split(':').nth(1).map(str::to_owned)
        };
        wait_for("the command to be handed out", PATIENCE, fetched).unwrap()
    }

    /// Does the errands of its approval.
    fn settle_in(&self) {
        self.fetch("DATA QUERY USERINFO");
        self.result("ID=1&Return=0&CMD=CHECK\nID=2&Return=0&CMD=DATA");
        wait_until("nothing to wait", PATIENCE, || self.poll() == "OK").unwrap();
    }
}

fn ask(stage: &Stage, what: &[&str]) -> i64 {
    let asked = stage.prints(&[&["--json", "terminal", "command", "Door"], what].concat());
    let rows: Value = serde_json::from_str(&asked).unwrap();
    rows[0]["number"].as_i64().unwrap()
}

/// The row of a command. One that was not done is an error of the command line, which prints it all the same.
fn row(stage: &Stage, number: i64) -> Value {
    let output = stage.run(&["--json", "terminal", "commands", "--number", &number.to_string()]);
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    rows[0].clone()
}

fn wait_for_state(stage: &Stage, number: i64, state: &str) {
    let reached =
        wait_until(&format!("command {number} to be {state}"), PATIENCE, || row(stage, number)["state"] == state);
    assert!(reached.is_ok(), "{}", row(stage, number));
}

/// A simulated terminal's work: it calls often.
fn pushing_to(stage: &Stage) -> RunOptions {
    let push = PushOptions {
        error_delay: Some(Duration::from_millis(50)),
        poll_delay: Some(Duration::from_millis(50)),
        ..PushOptions::new(format!("http://{}", stage.terminals).parse().unwrap())
    };
    RunOptions { push: Some(push), ..RunOptions::default() }
}

fn serve_with_patience(stage: &Stage, seconds: u32) -> Process {
    let mut command = stage.serve_command();
    command.env("PUNCHCLOCK__TERMINALS__RESULT_SECONDS", seconds.to_string());
    let mut process = Process::spawn(&mut command).unwrap();
    process.wait_for_line("pages: http://", PATIENCE).unwrap();
    process
}

#[test]
fn a_terminal_does_what_was_asked_on_the_command_line_and_the_result_is_seen_there() {
    let stage = with_terminal();
    let mut serving = stage.serve();
    let terminal = Terminal::builder("SIM1").build();
    for second in 0..5 {
        terminal.punch("7", jiff::civil::date(2026, 1, 5).at(8, 0, second, 0), 0, 1);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.spawn(simulator::run(terminal.clone(), pushing_to(&stage), std::future::pending()));
    let told = |what: &[&str]| stage.prints(&[&["terminal", "command", "Door", "--wait", "1m"], what].concat());

    let info = told(&["info"]);
    assert!(info.contains("tell all options: done") && info.contains("\nFWVersion=Ver "), "{info}");
    let span = ["--from", "2026-01-05 08:00:01", "--to", "2026-01-05 08:00:03"];
    told(&[&["punches"], &span[..]].concat());
    assert!(told(&[&["count"], &span[..]].concat()).contains("the terminal has 3 punches in this span"));
    let nothing = told(&["punches", "--from", "2026-02-01", "--to", "2026-02-01"]);
    assert!(nothing.contains("nothing was found"), "an empty span is no failure: {nothing}");
    let has =
        |number: &str, name: &str| terminal.users().iter().any(|user| user.number == number && user.name() == name);
    told(&["put-user", "0012", "--name", "Ann", "--card", "4711"]);
    told(&["put-user", "0012", "--name", "Ann Reyes"]);
    assert!(has("0012", "Ann Reyes") && !has("0012", "Ann"));
    told(&["delete-user", "0012"]);
    assert!(!has("0012", "Ann Reyes"));
    told(&["set-option", "VOLUME=33"]);
    assert!(told(&["get-option", "VOLUME"]).contains("\nVOLUME=33"));
    told(&["reboot"]);
    let refused = stage.fails(&["terminal", "command", "Door", "--wait", "1m", "get-option", "NoSuchThing"], 1);
    assert!(refused.contains("did not do command") && refused.contains("a parameter is wrong"), "{refused}");

    let refused = stage.fails(&["terminal", "command", "Door", "set-option", "ComKey=1"], 1);
    assert!(refused.contains("set it in the terminal's own menu"), "{refused}");
    let evil = stage.fails(&["terminal", "command", "Door", "set-option", "Delay=5\tX=1"], 1);
    assert!(evil.contains("control character"), "{evil}");
    let list = stage.prints(&["terminal", "command", "Door", "--list"]);
    assert_eq!(list.lines().filter(|line| line.contains(" done ")).count(), 10, "{list}");
    let audit = stage.prints(&["audit", "list"]);
    assert!(audit.contains("terminal.command") && audit.contains("restart"), "{audit}");
    running.abort();
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
}

#[test]
fn a_terminal_that_restarts_before_it_tells_the_result_gets_the_command_again() {
    let stage = with_terminal();
    let _serving = serve_with_patience(&stage, 1);
    let terminal = ByHand(&stage);
    terminal.settle_in();
    let number = ask(&stage, &["users"]);
    let first = terminal.fetch("DATA QUERY USERINFO");
    // It restarts here, and knows nothing of the command any more.
    let second = terminal.fetch("DATA QUERY USERINFO");
    assert_eq!(first, second, "the same command");
    terminal.result(&format!("ID={second}&Return=3&CMD=DATA"));
    wait_for_state(&stage, number, "done");
    assert!(row(&stage, number)["deliveries"].as_i64().unwrap() >= 2);
}

#[test]
fn results_that_come_reversed_twice_or_after_a_restart_find_their_commands() {
    let stage = with_terminal();
    let _serving = serve_with_patience(&stage, 1);
    let faults = ["results-reversed", "results-twice", "results-joined", "reboot-before-result=2"];
    let faults = faults.iter().try_fold(Faults::default(), |faults, fault| faults.with(fault)).unwrap();
    let terminal = Terminal::builder("SIM1").faults(faults).build();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.spawn(simulator::run(terminal, pushing_to(&stage), std::future::pending()));
    let asked: Vec<i64> = (0..3)
        .flat_map(|_| [&["info"][..], &["users"], &["count", "--from", "2026-01-05"]])
        .map(|what| ask(&stage, what))
        .collect();
    for number in &asked {
        wait_for_state(&stage, *number, "done");
    }
    let rows: Vec<Value> = asked.iter().map(|number| row(&stage, *number)).collect();
    let says = |row: &Value, words: &str| row["says"].as_str().unwrap().contains(words);
    let has_options = |row: &&Value| row["told"].as_array().is_some_and(|told| told.len() > 3);
    assert_eq!(rows.iter().filter(has_options).count(), 3, "each result is that of its command: {rows:?}");
    assert_eq!(rows.iter().filter(|row| says(row, "has 0 punches")).count(), 3, "{rows:?}");
    assert!(rows.iter().any(|row| row["deliveries"].as_i64() > Some(1)), "it did restart: {rows:?}");
    running.abort();
}

#[test]
fn a_command_that_has_expired_is_never_delivered() {
    let stage = with_terminal();
    let serving = stage.serve();
    let terminal = ByHand(&stage);
    terminal.settle_in();
    let doomed = ask(&stage, &["reboot", "--expires", "1m"]);
    wait_for_state(&stage, doomed, "handed_over");
    drop(serving);
    // A minute passes for the edge: on its disk and at the hub the command has expired by now.
    for (file, table, column) in [("edge.sqlite", "command", "hub_id"), ("hub.sqlite", "terminal_command", "id")] {
        let database = rusqlite::Connection::open(stage.data().join(file)).unwrap();
        let sql = format!("UPDATE {table} SET expires_us = expires_us - 60000000 WHERE {column} = {doomed}");
        assert_eq!(database.execute(&sql, []).unwrap(), 1);
    }
    let _serving = stage.serve();
    assert_eq!(terminal.poll(), "OK");
    wait_for_state(&stage, doomed, "expired");
    assert_eq!(row(&stage, doomed)["deliveries"], 0);
    let said = stage.fails(&["terminal", "commands", "--number", &doomed.to_string()], 1);
    assert!(said.contains("did not fetch it in time"), "{said}");
    // What comes after it is not held up.
    let next = ask(&stage, &["info"]);
    let on_wire = terminal.fetch("INFO");
    terminal.result(&format!("ID={on_wire}&Return=0&CMD=INFO"));
    wait_for_state(&stage, next, "done");
}

#[test]
fn a_kill_between_hand_out_and_result_loses_nothing_and_asks_nothing_twice() {
    let stage = with_terminal();
    let mut serving = stage.serve();
    let terminal = ByHand(&stage);
    terminal.settle_in();
    let number = ask(&stage, &["users"]);
    let on_wire = terminal.fetch("DATA QUERY USERINFO");
    serving.kill_9().unwrap();

    let mut serving = stage.serve();
    assert_eq!(terminal.poll(), "OK", "it was handed out, its result is awaited");
    terminal.result(&format!("ID={on_wire}&Return=7&CMD=DATA"));
    serving.kill_9().unwrap();

    let _serving = stage.serve();
    wait_for_state(&stage, number, "done");
    let row = row(&stage, number);
    assert_eq!((row["deliveries"].as_i64(), row["code"].as_i64()), (Some(1), Some(7)), "{row}");
    assert_eq!(terminal.poll(), "OK");
}
