//! What is sent next: a function of what waits and of the answers so far.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::civil::Date;

use super::TRIES;

/// Records of one wave at most: what is on its way before anything is marked.
const WIDEST: usize = 200;
/// The first wave is small: a receiver that is away costs few records an attempt.
const FIRST: usize = 4;
/// So many temporary failures in a row, and the receiver is away: the run ends.
pub(super) const MISSES: u32 = 20;

/// Which records a run takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that were not tried yet.
    New,
    /// Those that have failed once or twice.
    Failed,
    /// Both.
    All,
}

impl Which {
    const ALL: [Self; 3] = [Self::New, Self::Failed, Self::All];

    /// The word for it in the body of a job.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::New => "send",
            Self::Failed => "retry",
            Self::All => "all",
        }
    }

    /// What a word says.
    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|which| which.word() == word)
    }

    /// Least and most failed attempts.
    pub(super) const fn attempts(self) -> (u32, u32) {
        match self {
            Self::New => (0, 0),
            Self::Failed => (1, TRIES - 1),
            Self::All => (0, TRIES - 1),
        }
    }
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// It is there.
    Well,
    /// It may go another time.
    NotNow,
    /// This record is not wanted.
    Refused,
}

/// A run over what waits.
#[derive(Debug)]
pub(super) struct Round {
    /// What waits, by employee.
    queues: BTreeMap<i64, VecDeque<Date>>,
    /// The employee after whom the next wave begins.
    at: i64,
    width: usize,
    misses: u32,
}

impl Round {
    /// Over days by employee, each in the order in which they are to be sent.
    pub(super) fn new(waiting: &[(i64, Date)]) -> Self {
        let mut queues: BTreeMap<i64, VecDeque<Date>> = BTreeMap::new();
        for (employee, date) in waiting {
            queues.entry(*employee).or_default().push_back(*date);
        }
        Self { queues, at: i64::MIN, width: FIRST, misses: 0 }
    }

    /// Whether the receiver seems to be away.
    pub(super) const fn gives_up(&self) -> bool {
        self.misses >= MISSES
    }

    /// The next records, one of an employee at most; empty when the run is over.
    pub(super) fn wave(&mut self) -> Vec<(i64, Date)> {
        if self.gives_up() {
            return Vec::new();
        }
        let after = self.queues.range_mut(self.at.saturating_add(1)..);
        let mut wave: Vec<_> =
            after.take(self.width).filter_map(|(employee, dates)| Some((*employee, dates.pop_front()?))).collect();
        self.at = wave.last().map_or(i64::MIN, |(employee, _)| *employee);
        let seen: BTreeSet<i64> = wave.iter().map(|(employee, _)| *employee).collect();
        if wave.len() < self.width {
            // Round to the first ones again.
            let room = self.width - wave.len();
            let others = self.queues.iter_mut().filter(|(employee, _)| !seen.contains(employee));
            wave.extend(others.take(room).filter_map(|(employee, dates)| Some((*employee, dates.pop_front()?))));
            self.at = wave.last().map_or(i64::MIN, |(employee, _)| *employee);
        }
        self.queues.retain(|_, dates| !dates.is_empty());
        wave
    }

    /// Hears how the records of a wave went.
    pub(super) fn hear(&mut self, (employee, date): (i64, Date), went: Went) {
        match went {
            // Somebody is there who reads.
            Went::Well => self.misses = 0,
            // What else there is of the day comes after this, in another run.
            Went::Refused => {
                self.misses = 0;
                if let Some(dates) = self.queues.get_mut(&employee) {
                    dates.retain(|other| *other != date);
                }
            }
            Went::NotNow => {
                self.misses += 1;
                self.queues.remove(&employee);
            }
        }
        if self.misses == 0 {
            self.width = (self.width * 2).min(WIDEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i8) -> Date {
        Date::constant(2026, 3, day)
    }

    #[test]
    fn one_record_of_an_employee_is_on_its_way_at_a_time_and_in_order() {
        let mut round = Round::new(&[(1, day(3)), (1, day(2)), (2, day(5)), (3, day(1)), (3, day(2))]);
        assert_eq!(round.wave(), [(1, day(3)), (2, day(5)), (3, day(1))]);
        assert_eq!(round.wave(), [(1, day(2)), (3, day(2))]);
        assert!(round.wave().is_empty());
    }

    #[test]
    fn whoever_has_a_failure_waits_for_the_next_run_and_a_refusal_holds_up_nobody() {
        let mut round = Round::new(&[(1, day(1)), (1, day(2)), (2, day(1)), (2, day(2))]);
        round.wave();
        round.hear((1, day(1)), Went::NotNow);
        round.hear((2, day(1)), Went::Refused);
        assert_eq!(round.wave(), [(2, day(2))]);
    }

    #[test]
    fn events_of_a_day_wait_for_one_that_is_refused_and_other_days_go() {
        let mut round = Round::new(&[(1, day(1)), (1, day(2)), (1, day(1)), (1, day(3))]);
        for (next, went) in [(1, Went::Refused), (2, Went::Well), (3, Went::Well)] {
            assert_eq!(round.wave(), [(1, day(next))]);
            round.hear((1, day(next)), went);
        }
        assert!(round.wave().is_empty());
    }

    #[test]
    fn a_receiver_that_is_away_costs_a_few_records_an_attempt_and_a_hundred_refused_ones_end_nothing() {
        let waiting: Vec<_> = (1..=1_000).map(|employee| (employee, day(1))).collect();
        let mut round = Round::new(&waiting);
        let mut tried = 0;
        loop {
            let wave = round.wave();
            if wave.is_empty() {
                break;
            }
            tried += wave.len();
            wave.iter().for_each(|key| round.hear(*key, Went::NotNow));
        }
        assert_eq!((tried, round.gives_up()), (20, true));
        let mut round = Round::new(&waiting);
        let mut tried = 0;
        while let Some(wave) = Some(round.wave()).filter(|wave| !wave.is_empty()) {
            tried += wave.len();
            wave.iter().for_each(|key| round.hear(*key, Went::Refused));
        }
        assert_eq!((tried, round.gives_up()), (1_000, false));
    }
}
