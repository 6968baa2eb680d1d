//! Derivation: facts to days, by week and employee.
//!
//! Invariants:
//! * A day is a function of its facts; deriving twice writes once.
//! * Read, compute, then one transaction: changed days with their logs, cleared marks. A week that was marked again in the meantime is
//!   left alone and comes again, so that it does not matter what was written since the reading.
//! * When the last date of a span changes, the next week is judged after it, too: a punch after midnight may have changed hands.

use std::sync::mpsc::sync_channel;

use attendance::{DateRange, DayRecord, Rulebook};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use store::days::{Day, Mark};
use store::people::Employee;
use store::{Read, Write};

use crate::company::Company;
use crate::erasing::is_erased;
use crate::facts::Facts;
use crate::keep::Keeper;
use crate::marks::{dates, mark_scope};
use crate::registry::people;
use crate::replay::resume_within;
use crate::view::DayRow;
use crate::zones::ZoneBook;
use crate::{Actor, Error, Hub};

/// Version of the rules, stored with each day.
const ENGINE: &str = concat!("rules-1/", env!("CARGO_PKG_VERSION"));
/// Most weeks of an employee that are derived in one go: a year.
const SPAN_WEEKS: usize = 53;
/// Weeks that are read from one snapshot and written in one transaction, of one employee or several: days of many people on
/// the same dates share pages.
const BATCH_WEEKS: usize = 280;
/// Batches that are judged and wait to be written.
const JUDGED_AHEAD: usize = 2;
/// Weeks of one round, after which progress is told.
const MARKS_PER_ROUND: u32 = 5_000;

/// Which days to derive again. Empty fields do not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// First date.
    pub from: Option<Date>,
    /// Last date, inclusive.
    pub to: Option<Date>,
    /// Employee code.
    pub employee: Option<String>,
}

/// What a derivation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// Weeks looked at.
    pub weeks: u64,
    /// Days whose stored record changed.
    pub written: u64,
    /// Weeks that still wait.
    pub left: u64,
}

impl Hub {
    /// Derives marked weeks, as many as one round takes. Call again while `left` is not zero.
    ///
    /// # Errors
    /// Of the store, or [`Error::Invalid`] when the policy is not valid.
    pub fn derive_marked(&self, as_of: Timestamp) -> Result<Derived, Error> {
        self.resume_replays(as_of)?;
        let marks = self.store.read(|read| read.marks(MARKS_PER_ROUND))?;
        let mut derived = Derived { weeks: marks.len() as u64, ..Derived::default() };
        if marks.is_empty() {
            return Ok(derived);
        }
        let (company, zones, (book, digest)) = self.store.read(|read| rules(read, as_of))?;
        let run = Run { company: &company, zones: &zones, book: &book, digest, as_of };
        let mut failure = Ok(());
        std::thread::scope(|scope| {
            // One thread judges while this one writes.
            let (judged, ready) = sync_channel(JUDGED_AHEAD);
            let (run, marks) = (&run, &marks);
            scope.spawn(move || batches(marks).try_for_each(|batch| judged.send(self.judge(run, batch))));
            for batch in ready {
                match batch.and_then(|batch| self.keep(run, batch, &mut failure)) {
                    Ok(written) => derived.written += written,
                    Err(error) => failure = Err(error),
                }
            }
        });
        failure?;
        derived.left = self.store.read(|read| read.mark_count())?;
        Ok(derived)
    }

    /// Derives until nothing is marked. `progress` hears after each round.
    ///
    /// # Errors
    /// As [`Hub::derive_marked`].
    pub fn derive_all(&self, as_of: Timestamp, mut progress: impl FnMut(&Derived)) -> Result<Derived, Error> {
        let mut total = Derived::default();
        loop {
            let round = self.derive_marked(as_of)?;
            total =
                Derived { weeks: total.weeks + round.weeks, written: total.written + round.written, left: round.left };
            progress(&total);
            if round.left == 0 {
                return Ok(total);
            }
        }
    }

    /// Marks the weeks of a scope, within each employee's employment. Returns how many weeks wait now.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee.
    pub fn mark_scope(&self, scope: &Scope, now: Timestamp) -> Result<u64, Error> {
        self.store.write(|write| mark_scope(write, scope, now))
    }

    /// As [`Hub::mark_scope`], for somebody who wants it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee, [`Error::Invalid`] for a range that ends before it begins.
    pub fn derive_again(&self, actor: &Actor, scope: &Scope, now: Timestamp) -> Result<u64, Error> {
        let Scope { from, to, employee } = scope;
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            return Err(Error::invalid(format!("{to} is before {from}"), "turn the dates round"));
        }
        let date = |date: &Option<Date>| date.map_or_else(|| "all".to_owned(), |date| date.to_string());
        let detail = format!("from {} to {}", date(from), date(to));
        let object = employee.as_deref().unwrap_or("all");
        self.store.write(|write| {
            let waiting = mark_scope(write, scope, now)?;
            write.audit(&actor.entry(now, "days.derive", object, detail))?;
            Ok(waiting)
        })
    }

    /// The days of a scope as they were judged, or would have been, at an instant of the past: only what was known then
    /// counts (rules 6, step 1). Nothing is stored.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an instant to come, [`Error::NotFound`] for an unknown employee.
    pub fn days_as_of(&self, scope: &Scope, as_of: Timestamp, now: Timestamp) -> Result<Vec<DayRow>, Error> {
        if as_of > now {
            return Err(Error::invalid(format!("{as_of} is still to come"), "name an instant of the past"));
        }
        self.store.read(|read| {
            let company = Company::load(read)?;
            let (book, digest) = company.rulebook(read, as_of)?;
            let run = Run { company: &company, zones: &ZoneBook::load(read, &company)?, book: &book, digest, as_of };
            let mut rows = Vec::new();
            for employee in people(read, scope.employee.as_deref())? {
                let zones = run.zones.employee(read, &employee)?;
                let today = zones.date(as_of);
                let Some(range) = dates(&company, &employee, scope.from, scope.to, today) else { continue };
                let name = employee.shown_name().to_owned();
                let records = run.records(read, &employee, range)?.map(|(_, records)| records).unwrap_or_default();
                rows.extend(records.into_iter().map(|record| DayRow {
                    code: employee.code.clone(),
                    name: name.clone(),
                    zone: zones.on(record.date).clone(),
                    record,
                    revision: 0,
                }));
            }
            Ok(rows)
        })
    }

    /// The days of a batch, from one snapshot.
    fn judge<'m>(&self, run: &Run<'_>, batch: Vec<Span<'m>>) -> Result<Vec<Judged<'m>>, Error> {
        self.store.read(|read| Ok(run.judge_all(read, batch)))
    }

    /// Writes what changed of a batch ([`keep`]).
    fn keep(&self, run: &Run<'_>, batch: Vec<Judged<'_>>, failure: &mut Result<(), Error>) -> Result<u64, Error> {
        self.store.write(|write| keep(write, run, batch, failure))
    }
}

/// Derives until nothing is marked within one transaction, for whoever takes it back.
pub(crate) fn derive_within(write: &Write<'_>, as_of: Timestamp) -> Result<(), Error> {
    resume_within(write, as_of)?;
    loop {
        let marks = write.marks(MARKS_PER_ROUND)?;
        if marks.is_empty() {
            return Ok(());
        }
        let (company, zones, (book, digest)) = rules(write, as_of)?;
        let run = Run { company: &company, zones: &zones, book: &book, digest, as_of };
        let mut failure = Ok(());
        for batch in batches(&marks) {
            keep(write, &run, run.judge_all(write, batch), &mut failure)?;
        }
        failure?;
    }
}

/// What a round judges by.
fn rules(read: &Read<'_>, as_of: Timestamp) -> Result<(Company, ZoneBook, (Rulebook, blake3::Hash)), Error> {
    let company = Company::load(read)?;
    let (zones, rules) = (ZoneBook::load(read, &company)?, company.rulebook(read, as_of)?);
    Ok((company, zones, rules))
}

/// Writes what changed of a batch. One employee's trouble does not keep the others' days: it is told in `failure`, and the marks stay.
fn keep(
    write: &Write<'_>,
    run: &Run<'_>,
    batch: Vec<Judged<'_>>,
    failure: &mut Result<(), Error>,
) -> Result<u64, Error> {
    let mut sound = Vec::with_capacity(batch.len());
    for Judged { span, days } in batch {
        match days {
            Ok(days) => sound.push((span, days)),
            Err(error) => *failure = Err(error),
        }
    }
    let ranges = || sound.iter().map(|(span, _)| span.range());
    let first = ranges().map(|range| range.from).min().unwrap_or(Date::MIN);
    let last = ranges().map(|range| range.to).max().unwrap_or(first);
    let mut keeper = Keeper::new(write, DateRange { from: first, to: last }, run.as_of)?;
    let mut written = 0;
    for (span, (now, stored)) in &sound {
        let before = keeper.gathered();
        match write.step(|| keep_span(write, &mut keeper, span, stored, now)) {
            Ok(days) => written += days,
            Err(error) => {
                keeper.go_back(before);
                *failure = Err(error);
            }
        }
    }
    keeper.finish()?;
    Ok(written)
}

/// Writes what changed of a span. A week that was marked again since it was judged comes again.
fn keep_span<'d>(
    write: &Write<'_>,
    keeper: &mut Keeper<'d, '_>,
    span: &Span<'_>,
    stored: &'d [Day],
    now: &'d [Day],
) -> Result<u64, Error> {
    let range = span.range();
    let mut keeper = keeper.of(span.employee);
    let mut written = 0;
    let mut last_changed = None;
    for mark in span.marks {
        if !write.unmark(mark)? {
            continue;
        }
        for date in mark.week.series(1.day()).take(7).take_while(|date| *date <= range.to) {
            let of_date = |days: &[Day]| days.binary_search_by_key(&date, |day| day.date).ok();
            let stored = of_date(stored).and_then(|at| stored.get(at));
            let now = of_date(now).and_then(|at| now.get(at));
            if keeper.keep(date, stored, now)? {
                written += 1;
                last_changed = last_changed.max(Some(date));
            }
        }
    }
    keeper.finish()?;
    if last_changed == Some(range.to) && !span.goes_on {
        write.mark(span.employee, range.to.saturating_add(1.day()))?;
    }
    Ok(written)
}

/// A run of consecutive marked weeks of one employee.
struct Span<'m> {
    employee: i64,
    marks: &'m [Mark],
    /// Its last date.
    last: Date,
    /// The dates that follow are marked as well, and judged after this.
    goes_on: bool,
}

impl Span<'_> {
    fn range(&self) -> DateRange {
        DateRange { from: self.marks.first().map_or(self.last, |mark| mark.week), to: self.last }
    }
}

/// A span with its days as they are judged and as they are stored, by date.
struct Judged<'m> {
    span: Span<'m>,
    days: Result<(Vec<Day>, Vec<Day>), Error>,
}
/// What all spans of a round share.
struct Run<'a> {
    company: &'a Company,
    zones: &'a ZoneBook,
    book: &'a Rulebook,
    digest: blake3::Hash,
    as_of: Timestamp,
}

impl Run<'_> {
    fn judge_all<'m>(&self, read: &Read<'_>, batch: Vec<Span<'m>>) -> Vec<Judged<'m>> {
        batch.into_iter().map(|span| Judged { days: self.judge(read, &span), span }).collect()
    }

    /// The days of a span as they should be stored, and as they are.
    fn judge(&self, read: &Read<'_>, span: &Span<'_>) -> Result<(Vec<Day>, Vec<Day>), Error> {
        let range = span.range();
        let employee = read
            .employee(span.employee)?
            .ok_or_else(|| Error::Damaged { what: "mark", detail: format!("employee {} is missing", span.employee) })?;
        if is_erased(&employee) {
            let stored = read.days_of(employee.id, range.from, range.to)?;
            return Ok((stored.clone(), stored));
        }
        Ok((self.days(read, &employee, range)?, read.days_of(employee.id, range.from, range.to)?))
    }

    /// The days of an employee as they should be stored.
    fn days(&self, read: &Read<'_>, employee: &Employee, range: DateRange) -> Result<Vec<Day>, Error> {
        let Some((facts, records)) = self.records(read, employee, range)? else { return Ok(Vec::new()) };
        let shared = self.shared_inputs(&facts);
        records.iter().map(|record| self.day(employee, &facts, shared, record)).collect()
    }

    /// The records of a range up to today, with the facts behind them.
    fn records(
        &self,
        read: &Read<'_>,
        employee: &Employee,
        range: DateRange,
    ) -> Result<Option<(Facts, Vec<DayRecord>)>, Error> {
        let Some(facts) = Facts::gather(read, (self.company, self.zones), self.book, employee, range, self.as_of)?
        else {
            return Ok(None);
        };
        let today = facts.zones.date(self.as_of);
        let range = DateRange { from: range.from, to: range.to.min(today) };
        if range.from > range.to {
            return Ok(None);
        }
        let mut records = attendance::derive(self.book, &facts.person(), range, facts.moment(self.as_of));
        records.retain(is_kept);
        Ok(Some((facts, records)))
    }

    fn day(&self, employee: &Employee, facts: &Facts, shared: blake3::Hash, record: &DayRecord) -> Result<Day, Error> {
        let text = serde_json::to_string(record)
            .map_err(|error| Error::Damaged { what: "day record", detail: error.to_string() })?;
        let exceptions: String = record.exceptions.iter().map(|code| format!("{code},")).collect();
        Ok(Day {
            employee: employee.id,
            date: record.date,
            status: record.status.to_string(),
            exceptions: if exceptions.is_empty() { exceptions } else { format!(",{exceptions}") },
            worked_minutes: record.worked_minutes,
            tardy_minutes: record.tardy_minutes,
            left_early_minutes: record.left_early_minutes,
            is_outlier: record.is_outlier,
            record: text,
            inputs: inputs(facts, shared, record.date),
            engine: ENGINE.to_owned(),
            revision: 0,
            derived_us: self.as_of.as_microsecond(),
        })
    }

    /// Digest of what all records of a span were made of: company, zone, employment and what is stated.
    fn shared_inputs(&self, facts: &Facts) -> blake3::Hash {
        let stated = format!("{:?}{:?}{:?}{:?}", facts.zones, facts.employment, facts.gaps, facts.stated);
        blake3::Hasher::new().update(self.digest.as_bytes()).update(stated.as_bytes()).finalize()
    }
}

/// Digest of what a record was made of: what its span shares, and the punches around its date.
fn inputs(facts: &Facts, shared: blake3::Hash, date: Date) -> Vec<u8> {
    let edge = |days: i64| facts.zones.midnight(date.saturating_add(days.days())).map_or(0, Timestamp::as_second);
    let place = |at: i64| facts.punches.partition_point(|punch| punch.at < at);
    let mut hash = blake3::Hasher::new();
    hash.update(shared.as_bytes());
    for punch in facts.punches.get(place(edge(-1))..place(edge(2))).unwrap_or_default() {
        hash.update(&punch.id.0).update(&punch.at.to_be_bytes());
    }
    hash.finalize().as_bytes()[..16].to_vec()
}

/// A date on which nothing was planned and nobody came is not worth a row.
pub(crate) fn is_kept(record: &DayRecord) -> bool {
    let is_empty = record.day_kind == attendance::DayKind::Unassigned
        && matches!(record.status, attendance::Status::Off | attendance::Status::Deferred)
        && record.first_in.is_none();
    !is_empty
}

/// The marks in batches of whole spans.
fn batches(marks: &[Mark]) -> impl Iterator<Item = Vec<Span<'_>>> {
    let mut spans = spans(marks).peekable();
    std::iter::from_fn(move || {
        let mut weeks = 0;
        let mut batch = Vec::new();
        while let Some(span) = spans.next_if(|span| batch.is_empty() || weeks + span.marks.len() <= BATCH_WEEKS) {
            weeks += span.marks.len();
            batch.push(span);
        }
        (!batch.is_empty()).then_some(batch)
    })
}

/// Runs of consecutive weeks of one employee, a year at most. No two share a date.
fn spans(marks: &[Mark]) -> impl Iterator<Item = Span<'_>> {
    let mut rest = marks;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let follows = |(a, b): &(&Mark, &Mark)| a.employee == b.employee && a.week.saturating_add(7.days()) == b.week;
        let run = 1 + rest.iter().zip(rest.iter().skip(1)).take(SPAN_WEEKS - 1).take_while(follows).count();
        let (marks, after) = rest.split_at(run);
        rest = after;
        let end = marks.last().map_or(first.week, |mark| mark.week.saturating_add(6.days()));
        // A week is shorter where another first day of the week begins: what comes next has the rest.
        let next = after.first().filter(|next| next.employee == first.employee).map(|next| next.week);
        let last = next.map_or(end, |next| end.min(next.saturating_sub(1.day())));
        let goes_on = next == Some(last.saturating_add(1.day()));
        Some(Span { employee: first.employee, marks, last, goes_on })
    })
}
