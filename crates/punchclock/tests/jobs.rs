//! Jobs of a real server: killed in the middle of one, asked for beside it.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;
use stage::{PATIENCE, Stage, stage};
use testkit::wait_until;

fn jobs(stage: &Stage, arguments: &[&str]) -> Vec<Value> {
    let shown = stage.prints(&[&["--json", "job", "list"], arguments].concat());
    serde_json::from_str(&shown).unwrap()
}

#[test]
fn what_is_asked_for_beside_a_server_is_done_at_once_and_what_can_not_be_asked_for_is_told() {
    let stage = stage();
    let mut serving = stage.serve();
    wait_until("the first due times to be worked off", PATIENCE, || jobs(&stage, &["--state", "done"]).len() == 6)
        .unwrap();
    let told = stage.prints(&["job", "run", "derive"]);
    assert!(told.starts_with("job ") && told.contains(" was done by the server "), "{told}");
    assert!(told.ends_with(" s: 0 weeks wait to be derived\n"), "{told}");
    assert_eq!(jobs(&stage, &["--state", "done", "--kind", "derive"]).len(), 2);
    assert!(
        stage
            .fails(&["job", "run", "notice"], 1)
            .contains("there is derive, clean-up, backup, seal, send, retry, pull")
    );
    assert!(stage.fails(&["job", "retry", "1"], 1).contains("only a dead job is tried again by hand"));
    assert_eq!(stage.prints(&["job", "retry", "--all"]), "0 dead jobs are tried again\n");
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
}

#[test]
fn without_a_server_what_is_asked_for_is_done_here_and_days_are_derived_as_a_server_does() {
    let stage = stage();
    let log = stage::log_file(&stage, 3, "2026-01-05", "2026-01-06");
    let import = ["import", "attlog", log.to_str().unwrap(), "--serial", "A1", "--zone", "Asia/Manila"];
    stage.prints(&[&import[..], &["--create-employees"]].concat());
    let told = stage.prints(&["job", "run", "derive"]);
    assert!(told.starts_with("job 1 was done here in "), "{told}");
    assert_eq!(stage.prints(&["derive"]), "looked at 0 weeks, changed 0 days\n", "nothing is left");
    let told: Value = serde_json::from_str(&stage.prints(&["--json", "job", "run", "clean-up"])).unwrap();
    assert_eq!((&told["job"], &told["state"], &told["is_here"]), (&2.into(), &"done".into(), &true.into()), "{told}");
    let listed = &jobs(&stage, &["--kind", "clean-up"])[0];
    assert_eq!((&listed["outcome"], &listed["attempts"]), (&told["outcome"], &1.into()), "{listed}");
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_a_job_leaves_it_to_the_next_which_does_it_once() {
    let stage = stage();
    // A receiver that takes a post and never answers: the job is under way for as long.
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let webhook = format!("http://{}/hook", receiver.local_addr().unwrap());
    let serve = || {
        let mut command = stage.serve_command();
        command.env("PUNCHCLOCK__HUB__SILENCE_WEBHOOK", &webhook);
        testkit::Process::spawn(&mut command).unwrap()
    };
    // A notice that waits, as a silent edge leaves it.
    stage.prints(&["terminal", "add", "Door", "--serial", "A1", "--zone", "Asia/Manila"]);
    let database = rusqlite::Connection::open(stage.data().join("hub.sqlite")).unwrap();
    let insert =
        "INSERT INTO job (tenant, id, kind, lane, body, state, due_us, attempts, fence, owner, created_us, outcome)
        VALUES (1, 1000, 'notice', 'notice cebu', '{}', 'waiting', 0, 0, 0, '', 0, '')";
    database.execute(insert, []).unwrap();
    let state = || jobs(&stage, &["--kind", "notice"])[0]["state"].as_str().unwrap().to_owned();
    let mut first = serve();
    let (_held, _) = receiver.accept().unwrap();
    assert_eq!(state(), "running");
    first.kill_9().unwrap();

    let mut second = serve();
    second.wait_for_line("pages: http://", PATIENCE).unwrap();
    assert_eq!(state(), "running", "its lease has not ended");
    // As if the minute of its lease was over.
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    database.execute("UPDATE job SET due_us = 0 WHERE id = 1000", []).unwrap();
    let (stream, _) = receiver.accept().unwrap();
    answer(stream);
    wait_until("the job to be done", PATIENCE, || state() == "done").unwrap();
    let job = &jobs(&stage, &["--kind", "notice"])[0];
    assert_eq!((&job["attempts"], &job["outcome"]), (&2.into(), &"posted".into()), "{job}");
    second.terminate().unwrap();
    assert!(second.wait(PATIENCE).unwrap().success());
}

/// Reads a post and takes it.
fn answer(mut stream: std::net::TcpStream) {
    use std::io::{Read as _, Write as _};
    let mut heard = Vec::new();
    let mut part = [0; 1024];
    while !heard.ends_with(b"\r\n\r\n{}") {
        let length = stream.read(&mut part).unwrap();
        assert!(length > 0, "the post broke off");
        heard.extend_from_slice(&part[..length]);
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
}
