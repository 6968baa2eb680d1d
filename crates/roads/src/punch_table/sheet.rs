//! Sheets of Excel and OpenDocument: the first one that has cells, each cell as text.

use std::io::{Cursor, Read};

use calamine::{Data, ExcelDateTime, ExcelDateTimeType, Reader as _, open_workbook_auto_from_rs};
use csv::StringRecord;
use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, ToSpan as _};

use super::{Records, not};
use crate::NotATable;

/// Largest sheet, bytes: it is held whole, and unpacked.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// Day 0 of Excel's count, as it holds from March 1900 on.
const DAY_ZERO: DateTime = date(1899, 12, 30).at(0, 0, 0, 0);
/// Days between the two days from which Excel counts: programs on a Mac count from 1904.
const DAYS_TO_1904: f64 = 1462.0;
const SECONDS_OF_DAY: f64 = 86_400.0;

/// A file of zip (xlsx, ods) or of compound documents (xls).
pub(super) fn is_one(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

pub(super) fn records<'r>(file: impl Read) -> Result<Records<'r>, NotATable> {
    let mut bytes = Vec::new();
    let read = file.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| not(format!("it can't be read: {error}")))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(not(format!("a sheet of more than {} MiB is too large; save it as CSV", MOST_BYTES >> 20)));
    }
    let damaged = |error: calamine::Error| not(format!("the sheet can't be read ({error}); save it as CSV"));
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(damaged)?;
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).map_err(damaged)?;
        if range.is_empty() {
            continue;
        }
        let first = range.start().map_or(0, |(row, _)| u64::from(row)) + 1;
        let rows: Vec<_> = range.rows().map(|cells| cells.iter().map(text).collect::<StringRecord>()).collect();
        return Ok(Box::new((first..).zip(rows.into_iter().map(Ok)).map(Ok)));
    }
    Err(not("no sheet of it has cells"))
}

/// A cell as CSV would have it.
fn text(cell: &Data) -> String {
    match cell {
        Data::DateTime(moment) if moment.is_datetime() => moment_text(days(moment)).unwrap_or_default(),
        Data::DateTime(length) => moment_text(length.as_f64().fract()).unwrap_or_default(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) => text.trim().to_owned(),
        Data::DateTimeIso(text) => text.trim().replacen('T', " ", 1),
        Data::DurationIso(text) => time_of_day(text).unwrap_or_else(|| text.trim().to_owned()),
        other => other.to_string(),
    }
}

/// A moment as days of the count from 1900, whatever its workbook counts from.
fn days(moment: &ExcelDateTime) -> f64 {
    let days = moment.as_f64();
    // It tells from when it counts by nothing else.
    let counts_from_1904 = *moment == ExcelDateTime::new(days, ExcelDateTimeType::DateTime, true);
    // A time of day stays one.
    if counts_from_1904 && days >= 1.0 { days + DAYS_TO_1904 } else { days }
}

/// A moment of Excel's count, to the second: without a date where it has none.
fn moment_text(days: f64) -> Option<String> {
    let seconds = (days * SECONDS_OF_DAY).round();
    if !(0.0..3e11).contains(&seconds) {
        return None;
    }
    let seconds = seconds as i64;
    let at = DAY_ZERO.checked_add(seconds.seconds()).ok()?;
    let form = if seconds < 86_400 { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    Some(at.strftime(form).to_string())
}

/// The time of day of `PT08H00M01S`, as OpenDocument writes it.
fn time_of_day(text: &str) -> Option<String> {
    let since_midnight: SignedDuration = text.trim().parse().ok()?;
    moment_text(since_midnight.as_secs_f64() / SECONDS_OF_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_to_the_second() {
        assert_eq!(moment_text(45_719.333_344_907).as_deref(), Some("2025-03-03 08:00:01"));
        assert_eq!(moment_text(45_719.0).as_deref(), Some("2025-03-03 00:00:00"));
        assert_eq!(moment_text(0.75).as_deref(), Some("18:00:00"));
        assert_eq!((moment_text(-1.0), moment_text(f64::NAN), moment_text(1e300)), (None, None, None));
    }

    #[test]
    fn a_workbook_that_counts_from_1904_says_the_same_moments_and_times_of_day() {
        let cell = |days: f64, kind| text(&Data::DateTime(ExcelDateTime::new(days, kind, true)));
        let kinds = [ExcelDateTimeType::DateTime, ExcelDateTimeType::TimeDelta];
        assert_eq!(cell(45_719.333_344_907 - 1462.0, ExcelDateTimeType::DateTime), "2025-03-03 08:00:01");
        assert_eq!(kinds.map(|kind| cell(0.75, kind)), ["18:00:00", "18:00:00"]);
        assert_eq!(text(&Data::DateTime(ExcelDateTime::new(45_719.0, kinds[0], false))), "2025-03-03 00:00:00");
    }

    #[test]
    fn a_cell_reads_as_csv_would_have_it() {
        assert_eq!(
            [Data::Float(12.0), Data::Float(1.5), Data::String(" a ".into())].map(|cell| text(&cell)),
            ["12", "1.5", "a"]
        );
        let iso = [Data::DateTimeIso("2025-03-03T08:00:01".into()), Data::DateTimeIso("2025-03-03".into())];
        assert_eq!(iso.map(|cell| text(&cell)), ["2025-03-03 08:00:01", "2025-03-03"]);
        let iso = [Data::DurationIso("PT08H00M01S".into()), Data::DurationIso("a while".into())];
        assert_eq!(iso.map(|cell| text(&cell)), ["08:00:01", "a while"]);
    }
}
