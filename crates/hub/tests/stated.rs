//! What people state about working time, and what it does to days.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, log, now};
use hub::view::DayFilter;
use hub::{Became, ListKind, Scope, Stated, Whom};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

/// Employee 12 with the log of the house; days are derived.
fn workplace() -> House {
    let house = house();
    house.import(&log(), true);
    house.derive();
    house
}

fn twelve() -> Whom {
    Whom::Employee("12".to_owned())
}

fn leave(date: &str, part: &str) -> Stated {
    Stated::Leave(serde_json::from_value(json!({"date": date, "part": part})).unwrap())
}

fn holiday(date: &str) -> Stated {
    Stated::Holiday(serde_json::from_value(json!({"date": date, "name": "Founders' Day"})).unwrap())
}

impl House {
    fn state(&self, whom: &Whom, stated: &Stated) -> Became {
        let became = self.hub.state(&clerk(), whom, stated, "asked for by mail", now()).unwrap();
        self.derive();
        became
    }

    /// Status, worked, leave and tardy minutes of a day of employee 12.
    fn twelve_on(&self, date: &str) -> (String, i64, i64, i64) {
        let date: Date = date.parse().unwrap();
        let filter =
            DayFilter { from: Some(date), to: Some(date), employee: Some("12".to_owned()), ..DayFilter::default() };
        let day = self.hub.days(&filter).unwrap().rows.remove(0).record;
        (day.status.to_string(), day.worked_minutes, day.leave_minutes, day.tardy_minutes)
    }

    fn audited(&self, action: &str) -> usize {
        self.hub.audit(1000).unwrap().iter().filter(|entry| entry.action == action).count()
    }
}

fn is_refused(house: &House, whom: &Whom, stated: &Stated, says: &str) {
    let error = house.hub.state(&clerk(), whom, stated, "", now()).unwrap_err().to_string();
    assert!(error.contains(says), "{error}");
}

#[test]
fn leave_counts_from_when_it_is_stated_until_it_is_withdrawn() {
    let house = workplace();
    let before = house.twelve_on("2026-02-10");
    assert_eq!(before.2, 0);
    assert_eq!(house.state(&twelve(), &leave("2026-02-10", "pm")), Became::New);
    assert_eq!(house.twelve_on("2026-02-10").2, 270);

    let number = house.hub.in_force("leave", Date::MIN, Date::MAX).unwrap()[0].number;
    house.hub.withdraw(&clerk(), number, "came after all", now()).unwrap();
    house.derive();
    assert_eq!(house.twelve_on("2026-02-10"), before);
    assert_eq!((house.audited("fact.state"), house.audited("fact.withdraw")), (1, 1));
    assert!(house.hub.withdraw(&clerk(), number, "", now()).is_err(), "it is no longer in force");
}

#[test]
fn the_same_again_changes_nothing_and_another_part_stands_beside_it() {
    let house = workplace();
    house.state(&twelve(), &leave("2026-02-10", "pm"));
    assert_eq!(house.state(&twelve(), &leave("2026-02-10", "pm")), Became::Known);
    assert_eq!(house.audited("fact.state"), 1);
    let unpaid =
        Stated::Leave(serde_json::from_value(json!({"date": "2026-02-10", "part": "pm", "paid": false})).unwrap());
    assert_eq!(house.state(&twelve(), &unpaid), Became::Replaced);
    assert_eq!(house.state(&twelve(), &leave("2026-02-10", "am")), Became::New);
}

#[test]
fn a_holiday_is_everybodys_and_an_override_one_persons() {
    let house = workplace();
    house.state(&Whom::Company, &holiday("2026-02-11"));
    assert_eq!(house.twelve_on("2026-02-11").0, "present");
    let worked = house.hub.days(&DayFilter { exception: Some("worked_on_holiday".to_owned()), ..DayFilter::default() });
    assert_eq!(worked.unwrap().total, Some(2));

    let off = Stated::Override(serde_json::from_value(json!({"date": "2026-02-12", "shift": "rest_day"})).unwrap());
    house.state(&twelve(), &off);
    let worked =
        house.hub.days(&DayFilter { exception: Some("worked_on_rest_day".to_owned()), ..DayFilter::default() });
    assert_eq!(worked.unwrap().rows.iter().map(|day| day.code.as_str()).collect::<Vec<_>>(), ["12"]);
}

#[test]
fn holidays_that_could_not_be_obtained_are_marked_until_they_are() {
    let house = workplace();
    let missing = || {
        let filter = DayFilter { exception: Some("holiday_data_missing".to_owned()), ..DayFilter::default() };
        house.hub.days(&filter).unwrap().rows.len()
    };
    house.state(&Whom::Company, &Stated::Unavailable("2026-02".to_owned()));
    assert!(missing() > 0);
    let number = house.hub.in_force("unavailable", Date::MIN, Date::MAX).unwrap()[0].number;
    house.hub.withdraw(&clerk(), number, "the feed is back", now()).unwrap();
    house.state(&Whom::Company, &holiday("2026-02-11"));
    assert_eq!(missing(), 0);
}

#[test]
fn a_correction_adds_a_forgotten_punch_and_can_be_revoked() {
    let house = workplace();
    let forgotten = house.twelve_on("2026-02-10");
    let added = json!({"id": "c1", "type": "add_punch", "at": "2026-02-10T18:05:00+08:00", "state": "out"});
    house.state(&twelve(), &Stated::Adjustment(serde_json::from_value(added).unwrap()));
    assert!(house.twelve_on("2026-02-10").1 > forgotten.1);
    let revoked = json!({"id": "c2", "type": "revoke", "target": "c1"});
    house.state(&twelve(), &Stated::Adjustment(serde_json::from_value(revoked).unwrap()));
    assert_eq!(house.twelve_on("2026-02-10"), forgotten);
}

#[test]
fn a_day_of_the_past_is_judged_by_what_was_known_then() {
    let house = workplace();
    let before = house.twelve_on("2026-02-10");
    house.state(&twelve(), &leave("2026-02-10", "pm"));
    let scope =
        Scope { from: "2026-02-10".parse().ok(), to: "2026-02-10".parse().ok(), employee: Some("12".to_owned()) };
    let known_until: Timestamp = "2026-03-04T11:00:00+08:00".parse().unwrap();
    let leave_then = |as_of| house.hub.days_as_of(&scope, as_of, now()).unwrap()[0].record.leave_minutes;
    assert_eq!((leave_then(known_until), leave_then(now())), (before.2, 270));
}

#[test]
fn what_the_rules_cannot_use_is_refused_with_its_cure() {
    let house = workplace();
    is_refused(&house, &Whom::Company, &leave("2026-02-10", "full"), "can't be stated of the company");
    is_refused(&house, &twelve(), &holiday("2026-02-10"), "can't be stated of employee 12");
    is_refused(&house, &twelve(), &leave("2026-02-10", "hours"), "needs from and to");
    is_refused(&house, &Whom::Employee("99".to_owned()), &leave("2026-02-10", "am"), "employee with code 99");
    is_refused(&house, &Whom::Company, &Stated::Unavailable("March".to_owned()), "is no year and no month");
    let unknown = Stated::Override(serde_json::from_value(json!({"date": "2026-02-12", "shift": "NIGHT"})).unwrap());
    is_refused(&house, &twelve(), &unknown, "NIGHT");
    house.state(&twelve(), &leave("2026-02-10", "full"));
    let again =
        Stated::Leave(serde_json::from_value(json!({"id": "x", "date": "2026-02-10", "part": "full"})).unwrap());
    is_refused(&house, &twelve(), &again, "already has an item");
    assert_eq!(house.audited("fact.state"), 1);
}

#[test]
fn a_list_is_taken_row_by_row_and_the_second_time_is_known() {
    let house = workplace();
    let file = b"code,date,part\n12,2026-02-10,pm\n99,2026-02-10,pm\n12,2026-02-31,pm\n12,2026-02-11,am\n".as_slice();
    let import = |is_dry_run| {
        let done = house.hub.import_list(&clerk(), ListKind::Leave, ("leave.csv", file), is_dry_run, now()).unwrap();
        (done.counts.stored, done.counts.known, done.refusals)
    };
    let (stored, known, refusals) = import(true);
    assert_eq!((stored, known, house.audited("fact.state")), (2, 0, 0), "a dry run changes nothing");
    assert!(refusals[0].starts_with("line 3:") && refusals[1].starts_with("line 4:"), "{refusals:?}");
    assert_eq!((import(false).0, import(false).1), (2, 2));
    house.derive();
    assert_eq!(house.twelve_on("2026-02-10").2, 270);
    let stated = house.hub.in_force("leave", Date::MIN, Date::MAX).unwrap();
    assert_eq!(stated[0].reason, "import of leave.csv");
}

#[test]
fn a_dry_run_of_a_list_sees_what_its_rows_of_long_before_would_do() {
    let house = workplace();
    let same = "12,2026-02-10,,trip\n".repeat(210);
    let file = format!("code,date,until,key\n{same}12,2026-02-10,,other\n");
    let import = |is_dry_run| {
        house.hub.import_list(&clerk(), ListKind::Leave, ("leave.csv", file.as_bytes()), is_dry_run, now()).unwrap()
    };
    let dry = import(true);
    assert_eq!((dry.counts.stored, dry.counts.known, dry.counts.refused), (1, 209, 1), "{:?}", dry.refusals);
    assert_eq!(dry, import(false));
}

fn import(house: &House, kind: ListKind, file: &str) -> (u64, u64, Vec<String>) {
    let done = house.hub.import_list(&clerk(), kind, ("list.csv", file.as_bytes()), false, now()).unwrap();
    (done.counts.stored, done.counts.known, done.refusals)
}

#[test]
fn a_row_is_taken_whole_or_not_at_all() {
    let house = workplace();
    house.state(&twelve(), &leave("2026-02-12", "full"));
    let (stored, _, refusals) =
        import(&house, ListKind::Leave, "code,date,until,key\n12,2026-02-10,2026-02-12,trip\n12,2026-02-13,,\n");
    assert_eq!((stored, refusals.len()), (1, 1), "{refusals:?}");
    let dates: Vec<Date> =
        house.hub.in_force("leave", Date::MIN, Date::MAX).unwrap().iter().map(|fact| fact.dates.0).collect();
    assert_eq!(dates, ["2026-02-12", "2026-02-13"].map(|date| date.parse::<Date>().unwrap()));
}

#[test]
fn two_rows_that_say_different_things_of_one_date_are_not_decided_by_their_order() {
    let house = workplace();
    let file = "code,date,part,paid\n12,2026-02-10,pm,yes\n12,2026-02-10,pm,no\n12,2026-02-10,pm,yes\n";
    let (stored, known, refusals) = import(&house, ListKind::Leave, file);
    assert_eq!((stored, known), (1, 1));
    assert_eq!(refusals, ["line 3: line 2 says otherwise of the same; keep one of them"]);
}

#[test]
fn a_request_that_comes_again_with_fewer_dates_gives_the_others_back() {
    let house = workplace();
    let dates = || {
        let facts = house.hub.in_force("leave", Date::MIN, Date::MAX).unwrap();
        facts.iter().map(|fact| fact.dates.0.to_string()).collect::<Vec<_>>()
    };
    import(&house, ListKind::Leave, "code,date,until,key\n12,2026-02-10,2026-02-12,r1\n12,2026-02-16,,r2\n");
    assert_eq!(dates(), ["2026-02-10", "2026-02-11", "2026-02-12", "2026-02-16"]);
    let again = "code,date,until,key\n12,2026-02-10,2026-02-11,r1\n";
    assert_eq!(import(&house, ListKind::Leave, again).0, 1);
    assert_eq!(dates(), ["2026-02-10", "2026-02-11", "2026-02-16"]);
    assert_eq!(import(&house, ListKind::Leave, again).1, 1);
}

#[test]
fn a_company_cannot_drop_a_timetable_that_somebody_works_by() {
    let house = workplace();
    import(&house, ListKind::Roster, "code,date,shift\n12,2026-02-12,DEFAULT\n");
    let mut company = house.hub.company().unwrap();
    let other = company.timetables.clone().into_iter().map(|(code, one)| (format!("X{code}").as_str().into(), one));
    company.timetables = other.collect();
    company.assignments = Vec::new();
    let error = house.hub.set_company(&clerk(), &company, now()).unwrap_err().to_string();
    assert!(error.contains("employee 12") && error.contains("DEFAULT"), "{error}");
}

#[test]
fn a_groups_roster_counts_for_its_people_from_when_they_join() {
    let house = workplace();
    let roster = b"group,mon,tue\nNights,rest_day,rest_day\n".as_slice();
    house.hub.import_list(&clerk(), ListKind::Roster, ("roster.csv", roster), false, now()).unwrap();
    house.derive();
    let rest_days = || {
        let filter = DayFilter { exception: Some("worked_on_rest_day".to_owned()), ..DayFilter::default() };
        house.hub.days(&filter).unwrap().rows.into_iter().map(|day| day.code).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(rest_days().is_empty());
    house.hub.import_employees(&clerk(), b"code,group\n12,Nights\n", false, now()).unwrap();
    house.derive();
    assert_eq!(rest_days(), ["12".to_owned()].into());
}
