//! The company: its zone, the versions of its policy, its timetables and calendar. One setting, with its history in the audit
//! trail.

use attendance::bank::{Bank, BankPolicy};
use attendance::{Assignment, Calendar, DateRange, Policies, PolicyVersion, Rulebook, Timetables};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use store::facts::Subject;
use store::{Read, Write};

use crate::marks::mark_all;
use crate::replay::{Replay, note};
use crate::resolve::ALWAYS;
use crate::stated::Stated;
use crate::view::HeldReason;
use crate::{Actor, Error, Hub, zones};

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
    /// The rules' knobs and checks: versions, each with the work date from which it holds.
    pub policies: Policies,
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
            policies: Policies::default(),
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
        let book = Rulebook::new(self.policies.clone(), self.timetables.clone(), calendar);
        book.map_err(|error| Error::invalid(error.to_string(), "change the company's policies, timetables or calendar"))
    }

    /// First date of the workweek of a date (rules 14.1).
    pub(crate) fn week_of(&self, date: Date) -> Date {
        self.policies.week_of(date)
    }

    /// First dates of the workweeks that hold a range of dates; none of an inverted one.
    pub(crate) fn weeks(&self, range: DateRange) -> impl Iterator<Item = Date> {
        let next = move |week: &Date| self.policies.workweek(*week).to.checked_add(1.day()).ok();
        let first = (range.from <= range.to).then(|| self.week_of(range.from));
        std::iter::successors(first, next).take_while(move |week| *week <= range.to)
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
    /// [`Error::Invalid`] when zone or policies are not valid; nothing changes then.
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

    /// Adds a version of the policy, or replaces the one of the same date. Only the dates on which it changes something are
    /// marked to be derived (rules 17.2).
    ///
    /// # Errors
    /// [`Error::Invalid`] for a policy with a setting out of range, which it names; nothing changes then.
    pub fn set_policy(&self, actor: &Actor, version: &PolicyVersion, now: Timestamp) -> Result<(), Error> {
        self.change_policies(actor, ("policy.set", version.from), now, |known| Ok(known.with(version.clone())))
    }

    /// Withdraws the version of the policy that holds from a date; the one before it goes on.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no version begins on that date.
    pub fn withdraw_policy(&self, actor: &Actor, from: Date, now: Timestamp) -> Result<(), Error> {
        self.change_policies(actor, ("policy.withdraw", Some(from)), now, |known| {
            let missing =
                || Error::NotFound(format!("policy that holds from {from}; `punchclock company show` lists them"));
            known.without(from).ok_or_else(missing)
        })
    }

    fn change_policies(
        &self,
        actor: &Actor,
        (action, from): (&str, Option<Date>),
        now: Timestamp,
        changed: impl FnOnce(Policies) -> Result<Policies, Error>,
    ) -> Result<(), Error> {
        self.store.write(|write| {
            let before = Company::load(write)?;
            let after = Company { policies: changed(before.policies.clone())?, ..before.clone() };
            after.book(after.calendar.clone())?;
            crate::stating::check_all(write, &after, now)?;
            change(write, &before, &after, now)?;
            let object = from.map_or_else(|| "from the beginning".to_owned(), |from| format!("from {from}"));
            Ok(write.audit(&actor.entry(now, action, &object, after.json()?))?)
        })
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
        zones::Before::of_all(write, before)?.followed(write, after, now)?;
    }
    if before.earliest_date != after.earliest_date {
        note(write, Replay::Reason, HeldReason::ImplausibleTime.word())?;
    }
    let is_only_policies = Company { policies: after.policies.clone(), ..before.clone() } == *after;
    if !is_only_policies {
        return mark_all(write, after, ALWAYS, now);
    }
    for DateRange { from, to } in before.policies.differing(&after.policies) {
        // One more on each side, where boundaries of dates may move (rules 17.2).
        mark_all(write, after, (from.saturating_sub(1.day()), to.saturating_add(1.day())), now)?;
    }
    Ok(())
}
