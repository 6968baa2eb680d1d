//! Sources from the command line and by a real server.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod stage;

use jiff::Timestamp;
use serde_json::Value;
use stage::{PATIENCE, Stage, stage};
use testkit::{CalendarMood, FakeCalendar, wait_until};

fn listed(stage: &Stage) -> Value {
    let shown: Vec<Value> = serde_json::from_str(&stage.prints(&["--json", "source", "list"])).unwrap();
    shown[0].clone()
}

#[test]
fn a_calendar_of_holidays_is_added_asked_read_and_told_when_it_is_away() {
    let (stage, calendar) = (stage(), FakeCalendar::start().unwrap());
    stage.prints(&["company", "set", "--zone", "Asia/Manila"]);
    let year = Timestamp::now().in_tz("Asia/Manila").unwrap().year();
    let add = ["source", "add", "holidays", "--url", &calendar.url()];
    assert!(stage.fails(&add, 1).contains("--allow-private"));
    assert!(stage.fails(&["source", "add", "holidays"], 1).contains("--country"));
    assert!(stage.prints(&[&add[..], &["--allow-private"]].concat()).contains("read once a day"));
    assert_eq!(listed(&stage)["state"], "new");

    calendar.is(CalendarMood::Status(500));
    assert!(stage.fails(&["source", "test", "holidays"], 1).contains("500"));
    assert!(stage.fails(&["source", "pull", "holidays"], 1).contains("what is known stays"));
    assert!(stage.prints(&["audit", "list"]).contains("source.read"), "who asked for it");
    let down = listed(&stage);
    assert!(down["down_since"].as_str().unwrap().ends_with("+08:00"), "{down}");
    assert!(down["says"].as_str().unwrap().contains(&format!("{year} not available")), "{down}");
    let doctor = String::from_utf8(stage.run(&["doctor"]).stdout).unwrap();
    let since = format!("down since {}: ", down["down_since"].as_str().unwrap());
    assert!(doctor.contains(&since), "in the zone of the company, to the second: {doctor}");
    assert!(stage.prints(&["fact", "list", "unavailable"]).contains("source holidays"));

    // It is back: a server reads it by itself.
    calendar.is(CalendarMood::Well);
    calendar.put(year, &format!(r#"[{{"date": "{year}-01-01", "localName": "Bagong Taon", "global": true}}]"#));
    assert!(stage.prints(&["source", "test", "holidays"]).contains("the first is"));
    let serving = stage.serve();
    stage.prints(&["source", "resume", "holidays"]);
    stage.prints(&["source", "add", "holidays", "--url", &calendar.url(), "--allow-private"]);
    stage.prints(&["job", "run", "pull"]);
    wait_until("the server to have read it", PATIENCE, || listed(&stage)["state"] == "well").unwrap();
    assert!(stage.prints(&["fact", "list", "holiday"]).contains("Bagong Taon"));
    assert!(!stage.prints(&["fact", "list", "unavailable"]).contains("source holidays"));
    drop(serving);
    assert!(stage.fails(&["source", "remove", "holidays"], 1).contains("--yes"));
    stage.prints(&["source", "remove", "holidays", "--yes"]);
    assert!(stage.fails(&["source", "pull", "holidays"], 1).contains("no source holidays"));
}

#[test]
fn a_table_is_added_with_its_warning_and_its_server_that_is_away_is_told() {
    let stage = stage();
    stage.prints(&["company", "set", "--zone", "Asia/Manila"]);
    let password = stage.folder.path().join("mssql.password");
    std::fs::write(&password, "pa55 w0rd 5ecret\n").unwrap();
    let password = password.to_str().unwrap();
    // Nobody listens there.
    let address = stage::free_address().to_string();
    let reach = ["--address", &address, "--db-name", "hr", "--user", "reader", "--password-file", password];
    let add = [&["source", "add", "mssql"], &reach[..], &["--preset", "commute-log"]].concat();
    assert!(stage.prints(&add).contains("every 15 minutes"));
    assert!(stage.fails(&["source", "test", "mssql"], 1).contains("--allow-private"));
    let output = stage.run(&[&add[..], &["--allow-private", "--encryption", "none"]].concat());
    assert!(output.status.success() && String::from_utf8(output.stderr).unwrap().contains("password and all rows"));
    assert!(stage.fails(&["source", "test", "mssql"], 1).contains(&address));
    assert!(stage.fails(&["source", "pull", "mssql"], 1).contains("what is known stays"));
    let row = listed(&stage);
    assert_eq!((&row["kind"], &row["state"]), (&Value::from("mssql"), &Value::from("down")));
    assert!(
        stage
            .fails(&["source", "compare", "mssql", "--from", "2026-03-01", "--to", "2026-03-31"], 1)
            .contains(&address)
    );
    // Without a hub, too.
    let file = stage.folder.path().join("punches.csv");
    let file = file.to_str().unwrap();
    let pull =
        [&["source", "copy", "--csv", file, "--from", "2026-03-01"], &reach[..], &["--preset", "biotime"]].concat();
    assert!(stage.fails(&[&pull[..], &["--allow-private"]].concat(), 1).contains(&address));
    stage.fails(&["source", "pull"], 2);
    stage.fails(&["source", "pull", "mssql", "--from", "2026-03-01"], 2);
    assert!(stage.fails(&["source", "pull", "mssql", "--csv", file], 1).contains(&address));
    let other = [&["source", "add", "mssql"], &reach[..], &["--preset", "custom"]].concat();
    assert!(stage.fails(&other, 1).contains("--query-file"));
    assert!(!stage.prints(&["--json", "audit", "list"]).contains("pa55"));
}
