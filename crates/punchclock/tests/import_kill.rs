//! `kill -9` of an import: what it was, and its file, are known, and the next one finishes what it began.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::fs::File;
use std::io::Read as _;
use std::process::Command;

use serde_json::Value;
use stage::{Stage, stage, stage_on_postgres};
use testkit::Process;

/// Many more than a transaction takes, and than a pipe holds of their report.
const ROWS: usize = 5_000;
const TAKE: [&str; 7] = ["import", "csv", "log.csv", "--kind", "punches", "--zone", "Asia/Manila"];

/// A stage with the file, which is larger than the hub writes of one in a transaction.
fn with_log(stage: Stage) -> Stage {
    let mut chance = testkit::Chance::new(5);
    let mut row = |n: usize| {
        let wide: String = (0..120).map(|_| format!("{:016x}", chance.below(u64::MAX))).collect();
        format!("{},2026-02-{:02} {:02}:{:02}:00,{wide}\n", 1 + n % 7, 1 + n / 720, 8 + n % 720 / 60, n % 60)
    };
    let rows: String = (0..ROWS).map(&mut row).collect();
    std::fs::write(stage.path("log.csv"), format!("user,time,note\n{rows}")).unwrap();
    stage
}

fn imports(stage: &Stage) -> Vec<Value> {
    serde_json::from_str(&stage.prints(&["--json", "import", "list"])).unwrap()
}

fn is_killed_and_finished(stage: Stage) {
    let stage = with_log(stage);
    // An import tells its report what became of each part, and waits for who reads it: nobody does after the first bytes.
    let report = stage.path("report.csv");
    assert!(Command::new("mkfifo").arg(&report).status().unwrap().success());
    let mut importing = Process::spawn(&mut stage.command(&[&TAKE[..], &["--report", "report.csv"]].concat())).unwrap();
    let mut told = File::open(&report).unwrap();
    told.read_exact(&mut [0; 100]).unwrap();
    importing.kill_9().unwrap();
    drop(told);
    let punches = stage.punches();
    assert!(0 < punches && punches < ROWS, "{punches} punches: not in the midst of it");

    let begun = imports(&stage).remove(0);
    let facts = [&begun["finished"], &begun["kept"], &begun["stored"], &begun["file"]];
    assert_eq!(facts, [&false.into(), &true.into(), &0.into(), &Value::from("log.csv")]);
    let list = stage.prints(&["import", "list"]);
    assert!(list.contains("not finished: 1.") && list.contains("bring its file again"), "{list}");
    let audit = stage.prints(&["audit", "list"]);
    assert!(audit.contains("import.begin") && !audit.contains("import.punches"), "{audit}");
    let hub = hub::Hub::new(match &stage.database {
        Some(database) => hub::Store::connect(&database.url(), None).unwrap(),
        None => hub::Store::open(&stage.data().join("hub.sqlite")).unwrap(),
    });
    let mut kept = Vec::new();
    hub.import_file(1).unwrap().1.read_to_end(&mut kept).unwrap();
    assert!(kept == std::fs::read(stage.path("log.csv")).unwrap());

    stage.prints(&[&TAKE[..], &["--create-employees"]].concat());
    let straight = with_log(stage.another());
    straight.prints(&[&TAKE[..], &["--create-employees"]].concat());
    for export in ["punches", "days"] {
        assert_eq!(stage.prints(&["export", export]), straight.prints(&["export", export]), "{export}");
    }
    let finished: Vec<Value> = imports(&stage).into_iter().map(|mut import| import["finished"].take()).collect();
    assert_eq!(finished, [Value::from(true), Value::from(false)], "the latest first");
}

#[test]
fn an_import_that_is_killed_has_its_note_its_file_and_its_entry_and_the_next_one_finishes_it() {
    is_killed_and_finished(stage());
}

#[test]
fn an_import_that_is_killed_on_postgres_is_finished_by_the_next_one_too() {
    let Some(stage) = stage_on_postgres() else { return };
    is_killed_and_finished(stage);
}
