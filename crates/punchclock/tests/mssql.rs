//! Tables of another system, read from the command line over the protocol of its server.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod stage;

use serde_json::Value;
use stage::{Stage, stage};
use testkit::{FakeTds, TdsAnswer};

/// Events of two people, one of nobody, and one whose time is none.
const ROWS: [[&str; 5]; 4] = [
    ["1", "12", "2026-03-02 08:00:00", "gate", "I"],
    ["2", "13", "2026-03-02 08:05:00", "gate", "I"],
    ["3", "", "2026-03-02 08:06:00", "gate", "I"],
    ["4", "12", "soon", "gate", "O"],
];

fn rows() -> TdsAnswer {
    let cell = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    TdsAnswer::Rows(ROWS.map(|row| row.map(cell).to_vec()).to_vec())
}

/// How the table is reached.
fn reach(stage: &Stage, fake: &FakeTds, more: &[&str]) -> Vec<String> {
    std::fs::write(stage.folder.path().join("password"), "pa55\n").unwrap();
    let address = fake.address().to_string();
    let mut reach = vec!["--address", &address, "--db-name", "hr", "--user", "reader", "--password-file", "password"];
    reach.extend(["--preset", "commute-log", "--allow-private", "--encryption", "none"]);
    reach.extend(more);
    reach.into_iter().map(str::to_owned).collect()
}

fn with<'a>(first: &[&'a str], reach: &'a [String]) -> Vec<&'a str> {
    first.iter().copied().chain(reach.iter().map(String::as_str)).collect()
}

fn listed(stage: &Stage) -> Value {
    let mut shown: Vec<Value> = serde_json::from_str(&stage.prints(&["--json", "source", "list"])).unwrap();
    shown.remove(0)
}

#[test]
fn what_a_branch_copies_are_the_punches_that_the_hub_reads() {
    for more in [["--zone", "Asia/Tokyo"].as_slice(), &["--zone", "Asia/Tokyo", "--codes"]] {
        let (stage, fake) = (stage(), FakeTds::start().unwrap());
        stage.prints(&["company", "set", "--zone", "Asia/Manila"]);
        let reach = reach(&stage, &fake, more);
        fake.answers([rows()]);
        let copied = stage.run(&with(&["source", "copy", "--csv", "punches.csv", "--from", "2026-03-01"], &reach));
        let (said, errors) = (String::from_utf8(copied.stdout).unwrap(), String::from_utf8(copied.stderr).unwrap());
        assert!(
            said.contains(
                "punches.csv has 3 punches from 2026-03-01 on; rows in it that can't be read, and will be held: 1"
            ),
            "{said}"
        );
        assert!(errors.contains("to be held 1, the first at row 3: the row says nobody"), "{errors}");
        let import = ["import", "csv", "punches.csv", "--kind", "punches", "--source", "commute", "--create-employees"];
        let imported = stage.prints(&import);
        assert!(imported.contains("as the source commute, its times in Asia/Tokyo as the file says"), "{imported}");
        assert!(imported.ends_with("read 4, stored 2, known 0, held 2, refused 0\n"), "{imported}");
        let punches = stage.prints(&["export", "punches"]);
        assert!(punches.contains("2026-03-01T23:00:00Z"), "{punches}");
        // The hub reaches it, too, and knows them all.
        stage.prints(&with(&["source", "add", "mssql", "--name", "commute", "--create-employees"], &reach));
        fake.answers([rows()]);
        let pulled = stage.prints(&["source", "pull", "commute"]);
        assert!(pulled.contains("read 4, stored 0, known 4, held 0, refused 0"), "{pulled}");
        fake.answers([rows()]);
        let written = stage.prints(&["source", "pull", "commute", "--csv", "again.csv"]);
        assert!(written.contains("again.csv has 3 punches; rows in it"), "{written}");
        assert!(
            written.contains("`punchclock import csv again.csv --kind punches --source commute --create-employees`"),
            "{written}"
        );
        let only = ["source", "add", "mssql", "--name", "other", "--row-types", "in,went out", "--groups", "Packing"];
        stage.prints(&with(&only, &reach));
        let written = stage.prints(&["source", "pull", "other", "--csv", "other.csv", "--to", "2026-03-01"]);
        assert!(written.contains("--source other --types 'in,went out' --groups 'Packing'` makes"), "{written}");
        let file = |name: &str| std::fs::read_to_string(stage.folder.path().join(name)).unwrap();
        assert_eq!(file("again.csv"), file("punches.csv"));
    }
}

#[test]
fn a_line_that_breaks_leaves_the_file_that_was_written_before() {
    let (stage, fake) = (stage(), FakeTds::start().unwrap());
    let reach = reach(&stage, &fake, &[]);
    stage.prints(&with(&["source", "add", "mssql"], &reach));
    let copy = with(&["source", "copy", "--csv", "punches.csv", "--from", "2026-03-01"], &reach);
    let pull = ["source", "pull", "mssql", "--csv", "punches.csv"];
    let file = || std::fs::read_to_string(stage.folder.path().join("punches.csv")).unwrap();
    fake.answers([rows()]);
    stage.prints(&copy);
    let before = file();
    assert!(before.contains("2026-03-02 08:05:00"), "{before}");
    for command in [&copy[..], &pull] {
        let TdsAnswer::Rows(half) = rows() else { unreachable!("they are rows") };
        fake.answers([TdsAnswer::Breaks(half)]);
        assert!(stage.fails(command, 1).contains("the connection broke off"));
        assert_eq!(file(), before);
    }
}

#[test]
fn a_pull_is_tried_first_and_what_is_wrong_with_rows_and_login_is_told_and_stays_to_be_seen() {
    let (stage, fake) = (stage(), FakeTds::start().unwrap());
    stage.prints(&["company", "set", "--zone", "Asia/Manila"]);
    let reach = reach(&stage, &fake, &[]);
    fake.grants(&["INSERT"]);
    let may = "this login may change the table (dbo.commute_log: INSERT); give it SELECT only";
    let added = stage.run(&with(&["source", "add", "mssql"], &reach));
    let errors = String::from_utf8(added.stderr).unwrap();
    assert!(errors.contains(&format!("WARNING: {may}")) && errors.contains("anybody on the line"), "{errors}");
    assert_eq!(listed(&stage)["warning"], may);
    assert!(String::from_utf8(stage.run(&["doctor"]).stdout).unwrap().contains(may));

    let pull = ["source", "pull", "mssql", "--report", "report.csv"];
    let report = || std::fs::read_to_string(stage.folder.path().join("report.csv")).unwrap();
    fake.answers([rows()]);
    let tried = stage.prints(&[&pull[..], &["--dry-run"]].concat());
    assert!(tried.contains("held 4") && tried.contains("dry run: nothing was changed"), "{tried}");
    assert_eq!((stage.punches(), listed(&stage)["state"].as_str()), (0, Some("new")));
    let would = report();
    fake.answers([rows()]);
    let pulled = stage.run(&pull);
    let errors = String::from_utf8(pulled.stderr).unwrap();
    assert!(errors.contains("held 1, the first at row 3: the row says nobody") && errors.contains(may), "{errors}");
    assert_eq!(report(), would);
    let rows: Vec<&str> = would.lines().collect();
    assert!(rows[1].starts_with("row 1,12,2026-03-02 08:00:00,held,The user number"), "{would}");
    assert_eq!(rows[3], "row 3,,,held,the row says nobody");
    let source = listed(&stage);
    assert!(source["held_or_refused"].as_str().unwrap().contains("the first at row 1: The user number"), "{source}");
    assert!(source["held_or_refused_at"].as_str().unwrap().ends_with("+08:00"), "{source}");

    // The line breaks within a page: nothing of it is there, and the next reading has it.
    let TdsAnswer::Rows(half) = self::rows() else { unreachable!("they are rows") };
    fake.grants(&[]);
    fake.answers([TdsAnswer::Breaks(half)]);
    assert!(stage.fails(&["source", "pull", "mssql"], 1).contains("the connection broke off"));
    assert_eq!(listed(&stage)["state"], "down");
    let pulled = stage.prints(&["source", "pull", "mssql"]);
    assert!(pulled.contains("read 0"), "{pulled}");
    assert_eq!((&listed(&stage)["warning"], &listed(&stage)["state"]), (&Value::Null, &Value::from("well")));
    assert!(stage.fails(&["source", "pull", "mssql", "--csv", "x.csv", "--dry-run"], 2).contains("--csv"));
}
