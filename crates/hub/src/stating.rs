//! Stating: a statement is checked, becomes a fact in force, and the weeks that it touches are marked.
//!
//! Invariants:
//! * A statement, the marks of the weeks that it touches, and its entry in the audit trail are one transaction.
//! * Stating the same again changes nothing; stating something else under the same key replaces it, and both stay on record.
//! * What concerns a terminal's clock touches the punches of its range, wherever their days are: a replay of them is noted instead.
//! * What the rules can't use is refused when it is stated, so that a derivation never meets it; so is what would change nothing.

use attendance::{Change, DateRange, Employment, PersonError};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use store::facts::{Fact, NewFact, Subject};
use store::people::Employee;
use store::{Read, Write};

use crate::company::Company;
use crate::facts::{Statements, employment};
use crate::marks::{mark_all, mark_range};
use crate::merge;
use crate::registry::employee;
use crate::replay::{Replay, note};
use crate::resolve::ALWAYS;
use crate::roster::range;
use crate::stated::{Became, InForce, Stated, Whom};
use crate::zones::{ZoneBook, zones_of};
use crate::{Actor, Error, Hub};

impl Hub {
    /// States something. The same again is [`Became::Known`], whoever says it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee, [`Error::Invalid`] for what the rules can't use; nothing changes then.
    pub fn state(
        &self,
        actor: &Actor,
        whom: &Whom,
        stated: &Stated,
        reason: &str,
        now: Timestamp,
    ) -> Result<Became, Error> {
        self.store.write(|write| state(write, actor, whom, stated, reason, now))
    }

    /// Withdraws a statement by its number.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nothing of that number is in force.
    pub fn withdraw(&self, actor: &Actor, number: i64, reason: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let missing = || Error::NotFound(format!("statement {number} in force; `punchclock fact list` shows them"));
            let fact = write.fact(number)?.filter(|fact| fact.withdrawn.is_none()).ok_or_else(missing)?;
            withdraw(write, actor, &fact, reason, now)
        })?;
        self.resume_replays(now).map(drop)
    }

    /// The statements of a kind in force that touch a range of work dates, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn in_force(&self, kind: &str, from: Date, to: Date) -> Result<Vec<InForce>, Error> {
        self.store.read(|read| {
            let facts = read.facts_of_kind(kind, from, to)?;
            facts.iter().map(|fact| in_force(read, fact)).collect()
        })
    }
}

/// As [`Hub::state`], inside a transaction.
pub(crate) fn state(
    write: &Write<'_>,
    actor: &Actor,
    whom: &Whom,
    stated: &Stated,
    reason: &str,
    now: Timestamp,
) -> Result<Became, Error> {
    let company = Company::load(write)?;
    let place = Place::find(write, whom)?;
    check(write, &company, &place, whom, stated, now)?;
    let (became, before) = became(write, &place.subject, stated)?;
    if became == Became::Known {
        return Ok(became);
    }
    let (first, last) = dates(write, &company, &place, stated)?;
    if let Some(before) = before {
        write.withdraw_fact(before.number, now.as_microsecond(), &actor.name)?;
        touch(write, &company, (before.number, &place.subject), (before.first, before.last), now)?;
    }
    let new = NewFact {
        subject: place.subject.clone(),
        kind: stated.kind(),
        key: stated.key(),
        first,
        last,
        body: stated.body()?,
        stated_us: now.as_microsecond(),
        actor: actor.name.clone(),
        reason: reason.to_owned(),
    };
    let number = write.add_fact(&new)?;
    touch(write, &company, (number, &place.subject), (first, last), now)?;
    let detail = if reason.is_empty() { new.body } else { format!("{reason}: {}", new.body) };
    let object = format!("{} {number} of {}", new.kind, whom);
    write.audit(&actor.entry(now, "fact.state", &object, detail))?;
    Ok(became)
}

/// Takes a fact out of force.
pub(crate) fn withdraw(
    write: &Write<'_>,
    actor: &Actor,
    fact: &Fact,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    write.withdraw_fact(fact.number, now.as_microsecond(), &actor.name)?;
    match fact.kind.as_str() {
        merge::KIND => merge::undo(write, fact, now)?,
        _ => touch(write, &Company::load(write)?, (fact.number, &fact.subject), (fact.first, fact.last), now)?,
    }
    let detail = format!("{reason}; it was: {}", fact.body);
    Ok(write.audit(&actor.entry(now, "fact.withdraw", &format!("{} {}", fact.kind, fact.number), detail))?)
}

/// Withdraws what was stated under the request of `all` on dates that it no longer names; whether there was any. Only absences have
/// requests that cover many dates.
pub(crate) fn withdraw_rest(
    write: &Write<'_>,
    actor: &Actor,
    whom: &Whom,
    all: &[Stated],
    reason: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some((first, request)) = all.first().and_then(|first| Some((first, first.request()?))) else {
        return Ok(false);
    };
    let place = Place::find(write, whom)?;
    let known = write.facts_of(&place.subject, ALWAYS.0, ALWAYS.1, now.as_microsecond())?;
    let mut is_any = false;
    for fact in known.iter().filter(|fact| fact.kind == first.kind()) {
        let is_named = all.iter().any(|stated| stated.key() == fact.key);
        if !is_named && Stated::of(fact)?.request() == Some(request) {
            withdraw(write, actor, fact, reason, now)?;
            is_any = true;
        }
    }
    Ok(is_any)
}

/// A subject, with the employee when it is one.
struct Place {
    subject: Subject,
    employee: Option<Employee>,
}

impl Place {
    fn find(read: &Read<'_>, whom: &Whom) -> Result<Self, Error> {
        Ok(match whom {
            Whom::Company => Self { subject: Subject::Company, employee: None },
            Whom::Group(name) if name.trim().is_empty() => {
                return Err(Error::invalid("a group needs a name", "name the group"));
            }
            Whom::Group(name) => Self { subject: Subject::Group(name.clone()), employee: None },
            Whom::Employee(code) => {
                let employee = employee(read, code)?;
                refuse_merged(read, &employee)?;
                Self { subject: Subject::Employee(employee.id), employee: Some(employee) }
            }
            Whom::Terminal(serial) => Self { subject: Subject::Terminal(serial.clone()), employee: None },
        })
    }
}

/// Refuses to state anything of an employee who counts as another one.
pub(crate) fn refuse_merged(read: &Read<'_>, employee: &Employee) -> Result<(), Error> {
    let Some(into) = employee.merged_into else { return Ok(()) };
    let into = read.employee(into)?.map_or_else(String::new, |into| into.code);
    let what = format!("employee {} counts as employee {into}", employee.code);
    Err(Error::invalid(what, format!("state it of employee {into}")))
}

/// What stating it would do, and what it would replace.
fn became(read: &Read<'_>, subject: &Subject, stated: &Stated) -> Result<(Became, Option<Fact>), Error> {
    let before = read.fact_in_force(subject, stated.kind(), &stated.key())?;
    let became = match &before {
        None => Became::New,
        Some(before) if before.body == stated.body()? => Became::Known,
        Some(_) => Became::Replaced,
    };
    Ok((became, before))
}

/// Refuses a change of the company under which something that is in force could not be used any more: a timetable that a roster
/// names, say.
pub(crate) fn check_all(read: &Read<'_>, company: &Company, now: Timestamp) -> Result<(), Error> {
    let (book, _) = company.rulebook(read, now)?;
    let always = DateRange { from: ALWAYS.0, to: ALWAYS.1 };
    let zone_book = ZoneBook::load(read, company)?;
    for employee in &read.employees()? {
        let zones = zone_book.employee(read, employee)?;
        let all = Statements::gather(read, company, Some(employee), always, now, None)?;
        all.person(&zones, (Employment::default(), &[]), &[]).check(&book).map_err(
            |PersonError { problem, .. }| {
                let what =
                    format!("what is stated of employee {} could not be used any more: {problem}", employee.code);
                Error::invalid(what, "keep what it needs, or withdraw it first (`punchclock fact list`)")
            },
        )?;
    }
    Ok(())
}

/// Refuses what the rules can't use.
fn check(
    read: &Read<'_>,
    company: &Company,
    place: &Place,
    whom: &Whom,
    stated: &Stated,
    now: Timestamp,
) -> Result<(), Error> {
    if !stated.suits(whom) {
        return Err(Error::invalid(
            format!("{} can't be stated of {}", stated.kind(), whom),
            "holidays belong to the company; leave, offsite work and corrections to an employee; shifts to a terminal",
        ));
    }
    if let (Stated::ClockShift(shift), Subject::Terminal(serial)) = (stated, &place.subject) {
        return crate::clock_shift::check(read, serial, shift);
    }
    let (first, last) = dates(read, company, place, stated)?;
    if let (Stated::Adjustment(adjustment), Some(employee)) = (stated, &place.employee) {
        check_correction(company, employee, &adjustment.change, (first, last), now)?;
    }
    let (book, _) = company.rulebook(read, now)?;
    let replaced = read.fact_in_force(&place.subject, stated.kind(), &stated.key())?.map(|fact| fact.number);
    let range = DateRange { from: first, to: last };
    let mut all = Statements::gather(read, company, place.employee.as_ref(), range, now, replaced)?;
    all.add(stated.clone());
    let zones = match &place.employee {
        Some(employee) => zones_of(read, company, employee)?,
        None => company.time_zone()?.into(),
    };
    let checked = all.person(&zones, (Employment::default(), &[]), &[]).check(&book);
    checked.map_err(|PersonError { problem, .. }| {
        Error::invalid(format!("{} of {} can't be taken: {problem}", stated.kind(), whom), "mend it")
    })?;
    match stated {
        Stated::Holiday(_) | Stated::Workday(_) | Stated::Unavailable(_) => {
            let mut calendar = book.calendar().clone();
            crate::company::add_to_calendar(&mut calendar, stated.clone());
            company.book(calendar).map(drop)
        }
        _ => Ok(()),
    }
}

/// Refuses a correction that no day would show: of something still to come, or outside the dates that are judged.
fn check_correction(
    company: &Company,
    employee: &Employee,
    change: &Change,
    (first, last): (Date, Date),
    now: Timestamp,
) -> Result<(), Error> {
    if let Change::AddPunch { at, .. } = change
        && *at > now.as_second()
    {
        return Err(Error::invalid("the punch is still to come", "add it once it has been made"));
    }
    let judged = employment(company, employee);
    let is_judged = judged
        .is_some_and(|Employment { from, to }| from.is_none_or(|from| from <= last) && to.is_none_or(|to| first <= to));
    if is_judged {
        return Ok(());
    }
    let told = |date: Option<Date>| date.map_or_else(|| "open".to_owned(), |date| date.to_string());
    let what = match judged {
        None => format!("no date of employee {} is judged", employee.code),
        Some(judged) => {
            let (from, to) = (told(judged.from), told(judged.to));
            format!("{first} of employee {} is not judged: judged are {from} to {to}", employee.code)
        }
    };
    Err(Error::invalid(what, "give the dates of employment first (`punchclock import csv --kind employees`)"))
}

/// The work dates that it touches.
fn dates(read: &Read<'_>, company: &Company, place: &Place, stated: &Stated) -> Result<(Date, Date), Error> {
    let one = |date: Date| Ok((date, date));
    match stated {
        Stated::Assignment(pattern) => Ok(range(pattern)),
        Stated::Override(one_date) => one(one_date.date),
        Stated::Modifier(modifier) => Ok((modifier.from, modifier.to)),
        Stated::Leave(leave) => one(leave.date),
        Stated::Offsite(offsite) => one(offsite.date),
        Stated::Holiday(holiday) => one(holiday.date),
        Stated::Workday(workday) => one(workday.date),
        Stated::TimeOff(event) => one(event.date()),
        Stated::Unavailable(prefix) => unavailable(prefix),
        Stated::ClockShift(shift) => Ok(shift.dates()),
        Stated::Merge(_) => Ok(ALWAYS),
        Stated::Adjustment(adjustment) => adjusted(read, company, place, &adjustment.change),
    }
}

/// The dates that a correction touches.
fn adjusted(read: &Read<'_>, company: &Company, place: &Place, change: &Change) -> Result<(Date, Date), Error> {
    let employee = place.employee.as_ref().ok_or_else(|| Error::invalid("nobody is named", "name the employee"))?;
    let zones = zones_of(read, company, employee)?;
    let civil = |at: Timestamp| zones.date(at);
    match change {
        Change::AddPunch { at, work_date, .. } => {
            let at = Timestamp::from_second(*at).map_err(|_| {
                Error::invalid("the time of the punch is no instant", "write 2026-01-31T08:00:00+08:00")
            })?;
            let date = civil(at);
            let forced = work_date.unwrap_or(date);
            Ok((date.min(forced), date.max(forced)))
        }
        Change::VoidPunch { target } => {
            let resolved = read.resolutions(&[*target])?.into_iter().flatten().find(|(owner, _)| *owner == employee.id);
            let (_, at_us) = resolved.ok_or_else(|| {
                Error::NotFound(format!(
                    "punch {target} of employee {}; `punchclock export punches` lists them",
                    employee.code
                ))
            })?;
            let date = civil(Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::UNIX_EPOCH));
            Ok((date, date))
        }
        Change::Excuse { date, .. }
        | Change::ApproveOvertime { date, .. }
        | Change::WaiveBreak { date }
        | Change::Credit { date, .. } => Ok((*date, *date)),
        Change::Revoke { target } => {
            let fact = read.fact_in_force(&place.subject, "adjustment", target)?;
            let fact =
                fact.ok_or_else(|| Error::NotFound(format!("correction {target} of employee {}", employee.code)))?;
            Ok((fact.first, fact.last))
        }
    }
}

/// The dates of a year or month.
fn unavailable(prefix: &str) -> Result<(Date, Date), Error> {
    let wrong = || Error::invalid(format!("`{prefix}` is no year and no month"), "write 2026 or 2026-03");
    let first = |text: String| text.parse::<Date>().map_err(|_| wrong());
    match prefix.len() {
        4 => Ok((first(format!("{prefix}-01-01"))?, first(format!("{prefix}-12-31"))?)),
        7 => {
            let from = first(format!("{prefix}-01"))?;
            Ok((from, from.last_of_month()))
        }
        _ => Err(wrong()),
    }
}

/// Marks the weeks that a fact touches: its dates, and one more on each side, where boundaries may move (rules 17.2). Of a terminal it
/// touches the punches, which are resolved again.
fn touch(
    write: &Write<'_>,
    company: &Company,
    (number, subject): (i64, &Subject),
    (first, last): (Date, Date),
    now: Timestamp,
) -> Result<(), Error> {
    if let Subject::Terminal(_) = subject {
        return note(write, Replay::Shifted, &number.to_string());
    }
    let (from, to) = (first.saturating_sub(1.day()), last.saturating_add(1.day()));
    let concerned = |employee: &Employee| match subject {
        Subject::Company => true,
        Subject::Group(name) => employee.group_name.as_ref() == Some(name),
        Subject::Employee(_) => true,
        Subject::Terminal(_) => false,
    };
    if *subject == Subject::Company && (first, last) == ALWAYS {
        return mark_all(write, company, ALWAYS, now);
    }
    let people = match subject {
        Subject::Employee(id) => counting(write, *id)?.into_iter().collect(),
        _ => write.employees()?,
    };
    for employee in people.iter().filter(|employee| concerned(employee)) {
        mark_range(write, company, employee, Some(from), Some(to), now)?;
    }
    Ok(())
}

/// The employee as whom one counts.
fn counting(read: &Read<'_>, id: i64) -> Result<Option<Employee>, Error> {
    let Some(employee) = read.employee(id)? else { return Ok(None) };
    Ok(match employee.merged_into {
        Some(into) => read.employee(into)?,
        None => Some(employee),
    })
}

fn in_force(read: &Read<'_>, fact: &Fact) -> Result<InForce, Error> {
    let whom = match &fact.subject {
        Subject::Company => Whom::Company,
        Subject::Group(name) => Whom::Group(name.clone()),
        Subject::Employee(id) => {
            let employee = read.employee(*id)?;
            let missing = || Error::Damaged { what: "fact", detail: format!("employee {id} is missing") };
            Whom::Employee(employee.ok_or_else(missing)?.code)
        }
        Subject::Terminal(serial) => Whom::Terminal(serial.clone()),
    };
    Ok(InForce {
        number: fact.number,
        whom,
        stated: Stated::of(fact)?,
        dates: (fact.first, fact.last),
        actor: fact.actor.clone(),
        reason: fact.reason.clone(),
        at: Timestamp::from_microsecond(fact.stated_us).unwrap_or(Timestamp::UNIX_EPOCH),
    })
}
