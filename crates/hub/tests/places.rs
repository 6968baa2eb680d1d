//! Sites and departments that nobody needs any more.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, log, now};
use hub::{NewTerminal, Scope};
use jiff::civil::Date;

/// The date of [`now`].
const TODAY: Date = Date::constant(2026, 3, 4);

/// Manila, whose clock is an hour ahead of the company's zone, with a terminal and 12; and a site where nobody is.
fn workplace() -> House {
    let house = house();
    house.register("A1", "Asia/Manila");
    sites(&house, "code,name,zones,terminals\nMNL,Manila,Asia/Tokyo,A1\nCEBU,Cebu City,,\n");
    house.hub.import_departments(&clerk(), b"code,parent\nPAY,HR\nHR,\n", false, now()).unwrap();
    house.import(&log(), true);
    let new = NewTerminal { serial: "A1".to_owned(), zone: Some(String::new()), ..NewTerminal::default() };
    house.hub.add_terminal(&clerk(), &new, now()).unwrap();
    employees(&house, "code,places\n12,MNL:PAY\n");
    house
}

fn sites(house: &House, list: &str) {
    let report = house.hub.import_sites(&clerk(), list.as_bytes(), false, now()).unwrap();
    assert_eq!(report.counts.refused, 0, "{:?}", report.refusals);
}

fn employees(house: &House, list: &str) -> u64 {
    let report = house.hub.import_employees(&clerk(), list.as_bytes(), false, now()).unwrap();
    assert_eq!(report.counts.refused, 0, "{:?}", report.refusals);
    report.counts.stored
}

fn site_codes(house: &House) -> Vec<String> {
    house.hub.sites().unwrap().into_iter().map(|site| site.code).collect()
}

fn site_of_12(house: &House) -> Option<String> {
    house.hub.employees(now()).unwrap().into_iter().find(|row| row.code == "12").unwrap().site
}

fn refused(house: &House, site: &str) -> String {
    let audit = house.hub.audit(1000).unwrap().len();
    let error = house.hub.remove_site(&clerk(), site, now()).unwrap_err().to_string();
    assert_eq!(house.hub.audit(1000).unwrap().len(), audit, "nothing was done");
    error
}

/// All derived anew.
fn files(house: &House) -> [String; 3] {
    house.hub.mark_scope(&Scope::default(), now()).unwrap();
    house.derive();
    house.files()
}

#[test]
fn a_site_is_removed_once_nobody_and_no_terminal_is_there_and_its_past_stays() {
    let house = workplace();
    let told = refused(&house, "MNL");
    assert!(
        told.starts_with("from today on site MNL has employees 12, and terminals A1; give the employees"),
        "{told}"
    );
    employees(&house, "code,places\n12,MNL:PAY CEBU:PAY@2026-03-05\n");
    assert!(refused(&house, "MNL").contains("employees 12, and terminals A1"), "12 is there today");
    employees(&house, "code,places\n12,MNL:PAY CEBU:PAY@2026-03-04\n");
    let told = refused(&house, "MNL");
    assert!(told.starts_with("from today on site MNL has terminals A1; have them come to another site"), "{told}");
    house.hub.leave_site(&clerk(), "A1", TODAY, now()).unwrap();
    let before = files(&house);
    house.hub.remove_site(&clerk(), "MNL", now()).unwrap();
    assert_eq!(site_codes(&house), ["CEBU"]);
    let entry = house.hub.audit(1).unwrap().remove(0);
    assert_eq!((entry.action.as_str(), entry.object.as_str()), ("site.remove", "MNL"));
    assert_eq!(house.store.read(|read| read.mark_count()).unwrap(), 0, "no day moves");
    assert_eq!(files(&house), before, "what was read and judged by its zone still is");

    // What is exported of those who were there is taken back.
    let mut list = Vec::new();
    house.hub.employees_csv(&mut list).unwrap();
    let list = String::from_utf8(list).unwrap();
    assert!(list.contains("MNL:PAY CEBU:PAY@2026-03-04"), "{list}");
    assert_eq!(employees(&house, &list), 0);
    // Nobody comes to a site that is not there; one that is added again has its zone.
    let come = house.hub.import_employees(&clerk(), b"code,places\n0012,MNL\n", false, now()).unwrap();
    assert!(come.refusals[0].contains("there is no site MNL"), "{:?}", come.refusals);
    assert!(house.hub.remove_site(&clerk(), "MNL", now()).unwrap_err().to_string().contains("there is no site MNL"));
    sites(&house, "code\nMNL\n");
    let again = house.hub.sites().unwrap().remove(1);
    assert_eq!((again.code.as_str(), again.zones), ("MNL", vec![("Asia/Tokyo".to_owned(), None)]));
}

#[test]
fn who_has_left_does_not_keep_a_site_and_does_not_come_back_to_it() {
    let house = workplace();
    house.hub.leave_site(&clerk(), "A1", TODAY, now()).unwrap();
    employees(&house, "code,from,to\n12,2026-01-01,2026-03-04\n");
    assert!(refused(&house, "MNL").contains("employees 12"), "the last date is today");
    employees(&house, "code,to\n12,2026-03-03\n");
    house.hub.remove_site(&clerk(), "MNL", now()).unwrap();
    assert_eq!(site_of_12(&house), None);
    employees(&house, "code,from\n12,2026-04-01\n");
    assert_eq!(site_of_12(&house), None);
    // Who is only still to come keeps it.
    employees(&house, "code,places\n0012,CEBU@2026-05-01\n");
    assert!(refused(&house, "CEBU").contains("employees 0012"));
}

#[test]
fn what_is_said_of_another_place_from_a_later_date_on_stays() {
    let house = workplace();
    house.hub.leave_site(&clerk(), "A1", TODAY, now()).unwrap();
    employees(&house, "code,to,places\n12,2026-03-03,MNL:PAY CEBU:HR@2026-06-01\n");
    house.hub.remove_site(&clerk(), "MNL", now()).unwrap();
    house.hub.remove_department(&clerk(), "PAY", now()).unwrap();
    let mut list = Vec::new();
    house.hub.employees_csv(&mut list).unwrap();
    let list = String::from_utf8(list).unwrap();
    assert!(list.contains("MNL:PAY @2026-03-04 CEBU:HR@2026-06-01"), "{list}");
    assert_eq!(employees(&house, &list), 0, "and so says its list");
}

#[test]
fn a_department_is_removed_once_nobody_and_no_other_one_is_a_part_of_it() {
    let house = workplace();
    let remove = |code: &str| house.hub.remove_department(&clerk(), code, now());
    let told = remove("HR").unwrap_err().to_string();
    assert!(told.starts_with("departments are a part of department HR: PAY; make them"), "{told}");
    let told = remove("PAY").unwrap_err().to_string();
    assert!(told.starts_with("from today on department PAY has employees 12; give them another place"), "{told}");
    employees(&house, "code,places\n12,MNL:PAY MNL@2026-03-04\n");
    remove("PAY").unwrap();
    remove("HR").unwrap();
    assert!(house.hub.departments().unwrap().is_empty());
    let entry = house.hub.audit(1).unwrap().remove(0);
    assert_eq!((entry.action.as_str(), entry.object.as_str()), ("department.remove", "HR"));
    assert!(remove("HR").unwrap_err().to_string().contains("there is no department HR"));
}
