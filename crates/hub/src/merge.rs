//! One person was on the list twice: one employee counts as another, as a fact that can be taken back.
//!
//! Invariants:
//! * What terminals said stays, and so does what was stated of either: a merge moves only whom it counts for, and without it everything
//!   is again as it was.
//! * Whoever counts as another has no days of their own. Nobody counts as one who counts as a third.
//! * `employee.merged_into` says what the fact in force says; both change in one transaction, with the replays and marks of all that
//!   they move.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Write;
use store::facts::{Fact, NewFact, Subject};
use store::people::Employee;

use crate::company::Company;
use crate::marks::mark_person;
use crate::registry::employee;
use crate::replay::{Replay, note};
use crate::resolve::ALWAYS;
use crate::stated::Stated;
use crate::{Actor, Cured, Error, Hub};

/// An employee has one such fact in force at most.
pub(crate) const KIND: &str = "merge";

/// Whom an employee counts as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// Employee code.
    pub into: String,
}

impl Hub {
    /// From now on `from` counts as `into`: every punch and every statement, of the past too. Their days are derived again.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee; [`Error::Invalid`] without a reason, and where one of them is merged already.
    pub fn merge_employees(
        &self,
        actor: &Actor,
        (from, into): (&str, &str),
        reason: &str,
        now: Timestamp,
    ) -> Result<Cured, Error> {
        if reason.trim().is_empty() {
            return Err(Error::invalid("employees are merged with a reason", "say how you know that they are one"));
        }
        self.store.write(|write| {
            let (from, into) = (employee(write, from.trim())?, employee(write, into.trim())?);
            check(write, &from, &into)?;
            let stated = Stated::Merge(Merge { into: into.code.clone() });
            let new = NewFact {
                subject: Subject::Employee(from.id),
                kind: stated.kind(),
                key: stated.key(),
                first: ALWAYS.0,
                last: ALWAYS.1,
                body: stated.body()?,
                stated_us: now.as_microsecond(),
                actor: actor.name.clone(),
                reason: reason.trim().to_owned(),
            };
            write.add_fact(&new)?;
            count_as(write, &from, &into, true, now)?;
            let detail = format!("counts as employee {}: {}", into.code, reason.trim());
            Ok::<_, Error>(write.audit(&actor.entry(now, "employee.merge", &from.code, detail))?)
        })?;
        self.resume_replays(now)
    }

    /// Takes the merge of an employee back: everything is again as it was.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee, and one who counts as nobody else.
    pub fn unmerge_employee(&self, actor: &Actor, code: &str, reason: &str, now: Timestamp) -> Result<(), Error> {
        let number = self.store.read(|read| {
            let known = employee(read, code.trim())?;
            let fact = read.fact_in_force(&Subject::Employee(known.id), KIND, KIND)?;
            let missing =
                || Error::NotFound(format!("merge of employee {code}; `punchclock fact list merge` shows them"));
            Ok::<_, Error>(fact.ok_or_else(missing)?.number)
        })?;
        self.withdraw(actor, number, reason, now)
    }
}

/// Refuses a merge that could not be read in one step.
fn check(write: &Write<'_>, from: &Employee, into: &Employee) -> Result<(), Error> {
    if from.id == into.id {
        return Err(Error::invalid(format!("employee {} is the same on both sides", from.code), "name two employees"));
    }
    for one in [from, into] {
        if let Some(other) = one.merged_into {
            let other = write.employee(other)?.map_or_else(String::new, |other| other.code);
            let what = format!("employee {} counts as employee {other} already", one.code);
            let cure =
                format!("merge employee {other}, or take it back first: `punchclock employee unmerge {}`", one.code);
            return Err(Error::invalid(what, cure));
        }
    }
    if let Some(other) = write.merged_into(from.id)?.first() {
        let what = format!("employee {} counts as employee {}", other.code, from.code);
        let cure = format!("take that back first, and merge each into {}", into.code);
        return Err(Error::invalid(what, cure));
    }
    Ok(())
}

/// What follows when the merge is taken back, whose fact is withdrawn already.
pub(crate) fn undo(write: &Write<'_>, fact: &Fact, now: Timestamp) -> Result<(), Error> {
    let damaged = || Error::Damaged { what: "merge", detail: format!("{} is of nobody", fact.number) };
    let Subject::Employee(id) = fact.subject else { return Err(damaged()) };
    let from = write.employee(id)?.ok_or_else(damaged)?;
    let into = from.merged_into.map(|into| write.employee(into)).transpose()?.flatten().ok_or_else(damaged)?;
    count_as(write, &from, &into, false, now)
}

/// Notes whether `from` counts as `into`, and all that it moves: the punches of its numbers, and every day of both.
fn count_as(write: &Write<'_>, from: &Employee, into: &Employee, is_merged: bool, now: Timestamp) -> Result<(), Error> {
    let company = Company::load(write)?;
    // As they are known before the punches move; what the moved ones touch is marked when they are resolved.
    mark_person(write, &company, from, now)?;
    mark_person(write, &company, into, now)?;
    write.set_merged_into(from.id, is_merged.then_some(into.id))?;
    let numbers = write.numbers_of(from.id)?;
    numbers.iter().try_for_each(|number| note(write, Replay::Number, &number.number))
}
