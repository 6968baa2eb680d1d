use attendance::punch::PrintedTime;
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::*;

/// A file whose disk fails after so many bytes.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(into) {
            Ok(0) => Err(std::io::Error::other("the disk is gone")),
            read => read,
        }
    }
}

#[test]
fn a_disk_that_fails_ends_the_rows_and_makes_none() {
    let file = LOG.repeat(400);
    let table = survey(LOG.as_bytes(), None).unwrap();
    let rows: Vec<_> = table.rows(Failing(file.as_bytes())).unwrap().collect();
    assert!(rows.last().unwrap().as_ref().unwrap_err().to_string().contains("the disk is gone"));
    assert_eq!(rows.iter().filter(|row| row.is_err()).count(), 1);
}

fn survey(file: &[u8], mapping: Option<Mapping>) -> Result<PunchTable, NotATable> {
    PunchTable::survey(|| Ok(file), mapping)
}

fn rows_by(file: &[u8], mapping: Option<Mapping>) -> Vec<OutsideRow> {
    let table = survey(file, mapping).unwrap_or_else(|error| panic!("{error}"));
    table.rows(file).unwrap().map(|row| row.unwrap()).collect()
}

fn rows(file: &[u8]) -> Vec<OutsideRow> {
    rows_by(file, None)
}

fn refused(file: &str) -> String {
    survey(file.as_bytes(), None).unwrap_err().to_string()
}

/// Who, when, state and type of each row, or why there is none.
fn told(rows: &[OutsideRow]) -> Vec<String> {
    let told = |row: &OutsideRow| match &row.said {
        Ok(punch) => {
            let (when, kind) = (punch.time.to_string(), punch.row_type.as_deref().unwrap_or_default());
            format!("{} {when} {:?} {kind}", punch.puncher.said(), punch.state).trim().to_owned()
        }
        Err(why) => format!("{}: {why}", row.key),
    };
    rows.iter().map(told).collect()
}

const LOG: &str = "user_id,event_time,door,in_out,type\n12,2025-03-03 08:00:01,Gate 1,I,commute\n0012,2025-03-03 18:00:00,Gate 1,O,meal\n";

#[test]
fn a_commute_log_is_read_whatever_its_separators_and_letters() {
    let plain = rows(LOG.as_bytes());
    assert_eq!(told(&plain), ["12 2025-03-03 08:00:01 Some(0) commute", "0012 2025-03-03 18:00:00 Some(1) meal"]);
    assert_eq!(
        (&plain[0].key, plain[0].original.as_slice()),
        (&RowKey::Line(2), b"12\t2025-03-03 08:00:01\tGate 1\tI\tcommute".as_slice())
    );
    let wide = |big: bool| {
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        LOG.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    let forms = [
        LOG.replace(',', ";").into_bytes(),
        LOG.replace(',', "\t").into_bytes(),
        LOG.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}{LOG}").into_bytes(),
        wide(false),
        wide(true),
        [vec![0xff, 0xfe], wide(false)].concat(),
        [vec![0xfe, 0xff], wide(true)].concat(),
    ];
    for form in forms {
        assert_eq!(rows(&form), plain, "{}", String::from_utf8_lossy(&form));
    }
}

#[test]
fn a_sheet_says_what_the_csv_says() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let format = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    for (row, line) in (0..).zip(LOG.lines()) {
        for (column, cell) in (0..).zip(line.split(',')) {
            match ExcelDateTime::parse_from_str(cell) {
                Ok(moment) if column == 1 => sheet.write_with_format(row, column, &moment, &format).unwrap(),
                _ if cell == "12" => sheet.write(row, column, 12).unwrap(),
                _ => sheet.write(row, column, cell).unwrap(),
            };
        }
    }
    assert_eq!(rows(&book.save_to_buffer().unwrap()), rows(LOG.as_bytes()));
}

#[test]
fn every_kind_of_workbook_says_what_the_csv_says() {
    let books: [&[u8]; 4] = [
        include_bytes!("../../tests/tables/log.xls"),
        include_bytes!("../../tests/tables/log.xlsb"),
        include_bytes!("../../tests/tables/log.ods"),
        include_bytes!("../../tests/tables/mac.xlsx"),
    ];
    for (book, kind) in books.into_iter().zip(["xls", "xlsb", "ods", "xlsx of 1904"]) {
        assert_eq!(rows(book), rows(LOG.as_bytes()), "{kind}");
    }
    let parts = rows(include_bytes!("../../tests/tables/parts.ods"));
    assert_eq!(told(&parts), ["12 2025-03-03 08:00:01 None", "12 2025-03-03 18:00:00 None"]);
    let places = Mapping::parse("places", "header = false\n[columns]\ntime = 1\nuser = 2\n").unwrap();
    let excel = rows_by(include_bytes!("../../tests/tables/excel.xlsb"), Some(places));
    assert_eq!(told(&excel)[..2], ["15 2021-01-01 00:00:00 None", "16 2021-01-02 00:00:00 None"]);
}

/// A file in UTF-16 with its mark, as Windows programs save it.
fn utf16(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// The mapping that the header of a file chose, and its rows: who, when, state; serial, reader and verify mode.
fn known_as(file: &[u8]) -> (String, Vec<String>) {
    let table = survey(file, None).unwrap();
    let of = |row: OutsideRow| {
        let punch = row.said.unwrap();
        let (who, when, serial) = (punch.puncher.said(), punch.time.to_string(), punch.serial.unwrap_or_default());
        format!("{who} {when} {:?} {serial}/{} {:?}", punch.state, punch.reader, punch.verify)
    };
    (table.mapping().name.clone(), table.rows(file).unwrap().map(|row| of(row.unwrap())).collect())
}

#[test]
fn a_table_of_biotime_is_read_in_utf_16_with_tabs() {
    let file = "id\temp_code\tpunch_time\tpunch_state\tverify_type\twork_code\tterminal_sn\tterminal_alias\r\n\
                1\t12\t2025-03-03 08:00:01.000\t0\t1\t\tCJ1\tGate\r\n2\t0012\t2025/3/3 18:00\t255\t15\t\tCJ1\tGate\r\n";
    let expected =
        ["12 2025-03-03 08:00:01 Some(0) CJ1/Gate Some(1)", "0012 2025-03-03 18:00:00 Some(255) CJ1/Gate Some(15)"];
    assert_eq!(known_as(&utf16(file)), ("biotime".to_owned(), expected.map(str::to_owned).to_vec()));
}

#[test]
fn a_report_of_biotime_is_read_with_semicolons_and_one_date_decides_for_all() {
    let file = "Employee ID;First Name;Department;Date;Time;Punch State;Serial Number;Device Name\r\n\
                12;Ann;HR;03/04/2025;8:00:01 AM;Check In;CJ1;Gate\r\n12;Ann;HR;31/03/2025;6:00 PM;Check Out;CJ1;Gate\r\n";
    let expected = ["12 2025-04-03 08:00:01 Some(0) CJ1/Gate None", "12 2025-03-31 18:00:00 Some(1) CJ1/Gate None"];
    assert_eq!(known_as(file.as_bytes()), ("biotime-report".to_owned(), expected.map(str::to_owned).to_vec()));
}

#[test]
fn checkinout_with_badge_numbers_is_read_as_access_writes_its_dates_and_with_each_of_its_types() {
    let header = "Badgenumber\tCHECKTIME\tCHECKTYPE\tVERIFYCODE\tSENSORID\tsn\n";
    let row = |(kind, minute): (&str, i32)| format!("12\t3/31/2025 8:{minute:02}:01 AM\t{kind}\t1\t102\tCJ1\n");
    let file: String = ["I", "O", "0", "1", "i", "o"].into_iter().zip(0..).map(row).collect();
    let of = |state: i32| format!("12 2025-03-31 08:{state:02}:01 Some({state}) CJ1/102 Some(1)");
    let expected = ("zktime".to_owned(), (0..6).map(of).collect::<Vec<_>>());
    assert_eq!(known_as(format!("{header}{file}").as_bytes()), expected);
    assert_eq!(known_as(&utf16(&format!("{header}{file}"))), expected);
}

#[test]
fn the_bare_checkinout_is_no_terminals_also_where_it_names_one() {
    let file = "USERID,CHECKTIME,CHECKTYPE,VERIFYCODE,SENSORID,Memoinfo,WorkCode,sn,UserExtFmt\r\n\
                3,\"2025-03-03 08:00:01.000\",I,1,102,\"a, b\",0,CJ1,1\r\n3,20250303 180000,O,15,102,,0,CJ1,1\r\n";
    let expected = ["3 2025-03-03 08:00:01 Some(0) /CJ1 Some(1)", "3 2025-03-03 18:00:00 Some(1) /CJ1 Some(15)"];
    assert_eq!(known_as(file.as_bytes()), ("checkinout".to_owned(), expected.map(str::to_owned).to_vec()));
}

#[test]
fn device_logs_of_etimetrack_are_read_with_a_mark_and_semicolons() {
    let file = "\u{feff}DeviceLogId;DownloadDate;DeviceId;UserId;LogDate;Direction;AttDirection;WorkCode\r\n\
                9;04-03-2025 00:10:00;3;12;31-03-2025 08:00:01;in;in;0\r\n10;04-03-2025 00:10:00;3;12;31-03-2025 18:00:00;out;out;0\r\n";
    let expected = ["12 2025-03-31 08:00:01 Some(0) /3 None", "12 2025-03-31 18:00:00 Some(1) /3 None"];
    assert_eq!(known_as(file.as_bytes()), ("etimetrack".to_owned(), expected.map(str::to_owned).to_vec()));
}

#[test]
fn letters_of_an_old_code_page_are_read_if_somebody_says_which() {
    let (file, ..) = encoding_rs::WINDOWS_1252.encode("user,time,door\n7,2025-03-03 08:00,T\u{fc}r\n");
    let told = told(&rows(&[&file[..], b"8,2025-03-03 09:00,A\n"].concat()));
    assert_eq!(
        told[0],
        "line 2: it is not UTF-8 text; save the file as UTF-8, or say `encoding` in a mapping of your own"
    );
    assert_eq!(told[1], "8 2025-03-03 09:00:00 None");
    let own = "encoding = \"windows-1252\"\n[columns]\nuser = \"user\"\ntime = \"time\"\nreader = \"door\"\n";
    let rows = rows_by(&file, Some(Mapping::parse("own", own).unwrap()));
    assert_eq!(rows[0].said.as_ref().unwrap().reader, "T\u{fc}r");
}

#[test]
fn a_row_per_day_is_two_punches_and_a_night_ends_on_the_next_date() {
    let file = "emp_no,work_date,in_time,out_time\nE7,20250303,080001,180000\nE8,20250303,220000,060000\nE9,20250303,,\nE9,20250304,90000,\nE9,20250305,90000,90000\n";
    let rows = rows(file.as_bytes());
    assert_eq!(
        told(&rows),
        [
            "E7 2025-03-03 08:00:01 Some(0)",
            "E7 2025-03-03 18:00:00 Some(1)",
            "E8 2025-03-03 22:00:00 Some(0)",
            "E8 2025-03-04 06:00:00 Some(1)",
            "E9 2025-03-04 09:00:00 Some(0)",
            "E9 2025-03-05 09:00:00 Some(0)",
            "E9 2025-03-05 09:00:00 Some(1)",
        ]
    );
    assert!(matches!(rows[0].said.as_ref().unwrap().puncher, Puncher::Code(_)));
}

#[test]
fn a_date_is_read_as_the_file_as_a_whole_says_and_never_guessed() {
    let file =
        |dates: &[&str]| dates.iter().fold("user,time\n".to_owned(), |file, date| format!("{file}7,{date} 08:00\n"));
    let days = |dates: &[&str]| told(&rows(file(dates).as_bytes()));
    assert_eq!(days(&["04/03/2025", "31/03/2025"])[0], "7 2025-03-04 08:00:00 None");
    assert_eq!(days(&["04/03/2025", "03/31/2025"])[0], "7 2025-04-03 08:00:00 None");
    // A day that is as its month tells nothing, however many rows are of it.
    let same = ["04/04/2025"; 120];
    let late = [&same[..], &["31/03/2025", "05/04/2025"]].concat();
    assert_eq!(
        days(&late)[119..],
        ["7 2025-04-04 08:00:00 None", "7 2025-03-31 08:00:00 None", "7 2025-04-05 08:00:00 None"]
    );
    assert_eq!(days(&same).len(), 120);
    assert!(refused(&file(&["04/03/2025", "05/03/2025"])).contains("say which with `--dates dmy` or `--dates mdy`"));
    // With two digits the year may be in front, too.
    let short = refused(&file(&["26-03-05", "26-03-13"]));
    assert!(short.contains("`26-03-05 08:00` and all its dates"), "{short}");
    assert!(short.ends_with("say which with `--dates dmy` or `--dates ymd`"), "{short}");
    assert_eq!(days(&["26-03-05", "45-03-13"])[0], "7 2026-03-05 08:00:00 None");
    assert_eq!(days(&["03/04/25", "03/31/25"])[0], "7 2025-03-04 08:00:00 None");
    let told_by = |order| {
        let mapping = Mapping::preset("generic").unwrap().with_dates(order);
        told(&rows_by(file(&["26-03-05"]).as_bytes(), Some(mapping)))
    };
    assert_eq!(told_by(DateOrder::YearFirst), ["7 2026-03-05 08:00:00 None"]);
    assert_eq!(told_by(DateOrder::DayFirst), ["7 2005-03-26 08:00:00 None"]);
    assert!(
        refused(&file(&["31/03/2025", "03/31/2025"]))
            .contains("line 2 has the day first and line 3 the other way round")
    );
}

#[test]
fn a_terminals_log_needs_no_header() {
    let rows = rows(b"       12\t2025-03-03 08:00:01\t1\t0\t15\t0\n 7\t2025-03-03 08:00:09\t1\t255\t1\t3\n");
    assert_eq!(told(&rows), ["12 2025-03-03 08:00:01 Some(0)", "7 2025-03-03 08:00:09 Some(255)"]);
    let second = rows[1].said.as_ref().unwrap();
    assert_eq!((second.verify, second.work_code.as_deref()), (Some(1), Some("3")));
}

#[test]
fn a_bad_row_is_told_and_its_neighbours_pass() {
    let file =
        "user,time\n7,2025-03-03 08:00\n,2025-03-03 09:00\n8,yesterday\n\n9,2025-03-03 10:00,x,y\n9,2025-03-03 10:00\n";
    let rows = rows(file.as_bytes());
    assert_eq!(
        told(&rows),
        [
            "7 2025-03-03 08:00:00 None",
            "line 3: it says nobody's number or code",
            "8 yesterday None",
            "line 6: it has 4 cells, and the first line 2",
            "9 2025-03-03 10:00:00 None",
        ]
    );
    let time = RowTime::Printed(PrintedTime::Raw(b"yesterday".to_vec()));
    assert_eq!(rows[2].said.as_ref().unwrap().time, time);
}

#[test]
fn a_quote_that_does_not_end_costs_its_own_line() {
    let file = "user,time,door\n\
        7,2025-03-03 08:00,\"Gate 1\n8,2025-03-03 09:00,Gate 2\n9,2025-03-03 10:00,\"Gate \"\"3\"\"\"\n\
        10,2025-03-03 11:00,\"left, 5\nright, 6\"\n11,2025-03-03 12:00,\"Gate 5\n\n12,2025-03-03 13:00,Gate 6\n";
    let read = rows(file.as_bytes());
    let open = "a quote begins in it and does not end; write it twice within quotes, or take it out";
    assert_eq!(
        told(&read),
        [
            format!("line 2: {open}").as_str(),
            "8 2025-03-03 09:00:00 None",
            "9 2025-03-03 10:00:00 None",
            "10 2025-03-03 11:00:00 None",
            format!("line 7: {open}").as_str(),
            "12 2025-03-03 13:00:00 None",
        ]
    );
    let readers = [2, 3].map(|row: usize| read[row].said.as_ref().unwrap().reader.as_str());
    assert_eq!(readers, ["Gate \"3\"", "left, 5\nright, 6"]);
    assert_eq!(
        (&read[5].key, read[0].original.as_slice()),
        (&RowKey::Line(9), b"7,2025-03-03 08:00,\"Gate 1".as_slice())
    );
    // Also the last line of a file that was cut off.
    let cut = rows(b"user,time,door\n8,2025-03-03 09:00,Gate 2\n7,2025-03-03 08:00,\"Ga");
    assert_eq!(told(&cut)[1], format!("line 3: {open}"));
}

#[test]
fn a_file_that_is_none_is_refused_with_the_cure() {
    assert!(refused("").contains("it is empty"));
    assert!(refused("code,name\n7,Ann\n").contains("fit none of the mappings commute-log"));
    let none = refused("user,time\nAnn,yesterday\nBen,today\n");
    assert!(none.contains("none of its first rows is a punch (line 2: `yesterday` is no time)"), "{none}");
    let both = refused("user,time\n7,2025-03-03T08:00:00Z\n7,2025-03-03 08:00\n");
    assert!(both.contains("some have none"), "{both}");
    assert!(survey(b"user,time\n7,2025-03-03T08:00:00Z\n", None).unwrap().has_offsets());
    assert!(refused("PK\u{3}\u{4}rubbish").contains("save it as CSV"));
}

proptest! {
    #[test]
    fn what_is_written_is_read_whatever_the_form(
        punches in proptest::collection::vec((1u32..100_000, 1_000_000_000i64..2_000_000_000), 1..40),
        separator in prop_oneof![Just(','), Just(';'), Just('\t')],
        is_wide: bool,
    ) {
        let mut file = format!("user{separator}time\n");
        let mut expected = Vec::new();
        for (user, seconds) in punches {
            let time = PrintedTime::Seconds(seconds);
            file.push_str(&format!("{user}{separator}{time}\n"));
            expected.push(format!("{user} {time} None"));
        }
        let bytes = if is_wide { file.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { file.into_bytes() };
        prop_assert_eq!(told(&rows(&bytes)), expected);
    }

    #[test]
    fn no_bytes_make_it_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(table) = survey(&bytes, None) {
            table.rows(&bytes[..]).unwrap().for_each(drop);
        }
    }
}

#[test]
fn a_file_may_name_the_zone_of_its_times_and_only_one() {
    let file = "code,time,iana_zone,door\n7,2025-03-03 08:00,Asia/Tokyo,'-1F\n7,2025-03-03 18:00,,\n8,2025-03-03 08:00,Asia/Manila,\n";
    let table = survey(file.as_bytes(), None).unwrap();
    assert_eq!((table.mapping().name.as_str(), table.zone()), ("generic-codes", Some("Asia/Tokyo")));
    let rows = rows(file.as_bytes());
    assert_eq!(
        told(&rows),
        [
            "7 2025-03-03 08:00:00 None",
            "7 2025-03-03 18:00:00 None",
            "line 4: its time is of Asia/Manila, and the rows before say another; split the file",
        ]
    );
    assert_eq!(rows[0].said.as_ref().unwrap().reader, "-1F");
}

#[test]
fn the_zone_of_a_copy_may_stand_behind_any_number_of_rows_that_were_no_punches() {
    let file =
        format!("user,time,iana_zone,unreadable_row\n{}7,2025-03-03 08:00,Asia/Tokyo,\n", ",,,who=\n".repeat(150));
    assert_eq!(survey(file.as_bytes(), None).unwrap().zone(), Some("Asia/Tokyo"));
    assert_eq!(told(&rows(file.as_bytes())).last().unwrap(), "7 2025-03-03 08:00:00 None");
}
