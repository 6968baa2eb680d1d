//! Reading an Odoo: public holidays, approved leave of the employees that it shares with the hub, and its employees as proposals.
//!
//! Invariants:
//! * Odoo is only read.
//! * A part that can't be read changes nothing of what it said before, and keeps no other part from being read.
//! * What is stated follows from what Odoo has now and from the settings, not from how often or when it was read.

mod leave;
mod leave_plan;
mod people;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use attendance::Holiday;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use roads::odoo::{NotRead, Odoo, OdooConfig, OdooHolidays, OdooPerson};
use roads::sink::Sink as _;
use serde::{Deserialize, Serialize};
use store::Read;
use store::sources::Page;

use self::leave::LeaveRead;
pub use self::leave_plan::LeaveKind;
pub(crate) use self::people::{listing, origin};
use super::desk::known_source;
use super::holidays::in_step;
use super::tables::password_place;
use super::{Heard, SourceSettings};
use crate::addresses;
use crate::shown_url::shown_url;
use crate::{Error, Hub};

/// Place of the holidays that Odoo told, among what a source answered.
const HOLIDAYS: &str = "holidays";

/// How an Odoo is reached, and what is read of it. Its key is sealed elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OdooSourceSettings {
    /// Its address; as lists show it, but for who gives it.
    pub url: String,
    /// The database.
    pub database: String,
    /// The user's login.
    pub user: String,
    /// The field of an employee that holds the employee's code.
    pub employee_field: String,
    /// Whether public holidays are read.
    pub holidays: bool,
    /// Whether approved leave is read.
    pub leave: bool,
    /// Whether employees are read, as proposals.
    #[serde(default)]
    pub employees: bool,
    /// What each type of leave there is here, by its name.
    pub leave_types: BTreeMap<String, LeaveKind>,
    /// First date whose holidays and leave are wanted.
    pub first: Date,
    /// Whether plain HTTP and addresses of the own network are allowed.
    pub allow_private: bool,
}

impl OdooSourceSettings {
    pub(super) fn place(&self) -> String {
        let parts = [(self.holidays, "holidays"), (self.leave, "leave"), (self.employees, "employees")];
        let parts: Vec<&str> = parts.into_iter().filter(|(is_read, _)| *is_read).map(|(_, word)| word).collect();
        format!("{}, {}: {}", shown_url(&self.url), self.database, parts.join(", "))
    }

    /// Whether it can be what is meant.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the cure.
    pub(super) fn check(&self) -> Result<(), Error> {
        if !self.holidays && !self.leave && !self.employees {
            let cure = "say --holidays, --leave or --employees, or several of them";
            return Err(Error::invalid("nothing is to be read of this Odoo", cure));
        }
        let why = |why| Error::invalid(why, "change what is given of the source");
        self.config(String::new(), None).check().map_err(why)
    }

    fn config(&self, key: String, timeout: Option<Duration>) -> OdooConfig {
        OdooConfig {
            url: self.url.clone(),
            database: self.database.clone(),
            user: self.user.clone(),
            key,
            employee_field: self.employee_field.clone(),
            allow_private: self.allow_private,
            per_second: 0,
            timeout,
        }
    }
}

/// What came of reading an Odoo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OdooRead {
    /// Of its public holidays, when they are wanted.
    pub holidays: Option<Heard>,
    /// Entries of its holidays that are none of everybody, and why.
    pub left_out: Vec<String>,
    /// Of its leave, when that is wanted and could be read.
    pub leave: Option<LeaveRead>,
    /// Employees that are listed for matching, when that is wanted and they could be read.
    pub people: Option<usize>,
    /// Why something could not be read.
    pub trouble: Vec<String>,
}

impl OdooRead {
    /// In words, for lists.
    pub fn words(&self) -> String {
        let mut words = self.trouble.clone();
        words.extend(self.holidays.as_ref().map(Heard::words).filter(|words| !words.is_empty()));
        words.extend(some_of("not taken as holidays", &self.left_out));
        words.extend(self.leave.as_ref().map(LeaveRead::words));
        words.extend(self.people.map(|count| format!("{count} employees listed for matching")));
        words.join("; ")
    }

    fn is_troubled(&self) -> bool {
        !self.trouble.is_empty() || self.holidays.as_ref().is_some_and(|heard| heard.trouble.is_some())
    }

    /// Notes why a part could not be read; what all parts suffer from is told once.
    fn fails(&mut self, why: &NotRead) {
        if !self.trouble.iter().any(|known| known == why.says()) {
            self.trouble.push(why.says().to_owned());
        }
    }
}

/// What stands in a list, the first three in words; `None` when it is empty.
fn some_of(what: &str, list: &[String]) -> Option<String> {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = list.iter().take(SHOWN).map(String::as_str).collect();
    let more = match list.len() {
        0 => return None,
        count if count > SHOWN => format!(", and {} more", count - SHOWN),
        _ => String::new(),
    };
    Some(format!("{what}: {}{more}", shown.join(", ")))
}

/// One reading: whose, of which settings, by which client.
struct Reading<'a> {
    hub: &'a Hub,
    name: &'a str,
    /// The settings as they are stored: a source that was changed meanwhile is told by them.
    body: String,
    settings: OdooSourceSettings,
    odoo: Odoo,
    today: Date,
    now: Timestamp,
}

impl Hub {
    /// Reads an Odoo, and brings what is stated in step with what it has. That it does not answer is no error: what is known stays.
    /// `timeout` for a minute when `None`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a source that is none, or no Odoo; [`Error::Invalid`] when no client can be made of its settings.
    pub fn read_odoo(
        &self,
        name: &str,
        timeout: Option<Duration>,
        clock: &dyn Fn() -> Timestamp,
    ) -> Result<OdooRead, Error> {
        let reading = self.reading(name, timeout, clock())?;
        let mut done = OdooRead::default();
        let mut is_away = false;
        if reading.settings.holidays {
            let told = reading.odoo.public_holidays(reading.first_of_year(), &self.company()?.time_zone()?);
            is_away = matches!(told, Err(NotRead::Away(_)));
            reading.take_holidays(told, &mut done)?;
        }
        // Who does not answer is not asked again at once.
        if !is_away && (reading.settings.leave || reading.settings.employees) {
            match reading.odoo.people() {
                Ok(people) => reading.take_of_people(&people, &mut done)?,
                Err(why) => done.fails(&why),
            }
        }
        if done.trouble.is_empty() {
            self.note_key_ends(&password_place(name), reading.odoo.key_ends(), clock())?;
        }
        self.store.write(|write| {
            if !reading.is_current(write)? {
                done.trouble = vec!["it was changed meanwhile; it is read again".to_owned()];
                return Ok::<_, Error>(());
            }
            let (says, now_us) = (done.words(), clock().as_microsecond());
            match done.is_troubled() {
                true => write.source_is_down(name, &says, now_us)?,
                false => write.source_is_well(name, &says, now_us)?,
            }
            Ok(())
        })?;
        Ok(done)
    }

    /// Asks an Odoo what the login may read, and what is missing; in words. Nothing is stored.
    pub(super) fn test_odoo(&self, name: &str) -> Result<String, Error> {
        let wrong = |why: &str| Error::invalid(why, "mend that, and test again");
        let reading = self.reading(name, None, Timestamp::UNIX_EPOCH)?;
        let mut says = vec![reading.odoo.greeting().map_err(|why| wrong(why.says()))?];
        let mut missing = Vec::new();
        let mut told = |answer: Result<String, NotRead>| match answer {
            Ok(words) => says.push(words),
            Err(why) => missing.push(why.says().to_owned()),
        };
        let (settings, odoo) = (&reading.settings, &reading.odoo);
        if settings.holidays {
            let usual = self.company()?.time_zone()?;
            let holidays = odoo.public_holidays(settings.first, &usual);
            told(holidays.map(|found| format!("{} public holidays from {} on", found.holidays.len(), settings.first)));
        }
        if settings.leave || settings.employees {
            told(odoo.people().map(|people| {
                let with_code = people.iter().filter(|one| !one.code.is_empty()).count();
                format!("{with_code} of {} employees have `{}`", people.len(), settings.employee_field)
            }));
        }
        if settings.leave {
            let approved = odoo.approved_leave(settings.first, &[]);
            told(approved.map(|leave| format!("{} approved leaves from {} on", leave.len(), settings.first)));
            told(odoo.leave_types().map(|types| {
                let unmapped = types.iter().filter(|one| !settings.leave_types.contains_key(*one));
                let unmapped: Vec<String> = unmapped.map(|one| format!("`{one}`")).collect();
                match unmapped.as_slice() {
                    [] => "every type of leave is given a kind".to_owned(),
                    list => format!("types of leave that --leave-type gives no kind: {}", list.join(", ")),
                }
            }));
        }
        match missing.as_slice() {
            [] => Ok(says.join("; ")),
            list => Err(wrong(&format!("{}; it may be read: {}", list.join("; "), says.join("; ")))),
        }
    }

    fn reading<'a>(&'a self, name: &'a str, timeout: Option<Duration>, now: Timestamp) -> Result<Reading<'a>, Error> {
        let (source, settings, key, zone) = self.store.read(|read| {
            let source = known_source(read, name)?;
            let SourceSettings::Odoo(mut settings) = SourceSettings::of(&source)? else {
                return Err(Error::invalid(format!("source {name} is no Odoo"), "name one that is"));
            };
            settings.url = self.whole_address(read, &addresses::of_source(name), &settings.url)?;
            let key = self.secret(read, &password_place(name))?;
            Ok((source, settings, key, crate::Company::load(read)?.time_zone()?))
        })?;
        let lacks = || Error::invalid(format!("source {name} has no key"), "add it again with its key");
        let wrong = |why| Error::invalid(format!("source {name}: {why}"), "add it again with what is right");
        let odoo = Odoo::new(settings.config(key.ok_or_else(lacks)?, timeout)).map_err(wrong)?;
        let today = now.to_zoned(zone).date();
        Ok(Reading { hub: self, name, body: source.body, settings: *settings, odoo, today, now })
    }
}

impl Reading<'_> {
    /// Holidays are known by whole years.
    fn first_of_year(&self) -> Date {
        date(self.settings.first.year(), 1, 1)
    }

    /// Whether the source is still reached as it was.
    fn is_current(&self, read: &Read<'_>) -> Result<bool, Error> {
        Ok(read.sources()?.iter().any(|source| source.name == self.name && source.body == self.body))
    }

    /// Takes what concerns single employees.
    fn take_of_people(&self, people: &[OdooPerson], done: &mut OdooRead) -> Result<(), Error> {
        if self.settings.employees && self.hub.store.read(|read| self.is_current(read))? {
            done.people = Some(self.take_people(people)?);
        }
        if self.settings.leave {
            match self.approved() {
                Ok(approved) => done.leave = Some(self.take_leave(&approved, people)?),
                Err(why) => done.fails(&why),
            }
        }
        Ok(())
    }

    /// Keeps what was told of holidays, and states what follows from what is known of them.
    fn take_holidays(&self, told: Result<OdooHolidays, NotRead>, done: &mut OdooRead) -> Result<(), Error> {
        let unreadable = |error: serde_json::Error| Error::Damaged { what: "calendar", detail: error.to_string() };
        let needed: BTreeSet<i16> = (self.settings.first.year()..=self.today.year()).collect();
        let new = match told {
            Ok(OdooHolidays { holidays, left_out }) => {
                done.left_out = left_out;
                Some(serde_json::to_vec(&holidays).map_err(unreadable)?)
            }
            Err(why) => {
                done.fails(&why);
                None
            }
        };
        self.hub.store.write(|write| {
            if !self.is_current(write)? {
                return Ok(());
            }
            if let Some(body) = &new {
                let page = Page { mark: None, body: body.clone() };
                write.put_source_page(self.name, HOLIDAYS, &page, self.now.as_microsecond())?;
            }
            let mut heard = BTreeMap::<i16, Vec<Holiday>>::new();
            if let Some(page) = write.source_page(self.name, HOLIDAYS)? {
                let known: Vec<Holiday> = serde_json::from_slice(&page.body).map_err(unreadable)?;
                known.into_iter().for_each(|holiday| heard.entry(holiday.date.year()).or_default().push(holiday));
            }
            let mut holidays = in_step(write, self.name, heard, &needed, self.now)?;
            if new.is_none() {
                // Why is told already.
                holidays.trouble = None;
            }
            done.holidays = Some(holidays);
            Ok(())
        })
    }
}
