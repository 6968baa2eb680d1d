//! Tables and calendars of people.

use roads::holidays::Feed;
use roads::mssql::check_query;
use roads::outside::{OutsideRow, RowKey, RowTime};
use roads::punch_table::PunchTable;
use roads::sheet::{self, CsvTable};
use roads::{BadRow, NotATable, calendar, employees, roster};

use super::{Kind, Target, few, kind};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "roads/employees",
        check: employees,
        words: &["code", "name", "numbers", ",", ";", "\t", "\n", "\"", "\"\"", "\u{feff}"],
    },
    Target {
        name: "roads/roster",
        check: roster,
        words: &["2026-02-01", "rest_day", "anchor", "cycle", ",", "\n", "9999-12-31", "-9999-01-01"],
    },
    Target {
        name: "roads/leave",
        check: leave,
        words: &["2026-02-27", "hours", "08:00", "02:00+1", ",", "\n", "9999-12-31", "yes", "no"],
    },
    Target {
        name: "roads/offsite",
        check: offsite,
        words: &["2026-02-27", "hours", "08:00", ",", "\n", "9999-12-31", "am"],
    },
    Target {
        name: "roads/holidays",
        check: holidays,
        words: &["2026-02-17", "substitute_for", "worked_as", "mon", ",", "\n"],
    },
    Target {
        name: "roads/icalendar",
        check: icalendar,
        words: &[
            "BEGIN:VEVENT\r\n",
            "END:VEVENT\r\n",
            "DTSTART;VALUE=DATE:20260216\r\n",
            "DTEND;VALUE=DATE:99991231\r\n",
            "SUMMARY:",
            "\r\n ",
            "RRULE:FREQ=YEARLY\r\n",
            "END:VCALENDAR\r\n",
            "\\n",
            ";TZID=\"x\":",
        ],
    },
    Target {
        name: "roads/punch_table",
        check: punch_table,
        words: &[
            "user,time\n",
            "emp_no;work_date;in_time;out_time\n",
            "2026-02-01 08:00",
            "31/12/2025",
            "8:00 PM",
            "\t",
            "\u{feff}",
            "PK\u{3}\u{4}",
        ],
    },
    Target {
        name: "roads/feed",
        check: feed,
        words: &[
            "[{\"date\": \"2026-01-01\", \"localName\": \"",
            "\"global\": false",
            "\"counties\": [\"DE-BY\"]",
            "\"types\": [\"Public\"]",
            "BEGIN:VCALENDAR\r\n",
            "-9999-01-01",
        ],
    },
    Target {
        name: "roads/query",
        check: query,
        words: &[
            "SELECT ",
            " INTO ",
            " FROM ",
            "(",
            ")",
            ";",
            "--",
            "[",
            "]",
            "DELETE ",
            "OPENROWSET('a', 'b')",
            " UNION ",
            "WITH q AS ",
        ],
    },
    Target { name: "roads/sheet", check: sheet, words: &["=cmd()", "+", "-1", "@", "\"", ",", "\t", "\r"] },
];

/// A file that is taken has rows in its order, the same however often it is read.
fn punch_table(bytes: &[u8]) -> Kind {
    let table = match PunchTable::survey(|| Ok(bytes), None) {
        Ok(table) => table,
        Err(error) => {
            assert!(error.to_string().starts_with("this is no table of punches: "));
            return kind(0);
        }
    };
    let read =
        || table.rows(bytes).expect("it was read before").collect::<Result<Vec<_>, _>>().expect("no disk is in it");
    let rows = read();
    assert_eq!(rows, read());
    let line = |row: &OutsideRow| match row.key {
        RowKey::Line(line) => line,
        RowKey::Row(_) => panic!("a file has lines"),
    };
    assert!(rows.iter().map(line).is_sorted());
    let sort = |row: &OutsideRow| match &row.said {
        Ok(punch) => {
            assert!(!punch.puncher.said().is_empty());
            (matches!(punch.time, RowTime::At(_)), punch.state.is_some())
        }
        Err(why) => {
            assert!(!why.is_empty());
            (false, false)
        }
    };
    kind((1, &table.mapping().name, few(rows.len()), rows.iter().take(2).map(sort).collect::<Vec<_>>()))
}

/// Rows stand in the order of the file, and a bad one names its line.
fn rows<T>(bytes: &[u8], read: Result<Vec<Result<T, BadRow>>, NotATable>, line: impl Fn(&T) -> u64) -> Kind {
    let rows = match read {
        Ok(rows) => rows,
        Err(error) => {
            assert!(error.to_string().starts_with("this is no "));
            return kind(0);
        }
    };
    let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    let numbers: Vec<u64> = rows.iter().map(|row| row.as_ref().map_or_else(|bad| bad.line, &line)).collect();
    assert!(numbers.is_sorted() && numbers.iter().all(|number| (1..=lines).contains(number)), "{numbers:?} of {lines}");
    let why = |bad: &BadRow| {
        assert!(!bad.to_string().is_empty());
        bad.what.split('`').next().unwrap_or_default().len()
    };
    kind((1, few(rows.len()), rows.iter().take(2).map(|row| row.as_ref().err().map(why)).collect::<Vec<_>>()))
}

fn employees(bytes: &[u8]) -> Kind {
    rows(bytes, employees::read(bytes), |row| {
        assert!(!row.code.is_empty() && row.numbers.iter().all(|number| !number.is_empty()));
        row.line
    })
}

fn roster(bytes: &[u8]) -> Kind {
    rows(bytes, roster::read(bytes), |row| row.line)
}

fn away<T>(row: &roster::AwayRow<T>) -> u64 {
    assert!((1..=400).contains(&row.entries.len()) && !row.code.is_empty());
    row.line
}

fn leave(bytes: &[u8]) -> Kind {
    rows(bytes, roster::leave(bytes), away)
}

fn offsite(bytes: &[u8]) -> Kind {
    rows(bytes, roster::offsite(bytes), away)
}

fn holidays(bytes: &[u8]) -> Kind {
    rows(bytes, calendar::read(bytes), |(line, _)| *line)
}

/// Events are numbered, not lines; each is a month at most.
fn icalendar(bytes: &[u8]) -> Kind {
    let rows = match calendar::icalendar(bytes) {
        Ok(rows) => rows,
        Err(error) => {
            assert!(error.to_string().starts_with("this is no iCalendar file"));
            return kind(0);
        }
    };
    let numbers: Vec<u64> =
        rows.iter().map(|row| row.as_ref().map_or_else(|bad| bad.line, |(number, _)| *number)).collect();
    assert!(numbers.is_sorted() && rows.len() <= 31 * numbers.last().copied().unwrap_or(0) as usize);
    kind((
        1,
        few(rows.len()),
        rows.iter().take(2).map(|row| row.as_ref().err().map(|bad| bad.what.len())).collect::<Vec<_>>(),
    ))
}

/// A calendar that is taken has one holiday per date, by date; one for a region has all that the whole country has.
fn feed(bytes: &[u8]) -> Kind {
    let of = |region: Option<&str>| {
        let feed = Feed { url: String::new(), country: None, region: region.map(str::to_owned), allow_private: false };
        feed.read(bytes)
    };
    match (of(None), of(Some("DE-BY"))) {
        (Ok(country), Ok(region)) => {
            assert!(country.is_sorted_by(|a, b| a.date < b.date) && region.is_sorted_by(|a, b| a.date < b.date));
            assert!(country.iter().all(|day| region.iter().any(|also| also.date == day.date)));
            kind((2, few(country.len()), few(region.len() - country.len())))
        }
        (Ok(country), Err(_)) => kind((1, few(country.len()))),
        (Err(_), also) => {
            assert!(also.is_err(), "a region has what the country has");
            kind(0)
        }
    }
}

/// A query that is taken begins as one that reads, and has none of the words that write.
fn query(bytes: &[u8]) -> Kind {
    let text = String::from_utf8_lossy(bytes);
    match check_query(&text) {
        Ok(objects) => {
            let reads = text.trim_start().trim_start_matches('(').trim_start().to_lowercase();
            let is_comment = reads.starts_with("--") || reads.starts_with("/*");
            assert!(is_comment || reads.starts_with("select") || reads.starts_with("values") || reads.starts_with('('));
            kind((1, few(objects.len())))
        }
        Err(why) => kind((0, why.len().min(40))),
    }
}

/// What is written as a table reads back, and no cell is a formula.
fn sheet(bytes: &[u8]) -> Kind {
    let text = String::from_utf8_lossy(bytes);
    let cells: Vec<&str> = text.split('\u{1}').collect();
    let mut out = Vec::new();
    let mut table = CsvTable::new(&mut out, cells.iter().map(|_| "column")).expect("a vector takes all");
    table.row(&cells).expect("a vector takes all");
    table.finish().expect("a vector takes all");
    let mut reader = csv::Reader::from_reader(out.as_slice());
    let read = reader.records().next().expect("a row").expect("our table can be read");
    assert!(read.iter().eq(cells.iter().map(|cell| sheet::neutral(cell))));
    for cell in &read {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']) || cell.parse::<f64>().is_ok(), "{cell:?}");
    }
    kind((
        few(cells.len()),
        cells.iter().any(|cell| cell.contains('"')),
        read.iter().zip(&cells).any(|(read, cell)| read != *cell),
    ))
}
