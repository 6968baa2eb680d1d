//! The policies of a company in the course of time: versions, each with the work date from which it holds (rules 3, 18).
//!
//! The version in force on the *work date* applies, also to what accumulates over a workweek: a date is paid by its own
//! version on top of what its week accumulated before, by whichever versions. Where a step has no work date yet or looks
//! at two of them, this is what is used:
//!
//! * whether a press is a repeat, and what its state says (rules 5): the version of its civil date;
//! * the contested zone between two dates, and who owns a punch in it (rules 8): the version of the later date;
//! * a version that begins the week on another weekday than the one before begins a workweek with its own first date, so
//!   that the week before it is cut short and no workweek is longer than seven dates (rules 14.1);
//! * penalty units of a period (rules 14.6): the version of its last date;
//! * a compliance check (rules 16): the version of the date that a finding is reported on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::compliance::Checks;
use crate::rules::calendar_day::{date_of, day_number, weekday};
use crate::{DateRange, Policy, PolicyError, PolicyFile};

/// A policy with its checks, and the date from which it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyVersion {
    /// First work date on which it holds, until the next version does; `None`: from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The policy.
    pub policy: Policy,
    /// The compliance checks.
    pub checks: Checks,
}

/// The versions of a company's policy, by date. One of them holds on every date: the first is without a date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<PolicyVersion>", into = "Vec<PolicyVersion>")]
pub struct Policies {
    first: PolicyVersion,
    /// By date, which each of them has.
    later: Vec<PolicyVersion>,
}

impl PolicyVersion {
    /// What a policy file says, from a date on; `None`: from the beginning.
    pub fn of_file(file: PolicyFile, from: Option<Date>) -> Self {
        Self { from, policy: file.policy, checks: file.checks }
    }

    /// Whether it says the same as another one, from whatever date.
    fn says_the_same(&self, other: &Self) -> bool {
        self.policy == other.policy && self.checks == other.checks
    }
}

impl From<Policy> for Policies {
    /// One policy, from the beginning.
    fn from(policy: Policy) -> Self {
        Self { first: PolicyVersion { policy, ..PolicyVersion::default() }, later: Vec::new() }
    }
}

impl TryFrom<Vec<PolicyVersion>> for Policies {
    type Error = PolicyError;

    /// Takes versions in any order; one of them holds from the beginning, and no two begin on the same date.
    fn try_from(mut versions: Vec<PolicyVersion>) -> Result<Self, PolicyError> {
        versions.sort_by_key(|version| version.from);
        for (one, next) in versions.iter().zip(versions.iter().skip(1)) {
            if one.from == next.from {
                let date = one.from.map_or_else(|| "none".to_owned(), |date| date.to_string());
                return Err(PolicyError::new("policies.from", date, "a date of its own for each version"));
            }
        }
        let mut versions = versions.into_iter();
        match versions.next() {
            Some(first) if first.from.is_none() => Ok(Self { first, later: versions.collect() }),
            first => {
                let date = first.and_then(|first| first.from).map_or("no version".to_owned(), |date| date.to_string());
                Err(PolicyError::new(
                    "policies[0].from",
                    date,
                    "a first version without `from`: it holds from the beginning",
                ))
            }
        }
    }
}

impl From<Policies> for Vec<PolicyVersion> {
    fn from(policies: Policies) -> Self {
        std::iter::once(policies.first).chain(policies.later).collect()
    }
}

impl Policies {
    /// The version in force on a work date.
    pub fn on(&self, date: Date) -> &PolicyVersion {
        self.get(self.position(day_number(date)))
    }

    /// All versions, by date.
    pub fn iter(&self) -> impl Iterator<Item = &PolicyVersion> {
        std::iter::once(&self.first).chain(&self.later)
    }

    /// These with one more version; it replaces the one of the same date.
    #[must_use]
    pub fn with(mut self, version: PolicyVersion) -> Self {
        match version.from {
            None => self.first = version,
            Some(_) => {
                self.later.retain(|known| known.from != version.from);
                self.later.push(version);
                self.later.sort_by_key(|version| version.from);
            }
        }
        self
    }

    /// These without the version that holds from a date; the one before it goes on. `None` when there is no such version.
    pub fn without(mut self, from: Date) -> Option<Self> {
        let at = self.later.iter().position(|version| version.from == Some(from))?;
        self.later.remove(at);
        Some(self)
    }

    /// The policy of one version from its date on, and what holds before it: nothing after it. To try a version that is
    /// not in force yet.
    #[must_use]
    pub fn ending_with(mut self, version: PolicyVersion) -> Self {
        match version.from {
            None => self.later.clear(),
            Some(from) => self.later.retain(|known| known.from < Some(from)),
        }
        self.with(version)
    }

    /// The dates on which another list has another version in force, as ranges in order.
    pub fn differing(&self, other: &Self) -> Vec<DateRange> {
        let starts = |all: &Self| all.later.iter().filter_map(|version| version.from).collect::<Vec<_>>();
        let mut starts = [vec![Date::MIN], starts(self), starts(other)].concat();
        starts.sort_unstable();
        starts.dedup();
        let ends = starts.iter().skip(1).map(|next| date_of(day_number(*next) - 1)).chain([Date::MAX]);
        let mut ranges: Vec<DateRange> = Vec::new();
        for (from, to) in starts.iter().copied().zip(ends) {
            if self.on(from).says_the_same(other.on(from)) {
                continue;
            }
            match ranges.last_mut() {
                Some(before) if day_number(before.to) + 1 == day_number(from) => before.to = to,
                _ => ranges.push(DateRange { from, to }),
            }
        }
        ranges
    }

    /// The workweek that holds a date (rules 14.1): seven dates from `week_start`, fewer where a version with another
    /// `week_start` begins.
    pub fn workweek(&self, date: Date) -> DateRange {
        let first = self.week_start(day_number(date));
        let last = (first..first + 7).take_while(|number| self.week_start(*number) == first).last();
        DateRange { from: date_of(first), to: date_of(last.unwrap_or(first)) }
    }

    /// The first date of the workweek that holds a date.
    pub fn week_of(&self, date: Date) -> Date {
        date_of(self.week_start(day_number(date)))
    }

    /// Checks every version (rules 18.1). The first setting out of range is named, with the date of its version.
    ///
    /// # Errors
    /// Of the first setting that is not accepted.
    pub fn validate(&self) -> Result<(), PolicyError> {
        for version in self.iter() {
            version.policy.validate().and_then(|()| version.checks.validate()).map_err(|error| match version.from {
                None => error,
                Some(from) => PolicyError { knob: format!("{} from {from}", error.knob), ..error },
            })?;
        }
        Ok(())
    }

    /// The first date of the workweek that holds a date, by day numbers.
    pub(crate) fn week_start(&self, number: i64) -> i64 {
        let mut at = self.position(number);
        let start = self.get(at).policy.week_start;
        let first = number - (weekday(number) as i64 - start.from_monday() as i64).rem_euclid(7);
        while at > 0 {
            let begins = self.get(at).from.map_or(i64::MIN, day_number);
            if begins <= first {
                break;
            }
            at -= 1;
            if self.get(at).policy.week_start != start {
                return begins;
            }
        }
        first
    }

    /// Position of the version in force on a date.
    pub(crate) fn position(&self, number: i64) -> usize {
        self.later.partition_point(|version| version.from.is_none_or(|from| day_number(from) <= number))
    }

    /// The version at a position.
    pub(crate) fn get(&self, at: usize) -> &PolicyVersion {
        at.checked_sub(1).and_then(|at| self.later.get(at)).unwrap_or(&self.first)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::Weekday;

    fn version(from: Option<Date>, settle_delay: i64) -> PolicyVersion {
        let policy = Policy { settle_delay, ..Policy::default() };
        PolicyVersion { from, policy, checks: Checks::default() }
    }

    fn policies(versions: &[(Option<Date>, i64)]) -> Policies {
        let versions: Vec<_> = versions.iter().map(|(from, delay)| version(*from, *delay)).collect();
        versions.try_into().unwrap()
    }

    #[test]
    fn the_version_in_force_is_the_last_that_began() {
        let all = policies(&[(Some(date(2026, 6, 1)), 3), (None, 1), (Some(date(2026, 4, 1)), 2)]);
        let delays = [(2026, 3, 31), (2026, 4, 1), (2026, 5, 31), (2026, 6, 1)];
        let delays = delays.map(|(year, month, day)| all.on(date(year, month, day)).policy.settle_delay);
        assert_eq!(delays, [1, 2, 2, 3]);
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Policies>(&text).unwrap(), all);
    }

    #[test]
    fn versions_without_a_first_one_or_twice_on_a_date_are_refused() {
        let refused = |versions: &[(Option<Date>, i64)]| {
            let versions: Vec<_> = versions.iter().map(|(from, delay)| version(*from, *delay)).collect();
            Policies::try_from(versions).unwrap_err().to_string()
        };
        assert!(refused(&[]).contains("no version"));
        assert!(refused(&[(Some(date(2026, 4, 1)), 1)]).contains("from the beginning"));
        assert!(refused(&[(None, 1), (None, 2)]).contains("a date of its own"));
        let wrong = policies(&[(None, 1), (Some(date(2026, 4, 1)), -1)]).validate().unwrap_err().to_string();
        assert!(wrong.starts_with("`settle_delay from 2026-04-01` is -1"), "{wrong}");
    }

    #[test]
    fn only_the_dates_whose_version_changed_differ() {
        let (april, june) = (date(2026, 4, 1), date(2026, 6, 1));
        let before = policies(&[(None, 1), (Some(june), 3)]);
        let after = before.clone().with(version(Some(april), 2));
        assert_eq!(before.differing(&after), [DateRange { from: april, to: date(2026, 5, 31) }]);
        assert_eq!(after.clone().without(april), Some(before.clone()));
        assert_eq!(after.clone().without(date(2026, 4, 2)), None);
        assert_eq!(before.differing(&before.clone().with(version(Some(april), 1))), []);
        let ended = before.clone().ending_with(version(Some(april), 2));
        assert_eq!(before.differing(&ended), [DateRange { from: april, to: Date::MAX }]);
        let all = policies(&[(None, 7)]);
        assert_eq!(before.differing(&all), [DateRange { from: Date::MIN, to: Date::MAX }]);
    }

    #[test]
    fn a_version_with_another_first_weekday_cuts_the_week_before_it_short() {
        // Wednesday 1 April 2026: weeks begin on Monday before, on Sunday from then on.
        let mut sunday = version(Some(date(2026, 4, 1)), 0);
        sunday.policy.week_start = Weekday::Sun;
        let all = policies(&[(None, 0)]).with(sunday);
        let week = |month, day| {
            let DateRange { from, to } = all.workweek(date(2026, month, day));
            (from.to_string(), to.to_string())
        };
        assert_eq!(week(3, 29), ("2026-03-23".to_owned(), "2026-03-29".to_owned()));
        assert_eq!(week(3, 31), ("2026-03-30".to_owned(), "2026-03-31".to_owned()));
        assert_eq!(week(4, 2), ("2026-04-01".to_owned(), "2026-04-04".to_owned()));
        assert_eq!(week(4, 5), ("2026-04-05".to_owned(), "2026-04-11".to_owned()));
        // A version that leaves the week alone does not touch it.
        let all = policies(&[(None, 0), (Some(date(2026, 4, 1)), 5)]);
        assert_eq!(all.workweek(date(2026, 4, 2)).from, date(2026, 3, 30));
    }
}
