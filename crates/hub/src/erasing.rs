//! A person, or a closed month, is erased on record; and what is stored of a person is handed out.
//!
//! What goes with a person: name, code, dates, zone, group, user numbers and what terminals told of them; every punch that is theirs,
//! with copies, receipts and what was stated about it, also where it counts for nobody; what people stated of their working time;
//! plans, open deltas and days that are not locked; imported files in which they stand, with the reports; commands for terminals and
//! entries of the audit trail about them ([`crate::about`]). What stays: the days of locked periods, their logs of lateness and
//! what was posted, under a code that says nothing. They are pay records; how long those are kept is the company's to decide. What sinks were
//! told is out of reach: of how many days is counted before it is forgotten, so that somebody can ask for them there.
//!
//! Invariants:
//! * Each transaction erases a few hundred rows on record ([`store::chain`]); an erasure that broke off is finished by asking again.
//! * The person keeps the code until everything else is gone, so that it can be asked again. That it is gone is seen in the transaction
//!   that takes the code: what somebody stated, or a terminal sent, while the rest was erased is sealed and erased before.
//! * The days of somebody who was erased, and those around an erased month, are never judged again: what they were made of is gone.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use store::Read;
use store::chain::{Erasing, Id, Kind, Place};
use store::held::START;
use store::people::Employee;
use store::periods::Lock;
use store::person::{Cell, Part, Traces};
use store::users::{DismissedUser, TerminalUser};

use crate::about::About;
use crate::company::Company;
use crate::imports::ImportsAbout;
use crate::keep::Keeper;
use crate::periods::Dates;
use crate::registry::employee;
use crate::steps::Steps;
use crate::{Actor, AuditEntry, Error, Hub, pay_parcels};

/// Rows of one transaction: each may stand in a seal of its own, whose list is written anew.
const ROWS_PER_WRITE: usize = 200;
/// How often it is looked again for what came while the rest was erased.
const ROUNDS: usize = 5;
/// Days after a month that must be locked before it is erased: the rest of the workweek, and who worked past midnight.
const DAYS_AFTER: i64 = 14;
/// What must be done before a month is erased.
pub(crate) const HOW_TO_CLOSE: &str =
    "lock all of it, the day before it and the 14 days after it (`punchclock period lock`)";
/// Setting: the months that were erased, as JSON.
const ERASED_MONTHS: &str = "erased_months";

/// What an erasure did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erasure {
    /// The code of what is left, or the month.
    pub object: String,
    /// Sealed rows that were erased.
    pub rows: u64,
    /// Days that stay as pay records.
    pub days_kept: u64,
    /// The sinks that were told of days of the person, by name, and of how many: what they have stays there.
    pub told: BTreeMap<String, u64>,
}

/// The code of somebody who was erased.
fn nameless(id: i64) -> String {
    format!("erased-{id}")
}

/// Whether somebody was erased: their days are what they are.
pub(crate) fn is_erased(employee: &Employee) -> bool {
    employee.code == nameless(employee.id)
}

impl Hub {
    /// Erases a person, with the doubles that were merged into them. `seed` are random bytes, drawn for this call; `progress` hears how many rows are done, of how many.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown code, [`Error::Invalid`] without a reason, or for a double; or of the store, also when a row is not as it was
    /// sealed.
    pub fn erase_person(
        &self,
        actor: &Actor,
        code: &str,
        reason: &str,
        now: Timestamp,
        seed: &[u8; 32],
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Erasure, Error> {
        let doubles = self.store.read(|read| {
            let person = employee(read, code)?;
            match person.merged_into.map(|into| read.employee(into)).transpose()?.flatten() {
                Some(into) => Err(Error::invalid(format!("{code} counts as {}", into.code), "erase that one: both go")),
                None => Ok(read.merged_into(person.id)?),
            }
        })?;
        let mut all = Erasure::default();
        for code in doubles.iter().map(|double| double.code.as_str()).chain([code]) {
            let done = self.erase_one(actor, code, reason, now, seed, &mut progress)?;
            all.object = done.object;
            all.rows += done.rows;
            all.days_kept += done.days_kept;
            for (sink, days) in done.told {
                *all.told.entry(sink).or_default() += days;
            }
        }
        Ok(all)
    }

    fn erase_one(
        &self,
        actor: &Actor,
        code: &str,
        reason: &str,
        now: Timestamp,
        seed: &[u8; 32],
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Erasure, Error> {
        let (mut erased, mut met) = (0, Traces::default());
        for _ in 0..ROUNDS {
            let last = self.store.read(|read| read.last_audit_entry())?;
            self.seal(now, seed)?;
            let (person, rows) = self.store.read(|read| {
                let person = employee(read, code)?;
                let about = About::of(read, person.clone())?;
                met.add(about.traces(read)?);
                met.add(about.merges(read)?);
                let mut rows: HashSet<Id> = met.stated().collect();
                for punch in &met.punches {
                    rows.extend(read.evidence_of(*punch)?);
                }
                let entries = about.audit(read, &met, 0)?.into_iter();
                rows.extend(entries.map(|(number, _)| Id::numbered(Kind::Audit, number)));
                Ok::<_, Error>((person, rows))
            })?;
            let why = why(actor, nameless(person.id), reason, now)?;
            erased += self.erase_rows(self, &why, &rows, &mut progress)?.rows;
            self.store.read(|read| ImportsAbout::find(read, &person))?.forget(self)?;
            let end = End { why: &why, erased, met: &met, last };
            if let Some(done) = self.end_person(actor, &person, &end, now)? {
                return Ok(done);
            }
        }
        let what = format!("of {code} more came each time that all was gone");
        Err(Error::invalid(what, "ask again when nobody works on it; what is gone stays gone"))
    }

    /// Makes a person nameless, whose rows are gone. `None`, and nothing changes, when something came since they were looked up.
    fn end_person(
        &self,
        actor: &Actor,
        person: &Employee,
        End { why, erased, met, last }: &End<'_>,
        now: Timestamp,
    ) -> Result<Option<Erasure>, Error> {
        self.store.write(|write| {
            let about = About::of(write, person.clone())?;
            if about.traces(write)? != Traces::default() || !about.audit(write, met, *last)?.is_empty() {
                return Ok(None);
            }
            let locks = write.locks()?;
            let is_locked = |date: Date| locks.iter().any(|lock| lock.first <= date && date <= lock.last);
            let days = write.days_of(person.id, Date::MIN, Date::MAX)?;
            let range = attendance::DateRange { from: Date::MIN, to: Date::MAX };
            let mut keeper = Keeper::new(write, range, now)?;
            let mut of_person = keeper.of(person.id);
            for day in days.iter().filter(|day| !is_locked(day.date)) {
                of_person.keep(day.date, Some(day), None)?;
            }
            of_person.finish()?;
            keeper.finish()?;
            write.forget_answers()?;
            pay_parcels::withdraw(write, None)?;
            about.forget_terminals(write, now.as_microsecond())?;
            let told = days_told(write, person.id)?;
            write.make_nameless(person, &why.object)?;
            let mut detail = format!("{}; {erased} rows", why.reason);
            for (sink, days) in &told {
                detail += &format!("; {days} days were told to {sink}");
            }
            write.audit(&actor.entry(now, "person.erase", &why.object, detail))?;
            let days_kept = days.iter().filter(|day| is_locked(day.date)).count() as u64;
            Ok::<_, Error>(Some(Erasure { object: why.object.clone(), rows: *erased, days_kept, told }))
        })
    }

    /// Erases what terminals printed in a month, with all that was stated about it; days stay as they are. The month, the day before it
    /// and two weeks after it must be locked. What arrives for it afterwards is stored, and goes when it is asked again.
    ///
    /// # Errors
    /// [`Error::Invalid`] when some of it is not locked, or without a reason; or of the store.
    pub fn erase_month(
        &self,
        actor: &Actor,
        month: Date,
        reason: &str,
        now: Timestamp,
        seed: &[u8; 32],
        progress: impl FnMut(usize, usize),
    ) -> Result<Erasure, Error> {
        let object = format!("month {}", month.strftime("%Y-%m"));
        self.store.read(|read| must_be_closed(read, month, &object))?;
        self.seal(now, seed)?;
        self.erase_closed_month(self, actor, month, reason, now, progress)
    }

    /// As [`Hub::erase_month`], of a month that was seen to be closed; what is not sealed yet goes another time.
    pub(crate) fn erase_closed_month(
        &self,
        steps: &impl Steps,
        actor: &Actor,
        month: Date,
        reason: &str,
        now: Timestamp,
        progress: impl FnMut(usize, usize),
    ) -> Result<Erasure, Error> {
        let (first, last) = (month.first_of_month(), month.last_of_month());
        let object = format!("month {}", first.strftime("%Y-%m"));
        let why = why(actor, object.clone(), reason, now)?;
        let rows = self.store.read(|read| {
            let (mut rows, mut after) = (HashSet::new(), START);
            let seconds = (midnight(first)?, midnight(last.saturating_add(1.day()))?);
            loop {
                let page = read.punches_printed_between(seconds, after, 1_000)?;
                let Some(end) = page.last() else { return Ok::<_, Error>(rows) };
                after = *end;
                for punch in page {
                    rows.extend(read.evidence_of(punch)?);
                }
            }
        })?;
        if rows.is_empty() {
            return Ok(Erasure { object, ..Erasure::default() });
        }
        steps.step(|write| {
            let mut months = erased_months(write)?;
            if !months.contains(&first) {
                // From here on its days are never judged again; somebody may have unlocked it meanwhile.
                must_be_closed(write, month, &object)?;
                months.push(first);
                let text = serde_json::to_string(&months);
                let text =
                    text.map_err(|error| Error::Damaged { what: "list of months", detail: error.to_string() })?;
                write.put_setting(ERASED_MONTHS, &text)?;
            }
            Ok::<_, Error>(write.audit(&actor.entry(
                now,
                "month.erase",
                &object,
                format!("{reason}; {} rows", rows.len()),
            ))?)
        })?;
        let Gone { rows, left } = self.erase_rows(steps, &why, &rows, progress)?;
        match left {
            Some(left) => Err(left),
            None => Ok(Erasure { object, rows, ..Erasure::default() }),
        }
    }

    /// Everything that is stored of a person, table by table, as JSON. That it was handed out is audited.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown code.
    pub fn person_json(&self, actor: &Actor, code: &str, now: Timestamp) -> Result<serde_json::Value, Error> {
        let stored = self.person(code)?;
        self.store.write(|write| write.audit(&actor.entry(now, "person.export", code, "")))?;
        Ok(serde_json::Value::Object(stored))
    }

    /// In which tables something is stored of a person, and how many rows.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown code.
    pub fn person_parts(&self, code: &str) -> Result<Vec<(String, usize)>, Error> {
        let count = |(table, rows): (String, serde_json::Value)| (table, rows.as_array().map_or(0, Vec::len));
        Ok(self.person(code)?.into_iter().map(count).collect())
    }

    fn person(&self, code: &str) -> Result<serde_json::Map<String, serde_json::Value>, Error> {
        let (mut stored, doubles) = self.store.read(|read| {
            let person = employee(read, code)?;
            let id = person.id;
            let about = About::of(read, person)?;
            let traces = about.traces(read)?;
            let parts = read.parts_of(id, &traces)?.into_iter();
            let mut stored: serde_json::Map<_, _> = parts.map(|part| (part.table.to_owned(), rows(part))).collect();
            let users = about.users(read)?.into_iter().map(|TerminalUser { origin, user, name, seen_us }| {
                serde_json::json!({"origin": origin, "user_number": user, "name": name, "seen_us": seen_us})
            });
            stored.insert(String::from("terminal_user"), users.collect());
            let dismissed = about.dismissed(read)?.into_iter().map(|user| {
                let DismissedUser { origin, user, name, at_us, actor, reason } = user;
                serde_json::json!({"origin": origin, "user_number": user, "name": name, "dismissed_us": at_us, "actor": actor, "reason": reason})
            });
            stored.insert(String::from("dismissed_user"), dismissed.collect());
            let commands = about.commands(read)?.into_iter().map(|(asked, command)| {
                serde_json::json!({"id": asked.id, "serial": asked.serial, "command": command, "asked_by": asked.asked_by, "asked_us": asked.asked_us, "state": asked.state})
            });
            stored.insert(String::from("terminal_command"), commands.collect());
            let entries = about.audit(read, &traces, 0)?.into_iter().map(|(number, entry)| {
                let AuditEntry { at_us, actor, action, object, detail } = entry;
                serde_json::json!({"number": number, "at_us": at_us, "actor": actor, "action": action, "object": object, "detail": detail})
            });
            stored.insert(String::from("audit"), entries.collect());
            Ok::<_, Error>((stored, read.merged_into(id)?))
        })?;
        let doubles = doubles.iter().map(|double| self.person(&double.code).map(serde_json::Value::Object));
        stored.insert(String::from("merged"), doubles.collect::<Result<_, _>>()?);
        Ok(stored)
    }

    /// Erases rows, a few hundred in each transaction. What belongs to one of a part and came meanwhile keeps that part.
    fn erase_rows(
        &self,
        steps: &impl Steps,
        why: &Erasing,
        rows: &HashSet<Id>,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Gone, Error> {
        let places = self.store.read(|read| read.places_of(rows))?;
        let mut gone = Gone::default();
        for part in parts(&places) {
            let erased = steps.step(|write| {
                let punches = part.iter().filter(|place| place.id.kind() == Kind::Punch);
                let punches: Vec<_> = punches.map(|place| place.id.fingerprint()).collect();
                write.forget_interpretation(&punches)?;
                Ok(write.erase(why, &part)?)
            });
            match erased {
                Err(left @ Error::Later(store::Error::LeftBehind(_))) => gone.left = Some(left),
                erased => gone.rows += erased?,
            }
            progress(usize::try_from(gone.rows).unwrap_or(usize::MAX), places.len());
        }
        Ok(gone)
    }
}

/// What became of rows that were to be erased.
#[derive(Default)]
struct Gone {
    rows: u64,
    /// Why some are still there.
    left: Option<Error>,
}

/// The sinks that were told of days of a person, and of how many.
fn days_told(read: &Read<'_>, person: i64) -> Result<BTreeMap<String, u64>, Error> {
    let mut told = BTreeMap::new();
    for sink in read.sinks()? {
        let days = read.days_told(&sink.name, person)?;
        if days > 0 {
            told.insert(sink.name, days);
        }
    }
    Ok(told)
}

/// What is known of a person at the end.
struct End<'a> {
    why: &'a Erasing,
    erased: u64,
    /// What was theirs, gone or not.
    met: &'a Traces,
    /// The last entry of the audit trail that was surely looked at.
    last: i64,
}

/// Places by transaction. Entries of the audit trail go first: they are known to be about somebody by what is still there. A fact and its
/// end share a part, and so do a punch and all that belongs to it.
fn parts(places: &[Place]) -> Vec<Vec<Place>> {
    let (mut entries, mut facts, mut of_punches) = (Vec::new(), Vec::new(), Vec::new());
    for place in places {
        match place.id.kind() {
            Kind::Audit | Kind::Erasure => entries.push(*place),
            Kind::Fact | Kind::Withdrawal => facts.push(*place),
            Kind::Punch | Kind::Copy | Kind::Receipt | Kind::Statement => of_punches.push(*place),
        }
    }
    let mut parts: Vec<Vec<Place>> = entries.chunks(ROWS_PER_WRITE).map(<[Place]>::to_vec).collect();
    parts.extend(Some(facts).filter(|facts| !facts.is_empty()));
    let mut part = Vec::new();
    of_punches.sort_by_key(|place| place.id.fingerprint());
    for of_one in of_punches.chunk_by(|one, next| one.id.fingerprint() == next.id.fingerprint()) {
        if !part.is_empty() && part.len() + of_one.len() > ROWS_PER_WRITE {
            parts.push(std::mem::take(&mut part));
        }
        part.extend_from_slice(of_one);
    }
    parts.extend(Some(part).filter(|part| !part.is_empty()));
    parts
}

fn why(actor: &Actor, object: String, reason: &str, now: Timestamp) -> Result<Erasing, Error> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::invalid("nothing is erased without a reason", "say why, without the name of the person"));
    }
    Ok(Erasing { at_us: now.as_microsecond(), actor: actor.name.clone(), object, reason: reason.to_owned() })
}

/// The beginning of a date on the terminals' faces, seconds since 1970.
pub(crate) fn midnight(date: Date) -> Result<i64, Error> {
    let midnight =
        date.to_zoned(TimeZone::UTC).map_err(|error| Error::invalid(error.to_string(), "name another month"))?;
    Ok(midnight.timestamp().as_second())
}

fn must_be_closed(read: &Read<'_>, month: Date, object: &str) -> Result<(), Error> {
    let Some(open) = first_open(&read.locks()?, month) else { return Ok(()) };
    Err(Error::invalid(format!("{object} can't be erased: {open} is not locked"), HOW_TO_CLOSE))
}

/// The first date that must be locked before a month is erased, and is not. Who worked past midnight has punches of the month
/// on the day before it.
pub(crate) fn first_open(locks: &[Lock], month: Date) -> Option<Date> {
    let is_locked = |date: Date| locks.iter().any(|lock| lock.first <= date && date <= lock.last);
    let first = month.first_of_month().saturating_sub(1.day());
    let last = month.last_of_month().saturating_add(DAYS_AFTER.days());
    first.series(1.day()).take_while(|date| *date <= last).find(|date| !is_locked(*date))
}

fn erased_months(read: &Read<'_>) -> Result<Vec<Date>, Error> {
    let damaged =
        |error: serde_json::Error| Error::Damaged { what: "list of erased months", detail: error.to_string() };
    read.setting(ERASED_MONTHS)?.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text).map_err(damaged))
}

/// The dates whose punches are gone, or that are judged together with such dates: first and last, for each erased month.
pub(crate) fn frozen(read: &Read<'_>) -> Result<Vec<Dates>, Error> {
    let months = erased_months(read)?;
    if months.is_empty() {
        return Ok(Vec::new());
    }
    let company = Company::load(read)?;
    let around = |month: Date| {
        let after = month.last_of_month().saturating_add(1.day());
        (company.week_of(month.saturating_sub(1.day())), company.policies.workweek(after).to)
    };
    Ok(months.into_iter().map(around).collect())
}

/// The rows of a part as JSON, each an object; bytes in hexadecimal digits, or as text where they are one.
fn rows(part: Part) -> serde_json::Value {
    let Part { columns, rows, .. } = part;
    let value = |cell: Cell| match cell {
        Cell::Null => serde_json::Value::Null,
        Cell::Number(number) => number.into(),
        Cell::Text(text) => text.into(),
        Cell::Bytes(bytes) => match String::from_utf8(bytes) {
            Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => text.into(),
            Ok(text) => hex(text.as_bytes()).into(),
            Err(error) => hex(error.as_bytes()).into(),
        },
    };
    let object = |row: Vec<Cell>| -> serde_json::Value {
        columns
            .iter()
            .cloned()
            .zip(row.into_iter().map(value))
            .filter(|(column, _)| column != "tenant")
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    rows.into_iter().map(object).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
