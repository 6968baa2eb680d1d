//! The plan of dates to come: generated, stored where it changed, reported.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use attendance::{Conflict, Planned};
use house::{House, clerk, house, now};
use hub::{PlanReport, Stated, Whom, Whose};
use jiff::civil::{Date, date};
use serde_json::{Value, json};

const APRIL: (Date, Date) = (Date::constant(2026, 4, 1), Date::constant(2026, 4, 30));

/// Ann and Ben of Packing, Cem of no group; only the company's week is known of them.
fn workplace() -> House {
    let house = house();
    let list = "code,name,from,to,group\n1,Ann,2026-01-01,,Packing\n2,Ben,2026-01-01,2026-04-10,Packing\n3,Cem,,,\n";
    house.hub.import_employees(&clerk(), list.as_bytes(), false, now()).unwrap();
    let mut company = house.hub.company().unwrap();
    company.zone = Some("Asia/Manila".to_owned());
    company.timetables.extend(
        serde_json::from_value::<attendance::Timetables>(json!({
            "EARLY": {"type": "fixed", "segments": [["06:00", "14:00"]]},
            "NIGHT": {"type": "fixed", "segments": [["22:00", "07:00+1"]]}
        }))
        .unwrap(),
    );
    house.hub.set_company(&clerk(), &company, now()).unwrap();
    house
}

impl House {
    fn generate(&self, roster: &Whose) -> PlanReport {
        self.hub.generate_plan(&clerk(), roster, APRIL, now(), |_, _| {}).unwrap()
    }

    fn state(&self, whom: &Whom, stated: &Stated) {
        self.hub.state(&clerk(), whom, stated, "asked for by mail", now()).unwrap();
    }
}

fn employee(code: &str) -> Whom {
    Whom::Employee(code.to_owned())
}

fn leave(on: &str) -> Stated {
    Stated::Leave(serde_json::from_value(json!({"date": on, "part": "full"})).unwrap())
}

fn cycle(from: &str, cycle: &Value) -> Stated {
    let assignment = json!({"kind": "cycle", "from": from, "anchor": from, "cycle": cycle});
    Stated::Assignment(serde_json::from_value(assignment).unwrap())
}

#[test]
fn generating_twice_changes_nothing_the_second_time() {
    let house = workplace();
    let first = house.generate(&Whose::default());
    assert_eq!((first.total.new, first.total.changed, first.total.unchanged), (30 + 10 + 30, 0, 0));
    assert_eq!((first.total.planned, first.total.off), (22 + 8 + 22, 8 + 2 + 8));
    let stored = house.hub.plan(&Whose::default(), APRIL).unwrap();
    let second = house.generate(&Whose::default());
    assert_eq!((second.total.written(), second.total.unchanged), (0, 70));
    assert_eq!(house.hub.plan(&Whose::default(), APRIL).unwrap(), stored);
    let audited = house.hub.audit(100).unwrap().iter().filter(|entry| entry.action == "plan.generate").count();
    assert_eq!(audited, 1);
}

#[test]
fn only_what_is_stated_anew_changes_the_plan() {
    let house = workplace();
    house.generate(&Whose::default());
    house.state(&employee("1"), &leave("2026-04-07"));
    let holiday = json!({"date": "2026-04-09", "name": "Day of Valor"});
    house.state(&Whom::Company, &Stated::Holiday(serde_json::from_value(holiday).unwrap()));
    let report = house.generate(&Whose::default());
    // Leave of one, a holiday of three.
    assert_eq!((report.total.changed, report.total.unchanged), (4, 66));
    assert_eq!((report.total.away, report.total.holidays), (1, 3));
    let ann = Whose { employee: Some("1".to_owned()), group: None };
    let days = house.hub.plan(&ann, (date(2026, 4, 7), date(2026, 4, 9))).unwrap();
    let kinds: Vec<Planned> = days.iter().map(|row| row.day.planned()).collect();
    assert_eq!(kinds, [Planned::Away, Planned::Shift, Planned::Holiday]);

    // Who leaves earlier has no plan from then on; a generation for others leaves it alone.
    let list = "code,name,from,to,group\n2,Ben,2026-01-01,2026-04-03,Packing\n";
    house.hub.import_employees(&clerk(), list.as_bytes(), false, now()).unwrap();
    assert_eq!(house.generate(&ann).total.written(), 0);
    let packing = Whose { group: Some("Packing".to_owned()), employee: None };
    assert_eq!(house.generate(&packing).total.removed, 7);
    assert_eq!(house.hub.plan(&packing, APRIL).unwrap().len(), 33);
}

#[test]
fn a_rotation_of_a_group_is_planned_with_its_conflicts_and_gaps() {
    let house = workplace();
    let packing = Whom::Group("Packing".to_owned());
    house.state(&packing, &cycle("2026-04-01", &json!(["NIGHT", "EARLY", "rest_day", "unassigned"])));
    let report = house.generate(&Whose { group: Some("Packing".to_owned()), employee: None });
    assert_eq!(report.people.iter().map(|(code, ..)| code.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    let (_, _, ann) = &report.people[0];
    assert_eq!((ann.planned, ann.off, ann.missing, ann.conflicts), (16, 7, 7, 8));
    let conflict = report.remarks.iter().find(|row| row.code == "1" && row.day.conflict.is_some()).unwrap();
    assert_eq!((conflict.day.date, conflict.day.conflict), (date(2026, 4, 2), Some(Conflict::Overlap { minutes: 60 })));
    assert_eq!(report.remarks.iter().filter(|row| row.day.is_missing()).count() as u64, report.total.missing);
}

#[test]
fn days_are_judged_by_what_is_stated_not_by_a_stored_plan() {
    let house = workplace();
    let february = (date(2026, 2, 1), date(2026, 2, 28));
    let days = |house: &House| house.hub.days(&hub::view::DayFilter::default()).unwrap().rows.len();
    house.derive();
    let before = days(&house);
    house.hub.generate_plan(&clerk(), &Whose::default(), february, now(), |_, _| {}).unwrap();
    assert_eq!(house.derive(), 0);
    assert_eq!(days(&house), before);
}

#[test]
fn a_question_that_can_not_be_answered_is_refused() {
    let house = workplace();
    let refused = |roster: &Whose, dates: (Date, Date)| {
        house.hub.generate_plan(&clerk(), roster, dates, now(), |_, _| {}).unwrap_err().to_string()
    };
    let nobody = Whose { employee: Some("9".to_owned()), group: None };
    assert!(refused(&nobody, APRIL).contains("employee with code 9"));
    let empty = Whose { group: Some("Night".to_owned()), employee: None };
    assert!(refused(&empty, APRIL).contains("group Night"));
    assert!(refused(&Whose::default(), (APRIL.1, APRIL.0)).contains("before it starts"));
    assert!(refused(&Whose::default(), (APRIL.0, date(2036, 4, 1))).contains("shorter"));
}
