//! The time-off bank of an employee: a statement made of what judged days earned and what was used (rules 15).
//!
//! Invariants:
//! * Nothing of a bank is stored but the uses that people stated; balances are the fold of all events, made anew each time.
//! * A use is judged and stated in one transaction. It is taken only when the bank can give it and no later use loses its minutes by it.

use attendance::DateRange;
use attendance::bank::{Bank, Event, Outcome, Statement};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Read;
use store::facts::Subject;

use crate::company::Company;
use crate::facts::of_all;
use crate::keep::record;
use crate::registry;
use crate::resolve::ALWAYS;
use crate::stated::{Became, Stated, Whom};
use crate::stating::state;
use crate::{Actor, Error, Hub};

/// A bank at the end of a date, with the events behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankStatement {
    /// Lots, sums and balance.
    pub statement: Statement,
    /// What was earned, used and cancelled; [`Statement::results`] has what came of each, in this order.
    pub events: Vec<Event>,
}

impl Hub {
    /// The bank of an employee at the end of a date.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown employee, [`Error::Invalid`] when the company has no bank.
    pub fn bank(&self, employee: &str, until: Date, now: Timestamp) -> Result<BankStatement, Error> {
        self.store.read(|read| {
            let bank = bank(&Company::load(read)?)?;
            let events = events(read, &bank, employee, until, now)?;
            Ok(BankStatement { statement: bank.statement(&events, until), events })
        })
    }

    /// States that an employee uses time of the bank from a date on, or that such a use is cancelled.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the bank would refuse it, or a later use because of it, with the reason; [`Error::NotFound`] for an
    /// unknown employee.
    pub fn use_bank(
        &self,
        actor: &Actor,
        employee: &str,
        event: &Event,
        reason: &str,
        now: Timestamp,
    ) -> Result<Became, Error> {
        self.store.write(|write| {
            let bank = bank(&Company::load(write)?)?;
            let mut events = events(write, &bank, employee, ALWAYS.1, now)?;
            if !events.contains(event) {
                let before = bank.statement(&events, ALWAYS.1).results;
                events.push(event.clone());
                let after = bank.statement(&events, ALWAYS.1).results;
                check(employee, &events, &before, &after)?;
            }
            let whom = Whom::Employee(employee.to_owned());
            state(write, actor, &whom, &Stated::TimeOff(event.clone()), reason, now)
        })
    }
}

/// Refuses the last event when the bank does, or when another one that was taken would be refused because of it.
fn check(employee: &str, events: &[Event], before: &[Outcome], after: &[Outcome]) -> Result<(), Error> {
    for (at, (event, outcome)) in events.iter().zip(after).enumerate() {
        let Outcome::Refused(refusal) = outcome else { continue };
        match before.get(at) {
            Some(Outcome::Refused(_)) => {}
            Some(_) => {
                let what = format!("employee {employee} would lack the minutes of the use of {}", event.date());
                return Err(Error::invalid(what, format!("{refusal}; cancel that use first")));
            }
            None => {
                let what = format!("the bank of employee {employee} can't give that on {}", event.date());
                return Err(Error::invalid(what, refusal.to_string()));
            }
        }
    }
    Ok(())
}

/// What judged days up to a date earned, and every use that was stated, by date.
fn events(read: &Read<'_>, bank: &Bank, employee: &str, until: Date, now: Timestamp) -> Result<Vec<Event>, Error> {
    let known = registry::employee(read, employee)?;
    let days = read.days_of(known.id, ALWAYS.0, until)?;
    let records = days.iter().map(record).collect::<Result<Vec<_>, _>>()?;
    let mut events = bank.earnings(&records);
    let mut subjects = vec![Subject::Employee(known.id)];
    subjects.extend(read.merged_into(known.id)?.iter().map(|other| Subject::Employee(other.id)));
    let always = DateRange { from: ALWAYS.0, to: ALWAYS.1 };
    for fact in of_all(read, &subjects, always, now)? {
        if let Stated::TimeOff(event) = Stated::of(&fact)? {
            events.push(event);
        }
    }
    events.sort_by_key(Event::date);
    Ok(events)
}

fn bank(company: &Company) -> Result<Bank, Error> {
    let policy = company.bank.clone().ok_or_else(|| {
        Error::invalid("the company has no time-off bank", "choose one with `punchclock company set --bank PRESET`")
    })?;
    Bank::new(policy).map_err(|error| Error::invalid(error.to_string(), "change the company's bank"))
}
