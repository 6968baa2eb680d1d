//! One employee at a time, as programs say it.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, now};
use hub::view::{EmployeeRow, PunchFilter};
use hub::{Hire, NewPlace, Scope};
use jiff::civil::Date;

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn workplace() -> House {
    let house = house();
    house.register("A1", "Asia/Manila");
    house.hub.import_sites(&clerk(), b"code,zones\nMNL,\nTYO,Asia/Tokyo\n", false, now()).unwrap();
    house.hub.import_departments(&clerk(), b"code\nHR\n", false, now()).unwrap();
    house
}

fn hire(house: &House, code: &str, from: &str, to: Option<&str>) -> Result<(), String> {
    let place = NewPlace { site: Some("MNL".to_owned()), department: Some("HR".to_owned()) };
    let hire = Hire { name: Some("Ann Reyes".to_owned()), from: date(from), to: to.map(date), place };
    house.hub.hire(&clerk(), code, &hire, now()).map_err(|error| error.to_string())
}

fn leave(house: &House, code: &str, last: &str) -> Result<(), String> {
    house.hub.leave(&clerk(), code, date(last), now()).map_err(|error| error.to_string())
}

fn row(house: &House, code: &str) -> EmployeeRow {
    house.hub.employees(now()).unwrap().into_iter().find(|row| row.code == code).unwrap()
}

/// The list that says all of an employee.
fn line(house: &House, code: &str) -> String {
    let mut out = Vec::new();
    house.hub.employees_csv(&mut out).unwrap();
    let list = String::from_utf8(out).unwrap();
    list.lines().find(|line| line.starts_with(&format!("{code},"))).unwrap().to_owned()
}

fn audited(house: &House) -> usize {
    house.hub.audit(1000).unwrap().len()
}

/// Doing everything again gives the same.
fn is_settled(house: &House) -> bool {
    house.derive();
    house.hub.mark_scope(&Scope::default(), now()).unwrap();
    house.derive() == 0
}

#[test]
fn somebody_is_hired_leaves_and_is_hired_again_as_a_list_would_say_it() {
    let house = workplace();
    hire(&house, "1001", "2026-01-05", None).unwrap();
    assert!(row(&house, "1001").is_employed);
    let entry = house.hub.audit(1).unwrap().remove(0);
    assert_eq!((entry.action.as_str(), entry.object.as_str()), ("employee.hire", "1001"));
    let count = audited(&house);
    hire(&house, "1001", "2026-01-05", None).unwrap();
    assert_eq!(audited(&house), count, "the same again is no news");
    leave(&house, "1001", "2026-02-11").unwrap();
    assert!(!row(&house, "1001").is_employed);
    hire(&house, "1001", "2026-02-18", Some("2026-06-30")).unwrap();
    let expected = "1001,Ann Reyes,yes,,2026-01-05..2026-02-11 2026-02-18..2026-06-30,,,MNL:HR@2026-01-05";
    assert_eq!(line(&house, "1001"), expected);
    assert!(is_settled(&house));

    // The same company from a list.
    let other = workplace();
    let list = format!("code,name,confirmed,numbers,employment,zone,group,places\n{expected}\n");
    other.hub.import_employees(&clerk(), list.as_bytes(), false, now()).unwrap();
    other.derive();
    assert_eq!(house.files(), other.files());
}

#[test]
fn dates_that_contradict_and_places_that_are_not_there_are_refused_and_nothing_changes() {
    let house = workplace();
    hire(&house, "1001", "2026-01-05", Some("2026-02-11")).unwrap();
    let (before, count) = (line(&house, "1001"), audited(&house));
    let refused = hire(&house, "1001", "2026-02-01", None).unwrap_err();
    assert!(refused.contains("employments 2026-01-05..2026-02-11 and 2026-02-01.. share dates"), "{refused}");
    assert!(hire(&house, "1001", "2026-03-02", Some("2026-03-01")).unwrap_err().contains("before it starts"));
    assert!(hire(&house, " ", "2026-03-02", None).unwrap_err().contains("needs a code"));
    assert!(leave(&house, "1001", "2025-12-31").unwrap_err().contains("no employment has begun by 2025-12-31"));
    assert!(leave(&house, "9", "2025-12-31").unwrap_err().contains("there is no employee with code 9"));
    let place = NewPlace { site: Some("DAVAO".to_owned()), department: None };
    let refused =
        house.hub.place(&clerk(), "1001", None, &place, now()).map_err(|error| error.to_string()).unwrap_err();
    assert!(refused.starts_with("there is no site DAVAO (column places); add it first"), "{refused}");
    assert_eq!((line(&house, "1001"), audited(&house)), (before, count));
}

#[test]
fn somebody_moves_to_another_site_from_a_date_on_and_is_judged_in_its_zone() {
    let house = workplace();
    hire(&house, "1001", "2026-01-05", None).unwrap();
    let number = |number: &str| house.hub.give_number(&clerk(), "1001", number, (None, None), now()).map(drop);
    number("12").unwrap();
    house.import(&["12\t2026-02-18 09:00:00\t1\t0\t1\t0".to_owned()], false);
    house.derive();
    let move_to = |from: &str, site: Option<&str>, department: Option<&str>| {
        let place = NewPlace { site: site.map(str::to_owned), department: department.map(str::to_owned) };
        house.hub.place(&clerk(), "1001", Some(date(from)), &place, now()).unwrap();
    };
    move_to("2026-02-16", Some("TYO"), None);
    assert!(line(&house, "1001").ends_with("MNL:HR@2026-01-05 TYO:HR@2026-02-16"), "what is not said stays");
    assert!(is_settled(&house));
    let zone = house.hub.day("1001", date("2026-02-18"), now()).unwrap().unwrap().row.zone;
    assert_eq!(zone.iana_name(), Some("Asia/Tokyo"));
    let count = audited(&house);
    move_to("2026-02-20", Some("TYO"), Some("HR"));
    assert_eq!(audited(&house), count, "it is so already");
    move_to("2026-02-23", Some(""), Some(""));
    assert_eq!((row(&house, "1001").site, row(&house, "1001").department), (None, None));
    assert!(is_settled(&house));
}

#[test]
fn a_number_is_given_changes_hands_and_ends_and_its_punches_follow() {
    let house = workplace();
    for code in ["1001", "1002"] {
        house.hub.import_employees(&clerk(), format!("code\n{code}\n").as_bytes(), false, now()).unwrap();
    }
    let lines = ["09", "16", "23"].map(|day| format!("12\t2026-02-{day} 08:00:00\t1\t0\t1\t0"));
    house.import(&lines, false);
    let whose = || {
        let rows = house.hub.punches(&PunchFilter { limit: 10, ..PunchFilter::default() }).unwrap().rows;
        let mut all: Vec<_> =
            rows.into_iter().map(|row| (row.printed, row.employee.unwrap_or_else(|| "-".to_owned()))).collect();
        all.sort();
        all.into_iter().map(|(_, employee)| employee).collect::<Vec<_>>()
    };
    let give = |code: &str, from: Option<&str>| {
        house.hub.give_number(&clerk(), code, "12", (from.map(date), None), now()).map_err(|error| error.to_string())
    };
    assert_eq!(whose(), ["-", "-", "-"]);
    assert_eq!(give("1001", None).unwrap().released, 3);
    assert_eq!(whose(), ["1001", "1001", "1001"]);
    let refused = give("1002", None).unwrap_err();
    assert!(refused.starts_with("user number 12 is employee 1001's always"), "{refused}");
    give("1002", Some("2026-02-16")).unwrap();
    assert_eq!(whose(), ["1001", "1002", "1002"]);
    assert!(give("1002", None).is_ok(), "theirs already");
    let end = |code: &str, last: &str| {
        house.hub.end_number(&clerk(), code, "12", date(last), now()).map_err(|error| error.to_string())
    };
    end("1002", "2026-02-20").unwrap();
    assert_eq!(whose(), ["1001", "1002", "-"], "nobody is known to have it then");
    let (count, held) = (audited(&house), house.hub.held().unwrap());
    assert_eq!((held.len(), held[0].count), (1, 1));
    end("1002", "2026-02-20").unwrap();
    assert!(give("1002", None).unwrap_err().starts_with("user number 12 was theirs until 2026-02-20; say from which"));
    assert_eq!(audited(&house), count, "the same again is no news");
    assert!(end("1002", "2026-03-01").unwrap_err().starts_with("user number 12 is not theirs after 2026-03-01"));
    let spans = house.hub.number_spans("12").unwrap();
    let told: Vec<_> = spans.iter().map(|span| (span.employee.as_str(), span.from, span.to)).collect();
    let [first, second] = [date("2026-02-15"), date("2026-02-16")];
    assert_eq!(told, [("1001", None, Some(first)), ("1002", Some(second), Some(date("2026-02-20")))]);
    assert!(is_settled(&house));
}
