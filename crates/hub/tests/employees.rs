//! Employee lists with employments, sites and departments.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, log, now};
use hub::view::{DayFilter, EmployeeRow};
use hub::{ListImport, Scope};

const SITES: &str = "code,name,terminals\nMNL,Manila,A1\nCEBU,Cebu City,A1@2026-03-01\n";
const DEPARTMENTS: &str = "code,name,parent\nPAY,Payroll,HR\nHR,People,\n";

/// 12 left in the middle of February and was hired again a week later; 0012 moved to Cebu.
const LIST: &str = "code,name,numbers,employment,group,places\n\
    12,\"=Ann, Reyes\",12@..2026-02-28 cebu/7@2026-03-01..,2020-01-06..2026-02-11 2026-02-18..,Packing,MNL:HR\n\
    0012,Ben Cruz,0012,2026-02-02..,,MNL:PAY CEBU:PAY@2026-03-02\n";

fn workplace() -> House {
    let house = house();
    house.register("A1", "Asia/Manila");
    assert_eq!(sites(&house, SITES).counts.stored, 2);
    assert_eq!(departments(&house, DEPARTMENTS).counts.stored, 2);
    house
}

fn import(house: &House, list: &str) -> ListImport {
    house.hub.import_employees(&clerk(), list.as_bytes(), false, now()).unwrap()
}

fn sites(house: &House, list: &str) -> ListImport {
    house.hub.import_sites(&clerk(), list.as_bytes(), false, now()).unwrap()
}

fn departments(house: &House, list: &str) -> ListImport {
    house.hub.import_departments(&clerk(), list.as_bytes(), false, now()).unwrap()
}

fn exported(house: &House) -> [String; 3] {
    let text = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    };
    [
        text(&|out| house.hub.employees_csv(out).unwrap()),
        text(&|out| house.hub.sites_csv(out).unwrap()),
        text(&|out| house.hub.departments_csv(out).unwrap()),
    ]
}

fn row(house: &House, code: &str) -> EmployeeRow {
    house.hub.employees(now()).unwrap().into_iter().find(|row| row.code == code).unwrap()
}

fn days(house: &House, code: &str) -> Vec<String> {
    let filter = DayFilter { employee: Some(code.to_owned()), ..DayFilter::default() };
    let rows = house.hub.days(&filter).unwrap().rows;
    rows.iter().map(|row| format!("{} {}", row.record.date, row.record.status)).collect()
}

#[test]
fn what_is_exported_and_imported_again_changes_nothing_and_makes_the_same_elsewhere() {
    let house = workplace();
    // What a spreadsheet would run.
    assert_eq!(sites(&house, "code,name\n=S,+South\n").counts.stored, 1);
    assert_eq!(departments(&house, "code,parent\n-OPS,HR\n-SUB,-OPS\n").counts.stored, 2);
    let report = import(&house, LIST);
    assert_eq!((report.counts.stored, report.counts.refused), (2, 0), "{:?}", report.refusals);
    house.import(&["99\t2026-02-10 08:00:00\t1\t0\t1\t0".to_owned()], true);
    let [employees, of_sites, of_departments] = exported(&house);
    let audit = house.hub.audit(1000).unwrap().len();
    let again = import(&house, &employees);
    assert_eq!((again.counts.known, again.counts.stored, again.counts.refused), (3, 0, 0), "{:?}", again.refusals);
    assert!(of_sites.contains("'=S,'+South") && of_departments.contains("'-SUB,"), "{of_sites} {of_departments}");
    assert_eq!(sites(&house, &of_sites).counts.known, 3);
    assert_eq!(departments(&house, &of_departments).counts.known, 4);
    assert_eq!(house.hub.audit(1000).unwrap().len(), audit, "nothing was done");

    let other = self::house();
    other.register("A1", "Asia/Manila");
    sites(&other, &of_sites);
    departments(&other, &of_departments);
    let report = import(&other, &employees);
    assert_eq!(report.counts.stored, 3, "{:?}", report.refusals);
    assert_eq!(exported(&other), exported(&house));
    for house in [&house, &other] {
        house.import(&log(), false);
    }
    assert_eq!(house.files()[..2], {
        other.import(&["99\t2026-02-10 08:00:00\t1\t0\t1\t0".to_owned()], false);
        other.files()[..2].to_vec()
    });
}

#[test]
fn a_number_with_blanks_and_marks_of_a_list_and_a_stay_in_two_rows_come_back_as_they_were() {
    let house = workplace();
    sites(&house, "code,terminals\nCEBU,A1@2026-03-05\n");
    let odd = ["web/EMP 7", "ann@example.com", "50%|a;b"];
    for (code, number) in [("E1", odd[0]), ("E2", odd[1]), ("E3", odd[2])] {
        import(&house, &format!("code\n{code}\n"));
        house.hub.give_number(&clerk(), code, number, (None, None), now()).unwrap();
    }
    let [employees, of_sites, _] = exported(&house);
    assert!(employees.contains("web/EMP%207") && employees.contains("50%25%7Ca%3Bb"), "{employees}");
    assert_eq!(import(&house, &employees).counts.known, 3);
    assert_eq!(sites(&house, &of_sites).counts.known, 2, "{of_sites}");
    let other = self::house();
    assert_eq!(import(&other, &employees).counts.stored, 3);
    assert_eq!(exported(&other)[0], employees);
    assert!(employees.contains("ann%40example.com"));
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let house = workplace();
    let before = (exported(&house), house.hub.audit(1000).unwrap());
    let dry = house.hub.import_employees(&clerk(), LIST.as_bytes(), true, now()).unwrap();
    assert_eq!((dry.counts.read, dry.counts.stored), (2, 2));
    // The last row wants the number of the first: so does the import find it, however many rows lie between.
    let rows = (0..250).map(|row| format!("{row},{}\n", if row == 249 { 1000 } else { 1000 + row }));
    let list = format!("code,numbers\n{}", rows.collect::<String>());
    let dry = house.hub.import_employees(&clerk(), list.as_bytes(), true, now()).unwrap();
    assert_eq!((dry.counts.stored, dry.counts.refused), (249, 1), "{:?}", dry.refusals);
    let dry = house.hub.import_sites(&clerk(), b"code\nDAVAO\n", true, now()).unwrap();
    assert_eq!(dry.counts.stored, 1);
    assert_eq!((exported(&house), house.hub.audit(1000).unwrap()), before);
}

#[test]
fn each_bad_row_names_its_line_its_column_and_the_cure() {
    let house = workplace();
    import(&house, "code,numbers\n77,77@..2026-02-28\n");
    let list = "code,numbers,from,to,employment,zone,places\n1,12@2026,,,,,\n2,,soon,,,,\n3,,,,2026-01-01,,\n\
        4,,,,2026-02-01.. 2026-03-01..,,\n5,,2026-01-01,,2026-01-01..,,\n6,,,,,Mars/North,\n7,,,,,,DAVAO\n8,,,,,,MNL:IT\n\
        9,,,,,,MNL CEBU\n10,ce?bu/12,,,,,\n11,/,,,,,\n12,,,,,,MNL@soon\n77,77@..2026-02-15,,,,,\n";
    let report = import(&house, list);
    let expected = [
        "line 2: `2026` in column numbers is no range of dates; write 2026-01-01..2026-03-31",
        "line 3: `soon` in column from is no date; write 2026-01-31",
        "line 4: `2026-01-01` in column employment is no range",
        "line 5: employments 2026-02-01.. and 2026-03-01.. share dates; end the first one",
        "line 6: columns from and to say again what column employment says; leave",
        "line 7: `Mars/North` is no time zone; use a name like",
        "line 8: there is no site DAVAO (column places); add it first: `punchclock import csv FILE --kind sites`",
        "line 9: there is no department IT (column places); add it first",
        "line 10: two places hold from the same date on",
        "line 12: `/` in column numbers is no user number",
        "line 13: `soon` in column places is no date; write",
        "line 14: user number 77 is theirs for ..2026-02-28, and a list takes none away; end it with",
    ];
    assert_eq!(report.counts.refused, expected.len() as u64, "{:#?}", report.refusals);
    for (told, expected) in report.refusals.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
    let report = departments(&house, "code,parent\nHR,PAY\nIT,XX\n");
    assert!(report.refusals[0].starts_with("line 2: department HR would be a part of itself (column parent: PAY)"));
    assert!(report.refusals[1].starts_with("line 3: there is no department XX (column parent); put it on the list"));
    let report = sites(&house, "code,terminals\nMNL,Z9\n");
    assert!(report.refusals[0].starts_with("line 2: there is no terminal with serial Z9 (column terminals)"));
}

#[test]
fn who_was_hired_again_is_not_judged_between_and_the_dates_that_changed_are_derived_again() {
    let house = workplace();
    house.import(&log()[..0], false);
    import(&house, "code,numbers,employment\n7,7,2026-02-02..\n");
    house.derive();
    let absent = |house: &House| days(house, "7").iter().filter(|day| day.ends_with("absent")).count();
    let all = absent(&house);
    assert!(all > 15, "{:?}", days(&house, "7"));
    let report = import(&house, "code,employment\n7,2026-02-02..2026-02-11 2026-02-18..\n");
    assert_eq!(report.counts.stored, 1, "{:?}", report.refusals);
    // Of 2026-02-12 to 17, with a day on each side: two workweeks, and the one before the Monday.
    let marks = house.store.read(|read| read.marks(100)).unwrap();
    let weeks: Vec<String> = marks.iter().map(|mark| mark.week.to_string()).collect();
    assert_eq!(weeks, ["2026-02-09", "2026-02-16"]);
    house.derive();
    assert_eq!(absent(&house), all - 4, "Thursday, Friday, Monday and Tuesday");
    assert!(days(&house, "7").iter().all(|day| !day.starts_with("2026-02-13")), "{:?}", days(&house, "7"));
    house.hub.mark_scope(&Scope::default(), now()).unwrap();
    assert_eq!(house.derive(), 0, "deriving everything gives nothing else");
    assert_eq!(row(&house, "7").employments.len(), 2);

    // A date after the end is another employment; the same row again is not.
    import(&house, "code,employment\n8,2020-01-01..2025-12-31\n");
    for known in [0, 1] {
        let report = import(&house, "code,from\n8,2026-02-16\n");
        assert_eq!(report.counts.known, known);
    }
    assert_eq!(row(&house, "8").employments.len(), 2);
    house.derive();
    assert!(days(&house, "8").iter().all(|day| day.as_str() >= "2026-02-16" || day.as_str() < "2026-01-01"));
}

#[test]
fn who_moves_in_the_middle_of_a_month_belongs_to_one_place_before_and_another_after() {
    let house = workplace();
    import(&house, LIST);
    house.derive();
    let place = |at: &str| {
        let rows = house.hub.employees(at.parse().unwrap()).unwrap();
        let row = rows.into_iter().find(|row| row.code == "0012").unwrap();
        (row.site.unwrap(), row.department.unwrap())
    };
    assert_eq!(place("2026-03-01T12:00:00+08:00"), ("MNL".to_owned(), "PAY".to_owned()));
    assert_eq!(place("2026-03-02T00:00:00+08:00"), ("CEBU".to_owned(), "PAY".to_owned()));
    let report = import(&house, "code,places\n0012,MNL:PAY CEBU:HR@2026-02-16\n");
    assert_eq!(report.counts.stored, 1);
    assert_eq!(house.store.read(|read| read.mark_count()).unwrap(), 0, "where somebody belongs moves no day");
}
