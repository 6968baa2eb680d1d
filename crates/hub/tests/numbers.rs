//! A user number may mean different people at different groups of terminals.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, now};
use hub::view::{HeldReason, PunchFilter};
use hub::{Cure, Decision, MatchState, NewTerminal};

/// A1 is in the group of all, C1 and C2 are in Cebu; number 12 punches at each.
fn workplace() -> House {
    let house = house();
    for (serial, group) in [("A1", ""), ("C1", "cebu"), ("C2", "cebu")] {
        register(&house, serial, group);
    }
    for (serial, day) in [("A1", 9), ("C1", 10), ("C2", 11)] {
        let line = format!("12\t2026-02-{day:02} 08:00:00\t1\t0\t1\t0");
        let next = house.store.read(|read| read.edge_high_seq("branch", "")).unwrap() + 1;
        house.hub.ingest(&house.batch(serial, &[&line], next), now()).unwrap();
    }
    house
}

fn register(house: &House, serial: &str, group: &str) {
    let new = NewTerminal {
        serial: serial.to_owned(),
        zone: Some("Asia/Manila".to_owned()),
        group: Some(group.to_owned()),
        ..NewTerminal::default()
    };
    house.hub.add_terminal(&clerk(), &new, now()).unwrap();
}

fn assign(house: &House, user: &str, employee: &str) -> u64 {
    let (user, employee) = (user.to_owned(), employee.to_owned());
    let cure = Cure::Assign { user, employee, create: true, from: None, to: None };
    house.hub.cure(&clerk(), &cure, now()).unwrap().released
}

/// Whose the punches are, by day; `-` where one is held.
fn whose(house: &House) -> Vec<String> {
    let rows = house.hub.punches(&PunchFilter::default()).unwrap().rows;
    rows.into_iter().map(|row| row.employee.unwrap_or_else(|| "-".to_owned())).collect()
}

#[test]
fn a_number_is_somebody_else_at_another_group_of_terminals() {
    let house = workplace();
    assert_eq!(assign(&house, "12", "Ann"), 1);
    assert_eq!(whose(&house), ["Ann", "-", "-"], "what a number means elsewhere says nothing of Cebu");
    let held: Vec<_> = house.hub.held().unwrap().into_iter().map(|group| (group.reason, group.number)).collect();
    let waits = (HeldReason::UnknownUser, "cebu/12".to_owned());
    assert_eq!(held, [waits.clone(), waits]);
    assert_eq!(assign(&house, "cebu/12", "Ben"), 2);
    assert_eq!(whose(&house), ["Ann", "Ben", "Ben"]);
    let numbers: Vec<_> = house.hub.employees(now()).unwrap().into_iter().map(|row| (row.code, row.numbers)).collect();
    assert_eq!(numbers, [("Ann".to_owned(), "12".to_owned()), ("Ben".to_owned(), "cebu/12".to_owned())]);
    let date = "2026-02-10".parse().unwrap();
    assert_eq!(house.hub.numbers_on("cebu", date).unwrap(), [("12".to_owned(), String::new())]);
    assert!(house.hub.numbers_on("davao", date).unwrap().is_empty());
}

#[test]
fn a_terminal_that_changes_its_group_has_its_punches_resolved_again_and_back() {
    let house = workplace();
    assign(&house, "12", "Ann");
    assign(&house, "cebu/12", "Ben");
    let before = house.files();
    register(&house, "C2", "");
    assert_eq!(whose(&house), ["Ann", "Ben", "Ann"]);
    register(&house, "C2", "davao");
    assert_eq!(whose(&house), ["Ann", "Ben", "-"]);
    register(&house, "C2", "cebu");
    assert_eq!(house.files(), before);
}

#[test]
fn a_group_has_a_name_that_can_stand_before_a_number() {
    let house = workplace();
    let new = NewTerminal { serial: "C1".to_owned(), group: Some("ce/bu".to_owned()), ..NewTerminal::default() };
    let told = house.hub.add_terminal(&clerk(), &new, now()).unwrap_err().to_string();
    assert!(told.contains("`ce/bu` can't be the name of a group"), "{told}");
    let cure =
        Cure::Assign { user: "ce bu/12".to_owned(), employee: "Ann".to_owned(), create: true, from: None, to: None };
    assert!(house.hub.cure(&clerk(), &cure, now()).unwrap_err().to_string().contains("can't be the name"));
}

#[test]
fn users_are_matched_group_by_group() {
    let house = workplace();
    house
        .hub
        .import_employees(&clerk(), b"code,name,numbers\nAnn,Ann Reyes,12\nBen,Ben Cruz,\n", false, now())
        .unwrap();
    let users = |name: &str| vec![("12".to_owned(), name.to_owned())];
    house.hub.take_users("A1", &users("Ann Reyes"), now()).unwrap();
    house.hub.take_users("C1", &users("Ben Cruz"), now()).unwrap();
    let rows = house.hub.matches(now()).unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.user.as_str(), row.state, row.waiting)).collect();
    assert_eq!(told, [("12", MatchState::Matched, 0), ("cebu/12", MatchState::Proposed, 2)]);
    assert_eq!(rows[1].candidates[0].code, "Ben");
    let accept = Decision::Assign { user: "cebu/12".to_owned(), employee: "Ben".to_owned(), from: None };
    assert_eq!(house.hub.decide_matches(&clerk(), &[accept], now()).unwrap().cured.released, 2);
    assert_eq!(whose(&house), ["Ann", "Ben", "Ben"]);
}

#[test]
fn a_list_that_gives_a_number_to_another_one_is_refused_and_says_whose_it_is() {
    let house = workplace();
    assign(&house, "cebu/12", "Ben");
    let list = b"code,name,numbers\nAnn,Ann Reyes,12 cebu/13\nCora,Cora Diaz,cebu/12\n";
    let report = house.hub.import_employees(&clerk(), list, false, now()).unwrap();
    assert_eq!((report.counts.stored, report.counts.refused), (1, 1));
    let told = &report.refusals[0];
    assert!(told.contains("line 3: user number cebu/12 is employee Ben's always"), "{told}");
    assert!(told.contains("held cure --user cebu/12 --employee CODE"), "{told}");
    assert_eq!(whose(&house), ["Ann", "Ben", "Ben"]);
    // Said by itself and on purpose, it is taken over, and that is written down.
    assign(&house, "cebu/12", "Cora");
    assert_eq!(whose(&house), ["Ann", "Cora", "Cora"]);
    let entry = house.hub.audit(9).unwrap().into_iter().find(|entry| entry.action == "number.assign").unwrap();
    assert!(entry.detail.contains("it was employee Ben's always"), "{}", entry.detail);
}
