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

#[test]
fn a_person_is_handed_out_and_erased_from_the_command_line() {
    let stage = stage();
    let database = format!("sqlite:{}", stage.data().join("hub.sqlite").display());
    let lines = "77123\t2026-01-05 08:00:00\t1\t0\t1\t0\n77123\t2026-01-05 17:00:00\t1\t1\t1\t0\n8\t2026-01-05 08:00:00\t1\t0\t1\t0\n";
    std::fs::write(stage.folder.path().join("log.dat"), lines).unwrap();
    let import = ["import", "attlog", "log.dat", "--serial", "S1", "--zone", "Asia/Manila", "--create-employees"];
    stage.prints(&import);
    stage.prints(&["derive"]);
    stage.prints(&["person", "export", "77123", "--out", "person.json"]);
    let file = std::fs::read_to_string(stage.folder.path().join("person.json")).unwrap();
    let stored: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(
        (stored["employee"][0]["code"].as_str(), stored["punch"].as_array().map(Vec::len)),
        (Some("77123"), Some(2))
    );
    let erase = ["person", "erase", "77123", "--reason", "asked for"];
    assert!(stage.prints(&erase).contains("resolved_punch"), "it says what would go");
    assert_eq!(stage.punches(), 3);
    let done = stage.prints(&[&erase[..], &["--yes"]].concat());
    assert!(done.contains("0 days of locked periods stay under the code erased-"), "{done}");
    assert_eq!(stage.punches(), 1);
    assert!(!stage.prints(&["export", "days"]).contains("77123"));
    let gone = stage.fails(&[&erase[..], &["--yes"]].concat(), 1);
    assert!(gone.contains("there is no employee with code 77123"), "{gone}");
    let said = verified(&stage, &database);
    assert_eq!(
        (said["holds"].as_bool(), said["erasures"][0]["reason"].as_str()),
        (Some(true), Some("asked for")),
        "{said}"
    );
}
