//! Backup and restore of the executable, on both engines: beside a server under load, killed in the middle, and with an edge that sends
//! again what the hub lost.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod stage;

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use simulator::push::PushOptions;
use simulator::{LogFile, Pace, RunOptions, Terminal};
use stage::{PATIENCE, Stage, log_file, stage, stage_on_postgres};
use testkit::{Process, wait_until};

fn backup(of: &Stage, file: &Path) -> Value {
    serde_json::from_str(&of.prints(&["--json", "backup", file.to_str().unwrap()])).unwrap()
}

/// Every punch as it is exported.
fn punches(of: &Stage) -> BTreeSet<String> {
    of.prints(&["export", "punches"]).lines().skip(1).map(str::to_owned).collect()
}

/// Digests by table, without what a backup leaves out or has alone.
fn digests(tables: &Value) -> Vec<(String, String)> {
    let tables = tables.as_array().unwrap().iter();
    let named = tables.map(|t| (t["table"].as_str().unwrap().to_owned(), t["digest"].as_str().unwrap().to_owned()));
    named.filter(|(name, _)| !["session", "sqlite_schema"].contains(&name.as_str())).collect()
}

/// A terminal that pushes its log, so many punches a second.
fn pushing(stage: &Stage, log: &Path, rate: f64) -> (Terminal, tokio::runtime::Runtime, usize) {
    let file = LogFile::parse(&std::fs::read(log).unwrap());
    let count = file.records.len();
    let terminal = Terminal::builder("SIM1").awaited(file.records).build();
    let push = PushOptions {
        batch_lines: 7,
        error_delay: Some(Duration::from_millis(50)),
        ..PushOptions::new(format!("http://{}", stage.terminals).parse().unwrap())
    };
    let options = RunOptions { push: Some(push), pace: Pace::PerSecond(rate), ..RunOptions::default() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.spawn(simulator::run(terminal.clone(), options, std::future::pending()));
    (terminal, runtime, count)
}

fn under_load(on: &Stage) {
    let log = log_file(on, 12, "2026-01-05", "2026-02-15");
    on.prints(&["terminal", "add", "Door", "--serial", "SIM1", "--zone", "Asia/Manila"]);
    let (pages, terminals) = (on.pages.to_string(), on.terminals.to_string());
    let mut serving =
        Process::spawn(&mut on.command(&["serve", "--listen", &pages, "--adms-listen", &terminals])).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    let (terminal, runtime, count) = pushing(on, &log, 100.0);
    let acknowledged = || terminal.progress().borrow().acknowledged;
    wait_until("punches to reach the hub", PATIENCE, || !punches(on).is_empty()).unwrap();

    let before = punches(on);
    let file = on.path("under-load.backup");
    let said = backup(on, &file);
    let told = acknowledged();
    assert!(told < count, "punches flowed while the backup was written; only {count} were there");
    wait_until("punches to flow on", PATIENCE, || acknowledged() > told).unwrap();
    let other = on.another();
    let restored = other.prints(&["--json", "restore", file.to_str().unwrap()]);
    let restored: Value = serde_json::from_str(&restored).unwrap();
    assert_eq!((&restored["tables"], &restored["made"]), (&said["tables"], &said["made"]));
    let held = punches(&other);
    assert!(before.is_subset(&held), "every punch that was there before is in the backup");
    assert!(other.prints(&["audit", "list"]).contains("restore"));

    // Once all is quiet, the digests are those of the very rows: `move` computes them on its own.
    wait_until("the whole log to be stored", 10 * PATIENCE, || punches(on).len() == count).unwrap();
    drop(runtime);
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
    let quiet = backup(on, &on.path("quiet.backup"));
    let to = format!("sqlite:{}", on.path("moved.sqlite").display());
    let moved: Value = serde_json::from_str(&on.prints(&["--json", "move", "--from", &on.url(), "--to", &to])).unwrap();
    assert_eq!(digests(&quiet["tables"]), digests(&moved));

    // What holds something is not written over, unless that is asked for.
    let quiet = on.path("quiet.backup");
    let quiet = quiet.to_str().unwrap();
    let refused = other.fails(&["restore", quiet], 1);
    assert!(refused.contains("nothing was restored") && refused.contains("--overwrite"), "{refused}");
    assert_eq!(punches(&other), held);
    let refused = on.fails(&["backup", quiet], 1);
    assert!(refused.contains("name another"), "{refused}");
    other.prints(&["restore", quiet, "--overwrite"]);
    assert_eq!(punches(&other), punches(on));
}

#[test]
fn a_backup_under_load_holds_what_was_there_before_it_and_is_restored_by_digest() {
    under_load(&stage());
    if let Some(on) = stage_on_postgres() {
        under_load(&on);
    }
}

/// Starts a command, and kills it as soon as a file is there. What is looked for may be there for a moment only, so the look does
/// not pause; of a command that was quicker all the same, it is another's turn.
fn killed_once_there(mut begin: impl FnMut() -> (Command, PathBuf)) {
    for _ in 0..200 {
        let (mut command, there) = begin();
        let mut process = Process::spawn(&mut command).unwrap();
        while !there.exists() && process.wait(Duration::ZERO).is_err() {
            std::thread::yield_now();
        }
        if process.kill_9().unwrap().signal() == Some(9) {
            return;
        }
    }
    panic!("two hundred commands ended before they could be killed");
}

fn killed(on: &Stage) {
    let log = log_file(on, 20, "2025-09-01", "2026-01-18");
    on.prints(&["import", "attlog", log.to_str().unwrap(), "--serial", "S1", "--zone", "Asia/Manila"]);
    let file = on.path("a.backup");
    let name = file.to_str().unwrap();
    killed_once_there(|| {
        let _ = std::fs::remove_file(&file);
        (on.command(&["backup", name]), on.path("a.backup.part"))
    });
    assert!(!file.exists(), "what has the name of a backup is whole");
    backup(on, &file);
    assert!(!on.path("a.backup.part").exists(), "what the kill left is gone");

    for part in ["part", "part-wal"] {
        let mut other = on.another();
        killed_once_there(|| {
            other = on.another();
            let unpacked = if on.database.is_some() { "restore" } else { "hub.sqlite" };
            (other.command(&["restore", name]), other.data().join(format!("{unpacked}.{part}")))
        });
        // PostgreSQL may have committed before the kill; a file is renamed after its log is gone.
        if on.database.is_none() {
            assert!(!other.data().join("hub.sqlite").exists(), "nothing of a half restored file is opened");
        }
        if on.database.is_none() || punches(&other).is_empty() {
            other.prints(&["restore", name]);
        }
        assert_eq!(punches(&other), punches(on));
        assert!(!other.data().join("hub.sqlite.part").exists());
    }
}

#[test]
fn a_kill_in_the_middle_leaves_no_half_backup_and_no_half_database() {
    killed(&stage());
    if let Some(on) = stage_on_postgres() {
        killed(&on);
    }
}

#[test]
fn a_folder_of_backups_keeps_the_newest_and_a_damaged_one_is_refused() {
    let on = stage();
    on.prints(&["terminal", "add", "Door", "--serial", "S1", "--zone", "Asia/Manila"]);
    let folder = on.path("backups");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("punchclock-2020-01-01T020000Z.backup"), "old").unwrap();
    std::fs::write(folder.join("punchclock-2020-01-02T020000Z.backup.part"), "killed").unwrap();
    std::fs::write(folder.join("notes.txt"), "mine").unwrap();
    let said: Value =
        serde_json::from_str(&on.prints(&["--json", "backup", folder.to_str().unwrap(), "--keep", "1"])).unwrap();
    let file = PathBuf::from(said["file"].as_str().unwrap());
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert_eq!(names, [folder.join("notes.txt"), file.clone()]);
    assert!(on.prints(&["restore", file.to_str().unwrap(), "--check"]).contains("verified"));

    let mut bytes = std::fs::read(&file).unwrap();
    let place = bytes.windows(11).position(|window| window == b"Asia/Manila").unwrap();
    bytes[place] ^= 2;
    std::fs::write(&file, bytes).unwrap();
    let other = on.another();
    let refused = other.fails(&["restore", file.to_str().unwrap()], 1);
    assert!(refused.contains("is damaged") && refused.contains("Nothing was restored"), "{refused}");
    assert!(!other.data().join("hub.sqlite").exists());
    assert!(other.fails(&["restore", "nowhere.backup"], 1).contains("nowhere.backup can't be read"));
}

fn lost(office: &Stage) {
    let branch = stage();
    let log = log_file(&branch, 10, "2026-01-05", "2026-02-01");
    office.prints(&["terminal", "add", "Door", "--serial", "SIM1", "--zone", "Asia/Manila"]);
    let token = branch.folder.path().join("token");
    std::fs::write(&token, office.prints(&["token", "create", "branch", "--kind", "edge"])).unwrap();
    let pages = office.pages.to_string();
    let hub = || {
        let mut process = Process::spawn(&mut office.command(&["hub", "--listen", &pages])).unwrap();
        process.wait_for_line("pages: http://", PATIENCE).unwrap();
        process
    };
    let mut running = hub();
    let (url, adms) = (format!("http://{pages}"), branch.terminals.to_string());
    let arguments = ["edge", "run", "--hub", &url, "--token-file", token.to_str().unwrap(), "--adms-listen", &adms];
    let mut edge = Process::spawn(branch.command(&arguments).args(["--status-listen", "127.0.0.1:0"])).unwrap();
    edge.wait_for_line("board and health: http://", PATIENCE).unwrap();
    let (_terminal, _runtime, count) = pushing(&branch, &log, 60.0);

    wait_until("some punches to reach the hub", PATIENCE, || !punches(office).is_empty()).unwrap();
    let file = branch.path("hub.backup");
    let said = backup(office, &file);
    let rows = said["tables"].as_array().unwrap().iter().find(|table| table["table"] == "punch").unwrap();
    assert!(rows["rows"].as_u64().unwrap() < count as u64, "punches came after the backup; only {count} were there");
    wait_until("all punches to reach the hub", 10 * PATIENCE, || punches(office).len() == count).unwrap();
    let all = punches(office);

    running.kill_9().unwrap();
    let file = file.to_str().unwrap();
    match office.database {
        None => {
            std::fs::remove_dir_all(office.data()).unwrap();
            office.prints(&["restore", file]);
        }
        Some(_) => drop(office.prints(&["restore", file, "--overwrite"])),
    }
    assert!(punches(office).len() < count);
    let mut running = hub();
    wait_until("the edge to send again what was lost", 5 * PATIENCE, || punches(office).len() == count).unwrap();
    assert_eq!(punches(office), all);
    for process in [&mut edge, &mut running] {
        process.terminate().unwrap();
        assert!(process.wait(PATIENCE).unwrap().success());
    }
    office.holds_each_once(&log);

    // The days are those of a hub to which nothing ever happened.
    let straight = stage();
    straight.prints(&["import", "attlog", log.to_str().unwrap(), "--serial", "SIM1", "--zone", "Asia/Manila"]);
    let days = |on: &Stage| {
        on.prints(&["held", "cure", "--all-numbers", "--create-employees"]);
        on.prints(&["export", "days"])
    };
    let (days, straight) = (days(office), days(&straight));
    assert!(days.lines().count() > 100, "{days}");
    assert_eq!(days, straight);
}

#[test]
fn after_a_restore_the_edge_sends_again_what_the_hub_lost() {
    lost(&stage());
}

#[test]
fn after_a_restore_into_postgres_the_edge_sends_again_what_the_hub_lost() {
    if let Some(office) = stage_on_postgres() {
        lost(&office);
    }
}

/// The backups of a folder, by name.
fn backups(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|end| end == "backup")).collect();
    files.sort();
    files
}

fn daily(on: &Stage) {
    let log = log_file(on, 3, "2026-01-05", "2026-01-11");
    let log = log.to_str().unwrap();
    on.prints(&["import", "attlog", log, "--serial", "SIM1", "--zone", "Asia/Manila", "--create-employees"]);
    let refused = on.fails(&["job", "run", "backup"], 1);
    assert!(refused.contains("backup.folder is not set"), "{refused}");
    let folder = on.path("backups");
    std::fs::create_dir(&folder).unwrap();
    let with_folder = |arguments: &[&str]| {
        let mut command = on.command(arguments);
        command.env("PUNCHCLOCK__BACKUP__FOLDER", &folder).env("PUNCHCLOCK__BACKUP__KEEP", "2");
        command
    };
    let (pages, terminals) = (on.pages.to_string(), on.terminals.to_string());
    let serve = &mut with_folder(&["serve", "--listen", &pages, "--adms-listen", &terminals]);
    let mut serving = Process::spawn(serve).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    let done =
        || on.prints(&["--json", "job", "list", "--kind", "backup", "--state", "done"]).matches("verified").count();
    wait_until("the backup that was due before the first start", PATIENCE, || done() == 1).unwrap();
    let first = backups(&folder);
    assert_eq!(first.len(), 1);
    for count in [2, 3] {
        assert!(with_folder(&["job", "run", "backup"]).output().unwrap().status.success());
        wait_until("the next backup", PATIENCE, || done() == count).unwrap();
    }
    let kept = backups(&folder);
    assert!(kept.len() == 2 && !kept.contains(&first[0]), "{kept:?}");
    let doctor = || {
        let output = with_folder(&["--json", "doctor"]).output().unwrap();
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        rows.into_iter().find(|row| row["what"] == "backup").unwrap()
    };
    let told = doctor();
    let newest = format!("{}: 1 MiB, ", kept[1].display());
    let says = told["says"].as_str().unwrap();
    assert!(
        told["result"] == "ok" && says.starts_with(&newest) && says.ends_with("verified; 1 older removed"),
        "{told}"
    );
    let other = on.another();
    other.prints(&["restore", kept[1].to_str().unwrap()]);
    assert_eq!(punches(&other), punches(on));

    // A disk that is not there: it is told, nothing is given up, and once it is back the backup is made.
    let away = on.path("away");
    std::fs::rename(&folder, &away).unwrap();
    let failed = with_folder(&["job", "run", "backup"]).output().unwrap();
    assert!(
        !failed.status.success() && String::from_utf8_lossy(&failed.stderr).contains("Check that its folder exists")
    );
    wait_until("the failure to be told", PATIENCE, || doctor()["result"] == "bad").unwrap();
    let told = doctor();
    assert!(told["says"].as_str().unwrap().contains("Check that its folder exists"), "{told}");
    assert_eq!(backups(&away), kept.iter().map(|file| away.join(file.file_name().unwrap())).collect::<Vec<_>>());
    std::fs::rename(&away, &folder).unwrap();
    wait_until("the backup to be made after all", 2 * PATIENCE, || done() == 4).unwrap();
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
}

#[test]
fn a_backup_is_made_by_itself_read_back_and_the_oldest_go() {
    daily(&stage());
}

#[test]
fn a_backup_of_postgres_is_made_by_itself_read_back_and_the_oldest_go() {
    if let Some(on) = stage_on_postgres() {
        daily(&on);
    }
}
