//! Users that terminals list are proposed to a person, who decides.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, log, now};
use hub::view::PunchFilter;
use hub::{Cure, Cured, Decided, Decision, MatchRow, MatchState};

const LIST: &str = "code,name\n12,Ann Reyes\n1002,Ben Cruz\n1003,Cora Diaz\n1004,Cora Diaz\n";

/// The log of 12 and 0012 waits; terminal A1 lists users, and so does B2, which nobody has approved.
fn workplace() -> House {
    let house = house();
    house.register("A1", "Asia/Manila");
    house.hub.import_employees(&clerk(), LIST.as_bytes(), false, now()).unwrap();
    house.import(&log(), false);
    let users = [("12", "REYES, ANN"), ("0012", "Ben Criz"), ("7", "Cora Diaz"), ("8", "Dan Lim"), ("9", "")];
    take(&house, "A1", &users);
    take(&house, "B2", &[("77", "A Stranger")]);
    house
}

fn take(house: &House, serial: &str, users: &[(&str, &str)]) {
    let users: Vec<(String, String)> =
        users.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned())).collect();
    house.hub.take_users(serial, &users, now()).unwrap();
}

fn of(house: &House, user: &str) -> MatchRow {
    house.hub.matches(now()).unwrap().into_iter().find(|row| row.user == user).unwrap()
}

fn told(row: &MatchRow) -> String {
    let candidates = row.candidates.iter().map(|one| format!("{} ({})", one.code, one.says()));
    format!("{} {}", row.state.word(), candidates.collect::<Vec<_>>().join(" or "))
}

fn decide(house: &House, decisions: &[Decision]) -> Decided {
    house.hub.decide_matches(&clerk(), decisions, now()).unwrap()
}

fn assign(user: &str, employee: &str, from: Option<&str>) -> Decision {
    let from = from.map(|from| from.parse().unwrap());
    Decision::Assign { user: user.to_owned(), employee: employee.to_owned(), from }
}

fn dismiss(user: &str) -> Decision {
    Decision::Dismiss { user: user.to_owned(), reason: "test finger".to_owned() }
}

#[test]
fn users_are_proposed_by_number_then_by_name_and_nothing_changes_by_that() {
    let house = workplace();
    let before = (house.files(), house.hub.employees(now()).unwrap().len(), house.hub.audit(100).unwrap());
    let rows = house.hub.matches(now()).unwrap();
    let told: Vec<String> = rows.iter().map(|row| format!("{} {}", row.user, told(row))).collect();
    assert_eq!(
        told,
        [
            "0012 proposed 1002 (close name: Ben Criz)",
            "12 proposed 12 (the number is the code, same words: REYES, ANN)",
            "7 ambiguous 1003 (same name) or 1004 (same name)",
            "8 unknown ",
            "9 unknown ",
        ],
        "who is listed by a terminal that nobody approved is nobody's concern"
    );
    assert_eq!(of(&house, "12").waiting, log().iter().filter(|line| line.starts_with("       12")).count() as u64);
    assert_eq!(of(&house, "12").first_waiting.as_deref(), Some("2026-02-02 07:52:10"));
    assert_eq!((house.files(), house.hub.employees(now()).unwrap().len(), house.hub.audit(100).unwrap()), before);
}

#[test]
fn decisions_about_many_are_taken_each_by_itself_audited_and_release_what_waited() {
    let house = workplace();
    let new = Decision::Add { user: "8".to_owned(), code: Some("1005".to_owned()), from: None };
    let held = house.hub.held().unwrap().iter().map(|group| group.count).sum();
    let decided = decide(
        &house,
        &[assign("12", "12", None), assign("0012", "1002", None), new, dismiss("9"), assign("7", "99", None)],
    );
    assert_eq!((decided.done, decided.cured), (4, Cured { released: held, still_held: 0 }));
    assert_eq!(decided.refused, [("7".to_owned(), "there is no employee with code 99".to_owned())]);
    let states = |house: &House| house.hub.matches(now()).unwrap().iter().map(|row| row.state).collect::<Vec<_>>();
    use MatchState::{Ambiguous, Dismissed, Matched};
    assert_eq!(states(&house), [Matched, Matched, Ambiguous, Matched, Dismissed]);
    let added = house.hub.employees(now()).unwrap().into_iter().find(|row| row.code == "1005").unwrap();
    assert_eq!((added.name.as_str(), added.confirmed, added.numbers.as_str()), ("Dan Lim", true, "8"));
    let audit = house.hub.audit(6).unwrap();
    let deeds: Vec<_> = audit.iter().map(|entry| (entry.action.as_str(), entry.object.as_str())).collect();
    let expected = [
        ("match.dismiss", "9"),
        ("number.assign", "8"),
        ("employee.add", "1005"),
        ("number.assign", "0012"),
        ("number.assign", "12"),
    ];
    assert_eq!(deeds[..5], expected);
    assert!(audit[3].detail.contains("terminals call it Ben Criz"), "{}", audit[3].detail);

    // The same days as when the numbers had been assigned one by one.
    let other = workplace();
    for (user, employee) in [("12", "12"), ("0012", "1002")] {
        let (user, employee) = (user.to_owned(), employee.to_owned());
        let cure = Cure::Assign { user, employee, create: false, from: None, to: None };
        other.hub.cure(&clerk(), &cure, now()).unwrap();
    }
    assert_eq!(house.files(), other.files());
}

#[test]
fn a_number_that_is_somebodys_is_not_given_away_unless_the_date_is_said() {
    let house = workplace();
    decide(&house, &[assign("12", "12", None), assign("0012", "1002", Some("2026-02-01"))]);
    let refused = decide(&house, &[assign("12", "1003", None), assign("0012", "1003", Some("2026-01-01"))]).refused;
    assert!(
        refused[0].1.contains("user number 12 is employee 12's always; name a date on which it has changed hands"),
        "{refused:?}"
    );
    assert!(refused[1].1.contains("is employee 1002's from 2026-02-01 on"), "{refused:?}");
    let code = |date: &str| {
        let date = Some(date.parse().unwrap());
        let filter = PunchFilter { user: Some("12".to_owned()), from: date, to: date, ..PunchFilter::default() };
        house.hub.punches(&filter).unwrap().rows[0].employee.clone().unwrap()
    };
    assert_eq!((code("2026-02-09"), code("2026-02-23")), ("12".to_owned(), "12".to_owned()));

    take(&house, "A1", &[("12", "Cora Diaz")]);
    assert_eq!(told(&of(&house, "12")), "differs 1003 (same name) or 1004 (same name)");
    assert!(decide(&house, &[assign("12", "1003", Some("2026-02-16"))]).refused.is_empty());
    assert_eq!((code("2026-02-09"), code("2026-02-23")), ("12".to_owned(), "1003".to_owned()));
    assert_eq!(of(&house, "12").state, MatchState::Matched);
}

#[test]
fn a_dismissal_holds_for_the_name_that_was_dismissed_and_can_be_taken_back() {
    let house = workplace();
    decide(&house, &[dismiss("8")]);
    assert_eq!(of(&house, "8").dismissed, Some(("clerk".to_owned(), "test finger".to_owned())));
    take(&house, "A1", &[("8", "Dan Lim")]);
    assert_eq!(of(&house, "8").state, MatchState::Dismissed, "listed again, called as before");
    take(&house, "A1", &[("8", "Ben Cruz")]);
    assert_eq!(told(&of(&house, "8")), "proposed 1002 (same name)");

    take(&house, "A1", &[("8", "Dan Lim")]);
    decide(&house, &[Decision::Recall { user: "8".to_owned() }]);
    assert_eq!(of(&house, "8").state, MatchState::Unknown);
    let again = decide(&house, &[Decision::Recall { user: "8".to_owned() }]);
    assert!(again.refused[0].1.contains("there is no dismissal of user number 8"), "{again:?}");
    let unfounded = Decision::Dismiss { user: "8".to_owned(), reason: " ".to_owned() };
    assert!(decide(&house, &[unfounded]).refused[0].1.contains("with a reason"));
}

#[test]
fn a_new_employee_takes_no_code_that_there_is_and_no_number_that_nobody_has_seen() {
    let house = workplace();
    let add = |user: &str, code: Option<&str>| Decision::Add {
        user: user.to_owned(),
        code: code.map(str::to_owned),
        from: None,
    };
    let before = house.hub.employees(now()).unwrap().len();
    let refused = decide(&house, &[add("12", None), add("8", Some(" ")), add("555", None), add("77", None)]).refused;
    let why: Vec<&str> = refused.iter().map(|(_, why)| why.as_str()).collect();
    assert!(why[0].contains("there is an employee with code 12 already"), "{why:?}");
    assert!(why[1].contains("needs a code"), "{why:?}");
    assert!(why[2..].iter().all(|why| why.contains("that a terminal lists or a held punch carries")), "{why:?}");
    assert_eq!(house.hub.employees(now()).unwrap().len(), before);
}
