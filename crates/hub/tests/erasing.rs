//! A person and a closed month are erased on record: what must go is gone, pay records stay, the chain holds.
#![allow(clippy::unwrap_used)]

mod house;

use attendance::Change;
use house::{House, clerk, house, log, now};
use hub::view::{DayFilter, PunchFilter};
use hub::{Cure, Locking};
use jiff::civil::{Date, date};

const SEED: [u8; 32] = [3; 32];
const CODE: &str = "ZQ-77";
const DOUBLE: &str = "ZX-78";
const NAME: &str = "Zebedee Quux";
const NUMBER: &str = "987654";
const SAID: &str = "his knee was operated on";

/// Weeks of somebody beside the two people of the log.
fn lines() -> Vec<String> {
    let days = (2..=27).filter(|day| !matches!(day % 7, 0 | 1));
    days.flat_map(|day| ["08:00:00", "17:30:00"].map(|time| format!("{NUMBER}\t2026-02-{day:02} {time}\t1\t0\t1\t0")))
        .collect()
}

fn named(house: &House) {
    let assign =
        Cure::Assign { user: NUMBER.to_owned(), employee: CODE.to_owned(), create: true, from: None, to: None };
    house.hub.cure(&clerk(), &assign, now()).unwrap();
    let list = format!("code,name\n{CODE},{NAME}\n{DOUBLE},{NAME}\n");
    house.hub.import_employees(&clerk(), list.as_bytes(), false, now()).unwrap();
    house.hub.merge_employees(&clerk(), (DOUBLE, CODE), "twice on the list", now()).unwrap();
}

fn lock(house: &House, first: Date, last: Date) {
    house.derive();
    assert_eq!(house.hub.lock(&clerk(), (first, last), Some("in time"), now()).unwrap(), Locking::Locked);
    house.derive();
}

/// The chain holds and everything is sealed; how many rows were erased.
fn erased(house: &House) -> u64 {
    house.hub.seal(now(), &SEED).unwrap();
    let found = house.hub.verify(&[1; 32], None, |_, _| {}).unwrap();
    assert_eq!((found.fault, found.verified.waiting), (None, 0));
    assert_eq!(found.erased.iter().map(|one| one.rows).sum::<u64>(), found.verified.erased);
    found.verified.erased
}

fn days(house: &House, employee: Option<&str>) -> Vec<String> {
    let filter = DayFilter { employee: employee.map(str::to_owned), ..DayFilter::default() };
    house.hub.days(&filter).unwrap().rows.iter().map(|row| format!("{} {:?}", row.code, row.record)).collect()
}

#[test]
fn of_an_erased_person_nothing_is_left_but_pay_records_without_a_name() {
    let house = house();
    house.import(&log(), true);
    house.import(&lines(), false);
    named(&house);
    let void = Change::Excuse { date: date(2026, 2, 3), what: vec![attendance::Excusable::Tardy] };
    house.hub.correct(&clerk(), CODE, &void, SAID, now()).unwrap();
    house.hub.seal(now(), &SEED).unwrap();
    lock(&house, date(2026, 2, 1), date(2026, 2, 14));
    let (theirs, others) = (days(&house, Some(CODE)), days(&house, Some("12")));
    let locked = theirs.iter().filter(|day| day.contains("2026-02-0") || day.contains("2026-02-1")).count();
    assert!(theirs.len() > 15 && locked > 5, "{theirs:?}");
    let stored = house.hub.person_json(&clerk(), CODE, now()).unwrap();
    assert_eq!(stored["employee"][0]["name"], NAME);
    assert_eq!(stored["punch"].as_array().unwrap().len(), lines().len());
    assert!(stored["fact"].as_array().unwrap().iter().any(|fact| fact["reason"] == SAID), "{}", stored["fact"]);
    assert_eq!(stored["merged"][0]["employee"][0]["code"], DOUBLE);
    let double =
        house.hub.erase_person(&clerk(), DOUBLE, "asked for", now(), &SEED, |_, _| {}).unwrap_err().to_string();
    assert!(double.contains("ZX-78 counts as ZQ-77"), "{double}");
    assert!(stored["audit"].as_array().unwrap().len() >= 3 && stored["day"].as_array().unwrap().len() == theirs.len());
    assert!(holds(&house, NAME) && holds(&house, NUMBER) && holds(&house, CODE) && holds(&house, SAID));

    let refused = house.hub.erase_person(&clerk(), CODE, " ", now(), &SEED, |_, _| {}).unwrap_err().to_string();
    assert!(refused.contains("without a reason"), "{refused}");
    let done = house.hub.erase_person(&clerk(), CODE, "asked for", now(), &SEED, |_, _| {}).unwrap();
    assert!(done.rows >= lines().len() as u64 + 4, "{done:?}");
    assert_eq!(erased(&house), done.rows);
    for gone in [NAME, NUMBER, CODE, DOUBLE, SAID] {
        assert!(!holds(&house, gone), "{gone}");
    }
    let kept = days(&house, Some(&done.object));
    assert!(kept.len() as u64 == done.days_kept && done.days_kept > 5 && kept.len() < theirs.len(), "{done:?}");
    assert!(
        kept.iter()
            .zip(&theirs)
            .all(|(kept, before)| kept.split_once(' ').unwrap().1 == before.split_once(' ').unwrap().1)
    );
    assert_eq!(days(&house, Some("12")), others);
    let told = house.hub.audit(1).unwrap().remove(0);
    assert_eq!((told.action.as_str(), told.object.as_str()), ("person.erase", done.object.as_str()));
    assert!(told.detail.starts_with("asked for; "), "{}", told.detail);

    // Nothing that is derived or locked later touches what is left.
    lock(&house, date(2026, 2, 15), date(2026, 2, 28));
    assert_eq!(days(&house, Some(&done.object)), kept);
    assert_eq!(house.hub.all_deltas((date(2026, 1, 1), date(2026, 12, 31))).unwrap(), []);
    // A terminal that still has their records sends them again: they are given to what is left, and go with it.
    house.import(&lines()[..4], false);
    let again =
        Cure::Assign { user: NUMBER.to_owned(), employee: done.object.clone(), create: false, from: None, to: None };
    house.hub.cure(&clerk(), &again, now()).unwrap();
    assert_eq!(house.derive(), 0);
    house.hub.erase_person(&clerk(), &done.object, "came again", now(), &SEED, |_, _| {}).unwrap();
    assert!(
        erased(&house) >= done.rows + 4
            && !house.hub.punches(&PunchFilter::default()).unwrap().rows.iter().any(|row| row.user == NUMBER)
    );
}

/// Whether a text stands anywhere in a new copy of the database.
fn holds(house: &House, text: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let copy = hub::Store::open(&folder.path().join("copy")).unwrap();
    hub::moving::copy(&house.store, &copy).unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[test]
fn what_is_stated_of_a_person_while_they_are_erased_goes_with_them_and_the_chain_holds() {
    let house = house();
    house.import(&log(), true);
    house.import(&lines(), false);
    named(&house);
    let excuse = |day| Change::Excuse { date: date(2026, 2, day), what: vec![attendance::Excusable::Tardy] };
    house.hub.correct(&clerk(), CODE, &excuse(3), SAID, now()).unwrap();
    let stated = house.hub.in_force("adjustment", Date::MIN, Date::MAX).unwrap().remove(0).number;
    let mut has_come = false;
    let meanwhile = |_, rows| {
        // Of the double there are few. The entries of the audit trail go first: they are gone, the rest is not.
        if rows > lines().len() && !has_come {
            has_come = true;
            house.hub.withdraw(&clerk(), stated, SAID, now()).unwrap();
            house.hub.correct(&clerk(), CODE, &excuse(4), SAID, now()).unwrap();
            house.import(&[format!("{NUMBER}\t2026-02-28 08:00:00\t1\t0\t1\t0")], false);
        }
    };
    let done = house.hub.erase_person(&clerk(), CODE, "asked for", now(), &SEED, meanwhile).unwrap();
    assert_eq!(erased(&house), done.rows);
    for gone in [NAME, NUMBER, CODE, DOUBLE, SAID] {
        assert!(!holds(&house, gone), "{gone}");
    }
    assert!(has_come);
}

#[test]
fn a_person_of_whom_something_comes_each_time_keeps_the_code_until_it_ends() {
    let house = house();
    house.import(&log(), true);
    let mut day = 0;
    let each_time = |_, _| {
        day += 1;
        house.import(&[format!("12\t2026-02-{:02} 23:{:02}:30\t1\t0\t1\t0", 1 + day % 28, day % 60)], false);
    };
    let refused = house.hub.erase_person(&clerk(), "12", "asked for", now(), &SEED, each_time).unwrap_err().to_string();
    assert!(refused.contains("of 12 more came each time") && refused.contains("stays gone"), "{refused}");
    assert!(house.hub.punches(&PunchFilter::default()).unwrap().rows.iter().any(|row| row.user == "12"));
    let done = house.hub.erase_person(&clerk(), "12", "asked for", now(), &SEED, |_, _| {}).unwrap();
    assert!(erased(&house) > done.rows);
    assert!(!house.hub.punches(&PunchFilter::default()).unwrap().rows.iter().any(|row| row.user == "12"));
}

#[test]
fn a_closed_month_is_erased_and_its_days_stay() {
    let house = house();
    let january: Vec<String> = log().iter().map(|line| line.replace("2026-02", "2026-01")).collect();
    house.import(&[january.clone(), log()].concat(), true);
    house.hub.seal(now(), &SEED).unwrap();
    let month = date(2026, 1, 9);
    let erase = || house.hub.erase_month(&clerk(), month, "retention", now(), &SEED, |_, _| {});
    lock(&house, date(2025, 12, 31), date(2026, 1, 31));
    let refused = erase().unwrap_err().to_string();
    assert!(refused.contains("month 2026-01 can't be erased: 2026-02-01 is not locked"), "{refused}");
    lock(&house, date(2026, 2, 1), date(2026, 2, 15));
    let before = (days(&house, None), house.hub.punch_count().unwrap());
    let done = erase().unwrap();
    assert_eq!((erased(&house), done.rows), (done.rows, january.len() as u64));
    assert_eq!(house.hub.punch_count().unwrap(), before.1 - done.rows);
    // Whatever is derived again, the days of the month and those around it are what they were.
    house.hub.mark_scope(&hub::Scope::default(), now()).unwrap();
    house.derive();
    assert_eq!(days(&house, None), before.0);
    assert_eq!(house.hub.all_deltas((date(2025, 12, 1), date(2026, 12, 31))).unwrap(), []);
    // What comes again is taken, changes no day, and goes with the next erasure.
    house.import(&january[..6], false);
    house.derive();
    assert_eq!(days(&house, None), before.0);
    assert_eq!(erase().unwrap().rows, 6);
    assert_eq!(erase().unwrap().rows, 0);
    assert_eq!(erased(&house), done.rows + 6);
}
