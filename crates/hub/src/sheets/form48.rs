//! The lines of a time sheet as Civil Service Form No. 48 (Daily Time Record) has them: arrival and departure before and after noon,
//! and undertime. Pure.
//!
//! The form has four times a day. Of more visits the first arrival and the last departure stand there, with the gap around noon.
//! Punches of a lunch break that count nothing, because the policy takes the first and the last punch, stand there too: the form is
//! the record of when somebody came and went. Undertime is what the rules found: tardy and left early.

use attendance::Status;
use jiff::civil::{Date, Time, Weekday, time};
use jiff::{Timestamp, Zoned};

use super::sheet::{SheetLine, TimeSheet, Visit};

/// A gap that reaches into these hours divides the day.
const LUNCH: (Time, Time) = (time(11, 0, 0, 0), time(14, 0, 0, 0));
const NOON: Time = time(12, 0, 0, 0);
/// Who leaves for the day by then has left in the morning.
const AFTER_NOON: Time = time(13, 0, 0, 0);

/// A line of the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form48Line {
    /// A.M. arrival, as it is written there.
    pub am_arrival: String,
    /// A.M. departure.
    pub am_departure: String,
    /// P.M. arrival.
    pub pm_arrival: String,
    /// P.M. departure.
    pub pm_departure: String,
    /// Minutes of undertime; written as hours and minutes.
    pub undertime_minutes: i64,
    /// What stands across the four columns of a day without times: `Saturday`, `Leave`.
    pub remark: String,
}

/// Where the times of a day stand.
#[derive(Default)]
struct Columns {
    am: (Option<Timestamp>, Option<Timestamp>),
    pm: (Option<Timestamp>, Option<Timestamp>),
}

impl TimeSheet {
    /// The lines of the form, one per date.
    pub fn form48(&self) -> Vec<Form48Line> {
        self.lines.iter().map(form48_line).collect()
    }
}

fn form48_line(line: &SheetLine) -> Form48Line {
    let columns = Columns::of(line);
    let write = |at: Option<Timestamp>, is_am| at.map_or_else(String::new, |at| written(line, at, is_am));
    let undertime = line.record.as_ref().map_or(0, |record| record.tardy_minutes + record.left_early_minutes);
    Form48Line {
        am_arrival: write(columns.am.0, true),
        am_departure: write(columns.am.1, true),
        pm_arrival: write(columns.pm.0, false),
        pm_departure: write(columns.pm.1, false),
        undertime_minutes: undertime,
        remark: if line.visits.is_empty() { remark(line) } else { String::new() },
    }
}

impl Columns {
    fn of(line: &SheetLine) -> Self {
        let arrival = line.visits.iter().find_map(|visit| visit.arrival.map(|mark| mark.at));
        let departure = line.visits.iter().rev().find_map(|visit| visit.departure.map(|mark| mark.at));
        if let Some((out, back)) = gap(line) {
            return Self { am: (arrival, Some(out)), pm: (back, departure) };
        }
        let clock = |at: Timestamp| at.to_zoned(line.zone.clone());
        let is_morning = arrival.is_some_and(|at| is_before(&clock(at), line.date, NOON));
        let leaves_early = departure.is_some_and(|at| is_before(&clock(at), line.date, AFTER_NOON));
        let mut columns = Self::default();
        if is_morning {
            columns.am.0 = arrival;
        } else {
            columns.pm.0 = arrival;
        }
        if leaves_early {
            columns.am.1 = departure;
        } else {
            columns.pm.1 = departure;
        }
        columns
    }
}

/// When somebody left for lunch and, where that is known, came back.
fn gap(line: &SheetLine) -> Option<(Timestamp, Option<Timestamp>)> {
    let clock = |at: Timestamp| at.to_zoned(line.zone.clone());
    let is_at_lunch =
        |at: Timestamp| !is_before(&clock(at), line.date, LUNCH.0) && is_before(&clock(at), line.date, LUNCH.1);
    let between_visits = line.visits.windows(2).find_map(|pair| {
        let [Visit { departure: Some(out), .. }, Visit { arrival: Some(back), .. }] = pair else { return None };
        (is_at_lunch(out.at) || is_at_lunch(back.at)).then_some((out.at, Some(back.at)))
    });
    between_visits.or_else(|| {
        let at_lunch: Vec<Timestamp> = line.between.iter().copied().filter(|at| is_at_lunch(*at)).collect();
        let (out, back) = (at_lunch.first()?, at_lunch.last()?);
        Some((*out, Some(*back).filter(|back| back != out)))
    })
}

/// Whether a time comes before a clock time of a work date.
fn is_before(at: &Zoned, date: Date, clock: Time) -> bool {
    (at.date(), at.time()) < (date, clock)
}

/// `7:58`, as the column says which half of the day it is; where it is the other one, or another date, that is written.
fn written(line: &SheetLine, at: Timestamp, is_am: bool) -> String {
    let civil = at.to_zoned(line.zone.clone());
    let is_told = match is_am {
        true => is_before(&civil, line.date, AFTER_NOON),
        false => !is_before(&civil, line.date, NOON) && civil.date() == line.date,
    };
    let half = if is_told { "" } else { " %p" };
    let days = civil.date().since(line.date).map_or(0, |span| span.get_days());
    let other_date = if days == 0 { String::new() } else { format!(" {days:+}") };
    format!("{}{other_date}", civil.strftime(&format!("%-I:%M{half}")))
}

/// What is written where no time is.
fn remark(line: &SheetLine) -> String {
    let weekend = match line.date.weekday() {
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
        _ => "",
    };
    let status = line.record.as_ref().map(|record| record.status);
    let told = match (&line.holiday, status) {
        (Some(name), _) if name.is_empty() => "Holiday",
        (Some(name), _) => name,
        (None, Some(Status::Leave)) => "Leave",
        (None, Some(Status::Offsite)) => "Official business",
        (None, Some(Status::Absent)) => "Absent",
        (None, Some(Status::Deferred)) if weekend.is_empty() => "not judged yet",
        (None, Some(Status::Off)) if weekend.is_empty() => "Day off",
        _ => weekend,
    };
    told.to_owned()
}
