//! What a row of a table says, as rows from outside. Times that are missing in a table of days are no punches.

use attendance::punch::PrintedTime;
use jiff::ToSpan as _;
use jiff::civil::DateTime;

use super::{Cell, Role, Table};
use crate::outside::{OutsidePunch, OutsideRow, Puncher, RowKey, RowTime, work_code};
use crate::punch_table::{clock, usual_state};

/// State codes of arrival and departure (rules 5.1).
const IN: i32 = 0;
const OUT: i32 = 1;

/// The rows from outside that rows of a table say: one of an event, up to two of a day.
pub fn outside_rows(table: &Table, rows: &[Vec<Cell>]) -> Vec<OutsideRow> {
    rows.iter().flat_map(|row| of_row(table, row)).collect()
}

fn of_row(table: &Table, row: &[Cell]) -> Vec<OutsideRow> {
    let key = row.iter().take(table.keys.len()).map(ToString::to_string).collect::<Vec<_>>().join("/");
    let cell = |role| table.cell(row, role).unwrap_or(&Cell::Null);
    let original = || {
        let named = table.columns().zip(row).skip(table.keys.len());
        named.map(|(column, cell)| format!("{column}={cell}")).collect::<Vec<_>>().join("; ").into_bytes()
    };
    let outside =
        |suffix: &str, said| OutsideRow { key: RowKey::Row(format!("{key}{suffix}")), original: original(), said };
    let punch = |time, state: Option<i32>| {
        let puncher = text(cell(Role::User)).ok_or("the row says nobody")?;
        let puncher = if table.is_codes { Puncher::Code(puncher) } else { Puncher::Number(puncher) };
        Ok(OutsidePunch {
            serial: text(cell(Role::Serial)),
            reader: text(cell(Role::Reader)).unwrap_or_default(),
            puncher,
            time,
            state: state.or_else(|| state_of(table, cell(Role::State))),
            verify: number(cell(Role::Verify)),
            work_code: work_code(&cell(Role::WorkCode).to_string()),
            row_type: text(cell(Role::Type)),
        })
    };
    let date = table.cell(row, Role::Date);
    if table.column_of(Role::In).is_none() && table.column_of(Role::Out).is_none() {
        let said = moment(date, cell(Role::Time)).and_then(|time| match time {
            Some(time) => punch(time, None),
            None => Err("the row has no time".to_owned()),
        });
        return vec![outside("", said)];
    }
    let (arrival, departure) = (moment(date, cell(Role::In)), moment(date, cell(Role::Out)));
    let departure = departure.map(|out| out.map(|out| after(out, arrival.as_ref().ok().and_then(Option::as_ref))));
    let sides = [(" in", arrival, IN), (" out", departure, OUT)];
    let told = sides.into_iter().filter_map(|(suffix, time, state)| {
        let said = time.transpose()?.and_then(|time| punch(time, Some(state)));
        Some(outside(suffix, said))
    });
    told.collect()
}

/// The columns of a file of punches, by the names that an import finds by itself.
pub fn csv_columns(table: &Table) -> [&'static str; 10] {
    let who = if table.is_codes { "code" } else { "user" };
    [who, "time", "state", "verify", "work_code", "type", "serial", "reader", "iana_zone", "unreadable_row"]
}

/// A row as one of such a file, from which it is the same punch as from the table: with the time that was printed and the zone of the
/// clock beside it, for a punch is known by what it said. One that can't be read is there with all that stands in it.
pub fn csv_row(row: &OutsideRow, zone: Option<&str>) -> [String; 10] {
    let said = match &row.said {
        Ok(said) => said,
        Err(_) => {
            let mut cells = <[String; 10]>::default();
            let [.., unreadable] = &mut cells;
            *unreadable = String::from_utf8_lossy(&row.original).into_owned();
            return cells;
        }
    };
    let number = |number: Option<i32>| number.map_or_else(String::new, |number| number.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let zone = match said.time {
        RowTime::Printed(_) => zone.unwrap_or_default(),
        RowTime::At(_) => "",
    };
    [
        said.puncher.said().to_owned(),
        said.time.to_string(),
        number(said.state),
        number(said.verify),
        text(&said.work_code),
        text(&said.row_type),
        text(&said.serial),
        said.reader.clone(),
        zone.to_owned(),
        String::new(),
    ]
}

/// A departure before the arrival of its row is of the next day.
fn after(out: RowTime, arrival: Option<&RowTime>) -> RowTime {
    let next_day = |out: &PrintedTime| out.civil()?.checked_add(1.day()).ok().map(PrintedTime::from_civil);
    match (&out, arrival) {
        (RowTime::Printed(printed), Some(RowTime::Printed(begun))) if printed.seconds() < begun.seconds() => {
            next_day(printed).map_or(out, RowTime::Printed)
        }
        _ => out,
    }
}

/// When it was; `None` where nothing stands. Texts are read as those of files are, and kept where they are no time.
fn moment(date: Option<&Cell>, time: &Cell) -> Result<Option<RowTime>, String> {
    let printed = |at: DateTime| Some(RowTime::Printed(PrintedTime::from_civil(clock::to_the_second(at))));
    let day = date.and_then(|date| match date {
        Cell::Date(date) => Some(*date),
        Cell::Civil(at) => Some(at.date()),
        _ => None,
    });
    let of_day = match time {
        Cell::Time(time) => Some(*time),
        Cell::Civil(at) => Some(at.time()),
        _ => None,
    };
    match (date, time) {
        (_, Cell::Null) => Ok(None),
        (_, Cell::Text(text)) if text.is_empty() => Ok(None),
        (_, Cell::At(at)) => Ok(Some(RowTime::At(at.round(jiff::Unit::Second).unwrap_or(*at)))),
        (None, Cell::Civil(at)) => Ok(printed(*at)),
        (None, Cell::Text(text)) => Ok(Some(clock::time(text, None))),
        (None, other) => {
            Err(format!("`{other}` is no date and time; give the column that has both, or date and time apart"))
        }
        (Some(date), time) => Ok(match (day, of_day) {
            (Some(day), Some(of_day)) => printed(day.to_datetime(of_day)),
            (Some(day), None) => Some(clock::joined(&day.to_string(), &time.to_string(), None)),
            (None, Some(of_day)) => Some(clock::joined(&date.to_string(), &of_day.to_string(), None)),
            (None, None) => Some(clock::joined(&date.to_string(), &time.to_string(), None)),
        }),
    }
}

fn text(cell: &Cell) -> Option<String> {
    Some(cell.to_string().trim().to_owned()).filter(|text| !text.is_empty())
}

fn number(cell: &Cell) -> Option<i32> {
    text(cell)?.parse().ok()
}

/// What the table says a word stands for, else what it usually does.
fn state_of(table: &Table, cell: &Cell) -> Option<i32> {
    let word = text(cell)?;
    let known = table.states.iter().find(|(known, _)| *known == word);
    known.map(|(_, state)| *state).or_else(|| usual_state(&word))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn t(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    fn told(table: &Table, row: Vec<Cell>) -> Vec<String> {
        let said = outside_rows(table, &[row]).into_iter().map(|row| {
            let said = match row.said {
                Ok(punch) => {
                    let time = match punch.time {
                        RowTime::Printed(time) => time.to_string(),
                        RowTime::At(at) => at.to_string(),
                    };
                    format!("{:?} {time} {:?} {}", punch.puncher, punch.state, punch.reader)
                }
                Err(why) => why,
            };
            format!("{}: {said}", row.key)
        });
        said.collect()
    }

    fn events() -> Table {
        Table::new("commute-log", None, None, &[], (None, false)).unwrap()
    }

    #[test]
    fn an_event_is_a_punch_to_the_second_in_whatever_type_its_time_is() {
        let civil: DateTime = "2025-03-03T08:00:00.996666667".parse().unwrap();
        let row = |time: Cell| vec![Cell::Number(17), t("0012"), time, t("gate"), t("I")];
        let wanted = r#"row 17: Number("0012") 2025-03-03 08:00:01 Some(0) gate"#;
        for time in [
            Cell::Civil(civil),
            t("2025-03-03 08:00:00.9967"),
            t("2025-03-03 08:00:01"),
            t("20250303080001"),
            t("2025/03/03 08:00:01"),
        ] {
            assert_eq!(told(&events(), row(time)), [wanted]);
        }
        let offset = Cell::At("2025-03-03T08:00:01+09:00".parse().unwrap());
        assert_eq!(told(&events(), row(offset)), [r#"row 17: Number("0012") 2025-03-02T23:00:01Z Some(0) gate"#]);
        assert_eq!(told(&events(), row(Cell::Null)), ["row 17: the row has no time"]);
        // What is no time is kept as it is, for the hub to hold.
        for text in ["03/04/2025 08:00", "soon", "20251303080001"] {
            assert_eq!(told(&events(), row(t(text))), [format!(r#"row 17: Number("0012") {text} Some(0) gate"#)]);
        }
        assert!(told(&events(), row(Cell::Number(7)))[0].contains("no date and time"));
        let nobody = vec![Cell::Number(17), Cell::Null, Cell::Civil(civil), Cell::Null, Cell::Null];
        assert_eq!(told(&events(), nobody), ["row 17: the row says nobody"]);
    }

    #[test]
    fn what_is_written_into_a_file_is_what_an_import_of_it_reads() {
        let at = |second: i8| Cell::Civil(jiff::civil::date(2025, 3, 3).at(8, 0, second, 0));
        let offset = Cell::At("2025-03-03T08:00:01+09:00".parse().unwrap());
        let row = |time: Cell| vec![Cell::Number(17), t("0012"), time, t("@gate, left"), t("I")];
        let nobody = vec![Cell::Number(18), Cell::Null, at(3), t("gate"), t("I \"x\"")];
        let codes = Table::new("commute-log", None, None, &[], (None, true)).unwrap();
        let columns = ["key=n", "user=who", "time=at", "work-code=job"].map(str::to_owned);
        let query = Some("SELECT n, who, at, job FROM log");
        let jobs = Table::new("custom", None, query, &columns, (None, false)).unwrap();
        let job = |at: &str, job: &str| vec![Cell::Number(17), t("0012"), t(at), t(job)];
        let (zoned, unzoned) = (Some("Asia/Manila"), None);
        for (table, rows, zone) in [
            (events(), [row(at(1)), nobody, row(at(2))], zoned),
            (codes, [row(at(1)), row(t("soon")), row(at(2))], zoned),
            (events(), [row(offset.clone()), row(offset.clone()), row(offset)], unzoned),
            // The whole file would tell the order of day and month, and a row of the table does not.
            (jobs, [job("13/03/2025 08:00", "0"), job("02/03/2025 08:00", "3"), job("02/03/2025 09:00", "")], zoned),
        ] {
            let told = outside_rows(&table, &rows);
            let mut file = Vec::new();
            let mut csv = crate::sheet::CsvTable::new(&mut file, csv_columns(&table)).unwrap();
            told.iter().for_each(|row| csv.row(csv_row(row, Some("Asia/Manila"))).unwrap());
            csv.finish().unwrap();
            let file_table = crate::punch_table::PunchTable::survey(|| Ok(file.as_slice()), None).unwrap();
            assert_eq!(file_table.zone(), zone);
            let read: Vec<OutsideRow> = file_table.rows(&file[..]).unwrap().map(|row| row.unwrap()).collect();
            assert_eq!(read.len(), told.len());
            for (read, told) in read.iter().zip(&told) {
                match &told.said {
                    Ok(said) => assert_eq!(read.said.as_ref(), Ok(said)),
                    Err(_) => assert_eq!((read.said.is_err(), &read.original), (true, &told.original)),
                }
            }
        }
    }

    #[test]
    fn the_kinds_of_att2000_tell_breaks_and_overtime_apart() {
        let table = Table::new("checkinout", None, None, &[], (None, false)).unwrap();
        let at = Cell::Civil("2025-03-03T08:00:00".parse().unwrap());
        let state = |kind: &str| {
            let row = vec![at.clone(), Cell::Number(7), t("12"), at.clone(), t(kind), Cell::Number(1), t("1")];
            outside_rows(&table, &[row]).remove(0).said.unwrap().state
        };
        assert_eq!(
            ["I", "O", "0", "1", "i", "o", "?"].map(state),
            [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), None]
        );
    }

    #[test]
    fn a_word_for_the_direction_is_read_as_that_of_a_file_is() {
        let state = |word: &str| {
            let row = vec![Cell::Number(1), t("12"), t("2025-03-03 08:00:00"), t("gate"), t(word)];
            outside_rows(&events(), &[row]).remove(0).said.unwrap().state
        };
        assert_eq!(["In", "Entry", "C/In", "check in"].map(state), [Some(IN); 4]);
        assert_eq!(["Out", "EXIT", "CheckOut", "o"].map(state), [Some(OUT); 4]);
        assert_eq!(["255", "BreakOut", "", "?"].map(state), [Some(255), Some(2), None, None]);
    }

    #[test]
    fn a_row_of_biotime_names_terminal_reader_and_work_code() {
        let table = Table::new("biotime", None, None, &[], (None, false)).unwrap();
        let at = Cell::Civil("2025-03-03T08:00:01".parse().unwrap());
        let row = [Cell::Number(7), t("12"), at, t("0"), Cell::Number(1), t("3"), t("CJ1"), t("Gate")];
        let punch = outside_rows(&table, &[row.to_vec()]).remove(0).said.unwrap();
        let OutsidePunch { serial, reader, puncher, time, state, verify, work_code, row_type } = punch;
        assert_eq!((puncher, time.to_string()), (Puncher::Number("12".into()), "2025-03-03 08:00:01".to_owned()));
        assert_eq!((serial.as_deref(), reader.as_str(), work_code.as_deref()), (Some("CJ1"), "Gate", Some("3")));
        assert_eq!((state, verify, row_type), (Some(IN), Some(1), None));
    }

    #[test]
    fn a_day_is_an_arrival_and_a_departure_and_what_is_missing_is_none() {
        let table = Table::new("day-per-row", None, None, &[], (None, true)).unwrap();
        let day = |date: Cell, arrival: Cell, departure: Cell| {
            told(&table, vec![date.clone(), t("E1"), t("E1"), date, arrival, departure])
        };
        assert_eq!(
            day(t("20250303"), t("080001"), t("")),
            [r#"row 20250303/E1 in: Code("E1") 2025-03-03 08:00:01 Some(0) "#]
        );
        assert!(day(t("20250303"), Cell::Null, Cell::Null).is_empty());
        let night = day(Cell::Date("2025-03-03".parse().unwrap()), t("22:00"), Cell::Time("06:00:00".parse().unwrap()));
        assert!(night[1].contains("2025-03-04 06:00:00 Some(1)"), "{night:?}");
    }
}
