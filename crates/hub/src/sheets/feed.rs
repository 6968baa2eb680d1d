//! The calendar of an employee as a feed: planned shifts, leave, offsite work, holidays and judged days, for programs that poll an
//! address and can't sign in.
//!
//! Invariants:
//! * An address holds a token of its own kind, which opens the feed of one employee and nothing else; it is stored as a hash, like all.
//! * One address of an employee is open at a time: a new one closes the one before. Both are audited.
//! * One event per date, known by date and employee: a plan that is lived through becomes a day, stamped later.
//! * Nothing that somebody gave as a reason is told.

use std::collections::BTreeMap;

use attendance::{DayRecord, Planned, PlannedDay, Status};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use roads::feed::{FeedEvent, When, feed};
use store::access::Token;
use store::people::Employee;
use store::{Read, Write};

use crate::access::{hash_token, token_text};
use crate::company::Company;
use crate::erasing::is_erased;
use crate::keep::record;
use crate::registry::employee;
use crate::zones::ZoneBook;
use crate::{Actor, Error, Hub};

/// The first word of the kind of such a token; the employee's id follows.
pub(crate) const KIND: &str = "calendar";
/// Dates before and after today that are told.
const DATES: (i64, i64) = (62, 186);

/// A feed as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarFeed {
    /// The iCalendar text.
    pub text: String,
    /// When its latest event became what it is, or today began, whichever is later.
    pub modified: Timestamp,
    /// Digest of the text.
    pub digest: String,
}

impl Hub {
    /// Opens the feed of an employee under a new token, made of 32 random bytes; one that was open before is closed. Returns the text of
    /// the token, which is shown once and never stored.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee.
    pub fn open_calendar(&self, actor: &Actor, code: &str, random: [u8; 32], now: Timestamp) -> Result<String, Error> {
        let text = token_text(&random);
        self.store.write(|write| {
            let person = employee(write, code.trim())?;
            let before = tokens_of(write, person.id)?;
            revoke(write, &before, now)?;
            let token = Token {
                name: format!("{} {}", kind(person.id), before.len() + 1),
                kind: kind(person.id),
                created_us: now.as_microsecond(),
                revoked_us: None,
            };
            if !write.add_token(&token, &hash_token(text.as_bytes()))? {
                let what = format!("the token name {} is taken", token.name);
                return Err(Error::invalid(what, "revoke that token, and make another"));
            }
            Ok(write.audit(&actor.entry(now, "calendar.open", &person.code, &token.name))?)
        })?;
        Ok(text)
    }

    /// Closes the feed of an employee: its address opens nothing any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee, and one whose feed is not open.
    pub fn close_calendar(&self, actor: &Actor, code: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let person = employee(write, code.trim())?;
            if !revoke(write, &tokens_of(write, person.id)?, now)? {
                return Err(Error::NotFound(format!("open calendar of employee {}", person.code)));
            }
            Ok(write.audit(&actor.entry(now, "calendar.close", &person.code, ""))?)
        })
    }

    /// Since when the feed of an employee is open, if it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee.
    pub fn calendar_since(&self, code: &str) -> Result<Option<Timestamp>, Error> {
        self.store.read(|read| {
            let open =
                tokens_of(read, employee(read, code.trim())?.id)?.into_iter().find(|one| one.revoked_us.is_none());
            Ok(open.and_then(|token| Timestamp::from_microsecond(token.created_us).ok()))
        })
    }

    /// The feed that a token opens; `None` for one that opens none.
    ///
    /// # Errors
    /// Of the store.
    pub fn calendar(&self, token: &str, now: Timestamp) -> Result<Option<CalendarFeed>, Error> {
        let hash = hash_token(token.trim().as_bytes());
        self.store.read(|read| {
            let token = read.token(&hash)?;
            let id = token.and_then(|token| token.kind.strip_prefix(KIND)?.trim().parse::<i64>().ok());
            let Some(person) = id.map(|id| read.employee(id)).transpose()?.flatten() else { return Ok(None) };
            if is_erased(&person) {
                return Ok(None);
            }
            // The days of one who counts as another are the other's.
            let person = match person.merged_into {
                Some(into) => read.employee(into)?.unwrap_or(person),
                None => person,
            };
            written(read, &person, now).map(Some)
        })
    }
}

fn kind(id: i64) -> String {
    format!("{KIND} {id}")
}

fn tokens_of(read: &Read<'_>, id: i64) -> Result<Vec<Token>, Error> {
    let kind = kind(id);
    Ok(read.tokens()?.into_iter().filter(|token| token.kind == kind).collect())
}

/// Whether any of them was open.
fn revoke(write: &Write<'_>, tokens: &[Token], now: Timestamp) -> Result<bool, Error> {
    let mut was_open = false;
    for token in tokens.iter().filter(|token| token.revoked_us.is_none()) {
        was_open |= write.revoke_token(&token.name, now.as_microsecond())?;
    }
    Ok(was_open)
}

fn written(read: &Read<'_>, person: &Employee, now: Timestamp) -> Result<CalendarFeed, Error> {
    let company = Company::load(read)?;
    let (book, _) = company.rulebook(read, now)?;
    let zones = ZoneBook::load(read, &company)?.employee(read, person)?;
    let today = zones.date(now);
    let (first, last) = (today.saturating_sub(DATES.0.days()), today.saturating_add(DATES.1.days()));
    let holiday = |date: Date| {
        let named = book.calendar().holidays.iter().find(|holiday| holiday.date == date)?;
        Some(if named.name.is_empty() { "Holiday".to_owned() } else { named.name.clone() })
    };
    let mut events: BTreeMap<Date, (i64, Told)> = BTreeMap::new();
    for stored in read.plans_of(person.id, first, last)? {
        let plan: PlannedDay = serde_json::from_str(&stored.plan)
            .map_err(|error| Error::Damaged { what: "planned day", detail: error.to_string() })?;
        events.insert(plan.date, (stored.generated_us, planned(&plan, holiday(plan.date))));
    }
    for stored in read.days_of(person.id, first, last)? {
        let day = record(&stored)?;
        let (stamp_us, told) = events.entry(day.date).or_default();
        // What is derived counts although it's not told: a day that is not judged any more must not get an older stamp.
        *stamp_us = stored.derived_us.max(*stamp_us);
        // Until it is judged the plan is what is known of a date.
        if day.is_judged() {
            *told = judged(&day, holiday(day.date));
        }
    }
    let events: Vec<FeedEvent> =
        events.into_iter().filter_map(|(date, (stamp_us, told))| event(person, date, stamp_us, told)).collect();
    let text = feed(&format!("{}, attendance", person.shown_name()), &events);
    // With each date that begins, one enters and one leaves. The digest alone knows of an event that is withdrawn within a date.
    let begun = zones.midnight(today).unwrap_or(Timestamp::UNIX_EPOCH);
    let modified = events.iter().map(|event| event.stamp).max().map_or(begun, |latest| latest.max(begun));
    Ok(CalendarFeed { digest: blake3::hash(text.as_bytes()).to_hex()[..32].to_owned(), text, modified })
}

fn uid(person: &Employee, date: Date) -> String {
    format!("{date}.{}@punchclock", person.id)
}

/// What is told of a date: when, in a few words, and more of it.
type Told = Option<(When, String, String)>;

fn event(person: &Employee, date: Date, stamp_us: i64, told: Told) -> Option<FeedEvent> {
    let (when, summary, description) = told?;
    let stamp = Timestamp::from_second(stamp_us.div_euclid(1_000_000)).unwrap_or(Timestamp::UNIX_EPOCH);
    Some(FeedEvent { uid: uid(person, date), stamp, when, summary, description })
}

/// A plan in words.
fn planned(plan: &PlannedDay, holiday: Option<String>) -> Told {
    let whole = |summary: &str| Some((When::Date(plan.date), summary.to_owned(), String::new()));
    let shift = plan.shift.as_ref().map_or_else(String::new, ToString::to_string);
    match plan.planned() {
        Planned::Shift => {
            let away = [("leave", plan.leave_minutes), ("offsite", plan.offsite_minutes)];
            let away = away.into_iter().filter(|(_, minutes)| *minutes > 0);
            let parts = away.map(|(what, minutes)| format!("{what} {}", hours(minutes)));
            let more = std::iter::once(format!("planned {}", hours(plan.scheduled_minutes))).chain(parts);
            let when = span(plan.start, plan.end).unwrap_or(When::Date(plan.date));
            Some((when, format!("Shift {shift}"), more.collect::<Vec<_>>().join(", ")))
        }
        Planned::Away if plan.leave_minutes >= plan.offsite_minutes => whole("Leave"),
        Planned::Away => whole("Offsite work"),
        Planned::Holiday => whole(&holiday.unwrap_or_else(|| "Holiday".to_owned())),
        Planned::Off | Planned::Missing => None,
    }
}

/// A judged day in words.
fn judged(day: &DayRecord, holiday: Option<String>) -> Told {
    let figures = [("tardy", day.tardy_minutes), ("left early", day.left_early_minutes), ("leave", day.leave_minutes)];
    let figures = figures.into_iter().filter(|(_, minutes)| *minutes > 0);
    let more = figures.map(|(what, minutes)| format!("{what} {}", hours(minutes))).chain(holiday.clone());
    let more = more.collect::<Vec<_>>().join(", ");
    let summary = match day.status {
        Status::Present | Status::HalfDay => format!("Worked {}", hours(day.worked_minutes)),
        Status::Incomplete => "A punch is missing".to_owned(),
        Status::Absent => "Absent".to_owned(),
        Status::Leave => "Leave".to_owned(),
        Status::Offsite => "Offsite work".to_owned(),
        Status::Off | Status::Deferred => holiday?,
    };
    Some((span(day.first_in, day.last_out).unwrap_or(When::Date(day.date)), summary, more))
}

fn span(from: Option<i64>, to: Option<i64>) -> Option<When> {
    let at = |seconds: i64| Timestamp::from_second(seconds).ok();
    let (from, to) = (at(from?)?, at(to?)?);
    (from < to).then_some(When::Span(from, to))
}

fn hours(minutes: i64) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}
