//! What people state about working time: who works when, leave, offsite work, corrections, holidays.
//!
//! Invariants:
//! * A statement, the marks of the weeks that it touches, and its entry in the audit trail are one transaction.
//! * Stating the same again changes nothing; stating something else under the same key replaces it, and both stay on record.
//! * What the rules can't use is refused when it is stated, so that a derivation never meets it.

use attendance::bank::Event;
use attendance::{
    Adjustment, Assignment, Change, DateRange, Employment, Holiday, Leave, Modifier, Offsite, Override, Part,
    PersonError, Workday,
};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::facts::{Fact, NewFact, Subject};
use store::people::Employee;
use store::{Read, Write};

use crate::company::Company;
use crate::derive::{mark_all, mark_range};
use crate::facts::{Statements, zone_of};
use crate::resolve::ALWAYS;
use crate::roster::range;
use crate::{Actor, Error, Hub};

/// Whom a statement concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Everybody.
    Company,
    /// Everybody of a group.
    Group(String),
    /// One employee, by code.
    Employee(String),
}

/// One statement, as the rules know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stated {
    /// A pattern of timetables (rules 7.1).
    Assignment(Assignment),
    /// Another timetable for one date (rules 7.1).
    Override(Override),
    /// A shortened plan (rules 7.1).
    Modifier(Modifier),
    /// Leave (rules 9).
    Leave(Leave),
    /// Work elsewhere (rules 9).
    Offsite(Offsite),
    /// A correction (rules 17.1).
    Adjustment(Adjustment),
    /// A holiday (rules 7.1).
    Holiday(Holiday),
    /// A make-up workday (rules 7.1).
    Workday(Workday),
    /// Time of the bank is used, or a use is cancelled (rules 15).
    TimeOff(Event),
    /// Holiday data could not be obtained for these dates: `YYYY` or `YYYY-MM` (rules 7.1).
    Unavailable(String),
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It is new.
    New,
    /// It replaced another one.
    Replaced,
    /// It was known already.
    Known,
}

/// A statement in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its number, to withdraw it by.
    pub number: i64,
    /// Whom it concerns.
    pub whom: Whom,
    /// The statement.
    pub stated: Stated,
    /// First and last work date that it touches.
    pub dates: (Date, Date),
    /// Who stated it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Stated {
    /// The words of all kinds.
    pub const KINDS: [&'static str; 10] = [
        "assignment",
        "override",
        "modifier",
        "leave",
        "offsite",
        "adjustment",
        "holiday",
        "workday",
        "time_off",
        "unavailable",
    ];

    /// The word of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Assignment(_) => "assignment",
            Self::Override(_) => "override",
            Self::Modifier(_) => "modifier",
            Self::Leave(_) => "leave",
            Self::Offsite(_) => "offsite",
            Self::Adjustment(_) => "adjustment",
            Self::Holiday(_) => "holiday",
            Self::Workday(_) => "workday",
            Self::TimeOff(_) => "time_off",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// Its key: of one person and kind, a later statement with the same key replaces the earlier one.
    fn key(&self) -> String {
        let part = |date: Date, part: Part, from: Option<attendance::ClockTime>| {
            let part = match part {
                Part::Full => "full",
                Part::Am => "am",
                Part::Pm => "pm",
                Part::Hours => "hours",
            };
            from.map_or_else(|| format!("{date} {part}"), |from| format!("{date} {part} {from}"))
        };
        match self {
            Self::Assignment(pattern) => range(pattern).0.to_string(),
            Self::Override(one) => one.date.to_string(),
            Self::Modifier(one) => format!("{} {}", one.from, one.tag),
            Self::Leave(one) => one.id.clone().unwrap_or_else(|| part(one.date, one.part, one.from)),
            Self::Offsite(one) => one.id.clone().unwrap_or_else(|| part(one.date, one.part, one.from)),
            Self::Adjustment(one) => one.id.clone(),
            Self::Holiday(one) => one.date.to_string(),
            Self::Workday(one) => one.date.to_string(),
            Self::TimeOff(Event::Use { id, .. }) => format!("use {id}"),
            Self::TimeOff(Event::CancelUse { id, .. }) => format!("cancel {id}"),
            Self::TimeOff(Event::Earn { date, code, .. }) => format!("earn {date} {code}"),
            Self::Unavailable(prefix) => prefix.clone(),
        }
    }

    fn body(&self) -> Result<String, Error> {
        match self {
            Self::Assignment(one) => json(one),
            Self::Override(one) => json(one),
            Self::Modifier(one) => json(one),
            Self::Leave(one) => json(one),
            Self::Offsite(one) => json(one),
            Self::Adjustment(one) => json(one),
            Self::Holiday(one) => json(one),
            Self::Workday(one) => json(one),
            Self::TimeOff(event) => json(event),
            Self::Unavailable(prefix) => json(prefix),
        }
    }

    /// Reads a stored fact. What was stated counts from its instant on, for derivations of an earlier one (rules 6, step 1).
    pub(crate) fn of(fact: &Fact) -> Result<Self, Error> {
        let recorded_at = Some(fact.stated_us.div_euclid(1_000_000));
        Ok(match fact.kind.as_str() {
            "assignment" => Self::Assignment(read(fact)?),
            "override" => Self::Override(Override { recorded_at, ..read(fact)? }),
            "modifier" => Self::Modifier(read(fact)?),
            "leave" => Self::Leave(Leave { recorded_at, ..read(fact)? }),
            "offsite" => Self::Offsite(Offsite { recorded_at, ..read(fact)? }),
            "adjustment" => Self::Adjustment(Adjustment {
                recorded_at,
                by: Some(fact.actor.clone()),
                reason: Some(fact.reason.clone()),
                ..read(fact)?
            }),
            "holiday" => Self::Holiday(Holiday { recorded_at, ..read(fact)? }),
            "workday" => Self::Workday(Workday { recorded_at, ..read(fact)? }),
            "time_off" => Self::TimeOff(read(fact)?),
            "unavailable" => Self::Unavailable(read(fact)?),
            other => {
                return Err(Error::Damaged { what: "fact", detail: format!("{} is of kind {other}", fact.number) });
            }
        })
    }

    /// Whether it may be stated of such a subject.
    const fn suits(&self, whom: &Whom) -> bool {
        match self {
            Self::Holiday(_) | Self::Workday(_) | Self::Unavailable(_) => matches!(whom, Whom::Company),
            // What is earned is derived from days, never stated.
            Self::TimeOff(Event::Earn { .. }) => false,
            Self::Leave(_) | Self::Offsite(_) | Self::Adjustment(_) | Self::TimeOff(_) => {
                matches!(whom, Whom::Employee(_))
            }
            Self::Assignment(_) | Self::Override(_) | Self::Modifier(_) => true,
        }
    }
}

fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Damaged { what: "fact", detail: error.to_string() })
}

fn read<T: DeserializeOwned>(fact: &Fact) -> Result<T, Error> {
    serde_json::from_str(&fact.body)
        .map_err(|error| Error::Damaged { what: "fact", detail: format!("{}: {error}", fact.number) })
}

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

    /// What [`Hub::state`] would do; nothing changes.
    ///
    /// # Errors
    /// As [`Hub::state`].
    pub fn would_state(&self, whom: &Whom, stated: &Stated, now: Timestamp) -> Result<Became, Error> {
        self.store.read(|read| {
            let company = Company::load(read)?;
            let place = Place::find(read, whom)?;
            check(read, &company, &place, whom, stated, now)?;
            Ok(became(read, &place.subject, stated)?.0)
        })
    }

    /// Withdraws a statement by its number.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nothing of that number is in force.
    pub fn withdraw(&self, actor: &Actor, number: i64, reason: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let missing = || Error::NotFound(format!("statement {number} in force"));
            let fact = write.fact(number)?.filter(|fact| fact.withdrawn.is_none()).ok_or_else(missing)?;
            write.withdraw_fact(number, now.as_microsecond(), &actor.name)?;
            let company = Company::load(write)?;
            touch(write, &company, &fact.subject, (fact.first, fact.last), now)?;
            let detail = format!("{}; it was: {}", reason, fact.body);
            Ok(write.audit(&actor.entry(now, "fact.withdraw", &format!("{} {number}", fact.kind), detail))?)
        })
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
        touch(write, &company, &place.subject, (before.first, before.last), now)?;
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
    touch(write, &company, &place.subject, (first, last), now)?;
    let detail = if reason.is_empty() { new.body } else { format!("{reason}: {}", new.body) };
    let object = format!("{} {number} of {}", new.kind, told(whom));
    write.audit(&actor.entry(now, "fact.state", &object, detail))?;
    Ok(became)
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
                let employee = read.employee_by_code(code)?;
                let employee = employee.ok_or_else(|| Error::NotFound(format!("employee with code {code}")))?;
                Self { subject: Subject::Employee(employee.id), employee: Some(employee) }
            }
        })
    }
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
            format!("{} can't be stated of {}", stated.kind(), told(whom)),
            "holidays belong to the company; leave, offsite work and corrections to an employee",
        ));
    }
    let (first, last) = dates(read, company, place, stated)?;
    let (book, _) = company.rulebook(read, now)?;
    let replaced = read.fact_in_force(&place.subject, stated.kind(), &stated.key())?.map(|fact| fact.number);
    let range = DateRange { from: first, to: last };
    let mut all = Statements::gather(read, company, place.employee.as_ref(), range, now, replaced)?;
    all.add(stated.clone());
    let checked = all.person(&company.time_zone()?, Employment::default(), &[]).check(&book);
    checked.map_err(|PersonError { problem, .. }| {
        Error::invalid(format!("{} of {} can't be taken: {problem}", stated.kind(), told(whom)), "mend it")
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
        Stated::Adjustment(adjustment) => adjusted(read, company, place, &adjustment.change),
    }
}

/// The dates that a correction touches.
fn adjusted(read: &Read<'_>, company: &Company, place: &Place, change: &Change) -> Result<(Date, Date), Error> {
    let employee = place.employee.as_ref().ok_or_else(|| Error::invalid("nobody is named", "name the employee"))?;
    let zone = zone_of(company, employee)?;
    let civil = |at: Timestamp| at.to_zoned(zone.clone()).date();
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
            let resolved = read.resolution(*target)?.filter(|(owner, _)| *owner == employee.id);
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

/// Marks the weeks that a fact touches: its dates, and one more on each side, where boundaries may move (rules 17.2).
fn touch(
    write: &Write<'_>,
    company: &Company,
    subject: &Subject,
    (first, last): (Date, Date),
    now: Timestamp,
) -> Result<(), Error> {
    let (from, to) = (first.saturating_sub(1.day()), last.saturating_add(1.day()));
    let concerned = |employee: &Employee| match subject {
        Subject::Company => true,
        Subject::Group(name) => employee.group_name.as_ref() == Some(name),
        Subject::Employee(id) => employee.id == *id,
    };
    if *subject == Subject::Company && (first, last) == ALWAYS {
        return mark_all(write, company, now);
    }
    let people = match subject {
        Subject::Employee(id) => write.employee(*id)?.into_iter().collect(),
        _ => write.employees()?,
    };
    for employee in people.iter().filter(|employee| concerned(employee)) {
        mark_range(write, company, employee, Some(from), Some(to), now)?;
    }
    Ok(())
}

fn told(whom: &Whom) -> String {
    match whom {
        Whom::Company => "the company".to_owned(),
        Whom::Group(name) => format!("group {name}"),
        Whom::Employee(code) => format!("employee {code}"),
    }
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
