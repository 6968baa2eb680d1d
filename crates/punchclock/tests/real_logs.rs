//! Real terminals' exported logs, from file to payroll.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::path::Path;

use stage::{Stage, shuffled, stage};
use testkit::shared;

fn import(stage: &Stage, file: &Path, serial: &str, more: &[&str]) -> String {
    let file = file.to_str().unwrap();
    let arguments = [&["import", "attlog", file, "--serial", serial, "--zone", "Asia/Manila"], more].concat();
    stage.prints(&arguments).lines().last().unwrap().to_owned()
}

fn exports(stage: &Stage) -> [String; 2] {
    [stage.prints(&["export", "days"]), stage.prints(&["export", "payroll"])]
}

#[test]
fn each_punch_of_a_real_log_is_stored_once_and_the_order_of_lines_does_not_matter() {
    let (Some(site_a), Some(site_b)) =
        (shared("data/attlog/site-a_attlog.dat"), shared("data/attlog/site-b_attlog.dat"))
    else {
        return;
    };
    let straight = stage();
    let create = ["--create-employees"];
    assert_eq!(import(&straight, &site_a, "A1", &create), "read 24162, stored 24162, known 0, held 0, refused 0");
    assert_eq!(import(&straight, &site_b, "B1", &create), "read 4506, stored 4506, known 0, held 0, refused 0");
    assert_eq!(import(&straight, &site_a, "A1", &create), "read 24162, stored 0, known 24162, held 0, refused 0");
    let expected = exports(&straight);
    assert!(expected[0].lines().count() > 8000, "{} days", expected[0].lines().count());

    let other = stage();
    let file = shuffled(&site_b, &other.folder.path().join("b.dat"));
    import(&other, &file, "B1", &create);
    let file = shuffled(&site_a, &other.folder.path().join("a.dat"));
    import(&other, &file, "A1", &create);
    assert!(exports(&other) == expected, "days and payroll are byte-identical");

    let cured = stage();
    assert_eq!(import(&cured, &site_a, "A1", &[]), "read 24162, stored 0, known 0, held 24162, refused 0");
    assert_eq!(import(&cured, &site_b, "B1", &[]), "read 4506, stored 0, known 0, held 4506, refused 0");
    assert_eq!(
        cured.prints(&["held", "cure", "--all-numbers", "--create-employees"]),
        "released 28668, still held 0\n"
    );
    assert!(exports(&cured) == expected, "held and cured ends as the same files");

    // Every figure of a day can be asked for its reason.
    let days = &expected[0];
    let row = days.lines().find(|row| row.contains(",present,") && row.contains("tardy")).unwrap();
    let mut cells = row.split(',');
    let (employee, _name, date) = (cells.next().unwrap(), cells.next(), cells.next().unwrap());
    let why = straight.prints(&["rules", "explain", employee, date]);
    assert!(why.contains("arrival") && why.contains("tardy_minutes"), "{why}");
}
