//! Day records together with the minutes behind them, for checks that look at when somebody worked (rules 16).

use super::book::Rulebook;
use super::calendar_day::day_number;
use super::derivation::run;
use super::person::{DateRange, Moment, Person};
use super::trace::{Dropped, Facts, PaidFinding, Role, SegmentFinding, Sink, Stretch};
use crate::spans::Spans;
use crate::vocabulary::{DayRecord, Punch};

/// A day record and its worked intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WorkedDay {
    pub(crate) record: DayRecord,
    /// 00:00 of the date to 00:00 of the next one, in the person's zone.
    pub(crate) civil: Stretch,
    /// Worked minutes that have a position, W and offsite credit (rules 11.4): in order, neither overlapping nor
    /// touching. Manual credits and the offsite credit of `hours` timetables have none; a deferred date has none at all.
    pub(crate) worked: Vec<Stretch>,
}

/// The records of [`derive`](super::derive), each with its worked intervals.
pub(crate) fn worked_days(book: &Rulebook, person: &Person<'_>, range: DateRange, moment: Moment) -> Vec<WorkedDay> {
    let mut sheets = Sheets { first: day_number(range.from), days: Vec::new() };
    run(book, person, range, moment, &mut sheets);
    sheets.days
}

/// Listens only to finished dates.
struct Sheets {
    /// First date that is reported; dates of its workweek before it are derived for pay only.
    first: i64,
    days: Vec<WorkedDay>,
}

impl Sink for Sheets {
    const ON: bool = true;

    fn dropped(&mut self, _: Dropped, _: &Punch) {}
    fn role(&mut self, _: usize, _: Role) {}
    fn segment(&mut self, _: SegmentFinding<'_>) {}
    fn paid(&mut self, _: PaidFinding<'_>) {}

    fn finished(&mut self, facts: &Facts<'_>, record: &DayRecord) {
        let number = facts.day.number;
        if number < self.first {
            return;
        }
        let mut worked = Spans::default();
        if let Some(outcome) = &facts.outcome {
            worked.add_all(outcome.worked);
            worked.add_all(&facts.owed.credit);
        }
        let next_midnight = facts.clocks.midnight(number + 1);
        self.days.push(WorkedDay {
            record: record.clone(),
            civil: Stretch { from: facts.day.midnight * 60, to: next_midnight * 60 },
            worked: worked.iter().map(|span| (*span).into()).collect(),
        });
    }
}
