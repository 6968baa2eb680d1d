//! Periods: locked for payroll, unlocked with a reason; what comes too late is a delta, posted once into a later period (rules 17.4).
//!
//! Invariants:
//! * A period with a day that is not judged or incomplete is not locked, unless somebody forces it and says why; one whose days are
//!   behind their facts never is.
//! * Locked periods do not overlap. Locking, unlocking and posting are audited.
//! * A delta is posted into dates that are open and paid with them; what is posted is subtracted from later comparisons, so it is paid
//!   once. That holds for a period that is unlocked and locked again, too: locking compares its days anew.

use attendance::DateRange;
use attendance::lock::{Delta, unlockable};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use store::day_list::DayQuery;
use store::periods::{Lock, StoredDelta};
use store::{Read, Write};

use crate::company::Company;
use crate::keep::{read_delta, record};
use crate::{Actor, Error, Hub, pay_parcels, pay_targets};

/// A range of work dates, both inclusive.
pub type Dates = (Date, Date);

/// What came of the wish to lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locking {
    /// The period is locked.
    Locked,
    /// These days are not judged or incomplete: employee code and date.
    Refused(Vec<(String, Date)>),
}

/// A locked period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedPeriod {
    /// Its work dates.
    pub dates: Dates,
    /// When it was locked.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// Why it was forced; empty otherwise.
    pub reason: String,
}

/// What a locked day lacks, or what of that was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeltaRow {
    /// Employee code.
    pub code: String,
    /// Name of the employee; the code when there is none.
    pub name: String,
    /// The locked work date.
    pub date: Date,
    /// Now minus frozen, less what was posted.
    pub delta: Delta,
    /// When it was found, or posted.
    pub at: Timestamp,
    /// The date of the later period that it was posted into; `None` while it was not.
    pub into: Option<Date>,
}

impl Hub {
    /// Locks a period. With a reason it is forced, whatever its days are.
    ///
    /// # Errors
    /// [`Error::Invalid`] for dates that end before they start, are not over, overlap a locked period, or wait for a derivation.
    pub fn lock(&self, actor: &Actor, dates: Dates, force: Option<&str>, now: Timestamp) -> Result<Locking, Error> {
        let (first, last) = checked(dates)?;
        self.store
            .write(|write| {
                let company = Company::load(write)?;
                let today = now.to_zoned(company.time_zone()?).date();
                if last >= today && force.is_none() {
                    return Err(Error::invalid(format!("{last} is not over"), "lock a period after its last date"));
                }
                if let Some(other) = write.locks()?.into_iter().find(|lock| lock.first <= last && first <= lock.last) {
                    let what = format!("{} to {} is locked already", other.first, other.last);
                    return Err(Error::invalid(what, "lock the dates around it, or unlock it first"));
                }
                let waiting = write.marks_within(first.saturating_sub(6.days()), last)?;
                if waiting > 0 {
                    let what = format!("{waiting} weeks of {first} to {last} are behind their facts");
                    return Err(Error::invalid(what, "derive them (`punchclock derive`), then lock"));
                }
                if !write.replays()?.is_empty() {
                    let what = "punches are still being matched anew after a change";
                    return Err(Error::invalid(what, "derive (`punchclock derive`), which ends that first, then lock"));
                }
                let open = open_days(write, (first, last))?;
                if !open.is_empty() && force.is_none() {
                    return Ok(Locking::Refused(open));
                }
                let reason = force.unwrap_or_default().to_owned();
                let detail =
                    if open.is_empty() { reason.clone() } else { format!("{reason}; {} open days", open.len()) };
                let locked_us = now.as_microsecond();
                let lock = Lock { first, last, locked_us, actor: actor.name.clone(), reason };
                write.lock(&lock)?;
                pay_targets::ask(write, &lock, now)?;
                mark_weeks(write, &company, (first, last))?;
                write.audit(&actor.entry(now, "period.lock", &format!("{first} to {last}"), detail))?;
                Ok(Locking::Locked)
            })
            .inspect(|_| self.bell.ring())
    }

    /// Unlocks a period; its days are derived again.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no period of exactly these dates is locked.
    pub fn unlock(&self, actor: &Actor, dates: Dates, reason: &str, now: Timestamp) -> Result<(), Error> {
        let (first, last) = dates;
        self.store.write(|write| {
            if !write.unlock(first, last)? {
                return Err(Error::NotFound(format!(
                    "locked period {first} to {last}; `punchclock period list` shows those there are"
                )));
            }
            write.drop_deltas(first, last)?;
            pay_parcels::forget_lock(write, dates)?;
            mark_weeks(write, &Company::load(write)?, dates)?;
            Ok(write.audit(&actor.entry(now, "period.unlock", &format!("{first} to {last}"), reason))?)
        })
    }

    /// The locked periods, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn locked_periods(&self) -> Result<Vec<LockedPeriod>, Error> {
        let locks = self.store.read(|read| read.locks())?;
        let periods = locks.into_iter().map(|lock| LockedPeriod {
            dates: (lock.first, lock.last),
            at: instant(lock.locked_us),
            actor: lock.actor,
            reason: lock.reason,
        });
        Ok(periods.collect())
    }

    /// The days of a period that keep it from being locked: employee code and date.
    ///
    /// # Errors
    /// [`Error::Invalid`] for dates that end before they start.
    pub fn open_days(&self, dates: Dates) -> Result<Vec<(String, Date)>, Error> {
        let dates = checked(dates)?;
        self.store.read(|read| open_days(read, dates))
    }

    /// What locked days of a range lack, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn deltas(&self, (first, last): Dates) -> Result<Vec<DeltaRow>, Error> {
        self.store.read(|read| rows(read, read.deltas(first, last)?))
    }

    /// What locked days of a range lack and what of that was posted, by date and employee.
    ///
    /// # Errors
    /// Of the store.
    pub fn all_deltas(&self, (first, last): Dates) -> Result<Vec<DeltaRow>, Error> {
        self.store.read(|read| {
            let mut all = read.posted_for(first, last)?;
            all.extend(read.deltas(first, last)?);
            all.sort_by_key(|delta| (delta.date, delta.employee));
            rows(read, all)
        })
    }

    /// What was posted into a range of dates.
    ///
    /// # Errors
    /// Of the store.
    pub fn posted_deltas(&self, (first, last): Dates) -> Result<Vec<DeltaRow>, Error> {
        self.store.read(|read| rows(read, read.posted_into(first, last)?))
    }

    /// Posts all that locked days up to a date lack, into that date's period. Returns how many there were.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the date itself is locked.
    pub fn post_deltas(&self, actor: &Actor, into: Date, now: Timestamp) -> Result<u64, Error> {
        self.store.write(|write| {
            if write.locks()?.iter().any(|lock| lock.first <= into && into <= lock.last) {
                return Err(Error::invalid(format!("{into} is locked"), "post into a date of an open period"));
            }
            let deltas = write.deltas(crate::resolve::ALWAYS.0, into)?;
            for delta in &deltas {
                let posted = StoredDelta { at_us: now.as_microsecond(), ..delta.clone() };
                write.post_delta(&posted, into, &actor.name)?;
                write.drop_delta(delta.employee, delta.date)?;
            }
            if !deltas.is_empty() {
                let detail = format!("{} deltas of locked days", deltas.len());
                write.audit(&actor.entry(now, "period.post", &into.to_string(), detail))?;
            }
            Ok(deltas.len() as u64)
        })
    }
}

/// Marks the weeks of a period for everybody: also of those who are no longer employed on its dates, but have days there.
fn mark_weeks(write: &Write<'_>, company: &Company, (first, last): Dates) -> Result<(), Error> {
    for employee in &write.employees()? {
        for week in company.weeks(DateRange { from: first, to: last }) {
            write.mark(employee.id, week)?;
        }
    }
    Ok(())
}

pub(crate) fn checked((first, last): Dates) -> Result<Dates, Error> {
    if last < first {
        return Err(Error::invalid(
            format!("the period ends {last}, before it starts {first}"),
            "turn the dates round",
        ));
    }
    Ok((first, last))
}

fn open_days(read: &Read<'_>, (first, last): Dates) -> Result<Vec<(String, Date)>, Error> {
    let mut open = Vec::new();
    for status in ["deferred", "incomplete"] {
        let query =
            DayQuery { from: Some(first), to: Some(last), status: Some(status.to_owned()), ..DayQuery::default() };
        read.each_day(&query, read.count_days(&query)?, |listed| {
            let is_open = !unlockable([&record(&listed.day)?]).is_empty();
            open.extend(is_open.then_some((listed.code, listed.day.date)));
            Ok::<_, Error>(())
        })?;
    }
    open.sort();
    Ok(open)
}

fn rows(read: &Read<'_>, deltas: Vec<StoredDelta>) -> Result<Vec<DeltaRow>, Error> {
    let row = |stored: StoredDelta| {
        let missing = || Error::Damaged { what: "delta", detail: format!("employee {} is missing", stored.employee) };
        let employee = read.employee(stored.employee)?.ok_or_else(missing)?;
        let (code, name) = (employee.code.clone(), employee.shown_name().to_owned());
        Ok(DeltaRow {
            code,
            name,
            date: stored.date,
            delta: read_delta(&stored.body)?,
            at: instant(stored.at_us),
            into: stored.into,
        })
    };
    deltas.into_iter().map(row).collect()
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}
