//! The company: its zone, its policy, its timetables and calendar. One setting, with its history in the audit trail.

use attendance::bank::{Bank, BankPolicy};
use attendance::{Assignment, Calendar, Policy, Rulebook, Timetables, Weekday};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use store::facts::Subject;
use store::{Read, Write};

use crate::facts::zone_of;
use crate::replay::{Replay, note};
use crate::resolve::{ALWAYS, refresh_punch_dates};
use crate::stated::Stated;
use crate::view::HeldReason;
use crate::{Actor, Error, Hub};

pub(crate) const SETTING: &str = "company";

/// What all employees share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Company {
    /// IANA zone of the company; `None` until a terminal or a person names one (then UTC is used).
    pub zone: Option<String>,
    /// A printed time before this date is a clock fault.
    pub earliest_date: Date,
    /// How many days the days of people wait for terminals that are read regularly and have not delivered (rules 10, the
    /// watermark). 0 never waits.
    pub wait_for_terminals_days: u16,
    /// The rules' knobs.
    pub policy: Policy,
    /// Timetables by code.
    pub timetables: Timetables,
    /// Who works when, unless a person has assignments of their own.
    pub assignments: Vec<Assignment>,
    /// Holidays and make-up days.
    pub calendar: Calendar,
    /// The time-off bank, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank: Option<BankPolicy>,
}

impl Default for Company {
    fn default() -> Self {
        Self {
            zone: None,
            earliest_date: Date::constant(2005, 1, 1),
            wait_for_terminals_days: 3,
            policy: Policy::default(),
            timetables: attendance::default_timetables(),
            assignments: attendance::default_assignments(),
            calendar: Calendar::default(),
            bank: None,
        }
    }
}

impl Company {
    /// Reads it from a snapshot; the defaults until somebody changed them.
    pub(crate) fn load(read: &Read<'_>) -> Result<Self, Error> {
        let Some(text) = read.setting(SETTING)? else { return Ok(Self::default()) };
        serde_json::from_str(&text).map_err(|error| Error::Damaged { what: "company", detail: error.to_string() })
    }

    pub(crate) fn save(&self, write: &Write<'_>) -> Result<(), Error> {
        Ok(write.put_setting(SETTING, &self.json()?)?)
    }

    fn json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::Damaged { what: "company", detail: error.to_string() })
    }

    /// The zone to give a terminal that is named without one: none when the company has a zone, else that of this machine.
    /// So a first terminal's zone is stated and shown, never guessed in silence.
    pub fn zone_for_first_terminal(&self, given: Option<String>, machine: &TimeZone) -> Option<String> {
        let machine_zone = || machine.iana_name().unwrap_or("UTC").to_owned();
        given.or_else(|| self.zone.is_none().then(machine_zone))
    }

    /// The zone of the company.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a zone that the time zone database does not know.
    pub fn time_zone(&self) -> Result<TimeZone, Error> {
        self.zone.as_deref().map_or(Ok(TimeZone::UTC), zone)
    }

    /// The compiled rules as they were at an instant, and the digest of everything that they depend on.
    pub(crate) fn rulebook(&self, read: &Read<'_>, as_of: Timestamp) -> Result<(Rulebook, blake3::Hash), Error> {
        let mut calendar = self.calendar.clone();
        for fact in read.facts_of(&Subject::Company, ALWAYS.0, ALWAYS.1, as_of.as_microsecond())? {
            add_to_calendar(&mut calendar, Stated::of(&fact)?);
        }
        let listed = serde_json::to_string(&calendar)
            .map_err(|error| Error::Damaged { what: "calendar", detail: error.to_string() })?;
        let digest = blake3::hash(format!("{}{listed}", self.json()?).as_bytes());
        Ok((self.book(calendar)?, digest))
    }

    /// The rules with another calendar.
    pub(crate) fn book(&self, calendar: Calendar) -> Result<Rulebook, Error> {
        let book = Rulebook::new(self.policy.clone(), self.timetables.clone(), calendar);
        book.map_err(|error| Error::invalid(error.to_string(), "change the company's policy, timetables or calendar"))
    }

    /// First date of the workweek of a date (rules 14.1).
    pub(crate) fn week_of(&self, date: Date) -> Date {
        let place = |day: Weekday| i64::try_from(day.from_monday()).unwrap_or_default();
        let since_start = place(date.weekday().into()) - place(self.policy.week_start);
        date.saturating_sub(since_start.rem_euclid(7).days())
    }
}

/// The time zone of an IANA name.
pub(crate) fn zone(name: &str) -> Result<TimeZone, Error> {
    TimeZone::get(name).map_err(|_| {
        Error::invalid(format!("`{name}` is no time zone"), "use a name like Asia/Manila or Europe/Berlin, or UTC")
    })
}

impl Hub {
    /// The company as it is now.
    ///
    /// # Errors
    /// Of the store.
    pub fn company(&self) -> Result<Company, Error> {
        self.store.read(Company::load)
    }

    /// Changes the company. Everything that depends on it is marked to be derived, or replayed.
    ///
    /// # Errors
    /// [`Error::Invalid`] when zone or policy are not valid; nothing changes then.
    pub fn set_company(&self, actor: &Actor, company: &Company, now: jiff::Timestamp) -> Result<(), Error> {
        company.time_zone()?;
        company.book(company.calendar.clone())?;
        if let Some(policy) = company.bank.clone() {
            Bank::new(policy).map_err(|error| Error::invalid(error.to_string(), "change the company's bank"))?;
        }
        self.store.write(|write| {
            let before = Company::load(write)?;
            crate::stating::check_all(write, company, now)?;
            change(write, &before, company, now)?;
            Ok::<_, Error>(write.audit(&actor.entry(now, "company.change", "company", company.json()?))?)
        })?;
        self.resume_replays(now).map(drop)
    }
}

/// Adds what a statement says of the calendar, if it does.
pub(crate) fn add_to_calendar(calendar: &mut Calendar, stated: Stated) {
    match stated {
        Stated::Holiday(holiday) => calendar.holidays.push(holiday),
        Stated::Workday(workday) => calendar.workdays.push(workday),
        Stated::Unavailable(prefix) => calendar.unavailable.push(prefix),
        _ => {}
    }
}

/// Stores a changed company, with everything that follows from the change.
pub(crate) fn change(write: &Write<'_>, before: &Company, after: &Company, now: jiff::Timestamp) -> Result<(), Error> {
    after.save(write)?;
    if before.zone != after.zone {
        for (terminal, _) in write.terminals()? {
            if terminal.zone.is_none() {
                write.forget_clock(&terminal.serial)?;
                note(write, Replay::Terminal, &terminal.serial)?;
            }
        }
        for employee in write.employees()? {
            refresh_punch_dates(write, &employee, &zone_of(after, &employee)?)?;
        }
    }
    if before.earliest_date != after.earliest_date {
        note(write, Replay::Reason, HeldReason::ImplausibleTime.word())?;
    }
    crate::derive::mark_all(write, after, now)
}
