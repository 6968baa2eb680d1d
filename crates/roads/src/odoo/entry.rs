//! What Odoo's records say, as dates. Pure.
//!
//! * A public holiday is two instants, naive UTC, which mean dates in the zone of a working schedule. A date counts when the entry covers
//!   its core, from 10:00 to 15:00: people enter them from midnight to midnight, from 8 to 5, or with a browser in a zone next door. What
//!   covers the core of no date is half a holiday, and told.
//! * Leave has dates of its own (`request_date_from`, `request_date_to`), in the employee's zone: they are taken as they are. Half days are
//!   one date with a period (17, 18), or a range that begins and ends with one (19). Hours are numbers (18, 19) or such numbers as text (17).

use attendance::{ClockTime, Holiday, Part};
use jiff::civil::{Date, Time, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

use super::text::seconds;

/// The core of a date.
const CORE: (Time, Time) = (time(10, 0, 0, 0), time(15, 0, 0, 0));
/// Most dates of one entry: three years of parental leave, and no slip of the pen.
const MOST_DATES: usize = 1100;

/// A record that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) String);

/// An entry of the company's holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HolidayRow {
    pub(super) id: i64,
    pub(super) name: String,
    /// Seconds UTC.
    pub(super) span: (i64, i64),
    /// The working schedule that it is of; `None` for all.
    pub(super) calendar: Option<i64>,
    pub(super) company: Option<i64>,
}

impl HolidayRow {
    pub(super) fn of(row: &Value) -> Result<Self, Unreadable> {
        let id = id(row)?;
        let at = |name: &str| {
            let told = row.get(name).and_then(Value::as_str).and_then(seconds);
            told.ok_or_else(|| Unreadable(format!("public holiday {id} of Odoo has no {name} that can be read")))
        };
        let (name, span) = (text(row, "name"), (at("date_from")?, at("date_to")?));
        Ok(Self { id, name, span, calendar: reference(row, "calendar_id"), company: reference(row, "company_id") })
    }

    /// Its dates in a zone.
    pub(super) fn holidays(&self, zone: &TimeZone) -> Vec<Holiday> {
        let civil = |seconds| zone.to_datetime(Timestamp::from_second(seconds).unwrap_or_default());
        let (from, to) = (civil(self.span.0), civil(self.span.1));
        let is_covered = |date: &Date| from <= date.to_datetime(CORE.0) && to >= date.to_datetime(CORE.1);
        let dates = from.date().series(1.day()).take_while(|date| *date <= to.date()).take(MOST_DATES);
        let holiday = |date| Holiday { date, name: self.name.clone(), substitute_for: None, recorded_at: None };
        dates.filter(is_covered).map(holiday).collect()
    }
}

/// Approved leave in Odoo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedLeave {
    /// Its id there.
    pub id: i64,
    /// The employee's id there; `None` for leave that is of no single employee (17).
    pub employee: Option<i64>,
    /// Name of the kind of leave.
    pub kind: String,
    /// First date.
    pub first: Date,
    /// Last date.
    pub last: Date,
    span: Span,
}

/// How much of its dates leave covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    Days,
    /// It begins with the second half of its first date; it ends with the first half of its last one.
    Halves {
        from_pm: bool,
        to_am: bool,
    },
    /// It begins and ends at these times.
    Hours(ClockTime, ClockTime),
}

/// What leave covers of one date: the part, and from when to when with [`Part::Hours`].
pub type Covered = (Date, Part, Option<(ClockTime, ClockTime)>);

impl ApprovedLeave {
    pub(super) fn of(row: &Value) -> Result<Self, Unreadable> {
        let id = id(row)?;
        let lacks = |name: &str| Unreadable(format!("leave {id} of Odoo has no {name} that can be read"));
        let date = |name: &str| {
            let told = row.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok());
            told.ok_or_else(|| lacks(name))
        };
        let is = |name: &str| row.get(name) == Some(&Value::Bool(true));
        let (first, last): (Date, Date) = (date("request_date_from")?, date("request_date_to")?);
        let span = if is("request_unit_hours") {
            let at = |name: &str| row.get(name).and_then(clock).ok_or_else(|| lacks(name));
            Span::Hours(at("request_hour_from")?, at("request_hour_to")?)
        } else if is("request_unit_half") {
            let from = text(row, "request_date_from_period");
            // Before 19 the one period is that of the one date.
            let to = row.get("request_date_to_period").and_then(Value::as_str).unwrap_or(&from);
            match (from.as_str(), to) {
                ("am" | "pm", "am" | "pm") => Span::Halves { from_pm: from == "pm", to_am: to == "am" },
                _ => return Err(lacks("request_date_from_period")),
            }
        } else {
            Span::Days
        };
        let kind = row.get("holiday_status_id").and_then(|kind| kind.get(1)).and_then(Value::as_str);
        let kind = kind.ok_or_else(|| lacks("holiday_status_id"))?.to_owned();
        Ok(Self { id, employee: reference(row, "employee_id"), kind, first, last, span })
    }

    /// What it covers, by date.
    ///
    /// # Errors
    /// In words, for one whose end is before its beginning, or is years later.
    pub fn days(&self) -> Result<Vec<Covered>, String> {
        let Self { id, first, last, .. } = *self;
        let dates: Vec<Date> = first.series(1.day()).take_while(|date| *date <= last).take(MOST_DATES + 1).collect();
        if dates.is_empty() || dates.len() > MOST_DATES {
            return Err(format!("leave {id} from {first} to {last} is no range of dates"));
        }
        dates.into_iter().map(|date| self.day(date)).collect()
    }

    fn day(&self, date: Date) -> Result<Covered, String> {
        let (is_first, is_last) = (date == self.first, date == self.last);
        match self.span {
            Span::Days => Ok((date, Part::Full, None)),
            Span::Halves { from_pm, to_am } => match (is_first && from_pm, is_last && to_am) {
                (false, false) => Ok((date, Part::Full, None)),
                (true, false) => Ok((date, Part::Pm, None)),
                (false, true) => Ok((date, Part::Am, None)),
                (true, true) => Err(format!("leave {} of {date} ends before it begins", self.id)),
            },
            Span::Hours(from, to) => {
                let midnight = ClockTime::from_minutes(24 * 60).unwrap_or(to);
                let from = if is_first { from } else { ClockTime::MIDNIGHT };
                let to = if is_last { to } else { midnight };
                match () {
                    () if !is_first && !is_last => Ok((date, Part::Full, None)),
                    () if from < to => Ok((date, Part::Hours, Some((from, to)))),
                    () => Err(format!("leave {} of {date} ends before it begins", self.id)),
                }
            }
        }
    }
}

/// An hour of a date, as a number or as its text.
fn clock(value: &Value) -> Option<ClockTime> {
    let hours = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    let minutes = (hours * 60.0).round();
    // Within two days it is a number of minutes.
    #[allow(clippy::cast_possible_truncation)]
    let minutes = (0.0..=24.0 * 60.0).contains(&minutes).then_some(minutes as i32)?;
    ClockTime::from_minutes(minutes)
}

pub(super) fn id(row: &Value) -> Result<i64, Unreadable> {
    let lacks = || Unreadable("a record of Odoo has no id; is that an Odoo?".to_owned());
    row.get("id").and_then(Value::as_i64).ok_or_else(lacks)
}

/// A text; empty where Odoo says `false`.
pub(super) fn text(row: &Value, name: &str) -> String {
    row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The id of a reference: a pair of id and name.
pub(super) fn reference(row: &Value, name: &str) -> Option<i64> {
    row.get(name)?.get(0)?.as_i64()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn dates(zone: &str, from: &str, to: &str) -> Vec<String> {
        let row = json!({"id": 1, "name": "Day", "date_from": from, "date_to": to, "calendar_id": false});
        let zone = TimeZone::get(zone).unwrap();
        let holidays = HolidayRow::of(&row).unwrap().holidays(&zone).into_iter();
        holidays.map(|holiday| holiday.date.to_string()).collect()
    }

    #[test]
    fn a_holiday_is_the_dates_whose_core_it_covers_in_the_zone_of_the_schedule() {
        for (zone, from, to, wanted) in [
            // From midnight to midnight, east and west of Greenwich, and where UTC is another date all day.
            ("Asia/Manila", "2025-12-31 16:00:00", "2026-01-01 15:59:59", &["2026-01-01"][..]),
            ("America/Los_Angeles", "2026-07-03 07:00:00", "2026-07-04 06:59:59", &["2026-07-03"]),
            ("Pacific/Kiritimati", "2025-12-31 10:00:00", "2026-01-01 09:59:59", &["2026-01-01"]),
            // The day that the clocks change is 23 or 25 hours long.
            ("Europe/Berlin", "2026-03-28 23:00:00", "2026-03-29 21:59:59", &["2026-03-29"]),
            ("Europe/Berlin", "2026-10-24 22:00:00", "2026-10-25 22:59:59", &["2026-10-25"]),
            // Two days; to midnight itself; office hours; a browser one zone further west.
            ("Europe/Berlin", "2026-12-24 23:00:00", "2026-12-26 22:59:59", &["2026-12-25", "2026-12-26"]),
            ("Europe/Berlin", "2026-12-24 23:00:00", "2026-12-25 23:00:00", &["2026-12-25"]),
            ("Europe/Berlin", "2026-12-25 07:00:00", "2026-12-25 16:00:00", &["2026-12-25"]),
            ("Europe/Berlin", "2026-12-25 00:00:00", "2026-12-25 23:59:59", &["2026-12-25"]),
            // An afternoon is none.
            ("Europe/Berlin", "2026-12-24 11:00:00", "2026-12-24 22:59:59", &[]),
        ] {
            assert_eq!(dates(zone, from, to), wanted, "{zone} {from}");
        }
    }

    fn leave(cells: &Value) -> Result<ApprovedLeave, Unreadable> {
        let mut row = json!({"id": 7, "employee_id": [3, "Ann"], "holiday_status_id": [1, "Paid Time Off"],
            "request_date_from": "2026-03-02", "request_date_to": "2026-03-02"});
        for (name, value) in cells.as_object().unwrap() {
            row[name.as_str()] = value.clone();
        }
        ApprovedLeave::of(&row)
    }

    fn covers(cells: &Value) -> String {
        let day = |(date, part, hours): &Covered| {
            let hours = hours.map_or_else(String::new, |(from, to)| format!(" {from}-{to}"));
            format!("{} {part:?}{hours}", date.strftime("%m-%d"))
        };
        match leave(cells).unwrap().days() {
            Ok(days) => days.iter().map(day).collect::<Vec<_>>().join(", "),
            Err(why) => why,
        }
    }

    #[test]
    fn leave_covers_days_halves_and_hours_as_each_version_says_them() {
        let until = "2026-03-04";
        for (cells, wanted) in [
            (json!({}), "03-02 Full"),
            (json!({"request_date_to": until}), "03-02 Full, 03-03 Full, 03-04 Full"),
            // 17 and 18: one date with one period.
            (json!({"request_unit_half": true, "request_date_from_period": "am"}), "03-02 Am"),
            (json!({"request_unit_half": true, "request_date_from_period": "pm"}), "03-02 Pm"),
            (json!({"request_unit_half": false, "request_date_from_period": "am"}), "03-02 Full"),
            // 19: a range from one half to another.
            (
                json!({"request_unit_half": true, "request_date_from_period": "pm", "request_date_to_period": "am", "request_date_to": until}),
                "03-02 Pm, 03-03 Full, 03-04 Am",
            ),
            (
                json!({"request_unit_half": true, "request_date_from_period": "am", "request_date_to_period": "pm"}),
                "03-02 Full",
            ),
            (
                json!({"request_unit_half": true, "request_date_from_period": "pm", "request_date_to_period": "am"}),
                "leave 7 of 2026-03-02 ends before it begins",
            ),
            // Hours as text (17) and as numbers.
            (
                json!({"request_unit_hours": true, "request_hour_from": "8.5", "request_hour_to": "12"}),
                "03-02 Hours 08:30-12:00",
            ),
            (
                json!({"request_unit_hours": true, "request_hour_from": 13.25, "request_hour_to": 17.0}),
                "03-02 Hours 13:15-17:00",
            ),
            (
                json!({"request_unit_hours": true, "request_hour_from": 17, "request_hour_to": 13}),
                "leave 7 of 2026-03-02 ends before it begins",
            ),
            (json!({"request_date_to": "2026-03-01"}), "leave 7 from 2026-03-02 to 2026-03-01 is no range of dates"),
            (json!({"request_date_to": "2036-03-01"}), "leave 7 from 2026-03-02 to 2036-03-01 is no range of dates"),
        ] {
            assert_eq!(covers(&cells), wanted, "{cells}");
        }
    }

    #[test]
    fn a_record_without_what_it_must_have_is_named() {
        for (cells, wanted) in [
            (json!({"request_date_from": false}), "leave 7 of Odoo has no request_date_from that can be read"),
            (json!({"holiday_status_id": false}), "leave 7 of Odoo has no holiday_status_id that can be read"),
            (
                json!({"request_unit_hours": true, "request_hour_from": "25"}),
                "leave 7 of Odoo has no request_hour_from that can be read",
            ),
        ] {
            assert_eq!(leave(&cells).unwrap_err().0, wanted);
        }
        assert_eq!(leave(&json!({"employee_id": false})).unwrap().employee, None);
    }
}
