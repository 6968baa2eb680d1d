//! Approved leave of an Odoo becomes statements in the source's name, one a date.
//!
//! Invariants:
//! * What a person stated stays. Leave that can't stand beside it is refused, told, and tried again with each reading.
//! * What a person took back of this source's does not come again.
//! * Nothing of leave that is approved still is withdrawn because it can't be told any more what it is, or whose.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use roads::odoo::{ApprovedLeave, NotRead, OdooPerson};
use store::facts::{Fact, Subject};
use store::{Read, Write};

use super::leave_plan::{Ours, Steps, steps, straddling};
use super::people::who;
use super::{Reading, some_of};
use crate::resolve::ALWAYS;
use crate::sources::in_the_name_of;
use crate::stated::{Stated, Whom};
use crate::stating::{state, withdraw};
use crate::{Actor, Error};

/// Leave that ended longer ago is not asked for again.
const DAYS_BACK: i64 = 366;
/// Statements of one transaction.
const STATEMENTS_PER_WRITE: usize = 200;

/// What came of reading leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaveRead {
    /// Leaves that are approved.
    pub approved: usize,
    /// Dates that were stated.
    pub stated: usize,
    /// Dates that were withdrawn.
    pub withdrawn: usize,
    /// Dates that a person took back.
    pub taken_back: usize,
    /// Dates that stay as they were stated, of leave that is approved still and can't be taken any more.
    pub kept: usize,
    /// How many leaves are of a type that is given no kind, by its name.
    pub unmapped: BTreeMap<String, usize>,
    /// Leave that could not be taken, and why.
    pub untaken: Vec<String>,
}

impl LeaveRead {
    /// In words, for lists.
    pub fn words(&self) -> String {
        let Self { approved, stated, withdrawn, .. } = self;
        let mut words = vec![format!("{approved} leaves approved, {stated} dates stated, {withdrawn} withdrawn")];
        if self.taken_back > 0 {
            words.push(format!("{} dates stay as people took them back", self.taken_back));
        }
        if self.kept > 0 {
            words.push(format!(
                "{} dates stay as they were stated, of approved leave that can't be taken now",
                self.kept
            ));
        }
        let unmapped: Vec<String> = self.unmapped.iter().map(|(name, count)| format!("{count} of `{name}`")).collect();
        words.extend(some_of("of a type that --leave-type gives no kind", &unmapped));
        words.extend(some_of("not taken", &self.untaken));
        words.join("; ")
    }
}

impl Reading<'_> {
    /// The first date that leave is looked at from.
    fn since(&self) -> Date {
        self.settings.first.max(self.today.saturating_sub(DAYS_BACK.days()))
    }

    /// The leave that is approved now.
    pub(super) fn approved(&self) -> Result<Vec<ApprovedLeave>, NotRead> {
        let ours = self.hub.store.read(|read| ours(read, self.name));
        let ours = ours.map_err(|error| NotRead::Refused(error.to_string()))?;
        self.odoo.approved_leave(self.since(), &straddling(self.name, &ours, self.since()))
    }

    /// Brings what is stated in step with it.
    pub(super) fn take_leave(&self, approved: &[ApprovedLeave], people: &[OdooPerson]) -> Result<LeaveRead, Error> {
        let Steps { withdrawn, stated, untaken, unmapped, kept } = self.hub.store.read(|read| {
            let (ours, who) = (ours(read, self.name)?, who(read, (self.name, &self.settings), people, self.today)?);
            Ok::<_, Error>(steps(self.name, (&ours, self.since()), approved, &self.settings.leave_types, &who))
        })?;
        let mut done = LeaveRead { approved: approved.len(), untaken, unmapped, kept, ..LeaveRead::default() };
        let actor = in_the_name_of(self.name);
        for numbers in withdrawn.chunks(STATEMENTS_PER_WRITE) {
            done.withdrawn += self.hub.store.write(|write| self.withdraw(write, &actor, numbers))?;
        }
        for some in stated.chunks(STATEMENTS_PER_WRITE) {
            let part = self.hub.store.write(|write| self.state(write, &actor, some))?;
            done.stated += part.stated;
            done.taken_back += part.taken_back;
            done.untaken.extend(part.untaken);
        }
        Ok(done)
    }

    fn withdraw(&self, write: &Write<'_>, actor: &Actor, numbers: &[i64]) -> Result<usize, Error> {
        let mut withdrawn = 0;
        if self.is_current(write)? {
            for number in numbers {
                // A person may have been faster.
                let Some(fact) = write.fact(*number)?.filter(|fact| fact.withdrawn.is_none()) else { continue };
                withdraw(write, actor, &fact, "it is no longer approved in Odoo", self.now)?;
                withdrawn += 1;
            }
        }
        Ok(withdrawn)
    }

    fn state(&self, write: &Write<'_>, actor: &Actor, some: &[(i64, String, Stated)]) -> Result<LeaveRead, Error> {
        let mut done = LeaveRead::default();
        if !self.is_current(write)? {
            return Ok(done);
        }
        for (employee, code, stated) in some {
            if is_taken_back(write, actor, *employee, stated)? {
                done.taken_back += 1;
                continue;
            }
            let whom = Whom::Employee(code.clone());
            match write.step(|| state(write, actor, &whom, stated, "approved in Odoo", self.now)) {
                Ok(_) => done.stated += 1,
                Err(error @ (Error::NotFound(_) | Error::Invalid { .. })) => {
                    done.untaken.push(format!("{} of {code}: {error}", stated.key()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

/// What this source states of absences, in force.
fn ours(read: &Read<'_>, name: &str) -> Result<Vec<Ours>, Error> {
    let actor = in_the_name_of(name).name;
    let mut ours = Vec::new();
    for kind in ["leave", "offsite"] {
        for fact in read.facts_of_kind(kind, ALWAYS.0, ALWAYS.1)? {
            let Subject::Employee(employee) = fact.subject else { continue };
            if fact.actor == actor {
                ours.push(Ours { number: fact.number, employee, stated: as_said(&fact)? });
            }
        }
    }
    Ok(ours)
}

/// A statement as it was made, without when.
fn as_said(fact: &Fact) -> Result<Stated, Error> {
    Ok(match Stated::of(fact)? {
        Stated::Leave(leave) => Stated::Leave(attendance::Leave { recorded_at: None, ..leave }),
        Stated::Offsite(offsite) => Stated::Offsite(attendance::Offsite { recorded_at: None, ..offsite }),
        other => other,
    })
}

/// Whether a person took back what this source had said of the same.
fn is_taken_back(read: &Read<'_>, actor: &Actor, employee: i64, stated: &Stated) -> Result<bool, Error> {
    let withdrawn = read.withdrawn_facts(&Subject::Employee(employee), stated.kind(), ALWAYS.0, ALWAYS.1)?;
    let by_people = |fact: &Fact| fact.withdrawn.as_ref().is_some_and(|(_, by)| *by != actor.name);
    Ok(withdrawn.iter().any(|fact| fact.actor == actor.name && fact.key == stated.key() && by_people(fact)))
}
