//! Evidence and audit are sealed while a server runs, and verified from the command line.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use stage::{PATIENCE, Stage, log_file, stage, stage_on_postgres};
use testkit::wait_until;

/// What `audit verify` says of the hub's database.
fn verified(stage: &Stage) -> Value {
    serde_json::from_str(&stage.prints(&["--json", "audit", "verify"])).unwrap()
}

/// Waits until all of so many rows are sealed; what `audit verify` says then.
fn sealed(stage: &Stage, rows: usize) -> Value {
    let mut said = Value::Null;
    wait_until("everything to be sealed", PATIENCE, || {
        said = verified(stage);
        said["waiting"] == 0 && said["rows"].as_u64().unwrap() >= rows as u64
    })
    .unwrap();
    said
}

#[test]
fn a_server_seals_what_comes_and_a_copy_is_verified_without_it() {
    let stage = stage();
    let log = log_file(&stage, 4, "2026-01-05", "2026-01-18");
    let lines = std::fs::read_to_string(&log).unwrap().lines().count();
    let mut serving = stage.serve();
    stage.prints(&["import", "attlog", log.to_str().unwrap(), "--serial", "S1", "--zone", "Asia/Manila"]);
    let before = sealed(&stage, lines)["head"]["digest"].as_str().unwrap().to_owned();
    stage.prints(&["held", "cure", "--all-numbers", "--create-employees"]);
    let rows = sealed(&stage, lines + 1)["rows"].as_u64().unwrap();

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

/// Has a server take some punches and seal them, and end; its backup, and what `audit verify` said of its database.
fn backed_up(stage: &Stage) -> (PathBuf, Value) {
    let log = log_file(stage, 3, "2026-01-05", "2026-01-11");
    let lines = std::fs::read_to_string(&log).unwrap().lines().count();
    let mut serving = stage.serve();
    stage.prints(&["import", "attlog", log.to_str().unwrap(), "--serial", "S1", "--zone", "Asia/Manila"]);
    let said = sealed(stage, lines);
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
    let file = stage.path("hub.backup");
    stage.prints(&["backup", file.to_str().unwrap()]);
    (file, said)
}

/// What `audit verify` says of a file, where there is nothing else.
fn verify(file: &Path) -> Output {
    let nowhere = stage();
    let output = nowhere.run(&["--json", "--database", &format!("sqlite:{}", file.display()), "audit", "verify"]);
    assert!(!nowhere.data().exists(), "nothing is left behind");
    output
}

fn is_verified(file: &Path, as_before: &Value) {
    let bytes = std::fs::read(file).unwrap();
    let output = verify(file);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &said["holds"]), (Some(0), &Value::Bool(true)), "{said}");
    assert_eq!(
        (&said["head"], &said["rows"], &said["seals"]),
        (&as_before["head"], &as_before["rows"], &as_before["seals"])
    );
    assert!(std::fs::read(file).unwrap() == bytes, "the file stays as it is");
}

/// One byte of a sealed row of the audit trail is another one.
fn is_caught_when_edited(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let text = b"name S1, address none";
    let places: Vec<usize> =
        bytes.windows(text.len()).enumerate().filter(|(_, w)| w == text).map(|(at, _)| at).collect();
    assert_eq!(places.len(), 1, "the row is there once");
    bytes[places[0] + 6] ^= 1;
    let edited = file.with_extension("edited");
    std::fs::write(&edited, bytes).unwrap();
    let output = verify(&edited);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &said["holds"]), (Some(1), &Value::Bool(false)), "{said}");
    let fault = said["fault"].as_str().unwrap();
    assert!(fault.contains("was changed"), "{fault}");
}

/// What a backup holds, as a version of some time ago wrote it: without the tables that came later.
fn as_an_older_version(file: &Path) -> PathBuf {
    const SCRIPTS: usize = 30;
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/migrations/sqlite");
    let mut scripts: Vec<_> = std::fs::read_dir(migrations).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.sort();
    assert!(scripts.len() > SCRIPTS);
    let older = file.with_extension("older");
    let database = rusqlite::Connection::open(&older).unwrap();
    for script in &scripts[..SCRIPTS] {
        database.execute_batch(&std::fs::read_to_string(script).unwrap()).unwrap();
    }
    database.pragma_update(None, "user_version", SCRIPTS).unwrap();
    database.execute("ATTACH ?1 AS newer", [file.to_str().unwrap()]).unwrap();
    let names = |sql: &str| {
        let mut statement = database.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect::<Vec<String>>()
    };
    for table in names("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
        let columns = names(&format!("SELECT name FROM pragma_table_info('{table}', 'main')")).join(", ");
        // What a script puts there comes from the backup, too.
        database
            .execute_batch(&format!(
                "DELETE FROM main.{table}; INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}"
            ))
            .unwrap();
    }
    older
}

fn a_backup_is_verified_alone(stage: &Stage) {
    let (file, said) = backed_up(stage);
    is_verified(&file, &said);
    is_caught_when_edited(&file);
    let older = as_an_older_version(&file);
    is_verified(&older, &said);
    is_caught_when_edited(&older);
}

#[test]
fn a_backup_of_this_version_or_an_older_one_is_verified_by_itself_and_an_edited_byte_is_caught() {
    a_backup_is_verified_alone(&stage());
}

#[test]
fn a_backup_of_a_server_on_postgres_is_verified_by_itself_and_an_edited_byte_is_caught() {
    if let Some(stage) = stage_on_postgres() {
        a_backup_is_verified_alone(&stage);
    }
}

#[test]
fn a_person_is_handed_out_and_erased_from_the_command_line() {
    let stage = stage();
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
    let said = verified(&stage);
    assert_eq!(
        (said["holds"].as_bool(), said["erasures"][0]["reason"].as_str()),
        (Some(true), Some("asked for")),
        "{said}"
    );
}
