//! Tables of other systems, from file to the logs of lateness.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use rust_xlsxwriter::Workbook;
use stage::{Stage, stage};

/// A week of two people at two doors, with meals, a bad line, a number of nobody, and a row that is there twice. 12 is late on Monday and
/// leaves early on Tuesday.
const LOG: &str = "\
user_id,event_time,door,in_out,type
12,2026-03-02 08:25:00,Gate 1,I,commute
12,2026-03-02 12:01:00,Canteen,O,meal
12,2026-03-02 18:05:00,Gate 2,O,commute
12,2026-03-02 18:05:00,Gate 2,O,commute
0012,2026-03-02 07:55:00,Gate 1,I,commute
0012,2026-03-02 18:00:00,Gate 1,O,commute
12,2026-03-03 07:50:00,Gate 1,I,commute
,2026-03-03 08:00:00,Gate 1,I,commute
12,2026-03-03 17:10:00,Gate 1,O,commute
99,2026-03-03 08:00:00,Gate 1,I,commute
";
const PEOPLE: &str = "code,name,numbers\n1001,Ann Reyes,12\n1002,Ben Cruz,0012\n";
const TAKE: [&str; 6] = ["--kind", "punches", "--zone", "Asia/Manila", "--types", "commute"];

fn with_people() -> Stage {
    let stage = stage();
    std::fs::write(stage.folder.path().join("people.csv"), PEOPLE).unwrap();
    stage.prints(&["import", "csv", "people.csv", "--kind", "employees"]);
    stage
}

fn import(stage: &Stage, file: &str, more: &[&str]) -> String {
    let told = stage.prints(&[&["import", "csv", file][..], &TAKE, more].concat());
    told.lines().last().unwrap().to_owned()
}

fn exports(stage: &Stage) -> [String; 2] {
    [stage.prints(&["export", "punches"]), stage.prints(&["export", "days"])]
}

/// The logs of lateness: employee, kind, date, minutes.
fn logs(stage: &Stage) -> Vec<String> {
    let database = stage.data().join("hub.sqlite");
    let database = rusqlite::Connection::open(database).unwrap();
    let sql = "SELECT e.code || ' ' || l.kind || ' ' || l.date || ' ' || l.minutes FROM lateness l
        JOIN employee e ON e.id = l.employee ORDER BY l.date, e.code";
    let mut statement = database.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(|row| row.unwrap()).collect()
}

#[test]
fn a_commute_log_becomes_the_logs_of_who_was_late_and_who_left_early() {
    let stage = with_people();
    std::fs::write(stage.folder.path().join("log.csv"), LOG).unwrap();
    let counts = "read 10, stored 6, known 1, held 2, refused 1";
    let before = exports(&stage);
    assert_eq!(import(&stage, "log.csv", &["--dry-run", "--report", "tried.csv"]), counts);
    assert_eq!(exports(&stage), before, "a dry run changes nothing");
    assert_eq!(import(&stage, "log.csv", &["--report", "report.csv"]), counts);
    let report = |name: &str| std::fs::read_to_string(stage.folder.path().join(name)).unwrap();
    assert_eq!(report("report.csv"), report("tried.csv"));
    let report = report("report.csv");
    let rows: Vec<&str> = report.lines().collect();
    assert_eq!(rows[0], "row,user,time,outcome,why");
    assert_eq!(rows[2], "line 3,12,2026-03-02 12:01:00,refused,Rows of type meal are not wanted.");
    assert_eq!(rows[4], "line 5,12,2026-03-02 18:05:00,known,");
    assert_eq!(rows[8], "line 9,,,held,it says nobody's number or code");
    assert!(rows[10].starts_with("line 11,99,2026-03-03 08:00:00,held,The user number belongs to nobody"), "{report}");
    assert_eq!(logs(&stage), ["1001 tardy 2026-03-02 25", "1001 left_early 2026-03-03 50"]);

    let stored = exports(&stage);
    assert_eq!(import(&stage, "log.csv", &[]), "read 10, stored 0, known 9, held 0, refused 1");
    assert_eq!(exports(&stage), stored, "the same file changes nothing");
    let audit = stage.prints(&["audit", "list"]);
    assert!(audit.contains("import.punches") && audit.contains("mapping commute-log"), "{audit}");
    let list = stage.prints(&["--json", "import", "list", "--source", "commute-log"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&list[0]["known"], &list[1]["stored"], &list[2]), (&9.into(), &6.into(), &serde_json::Value::Null));
    assert_eq!((&list[1]["file"], &list[1]["kept"]), (&"log.csv".into(), &true.into()), "a dry run left nothing");
}

#[test]
fn of_a_terminals_log_only_the_punches_of_employees_of_some_groups_are_taken() {
    let stage = stage();
    std::fs::write(stage.path("people.csv"), "code,numbers,group\n1001,12,Packing\n1002,13,Office\n").unwrap();
    stage.prints(&["import", "csv", "people.csv", "--kind", "employees"]);
    let line = |user: &str| format!("{user}\t2026-03-02 08:00:00\t1\t0\t1\t0\n");
    std::fs::write(stage.path("1_attlog.dat"), line("12") + &line("13") + &line("99")).unwrap();
    let take = ["import", "attlog", "1_attlog.dat", "--serial", "A1", "--zone", "Asia/Manila"];
    let told = stage.prints(&[&take[..], &["--groups", "packing,night", "--report", "report.csv"]].concat());
    assert!(told.contains("read 3, stored 1, known 0, held 1, refused 1"), "{told}");
    let report = std::fs::read_to_string(stage.path("report.csv")).unwrap();
    assert!(report.contains("refused,Rows of employees of the group Office are not wanted."), "{report}");
    assert_eq!(stage.punches(), 2);
    let all = stage.prints(&take);
    assert!(all.contains("read 3, stored 1, known 2, held 0, refused 0"), "{all}");
}

#[test]
fn a_sheet_and_other_letters_end_as_the_same_state() {
    let plain = with_people();
    std::fs::write(plain.folder.path().join("log.csv"), LOG).unwrap();
    import(&plain, "log.csv", &[]);
    let (expected, late) = (exports(&plain), logs(&plain));

    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, line) in (0..).zip(LOG.lines()) {
        for (column, cell) in (0..).zip(line.split(',')) {
            sheet.write(row, column, cell).unwrap();
        }
    }
    let utf16 = "\u{feff}".to_owned() + &LOG.replace(',', ";").replace('\n', "\r\n");
    let forms = [
        ("log.xlsx", book.save_to_buffer().unwrap()),
        ("log.txt", utf16.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ];
    for (name, bytes) in forms {
        let stage = with_people();
        std::fs::write(stage.folder.path().join(name), bytes).unwrap();
        import(&stage, name, &[]);
        assert_eq!((exports(&stage), logs(&stage)), (expected.clone(), late.clone()), "{name}");
    }
}

#[test]
fn a_mapping_of_ones_own_reads_a_row_per_day_and_what_is_wrong_is_named() {
    let stage = with_people();
    let file = |name: &str, text: &str| std::fs::write(stage.folder.path().join(name), text).unwrap();
    file("days.csv", "WER;TAG;KOMMT;GEHT\n1001;02/03/2026;0825;1805\n1002;13/03/2026;0755;1800\n");
    let own = "[columns]\ncode = \"wer\"\ndate = \"tag\"\nin_time = \"kommt\"\nout_time = \"geht\"\n";
    file("old.toml", own);
    file("bad.toml", &own.replace("kommt", "arrives"));
    let fails =
        |more: &[&str]| stage.fails(&[&["import", "csv", "days.csv", "--kind", "punches"][..], more].concat(), 1);
    let none = fails(&["--zone", "Asia/Manila"]);
    assert!(none.contains("WER, TAG, KOMMT, GEHT fit none of the mappings"), "{none}");
    let missing = fails(&["--mapping", "bad.toml"]);
    assert!(missing.contains("no column `arrives` for in_time; it has WER, TAG"), "{missing}");
    assert!(fails(&["--mapping", "nothing"]).contains("there is no mapping `nothing`; there are commute-log"));
    assert!(fails(&["--mapping", "old.toml"]).contains("name it, like `--zone Asia/Manila`"));
    let lists = stage.fails(&["import", "csv", "people.csv", "--kind", "employees", "--source", "x"], 1);
    assert!(lists.contains("are for --kind punches"), "{lists}");
    let taken = stage.prints(&[
        "import",
        "csv",
        "days.csv",
        "--kind",
        "punches",
        "--mapping",
        "old.toml",
        "--zone",
        "Asia/Manila",
    ]);
    assert!(taken.contains("read by the mapping old, as the source old"), "{taken}");
    assert!(taken.ends_with("read 4, stored 4, known 0, held 0, refused 0\n"), "{taken}");

    // Saved, it goes by its name.
    stage.prints(&["import", "mapping", "save", "old", "old.toml"]);
    assert!(stage.prints(&["import", "mapping", "list"]).contains("old"));
    assert_eq!(stage.prints(&["import", "mapping", "show", "old"]), own);
    std::fs::remove_file(stage.folder.path().join("old.toml")).unwrap();
    let by_name = ["import", "csv", "days.csv", "--kind", "punches", "--mapping", "old", "--zone", "Asia/Manila"];
    let again = stage.prints(&by_name);
    assert!(again.contains("read by the mapping old, as the source old"), "{again}");
    assert!(again.ends_with("read 4, stored 0, known 4, held 0, refused 0\n"), "{again}");
    stage.prints(&["import", "mapping", "remove", "old"]);
    assert!(stage.fails(&by_name, 1).contains("there is no mapping `old`"));
    assert_eq!(logs(&stage), ["1001 tardy 2026-03-02 25"]);
}

#[test]
fn a_terminals_log_is_tried_first_and_each_of_its_lines_is_told() {
    let stage = with_people();
    let log = "12\t2026-03-02 08:25:00\t1\t0\t1\t0\n12\t2026-03-02 08:25:00\t1\t0\t1\t0\n99\t2026-03-02 08:00:00\t1\t0\t1\t0\n\
               12\t2026-03-02 18:05:00\t1\t1\t1\t0\nwhat is this\n";
    std::fs::write(stage.folder.path().join("log.dat"), log).unwrap();
    let before = exports(&stage);
    let import = ["import", "attlog", "log.dat", "--serial", "S1", "--zone", "Asia/Manila"];
    let counts = "read 5, stored 2, known 1, held 2, refused 0\n";
    let tried = stage.prints(&[&import[..], &["--dry-run", "--report", "tried.csv"]].concat());
    assert!(tried.contains("dry run: nothing was changed") && tried.ends_with(counts), "{tried}");
    assert_eq!(exports(&stage), before, "a dry run changes nothing");
    assert!(!stage.prints(&["terminal", "list"]).contains("S1"), "nor is the serial approved");
    assert!(!stage.prints(&["import", "list"]).contains("log.dat"));

    let taken = stage.prints(&[&import[..], &["--report", "report.csv"]].concat());
    assert!(taken.ends_with(counts), "{taken}");
    let report = |name: &str| std::fs::read_to_string(stage.folder.path().join(name)).unwrap();
    assert_eq!(report("report.csv"), report("tried.csv"));
    let report = report("report.csv");
    let rows: Vec<&str> = report.lines().collect();
    assert_eq!(
        rows[..3],
        ["row,user,time,outcome,why", "line 1,12,2026-03-02 08:25:00,stored,", "line 2,12,2026-03-02 08:25:00,known,"]
    );
    assert!(rows[3].starts_with("line 3,99,2026-03-02 08:00:00,held,The user number belongs to nobody"), "{report}");
    assert_eq!(rows[4], "line 4,12,2026-03-02 18:05:00,stored,");
    assert!(rows[5].starts_with("line 5,,,held,"), "{report}");
    assert_eq!(logs(&stage), ["1001 tardy 2026-03-02 25"]);
    assert!(stage.prints(&["terminal", "list"]).contains("S1"));

    let again = stage.prints(&[&import[..], &["--dry-run"]].concat());
    assert!(again.ends_with("read 5, stored 0, known 5, held 0, refused 0\n"), "{again}");
}

#[test]
fn a_report_that_cant_be_written_says_whether_the_punches_were_taken() {
    let stage = with_people();
    std::fs::write(stage.folder.path().join("log.csv"), LOG).unwrap();
    let import = ["import", "csv", "log.csv", "--kind", "punches", "--zone", "Asia/Manila", "--report", "/dev/full"];
    let says = stage.fails(&[&import[..], &["--dry-run"]].concat(), 1);
    assert!(says.contains("the report can't be written; nothing was changed"), "{says}");
    assert_eq!(stage.punches(), 0);
    let says = stage.fails(&import, 1);
    assert!(says.contains("the report can't be written; the punches were taken"), "{says}");
    assert_ne!(stage.punches(), 0);
}
