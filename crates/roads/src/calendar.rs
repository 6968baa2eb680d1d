//! Holidays and make-up workdays: as CSV, and holidays from iCalendar files.
//!
//! CSV: `date`, `name`, and optionally `substitute_for` (the date that it replaces) or `worked_as` (a weekday: the date is worked like
//! it, even if it is a holiday).

use attendance::{Holiday, Weekday, Workday};
use icalendar::{Calendar, CalendarComponent, Component as _, DatePerhapsTime};
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::roster::Rows;
use crate::table::{self, BadRow, Kind, NotATable};

/// Longest holiday in an iCalendar file; more is no holiday.
const MAX_DATES: usize = 31;

/// A date of a calendar that is unlike its weekday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Special {
    /// A holiday.
    Holiday(Holiday),
    /// A make-up workday.
    Workday(Workday),
}

const CALENDAR: Kind =
    Kind { name: "holiday list", columns: &["date", "name", "substitute_for", "worked_as"], needs: &["date"] };

/// Reads a holiday list in CSV: line number and what it says.
///
/// # Errors
/// [`NotATable`] when the header is missing, or names a column that this list doesn't have.
pub fn read(file: &[u8]) -> Rows<(u64, Special)> {
    table::rows(file, &CALENDAR, |row| {
        let date = row.needed("date", "2026-01-31")?;
        let special = match weekday(row.cell("worked_as")) {
            Ok(Some(use_day)) => Special::Workday(Workday { date, use_day, recorded_at: None }),
            Ok(None) => Special::Holiday(Holiday {
                date,
                name: row.cell("name").to_owned(),
                substitute_for: row.value("substitute_for", "2026-01-31")?,
                recorded_at: None,
            }),
            Err(text) => return Err(row.bad(format!("`{text}` in column worked_as can't be read; write mon to sun"))),
        };
        Ok((row.line, special))
    })
}

fn weekday(text: &str) -> Result<Option<Weekday>, String> {
    Ok(Some(match text.to_lowercase().as_str() {
        "" => return Ok(None),
        "mon" => Weekday::Mon,
        "tue" => Weekday::Tue,
        "wed" => Weekday::Wed,
        "thu" => Weekday::Thu,
        "fri" => Weekday::Fri,
        "sat" => Weekday::Sat,
        "sun" => Weekday::Sun,
        other => return Err(other.to_owned()),
    }))
}

/// Reads the whole-day events of an iCalendar file (RFC 5545) as holidays, one per date: number of the event from 1, and the holiday.
/// Cancelled events are passed over. Events with a time of day, and such as repeat by a rule, are refused: publish each year's dates.
///
/// # Errors
/// [`NotATable`] when the file is no iCalendar file.
pub fn icalendar(file: &[u8]) -> Rows<(u64, Special)> {
    let not = |what: String| NotATable { kind: "iCalendar file", what };
    let text = std::str::from_utf8(file).map_err(|_| not("it is not UTF-8 text".to_owned()))?;
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with("BEGIN:VCALENDAR") {
        return Err(not("it does not start with BEGIN:VCALENDAR".to_owned()));
    }
    let calendar: Calendar = text.trim_start_matches('\u{feff}').parse().map_err(not)?;
    let events = calendar.components.iter().filter_map(CalendarComponent::as_event);
    let mut rows = Vec::new();
    for (event, number) in events.zip(1..) {
        if event.property_value("STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED")) {
            continue;
        }
        let bad = |what: &str| BadRow { line: number, what: format!("event {number}: {what}") };
        let name = event.get_summary().unwrap_or_default().to_owned();
        let Some(DatePerhapsTime::Date(first)) = event.get_start() else {
            rows.push(Err(bad("it has a time of day; a holiday is a whole day")));
            continue;
        };
        if event.property_value("RRULE").is_some() {
            rows.push(Err(bad("it repeats by a rule; list each year's dates")));
            continue;
        }
        let after = match event.get_end() {
            Some(DatePerhapsTime::Date(after)) => after.to_string().parse().ok(),
            _ => None,
        };
        let Ok(first) = first.to_string().parse::<Date>() else {
            rows.push(Err(bad("its date does not exist")));
            continue;
        };
        let after: Date = after.filter(|after| first < *after).unwrap_or(first.saturating_add(1.day()));
        let dates: Vec<Date> = first.series(1.day()).take_while(|date| *date < after).take(MAX_DATES + 1).collect();
        if dates.len() > MAX_DATES {
            rows.push(Err(bad("it is longer than a month")));
            continue;
        }
        rows.extend(dates.into_iter().map(|date| {
            Ok((
                number,
                Special::Holiday(Holiday { date, name: name.clone(), substitute_for: None, recorded_at: None }),
            ))
        }));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holiday_list_also_names_make_up_days() {
        let rows = read(
            b"date,name,substitute_for,worked_as\n2026-02-17,Seollal,,\n2026-02-21,,,mon\n2026-03-02,,2026-03-01,\n",
        )
        .unwrap();
        assert!(matches!(rows[0].as_ref().unwrap(), (2, Special::Holiday(day)) if day.name == "Seollal"));
        assert!(matches!(rows[1].as_ref().unwrap(), (3, Special::Workday(day)) if day.use_day == Weekday::Mon));
        assert!(matches!(rows[2].as_ref().unwrap(), (4, Special::Holiday(day)) if day.substitute_for.is_some()));
    }

    #[test]
    fn an_icalendar_file_gives_a_holiday_per_date_and_refuses_what_is_none() {
        let file = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n\
            DTSTART;VALUE=DATE:20260216\r\nDTEND;VALUE=DATE:20260219\r\nSUMMARY:Seollal\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\n\
            DTSTAMP:20260101T000000Z\r\nDTSTART:20260301T090000Z\r\nSUMMARY:A meeting\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:3\r\n\
            DTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20260505\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Children\r\nEND:VEVENT\r\n\
            BEGIN:VEVENT\r\nUID:4\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20260717\r\nSTATUS:CANCELLED\r\n\
            SUMMARY:Not this year\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let rows = icalendar(file.as_bytes()).unwrap();
        let holidays: Vec<String> = rows
            .iter()
            .filter_map(|row| match row {
                Ok((1, Special::Holiday(day))) => Some(format!("{} {}", day.date, day.name)),
                _ => None,
            })
            .collect();
        assert_eq!(holidays, ["2026-02-16 Seollal", "2026-02-17 Seollal", "2026-02-18 Seollal"]);
        let refused: Vec<&BadRow> = rows.iter().filter_map(|row| row.as_ref().err()).collect();
        assert_eq!((rows.len(), refused.len()), (5, 2), "the cancelled one is passed over");
        assert!(refused[0].what.contains("time of day") && refused[1].what.contains("repeats"));
    }

    #[test]
    fn another_file_is_told_apart() {
        assert!(icalendar(b"date,name\n").unwrap_err().to_string().contains("BEGIN:VCALENDAR"));
        assert!(read(b"BEGIN:VCALENDAR\n").is_err());
    }
}
