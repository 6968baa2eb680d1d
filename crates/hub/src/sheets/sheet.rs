//! The time sheet of a month as a value, laid out from what is stored of its days. Pure.
//!
//! Invariants:
//! * The figures are those of the stored days, as lists and payroll have them; nothing is computed again here.
//! * Arrivals and departures are those that made the figures. Where the facts say another day by now, as of a locked date that
//!   something came too late for, the ends of the stored day are shown, and the line says so.

use std::collections::BTreeMap;

use attendance::trace::Role;
use attendance::{DayRecord, DayTrace, Totals, Zones};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::month::Month;

/// A month of an employee, a line per date.
#[derive(Clone, Debug)]
pub struct TimeSheet {
    /// Employee code.
    pub code: String,
    /// Employee name; the code when none is known.
    pub name: String,
    /// Code of the employee as whom this one counts: the days are on the other's sheet.
    pub counts_as: Option<String>,
    /// Where the employee belongs on the last date of the month: name of the site, or its code.
    pub site: Option<String>,
    /// Name of the department on that date, or its code.
    pub department: Option<String>,
    /// The month.
    pub month: Month,
    /// One per date.
    pub lines: Vec<SheetLine>,
    /// Sums of the stored days (rules 14.6); a day that is not judged counts nothing.
    pub totals: Totals,
    /// Minutes of leave.
    pub leave_minutes: i64,
    /// Whether the dates are locked for payroll.
    pub lock: SheetLock,
    /// The hours that are to be kept, as the timetables of the month have them.
    pub official_hours: OfficialHours,
}

/// Whether the dates of a month are locked for payroll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetLock {
    /// None of them.
    Open,
    /// Some of them.
    Partly,
    /// All of them.
    Locked,
}

/// Hours of arrival and departure in words; empty where nothing is planned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfficialHours {
    /// On Mondays to Fridays.
    pub regular_days: String,
    /// On Saturdays.
    pub saturdays: String,
}

/// A date of a time sheet.
#[derive(Clone, Debug)]
pub struct SheetLine {
    /// The date.
    pub date: Date,
    /// Zone in which its times are shown.
    pub zone: TimeZone,
    /// The stored day; `None` when there is none.
    pub record: Option<DayRecord>,
    /// Arrivals and departures, in order.
    pub visits: Vec<Visit>,
    /// Punches in between that count nothing, because the policy takes the first and the last one.
    pub between: Vec<Timestamp>,
    /// Name of the holiday on the date; empty for one without a name.
    pub holiday: Option<String>,
    /// A correction made the day what it is.
    pub is_corrected: bool,
    /// The date is locked for payroll.
    pub is_locked: bool,
    /// The facts say another day by now: a derivation is due, or the date is locked.
    pub is_behind: bool,
}

/// An arrival and the departure that goes with it; one of them may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The arrival.
    pub arrival: Option<Mark>,
    /// The departure.
    pub departure: Option<Mark>,
}

/// A time of arrival or departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// A correction added it; no terminal heard it.
    pub is_added: bool,
}

/// What is known of one employee and month.
pub(super) struct Known {
    pub(super) zones: Zones,
    pub(super) stored: Vec<DayRecord>,
    /// The days as the facts have them now, with their traces.
    pub(super) explained: Vec<(DayRecord, DayTrace)>,
    /// The days as they were without any correction; none where there is no correction.
    pub(super) uncorrected: Vec<DayRecord>,
    pub(super) holidays: BTreeMap<Date, String>,
    pub(super) locks: Vec<(Date, Date)>,
}

/// The lines of a month.
pub(super) fn lines(month: Month, known: &Known) -> Vec<SheetLine> {
    month.dates().map(|date| line(date, known)).collect()
}

fn line(date: Date, known: &Known) -> SheetLine {
    let stored = known.stored.iter().find(|record| record.date == date);
    let explained = known.explained.iter().find(|(record, _)| record.date == date);
    let same = explained.filter(|(record, _)| Some(record) == stored);
    let visits = match (same, stored) {
        (Some((_, trace)), _) => visits(trace),
        (None, Some(record)) => ends(record),
        (None, None) => Vec::new(),
    };
    let uncorrected = known.uncorrected.iter().find(|record| record.date == date);
    SheetLine {
        date,
        zone: known.zones.on(date).clone(),
        record: stored.cloned(),
        visits,
        between: same.map(|(_, trace)| of_role(trace, Role::Between)).unwrap_or_default(),
        holiday: known.holidays.get(&date).cloned(),
        is_corrected: same.is_some() && uncorrected.is_some_and(|record| Some(record) != stored),
        is_locked: known.locks.iter().any(|(first, last)| (*first..=*last).contains(&date)),
        is_behind: explained.is_some() && same.is_none(),
    }
}

/// The pairs of a trace and the punches without partner, in order. Of a date that is not judged, its punches as they came.
fn visits(trace: &DayTrace) -> Vec<Visit> {
    let mark = |at: i64| {
        // Figures stand on whole minutes.
        let is_it = |minute: i64| minute.div_euclid(60) == at.div_euclid(60);
        let is_added = trace.punches.iter().any(|punch| punch.adjustment.is_some() && is_it(punch.at));
        Some(Mark { at: instant(at), is_added })
    };
    let pairs = trace.sessions.iter().map(|session| (session.from, mark(session.from), mark(session.to)));
    let open = trace.orphans.iter().map(|orphan| match orphan.role {
        Role::OrphanDeparture => (orphan.at, None, mark(orphan.at)),
        _ => (orphan.at, mark(orphan.at), None),
    });
    let pending = trace.punches.iter().filter(|punch| punch.role == Role::Pending);
    let pending = pending.map(|punch| (punch.at, mark(punch.at), None));
    let mut all: Vec<_> = pairs.chain(open).chain(pending).collect();
    all.sort_by_key(|(at, ..)| *at);
    all.into_iter().map(|(_, arrival, departure)| Visit { arrival, departure }).collect()
}

/// What a stored day itself knows of arrival and departure.
fn ends(record: &DayRecord) -> Vec<Visit> {
    let mark = |at: Option<i64>| at.map(|at| Mark { at: instant(at), is_added: false });
    let visit = Visit { arrival: mark(record.first_in), departure: mark(record.last_out) };
    Vec::from_iter((visit.arrival.is_some() || visit.departure.is_some()).then_some(visit))
}

fn of_role(trace: &DayTrace, role: Role) -> Vec<Timestamp> {
    trace.punches.iter().filter(|punch| punch.role == role).map(|punch| instant(punch.at)).collect()
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl SheetLock {
    /// Of lines.
    pub(super) fn of(lines: &[SheetLine]) -> Self {
        match lines.iter().filter(|line| line.is_locked).count() {
            0 => Self::Open,
            all if all == lines.len() => Self::Locked,
            _ => Self::Partly,
        }
    }

    /// The word in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Partly => "partly",
            Self::Locked => "locked",
        }
    }
}

impl TimeSheet {
    /// Dates with a stored day that is not judged yet.
    pub fn unjudged_days(&self) -> usize {
        self.lines.iter().filter_map(|line| line.record.as_ref()).filter(|record| !record.is_judged()).count()
    }

    /// Minutes of undertime (rules: tardy and left early).
    pub fn undertime_minutes(&self) -> i64 {
        self.totals.tardy_minutes + self.totals.left_early_minutes
    }

    /// The zones of the month with their offsets, in words: `Asia/Manila (UTC+08:00)`.
    pub fn zones(&self) -> String {
        let mut told: Vec<String> = Vec::new();
        let mut before: Option<(String, String)> = None;
        for line in &self.lines {
            let Ok(noon) = line.date.at(12, 0, 0, 0).to_zoned(line.zone.clone()) else { continue };
            let now = (line.zone.iana_name().unwrap_or("UTC").to_owned(), noon.strftime("%:z").to_string());
            let since = line.date.strftime("%-d %b");
            match &before {
                Some(known) if *known == now => continue,
                None => told.push(format!("{} (UTC{})", now.0, now.1)),
                Some((zone, _)) if *zone == now.0 => told.push(format!("from {since} UTC{}", now.1)),
                Some(_) => told.push(format!("from {since} {} (UTC{})", now.0, now.1)),
            }
            before = Some(now);
        }
        told.join(", ")
    }
}
