//! Tardy and left-early logs and their sums (rules 17.3).
//!
//! Invariants:
//! * A log is keyed by person, work date and kind, never by a clock time, so there is at most one.
//! * A log is what the stored record contributes; a sum changes by new contribution minus old contribution, in the transaction that
//!   writes the log. So it is always the fold of the logs, in whatever order and however often records are stored.

use crate::vocabulary::DayRecord;

/// The kinds of log (rules 17.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lateness {
    /// Minutes missed at the start.
    Tardy,
    /// Minutes missed at the end.
    LeftEarly,
}

/// What to do with the log of a work date (rules 17.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStep {
    /// It is right as it is, or rightly missing.
    Keep,
    /// Write it, new or over the old one.
    Write {
        /// Its minutes.
        minutes: i64,
    },
    /// Remove it.
    Clear,
}

/// How a sum changes with it (rules 17.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SumChange {
    /// Days with such minutes.
    pub days: i64,
    /// Minutes.
    pub minutes: i64,
}

impl Lateness {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Tardy, Self::LeftEarly];

    /// Its word in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tardy => "tardy",
            Self::LeftEarly => "left_early",
        }
    }

    /// What a record contributes, in minutes: a missing one nothing (rules 17.3).
    pub fn of(self, record: Option<&DayRecord>) -> i64 {
        record.map_or(0, |record| self.pick(record.is_judged(), record.tardy_minutes, record.left_early_minutes))
    }

    /// What a record with these figures contributes, in minutes: a deferred one nothing, an incomplete one what it has.
    pub fn pick(self, is_judged: bool, tardy_minutes: i64, left_early_minutes: i64) -> i64 {
        match self {
            _ if !is_judged => 0,
            Self::Tardy => tardy_minutes,
            Self::LeftEarly => left_early_minutes,
        }
    }
}

/// Compares the log of a work date (its minutes, `None` when there is none) with what the facts now contribute
/// (rules 17.3).
pub fn compare(log: Option<i64>, contributes: i64) -> (LogStep, SumChange) {
    let step = match (log, contributes) {
        (None, ..=0) => LogStep::Keep,
        (Some(known), now) if known == now && now > 0 => LogStep::Keep,
        (Some(_), ..=0) => LogStep::Clear,
        (_, minutes) => LogStep::Write { minutes },
    };
    let (before, after) = (log.unwrap_or(0), contributes.max(0));
    let days = i64::from(after > 0) - i64::from(log.is_some());
    (step, SumChange { days, minutes: after - before })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{DayKind, Status};

    fn record(status: Status, tardy: i64) -> DayRecord {
        let date = jiff::civil::Date::constant(2025, 3, 10);
        DayRecord { tardy_minutes: tardy, ..DayRecord::new(date, status, DayKind::Workday) }
    }

    /// Every transition between a log and the facts: missing (no record, deferred, nobody late), corrected, partial (incomplete).
    #[test]
    fn every_state_of_the_facts_meets_every_state_of_the_log() {
        let late = |status, minutes| Some(record(status, minutes));
        let change = |days, minutes| SumChange { days, minutes };
        let write = |minutes| LogStep::Write { minutes };
        for (log, facts, step, sum) in [
            (None, None, LogStep::Keep, change(0, 0)),
            (None, late(Status::Deferred, 0), LogStep::Keep, change(0, 0)),
            (None, late(Status::Present, 0), LogStep::Keep, change(0, 0)),
            (None, late(Status::Present, 12), write(12), change(1, 12)),
            (None, late(Status::Incomplete, 7), write(7), change(1, 7)),
            (Some(12), None, LogStep::Clear, change(-1, -12)),
            (Some(12), late(Status::Deferred, 0), LogStep::Clear, change(-1, -12)),
            (Some(12), late(Status::Present, 0), LogStep::Clear, change(-1, -12)),
            (Some(12), late(Status::Present, 12), LogStep::Keep, change(0, 0)),
            (Some(12), late(Status::Present, 5), write(5), change(0, -7)),
            (Some(12), late(Status::Incomplete, 12), LogStep::Keep, change(0, 0)),
            (Some(12), late(Status::Incomplete, 30), write(30), change(0, 18)),
        ] {
            let contributes = Lateness::Tardy.of(facts.as_ref());
            assert_eq!(compare(log, contributes), (step, sum), "{log:?} and {:?}", facts.map(|facts| facts.status));
        }
    }

    /// A worker that has read a log and not yet written it: date, minutes of the record, and the log that it read.
    type Held = Option<(usize, i64, Option<i64>)>;

    proptest! {
        /// Three workers store records of three dates in any order, the same ones again and again. Each reads the log, compares, and
        /// writes only if the log is still the one that it read. The sum is the fold of the logs after every step.
        #[test]
        fn sums_converge_under_any_order_repetition_and_concurrency(
            steps in prop::collection::vec((0..3_usize, 0..3_usize, 0..40_i64), 0..200),
        ) {
            let (mut logs, mut sum) = ([None; 3], SumChange::default());
            let mut workers: [Held; 3] = [None; 3];
            for (worker, date, minutes) in steps {
                match workers[worker].take() {
                    None => workers[worker] = Some((date, minutes, logs[date])),
                    Some((date, minutes, read)) if logs[date] != read => workers[worker] = Some((date, minutes, logs[date])),
                    Some((date, minutes, read)) => {
                        let (step, change) = compare(read, minutes);
                        match step {
                            LogStep::Keep => {}
                            LogStep::Write { minutes } => logs[date] = Some(minutes),
                            LogStep::Clear => logs[date] = None,
                        }
                        prop_assert_eq!(logs[date].unwrap_or(0), minutes);
                        sum = SumChange { days: sum.days + change.days, minutes: sum.minutes + change.minutes };
                    }
                }
                let days = logs.iter().flatten().count() as i64;
                prop_assert_eq!(sum, SumChange { days, minutes: logs.iter().flatten().sum() });
            }
        }
    }
}
