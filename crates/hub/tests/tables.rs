//! Tables of other systems, from a server that is a table in memory, to days and their logs of lateness.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use hub::view::{DayFilter, PunchFilter};
use hub::{
    Counts, Differs, Hub, MssqlSettings, SourceNotes, SourceSettings, SourceState, TableImport, TableRead,
    TableReading, Told,
};
use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan as _};
use roads::mssql::{Cell, MemoryTable, PRESETS};

use self::house::{House, clerk, house, now};

fn settings() -> MssqlSettings {
    MssqlSettings {
        address: "10.1.0.9:1433".into(),
        database: "hr".into(),
        user: "reader".into(),
        encryption: "required".into(),
        ca: None,
        trusts_any: false,
        allow_private: true,
        preset: "commute-log".into(),
        table: None,
        query: None,
        columns: Vec::new(),
        key_kind: None,
        codes: false,
        zone: Some("Asia/Manila".into()),
        row_types: Vec::new(),
        groups: Vec::new(),
        create_employees: true,
        first: None,
    }
}

/// A hub that can seal a password.
fn hub_of(house: &House, folder: &tempfile::TempDir) -> Hub {
    Hub::new(house.store.clone()).with_key_file(folder.path().join("hub.key"))
}

fn add(hub: &Hub, settings: MssqlSettings) {
    hub.add_source(&clerk(), "commute", &SourceSettings::Mssql(Box::new(settings)), Some("pa55"), now()).unwrap();
}

fn event(id: i64, user: &str, at: &str, state: &str) -> Vec<Cell> {
    let at: DateTime = at.parse().unwrap();
    vec![
        Cell::Number(id),
        Cell::Text(user.into()),
        Cell::Civil(at),
        Cell::Text("gate".into()),
        Cell::Text(state.into()),
    ]
}

/// Two people through three days: one late and one early on the second of them.
fn log() -> MemoryTable {
    let mut rows = Vec::new();
    for (day, late, early) in [("02", "07:55", "18:05"), ("03", "08:20", "17:30"), ("04", "07:58", "18:01")] {
        for user in ["12", "13"] {
            let id = rows.len() as i64 + 1;
            let (begin, end) = if user == "12" { (late, "18:05") } else { ("07:50", early) };
            rows.push(event(id, user, &format!("2026-02-{day}T{begin}:00"), "I"));
            rows.push(event(id + 1, user, &format!("2026-02-{day}T{end}:00"), "O"));
        }
    }
    MemoryTable { rows, ..MemoryTable::default() }
}

fn read_at(hub: &Hub, table: &mut MemoryTable, at: Timestamp) -> TableRead {
    read_with(hub, table, at, false).0
}

/// A reading, and what became of each row.
fn read_with(hub: &Hub, table: &mut MemoryTable, at: Timestamp, is_dry_run: bool) -> (TableRead, Vec<String>) {
    let mut rows = Vec::new();
    let told = &mut |part: &[Told<'_>], _: &Counts| {
        rows.extend(part.iter().map(|told| format!("{} {}", told.row.key, told.became.word())));
    };
    let how = TableReading { clock: &|| at, is_over: &|| false, told, is_dry_run };
    (hub.read_table("commute", table, how).unwrap(), rows)
}

/// Dates with minutes of lateness and of leaving early, as the logs of a person have them.
fn lateness(hub: &Hub, code: &str) -> Vec<(Date, i64, i64)> {
    hub.derive_all(now(), |_| {}).unwrap();
    let filter = DayFilter { employee: Some(code.to_owned()), to: "2026-02-04".parse().ok(), ..DayFilter::default() };
    let rows = hub.days(&filter).unwrap().rows.into_iter().map(|day| day.record);
    rows.filter(|record| record.tardy_minutes + record.left_early_minutes > 0)
        .map(|record| (record.date, record.tardy_minutes, record.left_early_minutes))
        .collect()
}

#[test]
fn a_commute_log_becomes_days_with_their_lateness_and_the_same_rows_again_change_nothing() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    add(&hub, settings());
    let mut table = log();
    let read = read_at(&hub, &mut table, now());
    assert_eq!((read.counts.stored, read.trouble), (12, None));
    let date: Date = "2026-02-03".parse().unwrap();
    assert_eq!(lateness(&hub, "12"), [(date, 20, 0)]);
    assert_eq!(lateness(&hub, "13"), [(date, 0, 30)]);
    let again = read_at(&hub, &mut table, now());
    assert_eq!((again.counts.stored, again.counts.known), (0, again.counts.read));
    let audit = hub.audit(20).unwrap();
    let made: Vec<_> = audit.iter().filter(|entry| entry.action == "import.table").collect();
    let [made] = made[..] else { panic!("{audit:?}") };
    assert_eq!((made.actor.as_str(), made.object.as_str()), ("source commute", "commute"));
    assert!(made.detail.ends_with("; 2 provisional employees made"), "{made:?}");
    // What an edited row says anew of its door is no other punch; a late row under a lower key arrives.
    table.rows.push(event(-3, "12", "2026-02-04T12:00:00", "O"));
    assert_eq!(read_at(&hub, &mut table, now()).counts.stored, 1);
    let punches = hub.punches(&PunchFilter::default()).unwrap().rows;
    assert_eq!(punches.len(), 13);
    assert!(punches.iter().all(|punch| punch.origin == "source:commute/gate" && punch.channel == "sql"));
}

#[test]
fn a_line_that_breaks_costs_nothing_and_it_is_told_since_when() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    add(&hub, settings());
    let mut table = MemoryTable::default();
    for id in 1..=5_000_i64 {
        let at = "2026-02-02T00:00:00".parse::<DateTime>().unwrap().checked_add((id * 7).seconds()).unwrap();
        table.rows.push(event(id, "12", &at.to_string(), "I"));
    }
    table.fails_after = Some(1);
    let read = read_at(&hub, &mut table, now());
    assert_eq!((read.pages, read.counts.stored), (1, 2_000));
    assert!(read.trouble.unwrap().contains("the line broke"));
    let later = now().checked_add(1.hour()).unwrap();
    table.fails_after = Some(0);
    read_at(&hub, &mut table, later);
    let row = hub.source("commute").unwrap();
    assert_eq!((row.state, row.down), (SourceState::Down, Some(now())));
    table.fails_after = None;
    let read = read_at(&hub, &mut table, later);
    assert_eq!((read.counts.stored, read.trouble), (3_000, None));
    assert_eq!(hub.source("commute").unwrap().state, SourceState::Well);
    assert_eq!(hub.punch_count().unwrap(), 5_000);
    // Changed, it is read from the beginning, and nothing is there twice.
    add(&hub, MssqlSettings { first: "2026-02-01".parse().ok(), ..settings() });
    assert_eq!(read_at(&hub, &mut table, later).counts.known, 5_000);
}

#[test]
fn who_was_made_an_employee_before_the_source_was_changed_stands_in_the_audit_trail() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    add(&hub, settings());
    let mut table = log();
    let changed = MssqlSettings { first: "2026-02-03".parse().ok(), ..settings() };
    let told = &mut |_: &[Told<'_>], _: &Counts| add(&hub, changed.clone());
    let how = TableReading { clock: &now, is_over: &|| false, told, is_dry_run: false };
    let read = hub.read_table("commute", &mut table, how).unwrap();
    assert!(read.trouble.unwrap().contains("changed meanwhile"));
    let audit = hub.audit(20).unwrap();
    let made: Vec<_> = audit.iter().filter(|entry| entry.action == "import.table").collect();
    let [made] = made[..] else { panic!("{audit:?}") };
    assert!(made.detail.ends_with("; 2 provisional employees made"), "{made:?}");
    // Of the source as it is now nothing was read yet.
    assert_eq!(hub.source("commute").unwrap().state, SourceState::New);
    assert_eq!(read_at(&hub, &mut table, now()).counts.stored, 0);
    assert_eq!(hub.source("commute").unwrap().state, SourceState::Well);
}

#[test]
fn a_file_of_a_table_is_imported_as_the_very_punches_that_a_reading_makes() {
    let mut table = log();
    table.rows.push(event(90, "", "2026-02-04T12:00:00", "I"));
    table.rows.push(event(91, "12", "2026-02-04T12:00:00", "I"));
    table.rows[13][2] = Cell::Text("soon".into());
    for codes in [false, true] {
        let settings = MssqlSettings { zone: Some("Asia/Tokyo".into()), codes, ..settings() };
        let mut file = Vec::new();
        let written = hub::table_csv(&settings, &mut table.clone(), (None, None), &mut file).unwrap();
        assert_eq!((written.punches, written.unreadable), (13, 1));
        assert_eq!(written.reasons.lines(9), ["held 1, the first at row 90: the row says nobody"]);
        for is_file_first in [false, true] {
            let (house, folder) = (house(), tempfile::tempdir().unwrap());
            house.register("A1", "Asia/Manila");
            let hub = hub_of(&house, &folder);
            add(&hub, settings.clone());
            let import = || {
                let how = TableImport {
                    name: "punches.csv",
                    source: Some("commute"),
                    create_employees: true,
                    ..TableImport::default()
                };
                hub.import_table(&clerk(), &how, || Ok(file.as_slice()), now(), |_, _| {}).unwrap().counts
            };
            let read = || read_at(&hub, &mut table.clone(), now()).counts;
            let (first, second) = if is_file_first { (import(), read()) } else { (read(), import()) };
            assert_eq!((first.stored, first.held, second.known, second.read), (12, 2, 14, 14), "{codes}");
            let punches = hub.punches(&PunchFilter::default()).unwrap().rows;
            let begun = punches.iter().filter_map(|punch| punch.at).min();
            assert_eq!(begun, Some("2026-02-02T07:50:00+09:00".parse().unwrap()));
        }
    }
    let before = "2026-02-02".parse().ok();
    let written = hub::table_csv(&settings(), &mut log(), (None, before), std::io::sink()).unwrap();
    assert_eq!((written.punches, written.unreadable), (4, 0));
}

#[test]
fn what_a_reading_would_do_is_told_first_and_what_it_held_or_refused_stays_to_be_seen() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    let columns = ["state=", "type=in_out"].map(str::to_owned).to_vec();
    add(&hub, MssqlSettings { create_employees: false, columns, row_types: vec!["I".into()], ..settings() });
    let mut table = log();
    table.rows.push(event(90, &"9".repeat(200), "2026-02-04T12:00:00", "I"));
    let (tried, would) = read_with(&hub, &mut table, now(), true);
    let source = hub.source("commute").unwrap();
    assert_eq!((hub.punch_count().unwrap(), source.state, source.notes), (0, SourceState::New, SourceNotes::default()));
    let (read, rows) = read_with(&hub, &mut table, now(), false);
    assert_eq!((&read, &rows), (&tried, &would));
    assert_eq!((read.counts.held, read.counts.refused), (6, 7));
    assert_eq!((rows[0].as_str(), rows[12].as_str()), ("row 1 held", "row 90 refused"));
    let notes = hub.source("commute").unwrap().notes;
    assert!(notes.reasons[0].starts_with("held 6, the first at row 1: The user number"), "{notes:?}");
    assert!(notes.reasons[1].starts_with("refused 1, the first at row 90: The user is far too long"), "{notes:?}");
    assert_eq!((notes.reasons.len(), notes.reasons_at), (2, Some(now())));
    // A later reading that holds and refuses none leaves them.
    table.rows.pop();
    table.rows.push(event(91, "12", "2026-03-04T08:00:00", "I"));
    let later = now().checked_add(1.hour()).unwrap();
    house.import(&["12\t2026-02-05 08:00:00\t1\t0\t1\t0".to_owned()], true);
    let (tried, _) = read_with(&hub, &mut table, later, true);
    let (read, rows) = read_with(&hub, &mut table, later, false);
    assert_eq!((tried.counts, rows.last().unwrap().as_str()), (read.counts, "row 91 known"), "today is read twice");
    assert_eq!(read.counts.stored, 1);
    assert_eq!(hub.source("commute").unwrap().notes, notes);
    add(&hub, settings());
    assert_eq!(hub.source("commute").unwrap().notes, SourceNotes::default());
}

#[test]
fn an_old_system_is_compared_by_employee_and_day_and_nothing_is_stored() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    add(&hub, settings());
    let lines = ["2026-02-02 07:55:00", "2026-02-02 18:05:00", "2026-02-03 08:20:00", "2026-02-05 08:00:00"];
    house.import(&lines.map(|time| format!("12\t{time}\t1\t0\t1\t0")), true);
    let before = hub.punch_count().unwrap();
    let range = ("2026-02-01".parse().unwrap(), "2026-02-28".parse().unwrap());
    let found = hub.compare_table("commute", &mut log(), range).unwrap();
    let told: Vec<String> = found
        .differences
        .iter()
        .map(|day| {
            format!("{} {} {} {}/{}", day.employee, day.date, day.differs.word(), day.there.len(), day.here.len())
        })
        .collect();
    assert_eq!(
        told,
        [
            "12 2026-02-03 differing 1/0",
            "12 2026-02-04 only_there 2/0",
            "12 2026-02-05 only_here 0/1",
            "number 13 2026-02-02 only_there 2/0",
            "number 13 2026-02-03 only_there 2/0",
            "number 13 2026-02-04 only_there 2/0",
        ]
    );
    assert_eq!((found.days, found.same, found.differences[0].differs), (7, 1, Differs::Times));
    assert_eq!(hub.punch_count().unwrap(), before);
    // What was pulled from it is no evidence for it.
    read_at(&hub, &mut log(), now());
    assert_eq!(hub.compare_table("commute", &mut log(), range).unwrap().differences.len(), 6);
    let mut broken = MemoryTable { fails_after: Some(0), ..log() };
    assert!(hub.compare_table("commute", &mut broken, range).is_err(), "half a comparison says nothing");
}

#[test]
fn what_a_table_alone_said_of_a_terminal_is_no_evidence_until_the_terminal_says_it_too() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    let settings = MssqlSettings { preset: "biotime".into(), ..settings() };
    let wanted = settings.table().unwrap();
    add(&hub, settings);
    let row = |id: i64, at: &str, serial: &str| {
        let of = |column: &str| match column {
            "id" => Cell::Number(id),
            "emp_code" => Cell::Text("12".into()),
            "punch_time" => Cell::Civil(at.parse().unwrap()),
            "terminal_sn" => Cell::Text(serial.into()),
            "punch_state" | "work_code" => Cell::Text("0".into()),
            "verify_type" => Cell::Number(1),
            _ => Cell::Null,
        };
        wanted.columns().map(of).collect::<Vec<_>>()
    };
    let rows = vec![
        row(1, "2026-02-02T08:00:00", "A1"),
        row(2, "2026-02-03T08:00:00", "A1"),
        row(3, "2026-02-04T08:00:00", "B2"),
    ];
    let mut table = MemoryTable { rows, ..MemoryTable::default() };
    assert_eq!(read_at(&hub, &mut table, now()).counts.stored, 3);
    let only_there = ["02", "03", "04"].map(|day| format!("12 2026-02-{day} only_there 08:00:00/"));
    assert_eq!(differences(&hub, &mut table).0, only_there);
    // The log of one of the terminals: it is a second word for the first day only, read however often.
    for _ in 0..2 {
        house.import(&["12\t2026-02-02 08:00:00\t1\t0\t1\t0".to_owned()], true);
        read_at(&hub, &mut table, now());
        assert_eq!(differences(&hub, &mut table).0, only_there[1..]);
    }
}

#[test]
fn a_terminal_of_another_zone_is_compared_by_the_clock_of_the_source() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    add(&hub, MssqlSettings { zone: Some("Asia/Tokyo".into()), ..settings() });
    // It prints the time of Manila, an hour behind.
    house.import(&["02-02 07:00:00", "02-03 23:30:00"].map(|at| format!("12\t2026-{at}\t1\t0\t1\t0")), true);
    let rows = vec![event(1, "12", "2026-02-02T08:00:00", "I"), event(2, "12", "2026-02-04T00:30:01", "O")];
    let mut table = MemoryTable { rows, ..MemoryTable::default() };
    assert_eq!(differences(&hub, &mut table).0, ["12 2026-02-04 differing 00:30:01/00:30:00"]);
}

/// The differences between a table and what is here in February 2026, in words; and whether times within a minute are the same.
fn differences(hub: &Hub, table: &mut MemoryTable) -> (Vec<String>, bool) {
    let found = hub.compare_table("commute", table, ("2026-02-01".parse().unwrap(), "2026-02-28".parse().unwrap()));
    let found = found.unwrap();
    let times = |times: &[DateTime]| times.iter().map(|at| at.time().to_string()).collect::<Vec<_>>().join(" ");
    let told = found.differences.iter().map(|day| {
        let (word, there, here) = (day.differs.word(), times(&day.there), times(&day.here));
        format!("{} {} {word} {there}/{here}", day.employee, day.date)
    });
    (told.collect(), found.is_by_minute)
}

#[test]
fn what_a_source_does_not_take_is_on_neither_side_of_a_comparison() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    let list = b"code,numbers,group\nA,12,Packing\nB,13,Office\nC,14,Packing\n";
    hub.import_employees(&clerk(), list, false, now()).unwrap();
    let columns = ["state=", "type=in_out"].map(str::to_owned).to_vec();
    let (row_types, groups) = (vec!["I".to_owned()], vec!["packing".to_owned()]);
    add(&hub, MssqlSettings { columns, row_types, groups, ..settings() });
    let punched = ["12\t2026-02-02 07:55:10", "13\t2026-02-02 09:00:00", "14\t2026-02-02 08:00:00"];
    house.import(&punched.map(|line| format!("{line}\t1\t0\t1\t0")), true);
    // Number 14 is of one who counts as another one.
    hub.merge_employees(&clerk(), ("C", "A"), "the same person", now()).unwrap();
    let rows = vec![
        event(1, "12", "2026-02-02T07:55:10", "I"),
        event(2, "12", "2026-02-02T18:05:00", "O"),
        event(3, "13", "2026-02-02T07:50:00", "I"),
        event(4, "14", "2026-02-02T08:00:00", "I"),
        event(5, "15", "2026-02-02T08:00:00", "I"),
    ];
    let told = differences(&hub, &mut MemoryTable { rows, ..MemoryTable::default() });
    assert_eq!(told, (vec!["number 15 2026-02-02 only_there 08:00:00/".to_owned()], false));
}

#[test]
fn a_table_of_whole_minutes_is_compared_by_the_minute() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    add(&hub, settings());
    let printed =
        ["02-02 08:00:31", "02-02 08:00:44", "02-02 17:59:29", "02-03 23:59:40", "02-05 08:02:00", "02-28 23:59:59"];
    house.import(&printed.map(|at| format!("12\t2026-{at}\t1\t0\t1\t0")), true);
    // As `smalldatetime` keeps them: rounded, also into the next day.
    let kept = ["02-02T08:01", "02-02T18:00", "02-04T00:00", "02-05T08:00", "03-01T00:00"];
    let rows = kept.iter().zip(1..).map(|(at, id)| event(id, "12", &format!("2026-{at}:00"), "I"));
    let mut table = MemoryTable { rows: rows.collect(), ..MemoryTable::default() };
    let told = differences(&hub, &mut table);
    assert_eq!(told, (vec!["12 2026-02-05 differing 08:00:00/08:02:00".to_owned()], true));
    // One time with seconds in it, and all are compared as they are.
    table.rows.push(event(9, "12", "2026-02-06T08:00:01", "I"));
    let (told, is_by_minute) = differences(&hub, &mut table);
    assert_eq!(
        (told[0].as_str(), is_by_minute),
        ("12 2026-02-02 differing 08:01:00 18:00:00/08:00:31 08:00:44 17:59:29", false)
    );
}

#[test]
fn times_with_their_offset_are_of_the_dates_of_the_sources_zone() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    add(&hub, MssqlSettings { first: "2026-02-03".parse().ok(), ..settings() });
    let offset =
        ["2026-02-02T23:59+08:00", "2026-02-03T00:30+08:00", "2026-02-03T23:30+08:00", "2026-02-04T00:30+08:00"];
    let rows = offset.iter().zip(1..).map(|(at, id)| {
        let mut row = event(id, "12", "2026-02-03T00:00:00", "I");
        row[2] = Cell::At(at.parse().unwrap());
        row
    });
    let mut table = MemoryTable { rows: rows.collect(), ..MemoryTable::default() };
    let third = "2026-02-03".parse().unwrap();
    let found = hub.compare_table("commute", &mut table, (third, third)).unwrap();
    assert_eq!((found.days, found.differences[0].there.len(), found.differences[0].date), (1, 2, third));
    let mut file = Vec::new();
    let written = hub::table_csv(&settings(), &mut table, (Some(third), Some(third)), &mut file).unwrap();
    assert_eq!(written.punches, 2, "{}", String::from_utf8_lossy(&file));
    // Nothing of before the first date is taken, also when the rows before are read again.
    for stored in [3, 0] {
        assert_eq!(read_at(&hub, &mut table, now()).counts.stored, stored);
    }
    table.rows.push(event(9, "12", "2026-02-02T09:00:00", "I"));
    assert_eq!((read_at(&hub, &mut table, now()).counts.stored, hub.punch_count().unwrap()), (0, 3));
}

#[test]
fn a_row_of_the_table_of_each_preset_becomes_the_punches_that_it_says() {
    let text = |text: &str| Cell::Text(text.into());
    let (date, at) = ("20260302", Cell::Civil("2026-03-02T08:00:00.996666666".parse().unwrap()));
    // Rows by the names that their columns have there, and what is known of them here: who, when, state, verify mode, origin.
    let tables = [
        (
            "commute-log",
            vec![
                ("id", Cell::Number(7)),
                ("user_id", text("12")),
                ("event_time", at.clone()),
                ("door", text("gate")),
                ("in_out", text("O")),
            ],
            vec!["12 2026-03-02 08:00:01 Some(1) None source:commute/gate"],
        ),
        (
            "day-per-row",
            vec![
                ("work_date", text(date)),
                ("emp_no", text("12")),
                ("in_time", text("220001")),
                ("out_time", text("060000")),
            ],
            vec![
                "12 2026-03-02 22:00:01 Some(0) None source:commute/",
                "12 2026-03-03 06:00:00 Some(1) None source:commute/",
            ],
        ),
        (
            "checkinout",
            vec![
                ("c.CHECKTIME", at.clone()),
                ("c.USERID", Cell::Number(3)),
                ("u.Badgenumber", text("12")),
                ("c.CHECKTYPE", text("i")),
                ("c.VERIFYCODE", Cell::Number(15)),
                ("c.SENSORID", text("102")),
            ],
            vec!["12 2026-03-02 08:00:01 Some(4) Some(15) source:commute/102"],
        ),
        (
            "biotime",
            vec![
                ("id", Cell::Number(7)),
                ("emp_code", text("12")),
                ("punch_time", at),
                ("punch_state", text("255")),
                ("verify_type", Cell::Number(15)),
                ("work_code", text("3")),
                ("terminal_sn", text("CJ1")),
                ("terminal_alias", text("Gate")),
            ],
            vec!["12 2026-03-02 08:00:01 Some(255) Some(15) CJ1"],
        ),
    ];
    assert!(PRESETS.iter().map(|preset| preset.name).eq(tables.iter().map(|(preset, ..)| *preset)), "one of each");
    for (preset, there, expected) in tables {
        let (house, folder) = (house(), tempfile::tempdir().unwrap());
        let hub = hub_of(&house, &folder);
        let settings = MssqlSettings { preset: preset.to_owned(), ..settings() };
        let wanted = settings.table().unwrap();
        let row = wanted.columns().map(|column| there.iter().find(|(name, _)| *name == column).unwrap().1.clone());
        let mut table = MemoryTable { rows: vec![row.collect()], ..MemoryTable::default() };
        add(&hub, settings);
        let read = read_at(&hub, &mut table, now());
        assert_eq!((read.counts.stored, read.trouble), (expected.len() as u64, None), "{preset}");
        let known = hub.punches(&PunchFilter::default()).unwrap().rows.into_iter();
        let known = known.map(|one| {
            assert_eq!((one.employee.as_deref(), one.channel.as_str()), (Some("12"), "sql"));
            format!("{} {} {:?} {:?} {}", one.user, one.printed, one.state, one.verify, one.origin)
        });
        assert_eq!(known.collect::<Vec<_>>(), expected, "{preset}");
        assert_eq!(read_at(&hub, &mut table, now()).counts.stored, 0, "{preset}");
    }
}

#[test]
fn a_password_is_sealed_and_a_login_that_may_write_is_told() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_of(&house, &folder);
    add(&hub, MssqlSettings { encryption: "none".into(), ..settings() });
    let says = hub
        .test_source(
            "commute",
            |_, password| {
                assert_eq!(password, "pa55");
                Ok(Box::new(MemoryTable { rights: vec!["dbo.commute_log: INSERT".into()], ..log() }))
            },
            now(),
        )
        .unwrap();
    for words in ["its first row tells of 12", "dbo.commute_log: INSERT", "SELECT only", "in clear"] {
        assert!(says.contains(words), "{says}");
    }
    assert!(hub.audit(9).unwrap().iter().all(|entry| !entry.detail.contains("pa55")));
    // It stays to be seen from the beginning, and until a reading finds that it may no more.
    let warning = || hub.source("commute").unwrap().notes.warning;
    let may = "this login may change the table (dbo.commute_log: INSERT, dbo.commute_log: DELETE); give it SELECT only";
    let rights = ["dbo.commute_log: INSERT", "dbo.commute_log: DELETE"].map(str::to_owned).to_vec();
    let told = hub.look_at_rights("commute", |_, _| {
        Ok(Box::new(MemoryTable { rights: vec!["dbo.commute_log: INSERT".into()], ..log() }))
    });
    assert_eq!((told.unwrap(), warning().is_some()), (warning(), true));
    let read = read_at(&hub, &mut MemoryTable { rights, ..log() }, now());
    assert_eq!((read.warning.as_deref(), warning().as_deref()), (Some(may), Some(may)));
    read_at(&hub, &mut MemoryTable { fails_after: Some(0), ..log() }, now());
    assert_eq!(warning().as_deref(), Some(may), "a server that is away tells nothing");
    assert_eq!((read_at(&hub, &mut log(), now()).warning, warning()), (None, None));
    for wrong in [
        MssqlSettings { encryption: "some".into(), ..settings() },
        MssqlSettings { preset: "other".into(), ..settings() },
        MssqlSettings { zone: Some("Mars".into()), ..settings() },
        MssqlSettings { query: Some("DELETE FROM x".into()), preset: "custom".into(), ..settings() },
    ] {
        let refused = hub.add_source(&clerk(), "x", &SourceSettings::Mssql(Box::new(wrong)), Some("p"), now());
        assert!(refused.is_err());
    }
    hub.remove_source(&clerk(), "commute", now()).unwrap();
    assert_eq!(hub.check_secrets().unwrap(), 0);
}
