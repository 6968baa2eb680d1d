//! Another policy, tried on past dates: what would change, before anything is changed.

use attendance::bank::Bank;
use attendance::lateness::Lateness;
use attendance::lock::Delta;
use attendance::{DateRange, DayRecord, Policy, PolicyVersion, Rulebook};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Read;
use store::people::Employee;

use crate::company::Company;
use crate::derive::is_kept;
use crate::facts::Facts;
use crate::periods::Dates;
use crate::zones::ZoneBook;
use crate::{Error, Hub};

/// Employees that are looked at in one snapshot of the store; others write in between.
const PER_SNAPSHOT: usize = 200;

/// What another policy would change for one employee, or in total.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Days whose record would differ.
    pub days: u64,
    /// Minutes and pay codes: tried minus now.
    pub delta: Delta,
    /// Tardy logs: tried minus now.
    pub tardy_logs: i64,
    /// Left-early logs: tried minus now.
    pub left_early_logs: i64,
    /// Credit that the days would earn in the time-off bank, in minutes: tried minus now. 0 without a bank.
    pub bank_minutes: i64,
}

/// What another policy would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// Employees whose days would differ, by code.
    pub people: Vec<(String, Change)>,
    /// The days that would differ: employee code, now, tried.
    pub days: Vec<(String, DayRecord, DayRecord)>,
    /// All of it.
    pub total: Change,
    /// Days that were looked at.
    pub looked_at: u64,
}

impl Hub {
    /// Derives the days of a range by the company's policies and by another one that holds in all of the range, from the same facts,
    /// and tells what differs. Nothing is stored. `progress` hears how many employees are done and how many there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a policy with a setting out of range, which it names.
    pub fn try_policy(
        &self,
        policy: &Policy,
        (first, last): Dates,
        now: Timestamp,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Trial, Error> {
        let (company, zones, (book, _), people) = self.store.read(|read| {
            let company = Company::load(read)?;
            let (zones, rules) = (ZoneBook::load(read, &company)?, company.rulebook(read, now)?);
            Ok::<_, Error>((company, zones, rules, read.employees()?))
        })?;
        let version = PolicyVersion { from: Some(first), policy: policy.clone(), ..PolicyVersion::default() };
        let policies = company.policies.clone().ending_with(version);
        let tried = Rulebook::new(policies, company.timetables.clone(), book.calendar().clone());
        let tried = tried.map_err(|error| Error::invalid(error.to_string(), "mend the policy and try again"))?;
        let bank = company.bank.clone().and_then(|policy| Bank::new(policy).ok());
        let run = Run { company: &company, zones: &zones, now: &book, tried: &tried, bank: bank.as_ref(), as_of: now };
        let mut trial = Trial::default();
        for chunk in people.chunks(PER_SNAPSHOT) {
            self.store
                .read(|read| chunk.iter().try_for_each(|one| run.employee(read, one, (first, last), &mut trial)))?;
            let done = trial.people.len();
            progress(done, people.len());
        }
        trial.people.retain(|(_, change)| *change != Change::default());
        Ok(trial)
    }
}

struct Run<'a> {
    company: &'a Company,
    zones: &'a ZoneBook,
    now: &'a Rulebook,
    tried: &'a Rulebook,
    bank: Option<&'a Bank>,
    as_of: Timestamp,
}

impl Run<'_> {
    fn employee(
        &self,
        read: &Read<'_>,
        employee: &Employee,
        (first, last): (Date, Date),
        trial: &mut Trial,
    ) -> Result<(), Error> {
        let today = self.zones.employee(read, employee)?.date(self.as_of);
        let range = DateRange { from: first, to: last.min(today) };
        let facts = match range.from <= range.to {
            true => Facts::gather(read, (self.company, self.zones), self.now, employee, range, self.as_of)?,
            false => None,
        };
        let mut change = Change::default();
        if let Some(facts) = facts {
            let derive = |book| attendance::derive(book, &facts.person(), range, facts.moment(self.as_of));
            let (now, tried) = (derive(self.now), derive(self.tried));
            change.bank_minutes = self.earned(&tried) - self.earned(&now);
            for (now, tried) in now.into_iter().zip(tried).filter(|(now, tried)| is_kept(now) || is_kept(tried)) {
                trial.looked_at += 1;
                if now != tried {
                    change.add_day(&now, &tried);
                    trial.days.push((employee.code.clone(), now, tried));
                }
            }
        }
        trial.total.add(&change);
        trial.people.push((employee.code.clone(), change));
        Ok(())
    }

    /// The credit that days earn, in minutes, whatever the bank held before.
    fn earned(&self, records: &[DayRecord]) -> i64 {
        let last = records.last().map(|record| record.date);
        self.bank.zip(last).map_or(0, |(bank, last)| bank.statement(&bank.earnings(records), last).totals.credited)
    }
}

impl Change {
    fn add_day(&mut self, now: &DayRecord, tried: &DayRecord) {
        self.days += 1;
        self.delta = std::mem::take(&mut self.delta).plus(&Delta::between(Some(now), Some(tried)));
        let logs = |kind: Lateness| i64::from(kind.of(Some(tried)) > 0) - i64::from(kind.of(Some(now)) > 0);
        self.tardy_logs += logs(Lateness::Tardy);
        self.left_early_logs += logs(Lateness::LeftEarly);
    }

    fn add(&mut self, other: &Self) {
        self.days += other.days;
        self.delta = std::mem::take(&mut self.delta).plus(&other.delta);
        self.tardy_logs += other.tardy_logs;
        self.left_early_logs += other.left_early_logs;
        self.bank_minutes += other.bank_minutes;
    }
}
