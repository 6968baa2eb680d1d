//! Rows from outside pass one boundary, whatever they were read from.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use attendance::punch::{Channel, PrintedTime};
use house::{House, clerk, house, now};
use hub::rows::{OutsidePunch, OutsideRow, Puncher, RowKey, RowTime};
use hub::view::{HeldReason, PunchFilter};
use hub::{Counts, Cure, Origin, Outside, RowBecame, Wanted};
use store::moving::summaries;

fn source() -> Outside<'static> {
    Outside { zone: Some("Asia/Manila"), ..Outside::of_source("commute", Channel::File) }
}

fn punch(user: &str, time: &str) -> OutsidePunch {
    OutsidePunch {
        serial: None,
        reader: "gate".to_owned(),
        puncher: Puncher::Number(user.to_owned()),
        time: RowTime::Printed(PrintedTime::parse(time)),
        state: None,
        verify: None,
        work_code: None,
        row_type: Some("commute".to_owned()),
    }
}

fn rows(said: Vec<Result<OutsidePunch, String>>) -> Vec<OutsideRow> {
    let row = |(said, line): (Result<OutsidePunch, String>, u64)| OutsideRow {
        key: RowKey::Line(line),
        original: match &said {
            Ok(punch) => format!("{}\t{:?}", punch.puncher.said(), punch.time).into_bytes(),
            Err(why) => why.clone().into_bytes(),
        },
        said,
    };
    said.into_iter().zip(2..).map(row).collect()
}

fn take(house: &House, how: &Outside<'_>, rows: &[OutsideRow]) -> (Counts, Vec<(RowBecame, String)>) {
    let mut told = Vec::new();
    let counts = house.hub.take_outside(&clerk(), how, rows.to_vec(), now(), |part, _| {
        told.extend(part.iter().map(|told| (told.became.clone(), told.why().into_owned())));
    });
    (counts.unwrap(), told)
}

#[test]
fn who_is_made_of_punches_that_a_program_sends_by_code_or_number_is_counted_in_the_audit_trail() {
    let house = house();
    let sent = [
        serde_json::json!({"employee": "1001", "at": "2026-03-02T08:25:00+08:00"}),
        serde_json::json!({"employee": "1001", "at": "2026-03-02T17:25:00+08:00"}),
        serde_json::json!({"user": "7", "at": "2026-03-02T08:26:00+08:00"}),
    ];
    for is_dry_run in [true, false] {
        let how = hub::SentPunches { create_employees: true, is_dry_run, ..hub::SentPunches::default() };
        assert_eq!(house.hub.take_sent(&clerk(), &how, &sent, now(), |_, _| {}).unwrap().stored, 3);
    }
    let audit = house.hub.audit(20).unwrap();
    let sent: Vec<_> = audit.iter().filter(|entry| entry.action == "import.sent").map(|entry| &entry.detail).collect();
    assert_eq!(sent, ["read 3, stored 3, known 0, held 0, refused 0; 2 provisional employees made"]);
}

fn number_of(house: &House, user: &str) {
    let cure = Cure::Assign { user: user.to_owned(), employee: user.to_owned(), create: true, from: None, to: None };
    house.hub.cure(&clerk(), &cure, now()).unwrap();
}

fn mixed() -> Vec<OutsideRow> {
    rows(vec![
        Ok(punch("12", "2026-02-10 08:00:00")),
        Ok(OutsidePunch { row_type: Some("meal".to_owned()), ..punch("12", "2026-02-10 12:00:00") }),
        Err("column time is empty".to_owned()),
        Ok(punch("99", "2026-02-10 08:01:00")),
        Ok(punch("12", "2026-02-10 08:00:00")),
        Ok(punch("12", "2026-13-45 25:61:00")),
        Ok(punch("12", "2001-01-01 00:00:00")),
        Ok(punch(&"1".repeat(101), "2026-02-10 08:00:00")),
    ])
}

#[test]
fn each_row_is_told_and_the_same_rows_change_nothing_more() {
    let house = house();
    number_of(&house, "12");
    let wanted = [String::from("Commute")];
    let how = Outside { wanted: Wanted { types: &wanted, groups: &[] }, ..source() };
    let before = summaries(&house.store).unwrap();
    let dry = take(&house, &Outside { is_dry_run: true, ..how }, &mixed());
    assert_eq!(summaries(&house.store).unwrap(), before, "a dry run leaves nothing");
    let (counts, told) = take(&house, &how, &mixed());
    assert_eq!((counts, told.clone()), dry, "a dry run tells what the import will");
    assert_eq!(counts, Counts { read: 8, stored: 1, known: 1, held: 4, refused: 2 });
    let held = |reason| RowBecame::Held(Some(reason));
    let became: Vec<_> = told.iter().map(|(became, _)| became.clone()).collect();
    assert_eq!(became[0], RowBecame::Stored);
    assert_eq!((told[1].0.word(), told[1].1.as_str()), ("refused", "Rows of type meal are not wanted."));
    assert_eq!((&became[2], told[2].1.as_str()), (&held(HeldReason::UnreadableLine), "column time is empty"));
    assert_eq!(
        &became[3..7],
        [
            held(HeldReason::UnknownUser),
            RowBecame::Known,
            held(HeldReason::UnreadableTime),
            held(HeldReason::ImplausibleTime),
        ]
    );
    assert_eq!(told[7].1, "The user is far too long. Is the right column mapped?");
    let stored = house.files();
    let (again, _) = take(&house, &how, &mixed());
    assert_eq!(again, Counts { read: 8, known: 6, refused: 2, ..Counts::default() });
    let mut turned = mixed();
    turned.reverse();
    assert_eq!(take(&house, &how, &turned).0, again);
    assert_eq!(house.files(), stored);
}

#[test]
fn rows_of_employees_of_other_groups_are_left_out_and_those_of_nobody_are_held() {
    let house = house();
    let list = |group: &str| format!("code,numbers,group\n12,12,Packing\n13,13,{group}\n14,14,\n");
    house.hub.import_employees(&clerk(), list("Office").as_bytes(), false, now()).unwrap();
    let groups = [String::from("packing"), String::from("Night")];
    let how = Outside { wanted: Wanted { types: &[], groups: &groups }, ..source() };
    let at_eight = |user| Ok(punch(user, "2026-02-10 08:00:00"));
    let sent = rows(vec![at_eight("12"), at_eight("13"), at_eight("14"), at_eight("99")]);
    let (counts, told) = take(&house, &how, &sent);
    assert_eq!(counts, Counts { read: 4, stored: 1, held: 1, refused: 2, ..Counts::default() });
    assert_eq!(told[1].1, "Rows of employees of the group Office are not wanted.");
    assert_eq!(told[2].1, "The employee is of no group, and only rows of some groups are wanted.");
    assert_eq!(told[3].0, RowBecame::Held(Some(HeldReason::UnknownUser)));
    house.hub.import_employees(&clerk(), list("Night").as_bytes(), false, now()).unwrap();
    let (counts, told) = take(&house, &how, &sent);
    assert_eq!((counts.stored, counts.known, counts.refused), (1, 2, 1), "who has come to a group is wanted: {told:?}");
}

#[test]
fn who_is_made_from_rows_is_of_no_other_group_until_somebody_says_so() {
    let groups = [String::from("packing")];
    let codes = |punch| OutsidePunch { puncher: Puncher::Code("7".to_owned()), ..punch };
    for is_code in [false, true] {
        let house = house();
        let at = |n: i32| punch("7", &format!("2026-02-10 {:02}:{:02}:{:02}", n / 3600, n / 60 % 60, n % 60));
        // More than one part.
        let many: Vec<_> = (0..2100).map(|n| Ok(if is_code { codes(at(n)) } else { at(n) })).collect();
        let how = Outside { wanted: Wanted { types: &[], groups: &groups }, create_employees: true, ..source() };
        let dry = take(&house, &Outside { is_dry_run: true, ..how }, &rows(many.clone())).0;
        let all = Counts { read: 2100, stored: 2100, ..Counts::default() };
        assert_eq!((take(&house, &how, &rows(many)).0, dry), (all, all), "{is_code}");
    }
}

#[test]
fn a_comma_too_many_wants_nobody_and_commas_alone_want_all() {
    let house = house();
    let list = b"code,numbers,group\n12,12,Packing\n14,14,\n";
    house.hub.import_employees(&clerk(), list, false, now()).unwrap();
    let sent = rows(vec![Ok(punch("12", "2026-02-10 08:00:00")), Ok(punch("14", "2026-02-10 08:00:00"))]);
    for (named, stored) in [(&["packing", ""][..], 1), (&["", " "], 2)] {
        let groups: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
        let wanted = Wanted { types: &[String::new()], groups: &groups };
        let counts = take(&house, &Outside { wanted, is_dry_run: true, ..source() }, &sent).0;
        assert_eq!((counts.stored, counts.refused), (stored, 2 - stored), "{named:?}");
    }
}

#[test]
fn a_dry_run_knows_what_came_in_a_part_before() {
    let house = house();
    let mut many: Vec<_> =
        (0..2100).map(|n| Ok(punch("7", &format!("2026-02-10 {:02}:{:02}:00", n / 60 % 24, n % 60)))).collect();
    many.push(Ok(punch("7", "2026-02-10 00:00:00")));
    let how = Outside { create_employees: true, ..source() };
    let dry = take(&house, &Outside { is_dry_run: true, ..how }, &rows(many.clone()));
    assert_eq!(dry, take(&house, &how, &rows(many)));
    assert_eq!(dry.0, Counts { read: 2101, stored: 1440, known: 661, ..Counts::default() });
}

#[test]
fn a_dry_run_counts_the_readers_of_all_parts() {
    let house = house();
    // The thousand readers that are taken fill the first part.
    let of_reader = |n: i32| OutsidePunch {
        reader: format!("gate {}", n / 2),
        ..punch("7", &format!("2026-02-10 08:00:{:02}", n % 2))
    };
    let many: Vec<_> = (0..2100).map(|n| Ok(of_reader(n))).collect();
    let how = Outside { create_employees: true, ..source() };
    let dry = take(&house, &Outside { is_dry_run: true, ..how }, &rows(many.clone()));
    assert_eq!(dry.0, Counts { read: 2100, stored: 2000, refused: 100, ..Counts::default() });
    assert_eq!(dry, take(&house, &how, &rows(many)));
}

#[test]
fn a_row_that_names_a_terminal_is_the_punch_that_it_told_itself() {
    let house = house();
    house.register("A1", "Asia/Manila");
    number_of(&house, "12");
    house.hub.ingest(&house.batch("A1", &["12\t2026-02-10 08:00:00"], 1), now()).unwrap();
    let from_a1 = |time: &str| OutsidePunch { serial: Some(" A1 ".to_owned()), ..punch("12", time) };
    let how = Outside { zone: Some("Europe/Berlin"), ..source() };
    let (counts, _) =
        take(&house, &how, &rows(vec![Ok(from_a1("2026-02-10 08:00:00")), Ok(from_a1("2026-02-10 18:00:00"))]));
    assert_eq!(counts, Counts { read: 2, stored: 1, known: 1, ..Counts::default() });
    let zone = house.store.read(|read| read.terminal("A1")).unwrap().unwrap().zone;
    assert_eq!(zone.as_deref(), Some("Asia/Manila"), "what names a terminal does not say its zone");
}

#[test]
fn a_source_by_codes_finds_employees_now_or_when_it_is_taken_again() {
    let house = house();
    // A number at terminals that looks like the code of somebody else.
    let cure = Cure::Assign { user: "E7".to_owned(), employee: "E9".to_owned(), create: true, from: None, to: None };
    house.hub.cure(&clerk(), &cure, now()).unwrap();
    let by_code = |time: &str| OutsidePunch { puncher: Puncher::Code("E7".to_owned()), ..punch("", time) };
    let said = rows(vec![Ok(by_code("2026-02-10 08:00:00"))]);
    assert_eq!(take(&house, &source(), &said).0.held, 1);
    house.hub.import_employees(&clerk(), b"code,name\nE7,Ann Reyes\n", false, now()).unwrap();
    assert_eq!(take(&house, &source(), &said).0.known, 1);
    let list = house.hub.punches(&PunchFilter::default()).unwrap();
    assert_eq!(list.rows[0].employee.as_deref(), Some("E7"));
}

#[test]
fn a_zone_that_is_corrected_moves_the_punches_and_an_offset_needs_none() {
    let house = house();
    number_of(&house, "12");
    let said = rows(vec![Ok(punch("12", "2026-02-10 08:00:00"))]);
    take(&house, &Outside { zone: Some("Europe/Berlin"), ..source() }, &said);
    let at = |house: &House| house.hub.punches(&PunchFilter::default()).unwrap().rows[0].at.unwrap().to_string();
    assert_eq!(at(&house), "2026-02-10T07:00:00Z");
    assert_eq!(take(&house, &source(), &said).0.known, 1);
    assert_eq!(at(&house), "2026-02-10T00:00:00Z");
    // The same source tells an instant: it can't be told on its face.
    let instant = OutsidePunch { time: RowTime::At("2026-02-10T10:00:00+08:00".parse().unwrap()), ..punch("12", "") };
    let (_, told) = take(&house, &source(), &rows(vec![Ok(instant.clone())]));
    assert!(told[0].1.contains("Use another source name"), "{}", told[0].1);
    let other = Outside { origin: Origin::Source("app"), ..source() };
    assert_eq!(take(&house, &other, &rows(vec![Ok(instant)])).0.stored, 1);
    let newest = house.hub.punches(&PunchFilter::default()).unwrap().rows;
    assert!(newest.iter().any(|row| row.at.unwrap().to_string() == "2026-02-10T02:00:00Z"), "{newest:?}");
}

#[test]
fn a_name_that_can_be_none_and_a_zone_that_is_none_are_refused() {
    let house = house();
    for (name, zone) in [("", "UTC"), ("a/b", "UTC"), ("commute", "Asia/Manilla")] {
        let how = Outside { zone: Some(zone), ..Outside::of_source(name, Channel::File) };
        let refused = house.hub.take_outside(&clerk(), &how, Vec::new(), now(), |_, _| {});
        assert!(refused.is_err(), "{name} {zone}");
    }
}
