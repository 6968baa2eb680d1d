//! What is kept and what goes, as an operator sees it; and a twin that somebody wrote past the program.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use stage::{PATIENCE, Stage, log_file, stage};
use testkit::wait_until;

/// A row of the doctor.
fn doctor(stage: &Stage, what: &str) -> Value {
    let output = stage.run(&["--json", "doctor"]);
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    rows.into_iter().find(|row| row["what"] == what).unwrap()
}

fn metrics(stage: &Stage) -> String {
    let mut stream = TcpStream::connect(stage.pages).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The punches of three people between two dates.
fn import(stage: &Stage, first: &str, last: &str) {
    let log = log_file(stage, 3, first, last);
    let log = log.to_str().unwrap();
    stage.prints(&["import", "attlog", log, "--serial", "A1", "--zone", "Asia/Manila", "--create-employees"]);
}

#[test]
fn what_would_go_is_shown_and_a_wrong_number_of_days_is_told_its_range() {
    let stage = stage();
    import(&stage, "2020-01-06", "2020-02-14");
    let shown = |days: &str| {
        let output =
            stage.command(&["--json", "retention"]).env("PUNCHCLOCK__RETENTION__PUNCH_DAYS", days).output().unwrap();
        serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap()
    };
    let rows = shown("ever");
    assert_eq!((&rows[0]["kept"], &rows[0]["would_go_now"]), (&"for ever".into(), &0.into()), "{rows:?}");
    stage.prints(&["derive"]);
    stage.prints(&["period", "lock", "--from", "2019-12-31", "--to", "2020-02-14", "--force", "the test"]);
    let rows = shown("1095");
    let says = rows[0]["says"].as_str().unwrap();
    assert!(says.starts_with("2020-01 goes; 2020-02 stays: 2020-02-15 is not locked"), "{says}");
    assert!(rows[0]["would_go_now"].as_u64().unwrap() > 50, "{rows:?}");
    let refused = stage.command(&["retention"]).env("PUNCHCLOCK__RETENTION__PUNCH_DAYS", "1094").output().unwrap();
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.contains("setting retention.punch_days is `1094` (environment PUNCHCLOCK__RETENTION__PUNCH_DAYS)"),
        "{refused}"
    );
    assert!(refused.contains("it must be `ever`, or a whole number of days from 1095 to 36500"), "{refused}");
}

#[test]
fn a_twin_that_somebody_wrote_past_the_program_is_told_by_doctor_log_metrics_and_the_job() {
    let stage = stage();
    import(&stage, "2026-01-05", "2026-01-18");
    let count = stage.punches();
    assert!(doctor(&stage, "twins")["says"].as_str().unwrap().starts_with("nobody has looked yet"));
    let mut serving = stage.serve();
    let is_told = |words: &str| {
        wait_until(words, PATIENCE, || doctor(&stage, "twins")["says"].as_str().unwrap().contains(words)).unwrap();
    };
    is_told(&format!("0 twins among {count} punches"));
    assert_eq!(doctor(&stage, "twins")["result"], "ok");

    let database = rusqlite::Connection::open(stage.data().join("hub.sqlite")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    let copy = "INSERT INTO punch SELECT tenant, x'80078000000000000000000000000001', origin, user_number, printed_seconds, printed_raw,
        state, verify, work_code, channel, received_us, original FROM punch LIMIT 1";
    assert_eq!(database.execute(copy, []).unwrap(), 1);
    stage.prints(&["job", "run", "clean-up"]);
    is_told(&format!("1 TWINS among {} punches", count + 1));
    let found = doctor(&stage, "twins");
    assert_eq!(found["result"], "bad");
    assert!(found["says"].as_str().unwrap().contains("punches 80078000000000000000000000000001 and "), "{found}");
    assert!(metrics(&stage).contains("\npunchclock_twins 1\n"));
    let jobs = stage.prints(&["job", "list", "--kind", "clean-up"]);
    assert!(jobs.contains("1 TWINS among"), "{jobs}");
    assert!(stage.fails(&["audit", "verify"], 1).contains("80078000000000000000000000000001"));
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
    assert!(serving.printed().contains("are twins: user"), "the log");
}
