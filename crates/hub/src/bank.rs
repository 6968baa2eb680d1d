//! The time-off bank of an employee: a statement made of what judged days earned and what was used (rules 15).
//!
//! Invariant: nothing of a bank is stored but the uses that people stated; balances are the fold of all events, made anew each time.

use attendance::bank::{Bank, Event, Statement};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::company::Company;
use crate::keep::record;
use crate::resolve::ALWAYS;
use crate::stated::{Became, Stated, Whom};
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
            let company = Company::load(read)?;
            let bank = bank(&company)?;
            let known = read.employee_by_code(employee)?;
            let known = known.ok_or_else(|| Error::NotFound(format!("employee with code {employee}")))?;
            let days = read.days_of(known.id, ALWAYS.0, until)?;
            let records = days.iter().map(record).collect::<Result<Vec<_>, _>>()?;
            let mut events = bank.earnings(&records);
            let subject = store::facts::Subject::Employee(known.id);
            for fact in read.facts_of(&subject, ALWAYS.0, ALWAYS.1, now.as_microsecond())? {
                if let Stated::TimeOff(event) = Stated::of(&fact)? {
                    events.push(event);
                }
            }
            events.sort_by_key(Event::date);
            Ok(BankStatement { statement: bank.statement(&events, until), events })
        })
    }

    /// States that an employee uses time of the bank from a date on, or that such a use is cancelled.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the bank would refuse it, with the reason; [`Error::NotFound`] for an unknown employee.
    pub fn use_bank(
        &self,
        actor: &Actor,
        employee: &str,
        event: &Event,
        reason: &str,
        now: Timestamp,
    ) -> Result<Became, Error> {
        let mut events = self.bank(employee, ALWAYS.1, now)?.events;
        let is_known = events.contains(event);
        if !is_known {
            events.push(event.clone());
            let bank = bank(&self.company()?)?;
            let results = bank.statement(&events, event.date()).results;
            if let Some(attendance::bank::Outcome::Refused(refusal)) = results.last() {
                let what = format!("the bank of employee {employee} can't give that on {}", event.date());
                return Err(Error::invalid(what, refusal.to_string()));
            }
        }
        let whom = Whom::Employee(employee.to_owned());
        self.state(actor, &whom, &Stated::TimeOff(event.clone()), reason, now)
    }
}

fn bank(company: &Company) -> Result<Bank, Error> {
    let policy = company.bank.clone().ok_or_else(|| {
        Error::invalid("the company has no time-off bank", "choose one with `punchclock company set --bank PRESET`")
    })?;
    Bank::new(policy).map_err(|error| Error::invalid(error.to_string(), "change the company's bank"))
}
