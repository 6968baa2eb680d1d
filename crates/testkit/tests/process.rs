//! Processes under test.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // a shell's test

use std::{
    os::unix::process::ExitStatusExt,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use testkit::{Process, TempDir, wait_for, wait_until};

const SOON: Duration = Duration::from_secs(10);

fn shell(script: &str) -> Process {
    Process::spawn(Command::new("sh").args(["-c", script])).unwrap()
}

#[test]
fn a_line_of_either_output_is_found() {
    let mut process = shell("echo one; echo 'listening on 127.0.0.1:4370' >&2; exec sleep 60");
    assert_eq!(process.wait_for_line("listening on", SOON).unwrap(), "listening on 127.0.0.1:4370");
}

#[test]
fn a_program_that_ends_without_the_line_is_reported_with_what_it_printed() {
    let error = shell("echo 'address in use'; exit 1").wait_for_line("listening", SOON).unwrap_err().to_string();
    assert!(error.contains("address in use"), "{error}");
}

#[test]
fn a_program_that_never_prints_the_line_is_given_up_at_the_deadline() {
    let error = shell("exec sleep 60").wait_for_line("listening", Duration::from_millis(20)).unwrap_err().to_string();
    assert!(error.contains("within 20ms"), "{error}");
}

#[test]
fn kill_9_gives_no_chance_to_tidy_up() {
    let mut process = shell("trap 'echo tidy' TERM; echo ready; while :; do sleep 0.01; done");
    process.wait_for_line("ready", SOON).unwrap();
    assert_eq!(process.kill_9().unwrap().signal(), Some(9));
    assert!(!process.printed().contains("tidy"));
}

#[test]
fn terminate_lets_the_program_end_in_order() {
    let mut process = shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done");
    process.wait_for_line("ready", SOON).unwrap();
    process.terminate().unwrap();
    assert_eq!(process.wait(SOON).unwrap().code(), Some(7));
}

#[test]
fn a_dropped_process_is_no_more() {
    let process = shell("exec sleep 60");
    let proc = Path::new("/proc").join(process.pid().to_string());
    assert!(proc.exists());
    drop(process);
    assert!(!proc.exists());
}

#[test]
fn a_talkative_program_is_never_blocked_although_nobody_reads() {
    let folder = TempDir::new().unwrap();
    let done = folder.path().join("done");
    let _process = shell(&format!("seq 1 100000; touch '{}'; exec sleep 60", done.display()));
    wait_until("the program's last step", SOON, || done.exists()).unwrap();
}

#[test]
fn waiting_yields_the_value_or_names_what_never_came() {
    let mut looks = 0;
    let third = wait_for("the third look", SOON, || {
        looks += 1;
        (looks == 3).then_some(looks)
    });
    assert_eq!(third.unwrap(), 3);

    let start = Instant::now();
    let error = wait_until("a blue moon", Duration::from_millis(5), || false).unwrap_err().to_string();
    assert!(error.contains("a blue moon"), "{error}");
    assert!(start.elapsed() < SOON);
}
