//! The time sheet of a month: what is on it, line by line.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, log, now};
use hub::{Form48Line, Locking, NewDepartment, SheetLine, SheetLock, SheetsOf, Stated, TimeSheet, Whom};
use jiff::Timestamp;
use serde_json::{Value, json};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn sheet(house: &House, code: &str, month: &str, now: Timestamp) -> TimeSheet {
    house.hub.derive_all(now, |_| {}).unwrap();
    house.hub.time_sheet(code, month.parse().unwrap(), now).unwrap()
}

fn line(sheet: &TimeSheet, day: usize) -> &SheetLine {
    &sheet.lines[day - 1]
}

/// Its visits as `08:00-17:00`, with `?` for what is missing and `*` for what a correction added.
fn visits(line: &SheetLine) -> String {
    let clock = |mark: Option<hub::Mark>| {
        mark.map_or("?".to_owned(), |mark| {
            let added = if mark.is_added { "*" } else { "" };
            format!("{}{added}", mark.at.to_zoned(line.zone.clone()).strftime("%H:%M"))
        })
    };
    let all = line.visits.iter().map(|visit| format!("{}-{}", clock(visit.arrival), clock(visit.departure)));
    all.collect::<Vec<_>>().join(" ")
}

fn state(house: &House, kind: fn(Value) -> Stated, whom: &Whom, body: Value, reason: &str) {
    house.hub.state(&clerk(), whom, &kind(body), reason, now()).unwrap();
}

fn leave(body: Value) -> Stated {
    Stated::Leave(serde_json::from_value(body).unwrap())
}

fn holiday(body: Value) -> Stated {
    Stated::Holiday(serde_json::from_value(body).unwrap())
}

fn adjustment(body: Value) -> Stated {
    Stated::Adjustment(serde_json::from_value(body).unwrap())
}

fn employee(code: &str) -> Whom {
    Whom::Employee(code.to_owned())
}

#[test]
fn a_month_has_a_line_per_date_and_the_sums_of_payroll() {
    let house = house();
    house.import(&log(), true);
    state(&house, leave, &employee("12"), json!({"date": "2026-02-14", "part": "full"}), "a wedding");
    state(&house, holiday, &Whom::Company, json!({"date": "2026-02-25", "name": "EDSA Day"}), "by law");
    let sheet = sheet(&house, "12", "2026-02", now());
    assert_eq!((sheet.lines.len(), sheet.lock, sheet.unjudged_days()), (28, SheetLock::Open, 0));
    assert_eq!(sheet.zones(), "Asia/Manila (UTC+08:00)");
    assert!(sheet.lines.iter().all(|line| !line.is_behind && !line.is_corrected && !line.is_locked));
    assert_eq!((visits(line(&sheet, 3)), line(&sheet, 3).between.len()), ("07:53-18:03".to_owned(), 2));
    assert_eq!(visits(line(&sheet, 10)), "07:50-12:55", "the last punch that there is");
    assert_eq!(line(&sheet, 25).holiday.as_deref(), Some("EDSA Day"));
    let payroll = house.files()[1].lines().find(|line| line.starts_with("12,")).unwrap().to_owned();
    let figures: Vec<i64> = payroll.split(',').filter_map(|cell| cell.parse().ok()).collect();
    assert!(figures.contains(&sheet.totals.worked_minutes), "{payroll}");
    assert!(figures.contains(&sheet.totals.left_early_minutes), "{payroll}");
    assert_eq!(sheet.official_hours.regular_days, "8:00-12:00, 13:00-18:00");
}

#[test]
fn a_correction_is_seen_on_its_line_and_on_the_time_that_it_added() {
    let house = house();
    house.import(&log(), true);
    let punch = json!({"id": "c1", "type": "add_punch", "at": "2026-02-10T18:05:00+08:00", "state": "unknown"});
    state(&house, adjustment, &employee("12"), punch, "forgot");
    let excuse = json!({"id": "c2", "type": "excuse", "date": "2026-02-12", "what": ["tardy"]});
    state(&house, adjustment, &employee("0012"), excuse, "the bus");
    let punched = sheet(&house, "12", "2026-02", now());
    assert_eq!((visits(line(&punched, 10)).as_str(), line(&punched, 10).is_corrected), ("07:50-18:05*", true));
    assert!(!line(&punched, 11).is_corrected);
    let excused = sheet(&house, "0012", "2026-02", now());
    assert!(line(&excused, 12).is_corrected && !line(&excused, 13).is_corrected);
    assert_eq!(line(&excused, 12).record.as_ref().unwrap().tardy_minutes, 0);
}

#[test]
fn over_the_change_of_clocks_times_are_those_of_the_wall_and_a_night_ends_on_the_next_date() {
    let house = house();
    house.register("B1", "Europe/Berlin");
    house.hub.import_employees(&clerk(), b"code,numbers\nanna,5\n", false, now()).unwrap();
    let mut company = house.hub.company().unwrap();
    company.zone = Some("Europe/Berlin".to_owned());
    let night = json!({"NIGHT": {"type": "fixed", "segments": [["22:00", "06:00+1"]]}});
    company.timetables = serde_json::from_value(night).unwrap();
    let weekly = json!([{"kind": "weekly", "days": {"mon": "NIGHT", "sat": "NIGHT"}}]);
    company.assignments = serde_json::from_value(weekly).unwrap();
    house.hub.set_company(&clerk(), &company, now()).unwrap();
    // In the night of Saturday the clocks are set forward: 22:00 to 06:00 are seven hours.
    let lines = [
        "5\t2025-03-24 21:55:00\t1\t0\t1\t0",
        "5\t2025-03-25 06:02:00\t1\t0\t1\t0",
        "5\t2025-03-29 22:10:00\t1\t0\t1\t0",
        "5\t2025-03-30 06:00:00\t1\t0\t1\t0",
        "5\t2025-03-31 22:00:00\t1\t0\t1\t0",
        "5\t2025-04-01 05:40:00\t1\t0\t1\t0",
    ];
    house.hub.ingest(&house.batch("B1", &lines, 1), now()).unwrap();
    let march = sheet(&house, "anna", "2025-03", now());
    assert_eq!(march.zones(), "Europe/Berlin (UTC+01:00), from 30 Mar UTC+02:00");
    assert_eq!([24, 29, 31].map(|day| visits(line(&march, day))), ["21:55-06:02", "22:10-06:00", "22:00-05:40"]);
    assert_eq!(line(&march, 29).visits[0].arrival.unwrap().at, at("2025-03-29T21:10:00Z"));
    assert_eq!(line(&march, 29).visits[0].departure.unwrap().at, at("2025-03-30T04:00:00Z"));
    let worked = [24, 29].map(|day| line(&march, day).record.as_ref().unwrap().worked_minutes);
    assert_eq!(worked, [482, 410], "what is before the plan counts nothing, and an hour of that night never was");
    let form = march.form48();
    assert_eq!([&form[28].am_arrival, &form[28].pm_arrival, &form[28].pm_departure], ["", "10:10", "6:00 AM +1"]);
    assert_eq!((form[28].undertime_minutes, form[30].undertime_minutes), (10, 20), "late, and left early");
    assert_eq!(march.official_hours.regular_days, "22:00-6:00");
}

#[test]
fn what_is_not_over_is_on_the_sheet_and_counts_nothing() {
    let house = house();
    house.import(&log(), true);
    house.import(&["12\t2026-03-04 07:58:00\t1\t0\t1\t0".to_owned()], true);
    let march = sheet(&house, "12", "2026-03", now());
    assert_eq!((visits(line(&march, 4)), march.unjudged_days() > 0), ("07:58-?".to_owned(), true));
    assert!(!line(&march, 4).record.as_ref().unwrap().is_judged());
    assert_eq!(march.totals.worked_minutes, 0);
    assert_eq!(march.form48()[3].am_arrival, "7:58");
    assert_eq!((visits(line(&march, 31)), line(&march, 31).record.is_none()), (String::new(), true));
    assert!(march.lines.iter().all(|line| !line.is_behind), "what is to come is not behind");
}

#[test]
fn of_a_locked_month_the_frozen_days_are_printed_and_the_line_says_that_something_came_too_late() {
    let house = house();
    house.import(&log(), true);
    let before = sheet(&house, "12", "2026-02", now());
    let february = ("2026-02-01".parse().unwrap(), "2026-02-28".parse().unwrap());
    assert_eq!(house.hub.lock(&clerk(), february, Some("pay day"), now()).unwrap(), Locking::Locked);
    let late = "12\t2026-02-10 19:30:00\t1\t0\t1\t0".to_owned();
    house.import(&[late], true);
    let locked = sheet(&house, "12", "2026-02", now());
    assert_eq!((before.lock, locked.lock), (SheetLock::Open, SheetLock::Locked));
    assert_eq!(locked.totals, before.totals);
    let tenth = line(&locked, 10);
    assert_eq!((visits(tenth), tenth.is_behind, tenth.is_locked), ("07:50-12:55".to_owned(), true, true));
    assert!(!line(&locked, 11).is_behind);
    house.hub.unlock(&clerk(), february, "once more", now()).unwrap();
    let half = ("2026-02-01".parse().unwrap(), "2026-02-15".parse().unwrap());
    house.hub.derive_all(now(), |_| {}).unwrap();
    house.hub.lock(&clerk(), half, Some("half"), now()).unwrap();
    assert_eq!(sheet(&house, "12", "2026-02", now()).lock, SheetLock::Partly);
}

#[test]
fn the_days_of_somebody_who_is_merged_are_on_the_others_sheet() {
    let house = house();
    house.import(&log(), true);
    let alone = sheet(&house, "0012", "2026-02", now());
    assert!(alone.lines.iter().any(|line| !line.visits.is_empty()));
    house.hub.merge_employees(&clerk(), ("0012", "12"), "the same passport", now()).unwrap();
    let [gone, both] = ["0012", "12"].map(|code| sheet(&house, code, "2026-02", now()));
    assert_eq!((gone.counts_as.as_deref(), both.counts_as.as_deref()), (Some("12"), None));
    assert!(gone.lines.iter().all(|line| line.visits.is_empty() && line.record.is_none()));
    assert_eq!(visits(line(&both, 12)), "07:52-18:02", "the last to leave is 12 still");
    let all = house.hub.time_sheets(&SheetsOf::All, "2026-02".parse().unwrap(), now()).unwrap();
    assert_eq!(all.iter().map(|sheet| sheet.code.as_str()).collect::<Vec<_>>(), ["12"]);
}

#[test]
fn the_sheets_of_a_department_are_those_of_its_parts_too() {
    let house = house();
    let department = |code: &str, parent: Option<&str>| {
        let parent = parent.map(str::to_owned);
        let new = NewDepartment { code: code.to_owned(), name: Some(format!("The {code}")), parent };
        house.hub.change_department(&clerk(), &new, now()).unwrap();
    };
    department("office", None);
    department("books", Some("office"));
    let list = b"code,numbers,places\n12,12,:books\n0012,0012,\n7,7,:books\n";
    let report = house.hub.import_employees(&clerk(), list, false, now()).unwrap();
    assert!(report.refusals.is_empty(), "{report:?}");
    house.import(&log(), false);
    house.derive();
    let codes = |of: SheetsOf| {
        let sheets = house.hub.time_sheets(&of, "2026-02".parse().unwrap(), now()).unwrap();
        sheets.into_iter().map(|sheet| sheet.code).collect::<Vec<_>>()
    };
    let of = |code: &str| SheetsOf::Department(code.to_owned());
    assert_eq!(
        (codes(of("office")), codes(of("books"))),
        (vec!["12".to_owned()], vec!["12".to_owned()]),
        "7 has no day"
    );
    assert_eq!(codes(SheetsOf::All), ["0012", "12"]);
    assert_eq!(sheet(&house, "12", "2026-02", now()).department.as_deref(), Some("The books"));
    let told = house.hub.time_sheets(&of("none"), "2026-02".parse().unwrap(), now()).unwrap_err().to_string();
    assert!(told.contains("department none"), "{told}");
}

#[test]
fn form_48_has_the_lunch_that_was_punched_and_the_undertime_of_the_rules() {
    let house = house();
    house.import(&log(), true);
    house.import(
        &["12\t2026-02-28 13:10:00\t1\t0\t1\t0".to_owned(), "12\t2026-02-28 17:00:00\t1\t0\t1\t0".to_owned()],
        true,
    );
    let sheet = sheet(&house, "12", "2026-02", now());
    let form = sheet.form48();
    let cells = |day: usize| {
        let Form48Line { am_arrival, am_departure, pm_arrival, pm_departure, .. } = form[day - 1].clone();
        [am_arrival, am_departure, pm_arrival, pm_departure]
    };
    assert_eq!(cells(3), ["7:53", "12:01", "12:55", "6:03"]);
    assert_eq!(cells(10), ["7:50", "12:01", "", "12:55"]);
    assert_eq!(cells(28), ["", "", "1:10", "5:00"]);
    assert_eq!(form[0].remark, "Sunday");
    let undertime: i64 = form.iter().map(|line| line.undertime_minutes).sum();
    assert_eq!(undertime, sheet.undertime_minutes());
    assert!(form[9].undertime_minutes > 0);
}
