//! What a change makes dirty (rules 17.2): the weeks of those whom it can touch and no others, and deriving these is enough.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use attendance::{PolicyFile, PolicyVersion};
use house::{House, clerk, house, log, now};
use hub::{Scope, Stated, Whom};
use serde_json::{Value, json};

/// Two people through February 2026, whose workweeks begin on Monday 2, 9, 16 and 23; of 12 there is a punch in March as well.
fn workplace() -> House {
    let house = house();
    house.import(&log(), true);
    house.import(&[punch("03-03 08:00:00")], false);
    house.derive();
    house
}

fn punch(at: &str) -> String {
    format!("12\t2026-{at}\t1\t0\t1\t0")
}

fn of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

type Change = Box<dyn Fn(&House)>;

fn punched(at: &'static str) -> Change {
    Box::new(move |house| {
        house.import(&[punch(at)], false);
    })
}

fn stated(whom: Whom, stated: Stated) -> Change {
    Box::new(move |house| {
        house.hub.state(&clerk(), &whom, &stated, "asked for by mail", now()).unwrap();
    })
}

fn of_twelve(what: Stated) -> Change {
    stated(Whom::Employee("12".to_owned()), what)
}

fn everybodys(what: Stated) -> Change {
    stated(Whom::Company, what)
}

fn version(from: &'static str) -> Change {
    Box::new(move |house| {
        let file = PolicyFile::from_toml("[grace]\nin = 60").unwrap();
        house.hub.set_policy(&clerk(), &PolicyVersion::of_file(file, from.parse().ok()), now()).unwrap();
    })
}

fn adjustment(fields: Value) -> Stated {
    Stated::Adjustment(of(fields))
}

/// First dates of the dirty weeks of an employee.
fn dirty(house: &House, code: &str) -> Vec<String> {
    let marks = house.store.read(|read| {
        let employee = read.employee_by_code(code)?.unwrap().id;
        let marks = read.marks(1000)?;
        Ok::<_, hub::Error>(marks.into_iter().filter(|mark| mark.employee == employee).collect::<Vec<_>>())
    });
    marks.unwrap().iter().map(|mark| mark.week.strftime("%m-%d").to_string()).collect()
}

#[test]
fn each_change_makes_dirty_what_it_can_touch_and_deriving_that_is_enough() {
    const FEBRUARY: &[&str] = &["02-02", "02-09", "02-16", "02-23"];
    // What is changed, the weeks of 12, the weeks of 0012.
    let table: Vec<(&str, Change, &[&str], &[&str])> = vec![
        ("a punch on a Wednesday", punched("02-11 09:30:00"), &["02-09"], &[]),
        ("a punch on a Monday may end the Sunday", punched("02-16 01:30:00"), &["02-09", "02-16"], &[]),
        ("a punch on a Sunday may be the Monday's", punched("02-15 23:30:00"), &["02-09", "02-16"], &[]),
        ("a punch that was known", punched("02-10 12:01:00"), &[], &[]),
        ("a punch after the last moves the end of the employment", punched("03-04 08:00:00"), &["03-02"], &[]),
        (
            "a punch is added",
            of_twelve(adjustment(
                json!({"id": "c1", "type": "add_punch", "at": "2026-02-11T09:30:00+08:00", "state": "out"}),
            )),
            &["02-09"],
            &[],
        ),
        (
            "a credit on a Wednesday",
            of_twelve(adjustment(
                json!({"id": "c2", "type": "credit", "date": "2026-02-18", "minutes": 30, "code": "REG"}),
            )),
            &["02-16"],
            &[],
        ),
        (
            "a break is waived on a Monday",
            of_twelve(adjustment(json!({"id": "c3", "type": "waive_break", "date": "2026-02-16"}))),
            &["02-09", "02-16"],
            &[],
        ),
        ("leave", of_twelve(Stated::Leave(of(json!({"date": "2026-02-11", "part": "pm"})))), &["02-09"], &[]),
        (
            "leave on a Sunday may move the Monday's beginning",
            of_twelve(Stated::Leave(of(json!({"date": "2026-02-15", "part": "full"})))),
            &["02-09", "02-16"],
            &[],
        ),
        (
            "offsite work",
            of_twelve(Stated::Offsite(of(json!({"date": "2026-02-18", "part": "full"})))),
            &["02-16"],
            &[],
        ),
        (
            "another timetable on a Monday",
            of_twelve(Stated::Override(of(json!({"date": "2026-02-16", "shift": "rest_day"})))),
            &["02-09", "02-16"],
            &[],
        ),
        (
            "a holiday is everybody's",
            everybodys(Stated::Holiday(of(json!({"date": "2026-02-11", "name": "Founders' Day"})))),
            &["02-09"],
            &["02-09"],
        ),
        (
            "a holiday on a Sunday",
            everybodys(Stated::Holiday(of(json!({"date": "2026-02-22", "name": "Founders' Day"})))),
            &["02-16", "02-23"],
            &["02-16", "02-23"],
        ),
        (
            "holidays of a month are not available",
            everybodys(Stated::Unavailable("2026-02".to_owned())),
            FEBRUARY,
            FEBRUARY,
        ),
        ("a policy from a Wednesday on", version("2026-02-18"), &["02-16", "02-23", "03-02"], &["02-16", "02-23"]),
        ("a policy from a Monday on", version("2026-02-16"), &["02-09", "02-16", "02-23", "03-02"], &FEBRUARY[1..]),
        (
            "time goes by: yesterday and today",
            Box::new(|house| {
                house.hub.mark_due(now()).unwrap();
            }),
            &["03-02"],
            &[],
        ),
    ];
    for (name, change, of_12, of_0012) in table {
        let house = workplace();
        assert!(dirty(&house, "12").is_empty() && dirty(&house, "0012").is_empty());
        change(&house);
        assert_eq!(dirty(&house, "12"), of_12, "{name}: 12");
        assert_eq!(dirty(&house, "0012"), of_0012, "{name}: 0012");
        house.derive();
        house.hub.mark_scope(&Scope::default(), now()).unwrap();
        assert_eq!(house.derive(), 0, "{name}: deriving everything gives something else");
    }
}
