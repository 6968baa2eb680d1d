//! Evidence and audit are sealed while a server runs, and verified from the command line.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use serde_json::Value;
use stage::{PATIENCE, Stage, log_file, stage};
use testkit::{Database, wait_until};

/// What `audit verify` says of a database.
fn verified(stage: &Stage, database: &str) -> Value {
    serde_json::from_str(&stage.prints(&["--json", "--database", database, "audit", "verify"])).unwrap()
}

/// Waits until all of so many rows are sealed; what `audit verify` says then.
fn sealed(stage: &Stage, database: &str, rows: usize) -> Value {
    let mut said = Value::Null;
    wait_until("everything to be sealed", PATIENCE, || {
        said = verified(stage, database);
        said["waiting"] == 0 && said["rows"].as_u64().unwrap() >= rows as u64
    })
    .unwrap();
    said
}

#[test]
fn a_server_seals_what_comes_and_a_copy_is_verified_without_it() {
    let stage = stage();
    let database = format!("sqlite:{}", stage.data().join("hub.sqlite").display());
    let log = log_file(&stage, 4, "2026-01-05", "2026-01-18");
    let lines = std::fs::read_to_string(&log).unwrap().lines().count();
    let mut serving = stage.serve();
    stage.prints(&["import", "attlog", log.to_str().unwrap(), "--serial", "S1", "--zone", "Asia/Manila"]);
    let before = sealed(&stage, &database, lines)["head"]["digest"].as_str().unwrap().to_owned();
    stage.prints(&["held", "cure", "--all-numbers", "--create-employees"]);
    let rows = sealed(&stage, &database, lines + 1)["rows"].as_u64().unwrap();

    let copy = stage.folder.path().join("copy.sqlite");
    let hub = rusqlite::Connection::open(stage.data().join("hub.sqlite")).unwrap();
    hub.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());

    let of_copy = format!("sqlite:{}", copy.display());
    let verify = ["--database", &of_copy, "audit", "verify"];
    let bytes = std::fs::read(&copy).unwrap();
    let said = stage.prints(&[&verify[..], &["--head", &before]].concat());
    assert!(said.contains(&format!("verified: {rows} rows in ")), "{said}");
    assert!(said.contains("the head that was given is that of seal ") && said.contains("\nhead: "), "{said}");
    assert!(std::fs::read(&copy).unwrap() == bytes, "a copy stays as it is");
    let other = stage.fails(&[&verify[..], &["--head", &"ab".repeat(32)]].concat(), 1);
    assert!(other.contains("no seal has the head that was given"), "{other}");
    assert!(stage.fails(&[&verify[..], &["--head", "12"]].concat(), 2).contains("64 hexadecimal digits"));

    let intruder = rusqlite::Connection::open(&copy).unwrap();
    intruder.execute_batch("DROP TRIGGER punch_is_never_changed").unwrap();
    let one = "UPDATE punch SET received_us = received_us + 1 WHERE fingerprint = (SELECT MAX(fingerprint) FROM punch)
               RETURNING lower(hex(fingerprint))";
    let key: String = intruder.query_row(one, [], |row| row.get(0)).unwrap();
    let caught = stage.fails(&verify, 1);
    assert!(caught.contains(&format!("the punch {key} was changed")), "{caught}");
    let output = stage.run(&[&["--json"], &verify[..]].concat());
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &said["holds"]), (Some(1), &Value::Bool(false)), "{said}");
}

#[test]
fn a_server_on_postgres_seals_what_comes() {
    let Some(database) = Database::create().unwrap() else { return };
    let (stage, url) = (stage(), database.url());
    let log = log_file(&stage, 3, "2026-01-05", "2026-01-11");
    let lines = std::fs::read_to_string(&log).unwrap().lines().count();
    let mut serving = testkit::Process::spawn(stage.serve_command().args(["--database", &url])).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    let import = ["import", "attlog", log.to_str().unwrap(), "--serial", "S1", "--zone", "Asia/Manila"];
    stage.prints(&[&["--database", &url], &import[..]].concat());
    let said = sealed(&stage, &url, lines);
    assert_eq!(said["holds"], true, "{said}");
    serving.kill_9().unwrap();
}
