//! The fold itself: events in order, lots in the order of their use.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::policy::MOST;
use super::{BankPolicy, BankTotals, Event, Lot, Outcome, Refusal, Statement, Unusable};
use crate::Code;

/// A bank in the middle of its events.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    policy: &'a BankPolicy,
    /// All lots, by (expiry, earned date, order), which is the order they were earned in.
    pub(super) lots: Vec<Lot>,
    /// Lots before this one are past their expiry and empty.
    open: usize,
    balance: i64,
    /// Calendar month of the last earning, and what was granted in it.
    month: Option<(Date, i64)>,
    /// Accepted uses by id.
    pub(super) uses: BTreeMap<&'a str, Taken>,
    totals: BankTotals,
    results: Vec<Outcome>,
}

/// Where the minutes of an accepted use came from.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Position of the lot, minutes.
    pub(super) parts: Vec<(usize, i64)>,
    is_cancelled: bool,
}

impl<'a> Ledger<'a> {
    /// The ledger after all events up to the end of a date. The policy must be valid.
    pub(super) fn fold(policy: &'a BankPolicy, events: &'a [Event], until: Date) -> Self {
        let mut ledger = Self {
            policy,
            lots: Vec::new(),
            open: 0,
            balance: 0,
            month: None,
            uses: BTreeMap::new(),
            totals: BankTotals::default(),
            results: vec![Outcome::Later; events.len()],
        };
        let mut order: Vec<(usize, &Event)> = events.iter().enumerate().collect();
        order.retain(|(_, event)| event.date() <= until);
        order.sort_by_key(|(_, event)| (event.date(), event.turn()));
        for (index, event) in order {
            ledger.expire(event.date());
            let outcome = ledger.apply(event);
            if let Some(result) = ledger.results.get_mut(index) {
                *result = outcome;
            }
        }
        ledger.expire(until);
        ledger
    }

    pub(super) fn close(mut self) -> Statement {
        self.lots.retain(|lot| lot.minutes > 0);
        Statement { balance_minutes: self.balance, totals: self.totals, lots: self.lots, results: self.results }
    }

    fn apply(&mut self, event: &'a Event) -> Outcome {
        match event {
            Event::Earn { date, code, minutes } => self.earn(*date, code, *minutes),
            Event::Use { id, minutes, .. } => self.spend(id, *minutes),
            Event::CancelUse { id, .. } => self.cancel(id),
        }
    }

    /// Empties the lots whose last date lies before `date`.
    fn expire(&mut self, date: Date) {
        while let Some(lot) = self.lots.get_mut(self.open) {
            if lot.expires.is_none_or(|last| last >= date) {
                return;
            }
            let left = std::mem::take(&mut lot.minutes);
            self.balance -= left;
            self.lapse(left);
            self.open += 1;
        }
    }

    fn lapse(&mut self, minutes: i64) {
        match self.policy.on_expiry {
            Unusable::Forfeit => self.totals.expired += minutes,
            Unusable::Pay => self.totals.expired_paid += minutes,
        }
    }

    fn earn(&mut self, date: Date, code: &Code, minutes: i64) -> Outcome {
        let percent = self.policy.percent(code).unwrap_or(0);
        let exact = minutes.clamp(0, MOST) * percent / 100;
        let credit = exact - exact % self.policy.unit;
        let month = date.first_of_month();
        let granted_before = self.month.filter(|(known, _)| *known == month).map_or(0, |(_, granted)| granted);
        let room = |cap: Option<i64>, taken: i64| cap.map_or(i64::MAX, |cap| (cap - taken).max(0));
        let credited = credit.min(room(self.policy.monthly_cap, granted_before));
        let credited = credited.min(room(self.policy.balance_cap, self.balance));
        let overflow = credit - credited;
        self.month = Some((month, granted_before + credited));
        self.balance += credited;
        self.totals.credited += credited;
        match self.policy.overflow {
            Unusable::Forfeit => self.totals.overflow_forfeited += overflow,
            Unusable::Pay => self.totals.overflow_paid += overflow,
        }
        if credited > 0 {
            self.lots.push(Lot { earned: date, expires: self.policy.expiry.of(date), minutes: credited });
        }
        Outcome::Earned { credited, overflow }
    }

    fn spend(&mut self, id: &'a str, minutes: i64) -> Outcome {
        if let Some(refusal) = self.objection(id, minutes) {
            self.totals.rejected += minutes.clamp(0, MOST);
            return Outcome::Refused(refusal);
        }
        let mut taken = Taken::default();
        let mut wanted = minutes;
        for (at, lot) in self.lots.iter_mut().enumerate().skip(self.open) {
            let part = wanted.min(lot.minutes);
            if part > 0 {
                lot.minutes -= part;
                wanted -= part;
                taken.parts.push((at, part));
            }
            if wanted == 0 {
                break;
            }
        }
        self.balance -= minutes;
        self.totals.used += minutes;
        self.uses.insert(id, taken);
        Outcome::Accepted
    }

    fn objection(&self, id: &str, minutes: i64) -> Option<Refusal> {
        let (block, balance) = (self.policy.use_block, self.balance);
        if self.uses.contains_key(id) {
            Some(Refusal::KnownUse)
        } else if minutes <= 0 {
            Some(Refusal::NotPositive)
        } else if minutes % block != 0 {
            Some(Refusal::NotInBlocks { block })
        } else if minutes > balance {
            Some(Refusal::AboveBalance { balance })
        } else {
            None
        }
    }

    /// Returns the minutes of a use to their lots; what returns to a lot past its expiry lapses at once.
    fn cancel(&mut self, id: &str) -> Outcome {
        let Some(taken) = self.uses.get_mut(id) else { return Outcome::Refused(Refusal::UnknownUse) };
        if taken.is_cancelled {
            return Outcome::Refused(Refusal::AlreadyCancelled);
        }
        taken.is_cancelled = true;
        let parts = std::mem::take(&mut taken.parts);
        for (at, minutes) in parts {
            self.totals.restored += minutes;
            match self.lots.get_mut(at) {
                Some(lot) if at >= self.open => {
                    lot.minutes += minutes;
                    self.balance += minutes;
                }
                _ => self.lapse(minutes),
            }
        }
        Outcome::Accepted
    }
}
