//! Dates and times as people and programs write them.

use attendance::punch::PrintedTime;
use jiff::Unit;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::outside::RowTime;

/// How day, month and year of `03/04/25` are told apart. A year of four digits that comes first needs no telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DateOrder {
    /// Day, month, year.
    #[serde(rename = "dmy")]
    DayFirst,
    /// Month, day, year.
    #[serde(rename = "mdy")]
    MonthFirst,
    /// Year, month, day.
    #[serde(rename = "ymd")]
    YearFirst,
}

impl DateOrder {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::DayFirst, Self::MonthFirst, Self::YearFirst];

    /// The word for it in settings.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::DayFirst => "dmy",
            Self::MonthFirst => "mdy",
            Self::YearFirst => "ymd",
        }
    }

    /// What it has first.
    pub(super) const fn first(self) -> &'static str {
        match self {
            Self::DayFirst => "day",
            Self::MonthFirst => "month",
            Self::YearFirst => "year",
        }
    }
}

/// What a date says about the order of all dates of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing: it is the same in whatever order, or no date.
    None,
    /// Nothing of others, for its year of four digits comes first.
    YearFirst,
    /// Only these orders make it a date, and each another one.
    Orders(Vec<DateOrder>),
}

pub(super) fn hint(text: &str) -> Hint {
    let day = day_of(text);
    if parts(day).is_none_or(|[first, ..]| is_year(first)) {
        return if date(day, None).is_some() { Hint::YearFirst } else { Hint::None };
    }
    // Nobody writes 25/12/31 for the last day of 2025: where a year of two digits comes first, dashes part it.
    let is_usual = |order: &DateOrder| *order != DateOrder::YearFirst || has_dashes(day);
    let orders = DateOrder::ALL.into_iter().filter(is_usual);
    let (orders, mut dates): (Vec<DateOrder>, Vec<Date>) =
        orders.filter_map(|order| Some((order, date(day, Some(order))?))).unzip();
    dates.dedup();
    if orders.is_empty() || orders.len() > 1 && dates.len() == 1 { Hint::None } else { Hint::Orders(orders) }
}

fn has_dashes(day: &str) -> bool {
    day.contains('-')
}

/// Whether a cell has a date, in whatever order.
pub(super) fn begins_with_date(text: &str) -> bool {
    let day = day_of(text);
    date(day, None).is_some() || DateOrder::ALL.into_iter().any(|order| date(day, Some(order)).is_some())
}

/// The date of a cell, which may be a row of digits with the time behind.
fn day_of(text: &str) -> &str {
    let (day, _) = date_and_clock(text);
    let is_whole = day.len() == 14 && day.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole { day.get(..8).unwrap_or(day) } else { day }
}

/// A cell that has date and time, perhaps with an offset from UTC. What is no date is kept as it is.
pub(crate) fn time(text: &str, order: Option<DateOrder>) -> RowTime {
    let text = text.trim();
    let read = || {
        if text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some((to_the_second(date(&text[..8], order)?.to_datetime(clock(&text[8..])?)), None));
        }
        let (day, rest) = date_and_clock(text);
        let (rest, offset) = offset(rest);
        Some((to_the_second(date(day, order)?.to_datetime(clock(rest)?)), offset))
    };
    match read() {
        Some((civil, Some(offset))) => offset.to_timestamp(civil).map_or_else(|_| raw(text), RowTime::At),
        Some((civil, None)) => RowTime::Printed(PrintedTime::from_civil(civil)),
        // Terminals print odd times in a form of their own.
        None => RowTime::Printed(PrintedTime::parse(text)),
    }
}

/// Date and time of day in two cells.
pub(crate) fn joined(day: &str, of_day: &str, order: Option<DateOrder>) -> RowTime {
    match civil(day, of_day, order) {
        Some(civil) => RowTime::Printed(PrintedTime::from_civil(civil)),
        None => raw(format!("{} {}", day.trim(), of_day.trim()).trim()),
    }
}

pub(super) fn civil(day: &str, of_day: &str, order: Option<DateOrder>) -> Option<DateTime> {
    // A sheet may show a midnight beside the date, or a date beside the time.
    let (day, _) = date_and_clock(day.trim());
    let of_day = of_day.trim();
    let of_day = match date_and_clock(of_day) {
        (first, rest) if date(first, order).is_some() && !rest.is_empty() => rest,
        _ => of_day,
    };
    Some(to_the_second(date(day, order)?.to_datetime(clock(of_day)?)))
}

/// A moment to the second: from half of one on it is the next, maybe of the next date. A `datetime` of SQL Server counts in 1/300 s, and Excel
/// in fractions of a day: what was 08:00:01 may come from there a little less, and must be the same punch from everywhere.
pub(crate) fn to_the_second(at: DateTime) -> DateTime {
    at.round(Unit::Second).unwrap_or(at)
}

fn raw(text: &str) -> RowTime {
    RowTime::Printed(PrintedTime::Raw(text.as_bytes().to_vec()))
}

/// `2025-03-03 08:00` and `2025-03-03T08:00` in two; a time may have blanks in it.
fn date_and_clock(text: &str) -> (&str, &str) {
    let text = text.trim();
    match text.split_once(|c: char| c == 'T' || c.is_whitespace()) {
        Some((day, rest)) => (day, rest.trim()),
        None => (text, ""),
    }
}

fn number(text: &str) -> Option<i16> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn is_year(text: &str) -> bool {
    text.len() == 4
}

fn parts(text: &str) -> Option<[&str; 3]> {
    let mut parts = text.split(['-', '/', '.']);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

/// A date alone.
pub(crate) fn date(text: &str, order: Option<DateOrder>) -> Option<Date> {
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return of_numbers(&text[..4], &text[4..6], &text[6..]);
    }
    match (parts(text)?, order) {
        ([year, month, day], _) if is_year(year) => of_numbers(year, month, day),
        ([day, month, year], Some(DateOrder::DayFirst)) | ([month, day, year], Some(DateOrder::MonthFirst)) => {
            of_numbers(year, month, day)
        }
        ([year, month, day], Some(DateOrder::YearFirst)) => of_numbers(year, month, day),
        // The same in whatever order.
        ([first, second, year], None) if first == second && (is_year(year) || year == first || !has_dashes(text)) => {
            of_numbers(year, first, second)
        }
        _ => None,
    }
}

fn of_numbers(year: &str, month: &str, day: &str) -> Option<Date> {
    let century = match year.len() {
        4 => 0,
        2 => 2000,
        _ => return None,
    };
    let small = |text: &str| number(text).and_then(|number| i8::try_from(number).ok());
    Date::new(number(year)? + century, small(month)?, small(day)?).ok()
}

/// Half a second, in nanoseconds.
const HALF: i32 = 500_000_000;

/// `8:00`, `08:00:00.123`, `8:00 PM`, `080000`, `0800`; a sheet loses the zero in front. Of a fraction is told whether it is
/// half a second or more.
fn clock(text: &str) -> Option<Time> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase().replace('.', "");
    let half = ["am", "pm"].into_iter().find(|half| lower.ends_with(half));
    let text = match half {
        Some(_) => text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '.' || c.is_whitespace()),
        None => text,
    };
    let mut is_half = false;
    let (hour, minute, second) = if text.contains(':') {
        let mut parts = text.split(':');
        let (hour, minute) = (small(parts.next()?)?, small(parts.next()?)?);
        let (second, fraction) =
            parts.next().map_or(("0", ""), |second| second.split_once('.').unwrap_or((second, "")));
        is_half = fraction.starts_with(['5', '6', '7', '8', '9']);
        parts.next().is_none().then_some((hour, minute, small(second)?))?
    } else {
        // Cells of digits: HHMMSS, or HHMM.
        let width = match text.len() {
            3 | 4 => 4,
            5 | 6 => 6,
            _ => return None,
        };
        let all: u32 = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()?;
        let all = if width == 4 { all * 100 } else { all };
        let part = |of: u32| i8::try_from(of % 100).ok();
        (part(all / 10_000)?, part(all / 100)?, part(all)?)
    };
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("am") => hour % 12,
        Some(_) => hour % 12 + 12,
    };
    Time::new(hour, minute, second, if is_half { HALF } else { 0 }).ok()
}

fn small(text: &str) -> Option<i8> {
    let text = text.trim();
    let is_short = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_short.then(|| text.parse().ok()).flatten()
}

/// A time of day without its offset, and the offset.
fn offset(text: &str) -> (&str, Option<Offset>) {
    if let Some(rest) = text.strip_suffix(['Z', 'z']) {
        return (rest, Some(Offset::UTC));
    }
    let Some(at) = text.rfind(['+', '-']) else { return (text, None) };
    let (rest, sign) = (&text[..at], if text[at..].starts_with('-') { -1 } else { 1 });
    let digits: String = text[at + 1..].chars().filter(|c| *c != ':').collect();
    let seconds = match digits.len() {
        2 => digits.parse::<i32>().map(|hours| hours * 3600),
        4 => digits.parse::<i32>().map(|all| all / 100 * 3600 + all % 100 * 60),
        _ => return (text, None),
    };
    match seconds.ok().and_then(|seconds| Offset::from_seconds(sign * seconds).ok()) {
        Some(offset) => (rest, Some(offset)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, order: Option<DateOrder>) -> String {
        time(text, order).to_string()
    }

    #[test]
    fn a_time_is_read_in_whatever_form_it_is_written() {
        for same in [
            "2025-03-04 08:00:01",
            "2025/03/04 8:00:01",
            "2025-3-4T08:00:01.499",
            "2025-03-04 08:00:00.5",
            "2025-03-04 08:00:00.996666667 AM",
            "20250304 080001",
            "20250304080001",
            "20250304 80001",
            "2025-03-04 08:00:01 AM",
            "2025.03.04 8:00:01 a.m.",
        ] {
            assert_eq!(read(same, None), "2025-03-04 08:00:01", "{same}");
        }
        assert_eq!(read("04/03/2025 08:00", Some(DateOrder::DayFirst)), "2025-03-04 08:00:00");
        assert_eq!(read("3/4/25 12:05 am", Some(DateOrder::MonthFirst)), "2025-03-04 00:05:00");
        assert_eq!(read("04.03.2025 12:05 PM", Some(DateOrder::DayFirst)), "2025-03-04 12:05:00");
        assert_eq!(read("2025-03-04T08:00:00+08:00", None), "2025-03-04T00:00:00Z");
        assert_eq!(read("2025-03-04 08:00:00-0530", None), "2025-03-04T13:30:00Z");
        assert_eq!(read("1971--10--29 -23:-59:-53", None), "1970-01-01 00:00:07");
        assert_eq!(
            joined("04/03/2025 00:00:00", "1899-12-31 08:00:00", Some(DateOrder::DayFirst)).to_string(),
            "2025-03-04 08:00:00"
        );
    }

    #[test]
    fn half_a_second_is_the_next_one_also_where_that_is_of_the_next_date() {
        assert_eq!(read("2025-12-31 23:59:59.500", None), "2026-01-01 00:00:00");
        assert_eq!(read("2025-12-31 11:59:59.4999 PM", None), "2025-12-31 23:59:59");
        assert_eq!(read("2025-03-04T08:00:00.9+08:00", None), "2025-03-04T00:00:01Z");
        assert_eq!(joined("2025-03-04", "07:59:59.996", None).to_string(), "2025-03-04 08:00:00");
        assert_eq!(read("9999-12-31 23:59:59.9", None), "9999-12-31 23:59:59");
    }

    #[test]
    fn what_is_no_time_is_kept_as_it_is() {
        for odd in ["", "yesterday", "2025-02-30 08:00", "2025-03-04 24:01", "2025-03-04 13:00 pm", "04/03/2025 08:00"]
        {
            assert_eq!(time(odd, None), raw(odd), "{odd}");
        }
    }

    #[test]
    fn a_date_tells_the_order_if_only_one_makes_sense() {
        let orders = |text: &str| match hint(text) {
            Hint::Orders(orders) => orders.into_iter().map(DateOrder::word).collect::<Vec<_>>().join(" "),
            other => format!("{other:?}"),
        };
        for (text, wanted) in [
            ("31/12/2025 08:00", "dmy"),
            ("12-31-2025", "mdy"),
            ("04/03/2025", "dmy mdy"),
            ("26-03-05 08:00", "dmy ymd"),
            ("03/31/25", "mdy"),
            ("04/03/25", "dmy mdy"),
            ("04-03-25", "dmy mdy ymd"),
            ("04-04-25", "dmy mdy ymd"),
            ("04/04/25", "None"),
            ("31/12/25", "dmy"),
            ("31.12.25", "dmy"),
            ("45-03-05", "ymd"),
            ("26-03-32", "dmy"),
            ("04/04/2025", "None"),
            ("05/05/05", "None"),
            ("31/02/2025", "None"),
            ("2025-02-30", "None"),
            ("x", "None"),
            ("2025-04-03", "YearFirst"),
            ("20250403 0800", "YearFirst"),
            ("20250403080000", "YearFirst"),
        ] {
            assert_eq!(orders(text), wanted, "{text}");
        }
        assert_eq!(read("26-03-05 08:00", Some(DateOrder::YearFirst)), "2026-03-05 08:00:00");
        assert_eq!(read("04/04/25 08:00", None), "2025-04-04 08:00:00");
        assert_eq!(time("04-04-25 08:00", None), raw("04-04-25 08:00"));
    }

    proptest! {
        #[test]
        fn what_was_written_in_any_form_is_read_back(
            seconds in 0i64..4_000_000_000, form in 0usize..5,
        ) {
            let PrintedTime::Seconds(seconds) = PrintedTime::Seconds(seconds) else { unreachable!() };
            let printed = PrintedTime::Seconds(seconds);
            let civil = printed.civil().unwrap();
            let (form, order) = [
                ("%Y-%m-%d %H:%M:%S", None), ("%Y%m%d %H%M%S", None), ("%d/%m/%Y %H:%M:%S", Some(DateOrder::DayFirst)),
                ("%m/%d/%Y %I:%M:%S %p", Some(DateOrder::MonthFirst)), ("%Y/%m/%dT%H:%M:%S", None),
            ][form];
            prop_assert_eq!(time(&civil.strftime(form).to_string(), order), RowTime::Printed(printed));
        }

        #[test]
        fn no_text_makes_it_stumble(text in ".{0,40}") {
            time(&text, Some(DateOrder::DayFirst));
            joined(&text, &text, None);
            hint(&text);
        }
    }
}
