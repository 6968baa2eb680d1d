//! The executable on PostgreSQL: a server and commands beside it, and everything moved into a file.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use stage::{PATIENCE, log_file, stage};
use testkit::{Database, wait_until};

#[test]
fn serve_and_commands_share_a_postgres_and_a_file_takes_all_of_it() {
    let Some(database) = Database::create().unwrap() else { return };
    let (stage, url) = (stage(), database.url());
    let on = |database: &str, arguments: &[&str]| stage.prints(&[&["--database", database], arguments].concat());
    let log = log_file(&stage, 4, "2026-01-05", "2026-01-18");
    let mut command = stage.serve_command();
    let mut serving = testkit::Process::spawn(command.args(["--database", &url])).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    let terminal = ["simulate", "terminal", "--serial", "S1", "--log", log.to_str().unwrap()];
    let push = format!("http://{}", stage.terminals);
    on(&url, &["terminal", "add", "Door", "--serial", "S1", "--zone", "Asia/Manila"]);
    stage.prints(&[&terminal[..], &["--push", &push, "--until-acknowledged"]].concat());
    wait_until("the punches are there", PATIENCE, || {
        on(&url, &["export", "punches"]).lines().count() - 1 == std::fs::read_to_string(&log).unwrap().lines().count()
    })
    .unwrap();
    on(&url, &["held", "cure", "--all-numbers", "--create-employees"]);
    let (punches, days) = (on(&url, &["export", "punches"]), on(&url, &["export", "days"]));
    assert!(days.lines().count() > 20, "{days}");
    assert!(!stage.data().join("hub.sqlite").exists());
    assert!(on(&url, &["doctor"]).contains("row-level security keeps them apart"));
    assert!(on(&database.superuser_url(), &["doctor"]).contains("row-level security does not hold for this user"));
    serving.kill_9().unwrap();

    let file = format!("sqlite:{}", stage.folder.path().join("moved.sqlite").display());
    let moved = on(&url, &["move", "--from", &url, "--to", &file]);
    assert!(moved.lines().any(|line| line.contains("punch")), "{moved}");
    assert_eq!((on(&file, &["export", "punches"]), on(&file, &["export", "days"])), (punches, days));
    let again = stage.fails(&["move", "--from", &url, "--to", &file], 1);
    assert!(again.contains("name an empty one"), "{again}");
    let shown = stage.fails(&["move", "--from", "postgres://ann:sesame@h/hub", "--to", &file], 1);
    assert!(shown.contains("without the password") && !shown.contains("sesame"), "{shown}");
}
