//! The time-off bank: overtime earns credit, approved time off uses it (rules 15). It holds comp time, COC or TOIL.
//!
//! A statement is a fold over events: what was earned on judged dates, what was used, which uses were cancelled. It is
//! made anew from the events each time and never edited. A date that is derived again changes its earnings, and the next
//! statement shows what follows: a use that the balance no longer covers is refused there with the balance that was left.
//! Who approved it sees that the answer changed.
//!
//! Order: by date; on one date uses first, then cancellations, then earnings; then as listed. So credit can be used from
//! the day after it was earned.
//!
//! Invariants (rules 22, 12), held by `invariants`:
//!
//! * credited = balance + used - restored + expired + expired and paid;
//! * the balance is never negative, and it is the sum of the lots;
//! * no lot is used after its expiry date;
//! * lots stand in the order in which they are used: all lots of a bank expire by one rule, so expiry dates never run
//!   backwards.

mod event;
#[cfg(test)]
mod invariants;
mod ledger;
mod policy;
mod preset;
mod statement;

pub use event::{Event, Outcome, Refusal};
pub use policy::{BankPolicy, Expiry, Rate, Unusable};
pub use preset::{PRESETS, Preset, PresetError};
pub use statement::{BankTotals, Lot, Statement};

use jiff::civil::Date;

use crate::{DayRecord, PolicyError};

/// A bank whose policy is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bank {
    policy: BankPolicy,
}

impl Bank {
    /// Refuses the first setting that is out of range and names it, its value and what is allowed.
    pub fn new(policy: BankPolicy) -> Result<Self, PolicyError> {
        policy.validate()?;
        Ok(Self { policy })
    }

    /// The policy it was made from.
    pub fn policy(&self) -> &BankPolicy {
        &self.policy
    }

    /// What judged day records earn: an event per date and pay code that has a rate, in the order of the records.
    pub fn earnings(&self, records: &[DayRecord]) -> Vec<Event> {
        let judged = records.iter().filter(|record| record.is_judged());
        let pay = judged.flat_map(|record| record.pay.iter().map(|(code, minutes)| (record.date, code, minutes)));
        let earned = pay.filter(|(_, code, _)| self.policy.percent(code).is_some());
        earned.map(|(date, code, minutes)| Event::Earn { date, code: code.clone(), minutes }).collect()
    }

    /// The bank of one person at the end of a date, made of all events in any order. Events after that date are not part
    /// of it.
    pub fn statement(&self, events: &[Event], until: Date) -> Statement {
        ledger::Ledger::fold(&self.policy, events, until).close()
    }
}
